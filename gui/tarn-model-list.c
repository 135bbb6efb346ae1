/* tarn-model-list.c - see tarn-model-list.h.  The list is read anew whenever
 * the window is opened or something is taken off it; other programs' lists are
 * never touched, files never deleted. */
#include "gui/tarn-model-list.h"

#include <string.h>

#include "gui/tarn-words.h"
#include "store/models.h"

typedef struct {
    GtkWindow *window;
    GtkListBox *rows;
    GtkSearchEntry *search;
    GtkLabel *wrong;
    char *in_use;
    void (*use)(const char *path, gpointer user);
    void (*choose)(gpointer user);
    gpointer user;
} Sheet;

static void free_sheet(gpointer p)
{
    Sheet *s = p;
    g_free(s->in_use);
    g_free(s);
}

static void fill(Sheet *s);

static Sheet *sheet_of(GtkWidget *w)
{
    return g_object_get_data(G_OBJECT(gtk_widget_get_root(w)), "sheet");
}

static void on_use(GtkButton *b, char *path)
{
    Sheet *s = sheet_of(GTK_WIDGET(b));
    g_autofree char *kept = g_strdup(path);
    GtkWindow *w = s->window;
    s->use(kept, s->user);
    gtk_window_destroy(w);
}

static gboolean fill_later(gpointer window)
{
    Sheet *s = g_object_get_data(window, "sheet");
    if (s)
        fill(s);
    return G_SOURCE_REMOVE;
}

static void on_remove(GtkButton *b, char *path)
{
    Sheet *s = sheet_of(GTK_WIDGET(b));
    struct tarn_error err = { 0 };
    struct tarn_models *all = NULL;
    if (tarn_models_load(&all, &err) || tarn_models_remove(all, path, &err)) {
        g_autofree char *said = tarn_words_valid(err.text, -1);
        gtk_label_set_text(s->wrong, said);
        gtk_widget_set_visible(GTK_WIDGET(s->wrong), TRUE);
    }
    tarn_models_free(all);
    /* The button goes with its row: not from within its own signal. */
    g_idle_add_full(G_PRIORITY_DEFAULT, fill_later, g_object_ref(s->window),
                    g_object_unref);
}

static void free_path(gpointer path, GClosure *closure)
{
    (void)closure;
    g_free(path);
}

static GtkWidget *deed(const char *label, const char *icon, const char *name,
                       GCallback done, const char *path)
{
    GtkWidget *b = icon ? gtk_button_new_from_icon_name(icon)
                        : gtk_button_new_with_label(label);
    g_autofree char *say = g_strdup_printf("%s %s", label, name);
    gtk_widget_set_valign(b, GTK_ALIGN_CENTER);
    if (icon) {
        gtk_widget_add_css_class(b, "flat");
        gtk_widget_set_tooltip_text(b, label);
    }
    gtk_accessible_update_property(GTK_ACCESSIBLE(b),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, say, -1);
    g_signal_connect_data(b, "clicked", done, g_strdup(path), free_path, 0);
    return b;
}

static char *describe(const struct tarn_model_file *f)
{
    GString *s = g_string_new(NULL);
    if (f->n_params) {
        g_autofree char *n = tarn_words_params(f->n_params);
        g_string_append_printf(s, _("%s parameters · "), n);
    }
    if (f->bytes) {
        g_autofree char *size = tarn_words_size(f->bytes);
        g_string_append(s, size);
    } else {
        g_string_append(s, _("not there any more"));
    }
    if (*f->file_type)
        g_string_append_printf(s, " · %s", f->file_type);
    if (f->pocket)
        g_string_append(s, _(" · comes with tarn"));
    return g_string_free(s, FALSE);
}

static void add_row(Sheet *s, const struct tarn_model_file *f)
{
    GtkWidget *row = adw_action_row_new();
    g_autofree char *valid = tarn_words_valid(f->name, -1);
    g_autofree char *name = tarn_words_line(valid, 80);
    g_autofree char *path = tarn_words_valid(f->path, -1);
    g_autofree char *text = describe(f);
    gboolean used = !g_strcmp0(f->path, s->in_use);
    /* Titles of rows are markup unless told otherwise (W01). */
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), name);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), text);
    gtk_widget_set_tooltip_text(row, path);
    if (used) {
        GtkWidget *in_use = gtk_label_new(_("in use"));
        gtk_widget_add_css_class(in_use, "dim-label");
        adw_action_row_add_suffix(ADW_ACTION_ROW(row), in_use);
    } else if (f->bytes) {
        adw_action_row_add_suffix(
            ADW_ACTION_ROW(row),
            deed(_("Use"), NULL, name, G_CALLBACK(on_use), f->path));
    }
    if (!f->pocket && !f->found && !used)
        adw_action_row_add_suffix(ADW_ACTION_ROW(row),
                                  deed(_("Remove from the list"),
                                       "list-remove-symbolic", name,
                                       G_CALLBACK(on_remove), f->path));
    gtk_list_box_append(s->rows, row);
}

