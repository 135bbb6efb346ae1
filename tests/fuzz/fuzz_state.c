/* fuzz_state.c - any bytes as a state file.
 * Read as it is, and once more with its checksums put right, so that changes
 * get past them.  What is refused leaves the engine as it was: the same logits
 * as before; what is accepted can be saved and read again. */
#include <string.h>

#include "core/base/hash.h"
#include "core/base/memory.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/small.h"

const char *const FUZZ_WORDS[] = { "TARNSTAT", "\x01\0\0", "\x02", "\x03", "\x05",
                                   "{\"messages\":[", "\xff\xff\xff\xff", NULL };

static bool append(void *user, const void *data, size_t size)
{
    tarn_buf_add(user, data, size);
    return true;
}

/* The engine has read these ids, in a chat or not. */
static void prepare(uint32_t n)
{
    int32_t ids[40];
    float logits[4096];
    const uint32_t rows[] = { n - 1 };
    struct tarn_eval io = { .size = sizeof io, .ids = ids, .n_ids = n,
                            .rows = rows, .n_rows = 1, .logits = logits };
    for (uint32_t i = 0; i < n; i++)
        ids[i] = (int32_t)(i * 7 % 250);
    FUZZ_CHECK(!tarn_eval(small_engine(), &io, NULL));
}

bool fuzz_seed(size_t i, struct tarn_buf *out)
{
    static const uint32_t sizes[] = { 1, 5, 33 };
    struct tarn_error err = { TARN_OK, "" };
    if (i >= sizeof sizes / sizeof *sizes)
        return false;
    prepare(sizes[i]);
    if (tarn_state_save_to(small_engine(), NULL, append, out, &err)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return true;
}

static uint64_t number(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 8; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static uint64_t fnv(uint64_t h, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

static void put(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* docs/state.md: head and sections. */
static void put_right(uint8_t *p, size_t size)
{
    const uint64_t begin = UINT64_C(0xcbf29ce484222325);
    size_t at = 32;
    if (size < 32)
        return;
    put(p + 16, size);
    put(p + 24, fnv(begin, p, 24));
    while (size - at >= 24) {
        uint64_t n = number(p + at + 8);
        if (n > size - at - 24) {
            n = size - at - 24;
            put(p + at + 8, n);
        }
        put(p + at + 16, fnv(fnv(begin, p + at, 16), p + at + 24, (size_t)n));
        at += 24 + (size_t)n;
    }
}

static void try(const uint8_t *data, size_t size)
{
    struct tarn_chat *chat = NULL;
    struct tarn_error err = { TARN_OK, "" };
    const enum tarn_status s =
        tarn_state_load_from(small_engine(), data, size, &chat, &err);
    if (s) {
        FUZZ_CHECK(!chat && err.status == s && err.text[0] &&
                   s != TARN_INTERNAL);
    } else {
        struct tarn_buf b = { 0 };
        FUZZ_CHECK(!tarn_state_save_to(small_engine(), chat, append, &b, NULL));
        FUZZ_CHECK(!tarn_state_load_from(small_engine(), b.data, b.size, NULL,
                                         NULL));
        tarn_buf_finish(&b);
    }
    tarn_chat_destroy(chat);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    small_engine();
    const int64_t held = tarn_memory_held();
    uint8_t *copy = malloc(size ? size : 1);
    FUZZ_CHECK(copy);
    memcpy(copy, data, size);
    try(copy, size);
    put_right(copy, size);
    try(copy, size);
    free(copy);
    prepare(3); /* it still computes */
    /* A state that was read may stay in the cache. */
    FUZZ_CHECK(tarn_memory_held() <= held + 64);
    return 0;
}
