/* tarn-archive.c - see tarn-archive.h. */
#include "gui/tarn-archive.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "gui/tarn-words.h"

enum {
    APPLICATION = 0x7461726e, /* "tarn" */
    VERSION = 3, /* 1 had no token ids, no calls; 2 no traces */
    MOST_TRACE = 256 << 20, /* bytes of one */
    BUSY_MS = 2000
};

static const char SCHEMA[] =
    "CREATE TABLE chat(number INTEGER PRIMARY KEY, title TEXT NOT NULL,"
    " model TEXT NOT NULL, draft TEXT NOT NULL, changed INTEGER NOT NULL,"
    " tip INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE message(chat INTEGER NOT NULL, id INTEGER NOT NULL,"
    " parent INTEGER NOT NULL, role INTEGER NOT NULL,"
    " finished INTEGER NOT NULL, text TEXT NOT NULL, thought TEXT,"
    " model TEXT NOT NULL, time INTEGER NOT NULL,"
    " n_thought INTEGER NOT NULL, n_answer INTEGER NOT NULL,"
    " thought_ms REAL NOT NULL, answer_ms REAL NOT NULL,"
    " reason INTEGER NOT NULL, asked INTEGER NOT NULL,"
    " budget INTEGER NOT NULL, checksum INTEGER NOT NULL,"
    " PRIMARY KEY(chat, id)) STRICT, WITHOUT ROWID;";

static const char SCHEMA_2[] =
    "CREATE TABLE token(chat INTEGER NOT NULL, id INTEGER NOT NULL,"
    " ids BLOB NOT NULL, PRIMARY KEY(chat, id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE call(chat INTEGER NOT NULL, id INTEGER NOT NULL,"
    " n INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY(chat, id, n))"
    " STRICT, WITHOUT ROWID;";

static const char SCHEMA_3[] =
    "CREATE TABLE trace(n INTEGER PRIMARY KEY, chat INTEGER NOT NULL,"
    " id INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE(chat, id)) STRICT;";

typedef enum { SAVE, SAVE_CHAT, DELETE, UNDELETE, LIST, LOAD, QUIT } Kind;

typedef struct {
    Kind kind;
    TarnRow *row;
    TarnChatInfo *info;
    gint64 number;
    TarnRowsFunc done;
    gpointer user;
    GPtrArray *rows; /* answer of LOAD and LIST */
    TarnArchive *archive;
} Job;

struct _TarnArchive {
    GObject parent;
    GThread *thread;
    GAsyncQueue *jobs;
    GPtrArray *list; /* TarnChatInfo */
    gint64 last_number;
    char *path;
    /* the thread's own */
    sqlite3 *db;
    GQueue unsaved; /* Job that failed */
    int lock;
    gboolean told, waited;
};
G_DEFINE_FINAL_TYPE(TarnArchive, tarn_archive, G_TYPE_OBJECT)

enum { FAILED, LISTED, N_SIGNALS };
static guint signals[N_SIGNALS];

void tarn_row_free(gpointer p)
{
    TarnRow *r = p;
    if (!r)
        return;
    g_free(r->text);
    g_free(r->thought);
    g_free(r->ids);
    g_clear_pointer(&r->calls, g_ptr_array_unref);
    g_clear_pointer(&r->trace, g_bytes_unref);
    tarn_trace_destroy(r->record);
    tarn_figures_finish(&r->figures);
    g_free(r);
}

void tarn_chat_info_free(gpointer p)
{
    TarnChatInfo *i = p;
    if (!i)
        return;
    g_free(i->title);
    g_free(i->model);
    g_free(i->draft);
    g_free(i);
}

static void free_job(gpointer p)
{
    Job *j = p;
    tarn_row_free(j->row);
    tarn_chat_info_free(j->info);
    g_clear_pointer(&j->rows, g_ptr_array_unref);
    g_clear_object(&j->archive);
    g_free(j);
}

/* FNV-1a over both texts and the line between them. */
static gint64 checksum(const char *text, const char *thought)
{
    guint64 h = 14695981039346656037u;
    const char *parts[] = { text ? text : "", thought ? thought : "\n" };
    for (gsize i = 0; i < 2; i++)
        for (const char *p = parts[i];; p++) {
            h = (h ^ (guchar)*p) * 1099511628211u;
            if (!*p)
                break;
        }
    return (gint64)h;
}

