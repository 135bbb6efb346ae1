/* view_test.c - the display list: never more than a face can paint, the same
 * everywhere (also in WebAssembly), and its inverse.
 *
 *   view_test [count N]   makes N lists of 10,000 tokens x 22 layers and does
 *                         nothing else, to be counted (core/trace/README.md)
 */
#include <stdlib.h>

#include "core/base/hash.h"
#include "core/trace/view.h"
#include "tests/trace/turn.h"

static uint32_t seed;

static uint32_t next(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static float unit(void)
{
    return (float)next() / 16777216.0f;
}

/* ------------------------------------------------------------------ a record */
static const struct tarn_trace_info LARGE = {
    .size = sizeof LARGE, .model = "LFM2.5-8B-A1B", .backend = "cpu-avx2",
    .n_vocab = N_VOCAB, .seed = 7, .unix_ms = 1790000000000,
    .n_moe_layers = 22, .n_expert = 32, .n_expert_used = 4
};

static void give_experts(void)
{
    uint16_t ids[22 * 4];
    float gates[22 * 4];
    for (uint32_t k = 0; k < 22 * 4; k++) {
        ids[k] = (uint16_t)((next() % 4 * (k / 4 + 1) + next() % 3) % 32);
        gates[k] = 0.25f;
    }
    tarn_trace_experts(turn.trace, ids, gates);
}

/* A word with figures that rise and fall; sometimes the end of a paragraph. */
static void word(uint32_t i, bool experts)
{
    const uint32_t r = next() % 100;
    const float bits = r < 70 ? unit() * 0.2f : unit() * (i / 40 % 5 ? 1 : 5);
    const float p1 = 1 - bits * 0.18f;
    turn.ms += (double)unit() * (r == 3 ? 400 : 20);
    token(r == 99 ? W_BREAK : r & 1 ? W_WORD : W_OTHER, bits,
          r == 50 ? p1 * 0.3f : p1, p1 * unit() * 0.9f, false);
    if (experts)
        give_experts();
}

/* The last n tokens are taken back; the thought stays open. */
static void lose(uint32_t n)
{
    turn.n -= n;
    tell((struct tarn_event){ .kind = TARN_EV_WITHDRAWN, .at = turn.n,
                              .span = TARN_SPAN_THOUGHT, .total = n });
}

static struct tarn_trace_view *make(uint32_t n, bool experts)
{
    struct tarn_trace_view *v = NULL;
    struct tarn_error err;
    seed = 5;
    begin_with(&thinking, experts ? &LARGE : &INFO);
    draw(THINK);
    for (uint32_t i = 0; i < n; i++) {
        word(i, experts);
        if (i % 997 == 500 && n > 1000)
            lose(96);
        if (i % 701 == 700) { /* an answer with a call, and it thinks again */
            draw(CLOSE), draw('a'), draw(CALL), draw(W_CALL), draw(CALL_END);
            draw(THINK);
        }
    }
    force(CLOSE), draws('a', n / 20), draw(END);
    stop(TARN_STOP_END);
    CHECK(!tarn_trace_view_create(turn.trace, &v, &err));
    return v;
}

static struct tarn_view_options options(int32_t width, uint32_t zoom,
                                        int32_t layer)
{
    return (struct tarn_view_options){ .size = sizeof(struct tarn_view_options),
                                       .width = width, .zoom = zoom,
                                       .layer = layer,
                                       .hidden = TARN_LANES_OFF,
                                       .selected = TARN_VIEW_NOTHING };
}

/* What the turn was asked and how large its state is: the state has a lane. */
enum { N_PROMPT = 700, PAGE = 256 };
static void give_state(uint32_t page)
{
    static const int32_t prompt[N_PROMPT];
    const struct tarn_trace_turn asked = {
        .prompt = prompt, .n_prompt = N_PROMPT,
        .sampling = tarn_sampling_default(), .n_context = 32768,
        .page_tokens = page, .page_bytes = 3145728, .tail_bytes = 884736
    };
    CHECK(!tarn_trace_set_turn(turn.trace, &asked, NULL));
}

static const uint32_t ZOOMS[] = { 0, 1, 300, 4000, 20000, 65535, 65536, 98303,
                                  98304, 110000, 131072, 200000, 393215,
                                  393216, 1000000, 20 * 65536, 72 * 65536,
                                  160 * 65536 };
enum { N_ZOOMS = sizeof ZOOMS / sizeof *ZOOMS };

/* ---------------------------------------------------------------- how many */
/* Items of a lane over the plot's width; what is inside a box of its own. */
static void check_counts(const struct tarn_view_list *l, uint32_t zoom)
{
    size_t n[TARN_N_LANES] = { 0 };
    bool good = true;
    for (size_t i = 0; i < l->n; i++) {
        const struct tarn_view_item *k = &l->items[i];
        n[k->lane]++;
        good &= k->x >= -30 && k->x + k->w <= l->width + 30 && k->w >= 0 &&
                k->y >= -60 && k->y + k->h <= l->height + 2;
        good &= k->kind == TARN_VIEW_HEAT
                    ? k->at + k->size <= l->cells.size
                    : k->at + k->size <= l->text.size;
    }
    CHECK_SAYS(good, "zoom %u: an item is outside", zoom);
    for (int i = 0; i < TARN_N_LANES; i++)
        CHECK_SAYS(n[i] <= 4 * (size_t)l->plot_w, "zoom %u, lane %d: %zu items",
                   zoom, i, n[i]);
}

static void test_at_most_4_items_per_lane_and_pixel(void)
{
    struct tarn_trace_view *v = make(10000, true);
    struct tarn_view_list l = { 0 };
    CHECK(tarn_trace_view_columns(v) > 8000);
    for (int i = 0; i < N_ZOOMS; i++)
        for (int32_t layer = -1; layer < 22; layer += 14) {
            struct tarn_view_options o = options(760, ZOOMS[i], layer);
            for (int at = 0; at < 3; at++) {
                o.scroll = at * 2500;
                o.hidden = at == 1 ? TARN_LANES_OFF : 0;
                give_state(at ? PAGE : 1); /* a page of 1: steps below 1 px */
                o.selected = at == 1 ? 4000 : TARN_VIEW_NOTHING;
                tarn_trace_view_list(v, &o, &l);
                CHECK(!l.failed);
                check_counts(&l, ZOOMS[i]);
            }
        }
    tarn_view_list_finish(&l);
    tarn_trace_view_destroy(v);
    finish();
}

/* -------------------------------------------------------------- the same */
static uint64_t hash_of(const struct tarn_view_list *l)
{
    uint64_t h = TARN_FNV1A_START;
    for (size_t i = 0; i < l->n; i++) {
        const struct tarn_view_item *k = &l->items[i];
        const int32_t all[] = { k->kind, k->lane, k->role, k->edge, k->x, k->y,
                                k->w, k->h, (int32_t)k->token, (int32_t)k->n,
                                (int32_t)k->at, (int32_t)k->size,
                                (int32_t)k->detail };
        h = tarn_fnv1a(h, all, sizeof all);
    }
    if (l->text.size)
        h = tarn_fnv1a(h, l->text.data, l->text.size);
    return l->cells.size ? tarn_fnv1a(h, l->cells.data, l->cells.size) : h;
}

/* The numbers are from a native build; they change with the look only. */
static void test_lists_are_golden(void)
{
    static const uint64_t GOLDEN[3][N_ZOOMS] = {
#include "tests/trace/view_golden.inc"
    };
    struct tarn_view_list l = { 0 };
    for (int e = 0; e < 3; e++) { /* the last ones with their state */
        struct tarn_trace_view *v = make(3000, e);
        if (e == 2)
            give_state(PAGE);
        for (int i = 0; i < N_ZOOMS; i++) {
            struct tarn_view_options o = options(760, ZOOMS[i], i % 4 - 1);
            o.scroll = 90 * i;
            o.selected = 40;
            o.hidden = e == 2 ? 0 : TARN_LANES_OFF;
            tarn_trace_view_list(v, &o, &l);
            const uint64_t h = hash_of(&l);
            CHECK_SAYS(h == GOLDEN[e][i], "UINT64_C(0x%016llx), zoom %u",
                       (unsigned long long)h, ZOOMS[i]);
        }
        tarn_trace_view_destroy(v);
        finish();
    }
    tarn_view_list_finish(&l);
}

/* A view that grew token by token is the one made at the end. */
static void test_a_growing_view_is_the_same(void)
{
    struct tarn_view_list l = { 0 };
    struct tarn_trace_view *late = make(2500, true), *grown = NULL;
    const struct tarn_view_options o = options(760, 0, 3);
    tarn_trace_view_list(late, &o, &l);
    const uint64_t want = hash_of(&l);
    tarn_trace_view_destroy(late);
    finish();
    seed = 5;
    begin_with(&thinking, &LARGE);
    CHECK(!tarn_trace_view_create(turn.trace, &grown, NULL));
    tarn_trace_view_list(grown, &o, &l); /* nothing there yet */
    CHECK(l.n > 0 && !l.failed && l.content == 0);
    draw(THINK);
    for (uint32_t i = 0; i < 2500; i++) {
        word(i, true);
        if (i % 997 == 500)
            lose(96);
        if (i % 701 == 700) {
            draw(CLOSE), draw('a'), draw(CALL), draw(W_CALL), draw(CALL_END);
            draw(THINK);
        }
        CHECK(tarn_trace_view_update(grown));
        if (i % 500 == 0)
            tarn_trace_view_list(grown, &o, &l);
    }
    force(CLOSE), draws('a', 2500 / 20), draw(END);
    stop(TARN_STOP_END);
    CHECK(tarn_trace_view_update(grown));
    tarn_trace_view_list(grown, &o, &l);
    CHECK(hash_of(&l) == want);
    tarn_view_list_finish(&l);
    tarn_trace_view_destroy(grown);
    finish();
}

/* --------------------------------------------------------------- the inverse */
static bool inside(const struct tarn_view_item *k, int32_t x, int32_t y)
{
    return x >= k->x && x < k->x + k->w && y >= k->y && y < k->y + k->h;
}

static bool one_per_column(const struct tarn_view_item *k)
{
    return k->token != TARN_VIEW_NOTHING &&
           (k->lane == TARN_LANE_ENTROPY || k->lane == TARN_LANE_CHOSEN ||
            k->lane == TARN_LANE_TIME);
}

static size_t check_point(const struct tarn_trace_view *v,
                          const struct tarn_view_options *o,
                          const struct tarn_view_list *l, int32_t x, int32_t y)
{
    const struct tarn_view_point p = tarn_trace_view_at(v, o, x, y);
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct tarn_view_item *k = &l->items[i];
        if (!inside(k, x, y) || !one_per_column(k))
            continue;
        CHECK_SAYS(p.first == k->token && p.n == k->n,
                   "zoom %u, %d %d: token %u, but %u lies there", o->zoom, x, y,
                   p.first, k->token);
        n++;
    }
    if (p.lane == TARN_LANE_OTHERS && p.candidate != TARN_VIEW_NOTHING)
        CHECK(p.candidate < 8);
    if (p.token != TARN_VIEW_NOTHING) {
        const uint32_t col = tarn_trace_view_column(v, p.token);
        const uint32_t first = tarn_trace_view_column(v, p.first);
        CHECK(col >= first && col < first + p.n);
        CHECK(tarn_trace_view_token(v, col) == p.token);
    }
    return n;
}

