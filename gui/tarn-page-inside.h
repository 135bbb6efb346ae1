/* tarn-page-inside.h - what the parts of the page share: tarn-page.c shows a
 * chat, tarn-page-run.c runs turns in it, tarn-page-events.c hears of them.
 *
 * Owns: see below.  Threads: the main one.
 */
#ifndef TARN_GUI_PAGE_INSIDE_H
#define TARN_GUI_PAGE_INSIDE_H

#include "gui/tarn-answer.h"
#include "gui/tarn-composer.h"
#include "gui/tarn-empty.h"
#include "gui/tarn-find.h"
#include "gui/tarn-message.h"
#include "gui/tarn-notice.h"
#include "gui/tarn-page.h"
#include "gui/tarn-transcript.h"

/* The turn that runs. */
struct run {
    gboolean active;
    tarn_turn_id turn;
    tarn_message_id message;
    TarnConversation *conversation; /* owned */
    TarnAnswer *answer; /* borrowed; NULL: its chat is not on the screen */
    gboolean asked, stopped, answering;
    gsize given, told; /* an answer that goes on is told again first: so many
                          tokens, and how many have come */
    guint span;        /* enum tarn_span_kind; 0: between two */
    guint n_thought;
    TarnFigures thought; /* of the one that is closed */
    double thought_from, ms;
    gint64 saved;
    int budget; /* below 0: none */
};

struct _TarnPage {
    GtkBox parent;
    TarnNotice *notice;
    TarnFind *find;
    GtkWidget *marked; /* weak: the turn with hits */
    GtkStack *stack;
    TarnEmpty *empty;
    TarnTranscript *transcript;
    TarnComposer *composer;
    GtkBox *loading;
    GtkLabel *loading_text, *announce, *status;
    GtkProgressBar *loading_bar;
    TarnWorker *worker;
    TarnTraces *traces;
    TarnConversation *conversation;
    struct run run;
    const TarnSettings *settings; /* borrowed */
    tarn_message_id asking;       /* whose calls wait for a person; 0: none */
    GPtrArray *cards;             /* TarnConsent of these, borrowed */
    guint tick, guard;
    char *speed, *schema;
    gsize from; /* first message of the active path that is shown */
    guint used; /* tokens of the context after the last turn */
    gint64 announced;
};

/* tarn-page.c */
void tarn_page_update_status(TarnPage *p);
void tarn_page_update_composer(TarnPage *p);
/* For a screen reader; at most one thing in two seconds unless it matters. */
void tarn_page_announce(TarnPage *p, const char *text, gboolean matters);
void tarn_page_show_error(TarnPage *p, const struct tarn_error *err);
/* Brings the transcript to the active path; turns that are there already stay
 * as they are. */
void tarn_page_show_path(TarnPage *p);
void tarn_page_save(TarnPage *p, TarnConversation *c, tarn_message_id id);
void tarn_page_say_idle(TarnPage *p);
const char *tarn_page_model_name(TarnPage *p);
/* tarn-page-events.c: the engine's queue was empty and is not any more. */
void tarn_page_on_events(TarnPage *p);
/* tarn-page-run.c */
/* Below the results of tools, with the same options. */
void tarn_page_next_turn(TarnPage *p);

/* tarn-page-tools.c: declarations for the model; NULL: tools are off. */
const char *tarn_page_tools(TarnPage *p);
/* Asks about the calls of an answer that has ended; FALSE: there are none. */
gboolean tarn_page_ask(TarnPage *p, tarn_message_id message);
void tarn_page_give_up_asking(TarnPage *p);

#endif
