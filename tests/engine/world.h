/* world.h - a model, an engine and a chat for tests of turns, and what a turn
 * told. */
#ifndef TARN_TESTS_ENGINE_WORLD_H
#define TARN_TESTS_ENGINE_WORLD_H

#include <stdlib.h>

#include "backends/backend.h"
#include "core/base/memory.h"
#include "core/tarn.h"
#include "tests/tap.h"

/* The build of the cpu backend for any processor of this kind: the same bits as
 * ref, sooner. */
const struct tarn_backend *WORLD_BACKEND(void);

static const char *model_path;

struct world {
    struct tarn_runtime *rt;
    struct tarn_model *model;
    struct tarn_engine *engine;
    struct tarn_chat *chat;
};

/* What a turn told, gathered. */
struct told {
    char thought[4096], answer[4096];
    int32_t ids[512];
    uint32_t n_tokens, n_spans, n_ends, last_at, n_withdrawn;
    bool ended, failed_order;
    struct tarn_turn_summary sum;
    struct tarn_error error;
};

static inline bool open_world_on(struct world *w, const struct tarn_backend *b,
                                 uint32_t threads,
                                 const struct tarn_engine_options *eo)
{
    static const struct tarn_backend *backends[1];
    backends[0] = b;
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backends = backends, .n_backends = 1,
                                       .threads = threads };
    *w = (struct world){ 0 };
    bool good = !tarn_runtime_create(&ro, &w->rt, &err) &&
                !tarn_model_open(w->rt, model_path, NULL, &w->model, &err) &&
                !tarn_engine_create(w->model, eo, &w->engine, &err) &&
                !tarn_chat_create(&w->chat, &err);
    CHECK_SAYS(good, "%s", err.text);
    return good;
}

static inline bool open_world_with(struct world *w,
                                   const struct tarn_engine_options *eo)
{
    return open_world_on(w, WORLD_BACKEND(), 2, eo);
}

static inline bool open_world(struct world *w, uint32_t n_context)
{
    struct tarn_engine_options eo = { .size = sizeof eo,
                                      .n_context = n_context,
                                      .max_rows = 64 };
    return open_world_with(w, &eo);
}

static inline void close_world(struct world *w)
{
    tarn_chat_destroy(w->chat);
    tarn_engine_destroy(w->engine);
    tarn_model_close(w->model);
    tarn_runtime_destroy(w->rt);
}

static inline void add(char *to, size_t room, const char *text, size_t size)
{
    size_t n = strlen(to);
    if (n + size < room) {
        memcpy(to + n, text, size);
        to[n + size] = 0;
    }
}

static inline void take(struct told *t, const struct tarn_event *ev)
{
    switch ((enum tarn_event_kind)ev->kind) {
    case TARN_EV_SPAN:
        t->n_spans++;
        t->failed_order |= t->n_spans != t->n_ends + 1;
        break;
    case TARN_EV_SPAN_END:
        t->n_ends++;
        t->failed_order |= t->n_spans != t->n_ends;
        break;
    case TARN_EV_TEXT:
        t->failed_order |= t->n_spans != t->n_ends + 1;
        add(ev->span == TARN_SPAN_THOUGHT ? t->thought : t->answer, 4096,
            ev->text, ev->text_size);
        break;
    case TARN_EV_TOKEN:
        t->failed_order |= ev->at != t->last_at + 1;
        t->last_at = ev->at;
        if (t->n_tokens < 512)
            t->ids[t->n_tokens++] = ev->id;
        break;
    case TARN_EV_END:
        t->ended = true;
        t->sum = *ev->summary;
        if (ev->error)
            t->error = *ev->error;
        break;
    case TARN_EV_READING:
    case TARN_EV_CALL:
    case TARN_EV_NOTICE:
    case TARN_EV_WAS_THOUGHT:
        break;
    case TARN_EV_WITHDRAWN:
        t->n_withdrawn += (uint32_t)ev->total;
        t->last_at = t->n_tokens = ev->at;
        t->thought[ev->done] = 0;
        break;
    }
}

/* Steps until every event is drained; after `stop_at` tokens a stop is
 * posted (0: never). */
static inline void drive(struct world *w, tarn_turn_id turn, uint32_t stop_at,
                  struct told *t)
{
    struct tarn_event ev;
    *t = (struct told){ 0 };
    for (int i = 0; i < 4000 && !t->ended; i++) {
        tarn_engine_step(w->engine);
        while (tarn_engine_next_event(w->engine, &ev))
            if (ev.turn == turn)
                take(t, &ev);
        if (stop_at && t->n_tokens >= stop_at) {
            struct tarn_command cmd = { .size = sizeof cmd, .turn = turn,
                                        .kind = TARN_CMD_STOP };
            tarn_engine_post(w->engine, &cmd, NULL);
            stop_at = 0;
        }
    }
    CHECK(t->ended);
    CHECK(!t->failed_order);
}

static inline tarn_message_id say(struct world *w, const char *text)
{
    tarn_message_id id = 0;
    CHECK(!tarn_chat_add(w->chat, TARN_USER, text, strlen(text), &id, NULL));
    return id;
}

static inline bool ask(struct world *w, const struct tarn_turn_options *opt,
                uint32_t stop_at, struct told *t)
{
    tarn_turn_id turn;
    struct tarn_error err = { TARN_OK, "" };
    enum tarn_status s = tarn_turn_start(w->engine, w->chat, opt, &turn, &err);
    CHECK_SAYS(!s, "%s", err.text);
    if (s)
        return false;
    drive(w, turn, stop_at, t);
    return true;
}

static inline struct tarn_turn_options options(void)
{
    return (struct tarn_turn_options){ .size = sizeof(struct tarn_turn_options),
                                       .max_tokens = 200 };
}

#endif
