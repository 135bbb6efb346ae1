/* scripted_core.c - model and engine of core/tarn.h with a text file in place
 * of a model.
 *
 * The window's tests need answers that no small model writes on demand:
 * hostile Markdown, 200,000 letters, 2,000 tokens a second, a failure in the
 * middle.  This file implements the model and the engine that the window
 * calls; the window itself is linked unchanged, and the chat is the core's.
 *
 * TARN_SCRIPT: a file of turns, parted by lines "%%%".  A turn may begin with
 * <think>...</think>.  TARN_SCRIPT_RATE: tokens (here: words) a second.
 * A word "%FAIL" ends its turn as a failed one; "%LOOP" takes back two words
 * "taken back" as a broken circle would be; "%ROUND" in an answer tells of a
 * circle and waits until it is broken: then two words "again" go.  A turn that begins with tokens
 * (`begin`, or an answer that goes on) says the words of those again: their ids
 * are places in a list of all words that were ever written.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/chat/chat.h"
#include "core/tarn.h"
#include "plugins/plugins.h"

struct tarn_runtime {
    int unused;
};
struct tarn_model {
    struct tarn_model_info info;
    char path[1024], name[256];
};

enum { QUEUE = 4096 };

struct tarn_engine {
    struct tarn_model *model;
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool woken, running, stop, answer_now, break_circle;
    bool round, rounded; /* in a circle of an answer; there was one */
    void (*on_event)(void *user);
    void *on_event_user;
    struct tarn_event queue[QUEUE];
    unsigned head, tail;
    char *last_text; /* of the event given out last */
    char **words;    /* [n_words] words[id]: what was written */
    size_t n_words, n_begin, n_given; /* n_given: of an answer that goes on */
    bool waits; /* for the first of these */
    int32_t *begin;
    /* the turn */
    tarn_turn_id turn;
    tarn_message_id message;
    struct tarn_chat *chat;
    char *script, *at;
    unsigned turn_no, n_token, n_thought, span;
    size_t span_size; /* bytes */
    bool began, thought_first;
    double t0, t_thought, t_first, rate;
    int budget;
    struct tarn_turn_summary summary;
    struct tarn_error error;
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static enum tarn_status fail(struct tarn_error *err, enum tarn_status status,
                             const char *before, const char *name,
                             const char *after)
{
    if (err) {
        err->status = status;
        snprintf(err->text, sizeof err->text, "%s%s%s", before, name, after);
    }
    return status;
}

static char *read_all(const char *path)
{
    FILE *f = path ? fopen(path, "rb") : NULL;
    if (!f)
        return strdup("<think>\nNo script.\n</think>\nNo script was given.\n");
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *text = calloc(1, (size_t)size + 1);
    size_t n = fread(text, 1, (size_t)size, f);
    text[n] = 0;
    fclose(f);
    return text;
}

/* ----------------------------------------------------------------- plugins */
enum tarn_status tarn_plugins_find(const struct tarn_plugin_options *opt,
                                   struct tarn_plugins **out,
                                   struct tarn_error *err)
{
    static char nothing;
    (void)opt;
    (void)err;
    *out = (struct tarn_plugins *)&nothing;
    return TARN_OK;
}

void tarn_plugins_free(struct tarn_plugins *p)
{
    (void)p;
}

const struct tarn_backend *const *
tarn_plugins_backends(const struct tarn_plugins *p, size_t *n)
{
    (void)p;
    *n = 0;
    return NULL;
}

enum tarn_status tarn_plugins_require(const struct tarn_plugins *p,
                                      const char *name, struct tarn_error *err)
{
    (void)p;
    (void)name;
    (void)err;
    return TARN_OK;
}

enum tarn_status tarn_plugins_choose(struct tarn_plugins *p,
                                     const struct tarn_choose *opt,
                                     struct tarn_error *err)
{
    (void)p, (void)opt, (void)err;
    return TARN_OK;
}

const char *tarn_plugins_notice(const struct tarn_plugins *p)
{
    (void)p;
    return NULL;
}

size_t tarn_plugins_count(const struct tarn_plugins *p)
{
    (void)p;
    return 0;
}

const struct tarn_plugin *tarn_plugins_at(const struct tarn_plugins *p,
                                          size_t i)
{
    (void)p;
    (void)i;
    return NULL;
}

bool tarn_plugins_probe_main(int argc, char **argv, int *exit_code)
{
    (void)argc;
    (void)argv;
    *exit_code = 0;
    return false;
}

