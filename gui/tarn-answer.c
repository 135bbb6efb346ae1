/* tarn-answer.c - see tarn-answer.h. */
#include "gui/tarn-answer.h"

#include <string.h>

#include "core/tarn.h"
#include "gui/tarn-body.h"
#include "gui/tarn-branches.h"
#include "gui/tarn-code.h"
#include "gui/tarn-config.h"
#include "gui/tarn-editor.h"
#include "gui/tarn-thought.h"
#include "gui/tarn-words.h"

struct _TarnAnswer {
    TarnCullBox parent;
    GtkLabel *who, *wait, *figures;
    GtkProgressBar *reading;
    TarnThought *thought;
    TarnBody *body;
    GtkBox *calls, *foot, *notes;
    TarnEditor *editor;
    GtkMenuButton *ways, *more;
    TarnBranches *branches;
    GtkButton *regenerate;
    guint id;
    int budget;
    char *model;
    GString *thought_text, *call;
    gboolean thinking, growing;
};
G_DEFINE_FINAL_TYPE(TarnAnswer, tarn_answer, TARN_TYPE_CULL_BOX)

static void on_copy(TarnAnswer *a)
{
    g_autofree char *text = tarn_answer_copy(a, FALSE);
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(a)), text);
    gtk_widget_activate_action(GTK_WIDGET(a), "win.say-copied", NULL);
}

static void on_trace(TarnAnswer *a)
{
    gtk_widget_activate_action(GTK_WIDGET(a), "win.trace-of", "u", a->id);
}

static void on_regenerate(TarnAnswer *a)
{
    gtk_widget_activate_action(GTK_WIDGET(a), "win.regenerate-message", "u",
                               a->id);
}

static void on_edit(TarnAnswer *a)
{
    g_autofree char *text = g_strstrip(g_strdup(tarn_body_text(a->body)));
    gtk_widget_set_visible(GTK_WIDGET(a->body), FALSE);
    tarn_editor_open(a->editor, text, _("Edit answer"),
                     _("Keep as a new branch"));
}

static void on_cancelled(TarnAnswer *a)
{
    gtk_widget_set_visible(GTK_WIDGET(a->body), TRUE);
    gtk_widget_activate_action(GTK_WIDGET(a), "win.focus-composer", NULL);
}

static void on_done(TarnAnswer *a, const char *text)
{
    gtk_widget_set_visible(GTK_WIDGET(a->body), TRUE);
    gtk_widget_activate_action(GTK_WIDGET(a), "win.edited", "(us)", a->id,
                               text);
}

/* Each way is the action with the message and a word. */
static void make_ways(TarnAnswer *a)
{
    static const char *const WAYS[][2] = { { N_("Again"), "again" },
                                           { N_("With a longer budget"),
                                             "longer" },
                                           { N_("Cooler"), "cooler" },
                                           { N_("Warmer"), "warmer" } };
    g_autoptr(GMenu) menu = g_menu_new();
    for (gsize i = 0; i < G_N_ELEMENTS(WAYS); i++) {
        g_autoptr(GMenuItem) item = g_menu_item_new(gettext(WAYS[i][0]), NULL);
        g_menu_item_set_action_and_target(item, "win.regenerate-as", "(us)",
                                          a->id, WAYS[i][1]);
        g_menu_append_item(menu, item);
    }
    gtk_menu_button_set_menu_model(a->ways, G_MENU_MODEL(menu));
    g_autoptr(GMenu) more = g_menu_new();
    g_autoptr(GMenuItem) all = g_menu_item_new(_("Copy with thought"), NULL);
    g_menu_item_set_action_and_target(all, "win.copy-with-thought", "u", a->id);
    g_menu_append_item(more, all);
    gtk_menu_button_set_menu_model(a->more, G_MENU_MODEL(more));
}

char *tarn_answer_copy(TarnAnswer *a, gboolean thought)
{
    g_autofree char *body = g_strstrip(g_strdup(tarn_body_text(a->body)));
    if (!thought || !a->thought_text->len)
        return g_steal_pointer(&body);
    g_autofree char *bare = g_strstrip(g_strdup(a->thought_text->str));
    g_auto(GStrv) lines = g_strsplit(bare, "\n", -1);
    g_autofree char *quoted = g_strjoinv("\n> ", lines);
    return g_strconcat("> ", quoted, "\n\n", body, NULL);
}

static void set_wait(TarnAnswer *a, const char *text)
{
    gtk_label_set_text(a->wait, text ? text : "");
    gtk_widget_set_visible(GTK_WIDGET(a->wait), text != NULL);
}

