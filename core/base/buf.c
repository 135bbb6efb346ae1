/* buf.c - see buf.h. */
#include "core/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/memory.h"

/* Room for `more` bytes and the NUL; doubles, so that n appends cost O(n). */
static bool make_room(struct tarn_buf *b, size_t more)
{
    size_t need;
    if (b->failed)
        return false;
    if (!tarn_add_size(b->size, more, &need) ||
        !tarn_add_size(need, 1, &need)) {
        b->failed = true;
        return false;
    }
    if (need <= b->room)
        return true;
    size_t room = b->room < 64 ? 64 : b->room;
    while (room < need)
        room = room > SIZE_MAX / 2 ? need : room * 2;
    char *data = tarn_realloc(b->data, b->size, room, 1);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->room = room;
    return true;
}

void tarn_buf_add(struct tarn_buf *b, const void *data, size_t size)
{
    if (!make_room(b, size))
        return;
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = 0;
}

void tarn_buf_reserve(struct tarn_buf *b, size_t n)
{
    (void)make_room(b, n);
}

void tarn_buf_text(struct tarn_buf *b, const char *text)
{
    tarn_buf_add(b, text, strlen(text));
}

void tarn_buf_byte(struct tarn_buf *b, int byte)
{
    const char c = (char)byte;
    tarn_buf_add(b, &c, 1);
}

void tarn_buf_printf(struct tarn_buf *b, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
        return;
    }
    if (!make_room(b, (size_t)n))
        return;
    va_start(ap, format);
    vsnprintf(b->data + b->size, (size_t)n + 1, format, ap);
    va_end(ap);
    b->size += (size_t)n;
}

void tarn_buf_clear(struct tarn_buf *b)
{
    b->size = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = 0;
}

char *tarn_buf_take(struct tarn_buf *b)
{
    make_room(b, 0); /* an empty buffer gives an empty string */
    char *data = b->failed ? NULL : b->data;
    if (data) {
        data[b->size] = 0;
        *b = (struct tarn_buf){ 0 };
    } else {
        tarn_buf_finish(b);
    }
    return data;
}

void tarn_buf_finish(struct tarn_buf *b)
{
    tarn_free(b->data);
    *b = (struct tarn_buf){ 0 };
}
