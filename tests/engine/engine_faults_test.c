/* engine_faults_test.c - faults E from outside: numbers out of range,
 * stops at any moment, acts inside of events, scores that are no numbers, many
 * chats at once.  After each the engine says what it said before.
 *
 *   engine_faults_test POCKET.gguf
 *
 * By the dummy where only the engine is meant; its answers depend on every
 * token before, so a wrong state shows.
 */
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>
#if defined(__linux__)
#include <dirent.h>
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "backends/dummy/dummy.h"
#include "backends/numerics64.h"
#include "core/base/clock.h"
#include "core/base/thread.h"
#include "tests/engine/world.h"

static bool open_dummy(struct world *w, struct tarn_engine_options *eo,
                       const char *options)
{
    setenv("TARN_DUMMY", options, 1);
    eo->size = sizeof *eo;
    return open_world_on(w, tarn_backend_dummy(), 1, eo);
}

/* After a fault the same question as always gives the same ids. */
static void probe(struct world *w, const char *after)
{
    static int32_t want[32];
    static uint32_t n_want;
    struct tarn_sampling greedy = tarn_sampling_default();
    struct tarn_turn_options opt = { .size = sizeof opt, .sampling = &greedy,
                                     .max_tokens = 32 };
    struct tarn_chat *chat = w->chat;
    struct told t = { 0 };
    greedy.temperature = 0;
    CHECK(!tarn_chat_create(&w->chat, NULL));
    say(w, "Is the engine well?");
    ask(w, &opt, 0, &t);
    CHECK(t.n_tokens && !t.error.text[0]);
    if (!n_want) {
        n_want = t.n_tokens < 32 ? t.n_tokens : 32;
        memcpy(want, t.ids, n_want * sizeof *want);
    }
    CHECK_SAYS(t.n_tokens == n_want &&
                   !memcmp(want, t.ids, n_want * sizeof *want),
               "other words after %s", after);
    tarn_chat_destroy(w->chat);
    w->chat = chat;
}

/* ---------------------------------------------------------------------- E02 */
/* The linker puts __wrap_X in the place of X. */
static uint64_t pretended; /* bytes that are free; 0: as many as are */
uint64_t __real_tarn_memory_available(const char *root);
uint64_t __wrap_tarn_memory_available(const char *root);

uint64_t __wrap_tarn_memory_available(const char *root)
{
    return pretended ? pretended : __real_tarn_memory_available(root);
}

static void test_e02_what_does_not_fit_is_refused_beforehand(void)
{
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 256 };
    struct tarn_engine *e = NULL;
    struct tarn_error err = { TARN_OK, "" };
    struct world w;
    if (open_world_with(&w, &eo)) {
        eo.n_context = 1024;
        pretended = 1 << 16;
        const int64_t held = tarn_memory_held();
        CHECK(tarn_engine_create(w.model, &eo, &e, &err) == TARN_NO_MEMORY);
        CHECK_SAYS(strstr(err.text, "a context of 1024 tokens needs 0.") &&
                       strstr(err.text, "GB are free; try --ctx 256"),
                   "%s", err.text);
        CHECK(tarn_memory_held() == held);
        pretended = 0;
        CHECK(!tarn_engine_create(w.model, &eo, &e, &err));
        tarn_engine_destroy(e);
    }
    close_world(&w);
}

/* ---------------------------------------------------------------------- E04 */
static void check_engine_option(struct world *w,
                                struct tarn_engine_options eo, bool allowed,
                                const char *what)
{
    struct tarn_engine *e = NULL;
    struct tarn_error err = { TARN_OK, "" };
    eo.size = sizeof eo;
    const enum tarn_status s = tarn_engine_create(w->model, &eo, &e, &err);
    CHECK_SAYS(allowed ? !s : s == TARN_USAGE && err.text[0], "%s: %d %s",
               what, s, err.text);
    tarn_engine_destroy(e);
}

