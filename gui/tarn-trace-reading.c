/* tarn-trace-reading.c - see tarn-trace-reading.h.  One text view: selection
 * goes across steps, and what reads the screen gets plain text.  What is not
 * text (brackets, signs of white space) is painted around it. */
#include "gui/tarn-trace-reading-inside.h"
#include "gui/tarn-words.h"

enum { MARGIN = 22 }; /* px */
enum { DARK = 5 };    /* from this heat on */

G_DEFINE_FINAL_TYPE(TarnTraceReading, tarn_trace_reading, GTK_TYPE_TEXT_VIEW)

enum { CHOSEN, N_SIGNALS };
static guint signals[N_SIGNALS];

static GtkTextBuffer *buffer_of(TarnTraceReading *r)
{
    return gtk_text_view_get_buffer(GTK_TEXT_VIEW(r));
}

Shown *tarn_trace_reading_block(TarnTraceReading *r, guint i)
{
    return &g_array_index(r->blocks, Shown, i);
}

/* -------------------------------------------------------------------- colours
 */
gboolean tarn_trace_reading_color(TarnTraceReading *r, const char *name,
                                  GdkRGBA *color)
{
    return gtk_style_context_lookup_color(
        gtk_widget_get_style_context(GTK_WIDGET(r)), name, color);
}

static void paint_tag(TarnTraceReading *r, GtkTextTag *tag, const char *what,
                      const char *name)
{
    GdkRGBA color;
    if (tarn_trace_reading_color(r, name, &color))
        g_object_set(tag, what, &color, NULL);
}

/* Grounds that are dark, or pale in the dark, have text of their own. */
static void paint_tags(TarnTraceReading *r)
{
    static const char *const GROUND = "background-rgba", *const TEXT =
                                                             "foreground-rgba";
    for (int i = 1; i < TARN_HEAT; i++) {
        g_autofree char *heat = g_strdup_printf("tarn_heat_%d", i);
        g_autofree char *ramp = g_strdup_printf("tarn_ramp_%d", i);
        paint_tag(r, r->heat[i], GROUND, heat);
        paint_tag(r, r->heat[i], TEXT, i < DARK ? "tarn_ink" : "tarn_surface");
        if (i < TARN_RAMP)
            paint_tag(r, r->ramp[i], GROUND, ramp);
        if (i >= 4 && i < TARN_RAMP)
            paint_tag(r, r->ramp[i], TEXT, "tarn_ink");
    }
    paint_tag(r, r->sum, TEXT, "tarn_soft");
    paint_tag(r, r->gone, TEXT, "tarn_soft");
    paint_tag(r, r->fork, "underline-rgba", "tarn_ramp_edge");
    paint_tag(r, r->hit, GROUND, "tarn_match_bg");
    paint_tag(r, r->hit, TEXT, "tarn_ink");
    paint_tag(r, r->on, GROUND, "tarn_accent");
    paint_tag(r, r->on, TEXT, "tarn_on_accent");
}

static void tarn_trace_reading_css_changed(GtkWidget *w, GtkCssStyleChange *c)
{
    GTK_WIDGET_CLASS(tarn_trace_reading_parent_class)->css_changed(w, c);
    paint_tags(TARN_TRACE_READING(w));
}

/* ----------------------------------------------------------------------- text
 */
