/* tarn-notes.c - see tarn-notes.h. */
#include "gui/tarn-notes.h"

#include "gui/tarn-words.h"

enum { LEAST_MORE = 256, MOST = 131072 }; /* tokens */

static char *end_of(const TarnFigures *f)
{
    g_autofree char *n = tarn_words_count(f->n_thought + f->n_answer);
    switch ((enum tarn_stop_reason)f->reason) {
    case TARN_STOP_CANCELLED:
        return g_strdup(_("Stopped."));
    case TARN_STOP_CONTEXT:
        return g_strdup(_("The context is full."));
    case TARN_STOP_LENGTH:
        return g_strdup_printf(_("The answer reached the limit of %s tokens."),
                               n);
    case TARN_STOP_FAILED:
        return g_strdup(_("The turn failed. What was written is kept."));
    case TARN_STOP_END:
    case TARN_STOP_STRING:
        break;
    }
    return f->cut ? g_strdup(_("tarn was closed while this was being written."))
                  : NULL;
}

/* In its own message, or in a branch that begins with its tokens. */
static gboolean can_continue(TarnConversation *c, tarn_message_id id,
                             const TarnFigures *f)
{
    return (tarn_conversation_ids(c, id)->len > 0 ||
            !tarn_chat_child(tarn_conversation_chat(c), id, 0)) &&
           (f->cut || f->reason == TARN_STOP_CANCELLED ||
            f->reason == TARN_STOP_LENGTH || f->reason == TARN_STOP_FAILED);
}

int tarn_notes_longer(int budget)
{
    return budget < LEAST_MORE / 2 ? LEAST_MORE : MIN(budget, MOST / 2) * 2;
}

static void show_budget(TarnAnswer *a, tarn_message_id id, const TarnFigures *f)
{
    const int more = tarn_notes_longer(f->budget);
    g_autofree char *n = tarn_words_count((guint64)f->budget);
    g_autofree char *twice = tarn_words_count((guint64)more);
    g_autofree char *text = g_strdup_printf(
        _("The thought reached its budget of %s tokens and was closed."), n);
    g_autofree char *deed = g_strdup_printf(_("Regenerate with %s"), twice);
    tarn_answer_note(a, text, FALSE, deed, "win.regenerate-with",
                     g_variant_new("(ui)", id, more));
}

char *tarn_notes_show(TarnAnswer *a, TarnConversation *c, tarn_message_id id,
                      const char *error)
{
    const TarnFigures *f = tarn_conversation_figures(c, id);
    GPtrArray *said = tarn_conversation_notices(c, id);
    gboolean undo = tarn_conversation_back(c, id)->len > 0;
    char *end = error ? g_strdup(error) : end_of(f);
    tarn_answer_clear_notes(a);
    for (guint i = 0; i < said->len; i++) {
        gboolean deed = undo && i + 1 == said->len;
        tarn_answer_note(a, said->pdata[i], FALSE, deed ? _("Undo") : NULL,
                         "win.undo-loop",
                         deed ? g_variant_new_uint32(id) : NULL);
    }
    /* Of a budget of 0 a person was told when choosing it. */
    if (f->budget > 0 && f->n_thought >= (guint)f->budget && !f->asked && !undo &&
        f->reason != TARN_STOP_CANCELLED)
        show_budget(a, id, f);
    if (end)
        tarn_answer_note(
            a, end, error != NULL || f->reason == TARN_STOP_FAILED,
            can_continue(c, id, f) ? _("Continue") : NULL, "win.continue",
            can_continue(c, id, f) ? g_variant_new_uint32(id) : NULL);
    return end;
}
