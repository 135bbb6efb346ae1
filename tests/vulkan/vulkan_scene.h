/* vulkan_scene.h - a model of six steps, three tokens one after the other (one
 * row of logits, a digest, and one whose row must be fetched), the state read
 * back: what the tests of faults play on a libvulkan that fails on demand.
 *
 * Owns: nothing; one test program includes it.  Threads: one.
 */
#ifndef TARN_TESTS_VULKAN_SCENE_H
#define TARN_TESTS_VULKAN_SCENE_H

#include <dlfcn.h>
#include <link.h>

#include "backends/numerics.h"
#include "tests/vulkan/vulkan_bench.h"
#include "tests/vulkan/vulkan_shim.h"

static struct vulkan_shim *shim;
static void (*spoil)(uint64_t least);

/* --------------------------------------------------------------- the world */

/* Loads the shim before anybody asks for libvulkan; false: no loader here. */
static bool load_shim(const char *path)
{
    static char real[4096];
    void *lib = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    struct link_map *map = NULL;
    if (!lib || dlinfo(lib, RTLD_DI_LINKMAP, &map) || !map)
        return false;
    snprintf(real, sizeof real, "%s", map->l_name);
    dlclose(lib);
    void *mine = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *data = mine ? dlsym(mine, "vulkan_shim") : NULL;
    void *function = mine ? dlsym(mine, "vulkan_shim_spoil") : NULL;
    if (!data || !function) {
        printf("# %s\n", dlerror());
        return false;
    }
    shim = data;
    memcpy(&spoil, &function, sizeof spoil);
    shim->real = real;
    return true;
}

static void reset(void)
{
    const char *real = shim->real;
    const int64_t alive = shim->n_alive;
    *shim = (struct vulkan_shim){ .real = real, .n_alive = alive };
    vulkan_world("wg=8,lpr=1,hung=60000"); /* a cold driver compiles */
}

/* ------------------------------------------------------------ the scenario
 * Of the vocabulary only the first rows differ: the others are ties, more than a
 * digest's list has room for. */
enum { D = 64, VOCAB = 1100, DIFFERENT = 24, STEPS = 7, N_TOKENS = 3, BEST = 40 };

struct scene {
    struct bench b;
    struct tarn_weight *w[8];
    struct tarn_state *st;
    struct tarn_prepared *p;
    float logits[VOCAB];                   /* of the first token */
    struct tarn_digest digests[N_TOKENS]; /* of the others */
    int32_t best_ids[N_TOKENS][BEST];
    float best_logits[N_TOKENS][BEST];
    float tail[2 * D];
    void (*between)(int token);
};

static uint8_t table[VOCAB * D / 32 * 34], in_proj[3 * D * D / 32 * 18],
    square[D * D / 32 * 18];
static float ones[D], kernel[3 * D];

static void fill_weights(void)
{
    uint64_t s = 7;
    const size_t different = DIFFERENT * D / 32 * 34;
    for (size_t i = 0; i < different; i++)
        table[i] = i % 34 == 1 ? 0x2c : (uint8_t)tarn_mix(s++);
    for (size_t i = different; i < sizeof table; i++)
        table[i] = table[i % (D / 32 * 34)];
    for (size_t i = 0; i < sizeof in_proj; i++)
        in_proj[i] = i % 18 == 1 ? 0x2c : (uint8_t)tarn_mix(s++);
    for (size_t i = 0; i < sizeof square; i++)
        square[i] = i % 18 == 1 ? 0x2c : (uint8_t)tarn_mix(s++);
    for (int i = 0; i < D; i++)
        ones[i] = 1.0f;
    for (int i = 0; i < 3 * D; i++)
        kernel[i] = 0.25f;
}

static enum tarn_status take(struct scene *c, int i, uint32_t type, uint32_t k,
                             uint32_t n, const void *data)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    const struct tarn_tensor tensor = { .name = "w",
                                        .data = data,
                                        .size =
                                            (uint64_t)k / t.block * t.bytes * n,
                                        .type = type,
                                        .ge = { k, n, 1, 1 } };
    return c->b.backend->weight(c->b.dev, &tensor, &c->w[i], &c->b.err);
}

