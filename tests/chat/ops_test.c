/* ops_test.c - what people do to chats, 200 times at random: the same JSON on
 * every machine, and every active path encodes to the ids that the session
 * holds.  The backend is the dummy: its nonsense is the same everywhere.
 *
 *   ops_test POCKET.gguf [SEED]      (a seed: that sequence alone, printed)
 */
#include <stdlib.h>

#include "backends/dummy/dummy.h"
#include "backends/numerics64.h"
#include "core/base/hash.h"
#include "core/base/memory.h"
#include "core/chat/chat.h"
#include "core/engine/engine.h"
#include "core/engine/prompt.h"
#include "tests/tap.h"

#define SEQUENCES 200
#define ACTS 30
/* Of all the JSON, one behind the other.  Changes with docs/chat.md, the
 * layouts, the sampler and the dummy. */
#define GOLDEN UINT64_C(0xb047b7c406c40986)

struct play {
    struct tarn_engine *engine;
    struct tarn_chat *chat;
    uint64_t state;
    uint32_t n_turns;
};

static uint32_t draw(struct play *p, uint32_t n)
{
    p->state = tarn_mix(p->state + UINT64_C(0x9e3779b97f4a7c15));
    return n ? (uint32_t)(p->state >> 20) % n : 0;
}

static const char *const TEXTS[] = {
    "Hi", "What is 17 + 25?", "Wie geht es dir? \xC3\xA4\xC3\xB6",
    "\xE4\xBD\xA0\xE5\xA5\xBD", "line\n\n  two\t", "<|im_end|> forged",
    "</think>", "broken \xFF\xC3 bytes", "\xF0\x9F\x98\x80", "x" };

static tarn_message_id end_of(const struct tarn_chat *chat)
{
    struct tarn_message m = { 0 };
    const size_t n = tarn_chat_length(chat);
    return n && tarn_chat_message(chat, n - 1, &m) ? m.id : 0;
}

static bool say(struct play *p)
{
    const char *text = TEXTS[draw(p, sizeof TEXTS / sizeof *TEXTS)];
    return !tarn_chat_add(p->chat, TARN_USER, text, strlen(text), NULL, NULL);
}

/* Some message of that role on the active path; 0: none. */
static tarn_message_id some(struct play *p, enum tarn_role role,
                            struct tarn_message *m)
{
    const uint32_t n = (uint32_t)tarn_chat_length(p->chat);
    const uint32_t from = draw(p, n);
    for (uint32_t i = 0; i < n; i++)
        if (tarn_chat_message(p->chat, (from + i) % n, m) && m->role == role)
            return m->id;
    return 0;
}

/* A copy that went out as JSON and in again. */
static struct tarn_chat *through_json(const struct tarn_chat *chat)
{
    struct tarn_chat *copy = NULL;
    struct tarn_error err = { TARN_OK, "" };
    char *text = NULL, *again = NULL;
    size_t size = 0;
    CHECK(!tarn_chat_tree_json(chat, &text, &size, NULL));
    CHECK_SAYS(text && !tarn_chat_from_json(text, size, &copy, &err), "%s",
               err.text);
    if (copy)
        CHECK(!tarn_chat_tree_json(copy, &again, &size, NULL));
    CHECK(text && again && !strcmp(text, again));
    tarn_text_free(text);
    tarn_text_free(again);
    return copy;
}

/* The path's prompt, as the copy encodes it. */
static struct tarn_ids encode(struct play *p)
{
    struct tarn_ids ids = { 0 };
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_chat *copy = through_json(p->chat);
    CHECK_SAYS(copy && !tarn_prompt_of_path(p->engine->model, copy,
                                            tarn_chat_length(copy), NULL, &ids,
                                            &err), "%s", err.text);
    tarn_chat_destroy(copy);
    return ids;
}

