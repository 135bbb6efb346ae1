/* checks.c - what a backend must do that has no twin to be compared with. */
#include <stdio.h>
#include <string.h>

#include "backends/conformance/inside.h"

static const char *check_table(struct conf_side *side, struct conf_arena *arena)
{
    const struct tarn_backend *b = side->backend;
    (void)arena;
    if (b->size < sizeof *b || b->abi != TARN_BACKEND_ABI)
        return "the table is of another ABI";
    if (!b->name || !b->name[0] || !b->version)
        return "it has no name or no version";
    if (!b->device_count || !b->device_info || !b->open || !b->close ||
        !b->weight || !b->weight_free || !b->state_open || !b->state_close ||
        !b->state_room || !b->state_copy || !b->state_read || !b->state_write ||
        !b->prepare || !b->release || !b->cost || !b->run)
        return "a function is missing";
    return NULL;
}

static bool has_sentence(const struct tarn_error *err)
{
    const size_t n = strnlen(err->text, sizeof err->text);
    return n > 10 && n < sizeof err->text;
}

static const char *check_device(struct conf_side *side,
                                struct conf_arena *arena)
{
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_device_info info = { .size = sizeof info };
    const struct tarn_backend *b = side->backend;
    (void)arena;
    const uint32_t n = b->device_count(&side->watch.host);
    if (b->device_info(&side->watch.host, n, &info, &err) == TARN_OK)
        return "device_info() knows a device beyond the last";
    if (!has_sentence(&err))
        return "device_info() refuses without a sentence";
    struct tarn_dev *dev = NULL;
    if (b->open(&side->watch.host, n, &dev, &err) == TARN_OK)
        return "open() opens a device beyond the last";
    b->close(NULL);
    return NULL;
}

static const char *check_refusal(struct conf_side *side,
                                 struct conf_arena *arena)
{
    (void)arena;
    static const uint8_t data[64];
    const struct tarn_tensor t = {
        .name = "odd\x1b[31m",
        .data = data,
        .size = sizeof data,
        .type = 4, /* withdrawn from the format */
        .ge = { 32, 1, 1, 1 },
    };
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_weight *w = NULL;
    if (side->backend->weight(side->dev, &t, &w, &err) != TARN_UNSUPPORTED)
        return "weight() does not refuse an unknown type with UNSUPPORTED";
    if (w)
        return "weight() gave a handle although it refused";
    if (!has_sentence(&err) || strchr(err.text, '\x1b'))
        return "weight() refuses without a sentence, or passes on control "
               "characters";
    return NULL;
}

/* A product large enough that it must be asked about, in one plan. */
struct product {
    struct conf_case *c;
    struct tarn_weight *table, *matrix;
    struct tarn_prepared *prepared;
    float *out;
};

enum { PRODUCT_K = 1024, PRODUCT_ROWS = 64 };

static enum tarn_status make_product(struct conf_side *side,
                                     struct conf_arena *arena,
                                     struct product *p, struct tarn_error *err)
{
    const struct tarn_backend *b = side->backend;
    memset(p, 0, sizeof *p);
    p->c = conf_alloc(arena, 1, sizeof *p->c);
    p->out = conf_alloc(arena, PRODUCT_K * PRODUCT_ROWS, sizeof(float));
    if (!p->c || !p->out)
        return TARN_NO_MEMORY;
    p->c->arena = arena;
    conf_tensor(p->c, "table", TARN_F32, PRODUCT_K, PRODUCT_ROWS, 1, CONF_SANE);
    conf_tensor(p->c, "matrix", TARN_Q4_K, PRODUCT_K, PRODUCT_K, 1, CONF_SANE);
    conf_tensor(p->c, "matrix", TARN_F32, PRODUCT_K, PRODUCT_K, 1, CONF_SANE);
    if (arena->out_of_memory)
        return TARN_NO_MEMORY;
    enum tarn_status s =
        b->weight(side->dev, &p->c->tensors[0], &p->table, err);
    if (s == TARN_OK)
        s = b->weight(side->dev, &p->c->tensors[1], &p->matrix, err);
    if (s == TARN_UNSUPPORTED) /* a backend that is not complete yet */
        s = b->weight(side->dev, &p->c->tensors[2], &p->matrix, err);
    if (s != TARN_OK)
        return s;
    struct tarn_step steps[17] = {
        { .op = TARN_EMBED, .out = 0, .w0 = p->table }
    };
    for (int i = 1; i < 17; i++)
        steps[i] = (struct tarn_step){ .op = TARN_MATMUL,
                                       .a = (uint16_t)((i + 1) % 2),
                                       .out = (uint16_t)(i % 2),
                                       .w0 = p->matrix };
    const uint32_t widths[] = { PRODUCT_K, PRODUCT_K };
    const struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape, .n_embd = PRODUCT_K },
        .steps = steps,
        .n_steps = 17,
        .widths = widths,
        .n_buffers = 2,
        .max_rows = PRODUCT_ROWS,
        .max_pos = PRODUCT_ROWS,
        .in_buffer = TARN_NO_BUFFER,
        .out_buffer = 0,
    };
    return b->prepare(side->dev, &plan, NULL, &p->prepared, err);
}

static enum tarn_status run_product(struct conf_side *side, struct product *p,
                                    uint32_t n_rows, struct tarn_error *err)
{
    struct tarn_row rows[PRODUCT_ROWS];
    for (uint32_t i = 0; i < n_rows; i++)
        rows[i] = (struct tarn_row){ .token = (int32_t)i, .pos = i };
    const struct tarn_seq seq = { 0 };
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = rows,
                                      .n_rows = n_rows,
                                      .seqs = &seq,
                                      .n_seqs = n_rows > 0,
                                      .out = p->out };
    return side->backend->run(p->prepared, &batch, err);
}

