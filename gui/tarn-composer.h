/* tarn-composer.h - where a message is written.
 *
 * Signals: "send" (text), "stop", "draft" (it was typed in).  Return sends,
 * Shift+Return breaks the line; the budget is the window's action "win.budget".
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_COMPOSER_H
#define TARN_GUI_COMPOSER_H

#include <gtk/gtk.h>

#define TARN_TYPE_COMPOSER (tarn_composer_get_type())
G_DECLARE_FINAL_TYPE(TarnComposer, tarn_composer, TARN, COMPOSER, GtkBox)

/* busy: Send is Stop.  ready: there is a model to send to. */
void tarn_composer_set_state(TarnComposer *c, gboolean busy, gboolean ready);
/* A text that goes before the next message; a chip shows its name and tokens
 * and takes it away again. */
void tarn_composer_attach(TarnComposer *c, const char *name, const char *text,
                          guint tokens);
/* Answers must fit a schema: a button says so. */
void tarn_composer_set_schema(TarnComposer *c, gboolean on);
/* In the menu of +; NULL-terminated. */
void tarn_composer_set_presets(TarnComposer *c, char *const *names);
void tarn_composer_set_tools(TarnComposer *c, gboolean on);
/* Return makes a new line then. */
void tarn_composer_set_ctrl_sends(TarnComposer *c, gboolean ctrl);
void tarn_composer_set_budget(TarnComposer *c, int tokens);
char *tarn_composer_get_text(TarnComposer *c); /* owned by the caller */
void tarn_composer_set_text(TarnComposer *c, const char *text);
void tarn_composer_focus(TarnComposer *c);
/* Spoken by screen readers, which pass over changes elsewhere (UX 9.1). */
void tarn_composer_describe(TarnComposer *c, const char *text);

#endif
