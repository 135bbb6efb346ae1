/* fuzz_trace.c - any bytes as a trace file.
 * What is accepted is written, read again and written the same, and can be
 * told in words. */
#include <string.h>

#include "core/base/memory.h"
#include "core/base/utf8.h"
#include "core/trace/trace.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/small.h"

const char *const FUZZ_WORDS[] = { "\"version\":", "\"tokens\":[", "\"spans\":[",
                                   "\"thought\"", "\"answer\"", "\"call\"",
                                   "\"withdrawn\"", "\"experts\"", "\"best\"",
                                   "[[", "]]", "null", "1e999", "-1",
                                   "4294967296", "\\ud800", "\"\"", NULL };

/* A turn, told by hand. */
static void tell(struct tarn_trace *t, uint32_t n)
{
    struct tarn_event ev = { .size = sizeof ev, .kind = TARN_EV_SPAN,
                             .span = TARN_SPAN_THOUGHT };
    tarn_trace_take(t, &ev);
    for (uint32_t i = 0; i < n; i++) {
        ev = (struct tarn_event){ .size = sizeof ev, .kind = TARN_EV_TOKEN,
                                  .span = i < n / 2 ? TARN_SPAN_THOUGHT
                                                    : TARN_SPAN_ANSWER,
                                  .at = i + 1, .id = (int32_t)(i % 200),
                                  .p = 0.5f, .p_after = 0.75f,
                                  .entropy_bits = (float)(i % 5),
                                  .ms = i };
        for (int k = 0; k < 8; k++)
            ev.best[k] = (struct tarn_candidate){ k < 5 ? k : -1, 0.1f };
        tarn_trace_take(t, &ev);
    }
    ev = (struct tarn_event){ .size = sizeof ev, .kind = TARN_EV_WITHDRAWN,
                              .at = n - 2, .total = 2, .ms = n };
    if (n > 8)
        tarn_trace_take(t, &ev);
}

bool fuzz_seed(size_t i, struct tarn_buf *out)
{
    static const uint32_t sizes[] = { 0, 1, 12, 60 };
    struct tarn_trace *t = NULL;
    const struct tarn_trace_info info = { .size = sizeof info, .model = "m",
                                          .backend = "ref", .n_vocab = 288,
                                          .seed = 7 };
    if (i >= sizeof sizes / sizeof *sizes)
        return false;
    FUZZ_CHECK(!tarn_trace_create(small_text(), &info, &t, NULL));
    if (sizes[i])
        tell(t, sizes[i]);
    FUZZ_CHECK(!tarn_trace_write(t, out, NULL));
    tarn_trace_destroy(t);
    return true;
}

static void check(const struct tarn_trace *t)
{
    struct tarn_buf first = { 0 }, second = { 0 }, report = { 0 };
    struct tarn_trace *again = NULL;
    struct tarn_error err = { TARN_OK, "" };
    FUZZ_CHECK(!tarn_trace_write(t, &first, NULL));
    if (tarn_trace_read(first.data, first.size, &again, &err)) {
        fprintf(stderr, "%s\n", err.text);
        FUZZ_CHECK(false);
    }
    FUZZ_CHECK(!tarn_trace_write(again, &second, NULL));
    FUZZ_CHECK(first.size == second.size &&
               !memcmp(first.data, second.data, first.size));
    tarn_trace_report(t, &report);
    FUZZ_CHECK(!report.failed && tarn_utf8_valid(report.data, report.size));
    tarn_buf_clear(&report);
    tarn_trace_report_json(t, &report);
    FUZZ_CHECK(!report.failed);
    tarn_buf_finish(&report);
    tarn_buf_finish(&first);
    tarn_buf_finish(&second);
    tarn_trace_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tarn_trace *t = NULL;
    struct tarn_error err = { TARN_OK, "" };
    small_text();
    const int64_t held = tarn_memory_held();
    const enum tarn_status s = tarn_trace_read(data, size, &t, &err);
    FUZZ_CHECK(s == TARN_OK ? t != NULL : !t && err.text[0]);
    if (t)
        check(t);
    tarn_trace_destroy(t);
    FUZZ_CHECK(tarn_memory_held() == held);
    return 0;
}
