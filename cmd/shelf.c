/* shelf.c - see shelf.h; with /chats and /title. */
#include "cmd/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/slash.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/memory.h"
#include "core/base/place.h"

#define MOST_LISTED 200

static bool folder_of(char *out, size_t size)
{
    static const char CHATS[] = "/chats";
    if (!tarn_place_data(out, size)) /* with room for 64 bytes more */
        return false;
    memcpy(out + strlen(out), CHATS, sizeof CHATS);
    return true;
}

/* ------------------------------------------------------------------ writing */

static void say_unsaved(struct cmd_talk *t, const char *reason)
{
    if (!t->unsaved_told)
        cmd_view_say(&t->view,
                     "The chats could not be saved: %s. They are kept in "
                     "memory; export them before you quit.",
                     reason);
    t->unsaved_told = true;
}

static bool choose_file(struct cmd_talk *t)
{
    char folder[sizeof t->file];
    const time_t now = time(NULL);
    struct tm tm;
    if (t->file[0])
        return true;
    if (!folder_of(folder, sizeof folder)) {
        say_unsaved(t, "neither XDG_DATA_HOME nor HOME names a folder");
        return false;
    }
    if (!tarn_folder_make(folder)) {
        struct tarn_error err;
        (void)tarn_file_fail(&err, "made", errno);
        tarn_error_prefix(&err, folder);
        say_unsaved(t, err.text);
        return false;
    }
    gmtime_r(&now, &tm);
    const size_t n = strlen(folder);
    memcpy(t->file, folder, n);
    snprintf(t->file + n, sizeof t->file - n,
             "/%04d%02d%02d-%02d%02d%02d-%ld-%u.json", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
             (long)getpid(), t->n_files++);
    return true;
}

/* "title" goes in front of the core's own members. */
static void add_title(struct tarn_buf *b, const char *title, const char *json,
                      size_t size)
{
    tarn_buf_text(b, "{\"title\": ");
    tarn_json_add_string(b, title, strlen(title), false);
    tarn_buf_text(b, ", ");
    tarn_buf_add(b, json + 1, size - 1);
}

void cmd_shelf_save(struct cmd_talk *t)
{
    struct tarn_error err = { 0 };
    struct tarn_buf b = { 0 };
    char *json = NULL;
    size_t size = 0;
    if (t->no_save || tarn_chat_length(t->chat) == 0 || !choose_file(t))
        return;
    enum tarn_status s = tarn_chat_tree_json(t->chat, &json, &size, &err);
    if (s == TARN_OK)
        add_title(&b, t->title, json, size);
    if (s == TARN_OK && b.failed)
        s = tarn_fail(&err, TARN_NO_MEMORY, "there was not enough memory");
    if (s == TARN_OK) {
        s = tarn_file_write_private(t->file, b.data, b.size, &err);
        if (s != TARN_OK)
            tarn_error_prefix(&err, t->file);
    }
    if (s != TARN_OK)
        say_unsaved(t, err.text);
    tarn_text_free(json);
    tarn_buf_finish(&b);
}

void cmd_shelf_forget(struct cmd_talk *t)
{
    t->file[0] = t->title[0] = 0;
}

/* ------------------------------------------------------------------ reading */

/* One line of at most 60 bytes. */
static void one_line(char *out, size_t size, const char *text, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n && k + 1 < size && k < 60; i++)
        out[k++] = text[i] == '\n' || text[i] == '\t' ? ' ' : text[i];
    while (k > 0 && ((unsigned char)out[k] & 0xC0) == 0x80)
        k--; /* no half character: out[k] is behind the last one */
    out[k] = 0;
}

void cmd_shelf_read_title(struct cmd_talk *t, const char *text, size_t size)
{
    struct tarn_json *doc = NULL;
    t->title[0] = 0;
    if (tarn_json_read(text, size, &doc, NULL) != TARN_OK)
        return;
    const struct tarn_json *title = tarn_json_get(doc, "title");
    if (title && title->kind == TARN_JSON_STRING)
        snprintf(t->title, sizeof t->title, "%s", title->text);
    tarn_json_free(doc);
}

struct found {
    char name[64];
    struct timespec changed;
};

