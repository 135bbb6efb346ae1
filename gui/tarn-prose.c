/* tarn-prose.c - see tarn-prose.h. */
#include "gui/tarn-prose.h"

#include <string.h>

#include "gui/tarn-markdown.h"
#include "gui/tarn-words.h"

enum { INDENT = 24 }; /* of a list level */

struct _TarnProse {
    GtkTextView parent;
    GPtrArray *open;    /* Shown: runs that may still change */
    int open_from;      /* character offset of the first of them */
    GArray *links;      /* Link: no tags, a text may hold any number */
    TarnBreak plain;    /* of tarn_prose_append */
    GtkWidget *popover; /* owned as a child; of the link that was clicked */
    guint look;         /* source of look_again() */
};
G_DEFINE_FINAL_TYPE(TarnProse, tarn_prose, GTK_TYPE_TEXT_VIEW)

typedef struct {
    TarnRun run; /* text: as displayed is not kept, only as given */
    int n_chars; /* displayed */
} Shown;

typedef struct {
    int from, to; /* characters */
    char *address;
} Link;

static void finish_link(gpointer p)
{
    g_free(((Link *)p)->address);
}

static void free_shown(gpointer p)
{
    Shown *s = p;
    g_free(s->run.text);
    g_free(s->run.link);
    g_free(s);
}

/* ------------------------------------------------------------------- tags */
/* One table for all: a change of scheme recolours it in one place. */
static GtkTextTagTable *table(void)
{
    static GtkTextTagTable *t;
    if (!t)
        t = gtk_text_tag_table_new();
    return t;
}

static GtkTextTag *tag(const char *name, const char *property, ...)
{
    GtkTextTag *t = gtk_text_tag_table_lookup(table(), name);
    if (t)
        return t;
    t = gtk_text_tag_new(name);
    va_list ap;
    va_start(ap, property);
    g_object_set_valist(G_OBJECT(t), property, ap);
    va_end(ap);
    gtk_text_tag_table_add(table(), t);
    g_object_unref(t);
    return t;
}

static GtkTextTag *tag_above(guint pixels)
{
    g_autofree char *name = g_strdup_printf("above-%u", pixels);
    return tag(name, "pixels-above-lines", (int)pixels, NULL);
}

static GtkTextTag *tag_depth(guint depth, gboolean hang)
{
    g_autofree char *name =
        g_strdup_printf("%s-%u", hang ? "item" : "inset", depth);
    int margin = INDENT * (int)depth;
    GtkTextTag *t = gtk_text_tag_table_lookup(table(), name);
    if (t)
        return t;
    if (!hang)
        return tag(name, "left-margin", margin, NULL);
    PangoTabArray *tabs =
        pango_tab_array_new_with_positions(1, TRUE, PANGO_TAB_LEFT, INDENT);
    t = tag(name, "left-margin", margin - INDENT, "indent", -INDENT, "tabs",
            tabs, NULL);
    pango_tab_array_free(tabs);
    return t;
}

static GtkTextTag *tag_heading(guint level)
{
    static const double SCALE[] = { 1.375, 1.1875, 1.0625 };
    g_autofree char *name = g_strdup_printf("h%u", level);
    return tag(name, "weight", PANGO_WEIGHT_BOLD, "scale",
               SCALE[MIN(level, 3) - 1], NULL);
}

static void paint_tag(GtkWidget *w, const char *name, const char *property,
                      const char *role)
{
    GdkRGBA c;
    GtkTextTag *t = gtk_text_tag_table_lookup(table(), name);
    if (t && gtk_style_context_lookup_color(gtk_widget_get_style_context(w),
                                            role, &c))
        g_object_set(t, property, &c, NULL);
}

static void tarn_prose_css_changed(GtkWidget *w, GtkCssStyleChange *change)
{
    static char last[32];
    GTK_WIDGET_CLASS(tarn_prose_parent_class)->css_changed(w, change);
    GdkRGBA c;
    if (!gtk_style_context_lookup_color(gtk_widget_get_style_context(w),
                                        "tarn_accent", &c))
        return;
    g_autofree char *now = gdk_rgba_to_string(&c);
    if (!strcmp(now, last)) /* the table is common: once per scheme */
        return;
    g_strlcpy(last, now, sizeof last);
    paint_tag(w, "code", "background-rgba", "tarn_code_bg");
    paint_tag(w, "link", "foreground-rgba", "tarn_accent");
    paint_tag(w, "faint", "foreground-rgba", "tarn_faint");
}

