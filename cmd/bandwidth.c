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
    const uint64_t *p;
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

/* A compiler makes vectors of the inner loop; where it does not, eight bytes
 * per load are still several times what a core gets from memory. */
static void read_part(void *arg)
{
    struct part *part = arg;
    uint64_t s[8] = { 0 };
    const uint64_t *p = part->p;
    const size_t ahead = part->ahead / 8;
    for (const uint64_t *end = p + part->bytes / 8; p < end; p += STRIDE / 8) {
        if (ahead)
            for (size_t i = 0; i < STRIDE / 8; i += 8)
                tarn_prefetch(p + ahead + i);
        for (size_t i = 0; i < STRIDE / 8; i++)
            s[i % 8] ^= p[i];
    }
    for (size_t i = 0; i < 8; i++)
        part->sum ^= s[i];
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
            .p = (const uint64_t *)(const void *)(b->memory + i * each),
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