/* ------------------------------------------------------- to the main thread
 * As sources, never by g_main_context_invoke(): that calls at once, in the thread
 * that asks, while nobody iterates the main context. */
typedef struct {
    TarnArchive *archive;
    char *text;
} Said;

static void free_said(gpointer p)
{
    Said *s = p;
    g_object_unref(s->archive);
    g_free(s->text);
    g_free(s);
}

static gboolean tell_failed(gpointer user)
{
    Said *s = user;
    g_signal_emit(s->archive, signals[FAILED], 0, s->text);
    return G_SOURCE_REMOVE;
}

/* Once, until something could be written again. */
static void say_failed(TarnArchive *a, const char *reason)
{
    if (a->told)
        return;
    a->told = TRUE;
    Said *s = g_new(Said, 1);
    s->archive = g_object_ref(a);
    s->text = g_strdup_printf(_("The chats could not be saved: %s. They are "
                                "kept in memory; export them before you "
                                "quit."),
                              reason);
    g_idle_add_full(G_PRIORITY_DEFAULT, tell_failed, s, free_said);
}

static gboolean tell_answer(gpointer user)
{
    Job *j = user;
    if (j->kind == LOAD) {
        j->done(j->number, j->rows, j->user);
    } else {
        g_clear_pointer(&j->archive->list, g_ptr_array_unref);
        j->archive->list = g_steal_pointer(&j->rows);
        g_signal_emit(j->archive, signals[LISTED], 0);
    }
    return G_SOURCE_REMOVE;
}

