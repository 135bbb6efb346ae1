/* tarn-trace-search.h - which tokens of a trace are meant by a few words.
 *
 * Terms are parted by spaces and must all hold: a word or "several words"
 * (whatever their case), is:fork is:hesitation is:loop is:forced, H>2 p<10%
 * ms>200 rank>1 (or <), span:thought|answer|call, step:4, expert:L13.7.
 *
 * Owns: nothing.  Threads: those of the trace.
 */
#ifndef TARN_GUI_TRACE_SEARCH_H
#define TARN_GUI_TRACE_SEARCH_H

#include <glib.h>

#include "core/trace/trace.h"

/* Among the tokens from `first` on, before `end` (at most all of them).  Tokens
 * (guint), ascending: of a word that is several tokens the first one
 * that holds.  Owned by the caller.  NULL: *wrong says why (owned). */
GArray *tarn_trace_search(const struct tarn_trace *t, guint first, guint end,
                          const char *query, char **wrong);

#endif
