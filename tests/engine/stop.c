/* stop.c - how long a stop takes, by hand: on a machine that does nothing else.
 *
 *   engine_stop MODEL.gguf PLUGIN_DIR [TIMES]
 *
 * Turns are stopped after a time drawn at random, in the prefill of 2,000
 * tokens and while tokens are decoded; two stops of three by a command, the
 * third as a signal handler would.  Prints the median and the longest time from
 * the stop to the turn's end, in milliseconds. */
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "backends/numerics64.h"
#include "core/base/clock.h"
#include "core/base/thread.h"
#include "core/tarn.h"
#include "plugins/plugins.h"

#include <stdio.h>
#include <string.h>

enum { PROMPT = 2000, MOST = 1000 };

struct bench {
    struct tarn_runtime *rt;
    struct tarn_model *model;
    struct tarn_engine *engine;
    atomic_bool quit;
};

static void own(void *arg)
{
    struct bench *b = arg;
    while (!atomic_load(&b->quit))
        if (tarn_engine_step(b->engine) != TARN_MORE)
            tarn_engine_wait(b->engine);
}

static void rest(double ms)
{
    const struct timespec t = { (time_t)(ms / 1000),
                                (long)(ms * 1e6) % 1000000000 };
    nanosleep(&t, NULL);
}

/* Takes what is there; true: the turn has ended. */
static bool drain(struct bench *b, tarn_turn_id turn, uint32_t *n_tokens)
{
    struct tarn_event ev;
    bool ended = false;
    while (tarn_engine_next_event(b->engine, &ev)) {
        *n_tokens += ev.kind == TARN_EV_TOKEN;
        ended |= ev.kind == TARN_EV_END && ev.turn == turn;
    }
    return ended;
}

/* Milliseconds until the end; < 0: the turn had ended before the stop. */
static double stop_one(struct bench *b, uint32_t number, uint32_t n_prompt,
                       double wait_ms, uint32_t after_tokens)
{
    static int32_t ids[PROMPT];
    const uint32_t n_vocab = tarn_model_info(b->model)->n_vocab;
    const struct tarn_turn_options opt = { .size = sizeof opt,
                                           .keep_loops = true };
    struct tarn_error err = { TARN_OK, "" };
    uint32_t n_tokens = 0;
    tarn_turn_id turn;
    for (uint32_t i = 0; i < n_prompt; i++)
        ids[i] = (int32_t)(300 + tarn_mix((uint64_t)number << 32 | i) %
                                     (n_vocab - 1000));
    if (tarn_turn_start_ids(b->engine, ids, n_prompt, &opt, &turn, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    const double began = tarn_now_ms();
    while (tarn_now_ms() - began < wait_ms || n_tokens < after_tokens) {
        if (drain(b, turn, &n_tokens))
            return -1;
        rest(0.2);
    }
    const struct tarn_command stop = { .size = sizeof stop, .turn = turn,
                                       .kind = TARN_CMD_STOP };
    const double asked = tarn_now_ms();
    if (number % 3 == 2)
        tarn_engine_stop_all(b->engine);
    else
        tarn_engine_post(b->engine, &stop, NULL);
    while (!drain(b, turn, &n_tokens))
        rest(0.1);
    return tarn_now_ms() - asked;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void stop_many(struct bench *b, const char *what, uint32_t times,
                      uint32_t n_prompt, double least, double most,
                      uint32_t after_tokens)
{
    static double ms[MOST];
    uint32_t n = 0;
    for (uint32_t i = 0; i < times; i++) {
        const double part = (double)(tarn_mix(i + 77) % 1000) / 1000;
        const double t = stop_one(b, i + n_prompt, n_prompt,
                                  least + part * (most - least), after_tokens);
        if (t >= 0)
            ms[n++] = t;
    }
    qsort(ms, n, sizeof *ms, compare);
    printf("%s: %u stops, median %.1f ms, longest %.1f ms\n", what, n,
           n ? ms[n / 2] : 0, n ? ms[n - 1] : 0);
}

int main(int argc, char **argv)
{
    int code = 0;
    if (tarn_plugins_probe_main(argc, argv, &code))
        return code;
    if (argc < 3)
        return 2;
    const uint32_t asked = argc > 3 ? (uint32_t)atoi(argv[3]) : 20;
    const uint32_t times = asked < MOST ? asked : MOST;
    const char *const dirs[] = { argv[2] };
    const struct tarn_plugin_options po = { .size = sizeof po, .dirs = dirs,
                                            .n_dirs = 1, .only_dirs = true };
    static struct bench b;
    struct tarn_plugins *plugins = NULL;
    struct tarn_thread *owner = NULL;
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_runtime_options ro = { .size = sizeof ro };
    const struct tarn_engine_options eo = { .size = sizeof eo,
                                            .n_context = 4096 };
    enum tarn_status s = tarn_plugins_find(&po, &plugins, &err);
    if (!s)
        ro.backends = tarn_plugins_backends(plugins, &ro.n_backends);
    if (!s)
        s = tarn_runtime_create(&ro, &b.rt, &err);
    if (!s)
        s = tarn_model_open(b.rt, argv[1], NULL, &b.model, &err);
    if (!s)
        s = tarn_engine_create(b.model, &eo, &b.engine, &err);
    if (!s)
        s = tarn_thread_start(&owner, own, &b, &err);
    if (s) {
        fprintf(stderr, "%s\n", err.text);
        return (int)s;
    }
    printf("%s on %s, %u threads\n", tarn_model_info(b.model)->name,
           tarn_model_info(b.model)->backend, tarn_runtime_threads(b.rt));
    stop_many(&b, "prefill", times, PROMPT, 20, 2500, 0);
    stop_many(&b, "decode", times, 16, 0, 100, 3);
    atomic_store(&b.quit, true);
    tarn_engine_wake(b.engine);
    tarn_thread_join(owner);
    tarn_engine_destroy(b.engine);
    tarn_model_close(b.model);
    tarn_runtime_destroy(b.rt);
    tarn_plugins_free(plugins);
    return 0;
}
