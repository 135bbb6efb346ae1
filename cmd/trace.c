/* trace.c - tarn trace: what a recorded turn tells; the turn computed again. */
#include "backends/backend.h"
#include "cmd/cmd.h"
#include "cmd/text_file.h"
#include "core/trace/trace.h"
#include "core/trace/view.h"

struct trace {
    bool json, svg, state;
    uint32_t width, zoom, layer; /* of the picture; layer 0: all */
    const char *replay; /* model, or NULL */
    struct cmd_common common;
    struct tarn_trace *t;
    struct tarn_buf out;
};

/* ------------------------------------------------------------------- replay */
/* "the" at a token's place in a record; foreign text. */
static struct tarn_shown shown_token(const struct tarn_trace *t, size_t at)
{
    size_t n, size = 0;
    tarn_trace_tokens(t, &n);
    const char *p = at < n ? tarn_trace_bytes(t, at, &size) : "";
    return tarn_shown(p, size);
}

static void tell(struct trace *r, const struct tarn_trace *again,
                 const struct tarn_trace_difference *d)
{
    size_t n, at = d->at;
    tarn_trace_tokens(r->t, &n);
    if (r->json)
        tarn_buf_printf(&r->out,
                        "{\"same\":%s,\"tokens\":%zu,\"at\":%zu,"
                        "\"what\":\"%s\"}\n",
                        d->differs ? "false" : "true", n, at, d->what);
    else if (!d->differs)
        tarn_buf_printf(&r->out,
                        "Reproduced: all %zu tokens are the same.\n", n);
    else
        tarn_buf_printf(&r->out,
                        "Not reproduced: token %zu is \u201c%s\u201d here and "
                        "\u201c%s\u201d in the trace (%s).\n",
                        at, shown_token(again, at).text,
                        shown_token(r->t, at).text, d->what);
}

static enum tarn_status replay(struct trace *r, struct tarn_error *err)
{
    const struct tarn_trace_turn *u = tarn_trace_turn(r->t);
    struct tarn_trace *again = NULL;
    struct cmd_session ses = { 0 };
    struct tarn_trace_difference d;
    if (!u)
        return tarn_trace_replay(r->t, NULL, NULL, &d, NULL, err);
    if (!r->common.ctx)
        r->common.ctx = u->n_context;
    if (!r->common.kv)
        r->common.kv = u->kv_type == TARN_F32    ? "f32"
                       : u->kv_type == TARN_Q8_0 ? "q8_0" : "f16";
    /* the model alone first: another one may not have room for the context */
    enum tarn_status s = cmd_session_open(&ses, &r->common, r->replay, false,
                                          err);
    if (!s && !tarn_trace_fits(r->t, tarn_model_info(ses.model)))
        s = tarn_fail(err, TARN_USAGE,
                      "This trace was made with another model file; it can be "
                      "read and replayed, not reproduced.");
    cmd_session_close(&ses);
    if (!s)
        s = cmd_session_open(&ses, &r->common, r->replay, true, err);
    if (!s)
        s = tarn_trace_replay(r->t, ses.engine, tarn_model_text(ses.model),
                              &d, &again, err);
    if (!s)
        tell(r, again, &d);
    tarn_trace_destroy(again);
    cmd_session_close(&ses);
    return s;
}

/* -------------------------------------------------------------------- picture */
static enum tarn_status paint(struct trace *r, struct tarn_error *err)
{
    struct tarn_trace_view *v = NULL;
    const struct tarn_view_options o = {
        .size = sizeof o, .width = (int32_t)r->width,
        .zoom = r->zoom * TARN_ZOOM_ONE, .layer = (int32_t)r->layer - 1,
        .hidden = r->state ? 0 : TARN_LANES_OFF,
        .selected = TARN_VIEW_NOTHING
    };
    const uint32_t n_layers = tarn_trace_info(r->t)->n_moe_layers;
    if (r->layer > n_layers && n_layers)
        return tarn_fail(err, TARN_USAGE,
                         "--layer is %u but the trace has %u layers with "
                         "experts", r->layer, n_layers);
    const enum tarn_status s = tarn_trace_view_create(r->t, &v, err);
    if (!s)
        tarn_trace_view_svg(v, &o, &r->out);
    tarn_trace_view_destroy(v);
    return s;
}

/* --------------------------------------------------------------------- whole */
static enum tarn_status show(struct trace *r, const char *path,
                             struct tarn_error *err)
{
    enum tarn_status s = tarn_trace_load(path, &r->t, err);
    if (!s && r->replay)
        s = replay(r, err);
    else if (!s && r->svg)
        s = paint(r, err);
    else if (!s && r->json)
        tarn_trace_report_json(r->t, &r->out);
    else if (!s)
        tarn_trace_report(r->t, &r->out);
    if (r->out.failed)
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory for what is told");
    return s ? s : cmd_write(r->out.data, r->out.size, err);
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    struct trace r = { .width = 960 };
    const struct cmd_option options[] = {
        { "--json", NULL, CMD_FLAG, &r.json, 0, 0, NULL,
          "the same for a program" },
        { "--replay", NULL, CMD_TEXT, &r.replay, 0, 0, "MODEL",
          "compute the turn again and say where it differs" },
        { "--svg", NULL, CMD_FLAG, &r.svg, 0, 0, NULL,
          "the timeline as a picture, to stdout" },
        { "--width", NULL, CMD_U32, &r.width, 200, 20000, "PX",
          "of the picture; 960 if not given" },
        { "--zoom", NULL, CMD_U32, &r.zoom, 1, 160, "PX",
          "per token; if not given, all tokens fit" },
        { "--layer", NULL, CMD_U32, &r.layer, 1, 4096, "N",
          "the experts of one layer; if not given, what all layers keep" },
        { "--state", NULL, CMD_FLAG, &r.state, 0, 0, NULL,
          "the picture with what the state took" },
    };
    struct cmd_args a;
    cmd_args_init(&a, self, 1);
    cmd_args_add(&a, options, sizeof options / sizeof *options);
    cmd_common_add(&a, &r.common);
    enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s || a.help)
        return s;
    if (!a.n_words)
        return tarn_fail(err, TARN_USAGE,
                         "name the trace: tarn trace FILE (tarn run --trace "
                         "FILE writes one)");
    if (r.svg && (r.json || r.replay))
        return tarn_fail(err, TARN_USAGE,
                         "--svg stands alone, without --json and --replay");
    s = show(&r, a.words[0], err);
    tarn_buf_finish(&r.out);
    tarn_trace_destroy(r.t);
    return s;
}

const struct cmd cmd_trace = {
    .name = "trace",
    .summary = "what a recorded turn tells",
    .usage = "FILE [--svg | [--replay MODEL] [--json]]",
    .detail = "The thought in one line, then its steps, hesitations, forks "
              "and loops.\n\n"
              "Examples:\n  tarn run -p \"What is 17 + 25?\" --trace t.json\n"
              "  tarn trace t.json\n"
              "  tarn trace t.json --svg > t.svg\n"
              "  tarn trace t.json --replay pocket.gguf\n",
    .run = run,
};