static enum tarn_status begin(struct scene *c)
{
    static const uint32_t kv[] = { D };
    static const uint32_t widths[] = { D, D, 3 * D, D };
    const struct tarn_backend *v = c->b.backend;
    const struct tarn_state_shape shape = { .size = sizeof shape,
                                            .kv_widths = kv,
                                            .n_attn = 1,
                                            .conv_width = D,
                                            .conv_len = 3,
                                            .n_conv = 1,
                                            .kv_type = TARN_F16 };
    enum tarn_status s = take(c, 0, TARN_Q8_0, D, VOCAB, table);
    if (!s)
        s = take(c, 1, TARN_F32, D, 1, ones);
    if (!s)
        s = take(c, 2, TARN_Q4_0, D, 3 * D, in_proj);
    if (!s)
        s = take(c, 3, TARN_F32, 3, D, kernel);
    if (!s)
        s = take(c, 4, TARN_Q4_0, D, D, square);
    if (!s)
        s = v->state_open(c->b.dev, &shape, &c->st, &c->b.err);
    if (!s)
        s = v->state_room(c->st, 2, 2, &c->b.err);
    if (s)
        return s;
    enum { NB = TARN_NO_BUFFER };
    const struct tarn_step steps[STEPS] = {
        { TARN_EMBED, 0, NB, NB, NB, 0, 0, c->w[0], NULL, NULL },
        { TARN_NORM, 0, 0, NB, NB, 1, 0, c->w[1], NULL, NULL },
        { TARN_MATMUL, 0, 1, NB, NB, 2, 0, c->w[2], NULL, NULL },
        { TARN_CONV, 0, 2, NB, NB, 1, 0, c->w[3], NULL, NULL },
        { TARN_MATMUL, 0, 1, NB, NB, 3, 0, c->w[4], NULL, NULL },
        { TARN_ATTEND, 0, 3, 3, 1, 0, 0, c->w[1], c->w[1], NULL },
        { TARN_LOGITS, 0, 0, NB, NB, NB, 0, c->w[1], c->w[0], NULL },
    };
    const struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape,
                   .n_embd = D,
                   .n_head = 1,
                   .head_dim = D,
                   .conv_len = 3,
                   .norm_eps = 1e-5f,
                   .rope_base = 1e6f,
                   .attn_scale = 0.125f },
        .steps = steps,
        .n_steps = STEPS,
        .widths = widths,
        .n_buffers = 4,
        .max_rows = 2,
        .max_pos = 512,
        .in_buffer = NB,
        .out_buffer = NB,
    };
    return v->prepare(c->b.dev, &plan, c->st, &c->p, &c->b.err);
}

static enum tarn_status step(struct scene *c, int i)
{
    static const uint32_t pages[] = { 0, 1 };
    const struct tarn_row row = { 3 + i, (uint32_t)i, 0, TARN_ROW_LOGITS };
    const struct tarn_seq seq = { pages, 0, 0 };
    c->digests[i] = (struct tarn_digest){ .k = i == 1 ? 1 : BEST,
                                          .best_ids = c->best_ids[i],
                                          .best_logits = c->best_logits[i] };
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = &row,
                                      .n_rows = 1,
                                      .seqs = &seq,
                                      .n_seqs = 1,
                                      .logits = i ? NULL : c->logits,
                                      .digests = &c->digests[i] };
    return c->b.backend->run(c->p, &batch, &c->b.err);
}

static enum tarn_status play(struct scene *c)
{
    const struct tarn_backend *v = c->b.backend;
    struct tarn_device_info info = { .size = sizeof info };
    enum tarn_status s = v->device_info(&c->b.host, 0, &info, &c->b.err);
    if (!s)
        s = v->open(&c->b.host, 0, &c->b.dev, &c->b.err);
    if (!s)
        s = begin(c);
    for (int i = 0; i < N_TOKENS && !s; i++) {
        s = step(c, i);
        if (c->between)
            c->between(i);
    }
    if (!s)
        s = v->state_read(c->st, false, 0, 0, c->tail, &c->b.err);
    return s;
}

/* All of it, from no instance to no instance. */
static enum tarn_status whole(struct scene *c)
{
    memset(&c->b, 0, sizeof c->b);
    c->st = NULL;
    c->p = NULL;
    memset(c->logits, 0, sizeof c->logits);
    memset(c->digests, 0, sizeof c->digests);
    memset(c->best_ids, 0, sizeof c->best_ids);
    memset(c->best_logits, 0, sizeof c->best_logits);
    c->b.backend = tarn_backend_vulkan();
    c->b.fail_after = c->b.stop_after = -1;
    c->b.host = (struct tarn_host){ .size = sizeof c->b.host,
                                    .user = &c->b,
                                    .alloc = bench_alloc,
                                    .free = bench_free,
                                    .log = bench_log,
                                    .parallel = bench_parallel,
                                    .threads = bench_threads,
                                    .cancelled = bench_cancelled };
    const enum tarn_status s = play(c);
    if (c->b.dev)
        c->b.backend->close(c->b.dev);
    tarn_vulkan_forget();
    return s;
}

static struct scene right;

static bool same(const struct scene *c)
{
    bool good = true;
    for (int i = 1; i < N_TOKENS; i++)
        good = good && c->digests[i].n_best == right.digests[i].n_best &&
               !(c->digests[i].log_sum_exp < right.digests[i].log_sum_exp) &&
               !(c->digests[i].log_sum_exp > right.digests[i].log_sum_exp);
    return good && !memcmp(c->logits, right.logits, sizeof c->logits) &&
           !memcmp(c->best_ids, right.best_ids, sizeof c->best_ids) &&
           !memcmp(c->best_logits, right.best_logits, sizeof c->best_logits) &&
           !memcmp(c->tail, right.tail, sizeof c->tail);
}

static bool has_sentence(const struct scene *c)
{
    const size_t n = strnlen(c->b.err.text, sizeof c->b.err.text);
    return n > 20 && n < sizeof c->b.err.text;
}

/* The scene as it should be, once; false (and a line) if there is nothing to
 * test here. */
static bool begin_scene(int argc, char **argv)
{
    if (argc < 2 || !load_shim(argv[1])) {
        printf("1..0 # SKIP no Vulkan loader\n");
        return false;
    }
    reset();
    if (!vulkan_here()) {
        printf("1..0 # SKIP no software Vulkan device\n");
        return false;
    }
    tarn_vulkan_forget();
    fill_weights();
    reset();
    CHECK_SAYS(whole(&right) == TARN_OK, "%s", right.b.err.text);
    return true;
}

#endif
