/* tarn-page.h - one chat on the screen: notice, transcript, composer, status.
 *
 * Runs turns: starts them, drains the engine's events once per frame, ends
 * them.  One turn at a time; leaving a chat stops its turn and keeps what is
 * written.
 *
 * Signals: "changed" (conversation, message id): something of it is worth
 * saving; "draft": what stands in the composer has changed; "idle": no turn
 * is running any more.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_PAGE_H
#define TARN_GUI_PAGE_H

#include <adwaita.h>

#include "gui/tarn-conversation.h"
#include "gui/tarn-settings.h"
#include "gui/tarn-traces.h"
#include "gui/tarn-worker.h"

#define TARN_TYPE_PAGE (tarn_page_get_type())
G_DECLARE_FINAL_TYPE(TarnPage, tarn_page, TARN, PAGE, GtkBox)

void tarn_page_set_worker(TarnPage *p, TarnWorker *worker);
void tarn_page_set_conversation(TarnPage *p, TarnConversation *c);
TarnConversation *tarn_page_conversation(TarnPage *p);
/* A model was taken, or is about to be. */
void tarn_page_model_changed(TarnPage *p, gboolean pocket);
/* percent -1: not loading. */
void tarn_page_set_loading(TarnPage *p, const char *model, int percent);
/* The engine is with somebody else, says `why`; NULL: it is back. */
void tarn_page_set_away(TarnPage *p, const char *why);
/* What was measured does not count any more. */
void tarn_page_forget_speed(TarnPage *p);
/* The JSON Schema that answers must fit from now on; NULL: they are free. */
void tarn_page_set_schema(TarnPage *p, const char *schema);
const char *tarn_page_schema(TarnPage *p);
/* The text before the first message.  Other instructions begin the chat again,
 * the old beginning stays as a branch; NULL or "": without any.  FALSE: a turn
 * is running, or there was an error (which is shown). */
char *tarn_page_instructions(TarnPage *p); /* owned by the caller; or NULL */
gboolean tarn_page_set_instructions(TarnPage *p, const char *text);
/* Borrowed; told again whenever it has changed. */
void tarn_page_set_settings(TarnPage *p, const TarnSettings *settings);
/* For the menu of the composer; NULL-terminated, copied. */
void tarn_page_set_presets(TarnPage *p, char *const *names);

gboolean tarn_page_is_running(TarnPage *p);
void tarn_page_send(TarnPage *p, const char *text);
void tarn_page_stop(TarnPage *p);
void tarn_page_answer_now(TarnPage *p);
void tarn_page_regenerate(TarnPage *p, guint message); /* 0: the last */
void tarn_page_regenerate_with(TarnPage *p, guint message, int budget);
/* way: "again", "longer", "cooler" or "warmer". */
void tarn_page_regenerate_as(TarnPage *p, guint message, const char *way);
/* Each of these makes another branch of the answer that begins like it: goes
 * on where it was stopped; keeps the circle that was broken; takes another
 * token at number `token` (from 0). */
void tarn_page_continue(TarnPage *p, guint message);
void tarn_page_undo_loop(TarnPage *p, guint message);
/* An answer that goes round in a circle: back to its second time. */
void tarn_page_break_circle(TarnPage *p);
void tarn_page_fork(TarnPage *p, guint message, guint token, gint32 id);
void tarn_page_edit_last(TarnPage *p);
void tarn_page_edited(TarnPage *p, guint message, const char *text);
void tarn_page_branch(TarnPage *p, guint message, int delta);
void tarn_page_toggle_thought(TarnPage *p);
void tarn_page_step(TarnPage *p, int delta);
/* The records of this window's turns. */
TarnTraces *tarn_page_traces(TarnPage *p);
/* message 0: the last one.  Owned by the caller; or NULL. */
char *tarn_page_answer(TarnPage *p, guint message, gboolean thought);
/* name: of a file; text: its bytes, which must be UTF-8 text. */
void tarn_page_attach(TarnPage *p, const char *name, const char *text,
                      gsize size);
void tarn_page_find(TarnPage *p);
/* Scrolls to a turn and unfolds its thought. */
void tarn_page_reveal(TarnPage *p, guint message);
void tarn_page_focus(TarnPage *p);
void tarn_page_fill(TarnPage *p, const char *text);

/* error: it is one. button and action: or NULL. */
void tarn_page_notice(TarnPage *p, gboolean error, const char *text,
                      const char *button, const char *action);
void tarn_page_hide_notice(TarnPage *p);

#endif
