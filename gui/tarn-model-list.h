/* tarn-model-list.h - Models: the model files on this computer.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_MODEL_LIST_H
#define TARN_GUI_MODEL_LIST_H

#include <adwaita.h>

/* A modeless window.  in_use: path of the open model, or NULL.  use: open this
 * one; choose: ask for a file.  Both may be called as long as `parent` lives.
 */
void tarn_model_list_present(GtkWindow *parent, const char *in_use,
                             void (*use)(const char *path, gpointer user),
                             void (*choose)(gpointer user), gpointer user);

#endif
