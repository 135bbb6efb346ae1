/* tarn-shelf.c - see tarn-shelf.h. */
#include "gui/tarn-shelf.h"

#include <string.h>

#include "gui/tarn-words.h"

static void save_message(TarnArchive *a, TarnConversation *c,
                         const struct tarn_message *m)
{
    TarnRow *r = g_new0(TarnRow, 1);
    const char *kept = tarn_conversation_thought(c, m->id);
    r->chat = tarn_conversation_number(c);
    r->id = m->id;
    r->parent = m->parent;
    r->role = m->role;
    r->finished = m->finished;
    r->text = tarn_words_valid(m->text, (gssize)m->text_size);
    if (m->thought)
        r->thought = tarn_words_valid(m->thought, (gssize)m->thought_size);
    else if (kept)
        r->thought = g_strdup(kept);
    tarn_figures_copy(&r->figures, tarn_conversation_figures(c, m->id));
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
    i->end = tarn_conversation_end(c);
    i->changed = id ? g_get_real_time() / G_USEC_PER_SEC
                    : tarn_conversation_figures(c, i->end)->time;
    tarn_archive_save_chat(a, i);
}

static gboolean put(TarnConversation *c, const TarnRow *r)
{
    const char *text = r->damaged ? _("This message is damaged on disk and is "
                                      "not shown.")
                                  : r->text;
    struct tarn_error err;
    if (r->parent >= r->id || r->role > TARN_TOOL)
        return FALSE;
    tarn_message_id id = tarn_conversation_add(
        c, r->parent, (enum tarn_role)r->role, text, strlen(text), &err);
    if (id != r->id)
        return FALSE;
    TarnFigures *f = tarn_conversation_figures(c, id);
    tarn_figures_copy(f, &r->figures);
    f->cut = !r->finished && !r->figures.reason;
    if (!r->damaged)
        tarn_conversation_set_thought(c, id, r->thought);
    return TRUE;
}

TarnConversation *tarn_shelf_load(gint64 number, GPtrArray *rows,
                                  const TarnChatInfo *info)
{
    TarnConversation *c = tarn_conversation_new();
    struct tarn_error err;
    gboolean whole = TRUE;
    for (guint i = 0; c && whole && i < rows->len; i++)
        whole = put(c, rows->pdata[i]);
    if (!c)
        return NULL;
    /* Rows that do not fit each other: what could be read goes on as a chat
     * of its own, the old one is not written to. */
    if (whole)
        tarn_conversation_set_number(c, number);
    if (info) {
        tarn_conversation_set_title(c, info->title);
        tarn_conversation_set_draft(c, info->draft);
        if (whole && info->end && info->end <= rows->len)
            tarn_chat_select(tarn_conversation_chat(c), info->end, &err);
    }
    return c;
}
