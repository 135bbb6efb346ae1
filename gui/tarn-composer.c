/* tarn-composer.c - see tarn-composer.h. */
#include "gui/tarn-composer.h"

#include "gui/tarn-config.h"
#include "gui/tarn-words.h"

enum { ECHO_US = 400000 };

struct _TarnComposer {
    GtkBox parent;
    GtkTextView *text;
    GtkLabel *placeholder;
    GtkButton *send, *stop, *schema;
    GtkMenuButton *plus, *budget, *tools;
    GMenu *presets; /* borrowed from the menu of plus */
    GtkBox *chips;
    gboolean busy, ready, ctrl_sends;
    gint64 stopped; /* µs */
};
G_DEFINE_FINAL_TYPE(TarnComposer, tarn_composer, GTK_TYPE_BOX)

enum { SEND, STOP, DRAFT, N_SIGNALS };
static guint signals[N_SIGNALS];

char *tarn_composer_get_text(TarnComposer *c)
{
    GtkTextIter s, e;
    GtkTextBuffer *b = gtk_text_view_get_buffer(c->text);
    gtk_text_buffer_get_bounds(b, &s, &e);
    return gtk_text_buffer_get_text(b, &s, &e, FALSE);
}

static gboolean is_blank(TarnComposer *c)
{
    g_autofree char *text = g_strstrip(tarn_composer_get_text(c));
    return !*text;
}

static gboolean has_chips(TarnComposer *c)
{
    return gtk_widget_get_first_child(GTK_WIDGET(c->chips)) != NULL;
}

static void update(TarnComposer *c)
{
    gtk_widget_set_visible(
        GTK_WIDGET(c->placeholder),
        gtk_text_buffer_get_char_count(gtk_text_view_get_buffer(c->text)) == 0);
    gtk_widget_set_sensitive(GTK_WIDGET(c->send),
                             c->ready && (!is_blank(c) || has_chips(c)));
    gtk_widget_set_visible(GTK_WIDGET(c->send), !c->busy);
    gtk_widget_set_visible(GTK_WIDGET(c->stop), c->busy);
}

void tarn_composer_set_state(TarnComposer *c, gboolean busy, gboolean ready)
{
    c->busy = busy;
    c->ready = ready;
    update(c);
}

