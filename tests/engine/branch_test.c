/* branch_test.c - going back to any position, and branches that share what
 * they have in common: exact, and no more work and memory than said.
 *
 *   branch_test POCKET.gguf MODELS_DIR [whole]
 *
 * whole: 500 positions of 2,000 on every model (a third of them in each run),
 * ten turns in every layout; else
 * a sample.
 */
#include "backends/numerics64.h"
#include "tests/engine/bits.h"

static const char *folder;
static bool whole;

static const char *const NAMES[] = { "dense-k", "moe-f32", "dense-f32",
                                     "dense-legacy", "dense-q4_0", "moe-iq",
                                     "moe-k", "moe-mx", "pocket" };
static size_t n_names(void)
{
    return whole ? sizeof NAMES / sizeof *NAMES : 2;
}

static bool open_named(struct world *w, const char *name,
                       struct tarn_engine_options *eo)
{
    char path[512];
    const char *pocket = model_path;
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    if (strcmp(name, "pocket"))
        model_path = path;
    eo->size = sizeof *eo;
    bool good = open_world_with(w, eo);
    model_path = pocket;
    return good;
}

static int32_t id_at(const struct world *w, uint32_t i, uint32_t salt)
{
    return (int32_t)(tarn_mix(i * 97u + salt * 1000003u + 7) %
                     (tarn_model_info(w->model)->n_vocab - 40));
}

static uint64_t row_hash(const struct world *w, const float *row)
{
    const uint8_t *p = (const void *)row;
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < tarn_model_info(w->model)->n_vocab * sizeof *row;
         i++)
        h = (h ^ p[i]) * 1099511628211u;
    return h;
}

/* Hashes of the logits of all positions of a straight run. */
static bool straight(struct world *w, const int32_t *ids, uint32_t n,
                     uint64_t *want)
{
    const size_t n_vocab = tarn_model_info(w->model)->n_vocab;
    struct tarn_error err = { TARN_OK, "" };
    float *logits = malloc(n * n_vocab * sizeof *logits);
    uint32_t *rows = malloc(n * sizeof *rows);
    for (uint32_t i = 0; i < n; i++)
        rows[i] = i;
    struct tarn_eval io = { .size = sizeof io, .ids = ids, .n_ids = n,
                            .rows = rows, .n_rows = n, .logits = logits };
    bool good = logits && !tarn_eval(w->engine, &io, &err);
    CHECK_SAYS(good, "%s", err.text);
    for (uint32_t i = 0; good && i < n; i++)
        want[i] = row_hash(w, logits + i * n_vocab);
    free(logits);
    free(rows);
    return good;
}

/* Descending; all that are special, the others at random. */
static uint32_t make_positions(uint32_t n, uint32_t replay, uint32_t count,
                               uint32_t *at)
{
    const uint32_t SPECIAL[] = { 0, 1, 2, replay - 1, replay, replay + 1, 255,
                                 256, 257, 256 + replay, 511, 512, 513, n - 1,
                                 n - 2, 1023, 1024, 1025, 1535, 1536, 1537 };
    bool *chosen = calloc(n, 1);
    uint32_t k = 0, m = 0;
    for (uint32_t i = 0; i < sizeof SPECIAL / sizeof *SPECIAL; i++)
        if (SPECIAL[i] < n && !chosen[SPECIAL[i]])
            chosen[SPECIAL[i]] = ++k;
    for (uint32_t i = 0; k < count; i++)
        if (!chosen[tarn_mix(i + 1) % n])
            chosen[tarn_mix(i + 1) % n] = ++k;
    for (uint32_t i = n; i--;)
        if (chosen[i])
            at[m++] = i;
    free(chosen);
    return m;
}

/* Bar: 500 positions between 0 and 2,000.  From the end backwards, so that
 * nothing has to be filled again; now and then another text was there first. */
