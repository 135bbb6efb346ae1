/* mask_bench.c - what a mask costs with 128,000 tokens.
 *
 *   mask_bench [SCHEMA.json]
 *
 * The vocabulary is made up, as trained ones are: every byte, pieces of words
 * with and without a space in front and a capital, digits, runs of blanks and
 * signs, letters of three bytes.
 *
 * Walks random texts of the schema and makes a mask before every token (the
 * worst case: the sampler needs one only where the drawn token is refused).
 * Prints milliseconds: median, 95th percentile and largest; and what it takes
 * to ask for one token. */
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/sample/machine.h"
#include "core/sample/schema.h"

#include <stdio.h>
#include <string.h>

#define MOST 4000

/* ------------------------------------------------------------- vocabulary */
#define N_VOCAB 128000

struct tarn_text {
    char bytes[N_VOCAB][24];
    uint8_t size[N_VOCAB];
};

uint32_t tarn_text_n_vocab(const struct tarn_text *t)
{
    (void)t;
    return N_VOCAB;
}

enum tarn_text_kind tarn_text_kind(const struct tarn_text *t, int32_t id)
{
    (void)t, (void)id;
    return TARN_TOKEN_NORMAL;
}

const char *tarn_text_bytes(const struct tarn_text *t, int32_t id, size_t *size)
{
    *size = t->size[id];
    return t->bytes[id];
}

int32_t tarn_text_control(const struct tarn_text *t, enum tarn_control c)
{
    (void)t, (void)c;
    return -1;
}

static uint64_t state = 1;

static uint32_t draw(uint32_t n)
{
    state = state * UINT64_C(6364136223846793005) + 1;
    return (uint32_t)(state >> 33) % n;
}

static void make_vocabulary(struct tarn_text *t)
{
    static const char *const parts[] = {
        "th", "er", "in", "an", "re", "on", "at", "en", "nd", "ti", "es", "or",
        "te", "of", "ed", "is", "it", "al", "ar", "st", "to", "nt", "ng", "se",
        "ha", "as", "ou", "io", "le", "ve", "co", "me", "de", "hi", "ri", "ro",
        "ic", "ne", "ea", "ra", "ce", "li", "ch", "ll", "be", "ma", "si", "om",
        "a", "e", "i", "o", "u", "s", "y", "x", "z", "q", "k", "p", "b", "v"
    };
    static const char signs[] = "(){}[]<>=+-*/\\\"':;,.!?#%&|_~^$@`";
    for (int32_t id = 0; id < N_VOCAB; id++) {
        char *b = t->bytes[id];
        size_t n = 0;
        const uint32_t kind = draw(100);
        if (id < 256) {
            b[n++] = (char)id;
        } else if (kind < 84) { /* words */
            if (draw(2))
                b[n++] = ' ';
            const size_t from = n;
            for (uint32_t k = 1 + draw(5); k > 0 && n < 18; k--) {
                const char *p = parts[draw(62)];
                memcpy(b + n, p, strlen(p));
                n += strlen(p);
            }
            if (draw(4) == 0)
                b[from] = (char)(b[from] - 32);
        } else if (kind < 90) { /* CJK */
            for (uint32_t k = 1 + draw(3); k > 0; k--) {
                const uint32_t c = 0x4e00 + draw(8000);
                b[n++] = (char)(0xE0 | c >> 12);
                b[n++] = (char)(0x80 | (c >> 6 & 63));
                b[n++] = (char)(0x80 | (c & 63));
            }
        } else if (kind < 93) {
            for (uint32_t k = 1 + draw(3); k > 0; k--)
                b[n++] = (char)('0' + draw(10));
        } else if (kind < 97) {
            for (uint32_t k = 1 + draw(5); k > 0; k--)
                b[n++] = signs[draw(sizeof signs - 1)];
        } else {
            b[n++] = draw(2) ? '\n' : ' ';
            for (uint32_t k = draw(20); k > 0; k--)
                b[n++] = ' ';
        }
        t->size[id] = (uint8_t)n;
    }
}

/* ------------------------------------------------------------------- masks */
static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    static const char usual[] =
        "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},"
        "\"age\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":120},\"notes\":{"
        "\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"title\":"
        "{\"type\":\"string\",\"maxLength\":40},\"kind\":{\"enum\":[\"a\",\"b\"]},"
        "\"text\":{\"type\":\"string\"}},\"required\":[\"title\",\"kind\",\"text\"]"
        "}}},\"required\":[\"name\",\"age\",\"notes\"]}";
    static double ms[MOST];
    struct tarn_text *t = calloc(1, sizeof *t);
    struct tarn_lexicon *lex = NULL;
    struct tarn_grammar grammar = { 0 };
    struct tarn_machine *m = NULL;
    struct tarn_error err = { TARN_OK, "" };
    char *schema = NULL;
    size_t size = sizeof usual - 1, n = 0;
    if (!t || (argc > 1 &&
               tarn_file_read(argv[1], 1 << 20, &schema, &size, &err))) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    make_vocabulary(t);
    double at = tarn_now_ms();
    if (tarn_lexicon_create(t, &lex, &err))
        return 1;
    printf("%u tokens sorted in %.1f ms\n", tarn_text_n_vocab(t),
           tarn_now_ms() - at);
    at = tarn_now_ms();
    if (tarn_schema_compile(schema ? schema : usual, size, &grammar, &err) ||
        tarn_machine_create(&grammar, lex, &m, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("schema compiled in %.2f ms\n", tarn_now_ms() - at);
    double asked = 0;
    size_t n_asked = 0;
    while (n < MOST) {
        tarn_machine_reset(m);
        for (uint32_t left = 400; left > 0 && n < MOST; left--) {
            at = tarn_now_ms();
            const uint32_t *bits = tarn_machine_mask(m, left - 1);
            ms[n++] = tarn_now_ms() - at;
            int32_t id = -1;
            for (int tries = 0; tries < 2000000 && id < 0; tries++) {
                const int32_t k = (int32_t)draw(N_VOCAB);
                if (bits[k / 32] >> (k % 32) & 1)
                    id = k;
            }
            if (id < 0)
                break;
            at = tarn_now_ms();
            for (int i = 0; i < 100; i++)
                n_asked += tarn_machine_allows(m, id, left - 1);
            asked += tarn_now_ms() - at;
            size_t bytes;
            const char *p = tarn_text_bytes(t, id, &bytes);
            tarn_machine_accept(m, p, bytes);
        }
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ms[i];
    qsort(ms, n, sizeof *ms, compare);
    printf("%zu masks: mean %.3f, median %.3f, 95 %% %.3f, largest %.3f ms; "
           "one token %.0f ns\n",
           n, sum / (double)n, ms[n / 2], ms[n * 95 / 100], ms[n - 1],
           asked / (double)n_asked * 1e6);
    tarn_machine_destroy(m);
    tarn_lexicon_destroy(lex);
    free(t);
    return 0;
}