/* ---------------------------------------------------------- runtime, model */
enum tarn_status tarn_runtime_create(const struct tarn_runtime_options *opt,
                                     struct tarn_runtime **out,
                                     struct tarn_error *err)
{
    (void)opt;
    (void)err;
    *out = calloc(1, sizeof **out);
    return TARN_OK;
}

void tarn_runtime_destroy(struct tarn_runtime *rt)
{
    free(rt);
}

uint32_t tarn_runtime_threads(const struct tarn_runtime *rt)
{
    (void)rt;
    return 1;
}

enum tarn_status tarn_model_open(struct tarn_runtime *rt, const char *path,
                                 const struct tarn_model_options *opt,
                                 struct tarn_model **out,
                                 struct tarn_error *err)
{
    (void)rt;
    const char *base = strrchr(path, '/');
    base = base ? base + 1 : path;
    FILE *f = fopen(path, "rb");
    char magic[4] = { 0 };
    if (!f)
        return fail(err, TARN_IO, "", base, " cannot be opened.");
    size_t n = fread(magic, 1, 4, f);
    fclose(f);
    if (n != 4 || memcmp(magic, "GGUF", 4) != 0)
        return fail(err, TARN_BAD_FILE, "", base,
                    " is not a model file: it does not begin with “GGUF”. "
                    "Choose a file that ends in .gguf.");
    /* A file named "slow…" takes 20 s unless it is cancelled. */
    for (uint64_t i = 0; i <= 200 && strstr(base, "slow"); i++) {
        if (opt->progress)
            opt->progress(opt->user, i, 200);
        if (opt->cancelled && opt->cancelled(opt->user))
            return fail(err, TARN_CANCELLED, "", base, " was not opened.");
        usleep(100000);
    }
    struct tarn_model *m = calloc(1, sizeof *m);
    snprintf(m->path, sizeof m->path, "%s", path);
    snprintf(m->name, sizeof m->name, "%s",
             strstr(base, "pocket") ? "Pocket" : base);
    m->info = (struct tarn_model_info){ .size = sizeof m->info,
                                        .path = m->path,
                                        .name = m->name,
                                        .architecture = "lfm2moe",
                                        .license = "",
                                        .file_type = "Q8_0",
                                        .backend = "scripted",
                                        .device = "none",
                                        .layout_known = true,
                                        .thinks = true,
                                        .file_bytes = 10208992,
                                        .n_params = 9518048,
                                        .max_context = 32768 };
    *out = m;
    return TARN_OK;
}

void tarn_model_close(struct tarn_model *model)
{
    free(model);
}

const struct tarn_model_info *tarn_model_info(const struct tarn_model *model)
{
    return &model->info;
}

struct tarn_sampling tarn_model_sampling(const struct tarn_model *model)
{
    (void)model;
    return (struct tarn_sampling){ .size = sizeof(struct tarn_sampling) };
}

uint64_t tarn_random_seed(void)
{
    return 1;
}

/* ------------------------------------------------------------------ engine */
enum tarn_status tarn_engine_create(struct tarn_model *model,
                                    const struct tarn_engine_options *opt,
                                    struct tarn_engine **out,
                                    struct tarn_error *err)
{
    (void)opt;
    (void)err;
    struct tarn_engine *e = calloc(1, sizeof *e);
    const char *rate = getenv("TARN_SCRIPT_RATE");
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->work, NULL);
    e->model = model;
    e->rate = rate ? atof(rate) : 50;
    *out = e;
    return TARN_OK;
}

void tarn_engine_destroy(struct tarn_engine *e)
{
    while (e->head != e->tail)
        free((char *)e->queue[e->head++ % QUEUE].text);
    free(e->last_text);
    for (size_t i = 0; i < e->n_words; i++)
        free(e->words[i]);
    free(e->words);
    free(e->begin);
    free(e->script);
    free(e);
}

uint32_t tarn_engine_context(const struct tarn_engine *e)
{
    (void)e;
    return 32768;
}

void tarn_engine_on_event(struct tarn_engine *e, void (*fn)(void *user),
                          void *user)
{
    e->on_event = fn;
    e->on_event_user = user;
}

