/* search.h - looks for plugins in the place of a test and nowhere else. */
#ifndef TARN_TESTS_SEARCH_H
#define TARN_TESTS_SEARCH_H

#include "core/base/error.h"
#include "plugins/plugins.h"
#include "tests/plugins/place.h"
#include "tests/tap.h"

static struct place here;

static inline struct tarn_plugins *find_with(const char *backend,
                                             double probe_ms)
{
    const char *dirs[] = { here.plugins };
    struct tarn_plugin_options opt = { .size = sizeof opt,
                                       .dirs = dirs,
                                       .n_dirs = 1,
                                       .only_dirs = true,
                                       .backend = backend,
                                       .probe_ms = probe_ms,
                                       .cache_dir = here.cache };
    struct tarn_plugins *p = NULL;
    struct tarn_error err = { TARN_OK, "" };
    enum tarn_status s = tarn_plugins_find(&opt, &p, &err);
    CHECK_SAYS(s == TARN_OK, "%s", err.text);
    return p;
}

static inline struct tarn_plugins *find(void)
{
    return find_with(NULL, 0);
}

static inline size_t n_ready(const struct tarn_plugins *p)
{
    size_t n;
    tarn_plugins_backends(p, &n);
    return n;
}

/* One stub alone is refused, and its sentence holds `words`. */
static inline void check_refused(const char *stub, const char *words)
{
    place_begin(&here);
    place_stub(&here, stub, NULL);
    struct tarn_plugins *p = find();
    const struct tarn_plugin *q = tarn_plugins_at(p, 0);
    CHECK_SAYS(tarn_plugins_count(p) == 1, "%s", stub);
    CHECK_SAYS(q && q->state == TARN_PLUGIN_REFUSED && !q->backend, "%s", stub);
    CHECK_SAYS(q && strstr(q->reason, words), "%s: %s", stub,
               q ? q->reason : "");
    CHECK(n_ready(p) == 0);
    tarn_plugins_free(p);
    place_end(&here);
}

#endif