static void check_positions(const char *name)
{
    const uint32_t n = whole ? 2000 : 530, count = whole ? 500 : 30;
    struct tarn_engine_options eo = { .n_context = 2048, .max_rows = 128 };
    static int32_t ids[2000];
    static uint64_t want[2000];
    static uint32_t at[600];
    struct world w;
    uint32_t bad = 0, none;
    if (!open_named(&w, name, &eo)) {
        close_world(&w);
        return;
    }
    struct tarn_kv_cache *c = &w.engine->cache;
    for (uint32_t i = 0; i < n; i++)
        ids[i] = id_at(&w, i, 0);
    uint32_t n_at = make_positions(n, c->replay, count, at);
    CHECK(n_at == count && straight(&w, ids, n, want));
    struct tarn_sequence *s = tarn_kv_take(c, ids, n, NULL, &none);
    CHECK(none == n - 1 && run_to_end(w.engine, s));
    for (uint32_t k = 0; k < n_at; k++) {
        const uint32_t p = at[k];
        tarn_seq_rewind(c, s, p);
        CHECK(s->n_kv == p && s->n_kv - s->tail_at <= c->replay);
        memcpy(s->ids, ids, (p + 1) * sizeof *ids);
        s->n_ids = p + 1;
        run_to_end(w.engine, s);
        bad += row_hash(&w, w.engine->logits) != want[p];
        for (uint32_t i = 0; k % 3 == 0 && i < 5; i++)
            s->ids[s->n_ids++] = id_at(&w, i, 5);
        run_to_end(w.engine, s);
    }
    tarn_kv_give(c, s);
    CHECK_SAYS(!bad, "%s: %u of %u positions differ", name, bad, n_at);
    printf("# %s: %u positions of %u, replay %u\n", name, n_at, n, c->replay);
    close_world(&w);
}

static void test_any_position_can_be_returned_to(void)
{
    for (size_t i = 0; i < n_names(); i++)
        if (!whole || tap_draws(i))
        check_positions(NAMES[i]);
}

/* ---------------------------------------------------------------- branches */
static struct tarn_sequence *fill(struct world *w, const int32_t *ids,
                                  uint32_t n, uint32_t *reused)
{
    struct tarn_sequence *s =
        tarn_kv_take(&w->engine->cache, ids, n, NULL, reused);
    CHECK(s && run_to_end(w->engine, s));
    return s;
}

static struct tarn_state_memory memory_of(const struct world *w)
{
    struct tarn_state_memory m;
    tarn_engine_state_memory(w->engine, &m);
    return m;
}

static void test_a_branch_costs_only_its_own_pages(void)
{
    struct tarn_engine_options eo = { .n_context = 1024, .max_rows = 128 };
    int32_t a[700], b[700];
    struct world w;
    uint32_t reused;
    if (open_named(&w, NAMES[0], &eo)) {
        for (uint32_t i = 0; i < 700; i++) {
            a[i] = id_at(&w, i, 1);
            b[i] = i < 600 ? a[i] : id_at(&w, i, 2);
        }
        struct tarn_kv_cache *c = &w.engine->cache;
        tarn_kv_give(c, fill(&w, a, 700, &reused));
        CHECK(reused == 0 && memory_of(&w).pages_used == 3);
        struct tarn_sequence *s = tarn_kv_take(c, b, 700, NULL, &reused);
        CHECK_SAYS(reused == 600, "%u", reused);
        CHECK(memory_of(&w).pages_used == 3); /* nothing was written yet */
        run_to_end(w.engine, s);
        tarn_kv_give(c, s);
        CHECK(memory_of(&w).pages_used == 4 && memory_of(&w).n_kept == 2);
        CHECK(bits_are_straight(w.engine, a, 700, 699));
        CHECK(bits_are_straight(w.engine, b, 700, 699));
        struct tarn_state_memory m = memory_of(&w);
        CHECK(m.pages_used == 4 && m.kv_bytes == m.pages_taken * m.page_bytes);
        /* At a page's border nothing at all is copied. */
        for (uint32_t i = 512; i < 520; i++)
            b[i] = id_at(&w, i, 3);
        tarn_kv_give(c, fill(&w, b, 520, &reused));
        CHECK(reused == 512 && memory_of(&w).pages_used == 5);
    }
    close_world(&w);
}

static void test_what_was_not_used_for_longest_makes_room(void)
{
    struct tarn_engine_options eo = { .n_context = 512, .max_rows = 128,
                                      .n_sequences = 1, .kv_bytes = 1 };
    int32_t ids[3][300];
    struct world w;
    uint32_t reused;
    if (open_named(&w, NAMES[0], &eo)) {
        struct tarn_kv_cache *c = &w.engine->cache;
        for (uint32_t k = 0; k < 3; k++)
            for (uint32_t i = 0; i < 300; i++)
                ids[k][i] = id_at(&w, i, k);
        CHECK(memory_of(&w).pages_most == 2); /* one whole context */
        tarn_kv_give(c, fill(&w, ids[0], 200, &reused));
        tarn_kv_give(c, fill(&w, ids[1], 200, &reused));
        CHECK(memory_of(&w).n_kept == 2 && memory_of(&w).pages_used == 2);
        tarn_kv_give(c, fill(&w, ids[0], 210, &reused));
        CHECK(reused == 200);
        tarn_kv_give(c, fill(&w, ids[2], 100, &reused));
        CHECK(memory_of(&w).n_kept == 2);
        CHECK(bits_are_straight(w.engine, ids[0], 211, 210));
        CHECK(bits_are_straight(w.engine, ids[1], 100, 0)); /* it had to go */
        CHECK(memory_of(&w).pages_used <= 2);
    }
    close_world(&w);
}