static void push(struct tarn_engine *e, struct tarn_event ev, const char *text,
                 size_t size)
{
    ev.size = sizeof ev;
    ev.turn = e->turn;
    ev.message = e->message;
    ev.span = ev.span ? ev.span : e->span;
    if (text) {
        char *copy = malloc(size + 1);
        memcpy(copy, text, size);
        copy[size] = 0;
        ev.text = copy;
        ev.text_size = size;
    }
    bool was_empty = e->head == e->tail;
    e->queue[e->tail++ % QUEUE] = ev;
    if (was_empty && e->on_event) {
        pthread_mutex_unlock(&e->lock);
        e->on_event(e->on_event_user);
        pthread_mutex_lock(&e->lock);
    }
}

static void close_span(struct tarn_engine *e)
{
    if (!e->span)
        return;
    if (e->span == TARN_SPAN_THOUGHT) {
        e->t_thought = now_ms();
        e->summary.thought_ms = e->t_thought - e->t_first;
        e->summary.n_thought = e->n_token;
    }
    push(e, (struct tarn_event){ .kind = TARN_EV_SPAN_END }, NULL, 0);
    e->span = 0;
}

static void open_span(struct tarn_engine *e, uint32_t span)
{
    close_span(e);
    e->span = span;
    e->span_size = 0;
    push(e, (struct tarn_event){ .kind = TARN_EV_SPAN }, NULL, 0);
}

static void end(struct tarn_engine *e, enum tarn_stop_reason reason)
{
    close_span(e);
    double t = now_ms();
    struct tarn_turn_summary *s = &e->summary;
    s->reason = reason;
    s->n_prompt = 20;
    s->n_total = e->n_token;
    s->n_answer = e->n_token - s->n_thought;
    s->answer_ms = t - (s->n_thought ? e->t_thought : e->t_first);
    s->first_token_ms = 5;
    s->prefill_ms = 4;
    e->running = false;
    snprintf(e->error.text, sizeof e->error.text,
             "There was not enough memory for the next 64 tokens. The answer "
             "so far is kept. Shorten the context or close other programs.");
    e->error.status = TARN_NO_MEMORY;
    push(e,
         (struct tarn_event){ .kind = TARN_EV_END,
                              .ms = t - e->t0,
                              .summary = s,
                              .error = reason == TARN_STOP_FAILED ? &e->error
                                                                  : NULL },
         NULL, 0);
}

/* Tells a word as a token; its id is its place in the list. */
static void say(struct tarn_engine *e, const char *text, size_t size)
{
    e->words = realloc(e->words, (e->n_words + 1) * sizeof *e->words);
    e->words[e->n_words] = strndup(text, size);
    push(e, (struct tarn_event){ .kind = TARN_EV_TEXT }, text, size);
    push(e,
         (struct tarn_event){ .kind = TARN_EV_TOKEN,
                              .id = (int32_t)e->n_words++,
                              .at = e->n_token++,
                              .ms = now_ms() - e->t0 },
         NULL, 0);
    e->span_size += size;
}

/* Two words that are taken back again at once. */
static void loop(struct tarn_engine *e)
{
    static const char said[] = "The thought went round in a circle; 2 tokens "
                               "were taken back and it went on another way.";
    const size_t keep = e->span_size;
    say(e, "taken ", 6);
    say(e, "back ", 5);
    e->n_token -= 2;
    e->span_size = keep;
    push(e,
         (struct tarn_event){ .kind = TARN_EV_WITHDRAWN,
                              .at = e->n_token,
                              .done = keep,
                              .total = 2 },
         NULL, 0);
    push(e, (struct tarn_event){ .kind = TARN_EV_NOTICE }, said,
         sizeof said - 1);
}

/* A circle of an answer: begins, waits, and is broken. */
static void go_round(struct tarn_engine *e)
{
    static const char said[] = "The answer goes round in a circle.";
    if (!e->round) {
        say(e, "again ", 6);
        say(e, "again ", 6);
        push(e, (struct tarn_event){ .kind = TARN_EV_NOTICE, .total = 300 },
             said, sizeof said - 1);
        e->round = e->rounded = true;
    } else if (e->break_circle) {
        e->n_token -= 2;
        e->span_size -= 12;
        push(e,
             (struct tarn_event){ .kind = TARN_EV_WITHDRAWN,
                                  .at = e->n_token,
                                  .done = e->span_size,
                                  .total = 2 },
             NULL, 0);
        e->round = e->break_circle = false;
        e->at += 6;
    }
}

