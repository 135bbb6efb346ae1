/* tarn-backends.h - the list of backends: found, in use, refused and why.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_BACKENDS_H
#define TARN_GUI_BACKENDS_H

#include <adwaita.h>

#include "plugins/plugins.h"

/* plugins: read at once, not kept; NULL: nothing was looked for yet.
 * in_use: name of the backend that runs the model, or NULL. */
/* in_use: its name, NULL without a model.  use: a person chose another one for
 * the open model. */
void tarn_backends_present(GtkWindow *parent,
                           const struct tarn_plugins *plugins,
                           const char *in_use,
                           void (*use)(const char *name, gpointer user),
                           gpointer user);

#endif
