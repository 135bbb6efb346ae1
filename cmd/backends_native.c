/* backends_native.c - the backends of a native build are plugins. */
#include <limits.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "core/base/memory.h"
#include "plugins/plugins.h"

struct cmd_backends {
    struct tarn_plugins *plugins;
};

enum tarn_status cmd_backends_open(const struct cmd_common *c,
                                   struct cmd_backends **out,
                                   struct tarn_error *err)
{
    char dir[PATH_MAX];
    const char *dirs[] = { dir };
    struct tarn_plugin_options opt = { .size = sizeof opt,
                                       .backend = c->backend,
                                       .trust_env = c->trust_env };
    if (c->plugin_dir) {
        if (!realpath(c->plugin_dir, dir))
            return tarn_fail(err, TARN_USAGE,
                             "--plugin-dir %s is no folder that can be read",
                             tarn_shown_str(c->plugin_dir).text);
        opt.dirs = dirs;
        opt.n_dirs = 1;
    }
    struct cmd_backends *b = tarn_alloc(1, sizeof *b);
    if (!b)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the backends");
    enum tarn_status s = tarn_plugins_find(&opt, &b->plugins, err);
    if (!s)
        s = tarn_plugins_require(b->plugins, c->backend, err);
    if (s) {
        cmd_backends_close(b);
        return s;
    }
    const char *notice = tarn_plugins_notice(b->plugins);
    if (notice)
        fprintf(stderr, "tarn: %s\n", notice);
    for (size_t i = 0; c->verbose && i < tarn_plugins_count(b->plugins); i++) {
        const struct tarn_plugin *q = tarn_plugins_at(b->plugins, i);
        if (q->changed[0])
            fprintf(stderr,
                    "tarn: %s changed %s while it was loaded; that was put "
                    "back\n",
                    q->name, q->changed);
    }
    *out = b;
    return TARN_OK;
}

static void say_measured(void *user, const char *backend)
{
    (void)user;
    fprintf(stderr, "tarn: timing %s with this model, once ...\n", backend);
}

enum tarn_status cmd_backends_choose(struct cmd_backends *b,
                                     const struct cmd_common *c,
                                     const char *model_path,
                                     struct tarn_error *err)
{
    const struct tarn_choose opt = { .size = sizeof opt,
                                     .model_path = model_path,
                                     .threads = c->threads,
                                     .say = say_measured };
    return tarn_plugins_choose(b->plugins, &opt, err);
}

const struct tarn_backend *const *cmd_backends_list(struct cmd_backends *b,
                                                    size_t *n)
{
    return tarn_plugins_backends(b->plugins, n);
}

const struct tarn_plugins *cmd_backends_plugins(const struct cmd_backends *b)
{
    return b->plugins;
}

void cmd_backends_close(struct cmd_backends *b)
{
    tarn_plugins_free(b->plugins);
    tarn_free(b);
}