/* One word of the script.  The lock is held. */
static void speak(struct tarn_engine *e)
{
    if (!e->began) {
        e->began = true;
        push(e,
             (struct tarn_event){
                 .kind = TARN_EV_READING, .done = 20, .total = 20 },
             NULL, 0);
        e->t_first = now_ms();
        if (!strncmp(e->at, "<think>", 7)) {
            e->at += 7;
            open_span(e, TARN_SPAN_THOUGHT);
        } else {
            open_span(e, e->thought_first ? TARN_SPAN_THOUGHT
                                          : TARN_SPAN_ANSWER);
        }
        for (size_t i = 0; i < e->n_begin; i++)
            if (e->begin[i] >= 0 && (size_t)e->begin[i] < e->n_words)
                say(e, e->words[e->begin[i]], strlen(e->words[e->begin[i]]));
        e->n_begin = 0;
    }
    char *close = strstr(e->at, "</think>");
    if (e->span == TARN_SPAN_THOUGHT &&
        (e->answer_now || (e->budget >= 0 && (int)e->n_token >= e->budget) ||
         (close && close == e->at))) {
        e->at = close ? close + 8 : e->at + strlen(e->at);
        open_span(e, TARN_SPAN_ANSWER);
        return;
    }
    if (e->stop || !*e->at) {
        end(e, e->stop ? TARN_STOP_CANCELLED : TARN_STOP_END);
        return;
    }
    if (!strncmp(e->at, "%FAIL", 5)) {
        end(e, TARN_STOP_FAILED);
        return;
    }
    if (!strncmp(e->at, "%LOOP", 5)) {
        loop(e);
        e->at += 5;
        return;
    }
    if (!strncmp(e->at, "%ROUND", 6)) {
        go_round(e);
        return;
    }
    size_t n = strcspn(e->at + 1, " \n<%") + 1;
    say(e, e->at, n);
    e->at += n;
}

enum tarn_progress tarn_engine_step(struct tarn_engine *e)
{
    pthread_mutex_lock(&e->lock);
    bool room = e->tail - e->head < QUEUE - 16;
    bool due =
        !e->began || e->stop || now_ms() - e->t0 >= e->n_token * 1e3 / e->rate;
    if (e->running && room && due)
        speak(e);
    enum tarn_progress p = e->running ? TARN_MORE : TARN_IDLE;
    pthread_mutex_unlock(&e->lock);
    if (p == TARN_MORE && (!due || !room))
        usleep(500);
    return p;
}

void tarn_engine_wait(struct tarn_engine *e)
{
    pthread_mutex_lock(&e->lock);
    while (!e->running && !e->woken)
        pthread_cond_wait(&e->work, &e->lock);
    e->woken = false;
    pthread_mutex_unlock(&e->lock);
}

void tarn_engine_wake(struct tarn_engine *e)
{
    pthread_mutex_lock(&e->lock);
    e->woken = true;
    pthread_cond_broadcast(&e->work);
    pthread_mutex_unlock(&e->lock);
}

enum tarn_status tarn_engine_post(struct tarn_engine *e,
                                  const struct tarn_command *cmd,
                                  struct tarn_error *err)
{
    (void)err;
    pthread_mutex_lock(&e->lock);
    if (e->running && cmd->turn == e->turn) {
        e->stop |= cmd->kind == TARN_CMD_STOP;
        e->answer_now |= cmd->kind == TARN_CMD_ANSWER_NOW;
        e->break_circle |= cmd->kind == TARN_CMD_BREAK_CIRCLE;
    }
    pthread_mutex_unlock(&e->lock);
    return TARN_OK;
}

/* -------------------------------------------------------------------- turn */
static void take_turn(struct tarn_engine *e)
{
    free(e->script);
    char *all = read_all(getenv("TARN_SCRIPT")), *from = all;
    for (unsigned i = 0; i < e->turn_no; i++) {
        char *next = strstr(from, "%%%\n");
        if (next)
            from = next + 4;
    }
    char *stop = strstr(from, "%%%\n");
    if (stop)
        *stop = 0;
    e->script = strdup(from);
    e->at = e->script;
    e->turn_no++;
    free(all);
}

