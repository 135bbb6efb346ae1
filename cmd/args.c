/* args.c - the option parser of all subcommands.
 * A table says name, kind, range and help; so --help can never disagree with
 * what is accepted. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"

void cmd_args_init(struct cmd_args *a, const struct cmd *cmd, size_t max_words)
{
    *a = (struct cmd_args){ .cmd = cmd, .max_words = max_words };
}

void cmd_args_add(struct cmd_args *a, const struct cmd_option *options,
                  size_t n)
{
    for (size_t i = 0; i < n && a->n_options < CMD_MAX_OPTIONS; i++)
        a->options[a->n_options++] = options[i];
}

static void print_help(const struct cmd_args *a)
{
    printf("tarn %s - %s\n\nUsage: tarn %s %s\n", a->cmd->name,
           a->cmd->summary, a->cmd->name, a->cmd->usage);
    if (a->n_options)
        printf("\nOptions:\n");
    for (size_t i = 0; i < a->n_options; i++) {
        const struct cmd_option *o = &a->options[i];
        char left[64];
        snprintf(left, sizeof left, "%s%s%s%s%s", o->alias ? o->alias : "",
                 o->alias ? ", " : "", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        printf("  %-26s %s\n", left, o->help);
    }
    if (a->cmd->detail)
        printf("\n%s", a->cmd->detail);
}

static const struct cmd_option *find(const struct cmd_args *a,
                                     const char *name, size_t size)
{
    for (size_t i = 0; i < a->n_options; i++) {
        const struct cmd_option *o = &a->options[i];
        if (strlen(o->name) == size && !memcmp(o->name, name, size))
            return o;
        if (o->alias && strlen(o->alias) == size &&
            !memcmp(o->alias, name, size))
            return o;
    }
    return NULL;
}

static enum tarn_status out_of_range(const struct cmd_option *o,
                                     const char *text, struct tarn_error *err)
{
    struct tarn_shown seen = tarn_shown_str(text);
    if (o->lo == 0 && o->hi == 0)
        return tarn_fail(err, TARN_USAGE, "%s wants a number, not \"%s\"",
                         o->name, seen.text);
    return tarn_fail(err, TARN_USAGE,
                     "%s is \"%s\" but must be a number from %.10g to %.10g",
                     o->name, seen.text, o->lo, o->hi);
}

/* Whole numbers go through strtoull / strtoll so that 64 bits survive. */
static enum tarn_status store(const struct cmd_option *o, const char *text,
                              struct tarn_error *err)
{
    char *end = NULL;
    errno = 0;
    if (o->kind == CMD_TEXT) {
        *(const char **)o->out = text;
        return TARN_OK;
    }
    if (o->kind == CMD_U64) {
        unsigned long long v = strtoull(text, &end, 10);
        if (!*text || *end || errno || text[strspn(text, "0123456789")])
            return out_of_range(o, text, err);
        *(uint64_t *)o->out = v;
        return TARN_OK;
    }
    double v = strtod(text, &end);
    bool bounded = o->lo != 0 || o->hi != 0;
    if (!*text || *end || !isfinite(v) ||
        text[strspn(text, "0123456789+-.eE")] || (bounded && (v < o->lo || v > o->hi)))
        return out_of_range(o, text, err);
    if (o->kind == CMD_F32) {
        *(float *)o->out = (float)v;
        return TARN_OK;
    }
    if (v != floor(v) || v < (o->kind == CMD_U32 ? 0 : INT32_MIN) ||
        v > (o->kind == CMD_U32 ? (double)UINT32_MAX : (double)INT32_MAX))
        return out_of_range(o, text, err);
    if (o->kind == CMD_U32)
        *(uint32_t *)o->out = (uint32_t)v;
    else
        *(int32_t *)o->out = (int32_t)v;
    return TARN_OK;
}

static enum tarn_status take_option(struct cmd_args *a, int argc, char **argv,
                                    int *i, struct tarn_error *err)
{
    const char *word = argv[*i];
    const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
    size_t size = equals ? (size_t)(equals - word) : strlen(word);
    const struct cmd_option *o = find(a, word, size);
    if (!o)
        return tarn_fail(err, TARN_USAGE,
                         "tarn %s has no option %s; see tarn %s --help",
                         a->cmd->name, tarn_shown(word, size).text,
                         a->cmd->name);
    if (o->kind == CMD_FLAG) {
        if (equals)
            return tarn_fail(err, TARN_USAGE, "%s takes no value", o->name);
        *(bool *)o->out = true;
        return TARN_OK;
    }
    if (equals)
        return store(o, equals + 1, err);
    if (*i + 1 >= argc)
        return tarn_fail(err, TARN_USAGE, "%s needs a value", o->name);
    return store(o, argv[++*i], err);
}

