/* archive_test.c - chats on disk: what was saved is there again, after a
 * kill too (D01); damage is seen (D06, F08); foreign and newer files are left
 * alone (D08); a second program is kept off (D04).
 *
 * usage: archive_test TRACE.json */
#include "gui/tarn-archive.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

static char *folder, *file;
static GBytes *golden; /* a trace's file form */

static void clean(void)
{
    static const char *const ENDS[] = { "", "-wal", "-shm", ".lock" };
    for (gsize i = 0; i < G_N_ELEMENTS(ENDS); i++) {
        g_autofree char *name = g_strconcat(file, ENDS[i], NULL);
        g_remove(name);
    }
}

static TarnRow *row(gint64 chat, guint id, const char *text)
{
    TarnRow *r = g_new0(TarnRow, 1);
    r->chat = chat;
    r->id = id;
    r->parent = id - 1;
    r->role = 1;
    r->finished = TRUE;
    r->text = g_strdup(text);
    r->figures.model = g_strdup("Pocket");
    r->figures.n_answer = 7;
    r->figures.answer_ms = 12.5;
    r->figures.budget = (int)id - 2; /* none, 0, 1, ... */
    return r;
}

static TarnChatInfo *info(gint64 number, const char *title)
{
    TarnChatInfo *i = g_new0(TarnChatInfo, 1);
    i->number = number;
    i->title = g_strdup(title);
    i->model = g_strdup("Pocket");
    i->changed = 1000 + number;
    i->end = 2;
    return i;
}

static GPtrArray *loaded;

static void on_rows(gint64 number, GPtrArray *rows, gpointer user)
{
    (void)number;
    (void)user;
    loaded = g_ptr_array_ref(rows);
}

static GPtrArray *load(TarnArchive *a, gint64 number)
{
    loaded = NULL;
    tarn_archive_load(a, number, on_rows, NULL);
    while (!loaded)
        g_main_context_iteration(NULL, TRUE);
    return loaded;
}

static char *said;

static void on_failed(TarnArchive *a, const char *text, gpointer user)
{
    (void)a;
    (void)user;
    g_free(said);
    said = g_strdup(text);
}

static TarnArchive *open_archive(void)
{
    TarnArchive *a = tarn_archive_new(file);
    g_clear_pointer(&said, g_free);
    g_signal_connect(a, "failed", G_CALLBACK(on_failed), NULL);
    return a;
}

static void close_archive(TarnArchive *a)
{
    tarn_archive_shut(a);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_object_unref(a);
}

static void sql(const char *text)
{
    sqlite3 *db;
    char *error = NULL;
    sqlite3_open(file, &db);
    sqlite3_exec(db, text, NULL, NULL, &error);
    CHECK_SAYS(!error, "%s", error);
    sqlite3_close(db);
}

static void test_what_was_saved_is_read(void)
{
    clean();
    TarnArchive *a = open_archive();
    tarn_archive_save(a, row(5, 1, "a question with “marks”"));
    TarnRow *second = row(5, 2, "first form");
    second->thought = g_strdup("a thought");
    second->finished = FALSE;
    tarn_archive_save(a, second);
    tarn_archive_save(a, row(5, 2, "second form"));
    tarn_archive_save_chat(a, info(5, "five"));
    tarn_archive_save_chat(a, info(6, "six"));
    close_archive(a);

    a = open_archive();
    g_autoptr(GPtrArray) rows = load(a, 5);
    CHECK(rows->len == 2);
    const TarnRow *r = rows->pdata[1];
    CHECK(!strcmp(r->text, "second form") && r->finished && !r->damaged);
    CHECK(r->figures.n_answer == 7 && !strcmp(r->figures.model, "Pocket"));
    CHECK(r->figures.budget == 0 &&
          ((TarnRow *)rows->pdata[0])->figures.budget == -1);
    GPtrArray *list = tarn_archive_list(a);
    CHECK(list->len == 2);
    CHECK(!strcmp(((TarnChatInfo *)list->pdata[0])->title, "six"));
    CHECK(((TarnChatInfo *)list->pdata[1])->end == 2);
    g_autoptr(GPtrArray) none = load(a, 77);
    CHECK(none->len == 0);
    CHECK_SAYS(!said, "%s", said);
    close_archive(a);
}

/* Not in the archive's thread, even while the main one does something else. */
static void test_answers_come_in_the_main_thread(void)
{
    clean();
    TarnArchive *a = open_archive();
    tarn_archive_save(a, row(5, 1, "one"));
    loaded = NULL;
    tarn_archive_load(a, 5, on_rows, NULL);
    tarn_archive_shut(a); /* all that was asked is done now */
    CHECK(!loaded);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    CHECK(loaded && loaded->len == 1);
    g_clear_pointer(&loaded, g_ptr_array_unref);
    g_object_unref(a);
}

