/* tap.h - a test program in a few lines.
 *
 *     static void test_empty_span_fails(void) { CHECK(...); }
 *     int main(void)
 *     {
 *         RUN(test_empty_span_fails);
 *         return tap_end();
 *     }
 *
 * Prints TAP: one line per test; a failed CHECK prints its place and the rest
 * of the test still runs.  Works in WebAssembly too.
 */
#ifndef TARN_TAP_H
#define TARN_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Whether a sanitizer watches: it takes memory of its own and makes a program
 * some times slower, so limits and long campaigns may be others. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { TAP_WATCHED = 1 };
#elif !defined(__has_feature)
enum { TAP_WATCHED = 0 };
#elif __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||   \
    __has_feature(memory_sanitizer)
enum { TAP_WATCHED = 1 };
#else
enum { TAP_WATCHED = 0 };
#endif

/* Part i of a campaign that is too long for each run: a third of the parts, by
 * TARN_SEED another one each time; all with TARN_SOAK. */
static inline bool tap_draws(uint64_t i)
{
    const char *seed = getenv("TARN_SEED");
    return getenv("TARN_SOAK") ||
           (i + (seed ? strtoull(seed, NULL, 10) : 0)) % 3 == 0;
}

static int tap_n, tap_bad, tap_here;

#define CHECK(x)                                                              \
    do {                                                                      \
        if (!(x)) {                                                           \
            tap_here++;                                                       \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #x);                  \
        }                                                                     \
    } while (0)

/* CHECK with what was seen: CHECK_SAYS(n == 3, "n is %d", n) */
#define CHECK_SAYS(x, ...)                                                    \
    do {                                                                      \
        if (!(x)) {                                                           \
            tap_here++;                                                       \
            printf("# %s:%d: %s: ", __FILE__, __LINE__, #x);                  \
            printf(__VA_ARGS__);                                              \
            printf("\n");                                                     \
        }                                                                     \
    } while (0)

#define RUN(test)                                                             \
    do {                                                                      \
        tap_here = 0;                                                         \
        test();                                                               \
        tap_bad += tap_here > 0;                                              \
        printf("%sok %d - %s\n", tap_here ? "not " : "", ++tap_n, #test);     \
        fflush(stdout);                                                       \
    } while (0)

static inline int tap_end(void)
{
    printf("1..%d\n", tap_n);
    return tap_bad > 0;
}

#endif
