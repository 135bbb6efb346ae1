/* choose.c - which backend is the fastest for a model: timed once.
 *
 * Where every device is the processor itself the order of the registry holds,
 * which was measured with the canary.  With a graphics device the model
 * decides: a small one may be faster on the processor, and a large one may not
 * fit the device.  So the best build for the processor and every other device
 * read and write some tokens of this model. */
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/tarn.h"
#include "plugins/plugins.h"
#include "plugins/speeds.h"

enum {
    PROMPT = 256, TOKENS = 16,          /* of the pass that counts */
    WARM_PROMPT = 32, WARM_TOKENS = 2,  /* shaders are made, pages touched */
    USUAL_PROMPT = 512, USUAL_TOKENS = 128
};
#define ENOUGH_MS 4000.0 /* a first pass as slow as that is the verdict */

static bool is_processor(const struct tarn_plugin *p)
{
    return p->n_devices == 0 || p->devices[0].kind == TARN_DEVICE_CPU;
}

/* The ready plugins that are worth timing, best first; 0 or 1: nothing is to
 * be chosen. */
static size_t candidates(const struct tarn_plugins *p,
                         const struct tarn_plugin **out, size_t room)
{
    size_t n = 0;
    bool processor = false, other = false;
    for (size_t i = 0; i < tarn_plugins_count(p) && n < room; i++) {
        const struct tarn_plugin *q = tarn_plugins_at(p, i);
        if (q->state != TARN_PLUGIN_READY || (is_processor(q) && processor))
            continue;
        processor |= is_processor(q);
        other |= !is_processor(q);
        out[n++] = q;
    }
    return other ? n : 0;
}

static enum tarn_status time_engine(struct tarn_engine *e,
                                    struct tarn_speed *out,
                                    struct tarn_error *err)
{
    struct tarn_bench b = { .size = sizeof b, .n_prompt = WARM_PROMPT,
                            .n_tokens = WARM_TOKENS };
    enum tarn_status s = tarn_engine_bench(e, &b, err);
    if (!s && b.prefill_ms + b.decode_ms < ENOUGH_MS) {
        b.n_prompt = PROMPT;
        b.n_tokens = TOKENS;
        s = tarn_engine_bench(e, &b, err);
    }
    out->prefill = 1e3 * b.n_prompt / (b.prefill_ms + 1e-3);
    out->decode = 1e3 * b.n_tokens / (b.decode_ms + 1e-3);
    return s;
}

/* One backend, which may leave layers to the processor's. */
static enum tarn_status time_backend(const struct tarn_plugins *p,
                                     const struct tarn_choose *opt,
                                     const struct tarn_plugin *q,
                                     struct tarn_speed *out,
                                     struct tarn_error *err)
{
    struct tarn_runtime_options ro = { .size = sizeof ro,
                                       .backend = q->name,
                                       .threads = opt->threads };
    const struct tarn_engine_options eo = { .size = sizeof eo,
                                            .n_context = 512,
                                            .max_rows = PROMPT,
                                            .n_sequences = 1,
                                            .n_kept = UINT32_MAX };
    struct tarn_runtime *rt = NULL;
    struct tarn_model *model = NULL;
    struct tarn_engine *engine = NULL;
    ro.backends = tarn_plugins_backends(p, &ro.n_backends);
    enum tarn_status s = tarn_runtime_create(&ro, &rt, err);
    if (!s)
        s = tarn_model_open(rt, opt->model_path, NULL, &model, err);
    if (!s)
        s = tarn_engine_create(model, &eo, &engine, err);
    if (!s)
        s = time_engine(engine, out, err);
    if (engine)
        tarn_engine_destroy(engine);
    if (model)
        tarn_model_close(model);
    if (rt)
        tarn_runtime_destroy(rt);
    return s;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Remembered, or measured now; false: this backend can't run the model. */
static bool speed_of(const struct tarn_plugins *p,
                     const struct tarn_choose *opt,
                     const struct tarn_plugin *q, struct tarn_speeds *book,
                     struct tarn_speed *out)
{
    const uint64_t key = tarn_speeds_key(q, opt->model_path);
    const struct tarn_speed *known = tarn_speeds_get(book, key);
    struct tarn_error err = { TARN_OK, "" };
    if (!key)
        return false;
    if (known && !opt->again) {
        *out = *known;
        return true;
    }
    if (opt->say)
        opt->say(opt->user, q->name);
    *out = (struct tarn_speed){ .key = key };
    snprintf(out->backend, sizeof out->backend, "%s", q->name);
    snprintf(out->device, sizeof out->device, "%s",
             q->n_devices ? q->devices[0].name : "");
    snprintf(out->model, sizeof out->model, "%.95s",
             tarn_shown_str(file_name(opt->model_path)).text);
    if (time_backend(p, opt, q, out, &err))
        return false;
    tarn_speeds_put(book, out);
    return true;
}

/* Seconds of a usual turn. */
static double turn_takes(const struct tarn_speed *v)
{
    return USUAL_PROMPT / v->prefill + USUAL_TOKENS / v->decode;
}

enum tarn_status tarn_plugins_choose(struct tarn_plugins *p,
                                     const struct tarn_choose *opt,
                                     struct tarn_error *err)
{
    const struct tarn_plugin *all[TARN_PLUGIN_MAX_DEVICES];
    const size_t n = candidates(p, all, TARN_PLUGIN_MAX_DEVICES);
    const struct tarn_plugin *best = NULL;
    double least = 0;
    if (n < 2)
        return TARN_OK;
    struct tarn_speeds *book = tarn_speeds_open(opt->cache_dir);
    if (!book)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for figures");
    for (size_t i = 0; i < n; i++) {
        struct tarn_speed v;
        if (speed_of(p, opt, all[i], book, &v) &&
            (!best || turn_takes(&v) < least)) {
            best = all[i];
            least = turn_takes(&v);
        }
    }
    if (best)
        tarn_plugins_prefer(p, best->backend);
    tarn_speeds_save(book);
    tarn_speeds_close(book);
    return TARN_OK;
}
