/* poison_test.c - weights that spoil what is computed (E09, E10): the turn ends
 * with the layer where it began; a router that knows nothing is the same
 * everywhere.
 *
 *   poison_test MODELS_DIR
 */
#include "backends/ref/ref.h"
#include "core/base/file.h"
#include "core/gguf/gguf.h"
#include "tests/engine/world.h"

static uint8_t *file; /* a copy of the model, changed at will */
static size_t file_size;

static bool load(const char *folder, const char *name)
{
    char path[512], *text = NULL;
    struct tarn_error err = { TARN_OK, "" };
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    CHECK_SAYS(!tarn_file_read(path, 64 << 20, &text, &file_size, &err), "%s",
               err.text);
    file = (uint8_t *)text;
    return text != NULL;
}

static void unload(void)
{
    tarn_free(file);
    file = NULL;
}

/* Where the tensor's bytes are in `file`; NULL: there is none. */
static uint8_t *find(const char *name, uint32_t *type, uint64_t *size)
{
    struct tarn_gguf *g = NULL;
    uint8_t *at = NULL;
    CHECK(!tarn_gguf_open_memory(file, file_size, "model", &g, NULL));
    const struct tarn_gguf_tensor *t = g ? tarn_gguf_tensor(g, name) : NULL;
    if (t) {
        at = file + ((const uint8_t *)t->data - file);
        *type = t->type;
        *size = t->size;
    }
    tarn_gguf_close(g);
    return at;
}

static bool open_copy(struct world *w, const struct tarn_backend *backend)
{
    const struct tarn_backend *backends[1] = { backend };
    struct tarn_error err = { TARN_OK, "" };
    const struct tarn_runtime_options ro = { .size = sizeof ro,
                                             .backends = backends,
                                             .n_backends = 1, .threads = 2 };
    const struct tarn_model_options mo = { .size = sizeof mo, .data = file,
                                           .data_size = file_size };
    const struct tarn_engine_options eo = { .size = sizeof eo,
                                            .n_context = 256, .max_rows = 16 };
    *w = (struct world){ 0 };
    const bool good = !tarn_runtime_create(&ro, &w->rt, &err) &&
                      !tarn_model_open(w->rt, "copy", &mo, &w->model, &err) &&
                      !tarn_engine_create(w->model, &eo, &w->engine, &err) &&
                      !tarn_chat_create(&w->chat, &err);
    CHECK_SAYS(good, "%s", err.text);
    return good;
}

/* The scale of a tensor's first block becomes NaN. */
static bool poison(const char *name)
{
    static const uint8_t NOT_A_NUMBER[2] = { 0x00, 0x7e }; /* f16 */
    uint32_t type = 0;
    uint64_t size = 0;
    uint8_t *at = find(name, &type, &size);
    if (!at)
        return false;
    memcpy(at + (type == TARN_Q6_K ? 208 : 0), NOT_A_NUMBER, 2);
    return true;
}

static void check_turn(const struct tarn_backend *backend, uint32_t n_ids,
                       const char *where)
{
    struct tarn_turn_options opt = options();
    struct world w;
    struct told t;
    int32_t ids[100];
    tarn_turn_id turn;
    for (uint32_t i = 0; i < n_ids; i++)
        ids[i] = (int32_t)(20 + i);
    if (open_copy(&w, backend)) {
        CHECK(!tarn_turn_start_ids(w.engine, ids, n_ids, &opt, &turn, NULL));
        drive(&w, turn, 0, &t);
        CHECK_SAYS(t.sum.reason == TARN_STOP_FAILED &&
                       t.error.status == TARN_BAD_FILE &&
                       strstr(t.error.text, "no finite scores at position ") &&
                       strstr(t.error.text, where),
                   "%s, wanted %s", t.error.text, where);
    }
    close_world(&w);
}

/* In the first layer, in one of attention, in the last one; asked with less and
 * with more than a replay. */
static void check_all_layers(const char *folder)
{
    struct tarn_gguf *g = NULL;
    uint32_t n_layers = 0;
    if (!load(folder, "moe-k"))
        return;
    CHECK(!tarn_gguf_open_memory(file, file_size, "model", &g, NULL) &&
          !tarn_gguf_u32(g, "lfm2moe.block_count", 1, 100, &n_layers, NULL));
    tarn_gguf_close(g);
    unload();
    for (uint32_t layer = 0; layer < n_layers; layer++) {
        char name[64], where[32];
        if (!load(folder, "moe-k"))
            return;
        snprintf(name, sizeof name, "blk.%u.shortconv.out_proj.weight", layer);
        bool found = poison(name);
        snprintf(name, sizeof name, "blk.%u.attn_output.weight", layer);
        found = found || poison(name);
        CHECK(found);
        snprintf(where, sizeof where, "(first in layer %u)", layer);
        check_turn(WORLD_BACKEND(), layer % 2 ? 3 : 90, where);
        if (layer == 1)
            check_turn(tarn_backend_ref(), 40, where);
        unload();
    }
    printf("# %u layers\n", n_layers);
}

static void experts_of(const struct tarn_backend *backend, uint16_t *experts,
                       float *logits)
{
    int32_t ids[12];
    const uint32_t row = 11;
    struct world w;
    for (int i = 0; i < 12; i++)
        ids[i] = 20 + 7 * i;
    if (open_copy(&w, backend)) {
        const struct tarn_eval io = { .size = sizeof io, .ids = ids,
                                      .n_ids = 12, .rows = &row, .n_rows = 1,
                                      .logits = logits, .experts = experts };
        const struct tarn_model_info *m = tarn_model_info(w.model);
        CHECK(!tarn_eval(w.engine, &io, NULL));
        for (uint32_t i = 0; i < 12 * m->n_moe_layers * m->n_expert_used; i++)
            CHECK_SAYS(experts[i] == i % m->n_expert_used, "%u: %u", i,
                       experts[i]);
    }
    close_world(&w);
}

/* Equal scores: the first experts, by every build alike. */
static void check_router_of_zeros(const char *folder)
{
    static uint16_t experts[2][4096];
    static float logits[2][70000];
    if (!load(folder, "moe-k"))
        return;
    for (uint32_t layer = 0, n = 0; layer < 64; layer++) {
        static const char *const NAMES[] = { "ffn_gate_inp.weight",
                                             "exp_probs_b.bias" };
        for (int k = 0; k < 2; k++) {
            char name[64];
            uint32_t type = 0;
            uint64_t size = 0;
            snprintf(name, sizeof name, "blk.%u.%s", layer, NAMES[k]);
            uint8_t *at = find(name, &type, &size);
            if (at)
                memset(at, 0, size);
            n += at != NULL;
        }
        CHECK(layer < 63 || n > 1);
    }
    experts_of(WORLD_BACKEND(), experts[0], logits[0]);
    experts_of(tarn_backend_ref(), experts[1], logits[1]);
    CHECK(!memcmp(logits[0], logits[1], sizeof logits[0]));
    unload();
}

static const char *models;

static void test_e09_the_first_layer_without_numbers_is_named(void)
{
    check_all_layers(models);
}

static void test_e10_ties_go_to_the_first_experts(void)
{
    check_router_of_zeros(models);
}

int main(int argc, char **argv)
{
    models = argc > 1 ? argv[1] : ".";
    RUN(test_e09_the_first_layer_without_numbers_is_named);
    RUN(test_e10_ties_go_to_the_first_experts);
    CHECK(tarn_memory_held() == 0);
    return tap_end();
}