static void test_a_point_finds_what_lies_there(void)
{
    struct tarn_trace_view *v = make(5000, true);
    struct tarn_view_list l = { 0 };
    size_t n = 0;
    seed = 77;
    for (int i = 0; i < 1000; i++) {
        struct tarn_view_options o = options(
            500 + (int32_t)(next() % 400), ZOOMS[next() % N_ZOOMS],
            (int32_t)(next() % 23) - 1);
        o.scroll = next() % 4000;
        tarn_trace_view_list(v, &o, &l);
        check_point(v, &o, &l, l.plot_x + (int32_t)(next() %
                    (uint32_t)l.plot_w), (int32_t)(next() %
                    (uint32_t)l.height));
        const struct tarn_view_item *k;
        uint32_t tries = 0;
        do { /* and one within a bar */
            k = &l.items[next() % l.n];
        } while (!(one_per_column(k) && k->w > 0 && k->h > 0) &&
                 ++tries < 10000);
        if (tries < 10000)
            n += check_point(v, &o, &l,
                             k->x + (int32_t)(next() % (uint32_t)k->w),
                             k->y + (int32_t)(next() % (uint32_t)k->h));
    }
    CHECK_SAYS(n >= 1000, "only %zu points in bars", n);
    tarn_view_list_finish(&l);
    tarn_trace_view_destroy(v);
    finish();
}

