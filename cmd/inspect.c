/* inspect.c - tarn inspect: what is in a model file.
 *
 * Works on every GGUF file that is whole, also on models that tarn doesn't
 * run; it needs no backend and computes nothing. */
#include "cmd/inspect.h"

#include <string.h>

#include "cmd/cmd.h"

const char *inspect_file_type(uint32_t number)
{
    static const char *const NAMES[] = {
        "F32",    "F16",     "Q4_0",      "Q4_1",   "",       "",
        "",       "Q8_0",    "Q5_0",      "Q5_1",   "Q2_K",   "Q3_K_S",
        "Q3_K_M", "Q3_K_L",  "Q4_K_S",    "Q4_K_M", "Q5_K_S", "Q5_K_M",
        "Q6_K",   "IQ2_XXS", "IQ2_XS",    "Q2_K_S", "IQ3_XS", "IQ3_XXS",
        "IQ1_S",  "IQ4_NL",  "IQ3_S",     "IQ3_M",  "IQ2_S",  "IQ2_M",
        "IQ4_XS", "IQ1_M",   "BF16",      "",       "",       "",
        "TQ1_0",  "TQ2_0",   "MXFP4_MOE", "NVFP4",  "Q1_0"
    };
    return number < sizeof NAMES / sizeof *NAMES ? NAMES[number] : "";
}

static bool equals(struct tarn_gguf_string s, const char *text)
{
    return s.text && s.size == strlen(text) && !memcmp(s.text, text, s.size);
}

static bool contains(struct tarn_gguf_string s, const char *text)
{
    const size_t n = strlen(text);
    for (size_t i = 0; s.text && i + n <= s.size; i++)
        if (!memcmp(s.text + i, text, n))
            return true;
    return false;
}

/* The string of a key, NULL if it is missing or of another kind. */
static struct tarn_gguf_string text_of(const struct tarn_gguf *g,
                                       const char *key)
{
    struct tarn_gguf_string s = { NULL, 0 };
    (void)tarn_gguf_string_or(g, key, &s, NULL);
    return s;
}

/* ARCHITECTURE.key as a number, 0 if it is none. */
static uint32_t number_of(const struct facts *f, const char *key)
{
    char full[160];
    uint32_t n = 0;
    if (f->architecture.size > 64)
        return 0;
    snprintf(full, sizeof full, "%.*s.%s", (int)f->architecture.size,
             f->architecture.text ? f->architecture.text : "", key);
    if (tarn_gguf_u32_or(f->g, full, 0, UINT32_MAX, 0, &n, NULL))
        return 0;
    return n;
}

/* Layers whose head_count_kv is not 0 are attention layers. */
static void collect_heads(struct facts *f)
{
    char key[160];
    int64_t n;
    if (!f->architecture.text || f->architecture.size > 64)
        return;
    snprintf(key, sizeof key, "%.*s.attention.head_count_kv",
             (int)f->architecture.size, f->architecture.text);
    const struct tarn_gguf_value *v = tarn_gguf_find(f->g, key);
    if (!v)
        return;
    if (v->kind != TARN_GGUF_ARRAY) {
        f->n_kv_heads = number_of(f, "attention.head_count_kv");
        f->n_attention = f->n_layers;
        return;
    }
    for (uint64_t i = 0; i < v->n && i < f->n_layers; i++)
        if (tarn_gguf_i64_of(v, i, &n) && n > 0 && n <= UINT32_MAX) {
            f->n_attention++;
            if (n > f->n_kv_heads)
                f->n_kv_heads = (uint32_t)n;
        }
}

static uint64_t items_of(const struct tarn_gguf *g, const char *key)
{
    const struct tarn_gguf_value *v = tarn_gguf_find(g, key);
    return v && v->kind == TARN_GGUF_ARRAY ? v->n : 0;
}