static void check_turn_option(struct world *w, struct tarn_turn_options opt,
                              bool allowed, const char *what)
{
    struct tarn_error err = { TARN_OK, "" };
    struct told t;
    tarn_turn_id turn;
    opt.size = sizeof opt;
    const enum tarn_status s = tarn_turn_start(w->engine, w->chat, &opt, &turn,
                                               &err);
    CHECK_SAYS(allowed ? !s : s == TARN_USAGE && err.text[0], "%s: %d %s",
               what, s, err.text);
    if (!s)
        drive(w, turn, 3, &t);
    tarn_chat_select(w->chat, 1, NULL);
}

static void check_ids(struct world *w, const int32_t *ids, size_t n,
                      enum tarn_status want)
{
    struct tarn_error err = { TARN_OK, "" };
    tarn_turn_id turn;
    CHECK_SAYS(tarn_turn_start_ids(w->engine, ids, n, NULL, &turn, &err) ==
                   want && err.text[0], "%s", err.text);
    float *row = calloc(tarn_model_info(w->model)->n_vocab, sizeof *row);
    struct tarn_eval io = { .size = sizeof io, .ids = ids, .n_ids = n,
                            .logits = row };
    err.text[0] = 0;
    CHECK_SAYS(tarn_eval(w->engine, &io, &err) != TARN_OK && err.text[0], "%s",
               err.text);
    free(row);
}

