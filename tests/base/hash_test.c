/* hash_test.c - known digests, and the table under load. */
#include "core/base/hash.h"

#include "core/base/memory.h"
#include "tests/tap.h"

static const char *sha(const char *text, size_t times, size_t piece)
{
    static char hex[65];
    const size_t size = strlen(text);
    struct tarn_sha256 s;
    uint8_t out[32];
    tarn_sha256_init(&s);
    for (size_t i = 0; i < times; i++)
        for (size_t at = 0; at < size; at += piece)
            tarn_sha256_add(&s, text + at,
                            size - at < piece ? size - at : piece);
    tarn_sha256_end(&s, out);
    tarn_hex(out, 32, hex);
    return hex;
}

static void test_sha256_of_the_standard(void)
{
    /* FIPS 180-4 examples */
    CHECK(!strcmp(sha("", 1, 1), "e3b0c44298fc1c149afbf4c8996fb924"
                                 "27ae41e4649b934ca495991b7852b855"));
    CHECK(!strcmp(sha("abc", 1, 3), "ba7816bf8f01cfea414140de5dae2223"
                                    "b00361a396177a9cb410ff61f20015ad"));
    static const char TWO[] =
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    for (size_t piece = 1; piece < 60; piece++)
        CHECK_SAYS(!strcmp(sha(TWO, 1, piece),
                           "248d6a61d20638b8e5c026930c3e6039"
                           "a33ce45964ff2167f6ecedd419db06c1"),
                   "pieces of %zu", piece);
    CHECK(!strcmp(sha("aaaaaaaaaa", 100000, 10),
                  "cdc76e5c9914fb9281a1c7e284d73e67"
                  "f1809a48a497200e046d39ccc7112cd0"));
}

static void test_fnv1a_goes_on(void)
{
    CHECK(tarn_fnv1a(TARN_FNV1A_START, "foobar", 6) ==
          UINT64_C(0x85944171f73967e8));
    const uint64_t h = tarn_fnv1a(TARN_FNV1A_START, "foo", 3);
    CHECK(tarn_fnv1a(h, "bar", 3) == UINT64_C(0x85944171f73967e8));
}

static void test_table_finds_what_was_put(void)
{
    enum { N = 50000 };
    static char keys[N][12];
    struct tarn_table t = { 0 };
    bool found;
    for (uint32_t i = 0; i < N; i++) {
        snprintf(keys[i], sizeof keys[i], "k%u", i);
        uint32_t *v = tarn_table_put(&t, keys[i], strlen(keys[i]), i, &found);
        CHECK(v && *v == i && !found);
    }
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t *v = tarn_table_get(&t, keys[i], strlen(keys[i]));
        CHECK(v && *v == i);
    }
    CHECK(t.n == N);
    CHECK(!tarn_table_get(&t, "k50000", 6) && !tarn_table_get(&t, "k1", 1));
    uint32_t *old = tarn_table_put(&t, "k7", 2, 99, &found);
    CHECK(old && found && *old == 7);
    CHECK(*tarn_table_put(&t, "", 0, 5, &found) == 5 && !found);
    CHECK(*tarn_table_get(&t, NULL, 0) == 5);
    tarn_table_finish(&t);
    tarn_table_finish(&t);
    CHECK(!tarn_table_get(&t, "k7", 2));
}

static void test_room_given_at_once_is_enough(void)
{
    static const char BYTES[1000] = { 0 };
    struct tarn_table t;
    bool found;
    CHECK(tarn_table_init(&t, 1000));
    tarn_memory_fail_at(1, true);
    for (size_t i = 0; i < 1000; i++)
        CHECK(tarn_table_put(&t, BYTES, i, 0, &found) && !found);
    tarn_memory_fail_at(0, false);
    tarn_table_finish(&t);
    CHECK(!tarn_table_init(&t, SIZE_MAX / 4));
}

int main(void)
{
    RUN(test_sha256_of_the_standard);
    RUN(test_fnv1a_goes_on);
    RUN(test_table_finds_what_was_put);
    RUN(test_room_given_at_once_is_enough);
    return tap_end();
}