static void add_type(struct facts *f, const struct tarn_gguf_tensor *t)
{
    size_t i = 0;
    while (i < f->n_types && f->types[i].type < t->type)
        i++;
    if (i == f->n_types || f->types[i].type != t->type) {
        if (f->n_types == FACTS_MAX_TYPES)
            return; /* there are 21 */
        memmove(f->types + i + 1, f->types + i,
                (f->n_types - i) * sizeof *f->types);
        f->types[i] = (struct facts_type){ t->type, 0, 0 };
        f->n_types++;
    }
    f->types[i].n_tensors++;
    f->types[i].bytes += t->size;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), k = strlen(end);
    return n >= k && !strcmp(text + n - k, end);
}

/* Of the experts' weights a token uses n_used / n_experts; of the embedding
 * one row, unless it is the head as well. */
static void collect_tensors(struct facts *f)
{
    const bool own_head = tarn_gguf_tensor(f->g, "output.weight") != NULL;
    for (size_t i = 0; i < tarn_gguf_n_tensors(f->g); i++) {
        const struct tarn_gguf_tensor *t = tarn_gguf_tensor_at(f->g, i);
        const uint64_t n = t->ge[0] * t->ge[1] * t->ge[2] * t->ge[3];
        add_type(f, t);
        f->n_params += n;
        if (ends_with(t->name, "_exps.weight") && f->n_experts &&
            f->n_used <= f->n_experts && n % f->n_experts == 0)
            f->n_active += n / f->n_experts * f->n_used;
        else if (!own_head || strcmp(t->name, "token_embd.weight"))
            f->n_active += n;
    }
}

static void note(struct facts *f, const char *text)
{
    if (f->n_notes < FACTS_MAX_NOTES)
        snprintf(f->notes[f->n_notes++], sizeof f->notes[0], "%s", text);
}

/* The first template of LFM2.5-8B-A1B; MODEL 4.7. */
static bool is_early(const struct facts *f)
{
    if (!f->template_text.text || !equals(f->architecture, "lfm2moe"))
        return false;
    return f->layout == TARN_LAYOUT_D ||
           (f->n_vocab == 128000 && f->layout_known &&
            !contains(f->template_text, "List of tools: ["));
}

static void collect_notes(struct facts *f)
{
    char text[240];
    if (!f->runs) {
        const struct tarn_shown a =
            tarn_shown(f->architecture.text, f->architecture.size);
        snprintf(text, sizeof text, "is a %s model; tarn runs lfm2 and lfm2moe",
                 a.text[0] ? a.text : "nameless");
        note(f, text);
    }
    if (f->early)
        note(f, "this is an early file of the model: its chat template was "
                "replaced later, and tool calls go wrong with it elsewhere; "
                "tarn knows this layout");
    if (f->template_text.text && !f->layout_known)
        note(f, "the file carries an unknown chat layout; tarn uses its own "
                "lfm2.5 layout (--template shows the file's text)");
    if (tarn_gguf_warning(f->g)[0])
        note(f, tarn_gguf_warning(f->g));
}

void inspect_collect(struct facts *f, const struct tarn_gguf *g)
{
    *f = (struct facts){ .g = g };
    f->architecture = text_of(g, "general.architecture");
    f->name = text_of(g, "general.name");
    f->license = text_of(g, "general.license");
    f->template_text = text_of(g, "tokenizer.chat_template");
    f->runs =
        equals(f->architecture, "lfm2") || equals(f->architecture, "lfm2moe");
    if (tarn_gguf_u32_or(g, "general.file_type", 0, UINT32_MAX, UINT32_MAX,
                         &f->file_type, NULL))
        f->file_type = UINT32_MAX;
    f->n_layers = number_of(f, "block_count");
    f->width = number_of(f, "embedding_length");
    f->n_heads = number_of(f, "attention.head_count");
    f->n_experts = number_of(f, "expert_count");
    f->n_used = number_of(f, "expert_used_count");
    f->n_dense = number_of(f, "leading_dense_block_count");
    f->n_context = number_of(f, "context_length");
    f->conv_length = number_of(f, "shortconv.l_cache");
    f->n_vocab = items_of(g, "tokenizer.ggml.tokens");
    f->n_merges = items_of(g, "tokenizer.ggml.merges");
    collect_heads(f);
    collect_tensors(f);
    if (f->template_text.text)
        f->layout = tarn_layout_detect(f->template_text.text,
                                       f->template_text.size, &f->layout_known);
    f->early = is_early(f);
    collect_notes(f);
}

