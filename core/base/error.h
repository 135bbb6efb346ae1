/* error.h - filling the one sentence of struct tarn_error.
 *
 * The deepest place that knows the facts calls tarn_fail() once and returns
 * its value; callers pass it up unchanged or put the file's name in front.
 * Foreign text (from a file, a model, the network) goes through
 * tarn_shown() first: control and bidi characters and broken UTF-8 become
 * \xNN or \u{NNNN}, and it is cut to 80 columns.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_BASE_ERROR_H
#define TARN_BASE_ERROR_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"

#if defined(__GNUC__)
#define TARN_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define TARN_PRINTF(f, a)
#endif

/* Writes the sentence (err may be NULL), cut at a character's border if it is
 * too long; returns status. */
enum tarn_status tarn_fail(struct tarn_error *err, enum tarn_status status,
                           const char *format, ...) TARN_PRINTF(3, 4);

/* Puts "NAME: " in front of the sentence that is there; NAME is escaped. */
void tarn_error_prefix(struct tarn_error *err, const char *name);

/* Foreign text made fit for a sentence. */
struct tarn_shown {
    char text[200];
};
struct tarn_shown tarn_shown(const void *text, size_t size);
struct tarn_shown tarn_shown_str(const char *text); /* NULL: "" */
/* The same into at most room > 0 bytes with a NUL, cut at a character's border;
 * out may be text. */
void tarn_show(char *out, size_t room, const void *text, size_t size);

/* A number with commas between thousands ("8,467,856,832"), several in one
 * printf: tarn_count(n).text. */
struct tarn_count {
    char text[28];
};
struct tarn_count tarn_count(uint64_t n);

/* The status' name without TARN_ ("BAD_FILE"). */
const char *tarn_status_name(enum tarn_status status);

#endif
