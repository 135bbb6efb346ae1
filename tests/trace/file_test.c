/* file_test.c - a trace as a file: there and back, small, and what is refused.
 *
 * golden-1.json is what the first version wrote; `file_test PATH write` makes
 * it anew (only with a new version of the form: then it gets a new name). */
#include <stdlib.h>
#if !defined(__wasm__)
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "core/base/file.h"
#include "tests/trace/turn.h"

/* Sanitizers take memory of their own. */
#if defined(__wasm__) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__)
#elif defined(__has_feature)
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) && \
    !__has_feature(memory_sanitizer)
#define MEASURES_MEMORY
#endif
#else
#define MEASURES_MEMORY
#endif

static const char *golden;
static uint32_t seed = 1;

static uint32_t next(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static float unit(void)
{
    return (float)next() / 16777216.0f;
}

/* ------------------------------------------------------------ some traces */
static const struct tarn_trace_info LARGE = {
    .size = sizeof LARGE, .model = "LFM2.5-8B-A1B", .backend = "cpu-avx2",
    .n_vocab = 128000, .seed = 7, .n_moe_layers = 22, .n_expert = 32,
    .n_expert_used = 4
};

static void give_experts(const struct tarn_trace_info *i)
{
    uint16_t ids[4096];
    float gates[4096];
    for (uint32_t k = 0; k < i->n_moe_layers * i->n_expert_used; k++) {
        ids[k] = (uint16_t)(next() % i->n_expert);
        gates[k] = unit();
    }
    tarn_trace_experts(turn.trace, ids, gates);
}

/* n tokens with figures as full of digits as real ones. */
static void add_random(uint32_t n, const struct tarn_trace_info *experts)
{
    for (uint32_t i = 0; i < n; i++) {
        struct tarn_event ev = { .kind = TARN_EV_TOKEN,
                                 .span = TARN_SPAN_THOUGHT,
                                 .id = (int32_t)(next() % N_VOCAB),
                                 .entropy_bits = unit() * 3, .p = unit(),
                                 .p_after = unit() };
        for (int k = 0; k < 8; k++)
            ev.best[k] = (struct tarn_candidate){
                (int32_t)(next() % (experts ? 128000 : N_VOCAB)),
                unit() / (float)(1 + k * k * 50) };
        ev.id = ev.id < CTL || ev.id >= WORD ? ev.id : W_WORD;
        turn.ms += 22.5 + (double)unit();
        turn.n++;
        tell(ev);
        if (experts && i % 97 != 5) /* and some without */
            give_experts(experts);
    }
}

static void random_turn(uint32_t n, const struct tarn_trace_info *info)
{
    begin_with(&thinking, info);
    draw(THINK);
    add_random(n, info->n_expert ? info : NULL);
    draw(CLOSE), draws('a', 3), draw(W_ODD), draw(W_CUT), draw(0xac), draw(0);
    draw(END);
    stop(TARN_STOP_END);
}

/* A call, a circle, a stop: every member of the form. */
static void golden_turn(void)
{
    begin();
    draw(THINK), draws(W_WORD, 12), draw(W_BREAK), draw(W_WAIT);
    for (int i = 0; i < 10; i++)
        token(W_WORD, 2.0f + 0.1f * (float)i, 0.4f, 0.3f, false);
    draws(W_OTHER, 50), take_back(27), draw('x'), force(CLOSE);
    draw('a'), draw(W_CUT), draw(0xac), draw(W_ODD);
    draw(CALL), draw(W_CALL), draw(CALL_END), draw('b'), draw(END);
    stop(TARN_STOP_END);
}

static const char GOLDEN_LINE[] = "thought 27 tokens in 0.8 s, 1 hesitation, "
                                  "1 loop broken, budget reached";

/* ---------------------------------------------------------- there and back */
static struct tarn_buf text;

static void write_out(const struct tarn_trace *t)
{
    struct tarn_error err = { TARN_OK, "" };
    tarn_buf_clear(&text);
    CHECK_SAYS(tarn_trace_write(t, &text, &err) == TARN_OK, "%s", err.text);
}

static struct tarn_trace *read_back(const void *p, size_t size)
{
    struct tarn_trace *t = NULL;
    struct tarn_error err = { TARN_OK, "" };
    CHECK_SAYS(tarn_trace_read(p, size, &t, &err) == TARN_OK, "%s", err.text);
    return t;
}

static void check_lists_same(const struct tarn_trace *a,
                             const struct tarn_trace *b)
{
    size_t n, m;
    const struct tarn_trace_step *s = tarn_trace_steps(a, &n);
    const struct tarn_trace_step *z = tarn_trace_steps(b, &m);
    CHECK_SAYS(n == m, "%zu and %zu steps", n, m);
    for (size_t i = 0; i < n && n == m; i++)
        CHECK(s[i].first == z[i].first && s[i].offset == z[i].offset &&
              s[i].n == z[i].n && s[i].repeats == z[i].repeats);
    const struct tarn_trace_hesitation *h = tarn_trace_hesitations(a, &n);
    const struct tarn_trace_hesitation *g = tarn_trace_hesitations(b, &m);
    CHECK_SAYS(n == m, "%zu and %zu hesitations", n, m);
    for (size_t i = 0; i < n && n == m; i++)
        CHECK(h[i].first == g[i].first && h[i].last == g[i].last &&
              h[i].open == g[i].open);
}

static void check_tokens_same(const struct tarn_trace *a,
                              const struct tarn_trace *b)
{
    size_t n, m, x, y;
    const struct tarn_trace_token *s = tarn_trace_tokens(a, &n);
    const struct tarn_trace_token *z = tarn_trace_tokens(b, &m);
    const uint16_t *ids[2] = { 0 }, *gates[2] = { 0 };
    CHECK(n == m);
    for (size_t i = 0; i < n && n == m; i++) {
        CHECK(s[i].id == z[i].id && s[i].us == z[i].us &&
              s[i].span == z[i].span && s[i].flags == z[i].flags);
        CHECK(!memcmp(&s[i].p, &z[i].p, 3 * sizeof(float)));
        CHECK(!memcmp(s[i].best, z[i].best, sizeof s[i].best));
        const char *p = tarn_trace_bytes(a, i, &x);
        const char *q = tarn_trace_bytes(b, i, &y);
        CHECK(x == y && !memcmp(p, q, x));
        const bool e = tarn_trace_experts_of(a, i, &ids[0], &gates[0]);
        CHECK(e == tarn_trace_experts_of(b, i, &ids[1], &gates[1]));
        CHECK(!e || (!memcmp(ids[0], ids[1], 176) &&
                     !memcmp(gates[0], gates[1], 176)));
    }
}

static void test_streamed_and_loaded_agree(void)
{
    for (int k = 0; k < 3; k++) {
        random_turn(k ? 3000 : 0, k == 2 ? &LARGE : &INFO);
        write_out(turn.trace);
        struct tarn_trace *t = read_back(text.data, text.size);
        if (t) {
            check_tokens_same(turn.trace, t);
            check_lists_same(turn.trace, t);
            size_t n;
            const char *p = tarn_trace_piece(t, W_OTHER, &n);
            CHECK(n == 6 && !memcmp(p, " other", 6));
            tarn_trace_piece(t, N_VOCAB, &n);
            CHECK(n == 0);
            const struct tarn_trace_info *i = tarn_trace_info(t);
            CHECK(i->seed == tarn_trace_info(turn.trace)->seed);
            struct tarn_buf first = text;
            text = (struct tarn_buf){ 0 };
            write_out(t);
            CHECK(first.size == text.size &&
                  !memcmp(first.data, text.data, text.size));
            tarn_buf_finish(&first);
        }
        tarn_trace_destroy(t);
        finish();
    }
}

static enum tarn_status status_of(const char *p, size_t size,
                                  struct tarn_error *err)
{
    struct tarn_trace *t = NULL;
    *err = (struct tarn_error){ TARN_OK, "" };
    const enum tarn_status s = tarn_trace_read(p, size, &t, err);
    if (!s) { /* whatever is legal can be shown */
        size_t n;
        (void)tarn_trace_summary(t);
        tarn_trace_steps(t, &n);
        for (size_t i = 0; i < n; i++)
            (void)tarn_trace_title(t, i);
    }
    tarn_trace_destroy(t);
    return s;
}

/* The golden trace with one part replaced. */
static void check_changed(const char *from, const char *to, const char *why)
{
    struct tarn_buf b = { 0 };
    struct tarn_error err;
    const char *at = strstr(text.data, from);
    CHECK_SAYS(at != NULL, "%s", from);
    if (!at)
        return;
    tarn_buf_add(&b, text.data, (size_t)(at - text.data));
    tarn_buf_text(&b, to);
    tarn_buf_text(&b, at + strlen(from));
    const enum tarn_status s = status_of(b.data, b.size, &err);
    CHECK_SAYS(s == TARN_BAD_FILE && strstr(err.text, why), "%s: %d, %s", to,
               s, err.text);
    tarn_buf_finish(&b);
}

/* The state's sizes are said where they are known, and a file without them is
 * as good as one with. */
static void test_the_state_is_optional(void)
{
    static const int32_t prompt[] = { 1, 2, 3 };
    struct tarn_trace_turn asked = {
        .prompt = prompt, .n_prompt = 3, .n_context = 4096,
        .sampling = tarn_sampling_default()
    };
    for (int k = 0; k < 2; k++) {
        golden_turn();
        asked.page_tokens = k ? 256 : 0;
        asked.page_bytes = k ? 3145728 : 0;
        asked.tail_bytes = k ? 884736 : 0;
        CHECK(!tarn_trace_set_turn(turn.trace, &asked, NULL));
        write_out(turn.trace);
        CHECK(!strstr(text.data, "\"state\"") == !k);
        CHECK(!k || strstr(text.data, ",\"state\":[256,3145728,884736],"));
        struct tarn_trace *t = read_back(text.data, text.size);
        const struct tarn_trace_turn *u = t ? tarn_trace_turn(t) : NULL;
        CHECK(u && u->page_tokens == asked.page_tokens &&
              u->page_bytes == asked.page_bytes &&
              u->tail_bytes == asked.tail_bytes && u->n_prompt == 3);
        tarn_trace_destroy(t);
        if (k) {
            check_changed("[256,3145728,", "[0,3145728,", "bounds");
            check_changed("[256,3145728,", "[256,-1,", "bounds");
            check_changed("[256,3145728,", "[256,99999999999999,", "bounds");
            check_changed("[256,3145728,", "[256,", "missing");
        }
        finish();
    }
}

static void test_10000_tokens_with_experts_below_8_mb(void)
{
    random_turn(10000, &LARGE);
    write_out(turn.trace);
    printf("# 10,000 tokens, 22 layers x 4 experts: %zu bytes\n", text.size);
    CHECK(text.size < 8000000);
    finish();
}

static void test_golden_file_of_version_1(void)
{
    struct tarn_trace *t = NULL;
    struct tarn_error err = { TARN_OK, "" };
    CHECK_SAYS(tarn_trace_load(golden, &t, &err) == TARN_OK, "%s", err.text);
    if (!t)
        return;
    CHECK(line_is(t, GOLDEN_LINE));
    golden_turn();
    CHECK(line_is(turn.trace, GOLDEN_LINE));
    check_tokens_same(turn.trace, t);
    check_lists_same(turn.trace, t);
    CHECK(!strcmp(tarn_trace_info(t)->model, "a \"model\""));
    CHECK(tarn_trace_info(t)->model_bytes == 5200000000);
    tarn_trace_destroy(t);
    finish();
}

/* ------------------------------------------------------------ what is refused */
static void test_f06_cut_anywhere_is_refused(void)
{
    golden_turn();
    write_out(turn.trace);
    struct tarn_error err;
    for (size_t i = 0; i + 1 < text.size; i++) { /* the last byte is an LF */
        char *part = malloc(i + 1);
        memcpy(part, text.data, i);
        const enum tarn_status s = status_of(part, i, &err);
        free(part);
        CHECK_SAYS(s == TARN_BAD_FILE || i + 2 > text.size, "%zu of %zu", i,
                   text.size);
        CHECK(!s || err.text[0]);
    }
    finish();
}

static void test_f06_any_byte_changed(void)
{
    golden_turn();
    write_out(turn.trace);
    struct tarn_error err;
    char *copy = malloc(text.size);
    static const char OTHERS[] = "0-9]\",[{\\eE.\x80\x01";
    for (size_t i = 0; i < text.size; i++) {
        memcpy(copy, text.data, text.size);
        copy[i] = OTHERS[next() % (sizeof OTHERS - 1)];
        const enum tarn_status s = status_of(copy, text.size, &err);
        CHECK(s == TARN_OK || s == TARN_BAD_FILE);
    }
    free(copy);
    finish();
}

static void test_f06_hostile_numbers(void)
{
    golden_turn();
    write_out(turn.trace);
    check_changed("\"tarn_trace\":1", "\"tarn_trace\":2", "version 2");
    check_changed("\"tarn_trace\":1", "\"other\":1", "tarn_trace");
    check_changed("\"n_tokens\":", "\"n_tokens\":1000", "fewer tokens");
    check_changed("\"n_tokens\":", "\"n_tokens\":99999999", "bounds");
    check_changed("\"unix_ms\":", "\"unix_ms\":-9223372036854775808,\"x\":",
                  "bounds");
    check_changed("\"spans\":[[1,0,", "\"spans\":[[1,1000,", "bounds");
    check_changed("\"spans\":[[1,0,", "\"spans\":[[9,0,", "bounds");
    check_changed("\"pieces\":[[", "\"pieces\":[[270,\"\"],[", "bounds");
    check_changed("\"pieces\":[[", "\"pieces\":[[-1,\"\"],[", "bounds");
    check_changed("\"loops\":[[", "\"loops\":[[4000000000,", "bounds");
    check_changed("\"hesitation_bits\":[1.25", "\"hesitation_bits\":[1e999",
                  "bounds");
    check_changed(" word\",20000,", " word\",5000,", "bounds");
    check_changed(" word\",20000,0.9,", " word\",20000,NaN,", "number");
    check_changed(" word\",20000,0.9,", " word\",20000,1.5,", "bounds");
    check_changed(" word\",20000,0.9,", " word\",20000,00.9,", "number");
    check_changed("20000,0.9,0.9,0.1,1,0,", "20000,0.9,0.9,0.1,1,16,",
                  "bounds");
    check_changed("20000,0.9,0.9,0.1,1,0,", "20000,0.9,0.9,0.1,1,8,",
                  "taken back before");
    check_changed("\"tokens\":[", "\"experts\":[4096,65535,65535],\"tokens\":[",
                  "experts");
    check_changed("\"tokens\":[", "\"experts\":[22,32,4],\"tokens\":[",
                  "experts");
    check_changed("\"seed\":\"18446744073709551615\"",
                  "\"seed\":\"18446744073709551616\"", "seed");
    finish();
}

static void test_f06_depth_and_length(void)
{
    struct tarn_buf b = { 0 };
    struct tarn_error err;
    tarn_buf_text(&b, "{\"tarn_trace\":1,\"x\":");
    for (int i = 0; i < 1000000; i++)
        tarn_buf_byte(&b, '[');
    CHECK(status_of(b.data, b.size, &err) == TARN_BAD_FILE);
    CHECK_SAYS(strstr(err.text, "deep") != NULL, "%s", err.text);
    tarn_buf_clear(&b); /* 10^7 events */
    tarn_buf_text(&b, "{\"tarn_trace\":1,\"n_tokens\":10000000,\"tokens\":[");
    for (int i = 0; i < 100000; i++)
        tarn_buf_text(&b, "0,");
    CHECK(status_of(b.data, b.size, &err) == TARN_BAD_FILE);
    CHECK(status_of("", 0, &err) == TARN_BAD_FILE);
    CHECK(status_of("{", 1, &err) == TARN_BAD_FILE);
    tarn_buf_finish(&b);
}

#if defined(MEASURES_MEMORY)
static const char *program;

static size_t most_memory(void)
{
    struct rusage u;
    CHECK(!getrusage(RUSAGE_SELF, &u));
    return (size_t)u.ru_maxrss * 1024;
}

/* In a process of its own, whose memory was never larger: bytes that reading
 * takes besides the file's text. */
static int measure(const char *path)
{
    char *file = NULL;
    size_t size = 0;
    struct tarn_error err;
    if (tarn_file_read(path, 1 << 30, &file, &size, NULL))
        return 1;
    const size_t before = most_memory();
    const enum tarn_status s = status_of(file, size, &err);
    printf("%zu\n", s ? 0 : most_memory() - before);
    tarn_free(file);
    return s != TARN_OK;
}

static void test_f06_reading_takes_at_most_4_times_the_file(void)
{
    char path[64], line[1200];
    size_t more = 0;
    snprintf(path, sizeof path, "many-%ld.json", (long)getpid());
    random_turn(40000, &INFO);
    write_out(turn.trace);
    finish();
    CHECK(!tarn_file_write(path, text.data, text.size, NULL));
    snprintf(line, sizeof line, "'%s' - measure '%s'", program, path);
    FILE *f = popen(line, "r");
    CHECK(f && fscanf(f, "%zu", &more) == 1);
    if (f)
        pclose(f);
    unlink(path);
    printf("# %zu bytes of file, %zu of memory\n", text.size, more);
    CHECK_SAYS(more > text.size / 4 && more <= 4 * text.size, "%zu for %zu",
               more, text.size);
}
#endif

static void test_f06_markup_is_text(void)
{
    begin();
    draw(THINK);
    const char *script = "<script>alert(1)</script>\x1b]52;c;";
    for (const char *p = script; *p; p++)
        draw((unsigned char)*p);
    draw(CLOSE), draw(END);
    write_out(turn.trace);
    for (size_t i = 0; i < text.size; i++) /* none reaches the file raw */
        CHECK((unsigned char)text.data[i] >= ' ' || text.data[i] == '\n');
    struct tarn_buf b = { 0 };
    tarn_trace_report(turn.trace, &b);
    CHECK(strstr(b.data, "<script>") && !strchr(b.data, '\x1b'));
    tarn_buf_finish(&b);
    finish();
}

static void test_report_of_the_golden_trace(void)
{
    struct tarn_buf b = { 0 };
    golden_turn();
    tarn_trace_report(turn.trace, &b);
    static const char *const PARTS[] = {
        "a \"model\", ref, seed 18446744073709551615, attempt 2, 86 tokens\n",
        "    1  from token     1,  13 tokens, 0.1 s, 0.1 bits   word word",
        "    2  from token    14,  14 tokens, 0.6 s, 1.8 bits \u21a9 Wait word",
        "  tokens 12 to 75, 1.6 bits  \u201c word.  Wait word",
        "  token 15  \u201c word\u201d 40%, or \u201c other\u201d 30%, 2.0 bits\n",
        "  at token 27: 48 tokens taken back\n"
    };
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        CHECK_SAYS(strstr(b.data, PARTS[i]) != NULL, "%s in %s", PARTS[i],
                   b.data);
    tarn_buf_finish(&b);
    finish();
}

#if !defined(__wasm__) /* WASI has no modes */
static void test_f07_only_its_owner_may_read_it(void)
{
    char path[64];
    struct stat st;
    struct tarn_error err = { TARN_OK, "" };
    snprintf(path, sizeof path, "trace-%ld.json", (long)getpid());
    golden_turn();
    const mode_t old = umask(0);
    CHECK_SAYS(tarn_trace_save(turn.trace, path, &err) == TARN_OK, "%s",
               err.text);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(chmod(path, 0666) == 0); /* a file that was there before */
    CHECK(tarn_trace_save(turn.trace, path, &err) == TARN_OK);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    umask(old);
    struct tarn_trace *t = NULL;
    CHECK(tarn_trace_load(path, &t, &err) == TARN_OK);
    tarn_trace_destroy(t);
    unlink(path);
    CHECK(tarn_trace_load(path, &t, &err) == TARN_IO);
    finish();
}
#endif

/* ------------------------------------------------------------------- memory */
static void test_every_allocation_may_fail(void)
{
    golden_turn();
    write_out(turn.trace);
    const int64_t held = tarn_memory_held();
    struct tarn_error err;
    enum tarn_status s = TARN_NO_MEMORY;
    uint64_t k = 0;
    while (s && k < 1000) {
        tarn_memory_fail_at(++k, false);
        s = status_of(text.data, text.size, &err);
        tarn_memory_fail_at(0, false);
        CHECK_SAYS(s == TARN_OK || s == TARN_NO_MEMORY, "%llu: %s",
                   (unsigned long long)k, err.text);
        CHECK(tarn_memory_held() == held);
    }
    CHECK(k > 5 && k < 1000);
    struct tarn_buf b = { 0 };
    tarn_memory_fail_at(1, true);
    CHECK(tarn_trace_write(turn.trace, &b, &err) == TARN_NO_MEMORY);
    tarn_memory_fail_at(0, false);
    tarn_buf_finish(&b);
    finish();
}

static void test_recording_may_fail(void)
{
    for (uint64_t k = 1; k < 12; k++) {
        begin_with(&thinking, &LARGE);
        draw(THINK);
        tarn_memory_fail_at(k, false);
        add_random(300, &LARGE);
        tarn_memory_fail_at(0, false);
        struct tarn_buf b = { 0 };
        struct tarn_error err;
        if (tarn_trace_failed(turn.trace))
            CHECK(tarn_trace_write(turn.trace, &b, &err) == TARN_NO_MEMORY);
        (void)tarn_trace_summary(turn.trace);
        tarn_buf_finish(&b);
        finish();
    }
}

int main(int argc, char **argv)
{
    golden = argc > 1 ? argv[1] : "golden-1.json";
#if defined(MEASURES_MEMORY)
    program = argv[0];
    if (argc > 3 && !strcmp(argv[2], "measure"))
        return measure(argv[3]);
#endif
    if (argc > 2) {
        golden_turn();
        return (int)tarn_trace_save(turn.trace, golden, NULL);
    }
    RUN(test_streamed_and_loaded_agree);
    RUN(test_the_state_is_optional);
    RUN(test_10000_tokens_with_experts_below_8_mb);
    RUN(test_golden_file_of_version_1);
    RUN(test_f06_cut_anywhere_is_refused);
    RUN(test_f06_any_byte_changed);
    RUN(test_f06_hostile_numbers);
    RUN(test_f06_depth_and_length);
#if defined(MEASURES_MEMORY)
    RUN(test_f06_reading_takes_at_most_4_times_the_file);
#endif
    RUN(test_f06_markup_is_text);
    RUN(test_report_of_the_golden_trace);
#if !defined(__wasm__)
    RUN(test_f07_only_its_owner_may_read_it);
#endif
    RUN(test_every_allocation_may_fail);
    RUN(test_recording_may_fail);
    tarn_buf_finish(&text);
    return tap_end();
}
