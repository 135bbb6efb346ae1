/* session.c - backends, runtime, model, engine: opened in this order, closed
 * in the other. */
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "cmd/cmd.h"
#include "core/base/clock.h"

enum tarn_status cmd_model_path(const char *word, const char **out,
                                struct tarn_error *err)
{
    static char pocket[4096];
    if (word) {
        *out = word;
        return TARN_OK;
    }
    if (!tarn_pocket_path(pocket, sizeof pocket))
        return tarn_fail(err, TARN_IO,
                         "the built-in model pocket.gguf is not where it was "
                         "installed; name a model: tarn chat MODEL.gguf");
    *out = pocket;
    return TARN_OK;
}

static void log_line(void *user, int level, const char *sentence)
{
    bool verbose = *(const bool *)user;
    if (level == 0 || verbose)
        fprintf(stderr, "tarn: %s\n", sentence);
}

static enum tarn_status kv_type(const char *name, struct tarn_engine_options *o,
                                struct tarn_error *err)
{
    static const struct {
        const char *name;
        uint32_t type;
    } KINDS[] = { { "f16", TARN_F16 }, { "f32", TARN_F32 },
                  { "q8_0", TARN_Q8_0 } };
    for (size_t i = 0; name && i < 3; i++)
        if (!strcmp(name, KINDS[i].name)) {
            o->kv_type = KINDS[i].type;
            o->kv_given = true;
            return TARN_OK;
        }
    return name ? tarn_fail(err, TARN_USAGE,
                            "--kv is \"%s\" but must be f16, f32 or q8_0",
                            tarn_shown_str(name).text)
                : TARN_OK;
}

static enum tarn_status open_all(struct cmd_session *s,
                                 const struct cmd_common *c, const char *word,
                                 bool engine, struct tarn_error *err)
{
    const char *path = NULL;
    enum tarn_status st = cmd_model_path(word, &path, err);
    struct tarn_engine_options eo = { .size = sizeof eo,
                                      .n_context = c->ctx,
                                      .max_rows = c->batch,
                                      .n_sequences = c->sequences };
    if (!st)
        st = kv_type(c->kv, &eo, err);
    if (!st)
        st = cmd_backends_open(c, &s->backends, err);
    if (!st && !c->backend)
        st = cmd_backends_choose(s->backends, c, path, err);
    if (st)
        return st;
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backend = c->backend,
                                       .threads = c->threads,
                                       .log = log_line };
    static bool verbose;
    verbose = c->verbose;
    ro.log_user = &verbose;
    ro.backends = cmd_backends_list(s->backends, &ro.n_backends);
    st = tarn_runtime_create(&ro, &s->runtime, err);
    struct tarn_model_options mo = { .size = sizeof mo,
                                     .device_layers = c->gpu_layers,
                                     .cpu_experts = c->cpu_experts,
                                     .engine = &eo };
    if (!st)
        st = tarn_model_open(s->runtime, path, &mo, &s->model, err);
    if (!st && engine)
        st = tarn_engine_create(s->model, &eo, &s->engine, err);
    return st;
}

enum tarn_status cmd_session_open(struct cmd_session *s,
                                  const struct cmd_common *c,
                                  const char *model_word, bool engine,
                                  struct tarn_error *err)
{
    *s = (struct cmd_session){ 0 };
    enum tarn_status st = open_all(s, c, model_word, engine, err);
    if (st)
        cmd_session_close(s);
    return st;
}

void cmd_session_close(struct cmd_session *s)
{
    if (s->engine)
        tarn_engine_destroy(s->engine);
    if (s->model)
        tarn_model_close(s->model);
    if (s->runtime)
        tarn_runtime_destroy(s->runtime);
    if (s->backends)
        cmd_backends_close(s->backends);
    *s = (struct cmd_session){ 0 };
}
