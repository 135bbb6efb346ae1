/* fetch.h - asking for weights before they are wanted.
 *
 * Kernels for one row of activations read weights once and straight on: they ask
 * a fixed way ahead.  Those for many rows read a panel and are busy with it for
 * a while: in the meantime they ask for the next one.  Figures: SPEED.md.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_FETCH_H
#define TARN_CPU_FETCH_H

#include "backends/cpu/cpu.h"
#include "backends/cpu/vec.h"

/* How far ahead of the weight pointer memory is asked for: SPEED.md. */
#ifndef AHEAD
#define AHEAD 20480
#endif

/* Into which cache: so far ahead fills most of a first cache of 32 KiB, which
 * machines have whose widest vectors are AVX2's, and pushes out of it what comes
 * next.  Those with AVX-512 mostly have 48 KiB. */
#if defined(__SSE2__) && VL < 16
#define AHEAD_CACHE 2 /* the second */
#else
#define AHEAD_CACHE 3 /* the first */
#endif

/* Asks for `size` bytes, in whole lines.  The rows of a tile follow each other,
 * so what rows side by side will want stands in one piece.  Returns p + size. */
INLINE const uint8_t *fetch(const uint8_t *p, uint32_t size)
{
    for (uint32_t i = 0; i < size; i += 64)
        __builtin_prefetch((const void *)((uintptr_t)p + AHEAD + i), 0,
                           AHEAD_CACHE);
    return (const uint8_t *)((uintptr_t)p + size);
}

/* The same line by line, in `steps` steps between products: a core has two dozen
 * lines on their way at most, and a burst holds up loads from the second cache
 * until it is through.  Constants, but for p.  An asm, because the compiler
 * gathers prefetches in a burst again.  (Measured with vectors of 32 bytes;
 * other levels ask in one piece.) */
#define ASKS_IN_STEPS (VL == 8)
struct asked {
    const uint8_t *p;
    uint32_t size, steps;
};

INLINE void ask(const struct asked *a, uint32_t step)
{
#if ASKS_IN_STEPS
    const uint32_t lines = (a->size + 63) / 64;
    for (uint32_t i = step * lines / a->steps;
         i < (step + 1) * lines / a->steps; i++)
        __asm__ volatile("prefetcht1 %0"
                         :
                         : "m"(*(const char *)((uintptr_t)a->p + AHEAD +
                                               64 * i)));
#else
    if (!step)
        (void)fetch(a->p, a->size);
#endif
}

/* WebAssembly has no prefetch, but loads whose result nobody waits for overlap
 * too if they stand together: the weights of the four rows at `row` (none
 * behind the last) come into the cache all at once.  One by one, between the
 * products, each would hold up all that follows it (SPEED.md).  The empty asm
 * keeps a load a load of its own: the compiler else gathers them in vectors. */
INLINE void fetch_rows(const struct cpu_tile *t, uint32_t row)
{
#if defined(__wasm__)
    const uint32_t left = row < t->n_rows ? t->n_rows - row : 0;
    const size_t size = (left < 4 ? left : 4) * t->row_bytes;
    const uint8_t *p = t->w + row * t->row_bytes;
    for (size_t at = 0; at < size; at += 64)
        __asm__ volatile("" : : "r"(p[at]));
#else
    (void)t;
    (void)row;
#endif
}

#if defined(__wasm__)
#define FETCHES_NOTHING 1
#else
#define FETCHES_NOTHING 0
#endif

/* Fetches the next tile's weights in as many steps as there are products, so
 * that memory works while the products run. */
struct fetcher {
    const uint8_t *at, *end;
    size_t step;
};

INLINE struct fetcher fetcher_of(const struct cpu_tile *t, size_t steps)
{
    if (!t->next || FETCHES_NOTHING)
        return (struct fetcher){ NULL, NULL, 0 };
    return (struct fetcher){ t->next, t->next + t->next_bytes,
                             t->next_bytes / (steps ? steps : 1) + 64 };
}

INLINE void fetch_some(struct fetcher *f)
{
    const uint8_t *to =
        (size_t)(f->end - f->at) < f->step ? f->end : f->at + f->step;
    for (; f->at < to; f->at += 64)
        __builtin_prefetch(f->at, 0, 2);
    f->at = f->at > f->end ? f->end : f->at;
}

#endif
