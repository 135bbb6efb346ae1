/* vocab.c - the vocabulary's tables and what is asked of them.
 *
 * The file writes tokens in an alphabet of 256 printable characters, one per
 * byte: 33-126, 161-172 and 174-255 stand for themselves, the other 68 in
 * ascending order for U+0100 and up (so a blank is U+0120).  Control and
 * user-defined tokens are written as they are.  vocab_read.c fills the tables.
 */
#include "core/text/vocab.h"

#include <string.h>

#include "core/base/memory.h"

/* Bytes of U+0100 to U+0143, in order. */
static int shifted_byte(int k)
{
    if (k < 33)
        return k;
    return k < 67 ? k - 33 + 127 : k == 67 ? 173 : -1;
}

int tarn_alphabet_byte(const uint8_t *text, size_t size, size_t *used)
{
    const uint8_t c = text[0];
    *used = 1;
    if (c < 128)
        return c >= 33 && c <= 126 ? c : -1;
    if (size < 2 || (text[1] & 0xc0) != 0x80 || c < 0xc2 || c > 0xc5)
        return -1;
    *used = 2;
    const int code = (c & 0x1f) << 6 | (text[1] & 0x3f);
    if (code >= 256)
        return shifted_byte(code - 256);
    return code >= 161 && code != 173 ? code : -1;
}

/* ------------------------------------------------------- bytes -> token */

uint64_t tarn_vocab_hash(uint64_t seed, const void *text, size_t size)
{
    const uint8_t *p = text;
    uint64_t h = seed + size, word;
    for (; size >= 8; p += 8, size -= 8) {
        memcpy(&word, p, 8);
        h = tarn_mix64(h ^ word);
    }
    word = 0;
    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)p[i] << (8 * i);
    return tarn_mix64(h ^ word);
}

struct tarn_word_slot *tarn_vocab_slot(const struct tarn_text *t, uint64_t hash,
                                       const void *text, size_t size)
{
    const size_t mask = ((size_t)1 << t->word_bits) - 1;
    for (size_t at = (size_t)hash;; at++) {
        struct tarn_word_slot *slot = &t->words[at & mask];
        if (slot->id == 0)
            return slot;
        const uint32_t begin = t->offset[slot->id - 1];
        if (slot->hash == (uint32_t)(hash >> 32) &&
            t->offset[slot->id] - begin == size &&
            memcmp(t->bytes + begin, text, size) == 0)
            return slot;
    }
}

int32_t tarn_vocab_word(const struct tarn_text *t, const void *text,
                        size_t size)
{
    const uint64_t hash = tarn_vocab_hash(t->seed, text, size);
    return (int32_t)tarn_vocab_slot(t, hash, text, size)->id - 1;
}

/* -------------------------------------------------------- control tokens */

static const struct {
    enum tarn_control which;
    const char *name;
} CONTROLS[TARN_N_CTL] = {
    { TARN_CTL_BOS, "<|startoftext|>" },
    { TARN_CTL_EOT, "<|endoftext|>" },
    { TARN_CTL_IM_START, "<|im_start|>" },
    { TARN_CTL_IM_END, "<|im_end|>" },
    { TARN_CTL_THINK, "<think>" },
    { TARN_CTL_THINK_END, "</think>" },
    { TARN_CTL_TOOL_LIST, "<|tool_list_start|>" },
    { TARN_CTL_TOOL_LIST_END, "<|tool_list_end|>" },
    { TARN_CTL_TOOL_CALL, "<|tool_call_start|>" },
    { TARN_CTL_TOOL_CALL_END, "<|tool_call_end|>" },
    { TARN_CTL_TOOL_RESPONSE, "<|tool_response_start|>" },
    { TARN_CTL_TOOL_RESPONSE_END, "<|tool_response_end|>" },
    { TARN_CTL_PAD, "<|pad|>" },
};

const char *tarn_control_name(enum tarn_control c)
{
    for (size_t i = 0; i < TARN_N_CTL; i++)
        if (CONTROLS[i].which == c)
            return CONTROLS[i].name;
    return "";
}

int32_t tarn_text_control(const struct tarn_text *t, enum tarn_control c)
{
    return (unsigned)c < TARN_N_CTL ? t->control[c] : -1;
}

bool tarn_text_is_end(const struct tarn_text *t, int32_t id)
{
    for (size_t i = 0; i < t->n_ends; i++)
        if (t->ends[i] == id)
            return true;
    return false;
}

/* ------------------------------------------------------------------ tokens */

uint32_t tarn_text_n_vocab(const struct tarn_text *t)
{
    return t->n_vocab;
}

enum tarn_text_kind tarn_text_kind(const struct tarn_text *t, int32_t id)
{
    if (id < 0 || (uint32_t)id >= t->n_vocab)
        return TARN_TOKEN_UNUSED;
    return (enum tarn_text_kind)t->kind[id];
}

const char *tarn_text_bytes(const struct tarn_text *t, int32_t id, size_t *size)
{
    if (id < 0 || (uint32_t)id >= t->n_vocab) {
        *size = 0;
        return "";
    }
    *size = t->offset[id + 1] - t->offset[id];
    return t->bytes + t->offset[id];
}

void tarn_text_close(struct tarn_text *t)
{
    if (!t)
        return;
    tarn_free(t->offset);
    tarn_free(t->bytes);
    tarn_free(t->kind);
    tarn_free(t->words);
    tarn_free(t->merges);
    tarn_free(t->special);
    tarn_free(t);
}