static void set_growing(TarnAnswer *a, gboolean growing)
{
    a->growing = growing;
    gtk_widget_set_visible(GTK_WIDGET(a->foot), !growing);
    if (growing)
        gtk_widget_add_css_class(GTK_WIDGET(a), "growing");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(a), "growing");
}

void tarn_answer_set_thoughts(TarnAnswer *a, guint how)
{
    tarn_thought_set_how(a->thought, how);
}

void tarn_answer_open_thought(TarnAnswer *a)
{
    if (gtk_widget_get_visible(GTK_WIDGET(a->thought)))
        tarn_thought_set_open(a->thought, TRUE);
}

void tarn_answer_begin(TarnAnswer *a, int budget)
{
    a->budget = budget;
    set_growing(a, TRUE);
    set_wait(a, _("Reading…"));
}

void tarn_answer_go_on(TarnAnswer *a)
{
    tarn_answer_clear_notes(a);
    set_growing(a, TRUE);
}

void tarn_answer_reading(TarnAnswer *a, guint64 done, guint64 total)
{
    gboolean more = total > 0 && done < total;
    g_autofree char *n = tarn_words_count(total);
    g_autofree char *text = g_strdup_printf(
        ngettext("Reading %s token…", "Reading %s tokens…", (gulong)total), n);
    set_wait(a, text);
    gtk_widget_set_visible(GTK_WIDGET(a->reading), more);
    if (more)
        gtk_progress_bar_set_fraction(a->reading, (double)done / (double)total);
}

static void show_call(TarnAnswer *a)
{
    GtkWidget *c = tarn_code_new();
    gtk_widget_add_css_class(c, "call");
    tarn_code_update(TARN_CODE(c), a->call->str, _("call"), TRUE);
    gtk_box_append(a->calls, c);
    gtk_widget_set_visible(GTK_WIDGET(a->calls), TRUE);
    g_string_truncate(a->call, 0);
}

void tarn_answer_text(TarnAnswer *a, guint span, const char *text, gsize size)
{
    set_wait(a, NULL);
    gtk_widget_set_visible(GTK_WIDGET(a->reading), FALSE);
    if (span == TARN_SPAN_THOUGHT) {
        g_autofree char *valid = tarn_words_valid(text, (gssize)size);
        gtk_widget_set_visible(GTK_WIDGET(a->thought), TRUE);
        if (!a->thinking && a->growing)
            tarn_thought_begin(a->thought, a->budget);
        a->thinking = TRUE;
        g_string_append(a->thought_text, valid);
        tarn_thought_append(a->thought, valid, strlen(valid));
    } else if (span == TARN_SPAN_CALL) {
        g_autofree char *valid = tarn_words_valid(text, (gssize)size);
        g_string_append(a->call, valid);
    } else {
        gtk_widget_set_visible(GTK_WIDGET(a->body), TRUE);
        tarn_body_append(a->body, text, size);
    }
}

void tarn_answer_count(TarnAnswer *a, guint n_thought, double ms)
{
    if (a->thinking && a->growing)
        tarn_thought_count(a->thought, n_thought, ms);
}

void tarn_answer_thought_done(TarnAnswer *a, const TarnFigures *f)
{
    if (a->thinking)
        tarn_thought_finish(a->thought, f);
    a->thinking = FALSE;
}

gboolean tarn_answer_frame(TarnAnswer *a)
{
    return tarn_body_show(a->body);
}

void tarn_answer_clear_notes(TarnAnswer *a)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(a->notes))))
        gtk_box_remove(a->notes, child);
    gtk_widget_set_visible(GTK_WIDGET(a->notes), FALSE);
}

void tarn_answer_note(TarnAnswer *a, const char *text, gboolean error,
                      const char *button, const char *action, GVariant *target)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
    GtkWidget *label = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_selectable(GTK_LABEL(label), TRUE);
    gtk_widget_add_css_class(label, "wait");
    if (error)
        gtk_widget_add_css_class(label, "error-line");
    gtk_box_append(GTK_BOX(row), label);
    if (button) {
        GtkWidget *b = gtk_button_new_with_label(button);
        gtk_widget_set_valign(b, GTK_ALIGN_CENTER);
        gtk_widget_add_css_class(b, "deed");
        gtk_actionable_set_action_name(GTK_ACTIONABLE(b), action);
        gtk_actionable_set_action_target_value(GTK_ACTIONABLE(b), target);
        gtk_box_append(GTK_BOX(row), b);
    }
    gtk_box_append(a->notes, row);
    gtk_widget_set_visible(GTK_WIDGET(a->notes), TRUE);
}

