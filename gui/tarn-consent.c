/* tarn-consent.c - see tarn-consent.h. */
#include "gui/tarn-consent.h"

#include <string.h>

#include "core/base/json.h"
#include "gui/tarn-config.h"
#include "gui/tarn-prose.h"
#include "gui/tarn-words.h"

enum {
    NO_CLICK_MS = 500,
    MOST_LINES = 12,
    LINE_HEIGHT = 20,
    SAY_SIZE = 1000 /* bytes: from here on the size is told */
};

struct _TarnConsent {
    GtkBox parent;
    GtkExpander *line, *written;
    GtkBox *card, *arguments, *hand, *buttons;
    GtkLabel *wants, *effects;
    GtkTextView *result;
    GtkButton *once, *send;
    GtkMenuButton *always;
    guint number, unlock;
    gboolean decided;
    char *name;
};
G_DEFINE_FINAL_TYPE(TarnConsent, tarn_consent, GTK_TYPE_BOX)

static guint signal_decided;

/* Each by itself: a screen reader does not hear of their box. */
static void set_sensitive(TarnConsent *c, gboolean sensitive)
{
    for (GtkWidget *w = gtk_widget_get_first_child(GTK_WIDGET(c->buttons)); w;
         w = gtk_widget_get_next_sibling(w))
        gtk_widget_set_sensitive(w, sensitive);
}

static void decide(TarnConsent *c, enum tarn_consent how, const char *text)
{
    if (c->decided)
        return;
    c->decided = TRUE;
    set_sensitive(c, FALSE);
    g_signal_emit(c, signal_decided, 0, c->number, (guint)how, text);
}

static void on_deny(TarnConsent *c)
{
    decide(c, TARN_CONSENT_DENY, "");
}

static void on_once(TarnConsent *c)
{
    decide(c, TARN_CONSENT_ONCE, "");
}

static void on_menu(GSimpleAction *action, GVariant *how, gpointer user)
{
    (void)action;
    decide(user, (enum tarn_consent)g_variant_get_uint32(how), "");
}

static void on_hand(TarnConsent *c)
{
    gtk_widget_set_visible(GTK_WIDGET(c->hand), TRUE);
    gtk_widget_grab_focus(GTK_WIDGET(c->result));
}

static void on_send(TarnConsent *c)
{
    GtkTextBuffer *b = gtk_text_view_get_buffer(c->result);
    GtkTextIter from, to;
    gtk_text_buffer_get_bounds(b, &from, &to);
    g_autofree char *text = gtk_text_buffer_get_text(b, &from, &to, FALSE);
    decide(c, TARN_CONSENT_BY_HAND, text);
}

static gboolean unlock(gpointer user)
{
    TarnConsent *c = user;
    c->unlock = 0;
    set_sensitive(c, TRUE);
    return G_SOURCE_REMOVE;
}

/* ------------------------------------------------------------------ showing */
/* Characters that are not seen as what they are become \u{202E}: foreign text
 * may not look like something else (RELIABILITY 1.3). */
static char *visible(const char *text, gsize size)
{
    g_autofree char *valid = tarn_words_valid(text, (gssize)size);
    GString *s = g_string_new(NULL);
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        GUnicodeType type = g_unichar_type(c);
        gboolean hidden =
            type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
            type == G_UNICODE_UNASSIGNED || type == G_UNICODE_PRIVATE_USE ||
            c == 0x3164 || (type == G_UNICODE_SPACE_SEPARATOR && c != ' ');
        if (hidden && c != '\n' && c != '\t')
            g_string_append_printf(s, "\\u{%04X}", c);
        else
            g_string_append_unichar(s, c);
    }
    return g_string_free(s, FALSE);
}