/* ------------------------------------------------------------- the command */

static enum tarn_status print_json(const struct facts *f, bool tensors,
                                   bool template_text, struct tarn_error *err)
{
    struct tarn_buf b = { 0 };
    inspect_json(f, tensors, template_text, &b);
    if (b.failed) {
        tarn_buf_finish(&b);
        return tarn_fail(err, TARN_NO_MEMORY, "there is no memory to print");
    }
    fwrite(b.data, 1, b.size, stdout);
    tarn_buf_finish(&b);
    return TARN_OK;
}

static enum tarn_status print_template(const struct facts *f,
                                       struct tarn_error *err)
{
    if (!f->template_text.text)
        return tarn_fail(err, TARN_BAD_FILE, "carries no chat template");
    cmd_print_foreign(stdout, f->template_text.text, f->template_text.size);
    if (f->template_text.size &&
        f->template_text.text[f->template_text.size - 1] != '\n')
        putchar('\n');
    return TARN_OK;
}

/* Every value or block scale of every tensor (G20). */
static enum tarn_status check_tensors(const struct tarn_gguf *g,
                                      struct tarn_error *err)
{
    for (size_t i = 0; i < tarn_gguf_n_tensors(g); i++) {
        const enum tarn_status s =
            tarn_gguf_check_tensor(tarn_gguf_tensor_at(g, i), err);
        if (s)
            return s;
    }
    return TARN_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static enum tarn_status run(const struct cmd *self, int argc, char **argv,
                            struct tarn_error *err)
{
    bool json = false, tensors = false, template_text = false, check = false;
    const struct cmd_option options[] = {
        { "--json", NULL, CMD_FLAG, &json, 0, 0, NULL,
          "one JSON object instead of text" },
        { "--tensors", NULL, CMD_FLAG, &tensors, 0, 0, NULL,
          "list every tensor" },
        { "--template", NULL, CMD_FLAG, &template_text, 0, 0, NULL,
          "only the chat template (with --json: that too)" },
        { "--check", NULL, CMD_FLAG, &check, 0, 0, NULL,
          "read all weights: refuse NaN, infinity and empty scales" },
    };
    struct cmd_args a;
    struct tarn_gguf *g = NULL;
    const char *path = NULL;
    cmd_args_init(&a, self, 1);
    cmd_args_add(&a, options, sizeof options / sizeof *options);
    enum tarn_status s = cmd_args_parse(&a, argc, argv, err);
    if (s || a.help)
        return s;
    s = cmd_model_path(a.n_words ? a.words[0] : NULL, &path, err);
    if (s || (s = tarn_gguf_open(path, &g, err)))
        return s;
    struct facts f;
    inspect_collect(&f, g);
    if (check)
        s = check_tensors(g, err);
    if (!s && json)
        s = print_json(&f, tensors, template_text, err);
    else if (!s && template_text)
        s = print_template(&f, err);
    else if (!s)
        inspect_print(&f, tensors);
    if (s)
        tarn_error_prefix(err, base_name(path));
    tarn_gguf_close(g);
    return s ? s : cmd_flush(err);
}

const struct cmd cmd_inspect = {
    .name = "inspect",
    .summary = "what is in a model file",
    .usage = "[MODEL] [--json] [--tensors] [--template] [--check]",
    .detail = "Reads the header of any GGUF file; computes nothing.\n\n"
              "Example:\n  tarn inspect model.gguf --tensors\n",
    .run = run,
};