#define ENGINE(allowed, ...)                                                  \
    check_engine_option(&w, (struct tarn_engine_options){ __VA_ARGS__ },      \
                        allowed, #__VA_ARGS__)
#define TURN(allowed, ...)                                                    \
    check_turn_option(&w, (struct tarn_turn_options){ __VA_ARGS__ }, allowed, \
                      #__VA_ARGS__)

static void test_e04_numbers_out_of_range_are_refused(void)
{
    static const char *const MANY[17] = { "a", "a", "a", "a", "a", "a", "a",
                                          "a", "a", "a", "a", "a", "a", "a",
                                          "a", "a", "a" };
    static const char *const EMPTY[1] = { "" };
    struct tarn_engine_options eo = { .n_context = 256 };
    struct world w;
    if (!open_dummy(&w, &eo, "length=12")) {
        close_world(&w);
        return;
    }
    const int32_t n_vocab = (int32_t)tarn_model_info(w.model)->n_vocab;
    const uint32_t most = tarn_model_info(w.model)->max_context;
    probe(&w, "the start");
    ENGINE(true, .n_context = most);
    ENGINE(true, .n_context = 1);
    ENGINE(false, .n_context = most + 1);
    ENGINE(false, .n_context = UINT32_MAX);
    ENGINE(false, .kv_type = 99, .kv_given = true);
    ENGINE(false, .kv_type = UINT32_MAX, .kv_given = true);
    ENGINE(true, .n_sequences = 64, .n_context = 64);
    ENGINE(false, .n_sequences = 65);
    ENGINE(false, .n_sequences = UINT32_MAX);
    ENGINE(true, .n_kept = UINT32_MAX);
    ENGINE(true, .n_kept = 256, .n_context = 64);
    ENGINE(false, .n_kept = UINT32_MAX - 1);
    ENGINE(true, .max_rows = 1);
    ENGINE(true, .max_rows = UINT32_MAX);
    ENGINE(true, .kv_bytes = 1);
    ENGINE(true, .kv_bytes = UINT64_MAX);
    say(&w, "Hi");
    TURN(true, .max_tokens = INT32_MIN);
    TURN(true, .max_tokens = INT32_MAX);
    TURN(true, .thought_budget = INT32_MIN);
    TURN(true, .thought_budget = INT32_MAX);
    TURN(true, .attempt = UINT32_MAX);
    TURN(false, .stops = MANY, .n_stops = 17);
    TURN(false, .stops = EMPTY, .n_stops = 1);
    TURN(false, .begin = &n_vocab, .n_begin = 1);
    TURN(false, .begin = &(int32_t){ -1 }, .n_begin = 1);
    TURN(false, .begin = &(int32_t){ INT32_MAX }, .n_begin = 1);
    TURN(false, .begin = &(int32_t){ INT32_MIN }, .n_begin = 1);
    check_ids(&w, &n_vocab, 1, TARN_USAGE);
    check_ids(&w, &(int32_t){ -1 }, 1, TARN_USAGE);
    check_ids(&w, &(int32_t){ INT32_MIN }, 1, TARN_USAGE);
    check_ids(&w, &n_vocab, 0, TARN_USAGE);
    static int32_t long_ids[257];
    check_ids(&w, long_ids, 257, TARN_LIMIT);
    probe(&w, "wrong numbers");
    close_world(&w);
}

static void check_rows(struct world *w, const uint32_t *rows, size_t n)
{
    const int32_t ids[4] = { 5, 6, 7, 8 };
    struct tarn_error err = { TARN_OK, "" };
    float *row = calloc(8 * tarn_model_info(w->model)->n_vocab, sizeof *row);
    struct tarn_eval io = { .size = sizeof io, .ids = ids, .n_ids = 4,
                            .rows = rows, .n_rows = n, .logits = row };
    CHECK_SAYS(tarn_eval(w->engine, &io, &err) == TARN_USAGE && err.text[0],
               "%s", err.text);
    free(row);
}

static void test_e04_wrong_rows_and_benchmarks_are_refused(void)
{
    struct tarn_engine_options eo = { .n_context = 256, .n_sequences = 2 };
    struct world w;
    if (open_dummy(&w, &eo, "length=12")) {
        check_rows(&w, (uint32_t[]){ 4 }, 1);
        check_rows(&w, (uint32_t[]){ UINT32_MAX }, 1);
        check_rows(&w, (uint32_t[]){ 2, 1 }, 2);
        check_rows(&w, (uint32_t[]){ 1, 1 }, 2);
        static const struct tarn_bench BAD[] = {
            { .n_seqs = 3, .n_tokens = 1 },
            { .n_seqs = UINT32_MAX, .n_tokens = 1 },
            { .depth = UINT32_MAX, .n_tokens = 1 },
            { .n_prompt = UINT32_MAX, .n_tokens = UINT32_MAX },
            { .n_prompt = 257 } };
        for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
            struct tarn_bench b = BAD[i];
            struct tarn_error err = { TARN_OK, "" };
            b.size = sizeof b;
            const enum tarn_status s = tarn_engine_bench(w.engine, &b, &err);
            CHECK_SAYS((s == TARN_USAGE || s == TARN_LIMIT) && err.text[0],
                       "%zu: %d %s", i, s, err.text);
        }
        struct tarn_command c = { .size = sizeof c, .kind = TARN_CMD_STOP,
                                  .turn = UINT32_MAX };
        CHECK(!tarn_engine_post(w.engine, &c, NULL)); /* has ended meanwhile */
        probe(&w, "wrong rows");
    }
    close_world(&w);
}

/* ---------------------------------------------------------------------- E05 */
static atomic_bool quit;

static void own(void *arg)
{
    struct world *w = arg;
    while (!atomic_load(&quit))
        if (tarn_engine_step(w->engine) != TARN_MORE)
            tarn_engine_wait(w->engine);
}

/* The owner has the processor while nothing is there to be taken. */
static void drain(struct world *w, tarn_turn_id turn, struct told *t)
{
    const struct timespec rest = { 0, 200000 };
    struct tarn_event ev;
    bool any = false;
    for (; tarn_engine_next_event(w->engine, &ev); any = true)
        if (ev.turn == turn)
            take(t, &ev);
    if (!any)
        nanosleep(&rest, NULL);
}

static struct tarn_engine *to_stop;
static void on_alarm(int number)
{
    (void)number;
    tarn_engine_stop_all(to_stop);
}

/* Stopped after `us`, twice by a command or once from a signal handler. */
static void stop_one(struct world *w, uint32_t us, bool by_signal)
{
    struct tarn_turn_options opt = options();
    struct told t = { 0 };
    tarn_turn_id turn;
    const double began = tarn_now_ms();
    double asked = 0;
    CHECK(!tarn_turn_start(w->engine, w->chat, &opt, &turn, NULL));
    struct tarn_command stop = { .size = sizeof stop, .turn = turn,
                                 .kind = TARN_CMD_STOP };
    if (by_signal) {
        const struct itimerval in = { .it_value = { 0, (int)us + 1 } };
        setitimer(ITIMER_REAL, &in, NULL);
        asked = began + us / 1000.0;
    }
    while (!t.ended) {
        const double now = tarn_now_ms();
        if (!by_signal && !(asked > 0) && now - began > us / 1000.0) {
            CHECK(!tarn_engine_post(w->engine, &stop, NULL));
            CHECK(!tarn_engine_post(w->engine, &stop, NULL));
            asked = now;
        }
        drain(w, turn, &t);
    }
    setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 0, 0 } }, NULL);
    CHECK(t.sum.reason == TARN_STOP_CANCELLED ||
          t.sum.reason == TARN_STOP_END || t.sum.reason == TARN_STOP_LENGTH);
    /* 50 ms is for a machine that does nothing else: tests/backends/stop. */
    CHECK_SAYS(!(asked > 0) || tarn_now_ms() - asked < 3000, "%.0f ms",
               tarn_now_ms() - asked);
    CHECK(!tarn_chat_select(w->chat, 1, NULL));
}