enum tarn_status tarn_turn_start(struct tarn_engine *e, struct tarn_chat *c,
                                 const struct tarn_turn_options *opt,
                                 tarn_turn_id *out, struct tarn_error *err)
{
    if (e->running)
        return fail(err, TARN_BUSY, "a turn is running", "", "");
    tarn_message_id id;
    size_t n_begin = opt->n_begin;
    const int32_t *begin = opt->begin;
    struct tarn_message last = { 0 };
    tarn_chat_message(c, tarn_chat_length(c) - 1, &last);
    if (opt->go_on) {
        id = last.id;
        begin = tarn_chat_ids(c, id, &n_begin);
    } else if (tarn_chat_begin(c, last.id, &id, err) != TARN_OK) {
        return TARN_USAGE;
    }
    tarn_chat_hold(c);
    pthread_mutex_lock(&e->lock);
    take_turn(e);
    e->chat = c;
    e->message = id;
    e->turn++;
    e->running = true;
    e->stop = e->answer_now = e->began = e->break_circle = e->round = false;
    e->n_token = e->span = 0;
    e->summary = (struct tarn_turn_summary){ 0 };
    e->budget = opt->thought_budget || opt->budget_given
                    ? opt->thought_budget : -1;
    free(e->begin);
    e->begin = calloc(n_begin + 1, sizeof *e->begin);
    e->n_begin = n_begin;
    e->n_given = opt->go_on ? n_begin : 0;
    for (size_t i = 0; i < n_begin; i++)
        e->begin[i] = begin[i];
    e->waits = e->n_given > 0;
    /* In these scripts a circle is in a thought, but for %ROUND. */
    e->thought_first = opt->n_begin > 0 && opt->keep_loops && !e->rounded;
    e->t0 = e->t_first = e->t_thought = now_ms();
    *out = e->turn;
    pthread_cond_broadcast(&e->work);
    pthread_mutex_unlock(&e->lock);
    return TARN_OK;
}

bool tarn_engine_next_event(struct tarn_engine *e, struct tarn_event *out)
{
    pthread_mutex_lock(&e->lock);
    bool there = e->head != e->tail;
    if (there) {
        *out = e->queue[e->head++ % QUEUE];
        free(e->last_text);
        e->last_text = (char *)out->text;
    }
    pthread_mutex_unlock(&e->lock);
    if (!there || !out->message)
        return there;
    if (out->kind == TARN_EV_SPAN && e->waits) {
        tarn_chat_regrow(e->chat, out->message, NULL);
        e->waits = false;
    }
    if (out->kind == TARN_EV_TOKEN && out->at + 1 == e->n_given)
        tarn_chat_regrown(e->chat, out->message);
    if (out->kind == TARN_EV_TEXT)
        tarn_chat_grow(e->chat, out->message, out->span, out->text,
                       out->text_size, NULL);
    else if (out->kind == TARN_EV_TOKEN)
        tarn_chat_grow_id(e->chat, out->message, out->id, NULL);
    else if (out->kind == TARN_EV_WITHDRAWN)
        tarn_chat_withdraw(e->chat, out->message, out->at, out->span,
                           (size_t)out->done);
    else if (out->kind == TARN_EV_END) {
        tarn_chat_end(e->chat, out->message,
                      out->summary->reason == TARN_STOP_END);
        tarn_chat_drop(e->chat);
    }
    return there;
}

/* ---------------------------------------------------------------- traces */
/* The window records its turns; a script has no figures worth it. */
const struct tarn_text *tarn_model_text(const struct tarn_model *model)
{
    (void)model;
    return NULL;
}

const int32_t *tarn_turn_prompt(const struct tarn_engine *engine,
                                tarn_turn_id turn, size_t *n)
{
    (void)engine;
    (void)turn;
    *n = 0;
    return NULL;
}

size_t tarn_turn_given(const struct tarn_engine *e, tarn_turn_id turn)
{
    (void)turn;
    return e->n_given;
}

uint32_t tarn_engine_kv_type(const struct tarn_engine *engine)
{
    (void)engine;
    return 0;
}

void tarn_engine_state_memory(const struct tarn_engine *engine,
                              struct tarn_state_memory *out)
{
    (void)engine;
    *out = (struct tarn_state_memory){ .size = sizeof *out };
}

void tarn_engine_stop_all(struct tarn_engine *e)
{
    e->stop = true;
}

enum tarn_status tarn_engine_move(struct tarn_engine *e, const char *backend,
                                  struct tarn_error *err)
{
    (void)e, (void)backend;
    return fail(err, TARN_UNSUPPORTED, "a script has one backend", "", "");
}

enum tarn_status tarn_turn_start_ids(struct tarn_engine *e, const int32_t *ids,
                                     size_t n_ids,
                                     const struct tarn_turn_options *opt,
                                     tarn_turn_id *out, struct tarn_error *err)
{
    (void)e, (void)ids, (void)n_ids, (void)opt, (void)out;
    return fail(err, TARN_UNSUPPORTED, "a script takes no ids", "", "");
}
