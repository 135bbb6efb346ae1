/* registry.c - see plugins.h: from folders to an ordered list of backends.
 *
 * Nothing here knows a backend by name.  The order comes from measurement:
 * speeds within a fifth of each other count as equal, then the build that
 * uses more of the processor goes first. */
#include "plugins/plugins.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/guard.h"
#include "core/base/memory.h"
#include "plugins/cache.h"
#include "plugins/cpu.h"
#include "plugins/elf_read.h"
#include "plugins/judge.h"
#include "plugins/probe.h"

#ifndef TARN_PLUGIN_INSTALL_DIR
#define TARN_PLUGIN_INSTALL_DIR "/usr/local/lib/tarn/plugins"
#endif

#ifndef TARN_PLUGIN_FROM_PROGRAM
#define TARN_PLUGIN_FROM_PROGRAM "../lib/tarn/plugins"
#endif

#define MAX_FOLDERS 16u
#define MAX_PLUGINS 64u

struct candidate {
    struct tarn_plugin pub;
    int fd; /* open while it is judged, and for good once it is loaded */
    struct tarn_note note;
};

struct tarn_plugins {
    struct candidate all[MAX_PLUGINS];
    size_t n;
    const struct tarn_backend *ready[MAX_PLUGINS];
    size_t n_ready;
    char *folders[MAX_FOLDERS];
    size_t n_folders;
    char notice[240];
};

/* What the judgement of all plugins shares. */
struct search {
    struct tarn_plugins *p;
    const struct tarn_plugin_options *opt;
    struct tarn_judge who;
    uint32_t features[2];
    struct tarn_verdict_cache *cache;
    bool clean_env;
    bool doubles; /* are welcome */
};

static void set_refused(struct tarn_plugin *p, const char *reason)
{
    p->state = TARN_PLUGIN_REFUSED;
    snprintf(p->reason, sizeof p->reason, "%s", reason);
}

/* ------------------------------------------------------------- one plugin */
/* A library that is not in the process yet would be looked up by bare name. */
static const char *foreign_library(const struct tarn_elf *e)
{
    for (uint32_t i = 0; i < e->n_needed; i++) {
        void *here = dlopen(e->needed[i], RTLD_NOW | RTLD_NOLOAD);
        if (!here)
            return e->needed[i];
        dlclose(here); /* only the count that NOLOAD raised */
    }
    return NULL;
}

static enum tarn_status judge_note(const struct search *s,
                                   const struct tarn_elf *e,
                                   struct tarn_plugin *p,
                                   struct tarn_error *err)
{
    uint32_t missing[2];
    char names[160];
    memcpy(p->name, e->note.name, sizeof p->name);
    memcpy(p->version, e->note.version, sizeof p->version);
    p->flags = e->note.flags;
    p->n_needs = tarn_cpu_names(e->note.needs, p->needs, sizeof p->needs);
    for (int i = 0; i < 2; i++)
        missing[i] = e->note.needs[i] & ~s->features[i];
    if (tarn_cpu_names(missing, names, sizeof names))
        return tarn_fail(err, TARN_DEVICE, "this processor has no %s", names);
    if (s->clean_env || s->opt->trust_env)
        return TARN_OK;
    const char *foreign = foreign_library(e);
    if (foreign || (e->note.flags & TARN_NOTE_LOADS))
        return tarn_fail(err, TARN_DEVICE,
                         "it loads %s, and LD_LIBRARY_PATH names a folder "
                         "that is not absolute",
                         foreign ? tarn_shown_str(foreign).text : "a driver");
    return TARN_OK;
}

static bool by_name(const struct search *s, const struct tarn_plugin *p)
{
    return s->opt->backend && !strcmp(s->opt->backend, p->name);
}