static void test_e05_a_stop_at_any_moment_leaves_a_good_state(void)
{
    const uint32_t n = getenv("TARN_SOAK") ? 500 : 24;
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 512,
                                      .max_rows = 16 };
    struct tarn_thread *owner = NULL;
    struct world w;
    atomic_store(&quit, false);
    if (open_world_with(&w, &eo)) {
        say(&w, "What is 123456 + 654321? This question is long enough that its "
                "reading takes several batches of a few rows each, so that a "
                "stop may come between them or in the middle of one.");
        signal(SIGALRM, on_alarm);
        to_stop = w.engine;
        CHECK(!tarn_thread_start(&owner, own, &w, NULL));
        for (uint32_t i = 0; i < n; i++)
            stop_one(&w, (uint32_t)(tarn_mix(i + 1) % 60000), i % 4 == 3);
        atomic_store(&quit, true);
        tarn_engine_wake(w.engine);
        tarn_thread_join(owner);
        signal(SIGALRM, SIG_IGN);
        struct tarn_turn_options opt = options();
        struct told t;
        tarn_chat_destroy(w.chat);
        CHECK(!tarn_chat_create(&w.chat, NULL));
        tarn_message_id q = say(&w, "What is 17 + 25?");
        ask(&w, &opt, 0, &t); /* a signal that came late stops this one */
        CHECK(!tarn_chat_select(w.chat, q, NULL));
        ask(&w, &opt, 0, &t);
        CHECK_SAYS(strstr(t.answer, "42"), "\"%s\"", t.answer);
    }
    close_world(&w);
}

/* ---------------------------------------------------------------------- E06 */
/* What a face does while it is told: stop, another turn, the chat destroyed. */
static void test_e06_faces_act_inside_of_events(void)
{
    struct tarn_engine_options eo = { .n_context = 256 };
    struct world w;
    if (!open_dummy(&w, &eo, "length=12")) {
        close_world(&w);
        return;
    }
    probe(&w, "the start");
    for (uint32_t kind = TARN_EV_READING; kind <= TARN_EV_END; kind++)
        for (int what = 0; what < 3; what++) {
            struct tarn_turn_options opt = options();
            struct tarn_event ev;
            struct tarn_chat *chat = NULL, *other = NULL;
            tarn_turn_id turn, more = 0;
            bool done = false;
            CHECK(!tarn_chat_create(&chat, NULL) &&
                  !tarn_chat_create(&other, NULL));
            tarn_chat_add(chat, TARN_USER, "Hi", 2, NULL, NULL);
            tarn_chat_add(other, TARN_USER, "Ho", 2, NULL, NULL);
            opt.max_tokens = 20;
            CHECK(!tarn_turn_start(w.engine, chat, &opt, &turn, NULL));
            for (int left = 1; left > 0;) {
                tarn_engine_step(w.engine);
                while (tarn_engine_next_event(w.engine, &ev)) {
                    left -= ev.kind == TARN_EV_END;
                    if (ev.turn != turn || ev.kind != kind || done)
                        continue;
                    done = true;
                    struct tarn_command stop = { .size = sizeof stop,
                                                 .turn = turn,
                                                 .kind = TARN_CMD_STOP };
                    if (what == 0) {
                        CHECK(!tarn_engine_post(w.engine, &stop, NULL));
                    } else if (what == 1) {
                        CHECK(!tarn_turn_start(w.engine, other, &opt, &more,
                                               NULL));
                        left++;
                    } else {
                        tarn_chat_destroy(chat);
                        chat = NULL;
                    }
                }
            }
            tarn_chat_destroy(chat);
            tarn_chat_destroy(other);
        }
    probe(&w, "acts inside of events");
    /* The engine goes while a turn runs. */
    struct tarn_turn_options opt = options();
    tarn_turn_id turn;
    say(&w, "Hi");
    CHECK(!tarn_turn_start(w.engine, w.chat, &opt, &turn, NULL));
    tarn_engine_step(w.engine);
    close_world(&w);
}

