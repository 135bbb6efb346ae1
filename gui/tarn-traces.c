/* tarn-traces.c - see tarn-traces.h. */
#include "gui/tarn-traces.h"

enum { KEPT = 32 };

typedef struct {
    TarnConversation *conversation; /* only compared: may be gone */
    tarn_message_id message;
    tarn_turn_id turn;
    struct tarn_trace *trace;
} Entry;

struct _TarnTraces {
    GObject parent;
    GPtrArray *entries; /* Entry, oldest first */
};
G_DEFINE_FINAL_TYPE(TarnTraces, tarn_traces, G_TYPE_OBJECT)

enum { CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void free_entry(gpointer p)
{
    Entry *e = p;
    tarn_trace_destroy(e->trace);
    g_free(e);
}

TarnTraces *tarn_traces_new(void)
{
    return g_object_new(TARN_TYPE_TRACES, NULL);
}

static Entry *last(TarnTraces *t)
{
    return t->entries->len ? t->entries->pdata[t->entries->len - 1] : NULL;
}

struct tarn_trace *tarn_traces_of(TarnTraces *t, TarnConversation *c,
                                  tarn_message_id message)
{
    for (guint i = t->entries->len; i-- > 0;) {
        const Entry *e = t->entries->pdata[i];
        if (e->conversation == c && e->message == message)
            return e->trace;
    }
    return NULL;
}

struct tarn_trace *tarn_traces_last(TarnTraces *t, TarnConversation **c,
                                    tarn_message_id *message)
{
    const Entry *e = last(t);
    if (!e)
        return NULL;
    *c = e->conversation;
    *message = e->message;
    return e->trace;
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
    Entry *e = g_new0(Entry, 1);
    e->conversation = c;
    e->message = message;
    e->turn = turn;
    const struct tarn_trace *source = tarn_traces_of(t, c, from);
    if (tarn_trace_create(tarn_model_text(model), &info, &e->trace, NULL)) {
        g_free(e); /* no memory: the turn goes on without */
        return;
    }
    const gsize given =
        opt->go_on ? tarn_turn_given(engine, turn) : opt->n_begin;
    if (source && given)
        (opt->go_on ? tarn_trace_go_on
                    : tarn_trace_inherit)(e->trace, source, given, NULL);
    tarn_trace_note(e->trace, engine, turn, opt, NULL);
    if (t->entries->len == KEPT)
        g_ptr_array_remove_index(t->entries, 0);
    g_ptr_array_add(t->entries, e);
    g_signal_emit(t, signals[CHANGED], 0);
}

/* What an answer that went on was before is in the record of all of it. */
static void drop_beginnings(TarnTraces *t)
{
    for (guint i = t->entries->len - 1; i-- > 0;) {
        const Entry *e = t->entries->pdata[i], *l = last(t);
        if (e->conversation == l->conversation && e->message == l->message)
            g_ptr_array_remove_index(t->entries, i);
    }
}

void tarn_traces_drop(TarnTraces *t)
{
    if (last(t))
        g_ptr_array_remove_index(t->entries, t->entries->len - 1);
    g_signal_emit(t, signals[CHANGED], 0);
}

void tarn_traces_take(TarnTraces *t, const struct tarn_event *ev)
{
    Entry *e = last(t);
    if (!e || e->turn != ev->turn)
        return;
    tarn_trace_take(e->trace, ev);
    if (ev->kind == TARN_EV_END) { /* the model may go before the record */
        tarn_trace_detach(e->trace, NULL);
        drop_beginnings(t);
    }
    if (ev->kind == TARN_EV_TOKEN || ev->kind == TARN_EV_WITHDRAWN ||
        ev->kind == TARN_EV_END)
        g_signal_emit(t, signals[CHANGED], 0);
}

void tarn_traces_answered(TarnTraces *t)
{
    if (last(t))
        tarn_trace_answered(last(t)->trace);
}

static void tarn_traces_finalize(GObject *o)
{
    g_ptr_array_unref(TARN_TRACES(o)->entries);
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
    t->entries = g_ptr_array_new_with_free_func(free_entry);
}
