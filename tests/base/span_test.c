/* span_test.c - no read passes the end, and the first failure sticks. */
#include "core/base/span.h"
#include "tests/tap.h"

static const unsigned char BYTES[8] = { 1, 0, 0, 0, 2, 0, 0, 0 };

static void test_reads_little_endian(void)
{
    struct tarn_span s = tarn_span_of(BYTES, sizeof BYTES);
    CHECK(tarn_span_u64(&s) == UINT64_C(0x200000001));
    CHECK(!s.failed && s.at == 8);
}

static void test_g06_huge_length_is_refused(void)
{
    struct tarn_span s = tarn_span_of(BYTES, sizeof BYTES);
    tarn_span_u32(&s);
    CHECK(tarn_span_take(&s, UINT64_MAX) == NULL);
    CHECK(s.failed && s.at == 4);
    CHECK(tarn_span_u8(&s) == 0); /* sticks */
}

int main(void)
{
    RUN(test_reads_little_endian);
    RUN(test_g06_huge_length_is_refused);
    return tap_end();
}
