/* plugins.h - finds backends on this machine, judges them, loads the good ones.
 *
 * A plugin is refused as early as its fault shows: by its place and owner, by
 * its ELF note (nothing of it has run yet), by a probe process that loads it,
 * lists its devices and runs a canary, and at last by what it says inside this
 * process.  Every refusal keeps its sentence.  Verdicts of the probe are kept
 * in $XDG_CACHE_HOME/tarn/plugins.json until the file or the machine changes.
 *
 *     struct tarn_plugin_options opt = { .size = sizeof opt };
 *     struct tarn_plugins *p;
 *     s = tarn_plugins_find(&opt, &p, &err);
 *     runtime_options.backends = tarn_plugins_backends(p, &n);
 *     ...
 *     tarn_plugins_free(p);     // after the runtime is gone
 *
 * The probe is the program itself, run as `PROGRAM --probe ...`; therefore
 * main() of every program that uses this calls tarn_plugins_probe_main() first.
 *
 * Where it looks, in this order: opt.dirs, $TARN_PLUGIN_DIR, plugins/ beside
 * the real path of the program, the folder of the installation (seen from the
 * program, then as it was configured).  Never in the
 * current folder.  If the program runs with raised rights (AT_SECURE): nowhere.
 *
 * Owns: the lists.  Loaded plugins stay in the process until it ends: drivers
 * leave threads behind.  Threads: find and free on one; the rest is read only.
 */
#ifndef TARN_PLUGINS_H
#define TARN_PLUGINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/backend.h"

#define TARN_PLUGIN_MAX_DEVICES 64u
#define TARN_PLUGIN_PROBE_MS 2000.0
/* Of a backend that was asked for by name: a driver may compile for longer at
 * its first start, or on a busy machine, and somebody wants to wait. */
#define TARN_PLUGIN_ASKED_MS 20000.0

enum tarn_plugin_state {
    TARN_PLUGIN_READY,   /* loaded; in the list of backends */
    TARN_PLUGIN_ASIDE,   /* nothing wrong, but not for this run */
    TARN_PLUGIN_REFUSED
};

struct tarn_plugin {
    char *path;       /* absolute */
    char name[32];    /* from the note; "" if it couldn't be read */
    char version[24];
    char needs[200];  /* "AVX2 F16C"; "" if nothing special */
    uint32_t n_needs;
    uint32_t flags;   /* of the note */
    enum tarn_plugin_state state;
    char reason[240]; /* why it is refused or aside */
    char changed[128]; /* what loading it changed in this process; that was put
                          back (P11); "" */
    struct tarn_device_info *devices; /* [n_devices] as the probe saw them */
    uint32_t n_devices;
    double speed;     /* of one thread, 10^9 multiply-adds per second; 0: ? */
    double probe_ms;  /* 0 where the verdict was remembered */
    bool remembered;
    const struct tarn_backend *backend; /* only if ready */
};

struct tarn_plugin_options {
    uint32_t size;
    const char *const *dirs; /* absolute; searched before all others */
    size_t n_dirs;
    bool only_dirs;        /* nowhere else (tests) */
    const char *backend;   /* the name that was asked for, or NULL */
    bool probe_again;      /* ignore what is remembered */
    bool trust_env;        /* a relative LD_LIBRARY_PATH is meant */
    const char *cache_dir; /* NULL: as above; "": remember nothing */
    double probe_ms;       /* limit of one probe; 0: the above */
};

struct tarn_plugins;
struct tarn_buf; /* core/base/buf.h */

/* TARN_USAGE: a folder of opt->dirs can't be used.  TARN_NO_MEMORY.  That no
 * plugin is good is no failure here: the list is empty then. */
enum tarn_status tarn_plugins_find(const struct tarn_plugin_options *opt,
                                   struct tarn_plugins **out,
                                   struct tarn_error *err);
/* Judges, probes and loads this one file, a double too; nothing is remembered.
 * The list holds it, ready or refused. */
enum tarn_status tarn_plugins_open_file(const char *path,
                                        struct tarn_plugins **out,
                                        struct tarn_error *err);
void tarn_plugins_free(struct tarn_plugins *p); /* NULL allowed */

/* The good ones, best first. */
const struct tarn_backend *const *
tarn_plugins_backends(const struct tarn_plugins *p, size_t *n);

/* Everything that was found, in the order of the list above, then the rest. */
size_t tarn_plugins_count(const struct tarn_plugins *p);
const struct tarn_plugin *tarn_plugins_at(const struct tarn_plugins *p,
                                          size_t i);
const char *tarn_plugins_state_name(enum tarn_plugin_state state);
/* Folders that were looked at, and one sentence for the person or NULL. */
size_t tarn_plugins_n_dirs(const struct tarn_plugins *p);
const char *tarn_plugins_dir(const struct tarn_plugins *p, size_t i);
const char *tarn_plugins_notice(const struct tarn_plugins *p);

/* Puts this one at the head of the good ones. */
void tarn_plugins_prefer(struct tarn_plugins *p, const struct tarn_backend *b);

/* ------------------------------------------------------------------ speeds
 * How fast a model runs on a backend of this machine. */
struct tarn_speed {
    uint64_t key; /* of backend, device, driver and model */
    char backend[32], device[96], model[96]; /* model: the file's name */
    double prefill, decode; /* tokens per second */
};
struct tarn_choose {
    uint32_t size;
    const char *model_path;
    uint32_t threads;      /* 0: as the runtime */
    bool again;            /* measure, whatever is remembered */
    const char *cache_dir; /* as above */
    /* Before something is measured, which takes seconds; or NULL. */
    void (*say)(void *user, const char *backend);
    void *user;
};
/* Puts the backend first that takes least time for a turn of this model (512
 * tokens read, 128 written), by what was measured at the model's first use.
 * Nothing is measured or changed where every device is the processor. */
enum tarn_status tarn_plugins_choose(struct tarn_plugins *p,
                                     const struct tarn_choose *opt,
                                     struct tarn_error *err);
/* What is remembered on this machine, the oldest first. */
void tarn_speeds_each(const char *cache_dir,
                      void (*fn)(void *user, const struct tarn_speed *v),
                      void *user);

/* Says why the list of backends is empty, or why `name` is not in it:
 * TARN_DEVICE with a sentence; TARN_OK if it is there. */
enum tarn_status tarn_plugins_require(const struct tarn_plugins *p,
                                      const char *name,
                                      struct tarn_error *err);

/* All of it as one JSON object. */
void tarn_plugins_write_json(const struct tarn_plugins *p,
                             struct tarn_buf *out);

/* If argv asks for a probe: does it and returns true with the exit code. */
bool tarn_plugins_probe_main(int argc, char **argv, int *exit_code);

#endif
