/* tarn-conversation.c - see tarn-conversation.h. */
#include "gui/tarn-conversation.h"

#include "gui/tarn-words.h"

enum { TITLE = 40 };

typedef struct {
    tarn_message_id id, parent;
    guint row; /* in the archive */
    TarnFigures figures;
    GArray *ids, *back; /* gint32 */
    GPtrArray *notices; /* char * */
} Node;

struct _TarnConversation {
    GObject parent;
    struct tarn_chat *chat;
    GPtrArray *nodes; /* Node, in order of birth */
    GHashTable *by_id;
    char *title, *draft;
    gint64 number;
    guint last_row;
    struct tarn_toolbox *box;
};
G_DEFINE_FINAL_TYPE(TarnConversation, tarn_conversation, G_TYPE_OBJECT)

static void free_node(gpointer p)
{
    Node *n = p;
    tarn_figures_finish(&n->figures);
    g_array_unref(n->ids);
    g_array_unref(n->back);
    g_ptr_array_unref(n->notices);
    g_free(n);
}

static Node *find(TarnConversation *c, tarn_message_id id)
{
    return g_hash_table_lookup(c->by_id, GUINT_TO_POINTER(id));
}

TarnConversation *tarn_conversation_new(void)
{
    struct tarn_error err;
    TarnConversation *c = g_object_new(TARN_TYPE_CONVERSATION, NULL);
    if (tarn_chat_create(&c->chat, &err) == TARN_OK)
        return c;
    g_object_unref(c);
    return NULL;
}

TarnConversation *tarn_conversation_of(struct tarn_chat *chat)
{
    TarnConversation *c = g_object_new(TARN_TYPE_CONVERSATION, NULL);
    struct tarn_message m = { .size = sizeof m };
    c->chat = chat;
    for (tarn_message_id id = 1; tarn_chat_find(chat, id, &m); id++) {
        size_t n;
        const int32_t *ids = tarn_chat_ids(chat, id, &n);
        tarn_conversation_note(c, id, m.parent);
        g_array_append_vals(find(c, id)->ids, ids, (guint)n);
        if (m.role == TARN_ASSISTANT && !m.finished)
            find(c, id)->figures.reason = TARN_STOP_CANCELLED;
    }
    return c;
}

struct tarn_chat *tarn_conversation_chat(TarnConversation *c)
{
    return c->chat;
}

const char *tarn_conversation_title(TarnConversation *c)
{
    struct tarn_message m = { .size = sizeof m };
    if (!c->title && tarn_chat_message(c->chat, 0, &m)) {
        g_autofree char *valid = tarn_words_valid(m.text, (gssize)m.text_size);
        c->title = tarn_words_line(valid, TITLE);
    }
    return c->title ? c->title : _("New chat");
}

void tarn_conversation_set_title(TarnConversation *c, const char *title)
{
    g_free(c->title);
    c->title = tarn_words_line(title, 200);
}

gboolean tarn_conversation_is_empty(TarnConversation *c)
{
    return c->nodes->len == 0;
}

gint64 tarn_conversation_number(TarnConversation *c)
{
    return c->number;
}

void tarn_conversation_set_number(TarnConversation *c, gint64 number)
{
    c->number = number;
}

guint tarn_conversation_row(TarnConversation *c, tarn_message_id id)
{
    const Node *n = find(c, id);
    return n ? n->row : 0;
}

void tarn_conversation_set_row(TarnConversation *c, tarn_message_id id,
                               guint row)
{
    Node *n = find(c, id);
    if (n)
        n->row = row;
    c->last_row = MAX(c->last_row, row);
}

const char *tarn_conversation_draft(TarnConversation *c)
{
    return c->draft ? c->draft : "";
}

void tarn_conversation_set_draft(TarnConversation *c, const char *draft)
{
    g_free(c->draft);
    c->draft = g_strdup(draft);
}

void tarn_conversation_note(TarnConversation *c, tarn_message_id id,
                            tarn_message_id parent)
{
    if (!id || g_hash_table_contains(c->by_id, GUINT_TO_POINTER(id)))
        return;
    Node *n = g_new0(Node, 1);
    n->id = id;
    n->parent = parent;
    n->row = ++c->last_row;
    n->ids = g_array_new(FALSE, FALSE, sizeof(gint32));
    n->back = g_array_new(FALSE, FALSE, sizeof(gint32));
    n->notices = g_ptr_array_new_with_free_func(g_free);
    n->figures.budget = -1;
    n->figures.time = g_get_real_time() / G_USEC_PER_SEC;
    g_ptr_array_add(c->nodes, n);
    g_hash_table_insert(c->by_id, GUINT_TO_POINTER(id), n);
}

tarn_message_id tarn_conversation_add(TarnConversation *c,
                                      tarn_message_id parent,
                                      enum tarn_role role, const char *text,
                                      gsize size, struct tarn_error *err)
{
    tarn_message_id id = 0;
    if (tarn_chat_select(c->chat, parent, err) ||
        tarn_chat_add(c->chat, role, text, size, &id, err))
        return 0;
    tarn_conversation_note(c, id, parent);
    return id;
}

