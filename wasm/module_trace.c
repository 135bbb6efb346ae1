/* module_trace.c - traces in the page: the engine's worker records the turn and
 * hands it out as a file's text; the page's own instance of the module reads
 * such a text, makes display lists and finds what lies at a point.
 *
 *     tarn_web_trace_text()                        the worker: the last turn
 *     tarn_web_trace_replay(text, size)            the worker: computed again
 *     tarn_web_view_open(text, size)               the page
 *     n = tarn_web_view_list(width, zoom, ...)     items at
 * tarn_web_view_items() at = tarn_web_view_at(x, y)                  8 numbers
 */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/trace/view.h"
#include "wasm/module.h"

#define EXPORT(name) __attribute__((export_name(name), visibility("default")))

static struct {
    struct tarn_trace *recorded;
    struct tarn_trace *source; /* of the fork that begins next, or NULL */
    /* The page's. */
    struct tarn_trace *t;
    struct tarn_trace_view *view;
    struct tarn_view_list list;
    struct tarn_view_options options;
    struct tarn_view_point point;
    struct tarn_buf out;
    struct tarn_error err;
} seen;

/* ---------------------------------------------------------------- recording */
void web_trace_begin(const struct web *w, const struct tarn_turn_options *opt)
{
    const struct tarn_model_info *m = tarn_model_info(w->model);
    struct tarn_trace_info info = {
        .size = sizeof info,
        .model = m->name,
        .backend = m->backend,
        .model_bytes = m->file_bytes,
        .n_vocab = m->n_vocab,
        .seed = opt->sampling->seed,
        .attempt = opt->attempt,
        .unix_ms = tarn_unix_ms(),
    };
    if (opt->experts) {
        info.n_moe_layers = m->n_moe_layers;
        info.n_expert = m->n_expert;
        info.n_expert_used = m->n_expert_used;
    }
    tarn_trace_destroy(seen.recorded);
    seen.recorded = NULL;
    if (!tarn_trace_create(tarn_model_text(w->model), &info, &seen.recorded,
                           &seen.err)) {
        const size_t n =
            opt->go_on ? tarn_turn_given(w->engine, w->turn) : opt->n_begin;
        if (n && seen.source) /* what is told again keeps its figures */
            (opt->go_on ? tarn_trace_go_on : tarn_trace_inherit)(
                seen.recorded, seen.source, n, NULL);
        tarn_trace_note(seen.recorded, w->engine, w->turn, opt, NULL);
    }
    tarn_trace_destroy(seen.source);
    seen.source = NULL;
}

void web_trace_take(const struct tarn_event *ev)
{
    if (seen.recorded)
        tarn_trace_take(seen.recorded, ev);
}

void web_trace_answered(void)
{
    if (seen.recorded)
        tarn_trace_answered(seen.recorded);
}

void web_trace_sum(struct tarn_buf *b)
{
    if (!seen.recorded || tarn_trace_failed(seen.recorded))
        return;
    const struct tarn_trace_summary sum = tarn_trace_summary(seen.recorded);
    tarn_buf_text(b, ",\"sum\":");
    tarn_trace_summary_json(&sum, b);
}

void web_trace_close(void)
{
    tarn_trace_destroy(seen.recorded);
    seen.recorded = NULL;
}

/* The next turn begins like this one; text: its trace's file, borrowed. */
EXPORT("tarn_web_trace_from")
uint32_t tarn_web_trace_from(const char *text, size_t size)
{
    tarn_trace_destroy(seen.source);
    seen.source = NULL;
    return tarn_trace_read(text, size, &seen.source, &seen.err);
}

/* The turn so far, as a trace's file. */
EXPORT("tarn_web_trace_text") uint32_t tarn_web_trace_text(void)
{
    tarn_buf_clear(&seen.out);
    return seen.recorded
               ? tarn_trace_write(seen.recorded, &seen.out, &seen.err)
               : tarn_fail(&seen.err, TARN_USAGE, "nothing is recorded");
}

