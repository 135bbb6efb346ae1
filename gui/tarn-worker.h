/* tarn-worker.h - the thread that owns the engine, seen from the main loop.
 *
 * Each model that is opened gets a thread of its own: it opens the file,
 * makes the engine, then steps and waits until the next model takes its
 * place.  A model that cannot be opened changes nothing.
 *
 *     tarn_worker_open(w, path);     // at once; "progress" meanwhile, and
 *                                    // "timing" (backend): which is fastest
 *     "opened": tarn_worker_take(w)  // when no turn is running
 *     "failed" (sentence)
 *     "events": drain tarn_engine_next_event(tarn_worker_engine(w), ...)
 *
 * Signals are emitted on the main thread only.  Nothing here waits, but
 * tarn_worker_shut().
 */
#ifndef TARN_GUI_WORKER_H
#define TARN_GUI_WORKER_H

#include <glib-object.h>

#include "core/tarn.h"
#include "plugins/plugins.h"

#define TARN_TYPE_WORKER (tarn_worker_get_type())
G_DECLARE_FINAL_TYPE(TarnWorker, tarn_worker, TARN, WORKER, GObject)

TarnWorker *tarn_worker_new(void);
/* Before the first model; NULL: the fastest for each model, by
 * tarn_plugins_choose(). */
void tarn_worker_set_backend(TarnWorker *w, const char *name);
/* For the models that are opened from now on; context 0: the core decides. */
void tarn_worker_set_memory(TarnWorker *w, guint context, guint kv);
/* A model that is being opened is given up for this one. */
void tarn_worker_open(TarnWorker *w, const char *path);
void tarn_worker_cancel(TarnWorker *w);
gboolean tarn_worker_is_opening(TarnWorker *w);
/* The opened model replaces the present one, whose engine must be idle. */
void tarn_worker_take(TarnWorker *w);
gboolean tarn_worker_has_opened(TarnWorker *w);

/* Of the present model; NULL without one.  Borrowed until take or shut. */
struct tarn_engine *tarn_worker_engine(TarnWorker *w);
struct tarn_model *tarn_worker_model(TarnWorker *w);
const char *tarn_worker_path(TarnWorker *w);

/* Something that the engine's own thread does while nobody else uses the
 * engine: engine() and model() give NULL until it is done.  Then `done` is
 * called on the main thread, unless another model was taken meanwhile, and
 * `drop` in any case.  FALSE: there is no idle engine (drop was called). */
typedef struct {
    void (*work)(struct tarn_engine *engine, const struct tarn_model *model,
                 gpointer data);
    void (*done)(gpointer data);
    void (*drop)(gpointer data);
    gpointer data;
} TarnErrand;
gboolean tarn_worker_send(TarnWorker *w, const TarnErrand *errand);
/* Turns that the errand runs are stopped. */
void tarn_worker_hurry(TarnWorker *w);

/* What was found and judged; NULL: not yet.  Read only, borrowed until the
 * worker is gone. */
const struct tarn_plugins *tarn_worker_plugins(TarnWorker *w);
/* Ends all threads; waits for them. */
void tarn_worker_shut(TarnWorker *w);

#endif
