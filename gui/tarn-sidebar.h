/* tarn-sidebar.h - the list of chats, by day, with a search field.
 *
 * Signal "chosen" (number).  Deleting is the window's action.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_SIDEBAR_H
#define TARN_GUI_SIDEBAR_H

#include <adwaita.h>

#define TARN_TYPE_SIDEBAR (tarn_sidebar_get_type())
G_DECLARE_FINAL_TYPE(TarnSidebar, tarn_sidebar, TARN, SIDEBAR, GtkBox)

/* list: TarnChatInfo, newest first; current: number of the chat on the
 * screen, 0: none of them. */
void tarn_sidebar_set_list(TarnSidebar *s, GPtrArray *list, gint64 current);
void tarn_sidebar_set_current(TarnSidebar *s, gint64 current);
void tarn_sidebar_search(TarnSidebar *s);

#endif
