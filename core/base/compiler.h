/* compiler.h - the few things that C11 has no word for.
 *
 * tarn_pause()     tells the CPU that this is a short wait.
 * tarn_fp_begin()  sets the floating point environment of the numerics
 *                  contract in this thread: round to nearest, no flush to
 *                  zero, no denormals-are-zero, nothing trapped; gives what
 *                  was set before, for tarn_fp_end().
 * tarn_prefetch()  asks for the cache line at p, which need not be mapped.
 *
 * Threads: any; tarn_fp_*() change the calling thread only.
 */
#ifndef TARN_BASE_COMPILER_H
#define TARN_BASE_COMPILER_H

#include <stdint.h>

static inline void tarn_prefetch(const void *p)
{
    __builtin_prefetch(p);
}

#if defined(__SSE2__)
#include <xmmintrin.h>

static inline void tarn_pause(void)
{
    _mm_pause();
}

static inline uint64_t tarn_fp_begin(void)
{
    const unsigned old = _mm_getcsr();
    _mm_setcsr(0x1f80); /* the ABI's value at program start */
    return old;
}

static inline void tarn_fp_end(uint64_t old)
{
    _mm_setcsr((unsigned)old);
}
#elif defined(__aarch64__)
static inline void tarn_pause(void)
{
    __asm__ volatile("yield");
}

static inline uint64_t tarn_fp_begin(void)
{
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
    return old;
}

static inline void tarn_fp_end(uint64_t old)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(old));
}
#else /* WebAssembly has one environment, and it is the right one */
static inline void tarn_pause(void)
{
}

static inline uint64_t tarn_fp_begin(void)
{
    return 0;
}

static inline void tarn_fp_end(uint64_t old)
{
    (void)old;
}
#endif

#endif