/* ---------------------------------------------------------------- once more */
/* What was computed is of use only where it differs. */
static enum tarn_status tell_replay(struct web *w, const struct tarn_trace *was,
                                    const struct tarn_trace *is,
                                    const struct tarn_trace_difference *d)
{
    struct tarn_buf text = { 0 };
    enum tarn_status s = TARN_OK;
    size_t n;
    tarn_trace_tokens(was, &n);
    tarn_buf_printf(&w->out,
                    "{\"same\":%s,\"tokens\":%zu,\"at\":%zu,\"what\":\"%s\"",
                    d->differs ? "false" : "true", n, d->at, d->what);
    if (d->differs)
        s = tarn_trace_write(is, &text, &w->err);
    if (d->differs && !s) {
        tarn_buf_text(&w->out, ",\"again\":");
        tarn_json_add_string(&w->out, text.data, text.size, false);
    }
    tarn_buf_byte(&w->out, '}');
    tarn_buf_finish(&text);
    return s ? s : w->out.failed ? TARN_NO_MEMORY : TARN_OK;
}

/* text: a trace's file.  Its turn is computed again, here and now; a post of 0
 * ends that.  out: {"same":bool,"tokens":n,"at":token,"what":"token",
 * "again":text of the other trace}. */
EXPORT("tarn_web_trace_replay")
uint32_t tarn_web_trace_replay(const char *text, size_t size)
{
    struct web *w = web_the();
    struct tarn_trace *t = NULL, *again = NULL;
    struct tarn_trace_difference d;
    tarn_buf_clear(&w->out);
    if (!w->engine)
        return tarn_fail(&w->err, TARN_USAGE, "no model is open");
    enum tarn_status s = tarn_trace_read(text, size, &t, &w->err);
    if (!s && !tarn_trace_fits(t, tarn_model_info(w->model)))
        s = tarn_fail(&w->err, TARN_USAGE,
                      "This trace was made with another model file; it can be "
                      "read and replayed, not reproduced.");
    if (!s)
        s = tarn_trace_replay(t, w->engine, tarn_model_text(w->model), &d,
                              &again, &w->err);
    if (!s)
        s = tell_replay(w, t, again, &d);
    tarn_trace_destroy(again);
    tarn_trace_destroy(t);
    return s;
}

/* ------------------------------------------------------------------ showing */
EXPORT("tarn_web_view_out") const char *tarn_web_view_out(void)
{
    return seen.out.data;
}

EXPORT("tarn_web_view_out_size") size_t tarn_web_view_out_size(void)
{
    return seen.out.size;
}

EXPORT("tarn_web_view_error") const char *tarn_web_view_error(void)
{
    return seen.err.text;
}

/* text: a trace's file, borrowed.  A damaged one leaves what was there. */
EXPORT("tarn_web_view_open")
uint32_t tarn_web_view_open(const char *text, size_t size)
{
    struct tarn_trace *t = NULL;
    struct tarn_trace_view *v = NULL;
    enum tarn_status s = tarn_trace_read(text, size, &t, &seen.err);
    if (!s)
        s = tarn_trace_view_create(t, &v, &seen.err);
    if (s) {
        tarn_trace_destroy(t);
        return s;
    }
    tarn_trace_view_destroy(seen.view);
    tarn_trace_destroy(seen.t);
    seen.t = t;
    seen.view = v;
    return TARN_OK;
}

/* zoom: 1/65536 px per token.  0: no trace, or no memory. */
EXPORT("tarn_web_view_list")
uint32_t tarn_web_view_list(int32_t width, uint32_t zoom, double scroll,
                            int32_t layer, uint32_t hidden, uint32_t selected)
{
    seen.options = (struct tarn_view_options){ .size = sizeof seen.options,
                                               .width = width,
                                               .zoom = zoom,
                                               .scroll = (int64_t)scroll,
                                               .layer = layer,
                                               .hidden = hidden,
                                               .selected = selected };
    if (!seen.view)
        return 0;
    tarn_trace_view_list(seen.view, &seen.options, &seen.list);
    return seen.list.failed ? 0 : (uint32_t)seen.list.n;
}

/* Items as in view.h. */
_Static_assert(sizeof(struct tarn_view_item) == 40, "trace-view.mjs knows it");
EXPORT("tarn_web_view_items") const void *tarn_web_view_items(void)
{
    return seen.list.items;
}

EXPORT("tarn_web_view_text") const char *tarn_web_view_text(void)
{
    return seen.list.text.data;
}

EXPORT("tarn_web_view_cells") const char *tarn_web_view_cells(void)
{
    return seen.list.cells.data;
}

/* 0 height, 1 plot's start, 2 plot's width, 3 px of all columns, 4 zoom that
 * was taken, 5 scroll that was taken. */
