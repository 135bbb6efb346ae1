/* tarn-code.c - see tarn-code.h. */
#include "gui/tarn-code.h"

#include <string.h>

#include "gui/tarn-config.h"
#include "gui/tarn-sideways.h"
#include "gui/tarn-words.h"

#if TARN_HAVE_SOURCEVIEW
#include <gtksourceview/gtksource.h>
#endif

enum { COLOUR_UP_TO = 100000 }; /* bytes: highlighting is not free */

struct _TarnCode {
    GtkBox parent;
    GtkLabel *language;
    GtkScrolledWindow *scroller;
    GtkTextView *view;
    char *text; /* as written, owned */
    TarnBreak state;
    gboolean closed;
};
G_DEFINE_FINAL_TYPE(TarnCode, tarn_code, GTK_TYPE_BOX)

static void on_copy(TarnCode *c)
{
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(c)),
                           c->text ? c->text : "");
    gtk_widget_activate_action(GTK_WIDGET(c), "win.say-copied", NULL);
}

static void append(TarnCode *c, const char *text)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(c->view);
    GString *s = g_string_sized_new(strlen(text) + 16);
    tarn_words_break(s, text, strlen(text), &c->state);
    GtkTextIter end;
    gtk_text_buffer_get_end_iter(b, &end);
    gtk_text_buffer_insert(b, &end, s->str, (int)s->len);
    g_string_free(s, TRUE);
}

#if TARN_HAVE_SOURCEVIEW
static void colour(TarnCode *c, const char *language)
{
    GtkSourceLanguageManager *m = gtk_source_language_manager_get_default();
    g_autofree char *id = g_ascii_strdown(language, -1);
    static const char *const NAMES[][2] = {
        /* as people write them */
        { "py", "python3" },    { "python", "python3" }, { "js", "js" },
        { "javascript", "js" }, { "bash", "sh" },        { "shell", "sh" },
        { "console", "sh" },    { "c++", "cpp" },        { "cc", "cpp" },
        { "rs", "rust" },       { "ts", "typescript" },  { "yml", "yaml" }
    };
    const char *name = id;
    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++)
        if (!strcmp(id, NAMES[i][0]))
            name = NAMES[i][1];
    GtkSourceLanguage *l = gtk_source_language_manager_get_language(m, name);
    GtkSourceBuffer *b = GTK_SOURCE_BUFFER(gtk_text_view_get_buffer(c->view));
    if (l && strlen(c->text) <= COLOUR_UP_TO)
        gtk_source_buffer_set_language(b, l);
}

static void take_scheme(TarnCode *c)
{
    GdkRGBA paper = { 1, 1, 1, 1 };
    gtk_style_context_lookup_color(gtk_widget_get_style_context(GTK_WIDGET(c)),
                                   "tarn_paper", &paper);
    GtkSourceStyleSchemeManager *m =
        gtk_source_style_scheme_manager_get_default();
    GtkSourceStyleScheme *s = gtk_source_style_scheme_manager_get_scheme(
        m, paper.red > 0.5f ? "tarn" : "tarn-dark");
    GtkSourceBuffer *b = GTK_SOURCE_BUFFER(gtk_text_view_get_buffer(c->view));
    if (s && gtk_source_buffer_get_style_scheme(b) != s)
        gtk_source_buffer_set_style_scheme(b, s);
}

/* GtkSourceView 5.6 reads schemes from folders only, not from resources. */
static void offer_schemes(void)
{
    static const char *const NAMES[] = { "tarn.xml", "tarn-dark.xml" };
    g_autofree char *folder =
        g_build_filename(g_get_user_cache_dir(), "tarn", "styles", NULL);
    g_mkdir_with_parents(folder, 0700);
    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        g_autofree char *from =
            g_strconcat(TARN_RESOURCES "/styles/", NAMES[i], NULL);
        g_autofree char *to = g_build_filename(folder, NAMES[i], NULL);
        g_autoptr(GBytes) data =
            g_resources_lookup_data(from, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
        g_autofree char *there = NULL;
        gsize size = 0;
        if (data && (!g_file_get_contents(to, &there, &size, NULL) ||
                     size != g_bytes_get_size(data) ||
                     memcmp(there, g_bytes_get_data(data, NULL), size)))
            g_file_set_contents(to, g_bytes_get_data(data, NULL),
                                (gssize)g_bytes_get_size(data), NULL);
    }
    gtk_source_style_scheme_manager_append_search_path(
        gtk_source_style_scheme_manager_get_default(), folder);
}

