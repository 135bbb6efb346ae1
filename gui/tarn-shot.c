/* tarn-shot.c - see tarn-shot.h. */
#include "gui/tarn-shot.h"

#include <glib-unix.h>
#include <signal.h>

enum { RETRY_MS = 20 };

/* FALSE: a layout is pending, there is nothing to paint yet. */
static gboolean paint(GtkWidget *w, const char *file)
{
    int width = gtk_widget_get_width(w), height = gtk_widget_get_height(w);
    g_autoptr(GdkPaintable) p = gtk_widget_paintable_new(w);
    GtkSnapshot *s = gtk_snapshot_new();
    gdk_paintable_snapshot(p, GDK_SNAPSHOT(s), width, height);
    GskRenderNode *node = gtk_snapshot_free_to_node(s);
    if (!node)
        return FALSE;
    GskRenderer *r = gtk_native_get_renderer(gtk_widget_get_native(w));
    g_autoptr(GdkTexture) t = gsk_renderer_render_texture(
        r, node, &GRAPHENE_RECT_INIT(0, 0, (float)width, (float)height));
    if (!gdk_texture_save_to_png(t, file))
        g_message("no picture in %s", file);
    gsk_render_node_unref(node);
    return TRUE;
}

static gboolean shoot(gpointer user)
{
    if (!paint(user, g_getenv("TARN_SHOT"))) {
        g_timeout_add(RETRY_MS, shoot, user);
        return G_SOURCE_REMOVE;
    }
    if (g_getenv("TARN_SHOT_QUIT"))
        g_application_quit(g_application_get_default());
    return G_SOURCE_REMOVE;
}

static gboolean shoot_again(gpointer user)
{
    g_timeout_add(RETRY_MS, shoot, user);
    return G_SOURCE_CONTINUE;
}

void tarn_shot_arm(GtkWidget *window)
{
    const char *after = g_getenv("TARN_SHOT_AFTER");
    if (!g_getenv("TARN_SHOT"))
        return;
    guint64 ms = after ? g_ascii_strtoull(after, NULL, 10) : 600;
    g_timeout_add((guint)ms, shoot, window);
    g_unix_signal_add(SIGUSR1, shoot_again, window);
}
