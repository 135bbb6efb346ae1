/* save_test.c - a chat and its state go into a file and come back: the next
 * logits are those of a straight run, bit for bit; whatever is wrong with a
 * file, it is refused with a sentence and nothing has changed.
 *
 *   save_test POCKET.gguf MODELS_DIR GOLDEN [whole | golden]
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/numerics64.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/engine/state_file.h"
#include "tests/engine/bits.h"

static const char *folder;
static bool whole;
static char place[] = "/tmp/tarn-save-test-XXXXXX";

static const char *at(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", place, name);
    return path;
}

static bool open_tiny(struct world *w, const char *name, uint32_t kv_type)
{
    char path[512];
    const char *pocket = model_path;
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 512,
                                      .max_rows = 64, .kv_type = kv_type,
                                      .kv_given = true };
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    model_path = path;
    bool good = open_world_with(w, &eo);
    model_path = pocket;
    return good;
}

/* A state of 300 tokens in the cache. */
#define N 300u
static void make_ids(const struct world *w, int32_t *ids, uint32_t salt)
{
    for (uint32_t i = 0; i < N; i++)
        ids[i] = (int32_t)(tarn_mix(i * 31 + salt) %
                           (tarn_model_info(w->model)->n_vocab - 40));
}

static void fill(struct world *w, uint32_t salt)
{
    int32_t ids[N];
    struct bits b;
    make_ids(w, ids, salt);
    CHECK(bits_take(w->engine, ids, N, &b));
    bits_free(&b);
}

static bool keep(void *user, const void *data, size_t size)
{
    tarn_buf_add(user, data, size);
    return true;
}

static struct tarn_buf save(struct world *w, struct tarn_chat *chat)
{
    struct tarn_buf b = { 0 };
    struct tarn_error err = { TARN_OK, "" };
    CHECK_SAYS(!tarn_state_save_to(w->engine, chat, keep, &b, &err), "%s",
               err.text);
    return b;
}

static enum tarn_status load(struct world *w, const void *data, size_t size,
                             struct tarn_error *err)
{
    *err = (struct tarn_error){ TARN_OK, "" };
    return tarn_state_load_from(w->engine, data, size, NULL, err);
}

/* ------------------------------------------------------------- there and back */
static const char *const QUESTIONS[] = { "What is 17 + 25?", "Is 7 prime?",
                                         "What is 3 + 4?" };

static void ask_all(struct world *w, int from, int to, struct told *t)
{
    struct tarn_turn_options opt = options();
    opt.max_tokens = 60;
    for (int i = from; i < to; i++) {
        say(w, QUESTIONS[i]);
        ask(w, &opt, 0, t);
    }
}

/* In a process of its own, which is killed when it has saved. */
static bool save_and_die(const char *path)
{
    const pid_t child = fork();
    int status = 0;
    if (child == 0) {
        struct world w;
        struct told t;
        if (open_world(&w, 1024)) {
            ask_all(&w, 0, 2, &t);
            if (!tarn_state_save(w.engine, w.chat, path, NULL))
                raise(SIGKILL);
        }
        _exit(1);
    }
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGKILL;
}

static void test_save_kill_resume_goes_on_with_the_same_bits(void)
{
    struct world w, straight;
    struct told t, s;
    struct tarn_error err = { TARN_OK, "" };
    struct stat st;
    const mode_t mask = umask(0);
    CHECK(save_and_die(at("chat.state")));
    umask(mask);
    CHECK(stat(at("chat.state"), &st) == 0 && (st.st_mode & 0777) == 0600);
    if (open_world(&w, 1024) && open_world(&straight, 1024)) {
        tarn_chat_destroy(w.chat);
        w.chat = NULL;
        CHECK_SAYS(!tarn_state_load(w.engine, at("chat.state"), &w.chat, &err),
                   "%s", err.text);
        CHECK(w.chat && tarn_chat_length(w.chat) == 4);
        ask_all(&straight, 0, 3, &s);
        ask_all(&w, 2, 3, &t);
        CHECK(t.n_tokens == s.n_tokens &&
              !memcmp(t.ids, s.ids, t.n_tokens * sizeof *t.ids));
        CHECK_SAYS(t.sum.n_reused == s.sum.n_reused, "%u and %u reused",
                   t.sum.n_reused, s.sum.n_reused);
        CHECK(t.sum.n_replayed <= w.engine->cache.replay);
        char *a = NULL, *b = NULL;
        size_t n;
        CHECK(!tarn_chat_tree_json(w.chat, &a, &n, NULL));
        CHECK(!tarn_chat_tree_json(straight.chat, &b, &n, NULL));
        CHECK(a && b && !strcmp(a, b));
        tarn_text_free(a);
        tarn_text_free(b);
        struct tarn_chat *alone = NULL;
        CHECK(!tarn_state_chat(at("chat.state"), &alone, &err) &&
              tarn_chat_length(alone) == 4);
        tarn_chat_destroy(alone);
    }
    close_world(&straight);
    close_world(&w);
}

