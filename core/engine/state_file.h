/* state_file.h - the form of a state file, for the two files that write and
 * read it.  In words: docs/state.md.
 *
 * A head, then sections in this order: model, tokens, chat (may be missing),
 * tail (may be missing: replay gives it), pages.  Little-endian.
 *
 * Owns: nothing.  Threads: the face's, while no turn is running.
 */
#ifndef TARN_ENGINE_STATE_FILE_H
#define TARN_ENGINE_STATE_FILE_H

#include "core/engine/cache.h"

#define TARN_STATE_MAGIC "TARNSTAT"
#define TARN_STATE_VERSION 1u
#define TARN_STATE_HEAD 32u    /* bytes of the head */
#define TARN_STATE_SECTION 24u /* bytes in front of a section's content */
#define TARN_STATE_MODEL 68u   /* bytes of the model section before the name */
#define TARN_STATE_MAX_NAME 255u
#define TARN_STATE_MAX_CHAT ((size_t)512 << 20)

enum tarn_state_section { TARN_SECTION_MODEL = 1, TARN_SECTION_TOKENS,
                          TARN_SECTION_CHAT, TARN_SECTION_TAIL,
                          TARN_SECTION_PAGE };

struct tarn_state_sizes { /* bytes */
    size_t page, tail;    /* canonical; tail 0: no convolution */
};
struct tarn_state_sizes tarn_state_sizes(const struct tarn_kv_cache *c);

static inline void tarn_put32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(v >> 8 * i);
}

static inline void tarn_put64(uint8_t *at, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(v >> 8 * i);
}

static inline uint32_t tarn_get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
           (uint32_t)at[3] << 24;
}

static inline uint64_t tarn_get64(const uint8_t *at)
{
    return tarn_get32(at) | (uint64_t)tarn_get32(at + 4) << 32;
}

/* The content of the model section, but for the name: key, then numbers. */
void tarn_state_model(const struct tarn_kv_cache *c,
                      uint8_t out[TARN_STATE_MODEL]);

#endif
