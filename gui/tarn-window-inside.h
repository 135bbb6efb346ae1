/* tarn-window-inside.h - what the parts of the window share.
 *
 * Owns: see the members.  Threads: the main one.
 */
#ifndef TARN_GUI_WINDOW_INSIDE_H
#define TARN_GUI_WINDOW_INSIDE_H

#include "gui/tarn-page.h"
#include "gui/tarn-shelf.h"
#include "gui/tarn-sidebar.h"
#include "gui/tarn-trace-pane.h"
#include "gui/tarn-window.h"

struct _TarnWindow {
    AdwApplicationWindow parent;
    AdwToastOverlay *toasts;
    AdwWindowTitle *title;
    AdwFlap *flap;
    TarnSidebar *sidebar;
    GtkPaned *paned; /* chat and trace */
    TarnPage *page;
    TarnTracePane *pane;    /* NULL: not asked for yet */
    tarn_message_id traced; /* whose trace it shows */
    TarnConversation *traced_in; /* owned: with that trace */
    int trace_place;        /* these three: tarn-window-trace.c */
    guint trace_tick;
    gint64 trace_until;
    TarnWorker *worker;
    TarnSettings *settings; /* borrowed */
    GtkFileChooserNative *chooser;
    TarnArchive *archive;
    guint draft;
    gboolean closing, pocket_told, plugins_told, narrow, restored;
    gboolean keep_notice; /* why another model is opened than was wanted */
};

/* tarn-window.c: chats, and the window itself. */
void tarn_window_toast(TarnWindow *w, const char *text);
void tarn_window_update_title(TarnWindow *w);
void tarn_window_set_enabled(TarnWindow *w, const char *name, gboolean enabled);
void tarn_window_show_chat(TarnWindow *w, TarnConversation *c);
void tarn_window_new_chat(TarnWindow *w);
/* What is on the screen keeps its draft. */
void tarn_window_leave_chat(TarnWindow *w);
const TarnChatInfo *tarn_window_find_info(TarnWindow *w, gint64 number);
void tarn_window_delete_chat(TarnWindow *w, gint64 number);

/* tarn-window-models.c: models and files that are opened. */
void tarn_window_show_backends(TarnWindow *w);
void tarn_window_show_models(TarnWindow *w);
/* Gives up opening a model, or what keeps the engine away. */
void tarn_window_stop_waiting(TarnWindow *w);
void tarn_window_open_chooser(TarnWindow *w);
void tarn_window_on_opened(TarnWindow *w);
void tarn_window_on_idle(TarnWindow *w);
void tarn_window_on_failed(TarnWindow *w, const char *said);
void tarn_window_on_timing(TarnWindow *w, const char *backend);
void tarn_window_on_progress(TarnWindow *w, const char *path, int percent);
gboolean tarn_window_on_drop(TarnWindow *w, const GValue *value);

/* tarn-window-trace.c: the pane opens, or closes. */
void tarn_window_show_trace(TarnWindow *w);
void tarn_window_trace_of(TarnWindow *w, tarn_message_id message);
void tarn_window_open_trace(TarnWindow *w, const char *path);
/* Whether it stands elsewhere than this width wants; puts it there, and the
 * sidebar beside it. */
gboolean tarn_window_trace_misplaced(TarnWindow *w, int width);
void tarn_window_place_trace(TarnWindow *w);

/* tarn-window-presets.c: the menu's list is read again by all of them. */
void tarn_window_list_presets(TarnWindow *w);
void tarn_window_use_preset(TarnWindow *w, const char *name);
void tarn_window_save_preset(TarnWindow *w);
void tarn_window_remove_preset(TarnWindow *w, const char *name);
void tarn_window_restore_preset(TarnWindow *w);

/* tarn-window-acts.c: the actions win.*, and what was set. */
/* Instructions; a sentence where the chat begins again with them. */
void tarn_window_begin_with(TarnWindow *w, const char *instructions);
void tarn_window_attach(TarnWindow *w, GFile *file);
void tarn_window_add_actions(TarnWindow *w);
void tarn_window_on_settings(gpointer window);

#endif
