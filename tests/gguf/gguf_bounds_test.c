/* gguf_bounds_test.c - no damage to a file may kill, stall or swallow memory.
 *
 * Every prefix of the small good file and 10,000 seeded changes of its header:
 * no signal, at most 16 MiB and 100 ms beyond what the good file takes.  What
 * loads all the same is read whole, so that a pointer out of bounds is seen by
 * the sanitizers.  Memory is counted by wrapping the allocator when linking.
 *
 *     gguf_bounds_test [SEED [CHANGES]] */
#include <malloc.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/memory.h"
#include "core/gguf/gguf.h"
#include "tests/gguf/bad_gguf.h"
#include "tests/tap.h"

void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void __real_free(void *p);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void __wrap_free(void *p);

static int64_t bytes_now, bytes_peak;

static void *count(void *p, int64_t before)
{
    if (!p)
        return NULL;
    bytes_now += (int64_t)malloc_usable_size(p) - before;
    if (bytes_now > bytes_peak)
        bytes_peak = bytes_now;
    return p;
}

void *__wrap_calloc(size_t n, size_t size)
{
    return count(__real_calloc(n, size), 0);
}

void *__wrap_realloc(void *p, size_t size)
{
    const int64_t before = p ? (int64_t)malloc_usable_size(p) : 0;
    return count(__real_realloc(p, size), before);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    return count(__real_aligned_alloc(align, size), 0);
}

void __wrap_free(void *p)
{
    if (p)
        bytes_now -= (int64_t)malloc_usable_size(p);
    __real_free(p);
}

struct cost {
    int64_t bytes;
    double ms;
};

/* Of this process alone, so that a busy machine changes little. */
static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static volatile unsigned char sink;

static void touch(const void *data, uint64_t size)
{
    const unsigned char *p = data;
    unsigned char x = 0;
    for (uint64_t i = 0; i < size; i++)
        x ^= p[i];
    sink = x;
}

static void read_everything(const struct tarn_gguf *g)
{
    for (size_t i = 0; i < tarn_gguf_n_values(g); i++) {
        const struct tarn_gguf_value *v = tarn_gguf_value_at(g, i);
        int64_t n;
        double d;
        touch(v->key, strlen(v->key) + 1);
        touch(v->raw, v->raw_size);
        for (uint64_t k = 0; v->strings && k < v->n; k++)
            touch(v->strings[k].text, v->strings[k].size);
        tarn_gguf_i64_of(v, v->n - 1, &n);
        tarn_gguf_f64_of(v, v->n - 1, &d);
    }
    for (size_t i = 0; i < tarn_gguf_n_tensors(g); i++) {
        const struct tarn_gguf_tensor *t = tarn_gguf_tensor_at(g, i);
        touch(t->name, strlen(t->name) + 1);
        touch(t->data, t->size);
        tarn_gguf_check_tensor(t, NULL);
    }
}

/* Opens a copy of exactly that size, so that a sanitizer sees its end. */
static struct cost load(const char *data, size_t size, size_t *loaded)
{
    char *copy = malloc(size ? size : 1);
    struct tarn_gguf *g = NULL;
    struct tarn_error err = { TARN_OK, "" };
    memcpy(copy, data, size);
    const int64_t before = bytes_now, held = tarn_memory_held();
    bytes_peak = bytes_now;
    const double from = cpu_ms();
    const enum tarn_status s = tarn_gguf_open_memory(copy, size, "m", &g, &err);
    const struct cost cost = { bytes_peak - before, cpu_ms() - from };
    if (s) {
        CHECK_SAYS(s == TARN_BAD_FILE, "status %d: %s", (int)s, err.text);
        CHECK(err.text[0] != 0);
    } else {
        (*loaded)++;
        read_everything(g);
        tarn_gguf_close(g);
    }
    CHECK(tarn_memory_held() == held);
    free(copy);
    return cost;
}

static struct tarn_buf good;
static struct cost good_cost, worst;
static uint64_t seed = 20261121;
static long n_changes = 10000;