/* Other programs take a prompt as a word. */
static enum tarn_status one_too_many(const struct cmd_args *a, const char *word,
                                     struct tarn_error *err)
{
    const struct cmd_option *p = find(a, "-p", 2);
    return tarn_fail(err, TARN_USAGE,
                     "tarn %s does not know what to do with \"%s\"%s; "
                     "see tarn %s --help",
                     a->cmd->name, tarn_shown_str(word).text,
                     p && p->kind == CMD_TEXT ? " (a prompt is given with -p)"
                                              : "",
                     a->cmd->name);
}

enum tarn_status cmd_args_parse(struct cmd_args *a, int argc, char **argv,
                                struct tarn_error *err)
{
    bool words_only = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (!words_only && !strcmp(word, "--")) {
            words_only = true;
        } else if (!words_only && (!strcmp(word, "--help") ||
                                   !strcmp(word, "-h"))) {
            print_help(a);
            a->help = true;
            return TARN_OK;
        } else if (!words_only && word[0] == '-' && word[1]) {
            enum tarn_status s = take_option(a, argc, argv, &i, err);
            if (s)
                return s;
        } else if (a->n_words >= a->max_words) {
            return one_too_many(a, word, err);
        } else {
            a->words[a->n_words++] = word;
        }
    }
    return TARN_OK;
}

/* ---------------------------------------------------------- common options */
void cmd_common_add(struct cmd_args *a, struct cmd_common *c)
{
    const struct cmd_option options[] = {
        { "--backend", NULL, CMD_TEXT, &c->backend, 0, 0, "NAME",
          "compute with this one; tarn backends lists them" },
        { "--cpu-experts", NULL, CMD_U32, &c->cpu_experts, 1, 512, "N",
          "keep the experts of the first N layers with the processor" },
        { "--gpu-layers", NULL, CMD_U32, &c->gpu_layers, 1, 512, "N",
          "layers on a graphics device (default: as many as fit)" },
        { "--threads", "-t", CMD_U32, &c->threads, 1, 1024, "N",
          "threads (default: what this process may use)" },
        { "--batch", NULL, CMD_U32, &c->batch, 1, 8192, "N",
          "most tokens computed at once (default: by memory)" },
        { "--ctx", "-c", CMD_U32, &c->ctx, 8, 131072, "N",
          "context length in tokens" },
        { "--kv", NULL, CMD_TEXT, &c->kv, 0, 0, "TYPE",
          "K/V cache: f16 (default), f32 or q8_0" },
        { "--plugin-dir", NULL, CMD_TEXT, &c->plugin_dir, 0, 0, "DIR",
          "look for backends here first" },
        { "--trust-env", NULL, CMD_FLAG, &c->trust_env, 0, 0, NULL,
          "load drivers although LD_LIBRARY_PATH has a relative part" },
        { "--verbose", "-v", CMD_FLAG, &c->verbose, 0, 0, NULL,
          "say more on stderr" },
    };
    cmd_args_add(a, options, sizeof options / sizeof *options);
}

#define NOT_GIVEN INT32_MIN

