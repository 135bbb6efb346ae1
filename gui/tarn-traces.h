/* tarn-traces.h - the record of the turn that runs, and which chats have those
 * of the last ones.
 *
 *     tarn_traces_begin(t, engine, turn, &options, model, c, message, fork);
 *     tarn_traces_take(t, &event);           // of that turn
 *
 * Signals: "changed" (conversation, message): a record has grown.
 *
 * A turn that has ended leaves its record to its chat's message
 * (tarn_chat_attach()), where it is saved and exported with it.  The oldest of
 * this window's records goes when there are too many.
 *
 * Owns: the record that grows.  Threads: the main one.
 */
#ifndef TARN_GUI_TRACES_H
#define TARN_GUI_TRACES_H

#include <glib-object.h>

#include "core/trace/trace.h"
#include "gui/tarn-conversation.h"

#define TARN_TYPE_TRACES (tarn_traces_get_type())
G_DECLARE_FINAL_TYPE(TarnTraces, tarn_traces, TARN, TRACES, GObject)

TarnTraces *tarn_traces_new(void);
/* After tarn_turn_start(), before its events are drained.  from: the message
 * whose beginning the turn was given, or which goes on, or 0. */
void tarn_traces_begin(TarnTraces *t, struct tarn_engine *engine,
                       tarn_turn_id turn, const struct tarn_turn_options *opt,
                       const struct tarn_model *model, TarnConversation *c,
                       tarn_message_id message, tarn_message_id from);
void tarn_traces_take(TarnTraces *t, const struct tarn_event *ev);
/* The last turn came to nothing: its record goes. */
void tarn_traces_drop(TarnTraces *t);
/* "Answer now" was posted. */
void tarn_traces_answered(TarnTraces *t);
/* Borrowed until "changed", and from the conversation; NULL: there is none. */
const struct tarn_trace *tarn_traces_of(TarnTraces *t, TarnConversation *c,
                                        tarn_message_id message);
/* The youngest one of this window; NULL: none yet. */
const struct tarn_trace *tarn_traces_last(TarnTraces *t, TarnConversation **c,
                                          tarn_message_id *message);

#endif
