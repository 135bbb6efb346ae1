/* circle_test.c - 100 streams of tokens that go round in circles, 1,000 that
 * do not: every circle is found where it must be, at most 5 false alarms.
 *
 *   circle_test FOLDER_OF_ORACLE
 *
 * The texts come from a seeded generator.  Ordinary are prose, source code,
 * CSV, logs, lists, digits, tables of numbers, JSON, diffs, dialogues. */
#include "core/trace/circle.h"

#include "core/base/buf.h"
#include "core/gguf/gguf.h"
#include "core/text/text.h"
#include "tests/tap.h"

#define MOST 8192
#define NEVER UINT32_MAX

static struct tarn_gguf *gguf;
static struct tarn_text *text;
static uint64_t state;

static uint32_t draw(uint32_t n) /* 0 .. n - 1 */
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) % n);
}

static const char *const WORDS[] = {
    "the", "a", "of", "value", "file", "we", "can", "number", "first", "each",
    "token", "is", "then", "so", "but", "sum", "river", "table", "when", "page",
    "light", "model", "and", "to", "in", "answer", "count", "letter", "if", "it",
    "small", "large", "house", "step", "carry", "digit", "line", "read", "write",
    "time", "point", "because", "not", "garden", "window", "paper", "seven",
    "stone", "winter", "minus", "over", "under", "green", "slowly", "again",
    "begin", "end", "loop", "check", "right", "left", "order", "list", "word",
};
#define N_WORDS (sizeof WORDS / sizeof *WORDS)

static const char *word(void)
{
    return WORDS[draw(N_WORDS)];
}

/* A step's beginning that tells it apart: no two paragraphs are the same. */
static void sentence(struct tarn_buf *b)
{
    const uint32_t n = 5 + draw(14);
    for (uint32_t i = 0; i < n; i++)
        tarn_buf_printf(b, "%s%s", i ? " " : "", word());
    tarn_buf_text(b, draw(6) ? ". " : draw(2) ? "? " : "! ");
}

static void paragraph(struct tarn_buf *b)
{
    for (uint32_t n = 1 + draw(5); n > 0; n--)
        sentence(b);
    tarn_buf_text(b, "\n\n");
}

/* ------------------------------------------------------------- ordinary texts */
static void prose(struct tarn_buf *b)
{
    for (uint32_t n = 4 + draw(12); n > 0; n--) {
        if (draw(5) == 0)
            tarn_buf_printf(b, "## %s %s\n\n", word(), word());
        paragraph(b);
    }
}

static void code(struct tarn_buf *b)
{
    for (uint32_t n = 3 + draw(10); n > 0; n--) {
        const char *name = word(), *x = word();
        tarn_buf_printf(b, "static int %s_%s(int %s)\n{\n", name, word(), x);
        for (uint32_t k = 1 + draw(4); k > 0; k--)
            tarn_buf_printf(b, "    if (%s > %u)\n        return %s + %u;\n", x,
                            draw(100), x, draw(9));
        for (uint32_t k = draw(3); k > 0; k--)
            tarn_buf_printf(b, "    for (int i = 0; i < %u; i++)\n"
                               "        %s[i] = %s(i, %u);\n",
                            draw(64), word(), word(), draw(10));
        tarn_buf_text(b, "    return 0;\n}\n\n");
    }
}

static void csv(struct tarn_buf *b)
{
    const uint32_t columns = 3 + draw(6);
    for (uint32_t c = 0; c < columns; c++)
        tarn_buf_printf(b, "%s%s", c ? "," : "", word());
    for (uint32_t r = 0, n = 10 + draw(40); r < n; r++) {
        tarn_buf_printf(b, "\n%u", r + 1);
        for (uint32_t c = 1; c < columns; c++)
            if (c == 1)
                tarn_buf_text(b, ",open"); /* the same in every line */
            else if (c % 2)
                tarn_buf_printf(b, ",%s", word());
            else
                tarn_buf_printf(b, ",%u.%02u", draw(1000), draw(100));
    }
}