static enum tarn_status judge_probe(const struct search *s, int fd,
                                    const struct stat *st,
                                    const struct tarn_elf *e,
                                    struct tarn_plugin *p, bool *partial,
                                    struct tarn_error *err)
{
    struct tarn_verdict v;
    const double limit = s->opt->probe_ms > 0 ? s->opt->probe_ms
                         : by_name(s, p)      ? TARN_PLUGIN_ASKED_MS
                                              : TARN_PLUGIN_PROBE_MS;
    char id[80];
    snprintf(id, sizeof id, "%s", e->build_id);
    if (e->note.flags & TARN_NOTE_LOADS)
        snprintf(id, sizeof id, "%.41s:%016llx", e->build_id,
                 (unsigned long long)tarn_cache_world(p->name));
    p->remembered =
        !s->opt->probe_again && tarn_cache_get(s->cache, p->path, st, id, &v);
    if (!p->remembered) {
        tarn_probe(fd, limit, &v);
        tarn_cache_put(s->cache, p->path, st, id, &v);
    }
    *partial = v.partial;
    p->devices = v.devices; /* moved */
    p->n_devices = v.n_devices;
    p->speed = v.speed;
    p->probe_ms = v.probe_ms;
    return v.good && !v.partial
               ? TARN_OK
               : tarn_fail(err, v.good ? TARN_OK : TARN_DEVICE, "%s", v.reason);
}

/* Same name: the folder that was searched first wins. */
static const struct tarn_plugin *same_name(const struct tarn_plugins *all,
                                           const char *name)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->all[i].pub.state == TARN_PLUGIN_READY &&
            !strcmp(all->all[i].pub.name, name))
            return &all->all[i].pub;
    return NULL;
}

static bool asked_for(const struct search *s, const struct tarn_plugin *p)
{
    return s->doubles || by_name(s, p);
}

static enum tarn_status judge_open_file(const struct search *s,
                                        struct candidate *c,
                                        const struct stat *st,
                                        struct tarn_error *err)
{
    struct tarn_elf elf;
    struct tarn_plugin *p = &c->pub;
    enum tarn_status status = tarn_elf_read(c->fd, &elf, err);
    if (!status)
        status = judge_note(s, &elf, p, err);
    if (status)
        return status;
    const struct tarn_plugin *other = same_name(s->p, p->name);
    if (other) {
        p->state = TARN_PLUGIN_ASIDE;
        snprintf(p->reason, sizeof p->reason,
                 "another plugin of this name was found first: %.180s",
                 tarn_shown_str(other->path).text);
        return TARN_OK;
    }
    c->note = elf.note;
    bool partial = false;
    status = judge_probe(s, c->fd, st, &elf, p, &partial, err);
    if (status)
        return status;
    if (partial && !s->doubles) {
        p->state = TARN_PLUGIN_ASIDE;
        snprintf(p->reason, sizeof p->reason,
                 "it can't run whole models: %.200s", err->text);
        return TARN_OK;
    }
    if ((p->flags & TARN_NOTE_DOUBLE) && !asked_for(s, p)) {
        p->state = TARN_PLUGIN_ASIDE;
        snprintf(p->reason, sizeof p->reason,
                 "it makes its results up, for tests; --backend %s uses it",
                 p->name);
        return TARN_OK;
    }
    struct tarn_guard *guard = tarn_guard_begin();
    status = tarn_probe_load(c->fd, &c->note, &p->backend, err);
    tarn_guard_end(guard, p->changed, sizeof p->changed);
    return status;
}

