/* vulkan_faults_test.c - every call of Vulkan fails once; devices that hang,
 * lose themselves, calculate wrongly, are small, or lack something.
 *
 * Without TARN_SOAK a sample of the calls, chosen by TARN_SEED. */
#include <dlfcn.h>
#include <link.h>
#include <time.h>

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
    vulkan_world("wg=8,lpr=1,hung=200");
}

/* ------------------------------------------------------------ the scenario
 * A model of six steps, three tokens one after the other, the state read back.
 */
enum { D = 64, VOCAB = 24, STEPS = 7, N_TOKENS = 3 };

struct scene {
    struct bench b;
    struct tarn_weight *w[8];
    struct tarn_state *st;
    struct tarn_prepared *p;
    float logits[N_TOKENS][VOCAB];
    float tail[2 * D];
    void (*between)(int token);
};

static uint8_t table[VOCAB * D / 32 * 34], in_proj[3 * D * D / 32 * 18],
    square[D * D / 32 * 18];
static float ones[D], kernel[3 * D];

static void fill_weights(void)
{
    uint64_t s = 7;
    for (size_t i = 0; i < sizeof table; i++)
        table[i] = i % 34 == 1 ? 0x2c : (uint8_t)tarn_mix(s++);
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
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = &row,
                                      .n_rows = 1,
                                      .seqs = &seq,
                                      .n_seqs = 1,
                                      .logits = c->logits[i] };
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
    return memcmp(c->logits, right.logits, sizeof c->logits) == 0 &&
           memcmp(c->tail, right.tail, sizeof c->tail) == 0;
}

static bool has_sentence(const struct scene *c)
{
    const size_t n = strnlen(c->b.err.text, sizeof c->b.err.text);
    return n > 20 && n < sizeof c->b.err.text;
}

/* ------------------------------------------------------------------ tests */

static void test_the_scene_is_right_and_leaves_nothing(void)
{
    reset();
    CHECK_SAYS(whole(&right) == TARN_OK, "%s", right.b.err.text);
    CHECK(right.b.held == 0 && shim->n_alive == 0);
    CHECK(right.logits[2][0] != 0.0f);
    printf("# %llu calls\n", (unsigned long long)shim->n_calls);
}

/* Call k says `result`: no crash, no leak, a sentence, or the right numbers
 * where nothing was lost (the cache file). */
static void fail_one(uint64_t k, VkResult result)
{
    struct scene c = { .between = NULL };
    reset();
    shim->fail_at = k;
    shim->result = result;
    const enum tarn_status s = whole(&c);
    const char *call = shim->struck ? shim->struck : "none";
    CHECK_SAYS(s ? has_sentence(&c) : same(&c),
               "call %llu (%s) says %d: status %d, \"%s\"",
               (unsigned long long)k, call, (int)result, (int)s, c.b.err.text);
    CHECK_SAYS(c.b.held == 0 && shim->n_alive == 0,
               "call %llu (%s) says %d: %lld blocks and %lld objects are left",
               (unsigned long long)k, call, (int)result, (long long)c.b.held,
               (long long)shim->n_alive);
    shim->n_alive = 0;
}

static void test_v02_v03_every_call_may_fail(void)
{
    static const VkResult results[] = { VK_ERROR_DEVICE_LOST,
                                        VK_ERROR_OUT_OF_DEVICE_MEMORY,
                                        VK_ERROR_OUT_OF_HOST_MEMORY,
                                        VK_ERROR_INITIALIZATION_FAILED };
    const char *seed = getenv("TARN_SEED");
    uint64_t random = seed ? strtoull(seed, NULL, 10) : 1;
    struct scene c = { .between = NULL };
    reset();
    CHECK(whole(&c) == TARN_OK && same(&c));
    const uint64_t n = shim->n_calls;
    if (getenv("TARN_SOAK"))
        for (uint64_t k = 1; k <= n; k++)
            for (size_t i = 0; i < 4; i++)
                fail_one(k, results[i]);
    else
        for (int i = 0; i < 12; i++) {
            random = tarn_mix(random + 1);
            fail_one(1 + random % n, results[random >> 40 & 3]);
        }
    reset();
    CHECK(whole(&c) == TARN_OK && same(&c));
}

/* The device is lost for good in the middle: what comes behind fails quickly,
 * with a sentence, and the device is not asked again. */