static int newer_first(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->changed.tv_sec != y->changed.tv_sec)
        return x->changed.tv_sec < y->changed.tv_sec ? 1 : -1;
    if (x->changed.tv_nsec != y->changed.tv_nsec)
        return x->changed.tv_nsec < y->changed.tv_nsec ? 1 : -1;
    return strcmp(y->name, x->name);
}

/* Borrowed until the next call; the newest MOST_LISTED of the folder. */
static const struct found *list(const char *folder, size_t *n)
{
    static struct found all[4 * MOST_LISTED];
    DIR *d = opendir(folder);
    *n = 0;
    for (const struct dirent *e; d && (e = readdir(d));) {
        char path[1200];
        struct stat st;
        const size_t size = strlen(e->d_name);
        if (size < 6 || size >= sizeof all->name ||
            strcmp(e->d_name + size - 5, ".json") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        memcpy(all[*n].name, e->d_name, size + 1);
        all[(*n)++].changed = st.st_mtim;
        if (*n == 4 * MOST_LISTED) { /* the oldest make room */
            qsort(all, *n, sizeof *all, newer_first);
            *n = MOST_LISTED;
        }
    }
    if (d)
        closedir(d);
    qsort(all, *n, sizeof *all, newer_first);
    *n = *n < MOST_LISTED ? *n : MOST_LISTED;
    return all;
}

bool cmd_shelf_path(struct cmd_talk *t, unsigned long n, char *path,
                    size_t size)
{
    char folder[1024];
    size_t n_found = 0;
    const struct found *all =
        folder_of(folder, sizeof folder) ? list(folder, &n_found) : NULL;
    if (n < 1 || n > n_found) {
        cmd_view_say(&t->view, "There is no chat %lu; /chats lists them.", n);
        return false;
    }
    snprintf(path, size, "%s/%s", folder, all[n - 1].name);
    return true;
}

/* Its title, else its first message. */
static void say_chat(struct cmd_talk *t, size_t n, const char *folder,
                     const struct found *f)
{
    char path[1200], line[80] = "", when[32] = "";
    struct tarn_error err = { 0 };
    struct tarn_json *doc = NULL;
    char *text = NULL;
    size_t size;
    struct tm tm;
    snprintf(path, sizeof path, "%s/%s", folder, f->name);
    if (tarn_file_read(path, CMD_MAX_MESSAGE, &text, &size, &err) == TARN_OK &&
        tarn_json_read(text, size, &doc, &err) == TARN_OK) {
        const struct tarn_json *title = tarn_json_get(doc, "title");
        const struct tarn_json *m = tarn_json_get(doc, "messages");
        for (m = m ? m->first : NULL;
             m && !tarn_json_is_string(tarn_json_get(m, "role"), "user");)
            m = m->next;
        if (!title || title->size == 0)
            title = tarn_json_get(m, "content");
        if (title && title->kind == TARN_JSON_STRING)
            one_line(line, sizeof line, title->text, title->size);
    }
    if (localtime_r(&f->changed.tv_sec, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
    cmd_view_say(&t->view, "%3zu  %s  %s%s", n, when,
                 line[0] ? tarn_shown_str(line).text : err.text,
                 !strcmp(path, t->file) ? "  (this one)" : "");
    tarn_json_free(doc);
    tarn_free(text);
}

enum cmd_slash cmd_slash_chats(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    char folder[1024];
    size_t n = 0;
    (void)rest, (void)attempt;
    const struct found *all =
        folder_of(folder, sizeof folder) ? list(folder, &n) : NULL;
    if (n == 0)
        cmd_view_say(&t->view, "No chat has been kept yet.");
    for (size_t i = 0; i < n && i < 20; i++)
        say_chat(t, i + 1, folder, &all[i]);
    if (n > 20)
        cmd_view_say(&t->view, "%zu older ones are in %s.", n - 20,
                     tarn_shown_str(folder).text);
    return CMD_SLASH_DONE;
}

enum cmd_slash cmd_slash_title(struct cmd_talk *t, char *rest,
                               uint32_t *attempt)
{
    (void)attempt;
    snprintf(t->title, sizeof t->title, "%s", rest);
    cmd_shelf_save(t);
    cmd_view_say(&t->view, "This chat is called \"%s\".",
                 tarn_shown_str(t->title).text);
    return CMD_SLASH_DONE;
}
