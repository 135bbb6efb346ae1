/* tarn-trace-saver.h - a trace, or its picture, becomes a file.
 *
 * Owns: what is to be written, until the person has chosen a place.  Threads:
 * the main one.
 */
#ifndef TARN_GUI_TRACE_SAVER_H
#define TARN_GUI_TRACE_SAVER_H

#include "gui/tarn-trace-lanes.h"

/* kind: "json", "csv", "md", "svg" or "png" (what the timeline shows now).
 * Owned by the caller; NULL: *why says why (owned). */
GBytes *tarn_trace_saver_make(TarnTraceLanes *lanes, const struct tarn_trace *t,
                              const char *kind, char **why);
/* The same, asking where to.  told: in the end, unless nothing was chosen. */
void tarn_trace_saver_ask(TarnTraceLanes *lanes, const struct tarn_trace *t,
                          const char *kind,
                          void (*told)(gpointer user, gboolean good,
                                       const char *text),
                          gpointer user);

#endif