static void test_deleting_can_be_undone(void)
{
    clean();
    TarnArchive *a = open_archive();
    tarn_archive_save(a, row(5, 1, "text"));
    tarn_archive_save_chat(a, info(5, "five"));
    tarn_archive_delete(a, 5);
    g_autoptr(GPtrArray) one = load(a, 5); /* kept: it can be undone */
    CHECK(one->len == 1);
    CHECK(tarn_archive_list(a)->len == 0);
    tarn_archive_undelete(a, 5);
    g_autoptr(GPtrArray) two = load(a, 5);
    CHECK(tarn_archive_list(a)->len == 1);
    CHECK(two->len == 1);
    close_archive(a);
}

/* Saves messages for ever and says on fd which are done. */
static void child(int fd, guint from)
{
    TarnArchive *a = open_archive();
    for (guint id = from;; id++) {
        tarn_archive_save(a, row(9, id, "a message that must not be lost"));
        g_ptr_array_unref(load(a, 1)); /* answered after the save */
        if (write(fd, &id, sizeof id) != sizeof id)
            _exit(1);
    }
}

static void test_d01_a_kill_loses_nothing(void)
{
    clean();
    guint done = 0;
    for (int round = 0; round < 12; round++) {
        int pipe_fd[2];
        CHECK(pipe(pipe_fd) == 0);
        pid_t pid = fork();
        if (!pid)
            child(pipe_fd[1], done + 1);
        close(pipe_fd[1]);
        g_usleep((gulong)(20000 + 7000 * round));
        kill(pid, SIGKILL);
        guint id;
        while (read(pipe_fd[0], &id, sizeof id) == sizeof id)
            done = id;
        close(pipe_fd[0]);
        waitpid(pid, NULL, 0);
    }
    TarnArchive *a = open_archive();
    g_autoptr(GPtrArray) rows = load(a, 9);
    printf("# %u messages were said to be saved, %u are there\n", done,
           rows->len);
    CHECK(done > 0);
    CHECK(rows->len >= done && rows->len <= done + 1);
    for (guint i = 0; i < rows->len; i++)
        CHECK(!((TarnRow *)rows->pdata[i])->damaged);
    CHECK_SAYS(!said, "%s", said);
    close_archive(a);
}

static void test_d06_changed_text_is_seen(void)
{
    clean();
    TarnArchive *a = open_archive();
    tarn_archive_save(a, row(5, 1, "one"));
    tarn_archive_save(a, row(5, 2, "two"));
    close_archive(a);
    sql("UPDATE message SET text='owt' WHERE id=2");
    a = open_archive();
    g_autoptr(GPtrArray) rows = load(a, 5);
    CHECK(rows->len == 2);
    CHECK(!((TarnRow *)rows->pdata[0])->damaged);
    CHECK(((TarnRow *)rows->pdata[1])->damaged);
    close_archive(a);
}

static void refuses(const char *part)
{
    TarnArchive *a = open_archive();
    tarn_archive_save(a, row(5, 1, "one"));
    g_autoptr(GPtrArray) rows = load(a, 5);
    CHECK(rows->len == 0);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    CHECK_SAYS(said && strstr(said, part), "\"%s\"", said ? said : "nothing");
    close_archive(a);
}

static void test_d08_newer_and_foreign_files_are_left_alone(void)
{
    clean();
    sql("PRAGMA user_version=99; PRAGMA application_id=1952543342");
    refuses("newer tarn");
    clean();
    sql("PRAGMA application_id=7; CREATE TABLE x(y)");
    refuses("another program");
    clean();
    CHECK(g_file_set_contents(file,
                              "this is no database, but a long text "
                              "that somebody has put here by mistake, "
                              "longer than a header of SQLite's",
                              -1, NULL));
    refuses("not a database");
    g_autofree char *text = NULL;
    CHECK(g_file_get_contents(file, &text, NULL, NULL));
    CHECK(text && g_str_has_prefix(text, "this is no database"));
}

static void test_d04_a_second_program_is_kept_off(void)
{
    clean();
    g_autofree char *name = g_strconcat(file, ".lock", NULL);
    int fd = g_open(name, O_RDWR | O_CREAT, 0600);
    CHECK(flock(fd, LOCK_EX) == 0);
    refuses("another tarn");
    close(fd);
    TarnArchive *a = open_archive();
    tarn_archive_save(a, row(5, 1, "one"));
    g_autoptr(GPtrArray) rows = load(a, 5);
    CHECK(rows->len == 1);
    close_archive(a);
}

static void test_d03_what_failed_is_written_later(void)
{
    clean();
    TarnArchive *a = open_archive();
    tarn_archive_save(a, row(5, 1, "one"));
    g_ptr_array_unref(load(a, 5));
    sql("ALTER TABLE message RENAME TO gone"); /* every insert fails now */
    tarn_archive_save(a, row(5, 2, "two"));
    g_ptr_array_unref(load(a, 5));
    while (g_main_context_iteration(NULL, FALSE))
        ;
    CHECK_SAYS(said && strstr(said, "could not be saved"), "\"%s\"",
               said ? said : "nothing");
    sql("ALTER TABLE gone RENAME TO message");
    tarn_archive_save(a, row(5, 3, "three"));
    g_autoptr(GPtrArray) rows = load(a, 5);
    CHECK_SAYS(rows->len == 3, "%u rows", rows->len);
    close_archive(a);
}

