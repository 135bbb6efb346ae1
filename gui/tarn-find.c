/* tarn-find.c - see tarn-find.h. */
#include "gui/tarn-find.h"

#include <string.h>

#include "gui/tarn-config.h"
#include "gui/tarn-thought.h"
#include "gui/tarn-words.h"

enum { MOST = 10000 }; /* hits; more are not counted */

typedef struct {
    tarn_message_id id;
    gboolean thought;
    guint nth; /* in that text */
} Hit;

struct _TarnFind {
    GtkBox parent;
    GtkSearchEntry *entry;
    GtkLabel *count;
    GtkCheckButton *thoughts;
    TarnConversation *conversation;
    GArray *hits; /* Hit */
    guint at;     /* the current one */
};
G_DEFINE_FINAL_TYPE(TarnFind, tarn_find, GTK_TYPE_BOX)

static guint signal_go;

/* --------------------------------------------------------------------- hits */
static guint count_in(const char *folded, const char *words)
{
    guint n = 0;
    gsize size = strlen(words);
    for (const char *p = folded; (p = strstr(p, words)); p += size)
        n++;
    return n;
}

static void add_hits(TarnFind *f, tarn_message_id id, gboolean thought,
                     const char *text, gsize size, const char *words)
{
    g_autofree char *valid = tarn_words_valid(text, (gssize)size);
    g_autofree char *folded = g_utf8_casefold(valid, -1);
    guint n = count_in(folded, words);
    for (guint i = 0; i < n && f->hits->len < MOST; i++) {
        Hit hit = { id, thought, i };
        g_array_append_val(f->hits, hit);
    }
}

static void search(TarnFind *f, const char *words)
{
    struct tarn_message m = { .size = sizeof m };
    struct tarn_chat *chat = tarn_conversation_chat(f->conversation);
    gboolean thoughts = gtk_check_button_get_active(f->thoughts);
    for (gsize i = 0; tarn_chat_message(chat, i, &m); i++) {
        if (thoughts && m.thought)
            add_hits(f, m.id, TRUE, m.thought, m.thought_size, words);
        add_hits(f, m.id, FALSE, m.text, m.text_size, words);
    }
}

static void show_count(TarnFind *f)
{
    g_autofree char *of = tarn_words_count(f->hits->len);
    g_autofree char *at = tarn_words_count(f->at + 1);
    g_autofree char *text = f->hits->len
                                ? g_strdup_printf(_("%s of %s"), at, of)
                            : *gtk_editable_get_text(GTK_EDITABLE(f->entry))
                                ? g_strdup(_("not found"))
                                : g_strdup("");
    gtk_label_set_text(f->count, text);
}

static void go(TarnFind *f)
{
    Hit none = { 0 };
    const Hit *hit =
        f->at < f->hits->len ? &g_array_index(f->hits, Hit, f->at) : &none;
    g_autofree char *words =
        g_utf8_casefold(gtk_editable_get_text(GTK_EDITABLE(f->entry)), -1);
    show_count(f);
    g_signal_emit(f, signal_go, 0, hit->id, hit->thought, hit->nth, words);
}

static void search_again(TarnFind *f)
{
    g_autofree char *words =
        g_utf8_casefold(gtk_editable_get_text(GTK_EDITABLE(f->entry)), -1);
    g_array_set_size(f->hits, 0);
    if (*words && f->conversation)
        search(f, words);
}

/* The newest hit first: that is where one is. */
static void on_words(TarnFind *f)
{
    if (!gtk_widget_get_visible(GTK_WIDGET(f)))
        return;
    search_again(f);
    f->at = f->hits->len ? f->hits->len - 1 : 0;
    go(f);
}

static void step(TarnFind *f, guint delta)
{
    if (!f->hits->len)
        return;
    f->at = (f->at + delta) % f->hits->len;
    go(f);
}

static void on_next(TarnFind *f)
{
    step(f, 1);
}

static void on_previous(TarnFind *f)
{
    step(f, f->hits->len - 1);
}

/* ------------------------------------------------------- in what is displayed
 */