/* Every dot is found at its middle, every expert at its row. */
static void test_candidates_and_experts_are_found(void)
{
    struct tarn_trace_view *v = make(300, true);
    struct tarn_view_list l = { 0 };
    const struct tarn_view_options o = options(2000, 8 * 65536, 5);
    size_t n = 0;
    tarn_trace_view_list(v, &o, &l);
    for (size_t i = 0; i < l.n; i++) {
        const struct tarn_view_item *k = &l.items[i];
        const struct tarn_view_point p =
            tarn_trace_view_at(v, &o, k->x + k->w / 2, k->y + k->h / 2);
        if (k->kind == TARN_VIEW_HEAT)
            for (uint32_t e = 0; e < 32; e++) {
                const struct tarn_view_point q = tarn_trace_view_at(
                    v, &o, k->x + 40, k->y + (int32_t)e * 4 + 2);
                CHECK(q.layer == 5 && q.expert == e);
            }
        if (k->lane != TARN_LANE_OTHERS || k->token == TARN_VIEW_NOTHING)
            continue;
        n++;
        CHECK_SAYS(p.token == k->token && p.candidate == k->detail,
                   "token %u candidate %u, not %u %u", k->token, k->detail,
                   p.token, p.candidate);
    }
    CHECK_SAYS(n > 20, "%zu dots", n);
    tarn_view_list_finish(&l);
    tarn_trace_view_destroy(v);
    finish();
}