static void free_product(struct conf_side *side, struct product *p)
{
    if (p->prepared)
        side->backend->release(p->prepared);
    if (p->matrix)
        side->backend->weight_free(side->dev, p->matrix);
    if (p->table)
        side->backend->weight_free(side->dev, p->table);
}

static const char *check_stop(struct conf_side *side, struct conf_arena *arena)
{
    struct product p;
    struct tarn_error err = { TARN_OK, "" };
    const char *why = NULL;
    if (make_product(side, arena, &p, &err) != TARN_OK)
        why = "a plain product can't be prepared";
    side->watch.asked = 0;
    side->watch.cancel_after = 1;
    if (!why && run_product(side, &p, PRODUCT_ROWS, &err) != TARN_CANCELLED)
        why = "run() does not stop when cancelled() says so";
    side->watch.cancel_after = 0;
    if (!why && run_product(side, &p, PRODUCT_ROWS, &err) != TARN_OK)
        why = "run() fails after it was stopped once";
    free_product(side, &p);
    return why;
}

static const char *check_empty(struct conf_side *side, struct conf_arena *arena)
{
    struct product p;
    struct tarn_error err = { TARN_OK, "" };
    const char *why = NULL;
    if (make_product(side, arena, &p, &err) != TARN_OK)
        why = "a plain product can't be prepared";
    else if (run_product(side, &p, 0, &err) != TARN_OK)
        why = "run() fails on a batch without rows";
    free_product(side, &p);
    return why;
}

/* open, weights, prepare, run with memory for k blocks, for every k. */
static const char *check_no_memory(struct conf_side *side,
                                   struct conf_arena *arena)
{
    for (int64_t k = 0; k < 100; k++) {
        struct conf_side fresh = { .backend = side->backend,
                                   .device = side->device };
        struct tarn_error err = { TARN_OK, "" };
        struct product p = { 0 };
        conf_watch_init(&fresh.watch, side->watch.real);
        fresh.watch.fail_after = k;
        enum tarn_status s = side->backend->open(
            &fresh.watch.host, fresh.device, &fresh.dev, &err);
        if (s == TARN_OK)
            s = make_product(&fresh, arena, &p, &err);
        if (s == TARN_OK)
            s = run_product(&fresh, &p, 3, &err);
        if (fresh.dev)
            free_product(&fresh, &p);
        const bool all = fresh.watch.fail_after > 0;
        side->backend->close(fresh.dev);
        if (s != TARN_OK && s != TARN_NO_MEMORY)
            return "it does not say NO_MEMORY when memory is out";
        if (s == TARN_NO_MEMORY && !arena->out_of_memory && !has_sentence(&err))
            return "it has no sentence for memory that is out";
        if (fresh.watch.held != 0)
            return "it keeps memory after close()";
        if (all)
            break;
    }
    return NULL;
}

static const char *check_cost(struct conf_side *side, struct conf_arena *arena)
{
    (void)arena;
    const struct tarn_step step = { .op = TARN_ADD, .a = 0, .b = 1, .out = 0 };
    const uint32_t widths[] = { 64, 64 }, kv[] = { 64 };
    struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape,
                   .n_embd = 64,
                   .n_head = 1,
                   .head_dim = 64,
                   .conv_len = 3 },
        .steps = &step,
        .n_steps = 1,
        .widths = widths,
        .n_buffers = 2,
        .max_rows = 16,
        .max_pos = 512,
        .in_buffer = TARN_NO_BUFFER,
        .out_buffer = TARN_NO_BUFFER,
    };
    struct tarn_state_shape shape = {
        .size = sizeof shape,
        .kv_widths = kv,
        .n_attn = 1,
        .conv_width = 64,
        .conv_len = 3,
        .n_conv = 1,
        .kv_type = TARN_F16,
    };
    uint64_t work[2] = { 0 }, page = 0, tail = 0;
    struct tarn_error err;
    if (side->backend->cost(&side->watch.host, side->device, &plan, &shape,
                            &work[0], &page, &tail, &err) == TARN_UNSUPPORTED)
        shape.n_attn = shape.n_conv = 0; /* it keeps no state */
    for (int i = 0; i < 2; i++, plan.max_rows *= 2)
        if (side->backend->cost(&side->watch.host, side->device, &plan, &shape,
                                &work[i], &page, &tail, &err) != TARN_OK)
            return "cost() fails on a plain plan";
    if (work[0] < 2 * 64 * 4 * 16 || work[1] <= work[0])
        return "cost() of the work is less than the buffers, or does not grow";
    if (shape.n_attn && (page < 2 * 256 * 64 * 2 || tail < 2 * 64 * 4))
        return "cost() of the state is less than its contents";
    return NULL;
}

const struct conf_check conf_checks[] = {
    { "the table is whole", check_table },
    { "devices beyond the last are refused", check_device },
    { "an unknown type is refused", check_refusal },
    { "a run stops when told to", check_stop },
    { "a batch without rows is nothing", check_empty },
    { "memory may give out anywhere", check_no_memory },
    { "cost covers what is used", check_cost },
    { "digests are those of the logits", conf_check_digests },
};
const uint32_t conf_n_checks = sizeof conf_checks / sizeof *conf_checks;
