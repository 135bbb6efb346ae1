/* unroll.h - short loops that are unrolled whole; not for sanitizers, whose
 * compilers take a minute for that (TARN_PLAIN_LOOPS: meson.build). */
#ifndef TARN_CPU_UNROLL_H
#define TARN_CPU_UNROLL_H

#if defined(TARN_PLAIN_LOOPS)
#define VEC_UNROLL(n_)
#else
#define VEC_PRAGMA(text_) _Pragma(#text_)
#define VEC_UNROLL(n_) VEC_PRAGMA(GCC unroll n_)
#endif

#endif