static void apply_tags(TarnProse *p, const TarnRun *r, int from, int to)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(p));
    GtkTextIter s, e;
    gtk_text_buffer_get_iter_at_offset(b, &s, from);
    gtk_text_buffer_get_iter_at_offset(b, &e, to);
    static const struct {
        guint8 bit;
        const char *name;
    } STYLES[] = { { TARN_STYLE_BOLD, "bold" },
                   { TARN_STYLE_ITALIC, "italic" },
                   { TARN_STYLE_STRIKE, "strike" },
                   { TARN_STYLE_CODE, "code" },
                   { TARN_STYLE_FAINT, "faint" } };
    if (r->above)
        gtk_text_buffer_apply_tag(b, tag_above(r->above), &s, &e);
    if (r->depth)
        gtk_text_buffer_apply_tag(b, tag_depth(r->depth, r->hang), &s, &e);
    if (r->heading)
        gtk_text_buffer_apply_tag(b, tag_heading(r->heading), &s, &e);
    for (gsize i = 0; i < G_N_ELEMENTS(STYLES); i++)
        if (r->style & STYLES[i].bit)
            gtk_text_buffer_apply_tag_by_name(b, STYLES[i].name, &s, &e);
    if (r->link && tarn_words_link_ok(r->link)) {
        gtk_text_buffer_apply_tag_by_name(b, "link", &s, &e);
        Link link = { from, to, g_strdup(r->link) };
        g_array_append_val(p->links, link);
    }
}

/* ------------------------------------------------------------------- text */
static int end_offset(GtkTextBuffer *b)
{
    return gtk_text_buffer_get_char_count(b);
}

static void append_display(GtkTextBuffer *b, const char *text, gsize size,
                           TarnBreak *state)
{
    GString *s = g_string_sized_new(size + 16);
    tarn_words_break(s, text, size, state);
    GtkTextIter end;
    gtk_text_buffer_get_end_iter(b, &end);
    gtk_text_buffer_insert(b, &end, s->str, (int)s->len);
    g_string_free(s, TRUE);
}

static void append_run(TarnProse *p, const TarnRun *r)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(p));
    TarnBreak state = { 0 };
    int from = end_offset(b);
    append_display(b, r->text, strlen(r->text), &state);
    apply_tags(p, r, from, end_offset(b));
    Shown *s = g_new(Shown, 1);
    s->run = *r;
    s->run.text = g_strdup(r->text);
    s->run.link = g_strdup(r->link);
    s->n_chars = end_offset(b) - from;
    g_ptr_array_add(p->open, s);
}

/* The last shown run has grown: adds what is new.  The places of breaks must
 * be those of a text written at once, so the state is run over the old part. */
static void extend_run(TarnProse *p, Shown *s, const TarnRun *r)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(p));
    gsize old = strlen(s->run.text);
    TarnBreak state = { 0 };
    GString *skip = g_string_sized_new(old + 16);
    tarn_words_break(skip, s->run.text, old, &state);
    g_string_free(skip, TRUE);
    int from = end_offset(b);
    append_display(b, r->text + old, strlen(r->text) - old, &state);
    apply_tags(p, r, from, end_offset(b));
    s->n_chars += end_offset(b) - from;
    g_free(s->run.text);
    s->run.text = g_strdup(r->text);
}

static void drop_links(TarnProse *p, int from)
{
    while (p->links->len &&
           g_array_index(p->links, Link, p->links->len - 1).to > from)
        g_array_set_size(p->links, p->links->len - 1);
}

void tarn_prose_update(TarnProse *p, GPtrArray *runs, guint n_closed)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(p));
    guint same = 0;
    int at = p->open_from;
    for (; same < p->open->len && same < runs->len; same++) {
        Shown *s = p->open->pdata[same];
        const TarnRun *r = runs->pdata[same];
        if (!tarn_run_same_look(&s->run, r))
            break;
        if (strcmp(s->run.text, r->text)) {
            if (same + 1 == p->open->len &&
                g_str_has_prefix(r->text, s->run.text)) {
                extend_run(p, s, r);
                at += s->n_chars;
                same++;
            }
            break;
        }
        at += s->n_chars;
    }
    if (same < p->open->len) {
        GtkTextIter from, end;
        gtk_text_buffer_get_iter_at_offset(b, &from, at);
        gtk_text_buffer_get_end_iter(b, &end);
        gtk_text_buffer_delete(b, &from, &end);
        g_ptr_array_set_size(p->open, (int)same);
        drop_links(p, at);
    }
    for (guint i = same; i < runs->len; i++)
        append_run(p, runs->pdata[i]);
    n_closed = MIN(n_closed, p->open->len);
    for (guint i = 0; i < n_closed; i++)
        p->open_from += ((Shown *)p->open->pdata[i])->n_chars;
    if (n_closed)
        g_ptr_array_remove_range(p->open, 0, n_closed);
}

void tarn_prose_append(TarnProse *p, const char *text, gsize size)
{
    append_display(gtk_text_view_get_buffer(GTK_TEXT_VIEW(p)), text, size,
                   &p->plain);
}