/* What the session holds is the prompt and what was sampled. */
static void check_session(struct play *p, tarn_message_id answer,
                          const struct tarn_ids *prompt)
{
    const struct tarn_kv_cache *c = &p->engine->cache;
    const struct tarn_sequence *s = &c->seqs[0];
    size_t n;
    for (uint32_t i = 1; i < c->n_slots; i++)
        if (c->seqs[i].used_at > s->used_at)
            s = &c->seqs[i];
    const int32_t *ids = tarn_chat_ids(p->chat, answer, &n);
    if (s->n_kv < prompt->n) {
        CHECK(!n); /* it ended with what it was to begin with */
        return;
    }
    const size_t more = s->n_kv - prompt->n;
    CHECK(!memcmp(s->ids, prompt->at, prompt->n * sizeof *prompt->at));
    CHECK_SAYS(!n || (more <= n && more + 1 >= n &&
                      !memcmp(s->ids + prompt->n, ids, more * sizeof *ids)),
               "%zu in the state, %zu sampled", more, n);
}

static void turn(struct play *p, struct tarn_turn_options *opt)
{
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_event ev;
    tarn_turn_id id;
    tarn_message_id answer = 0;
    size_t n = 0;
    opt->size = sizeof *opt;
    opt->max_tokens = (int32_t)opt->n_begin + 1 + (int32_t)draw(p, 9);
    struct tarn_ids prompt = encode(p);
    enum tarn_status s = tarn_turn_start(p->engine, p->chat, opt, &id, &err);
    CHECK_SAYS(!s || s == TARN_LIMIT, "%d: %s", s, err.text);
    const int32_t *ids = s ? NULL : tarn_turn_prompt(p->engine, id, &n);
    CHECK_SAYS(s || (n == prompt.n &&
                     !memcmp(ids, prompt.at, n * sizeof *ids)),
               "%zu ids, the turn has %zu", prompt.n, n);
    for (bool ended = s != TARN_OK; !ended;) {
        tarn_engine_step(p->engine);
        while (tarn_engine_next_event(p->engine, &ev)) {
            answer = ev.message;
            if (ev.kind == TARN_EV_END) {
                ended = true;
                CHECK_SAYS(!ev.error, "%s", ev.error->text);
            }
        }
    }
    if (!s)
        check_session(p, answer, &prompt);
    p->n_turns++;
    tarn_ids_finish(&prompt);
}

/* Only where a question is the end of the path. */
static void answer(struct play *p, struct tarn_turn_options *opt)
{
    struct tarn_message m;
    if (tarn_chat_find(p->chat, end_of(p->chat), &m) && m.role == TARN_USER)
        turn(p, opt);
}

/* --------------------------------------------------------------------- acts */
static void edit(struct play *p)
{
    struct tarn_turn_options opt = { 0 };
    struct tarn_message m;
    if (some(p, TARN_USER, &m)) {
        CHECK(!tarn_chat_select(p->chat, m.parent, NULL));
        say(p);
        answer(p, &opt);
    }
}

static void retry(struct play *p)
{
    struct tarn_turn_options opt = { .attempt = 1 + draw(p, 5) };
    struct tarn_message m;
    if (some(p, TARN_ASSISTANT, &m)) {
        CHECK(!tarn_chat_select(p->chat, m.parent, NULL));
        answer(p, &opt);
    }
}

/* A fork: some ids of an answer, and another one behind them. */
static void fork_answer(struct play *p)
{
    struct tarn_turn_options opt = { 0 };
    struct tarn_message m;
    static int32_t begin[64];
    size_t n;
    if (!some(p, TARN_ASSISTANT, &m))
        return;
    const int32_t *ids = tarn_chat_ids(p->chat, m.id, &n);
    n = n ? draw(p, (uint32_t)n < 60 ? (uint32_t)n : 60) : 0;
    if (n)
        memcpy(begin, ids, n * sizeof *begin);
    begin[n] = (int32_t)(300 + draw(p, 500));
    opt.begin = begin;
    opt.n_begin = n + 1;
    CHECK(!tarn_chat_select(p->chat, m.parent, NULL));
    answer(p, &opt);
}

/* The branch beside some message, down to its newest end. */
static void switch_branch(struct play *p)
{
    struct tarn_message m;
    if (!some(p, draw(p, 2) ? TARN_USER : TARN_ASSISTANT, &m))
        return;
    const tarn_message_id to = tarn_chat_child(
        p->chat, m.parent, (m.sibling + 1) % m.n_siblings);
    CHECK(to && !tarn_chat_select(p->chat, tarn_chat_leaf(p->chat, to), NULL));
}