/* ------------------------------------------------------------- the database */
static gboolean run_sql(TarnArchive *a, const char *sql)
{
    return sqlite3_exec(a->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static gint64 pragma(TarnArchive *a, const char *sql)
{
    sqlite3_stmt *s;
    gint64 n = -1;
    if (sqlite3_prepare_v2(a->db, sql, -1, &s, NULL) != SQLITE_OK)
        return -1;
    if (sqlite3_step(s) == SQLITE_ROW)
        n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

/* NULL: it is ours and up to date; else a clause that says why not. */
static const char *prepare(TarnArchive *a)
{
    gint64 id = pragma(a, "PRAGMA application_id");
    gint64 version = pragma(a, "PRAGMA user_version");
    if (id < 0 || version < 0)
        return _("the file is not a database");
    if (id != 0 && id != APPLICATION)
        return _("the file belongs to another program");
    if (version > VERSION)
        return _("the file was written by a newer tarn and was not changed");
    run_sql(a, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "PRAGMA trusted_schema=OFF; PRAGMA mmap_size=0");
    if (version == VERSION)
        return NULL;
    g_autofree char *end = g_strdup_printf(
        "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT", APPLICATION,
        VERSION);
    if (run_sql(a, "BEGIN IMMEDIATE") && (version > 0 || run_sql(a, SCHEMA)) &&
        (version > 1 || run_sql(a, SCHEMA_2)) && run_sql(a, SCHEMA_3) &&
        run_sql(a, end))
        return NULL;
    run_sql(a, "ROLLBACK");
    return _("the file could not be set up");
}

static gboolean take_lock(TarnArchive *a)
{
    g_autofree char *name = g_strconcat(a->path, ".lock", NULL);
    a->lock = g_open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int most = a->waited ? 1 : BUSY_MS / 50; /* the wait is for once */
    a->waited = TRUE;
    for (int tries = 0; a->lock >= 0 && tries < most; tries++) {
        if (flock(a->lock, LOCK_EX | LOCK_NB) == 0)
            return TRUE;
        g_usleep(50000);
    }
    return FALSE;
}

static gboolean open_database(TarnArchive *a)
{
    if (a->db)
        return TRUE;
    g_autofree char *folder = g_path_get_dirname(a->path);
    const char *why = NULL;
    if (g_mkdir_with_parents(folder, 0700))
        why = g_strerror(errno);
    else if (a->lock < 0 && !take_lock(a))
        why = _("another tarn is using them");
    else if (sqlite3_open_v2(a->path, &a->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                 SQLITE_OPEN_NOMUTEX,
                             NULL) != SQLITE_OK)
        why = a->db ? sqlite3_errmsg(a->db) : _("there is not enough memory");
    else
        why = prepare(a);
    if (!why)
        return TRUE;
    say_failed(a, why);
    sqlite3_close(a->db);
    a->db = NULL;
    if (a->lock >= 0)
        close(a->lock);
    a->lock = -1;
    return FALSE;
}

static sqlite3_stmt *statement(TarnArchive *a, const char *sql)
{
    sqlite3_stmt *s = NULL;
    sqlite3_prepare_v2(a->db, sql, -1, &s, NULL);
    return s;
}

static gboolean finish_write(TarnArchive *a, sqlite3_stmt *s)
{
    gboolean ok = s && sqlite3_step(s) == SQLITE_DONE;
    if (!ok) {
        int code = sqlite3_errcode(a->db);
        say_failed(a, code == SQLITE_FULL ? _("the disk is full")
                                          : sqlite3_errmsg(a->db));
    } else {
        a->told = FALSE;
    }
    sqlite3_finalize(s);
    return ok;
}

/* Native byte order: the file does not leave the machine. */
static gboolean write_ids(TarnArchive *a, const TarnRow *r)
{
    if (!r->n_ids)
        return TRUE;
    sqlite3_stmt *s =
        statement(a, "INSERT OR REPLACE INTO token VALUES(?1,?2,?3)");
    if (s) {
        sqlite3_bind_int64(s, 1, r->chat);
        sqlite3_bind_int64(s, 2, r->id);
        sqlite3_bind_blob64(s, 3, r->ids, r->n_ids * sizeof *r->ids,
                            SQLITE_STATIC);
    }
    return finish_write(a, s);
}

static gboolean write_calls(TarnArchive *a, const TarnRow *r)
{
    gboolean ok = TRUE;
    for (guint i = 0; ok && r->calls && i < r->calls->len; i++) {
        sqlite3_stmt *s =
            statement(a, "INSERT OR REPLACE INTO call VALUES(?1,?2,?3,?4)");
        if (s) {
            sqlite3_bind_int64(s, 1, r->chat);
            sqlite3_bind_int64(s, 2, r->id);
            sqlite3_bind_int64(s, 3, i);
            sqlite3_bind_text(s, 4, r->calls->pdata[i], -1, SQLITE_STATIC);
        }
        ok = finish_write(a, s);
    }
    return ok;
}

/* Whole, by a compressor or its opposite; NULL: it can't be done, or would be
 * too large. */
static GByteArray *convert(GConverter *converter, const void *data, gsize size)
{
    g_autoptr(GInputStream) from =
        g_memory_input_stream_new_from_data(data, (gssize)size, NULL);
    g_autoptr(GInputStream) in =
        g_converter_input_stream_new(from, converter);
    g_autoptr(GByteArray) out = g_byte_array_new();
    guint8 part[16384];
    gssize n;
    while ((n = g_input_stream_read(in, part, sizeof part, NULL, NULL)) > 0 &&
           out->len < MOST_TRACE)
        g_byte_array_append(out, part, (guint)n);
    return n == 0 ? g_steal_pointer(&out) : NULL;
}

static gboolean write_trace(TarnArchive *a, const TarnRow *r)
{
    gsize size = 0;
    const void *data = r->trace ? g_bytes_get_data(r->trace, &size) : NULL;
    if (!data)
        return TRUE;
    g_autoptr(GZlibCompressor) small =
        g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 6);
    g_autoptr(GByteArray) packed = convert(G_CONVERTER(small), data, size);
    if (!packed)
        return TRUE; /* the message itself is what matters */
    sqlite3_stmt *s = statement(
        a, "INSERT OR REPLACE INTO trace(chat, id, data) VALUES(?1,?2,?3)");
    if (s) {
        sqlite3_bind_int64(s, 1, r->chat);
        sqlite3_bind_int64(s, 2, r->id);
        sqlite3_bind_blob64(s, 3, packed->data, packed->len, SQLITE_STATIC);
    }
    if (!finish_write(a, s))
        return FALSE;
    s = statement(a, "DELETE FROM trace WHERE chat=?1 AND n NOT IN (SELECT n"
                     " FROM trace WHERE chat=?1 ORDER BY n DESC LIMIT ?2)");
    if (s) {
        sqlite3_bind_int64(s, 1, r->chat);
        sqlite3_bind_int(s, 2, TARN_TRACES_KEPT);
    }
    return finish_write(a, s);
}

static gboolean write_row(TarnArchive *a, const TarnRow *r)
{
    sqlite3_stmt *s = statement(
        a, "INSERT OR REPLACE INTO message VALUES"
           "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)");
    const TarnFigures *f = &r->figures;
    if (s) {
        sqlite3_bind_int64(s, 1, r->chat);
        sqlite3_bind_int64(s, 2, r->id);
        sqlite3_bind_int64(s, 3, r->parent);
        sqlite3_bind_int64(s, 4, r->role);
        sqlite3_bind_int64(s, 5, r->finished);
        sqlite3_bind_text(s, 6, r->text, -1, SQLITE_STATIC);
        if (r->thought)
            sqlite3_bind_text(s, 7, r->thought, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 8, f->model ? f->model : "", -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 9, f->time);
        sqlite3_bind_int64(s, 10, f->n_thought);
        sqlite3_bind_int64(s, 11, f->n_answer);
        sqlite3_bind_double(s, 12, f->thought_ms);
        sqlite3_bind_double(s, 13, f->answer_ms);
        sqlite3_bind_int64(s, 14, f->reason);
        sqlite3_bind_int64(s, 15, f->asked);
        /* 0 was none before a budget could be 0. */
        sqlite3_bind_int64(s, 16, f->budget < 0    ? 0
                                  : f->budget == 0 ? -1
                                                   : f->budget);
        sqlite3_bind_int64(s, 17, checksum(r->text, r->thought));
    }
    return finish_write(a, s) && write_ids(a, r) && write_calls(a, r) &&
           write_trace(a, r);
}

static gboolean write_info(TarnArchive *a, const TarnChatInfo *i)
{
    sqlite3_stmt *s = statement(
        a, "INSERT INTO chat(number, title, model, draft, changed, tip)"
           " VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(number) DO UPDATE SET"
           " title=?2, model=?3, draft=?4, changed=?5, tip=?6");
    if (s) {
        sqlite3_bind_int64(s, 1, i->number);
        sqlite3_bind_text(s, 2, i->title, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 3, i->model ? i->model : "", -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 4, i->draft ? i->draft : "", -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 5, i->changed);
        sqlite3_bind_int64(s, 6, i->end);
    }
    return finish_write(a, s);
}

static gboolean write_deleted(TarnArchive *a, gint64 number, int deleted)
{
    sqlite3_stmt *s =
        statement(a, "UPDATE chat SET deleted=?2 WHERE number=?1");
    if (s) {
        sqlite3_bind_int64(s, 1, number);
        sqlite3_bind_int(s, 2, deleted);
    }
    return finish_write(a, s);
}

static char *column(sqlite3_stmt *s, int at)
{
    const char *text = (const char *)sqlite3_column_text(s, at);
    return tarn_words_valid(text, text ? sqlite3_column_bytes(s, at) : 0);
}

/* Reads on until the end; says so where the file is damaged. */
static gboolean next_row(TarnArchive *a, sqlite3_stmt *s)
{
    int code = s ? sqlite3_step(s) : SQLITE_ERROR;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        say_failed(a, sqlite3_errmsg(a->db));
    return code == SQLITE_ROW;
}

static GPtrArray *read_list(TarnArchive *a)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(tarn_chat_info_free);
    sqlite3_stmt *s = statement(
        a, "SELECT number, title, model, draft, changed, tip FROM chat"
           " WHERE deleted=0 ORDER BY changed DESC, number DESC");
    while (next_row(a, s)) {
        TarnChatInfo *i = g_new0(TarnChatInfo, 1);
        i->number = sqlite3_column_int64(s, 0);
        i->title = column(s, 1);
        i->model = column(s, 2);
        i->draft = column(s, 3);
        i->changed = sqlite3_column_int64(s, 4);
        i->end = (guint)sqlite3_column_int64(s, 5);
        g_ptr_array_add(list, i);
    }
    sqlite3_finalize(s);
    return list;
}

static TarnRow *read_row(sqlite3_stmt *s, gint64 number)
{
    TarnRow *r = g_new0(TarnRow, 1);
    r->chat = number;
    r->id = (guint)sqlite3_column_int64(s, 0);
    r->parent = (guint)sqlite3_column_int64(s, 1);
    r->role = (guint)sqlite3_column_int64(s, 2);
    r->finished = sqlite3_column_int(s, 3) != 0;
    r->text = column(s, 4);
    if (sqlite3_column_type(s, 5) != SQLITE_NULL)
        r->thought = column(s, 5);
    r->figures = (TarnFigures){
        .model = column(s, 6),
        .time = sqlite3_column_int64(s, 7),
        .n_thought = (guint)sqlite3_column_int64(s, 8),
        .n_answer = (guint)sqlite3_column_int64(s, 9),
        .thought_ms = sqlite3_column_double(s, 10),
        .answer_ms = sqlite3_column_double(s, 11),
        .reason = (guint)sqlite3_column_int64(s, 12),
        .asked = sqlite3_column_int(s, 13) != 0,
        .budget = sqlite3_column_int(s, 14),
    };
    r->figures.budget = r->figures.budget == 0   ? -1
                        : r->figures.budget == -1 ? 0
                                                  : r->figures.budget;
    int size = sqlite3_column_bytes(s, 16);
    if (size > 0 && size % (int)sizeof *r->ids == 0) {
        r->ids = g_memdup2(sqlite3_column_blob(s, 16), (gsize)size);
        r->n_ids = (guint)size / (guint)sizeof *r->ids;
    }
    r->damaged = checksum(r->text, r->thought) != sqlite3_column_int64(s, 15);
    return r;
}

static void read_calls(TarnArchive *a, TarnRow *r)
{
    sqlite3_stmt *s = statement(
        a, "SELECT text FROM call WHERE chat=?1 AND id=?2 ORDER BY n");
    if (s) {
        sqlite3_bind_int64(s, 1, r->chat);
        sqlite3_bind_int64(s, 2, r->id);
    }
    while (next_row(a, s)) {
        if (!r->calls)
            r->calls = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(r->calls, column(s, 0));
    }
    sqlite3_finalize(s);
}

static void read_traces(TarnArchive *a, gint64 number, GPtrArray *rows)
{
    sqlite3_stmt *s =
        statement(a, "SELECT id, data FROM trace WHERE chat=?1 ORDER BY id");
    guint at = 0;
    if (s)
        sqlite3_bind_int64(s, 1, number);
    while (next_row(a, s)) {
        const gint64 id = sqlite3_column_int64(s, 0);
        while (at < rows->len && ((TarnRow *)rows->pdata[at])->id < id)
            at++;
        if (at == rows->len)
            continue;
        TarnRow *r = rows->pdata[at];
        g_autoptr(GZlibDecompressor) whole =
            g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
        g_autoptr(GByteArray) text =
            convert(G_CONVERTER(whole), sqlite3_column_blob(s, 1),
                    (gsize)sqlite3_column_bytes(s, 1));
        if (r->id == id && text && !r->damaged &&
            tarn_trace_read(text->data, text->len, &r->record, NULL))
            r->record = NULL;
    }
    sqlite3_finalize(s);
}

static GPtrArray *read_rows(TarnArchive *a, gint64 number)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func(tarn_row_free);
    sqlite3_stmt *s = statement(
        a, "SELECT id, parent, role, finished, text, thought, model, time,"
           " n_thought, n_answer, thought_ms, answer_ms, reason, asked,"
           " budget, checksum, (SELECT ids FROM token WHERE"
           " token.chat=message.chat AND token.id=message.id)"
           " FROM message WHERE chat=?1 ORDER BY id");
    if (s)
        sqlite3_bind_int64(s, 1, number);
    while (next_row(a, s))
        g_ptr_array_add(rows, read_row(s, number));
    sqlite3_finalize(s);
    for (guint i = 0; i < rows->len; i++)
        if (((TarnRow *)rows->pdata[i])->role == 2) /* an answer */
            read_calls(a, rows->pdata[i]);
    read_traces(a, number, rows);
    return rows;
}

