/* text_file.h - the vocabulary of a model file, for commands that compute
 * nothing.
 *
 * Owns: both members.  Threads: the main one.
 */
#ifndef TARN_CMD_TEXT_FILE_H
#define TARN_CMD_TEXT_FILE_H

#include "core/gguf/gguf.h"
#include "core/text/text.h"

struct cmd_text_file {
    struct tarn_gguf *gguf;
    struct tarn_text *text;
};

/* word: a path, or NULL for the pocket model. */
enum tarn_status cmd_text_file_open(const char *word, struct cmd_text_file *out,
                                    struct tarn_error *err);
void cmd_text_file_close(struct cmd_text_file *v); /* zeroed allowed */

/* Writes bytes to stdout and flushes it. */
enum tarn_status cmd_write(const char *data, size_t size,
                           struct tarn_error *err);
/* Writes ids as a JSON array and a line feed. */
enum tarn_status cmd_write_ids(const struct tarn_ids *ids,
                               struct tarn_error *err);

#endif
