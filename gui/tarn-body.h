/* tarn-body.h - an answer's text as blocks, while it grows and after.
 *
 * Keeps the Markdown; finished blocks are never touched again, only what
 * follows the last of them is parsed when text arrives (UX 4.4.3).
 *
 *     tarn_body_append(body, text, size);   // any number of times a frame
 *     tarn_body_show(body);                 // once a frame
 *     tarn_body_finish(body);
 *
 * Threads: the main one.
 */
#ifndef TARN_GUI_BODY_H
#define TARN_GUI_BODY_H

#include "gui/tarn-cull-box.h"

#define TARN_TYPE_BODY (tarn_body_get_type())
G_DECLARE_FINAL_TYPE(TarnBody, tarn_body, TARN, BODY, TarnCullBox)

GtkWidget *tarn_body_new(void);
/* Foreign bytes; made valid here. */
void tarn_body_append(TarnBody *body, const char *text, gsize size);
/* FALSE: parsing has lately been so expensive that this frame is left out;
 * call again in a later one. */
gboolean tarn_body_show(TarnBody *body);
void tarn_body_finish(TarnBody *body);
const char *tarn_body_text(TarnBody *body);

#endif