/* A model that is closed while an engine uses it stays until that goes, and so
 * does a runtime. */
static void test_e11_closing_waits_for_who_uses_it(void)
{
    const int64_t held = tarn_memory_held();
    struct tarn_engine_options eo = { .n_context = 256 };
    struct world w;
    if (open_dummy(&w, &eo, "length=12")) {
        tarn_runtime_destroy(w.rt);
        tarn_model_close(w.model);
        probe(&w, "its model was closed");
        w.rt = NULL;
        w.model = NULL;
    }
    tarn_chat_destroy(w.chat);
    tarn_engine_destroy(w.engine);
    CHECK(tarn_memory_held() == held);
}

/* ---------------------------------------------------------------------- E08 */
#if defined(__linux__)
#define MANY_THREADS 64
static uint32_t rest_ms;

static void put_aside(int number)
{
    const struct timespec t = { rest_ms / 1000, rest_ms % 1000 * 1000000L };
    const int before = errno;
    (void)number;
    nanosleep(&t, NULL);
    errno = before;
}

/* The threads of this process but the one that asks. */
static uint32_t other_threads(long *tids)
{
    const long own_tid = syscall(SYS_gettid);
    DIR *d = opendir("/proc/self/task");
    uint32_t n = 0;
    for (const struct dirent *f; d && (f = readdir(d)) && n < MANY_THREADS;) {
        const long tid = strtol(f->d_name, NULL, 10);
        if (tid > 0 && tid != own_tid)
            tids[n++] = tid;
    }
    if (d)
        closedir(d);
    return n;
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* `times` tokens begin with all threads but this one put aside. */
static double turn_with_rests(struct world *w, const long *tids, uint32_t n,
                              uint32_t times, struct told *t)
{
    struct tarn_turn_options opt = options();
    struct tarn_event ev;
    tarn_turn_id turn;
    const double from = cpu_ms();
    *t = (struct told){ 0 };
    opt.max_tokens = 24;
    CHECK(!tarn_chat_select(w->chat, 1, NULL));
    CHECK(!tarn_turn_start(w->engine, w->chat, &opt, &turn, NULL));
    for (uint32_t steps = 0; !t->ended; steps++) {
        for (uint32_t i = 0; i < n && steps % 4 == 2 && steps / 4 < times; i++)
            syscall(SYS_tgkill, getpid(), tids[i], SIGUSR2);
        tarn_engine_step(w->engine);
        while (tarn_engine_next_event(w->engine, &ev))
            take(t, &ev);
    }
    return cpu_ms() - from;
}

/* A worker that the system does not run for a while, whether it has work or
 * not: the same answer, later, and nobody burns time waiting for it. */
static void test_e08_a_worker_put_aside_changes_nothing(void)
{
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 256 };
    long tids[MANY_THREADS];
    struct told alone, with;
    struct world w;
    rest_ms = getenv("TARN_SOAK") ? 5000 : 80;
    signal(SIGUSR2, put_aside);
    if (open_world_with(&w, &eo)) {
        const uint32_t n = other_threads(tids);
        say(&w, "What is 17 + 25?");
        turn_with_rests(&w, tids, n, 0, &alone); /* its first try is slower */
        const double usual = turn_with_rests(&w, tids, n, 0, &alone);
        const double rests = turn_with_rests(&w, tids, n, 3, &with);
        CHECK(n > 0);
        CHECK(alone.n_tokens == with.n_tokens &&
              !memcmp(alone.ids, with.ids, alone.n_tokens * sizeof(int32_t)));
        printf("# %u threads, %.0f ms of processor time, %.0f with rests\n", n,
               usual, rests);
        CHECK_SAYS(rests < 2 * usual + 1.5 * rest_ms, "%.0f and %.0f ms", usual,
                   rests);
    }
    close_world(&w);
    signal(SIGUSR2, SIG_IGN);
}
#endif