void tarn_answer_finish(TarnAnswer *a, const TarnFigures *f)
{
    a->thinking = FALSE;
    if (a->thought_text->len) /* now it is known how the turn ended */
        tarn_thought_finish(a->thought, f);
    if (a->call->len)
        show_call(a);
    tarn_body_finish(a->body);
    set_growing(a, FALSE);
    set_wait(a, NULL);
    gtk_widget_set_visible(GTK_WIDGET(a->reading), FALSE);
    g_autofree char *line = tarn_figures_answer(f);
    gtk_label_set_text(a->figures, line ? line : "");
    g_autofree char *when = tarn_words_date(f->time);
    g_autofree char *name =
        g_strdup_printf(_("Answer by %s, %s"), a->model, when);
    gtk_accessible_update_property(GTK_ACCESSIBLE(a),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

void tarn_answer_clear_calls(TarnAnswer *a)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(a->calls))))
        gtk_box_remove(a->calls, child);
}

void tarn_answer_add_card(TarnAnswer *a, GtkWidget *card)
{
    gtk_box_append(a->calls, card);
    gtk_widget_set_visible(GTK_WIDGET(a->calls), TRUE);
}

void tarn_answer_set_branch(TarnAnswer *a, guint at, guint n)
{
    tarn_branches_set(a->branches, a->id, at, n);
}

void tarn_answer_toggle_thought(TarnAnswer *a)
{
    if (gtk_widget_get_visible(GTK_WIDGET(a->thought)))
        tarn_thought_set_open(a->thought, !tarn_thought_get_open(a->thought));
}

GtkWidget *tarn_answer_new(guint id, const char *model)
{
    TarnAnswer *a = g_object_new(TARN_TYPE_ANSWER, NULL);
    a->id = id;
    make_ways(a);
    a->model = tarn_words_line(model && *model ? model : _("Model"), 60);
    gtk_label_set_text(a->who, a->model);
    g_autofree char *name = g_strdup_printf(_("Answer by %s"), a->model);
    gtk_accessible_update_property(GTK_ACCESSIBLE(a),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    return GTK_WIDGET(a);
}

static void tarn_answer_dispose(GObject *o)
{
    GtkWidget *child;
    while ((child = gtk_widget_get_first_child(GTK_WIDGET(o))))
        gtk_widget_unparent(child);
    G_OBJECT_CLASS(tarn_answer_parent_class)->dispose(o);
}

static void tarn_answer_finalize(GObject *o)
{
    TarnAnswer *a = TARN_ANSWER(o);
    g_free(a->model);
    g_string_free(a->thought_text, TRUE);
    g_string_free(a->call, TRUE);
    G_OBJECT_CLASS(tarn_answer_parent_class)->finalize(o);
}

static void tarn_answer_class_init(TarnAnswerClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = tarn_answer_dispose;
    G_OBJECT_CLASS(klass)->finalize = tarn_answer_finalize;
    g_type_ensure(TARN_TYPE_BRANCHES);
    g_type_ensure(TARN_TYPE_EDITOR);
    g_type_ensure(TARN_TYPE_THOUGHT);
    g_type_ensure(TARN_TYPE_BODY);
    gtk_widget_class_set_accessible_role(w, GTK_ACCESSIBLE_ROLE_GROUP);
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-answer.ui");
    gtk_widget_class_bind_template_child(w, TarnAnswer, who);
    gtk_widget_class_bind_template_child(w, TarnAnswer, wait);
    gtk_widget_class_bind_template_child(w, TarnAnswer, reading);
    gtk_widget_class_bind_template_child(w, TarnAnswer, thought);
    gtk_widget_class_bind_template_child(w, TarnAnswer, body);
    gtk_widget_class_bind_template_child(w, TarnAnswer, calls);
    gtk_widget_class_bind_template_child(w, TarnAnswer, notes);
    gtk_widget_class_bind_template_child(w, TarnAnswer, editor);
    gtk_widget_class_bind_template_child(w, TarnAnswer, ways);
    gtk_widget_class_bind_template_child(w, TarnAnswer, more);
    gtk_widget_class_bind_template_child(w, TarnAnswer, foot);
    gtk_widget_class_bind_template_child(w, TarnAnswer, branches);
    gtk_widget_class_bind_template_child(w, TarnAnswer, regenerate);
    gtk_widget_class_bind_template_child(w, TarnAnswer, figures);
    gtk_widget_class_bind_template_callback(w, on_edit);
    gtk_widget_class_bind_template_callback(w, on_done);
    gtk_widget_class_bind_template_callback(w, on_cancelled);
    gtk_widget_class_bind_template_callback(w, on_copy);
    gtk_widget_class_bind_template_callback(w, on_trace);
    gtk_widget_class_bind_template_callback(w, on_regenerate);
}

static void tarn_answer_init(TarnAnswer *a)
{
    a->thought_text = g_string_new(NULL);
    a->call = g_string_new(NULL);
    gtk_widget_init_template(GTK_WIDGET(a));
}