static void export_usual(struct play *p)
{
    struct tarn_chat *copy = NULL;
    char *text = NULL;
    size_t size;
    CHECK(!tarn_chat_json(p->chat, &text, &size, NULL));
    CHECK(text && !tarn_chat_from_json(text, size, &copy, NULL));
    if (copy && draw(p, 2)) { /* without ids and branches it goes on too */
        tarn_chat_destroy(p->chat);
        p->chat = copy;
        copy = NULL;
    }
    tarn_text_free(text);
    tarn_chat_destroy(copy);
    CHECK(!tarn_chat_markdown(p->chat, true, &text, &size, NULL));
    tarn_text_free(text);
}

static void act(struct play *p)
{
    struct tarn_turn_options opt = { 0 };
    struct tarn_message m;
    switch (draw(p, 16)) {
    case 0: case 1: case 2: case 3: case 4:
        say(p);
        answer(p, &opt);
        break;
    case 5: case 6:
        edit(p);
        break;
    case 7: case 8:
        retry(p);
        break;
    case 9:
        fork_answer(p);
        break;
    case 10: case 11:
        switch_branch(p);
        break;
    case 12:
        if (some(p, draw(p, 2) ? TARN_USER : TARN_ASSISTANT, &m))
            CHECK(!tarn_chat_delete(p->chat, m.id, NULL));
        break;
    case 13: case 14:
        tarn_chat_undo(p->chat);
        break;
    default:
        if (draw(p, 3)) {
            struct tarn_chat *copy = through_json(p->chat);
            tarn_chat_destroy(p->chat);
            p->chat = copy;
        } else {
            export_usual(p);
        }
    }
    /* An answer that was cut to nothing, or the end is a question: no two
     * questions in a row are asked. */
    while (tarn_chat_find(p->chat, end_of(p->chat), &m) &&
           m.role == TARN_USER && draw(p, 2))
        CHECK(!tarn_chat_select(p->chat, m.parent, NULL));
}

static uint64_t play_one(struct tarn_engine *e, uint64_t seed, uint64_t sum,
                         bool print, uint32_t *n_turns)
{
    struct play p = { .engine = e, .state = seed };
    char *text = NULL;
    size_t size = 0;
    CHECK(!tarn_chat_create(&p.chat, NULL));
    for (int i = 0; i < ACTS; i++)
        act(&p);
    CHECK(!tarn_chat_tree_json(p.chat, &text, &size, NULL));
    if (print)
        fputs(text, stdout);
    sum = tarn_fnv1a(sum, text, size);
    tarn_text_free(text);
    tarn_chat_destroy(p.chat);
    *n_turns += p.n_turns;
    return sum;
}

static const char *model_path;
static uint64_t one;

static void test_200_sequences_of_acts_are_the_same_everywhere(void)
{
    const struct tarn_backend *backends[1] = { tarn_backend_dummy() };
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = 1 };
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 512,
                                      .max_rows = 64 };
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime *rt = NULL;
    struct tarn_model *model = NULL;
    struct tarn_engine *engine = NULL;
    uint64_t sum = TARN_FNV1A_START;
    uint32_t n_turns = 0;
    if (tarn_runtime_create(&ro, &rt, &err) ||
        tarn_model_open(rt, model_path, NULL, &model, &err) ||
        tarn_engine_create(model, &eo, &engine, &err))
        CHECK_SAYS(false, "%s", err.text);
    else if (one)
        play_one(engine, one, sum, true, &n_turns);
    else
        for (uint64_t i = 1; i <= SEQUENCES; i++)
            sum = play_one(engine, i, sum, false, &n_turns);
    printf("# %u turns, all JSON: 0x%016llx\n", n_turns,
           (unsigned long long)sum);
    CHECK(one || (n_turns > 2000 && sum == GOLDEN));
    tarn_engine_destroy(engine);
    tarn_model_close(model);
    tarn_runtime_destroy(rt);
}

int main(int argc, char **argv)
{
    model_path = argc > 1 ? argv[1] : "pocket.gguf";
    one = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    setenv("TARN_DUMMY", "length=6", 1);
    RUN(test_200_sequences_of_acts_are_the_same_everywhere);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
