/* hash.h - FNV-1a, SHA-256, and a table from byte strings to numbers.
 *
 * Threads: any; a table one at a time while it changes, any once it rests.
 */
#ifndef TARN_BASE_HASH_H
#define TARN_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TARN_FNV1A_START UINT64_C(0xcbf29ce484222325)
/* Begin with TARN_FNV1A_START, go on with the last result. */
uint64_t tarn_fnv1a(uint64_t hash, const void *data, size_t size);

/* FIPS 180-4. */
struct tarn_sha256 {
    uint32_t state[8];
    uint64_t size;
    uint8_t block[64];
};
void tarn_sha256_init(struct tarn_sha256 *s);
void tarn_sha256_add(struct tarn_sha256 *s, const void *data, size_t size);
void tarn_sha256_end(struct tarn_sha256 *s, uint8_t out[32]);
void tarn_hex(const uint8_t *data, size_t size, char *out); /* 2*size + NUL */

/* Open addressing, keys borrowed.  The hash is seeded per process so that
 * nobody can prepare collisions. */
struct tarn_table {
    struct tarn_table_slot *slots;
    size_t room, n;
};
/* Room for n keys at once; false if memory is out. */
bool tarn_table_init(struct tarn_table *t, size_t n);
/* Adds or finds.  *found tells which; the value of a new key is `value`, that
 * of an old one is kept.  NULL if memory is out. */
uint32_t *tarn_table_put(struct tarn_table *t, const void *key, size_t size,
                         uint32_t value, bool *found);
/* NULL if there is none. */
const uint32_t *tarn_table_get(const struct tarn_table *t, const void *key,
                               size_t size);
void tarn_table_finish(struct tarn_table *t); /* zeroed or init'ed */

#endif