static GtkTextView *make_view(void)
{
    static gsize once;
    if (g_once_init_enter(&once)) {
        offer_schemes();
        g_once_init_leave(&once, 1);
    }
    GtkSourceBuffer *b = gtk_source_buffer_new(NULL);
    gtk_source_buffer_set_highlight_matching_brackets(b, FALSE);
    GtkWidget *v = gtk_source_view_new_with_buffer(b);
    g_object_unref(b);
    return GTK_TEXT_VIEW(v);
}
#else
static void colour(TarnCode *c, const char *language)
{
    (void)c;
    (void)language;
}

static void take_scheme(TarnCode *c)
{
    (void)c;
}

static GtkTextView *make_view(void)
{
    return GTK_TEXT_VIEW(gtk_text_view_new());
}
#endif

static guint count_lines(const char *text)
{
    guint n = *text ? 1 : 0;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        n++;
    return n;
}

static void take_name(TarnCode *c, const char *language)
{
    g_autofree char *shown = tarn_words_line(language, 24);
    gtk_label_set_text(c->language, shown);
    guint n = count_lines(c->text);
    g_autofree char *name =
        g_strdup_printf(ngettext("Code, %s, %u line", "Code, %s, %u lines", n),
                        *shown ? shown : _("plain"), n);
    gtk_accessible_update_property(GTK_ACCESSIBLE(c),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

void tarn_code_update(TarnCode *c, const char *text, const char *language,
                      gboolean closed)
{
    gsize old = c->text ? strlen(c->text) : 0;
    if (old && g_str_has_prefix(text, c->text)) {
        append(c, text + old);
    } else if (g_strcmp0(c->text, text)) {
        gtk_text_buffer_set_text(gtk_text_view_get_buffer(c->view), "", 0);
        c->state = (TarnBreak){ 0 };
        append(c, text);
    }
    g_free(c->text);
    c->text = g_strdup(text);
    take_name(c, language);
    if (closed && !c->closed)
        colour(c, language);
    c->closed = closed;
}

static void tarn_code_css_changed(GtkWidget *w, GtkCssStyleChange *change)
{
    GTK_WIDGET_CLASS(tarn_code_parent_class)->css_changed(w, change);
    if (TARN_CODE(w)->view)
        take_scheme(TARN_CODE(w));
}

static void tarn_code_dispose(GObject *o)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    TARN_CODE(o)->view = NULL;
    G_OBJECT_CLASS(tarn_code_parent_class)->dispose(o);
}

static void tarn_code_finalize(GObject *o)
{
    g_free(TARN_CODE(o)->text);
    G_OBJECT_CLASS(tarn_code_parent_class)->finalize(o);
}

static void tarn_code_class_init(TarnCodeClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_code_dispose;
    G_OBJECT_CLASS(klass)->finalize = tarn_code_finalize;
    w->css_changed = tarn_code_css_changed;
    gtk_widget_class_set_accessible_role(w, GTK_ACCESSIBLE_ROLE_GROUP);
    gtk_widget_class_set_template_from_resource(w,
                                                TARN_RESOURCES "/tarn-code.ui");
    gtk_widget_class_bind_template_child(w, TarnCode, language);
    gtk_widget_class_bind_template_child(w, TarnCode, scroller);
    gtk_widget_class_bind_template_callback(w, on_copy);
}

static void tarn_code_init(TarnCode *c)
{
    gtk_widget_init_template(GTK_WIDGET(c));
    c->view = make_view();
    gtk_text_view_set_editable(c->view, FALSE);
    gtk_text_view_set_cursor_visible(c->view, FALSE);
    gtk_text_view_set_monospace(c->view, TRUE);
    gtk_text_view_set_accepts_tab(c->view, FALSE);
    gtk_text_view_set_pixels_inside_wrap(c->view, 2);
    gtk_text_view_set_pixels_below_lines(c->view, 2);
    gtk_text_buffer_set_enable_undo(gtk_text_view_get_buffer(c->view), FALSE);
    gtk_accessible_update_property(
        GTK_ACCESSIBLE(c->view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Code"), -1);
    gtk_scrolled_window_set_child(c->scroller, GTK_WIDGET(c->view));
    tarn_sideways(c->scroller);
    take_scheme(c);
}

GtkWidget *tarn_code_new(void)
{
    return g_object_new(TARN_TYPE_CODE, NULL);
}
