/* fuzz_main.c - runs a fuzz target on changed seeds; see fuzz.h.
 *
 *     fuzz_X [RUNS [SEED]]     (default: 20000 runs; TARN_FUZZ_RUNS)
 *     fuzz_X FILE              one input, to look at a failure again
 *     fuzz_X --seeds DIR WORDS  writes the seeds there, and the words to that
 *                              file in libFuzzer's form (run.py asks for it)
 *
 * When an input kills the target, the seed of that run is in the last line of
 * a file named by TARN_FUZZ_LOG, if set. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "tests/fuzz/fuzz.h"

static uint64_t state;

static uint64_t draw(uint64_t n) /* [0, n) */
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return n ? (z ^ z >> 31) % n : 0;
}

static const uint64_t NUMBERS[] = { 0,
                                    1,
                                    2,
                                    7,
                                    8,
                                    9,
                                    13,
                                    16,
                                    0x7f,
                                    0x80,
                                    0xff,
                                    0x7fff,
                                    0xffff,
                                    0x10000,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    UINT64_C(1) << 32,
                                    UINT64_C(1) << 61,
                                    UINT64_C(1) << 63,
                                    UINT64_MAX - 7,
                                    UINT64_MAX };

static void splice(struct tarn_buf *b, size_t at, size_t remove,
                   const void *data, size_t size)
{
    struct tarn_buf out = { 0 };
    tarn_buf_add(&out, b->data, at);
    tarn_buf_add(&out, data, size);
    tarn_buf_add(&out, b->data + at + remove, b->size - at - remove);
    tarn_buf_finish(b);
    *b = out;
}

static const char *any_word(void)
{
    size_t n = 0;
    while (FUZZ_WORDS[n])
        n++;
    return n ? FUZZ_WORDS[draw(n)] : "";
}

static void change_once(struct tarn_buf *b, const struct tarn_buf *other)
{
    if (b->size == 0)
        tarn_buf_byte(b, (int)draw(256));
    const size_t at = (size_t)draw(b->size), left = b->size - at;
    const uint64_t number = NUMBERS[draw(sizeof NUMBERS / sizeof *NUMBERS)];
    const char *word = any_word();
    size_t n;
    switch (draw(9)) {
    case 0:
        b->data[at] = (char)(b->data[at] ^ 1 << draw(8));
        break;
    case 1:
        b->data[at] = (char)draw(256);
        break;
    case 2:
        n = (size_t)1 << draw(4);
        memcpy(b->data + at, &number, n < left ? n : left);
        break;
    case 3:
        splice(b, at, (size_t)draw(left < 40 ? left : 40), "", 0);
        break;
    case 4:
        splice(b, at, 0, word, strlen(word));
        break;
    case 5:
        splice(b, at, strlen(word) < left ? strlen(word) : 0, word,
               strlen(word));
        break;
    case 6: /* a piece of itself once more */
        n = (size_t)draw(left < 200 ? left : 200);
        splice(b, (size_t)draw(b->size), 0, b->data + at, n);
        break;
    case 7: /* the end of another seed */
        if (other->size) {
            const size_t from = (size_t)draw(other->size);
            n = other->size - from;
            splice(b, at, left, other->data + from, n);
        }
        break;
    default:
        b->size = at; /* cut */
        b->data[at] = 0;
    }
}

static void run_once(const struct tarn_buf *seeds, size_t n_seeds)
{
    const struct tarn_buf *from = &seeds[draw(n_seeds)];
    struct tarn_buf b = { 0 };
    tarn_buf_add(&b, from->data, from->size);
    for (uint64_t n = draw(5) ? 1 + draw(4) : 0; n--;)
        change_once(&b, &seeds[draw(n_seeds)]);
    /* Exactly its size, so that a sanitizer sees a read behind the end. */
    uint8_t *copy = malloc(b.size ? b.size : 1);
    if (b.size)
        memcpy(copy, b.data, b.size);
    LLVMFuzzerTestOneInput(copy, b.size);
    free(copy);
    tarn_buf_finish(&b);
}

static int run_file(const char *path)
{
    char *data;
    size_t size;
    struct tarn_error err;
    if (tarn_file_read(path, 64u << 20, &data, &size, &err)) {
        fprintf(stderr, "%s: %s\n", path, err.text);
        return 1;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    tarn_free(data);
    return 0;
}

static void log_run(unsigned long long seed, unsigned long long i)
{
    const char *path = getenv("TARN_FUZZ_LOG");
    FILE *f = path ? fopen(path, "w") : NULL;
    if (!f)
        return;
    fprintf(f, "seed %llu run %llu\n", seed, i);
    fclose(f);
}

static int write_seeds(const char *folder, const char *words)
{
    char path[4096];
    FILE *f = fopen(words, "w");
    for (size_t i = 0; f && FUZZ_WORDS[i]; i++) {
        fputc('"', f);
        for (const char *c = FUZZ_WORDS[i]; *c; c++)
            fprintf(f, "\\x%02x", (unsigned)(unsigned char)*c);
        fputs("\"\n", f);
    }
    if (!f || fclose(f))
        return 1;
    for (size_t i = 0;; i++) {
        struct tarn_buf b = { 0 };
        if (!fuzz_seed(i, &b)) {
            tarn_buf_finish(&b);
            return 0;
        }
        snprintf(path, sizeof path, "%s/%zu", folder, i);
        f = fopen(path, "wb");
        const bool good = f && fwrite(b.data ? b.data : "", 1, b.size, f) ==
                                   b.size;
        if (!f || fclose(f) || !good)
            return 1;
        tarn_buf_finish(&b);
    }
}

int main(int argc, char **argv)
{
    enum { MOST_SEEDS = 512 };
    if (argc == 4 && !strcmp(argv[1], "--seeds"))
        return write_seeds(argv[2], argv[3]);
    static struct tarn_buf seeds[MOST_SEEDS];
    size_t n_seeds = 0;
    char *end = NULL;
    const char *said = argc > 1 ? argv[1] : getenv("TARN_FUZZ_RUNS");
    const char *most = getenv("TARN_FUZZ_MOST"); /* of a slow target */
    unsigned long long runs = said ? strtoull(said, &end, 10) : 20000;
    if (!said && most)
        runs = strtoull(most, NULL, 10);
    if (said && *end)
        return run_file(said);
    const unsigned long long seed =
        argc > 2 ? strtoull(argv[2], NULL, 10) : 20261121;
    while (n_seeds < MOST_SEEDS && fuzz_seed(n_seeds, &seeds[n_seeds]))
        n_seeds++;
    for (size_t i = 0; i < n_seeds; i++)
        LLVMFuzzerTestOneInput((const uint8_t *)seeds[i].data, seeds[i].size);
    const int64_t held = tarn_memory_held();
    for (unsigned long long i = 0; i < runs; i++) {
        state = seed + i * UINT64_C(0x5851f42d4c957f2d);
        log_run(seed, i);
        run_once(seeds, n_seeds);
    }
    const bool good = tarn_memory_held() == held;
    printf("%sok 1 - %llu runs on %zu seeds, begun with %llu\n1..1\n",
           good ? "" : "not ", runs, n_seeds, seed);
    for (size_t i = 0; i < n_seeds; i++)
        tarn_buf_finish(&seeds[i]);
    return good ? 0 : 1;
}