/* --------------------------------------------------------------- the thread */
static gboolean write_job(TarnArchive *a, const Job *j)
{
    switch (j->kind) {
    case SAVE:
        return write_row(a, j->row);
    case SAVE_CHAT:
        return write_info(a, j->info);
    case DELETE:
    case UNDELETE:
        return write_deleted(a, j->number, j->kind == DELETE);
    case LIST:
    case LOAD:
    case QUIT:
        break;
    }
    return TRUE;
}

/* In order: what failed before goes first. */
static void write_or_keep(TarnArchive *a, Job *j)
{
    g_queue_push_tail(&a->unsaved, j);
    while (open_database(a) && !g_queue_is_empty(&a->unsaved)) {
        if (!write_job(a, g_queue_peek_head(&a->unsaved)))
            return;
        free_job(g_queue_pop_head(&a->unsaved));
    }
}

static void answer(TarnArchive *a, Job *j)
{
    gboolean open = open_database(a);
    if (j->kind == LOAD)
        j->rows = open ? read_rows(a, j->number)
                       : g_ptr_array_new_with_free_func(tarn_row_free);
    else
        j->rows = open ? read_list(a)
                       : g_ptr_array_new_with_free_func(tarn_chat_info_free);
    j->archive = g_object_ref(a);
    g_idle_add_full(G_PRIORITY_DEFAULT, tell_answer, j, free_job);
}