static void fill(Sheet *s)
{
    struct tarn_error err = { 0 };
    struct tarn_models *all = NULL;
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(s->rows))))
        gtk_list_box_remove(s->rows, child);
    if (tarn_models_load(&all, &err))
        return;
    for (gsize i = 0; i < tarn_models_count(all); i++)
        add_row(s, tarn_models_at(all, i));
    tarn_models_free(all);
}

static gboolean is_wanted(GtkListBoxRow *row, gpointer user)
{
    Sheet *s = user;
    g_autofree char *words =
        g_utf8_casefold(gtk_editable_get_text(GTK_EDITABLE(s->search)), -1);
    g_autofree char *title = g_utf8_casefold(
        adw_preferences_row_get_title(ADW_PREFERENCES_ROW(row)), -1);
    return strstr(title, words) != NULL;
}

static void on_search(Sheet *s)
{
    gtk_list_box_invalidate_filter(s->rows);
}

static void on_choose(Sheet *s)
{
    GtkWindow *w = s->window;
    s->choose(s->user);
    gtk_window_destroy(w);
}

static gboolean on_key(Sheet *s, guint key)
{
    if (key != GDK_KEY_Escape)
        return FALSE;
    gtk_window_destroy(s->window);
    return TRUE;
}

static GtkWidget *make_content(Sheet *s)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *head = adw_header_bar_new();
    GtkWidget *open = gtk_button_new_with_label(_("Open a file…"));
    GtkWidget *scroller = gtk_scrolled_window_new();
    GtkWidget *inner = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    s->search = GTK_SEARCH_ENTRY(gtk_search_entry_new());
    s->rows = GTK_LIST_BOX(gtk_list_box_new());
    s->wrong = GTK_LABEL(g_object_new(GTK_TYPE_LABEL, "accessible-role",
                                      GTK_ACCESSIBLE_ROLE_STATUS, "xalign", 0.0,
                                      "wrap", TRUE, "visible", FALSE, NULL));
    gtk_widget_add_css_class(GTK_WIDGET(s->wrong), "error-line");
    gtk_accessible_update_property(GTK_ACCESSIBLE(s->search),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Search models"), -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(s->rows),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Models on this computer"), -1);
    gtk_list_box_set_selection_mode(s->rows, GTK_SELECTION_NONE);
    gtk_widget_add_css_class(GTK_WIDGET(s->rows), "boxed-list");
    gtk_widget_set_valign(GTK_WIDGET(s->rows), GTK_ALIGN_START);
    gtk_list_box_set_filter_func(s->rows, is_wanted, s, NULL);
    g_signal_connect_swapped(s->search, "search-changed", G_CALLBACK(on_search),
                             s);
    g_signal_connect_swapped(open, "clicked", G_CALLBACK(on_choose), s);
    gtk_widget_set_margin_top(inner, 18);
    gtk_widget_set_margin_bottom(inner, 18);
    gtk_widget_set_margin_start(inner, 18);
    gtk_widget_set_margin_end(inner, 18);
    gtk_box_append(GTK_BOX(inner), GTK_WIDGET(s->search));
    gtk_box_append(GTK_BOX(inner), GTK_WIDGET(s->wrong));
    gtk_box_append(GTK_BOX(inner), GTK_WIDGET(s->rows));
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller),
                                   GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), inner);
    gtk_widget_set_vexpand(scroller, TRUE);
    adw_header_bar_pack_end(ADW_HEADER_BAR(head), open);
    gtk_box_append(GTK_BOX(box), head);
    gtk_box_append(GTK_BOX(box), scroller);
    return box;
}

void tarn_model_list_present(GtkWindow *parent, const char *in_use,
                             void (*use)(const char *path, gpointer user),
                             void (*choose)(gpointer user), gpointer user)
{
    Sheet *s = g_new0(Sheet, 1);
    s->in_use = g_strdup(in_use);
    s->use = use;
    s->choose = choose;
    s->user = user;
    s->window =
        g_object_new(ADW_TYPE_WINDOW, "title", _("Models"), "transient-for",
                     parent, "destroy-with-parent", TRUE, "default-width", 760,
                     "default-height", 640, NULL);
    g_object_set_data_full(G_OBJECT(s->window), "sheet", s, free_sheet);
    GtkEventController *keys = gtk_event_controller_key_new();
    g_signal_connect_swapped(keys, "key-pressed", G_CALLBACK(on_key), s);
    gtk_widget_add_controller(GTK_WIDGET(s->window), keys);
    adw_window_set_content(ADW_WINDOW(s->window), make_content(s));
    fill(s);
    gtk_window_present(s->window);
}