static GtkTextTag *match_tag(GtkTextBuffer *b, GtkWidget *w)
{
    GtkTextTagTable *table = gtk_text_buffer_get_tag_table(b);
    GtkTextTag *t = gtk_text_tag_table_lookup(table, "match");
    GdkRGBA c;
    if (!t) {
        t = gtk_text_tag_new("match");
        gtk_text_tag_table_add(table, t);
        g_object_unref(t);
    }
    if (gtk_style_context_lookup_color(gtk_widget_get_style_context(w),
                                       "tarn_match_bg", &c))
        g_object_set(t, "background-rgba", &c, NULL);
    return t;
}

typedef struct {
    const char *words;
    guint nth;       /* hits to pass */
    GtkWidget *seen; /* that holds it */
    int y;
} Search;

/* Characters, not bytes: a folded text may be longer than what it was, so
 * each character is folded on its own. */
static gboolean matches_at(const char *text, const char *words, int *n_chars)
{
    gsize left = strlen(words);
    *n_chars = 0;
    while (left && *text) {
        const char *next = g_utf8_next_char(text);
        g_autofree char *one = g_utf8_casefold(text, next - text);
        gsize size = strlen(one);
        if (size > left || memcmp(one, words, size) != 0)
            return FALSE;
        words += size;
        left -= size;
        text = next;
        (*n_chars)++;
    }
    return left == 0;
}

static void mark_view(Search *s, GtkTextView *view)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(view);
    GtkTextTag *tag = match_tag(b, GTK_WIDGET(view));
    GtkTextIter from, to;
    gtk_text_buffer_get_bounds(b, &from, &to);
    g_autofree char *text = gtk_text_buffer_get_slice(b, &from, &to, TRUE);
    int at = 0, n;
    for (const char *p = text; *p; p = g_utf8_next_char(p), at++) {
        if (!matches_at(p, s->words, &n))
            continue;
        gtk_text_buffer_get_iter_at_offset(b, &from, at);
        gtk_text_buffer_get_iter_at_offset(b, &to, at + n);
        gtk_text_buffer_apply_tag(b, tag, &from, &to);
        if (s->nth-- == 0) {
            GdkRectangle r;
            gtk_text_buffer_select_range(b, &from, &to);
            gtk_text_view_get_iter_location(view, &from, &r);
            s->seen = GTK_WIDGET(view);
            s->y = r.y;
        }
        for (; n > 1; n--, at++)
            p = g_utf8_next_char(p);
    }
}

static void mark_label(Search *s, GtkLabel *label)
{
    int at = 0, n;
    for (const char *p = gtk_label_get_text(label); *p;
         p = g_utf8_next_char(p), at++) {
        if (!matches_at(p, s->words, &n))
            continue;
        if (s->nth-- == 0) {
            if (gtk_label_get_selectable(label))
                gtk_label_select_region(label, at, at + n);
            s->seen = GTK_WIDGET(label);
            s->y = 0;
        }
        for (; n > 1; n--, at++)
            p = g_utf8_next_char(p);
    }
}

/* Buttons, names and figures are no text of the chat; an editor that is not
 * open is not visible. */
static gboolean is_text(GtkWidget *w)
{
    return GTK_IS_TEXT_VIEW(w) ||
           (GTK_IS_LABEL(w) && (gtk_label_get_selectable(GTK_LABEL(w)) ||
                                gtk_widget_has_css_class(w, "cell")));
}

/* The tree of widgets is walked without recursion: first child, else next
 * sibling, else the parent's. */
static GtkWidget *next_widget(GtkWidget *w, GtkWidget *top, gboolean skip)
{
    GtkWidget *next = skip ? NULL : gtk_widget_get_first_child(w);
    while (!next && w != top) {
        next = gtk_widget_get_next_sibling(w);
        w = gtk_widget_get_parent(w);
    }
    return next;
}

static GtkWidget *find_thought(GtkWidget *turn)
{
    GtkWidget *w = turn;
    while (w && !TARN_IS_THOUGHT(w))
        w = next_widget(w, turn, FALSE);
    return w;
}