static gpointer run(gpointer user)
{
    TarnArchive *a = user;
    for (gboolean quit = FALSE; !quit;) {
        Job *j = g_async_queue_pop(a->jobs);
        quit = j->kind == QUIT;
        if (j->kind == LIST || j->kind == LOAD)
            answer(a, j);
        else
            write_or_keep(a, j);
    }
    g_queue_clear_full(&a->unsaved, free_job);
    if (a->db)
        sqlite3_close(a->db);
    if (a->lock >= 0)
        close(a->lock);
    return NULL;
}

/* ------------------------------------------------------------- the main one */
static void push(TarnArchive *a, Job job)
{
    if (!a->thread)
        return;
    Job *j = g_new(Job, 1);
    *j = job;
    g_async_queue_push(a->jobs, j);
}

static void ask_list(TarnArchive *a)
{
    push(a, (Job){ .kind = LIST });
}

gint64 tarn_archive_number(TarnArchive *a)
{
    a->last_number = MAX(a->last_number + 1, g_get_real_time());
    return a->last_number;
}

void tarn_archive_save(TarnArchive *a, TarnRow *row)
{
    push(a, (Job){ .kind = SAVE, .row = row });
}

void tarn_archive_save_chat(TarnArchive *a, TarnChatInfo *info)
{
    push(a, (Job){ .kind = SAVE_CHAT, .info = info });
    ask_list(a);
}

