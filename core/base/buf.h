/* buf.h - bytes that grow.
 *
 * Append as often as you like and test `failed` once: after the first failed
 * allocation every call does nothing.  The contents always have a NUL behind
 * them, so `data` is a C string when it holds no NUL itself.
 *
 *     struct tarn_buf b = { 0 };
 *     tarn_buf_text(&b, "x = ");
 *     tarn_buf_printf(&b, "%d", 5);
 *     char *s = tarn_buf_take(&b);         // owned; NULL if it failed
 *
 * Owns: data.  Threads: one at a time.
 */
#ifndef TARN_BASE_BUF_H
#define TARN_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

struct tarn_buf {
    char *data; /* NULL while empty; else size bytes and a NUL */
    size_t size, room;
    bool failed;
};

void tarn_buf_add(struct tarn_buf *b, const void *data, size_t size);
void tarn_buf_text(struct tarn_buf *b, const char *text);
void tarn_buf_byte(struct tarn_buf *b, int byte);
void tarn_buf_printf(struct tarn_buf *b, const char *format, ...)
    TARN_PRINTF(2, 3);
/* So that the next n bytes need no allocation. */
void tarn_buf_reserve(struct tarn_buf *b, size_t n);
void tarn_buf_clear(struct tarn_buf *b); /* keeps the room */
char *tarn_buf_take(struct tarn_buf *b); /* moved to the caller */
void tarn_buf_finish(struct tarn_buf *b);

#endif