static void check_bits(const char *name, uint32_t kv_type)
{
    struct world w, other;
    struct tarn_error err;
    int32_t ids[N + 1];
    if (open_tiny(&w, name, kv_type) && open_tiny(&other, name, kv_type)) {
        make_ids(&w, ids, 1);
        ids[N] = 5;
        fill(&w, 1);
        struct tarn_buf b = save(&w, NULL);
        CHECK_SAYS(!load(&other, b.data, b.size, &err), "%s: %s", name,
                   err.text);
        struct tarn_buf again = save(&other, NULL);
        CHECK(b.size == again.size && !memcmp(b.data, again.data, b.size));
        CHECK(bits_are_straight(other.engine, ids, N + 1, N));
        CHECK(bits_are_straight(other.engine, ids, 40, 39));
        tarn_buf_finish(&again);
        tarn_buf_finish(&b);
    }
    close_world(&other);
    close_world(&w);
}

static void test_every_kind_of_cache_comes_back(void)
{
    static const char *const NAMES[] = { "dense-k", "moe-f32", "dense-f32",
                                         "dense-legacy", "dense-q4_0",
                                         "moe-iq", "moe-k", "moe-mx" };
    check_bits("dense-k", TARN_F32);
    check_bits("dense-k", TARN_Q8_0);
    for (size_t i = 0; i < (whole ? 8 : 2); i++)
        check_bits(NAMES[i], TARN_F16);
}

/* The tail is known up to the last token only if that was run last; a branch
 * that was cut off has none, and replay gives it. */
static void test_a_state_without_a_tail_comes_back(void)
{
    struct world w, other;
    struct tarn_error err;
    int32_t ids[N];
    uint32_t reused;
    if (open_tiny(&w, "dense-k", TARN_F16) &&
        open_tiny(&other, "dense-k", TARN_F16)) {
        make_ids(&w, ids, 1);
        fill(&w, 1);
        struct tarn_kv_cache *c = &w.engine->cache;
        struct tarn_sequence *s = tarn_kv_take(c, ids, 151, NULL, &reused);
        CHECK(s && reused == 150 && s->tail_at < 150);
        tarn_kv_give(c, s);
        struct tarn_buf b = save(&w, NULL);
        CHECK_SAYS(!load(&other, b.data, b.size, &err), "%s", err.text);
        CHECK(bits_are_straight(other.engine, ids, 151, 150));
        tarn_buf_finish(&b);
    }
    close_world(&other);
    close_world(&w);
}

static void test_nothing_can_be_saved_and_resumed_too(void)
{
    struct world w;
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_chat *chat = NULL;
    if (open_tiny(&w, "dense-k", TARN_F16)) {
        struct tarn_buf b = save(&w, NULL);
        CHECK(!load(&w, b.data, b.size, &err));
        tarn_buf_finish(&b);
        say(&w, "Hi"); /* no state, but a chat */
        b = save(&w, w.chat);
        CHECK(!tarn_state_load_from(w.engine, b.data, b.size, &chat, &err));
        CHECK(chat && tarn_chat_length(chat) == 1);
        tarn_chat_destroy(chat);
        tarn_buf_finish(&b);
    }
    close_world(&w);
}

static void test_a_running_turn_is_not_disturbed(void)
{
    struct world w;
    struct told t;
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_turn_options opt = options();
    struct tarn_chat *chat;
    tarn_turn_id turn;
    if (open_world(&w, 512)) {
        say(&w, "Hi");
        CHECK(!tarn_turn_start(w.engine, w.chat, &opt, &turn, NULL));
        tarn_engine_step(w.engine);
        CHECK(tarn_state_save(w.engine, w.chat, at("x"), &err) == TARN_BUSY);
        CHECK(access(at("x"), F_OK) != 0);
        CHECK(tarn_state_load_from(w.engine, "x", 1, &chat, &err) ==
              TARN_BUSY);
        drive(&w, turn, 0, &t);
    }
    close_world(&w);
}