static void logs(struct tarn_buf *b)
{
    static const char *const LEVELS[] = { "INFO", "WARN", "ERROR", "DEBUG" };
    uint32_t ms = draw(86400000);
    const char *job = word();
    for (uint32_t n = 10 + draw(40); n > 0; n--) {
        ms += draw(3000);
        tarn_buf_printf(b, "2026-11-%02u %02u:%02u:%02u.%03u [%s] %s: ",
                        1 + draw(28), ms / 3600000 % 24, ms / 60000 % 60,
                        ms / 1000 % 60, ms % 1000, LEVELS[draw(4)], job);
        if (draw(3))
            tarn_buf_printf(b, "connection %u was closed, retrying\n",
                            draw(4000));
        else
            tarn_buf_printf(b, "%s %s took %u ms\n", word(), word(), draw(900));
    }
}

static void list(struct tarn_buf *b)
{
    const uint32_t kind = draw(4);
    for (uint32_t i = 1, n = 15 + draw(60); i <= n; i++)
        if (kind == 0)
            tarn_buf_printf(b, "%u. %s\n", i, word());
        else if (kind == 1)
            tarn_buf_printf(b, "- %s %s: %u\n", word(), word(), draw(50));
        else if (kind == 2)
            tarn_buf_printf(b, "%u, ", i);
        else
            tarn_buf_printf(b, "Step %u: add %u, carry %u.\n", i, draw(10),
                            draw(2));
}

static void digits(struct tarn_buf *b)
{
    const uint32_t kind = draw(3);
    for (uint32_t i = 0, n = 100 + draw(500); i < n; i++) {
        if (kind == 0)
            tarn_buf_printf(b, "%u", draw(10));
        else if (kind == 1)
            tarn_buf_printf(b, "%u%s", draw(10), i % 10 == 9 ? " " : "");
        else
            tarn_buf_printf(b, "%02x%s", draw(256), i % 16 == 15 ? "\n" : " ");
    }
}

static void table(struct tarn_buf *b)
{
    const uint32_t kind = draw(3), columns = 3 + draw(6);
    for (uint32_t r = 1, n = 8 + draw(20); r <= n; r++) {
        for (uint32_t c = 1; c <= columns; c++)
            if (kind == 0)
                tarn_buf_printf(b, "%4u", r * c);
            else if (kind == 1)
                tarn_buf_printf(b, "| %d ", (int)draw(200) - 100);
            else
                tarn_buf_printf(b, "%u.%u\t", draw(2), draw(100));
        tarn_buf_text(b, kind == 1 ? "|\n" : "\n");
    }
}

static void json(struct tarn_buf *b)
{
    tarn_buf_text(b, "[\n");
    for (uint32_t n = 6 + draw(25); n > 0; n--)
        tarn_buf_printf(b, "  {\"id\": %u, \"name\": \"%s\", \"active\": %s, "
                           "\"tags\": [\"%s\"]},\n",
                        draw(10000), word(), draw(2) ? "true" : "false",
                        word());
    tarn_buf_text(b, "]\n");
}

static void diff(struct tarn_buf *b)
{
    for (uint32_t n = 3 + draw(8); n > 0; n--) {
        const uint32_t at = draw(400);
        tarn_buf_printf(b, "@@ -%u,3 +%u,3 @@\n", at, at);
        for (uint32_t k = 2 + draw(6); k > 0; k--)
            tarn_buf_printf(b, "%c    %s = %s;\n", "+- "[draw(3)], word(),
                            word());
    }
}

static void dialogue(struct tarn_buf *b)
{
    for (uint32_t n = 10 + draw(25); n > 0; n--) {
        tarn_buf_printf(b, "%s: ", n % 2 ? "Question" : "Answer");
        sentence(b);
        tarn_buf_text(b, "\n");
    }
}

/* ------------------------------------------------------------------- streams */
struct stream {
    int32_t ids[MOST];
    uint32_t n;
};

static void encode(struct stream *s, const struct tarn_buf *b)
{
    struct tarn_ids ids = { 0 };
    CHECK(!b->failed &&
          !tarn_text_encode(text, b->data, b->size, &ids, NULL));
    s->n = 0;
    for (size_t i = 0; i < ids.n && s->n < MOST; i++)
        s->ids[s->n++] = ids.at[i];
    tarn_ids_finish(&ids);
}

/* Where the first circle shows; NEVER: nowhere. */
static uint32_t first_circle(const struct stream *s,
                             struct tarn_circle_found *found)
{
    static struct tarn_circle c;
    tarn_circle_init(&c);
    for (uint32_t i = 0; i < s->n; i++) {
        size_t size;
        const char *bytes = tarn_text_bytes(text, s->ids[i], &size);
        if (tarn_circle_token(&c, s->ids[i], bytes, size, found))
            return i;
    }
    return NEVER;
}