/* -------------------------------------------------------------------- state */
/* Pages begin where the prompt and the columns before fill whole ones; each
 * stands higher; what is used rises to its page's end; a point finds both. */
static void check_steps(const struct tarn_trace_view *v,
                        const struct tarn_view_options *o,
                        const struct tarn_view_list *l)
{
    uint32_t col = 0, n_columns = tarn_trace_view_columns(v);
    int32_t last_h = 0, last_y = INT32_MAX;
    for (size_t i = 0; i < l->n; i++) {
        const struct tarn_view_item *k = &l->items[i];
        if (k->lane != TARN_LANE_STATE || k->token == TARN_VIEW_NOTHING)
            continue;
        if (k->kind == TARN_VIEW_LINE)
            CHECK(k->y <= last_y && k->h <= 0);
        last_y = k->kind == TARN_VIEW_LINE ? k->y + k->h : last_y;
        if (k->kind != TARN_VIEW_BAR)
            continue;
        CHECK_SAYS(tarn_trace_view_column(v, k->token) == col,
                   "a page begins at token %u, not column %u", k->token, col);
        col += k->n;
        CHECK(k->n <= PAGE && ((N_PROMPT + col) % PAGE == 0 ||
                               col == n_columns));
        CHECK_SAYS(k->h > last_h, "%d, then %d px", last_h, k->h);
        last_h = k->h;
        const struct tarn_view_point p =
            tarn_trace_view_at(v, o, k->x + k->w / 2, k->y + k->h / 2);
        CHECK(p.lane == TARN_LANE_STATE && p.first >= k->token);
        CHECK(tarn_trace_view_column(v, p.token) < col);
    }
    CHECK(col == n_columns && last_h == 14); /* 15 pages of 16 */
}