/* ------------------------------------------------------------------- damage */
/* What a failed load may not have changed. */
static void check_unharmed(struct world *w, const struct tarn_buf *good)
{
    struct tarn_error err;
    struct tarn_buf now = save(w, NULL);
    CHECK(now.size == good->size && !memcmp(now.data, good->data, now.size));
    CHECK_SAYS(!load(w, good->data, good->size, &err), "%s", err.text);
    tarn_buf_finish(&now);
}

static void expect_refusal(struct world *w, const void *data, size_t size,
                           const char *what, uint32_t i)
{
    struct tarn_error err;
    const enum tarn_status s = load(w, data, size, &err);
    CHECK_SAYS((s == TARN_BAD_FILE || s == TARN_LIMIT) && err.text[0] &&
                   err.status == s,
               "%s %u: %d %s", what, i, s, err.text);
}

static void test_f01_damaged_files_are_refused(void)
{
    struct world w;
    if (open_tiny(&w, "dense-k", TARN_F16)) {
        fill(&w, 1);
        struct tarn_buf good = save(&w, NULL);
        const uint32_t most = whole ? 20000 : 1000;
        char *bad = malloc(2 * good.size);
        printf("# a state of %zu bytes\n", good.size);
        for (uint32_t i = 0; i < most; i++) {
            const uint64_t r = tarn_mix(i + 1);
            if (whole && !tap_draws(i))
                continue;
            /* Half of them where the structure is. */
            const size_t where = (size_t)((r >> 8) %
                                          (i % 2 ? good.size : 1600));
            memcpy(bad, good.data, good.size);
            switch (r % 4) {
            case 0: /* a bit */
            case 1:
                bad[where] = (char)(bad[where] ^ 1 << (r >> 4 & 7));
                expect_refusal(&w, bad, good.size, "bit", i);
                break;
            case 2:
                expect_refusal(&w, bad, where, "cut", i);
                break;
            default:
                memset(bad + where, 0, good.size - where < 64
                                           ? good.size - where : 64);
                if (memcmp(bad, good.data, good.size))
                    expect_refusal(&w, bad, good.size, "zeros", i);
            }
        }
        memcpy(bad, good.data, good.size);
        memcpy(bad + good.size, good.data, good.size);
        expect_refusal(&w, bad, 2 * good.size, "twice", 0);
        expect_refusal(&w, bad, good.size + 1, "longer", 0);
        memset(bad, 0, good.size);
        expect_refusal(&w, bad, good.size, "all zero", 0);
        expect_refusal(&w, bad, 0, "empty", 0);
        for (size_t i = 0; whole && i < 1600; i++)
            for (int k = 0; k < 8 && tap_draws(i); k++) {
                memcpy(bad, good.data, good.size);
                bad[i] = (char)(bad[i] ^ 1 << k);
                expect_refusal(&w, bad, good.size, "byte", (uint32_t)i);
            }
        check_unharmed(&w, &good);
        free(bad);
        tarn_buf_finish(&good);
    }
    close_world(&w);
}

static void test_f02_states_of_other_models_are_refused(void)
{
    static const char *const NAMES[] = { "dense-f32", "dense-q4_0", "moe-k",
                                         "moe-iq" };
    struct tarn_buf states[4];
    struct world w;
    struct tarn_error err;
    int n = 0;
    for (int i = 0; i < 4; i++)
        if (open_tiny(&w, NAMES[i], TARN_F16)) {
            fill(&w, 1);
            states[i] = save(&w, NULL);
            close_world(&w);
        }
    for (int i = 0; i < 4; i++)
        if (open_tiny(&w, NAMES[i], TARN_F16)) {
            for (int k = 0; k < 4; k++) {
                const enum tarn_status s =
                    load(&w, states[k].data, states[k].size, &err);
                n += s == TARN_BAD_FILE &&
                     strstr(err.text, "was saved with another model file");
                CHECK((s == TARN_OK) == (i == k));
            }
            close_world(&w);
        }
    CHECK_SAYS(n == 12, "%d refusals", n);
    if (open_tiny(&w, NAMES[0], TARN_F32)) {
        CHECK(load(&w, states[0].data, states[0].size, &err) ==
              TARN_BAD_FILE);
        CHECK_SAYS(strstr(err.text, "K/V cache of type F16"), "%s", err.text);
        close_world(&w);
    }
    for (int i = 0; i < 4; i++)
        tarn_buf_finish(&states[i]);
}

