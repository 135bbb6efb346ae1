/* helpers.c - small things that several subcommands need. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/base/utf8.h"

#define MAX_SCHEMA ((size_t)1 << 20) /* bytes */

enum tarn_status cmd_read_stdin(size_t limit, char **out, size_t *size,
                                struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    char piece[65536];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, stdin)) > 0) {
        if (n > limit - b.size) {
            tarn_buf_finish(&b);
            return tarn_fail(err, TARN_LIMIT,
                             "the input is larger than %zu bytes", limit);
        }
        tarn_buf_add(&b, piece, n);
    }
    if (ferror(stdin)) {
        tarn_buf_finish(&b);
        const enum tarn_status s = tarn_file_fail(err, "read", errno);
        tarn_error_prefix(err, "the standard input");
        return s;
    }
    *size = b.size;
    *out = tarn_buf_take(&b);
    return *out ? TARN_OK
                : tarn_fail(err, TARN_NO_MEMORY,
                            "no memory for an input of %zu bytes", *size);
}

enum tarn_status cmd_read_json(size_t limit, struct tarn_json **out,
                               struct tarn_error *err)
{
    char *text;
    size_t size;
    enum tarn_status s = cmd_read_stdin(limit, &text, &size, err);
    if (s != TARN_OK)
        return s;
    s = tarn_json_read(text, size, out, err);
    tarn_free(text);
    if (s != TARN_OK)
        tarn_error_prefix(err, "the standard input");
    if (s == TARN_BAD_FILE)
        s = err->status = TARN_USAGE; /* what was typed, not a model */
    return s;
}

enum tarn_status cmd_read_schema(const char *path, char **out,
                                 struct tarn_error *err)
{
    char *text = NULL;
    size_t size = 0;
    enum tarn_status s = tarn_file_read(path, MAX_SCHEMA, &text, &size, err);
    if (s == TARN_OK && (!size || memchr(text, 0, size)))
        s = tarn_fail(err, TARN_USAGE, size ? "is no text" : "is empty");
    if (s == TARN_OK)
        s = tarn_schema_check(text, size, err);
    if (s != TARN_OK) {
        tarn_error_prefix(err, path);
        tarn_free(text);
        return s;
    }
    *out = text;
    return TARN_OK;
}

/* Why stdout lost something, when it did first; 0: it did not. */
static int lost;

void cmd_push(FILE *to)
{
    if (fflush(to) != 0 && to == stdout && lost == 0)
        lost = errno;
}

enum tarn_status cmd_flush(struct tarn_error *err)
{
    cmd_push(stdout);
    if (lost == 0 && !ferror(stdout))
        return TARN_OK;
    const enum tarn_status s =
        lost ? tarn_file_fail(err, "written", lost)
             : tarn_fail(err, TARN_IO, "not all of it was taken");
    tarn_error_prefix(err, "the standard output");
    return s;
}

enum tarn_status cmd_parse_ids(const char *text, int32_t **out, size_t *n,
                               struct tarn_error *err)
{
    struct tarn_ids ids = { 0 };
    const char *p = text;
    while (*p) {
        while (*p == ' ' || *p == ',' || *p == '\n' || *p == '\r' ||
               *p == '\t' || *p == '[' || *p == ']')
            p++;
        if (!*p)
            break;
        char *end;
        errno = 0;
        long long v = strtoll(p, &end, 10);
        if (end == p || errno || v < 0 || v > INT32_MAX) {
            tarn_ids_finish(&ids);
            return tarn_fail(err, TARN_USAGE,
                             "\"%s\" is no list of token ids like 1,2,3",
                             tarn_shown_str(p).text);
        }
        tarn_ids_add(&ids, (int32_t)v);
        p = end;
    }
    if (ids.failed) {
        tarn_ids_finish(&ids);
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the token ids");
    }
    *out = ids.at;
    *n = ids.n;
    return TARN_OK;
}

void cmd_note_layout(const struct tarn_model *model)
{
    const struct tarn_model_info *info = tarn_model_info(model);
    if (!info->layout_known)
        fprintf(stderr,
                "tarn: the file carries an unknown chat layout; tarn uses its "
                "own lfm2.5 layout (%s); tarn inspect --template shows the "
                "file's\n",
                tarn_layout_name(info->layout));
}

void cmd_print_foreign(FILE *to, const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        int32_t c;
        size_t n = tarn_utf8_decode(text + i, size - i, &c);
        bool bidi = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
        if (c < 0)
            fputs("\xEF\xBF\xBD", to);
        else if (bidi || (c < 32 && c != '\n' && c != '\t') ||
                 (c >= 127 && c < 160))
            fprintf(to, bidi ? "\\u{%04X}" : "\\x%02X", (unsigned)c);
        else
            fwrite(text + i, 1, n, to);
        i += n;
    }
}
