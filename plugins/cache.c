/* cache.c - see cache.h. */
#include "plugins/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/base/place.h"
#include "core/tarn.h"
#include "plugins/canary.h"
#include "plugins/cpu.h"
#include "plugins/plugins.h"

#define FORMAT 1
#define MAX_FILE (1u << 20)
#define MAX_ENTRIES 64u /* a person has a handful of plugins */

struct entry {
    char *path, *key;
    struct tarn_verdict verdict;
};

struct tarn_verdict_cache {
    char *path; /* of the file; NULL: nothing is remembered */
    char machine[400];
    struct entry entries[MAX_ENTRIES];
    size_t n;
    bool changed;
};

void tarn_cache_machine(char *out, size_t room)
{
    struct utsname u;
    char cpu[64];
    if (uname(&u))
        memset(&u, 0, sizeof u);
    tarn_cpu_identity(cpu, sizeof cpu);
    snprintf(out, room, "%.64s %.64s %s abi%u %s canary%016llx", u.release,
             u.machine, cpu, TARN_BACKEND_ABI, TARN_VERSION,
             (unsigned long long)tarn_canary_id());
}

/* FNV-1a, going on from h. */
static uint64_t mix_bytes(uint64_t h, const void *data, size_t size)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

static bool drivers_read(const char *variable, const char *own)
{
    return !strncmp(variable, "VK_", 3) ||
           !strncmp(variable, "LD_LIBRARY_PATH=", 16) ||
           !strncmp(variable, own, strlen(own));
}

uint64_t tarn_cache_world(const char *plugin_name)
{
    /* ldconfig runs whenever a package brings a library. */
    static const char *const places[] = { "/etc/ld.so.cache",
                                          "/etc/vulkan/icd.d",
                                          "/usr/share/vulkan/icd.d" };
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    char own[48];
    int n = snprintf(own, sizeof own, "TARN_%.32s_", plugin_name);
    for (int i = 0; i < n; i++)
        if (own[i] >= 'a' && own[i] <= 'z')
            own[i] = (char)(own[i] - 'a' + 'A');
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct stat st;
        if (!stat(places[i], &st)) {
            h = mix_bytes(h, &st.st_mtim.tv_sec, sizeof st.st_mtim.tv_sec);
            h = mix_bytes(h, &st.st_mtim.tv_nsec, sizeof st.st_mtim.tv_nsec);
        }
    }
    /* The order of the variables is nobody's business: their sum counts. */
    uint64_t sum = 0;
    for (char **v = environ; v && *v; v++)
        if (drivers_read(*v, own))
            sum += mix_bytes(h, *v, strlen(*v));
    return h ^ sum;
}

char *tarn_cache_folder(void)
{
    char path[4096];
    if (!tarn_place_cache(path, sizeof path))
        return NULL;
    tarn_folder_make(path); /* writing will tell if it failed */
    return tarn_dup_str(path);
}

static void make_key(char *out, size_t room, const struct stat *st,
                     const char *build_id)
{
    snprintf(out, room, "%llx:%llx:%lld:%lld.%09ld:%lld.%09ld:%s",
             (unsigned long long)st->st_dev, (unsigned long long)st->st_ino,
             (long long)st->st_size, (long long)st->st_mtim.tv_sec,
             st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec,
             st->st_ctim.tv_nsec, build_id);
}

static void drop_entry(struct tarn_verdict_cache *c, size_t i)
{
    tarn_free(c->entries[i].path);
    tarn_free(c->entries[i].key);
    tarn_verdict_finish(&c->entries[i].verdict);
    c->n--;
    memmove(&c->entries[i], &c->entries[i + 1],
            (c->n - i) * sizeof c->entries[0]);
    c->entries[c->n] = (struct entry){ 0 };
}

static bool dup_verdict(const struct tarn_verdict *v, struct tarn_verdict *out)
{
    struct tarn_verdict d = *v;
    d.devices = NULL;
    if (v->n_devices) {
        d.devices = tarn_alloc(v->n_devices, sizeof *d.devices);
        if (!d.devices)
            return false;
        memcpy(d.devices, v->devices, v->n_devices * sizeof *d.devices);
    }
    *out = d;
    return true;
}

/* Takes the verdict, also on failure. */
static void append(struct tarn_verdict_cache *c, const char *path,
                   const char *key, struct tarn_verdict *v)
{
    struct entry e = { .path = tarn_dup_str(path),
                       .key = tarn_dup_str(key),
                       .verdict = *v };
    if (c->n == MAX_ENTRIES)
        drop_entry(c, 0); /* the oldest */
    c->entries[c->n++] = e;
    if (!e.path || !e.key)
        drop_entry(c, c->n - 1);
}

