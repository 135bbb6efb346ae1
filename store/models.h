/* models.h - the model files that this person has opened, to be opened again.
 *
 * The pocket model comes first, then what was opened, the latest in front,
 * then what lies in $XDG_DATA_HOME/tarn/models.  Names and sizes of parameters
 * are what the core said when a file was opened; nothing is opened to make the
 * list.  It is kept in $XDG_DATA_HOME/tarn/models.json (or below
 * ~/.local/share), for its owner alone.
 *
 *     struct tarn_models *m;
 *     tarn_models_load(&m, &err);
 *     for (i = 0; i < tarn_models_count(m); i++) show(tarn_models_at(m, i));
 *     tarn_models_note(m, tarn_model_info(model), &err);  // it was opened
 *     tarn_models_free(m);
 *
 * Owns: its strings; what is given out is borrowed until the list changes.
 * Threads: one at a time.
 */
#ifndef TARN_STORE_MODELS_H
#define TARN_STORE_MODELS_H

#include "core/tarn.h"

#define TARN_MODELS_MOST 200u /* remembered; the oldest goes */

struct tarn_models;

struct tarn_model_file {
    const char *path;      /* absolute */
    const char *name;      /* of the model; of the file where it is not known */
    const char *file_type; /* "Q4_K_M"; "": not known */
    uint64_t n_params;     /* 0: not known */
    uint64_t bytes;        /* of the file now; 0: it is not there */
    bool pocket;           /* the one that ships: cannot be removed */
    bool found;            /* lies in the models folder, was never opened */
};

/* A list that cannot be read is an empty one: only TARN_NO_MEMORY fails. */
enum tarn_status tarn_models_load(struct tarn_models **out,
                                  struct tarn_error *err);
void tarn_models_free(struct tarn_models *m); /* NULL allowed */
size_t tarn_models_count(const struct tarn_models *m);
const struct tarn_model_file *tarn_models_at(const struct tarn_models *m,
                                             size_t i); /* NULL: none */
/* A file that was opened; written at once.  A path that is no UTF-8 is not
 * remembered.  TARN_IO: why it could not be written (the list has it). */
enum tarn_status tarn_models_note(struct tarn_models *m,
                                  const struct tarn_model_info *info,
                                  struct tarn_error *err);
/* Off the list; the file stays where it is.  TARN_USAGE: it is not in the
 * list, or stands there because it lies in the folder. */
enum tarn_status tarn_models_remove(struct tarn_models *m, const char *path,
                                    struct tarn_error *err);

#endif