GtkWidget *tarn_find_mark(GtkWidget *turn, gboolean thought, guint nth,
                          const char *words, int *y)
{
    Search s = { .words = words, .nth = nth };
    GtkWidget *inside = find_thought(turn);
    GtkWidget *top = thought && inside ? inside : turn;
    if (!*words)
        return NULL;
    for (GtkWidget *w = top; w;) {
        gboolean hidden =
            (w == inside && !thought) || !gtk_widget_get_visible(w);
        if (!hidden && GTK_IS_TEXT_VIEW(w))
            mark_view(&s, GTK_TEXT_VIEW(w));
        else if (!hidden && is_text(w))
            mark_label(&s, GTK_LABEL(w));
        w = next_widget(w, top, hidden || is_text(w));
    }
    *y = s.y;
    return s.seen;
}

void tarn_find_unmark(GtkWidget *turn)
{
    for (GtkWidget *w = turn; w; w = next_widget(w, turn, GTK_IS_TEXT_VIEW(w)))
        if (GTK_IS_TEXT_VIEW(w)) {
            GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(w));
            GtkTextIter from, to;
            if (!gtk_text_tag_table_lookup(gtk_text_buffer_get_tag_table(b),
                                           "match"))
                continue;
            gtk_text_buffer_get_bounds(b, &from, &to);
            gtk_text_buffer_remove_tag_by_name(b, "match", &from, &to);
        } else if (GTK_IS_LABEL(w) && gtk_label_get_selectable(GTK_LABEL(w))) {
            gtk_label_select_region(GTK_LABEL(w), 0, 0);
        }
}

/* ------------------------------------------------------------------- whole */
void tarn_find_set_chat(TarnFind *f, TarnConversation *c)
{
    g_set_object(&f->conversation, c);
    if (!gtk_widget_get_visible(GTK_WIDGET(f)))
        return;
    search_again(f);
    if (f->at >= f->hits->len)
        f->at = 0;
    show_count(f);
}

void tarn_find_open(TarnFind *f)
{
    gtk_widget_set_visible(GTK_WIDGET(f), TRUE);
    gtk_widget_grab_focus(GTK_WIDGET(f->entry));
    gtk_editable_select_region(GTK_EDITABLE(f->entry), 0, -1);
    on_words(f);
}

void tarn_find_close(TarnFind *f)
{
    gtk_widget_set_visible(GTK_WIDGET(f), FALSE);
    g_array_set_size(f->hits, 0);
    g_signal_emit(f, signal_go, 0, 0, FALSE, 0, "");
    gtk_widget_activate_action(GTK_WIDGET(f), "win.focus-composer", NULL);
}

static void tarn_find_dispose(GObject *o)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    g_clear_object(&TARN_FIND(o)->conversation);
    G_OBJECT_CLASS(tarn_find_parent_class)->dispose(o);
}

static void tarn_find_finalize(GObject *o)
{
    g_array_unref(TARN_FIND(o)->hits);
    G_OBJECT_CLASS(tarn_find_parent_class)->finalize(o);
}

static void tarn_find_class_init(TarnFindClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_find_dispose;
    G_OBJECT_CLASS(klass)->finalize = tarn_find_finalize;
    gtk_widget_class_set_accessible_role(w, GTK_ACCESSIBLE_ROLE_GROUP);
    gtk_widget_class_set_template_from_resource(w,
                                                TARN_RESOURCES "/tarn-find.ui");
    gtk_widget_class_bind_template_child(w, TarnFind, entry);
    gtk_widget_class_bind_template_child(w, TarnFind, count);
    gtk_widget_class_bind_template_child(w, TarnFind, thoughts);
    gtk_widget_class_bind_template_callback(w, on_words);
    gtk_widget_class_bind_template_callback(w, on_next);
    gtk_widget_class_bind_template_callback(w, on_previous);
    gtk_widget_class_bind_template_callback(w, tarn_find_close);
    signal_go = g_signal_new("go", TARN_TYPE_FIND, G_SIGNAL_RUN_LAST, 0, NULL,
                             NULL, NULL, G_TYPE_NONE, 4, G_TYPE_UINT,
                             G_TYPE_BOOLEAN, G_TYPE_UINT, G_TYPE_STRING);
}

static void tarn_find_init(TarnFind *f)
{
    f->hits = g_array_new(FALSE, FALSE, sizeof(Hit));
    gtk_widget_init_template(GTK_WIDGET(f));
}