/* ------------------------------------------------- wrong with right checksums */
static uint8_t *section(struct tarn_buf *b, enum tarn_state_section kind,
                        size_t *size)
{
    size_t p = TARN_STATE_HEAD;
    while (p < b->size) {
        uint8_t *s = (uint8_t *)b->data + p;
        *size = (size_t)tarn_get64(s + 8);
        if (tarn_get32(s) == (uint32_t)kind)
            return s;
        p += TARN_STATE_SECTION + *size;
    }
    return NULL;
}

static void sum_head(struct tarn_buf *b)
{
    uint8_t *h = (uint8_t *)b->data;
    tarn_put64(h + 24, tarn_fnv1a(TARN_FNV1A_START, h, 24));
}

static void sum_section(uint8_t *s)
{
    uint64_t sum = tarn_fnv1a(TARN_FNV1A_START, s, 16);
    tarn_put64(s + 16, tarn_fnv1a(sum, s + TARN_STATE_SECTION,
                                  (size_t)tarn_get64(s + 8)));
}

static struct tarn_buf copy_of(const struct tarn_buf *b)
{
    struct tarn_buf c = { 0 };
    tarn_buf_add(&c, b->data, b->size);
    return c;
}

/* Four bytes of a section are replaced; says must be in the sentence. */
static void check_number(struct world *w, const struct tarn_buf *good,
                         enum tarn_state_section kind, size_t where,
                         uint32_t value, enum tarn_status want,
                         const char *says)
{
    struct tarn_buf b = copy_of(good);
    struct tarn_error err;
    size_t size;
    uint8_t *s = section(&b, kind, &size);
    CHECK(s && where + 4 <= size);
    if (s) {
        tarn_put32(s + TARN_STATE_SECTION + where, value);
        sum_section(s);
        const enum tarn_status got = load(w, b.data, b.size, &err);
        CHECK_SAYS(got == want && strstr(err.text, says), "%d: %s", got,
                   err.text);
    }
    tarn_buf_finish(&b);
}

static void test_f03_newer_forms_are_refused(void)
{
    struct world w;
    struct tarn_error err;
    if (open_tiny(&w, "dense-k", TARN_F16)) {
        fill(&w, 1);
        struct tarn_buf good = save(&w, NULL), b = copy_of(&good);
        tarn_put32((uint8_t *)b.data + 8, TARN_STATE_VERSION + 1);
        sum_head(&b);
        CHECK(load(&w, b.data, b.size, &err) == TARN_BAD_FILE);
        CHECK_SAYS(strstr(err.text, "newer tarn"), "%s", err.text);
        tarn_put32((uint8_t *)b.data + 8, 0);
        sum_head(&b);
        CHECK(load(&w, b.data, b.size, &err) == TARN_BAD_FILE);
        check_number(&w, &good, TARN_SECTION_MODEL, 32, 999, TARN_BAD_FILE,
                     "arithmetic number 999");
        tarn_buf_finish(&b);
        tarn_buf_finish(&good);
    }
    close_world(&w);
}

static void test_f04_numbers_inside_are_checked(void)
{
    struct world w;
    struct tarn_error err;
    if (open_tiny(&w, "dense-k", TARN_F16)) {
        const uint32_t n_vocab = tarn_model_info(w.model)->n_vocab;
        fill(&w, 1);
        struct tarn_buf good = save(&w, NULL);
        check_number(&w, &good, TARN_SECTION_TOKENS, 8, n_vocab, TARN_BAD_FILE,
                     "outside the vocabulary");
        check_number(&w, &good, TARN_SECTION_TOKENS, 12, UINT32_MAX,
                     TARN_BAD_FILE, "outside the vocabulary");
        check_number(&w, &good, TARN_SECTION_TOKENS, 0, N - 1, TARN_BAD_FILE,
                     "number of tokens");
        check_number(&w, &good, TARN_SECTION_MODEL, 40, 7, TARN_BAD_FILE,
                     "shape");
        check_number(&w, &good, TARN_SECTION_MODEL, 36, 77, TARN_BAD_FILE,
                     "type unknown");
        check_number(&w, &good, TARN_SECTION_PAGE, 0, 0x7E000000u,
                     TARN_BAD_FILE, "no numbers");
        check_number(&w, &good, TARN_SECTION_PAGE, 0, 0x7C00u, TARN_BAD_FILE,
                     "no numbers");
        check_number(&w, &good, TARN_SECTION_TAIL, 0, 0x7FC00000u,
                     TARN_BAD_FILE, "tail");
        check_number(&w, &good, TARN_SECTION_TAIL, 4, 0xFF800000u,
                     TARN_BAD_FILE, "tail");
        check_unharmed(&w, &good);
        tarn_buf_finish(&good);
        struct world small; /* a context that is too small */
        char path[512];
        const char *pocket = model_path;
        struct tarn_engine_options eo = { .size = sizeof eo,
                                          .n_context = 256 };
        snprintf(path, sizeof path, "%s/dense-k.gguf", folder);
        good = save(&w, NULL);
        model_path = path;
        if (open_world_with(&small, &eo)) {
            CHECK(load(&small, good.data, good.size, &err) == TARN_LIMIT);
            CHECK_SAYS(strstr(err.text, "300 tokens"), "%s", err.text);
        }
        model_path = pocket;
        close_world(&small);
        tarn_buf_finish(&good);
    }
    close_world(&w);
}