/* ---------------------------------------------------------------------- E09 */
static void test_e09_scores_that_are_no_numbers_end_the_turn(void)
{
    struct tarn_engine_options eo = { .n_context = 256 };
    struct world w;
    for (int k = 1; k < 8; k += 3) {
        char options_text[40];
        struct tarn_turn_options opt = options();
        struct told t;
        snprintf(options_text, sizeof options_text, "length=12,nan=%d", k);
        if (open_dummy(&w, &eo, options_text)) {
            say(&w, "Hi");
            ask(&w, &opt, 0, &t);
            CHECK(t.sum.reason == TARN_STOP_FAILED);
            CHECK_SAYS(t.error.status == TARN_BAD_FILE &&
                           strstr(t.error.text, "no finite scores"),
                       "%d: %s", t.error.status, t.error.text);
            probe(&w, "no numbers");
        }
        close_world(&w);
    }
}

/* ---------------------------------------------------------------------- E11 */
#define CHATS 8

static void ask_eight(struct world *w, struct tarn_chat **chats,
                      struct told *t, bool at_once)
{
    static const char *const QUESTIONS[CHATS] = {
        "What is 1 + 1?", "Is 7 prime?", "Hi", "What is 17 + 25?", "Why?",
        "Count to 3.", "What is 8 / 2?", "Sort 3 1 2." };
    struct tarn_turn_options opt = options();
    tarn_turn_id turn[CHATS];
    opt.max_tokens = 24;
    for (int i = 0; i < CHATS; i++) {
        t[i] = (struct told){ 0 };
        CHECK(!tarn_chat_create(&chats[i], NULL));
        tarn_chat_add(chats[i], TARN_USER, QUESTIONS[i], strlen(QUESTIONS[i]),
                      NULL, NULL);
        CHECK(!tarn_turn_start(w->engine, chats[i], &opt, &turn[i], NULL));
        for (bool more = !at_once; more; more = !t[i].ended)
            drain(w, turn[i], &t[i]);
    }
    for (int ended = at_once ? 0 : CHATS; ended < CHATS;) {
        const struct timespec rest = { 0, 200000 };
        struct tarn_event ev;
        nanosleep(&rest, NULL);
        while (tarn_engine_next_event(w->engine, &ev))
            for (int i = 0; i < CHATS; i++)
                if (ev.turn == turn[i]) {
                    take(&t[i], &ev);
                    ended += ev.kind == TARN_EV_END;
                }
    }
    for (int i = 0; i < CHATS; i++)
        tarn_chat_destroy(chats[i]);
}

/* Eight chats at once on two threads, the owner beside them: each says what it
 * says alone.  What TSan is for. */
static void test_e11_eight_chats_at_once_on_two_threads(void)
{
    static struct told alone[CHATS], at_once[CHATS];
    struct tarn_engine_options eo = { .size = sizeof eo, .n_context = 256,
                                      .max_rows = 32, .n_sequences = CHATS };
    struct tarn_chat *chats[CHATS];
    struct tarn_thread *owner = NULL;
    struct world w;
    atomic_store(&quit, false);
    if (open_world_with(&w, &eo)) {
        CHECK(!tarn_thread_start(&owner, own, &w, NULL));
        ask_eight(&w, chats, alone, false);
        for (int i = 0; i < 2; i++) {
            ask_eight(&w, chats, at_once, true);
            for (int k = 0; k < CHATS; k++)
                CHECK_SAYS(alone[k].n_tokens == at_once[k].n_tokens &&
                               !memcmp(alone[k].ids, at_once[k].ids,
                                       alone[k].n_tokens * sizeof(int32_t)),
                           "chat %d: %u and %u tokens: %s", k,
                           alone[k].n_tokens, at_once[k].n_tokens,
                           at_once[k].error.text);
        }
        atomic_store(&quit, true);
        tarn_engine_wake(w.engine);
        tarn_thread_join(owner);
    }
    close_world(&w);
}

