/* trace.c - tarn trace: what a recorded turn tells. */
#include "cmd/cmd.h"
#include "cmd/text_file.h"
#include "core/trace/trace.h"

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    bool json = false;
    const struct cmd_option options[] = {
        { "--json", NULL, CMD_FLAG, &json, 0, 0, NULL,
          "the same for a program" },
    };
    struct cmd_args a;
    cmd_args_init(&a, self, 1);
    cmd_args_add(&a, options, sizeof options / sizeof *options);
    enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s || a.help)
        return s;
    if (!a.n_words)
        return tarn_fail(err, TARN_USAGE,
                         "name the trace: tarn trace FILE (tarn run --trace "
                         "FILE writes one)");
    struct tarn_trace *t = NULL;
    struct tarn_buf b = { 0 };
    s = tarn_trace_load(a.words[0], &t, err);
    if (!s && json)
        tarn_trace_report_json(t, &b);
    else if (!s)
        tarn_trace_report(t, &b);
    if (b.failed)
        s = tarn_fail(err, TARN_NO_MEMORY, "no memory for what is told");
    if (!s)
        s = cmd_write(b.data, b.size, err);
    tarn_buf_finish(&b);
    tarn_trace_destroy(t);
    return s;
}

const struct cmd cmd_trace = {
    .name = "trace",
    .summary = "what a recorded turn tells",
    .usage = "FILE [--json]",
    .detail = "The thought in one line, then its steps, hesitations, forks "
              "and loops.\n\n"
              "Examples:\n  tarn run -p \"What is 17 + 25?\" --trace t.json\n"
              "  tarn trace t.json\n",
    .run = run,
};