/* Any change with right checksums is refused or gives a state that can be
 * computed with. */
static void test_f04_changes_with_right_checksums_do_no_harm(void)
{
    const uint32_t runs = getenv("TARN_SOAK") ? 1000000 : whole ? 5000 : 500;
    struct world w;
    struct tarn_error err;
    uint32_t accepted = 0;
    if (open_tiny(&w, "dense-k", TARN_F16)) {
        fill(&w, 1);
        struct tarn_buf good = save(&w, NULL);
        for (uint32_t i = 0; i < runs; i++) {
            struct tarn_buf b = copy_of(&good);
            const uint64_t r = tarn_mix(i + 77);
            size_t size;
            uint8_t *s = section(&b, (enum tarn_state_section[]){
                TARN_SECTION_MODEL, TARN_SECTION_TOKENS, TARN_SECTION_TAIL,
                TARN_SECTION_PAGE }[r % 4], &size);
            const size_t where = (size_t)((r >> 16) % size);
            if (r >> 8 & 1) /* a size or a kind of a section */
                s[(r >> 16) % 16] ^= (uint8_t)(1u << (r >> 12 & 7));
            else
                s[TARN_STATE_SECTION + where] ^= (uint8_t)(r >> 40 | 1);
            if (tarn_get64(s + 8) == size)
                sum_section(s);
            const enum tarn_status st = load(&w, b.data, b.size, &err);
            accepted += !st;
            CHECK_SAYS(!st || ((st == TARN_BAD_FILE || st == TARN_LIMIT) &&
                               err.text[0]), "%d: %s", st, err.text);
            if (!st && i % 50 == 0)
                fill(&w, i);
            tarn_buf_finish(&b);
        }
        printf("# %u of %u were accepted\n", accepted, runs);
        CHECK(!load(&w, good.data, good.size, &err));
        check_unharmed(&w, &good);
        tarn_buf_finish(&good);
    }
    close_world(&w);
}

/* ------------------------------------------------------------ disks and kills */
static unsigned n_calls, fail_at;
static int fail_with; /* errno; 0: the process is killed */

static int on_call(void *user)
{
    (void)user;
    if (++n_calls != fail_at)
        return 0;
    if (!fail_with)
        raise(SIGKILL);
    return fail_with;
}

