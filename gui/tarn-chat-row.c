/* tarn-chat-row.c - see tarn-chat-row.h. */
#include "gui/tarn-chat-row.h"

#include <string.h>

#include "gui/tarn-config.h"
#include "gui/tarn-words.h"

struct _TarnChatRow {
    GtkListBoxRow parent;
    GtkLabel *title, *hint;
    gint64 number;
    char *group, *folded;
};
G_DEFINE_FINAL_TYPE(TarnChatRow, tarn_chat_row, GTK_TYPE_LIST_BOX_ROW)

static char *group_of(gint64 unix_seconds)
{
    g_autoptr(GDateTime) then = g_date_time_new_from_unix_local(unix_seconds);
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    if (!then)
        return g_strdup("");
    g_autoptr(GDateTime) today = g_date_time_new_local(
        g_date_time_get_year(now), g_date_time_get_month(now),
        g_date_time_get_day_of_month(now), 0, 0, 0);
    GTimeSpan before = g_date_time_difference(today, then);
    if (before <= 0)
        return g_strdup(_("Today"));
    if (before <= G_TIME_SPAN_DAY)
        return g_strdup(_("Yesterday"));
    if (before <= 6 * G_TIME_SPAN_DAY)
        return g_strdup(_("This week"));
    gboolean same = g_date_time_get_year(then) == g_date_time_get_year(now);
    return g_date_time_format(then, same ? "%B" : "%B %Y");
}

static void on_delete(TarnChatRow *r)
{
    gtk_widget_activate_action(GTK_WIDGET(r), "win.delete-chat", "x",
                               r->number);
}

static void on_rename(TarnChatRow *r)
{
    gtk_widget_activate_action(GTK_WIDGET(r), "win.rename-chat", "x",
                               r->number);
}

GtkWidget *tarn_chat_row_new(const TarnChatInfo *info)
{
    TarnChatRow *r = g_object_new(TARN_TYPE_CHAT_ROW, NULL);
    g_autofree char *when = tarn_words_date(info->changed);
    g_autofree char *hint = *info->model
                                ? g_strconcat(when, " · ", info->model, NULL)
                                : g_strdup(when);
    r->number = info->number;
    r->group = group_of(info->changed);
    r->folded = g_utf8_casefold(info->title, -1);
    gtk_label_set_text(r->title, info->title);
    gtk_label_set_text(r->hint, hint);
    g_autofree char *name = g_strconcat(info->title, ", ", hint, NULL);
    gtk_accessible_update_property(GTK_ACCESSIBLE(r),
                                   GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    return GTK_WIDGET(r);
}

gint64 tarn_chat_row_number(TarnChatRow *r)
{
    return r->number;
}

const char *tarn_chat_row_group(TarnChatRow *r)
{
    return r->group;
}

gboolean tarn_chat_row_matches(TarnChatRow *r, const char *words)
{
    g_autofree char *folded = g_utf8_casefold(words, -1);
    g_auto(GStrv) parts = g_strsplit_set(folded, " \t", -1);
    for (char **p = parts; *p; p++)
        if (**p && !strstr(r->folded, *p))
            return FALSE;
    return TRUE;
}

static void tarn_chat_row_finalize(GObject *o)
{
    g_free(TARN_CHAT_ROW(o)->group);
    g_free(TARN_CHAT_ROW(o)->folded);
    G_OBJECT_CLASS(tarn_chat_row_parent_class)->finalize(o);
}

static void tarn_chat_row_class_init(TarnChatRowClass *klass)
{
    GtkWidgetClass *w = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->finalize = tarn_chat_row_finalize;
    gtk_widget_class_set_template_from_resource(w, TARN_RESOURCES
                                                "/tarn-chat-row.ui");
    gtk_widget_class_bind_template_child(w, TarnChatRow, title);
    gtk_widget_class_bind_template_child(w, TarnChatRow, hint);
    gtk_widget_class_bind_template_callback(w, on_delete);
    gtk_widget_class_bind_template_callback(w, on_rename);
}

static void tarn_chat_row_init(TarnChatRow *r)
{
    gtk_widget_init_template(GTK_WIDGET(r));
}
