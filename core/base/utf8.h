/* utf8.h - UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing
 * above U+10FFFF.
 *
 * Threads: any.
 */
#ifndef TARN_BASE_UTF8_H
#define TARN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character at text[0]: its length 1..4 and its code point; a byte that
 * begins no whole character gives length 1 and code point -1.  size >= 1. */
size_t tarn_utf8_decode(const void *text, size_t size, int32_t *code);
/* Writes 1..4 bytes; 0 if code is no scalar value. */
size_t tarn_utf8_encode(int32_t code, char out[4]);
bool tarn_utf8_valid(const void *text, size_t size);
/* How many bytes at the end of text are the beginning of a character that is
 * not complete yet: 0..3.  A stream holds them back. */
size_t tarn_utf8_tail(const void *text, size_t size);

#endif