static void test_v02_a_lost_device_is_not_used_again(void)
{
    struct scene c = { .between = NULL };
    reset();
    shim->only = "QueueSubmit";
    CHECK(whole(&c) == TARN_OK);
    const uint64_t last = shim->n_counted; /* state_read */
    reset();
    shim->only = "QueueSubmit";
    shim->fail_at = last - 2;
    shim->for_ever = true;
    shim->result = VK_ERROR_DEVICE_LOST;
    CHECK(whole(&c) == TARN_DEVICE);
    CHECK_SAYS(strstr(c.b.err.text, "driver") != NULL, "%s", c.b.err.text);
    CHECK(c.b.held == 0 && shim->n_alive == 0);
}

static void test_v04_a_wait_without_end_ends(void)
{
    struct scene c = { .between = NULL };
    struct timespec a, b;
    reset();
    shim->only = "WaitSemaphores";
    shim->fail_at = 4;
    shim->for_ever = true;
    shim->result = VK_TIMEOUT;
    clock_gettime(CLOCK_MONOTONIC, &a);
    CHECK(whole(&c) == TARN_DEVICE);
    clock_gettime(CLOCK_MONOTONIC, &b);
    CHECK_SAYS(strstr(c.b.err.text, "does not answer") != NULL, "%s",
               c.b.err.text);
    CHECK(b.tv_sec - a.tv_sec < 5);
    CHECK(c.b.held == 0 && shim->n_alive == 0);
}

/* V05: what the feature table of a device decides. */
static void test_v05_devices_that_lack_something(void)
{
    static const struct {
        struct vulkan_small small;
        const char *says; /* NULL: it is used, and right */
    } cases[] = {
        { { .api_version = VK_API_VERSION_1_1 }, "1.2 is needed" },
        { { .no_addresses = true }, "buffer addresses" },
        { { .no_timeline = true }, "timeline" },
        { { .shared = 8192 }, "workgroups" },
        { { .shared = 16384,
            .lanes = 128,
            .subgroup = 64,
            .range = 128u << 20,
            .name = "like an AMD GCN card",
            .type = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU },
          NULL },
        { { .shared = 49152,
            .subgroup = 32,
            .no_extensions = true,
            .name = "like an NVIDIA card of 2016",
            .type = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU },
          NULL },
        { { .shared = 32768,
            .subgroup = 16,
            .lanes = 256,
            .name = "like an Intel integrated one",
            .type = VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU },
          NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene c = { .between = NULL };
        reset();
        shim->small = cases[i].small;
        const enum tarn_status s = whole(&c);
        if (cases[i].says)
            CHECK_SAYS(s == TARN_DEVICE && strstr(c.b.err.text, cases[i].says),
                       "case %zu: %d %s", i, (int)s, c.b.err.text);
        else
            CHECK_SAYS(s == TARN_OK && same(&c), "case %zu: %d %s", i, (int)s,
                       c.b.err.text);
        CHECK(c.b.held == 0 && shim->n_alive == 0);
    }
}

/* V09: nothing of what stood in new memory is ever seen. */
static void test_v09_poisoned_memory_changes_nothing(void)
{
    struct scene c = { .between = NULL };
    reset();
    shim->poison = true;
    CHECK_SAYS(whole(&c) == TARN_OK && same(&c), "%s", c.b.err.text);
}

static void spoil_after_first(int token)
{
    if (token == 0)
        spoil(1u << 20);
}

/* V06: memory of the device changes under us. */
static void test_v06_a_device_that_forgets_is_found_out(void)
{
    struct scene c = { .between = spoil_after_first };
    reset();
    vulkan_world("wg=8,lpr=1,stage=0,canary=2");
    CHECK(whole(&c) == TARN_DEVICE);
    CHECK_SAYS(strstr(c.b.err.text, "wrong") != NULL, "%s", c.b.err.text);
    CHECK(c.b.held == 0 && shim->n_alive == 0);
}

int main(int argc, char **argv)
{
    if (argc < 2 || !load_shim(argv[1])) {
        printf("1..0 # SKIP no Vulkan loader\n");
        return 0;
    }
    reset();
    if (!vulkan_here()) {
        printf("1..0 # SKIP no software Vulkan device\n");
        return 0;
    }
    tarn_vulkan_forget();
    fill_weights();
    RUN(test_the_scene_is_right_and_leaves_nothing);
    RUN(test_v02_v03_every_call_may_fail);
    RUN(test_v02_a_lost_device_is_not_used_again);
    RUN(test_v04_a_wait_without_end_ends);
    RUN(test_v05_devices_that_lack_something);
    RUN(test_v06_a_device_that_forgets_is_found_out);
    RUN(test_v09_poisoned_memory_changes_nothing);
    return tap_end();
}