static TarnRow *traced(gint64 chat, guint id)
{
    TarnRow *r = row(chat, id, "an answer");
    r->role = 2;
    r->trace = g_bytes_ref(golden);
    return r;
}

static void test_the_youngest_traces_are_kept(void)
{
    enum { ALL = TARN_TRACES_KEPT + 3 };
    gsize n, n_golden, size;
    struct tarn_trace *whole = NULL;
    const void *text = g_bytes_get_data(golden, &size);
    CHECK(tarn_trace_read(text, size, &whole, NULL) == TARN_OK);
    tarn_trace_tokens(whole, &n_golden);
    tarn_trace_destroy(whole);
    clean();
    TarnArchive *a = open_archive();
    for (guint id = 1; id <= ALL; id++)
        tarn_archive_save(a, traced(5, id));
    tarn_archive_save(a, traced(5, 2)); /* once more: the youngest now */
    tarn_archive_save(a, traced(6, 1));
    close_archive(a);
    a = open_archive();
    g_autoptr(GPtrArray) rows = load(a, 5);
    guint kept = 0;
    CHECK(rows->len == ALL);
    for (guint i = 0; i < rows->len; i++) {
        const TarnRow *r = rows->pdata[i];
        kept += r->record != NULL;
        CHECK(!r->record == (i == 0 || i == 2 || i == 3));
        if (r->record)
            CHECK(tarn_trace_tokens(r->record, &n) && n == n_golden);
    }
    CHECK_SAYS(kept == TARN_TRACES_KEPT, "%u", kept);
    g_autoptr(GPtrArray) other = load(a, 6);
    CHECK(other->len == 1 && ((TarnRow *)other->pdata[0])->record);
    close_archive(a);
    CHECK_SAYS(!said, "%s", said);
}

/* F08: what is damaged is not shown; the answer is. */
static void test_f08_a_damaged_trace_costs_no_answer(void)
{
    static const char *const HURT[] = {
        "UPDATE trace SET data=x'00'", "UPDATE trace SET data=x''",
        "UPDATE trace SET data=substr(data, 1, length(data) / 2)",
        "UPDATE trace SET id=9"
    };
    for (gsize i = 0; i < G_N_ELEMENTS(HURT); i++) {
        clean();
        TarnArchive *a = open_archive();
        tarn_archive_save(a, row(5, 1, "a question"));
        tarn_archive_save(a, traced(5, 2));
        close_archive(a);
        sql(HURT[i]);
        a = open_archive();
        g_autoptr(GPtrArray) rows = load(a, 5);
        const TarnRow *r = rows->len == 2 ? rows->pdata[1] : NULL;
        CHECK(r && !r->record && !r->damaged && !strcmp(r->text, "an answer"));
        CHECK_SAYS(!said, "%s", said);
        close_archive(a);
    }
}

/* Version 2 had no traces: it gets them, and loses nothing. */
static void test_an_older_file_is_brought_up(void)
{
    clean();
    TarnArchive *a = open_archive();
    tarn_archive_save(a, row(5, 1, "one"));
    close_archive(a);
    sql("DROP TABLE trace; PRAGMA user_version=2");
    a = open_archive();
    tarn_archive_save(a, traced(5, 2));
    g_autoptr(GPtrArray) rows = load(a, 5);
    CHECK(rows->len == 2 && ((TarnRow *)rows->pdata[1])->record);
    CHECK_SAYS(!said, "%s", said);
    close_archive(a);
}

int main(int argc, char **argv)
{
    char *text = NULL;
    gsize size;
    if (argc < 2 || !g_file_get_contents(argv[1], &text, &size, NULL))
        return 2;
    golden = g_bytes_new_take(text, size);
    folder = g_dir_make_tmp("tarn-archive-XXXXXX", NULL);
    file = g_build_filename(folder, "chats.db", NULL);
    RUN(test_d01_a_kill_loses_nothing); /* first: it forks */
    RUN(test_what_was_saved_is_read);
    RUN(test_answers_come_in_the_main_thread);
    RUN(test_deleting_can_be_undone);
    RUN(test_d03_what_failed_is_written_later);
    RUN(test_d04_a_second_program_is_kept_off);
    RUN(test_d06_changed_text_is_seen);
    RUN(test_d08_newer_and_foreign_files_are_left_alone);
    RUN(test_the_youngest_traces_are_kept);
    RUN(test_f08_a_damaged_trace_costs_no_answer);
    RUN(test_an_older_file_is_brought_up);
    g_bytes_unref(golden);
    clean();
    g_rmdir(folder);
    return tap_end();
}