/* Whole, in monospace, twelve lines high and then scrolling. */
static GtkWidget *make_text(const char *text, gsize size)
{
    g_autofree char *shown = visible(text, size);
    GtkWidget *view = tarn_prose_new();
    GtkWidget *scroller = gtk_scrolled_window_new();
    gtk_text_view_set_monospace(GTK_TEXT_VIEW(view), TRUE);
    tarn_prose_append(TARN_PROSE(view), shown, strlen(shown));
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller),
                                   GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_propagate_natural_height(
        GTK_SCROLLED_WINDOW(scroller), TRUE);
    gtk_scrolled_window_set_max_content_height(GTK_SCROLLED_WINDOW(scroller),
                                               MOST_LINES * LINE_HEIGHT);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), view);
    return scroller;
}

static void add_argument(GtkBox *box, const char *name, gsize name_size,
                         const char *text, gsize size)
{
    g_autofree char *key = visible(name, name_size);
    g_autofree char *bytes = tarn_words_count(size);
    g_autofree char *head =
        size > SAY_SIZE ? g_strdup_printf(_("%s · %s bytes"), key, bytes)
                        : g_strdup(key);
    GtkWidget *label = gtk_label_new(head);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_widget_add_css_class(label, "hint");
    if (*head)
        gtk_box_append(box, label);
    gtk_box_append(box, make_text(text, size));
}

/* Strings as they are, other values as JSON writes them. */
static void add_value(GtkBox *box, const struct tarn_json *v)
{
    static const char *const WORDS[] = { "null", "false", "true" };
    if (v->kind <= TARN_JSON_TRUE)
        add_argument(box, v->key, v->key_size, WORDS[v->kind],
                     strlen(WORDS[v->kind]));
    else
        add_argument(box, v->key, v->key_size, v->text, v->size);
}

static void add_arguments(GtkBox *box, const char *arguments)
{
    struct tarn_json *doc = NULL;
    gboolean plain = FALSE;
    if (!tarn_json_read(arguments, strlen(arguments), &doc, NULL) &&
        doc->kind == TARN_JSON_OBJECT) {
        plain = TRUE;
        for (const struct tarn_json *v = doc->first; v; v = v->next)
            plain &= v->kind < TARN_JSON_ARRAY;
        for (const struct tarn_json *v = doc->first; plain && v; v = v->next)
            add_value(box, v);
    }
    if (!plain) /* lists and objects inside: all of it as JSON */
        add_argument(box, "", 0, arguments, strlen(arguments));
    tarn_json_free(doc);
}

