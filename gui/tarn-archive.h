/* tarn-archive.h - chats on disk, in SQLite, written by one thread.
 *
 * Nothing here waits but tarn_archive_shut(): jobs are queued, answers come
 * back on the main thread.  Write-ahead log, FULL: what was said to be saved
 * survives a kill and a power cut (D01).  Each message carries a checksum of
 * its texts; one that does not fit is shown as damaged, never as something
 * else (D06).  The youngest TARN_TRACES_KEPT messages of a chat that have a
 * trace keep it.  A lock file keeps a second program off (D04).
 *
 * Signals (main thread): "failed" (sentence): nothing can be saved now; what
 * could not be written is tried again with the next job.  "listed": the list
 * of chats has changed.
 *
 * Threads: the main one; its own writes.
 */
#ifndef TARN_GUI_ARCHIVE_H
#define TARN_GUI_ARCHIVE_H

#include <glib-object.h>

#include "core/trace/trace.h"
#include "gui/tarn-figures.h"

#define TARN_TYPE_ARCHIVE (tarn_archive_get_type())
G_DECLARE_FINAL_TYPE(TarnArchive, tarn_archive, TARN, ARCHIVE, GObject)

enum { TARN_TRACES_KEPT = 16 };

typedef struct {
    gint64 chat;
    guint id, parent, role;
    gboolean finished;
    char *text, *thought; /* owned; valid UTF-8; thought may be NULL */
    TarnFigures figures;  /* owned */
    gint32 *ids;          /* [n_ids] owned: tokens as they were drawn, so that
                             a stopped answer can go on; or NULL */
    guint n_ids;
    GPtrArray *calls; /* char *, owned: blocks of tool calls; or NULL */
    GBytes *trace;    /* to be saved: its file form, owned; or NULL */
    struct tarn_trace *record; /* read: owned; NULL: none, or damaged */
    gboolean damaged; /* read: the checksum does not fit */
} TarnRow;

typedef struct {
    gint64 number;
    char *title, *model, *draft; /* owned */
    gint64 changed;              /* unix seconds */
    guint end; /* last message of the active path; 0: unknown */
} TarnChatInfo;

void tarn_row_free(gpointer row);
void tarn_chat_info_free(gpointer info);

/* path: of the database; its folder is made. */
TarnArchive *tarn_archive_new(const char *path);
/* A number that no chat has. */
gint64 tarn_archive_number(TarnArchive *a);
/* row, info: moved.  Saving a message again replaces it. */
void tarn_archive_save(TarnArchive *a, TarnRow *row);
void tarn_archive_save_chat(TarnArchive *a, TarnChatInfo *info);
void tarn_archive_delete(TarnArchive *a, gint64 number);
void tarn_archive_undelete(TarnArchive *a, gint64 number);

/* TarnChatInfo, newest first; borrowed until "listed". */
GPtrArray *tarn_archive_list(TarnArchive *a);
/* done: rows (TarnRow in order of id, borrowed; a record may be taken) of that chat; empty if there
 * is none. */
typedef void (*TarnRowsFunc)(gint64 number, GPtrArray *rows, gpointer user);
void tarn_archive_load(TarnArchive *a, gint64 number, TarnRowsFunc done,
                       gpointer user);
/* Everything queued is written; the thread ends. */
void tarn_archive_shut(TarnArchive *a);

#endif