/* Every page is used by as many sequences as say so, or is free. */
static void check_books(const struct tarn_kv_cache *c)
{
    uint32_t *users = calloc(c->max_pages + 1, sizeof *users), used = 0;
    bool good = true;
    for (uint32_t i = 0; i < c->n_slots; i++)
        for (uint32_t k = 0; k < c->seqs[i].n_pages; k++)
            users[c->seqs[i].pages[k]]++;
    for (uint32_t i = 0; i < c->n_free; i++)
        good &= users[c->free_pages[i]] == 0;
    for (uint32_t i = 0; i < c->n_pages; i++) {
        good &= users[i] == c->page_users[i];
        used += users[i] > 0;
    }
    CHECK(good && used + c->n_free == c->n_pages);
    free(users);
}

/* E12: a text that is edited at random, in the middle, at its end, at 0; old
 * versions come back. */
static void check_edits(const char *name, uint32_t seed, uint64_t limit)
{
    enum { TEXTS = 6, ROOM = 640 };
    struct tarn_engine_options eo = { .n_context = ROOM, .max_rows = 100,
                                      .n_sequences = 2, .n_kept = 3,
                                      .kv_bytes = limit };
    static int32_t ids[TEXTS][ROOM];
    uint32_t n[TEXTS] = { 0 }, reused, total = 0, saved = 0;
    struct world w;
    if (open_named(&w, name, &eo)) {
        for (uint32_t k = 0; k < (whole ? 120u : 10u); k++) {
            const uint32_t from = (uint32_t)(tarn_mix(seed + 4 * k) % TEXTS);
            const uint32_t to = (uint32_t)(tarn_mix(seed + 4 * k + 1) % TEXTS);
            uint32_t cut = (uint32_t)(tarn_mix(seed + 4 * k + 2) % (n[from] + 1));
            uint32_t more = 1 + (uint32_t)(tarn_mix(seed + 4 * k + 3) % 300);
            if (k % 5 == 0)
                cut = cut / 256 * 256; /* a page's border */
            if (k % 7 == 0)
                cut = n[from];
            memmove(ids[to], ids[from], cut * sizeof **ids);
            n[to] = cut + more < ROOM ? cut + more : ROOM;
            for (uint32_t i = cut; i < n[to]; i++)
                ids[to][i] = id_at(&w, i, k + 11);
            struct tarn_sequence *s = fill(&w, ids[to], n[to], &reused);
            check_books(&w.engine->cache);
            tarn_kv_give(&w.engine->cache, s);
            total += n[to];
            saved += reused;
            CHECK_SAYS(bits_are_straight(w.engine, ids[to], n[to], n[to] - 1),
                       "%s, edit %u", name, k);
            check_books(&w.engine->cache);
        }
        printf("# %s: %u of %u positions were there\n", name, saved, total);
        CHECK(saved > 0);
    }
    close_world(&w);
}

static void test_e12_edits_anywhere_give_what_a_fresh_session_gives(void)
{
    for (size_t i = 0; i < (whole ? 4 : 2); i++)
        check_edits(NAMES[i], (uint32_t)i * 1000 + 1, i % 2 ? 0 : 1);
}

/* ------------------------------------------------------------------- chats */
static const char *const QUESTIONS[] = {
    "What is 17 + 25?", "Is 7 prime?", "What is 3 + 4?", "Sort 3 1 2.",
    "What is 9 - 5?", "Is 12 even?", "What is 6 * 7?", "Count to 3.",
    "What is 8 / 2?", "Is 9 prime?" };

/* The ids of the sequence that was used last. */
static uint32_t last_ids(const struct world *w, int32_t *ids)
{
    const struct tarn_kv_cache *c = &w->engine->cache;
    const struct tarn_sequence *s = &c->seqs[0];
    for (uint32_t i = 1; i < c->n_slots; i++)
        if (c->seqs[i].used_at > s->used_at)
            s = &c->seqs[i];
    memcpy(ids, s->ids, s->n_kv * sizeof *ids);
    return s->n_kv;
}

/* Asks on; the state before was old[*n_old].  What was run before the first
 * difference must be at most a replay. */
