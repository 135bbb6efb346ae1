/* fail.h - the one sentence of a backend that can't go on.
 *
 * Backends don't link the core, so they fill struct tarn_error with this.
 * Names from a file go through tarn_plain_name() before.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_BACKENDS_FAIL_H
#define TARN_BACKENDS_FAIL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/types.h"

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static inline enum tarn_status
tarn_backend_fail(struct tarn_error *err, enum tarn_status status,
                  const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return status;
}

/* Copies a tensor's name, printable ASCII only ('?' for the rest), cut to the
 * room; always NUL at the end. */
static inline void tarn_plain_name(char *out, size_t room, const char *name)
{
    size_t i = 0;
    for (; name && name[i] && i + 1 < room; i++)
        out[i] = (char)(name[i] >= ' ' && name[i] < 127 ? name[i] : '?');
    out[i] = '\0';
}

#endif
