/* model.c - opening a model: file, numbers, tokenizer, device, weights. */
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/base/thread.h"
#include "core/model/model.h"

/* ------------------------------------------------------------------- host */
static void *host_alloc(void *user, size_t size, size_t align)
{
    (void)user;
    return tarn_alloc_aligned(size, align);
}

static void host_free(void *user, void *p)
{
    (void)user;
    tarn_free_aligned(p);
}

static void host_log(void *user, int level, const char *sentence)
{
    struct tarn_model *m = user;
    tarn_log(m->rt, level, "%s", sentence);
}

static void host_parallel(void *user,
                          void (*fn)(void *arg, uint32_t i, uint32_t worker),
                          void *arg, uint32_t n)
{
    struct tarn_model *m = user;
    tarn_pool_run(m->rt->pool, fn, arg, n);
}

static uint32_t host_threads(void *user)
{
    struct tarn_model *m = user;
    return m->rt->threads;
}

static bool host_cancelled(void *user)
{
    struct tarn_model *m = user;
    if (m->opening)
        return m->opening->cancelled && m->opening->cancelled(m->opening->user);
    return m->cancelled && m->cancelled(m->run_user);
}

static void host_progress(void *user, uint64_t done, uint64_t total)
{
    struct tarn_model *m = user;
    if (m->opening && m->opening->progress)
        m->opening->progress(m->opening->user, done, total);
    if (!m->opening && m->progress)
        m->progress(m->run_user, done, total);
}

static void fill_host(struct tarn_model *m)
{
    m->host = (struct tarn_host){
        .size = sizeof m->host, .user = m, .alloc = host_alloc,
        .free = host_free, .log = host_log, .parallel = host_parallel,
        .threads = host_threads, .cancelled = host_cancelled,
        .progress = host_progress,
    };
}

/* ------------------------------------------------------------------- info */
static void copy_string(const struct tarn_gguf *g, const char *key, char *out,
                        size_t room)
{
    struct tarn_gguf_string s = { 0 };
    out[0] = 0;
    if (!tarn_gguf_string_or(g, key, &s, NULL) && s.text)
        snprintf(out, room, "%.*s", (int)room - 1,
                 tarn_shown(s.text, s.size).text);
}