static bool too_much(struct cost c)
{
    if (c.bytes > worst.bytes)
        worst.bytes = c.bytes;
    if (c.ms > worst.ms)
        worst.ms = c.ms;
    return c.bytes > good_cost.bytes + (16 << 20) || c.ms > good_cost.ms + 100;
}

static void test_good_file_costs_little(void)
{
    size_t loaded = 0;
    gguf_defect_write(gguf_defect_find("good"), &good);
    good_cost = load(good.data, good.size, &loaded);
    CHECK(loaded == 1);
    CHECK_SAYS(good_cost.bytes > 1000 && good_cost.bytes < 200000, "%lld bytes",
               (long long)good_cost.bytes);
}

static void test_every_prefix(void)
{
    size_t loaded = 0;
    for (size_t n = 0; n < good.size; n++) {
        const struct cost c = load(good.data, n, &loaded);
        CHECK_SAYS(!too_much(c), "%zu bytes: %lld bytes, %.1f ms", n,
                   (long long)c.bytes, c.ms);
    }
    CHECK_SAYS(loaded == 0, "%zu prefixes load", loaded);
}

static uint64_t next_random(void)
{
    uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static const uint64_t NASTY[] = { 0,
                                  1,
                                  4,
                                  5,
                                  8,
                                  9,
                                  13,
                                  0x7f,
                                  0x80,
                                  0xff,
                                  0x7fff,
                                  0x8000,
                                  0xffff,
                                  4096,
                                  4097,
                                  65536,
                                  1u << 20,
                                  1u << 22,
                                  0x7fffffff,
                                  0x80000000,
                                  0xffffffff,
                                  UINT64_C(1) << 32,
                                  UINT64_C(1) << 46,
                                  UINT64_C(1) << 61,
                                  UINT64_C(1) << 63,
                                  UINT64_MAX - 31,
                                  UINT64_MAX };

/* One to four changes: a bit, a byte, a nasty number of 1, 4 or 8 bytes, a
 * piece moved, a piece left out. */
static void change(char *data, size_t *size, size_t header)
{
    for (uint64_t n = 1 + next_random() % 4; n--;) {
        const size_t at = (size_t)(next_random() % (header - 8));
        const uint64_t x = NASTY[next_random() % (sizeof NASTY / 8)];
        const size_t other = (size_t)(next_random() % (header - 64));
        switch (next_random() % 7) {
        case 0:
            data[at] = (char)(data[at] ^ 1 << next_random() % 8);
            break;
        case 1:
            data[at] = (char)next_random();
            break;
        case 2:
            memcpy(data + at, &x, 1);
            break;
        case 3:
            memcpy(data + at, &x, 4);
            break;
        case 4:
            memcpy(data + at, &x, 8);
            break;
        case 5:
            memmove(data + at, data + other, next_random() % 8 + 1);
            break;
        default: /* all behind moves up by some bytes */
            memmove(data + other, data + other + next_random() % 32 + 1,
                    *size - other - 33);
            *size -= 32;
            if (*size < header)
                return;
        }
    }
}

static void test_10000_changes_of_the_header(void)
{
    enum { HEADER = 8000 }; /* metadata and table of the good file */
    size_t loaded = 0;
    char *data = malloc(good.size);
    printf("# seed %llu\n", (unsigned long long)seed);
    for (long i = 0; i < n_changes; i++) {
        const uint64_t from = seed;
        size_t size = good.size;
        memcpy(data, good.data, size);
        change(data, &size, HEADER);
        const struct cost c = load(data, size, &loaded);
        CHECK_SAYS(!too_much(c), "seed %llu: %lld bytes, %.1f ms",
                   (unsigned long long)from, (long long)c.bytes, c.ms);
    }
    free(data);
    printf("# good: %lld bytes, %.2f ms; worst: %lld bytes, %.2f ms; %zu of "
           "%ld changed files load\n",
           (long long)good_cost.bytes, good_cost.ms, (long long)worst.bytes,
           worst.ms, loaded, n_changes);
    CHECK(loaded > 0 && loaded < (size_t)n_changes);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        n_changes = atol(argv[2]);
    RUN(test_good_file_costs_little);
    RUN(test_every_prefix);
    RUN(test_10000_changes_of_the_header);
    tarn_buf_finish(&good);
    return tap_end();
}