/* The definition, word for word: the first token at which some period P up to
 * 256 has m >= 2 P and m + P >= 48. */
static uint32_t first_exact(const struct stream *s, uint32_t *back_to)
{
    for (uint32_t t = 0; t < s->n; t++)
        for (uint32_t p = 1; p <= 256 && p <= t; p++) {
            uint32_t m = 0;
            while (m + p <= t && s->ids[t - m] == s->ids[t - m - p])
                m++;
            if (m >= 2 * p && m + p >= 48) {
                *back_to = t - m + 1;
                return t;
            }
        }
    return NEVER;
}

static const struct {
    const char *name;
    void (*write)(struct tarn_buf *b);
} KINDS[] = {
    { "prose", prose }, { "source code", code }, { "CSV", csv },
    { "logs", logs },   { "lists", list },       { "digits", digits },
    { "tables", table }, { "JSON", json },       { "diffs", diff },
    { "dialogues", dialogue },
};
#define N_KINDS (sizeof KINDS / sizeof *KINDS)

static void test_ordinary_streams_are_left_alone(void)
{
    static struct stream s;
    const uint32_t n = 1000;
    uint32_t alarms = 0, tokens = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct tarn_buf b = { 0 };
        struct tarn_circle_found f;
        state = 1000 + i;
        KINDS[i % N_KINDS].write(&b);
        encode(&s, &b);
        tokens += s.n;
        const uint32_t at = first_circle(&s, &f);
        if (at != NEVER) {
            printf("# false alarm in stream %u (%s) at token %u, %s\n", i,
                   KINDS[i % N_KINDS].name, at,
                   f.by_step ? "by step" : "exactly");
            alarms++;
        }
        tarn_buf_finish(&b);
    }
    printf("# %u streams, %u tokens, %u false alarms\n", n, tokens, alarms);
    CHECK_SAYS(alarms <= 5, "%u false alarms", alarms);
}

/* Any text, then a piece of it over and over, cut anywhere. */
static void test_exact_circles_are_found_at_once(void)
{
    static struct stream s;
    for (uint32_t i = 0; i < 60; i++) {
        struct tarn_buf b = { 0 };
        struct tarn_circle_found f = { .by_step = true };
        uint32_t back_to = 0;
        state = 5000 + i;
        KINDS[i % N_KINDS].write(&b);
        encode(&s, &b);
        const uint32_t lead = s.n < 600 ? s.n / 2 : 300;
        uint32_t period = i < 6 ? i + 1 : 1 + draw(i % 2 ? 40 : 256);
        period = period < s.n - lead ? period : s.n - lead;
        period = period < 256 ? period : 256;
        s.n = lead + period;
        for (uint32_t k = 0; k < 3 * period + 60; k++, s.n++)
            s.ids[s.n] = s.ids[s.n - period];
        const uint32_t want = first_exact(&s, &back_to);
        const uint32_t at = first_circle(&s, &f);
        /* Its steps may have come three times before. */
        CHECK_SAYS(want != NEVER && (f.by_step ? at <= want
                                               : at == want &&
                                                     f.back_to == back_to),
                   "stream %u, period %u: at %u back to %u, wanted %u back to "
                   "%u",
                   i, period, at, f.back_to, want, back_to);
        tarn_buf_finish(&b);
    }
}

static void upper(struct tarn_buf *to, const char *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tarn_buf_byte(to, from[i] >= 'a' && from[i] <= 'z' ? from[i] - 32
                                                           : from[i]);
}

/* The tokens alone, whatever the steps do. */
static void test_exact_circles_beside_their_definition(void)
{
    static struct stream s;
    static struct tarn_loop loop;
    for (uint32_t i = 0; i < 60; i++) {
        struct tarn_loop_found f = { 0 };
        uint32_t back_to = 0, at = NEVER;
        state = 6000 + i;
        s.n = 0;
        while (s.n < 300) /* few letters: short circles come and go */
            s.ids[s.n++] = (int32_t)draw(2 + i % 5);
        const uint32_t period = 1 + draw(255);
        for (uint32_t k = 0; k < 3 * period + 50; k++, s.n++)
            s.ids[s.n] = s.ids[s.n - period];
        tarn_loop_init(&loop);
        for (uint32_t k = 0; k < s.n && at == NEVER; k++)
            if (tarn_loop_token(&loop, s.ids[k], &f))
                at = k;
        const uint32_t want = first_exact(&s, &back_to);
        CHECK_SAYS(at == want && f.back_to == back_to,
                   "stream %u: at %u back to %u, wanted %u back to %u", i, at,
                   f.back_to, want, back_to);
    }
}

