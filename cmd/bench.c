/* bench.c - tarn bench: tokens per second of prefill and decode. */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/base/json.h"

#define MAX_REPEATS 100

struct bench {
    struct cmd_common common;
    uint32_t n_prompt, n_tokens, depth, repeats, n_seqs;
    bool json;
    double prefill[MAX_REPEATS], decode[MAX_REPEATS]; /* tokens per second */
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, uint32_t n)
{
    qsort(v, n, sizeof *v, by_size);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static enum tarn_status measure(struct bench *b, struct cmd_session *ses,
                                struct tarn_error *err)
{
    struct tarn_bench pass = { .size = sizeof pass, .n_seqs = b->n_seqs,
                               .n_prompt = 16, .n_tokens = 2 };
    /* A short pass first: pages of the file and of work memory are touched. */
    enum tarn_status s = tarn_engine_bench(ses->engine, &pass, err);
    pass.n_prompt = b->n_prompt;
    pass.n_tokens = b->n_tokens;
    pass.depth = b->depth;
    for (uint32_t i = 0; !s && i < b->repeats; i++) {
        s = tarn_engine_bench(ses->engine, &pass, err);
        b->prefill[i] = pass.prefill_ms > 0
                            ? 1000.0 * b->n_prompt * b->n_seqs / pass.prefill_ms
                            : 0;
        b->decode[i] = pass.decode_ms > 0
                           ? 1000.0 * b->n_tokens * b->n_seqs / pass.decode_ms
                           : 0;
        if (!b->json && !s)
            fprintf(stderr, "pass %u: prefill %.1f, decode %.2f tokens/s\n",
                    i + 1, b->prefill[i], b->decode[i]);
    }
    return s;
}

static void print_result(struct bench *b, const struct cmd_session *ses)
{
    const struct tarn_model_info *info = tarn_model_info(ses->model);
    double prefill = median(b->prefill, b->repeats);
    double decode = median(b->decode, b->repeats);
    uint32_t threads = tarn_runtime_threads(ses->runtime);
    if (!b->json) {
        printf("%s, %s, %u threads\n", info->name, info->backend, threads);
        printf("prefill %u: %.1f tokens/s (median of %u)\n", b->n_prompt,
               prefill, b->repeats);
        printf("decode %u at depth %u: %.2f tokens/s\n", b->n_tokens,
               b->depth + b->n_prompt, decode);
        return;
    }
    struct tarn_buf name = { 0 };
    tarn_json_add_string(&name, info->name, strlen(info->name), false);
    printf("{\"model\":%s,\"backend\":\"%s\",\"threads\":%u,"
           "\"prompt\":%u,\"tokens\":%u,\"depth\":%u,\"sequences\":%u,"
           "\"repeats\":%u,\"prefill_tps\":%.3f,\"decode_tps\":%.3f,"
           "\"prefill_min\":%.3f,\"prefill_max\":%.3f,"
           "\"decode_min\":%.3f,\"decode_max\":%.3f}\n",
           name.data ? name.data : "\"\"", info->backend, threads, b->n_prompt,
           b->n_tokens, b->depth, b->n_seqs, b->repeats, prefill, decode,
           b->prefill[0], b->prefill[b->repeats - 1], b->decode[0],
           b->decode[b->repeats - 1]);
    tarn_buf_finish(&name);
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    struct bench b = { .n_prompt = 512, .n_tokens = 128, .repeats = 3,
                       .n_seqs = 1 };
    const struct cmd_option options[] = {
        { "--prompt", "-p", CMD_U32, &b.n_prompt, 0, 131072, "N",
          "tokens of prefill (512)" },
        { "--tokens", "-n", CMD_U32, &b.n_tokens, 0, 131072, "N",
          "tokens of decode (128)" },
        { "--depth", "-d", CMD_U32, &b.depth, 0, 131072, "N",
          "positions already in the cache (0)" },
        { "--repeat", "-r", CMD_U32, &b.repeats, 1, MAX_REPEATS, "N",
          "passes; medians are printed (3)" },
        { "--sequences", NULL, CMD_U32, &b.n_seqs, 1, 64, "N",
          "sequences at once (1)" },
        { "--json", NULL, CMD_FLAG, &b.json, 0, 0, NULL, "one object" },
    };
    struct cmd_args a;
    cmd_args_init(&a, self, 1);
    cmd_args_add(&a, options, sizeof options / sizeof *options);
    cmd_common_add(&a, &b.common);
    enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s || a.help)
        return s;
    uint32_t need = b.depth + b.n_prompt + b.n_tokens;
    if (!b.common.ctx)
        b.common.ctx = need < 64 ? 64 : need;
    struct cmd_session ses;
    b.common.sequences = b.n_seqs;
    s = cmd_session_open(&ses, &b.common, a.n_words ? a.words[0] : NULL, true,
                         err);
    if (!s)
        s = measure(&b, &ses, err);
    if (!s)
        print_result(&b, &ses);
    cmd_session_close(&ses);
    return s ? s : cmd_flush(err);
}

const struct cmd cmd_bench = {
    .name = "bench",
    .summary = "tokens per second of a model on this machine",
    .usage = "[MODEL] [-p 512] [-n 128] [-d DEPTH] [-r 3] [--json]",
    .detail = "Example:\n  tarn bench model.gguf --threads 2 --json\n",
    .run = run,
};
