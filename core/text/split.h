/* split.h - the lfm2 pre-tokenizer: text is cut into pieces, and merges never
 * cross a cut.
 *
 * The same cuts as the patterns of docs/text.md section 2, made by hand:
 * linear time, no stack, any bytes.  A byte that begins no whole UTF-8
 * character is a character of the class "other".
 *
 *     for (size_t at = 0, end; at < size; at = end) {
 *         end = tarn_split_next(text, size, at);
 *         ... the piece is text[at .. end)
 *     }
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_TEXT_SPLIT_H
#define TARN_TEXT_SPLIT_H

#include <stddef.h>

/* The end of the piece that begins at `at`; at < size, and the result is
 * above `at`. */
size_t tarn_split_next(const void *text, size_t size, size_t at);

#endif