int tarn_trace_reading_block_of(TarnTraceReading *r, int offset)
{
    guint lo = 0, hi = r->blocks->len;
    while (lo < hi) {
        guint mid = lo + (hi - lo) / 2;
        if (tarn_trace_reading_block(r, mid)->at <= offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    return (int)lo - 1;
}

static int block_of_token(TarnTraceReading *r, guint token)
{
    guint lo = 0, hi = r->blocks->len;
    while (lo < hi) {
        guint mid = lo + (hi - lo) / 2;
        if (tarn_trace_reading_block(r, mid)->b.first <= token)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo && token <= tarn_trace_reading_block(r, lo - 1)->b.last
               ? (int)lo - 1
               : -1;
}

gboolean tarn_trace_reading_range(TarnTraceReading *r, guint token,
                                  GtkTextIter *from, GtkTextIter *to)
{
    int i = token < r->places->len ? block_of_token(r, token) : -1;
    if (i < 0)
        return FALSE;
    Place p = g_array_index(r->places, Place, token);
    int at = tarn_trace_reading_block(r, (guint)i)->at;
    gtk_text_buffer_get_iter_at_offset(buffer_of(r), from, at + p.start);
    gtk_text_buffer_get_iter_at_offset(buffer_of(r), to, at + p.end);
    return p.end > p.start;
}

gboolean tarn_trace_reading_can_fold(const TarnTraceBlock *b)
{
    return b->gone || b->step >= 0;
}

static gboolean is_folded(TarnTraceReading *r, const TarnTraceBlock *b)
{
    int by_hand = GPOINTER_TO_INT(
        g_hash_table_lookup(r->folds, GUINT_TO_POINTER(b->first)));
    if (!tarn_trace_reading_can_fold(b))
        return FALSE;
    return by_hand   ? by_hand == 1
           : b->gone ? TRUE
                     : r->calm && tarn_trace_block_is_calm(b);
}

/* Between two heads it would become one, too: text takes on tags that it is
 * put into. */
static void insert(GtkTextBuffer *b, GtkTextIter *at, const char *text,
                   GtkTextTag *tag)
{
    GtkTextIter from;
    int begin = gtk_text_iter_get_offset(at);
    gtk_text_buffer_insert(b, at, text, -1);
    gtk_text_buffer_get_iter_at_offset(b, &from, begin);
    gtk_text_buffer_remove_all_tags(b, &from, at);
    if (tag)
        gtk_text_buffer_apply_tag(b, tag, &from, at);
}

static void insert_head(TarnTraceReading *r, GtkTextIter *at, const Shown *s)
{
    GtkTextBuffer *b = buffer_of(r);
    g_autofree char *name = tarn_trace_block_name(&s->b);
    g_autofree char *figures = tarn_trace_block_figures(&s->b);
    g_autofree char *sum =
        g_strconcat(s->b.gone ? "" : "  ", s->b.gone ? "" : figures,
                    !tarn_trace_reading_can_fold(&s->b) ? ""
                    : s->folded                         ? "  ▸"
                                                        : "  ▾",
                    "\n", NULL);
    insert(b, at, name, s->b.gone ? r->sum : r->head);
    insert(b, at, sum, r->sum);
}

/* A line stays free below each block. */
static void insert_tokens(TarnTraceReading *r, GtkTextIter *at, const Shown *s)
{
    gsize n;
    const struct tarn_trace_token *k = tarn_trace_tokens(r->trace, &n);
    g_autoptr(GString) text = g_string_new(NULL);
    int chars = s->head - s->at;
    for (guint i = s->b.first; i <= s->b.last && i < n; i++) {
        gsize size;
        const char *bytes = tarn_view_text_of(r->trace, i, &size);
        g_autofree char *valid = tarn_words_valid(bytes, (gssize)size);
        if (k[i].flags & TARN_TRACE_TAG)
            continue;
        Place p = { .start = chars };
        chars += (int)g_utf8_strlen(valid, -1);
        p.end = chars;
        g_array_index(r->places, Place, i) = p;
        g_string_append(text, valid);
    }
    insert(buffer_of(r), at, text->str, s->b.gone ? r->gone : NULL);
    insert(buffer_of(r), at,
           g_str_has_suffix(text->str, "\n\n") ? ""
           : g_str_has_suffix(text->str, "\n") ? "\n"
                                               : "\n\n",
           NULL);
}

/* Grounds and forks of a block's tokens. */
static void apply_grounds(TarnTraceReading *r, const Shown *s)
{
    GtkTextBuffer *b = buffer_of(r);
    GtkTextIter from, to;
    for (guint i = s->b.first; i <= s->b.last && !s->folded; i++) {
        guint level = r->levels[i];
        GtkTextTag *tag = r->ground == TARN_GROUND_EXPERTS
                              ? r->heat[MIN(level, TARN_HEAT - 1)]
                              : r->ramp[MIN(level, TARN_RAMP - 1)];
        gboolean fork = tarn_trace_is_fork(r->trace, i);
        if ((!level && !fork) || !tarn_trace_reading_range(r, i, &from, &to))
            continue;
        if (level)
            gtk_text_buffer_apply_tag(b, tag, &from, &to);
        if (fork)
            gtk_text_buffer_apply_tag(b, r->fork, &from, &to);
    }
}

/* Block i at the place of its old text, which is gone. */
static void insert_block(TarnTraceReading *r, guint i)
{
    GtkTextBuffer *b = buffer_of(r);
    Shown *s = tarn_trace_reading_block(r, i);
    GtkTextIter at;
    gtk_text_buffer_get_iter_at_offset(b, &at, s->at);
    s->folded = is_folded(r, &s->b);
    insert_head(r, &at, s);
    s->head = gtk_text_iter_get_offset(&at);
    for (guint k = s->b.first; k <= s->b.last; k++)
        g_array_index(r->places, Place, k) = (Place){ 0, 0 };
    if (!s->folded) {
        insert_tokens(r, &at, s);
    } else if (s->b.gone) {
        insert(b, &at, "\n", NULL);
    } else {
        g_autofree char *title = tarn_trace_block_title(r->trace, &s->b);
        g_autofree char *text =
            g_strconcat(title, g_str_has_suffix(title, "…") ? "" : "…", NULL);
        insert(b, &at, text, r->sum);
        insert(b, &at, "\n\n", NULL);
    }
    s->end = gtk_text_iter_get_offset(&at);
    apply_grounds(r, s);
}

/* The text of blocks from `first` on, anew. */
static void fill_from(TarnTraceReading *r, guint first)
{
    GtkTextBuffer *b = buffer_of(r);
    GtkTextIter from, to;
    int at = first ? tarn_trace_reading_block(r, first - 1)->end : 0;
    gtk_text_buffer_get_bounds(b, &from, &to);
    gtk_text_iter_set_offset(&from, at);
    gtk_text_buffer_delete(b, &from, &to);
    for (guint i = first; i < r->blocks->len; i++) {
        tarn_trace_reading_block(r, i)->at = at;
        insert_block(r, i);
        at = tarn_trace_reading_block(r, i)->end;
    }
}

/* ---------------------------------------------------------------------- marks
 */
static void mark_hits(TarnTraceReading *r)
{
    GtkTextBuffer *b = buffer_of(r);
    GtkTextIter from, to;
    gtk_text_buffer_get_bounds(b, &from, &to);
    gtk_text_buffer_remove_tag(b, r->hit, &from, &to);
    for (guint i = 0; i < r->hits->len; i++)
        if (tarn_trace_reading_range(r, g_array_index(r->hits, guint, i), &from,
                                     &to))
            gtk_text_buffer_apply_tag(b, r->hit, &from, &to);
}

/* Of a step that is folded its title is marked; FALSE: nothing is. */
static gboolean mark_selected(TarnTraceReading *r, GtkTextIter *from)
{
    GtkTextBuffer *b = buffer_of(r);
    GtkTextIter to;
    int i = block_of_token(r, r->selected);
    gtk_text_buffer_get_bounds(b, from, &to);
    gtk_text_buffer_remove_tag(b, r->on, from, &to);
    if (i < 0)
        return FALSE;
    const Shown *s = tarn_trace_reading_block(r, (guint)i);
    if (s->folded) {
        gtk_text_buffer_get_iter_at_offset(b, from,
                                           s->b.gone ? s->at : s->head);
        gtk_text_buffer_get_iter_at_offset(
            b, &to, s->b.gone ? s->head - 1 : s->end - 2);
    } else if (!tarn_trace_reading_range(r, r->selected, from, &to)) {
        return FALSE;
    }
    gtk_text_buffer_apply_tag(b, r->on, from, &to);
    return TRUE;
}

void tarn_trace_reading_select(TarnTraceReading *r, guint token)
{
    GtkTextIter at;
    r->selected = token;
    if (!mark_selected(r, &at))
        return;
    if (!gtk_text_buffer_get_has_selection(buffer_of(r)))
        gtk_text_buffer_place_cursor(buffer_of(r), &at);
    gtk_text_view_scroll_to_iter(GTK_TEXT_VIEW(r), &at, 0.1, FALSE, 0, 0);
}

void tarn_trace_reading_set_hits(TarnTraceReading *r, const GArray *tokens)
{
    g_array_set_size(r->hits, 0);
    if (tokens)
        g_array_append_vals(r->hits, tokens->data, tokens->len);
    mark_hits(r);
}

static void mark_all(TarnTraceReading *r)
{
    GtkTextIter at;
    mark_hits(r);
    mark_selected(r, &at);
}

/* -------------------------------------------------------------------- content
 */
/* Experts are there, or not, and of another layer. */
static void list_grounds(TarnTraceReading *r)
{
    gboolean experts = r->trace && tarn_trace_info(r->trace)->n_moe_layers > 0;
    g_autoptr(GtkStringList) names = gtk_string_list_new(NULL);
    guint at = 0, n = 0;
    if (r->trace && !experts && r->ground == TARN_GROUND_EXPERTS)
        r->ground = TARN_GROUND_ENTROPY;
    if (!r->grounds)
        return;
    r->listing = TRUE;
    for (int g = 0; g < TARN_N_GROUNDS; g++) {
        g_autofree char *name =
            tarn_trace_ground_name((enum tarn_trace_ground)g, r->layer);
        if (g == TARN_GROUND_EXPERTS && !experts)
            continue;
        at = g == (int)r->ground ? n : at;
        gtk_string_list_append(names, name);
        n++;
    }
    gtk_drop_down_set_model(r->grounds, G_LIST_MODEL(names));
    gtk_drop_down_set_selected(r->grounds, at);
    g_autofree char *tip = tarn_trace_ground_tip(r->ground, r->layer);
    gtk_widget_set_tooltip_text(GTK_WIDGET(r->grounds), tip);
    r->listing = FALSE;
}

/* The first block that is another one now. */
static guint take_blocks(TarnTraceReading *r)
{
    g_autoptr(GArray) now = tarn_trace_blocks(r->trace);
    guint same = 0;
    while (same < now->len && same < r->blocks->len &&
           tarn_trace_block_equal(&tarn_trace_reading_block(r, same)->b,
                                  &g_array_index(now, TarnTraceBlock, same)) &&
           tarn_trace_reading_block(r, same)->folded ==
               is_folded(r, &tarn_trace_reading_block(r, same)->b))
        same++;
    g_array_set_size(r->blocks, now->len);
    for (guint i = same; i < now->len; i++)
        *tarn_trace_reading_block(r, i) =
            (Shown){ .b = g_array_index(now, TarnTraceBlock, i) };
    return same;
}

/* Its ground, once more. */
static void ground_again(TarnTraceReading *r)
{
    GtkTextBuffer *b = buffer_of(r);
    GtkTextIter from, to;
    gtk_text_buffer_get_bounds(b, &from, &to);
    for (int i = 1; i < TARN_HEAT; i++) {
        gtk_text_buffer_remove_tag(b, r->heat[i], &from, &to);
        if (i < TARN_RAMP)
            gtk_text_buffer_remove_tag(b, r->ramp[i], &from, &to);
    }
    g_free(r->levels);
    r->levels = tarn_trace_ground_levels(r->trace, r->ground, r->layer);
    for (guint i = 0; i < r->blocks->len; i++)
        apply_grounds(r, tarn_trace_reading_block(r, i));
}

void tarn_trace_reading_set(TarnTraceReading *r, const struct tarn_trace *t)
{
    gsize n = 0;
    if (t != r->trace)
        g_hash_table_remove_all(r->folds);
    if (t != r->trace || !t) {
        gtk_text_buffer_set_text(buffer_of(r), "", 0);
        g_array_set_size(r->blocks, 0);
        g_array_set_size(r->places, 0);
        g_clear_pointer(&r->levels, g_free);
        r->selected = TARN_VIEW_NOTHING;
        r->trace = t;
        list_grounds(r);
    }
    if (!t)
        return;
    tarn_trace_tokens(t, &n);
    g_array_set_size(r->places, (guint)n);
    guint first = take_blocks(r);
    g_free(r->levels);
    r->levels = tarn_trace_ground_levels(t, r->ground, r->layer);
    fill_from(r, first);
    if (r->ground == TARN_GROUND_TIME && first)
        ground_again(r); /* the median is another one */
    mark_all(r);
}

void tarn_trace_reading_set_layer(TarnTraceReading *r, int layer)
{
    r->layer = layer;
    list_grounds(r);
    if (r->trace && r->levels && r->ground == TARN_GROUND_EXPERTS)
        ground_again(r);
}

/* -------------------------------------------------------------------- folding
 */
void tarn_trace_reading_turn(TarnTraceReading *r, guint i)
{
    GtkTextBuffer *b = buffer_of(r);
    GtkTextIter from, to;
    Shown *s = tarn_trace_reading_block(r, i);
    int was = s->end;
    if (!tarn_trace_reading_can_fold(&s->b))
        return;
    g_hash_table_insert(r->folds, GUINT_TO_POINTER(s->b.first),
                        GINT_TO_POINTER(s->folded ? 2 : 1));
    gtk_text_buffer_get_iter_at_offset(b, &from, s->at);
    gtk_text_buffer_get_iter_at_offset(b, &to, s->end);
    gtk_text_buffer_delete(b, &from, &to);
    insert_block(r, i);
    for (guint k = i + 1; k < r->blocks->len; k++) {
        tarn_trace_reading_block(r, k)->at += s->end - was;
        tarn_trace_reading_block(r, k)->head += s->end - was;
        tarn_trace_reading_block(r, k)->end += s->end - was;
    }
    gtk_text_buffer_get_iter_at_offset(b, &from, s->at);
    gtk_text_buffer_place_cursor(b, &from);
    mark_all(r);
}

static void on_fold(TarnTraceReading *r)
{
    r->calm = !r->calm;
    g_hash_table_remove_all(r->folds);
    gtk_button_set_label(r->fold, r->calm ? _("Unfold all steps")
                                          : _("Fold calm steps"));
    if (r->trace)
        tarn_trace_reading_set(r, r->trace);
}

static void on_ground(TarnTraceReading *r)
{
    guint at = gtk_drop_down_get_selected(r->grounds);
    gboolean experts = r->trace && tarn_trace_info(r->trace)->n_moe_layers > 0;
    if (r->listing || at == GTK_INVALID_LIST_POSITION)
        return;
    r->ground = at < TARN_GROUND_EXPERTS || experts ? (enum tarn_trace_ground)at
                                                    : TARN_GROUND_NONE;
    g_autofree char *tip = tarn_trace_ground_tip(r->ground, r->layer);
    gtk_widget_set_tooltip_text(GTK_WIDGET(r->grounds), tip);
    if (r->trace && r->levels)
        ground_again(r);
}

GtkWidget *tarn_trace_reading_bar(TarnTraceReading *r)
{
    GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);
    r->grounds = GTK_DROP_DOWN(gtk_drop_down_new(NULL, NULL));
    gtk_accessible_update_property(GTK_ACCESSIBLE(r->grounds),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("What the ground of a token tells"), -1);
    g_signal_connect_object(r->grounds, "notify::selected",
                            G_CALLBACK(on_ground), r, G_CONNECT_SWAPPED);
    r->fold = GTK_BUTTON(gtk_button_new_with_label(_("Fold calm steps")));
    gtk_widget_set_tooltip_text(
        GTK_WIDGET(r->fold), _("Calm: without hesitation, turn-back and fork"));
    gtk_widget_add_css_class(GTK_WIDGET(r->fold), "flat");
    g_signal_connect_object(r->fold, "clicked", G_CALLBACK(on_fold), r,
                            G_CONNECT_SWAPPED);
    gtk_widget_add_css_class(bar, "trace-ground");
    gtk_box_append(GTK_BOX(bar), GTK_WIDGET(r->grounds));
    gtk_box_append(GTK_BOX(bar), GTK_WIDGET(r->fold));
    list_grounds(r);
    return bar;
}

/* --------------------------------------------------------------------- object
 */
static void tarn_trace_reading_snapshot_layer(GtkTextView *v,
                                              GtkTextViewLayer layer,
                                              GtkSnapshot *s)
{
    tarn_trace_reading_paint(TARN_TRACE_READING(v), layer, s);
}

static void tarn_trace_reading_dispose(GObject *o)
{
    TARN_TRACE_READING(o)->trace = NULL;
    G_OBJECT_CLASS(tarn_trace_reading_parent_class)->dispose(o);
}

static void tarn_trace_reading_finalize(GObject *o)
{
    TarnTraceReading *r = TARN_TRACE_READING(o);
    g_array_unref(r->places);
    g_array_unref(r->blocks);
    g_array_unref(r->hits);
    g_hash_table_unref(r->folds);
    g_free(r->levels);
    G_OBJECT_CLASS(tarn_trace_reading_parent_class)->finalize(o);
}

static void tarn_trace_reading_class_init(TarnTraceReadingClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = tarn_trace_reading_dispose;
    G_OBJECT_CLASS(klass)->finalize = tarn_trace_reading_finalize;
    GTK_WIDGET_CLASS(klass)->css_changed = tarn_trace_reading_css_changed;
    GTK_TEXT_VIEW_CLASS(klass)->snapshot_layer =
        tarn_trace_reading_snapshot_layer;
    signals[CHOSEN] =
        g_signal_new("chosen", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0,
                     NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void make_tags(TarnTraceReading *r)
{
    GtkTextBuffer *b = buffer_of(r);
    for (int i = 0; i < TARN_HEAT; i++) {
        r->heat[i] = gtk_text_buffer_create_tag(b, NULL, NULL, NULL);
        if (i < TARN_RAMP)
            r->ramp[i] = gtk_text_buffer_create_tag(b, NULL, NULL, NULL);
    }
    r->head =
        gtk_text_buffer_create_tag(b, NULL, "weight", PANGO_WEIGHT_BOLD, NULL);
    r->sum = gtk_text_buffer_create_tag(b, NULL, "scale", 0.85, NULL);
    r->fork = gtk_text_buffer_create_tag(b, NULL, "underline",
                                         PANGO_UNDERLINE_SINGLE, NULL);
    r->gone = gtk_text_buffer_create_tag(b, NULL, "strikethrough", TRUE, NULL);
    r->hit = gtk_text_buffer_create_tag(b, NULL, NULL, NULL);
    r->on = gtk_text_buffer_create_tag(b, NULL, NULL, NULL);
}

static void tarn_trace_reading_init(TarnTraceReading *r)
{
    GtkTextView *v = GTK_TEXT_VIEW(r);
    r->places = g_array_new(FALSE, TRUE, sizeof(Place));
    r->blocks = g_array_new(FALSE, TRUE, sizeof(Shown));
    r->hits = g_array_new(FALSE, FALSE, sizeof(guint));
    r->folds = g_hash_table_new(NULL, NULL);
    r->layer = -1;
    r->selected = TARN_VIEW_NOTHING;
    make_tags(r);
    gtk_text_view_set_editable(v, FALSE);
    gtk_text_view_set_accepts_tab(v, FALSE);
    gtk_text_view_set_wrap_mode(v, GTK_WRAP_WORD_CHAR);
    gtk_text_view_set_left_margin(v, MARGIN);
    gtk_text_view_set_right_margin(v, MARGIN);
    gtk_text_view_set_top_margin(v, 12);
    gtk_text_view_set_bottom_margin(v, 12);
    gtk_text_view_set_pixels_inside_wrap(v, 4);
    gtk_accessible_update_property(GTK_ACCESSIBLE(r),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("The text by steps"), -1);
    tarn_trace_reading_listen(r);
}
