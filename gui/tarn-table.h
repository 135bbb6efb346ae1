/* tarn-table.h - a table of an answer; scrolls sideways on its own.
 *
 * Cells are labels (short texts: tarn-markdown.c sees to it), styled by
 * attributes, never by markup.  While the table grows, rows that are there
 * stay as they are.
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_TABLE_H
#define TARN_GUI_TABLE_H

#include <gtk/gtk.h>

#include "gui/tarn-markdown.h"

#define TARN_TYPE_TABLE (tarn_table_get_type())
G_DECLARE_FINAL_TYPE(TarnTable, tarn_table, TARN, TABLE, GtkWidget)

GtkWidget *tarn_table_new(void);
void tarn_table_update(TarnTable *table, const TarnBlock *block);

#endif
