/* tarn-shelf.c - see tarn-shelf.h. */
#include "gui/tarn-shelf.h"

#include <string.h>

#include "gui/tarn-words.h"

enum { MOST_CALLS = 16 }; /* of a message that are kept */

/* Its file form; NULL: there is none, or no memory for it. */
static GBytes *trace_of(const struct tarn_trace *t)
{
    struct tarn_buf b = { 0 };
    GBytes *bytes = NULL;
    if (t && !tarn_trace_write(t, &b, NULL) && !b.failed)
        bytes = g_bytes_new(b.data, b.size);
    tarn_buf_finish(&b);
    return bytes;
}

static void save_message(TarnArchive *a, TarnConversation *c,
                         const struct tarn_message *m)
{
    TarnRow *r = g_new0(TarnRow, 1);
    r->chat = tarn_conversation_number(c);
    r->id = tarn_conversation_row(c, m->id);
    r->parent = tarn_conversation_row(c, m->parent);
    r->role = m->role;
    r->finished = m->finished;
    r->text = tarn_words_valid(m->text, (gssize)m->text_size);
    if (m->thought)
        r->thought = tarn_words_valid(m->thought, (gssize)m->thought_size);
    tarn_figures_copy(&r->figures, tarn_conversation_figures(c, m->id));
    GArray *ids = tarn_conversation_ids(c, m->id);
    r->n_ids = ids->len;
    r->ids = g_memdup2(ids->data, ids->len * sizeof *r->ids);
    for (size_t i = 0; i < m->n_calls; i++) {
        size_t size;
        bool cut;
        const char *text =
            tarn_chat_call(tarn_conversation_chat(c), m->id, i, &size, &cut);
        if (!r->calls)
            r->calls = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(r->calls, tarn_words_valid(text, (gssize)size));
    }
    r->trace = trace_of(tarn_chat_trace(tarn_conversation_chat(c), m->id));
    tarn_archive_save(a, r);
}

void tarn_shelf_save(TarnArchive *a, TarnConversation *c, tarn_message_id id)
{
    struct tarn_message m = { .size = sizeof m };
    struct tarn_chat *chat = tarn_conversation_chat(c);
    if (tarn_conversation_is_empty(c))
        return;
    if (!tarn_conversation_number(c))
        tarn_conversation_set_number(c, tarn_archive_number(a));
    if (id && tarn_chat_find(chat, id, &m))
        save_message(a, c, &m);
    tarn_message_id last = tarn_conversation_last_of(c, TARN_ASSISTANT);
    TarnChatInfo *i = g_new0(TarnChatInfo, 1);
    i->number = tarn_conversation_number(c);
    i->title = g_strdup(tarn_conversation_title(c));
    i->model =
        g_strdup(last ? tarn_conversation_figures(c, last)->model : NULL);
    i->draft = g_strdup(tarn_conversation_draft(c));
    tarn_message_id end = tarn_conversation_end(c);
    i->end = tarn_conversation_row(c, end);
    i->changed = id ? g_get_real_time() / G_USEC_PER_SEC
                    : tarn_conversation_figures(c, end)->time;
    tarn_archive_save_chat(a, i);
}

void tarn_shelf_save_all(TarnArchive *a, TarnConversation *c)
{
    struct tarn_message m = { .size = sizeof m };
    struct tarn_chat *chat = tarn_conversation_chat(c);
    for (tarn_message_id id = 1; tarn_chat_find(chat, id, &m); id++)
        tarn_shelf_save(a, c, id);
}

static tarn_message_id id_of(GHashTable *ids, guint row)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(ids, GUINT_TO_POINTER(row)));
}

/* ids: of the rows that came before. */
static gboolean put(TarnConversation *c, TarnRow *r, GHashTable *ids)
{
    const char *text = r->damaged ? _("This message is damaged on disk and is "
                                      "not shown.")
                                  : r->text;
    struct tarn_error err;
    tarn_message_id parent = id_of(ids, r->parent);
    if (r->parent >= r->id || r->role > TARN_TOOL || (r->parent && !parent))
        return FALSE;
    struct tarn_call_text calls[MOST_CALLS];
    struct tarn_message_parts parts = { .size = sizeof parts,
                                        .role = (enum tarn_role)r->role,
                                        .text = text,
                                        .text_size = strlen(text),
                                        .calls = calls,
                                        .unfinished = !r->finished };
    if (!r->damaged) {
        parts.thought = r->thought;
        parts.thought_size = r->thought ? strlen(r->thought) : 0;
        parts.ids = r->ids;
        parts.n_ids = r->n_ids;
        for (guint i = 0; r->calls && i < MIN(r->calls->len, MOST_CALLS); i++)
            calls[parts.n_calls++] =
                (struct tarn_call_text){ r->calls->pdata[i],
                                         strlen(r->calls->pdata[i]), false };
    }
    tarn_message_id id = tarn_conversation_put(c, parent, &parts, &err);
    if (!id)
        return FALSE;
    g_hash_table_insert(ids, GUINT_TO_POINTER(r->id), GUINT_TO_POINTER(id));
    tarn_conversation_set_row(c, id, r->id);
    tarn_chat_attach(tarn_conversation_chat(c), id,
                     g_steal_pointer(&r->record));
    TarnFigures *f = tarn_conversation_figures(c, id);
    tarn_figures_copy(f, &r->figures);
    f->cut = !r->finished && !r->figures.reason;
    return TRUE;
}

TarnConversation *tarn_shelf_load(gint64 number, GPtrArray *rows,
                                  const TarnChatInfo *info)
{
    TarnConversation *c = tarn_conversation_new();
    g_autoptr(GHashTable) ids = g_hash_table_new(NULL, NULL);
    struct tarn_error err;
    gboolean whole = TRUE;
    for (guint i = 0; c && whole && i < rows->len; i++)
        whole = put(c, rows->pdata[i], ids);
    if (!c)
        return NULL;
    /* Rows that do not fit each other: what could be read goes on as a chat
     * of its own, the old one is not written to. */
    if (whole)
        tarn_conversation_set_number(c, number);
    if (info) {
        tarn_message_id end = id_of(ids, info->end);
        tarn_conversation_set_title(c, info->title);
        tarn_conversation_set_draft(c, info->draft);
        if (whole && end)
            tarn_chat_select(tarn_conversation_chat(c), end, &err);
    }
    return c;
}