/* Chats open, ask, ask on, stop and go in random order. */
static void test_e11_many_chats_come_and_go(void)
{
    enum { ROOM = 24 };
    const uint32_t n = getenv("TARN_SOAK") ? 1000 : 120;
    struct tarn_engine_options eo = { .n_context = 256, .n_sequences = 8 };
    struct tarn_chat *chats[ROOM] = { 0 };
    tarn_turn_id turns[ROOM] = { 0 };
    struct world w;
    uint32_t opened = 0, ended = 0, started = 0;
    if (!open_dummy(&w, &eo, "length=12")) {
        close_world(&w);
        return;
    }
    probe(&w, "the start");
    for (uint32_t i = 0; opened < n || ended < started; i++) {
        const uint32_t k = (uint32_t)(tarn_mix(i + 3) % ROOM);
        struct tarn_turn_options opt = options();
        struct tarn_event ev;
        opt.max_tokens = 1 + (int32_t)(tarn_mix(i) % 12);
        if (!chats[k] && opened < n) {
            opened += !tarn_chat_create(&chats[k], NULL);
        } else if (chats[k] && !turns[k] && tarn_chat_length(chats[k]) > 5) {
            tarn_chat_destroy(chats[k]);
            chats[k] = NULL;
        } else if (chats[k] && !turns[k]) {
            tarn_chat_add(chats[k], TARN_USER, "Next", 4, NULL, NULL);
            const enum tarn_status s = tarn_turn_start(w.engine, chats[k], &opt,
                                                       &turns[k], NULL);
            started += !s;
            if (s) {
                tarn_chat_destroy(chats[k]);
                chats[k] = NULL;
            }
        } else if (chats[k] && turns[k] && i % 5 == 0) {
            struct tarn_command stop = { .size = sizeof stop, .turn = turns[k],
                                         .kind = TARN_CMD_STOP };
            tarn_engine_post(w.engine, &stop, NULL);
        } else if (chats[k] && i % 7 == 0) {
            tarn_chat_destroy(chats[k]); /* while its turn runs, too */
            chats[k] = NULL;
            turns[k] = 0;
        }
        tarn_engine_step(w.engine);
        while (tarn_engine_next_event(w.engine, &ev))
            for (uint32_t c = 0; ev.kind == TARN_EV_END && c < ROOM; c++) {
                ended += c == 0;
                if (turns[c] == ev.turn)
                    turns[c] = 0;
            }
    }
    for (int k = 0; k < ROOM; k++)
        tarn_chat_destroy(chats[k]);
    probe(&w, "many chats");
    printf("# %u chats, %u turns\n", opened, started);
    close_world(&w);
}

int main(int argc, char **argv)
{
    model_path = argc > 1 ? argv[1] : "pocket.gguf";
    RUN(test_e02_what_does_not_fit_is_refused_beforehand);
    RUN(test_e04_numbers_out_of_range_are_refused);
    RUN(test_e04_wrong_rows_and_benchmarks_are_refused);
    RUN(test_e05_a_stop_at_any_moment_leaves_a_good_state);
    RUN(test_e06_faces_act_inside_of_events);
#if defined(__linux__)
    RUN(test_e08_a_worker_put_aside_changes_nothing);
#endif
    RUN(test_e09_scores_that_are_no_numbers_end_the_turn);
    RUN(test_e11_closing_waits_for_who_uses_it);
    RUN(test_e11_eight_chats_at_once_on_two_threads);
    RUN(test_e11_many_chats_come_and_go);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