static void ask_on(struct world *w, const char *question, int32_t *old,
                   uint32_t *n_old, const char *what)
{
    static int32_t now[2048];
    struct tarn_turn_options opt = options();
    struct told t;
    opt.max_tokens = 24;
    say(w, question);
    if (!ask(w, &opt, 0, &t))
        return;
    uint32_t n_now = last_ids(w, now), same = 0;
    while (same < *n_old && same + 1 < t.sum.n_prompt && old[same] == now[same])
        same++;
    const uint32_t K = w->engine->cache.replay;
    const uint32_t missed = same > t.sum.n_reused ? same - t.sum.n_reused : 0;
    CHECK_SAYS(missed + t.sum.n_replayed <= K,
               "%s: %u the same, %u reused, %u replayed, K %u", what, same,
               t.sum.n_reused, t.sum.n_replayed, K);
    memcpy(old, now, n_now * sizeof *old);
    *n_old = n_now;
}

static void test_a_turn_runs_no_more_than_a_replay_of_what_is_old(void)
{
    static int32_t old[2048];
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 2048,
                                      .max_rows = 64 };
    struct world w;
    if (open_world_with(&w, &eo))
        for (int l = 0; l < TARN_N_LAYOUTS; l++) {
            uint32_t n_old = 0;
            if (!whole && l != TARN_LAYOUT_B && l != TARN_LAYOUT_E)
                continue;
            w.model->info.layout = (enum tarn_layout)l;
            tarn_chat_destroy(w.chat);
            CHECK(!tarn_chat_create(&w.chat, NULL));
            for (int i = 0; i < (whole ? 10 : 3); i++)
                ask_on(&w, QUESTIONS[i], old, &n_old,
                       tarn_layout_name((enum tarn_layout)l));
        }
    close_world(&w);
}

/* Thoughts are left out of the next prompt, so every turn leaves what its
 * sequence holds; that is no branch. */
static void test_a_chat_that_goes_on_makes_no_branches(void)
{
    static int32_t old[2048];
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 1024,
                                      .max_rows = 64 };
    struct world w;
    uint32_t n_old = 0;
    if (open_world_with(&w, &eo)) {
        w.model->info.layout = TARN_LAYOUT_E;
        for (int i = 0; i < 4; i++)
            ask_on(&w, QUESTIONS[i], old, &n_old, "E");
        CHECK_SAYS(memory_of(&w).n_kept == 1, "%u", memory_of(&w).n_kept);
    }
    close_world(&w);
}

static tarn_message_id end_of(const struct world *w)
{
    struct tarn_message m = { 0 };
    tarn_chat_message(w->chat, tarn_chat_length(w->chat) - 1, &m);
    return m.id;
}

/* Two branches, by turns: each finds its own state again. */
static void test_switching_between_two_branches_costs_no_prefill(void)
{
    static int32_t old[2][2048];
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 2048,
                                      .max_rows = 64, .n_kept = 1,
                                      .n_sequences = 1 };
    uint32_t n_old[2] = { 0 };
    tarn_message_id end[2];
    struct world w;
    if (open_world_with(&w, &eo))
        for (int l = 0; l < TARN_N_LAYOUTS; l++) {
            if (!whole && l != TARN_LAYOUT_E)
                continue;
            w.model->info.layout = (enum tarn_layout)l;
            tarn_chat_destroy(w.chat);
            CHECK(!tarn_chat_create(&w.chat, NULL));
            n_old[0] = 0;
            ask_on(&w, "Hello, this is the beginning of a chat with many words "
                       "in it, so that there is something to share. What is "
                       "2 + 2?", old[0], &n_old[0], "first");
            end[0] = end[1] = end_of(&w);
            memcpy(old[1], old[0], n_old[0] * sizeof **old);
            n_old[1] = n_old[0];
            for (int i = 0; i < (whole ? 10 : 4); i++) {
                CHECK(!tarn_chat_select(w.chat, end[i % 2], NULL));
                char what[40];
                snprintf(what, sizeof what, "layout %s, branch %d",
                         tarn_layout_name((enum tarn_layout)l), i % 2 + 1);
                ask_on(&w, QUESTIONS[i], old[i % 2], &n_old[i % 2], what);
                end[i % 2] = end_of(&w);
            }
            CHECK(memory_of(&w).n_kept == 2);
            check_books(&w.engine->cache);
        }
    close_world(&w);
}

int main(int argc, char **argv)
{
    model_path = argc > 1 ? argv[1] : "pocket.gguf";
    folder = argc > 2 ? argv[2] : ".";
    whole = argc > 3;
    RUN(test_any_position_can_be_returned_to);
    RUN(test_a_branch_costs_only_its_own_pages);
    RUN(test_what_was_not_used_for_longest_makes_room);
    RUN(test_e12_edits_anywhere_give_what_a_fresh_session_gives);
    RUN(test_a_turn_runs_no_more_than_a_replay_of_what_is_old);
    RUN(test_a_chat_that_goes_on_makes_no_branches);
    RUN(test_switching_between_two_branches_costs_no_prefill);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
