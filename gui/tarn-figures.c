/* tarn-figures.c - see tarn-figures.h. */
#include "gui/tarn-figures.h"

#include "core/tarn.h"
#include "gui/tarn-words.h"

void tarn_figures_finish(TarnFigures *f)
{
    g_clear_pointer(&f->model, g_free);
    *f = (TarnFigures){ 0 };
}

void tarn_figures_copy(TarnFigures *to, const TarnFigures *from)
{
    char *model = g_strdup(from->model);
    g_free(to->model);
    *to = *from;
    to->model = model;
}

char *tarn_figures_thought(const TarnFigures *f)
{
    if (!f->n_thought)
        return NULL;
    g_autofree char *n = tarn_words_count(f->n_thought);
    g_autofree char *took = tarn_words_duration(f->thought_ms);
    g_autofree char *line =
        g_strdup_printf(ngettext("Thought %s token in %s",
                                 "Thought %s tokens in %s", f->n_thought),
                        n, took);
    const char *end = NULL;
    if (f->asked)
        end = _("answered on request");
    else if (f->reason == TARN_STOP_CANCELLED && !f->n_answer)
        end = _("stopped");
    else if (f->budget >= 0 && f->n_thought >= (guint)f->budget)
        end = _("budget reached");
    return end ? g_strconcat(line, " · ", end, NULL) : g_steal_pointer(&line);
}

char *tarn_figures_answer(const TarnFigures *f)
{
    if (!f->n_answer)
        return NULL;
    g_autofree char *n = tarn_words_count(f->n_answer);
    g_autofree char *took = tarn_words_duration(f->answer_ms);
    g_autofree char *speed = tarn_words_speed(f->n_answer, f->answer_ms);
    g_autofree char *line = g_strdup_printf(
        ngettext("%s token in %s", "%s tokens in %s", f->n_answer), n, took);
    return speed ? g_strconcat(line, " · ", speed, NULL)
                 : g_steal_pointer(&line);
}
