/* tarn-branches.h - the counter of branches, with a step to either side.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_BRANCHES_H
#define TARN_GUI_BRANCHES_H

#include <gtk/gtk.h>

#define TARN_TYPE_BRANCHES (tarn_branches_get_type())
G_DECLARE_FINAL_TYPE(TarnBranches, tarn_branches, TARN, BRANCHES, GtkBox)

/* at: from 0.  Hidden while there is only one. */
void tarn_branches_set(TarnBranches *b, guint message, guint at, guint n);

#endif