void tarn_prose_clear(TarnProse *p)
{
    gtk_text_buffer_set_text(gtk_text_view_get_buffer(GTK_TEXT_VIEW(p)), "", 0);
    g_ptr_array_set_size(p->open, 0);
    g_array_set_size(p->links, 0);
    p->open_from = 0;
    p->plain = (TarnBreak){ 0 };
}

/* What was added for the display only stays here. */
static void tarn_prose_copy(GtkTextView *view)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(view);
    GtkTextIter s, e;
    if (!gtk_text_buffer_get_selection_bounds(b, &s, &e))
        return;
    g_autofree char *text = gtk_text_buffer_get_text(b, &s, &e, FALSE);
    g_autofree char *plain = tarn_words_unbreak(text);
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(view)), plain);
}

/* ------------------------------------------------------------------ links */
static const char *link_at(TarnProse *p, double x, double y)
{
    GtkTextView *view = GTK_TEXT_VIEW(p);
    GtkTextIter it;
    int bx, by;
    gtk_text_view_window_to_buffer_coords(view, GTK_TEXT_WINDOW_WIDGET, (int)x,
                                          (int)y, &bx, &by);
    if (!gtk_text_view_get_iter_at_location(view, &it, bx, by))
        return NULL;
    int at = gtk_text_iter_get_offset(&it);
    for (guint i = 0; i < p->links->len; i++) {
        const Link *l = &g_array_index(p->links, Link, i);
        if (at >= l->from && at < l->to)
            return l->address;
    }
    return NULL;
}

static void on_open_link(GtkButton *button, gpointer user)
{
    TarnProse *p = user;
    const char *address = g_object_get_data(G_OBJECT(button), "tarn-link");
    GtkWidget *top = GTK_WIDGET(gtk_widget_get_root(GTK_WIDGET(p)));
    if (tarn_words_link_ok(address))
        gtk_show_uri(GTK_WINDOW(top), address, GDK_CURRENT_TIME);
    gtk_popover_popdown(GTK_POPOVER(p->popover));
}

/* The whole address, and a button that opens it: never at the first click. */
static void ask_link(TarnProse *p, const char *address, double x, double y)
{
    g_clear_pointer(&p->popover, gtk_widget_unparent);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);
    GtkWidget *label = gtk_label_new(NULL);
    g_autofree char *shown = tarn_words_line(address, 400);
    gtk_label_set_text(GTK_LABEL(label), shown);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_max_width_chars(GTK_LABEL(label), 48);
    gtk_label_set_selectable(GTK_LABEL(label), TRUE);
    GtkWidget *button = gtk_button_new_with_label(_("Open address"));
    g_object_set_data_full(G_OBJECT(button), "tarn-link", g_strdup(address),
                           g_free);
    g_signal_connect(button, "clicked", G_CALLBACK(on_open_link), p);
    gtk_box_append(GTK_BOX(box), label);
    gtk_box_append(GTK_BOX(box), button);
    p->popover = gtk_popover_new();
    gtk_popover_set_child(GTK_POPOVER(p->popover), box);
    gtk_popover_set_pointing_to(GTK_POPOVER(p->popover),
                                &(GdkRectangle){ (int)x, (int)y, 1, 1 });
    gtk_widget_set_parent(p->popover, GTK_WIDGET(p));
    gtk_popover_popup(GTK_POPOVER(p->popover));
}

static void on_released(GtkGestureClick *g, int n, double x, double y,
                        gpointer user)
{
    (void)n;
    (void)g;
    TarnProse *p = user;
    GtkTextBuffer *b = gtk_text_view_get_buffer(GTK_TEXT_VIEW(p));
    const char *address = link_at(p, x, y);
    if (address && !gtk_text_buffer_get_has_selection(b))
        ask_link(p, address, x, y);
}

static void on_motion(GtkEventControllerMotion *m, double x, double y,
                      gpointer user)
{
    (void)m;
    gtk_widget_set_cursor_from_name(user,
                                    link_at(user, x, y) ? "pointer" : "text");
}

static gboolean on_tooltip(GtkWidget *w, int x, int y, gboolean keyboard,
                           GtkTooltip *tip, gpointer user)
{
    (void)user;
    const char *address = keyboard ? NULL : link_at(TARN_PROSE(w), x, y);
    if (!address)
        return FALSE;
    g_autofree char *shown = tarn_words_line(address, 200);
    gtk_tooltip_set_text(tip, shown);
    return TRUE;
}

/* ------------------------------------------------------------------ height */
/* A text view knows its lines' heights only after they were laid out, and what
 * it asks for while sizes are being given is not heard: the text of a short
 * answer could be left without a line to stand in.  Once all is laid out the
 * place is compared with the text. */
