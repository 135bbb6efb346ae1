/* tarn-preferences.c - see tarn-preferences.h.
 *
 * Rows are made from a table: each names a member of TarnSettings, its
 * choices, and what it is called.  "Own value" rows are a number that counts
 * only while its switch is on; below zero the model's file decides. */
#include "gui/tarn-preferences.h"

#include "gui/tarn-words.h"

typedef struct {
    TarnSettings *settings;
    AdwPreferencesWindow *window;
    void (*changed)(gpointer user);
    gpointer user;
    guint page; /* that is open */
    gboolean filling;
} Sheet;

/* ------------------------------------------------------------------- choices
 */
typedef struct {
    const char *title, *hint; /* the hint says the default */
    const char *words[9];
    gint64 values[9];
} Choice;

static const Choice BUDGET = {
    N_("Budget"),
    N_("The most tokens of a thought. Default: 2,048"),
    { "0", "256", "1,024", "2,048", "8,192", "32,768", N_("no limit"), NULL },
    { 0, 256, 1024, 2048, 8192, 32768, -1 }
};
static const Choice THOUGHTS = {
    N_("Show thoughts"),
    N_("Default: while thinking"),
    { N_("while thinking"), N_("folded"), N_("open"), NULL },
    { TARN_THOUGHTS_LIVE, TARN_THOUGHTS_FOLDED, TARN_THOUGHTS_OPEN }
};
static const Choice CONTEXT = {
    N_("Context"),
    N_("How many tokens a chat may hold. Default: as the model allows, at "
       "most 32,768. Counts when a model is loaded next"),
    { N_("default"), "2,048", "4,096", "8,192", "16,384", "32,768", "65,536",
      "128,000", NULL },
    { 0, 2048, 4096, 8192, 16384, 32768, 65536, 128000 }
};
static const Choice KV = {
    N_("State in"),
    N_("q8_0 halves the memory of a long chat. Default: f16. Counts when a "
       "model is loaded next"),
    { "f16", "f32", "q8_0", NULL },
    { TARN_KV_F16, TARN_KV_F32, TARN_KV_Q8_0 }
};
static const Choice SCHEME = { N_("Colours"),
                               N_("Default: as the system"),
                               { N_("system"), N_("light"), N_("dark"), NULL },
                               { TARN_SCHEME_SYSTEM, TARN_SCHEME_LIGHT,
                                 TARN_SCHEME_DARK } };

static void tell(Sheet *s)
{
    if (!s->filling)
        s->changed(s->user);
}

static void title(GtkWidget *row, const char *name, const char *hint)
{
    adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), name);
    adw_action_row_set_subtitle(ADW_ACTION_ROW(row), hint);
    adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
}

static guint *member(Sheet *s, const Choice *c)
{
    TarnSettings *t = s->settings;
    return c == &BUDGET     ? (guint *)&t->budget
           : c == &THOUGHTS ? &t->thoughts
           : c == &CONTEXT  ? &t->context
           : c == &KV       ? &t->kv
                            : &t->scheme;
}

static void on_chosen(AdwComboRow *row, GParamSpec *p, Sheet *s)
{
    const Choice *c = g_object_get_data(G_OBJECT(row), "choice");
    guint at = adw_combo_row_get_selected(row);
    (void)p;
    if (at < G_N_ELEMENTS(c->values))
        *member(s, c) = (guint)c->values[at];
    tell(s);
}

static GtkWidget *make_choice(Sheet *s, const Choice *c)
{
    GtkWidget *row = adw_combo_row_new();
    g_autoptr(GtkStringList) words = gtk_string_list_new(NULL);
    guint selected = GTK_INVALID_LIST_POSITION;
    title(row, gettext(c->title), gettext(c->hint));
    for (guint i = 0; c->words[i]; i++) {
        gtk_string_list_append(words, gettext(c->words[i]));
        if ((guint)c->values[i] == *member(s, c))
            selected = i;
    }
    if (selected == GTK_INVALID_LIST_POSITION) { /* one set by hand */
        g_autofree char *n = tarn_words_count(*member(s, c));
        selected = g_list_model_get_n_items(G_LIST_MODEL(words));
        gtk_string_list_append(words, n);
    }
    adw_combo_row_set_model(ADW_COMBO_ROW(row), G_LIST_MODEL(words));
    adw_combo_row_set_selected(ADW_COMBO_ROW(row), selected);
    g_object_set_data(G_OBJECT(row), "choice", (gpointer)c);
    g_signal_connect(row, "notify::selected", G_CALLBACK(on_chosen), s);
    return row;
}

/* ------------------------------------------------------------------ switches
 */
static void on_switch(GtkSwitch *w, GParamSpec *p, Sheet *s)
{
    gboolean on = gtk_switch_get_active(w);
    (void)p;
    if (g_object_get_data(G_OBJECT(w), "loops"))
        s->settings->keep_loops = !on;
    else
        s->settings->ctrl_sends = on;
    tell(s);
}

