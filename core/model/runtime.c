/* runtime.c - backends and threads, shared by all models. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backends/numerics.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/thread.h"
#include "core/model/model.h"

void tarn_log(const struct tarn_runtime *rt, int level, const char *format, ...)
{
    char line[512];
    va_list args;
    if (!rt->log)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    rt->log(rt->log_user, level, line);
}

static enum tarn_status take_backends(struct tarn_runtime *rt,
                                      const struct tarn_runtime_options *opt,
                                      struct tarn_error *err)
{
    rt->backends = tarn_alloc(opt->n_backends ? opt->n_backends : 1,
                              sizeof *rt->backends);
    if (!rt->backends)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the runtime");
    rt->preferred = SIZE_MAX;
    for (size_t i = 0; i < opt->n_backends; i++) {
        const struct tarn_backend *b = opt->backends[i];
        if (b->abi != TARN_BACKEND_ABI)
            continue;
        if (opt->backend && !strcmp(opt->backend, b->name))
            rt->preferred = rt->n_backends;
        rt->backends[rt->n_backends++] = b;
    }
    if (!rt->n_backends)
        return tarn_fail(err, TARN_DEVICE,
                         "no backend can be used on this machine; tarn "
                         "backends says why");
    if (opt->backend && rt->preferred == SIZE_MAX)
        return tarn_fail(err, TARN_USAGE,
                         "there is no usable backend \"%s\"; tarn backends "
                         "lists them",
                         tarn_shown_str(opt->backend).text);
    return TARN_OK;
}

enum tarn_status tarn_runtime_create(const struct tarn_runtime_options *opt,
                                     struct tarn_runtime **out,
                                     struct tarn_error *err)
{
    struct tarn_runtime *rt = tarn_alloc(1, sizeof *rt);
    if (!rt)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the runtime");
    rt->log = opt->log;
    rt->log_user = opt->log_user;
    enum tarn_status s = take_backends(rt, opt, err);
    uint32_t threads = opt->threads ? opt->threads : tarn_threads_allowed();
    if (!s)
        s = tarn_pool_create(threads, &rt->pool, &rt->threads, err);
    if (s) {
        tarn_runtime_destroy(rt);
        return s;
    }
    if (rt->threads < threads)
        tarn_log(rt, 0, "only %u of %u threads could be started", rt->threads,
                 threads);
    *out = rt;
    return TARN_OK;
}

void tarn_runtime_destroy(struct tarn_runtime *rt)
{
    if (!rt)
        return;
    rt->doomed = true;
    if (rt->n_models)
        return; /* the last model's close() comes here again */
    tarn_pool_destroy(rt->pool);
    tarn_free(rt->backends);
    tarn_free(rt);
}

uint32_t tarn_runtime_threads(const struct tarn_runtime *rt)
{
    return rt->threads;
}

uint64_t tarn_random_seed(void)
{
    static uint64_t calls;
    double ms = tarn_now_ms();
    uint64_t bits;
    memcpy(&bits, &ms, sizeof bits);
    return tarn_mix(bits ^ tarn_mix((uint64_t)tarn_unix_ms() + ++calls));
}