EXPORT("tarn_web_view_size") double tarn_web_view_size(uint32_t what)
{
    const struct tarn_view_list *l = &seen.list;
    const double all[] = { l->height,          l->plot_x, l->plot_w,
                           (double)l->content, l->zoom,   (double)l->scroll };
    return what < sizeof all / sizeof *all ? all[what] : 0;
}

/* What lies there, with the options of the last list: struct tarn_view_point.
 */
EXPORT("tarn_web_view_at") const void *tarn_web_view_at(int32_t x, int32_t y)
{
    if (!seen.view)
        return NULL;
    seen.point = tarn_trace_view_at(seen.view, &seen.options, x, y);
    return &seen.point;
}

EXPORT("tarn_web_view_svg") uint32_t tarn_web_view_svg(void)
{
    tarn_buf_clear(&seen.out);
    if (!seen.view)
        return TARN_USAGE;
    tarn_trace_view_svg(seen.view, &seen.options, &seen.out);
    return seen.out.failed ? TARN_NO_MEMORY : TARN_OK;
}

/* ---------------------------------------------------------------- in words */
static void add_text(const char *key, const char *p, size_t size)
{
    tarn_buf_printf(&seen.out, "\"%s\":", key);
    tarn_json_add_string(&seen.out, p, size, false);
}

/* One token in full. */
EXPORT("tarn_web_view_token") uint32_t tarn_web_view_token(uint32_t i)
{
    size_t n, size;
    struct tarn_buf tell = { 0 };
    tarn_buf_clear(&seen.out);
    const struct tarn_trace_token *k =
        seen.t ? tarn_trace_tokens(seen.t, &n) : NULL;
    if (!k || i >= n)
        return TARN_USAGE;
    k += i;
    tarn_view_tell(seen.t, i, &tell);
    if (tarn_view_is_slow(seen.view, i))
        tarn_buf_text(&tell, ", slow");
    tarn_buf_byte(&seen.out, '{');
    add_text("tell", tell.data ? tell.data : "", tell.size);
    tarn_buf_clear(&tell);
    tarn_view_tell_state(seen.t, i, &tell);
    tarn_buf_byte(&seen.out, ',');
    add_text("state", tell.data ? tell.data : "", tell.size);
    tarn_buf_finish(&tell);
    tarn_buf_printf(&seen.out, ",\"id\":%d,\"rank\":%u,\"after\":", k->id,
                    tarn_view_rank(k));
    tarn_json_add_f32(&seen.out, k->p_after);
    tarn_buf_text(&seen.out, ",\"candidates\":[");
    for (size_t c = 0; c < 8 && k->best[c].id >= 0; c++) {
        const char *p = tarn_trace_piece(seen.t, k->best[c].id, &size);
        tarn_buf_printf(&seen.out, "%s{\"id\":%d,", c ? "," : "",
                        k->best[c].id);
        add_text("text", p, size);
        tarn_buf_text(&seen.out, ",\"p\":");
        tarn_json_add_f32(&seen.out, k->best[c].p);
        tarn_buf_byte(&seen.out, '}');
    }
    const struct tarn_trace_info *info = tarn_trace_info(seen.t);
    const uint16_t *ids, *gates;
    tarn_buf_text(&seen.out, "],\"experts\":[");
    const bool known = tarn_trace_experts_of(seen.t, i, &ids, &gates);
    for (uint32_t l = 0; known && l < info->n_moe_layers; l++)
        for (uint32_t e = 0; e < info->n_expert_used; e++)
            tarn_buf_printf(&seen.out, "%s%u%s",
                            e   ? ","
                            : l ? ",["
                                : "[",
                            ids[l * info->n_expert_used + e],
                            e + 1 == info->n_expert_used ? "]" : "");
    tarn_buf_text(&seen.out, "]}");
    return seen.out.failed ? TARN_NO_MEMORY : TARN_OK;
}

