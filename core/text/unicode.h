/* unicode.h - classes of characters: letter (L), number (N), white space.
 *
 * Unicode 15.1.  The tables are made by make_unicode.py.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_TEXT_UNICODE_H
#define TARN_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tarn_unicode_kind {
    TARN_OTHER_CHAR = 0,
    TARN_LETTER = 1,
    TARN_NUMBER = 2,
    TARN_SPACE = 3
};

/* Two stages: block number of code / 128, then two bits per character.  All
 * that lies above the end is "other". */
#define TARN_UNICODE_BLOCK 128
#define TARN_UNICODE_END 0x32400
extern const uint8_t tarn_unicode_index[TARN_UNICODE_END / TARN_UNICODE_BLOCK];
extern const uint8_t tarn_unicode_kinds[][TARN_UNICODE_BLOCK / 4];

/* Where "printable" begins (even places) and ends (odd ones). */
extern const uint32_t tarn_unicode_turns[];
extern const size_t tarn_unicode_n_turns;

/* code: a code point, or -1 for a byte that is no character. */
static inline enum tarn_unicode_kind tarn_unicode_kind(int32_t code)
{
    if (code < 0 || code >= TARN_UNICODE_END)
        return TARN_OTHER_CHAR;
    const uint8_t *block =
        tarn_unicode_kinds[tarn_unicode_index[code / TARN_UNICODE_BLOCK]];
    const unsigned four = block[code % TARN_UNICODE_BLOCK / 4];
    return (enum tarn_unicode_kind)(four >> (code % 4 * 2) & 3);
}

/* Python's str.isprintable(): no control, format, private, unassigned or
 * separating character, but the blank is. */
bool tarn_unicode_printable(int32_t code);
/* Python's str.isspace(): White_Space and U+001C to U+001F. */
bool tarn_unicode_strips(int32_t code);

#endif