static void test_f05_a_full_disk_or_a_kill_leaves_the_old_file(void)
{
    struct world w;
    struct tarn_error err;
    char *old = NULL, *now = NULL;
    size_t n_old = 0, n_now = 0;
    unsigned most = 0;
    if (!open_tiny(&w, "dense-k", TARN_F16)) {
        close_world(&w);
        return;
    }
    fill(&w, 1);
    CHECK(!tarn_state_save(w.engine, NULL, at("s"), &err));
    CHECK(!tarn_file_read(at("s"), 1u << 24, &old, &n_old, NULL));
    fill(&w, 2);
    for (int kill = 0; kill < 2; kill++) {
        CHECK(!tarn_file_write_private(at("s"), old, n_old, NULL));
        for (fail_at = 1;; fail_at++) {
            int status = 0;
            const pid_t child = kill ? fork() : 0;
            if (!child) {
                n_calls = 0;
                fail_with = kill ? 0 : ENOSPC;
                tarn_file_on_write(on_call, NULL);
                const enum tarn_status s =
                    tarn_state_save(w.engine, NULL, at("s"), &err);
                tarn_file_on_write(NULL, NULL);
                if (kill)
                    _exit((int)s);
                if (n_calls < fail_at)
                    break;
                CHECK_SAYS(s == TARN_IO && strstr(err.text, "the disk is full"),
                           "%d: %s", s, err.text);
            } else {
                CHECK(waitpid(child, &status, 0) == child);
                if (WIFEXITED(status))
                    break;
            }
            most = fail_at;
            CHECK(!tarn_file_read(at("s"), 1u << 24, &now, &n_now, NULL));
            CHECK(n_now == n_old && !memcmp(now, old, n_old));
            tarn_free(now);
        }
    }
    CHECK_SAYS(most > 10, "%u calls", most);
    CHECK(!tarn_state_load(w.engine, at("s"), NULL, &err));
    tarn_free(old);
    close_world(&w);
}

static void test_files_that_are_none_are_refused_by_name(void)
{
    struct world w;
    struct tarn_error err = { TARN_OK, "" };
    if (open_tiny(&w, "dense-k", TARN_F16)) {
        CHECK(tarn_state_load(w.engine, at("none"), NULL, &err) == TARN_IO &&
              strstr(err.text, "none: cannot be opened"));
        CHECK(tarn_state_load(w.engine, place, NULL, &err) == TARN_BAD_FILE);
        CHECK(tarn_state_save(w.engine, NULL, at("no/x"), &err) == TARN_IO &&
              strstr(err.text, "cannot be written"));
        CHECK(tarn_state_load(w.engine, model_path, NULL, &err) ==
              TARN_BAD_FILE && strstr(err.text, "no state file of tarn"));
    }
    close_world(&w);
}

/* F03: a file of each released form is read for two forms more.  Made by
 * `save_test POCKET MODELS GOLDEN golden`. */
static const char *golden;

static void test_f03_the_golden_file_of_form_1_is_read(void)
{
    struct world w;
    struct tarn_error err = { TARN_OK, "" };
    int32_t ids[N + 1];
    if (open_tiny(&w, "dense-k", TARN_Q8_0)) {
        CHECK_SAYS(!tarn_state_load(w.engine, golden, NULL, &err), "%s",
                   err.text);
        make_ids(&w, ids, 1);
        CHECK(bits_are_straight(w.engine, ids, 20, 19));
    }
    close_world(&w);
}

/* 20 tokens, so that the file is small. */
static int make_golden(const char *path)
{
    struct world w;
    struct bits b;
    int32_t ids[N];
    bool good = open_tiny(&w, "dense-k", TARN_Q8_0);
    if (good) {
        make_ids(&w, ids, 1);
        good = bits_take(w.engine, ids, 20, &b) &&
               !tarn_state_save(w.engine, NULL, path, NULL);
        bits_free(&b);
    }
    close_world(&w);
    return !good;
}

int main(int argc, char **argv)
{
    model_path = argc > 1 ? argv[1] : "pocket.gguf";
    folder = argc > 2 ? argv[2] : ".";
    golden = argc > 3 ? argv[3] : "state-1.bin";
    if (argc > 4 && !strcmp(argv[4], "golden"))
        return make_golden(golden);
    whole = argc > 4;
    if (!mkdtemp(place))
        return 1;
    RUN(test_save_kill_resume_goes_on_with_the_same_bits);
    RUN(test_every_kind_of_cache_comes_back);
    RUN(test_a_state_without_a_tail_comes_back);
    RUN(test_nothing_can_be_saved_and_resumed_too);
    RUN(test_a_running_turn_is_not_disturbed);
    RUN(test_f01_damaged_files_are_refused);
    RUN(test_f02_states_of_other_models_are_refused);
    RUN(test_f03_newer_forms_are_refused);
    RUN(test_f03_the_golden_file_of_form_1_is_read);
    RUN(test_f04_numbers_inside_are_checked);
    RUN(test_f04_changes_with_right_checksums_do_no_harm);
    RUN(test_f05_a_full_disk_or_a_kill_leaves_the_old_file);
    RUN(test_files_that_are_none_are_refused_by_name);
    CHECK(tarn_memory_held() == 0);
    unlink(at("chat.state"));
    unlink(at("s"));
    return rmdir(place) != 0 || tap_end();
}