/* One for each piece that was taken back, from where it had come to. */
static void check_falls(const struct tarn_trace_view *v,
                        const struct tarn_view_list *l)
{
    size_t n, falls = 0;
    const struct tarn_trace_loop *loops = tarn_trace_loops(turn.trace, &n);
    for (size_t i = 0; i < l->n; i++) {
        const struct tarn_view_item *k = &l->items[i];
        if (k->lane != TARN_LANE_STATE || k->kind != TARN_VIEW_RECT)
            continue;
        CHECK(falls < n && k->token == loops[falls].first && k->h >= 3);
        CHECK(k->role == TARN_ROLE_ACCENT && k->n == loops[falls].n);
        falls++;
    }
    CHECK(falls == n && n == 3 && tarn_trace_view_columns(v) > 0);
}

static void test_the_state_has_steps_at_page_borders(void)
{
    struct tarn_trace_view *v = make(2900, true);
    struct tarn_view_list l = { 0 };
    struct tarn_view_options o = options(900, 0, -1);
    struct tarn_buf b = { 0 };
    int said = 0;
    tarn_trace_view_list(v, &o, &l);
    const int32_t low = l.height;
    for (size_t i = 0; i < l.n; i++)
        CHECK(l.items[i].lane != TARN_LANE_STATE);
    o.hidden = 0;
    tarn_trace_view_list(v, &o, &l);
    CHECK(l.height == low + 28); /* with the gap above it */
    for (size_t i = 0; i < l.n; i++)
        said += l.items[i].lane == TARN_LANE_STATE &&
                !memcmp(l.text.data + l.items[i].at, "not recorded", 12);
    CHECK(said == 1);
    tarn_view_tell_state(turn.trace, 12, &b);
    CHECK(b.size == 0);
    give_state(PAGE);
    tarn_trace_view_list(v, &o, &l);
    check_steps(v, &o, &l);
    check_falls(v, &l);
    tarn_view_tell_state(turn.trace, 12, &b);
    CHECK_SAYS(b.data && !strcmp(b.data, ", context 713 of 32,768 tokens, "
                                         "state 10 MB"), "%s", b.data);
    tarn_buf_clear(&b);
    tarn_view_tell_state(turn.trace, 500, &b); /* taken back */
    CHECK(b.size == 0);
    tarn_trace_report(turn.trace, &b);
    CHECK(strstr(b.data, "\ncontext 3,484 of 32,768 tokens, state 45 MB in 14 "
                         "pages\n"));
    tarn_buf_finish(&b);
    tarn_view_list_finish(&l);
    tarn_trace_view_destroy(v);
    finish();
}

/* --------------------------------------------------------------------- rest */
static void test_a_token_in_words(void)
{
    struct tarn_trace_view *v = make(100, true);
    struct tarn_buf b = { 0 };
    tarn_view_tell(turn.trace, 12, &b);
    CHECK_SAYS(b.data && !strncmp(b.data, "token 12 of 108, thought, step 1, "
                                          "\u201c ", 37), "%s", b.data);
    tarn_buf_clear(&b);
    tarn_view_tell(turn.trace, 100000, &b);
    CHECK(b.size == 0);
    tarn_buf_finish(&b);
    tarn_trace_view_destroy(v);
    finish();
}

/* What a person would not see in the picture is said. */
static void test_turn_backs_and_slow_tokens_are_told(void)
{
    struct tarn_trace_view *v = NULL;
    struct tarn_buf b = { 0 };
    begin();
    draw(THINK), draws(W_WORD, 14), draw(W_BREAK), draw(W_WAIT);
    draws(W_WORD, 3);
    turn.ms += 50; /* 60, the others 10 */
    draw(W_WORD), draw(CLOSE), draw('a'), draw(END);
    stop(TARN_STOP_END);
    tarn_view_tell(turn.trace, 14, &b);
    CHECK_SAYS(strstr(b.data, "step 1, ") != NULL, "%s", b.data);
    tarn_buf_clear(&b);
    tarn_view_tell(turn.trace, 17, &b);
    CHECK_SAYS(strstr(b.data, "step 2 (turn-back), ") != NULL, "%s", b.data);
    tarn_buf_finish(&b);
    CHECK(!tarn_trace_view_create(turn.trace, &v, NULL));
    for (uint32_t i = 0; i < 30; i++)
        CHECK(tarn_view_is_slow(v, i) == (i == 20));
    tarn_trace_view_destroy(v);
    finish();
}