static void load(struct tarn_verdict_cache *c)
{
    char *text = NULL;
    size_t size = 0;
    struct tarn_json *doc = NULL;
    int64_t format = 0;
    if (tarn_file_read(c->path, MAX_FILE, &text, &size, NULL))
        return;
    bool fits = !tarn_json_read(text, size, &doc, NULL) &&
                tarn_json_i64(tarn_json_get(doc, "format"), &format) &&
                format == FORMAT &&
                tarn_json_is_string(tarn_json_get(doc, "machine"), c->machine);
    const struct tarn_json *list = tarn_json_get(doc, "plugins");
    for (const struct tarn_json *e = fits && list ? list->first : NULL; e;
         e = e->next) {
        const struct tarn_json *path = tarn_json_get(e, "path");
        const struct tarn_json *key = tarn_json_get(e, "key");
        struct tarn_verdict v;
        if (path && key && path->kind == TARN_JSON_STRING &&
            key->kind == TARN_JSON_STRING &&
            tarn_verdict_read(tarn_json_get(e, "verdict"), &v))
            append(c, path->text, key->text, &v);
    }
    tarn_json_free(doc);
    tarn_free(text);
}

struct tarn_verdict_cache *tarn_cache_open(const char *folder)
{
    struct tarn_verdict_cache *c = tarn_alloc(1, sizeof *c);
    if (!c)
        return NULL;
    tarn_cache_machine(c->machine, sizeof c->machine);
    char *found = NULL;
    if (!folder)
        folder = found = tarn_cache_folder();
    if (folder && folder[0]) {
        struct tarn_buf b = { 0 };
        tarn_buf_printf(&b, "%s/plugins.json", folder);
        c->path = tarn_buf_take(&b);
        if (c->path)
            load(c);
    }
    tarn_free(found);
    return c;
}

bool tarn_cache_get(const struct tarn_verdict_cache *c, const char *path,
                    const struct stat *st, const char *build_id,
                    struct tarn_verdict *out)
{
    char key[256];
    make_key(key, sizeof key, st, build_id);
    for (size_t i = 0; i < c->n; i++)
        if (!strcmp(c->entries[i].path, path))
            return !strcmp(c->entries[i].key, key) &&
                   dup_verdict(&c->entries[i].verdict, out);
    return false;
}

void tarn_cache_put(struct tarn_verdict_cache *c, const char *path,
                    const struct stat *st, const char *build_id,
                    const struct tarn_verdict *v)
{
    char key[256];
    struct tarn_verdict copy;
    for (size_t i = 0; i < c->n; i++)
        if (!strcmp(c->entries[i].path, path)) {
            drop_entry(c, i);
            c->changed = true;
            break;
        }
    if (v->passing || !dup_verdict(v, &copy))
        return;
    make_key(key, sizeof key, st, build_id);
    append(c, path, key, &copy);
    c->changed = true;
}

void tarn_cache_save(struct tarn_verdict_cache *c)
{
    if (!c->changed || !c->path)
        return;
    struct tarn_buf b = { 0 };
    tarn_buf_printf(&b, "{\"format\":%d,\"machine\":", FORMAT);
    tarn_json_add_string(&b, c->machine, strlen(c->machine), true);
    tarn_buf_text(&b, ",\"plugins\":[");
    for (size_t i = 0; i < c->n; i++) {
        const struct entry *e = &c->entries[i];
        tarn_buf_text(&b, i ? ",\n{\"path\":" : "\n{\"path\":");
        tarn_json_add_string(&b, e->path, strlen(e->path), false);
        tarn_buf_text(&b, ",\"key\":");
        tarn_json_add_string(&b, e->key, strlen(e->key), true);
        tarn_buf_text(&b, ",\"verdict\":");
        tarn_verdict_write(&b, &e->verdict);
        tarn_buf_text(&b, "}");
    }
    tarn_buf_text(&b, "]}\n");
    if (!b.failed)
        (void)tarn_file_write(c->path, b.data, b.size, NULL);
    tarn_buf_finish(&b);
    c->changed = false;
}

void tarn_cache_close(struct tarn_verdict_cache *c)
{
    if (!c)
        return;
    while (c->n)
        drop_entry(c, c->n - 1);
    tarn_free(c->path);
    tarn_free(c);
}