void cmd_sampling_add(struct cmd_args *a, struct cmd_sampling *s)
{
    struct tarn_sampling *g = &s->given;
    *g = (struct tarn_sampling){
        .size = sizeof *g, .temperature = NAN, .top_p = NAN, .min_p = NAN,
        .typical_p = NAN, .top_n_sigma = NAN, .repeat_penalty = NAN,
        .frequency_penalty = NAN, .presence_penalty = NAN,
        .dry_multiplier = NAN, .dry_base = NAN, .xtc_probability = NAN,
        .xtc_threshold = NAN, .dynatemp_range = NAN,
        .dynatemp_exponent = NAN, .mirostat_tau = NAN, .mirostat_eta = NAN,
        .top_k = NOT_GIVEN, .penalty_last_n = NOT_GIVEN,
        .dry_allowed_length = NOT_GIVEN, .dry_last_n = NOT_GIVEN,
        .mirostat = NOT_GIVEN,
    };
    s->seed_given = false;
    s->seed = UINT64_MAX;
    /* Ranges are tarn_sampling_check()'s; here only "a number". */
    const struct cmd_option options[] = {
        { "--temp", NULL, CMD_F32, &g->temperature, 0, 0, "T",
          "temperature; 0: always the most likely token" },
        { "--top-k", NULL, CMD_I32, &g->top_k, 0, 0, "K", "keep the K best" },
        { "--top-p", NULL, CMD_F32, &g->top_p, 0, 0, "P", "nucleus" },
        { "--min-p", NULL, CMD_F32, &g->min_p, 0, 0, "P",
          "least share of the best token's probability" },
        { "--typical", NULL, CMD_F32, &g->typical_p, 0, 0, "P",
          "locally typical sampling" },
        { "--top-n-sigma", NULL, CMD_F32, &g->top_n_sigma, 0, 0, "N",
          "logits within N standard deviations of the best" },
        { "--repeat-penalty", NULL, CMD_F32, &g->repeat_penalty, 0, 0, "R",
          "1: off" },
        { "--repeat-last-n", NULL, CMD_I32, &g->penalty_last_n, 0, 0, "N",
          "tokens that the penalties look at" },
        { "--frequency-penalty", NULL, CMD_F32, &g->frequency_penalty, 0, 0,
          "F", "per occurrence" },
        { "--presence-penalty", NULL, CMD_F32, &g->presence_penalty, 0, 0,
          "F", "once" },
        { "--dry-multiplier", NULL, CMD_F32, &g->dry_multiplier, 0, 0, "M",
          "DRY; 0: off" },
        { "--dry-base", NULL, CMD_F32, &g->dry_base, 0, 0, "B", "DRY's base" },
        { "--dry-allowed-length", NULL, CMD_I32, &g->dry_allowed_length, 0, 0,
          "N", "repeats shorter than this are free" },
        { "--dry-last-n", NULL, CMD_I32, &g->dry_last_n, 0, 0, "N",
          "tokens that DRY looks at; -1: all" },
        { "--xtc-probability", NULL, CMD_F32, &g->xtc_probability, 0, 0, "P",
          "XTC; 0: off" },
        { "--xtc-threshold", NULL, CMD_F32, &g->xtc_threshold, 0, 0, "P",
          "XTC's threshold" },
        { "--dynatemp-range", NULL, CMD_F32, &g->dynatemp_range, 0, 0, "R",
          "temperature by entropy, +- R" },
        { "--dynatemp-exp", NULL, CMD_F32, &g->dynatemp_exponent, 0, 0, "E",
          "its exponent" },
        { "--mirostat", NULL, CMD_I32, &g->mirostat, 0, 0, "0|2",
          "mirostat v2 in place of the cuts" },
        { "--mirostat-ent", NULL, CMD_F32, &g->mirostat_tau, 0, 0, "TAU",
          "its target in bits" },
        { "--mirostat-lr", NULL, CMD_F32, &g->mirostat_eta, 0, 0, "ETA",
          "its rate" },
        { "--seed", "-s", CMD_U64, &s->seed, 0, 0, "N",
          "same seed, same text (default: a new one each time)" },
    };
    cmd_args_add(a, options, sizeof options / sizeof *options);
}

static void merge_f32(float *to, float given)
{
    if (!isnan(given))
        *to = given;
}

static void merge_i32(int32_t *to, int32_t given)
{
    if (given != NOT_GIVEN)
        *to = given;
}

enum tarn_status cmd_sampling_merge(const struct cmd_sampling *s,
                                    const struct tarn_model *model,
                                    struct tarn_sampling *out,
                                    struct tarn_error *err)
{
    const struct tarn_sampling *g = &s->given;
    struct tarn_sampling m = tarn_model_sampling(model);
    merge_f32(&m.temperature, g->temperature);
    merge_f32(&m.top_p, g->top_p);
    merge_f32(&m.min_p, g->min_p);
    merge_f32(&m.typical_p, g->typical_p);
    merge_f32(&m.top_n_sigma, g->top_n_sigma);
    merge_f32(&m.repeat_penalty, g->repeat_penalty);
    merge_f32(&m.frequency_penalty, g->frequency_penalty);
    merge_f32(&m.presence_penalty, g->presence_penalty);
    merge_f32(&m.dry_multiplier, g->dry_multiplier);
    merge_f32(&m.dry_base, g->dry_base);
    merge_f32(&m.xtc_probability, g->xtc_probability);
    merge_f32(&m.xtc_threshold, g->xtc_threshold);
    merge_f32(&m.dynatemp_range, g->dynatemp_range);
    merge_f32(&m.dynatemp_exponent, g->dynatemp_exponent);
    merge_f32(&m.mirostat_tau, g->mirostat_tau);
    merge_f32(&m.mirostat_eta, g->mirostat_eta);
    merge_i32(&m.top_k, g->top_k);
    merge_i32(&m.penalty_last_n, g->penalty_last_n);
    merge_i32(&m.dry_allowed_length, g->dry_allowed_length);
    merge_i32(&m.dry_last_n, g->dry_last_n);
    merge_i32(&m.mirostat, g->mirostat);
    m.seed = s->seed != UINT64_MAX ? s->seed
                                   : (uint64_t)tarn_random_seed();
    *out = m;
    return tarn_sampling_check(out, err);
}