/* A character of three tokens is shown by the last of them. */
static void test_cut_characters_are_shown_once(void)
{
    size_t n;
    begin();
    draw(THINK), draw('a'), draw(W_CUT), draw(0xac), draw('b'), draw(END);
    stop(TARN_STOP_END);
    tarn_view_text_of(turn.trace, 2, &n);
    CHECK(n == 0);
    const char *p = tarn_view_text_of(turn.trace, 3, &n);
    CHECK(n == 3 && !memcmp(p, "\xe2\x82\xac", 3));
    p = tarn_view_text_of(turn.trace, 4, &n);
    CHECK(n == 1 && *p == 'b');
    p = tarn_view_text_of(turn.trace, 1, &n);
    CHECK(n == 1 && *p == 'a');
    finish();
}

static void test_svg_is_well_formed_and_foreign_text_is_text(void)
{
    struct tarn_trace_view *v = NULL;
    struct tarn_buf b = { 0 };
    begin();
    draw(THINK), draws(W_ODD, 3), draw('<'), draw('&'), draw(CLOSE);
    draw('a'), draw(END);
    stop(TARN_STOP_END);
    CHECK(!tarn_trace_view_create(turn.trace, &v, NULL));
    const struct tarn_view_options o = options(900, 100 * 65536, -1);
    tarn_trace_view_svg(v, &o, &b);
    CHECK(!b.failed && b.data && strstr(b.data, "</svg>\n"));
    CHECK(strstr(b.data, "&lt;") && strstr(b.data, "&amp;"));
    for (size_t i = 0; i < b.size; i++)
        CHECK((unsigned char)b.data[i] >= ' ' || b.data[i] == '\n');
    CHECK(!strstr(b.data, "\u202e"));
    tarn_buf_finish(&b);
    tarn_trace_view_destroy(v);
    finish();
}

static void test_every_allocation_may_fail(void)
{
    struct tarn_trace_view *v = make(400, true), *w = NULL;
    const struct tarn_view_options o = options(760, 0, 2);
    const int64_t held = tarn_memory_held();
    bool done = false;
    for (uint64_t k = 1; !done && k < 200; k++) {
        struct tarn_view_list l = { 0 };
        tarn_memory_fail_at(k, false);
        const enum tarn_status s = tarn_trace_view_create(turn.trace, &w, NULL);
        if (!s) {
            tarn_trace_view_list(w, &o, &l);
            done = !l.failed;
            tarn_trace_view_destroy(w);
        }
        tarn_memory_fail_at(0, false);
        tarn_view_list_finish(&l);
        CHECK(tarn_memory_held() == held);
    }
    CHECK(done);
    tarn_trace_view_destroy(v);
    finish();
}

static int count(int n)
{
    struct tarn_trace_view *v = make(10000, true);
    struct tarn_view_list l = { 0 };
    give_state(PAGE);
    for (int i = 0; i < n; i++) {
        struct tarn_view_options o = options(
            i / N_ZOOMS / 2 % 2 ? 1920 : 760, ZOOMS[i % N_ZOOMS],
            i / N_ZOOMS % 2 ? 12 : -1);
        o.hidden = 0; /* all lanes */
        tarn_trace_view_list(v, &o, &l);
    }
    printf("# %zu items\n", l.n);
    tarn_view_list_finish(&l);
    tarn_trace_view_destroy(v);
    finish();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "count"))
        return count(atoi(argv[2]));
    RUN(test_at_most_4_items_per_lane_and_pixel);
    RUN(test_lists_are_golden);
    RUN(test_a_growing_view_is_the_same);
    RUN(test_a_point_finds_what_lies_there);
    RUN(test_candidates_and_experts_are_found);
    RUN(test_the_state_has_steps_at_page_borders);
    RUN(test_a_token_in_words);
    RUN(test_turn_backs_and_slow_tokens_are_told);
    RUN(test_cut_characters_are_shown_once);
    RUN(test_svg_is_well_formed_and_foreign_text_is_text);
    RUN(test_every_allocation_may_fail);
    return tap_end();
}
