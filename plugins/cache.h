/* cache.h - verdicts of earlier probes: $XDG_CACHE_HOME/tarn/plugins.json.
 *
 * A verdict holds for one file (path, device, inode, size, times, build id) on
 * one machine (kernel, processor) and one canary.  A file that can't be read
 * or is damaged counts as empty; a folder that can't be written is no error.
 *
 * Owns: its entries.  Threads: one.
 */
#ifndef TARN_PLUGINS_CACHE_H
#define TARN_PLUGINS_CACHE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "plugins/probe.h"

struct tarn_verdict_cache;

/* What a plugin that opens a driver by bare name (TARN_NOTE_LOADS) finds may
 * change without its file: a number for the libraries that are installed and
 * for the variables that drivers and this plugin (TARN_NAME_...) read. */
uint64_t tarn_cache_world(const char *plugin_name);

/* $XDG_CACHE_HOME/tarn, else ~/.cache/tarn, made if it is missing; NULL: there
 * is none.  The caller frees it. */
char *tarn_cache_folder(void);
/* Kernel, processor and what of tarn decides whether figures still hold. */
void tarn_cache_machine(char *out, size_t room);

/* folder: NULL for the usual one, "" for none.  NULL: no memory. */
struct tarn_verdict_cache *tarn_cache_open(const char *folder);
/* Copies a remembered verdict; the caller finishes it. */
bool tarn_cache_get(const struct tarn_verdict_cache *c, const char *path,
                    const struct stat *st, const char *build_id,
                    struct tarn_verdict *out);
/* Remembers a copy, unless the refusal is a passing one. */
void tarn_cache_put(struct tarn_verdict_cache *c, const char *path,
                    const struct stat *st, const char *build_id,
                    const struct tarn_verdict *v);
void tarn_cache_save(struct tarn_verdict_cache *c); /* only if changed */
void tarn_cache_close(struct tarn_verdict_cache *c);

#endif
