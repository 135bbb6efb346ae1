/* speeds.h - how fast a model runs on each backend of this machine: measured
 * once, kept in $XDG_CACHE_HOME/tarn/speeds.json.
 *
 * A figure holds for one backend build, device, driver and model, on one
 * machine; its key is made of these.  A file that can't be read or is damaged
 * counts as empty; a folder that can't be written is no error.
 *
 * Owns: its entries.  Threads: one.
 */
#ifndef TARN_PLUGINS_SPEEDS_H
#define TARN_PLUGINS_SPEEDS_H

#include "plugins/plugins.h"

struct tarn_speeds;

/* What a figure of this plugin's first device and this model is kept under;
 * 0: the model can't be read. */
uint64_t tarn_speeds_key(const struct tarn_plugin *p, const char *model_path);

/* folder: NULL for the usual one, "" for none.  NULL: no memory. */
struct tarn_speeds *tarn_speeds_open(const char *folder);
const struct tarn_speed *tarn_speeds_get(const struct tarn_speeds *s,
                                         uint64_t key);
void tarn_speeds_put(struct tarn_speeds *s, const struct tarn_speed *v);
void tarn_speed_write_json(const struct tarn_speed *v, struct tarn_buf *b);
void tarn_speeds_save(struct tarn_speeds *s); /* only if changed */
void tarn_speeds_close(struct tarn_speeds *s);

#endif