static GtkWidget *make_switch(Sheet *s, const char *name, const char *hint,
                              gboolean loops)
{
    GtkWidget *row = adw_action_row_new(), *w = gtk_switch_new();
    title(row, name, hint);
    gtk_widget_set_valign(w, GTK_ALIGN_CENTER);
    gtk_switch_set_active(GTK_SWITCH(w), loops ? !s->settings->keep_loops
                                               : s->settings->ctrl_sends);
    if (loops)
        g_object_set_data(G_OBJECT(w), "loops", w);
    g_signal_connect(w, "notify::active", G_CALLBACK(on_switch), s);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), w);
    adw_action_row_set_activatable_widget(ADW_ACTION_ROW(row), w);
    return row;
}

/* ------------------------------------------------------- numbers of one's own
 */
enum number { TEMPERATURE, TOP_K, REPEAT_PENALTY, SEED };
static const struct {
    const char *title, *hint;
    double least, most, step, first;
    guint digits;
} NUMBERS[] = {
    { N_("Temperature"), N_("Default: as the model’s file says, else 0.2"), 0,
      5, 0.1, 0.2, 2 },
    { N_("Top-k"), N_("Default: as the model’s file says, else 80. 0: all"), 0,
      1000, 1, 80, 0 },
    { N_("Repetition penalty"),
      N_("Default: as the model’s file says, else 1.05"), 0.5, 2, 0.05, 1.05,
      2 },
    { N_("Seed"),
      N_("Default: new each turn. The same seed gives the same "
         "text"),
      0, 1e15, 1, 1, 0 }
};

static double number(const Sheet *s, enum number which)
{
    const TarnSettings *t = s->settings;
    switch (which) {
    case TEMPERATURE:
        return t->temperature;
    case TOP_K:
        return t->top_k;
    case REPEAT_PENALTY:
        return t->repeat_penalty;
    case SEED:
        break;
    }
    return (double)t->seed;
}

static void set_number(Sheet *s, enum number which, double x)
{
    TarnSettings *t = s->settings;
    switch (which) {
    case TEMPERATURE:
        t->temperature = x;
        break;
    case TOP_K:
        t->top_k = (int)x;
        break;
    case REPEAT_PENALTY:
        t->repeat_penalty = x;
        break;
    case SEED:
        t->seed = (gint64)x;
        break;
    }
    tell(s);
}

static void on_number(GtkWidget *any, GParamSpec *p, Sheet *s)
{
    GtkSwitch *own = g_object_get_data(G_OBJECT(any), "own");
    GtkSpinButton *spin = g_object_get_data(G_OBJECT(any), "spin");
    gboolean on = gtk_switch_get_active(own);
    (void)p;
    gtk_widget_set_sensitive(GTK_WIDGET(spin), on);
    set_number(
        s,
        (enum number)GPOINTER_TO_INT(g_object_get_data(G_OBJECT(any), "which")),
        on ? gtk_spin_button_get_value(spin) : -1);
}

static void remember(GtkWidget *w, GtkWidget *own, GtkWidget *spin,
                     enum number which)
{
    g_object_set_data(G_OBJECT(w), "own", own);
    g_object_set_data(G_OBJECT(w), "spin", spin);
    g_object_set_data(G_OBJECT(w), "which", GINT_TO_POINTER((int)which));
    gtk_widget_set_valign(w, GTK_ALIGN_CENTER);
}

static GtkWidget *make_number(Sheet *s, enum number which)
{
    double x = number(s, which);
    GtkWidget *row = adw_action_row_new(), *own = gtk_switch_new();
    GtkWidget *spin = gtk_spin_button_new_with_range(
        NUMBERS[which].least, NUMBERS[which].most, NUMBERS[which].step);
    const char *name = gettext(NUMBERS[which].title);
    g_autofree char *set = g_strdup_printf(_("Set %s"), name);
    title(row, name, gettext(NUMBERS[which].hint));
    gtk_spin_button_set_digits(GTK_SPIN_BUTTON(spin), NUMBERS[which].digits);
    gtk_spin_button_set_value(GTK_SPIN_BUTTON(spin),
                              x >= 0 ? x : NUMBERS[which].first);
    gtk_switch_set_active(GTK_SWITCH(own), x >= 0);
    gtk_widget_set_sensitive(spin, x >= 0);
    remember(own, own, spin, which);
    remember(spin, own, spin, which);
    gtk_accessible_update_property(GTK_ACCESSIBLE(spin),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(own),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, set, -1);
    g_signal_connect(own, "notify::active", G_CALLBACK(on_number), s);
    g_signal_connect(spin, "notify::value", G_CALLBACK(on_number), s);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), spin);
    adw_action_row_add_suffix(ADW_ACTION_ROW(row), own);
    return row;
}

/* --------------------------------------------------------------------- pages
 */
static void fill(Sheet *s);

/* The button that was pressed goes with its page: not from its own signal. */
static gboolean fill_again(gpointer window)
{
    Sheet *s = g_object_get_data(window, "sheet");
    if (s)
        fill(s);
    return G_SOURCE_REMOVE;
}