void tarn_archive_delete(TarnArchive *a, gint64 number)
{
    push(a, (Job){ .kind = DELETE, .number = number });
    ask_list(a);
}

void tarn_archive_undelete(TarnArchive *a, gint64 number)
{
    push(a, (Job){ .kind = UNDELETE, .number = number });
    ask_list(a);
}

GPtrArray *tarn_archive_list(TarnArchive *a)
{
    return a->list;
}

void tarn_archive_load(TarnArchive *a, gint64 number, TarnRowsFunc done,
                       gpointer user)
{
    push(a,
         (Job){ .kind = LOAD, .number = number, .done = done, .user = user });
}

void tarn_archive_shut(TarnArchive *a)
{
    push(a, (Job){ .kind = QUIT });
    if (a->thread)
        g_thread_join(a->thread);
    a->thread = NULL;
}

static void tarn_archive_finalize(GObject *o)
{
    TarnArchive *a = TARN_ARCHIVE(o);
    tarn_archive_shut(a);
    g_async_queue_unref(a->jobs);
    g_clear_pointer(&a->list, g_ptr_array_unref);
    g_free(a->path);
    G_OBJECT_CLASS(tarn_archive_parent_class)->finalize(o);
}

static void tarn_archive_class_init(TarnArchiveClass *klass)
{
    GType t = G_TYPE_FROM_CLASS(klass);
    G_OBJECT_CLASS(klass)->finalize = tarn_archive_finalize;
    signals[FAILED] = g_signal_new("failed", t, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
    signals[LISTED] = g_signal_new("listed", t, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void tarn_archive_init(TarnArchive *a)
{
    a->lock = -1;
    a->jobs = g_async_queue_new_full(free_job);
    a->list = g_ptr_array_new_with_free_func(tarn_chat_info_free);
    g_queue_init(&a->unsaved);
}

TarnArchive *tarn_archive_new(const char *path)
{
    TarnArchive *a = g_object_new(TARN_TYPE_ARCHIVE, NULL);
    a->path = g_strdup(path);
    a->thread = g_thread_new("tarn-archive", run, a);
    ask_list(a);
    return a;
}
