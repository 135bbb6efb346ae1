/* verdict.c - the answer of a probe as JSON, and back.
 *
 * What is read was written by a child that ran strange code, or stands in a
 * file that anything may have changed: every field is checked, texts are made
 * fit for a sentence, sizes are clamped so that sums of them can't wrap. */
#include <math.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "plugins/plugins.h"
#include "plugins/probe.h"

#define MAX_MEMORY (UINT64_C(1) << 46)

void tarn_verdict_finish(struct tarn_verdict *v)
{
    tarn_free(v->devices);
    v->devices = NULL;
    v->n_devices = 0;
}

static void add_text(struct tarn_buf *b, const char *key, const char *text,
                     size_t room)
{
    tarn_buf_printf(b, "\"%s\":", key);
    tarn_json_add_string(b, text, strnlen(text, room), true);
}

static void add_device(struct tarn_buf *b, const struct tarn_device_info *d)
{
    tarn_buf_text(b, "{");
    add_text(b, "name", d->name, sizeof d->name);
    tarn_buf_text(b, ",");
    add_text(b, "detail", d->detail, sizeof d->detail);
    tarn_buf_printf(b,
                    ",\"kind\":%u,\"memory_total\":%llu,\"memory_free\":%llu,"
                    "\"max_weight_bytes\":%llu,\"exact\":%s,\"digests\":%s}",
                    d->kind, (unsigned long long)d->memory_total,
                    (unsigned long long)d->memory_free,
                    (unsigned long long)d->max_weight_bytes,
                    d->exact ? "true" : "false", d->digests ? "true" : "false");
}

void tarn_verdict_write_devices(struct tarn_buf *b,
                                const struct tarn_device_info *d, uint32_t n)
{
    tarn_buf_text(b, "[");
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            tarn_buf_text(b, ",");
        add_device(b, &d[i]);
    }
    tarn_buf_text(b, "]");
}

void tarn_verdict_write(struct tarn_buf *b, const struct tarn_verdict *v)
{
    tarn_buf_printf(b, "{\"good\":%s,\"passing\":%s,\"partial\":%s,",
                    v->good ? "true" : "false", v->passing ? "true" : "false",
                    v->partial ? "true" : "false");
    add_text(b, "reason", v->reason, sizeof v->reason);
    tarn_buf_text(b, ",\"speed\":");
    tarn_json_add_f64(b, v->speed);
    tarn_buf_text(b, ",\"devices\":");
    tarn_verdict_write_devices(b, v->devices, v->n_devices);
    tarn_buf_text(b, "}");
}

/* Cut to the room at a character's border, made fit for a sentence. */
static bool read_text(const struct tarn_json *v, char *out, size_t room)
{
    if (!v || v->kind != TARN_JSON_STRING)
        return false;
    tarn_show(out, room, v->text, v->size);
    return true;
}

/* Numbers above 2^63 come as text that does not fit: clamped as well. */
static bool read_bytes(const struct tarn_json *v, uint64_t *out)
{
    int64_t n = 0;
    if (!v || v->kind != TARN_JSON_NUMBER || v->text[0] == '-')
        return false;
    if (!tarn_json_i64(v, &n) || (uint64_t)n > MAX_MEMORY)
        *out = MAX_MEMORY;
    else
        *out = (uint64_t)n;
    return true;
}

static bool read_bool(const struct tarn_json *v, bool *out)
{
    if (!v || (v->kind != TARN_JSON_TRUE && v->kind != TARN_JSON_FALSE))
        return false;
    *out = v->kind == TARN_JSON_TRUE;
    return true;
}

static bool read_device(const struct tarn_json *v, struct tarn_device_info *out)
{
    struct tarn_device_info d = { .size = sizeof d };
    int64_t kind = 0;
    if (!read_text(tarn_json_get(v, "name"), d.name, sizeof d.name) ||
        !read_text(tarn_json_get(v, "detail"), d.detail, sizeof d.detail) ||
        !tarn_json_i64(tarn_json_get(v, "kind"), &kind) || kind < 0 ||
        kind > TARN_DEVICE_SOFTWARE ||
        !read_bytes(tarn_json_get(v, "memory_total"), &d.memory_total) ||
        !read_bytes(tarn_json_get(v, "memory_free"), &d.memory_free) ||
        !read_bytes(tarn_json_get(v, "max_weight_bytes"),
                    &d.max_weight_bytes) ||
        !read_bool(tarn_json_get(v, "exact"), &d.exact) ||
        !read_bool(tarn_json_get(v, "digests"), &d.digests))
        return false;
    d.kind = (uint32_t)kind;
    if (!d.name[0])
        memcpy(d.name, "a device without a name", 24);
    *out = d;
    return true;
}

bool tarn_verdict_read(const struct tarn_json *json, struct tarn_verdict *out)
{
    struct tarn_verdict v = { .good = false };
    const struct tarn_json *list = tarn_json_get(json, "devices");
    *out = v;
    if (!read_bool(tarn_json_get(json, "good"), &v.good) ||
        !read_bool(tarn_json_get(json, "passing"), &v.passing) ||
        !read_bool(tarn_json_get(json, "partial"), &v.partial) ||
        !read_text(tarn_json_get(json, "reason"), v.reason, sizeof v.reason) ||
        !tarn_json_f64(tarn_json_get(json, "speed"), &v.speed) ||
        !(v.speed >= 0 && v.speed < 1e9) || !list ||
        list->kind != TARN_JSON_ARRAY || list->n > TARN_PLUGIN_MAX_DEVICES)
        return false;
    if (list->n) {
        v.devices = tarn_alloc(list->n, sizeof *v.devices);
        if (!v.devices)
            return false;
    }
    for (const struct tarn_json *d = list->first; d; d = d->next) {
        if (!read_device(d, &v.devices[v.n_devices])) {
            tarn_verdict_finish(&v);
            return false;
        }
        v.n_devices++;
    }
    *out = v;
    return true;
}