static void on_reset(GtkButton *b, Sheet *s)
{
    TarnSettings usual, *t = s->settings;
    (void)b;
    tarn_settings_reset(&usual);
    switch (s->page) {
    case 0:
        t->budget = usual.budget;
        t->thoughts = usual.thoughts;
        t->keep_loops = usual.keep_loops;
        break;
    case 1:
        t->temperature = usual.temperature;
        t->top_k = usual.top_k;
        t->repeat_penalty = usual.repeat_penalty;
        t->seed = usual.seed;
        break;
    case 2:
        t->context = usual.context;
        t->kv = usual.kv;
        break;
    default:
        t->scheme = usual.scheme;
        t->ctrl_sends = usual.ctrl_sends;
    }
    g_idle_add_full(G_PRIORITY_DEFAULT, fill_again, g_object_ref(s->window),
                    g_object_unref);
    tell(s);
}

static void add_rows(Sheet *s, AdwPreferencesGroup *g, guint page)
{
    switch (page) {
    case 0:
        adw_preferences_group_add(g, make_choice(s, &BUDGET));
        adw_preferences_group_add(g, make_choice(s, &THOUGHTS));
        adw_preferences_group_add(
            g, make_switch(s, _("Break loops"),
                           _("A thought that goes round in a circle is taken "
                             "back and goes on another way. Default: on"),
                           TRUE));
        break;
    case 1:
        for (enum number n = TEMPERATURE; n <= SEED; n++)
            adw_preferences_group_add(g, make_number(s, n));
        break;
    case 2:
        adw_preferences_group_add(g, make_choice(s, &CONTEXT));
        adw_preferences_group_add(g, make_choice(s, &KV));
        break;
    default:
        adw_preferences_group_add(g, make_choice(s, &SCHEME));
        adw_preferences_group_add(
            g, make_switch(s, _("Ctrl+Return sends"),
                           _("Return alone makes a new line then. Default: "
                             "off"),
                           FALSE));
    }
}

static void on_page(AdwPreferencesWindow *w, GParamSpec *p, Sheet *s)
{
    const char *name = adw_preferences_window_get_visible_page_name(w);
    (void)p;
    if (name && !s->filling)
        s->page = (guint)(name[0] - '0');
}

/* The window keeps its pages in no order that it tells: they are remembered. */
static void fill(Sheet *s)
{
    static const char *const TITLES[] = { N_("Thinking"), N_("Writing"),
                                          N_("Memory"), N_("Appearance") };
    static const char *const ICONS[] = { "view-conceal-symbolic",
                                         "document-edit-symbolic",
                                         "drive-harddisk-symbolic",
                                         "applications-graphics-symbolic" };
    guint open = s->page;
    s->filling = TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(TITLES); i++) {
        char key[2] = { (char)('0' + i), 0 };
        AdwPreferencesPage *old = g_object_get_data(G_OBJECT(s->window), key);
        if (old)
            adw_preferences_window_remove(s->window, old);
        GtkWidget *page = adw_preferences_page_new();
        GtkWidget *group = adw_preferences_group_new();
        GtkWidget *reset = gtk_button_new_with_label(_("Reset"));
        adw_preferences_page_set_name(ADW_PREFERENCES_PAGE(page), key);
        adw_preferences_page_set_title(ADW_PREFERENCES_PAGE(page),
                                       gettext(TITLES[i]));
        adw_preferences_page_set_icon_name(ADW_PREFERENCES_PAGE(page),
                                           ICONS[i]);
        adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(group),
                                        gettext(TITLES[i]));
        gtk_widget_add_css_class(reset, "flat");
        g_signal_connect(reset, "clicked", G_CALLBACK(on_reset), s);
        adw_preferences_group_set_header_suffix(ADW_PREFERENCES_GROUP(group),
                                                reset);
        add_rows(s, ADW_PREFERENCES_GROUP(group), i);
        adw_preferences_page_add(ADW_PREFERENCES_PAGE(page),
                                 ADW_PREFERENCES_GROUP(group));
        adw_preferences_window_add(s->window, ADW_PREFERENCES_PAGE(page));
        g_object_set_data(G_OBJECT(s->window), key, page);
    }
    char key[2] = { (char)('0' + open), 0 };
    adw_preferences_window_set_visible_page_name(s->window, key);
    s->page = open;
    s->filling = FALSE;
}

void tarn_preferences_present(GtkWindow *parent, TarnSettings *settings,
                              void (*changed)(gpointer user), gpointer user)
{
    Sheet *s = g_new0(Sheet, 1);
    s->settings = settings;
    s->changed = changed;
    s->user = user;
    s->window = g_object_new(
        ADW_TYPE_PREFERENCES_WINDOW, "title", _("Settings"), "transient-for",
        parent, "destroy-with-parent", TRUE, "search-enabled", FALSE,
        "default-width", 640, "default-height", 520, NULL);
    g_object_set_data_full(G_OBJECT(s->window), "sheet", s, g_free);
    fill(s);
    g_signal_connect(s->window, "notify::visible-page-name",
                     G_CALLBACK(on_page), s);
    gtk_window_present(GTK_WINDOW(s->window));
}
