/* models.c - see models.h. */
#include "store/models.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/base/place.h"
#include "core/base/utf8.h"

#define PATH_ROOM 4096
#define MAX_LIST ((size_t)4 << 20)

/* One more than `file` borrows. */
struct entry {
    struct tarn_model_file file;
    char *path, *name, *file_type; /* owned */
};

struct tarn_models {
    struct entry *at;
    size_t n;
    char folder[PATH_ROOM]; /* "": tarn_place_data() knows none */
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* 0 for what is no file. */
static uint64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0
               ? (uint64_t)st.st_size
               : 0;
}

/* --------------------------------------------------------------- the entries
 */
static void drop(struct tarn_models *m, size_t i)
{
    tarn_free(m->at[i].path);
    tarn_free(m->at[i].name);
    tarn_free(m->at[i].file_type);
    memmove(m->at + i, m->at + i + 1, (m->n - i - 1) * sizeof *m->at);
    m->n--;
}

static size_t place_of(const struct tarn_models *m, const char *path)
{
    size_t i = 0;
    while (i < m->n && strcmp(m->at[i].path, path) != 0)
        i++;
    return i;
}

/* Before entry `i`.  A path that is there already stays where it is. */
static enum tarn_status add(struct tarn_models *m, size_t i,
                            const struct tarn_model_file *f)
{
    if (place_of(m, f->path) < m->n)
        return TARN_OK;
    struct entry e = { .file = *f,
                       .path = tarn_dup_str(f->path),
                       .name = tarn_dup_str(
                           f->name && *f->name ? f->name : base_name(f->path)),
                       .file_type =
                           tarn_dup_str(f->file_type ? f->file_type : "") };
    struct entry *more = tarn_realloc(m->at, m->n, m->n + 1, sizeof *m->at);
    m->at = more ? more : m->at;
    if (!more || !e.path || !e.name || !e.file_type) {
        tarn_free(e.path);
        tarn_free(e.name);
        tarn_free(e.file_type);
        return TARN_NO_MEMORY;
    }
    e.file.path = e.path;
    e.file.name = e.name;
    e.file.file_type = e.file_type;
    e.file.bytes = size_of(e.path);
    memmove(m->at + i + 1, m->at + i, (m->n - i) * sizeof *m->at);
    m->at[i] = e;
    m->n++;
    return TARN_OK;
}

/* ------------------------------------------------------------------- reading
 */
static const char *text_of(const struct tarn_json *v, const char *key)
{
    const struct tarn_json *s = tarn_json_get(v, key);
    return s && s->kind == TARN_JSON_STRING && strlen(s->text) == s->size
               ? s->text
               : "";
}

static enum tarn_status read_remembered(struct tarn_models *m)
{
    char path[PATH_ROOM];
    char *text = NULL;
    size_t size = 0;
    struct tarn_json *doc = NULL;
    enum tarn_status s = TARN_OK;
    snprintf(path, sizeof path, "%.4000s/models.json", m->folder);
    if (!m->folder[0] || tarn_file_read(path, MAX_LIST, &text, &size, NULL) ||
        tarn_json_read(text, size, &doc, NULL)) {
        tarn_free(text);
        return TARN_OK;
    }
    const struct tarn_json *all = tarn_json_get(doc, "models");
    for (const struct tarn_json *k = all ? all->first : NULL;
         !s && k && m->n <= TARN_MODELS_MOST; k = k->next) {
        int64_t n_params = 0;
        const struct tarn_model_file f = { .path = text_of(k, "path"),
                                           .name = text_of(k, "name"),
                                           .file_type = text_of(k, "type") };
        struct tarn_model_file g = f;
        if (tarn_json_i64(tarn_json_get(k, "params"), &n_params) &&
            n_params > 0)
            g.n_params = (uint64_t)n_params;
        if (*g.path == '/')
            s = add(m, m->n, &g);
    }
    tarn_json_free(doc);
    tarn_free(text);
    return s;
}

static enum tarn_status read_folder(struct tarn_models *m)
{
    char path[PATH_ROOM];
    enum tarn_status s = TARN_OK;
    snprintf(path, sizeof path, "%.4000s/models", m->folder);
    DIR *d = m->folder[0] ? opendir(path) : NULL;
    for (struct dirent *e; !s && d && (e = readdir(d));) {
        const size_t n = strlen(e->d_name);
        char file[PATH_ROOM + 300];
        if (n < 6 || strcmp(e->d_name + n - 5, ".gguf") != 0)
            continue;
        snprintf(file, sizeof file, "%s/%.255s", path, e->d_name);
        s = add(m, m->n,
                &(struct tarn_model_file){ .path = file, .found = true });
    }
    if (d)
        closedir(d);
    return s;
}