tarn_message_id tarn_conversation_put(TarnConversation *c,
                                      tarn_message_id parent,
                                      const struct tarn_message_parts *parts,
                                      struct tarn_error *err)
{
    tarn_message_id id = 0;
    if (tarn_chat_put(c->chat, parent, parts, &id, err))
        return 0;
    tarn_conversation_note(c, id, parent);
    g_array_append_vals(tarn_conversation_ids(c, id), parts->ids,
                        (guint)parts->n_ids);
    return id;
}

tarn_message_id tarn_conversation_end(TarnConversation *c)
{
    struct tarn_message m = { .size = sizeof m };
    gsize n = tarn_chat_length(c->chat);
    return n && tarn_chat_message(c->chat, n - 1, &m) ? m.id : 0;
}

tarn_message_id tarn_conversation_last_of(TarnConversation *c,
                                          enum tarn_role role)
{
    struct tarn_message m = { .size = sizeof m };
    for (gsize n = tarn_chat_length(c->chat); n-- > 0;)
        if (tarn_chat_message(c->chat, n, &m) && m.role == role)
            return m.id;
    return 0;
}

/* An answer that stayed empty is gone from the chat. */
static gboolean is_there(TarnConversation *c, const Node *n)
{
    struct tarn_message m = { .size = sizeof m };
    return tarn_chat_find(c->chat, n->id, &m);
}

static gboolean beside(TarnConversation *c, const Node *n, const Node *self)
{
    return n->parent == self->parent && is_there(c, n);
}

tarn_message_id tarn_conversation_sibling(TarnConversation *c,
                                          tarn_message_id id, int delta)
{
    const Node *self = find(c, id);
    if (!self)
        return 0;
    int at = -1, mine = 0, want;
    for (guint i = 0; i < c->nodes->len; i++) {
        const Node *n = c->nodes->pdata[i];
        at += beside(c, n, self);
        if (n == self)
            mine = at;
    }
    want = mine + delta;
    at = -1;
    for (guint i = 0; i < c->nodes->len; i++) {
        const Node *n = c->nodes->pdata[i];
        at += beside(c, n, self);
        if (beside(c, n, self) && at == want)
            return n->id;
    }
    return 0;
}

gboolean tarn_conversation_enter(TarnConversation *c, tarn_message_id id,
                                 struct tarn_error *err)
{
    /* A child is younger than its parent: one pass finds the newest leaf
     * below, child after child. */
    tarn_message_id leaf = id;
    for (gboolean deeper = TRUE; deeper;) {
        deeper = FALSE;
        for (guint i = c->nodes->len; i-- > 0;) {
            const Node *n = c->nodes->pdata[i];
            if (n->parent == leaf && n->id != leaf && is_there(c, n)) {
                leaf = n->id;
                deeper = TRUE;
                break;
            }
        }
    }
    return tarn_chat_select(c->chat, leaf, err) == TARN_OK;
}

TarnFigures *tarn_conversation_figures(TarnConversation *c, tarn_message_id id)
{
    Node *n = find(c, id);
    if (!n) {
        tarn_conversation_note(c, id, 0);
        n = find(c, id);
    }
    return n ? &n->figures : NULL;
}

/* A message that nobody has told of yet is noted. */
static Node *sure(TarnConversation *c, tarn_message_id id)
{
    if (!find(c, id))
        tarn_conversation_note(c, id, 0);
    return find(c, id);
}

GArray *tarn_conversation_ids(TarnConversation *c, tarn_message_id id)
{
    return sure(c, id)->ids;
}

GArray *tarn_conversation_back(TarnConversation *c, tarn_message_id id)
{
    return sure(c, id)->back;
}

GPtrArray *tarn_conversation_notices(TarnConversation *c, tarn_message_id id)
{
    return sure(c, id)->notices;
}

struct tarn_toolbox *tarn_conversation_box(TarnConversation *c,
                                           struct tarn_error *err)
{
    if (!c->box && tarn_toolbox_create(NULL, &c->box, err))
        return NULL;
    return c->box;
}

static void tarn_conversation_finalize(GObject *o)
{
    TarnConversation *c = TARN_CONVERSATION(o);
    if (c->chat)
        tarn_chat_destroy(c->chat);
    tarn_toolbox_destroy(c->box);
    g_hash_table_unref(c->by_id);
    g_ptr_array_unref(c->nodes);
    g_free(c->title);
    g_free(c->draft);
    G_OBJECT_CLASS(tarn_conversation_parent_class)->finalize(o);
}

static void tarn_conversation_class_init(TarnConversationClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = tarn_conversation_finalize;
}

static void tarn_conversation_init(TarnConversation *c)
{
    c->nodes = g_ptr_array_new_with_free_func(free_node);
    c->by_id = g_hash_table_new(NULL, NULL);
}
