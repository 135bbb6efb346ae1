/* bandwidth.c - see bandwidth.h. */
#include "cmd/bandwidth.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/clock.h"
#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/thread.h"

enum { VARIANTS = 4, MOST_TAKES = 101, MOST_THREADS = 256, STRIDE = 256 };
static const size_t AHEAD[VARIANTS] = { 0, 1024, 4096, 16384 };

struct part {
    const uint8_t *p;
    size_t bytes, ahead; /* bytes: a multiple of STRIDE */
    uint64_t sum;        /* so that nothing is left out */
};

struct cmd_bandwidth {
    uint8_t *memory;
    size_t bytes, room; /* read, mapped */
    uint32_t threads, n_takes;
    double rates[VARIANTS][MOST_TAKES];
    struct part parts[MOST_THREADS];
};

/* With loads as wide as the processor has them: with narrow ones a core has not
 * enough of them under way (24 GB/s with 16 bytes, 39 with 64).  Wider vectors
 * than that would go through memory: 17 GB/s instead of 26 with AVX2. */
#define READ_LINES(width_)                                                    \
    {                                                                         \
        typedef uint64_t wide                                                 \
            __attribute__((vector_size(width_), may_alias));                  \
        wide s0 = { 0 }, s1 = s0, s2 = s0, s3 = s0;                           \
        const uint8_t *p = part->p;                                           \
        const size_t ahead = part->ahead;                                     \
        for (const uint8_t *end = p + part->bytes; p < end;                   \
             p += 4 * (width_)) {                                             \
            for (size_t i = 0; ahead && i < 4 * (width_); i += 64)            \
                tarn_prefetch(p + ahead + i);                                 \
            const wide *w = (const wide *)(const void *)p;                    \
            s0 ^= w[0], s1 ^= w[1], s2 ^= w[2], s3 ^= w[3];                   \
        }                                                                     \
        s0 ^= s1 ^ s2 ^ s3;                                                   \
        for (size_t k = 0; k < (width_) / 8; k++)                             \
            part->sum ^= s0[k];                                               \
    }

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void read_64(struct part *part)
    READ_LINES(64)

__attribute__((target("avx2"))) static void read_32(struct part *part)
    READ_LINES(32)
#endif

static void read_16(struct part *part) READ_LINES(16)

static void read_part(void *arg)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        read_64(arg);
    else if (__builtin_cpu_supports("avx2"))
        read_32(arg);
    else
#endif
        read_16(arg);
}

enum tarn_status cmd_bandwidth_open(struct cmd_bandwidth **out, uint64_t bytes,
                                    uint32_t threads, struct tarn_error *err)
{
    const size_t most = (size_t)threads * STRIDE;
    struct cmd_bandwidth *b = tarn_alloc(1, sizeof *b);
    if (b) {
        b->threads = threads < MOST_THREADS ? threads : MOST_THREADS;
        b->bytes = (size_t)bytes / most * most;
        b->room = b->bytes + AHEAD[VARIANTS - 1] + STRIDE;
        void *p = mmap(NULL, b->room, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        b->memory = p == MAP_FAILED ? NULL : p;
    }
    if (!b || !b->memory) {
        tarn_free(b);
        return tarn_fail(err, TARN_NO_MEMORY,
                         "no memory to measure how fast it is read");
    }
#if defined(MADV_NOHUGEPAGE)
    /* Files are mapped in small pages: so is this. */
    (void)madvise(b->memory, b->room, MADV_NOHUGEPAGE);
#endif
    for (size_t i = 0; i < b->room; i += 4096)
        b->memory[i] = (uint8_t)(i >> 12);
    *out = b;
    return TARN_OK;
}

static double read_once(struct cmd_bandwidth *b, size_t ahead)
{
    struct tarn_thread *threads[MOST_THREADS] = { NULL };
    const size_t each = b->bytes / b->threads / STRIDE * STRIDE;
    const double began = tarn_now_ms();
    for (uint32_t i = 0; i < b->threads; i++) {
        b->parts[i] = (struct part){
            .p = b->memory + i * each,
            .bytes = each, .ahead = ahead,
        };
        if (i + 1 == b->threads ||
            tarn_thread_start(&threads[i], read_part, &b->parts[i], NULL))
            read_part(&b->parts[i]);
    }
    for (uint32_t i = 0; i < b->threads; i++)
        tarn_thread_join(threads[i]);
    const double ms = tarn_now_ms() - began;
    return (double)each * b->threads * 1000 / (ms > 0 ? ms : 1e-6);
}

void cmd_bandwidth_take(struct cmd_bandwidth *b)
{
    if (b->n_takes == MOST_TAKES)
        return;
    for (int v = 0; v < VARIANTS; v++)
        b->rates[v][b->n_takes] = read_once(b, AHEAD[v]);
    b->n_takes++;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double cmd_bandwidth_result(const struct cmd_bandwidth *b)
{
    double best = 0;
    for (int v = 0; v < VARIANTS && b->n_takes; v++) {
        double sorted[MOST_TAKES];
        memcpy(sorted, b->rates[v], b->n_takes * sizeof *sorted);
        qsort(sorted, b->n_takes, sizeof *sorted, by_size);
        const double median = sorted[b->n_takes / 2];
        best = median > best ? median : best;
    }
    return best;
}

void cmd_bandwidth_close(struct cmd_bandwidth *b)
{
    if (!b)
        return;
    munmap(b->memory, b->room);
    tarn_free(b);
}