static gboolean look_again(gpointer user)
{
    TarnProse *p = user;
    GtkTextView *view = GTK_TEXT_VIEW(p);
    GtkTextIter end;
    int y, height;
    p->look = 0;
    gtk_text_buffer_get_end_iter(gtk_text_view_get_buffer(view), &end);
    gtk_text_view_get_line_yrange(view, &end, &y, &height);
    if (gtk_widget_get_mapped(GTK_WIDGET(p)) &&
        y + height > gtk_widget_get_height(GTK_WIDGET(p)))
        gtk_widget_queue_resize(GTK_WIDGET(p));
    return G_SOURCE_REMOVE;
}

static void on_changed(TarnProse *p)
{
    if (!p->look)
        p->look = g_idle_add_full(G_PRIORITY_LOW, look_again, p, NULL);
}

/* ----------------------------------------------------------------- object */
static void tarn_prose_size_allocate(GtkWidget *w, int width, int height,
                                     int baseline)
{
    GTK_WIDGET_CLASS(tarn_prose_parent_class)
        ->size_allocate(w, width, height, baseline);
    if (TARN_PROSE(w)->popover)
        gtk_popover_present(GTK_POPOVER(TARN_PROSE(w)->popover));
}

static void tarn_prose_dispose(GObject *o)
{
    g_clear_handle_id(&TARN_PROSE(o)->look, g_source_remove);
    g_clear_pointer(&TARN_PROSE(o)->popover, gtk_widget_unparent);
    G_OBJECT_CLASS(tarn_prose_parent_class)->dispose(o);
}

static void tarn_prose_finalize(GObject *o)
{
    g_ptr_array_unref(TARN_PROSE(o)->open);
    g_array_unref(TARN_PROSE(o)->links);
    G_OBJECT_CLASS(tarn_prose_parent_class)->finalize(o);
}

static void tarn_prose_class_init(TarnProseClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = tarn_prose_dispose;
    G_OBJECT_CLASS(klass)->finalize = tarn_prose_finalize;
    GTK_WIDGET_CLASS(klass)->css_changed = tarn_prose_css_changed;
    GTK_WIDGET_CLASS(klass)->size_allocate = tarn_prose_size_allocate;
    GTK_TEXT_VIEW_CLASS(klass)->copy_clipboard = tarn_prose_copy;
}

static void make_tags(void)
{
    tag("bold", "weight", PANGO_WEIGHT_BOLD, NULL);
    tag("italic", "style", PANGO_STYLE_ITALIC, NULL);
    tag("strike", "strikethrough", TRUE, NULL);
    tag("code", "family", "monospace", "scale", 0.9375, NULL);
    tag("faint", "foreground-set", FALSE, NULL);
    tag("link", "underline", PANGO_UNDERLINE_SINGLE, NULL);
}

static void tarn_prose_init(TarnProse *p)
{
    GtkTextView *view = GTK_TEXT_VIEW(p);
    make_tags();
    p->open = g_ptr_array_new_with_free_func(free_shown);
    p->links = g_array_new(FALSE, FALSE, sizeof(Link));
    g_array_set_clear_func(p->links, finish_link);
    GtkTextBuffer *b = gtk_text_buffer_new(table());
    gtk_text_buffer_set_enable_undo(b, FALSE);
    gtk_text_view_set_buffer(view, b);
    g_signal_connect_object(b, "changed", G_CALLBACK(on_changed), p,
                            G_CONNECT_SWAPPED);
    g_object_unref(b);
    gtk_text_view_set_editable(view, FALSE);
    gtk_text_view_set_cursor_visible(view, FALSE);
    gtk_text_view_set_wrap_mode(view, GTK_WRAP_WORD_CHAR);
    gtk_text_view_set_pixels_inside_wrap(view, 4);
    gtk_text_view_set_accepts_tab(view, FALSE);
    gtk_widget_add_css_class(GTK_WIDGET(p), "prose");
    gtk_widget_set_has_tooltip(GTK_WIDGET(p), TRUE);
    g_signal_connect(p, "query-tooltip", G_CALLBACK(on_tooltip), NULL);
    GtkGesture *click = gtk_gesture_click_new();
    g_signal_connect(click, "released", G_CALLBACK(on_released), p);
    gtk_widget_add_controller(GTK_WIDGET(p), GTK_EVENT_CONTROLLER(click));
    GtkEventController *motion = gtk_event_controller_motion_new();
    g_signal_connect(motion, "motion", G_CALLBACK(on_motion), p);
    gtk_widget_add_controller(GTK_WIDGET(p), motion);
}

GtkWidget *tarn_prose_new(void)
{
    return g_object_new(TARN_TYPE_PROSE, NULL);
}