/* The same step three times among 16, others between, spelled differently:
 * found where the step behind the third one begins, back to the second. */
static void test_circles_by_step_are_found(void)
{
    static struct stream s;
    for (uint32_t i = 0; i < 40; i++) {
        struct tarn_buf b = { 0 }, same = { 0 };
        struct tarn_circle_found f = { .by_step = false };
        size_t second = 0, third_end = 0;
        state = 9000 + i;
        while (same.size < 80)
            sentence(&same);
        const uint32_t between = draw(7); /* at most 14 others in all */
        for (int time = 0; time < 3; time++) {
            for (uint32_t k = 0; k < between; k++) {
                tarn_buf_printf(&b, "Way %u of %d: ", k, time);
                sentence(&b);
                sentence(&b);
                tarn_buf_text(&b, "\n\n");
            }
            if (time == 1)
                second = b.size;
            if (time == 2 && i % 2)
                upper(&b, same.data, same.size);
            else
                tarn_buf_add(&b, same.data, same.size);
            tarn_buf_text(&b, time == 1 && i % 3 == 0 ? "  \n\n" : "\n\n");
        }
        third_end = b.size;
        tarn_buf_text(&b, "Something else follows here.");
        encode(&s, &b);
        const uint32_t at = first_circle(&s, &f);
        size_t size, bytes_to = 0, bytes_at = 0;
        uint32_t back_to;
        if (at != NEVER && !f.by_step) { /* nothing between: exact as well */
            CHECK(between == 0 && first_exact(&s, &back_to) == at);
            tarn_buf_finish(&b);
            tarn_buf_finish(&same);
            continue;
        }
        for (uint32_t k = 0; k < s.n; k++) {
            tarn_text_bytes(text, s.ids[k], &size);
            bytes_to += k < f.back_to ? size : 0;
            bytes_at += at != NEVER && k <= at ? size : 0;
        }
        /* A token may hold the line feeds before and the first letters. */
        CHECK_SAYS(at != NEVER && f.by_step && bytes_at > third_end &&
                       bytes_at < third_end + 16 && bytes_to <= second &&
                       bytes_to + 16 > second,
                   "stream %u: at token %u (byte %zu, wanted %zu), back to "
                   "byte %zu, wanted %zu",
                   i, at, bytes_at, third_end, bytes_to, second);
        tarn_buf_finish(&b);
        tarn_buf_finish(&same);
    }
}

/* Three times, but too far apart, or too short. */
static void test_what_is_no_circle_by_step(void)
{
    static struct stream s;
    for (int kind = 0; kind < 2; kind++) {
        struct tarn_buf b = { 0 };
        struct tarn_circle_found f;
        state = 77;
        for (int time = 0; time < 3; time++) {
            tarn_buf_text(&b, kind ? "Yes.\n\n"
                                   : "So the sum of the two numbers is seventeen "
                                     "and nothing is left to carry.\n\n");
            for (uint32_t k = 0; k < (kind ? 3u : 8u); k++) {
                tarn_buf_printf(&b, "Another way %u, %d: ", k, time);
                sentence(&b);
                sentence(&b);
                tarn_buf_text(&b, "\n\n");
            }
        }
        encode(&s, &b);
        CHECK_SAYS(first_circle(&s, &f) == NEVER, "%d", kind);
        tarn_buf_finish(&b);
    }
}

int main(int argc, char **argv)
{
    char path[512];
    struct tarn_error err = { TARN_OK, "" };
    snprintf(path, sizeof path, "%s/tokenizer/vocab.gguf",
             argc > 1 ? argv[1] : "tests/oracle");
    if (tarn_gguf_open(path, &gguf, &err) ||
        tarn_text_open(gguf, &text, &err)) {
        printf("Bail out! %s\n", err.text);
        return 1;
    }
    RUN(test_ordinary_streams_are_left_alone);
    RUN(test_exact_circles_are_found_at_once);
    RUN(test_exact_circles_beside_their_definition);
    RUN(test_circles_by_step_are_found);
    RUN(test_what_is_no_circle_by_step);
    tarn_text_close(text);
    tarn_gguf_close(gguf);
    return tap_end();
}
