/* cmd_backends.c - the command's backends in WebAssembly: they are linked in. */
#include <string.h>

#include "backends/backend.h"
#include "cmd/cmd.h"
#include "wasm/backends.h"

struct cmd_backends {
    const struct tarn_backend *const *list;
    size_t n;
};

enum tarn_status cmd_backends_open(const struct cmd_common *c,
                                   struct cmd_backends **out,
                                   struct tarn_error *err)
{
    static struct cmd_backends all;
    all.list = tarn_wasm_backends(&all.n);
    *out = &all;
    for (size_t i = 0; c->backend && i < all.n; i++)
        if (!strcmp(all.list[i]->name, c->backend))
            return TARN_OK;
    if (!c->backend)
        return TARN_OK;
    return tarn_fail(err, TARN_USAGE, "there is no backend \"%s\" in this build",
                     tarn_shown_str(c->backend).text);
}

enum tarn_status cmd_backends_choose(struct cmd_backends *b,
                                     const struct cmd_common *c,
                                     const char *model_path,
                                     struct tarn_error *err)
{
    (void)b, (void)c, (void)model_path, (void)err;
    return TARN_OK; /* one processor, one build */
}

const struct tarn_backend *const *cmd_backends_list(struct cmd_backends *b,
                                                    size_t *n)
{
    *n = b->n;
    return b->list;
}

void cmd_backends_close(struct cmd_backends *b)
{
    (void)b;
}