void tarn_composer_set_budget(TarnComposer *c, int tokens)
{
    g_autofree char *n = tarn_words_count((guint64)MAX(tokens, 0));
    g_autofree char *label =
        tokens >= 0 ? g_strdup_printf(_("Budget %s"), n)
                    : g_strdup(_("No limit"));
    g_autofree char *name =
        tokens >= 0
            ? g_strdup_printf(ngettext("Thinking budget, %s token",
                                       "Thinking budget, %s tokens",
                                       (gulong)tokens),
                              n)
            : g_strdup(_("Thinking budget, no limit"));
    gtk_menu_button_set_label(c->budget, label);
    gtk_accessible_update_property(GTK_ACCESSIBLE(c->budget),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static GMenu *list(char *const *names, const char *action)
{
    GMenu *menu = g_menu_new();
    for (gsize i = 0; names[i]; i++) {
        g_auto(GStrv) parts = g_strsplit(names[i], "_", -1);
        g_autofree char *label = g_strjoinv("__", parts); /* no mnemonics */
        g_autoptr(GMenuItem) item = g_menu_item_new(label, NULL);
        g_menu_item_set_action_and_target(item, action, "s", names[i]);
        g_menu_append_item(menu, item);
    }
    return menu;
}

void tarn_composer_set_presets(TarnComposer *c, char *const *names)
{
    g_autoptr(GMenu) use = list(names, "win.preset");
    g_autoptr(GMenu) remove = list(names, "win.remove-preset");
    g_autoptr(GMenu) deeds = g_menu_new();
    g_menu_remove_all(c->presets);
    g_menu_append(deeds, _("Save as preset…"), "win.save-preset");
    if (names[0])
        g_menu_append_submenu(deeds, _("Remove preset"), G_MENU_MODEL(remove));
    g_menu_append_section(c->presets, NULL, G_MENU_MODEL(use));
    g_menu_append_section(c->presets, NULL, G_MENU_MODEL(deeds));
}

void tarn_composer_set_tools(TarnComposer *c, gboolean on)
{
    const char *text = on ? _("Tools: calculator, clock") : _("Tools: none");
    gtk_menu_button_set_label(c->tools, text);
    gtk_accessible_update_property(GTK_ACCESSIBLE(c->tools),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

void tarn_composer_set_schema(TarnComposer *c, gboolean on)
{
    gtk_widget_set_visible(GTK_WIDGET(c->schema), on);
}

void tarn_composer_set_ctrl_sends(TarnComposer *c, gboolean ctrl)
{
    c->ctrl_sends = ctrl;
}

void tarn_composer_set_text(TarnComposer *c, const char *text)
{
    gtk_text_buffer_set_text(gtk_text_view_get_buffer(c->text), text, -1);
    GtkTextIter end;
    gtk_text_buffer_get_end_iter(gtk_text_view_get_buffer(c->text), &end);
    gtk_text_buffer_place_cursor(gtk_text_view_get_buffer(c->text), &end);
}

void tarn_composer_focus(TarnComposer *c)
{
    gtk_widget_grab_focus(GTK_WIDGET(c->text));
}

void tarn_composer_describe(TarnComposer *c, const char *text)
{
    gtk_accessible_update_property(
        GTK_ACCESSIBLE(c->text), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}

static void on_remove(GtkButton *chip, TarnComposer *c)
{
    gtk_box_remove(c->chips, GTK_WIDGET(chip));
    gtk_widget_set_visible(GTK_WIDGET(c->chips), has_chips(c));
    update(c);
    tarn_composer_focus(c);
}

void tarn_composer_attach(TarnComposer *c, const char *name, const char *text,
                          guint tokens)
{
    g_autofree char *n = tarn_words_count(tokens);
    g_autofree char *label = g_strdup_printf(
        ngettext("%s · %s token  ✕", "%s · %s tokens  ✕", tokens), name, n);
    g_autofree char *say = g_strdup_printf(_("Remove %s"), name);
    GtkWidget *chip = gtk_button_new_with_label(label);
    gtk_accessible_update_property(GTK_ACCESSIBLE(chip),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, say, -1);
    gtk_widget_add_css_class(chip, "chip");
    g_object_set_data_full(G_OBJECT(chip), "text",
                           g_strdup_printf("File %s:\n\n%s\n\n", name, text),
                           g_free);
    g_signal_connect(chip, "clicked", G_CALLBACK(on_remove), c);
    gtk_box_append(c->chips, chip);
    gtk_widget_set_visible(GTK_WIDGET(c->chips), TRUE);
    update(c);
}

/* What is attached, then what was typed. */
static char *take_chips(TarnComposer *c, const char *typed)
{
    GString *s = g_string_new(NULL);
    GtkWidget *chip;
    while ((chip = gtk_widget_get_first_child(GTK_WIDGET(c->chips)))) {
        g_string_append(s, g_object_get_data(G_OBJECT(chip), "text"));
        gtk_box_remove(c->chips, chip);
    }
    gtk_widget_set_visible(GTK_WIDGET(c->chips), FALSE);
    g_string_append(s, typed);
    return g_string_free(s, FALSE);
}

static void on_send(TarnComposer *c)
{
    if (c->busy || !c->ready || (is_blank(c) && !has_chips(c)))
        return;
    g_autofree char *typed = tarn_composer_get_text(c);
    g_autofree char *text = take_chips(c, typed);
    tarn_composer_set_text(c, "");
    g_signal_emit(c, signals[SEND], 0, text);
}

/* GTK holds back the "clicked" of a button that was activated by key or by a
 * screen reader for 250 ms: "activate" itself stops, what comes after it is
 * not meant for the next turn. */
static void on_stop(TarnComposer *c)
{
    gint64 now = g_get_monotonic_time();
    if (now - c->stopped > ECHO_US && c->busy) {
        c->stopped = now;
        g_signal_emit(c, signals[STOP], 0);
    }
}

static void on_changed(TarnComposer *c)
{
    update(c);
    g_signal_emit(c, signals[DRAFT], 0);
}

static gboolean on_key(TarnComposer *c, guint key, guint code,
                       GdkModifierType mods, GtkEventController *controller)
{
    (void)code;
    if (key == GDK_KEY_Escape && c->busy) {
        on_stop(c);
        return TRUE;
    }
    if (key == GDK_KEY_Up &&
        !gtk_text_buffer_get_char_count(gtk_text_view_get_buffer(c->text))) {
        gtk_widget_activate_action(GTK_WIDGET(c), "win.edit-last", NULL);
        return TRUE;
    }
    gboolean enter = key == GDK_KEY_Return || key == GDK_KEY_KP_Enter;
    GdkModifierType other = GDK_SHIFT_MASK | GDK_CONTROL_MASK | GDK_ALT_MASK;
    if (!enter || (mods & other) != (c->ctrl_sends ? GDK_CONTROL_MASK : 0))
        return FALSE;
    /* An input method may need the key to finish a word. */
    GdkEvent *event = gtk_event_controller_get_current_event(controller);
    if (event && gtk_text_view_im_context_filter_keypress(c->text, event))
        return TRUE;
    on_send(c);
    return TRUE;
}

static void tarn_composer_dispose(GObject *o)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    G_OBJECT_CLASS(tarn_composer_parent_class)->dispose(o);
}

static void tarn_composer_class_init(TarnComposerClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_composer_dispose;
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-composer.ui");
    gtk_widget_class_bind_template_child(w, TarnComposer, text);
    gtk_widget_class_bind_template_child(w, TarnComposer, placeholder);
    gtk_widget_class_bind_template_child(w, TarnComposer, send);
    gtk_widget_class_bind_template_child(w, TarnComposer, stop);
    gtk_widget_class_bind_template_child(w, TarnComposer, plus);
    gtk_widget_class_bind_template_child(w, TarnComposer, budget);
    gtk_widget_class_bind_template_child(w, TarnComposer, tools);
    gtk_widget_class_bind_template_child(w, TarnComposer, schema);
    gtk_widget_class_bind_template_child(w, TarnComposer, chips);
    gtk_widget_class_bind_template_callback(w, on_send);
    gtk_widget_class_bind_template_callback(w, on_stop);
    gtk_widget_class_bind_template_callback(w, on_key);
    signals[SEND] =
        g_signal_new("send", TARN_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL,
                     NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
    signals[DRAFT] =
        g_signal_new("draft", TARN_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL,
                     NULL, NULL, G_TYPE_NONE, 0);
    signals[STOP] = g_signal_new("stop", TARN_TYPE_COMPOSER, G_SIGNAL_RUN_LAST,
                                 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void tarn_composer_init(TarnComposer *c)
{
    g_autoptr(GMenu) presets = g_menu_new();
    gtk_widget_init_template(GTK_WIDGET(c));
    c->presets = presets;
    g_menu_append_submenu(G_MENU(gtk_menu_button_get_menu_model(c->plus)),
                          _("Preset"), G_MENU_MODEL(presets));
    g_signal_connect_object(gtk_text_view_get_buffer(c->text), "changed",
                            G_CALLBACK(on_changed), c, G_CONNECT_SWAPPED);
    update(c);
}
