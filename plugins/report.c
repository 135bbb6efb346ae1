/* report.c - what was found, chosen and refused, as JSON for programs. */
#include <string.h>

#include "core/base/buf.h"
#include "core/tarn.h"
#include "plugins/plugins.h"
#include "plugins/probe.h"
#include "plugins/speeds.h"

static void add_key(struct tarn_buf *b, const char *key, const char *text)
{
    tarn_buf_printf(b, "\"%s\":", key);
    if (text)
        tarn_json_add_string(b, text, strlen(text), false);
    else
        tarn_buf_text(b, "null");
}

/* "AVX2 F16C" as a list. */
static void add_words(struct tarn_buf *b, const char *words)
{
    const char *comma = "";
    tarn_buf_text(b, "[");
    while (*words) {
        size_t n = strcspn(words, " ");
        tarn_buf_text(b, comma);
        tarn_json_add_string(b, words, n, true);
        comma = ",";
        words += n + (words[n] == ' ');
    }
    tarn_buf_text(b, "]");
}

static void add_plugin(struct tarn_buf *b, const struct tarn_plugin *q)
{
    tarn_buf_text(b, "\n  {");
    add_key(b, "name", q->name[0] ? q->name : NULL);
    tarn_buf_text(b, ",");
    add_key(b, "version", q->version[0] ? q->version : NULL);
    tarn_buf_text(b, ",");
    add_key(b, "state", tarn_plugins_state_name(q->state));
    tarn_buf_text(b, ",");
    add_key(b, "reason", q->reason[0] ? q->reason : NULL);
    tarn_buf_text(b, ",");
    add_key(b, "changed", q->changed[0] ? q->changed : NULL);
    tarn_buf_text(b, ",");
    add_key(b, "path", q->path);
    tarn_buf_text(b, ",\"needs\":");
    add_words(b, q->needs);
    tarn_buf_text(b, ",\"gmac_per_s\":");
    tarn_json_add_f64(b, q->speed);
    tarn_buf_text(b, ",\"probe_ms\":");
    tarn_json_add_f64(b, q->probe_ms);
    tarn_buf_printf(
        b, ",\"remembered\":%s,\"devices\":", q->remembered ? "true" : "false");
    tarn_verdict_write_devices(b, q->devices, q->n_devices);
    tarn_buf_text(b, "}");
}

struct list {
    struct tarn_buf *b;
    const char *before;
};

static void add_speed(void *user, const struct tarn_speed *v)
{
    struct list *l = user;
    tarn_buf_text(l->b, l->before);
    tarn_speed_write_json(v, l->b);
    l->before = ",\n  ";
}

void tarn_plugins_write_json(const struct tarn_plugins *p, struct tarn_buf *out)
{
    size_t n;
    const struct tarn_backend *const *list = tarn_plugins_backends(p, &n);
    tarn_buf_printf(out, "{\"version\":\"%s\",\"abi\":%u,", TARN_VERSION,
                    TARN_BACKEND_ABI);
    add_key(out, "chosen", n ? list[0]->name : NULL);
    tarn_buf_text(out, ",");
    add_key(out, "notice", tarn_plugins_notice(p));
    tarn_buf_text(out, ",\"folders\":[");
    for (size_t i = 0; i < tarn_plugins_n_dirs(p); i++) {
        const char *dir = tarn_plugins_dir(p, i);
        if (i)
            tarn_buf_text(out, ",");
        tarn_json_add_string(out, dir, strlen(dir), false);
    }
    tarn_buf_text(out, "],\"plugins\":[");
    for (size_t i = 0; i < tarn_plugins_count(p); i++) {
        if (i)
            tarn_buf_text(out, ",");
        add_plugin(out, tarn_plugins_at(p, i));
    }
    tarn_buf_text(out, "],\"speeds\":[");
    struct list speeds = { out, "\n  " };
    tarn_speeds_each(NULL, add_speed, &speeds);
    tarn_buf_text(out, "]}\n");
}
