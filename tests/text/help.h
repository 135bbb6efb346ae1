/* help.h - what the tests of the text room share. */
#ifndef TARN_TESTS_TEXT_HELP_H
#define TARN_TESTS_TEXT_HELP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/text/text.h"

/* A vocabulary from a file; ends the program if it can't be had. */
static inline struct tarn_text *help_open(const char *path)
{
    struct tarn_error err;
    struct tarn_gguf *g;
    struct tarn_text *t;
    if (tarn_gguf_open(path, &g, &err) != TARN_OK ||
        tarn_text_open(g, &t, &err) != TARN_OK) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    tarn_gguf_close(g); /* the vocabulary does not need it any more */
    return t;
}

static inline char *help_read(const char *path, size_t *size)
{
    struct tarn_error err;
    char *text;
    if (tarn_file_read(path, (size_t)1 << 24, &text, size, &err) != TARN_OK) {
        printf("Bail out! %s: %s\n", path, err.text);
        exit(1);
    }
    return text;
}

static inline struct tarn_json *help_json(const char *text, size_t size)
{
    struct tarn_error err;
    struct tarn_json *doc;
    if (tarn_json_read(text, size, &doc, &err) != TARN_OK) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return doc;
}

/* The next line of *text as JSON, NULL at the end. */
static inline struct tarn_json *help_line(const char **text)
{
    const char *end = strchr(*text, '\n');
    if (!end)
        return NULL;
    struct tarn_json *doc = help_json(*text, (size_t)(end - *text));
    *text = end + 1;
    return doc;
}

static inline void help_unhex(const struct tarn_json *hex, struct tarn_buf *out)
{
    tarn_buf_clear(out);
    for (size_t i = 0; i + 1 < hex->size; i += 2) {
        char two[3] = { hex->text[i], hex->text[i + 1], 0 };
        tarn_buf_byte(out, (int)strtol(two, NULL, 16));
    }
}

static inline bool help_same_ids(const struct tarn_ids *ids,
                                 const struct tarn_json *list)
{
    if (!list || list->kind != TARN_JSON_ARRAY || list->n != ids->n)
        return false;
    const struct tarn_json *v = list->first;
    for (size_t i = 0; i < ids->n; i++, v = v->next) {
        int64_t id;
        if (!tarn_json_i64(v, &id) || id != ids->at[i])
            return false;
    }
    return true;
}

static inline size_t help_count_special(const struct tarn_text *t,
                                        const struct tarn_ids *ids)
{
    size_t n = 0;
    for (size_t i = 0; i < ids->n; i++)
        n += tarn_text_kind(t, ids->at[i]) != TARN_TOKEN_NORMAL;
    return n;
}

static inline uint64_t help_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

#endif
