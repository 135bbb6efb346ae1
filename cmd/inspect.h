/* inspect.h - what `tarn inspect` finds out, and the two ways to say it.
 *
 * Owns: struct facts borrows from the open file.
 */
#ifndef TARN_CMD_INSPECT_H
#define TARN_CMD_INSPECT_H

#include "core/base/buf.h"
#include "core/gguf/gguf.h"
#include "core/text/text.h"

enum { FACTS_MAX_TYPES = 32, FACTS_MAX_NOTES = 4 };

struct facts_type {
    uint32_t type;
    size_t n_tensors;
    uint64_t bytes;
};

struct facts {
    const struct tarn_gguf *g;
    struct tarn_gguf_string architecture, name, license, template_text;
    bool runs; /* lfm2 or lfm2moe */
    enum tarn_layout layout;
    bool layout_known, early;
    uint64_t n_params, n_active; /* per token; the head counted once */
    struct facts_type types[FACTS_MAX_TYPES]; /* by number */
    size_t n_types;
    /* 0 where the file does not say. */
    uint32_t n_layers, n_attention, width, n_heads, n_kv_heads, n_experts,
        n_used, n_dense, n_context, conv_length;
    uint64_t n_vocab, n_merges;
    uint32_t file_type; /* UINT32_MAX: not said */
    char notes[FACTS_MAX_NOTES][240];
    size_t n_notes;
};

void inspect_collect(struct facts *f, const struct tarn_gguf *g);
/* The name of general.file_type, or "". */
const char *inspect_file_type(uint32_t number);
void inspect_print(const struct facts *f, bool tensors);
void inspect_json(const struct facts *f, bool tensors, bool template_text,
                  struct tarn_buf *out);

#endif