static void judge_plugin(const struct search *s, int folder, const char *name,
                         struct candidate *c)
{
    struct stat st;
    struct tarn_error err = { TARN_OK, "" };
    c->pub.state = TARN_PLUGIN_READY;
    enum tarn_status status =
        tarn_judge_file(&s->who, folder, name, &c->fd, &st, &err);
    if (!status)
        status = judge_open_file(s, c, &st, &err);
    if (status)
        set_refused(&c->pub, err.text);
    if (!c->pub.backend && c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
}

/* ---------------------------------------------------------------- folders */
static bool is_plugin_name(const char *name)
{
    size_t n = strlen(name);
    return n > 3 && name[0] != '.' && !strcmp(name + n - 3, ".so");
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the files that could be plugins, sorted: the order of a folder is
 * chance. */
static size_t list_names(int folder, char *names[MAX_PLUGINS])
{
    size_t n = 0;
    int copy = dup(folder);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    if (!d) {
        if (copy >= 0)
            close(copy);
        return 0;
    }
    for (struct dirent *e = readdir(d); e && n < MAX_PLUGINS; e = readdir(d))
        if (is_plugin_name(e->d_name)) {
            names[n] = tarn_dup_str(e->d_name);
            n += names[n] != NULL;
        }
    closedir(d);
    qsort(names, n, sizeof *names, compare_names);
    return n;
}

static void search_open_folder(struct search *s, int folder, const char *path)
{
    char *names[MAX_PLUGINS];
    size_t n = list_names(folder, names);
    for (size_t i = 0; i < n; i++) {
        struct tarn_buf b = { 0 };
        tarn_buf_printf(&b, "%s/%s", path, names[i]);
        char *full = tarn_buf_take(&b);
        if (full && s->p->n < MAX_PLUGINS) {
            struct candidate *c = &s->p->all[s->p->n];
            *c = (struct candidate){ .fd = -1, .pub.path = full };
            judge_plugin(s, folder, names[i], c);
            s->p->n++; /* now: it must not hide itself */
        } else {
            tarn_free(full);
        }
        tarn_free(names[i]);
    }
}

/* A folder that is not there is no news, unless a person named it. */
static enum tarn_status search_folder(struct search *s, const char *path,
                                      bool named, struct tarn_error *err)
{
    char real[PATH_MAX];
    struct tarn_error why = { TARN_OK, "" };
    int folder = -1;
    struct tarn_plugins *p = s->p;
    if (path[0] != '/')
        return tarn_fail(err, TARN_USAGE,
                         "\"%s\" is not an absolute path, which a folder of "
                         "plugins must be",
                         tarn_shown_str(path).text);
    if (!realpath(path, real))
        return named ? tarn_fail(err, TARN_USAGE,
                                 "the folder of plugins \"%s\" can't be "
                                 "opened",
                                 tarn_shown_str(path).text)
                     : TARN_OK;
    for (size_t i = 0; i < p->n_folders; i++)
        if (!strcmp(p->folders[i], real))
            return TARN_OK;
    if (p->n_folders == MAX_FOLDERS)
        return TARN_OK;
    if (tarn_judge_folder(&s->who, real, &folder, &why)) {
        if (named)
            return tarn_fail(err, TARN_USAGE, "plugins from \"%s\": %s",
                             tarn_shown_str(path).text, why.text);
        if (!p->notice[0])
            snprintf(p->notice, sizeof p->notice,
                     "plugins in %s are not used: %s",
                     tarn_shown_str(real).text, why.text);
        return TARN_OK;
    }
    char *copy = tarn_dup_str(real);
    if (copy) {
        p->folders[p->n_folders++] = copy;
        search_open_folder(s, folder, real);
    }
    close(folder);
    return copy ? TARN_OK : tarn_fail(err, TARN_NO_MEMORY, "no memory left");
}

/* `place` seen from the program's real path, as the kernel knows it. */
static bool own_folder(const char *place, char *out, size_t room)
{
    size_t need = strlen(place) + 2;
    ssize_t n = readlink("/proc/self/exe", out, room - need);
    if (n <= 0)
        return false;
    out[n] = 0;
    char *slash = strrchr(out, '/');
    if (!slash)
        return false;
    snprintf(slash, need, "/%s", place);
    return true;
}

static enum tarn_status search_all(struct search *s, struct tarn_error *err)
{
    char own[PATH_MAX];
    enum tarn_status status = TARN_OK;
    for (size_t i = 0; !status && i < s->opt->n_dirs; i++)
        status = search_folder(s, s->opt->dirs[i], true, err);
    if (status || s->opt->only_dirs)
        return status;
    const char *env = getenv("TARN_PLUGIN_DIR");
    if (env && *env)
        status = search_folder(s, env, true, err);
    /* a build tree or bundle, then an installation wherever it was moved */
    if (!status && own_folder("plugins", own, sizeof own))
        status = search_folder(s, own, false, err);
    if (!status && own_folder(TARN_PLUGIN_FROM_PROGRAM, own, sizeof own))
        status = search_folder(s, own, false, err);
    if (!status)
        status = search_folder(s, TARN_PLUGIN_INSTALL_DIR, false, err);
    return status;
}

/* ------------------------------------------------------------------- order */
/* Steps of a fifth: 1, 1.2, 1.44 ... */
static int speed_class(double speed)
{
    int n = 0;
    for (double s = 0.01; s < speed && n < 200; s *= 1.2)
        n++;
    return n;
}

static int compare_plugins(const void *va, const void *vb)
{
    const struct tarn_plugin *a = &((const struct candidate *)va)->pub;
    const struct tarn_plugin *b = &((const struct candidate *)vb)->pub;
    if (a->state != b->state)
        return a->state < b->state ? -1 : 1;
    if (a->state != TARN_PLUGIN_READY)
        return strcmp(a->path, b->path);
    uint32_t last = TARN_NOTE_LAST | TARN_NOTE_DOUBLE;
    bool a_last = a->flags & last, b_last = b->flags & last;
    if (a_last != b_last)
        return a_last ? 1 : -1;
    int a_class = speed_class(a->speed), b_class = speed_class(b->speed);
    if (a_class != b_class)
        return a_class > b_class ? -1 : 1;
    if (a->n_needs != b->n_needs)
        return a->n_needs > b->n_needs ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* ------------------------------------------------------------------ public */
enum tarn_status tarn_plugins_find(const struct tarn_plugin_options *opt,
                                   struct tarn_plugins **out,
                                   struct tarn_error *err)
{
    struct tarn_plugins *p = tarn_alloc(1, sizeof *p);
    struct search s = { .p = p, .opt = opt, .who = tarn_judge_self() };
    if (!p)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory left");
    if (getauxval(AT_SECURE)) {
        snprintf(p->notice, sizeof p->notice,
                 "this program runs with rights that its user does not have, "
                 "so no plugin is loaded");
        *out = p;
        return TARN_OK;
    }
    struct tarn_cpu_raw raw = tarn_cpu_read();
    tarn_cpu_features(&raw, s.features);
    s.clean_env = tarn_judge_library_path(getenv("LD_LIBRARY_PATH"));
    if (!s.clean_env && !opt->trust_env)
        snprintf(p->notice, sizeof p->notice,
                 "LD_LIBRARY_PATH has an empty or relative part, which means "
                 "the current folder; plugins that load a driver are left "
                 "out (--trust-env allows them)");
    s.cache = tarn_cache_open(opt->cache_dir);
    enum tarn_status status =
        s.cache ? search_all(&s, err)
                : tarn_fail(err, TARN_NO_MEMORY, "no memory left");
    if (status) {
        tarn_plugins_free(p);
    } else {
        tarn_cache_save(s.cache);
        qsort(p->all, p->n, sizeof *p->all, compare_plugins);
        for (size_t i = 0; i < p->n; i++)
            if (p->all[i].pub.state == TARN_PLUGIN_READY)
                p->ready[p->n_ready++] = p->all[i].pub.backend;
        *out = p;
    }
    tarn_cache_close(s.cache);
    return status;
}

enum tarn_status tarn_plugins_open_file(const char *path,
                                        struct tarn_plugins **out,
                                        struct tarn_error *err)
{
    const struct tarn_plugin_options opt = { .size = sizeof opt,
                                             .trust_env = true };
    char real[PATH_MAX];
    int folder = -1;
    if (!realpath(path, real))
        return tarn_fail(err, TARN_IO, "%s: %s", tarn_shown_str(path).text,
                         strerror(errno));
    struct tarn_plugins *p = tarn_alloc(1, sizeof *p);
    struct search s = { .p = p,
                        .opt = &opt,
                        .who = tarn_judge_self(),
                        .cache = tarn_cache_open(""),
                        .doubles = true };
    char *copy = tarn_dup_str(real), *name = strrchr(real, '/');
    enum tarn_status status = TARN_OK;
    *name++ = 0;
    if (p && copy && s.cache)
        status = tarn_judge_folder(&s.who, real[0] ? real : "/", &folder, err);
    else
        status = tarn_fail(err, TARN_NO_MEMORY, "no memory left");
    if (!status) {
        struct tarn_cpu_raw raw = tarn_cpu_read();
        tarn_cpu_features(&raw, s.features);
        p->all[0] = (struct candidate){ .fd = -1, .pub.path = copy };
        copy = NULL; /* moved */
        judge_plugin(&s, folder, name, &p->all[0]);
        p->n = 1;
        if (p->all[0].pub.state == TARN_PLUGIN_READY)
            p->ready[p->n_ready++] = p->all[0].pub.backend;
        close(folder);
        *out = p;
    } else {
        tarn_plugins_free(p);
    }
    tarn_free(copy);
    tarn_cache_close(s.cache);
    return status;
}

void tarn_plugins_free(struct tarn_plugins *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++) {
        tarn_free(p->all[i].pub.path);
        tarn_free(p->all[i].pub.devices);
    }
    for (size_t i = 0; i < p->n_folders; i++)
        tarn_free(p->folders[i]);
    tarn_free(p);
}

const struct tarn_backend *const *
tarn_plugins_backends(const struct tarn_plugins *p, size_t *n)
{
    *n = p->n_ready;
    return p->ready;
}

void tarn_plugins_prefer(struct tarn_plugins *p, const struct tarn_backend *b)
{
    size_t i = 0;
    while (i < p->n_ready && p->ready[i] != b)
        i++;
    if (i == p->n_ready)
        return;
    memmove(p->ready + 1, p->ready, i * sizeof *p->ready);
    p->ready[0] = b;
}

size_t tarn_plugins_count(const struct tarn_plugins *p)
{
    return p->n;
}

const struct tarn_plugin *tarn_plugins_at(const struct tarn_plugins *p,
                                          size_t i)
{
    return i < p->n ? &p->all[i].pub : NULL;
}

const char *tarn_plugins_state_name(enum tarn_plugin_state state)
{
    switch (state) {
    case TARN_PLUGIN_READY:
        return "ready";
    case TARN_PLUGIN_ASIDE:
        return "aside";
    case TARN_PLUGIN_REFUSED:
        break;
    }
    return "refused";
}

size_t tarn_plugins_n_dirs(const struct tarn_plugins *p)
{
    return p->n_folders;
}

const char *tarn_plugins_dir(const struct tarn_plugins *p, size_t i)
{
    return i < p->n_folders ? p->folders[i] : NULL;
}

const char *tarn_plugins_notice(const struct tarn_plugins *p)
{
    return p->notice[0] ? p->notice : NULL;
}

/* Whether the process may open as many files as a look at a plugin takes. */
static bool files_can_be_opened(void)
{
    int fds[8], n = 0;
    while (n < 8 && (fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        n++;
    const bool good = n == 8 || (errno != EMFILE && errno != ENFILE);
    while (n > 0)
        close(fds[--n]);
    return good;
}

static enum tarn_status explain_empty(const struct tarn_plugins *p,
                                      struct tarn_error *err)
{
    if (!files_can_be_opened())
        return tarn_fail(err, TARN_NO_MEMORY,
                         "the backends cannot be opened: this process may open "
                         "too few files (ulimit -n)");
    if (p->n == 0)
        return tarn_fail(err, TARN_DEVICE,
                         "no backend was found%s%s; the installation is "
                         "incomplete (tarn backends says where it looks)",
                         p->n_folders ? " in " : "",
                         p->n_folders ? tarn_shown_str(p->folders[0]).text
                                      : "");
    return tarn_fail(err, TARN_DEVICE,
                     "none of the %zu backends can be used here; tarn "
                     "backends says why",
                     p->n);
}

enum tarn_status tarn_plugins_require(const struct tarn_plugins *p,
                                      const char *name, struct tarn_error *err)
{
    const struct tarn_plugin *why = NULL;
    char names[160] = "";
    size_t at = 0;
    if (!name)
        return p->n_ready ? TARN_OK : explain_empty(p, err);
    for (size_t i = 0; i < p->n; i++) {
        const struct tarn_plugin *q = &p->all[i].pub;
        if (!strcmp(q->name, name) && q->state == TARN_PLUGIN_READY)
            return TARN_OK;
        if (!strcmp(q->name, name) && !why)
            why = q;
        if (q->state == TARN_PLUGIN_READY &&
            at + strlen(q->name) + 3 < sizeof names)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s",
                                   at ? ", " : "", q->name);
    }
    if (why)
        return tarn_fail(err, TARN_DEVICE, "the backend %s can't be used: %s",
                         name, why->reason);
    return tarn_fail(err, TARN_USAGE,
                     "there is no backend \"%s\"; there are: %s",
                     tarn_shown_str(name).text, at ? names : "none");
}
