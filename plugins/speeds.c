/* speeds.c - see speeds.h. */
#include "plugins/speeds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "backends/note.h"
#include "plugins/cache.h"

#define FORMAT 1
#define MAX_FILE (1u << 20)
#define MAX_ENTRIES 256u
#define HEAD_BYTES (1u << 20) /* of a model's file: its metadata and more */

struct tarn_speeds {
    char *path; /* NULL: nothing is remembered */
    char machine[400];
    struct tarn_speed all[MAX_ENTRIES];
    size_t n;
    bool changed;
};

/* FNV-1a, going on from h. */
static uint64_t mix(uint64_t h, const void *data, size_t size)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

uint64_t tarn_speeds_key(const struct tarn_plugin *p, const char *model_path)
{
    unsigned char *head = tarn_alloc(HEAD_BYTES, 1);
    FILE *f = head ? fopen(model_path, "rb") : NULL;
    const size_t n = f ? fread(head, 1, HEAD_BYTES, f) : 0;
    const long size = n > 0 && fseek(f, 0, SEEK_END) == 0 ? ftell(f) : 0;
    if (f)
        fclose(f);
    uint64_t h = mix(UINT64_C(0xcbf29ce484222325), head, n);
    tarn_free(head);
    if (size <= 0)
        return 0;
    const uint64_t world =
        p->flags & TARN_NOTE_LOADS ? tarn_cache_world(p->name) : 0;
    h = mix(h, &size, sizeof size);
    h = mix(h, &world, sizeof world);
    h = mix(h, p->name, strlen(p->name));
    h = mix(h, p->version, strlen(p->version));
    if (p->n_devices) {
        const struct tarn_device_info *d = p->devices;
        h = mix(h, d->name, strlen(d->name));
        h = mix(h, &d->memory_total, sizeof d->memory_total);
    }
    return h ? h : 1;
}

/* ---------------------------------------------------------------- the file */

static bool take_text(const struct tarn_json *v, const char *name, char *out,
                      size_t room)
{
    const struct tarn_json *t = tarn_json_get(v, name);
    if (!t || t->kind != TARN_JSON_STRING)
        return false;
    snprintf(out, room, "%.*s", (int)room - 1,
             tarn_shown(t->text, t->size).text);
    return true;
}

static bool take_entry(const struct tarn_json *v, struct tarn_speed *out)
{
    const struct tarn_json *key = tarn_json_get(v, "key");
    unsigned long long k = 0;
    if (!key || key->kind != TARN_JSON_STRING ||
        sscanf(key->text, "%16llx", &k) != 1)
        return false;
    out->key = k;
    return take_text(v, "backend", out->backend, sizeof out->backend) &&
           take_text(v, "device", out->device, sizeof out->device) &&
           take_text(v, "model", out->model, sizeof out->model) &&
           tarn_json_f64(tarn_json_get(v, "prefill"), &out->prefill) &&
           tarn_json_f64(tarn_json_get(v, "decode"), &out->decode) &&
           isfinite(out->prefill) && isfinite(out->decode) &&
           out->prefill > 0 && out->decode > 0;
}

static void load(struct tarn_speeds *s)
{
    char *text = NULL;
    size_t size = 0;
    struct tarn_json *doc = NULL;
    int64_t format = 0;
    if (tarn_file_read(s->path, MAX_FILE, &text, &size, NULL))
        return;
    const bool fits =
        !tarn_json_read(text, size, &doc, NULL) &&
        tarn_json_i64(tarn_json_get(doc, "format"), &format) &&
        format == FORMAT &&
        tarn_json_is_string(tarn_json_get(doc, "machine"), s->machine);
    const struct tarn_json *list = tarn_json_get(doc, "speeds");
    for (const struct tarn_json *e = fits && list ? list->first : NULL;
         e && s->n < MAX_ENTRIES; e = e->next) {
        struct tarn_speed v = { .key = 0 };
        if (take_entry(e, &v))
            s->all[s->n++] = v;
    }
    tarn_json_free(doc);
    tarn_free(text);
}

struct tarn_speeds *tarn_speeds_open(const char *folder)
{
    struct tarn_speeds *s = tarn_alloc(1, sizeof *s);
    if (!s)
        return NULL;
    tarn_cache_machine(s->machine, sizeof s->machine);
    char *found = NULL;
    if (!folder)
        folder = found = tarn_cache_folder();
    if (folder && folder[0]) {
        struct tarn_buf b = { 0 };
        tarn_buf_printf(&b, "%s/speeds.json", folder);
        s->path = tarn_buf_take(&b);
        if (s->path)
            load(s);
    }
    tarn_free(found);
    return s;
}

const struct tarn_speed *tarn_speeds_get(const struct tarn_speeds *s,
                                         uint64_t key)
{
    for (size_t i = 0; key && i < s->n; i++)
        if (s->all[i].key == key)
            return &s->all[i];
    return NULL;
}

void tarn_speeds_put(struct tarn_speeds *s, const struct tarn_speed *v)
{
    size_t i = 0;
    while (i < s->n && s->all[i].key != v->key)
        i++;
    if (i == s->n && s->n == MAX_ENTRIES)
        i = 0; /* the oldest goes */
    if (i < s->n) {
        s->n--;
        memmove(&s->all[i], &s->all[i + 1], (s->n - i) * sizeof *v);
    }
    s->all[s->n++] = *v;
    s->changed = true;
}

static void add_text(struct tarn_buf *b, const char *key, const char *text)
{
    tarn_buf_printf(b, "\"%s\":", key);
    tarn_json_add_string(b, text, strlen(text), true);
    tarn_buf_text(b, ",");
}

void tarn_speed_write_json(const struct tarn_speed *v, struct tarn_buf *b)
{
    tarn_buf_printf(b, "{\"key\":\"%016llx\",", (unsigned long long)v->key);
    add_text(b, "backend", v->backend);
    add_text(b, "device", v->device);
    add_text(b, "model", v->model);
    tarn_buf_text(b, "\"prefill\":");
    tarn_json_add_f64(b, v->prefill);
    tarn_buf_text(b, ",\"decode\":");
    tarn_json_add_f64(b, v->decode);
    tarn_buf_text(b, "}");
}

void tarn_speeds_save(struct tarn_speeds *s)
{
    if (!s->changed || !s->path)
        return;
    struct tarn_buf b = { 0 };
    tarn_buf_printf(&b, "{\"format\":%d,\"machine\":", FORMAT);
    tarn_json_add_string(&b, s->machine, strlen(s->machine), true);
    tarn_buf_text(&b, ",\"speeds\":[");
    for (size_t i = 0; i < s->n; i++) {
        tarn_buf_text(&b, i ? ",\n" : "\n");
        tarn_speed_write_json(&s->all[i], &b);
    }
    tarn_buf_text(&b, "]}\n");
    if (!b.failed)
        (void)tarn_file_write(s->path, b.data, b.size, NULL);
    tarn_buf_finish(&b);
    s->changed = false;
}

void tarn_speeds_each(const char *cache_dir,
                      void (*fn)(void *user, const struct tarn_speed *v),
                      void *user)
{
    struct tarn_speeds *s = tarn_speeds_open(cache_dir);
    for (size_t i = 0; s && i < s->n; i++)
        fn(user, &s->all[i]);
    tarn_speeds_close(s);
}

void tarn_speeds_close(struct tarn_speeds *s)
{
    if (!s)
        return;
    tarn_free(s->path);
    tarn_free(s);
}
