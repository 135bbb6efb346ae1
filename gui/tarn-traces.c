/* tarn-traces.c - see tarn-traces.h. */
#include "gui/tarn-traces.h"

enum { KEPT = 32 };

typedef struct {
    TarnConversation *conversation; /* owned */
    tarn_message_id message;
} Place;

struct _TarnTraces {
    GObject parent;
    GPtrArray *places; /* Place of messages that have one, oldest first */
    Place now;         /* of the turn that runs */
    tarn_turn_id turn;
    struct tarn_trace *trace; /* its record, or NULL */
};
G_DEFINE_FINAL_TYPE(TarnTraces, tarn_traces, G_TYPE_OBJECT)

enum { CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void free_place(gpointer p)
{
    Place *place = p;
    g_object_unref(place->conversation);
    g_free(place);
}

static void clear_now(TarnTraces *t)
{
    g_clear_pointer(&t->trace, tarn_trace_destroy);
    g_clear_object(&t->now.conversation);
}

TarnTraces *tarn_traces_new(void)
{
    return g_object_new(TARN_TYPE_TRACES, NULL);
}

const struct tarn_trace *tarn_traces_of(TarnTraces *t, TarnConversation *c,
                                        tarn_message_id message)
{
    if (t->trace && t->now.conversation == c && t->now.message == message)
        return t->trace;
    return tarn_chat_trace(tarn_conversation_chat(c), message);
}

const struct tarn_trace *tarn_traces_last(TarnTraces *t, TarnConversation **c,
                                          tarn_message_id *message)
{
    const guint n = t->places->len;
    const Place *last = t->trace ? &t->now : n ? t->places->pdata[n - 1] : NULL;
    if (!last)
        return NULL;
    *c = last->conversation;
    *message = last->message;
    return tarn_traces_of(t, *c, *message);
}

void tarn_traces_begin(TarnTraces *t, struct tarn_engine *engine,
                       tarn_turn_id turn, const struct tarn_turn_options *opt,
                       const struct tarn_model *model, TarnConversation *c,
                       tarn_message_id message, tarn_message_id from)
{
    const struct tarn_model_info *m = tarn_model_info(model);
    struct tarn_trace_info info = {
        .size = sizeof info,
        .model = m->name,
        .backend = m->backend,
        .model_bytes = m->file_bytes,
        .n_vocab = m->n_vocab,
        .seed = opt->sampling ? opt->sampling->seed : 0,
        .attempt = opt->attempt,
        .unix_ms = g_get_real_time() / 1000,
    };
    if (opt->experts) {
        info.n_moe_layers = m->n_moe_layers;
        info.n_expert = m->n_expert;
        info.n_expert_used = m->n_expert_used;
    }
    const struct tarn_trace *source = tarn_traces_of(t, c, from);
    clear_now(t);
    if (tarn_trace_create(tarn_model_text(model), &info, &t->trace, NULL))
        return; /* no memory: the turn goes on without */
    t->now = (Place){ g_object_ref(c), message };
    t->turn = turn;
    const gsize given =
        opt->go_on ? tarn_turn_given(engine, turn) : opt->n_begin;
    if (source && given && tarn_trace_fits(source, m))
        (opt->go_on ? tarn_trace_go_on
                    : tarn_trace_inherit)(t->trace, source, given, NULL);
    tarn_trace_note(t->trace, engine, turn, opt, NULL);
    g_signal_emit(t, signals[CHANGED], 0);
}

static void forget(TarnTraces *t, guint i)
{
    const Place *p = t->places->pdata[i];
    tarn_chat_attach(tarn_conversation_chat(p->conversation), p->message, NULL);
    g_ptr_array_remove_index(t->places, i);
}

/* The model may go before the record does. */
static void keep(TarnTraces *t)
{
    if (tarn_trace_failed(t->trace) || tarn_trace_detach(t->trace, NULL)) {
        clear_now(t);
        return;
    }
    for (guint i = t->places->len; i-- > 0;) { /* the beginning of this one */
        const Place *p = t->places->pdata[i];
        if (p->conversation == t->now.conversation &&
            p->message == t->now.message)
            forget(t, i);
    }
    if (t->places->len == KEPT)
        forget(t, 0);
    tarn_chat_attach(tarn_conversation_chat(t->now.conversation),
                     t->now.message, g_steal_pointer(&t->trace));
    g_ptr_array_add(t->places, g_memdup2(&t->now, sizeof t->now));
    t->now.conversation = NULL;
}

void tarn_traces_drop(TarnTraces *t)
{
    if (t->trace)
        clear_now(t);
    else if (t->places->len)
        forget(t, t->places->len - 1);
    g_signal_emit(t, signals[CHANGED], 0);
}

void tarn_traces_take(TarnTraces *t, const struct tarn_event *ev)
{
    if (!t->trace || t->turn != ev->turn)
        return;
    tarn_trace_take(t->trace, ev);
    if (ev->kind == TARN_EV_END)
        keep(t);
    if (ev->kind == TARN_EV_TOKEN || ev->kind == TARN_EV_WITHDRAWN ||
        ev->kind == TARN_EV_END)
        g_signal_emit(t, signals[CHANGED], 0);
}

void tarn_traces_answered(TarnTraces *t)
{
    if (t->trace)
        tarn_trace_answered(t->trace);
}

static void tarn_traces_finalize(GObject *o)
{
    clear_now(TARN_TRACES(o));
    g_ptr_array_unref(TARN_TRACES(o)->places);
    G_OBJECT_CLASS(tarn_traces_parent_class)->finalize(o);
}

static void tarn_traces_class_init(TarnTracesClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = tarn_traces_finalize;
    signals[CHANGED] =
        g_signal_new("changed", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0,
                     NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void tarn_traces_init(TarnTraces *t)
{
    t->places = g_ptr_array_new_with_free_func(free_place);
}