void tarn_consent_done(TarnConsent *c, const struct tarn_asked *call,
                       enum tarn_consent how)
{
    static const char *const HOW[] = { N_("denied"), N_("allowed once"),
                                       N_("allowed in this chat"),
                                       N_("allowed in this chat"),
                                       N_("answered by hand") };
    gboolean good = call->decision == TARN_CALL_DONE;
    const char *word = call->decision == TARN_CALL_REFUSED ? _("not understood")
                                                           : gettext(HOW[how]);
    GtkWidget *inside = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);
    g_autofree char *size = tarn_words_count(call->result_size);
    g_autofree char *text =
        good ? g_strdup_printf(_("✓ %s · %s · %s bytes"), c->name, word, size)
             : g_strdup_printf("✕ %s · %s", c->name, word);
    c->decided = TRUE;
    add_arguments(GTK_BOX(inside), call->arguments ? call->arguments : "{}");
    if (call->result)
        add_argument(GTK_BOX(inside), _("result"), strlen(_("result")),
                     call->result, call->result_size);
    gtk_expander_set_label(c->line, text);
    gtk_expander_set_child(c->line, inside);
    gtk_widget_set_visible(GTK_WIDGET(c->line), TRUE);
    gtk_widget_set_visible(GTK_WIDGET(c->card), FALSE);
    gtk_accessible_update_property(GTK_ACCESSIBLE(c),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

GtkWidget *tarn_consent_new(guint number, const struct tarn_asked *call)
{
    TarnConsent *c = g_object_new(TARN_TYPE_CONSENT, NULL);
    c->number = number;
    c->name = visible(call->name, strlen(call->name));
    g_autofree char *wants =
        call->runs_here
            ? g_strdup_printf(_("%s wants to run."), c->name)
            : g_strdup_printf(_("The model called “%s”, which does not exist "
                                "here. You can answer for it."),
                              c->name);
    g_autofree char *whole = call->times > 1
                                 ? g_strdup_printf("%s ×%u", wants, call->times)
                                 : g_strdup(wants);
    gtk_label_set_text(c->wants, whole);
    add_arguments(c->arguments, call->arguments);
    gtk_label_set_text(c->effects,
                       call->effects ? call->effects : _("Effects unknown"));
    gtk_expander_set_child(c->written,
                           make_text(call->written, call->written_size));
    gtk_widget_set_visible(GTK_WIDGET(c->once), call->runs_here);
    gtk_widget_set_visible(GTK_WIDGET(c->always), call->runs_here);
    gtk_accessible_update_property(
        GTK_ACCESSIBLE(c), GTK_ACCESSIBLE_PROPERTY_LABEL, whole,
        GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, call->arguments, -1);
    return GTK_WIDGET(c);
}

GtkLabel *tarn_consent_wants(TarnConsent *c)
{
    return c->wants;
}

static void tarn_consent_dispose(GObject *o)
{
    GtkWidget *child;
    g_clear_handle_id(&TARN_CONSENT(o)->unlock, g_source_remove);
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    G_OBJECT_CLASS(tarn_consent_parent_class)->dispose(o);
}

static void tarn_consent_finalize(GObject *o)
{
    g_free(TARN_CONSENT(o)->name);
    G_OBJECT_CLASS(tarn_consent_parent_class)->finalize(o);
}

static void tarn_consent_class_init(TarnConsentClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_consent_dispose;
    G_OBJECT_CLASS(klass)->finalize = tarn_consent_finalize;
    gtk_widget_class_set_accessible_role(w, GTK_ACCESSIBLE_ROLE_ALERT_DIALOG);
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-consent.ui");
    gtk_widget_class_bind_template_child(w, TarnConsent, line);
    gtk_widget_class_bind_template_child(w, TarnConsent, written);
    gtk_widget_class_bind_template_child(w, TarnConsent, card);
    gtk_widget_class_bind_template_child(w, TarnConsent, arguments);
    gtk_widget_class_bind_template_child(w, TarnConsent, hand);
    gtk_widget_class_bind_template_child(w, TarnConsent, buttons);
    gtk_widget_class_bind_template_child(w, TarnConsent, wants);
    gtk_widget_class_bind_template_child(w, TarnConsent, effects);
    gtk_widget_class_bind_template_child(w, TarnConsent, result);
    gtk_widget_class_bind_template_child(w, TarnConsent, once);
    gtk_widget_class_bind_template_child(w, TarnConsent, send);
    gtk_widget_class_bind_template_child(w, TarnConsent, always);
    gtk_widget_class_bind_template_callback(w, on_deny);
    gtk_widget_class_bind_template_callback(w, on_once);
    gtk_widget_class_bind_template_callback(w, on_hand);
    gtk_widget_class_bind_template_callback(w, on_send);
    signal_decided = g_signal_new(
        "decided", TARN_TYPE_CONSENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
        G_TYPE_NONE, 3, G_TYPE_UINT, G_TYPE_UINT, G_TYPE_STRING);
}

static void tarn_consent_init(TarnConsent *c)
{
    static const GActionEntry ACTION = { .name = "decide",
                                         .activate = on_menu,
                                         .parameter_type = "u" };
    g_autoptr(GSimpleActionGroup) actions = g_simple_action_group_new();
    gtk_widget_init_template(GTK_WIDGET(c));
    g_action_map_add_action_entries(G_ACTION_MAP(actions), &ACTION, 1, c);
    gtk_widget_insert_action_group(GTK_WIDGET(c), "consent",
                                   G_ACTION_GROUP(actions));
    set_sensitive(c, FALSE);
    c->unlock = g_timeout_add(NO_CLICK_MS, unlock, c);
}
