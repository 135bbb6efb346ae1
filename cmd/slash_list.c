/* slash_list.c - /context, /models, /backend, /backends: what there is; and
 * /schema, what the answer must fit. */
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "cmd/slash.h"
#include "core/base/memory.h"
#include "plugins/plugins.h"
#include "store/models.h"

/* ----------------------------------------------------------------- context */

static uint64_t tokens_of(const struct cmd_talk *t, const char *text,
                          size_t size)
{
    struct tarn_ids ids = { 0 };
    uint64_t n = 0;
    if (text && tarn_text_encode(tarn_model_text(t->ses.model), text, size,
                                 &ids, NULL) == TARN_OK)
        n = ids.n;
    tarn_ids_finish(&ids);
    return n;
}

enum cmd_slash cmd_slash_context(struct cmd_talk *t, char *rest,
                                 uint32_t *attempt)
{
    static const char *const ROWS[] = { "instructions", "messages", "answers",
                                        "results" };
    const uint32_t room = tarn_engine_context(t->ses.engine);
    uint64_t n[4] = { 0 }, thoughts = 0;
    struct tarn_message m;
    (void)rest, (void)attempt;
    for (size_t i = 0; tarn_chat_message(t->chat, i, &m); i++) {
        n[m.role] += tokens_of(t, m.text, m.text_size);
        thoughts += tokens_of(t, m.thought, m.thought_size);
    }
    cmd_view_say(&t->view, "context %s of %s tokens (%u%%)",
                 tarn_count(t->n_context).text, tarn_count(room).text,
                 (unsigned)((uint64_t)t->n_context * 100 / room));
    for (size_t i = 0; i < 4; i++)
        cmd_view_say(&t->view, "%-14s %10s", ROWS[i], tarn_count(n[i]).text);
    cmd_view_say(&t->view, "%-14s %10s", "free",
                 tarn_count(room > t->n_context ? room - t->n_context : 0).text);
    if (thoughts > 0)
        cmd_view_say(&t->view,
                     "Thoughts of earlier turns are not read again (%s tokens "
                     "in this chat).",
                     tarn_count(thoughts).text);
    return CMD_SLASH_DONE;
}

/* ---------------------------------------------------------------- backends */

enum cmd_slash cmd_slash_backend(struct cmd_talk *t, char *rest,
                                 uint32_t *attempt)
{
    struct tarn_error err = { TARN_OK, "" };
    const struct tarn_model_info *m = tarn_model_info(t->ses.model);
    if (!*rest)
        return cmd_slash_backends(t, rest, attempt);
    if (tarn_engine_move(t->ses.engine, rest, &err))
        cmd_slash_error(t, &err);
    else
        cmd_view_say(&t->view, "Computing with %s (%s); nothing is read again.",
                     m->backend, m->device);
    return CMD_SLASH_DONE;
}

enum cmd_slash cmd_slash_backends(struct cmd_talk *t, char *rest,
                                  uint32_t *attempt)
{
    const struct tarn_plugins *all = cmd_backends_plugins(t->ses.backends);
    const struct tarn_model_info *m = tarn_model_info(t->ses.model);
    (void)rest, (void)attempt;
    for (size_t i = 0; i < tarn_plugins_count(all); i++) {
        const struct tarn_plugin *p = tarn_plugins_at(all, i);
        const bool used =
            p->state == TARN_PLUGIN_READY && !strcmp(p->name, m->backend);
        char speed[48] = "";
        if (p->speed > 0)
            snprintf(speed, sizeof speed, "%.3g GMAC/s per thread", p->speed);
        cmd_view_say(&t->view, "%-16s %-8s %s%s",
                     p->name[0] ? p->name : "(unreadable)",
                     used ? "in use" : tarn_plugins_state_name(p->state), speed,
                     p->reason);
    }
    cmd_view_say(&t->view, "Computing with %s (%s). /backend NAME changes it.",
                 m->backend, m->device);
    return CMD_SLASH_DONE;
}