enum tarn_status tarn_models_load(struct tarn_models **out,
                                  struct tarn_error *err)
{
    char pocket[PATH_ROOM];
    struct tarn_models *m = tarn_alloc(1, sizeof *m);
    enum tarn_status s = m ? TARN_OK : TARN_NO_MEMORY;
    if (m && !tarn_place_data(m->folder, sizeof m->folder))
        m->folder[0] = 0;
    char *path = !s && tarn_pocket_path(pocket, sizeof pocket)
                     ? realpath(pocket, NULL)
                     : NULL;
    if (path)
        s = add(m, 0,
                &(struct tarn_model_file){
                    .path = path, .name = "tarn pocket", .pocket = true });
    free(path);
    if (!s)
        s = read_remembered(m);
    if (!s)
        s = read_folder(m);
    if (s) {
        tarn_models_free(m);
        return tarn_fail(err, s,
                         "There was not enough memory for the list of "
                         "models.");
    }
    *out = m;
    return TARN_OK;
}

void tarn_models_free(struct tarn_models *m)
{
    while (m && m->n > 0)
        drop(m, m->n - 1);
    if (m)
        tarn_free(m->at);
    tarn_free(m);
}

size_t tarn_models_count(const struct tarn_models *m)
{
    return m->n;
}

const struct tarn_model_file *tarn_models_at(const struct tarn_models *m,
                                             size_t i)
{
    return i < m->n ? &m->at[i].file : NULL;
}

/* ------------------------------------------------------------------- writing
 */
static void add_string(struct tarn_buf *b, const char *key, const char *text)
{
    tarn_buf_printf(b, "\"%s\": ", key);
    tarn_json_add_string(b, text, strlen(text), false);
    tarn_buf_text(b, ", ");
}

static enum tarn_status save(struct tarn_models *m, struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    char path[PATH_ROOM];
    const char *between = "";
    if (!m->folder[0])
        return tarn_fail(err, TARN_IO,
                         "neither XDG_DATA_HOME nor HOME names a folder");
    if (!tarn_folder_make(m->folder)) {
        const enum tarn_status s = tarn_file_fail(err, "made", errno);
        tarn_error_prefix(err, m->folder);
        return s;
    }
    tarn_buf_text(&b, "{\"version\": 1, \"models\": [");
    for (size_t i = 0; i < m->n; i++) {
        const struct tarn_model_file *f = &m->at[i].file;
        if (f->pocket || f->found)
            continue;
        tarn_buf_printf(&b, "%s\n{", between);
        add_string(&b, "path", f->path);
        add_string(&b, "name", f->name);
        add_string(&b, "type", f->file_type);
        tarn_buf_printf(&b, "\"params\": %llu}",
                        (unsigned long long)f->n_params);
        between = ",";
    }
    tarn_buf_text(&b, "\n]}\n");
    snprintf(path, sizeof path, "%.4000s/models.json", m->folder);
    enum tarn_status s =
        b.failed ? tarn_fail(err, TARN_NO_MEMORY,
                             "There was not enough memory for the list.")
                 : tarn_file_write_private(path, b.data, b.size, err);
    if (s)
        tarn_error_prefix(err, path);
    tarn_buf_finish(&b);
    return s;
}

enum tarn_status tarn_models_note(struct tarn_models *m,
                                  const struct tarn_model_info *info,
                                  struct tarn_error *err)
{
    char *path = realpath(info->path, NULL);
    const size_t old = path ? place_of(m, path) : m->n;
    const bool pocket = old < m->n && m->at[old].file.pocket;
    enum tarn_status s = TARN_OK;
    if (path && !pocket && tarn_utf8_valid(path, strlen(path))) {
        if (old < m->n)
            drop(m, old);
        while (m->n > TARN_MODELS_MOST)
            drop(m, m->n - 1);
        s = add(m, m->n > 0 && m->at[0].file.pocket,
                &(struct tarn_model_file){ .path = path,
                                           .name = info->name,
                                           .file_type = info->file_type,
                                           .n_params = info->n_params });
        s = s ? tarn_fail(err, s, "There was not enough memory for the list.")
              : save(m, err);
    }
    free(path);
    return s;
}

enum tarn_status tarn_models_remove(struct tarn_models *m, const char *path,
                                    struct tarn_error *err)
{
    const size_t i = place_of(m, path);
    if (i == m->n || m->at[i].file.pocket || m->at[i].file.found)
        return tarn_fail(err, TARN_USAGE, "%s is not in the list",
                         tarn_shown_str(path).text);
    drop(m, i);
    return save(m, err);
}