/* general.file_type: docs/formats.md. */
static const char *file_type_name(uint32_t n)
{
    static const char *const NAMES[] = {
        "F32", "F16", "Q4_0", "Q4_1", "", "", "", "Q8_0", "Q5_0", "Q5_1",
        "Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_K_S", "Q4_K_M", "Q5_K_S",
        "Q5_K_M", "Q6_K", "IQ2_XXS", "IQ2_XS", "Q2_K_S", "IQ3_XS", "IQ3_XXS",
        "IQ1_S", "IQ4_NL", "IQ3_S", "IQ3_M", "IQ2_S", "IQ2_M", "IQ4_XS",
        "IQ1_M", "BF16", "", "", "", "TQ1_0", "TQ2_0", "MXFP4_MOE"
    };
    return n < sizeof NAMES / sizeof *NAMES ? NAMES[n] : "";
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void fill_info(struct tarn_model *m)
{
    const struct tarn_hparams *hp = &m->hp;
    struct tarn_model_info *i = &m->info;
    struct tarn_gguf_string template = { 0 };
    uint32_t type = UINT32_MAX;
    copy_string(m->gguf, "general.name", m->name, sizeof m->name);
    if (!m->name[0])
        snprintf(m->name, sizeof m->name, "%.127s",
                 tarn_shown_str(base_name(tarn_gguf_path(m->gguf))).text);
    copy_string(m->gguf, "general.license.name", m->license,
                sizeof m->license);
    if (!m->license[0])
        copy_string(m->gguf, "general.license", m->license,
                    sizeof m->license);
    tarn_gguf_u32_or(m->gguf, "general.file_type", 0, UINT32_MAX, UINT32_MAX,
                     &type, NULL);
    snprintf(m->file_type, sizeof m->file_type, "%s", file_type_name(type));
    *i = (struct tarn_model_info){
        .size = sizeof *i, .path = tarn_gguf_path(m->gguf), .name = m->name,
        .architecture = hp->is_moe ? "lfm2moe" : "lfm2",
        .license = m->license, .file_type = m->file_type,
        .backend = m->backend->name, .device = m->device.name,
        .file_bytes = tarn_gguf_file_size(m->gguf), .n_vocab = hp->n_vocab,
        .n_layers = hp->n_layers, .n_embd = hp->n_embd, .n_head = hp->n_head,
        .n_expert = hp->n_expert, .n_expert_used = hp->n_used,
        .n_moe_layers = hp->n_moe, .n_attn_layers = hp->n_attn,
        .n_conv_layers = hp->n_conv,
        .max_context = hp->context < TARN_MAX_CONTEXT ? hp->context
                                                      : TARN_MAX_CONTEXT,
    };
    tarn_gguf_string_or(m->gguf, "tokenizer.chat_template", &template, NULL);
    i->layout = tarn_layout_detect(template.text, template.size,
                                   &i->layout_known);
    i->thinks = tarn_text_control(m->text, TARN_CTL_THINK) >= 0;
    for (size_t k = 0; k < tarn_gguf_n_tensors(m->gguf); k++) {
        const struct tarn_gguf_tensor *t = tarn_gguf_tensor_at(m->gguf, k);
        i->n_params += t->ge[0] * t->ge[1] * t->ge[2] * t->ge[3];
    }
}

/* ------------------------------------------------------------------- open */
/* On the backend that was named, or on the first that works. */
static enum tarn_status open_place(struct tarn_model *m, struct tarn_error *err)
{
    const struct tarn_runtime *rt = m->rt;
    struct tarn_place p = { .backend = NULL };
    if (rt->preferred != SIZE_MAX) {
        enum tarn_status s = tarn_place_open(
            m, rt->backends[rt->preferred], m->device_layers, &p, err);
        if (!s)
            tarn_model_change_place(m, &p);
        return s;
    }
    enum tarn_status s = TARN_DEVICE;
    for (size_t i = 0; i < rt->n_backends; i++) {
        s = tarn_place_open(m, rt->backends[i], m->device_layers, &p, err);
        if (s != TARN_DEVICE && s != TARN_NO_MEMORY)
            break;
        if (i + 1 < rt->n_backends && err)
            tarn_log(rt, 1, "%s can't be used: %s", rt->backends[i]->name,
                     err->text);
    }
    if (!s)
        tarn_model_change_place(m, &p);
    return s;
}

static enum tarn_status open_parts(struct tarn_model *m, const char *path,
                                   const struct tarn_model_options *opt,
                                   struct tarn_error *err)
{
    enum tarn_status s =
        opt->data ? tarn_gguf_open_memory(opt->data, opt->data_size,
                                          path ? path : "model", &m->gguf, err)
                  : tarn_gguf_open(path, &m->gguf, err);
    if (s)
        return s; /* gguf has named the file */
    s = tarn_hparams_read(m->gguf, &m->hp, err);
    if (!s)
        s = tarn_hparams_check_tensors(m->gguf, &m->hp, opt->check, err);
    if (!s)
        tarn_gguf_prefault(m->gguf); /* goes on beside what follows */
    if (!s)
        s = tarn_text_open(m->gguf, &m->text, err);
    if (s) {
        tarn_error_prefix(err, base_name(tarn_gguf_path(m->gguf)));
        return s;
    }
    s = open_place(m, err);
    if (!s)
        s = tarn_model_unchanged(m, err);
    if (s == TARN_CANCELLED)
        return tarn_fail(err, s, "opening the model was cancelled");
    return s;
}

enum tarn_status tarn_model_open(struct tarn_runtime *rt, const char *path,
                                 const struct tarn_model_options *opt,
                                 struct tarn_model **out,
                                 struct tarn_error *err)
{
    static const struct tarn_model_options NONE = { .size = sizeof NONE };
    if (!opt)
        opt = &NONE;
    if (!path && !opt->data)
        return tarn_fail(err, TARN_USAGE, "no model was named");
    struct tarn_model *m = tarn_alloc(1, sizeof *m);
    if (!m)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the model");
    m->rt = rt;
    rt->n_models++;
    m->opening = opt;
    m->device_layers = opt->device_layers;
    m->cpu_experts = opt->cpu_experts;
    m->fit_kv = TARN_F16;
    if (opt->engine) {
        m->fit_context = opt->engine->n_context;
        m->fit_rows = opt->engine->max_rows;
        if (opt->engine->kv_given)
            m->fit_kv = opt->engine->kv_type;
    }
    fill_host(m);
    enum tarn_status s = open_parts(m, path, opt, err);
    m->opening = NULL;
    if (s) {
        tarn_model_close(m);
        return s;
    }
    fill_info(m);
    *out = m;
    return TARN_OK;
}

void tarn_model_close(struct tarn_model *m)
{
    if (!m)
        return;
    m->doomed = true;
    if (m->n_engines)
        return; /* the last engine's unuse() comes here again */
    struct tarn_runtime *rt = m->rt;
    tarn_plan_finish(&m->plan);
    if (m->dev)
        m->backend->close(m->dev);
    tarn_free(m->split);
    tarn_text_close(m->text);
    tarn_gguf_close(m->gguf);
    tarn_free(m);
    rt->n_models--;
    if (rt->doomed)
        tarn_runtime_destroy(rt);
}

void tarn_model_unuse(struct tarn_model *m)
{
    m->n_engines--;
    if (m->doomed)
        tarn_model_close(m);
}

enum tarn_status tarn_model_unchanged(const struct tarn_model *m,
                                      struct tarn_error *err)
{
    const enum tarn_status s = tarn_gguf_unchanged(m->gguf, err);
    if (s)
        tarn_error_prefix(err, base_name(tarn_gguf_path(m->gguf)));
    return s;
}

const struct tarn_model_info *tarn_model_info(const struct tarn_model *model)
{
    return &model->info;
}

const struct tarn_text *tarn_model_text(const struct tarn_model *model)
{
    return model->text;
}

/* ---------------------------------------------------------------- defaults */
static void take_f32(const struct tarn_gguf *g, const char *key, float *out)
{
    tarn_gguf_f32_or(g, key, *out, out, NULL);
}

static void take_i32(const struct tarn_gguf *g, const char *key, int32_t *out)
{
    int64_t v;
    const struct tarn_gguf_value *found = tarn_gguf_find(g, key);
    if (found && tarn_gguf_i64_of(found, 0, &v) && v >= -1 && v <= INT32_MAX)
        *out = (int32_t)v;
}

/* Keys: github.com/ggml-org/llama.cpp, general.sampling.*. */
struct tarn_sampling tarn_model_sampling(const struct tarn_model *model)
{
    const struct tarn_gguf *g = model->gguf;
    struct tarn_sampling s = tarn_sampling_default(), known = s;
    take_f32(g, "general.sampling.temp", &s.temperature);
    take_i32(g, "general.sampling.top_k", &s.top_k);
    take_f32(g, "general.sampling.top_p", &s.top_p);
    take_f32(g, "general.sampling.min_p", &s.min_p);
    take_f32(g, "general.sampling.penalty_repeat", &s.repeat_penalty);
    take_i32(g, "general.sampling.penalty_last_n", &s.penalty_last_n);
    take_f32(g, "general.sampling.xtc_probability", &s.xtc_probability);
    take_f32(g, "general.sampling.xtc_threshold", &s.xtc_threshold);
    take_i32(g, "general.sampling.mirostat", &s.mirostat);
    take_f32(g, "general.sampling.mirostat_tau", &s.mirostat_tau);
    take_f32(g, "general.sampling.mirostat_eta", &s.mirostat_eta);
    return tarn_sampling_check(&s, NULL) ? known : s;
}

/* -------------------------------------------------------------------- fit */
enum tarn_status tarn_model_fit(const struct tarn_model *m, uint32_t n_context,
                                uint32_t kv_type, uint32_t max_rows,
                                struct tarn_fit *out, struct tarn_error *err)
{
    struct tarn_plan plan = tarn_plan_view(m, max_rows, n_context);
    struct tarn_state_shape shape = tarn_state_view(m, kv_type);
    uint64_t work = 0, page = 0, tail = 0;
    enum tarn_status s = tarn_model_cost(m, &plan, &shape, &work,
                                          &page, &tail, err);
    if (s)
        return s;
    uint64_t n_pages = (n_context + TARN_PAGE_POSITIONS - 1) /
                       TARN_PAGE_POSITIONS;
    const uint64_t n_tails = 1 + (TARN_DEFAULT_SEQS + TARN_DEFAULT_KEPT) *
                                     TARN_TAILS_PER_SEQ;
    *out = (struct tarn_fit){ .weights = m->info.file_bytes,
                              .kv = n_pages * page, .tails = n_tails * tail,
                              .work = work };
    out->total = out->weights + out->kv + out->tails + out->work;
    return TARN_OK;
}