/* ------------------------------------------------------------------ models */

static void say_model(struct cmd_talk *t, size_t i,
                      const struct tarn_model_file *f, bool used)
{
    char params[24] = "", size[24] = "not there";
    const double n = (double)f->n_params, b = (double)f->bytes;
    if (f->n_params)
        snprintf(params, sizeof params, "%.1f %s", n >= 1e9 ? n / 1e9 : n / 1e6,
                 n >= 1e9 ? "B" : "M");
    if (f->bytes)
        snprintf(size, sizeof size, b >= 1e9 ? "%.1f GB" : "%.0f MB",
                 b >= 1e9 ? b / 1e9 : b / 1e6);
    cmd_view_say(&t->view, "%2zu %c %-28s %8s %9s  %s", i, used ? '*' : ' ',
                 tarn_shown_str(f->name).text, params, size, f->file_type);
    if (!f->pocket)
        cmd_view_say(&t->view, "     %s", tarn_shown_str(f->path).text);
}

static void say_models(struct cmd_talk *t, const struct tarn_models *all)
{
    char *open = realpath(tarn_model_info(t->ses.model)->path, NULL);
    for (size_t i = 0; i < tarn_models_count(all); i++) {
        const struct tarn_model_file *f = tarn_models_at(all, i);
        say_model(t, i + 1, f, open && !strcmp(open, f->path));
    }
    cmd_view_say(&t->view, "/models N goes on with one of them, /models PATH "
                           "with another file.");
    free(open);
}

enum cmd_slash cmd_slash_models(struct cmd_talk *t, char *rest,
                                uint32_t *attempt)
{
    struct tarn_error err = { 0 };
    struct tarn_models *all = NULL;
    char *end = NULL;
    const unsigned long n = strtoul(rest, &end, 10);
    (void)attempt;
    if (tarn_models_load(&all, &err) != TARN_OK) {
        cmd_slash_error(t, &err);
        return CMD_SLASH_DONE;
    }
    const bool number = *rest && !*end;
    const struct tarn_model_file *f =
        number && n > 0 ? tarn_models_at(all, n - 1) : NULL;
    if (number && !f)
        cmd_view_say(&t->view, "There is no model %lu; /models shows them.", n);
    else if (*rest)
        t->next_model = tarn_dup_str(f ? f->path : rest);
    else
        say_models(t, all);
    tarn_models_free(all);
    return t->next_model ? CMD_SLASH_MODEL : CMD_SLASH_DONE;
}

/* ------------------------------------------------------------------ schema */

enum tarn_status cmd_talk_schema(struct cmd_talk *t, const char *path,
                                 struct tarn_error *err)
{
    char *text = NULL;
    const enum tarn_status s = cmd_read_schema(path, &text, err);
    if (s != TARN_OK)
        return s;
    tarn_free(t->schema);
    t->schema = text;
    return TARN_OK;
}

enum cmd_slash cmd_slash_schema(struct cmd_talk *t, char *rest,
                                uint32_t *attempt)
{
    struct tarn_error err = { 0 };
    (void)attempt;
    if (!strcmp(rest, "none") || !strcmp(rest, "json")) {
        tarn_free(t->schema);
        t->schema = *rest == 'j' ? tarn_dup_str("") : NULL;
    } else if (*rest && cmd_talk_schema(t, rest, &err) != TARN_OK) {
        cmd_slash_error(t, &err);
    }
    if (!t->schema)
        cmd_view_say(&t->view, "The answer is free. /schema PATH binds it to a "
                               "JSON Schema, /schema json to any JSON.");
    else if (!*t->schema)
        cmd_view_say(&t->view, "The answer must be JSON; /schema none frees "
                               "it.");
    else
        cmd_view_say(&t->view,
                     "The answer must fit a schema of %s bytes; /schema none "
                     "frees it. The thought stays free.",
                     tarn_count(strlen(t->schema)).text);
    return CMD_SLASH_DONE;
}
