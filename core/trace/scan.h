/* scan.h - JSON read value by value, without a tree.
 *
 * A tree of the numbers of a trace would be many times the file.  The caller
 * says what it expects next; the first thing that is not so sticks, with the
 * byte and the reason, and everything after it gives nothing.
 *
 * Owns: nothing; the text must outlive it.  Threads: one at a time.
 */
#ifndef TARN_TRACE_SCAN_H
#define TARN_TRACE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

struct tarn_scan {
    const char *p;
    size_t size, at;
    const char *reason; /* NULL: all well so far */
    size_t reason_at;
    bool no_memory;
};

/* What the value that comes next is not. */
void tarn_scan_fail(struct tarn_scan *s, const char *reason);
/* Takes this character, after white space, or fails. */
void tarn_scan_expect(struct tarn_scan *s, char c);
/* The next character after white space, not taken; 0 at the end or after a
 * failure. */
char tarn_scan_peek(struct tarn_scan *s);
/* Takes it if it is there. */
bool tarn_scan_skip(struct tarn_scan *s, char c);
/* Numbers within bounds; `lo` after a failure. */
int64_t tarn_scan_i64(struct tarn_scan *s, int64_t lo, int64_t hi);
double tarn_scan_f64(struct tarn_scan *s, double lo, double hi);
/* Appends a string's bytes. */
void tarn_scan_string(struct tarn_scan *s, struct tarn_buf *out);
/* A string of at most room - 1 bytes, with a NUL behind it. */
void tarn_scan_word(struct tarn_scan *s, char *out, size_t room);
/* Any value; depth at most 64. */
void tarn_scan_value(struct tarn_scan *s);

#endif
