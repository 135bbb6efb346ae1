/* tarn-table.c - see tarn-table.h. */
#include "gui/tarn-table.h"

#include <string.h>

#include "gui/tarn-sideways.h"
#include "gui/tarn-words.h"

enum { CELL_CHARS = 48 };

struct _TarnTable {
    GtkWidget parent;
    GtkWidget *scroller;
    GtkGrid *grid;
    guint n_columns;
    GPtrArray *labels; /* borrowed, row after row */
};
G_DEFINE_FINAL_TYPE(TarnTable, tarn_table, GTK_TYPE_WIDGET)

static void add_attribute(PangoAttrList *list, PangoAttribute *a, guint from,
                          guint to)
{
    a->start_index = from;
    a->end_index = to;
    pango_attr_list_insert(list, a);
}

static PangoAttrList *attributes(GPtrArray *runs, gboolean head)
{
    PangoAttrList *list = pango_attr_list_new();
    guint at = 0;
    for (guint i = 0; i < runs->len; i++) {
        const TarnRun *r = runs->pdata[i];
        guint to = at + (guint)strlen(r->text);
        if (head || (r->style & TARN_STYLE_BOLD))
            add_attribute(list, pango_attr_weight_new(PANGO_WEIGHT_BOLD), at,
                          to);
        if (r->style & TARN_STYLE_ITALIC)
            add_attribute(list, pango_attr_style_new(PANGO_STYLE_ITALIC), at,
                          to);
        if (r->style & TARN_STYLE_STRIKE)
            add_attribute(list, pango_attr_strikethrough_new(TRUE), at, to);
        if (r->style & TARN_STYLE_CODE)
            add_attribute(list, pango_attr_family_new("monospace"), at, to);
        at = to;
    }
    return list;
}

static gboolean is_number(const char *text)
{
    gboolean digit = FALSE;
    for (const char *p = text; *p; p++) {
        digit |= g_ascii_isdigit(*p);
        if (!g_ascii_isdigit(*p) && !strchr("+-.,% ", *p) &&
            (guchar)*p != 0xe2 && (guchar)*p != 0x88 && (guchar)*p != 0x92)
            return FALSE;
    }
    return digit || !*text;
}

/* Where the text gives no alignment, numbers stand at the end edge. */
static gboolean column_of_numbers(const TarnBlock *b, guint column)
{
    gboolean any = FALSE;
    for (guint i = b->n_columns + column; i < b->cells->len;
         i += b->n_columns) {
        g_autofree char *text = tarn_runs_text(b->cells->pdata[i]);
        any |= *text != 0;
        if (!is_number(text))
            return FALSE;
    }
    return any;
}

static void add_label(TarnTable *t, guint i)
{
    GtkWidget *l = gtk_label_new(NULL);
    guint row = i / t->n_columns;
    gtk_label_set_wrap_mode(GTK_LABEL(l), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_selectable(GTK_LABEL(l), TRUE);
    gtk_widget_set_can_focus(l, FALSE);
    gtk_widget_add_css_class(l, row ? "cell" : "cell-head");
    gtk_grid_attach(t->grid, l, (int)(i % t->n_columns), (int)row, 1, 1);
    g_ptr_array_add(t->labels, l);
}

static void set_cell(TarnTable *t, const TarnBlock *b, guint i, float align)
{
    GtkLabel *l = t->labels->pdata[i];
    g_autofree char *text = tarn_runs_text(b->cells->pdata[i]);
    gtk_label_set_xalign(l, align);
    if (!strcmp(gtk_label_get_text(l), text))
        return;
    /* Only long cells wrap, and at one width: a table that could be narrower
     * would ask for the height that it has then. */
    gboolean wide = g_utf8_strlen(text, -1) > CELL_CHARS;
    gtk_label_set_wrap(l, wide);
    gtk_label_set_width_chars(l, wide ? CELL_CHARS : -1);
    gtk_label_set_max_width_chars(l, wide ? CELL_CHARS : -1);
    gtk_label_set_text(l, text);
    PangoAttrList *list = attributes(b->cells->pdata[i], i < t->n_columns);
    gtk_label_set_attributes(l, list);
    pango_attr_list_unref(list);
}

void tarn_table_update(TarnTable *t, const TarnBlock *b)
{
    if (t->n_columns != b->n_columns || b->cells->len < t->labels->len) {
        for (guint i = 0; i < t->labels->len; i++)
            gtk_grid_remove(t->grid, t->labels->pdata[i]);
        g_ptr_array_set_size(t->labels, 0);
        t->n_columns = b->n_columns;
    }
    while (t->labels->len < b->cells->len)
        add_label(t, t->labels->len);
    for (guint column = 0; column < b->n_columns; column++) {
        guint8 a = b->align[column];
        float align = a == 'r'                       ? 1
                      : a == 'c'                     ? 0.5f
                      : a == 'l'                     ? 0
                      : column_of_numbers(b, column) ? 1
                                                     : 0;
        for (guint i = column; i < b->cells->len; i += b->n_columns)
            set_cell(t, b, i, align);
    }
    guint rows = b->n_columns ? b->cells->len / b->n_columns : 0;
    g_autofree char *name = g_strdup_printf(_("Table, %u columns, %u rows"),
                                            b->n_columns, rows ? rows - 1 : 0);
    gtk_accessible_update_property(GTK_ACCESSIBLE(t),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void tarn_table_dispose(GObject *o)
{
    g_clear_pointer(&TARN_TABLE(o)->scroller, gtk_widget_unparent);
    G_OBJECT_CLASS(tarn_table_parent_class)->dispose(o);
}

static void tarn_table_finalize(GObject *o)
{
    g_ptr_array_unref(TARN_TABLE(o)->labels);
    G_OBJECT_CLASS(tarn_table_parent_class)->finalize(o);
}

static void tarn_table_class_init(TarnTableClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_table_dispose;
    G_OBJECT_CLASS(klass)->finalize = tarn_table_finalize;
    gtk_widget_class_set_layout_manager_type(w, GTK_TYPE_BIN_LAYOUT);
    gtk_widget_class_set_accessible_role(w, GTK_ACCESSIBLE_ROLE_GROUP);
    gtk_widget_class_set_css_name(w, "tarntable");
}

static void tarn_table_init(TarnTable *t)
{
    t->labels = g_ptr_array_new();
    t->grid = GTK_GRID(gtk_grid_new());
    gtk_widget_set_halign(GTK_WIDGET(t->grid), GTK_ALIGN_START);
    t->scroller = gtk_scrolled_window_new();
    tarn_sideways(GTK_SCROLLED_WINDOW(t->scroller));
    gtk_scrolled_window_set_propagate_natural_width(
        GTK_SCROLLED_WINDOW(t->scroller), TRUE);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(t->scroller),
                                  GTK_WIDGET(t->grid));
    gtk_widget_set_parent(t->scroller, GTK_WIDGET(t));
}

GtkWidget *tarn_table_new(void)
{
    return g_object_new(TARN_TYPE_TABLE, NULL);
}
