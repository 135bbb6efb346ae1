/* acts.c - what a person does to a chat beyond writing: moving between branches,
 * deleting, and taking the last act back.
 *
 * Deleting hides a message and all below it; the memory goes with the chat.  A
 * hidden message says by which deletion, so that taking that back shows again
 * exactly what it hid.  A question and its answer are one act, as are the
 * choice of a place and what is then written there: an edit, a new try. */
#include <string.h>

#include "core/base/error.h"
#include "core/chat/tree.h"

/* --------------------------------------------------------------- branches */
tarn_message_id tarn_chat_child(const struct tarn_chat *chat,
                                tarn_message_id parent, uint32_t k)
{
    for (size_t i = parent; i < chat->n; i++) {
        const struct message *m = chat->at[i];
        if (!m->hidden && m->parent == parent && m->sibling == k)
            return (tarn_message_id)i + 1;
    }
    return 0;
}

tarn_message_id tarn_chat_leaf(const struct tarn_chat *chat, tarn_message_id id)
{
    const struct message *m = tarn_chat_at(chat, id);
    if (id != 0 && !m)
        return 0;
    for (tarn_message_id next = m ? m->newest : chat->newest_root; next != 0;
         next = chat->at[id - 1]->newest)
        id = next;
    return id;
}

/* The messages below `parent` that are there are counted again. */
static void number_children(struct tarn_chat *chat, tarn_message_id parent)
{
    uint32_t *n = tarn_chat_children(chat, parent);
    tarn_message_id newest = 0;
    *n = 0;
    for (size_t i = parent; i < chat->n; i++) {
        struct message *m = chat->at[i];
        if (m->parent == parent && !m->hidden) {
            m->sibling = (*n)++;
            newest = (tarn_message_id)i + 1;
        }
    }
    if (parent)
        chat->at[parent - 1]->newest = newest;
    else
        chat->newest_root = newest;
}

/* Parents stand before their children, so one pass finds all below. */
void tarn_chat_hide(struct tarn_chat *chat, tarn_message_id id)
{
    chat->at[id - 1]->hidden = id;
    for (size_t i = id; i < chat->n; i++) {
        struct message *m = chat->at[i];
        if (!m->hidden && m->parent && chat->at[m->parent - 1]->hidden == id)
            m->hidden = id;
    }
    number_children(chat, chat->at[id - 1]->parent);
}

static void show(struct tarn_chat *chat, tarn_message_id id)
{
    for (size_t i = id - 1; i < chat->n; i++)
        if (chat->at[i]->hidden == id)
            chat->at[i]->hidden = 0;
    number_children(chat, chat->at[id - 1]->parent);
}

/* -------------------------------------------------------------------- acts */
static struct act *last_act(struct tarn_chat *chat)
{
    return chat->n_acts ? &chat->acts[chat->n_acts - 1] : NULL;
}

static void note(struct tarn_chat *chat, enum act_kind kind, tarn_message_id id,
                 tarn_message_id end)
{
    if (chat->n_acts == TARN_CHAT_ACTS)
        memmove(chat->acts, chat->acts + 1,
                --chat->n_acts * sizeof *chat->acts);
    chat->acts[chat->n_acts++] = (struct act){ kind, id, end };
}

void tarn_chat_note_select(struct tarn_chat *chat, tarn_message_id end)
{
    note(chat, ACT_SELECT, 0, end);
}

void tarn_chat_note_add(struct tarn_chat *chat, tarn_message_id id,
                        tarn_message_id end)
{
    struct act *last = last_act(chat);
    const struct message *m = chat->at[id - 1];
    if (last && last->kind == ACT_SELECT)
        *last = (struct act){ ACT_ADD, id, last->end };
    else if (!last || last->kind != ACT_ADD || last->id != m->parent ||
             m->role != TARN_ASSISTANT)
        note(chat, ACT_ADD, id, end);
}

enum tarn_status tarn_chat_delete(struct tarn_chat *chat, tarn_message_id id,
                                  struct tarn_error *err)
{
    const struct message *m = tarn_chat_at(chat, id);
    if (!m)
        return tarn_fail(err, TARN_USAGE,
                         "There is no message %u in this chat.", id);
    const tarn_message_id parent = m->parent;
    const uint32_t k = m->sibling;
    note(chat, ACT_DELETE, id, tarn_chat_end_id(chat));
    bool active = false;
    for (size_t i = 0; i < chat->n_path; i++)
        active |= chat->path[i] == id;
    tarn_chat_hide(chat, id);
    if (active) { /* the branch before it, else the one after it, else none */
        const tarn_message_id beside = tarn_chat_child(chat, parent,
                                                       k ? k - 1 : 0);
        tarn_chat_walk(chat, beside ? tarn_chat_leaf(chat, beside) : parent);
    }
    return TARN_OK;
}

bool tarn_chat_undo(struct tarn_chat *chat)
{
    struct act *last = last_act(chat);
    if (!last)
        return false;
    const struct act a = *last;
    chat->n_acts--;
    if (a.kind == ACT_DELETE)
        show(chat, a.id);
    else if (a.kind == ACT_ADD && tarn_chat_at(chat, a.id))
        tarn_chat_hide(chat, a.id);
    tarn_chat_walk(chat, tarn_chat_at(chat, a.end) ? a.end : 0);
    return true;
}
