/* hash.c - see hash.h.
 * The table hashes with SipHash-1-3 (Aumasson, Bernstein 2012) under a key
 * that is drawn once per process: whoever writes a file can't know it. */
#include "core/base/hash.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/memory.h"

uint64_t tarn_fnv1a(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* ----------------------------------------------------------------- SHA-256 */

static const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

static uint32_t ror(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static void digest_block(uint32_t state[8], const uint8_t *p)
{
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
               (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        const uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (ror(a, 7) ^ ror(a, 18) ^ a >> 3) + w[i - 7] +
               (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
    }
    uint32_t s[8];
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i++) {
        const uint32_t a = s[0], e = s[4];
        const uint32_t t1 = s[7] + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) +
                            ((e & s[5]) ^ (~e & s[6])) + ROUND[i] + w[i];
        const uint32_t t2 = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) +
                            ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        state[i] += s[i];
}

void tarn_sha256_init(struct tarn_sha256 *s)
{
    static const uint32_t START[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                       0xa54ff53a, 0x510e527f, 0x9b05688c,
                                       0x1f83d9ab, 0x5be0cd19 };
    memcpy(s->state, START, sizeof START);
    s->size = 0;
}

void tarn_sha256_add(struct tarn_sha256 *s, const void *data, size_t size)
{
    const uint8_t *p = data;
    while (size) {
        const size_t at = (size_t)(s->size % 64);
        if (at == 0 && size >= 64) {
            digest_block(s->state, p);
            s->size += 64;
            p += 64;
            size -= 64;
            continue;
        }
        const size_t n = size < 64 - at ? size : 64 - at;
        memcpy(s->block + at, p, n);
        s->size += n;
        p += n;
        size -= n;
        if (at + n == 64)
            digest_block(s->state, s->block);
    }
}

void tarn_sha256_end(struct tarn_sha256 *s, uint8_t out[32])
{
    static const uint8_t PAD[64] = { 0x80 };
    uint8_t bits[8];
    for (int i = 0; i < 8; i++)
        bits[i] = (uint8_t)(s->size * 8 >> (56 - 8 * i));
    const size_t at = (size_t)(s->size % 64);
    tarn_sha256_add(s, PAD, at < 56 ? 56 - at : 120 - at);
    tarn_sha256_add(s, bits, 8);
    for (int i = 0; i < 32; i++)
        out[i] = (uint8_t)(s->state[i / 4] >> (24 - i % 4 * 8));
}

void tarn_hex(const uint8_t *data, size_t size, char *out)
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *out++ = DIGITS[data[i] >> 4];
        *out++ = DIGITS[data[i] & 15];
    }
    *out = 0;
}

/* ------------------------------------------------------------------- table */

struct tarn_table_slot {
    const void *key; /* NULL: free */
    size_t size;
    uint32_t hash, value;
};

static uint64_t mix64(uint64_t x) /* splitmix64's finisher */
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static uint64_t process_key(void)
{
    static _Atomic uint64_t key; /* 0: not drawn yet */
    uint64_t k = atomic_load_explicit(&key, memory_order_acquire);
    if (k)
        return k;
    if (getentropy(&k, sizeof k) != 0) /* no entropy: worse, but not wrong */
        k = mix64((uint64_t)(uintptr_t)&k) ^ (uint64_t)tarn_unix_ms();
    k |= 1;
    uint64_t none = 0;
    return atomic_compare_exchange_strong(&key, &none, k) ? k : none;
}

static uint64_t rol(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rol(v[1], 13) ^ v[0];
    v[0] = rol(v[0], 32);
    v[2] += v[3];
    v[3] = rol(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rol(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rol(v[1], 17) ^ v[2];
    v[2] = rol(v[2], 32);
}

static uint32_t hash_key(const void *data, size_t size)
{
    const uint64_t k0 = process_key(), k1 = mix64(k0);
    uint64_t v[4] = { k0 ^ UINT64_C(0x736f6d6570736575),
                      k1 ^ UINT64_C(0x646f72616e646f6d),
                      k0 ^ UINT64_C(0x6c7967656e657261),
                      k1 ^ UINT64_C(0x7465646279746573) };
    const uint8_t *p = data;
    size_t left = size;
    uint64_t m;
    for (; left >= 8; left -= 8, p += 8) {
        memcpy(&m, p, 8); /* byte order of the host: the hash stays inside */
        v[3] ^= m;
        sip_round(v);
        v[0] ^= m;
    }
    m = (uint64_t)size << 56;
    for (size_t i = 0; i < left; i++)
        m |= (uint64_t)p[i] << 8 * i;
    v[3] ^= m;
    sip_round(v);
    v[0] ^= m;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    const uint64_t h = v[0] ^ v[1] ^ v[2] ^ v[3];
    return (uint32_t)(h ^ h >> 32);
}

/* The slot of the key, or the free one where it belongs.  Room is a power of
 * two and at most half full, so the walk is short and ends. */
static struct tarn_table_slot *seek(const struct tarn_table *t, uint32_t hash,
                                    const void *key, size_t size)
{
    for (size_t i = hash;; i++) {
        struct tarn_table_slot *s = &t->slots[i & (t->room - 1)];
        if (!s->key || (s->hash == hash && s->size == size &&
                        memcmp(s->key, key, size) == 0))
            return s;
    }
}

bool tarn_table_init(struct tarn_table *t, size_t n)
{
    size_t room = 16;
    *t = (struct tarn_table){ 0 };
    while (room / 2 < n) {
        if (room > SIZE_MAX / 2)
            return false;
        room *= 2;
    }
    t->slots = tarn_alloc(room, sizeof *t->slots);
    if (!t->slots)
        return false;
    t->room = room;
    return true;
}

static bool grow(struct tarn_table *t)
{
    struct tarn_table bigger;
    if (t->room > SIZE_MAX / 2 || !tarn_table_init(&bigger, t->room))
        return false;
    for (size_t i = 0; i < t->room; i++) {
        const struct tarn_table_slot *s = &t->slots[i];
        if (s->key)
            *seek(&bigger, s->hash, s->key, s->size) = *s;
    }
    bigger.n = t->n;
    tarn_free(t->slots);
    *t = bigger;
    return true;
}

uint32_t *tarn_table_put(struct tarn_table *t, const void *key, size_t size,
                         uint32_t value, bool *found)
{
    const void *k = key ? key : "";
    const uint32_t hash = hash_key(k, size);
    *found = false;
    if (!t->slots && !tarn_table_init(t, 1))
        return NULL;
    struct tarn_table_slot *s = seek(t, hash, k, size);
    if (s->key) {
        *found = true;
        return &s->value;
    }
    if (t->n >= t->room / 2) {
        if (!grow(t))
            return NULL;
        s = seek(t, hash, k, size);
    }
    *s = (struct tarn_table_slot){ k, size, hash, value };
    t->n++;
    return &s->value;
}

const uint32_t *tarn_table_get(const struct tarn_table *t, const void *key,
                               size_t size)
{
    const void *k = key ? key : "";
    if (!t->slots)
        return NULL;
    const struct tarn_table_slot *s = seek(t, hash_key(k, size), k, size);
    return s->key ? &s->value : NULL;
}

void tarn_table_finish(struct tarn_table *t)
{
    tarn_free(t->slots);
    *t = (struct tarn_table){ 0 };
}