static void add_tokens(void)
{
    size_t n, size;
    const struct tarn_trace_token *k = tarn_trace_tokens(seen.t, &n);
    tarn_buf_text(&seen.out, ",\"tokens\":[");
    for (uint32_t i = 0; i < n; i++) {
        const char *p = tarn_view_text_of(seen.t, i, &size);
        const uint32_t step = tarn_view_step(seen.t, i);
        tarn_buf_printf(&seen.out, "%s[", i ? "," : "");
        tarn_json_add_string(&seen.out, p, size, false);
        tarn_buf_printf(&seen.out, ",%u,%u,%u,", k[i].span,
                        (k[i].flags & 7u) |
                            (unsigned)tarn_trace_is_fork(seen.t, i) << 3,
                        tarn_view_ramp(k[i].entropy_bits));
        tarn_json_add_f32(&seen.out, k[i].entropy_bits);
        tarn_buf_byte(&seen.out, ',');
        tarn_json_add_f32(&seen.out, k[i].p);
        tarn_buf_printf(&seen.out, ",%u,%llu,%d,%d]", tarn_view_rank(&k[i]),
                        (unsigned long long)tarn_view_us(seen.t, i),
                        step == TARN_VIEW_NOTHING ? -1 : (int)step, k[i].id);
    }
    tarn_buf_byte(&seen.out, ']');
}

/* Everything that the reading view and the table show. */
EXPORT("tarn_web_view_all") uint32_t tarn_web_view_all(void)
{
    size_t n;
    tarn_buf_clear(&seen.out);
    if (!seen.t)
        return TARN_USAGE;
    const struct tarn_trace_summary sum = tarn_trace_summary(seen.t);
    const struct tarn_trace_line line = tarn_trace_summary_line(&sum);
    const struct tarn_trace_info *info = tarn_trace_info(seen.t);
    tarn_buf_byte(&seen.out, '{');
    add_text("line", line.text, strlen(line.text));
    tarn_buf_text(&seen.out, ",\"sum\":");
    tarn_trace_summary_json(&sum, &seen.out);
    tarn_buf_printf(&seen.out, ",\"unix_ms\":%lld",
                    (long long)tarn_trace_info(seen.t)->unix_ms);
    tarn_buf_printf(&seen.out,
                    ",\"layers\":%u,\"experts\":%u,\"seed\":\"%llu\","
                    "\"attempt\":%u,",
                    info->n_moe_layers, info->n_expert,
                    (unsigned long long)info->seed, info->attempt);
    add_text("model", info->model, strlen(info->model));
    tarn_buf_byte(&seen.out, ',');
    add_text("backend", info->backend, strlen(info->backend));
    tarn_buf_printf(&seen.out, ",\"asked\":%s",
                    tarn_trace_turn(seen.t) ? "true" : "false");
    add_tokens();
    const struct tarn_trace_step *s = tarn_trace_steps(seen.t, &n);
    tarn_buf_text(&seen.out, ",\"steps\":[");
    for (size_t i = 0; i < n; i++) {
        const struct tarn_trace_title title = tarn_trace_title(seen.t, i);
        tarn_buf_printf(&seen.out, "%s{\"first\":%u,\"n\":%u,\"back\":%s,",
                        i ? "," : "", s[i].first, s[i].n,
                        tarn_trace_turns_back(seen.t, i) ? "true" : "false");
        add_text("title", title.text, title.size);
        tarn_buf_byte(&seen.out, '}');
    }
    const struct tarn_trace_hesitation *h = tarn_trace_hesitations(seen.t, &n);
    tarn_buf_text(&seen.out, "],\"hesitations\":[");
    for (size_t i = 0; i < n; i++)
        tarn_buf_printf(&seen.out, "%s[%u,%u]", i ? "," : "", h[i].first,
                        h[i].last);
    const struct tarn_trace_loop *l = tarn_trace_loops(seen.t, &n);
    tarn_buf_text(&seen.out, "],\"loops\":[");
    for (size_t i = 0; i < n; i++)
        tarn_buf_printf(&seen.out, "%s[%u,%u]", i ? "," : "", l[i].first,
                        l[i].n);
    const struct tarn_trace_span *sp = tarn_trace_spans(seen.t, &n);
    tarn_buf_text(&seen.out, "],\"spans\":[");
    for (size_t i = 0; i < n; i++)
        tarn_buf_printf(&seen.out, "%s[%u,%u,%u,%llu]", i ? "," : "",
                        sp[i].kind, sp[i].first, sp[i].n,
                        (unsigned long long)(sp[i].end_us - sp[i].begin_us));
    tarn_buf_text(&seen.out, "]}");
    return seen.out.failed ? TARN_NO_MEMORY : TARN_OK;
}
