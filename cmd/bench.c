/* bench.c - tarn bench: tokens per second of prefill and decode, what decode
 * reads, and how much of what the machine can read that is.
 *
 * With --compare several builds of a backend take turns, so that what else
 * the machine does meets them all. */
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "cmd/cmd.h"
#include "core/base/json.h"

#if !defined(__wasm__)
#include "cmd/bandwidth.h"
#endif

#define MAX_REPEATS 100
#define MAX_BUILDS 12
#define DEFAULT_READ_MB 1024

/* One backend's passes. */
struct build {
    char name[64];
    double prefill[MAX_REPEATS], decode[MAX_REPEATS]; /* tokens per second */
    double step_ms[MAX_REPEATS]; /* of decode */
    uint64_t weight_bytes, kv_bytes; /* of a step */
    uint32_t n; /* passes so far */
};

struct bench {
    struct cmd_common common;
    uint32_t n_prompt, n_tokens, depth, repeats, n_seqs, read_mb;
    const char *compare;
    bool json;
    char model[160];
    uint32_t threads;
    struct build builds[MAX_BUILDS];
    uint32_t n_builds;
    double machine; /* bytes per second; 0: not measured */
#if !defined(__wasm__)
    struct cmd_bandwidth *reader;
#endif
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *v, uint32_t n)
{
    double sorted[MAX_REPEATS];
    memcpy(sorted, v, n * sizeof *v);
    qsort(sorted, n, sizeof *sorted, by_size);
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static double lowest(const double *v, uint32_t n)
{
    double least = v[0];
    for (uint32_t i = 1; i < n; i++)
        least = v[i] < least ? v[i] : least;
    return least;
}

static double highest(const double *v, uint32_t n)
{
    double most = v[0];
    for (uint32_t i = 1; i < n; i++)
        most = v[i] > most ? v[i] : most;
    return most;
}

/* ------------------------------------------------------------ measuring */

static double rate(uint32_t n, uint32_t seqs, double ms)
{
    return ms > 0 ? 1000.0 * n * seqs / ms : 0;
}

static enum tarn_status one_pass(struct bench *b, struct build *to,
                                 struct tarn_engine *engine,
                                 struct tarn_error *err)
{
    struct tarn_bench pass = { .size = sizeof pass, .n_seqs = b->n_seqs,
                               .n_prompt = b->n_prompt, .depth = b->depth,
                               .n_tokens = b->n_tokens };
    const enum tarn_status s = tarn_engine_bench(engine, &pass, err);
    if (s)
        return s;
    to->prefill[to->n] = rate(b->n_prompt, b->n_seqs, pass.prefill_ms);
    to->decode[to->n] = rate(b->n_tokens, b->n_seqs, pass.decode_ms);
    to->step_ms[to->n] = b->n_tokens ? pass.decode_ms / b->n_tokens : 0;
    to->weight_bytes = pass.weight_bytes;
    to->kv_bytes = pass.kv_bytes;
    if (!b->json)
        fprintf(stderr, "%s pass %u: prefill %.1f, decode %.2f tokens/s\n",
                to->name, to->n + 1, to->prefill[to->n], to->decode[to->n]);
    to->n++;
    return TARN_OK;
}

/* A short pass: pages of the file and of work memory are touched. */
static enum tarn_status warm_up(struct bench *b, struct tarn_engine *engine,
                                struct tarn_error *err)
{
    struct tarn_bench pass = { .size = sizeof pass, .n_seqs = b->n_seqs,
                               .depth = b->depth,
                               .n_prompt = b->n_prompt < 16 ? b->n_prompt : 16,
                               .n_tokens = b->n_tokens < 2 ? b->n_tokens : 2 };
    return tarn_engine_bench(engine, &pass, err);
}

static enum tarn_status read_memory(struct bench *b, struct tarn_error *err)
{
#if !defined(__wasm__)
    enum tarn_status s = TARN_OK;
    if (!b->read_mb)
        return TARN_OK;
    if (!b->reader)
        s = cmd_bandwidth_open(&b->reader, (uint64_t)b->read_mb << 20,
                               b->threads, err);
    if (!s)
        cmd_bandwidth_take(b->reader);
    return s;
#else
    (void)b, (void)err;
    return TARN_OK;
#endif
}

static enum tarn_status open_session(struct bench *b, const char *word,
                                     const char *backend,
                                     struct cmd_session *ses,
                                     struct tarn_error *err)
{
    struct cmd_common c = b->common;
    if (backend)
        c.backend = backend;
    c.sequences = b->n_seqs;
    const enum tarn_status s = cmd_session_open(ses, &c, word, true, err);
    if (s)
        return s;
    snprintf(b->model, sizeof b->model, "%s",
             tarn_model_info(ses->model)->name);
    b->threads = tarn_runtime_threads(ses->runtime);
    return TARN_OK;
}

static enum tarn_status measure_one(struct bench *b, const char *word,
                                    struct tarn_error *err)
{
    struct cmd_session ses;
    enum tarn_status s = open_session(b, word, NULL, &ses, err);
    if (s)
        return s;
    b->n_builds = 1;
    snprintf(b->builds[0].name, sizeof b->builds[0].name, "%s",
             tarn_model_info(ses.model)->backend);
    s = warm_up(b, ses.engine, err);
    for (uint32_t i = 0; !s && i < b->repeats; i++) {
        s = read_memory(b, err);
        if (!s)
            s = one_pass(b, b->builds, ses.engine, err);
    }
    cmd_session_close(&ses);
    return s;
}

static enum tarn_status measure_in_turns(struct bench *b, const char *word,
                                         struct tarn_error *err)
{
    enum tarn_status s = TARN_OK;
    for (uint32_t i = 0; !s && i < b->repeats; i++)
        for (uint32_t k = 0; !s && k < b->n_builds; k++) {
            struct cmd_session ses;
            s = open_session(b, word, b->builds[k].name, &ses, err);
            if (s)
                return s;
            s = warm_up(b, ses.engine, err);
            if (!s)
                s = read_memory(b, err);
            if (!s)
                s = one_pass(b, b->builds + k, ses.engine, err);
            cmd_session_close(&ses);
        }
    return s;
}

static enum tarn_status take_name(struct bench *b, const char *name, size_t n,
                                  struct tarn_error *err)
{
    if (!n)
        return tarn_fail(err, TARN_USAGE,
                         "--compare has an empty name; say a,b,... or all");
    if (b->n_builds == MAX_BUILDS || n >= sizeof b->builds->name)
        return tarn_fail(err, TARN_USAGE, "--compare takes at most %d names",
                         MAX_BUILDS);
    memcpy(b->builds[b->n_builds++].name, name, n);
    return TARN_OK;
}

/* "a,b,c", or "all": whatever can be used here. */
static enum tarn_status name_builds(struct bench *b, struct tarn_error *err)
{
    enum tarn_status s = TARN_OK;
    const char *at = b->compare;
    if (strcmp(at, "all") != 0) {
        for (bool more = true; !s && more;) {
            const size_t n = strcspn(at, ",");
            s = take_name(b, at, n, err);
            more = at[n] == ',';
            at += n + more;
        }
        return s;
    }
    struct cmd_backends *found = NULL;
    size_t n = 0;
    s = cmd_backends_open(&b->common, &found, err);
    if (s)
        return s;
    const struct tarn_backend *const *list = cmd_backends_list(found, &n);
    for (size_t i = 0; !s && i < n; i++)
        s = take_name(b, list[i]->name, strlen(list[i]->name), err);
    cmd_backends_close(found);
    return s;
}

/* ------------------------------------------------------------- printing */

static double bytes_per_s(const struct build *u)
{
    const double ms = median(u->step_ms, u->n);
    return ms > 0 ? (double)(u->weight_bytes + u->kv_bytes) * 1000 / ms : 0;
}

static void print_build(const struct bench *b, const struct build *u)
{
    printf("%s\n", u->name);
    if (b->n_prompt)
        printf("  prefill %u: %.1f tokens/s (median of %u, %.1f to %.1f)\n",
               b->n_prompt, median(u->prefill, u->n), u->n,
               lowest(u->prefill, u->n), highest(u->prefill, u->n));
    if (!b->n_tokens)
        return;
    printf("  decode %u at depth %u: %.2f tokens/s (%.2f to %.2f)\n",
           b->n_tokens, b->depth + b->n_prompt, median(u->decode, u->n),
           lowest(u->decode, u->n), highest(u->decode, u->n));
    printf("  a step reads %.1f MB of weights and %.1f MB of K/V: %.1f GB/s",
           (double)u->weight_bytes / 1e6, (double)u->kv_bytes / 1e6,
           bytes_per_s(u) / 1e9);
    if (b->machine > 0)
        printf(", %.0f %% of the machine's %.1f",
               100 * bytes_per_s(u) / b->machine, b->machine / 1e9);
    printf("\n");
}

static void print_text(const struct bench *b)
{
    printf("%s, %u threads, %u sequence%s\n", b->model, b->threads, b->n_seqs,
           b->n_seqs == 1 ? "" : "s at once");
    for (uint32_t i = 0; i < b->n_builds; i++)
        print_build(b, b->builds + i);
    for (uint32_t i = 1; i < b->n_builds; i++) {
        const struct build *u = b->builds + i, *first = b->builds;
        printf("%s : %s", first->name, u->name);
        if (b->n_prompt)
            printf("  prefill %.2f", median(first->prefill, first->n) /
                                         median(u->prefill, u->n));
        if (b->n_tokens)
            printf("  decode %.2f", median(first->decode, first->n) /
                                        median(u->decode, u->n));
        printf("\n");
    }
}

static void print_fields(const struct bench *b, const struct build *u)
{
    printf("\"backend\":\"%s\",\"prefill_tps\":%.3f,\"decode_tps\":%.3f,"
           "\"prefill_min\":%.3f,\"prefill_max\":%.3f,"
           "\"decode_min\":%.3f,\"decode_max\":%.3f,"
           "\"step_ms\":%.4f,\"weight_bytes\":%llu,\"kv_bytes\":%llu,"
           "\"read_gbps\":%.3f,\"read_share\":",
           u->name, median(u->prefill, u->n), median(u->decode, u->n),
           lowest(u->prefill, u->n), highest(u->prefill, u->n),
           lowest(u->decode, u->n), highest(u->decode, u->n),
           median(u->step_ms, u->n), (unsigned long long)u->weight_bytes,
           (unsigned long long)u->kv_bytes, bytes_per_s(u) / 1e9);
    if (b->machine > 0)
        printf("%.4f", bytes_per_s(u) / b->machine);
    else
        printf("null");
}

/* One object; with --compare the members of each build stand in "builds". */
static void print_json(const struct bench *b)
{
    struct tarn_buf name = { 0 };
    tarn_json_add_string(&name, b->model, strlen(b->model), false);
    printf("{\"model\":%s,\"threads\":%u,\"prompt\":%u,\"tokens\":%u,"
           "\"depth\":%u,\"sequences\":%u,\"repeats\":%u,\"batch\":",
           name.data ? name.data : "\"\"", b->threads, b->n_prompt,
           b->n_tokens, b->depth, b->n_seqs, b->repeats);
    if (b->common.batch)
        printf("%u,\"machine_gbps\":", b->common.batch);
    else
        printf("null,\"machine_gbps\":"); /* as large as pays */
    tarn_buf_finish(&name);
    if (b->machine > 0)
        printf("%.3f,", b->machine / 1e9);
    else
        printf("null,");
    if (!b->compare)
        print_fields(b, b->builds);
    else
        printf("\"builds\":[");
    for (uint32_t i = 0; b->compare && i < b->n_builds; i++) {
        printf("%s{", i ? "," : "");
        print_fields(b, b->builds + i);
        printf("}");
    }
    printf(b->compare ? "]}\n" : "}\n");
}

static enum tarn_status measure(struct bench *b, const char *word,
                                struct tarn_error *err)
{
    enum tarn_status s = b->compare ? name_builds(b, err) : TARN_OK;
    if (!s)
        s = b->compare ? measure_in_turns(b, word, err)
                       : measure_one(b, word, err);
#if !defined(__wasm__)
    if (b->reader)
        b->machine = cmd_bandwidth_result(b->reader);
    cmd_bandwidth_close(b->reader);
#endif
    if (!s && b->json)
        print_json(b);
    else if (!s)
        print_text(b);
    return s;
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    static struct bench b;
    b = (struct bench){ .n_prompt = 512, .n_tokens = 128, .repeats = 3,
                        .n_seqs = 1, .read_mb = DEFAULT_READ_MB };
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
        { "--compare", NULL, CMD_TEXT, &b.compare, 0, 0, "NAMES",
          "backends in turns: a,b,... or all" },
        { "--read-memory", NULL, CMD_U32, &b.read_mb, 0, 16384, "MB",
          "to measure what the machine reads; 0: don't (1024)" },
        { "--json", NULL, CMD_FLAG, &b.json, 0, 0, NULL, "one object" },
    };
    struct cmd_args a;
    cmd_args_init(&a, self, 1);
    cmd_args_add(&a, options, sizeof options / sizeof *options);
    cmd_common_add(&a, &b.common);
    enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s || a.help)
        return s;
    if (!b.n_prompt && !b.n_tokens)
        return tarn_fail(err, TARN_USAGE,
                         "--prompt and --tokens are both 0: there is nothing "
                         "to measure");
    uint32_t need = b.depth + b.n_prompt + b.n_tokens;
    if (!b.common.ctx)
        b.common.ctx = need < 64 ? 64 : need;
    s = measure(&b, a.n_words ? a.words[0] : NULL, err);
    return s ? s : cmd_flush(err);
}

const struct cmd cmd_bench = {
    .name = "bench",
    .summary = "tokens per second of a model on this machine",
    .usage = "[MODEL] [-p 512] [-n 128] [-d DEPTH] [-r 3] "
             "[--sequences N] [--json]",
    .detail =
        "Decode is bound by reading weights and K/V: besides tokens per\n"
        "second it tells the bytes read and how fast the machine reads\n"
        "memory in the same minutes, with as many threads.\n\n"
        "Examples:\n"
        "  tarn bench model.gguf --threads 2 --json\n"
        "  tarn bench model.gguf -p 0 --sequences 8\n"
        "  tarn bench model.gguf --compare cpu-avx512,cpu-avx2\n",
    .run = run,
};
