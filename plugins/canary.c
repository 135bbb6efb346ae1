/* canary.c - see canary.h.
 *
 * A model of two layers: convolution and a dense feed-forward, attention and
 * experts.  Small enough to cost about a millisecond on the reference, wide
 * enough that every kernel sees whole blocks (K-quants have 256 columns). */
#include "plugins/canary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "plugins/canary_golden.h"

enum { EMBD = 64, HEADS = 2, HEAD = 32, KV = 32, CONV = 3, EXPERTS = 4,
       USED = 2, FF = 256, VOCAB = 32, N_BUFFERS = 12, MAX_ROWS = 40 };

/* ------------------------------------------------------------------- host */
static void *host_alloc(void *user, size_t size, size_t align)
{
    (void)user;
    if (align < sizeof(void *))
        align = sizeof(void *);
    void *p = NULL;
    return posix_memalign(&p, align, size ? size : 1) ? NULL : p;
}

static void host_free(void *user, void *p)
{
    (void)user;
    free(p);
}

static void host_log(void *user, int level, const char *sentence)
{
    (void)user;
    (void)level;
    (void)sentence;
}

static void host_parallel(void *user,
                          void (*fn)(void *arg, uint32_t i, uint32_t worker),
                          void *arg, uint32_t n)
{
    (void)user;
    for (uint32_t i = 0; i < n; i++)
        fn(arg, i, 0);
}

static uint32_t host_threads(void *user)
{
    (void)user;
    return 1;
}

static bool host_cancelled(void *user)
{
    (void)user;
    return false;
}

static void host_progress(void *user, uint64_t done, uint64_t total)
{
    (void)user;
    (void)done;
    (void)total;
}

static const struct tarn_host HOST = {
    .size = sizeof HOST,
    .alloc = host_alloc,
    .free = host_free,
    .log = host_log,
    .parallel = host_parallel,
    .threads = host_threads,
    .cancelled = host_cancelled,
    .progress = host_progress,
};

const struct tarn_host *tarn_canary_host(void)
{
    return &HOST;
}

/* ---------------------------------------------------------------- weights */
/* The table below is the model.  A stack of experts has a third dimension. */
struct weight_def {
    const char *name;
    uint32_t type, columns, rows, experts;
};
enum {
    W_EMBD, W_NORM0, W_IN, W_CONV, W_OUT, W_FFN_NORM0, W_GATE, W_UP, W_DOWN,
    W_NORM1, W_Q, W_K, W_V, W_QNORM, W_KNORM, W_O, W_FFN_NORM1, W_ROUTER,
    W_BIAS, W_EGATE, W_EUP, W_EDOWN, W_LAST_NORM, N_WEIGHTS
};
static const struct weight_def DEFS[N_WEIGHTS] = {
    [W_EMBD] = { "token_embd", TARN_Q8_0, EMBD, VOCAB, 0 },
    [W_NORM0] = { "norm0", TARN_F32, EMBD, 1, 0 },
    [W_IN] = { "conv_in", TARN_Q4_0, EMBD, 3 * EMBD, 0 },
    [W_CONV] = { "conv", TARN_F32, CONV, EMBD, 0 },
    [W_OUT] = { "conv_out", TARN_Q8_0, EMBD, EMBD, 0 },
    [W_FFN_NORM0] = { "ffn_norm0", TARN_F32, EMBD, 1, 0 },
    [W_GATE] = { "ffn_gate", TARN_Q4_0, EMBD, FF, 0 },
    [W_UP] = { "ffn_up", TARN_Q8_0, EMBD, FF, 0 },
    [W_DOWN] = { "ffn_down", TARN_Q4_K, FF, EMBD, 0 },
    [W_NORM1] = { "norm1", TARN_F32, EMBD, 1, 0 },
    [W_Q] = { "q", TARN_Q8_0, EMBD, HEADS * HEAD, 0 },
    [W_K] = { "k", TARN_F16, EMBD, KV, 0 },
    [W_V] = { "v", TARN_Q4_0, EMBD, KV, 0 },
    [W_QNORM] = { "q_norm", TARN_F32, HEAD, 1, 0 },
    [W_KNORM] = { "k_norm", TARN_F32, HEAD, 1, 0 },
    [W_O] = { "attn_out", TARN_BF16, HEADS * HEAD, EMBD, 0 },
    [W_FFN_NORM1] = { "ffn_norm1", TARN_F32, EMBD, 1, 0 },
    [W_ROUTER] = { "router", TARN_F32, EMBD, EXPERTS, 0 },
    [W_BIAS] = { "router_bias", TARN_F32, EXPERTS, 1, 0 },
    [W_EGATE] = { "experts_gate", TARN_Q4_0, EMBD, FF, EXPERTS },
    [W_EUP] = { "experts_up", TARN_Q8_0, EMBD, FF, EXPERTS },
    [W_EDOWN] = { "experts_down", TARN_Q6_K, FF, EMBD, EXPERTS },
    [W_LAST_NORM] = { "output_norm", TARN_F32, EMBD, 1, 0 },
};

static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) +
             UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

static void put_u16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

/* Any bytes are a valid block; only the scales must have a sane size, so that
 * weights come out around 0.1.  A half is base | ten random bits. */
static void set_scales(uint8_t *block, uint32_t type, uint64_t *state)
{
    uint32_t r = next_random(state) >> 8;
    switch (type) {
    case TARN_Q8_0: /* 2^-10 */
        put_u16(block, 0x1400u | (r & 0x3ff));
        break;
    case TARN_Q4_0: /* 2^-6 */
        put_u16(block, 0x2400u | (r & 0x3ff));
        break;
    case TARN_Q4_K: /* 2^-12 for the scales, 2^-9 for the minima */
        put_u16(block, 0x0c00u | (r & 0x3ff));
        put_u16(block + 2, 0x1800u | (r >> 10 & 0x3ff));
        break;
    case TARN_Q6_K: /* 2^-14; the scale stands at the end */
        put_u16(block + 208, 0x0400u | (r & 0x3ff));
        break;
    default:
        break;
    }
}

static void fill_row(const struct weight_def *d, uint8_t *row, size_t size,
                     uint64_t *state)
{
    struct tarn_type_traits t = tarn_type_traits(d->type);
    for (size_t at = 0; at < size; at += t.bytes) {
        uint8_t *p = row + at;
        uint32_t r = next_random(state);
        if (d->type == TARN_F32) { /* norms near 1, others within +-0.5 */
            bool norm = strstr(d->name, "norm") != NULL;
            float v = (float)((int32_t)(r >> 8) - (1 << 23)) * 0x1p-24f;
            v = norm ? 1.0f + v : v;
            memcpy(p, &v, 4);
        } else if (d->type == TARN_F16) { /* +-2^-4 .. 2^-2 */
            put_u16(p, (r & 0x8000u) | (0x2c00u + (r >> 16 & 0x7ff)));
        } else if (d->type == TARN_BF16) { /* +-2^-4 .. 2^-2 */
            put_u16(p, (r & 0x8000u) | (0x3d80u + (r >> 16 & 0xff)));
        } else {
            for (uint32_t i = 0; i < t.bytes; i++)
                p[i] = (uint8_t)(next_random(state) >> 16);
            set_scales(p, d->type, state);
        }
    }
}

static size_t row_bytes(const struct weight_def *d)
{
    struct tarn_type_traits t = tarn_type_traits(d->type);
    return (size_t)(d->columns / t.block) * t.bytes;
}

static size_t matrix_bytes(const struct weight_def *d)
{
    return row_bytes(d) * d->rows;
}

/* ------------------------------------------------------------ one instance */
struct canary {
    const struct tarn_backend *b;
    struct tarn_dev *dev;
    struct tarn_state *state;
    struct tarn_prepared *prepared;
    struct tarn_weight *weights[N_WEIGHTS];
    const void *slices[N_WEIGHTS][EXPERTS];
    uint8_t *bytes; /* of all weights */
};

static void finish(struct canary *c)
{
    if (c->prepared)
        c->b->release(c->prepared);
    if (c->state)
        c->b->state_close(c->state);
    for (size_t i = 0; i < N_WEIGHTS; i++)
        if (c->weights[i])
            c->b->weight_free(c->dev, c->weights[i]);
    if (c->dev)
        c->b->close(c->dev);
    free(c->bytes);
    *c = (struct canary){ 0 };
}

/* Makes one weight at `to` and hands it over; returns the bytes taken. */
static enum tarn_status give_weight(struct canary *c, size_t i,
                                    const struct weight_def *d, uint8_t *to,
                                    struct tarn_error *err)
{
    uint64_t seed = 0x7461726e + i;
    uint32_t n = d->experts ? d->experts : 1;
    for (uint32_t r = 0; r < n * d->rows; r++)
        fill_row(d, to + r * row_bytes(d), row_bytes(d), &seed);
    struct tarn_tensor t = { .name = d->name,
                             .data = to,
                             .size = n * matrix_bytes(d),
                             .type = d->type,
                             .ge = { d->columns, d->rows, n, 1 } };
    for (uint32_t e = 0; e < d->experts; e++)
        c->slices[i][e] = to + e * matrix_bytes(d);
    if (d->experts)
        t.slices = c->slices[i];
    return c->b->weight(c->dev, &t, &c->weights[i], err);
}

static enum tarn_status give_weights(struct canary *c,
                                     const struct weight_def *defs, size_t n,
                                     struct tarn_error *err)
{
    size_t size = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        size += matrix_bytes(&defs[i]) * (defs[i].experts ? defs[i].experts
                                                          : 1) + 64;
    c->bytes = calloc(size, 1);
    if (!c->bytes)
        return tarn_fail(err, TARN_NO_MEMORY, "no memory left");
    enum tarn_status s = TARN_OK;
    for (size_t i = 0; !s && i < n; i++) {
        s = give_weight(c, i, &defs[i], c->bytes + at, err);
        at += (matrix_bytes(&defs[i]) *
               (defs[i].experts ? defs[i].experts : 1) + 63) & ~(size_t)63;
    }
    return s;
}

static enum tarn_status open_state(struct canary *c, uint32_t conv_width,
                                   struct tarn_error *err)
{
    static const uint32_t KV_WIDTHS[] = { KV };
    struct tarn_state_shape shape = { .size = sizeof shape,
                                      .kv_widths = KV_WIDTHS,
                                      .n_attn = 1,
                                      .conv_width = conv_width,
                                      .conv_len = CONV,
                                      .n_conv = 1,
                                      .kv_type = TARN_F16 };
    enum tarn_status s = c->b->state_open(c->dev, &shape, &c->state, err);
    return s ? s : c->b->state_room(c->state, 2, 4, err);
}

/* ------------------------------------------------------------------- plan */
enum { X, N, CIN, Y, K, V, GATE, UP, ACT, ROUTER, Q, X2 };
static const uint32_t WIDTHS[N_BUFFERS] = {
    [X] = EMBD, [N] = EMBD, [CIN] = 3 * EMBD, [Y] = EMBD,
    [K] = KV,   [V] = KV,   [GATE] = FF,      [UP] = FF,
    [ACT] = FF, [ROUTER] = EXPERTS, [Q] = EMBD, [X2] = EMBD
};
#define NB TARN_NO_BUFFER

struct step_def {
    uint16_t op, layer, a, b, c, out;
    int16_t w0, w1, w2; /* -1: none */
};
static const struct step_def STEPS[] = {
    { TARN_EMBED, 0, NB, NB, NB, X, W_EMBD, -1, -1 },
    { TARN_NORM, 0, X, NB, NB, N, W_NORM0, -1, -1 },
    { TARN_MATMUL, 0, N, NB, NB, CIN, W_IN, -1, -1 },
    { TARN_CONV, 0, CIN, NB, NB, Y, W_CONV, -1, -1 },
    { TARN_MATMUL, 0, Y, NB, NB, N, W_OUT, -1, -1 },
    { TARN_ADD, 0, X, N, NB, X2, -1, -1, -1 },
    { TARN_NORM, 0, X2, NB, NB, N, W_FFN_NORM0, -1, -1 },
    { TARN_MATMUL, 0, N, NB, NB, GATE, W_GATE, -1, -1 },
    { TARN_MATMUL, 0, N, NB, NB, UP, W_UP, -1, -1 },
    { TARN_GLU, 0, GATE, UP, NB, ACT, -1, -1, -1 },
    { TARN_MATMUL, 0, ACT, NB, NB, Y, W_DOWN, -1, -1 },
    { TARN_ADD, 0, X2, Y, NB, X, -1, -1, -1 },
    { TARN_NORM, 1, X, NB, NB, N, W_NORM1, -1, -1 },
    { TARN_MATMUL, 1, N, NB, NB, Q, W_Q, -1, -1 },
    { TARN_MATMUL, 1, N, NB, NB, K, W_K, -1, -1 },
    { TARN_MATMUL, 1, N, NB, NB, V, W_V, -1, -1 },
    { TARN_ATTEND, 1, Q, K, V, Y, W_QNORM, W_KNORM, -1 },
    { TARN_MATMUL, 1, Y, NB, NB, N, W_O, -1, -1 },
    { TARN_ADD, 1, X, N, NB, X2, -1, -1, -1 },
    { TARN_NORM, 1, X2, NB, NB, N, W_FFN_NORM1, -1, -1 },
    { TARN_MATMUL, 1, N, NB, NB, ROUTER, W_ROUTER, -1, -1 },
    { TARN_ROUTE, 1, ROUTER, NB, NB, NB, W_BIAS, -1, -1 },
    { TARN_EXPERTS, 1, N, NB, NB, Y, W_EGATE, W_EUP, W_EDOWN },
    { TARN_ADD, 1, X2, Y, NB, X, -1, -1, -1 },
    { TARN_LOGITS, 2, X, NB, NB, NB, W_LAST_NORM, W_EMBD, -1 },
};
#define N_STEPS (sizeof STEPS / sizeof *STEPS)

static struct tarn_weight *weight_at(const struct canary *c, int16_t w)
{
    return w < 0 ? NULL : c->weights[w];
}

static enum tarn_status prepare(struct canary *c, struct tarn_error *err)
{
    struct tarn_step steps[N_STEPS];
    for (size_t i = 0; i < N_STEPS; i++) {
        const struct step_def *d = &STEPS[i];
        steps[i] = (struct tarn_step){ .op = d->op,
                                       .layer = d->layer,
                                       .a = d->a,
                                       .b = d->b,
                                       .c = d->c,
                                       .out = d->out,
                                       .w0 = weight_at(c, d->w0),
                                       .w1 = weight_at(c, d->w1),
                                       .w2 = weight_at(c, d->w2) };
    }
    struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape,
                   .n_embd = EMBD,
                   .n_head = HEADS,
                   .head_dim = HEAD,
                   .conv_len = CONV,
                   .n_expert = EXPERTS,
                   .n_expert_used = USED,
                   .norm_eps = 1e-5f,
                   .rope_base = 1e6f,
                   .attn_scale = 0.17677669f, /* 32 ^ -1/2 */
                   .expert_scale = 1.0f },
        .steps = steps,
        .n_steps = N_STEPS,
        .widths = WIDTHS,
        .n_buffers = N_BUFFERS,
        .max_rows = MAX_ROWS,
        .max_pos = 256,
        .in_buffer = TARN_NO_BUFFER,
        .out_buffer = TARN_NO_BUFFER,
    };
    return c->b->prepare(c->dev, &plan, c->state, &c->prepared, err);
}

/* Two sequences beside each other, then one more token for each of them, then
 * a prompt for one: kernels of 16 and more rows come into it, for the experts
 * as well (20 rows each on the average), and one that is not whole. */
static enum tarn_status run_batches(struct canary *c, float *out,
                                    struct tarn_error *err)
{
    static const uint32_t PAGE0[] = { 0 }, PAGE1[] = { 1 };
    static const struct tarn_row FIRST[] = {
        { 5, 0, 0, 0 },  { 17, 1, 0, 0 }, { 9, 2, 0, TARN_ROW_LOGITS },
        { 30, 0, 1, 0 }, { 2, 1, 1, TARN_ROW_LOGITS }
    };
    static const struct tarn_row SECOND[] = { { 11, 3, 0, TARN_ROW_LOGITS },
                                              { 7, 2, 1, TARN_ROW_LOGITS } };
    struct tarn_seq before[] = { { PAGE0, 0, 1 }, { PAGE1, 2, 3 } };
    struct tarn_seq after[] = { { PAGE0, 1, 0 }, { PAGE1, 3, 2 } };
    struct tarn_batch b = { .size = sizeof b,
                            .rows = FIRST,
                            .n_rows = 5,
                            .seqs = before,
                            .n_seqs = 2,
                            .logits = out };
    enum tarn_status s = c->b->run(c->prepared, &b, err);
    b.rows = SECOND;
    b.n_rows = 2;
    b.seqs = after;
    b.logits = out + 2 * VOCAB;
    if (!s)
        s = c->b->run(c->prepared, &b, err);
    struct tarn_row third[MAX_ROWS];
    for (uint32_t i = 0; i < MAX_ROWS; i++)
        third[i] = (struct tarn_row){ (int32_t)((7 * i + 3) % VOCAB), 4 + i, 0,
                                      TARN_ROW_LOGITS };
    b.rows = third;
    b.n_rows = MAX_ROWS;
    b.seqs = before;
    b.n_seqs = 1;
    b.logits = out + TARN_CANARY_SMALL;
    return s ? s : c->b->run(c->prepared, &b, err);
}

enum tarn_status tarn_canary_run(const struct tarn_backend *b,
                                 uint32_t device,
                                 float out[TARN_CANARY_LOGITS],
                                 struct tarn_error *err)
{
    struct canary c = { .b = b };
    enum tarn_status s = b->open(&HOST, device, &c.dev, err);
    if (!s)
        s = give_weights(&c, DEFS, N_WEIGHTS, err);
    if (!s)
        s = open_state(&c, EMBD, err);
    if (!s)
        s = prepare(&c, err);
    if (!s)
        s = run_batches(&c, out, err);
    finish(&c);
    return s;
}

/* -------------------------------------------------------------- judgement */
/* rms of the difference over rms of the result, of logits [from, to). */
static double distance(const float *got, uint32_t from, uint32_t to)
{
    double sum = 0, wrong = 0;
    for (uint32_t i = from; i < to; i++) {
        float want;
        memcpy(&want, &CANARY_GOLDEN[i], 4);
        sum += (double)want * (double)want;
        wrong += ((double)got[i] - (double)want) *
                 ((double)got[i] - (double)want);
    }
    return sqrt(wrong / sum);
}

enum tarn_status tarn_canary_judge(const float got[TARN_CANARY_LOGITS],
                                   bool exact, struct tarn_error *err)
{
    uint32_t n_differ = 0;
    for (uint32_t i = 0; i < TARN_CANARY_LOGITS; i++) {
        uint32_t bits;
        memcpy(&bits, &got[i], 4);
        n_differ += bits != CANARY_GOLDEN[i];
    }
    if (n_differ == 0)
        return TARN_OK;
    if (exact)
        return tarn_fail(err, TARN_DEVICE,
                         "it calculates wrongly: %u of %u results of the "
                         "canary differ from the reference",
                         n_differ, TARN_CANARY_LOGITS);
    /* Each kind of kernel for itself: a few rows, many rows. */
    const double few = distance(got, 0, TARN_CANARY_SMALL);
    const double many = distance(got, TARN_CANARY_SMALL, TARN_CANARY_LOGITS);
    const double rms = few <= TARN_CANARY_TOLERANCE ? many : few;
    if (!(rms <= TARN_CANARY_TOLERANCE)) /* NaN is wrong too */
        return tarn_fail(err, TARN_DEVICE,
                         "it calculates wrongly: the results of the canary "
                         "are off by %.2g, allowed is %.2g",
                         rms, TARN_CANARY_TOLERANCE);
    return TARN_OK;
}

uint64_t tarn_canary_id(void)
{
    uint64_t h = tarn_fnv1a(TARN_FNV1A_START, CANARY_GOLDEN,
                            sizeof CANARY_GOLDEN);
    return tarn_fnv1a(h, STEPS, sizeof STEPS);
}

/* ------------------------------------------------------------------ speed */
enum { SIDE = 512, SPEED_ROWS = 32, SPEED_LEAST = 2, SPEED_MAX = 12 };
#define SPEED_BUDGET_MS 40.0

/* Of all threads: other programs must not decide which build is the fastest,
 * for the answer is kept.  A graphics device works beside the process. */
static double spent_ms(bool by_processor)
{
    struct timespec t;
    if (!by_processor || clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t))
        return tarn_now_ms();
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static double time_runs(struct canary *c, uint32_t device,
                        const struct tarn_batch *batch)
{
    struct tarn_device_info info = { .size = sizeof info };
    const bool by_processor = !c->b->device_info(&HOST, device, &info, NULL) &&
                              info.kind == TARN_DEVICE_CPU;
    double best = 0, start = tarn_now_ms();
    for (int i = 0; i < SPEED_MAX; i++) {
        const double t = spent_ms(by_processor);
        if (c->b->run(c->prepared, batch, NULL))
            return 0;
        const double ms = spent_ms(by_processor) - t;
        if (i > 0 && ms > 0 && (best == 0 || ms < best))
            best = ms; /* the first one warms caches up */
        if (i >= SPEED_LEAST && tarn_now_ms() - start > SPEED_BUDGET_MS)
            break;
    }
    return best;
}

static enum tarn_status prepare_speed(struct canary *c)
{
    static const struct weight_def MATRIX = { "speed", TARN_Q4_K, SIDE, SIDE,
                                              0 };
    static const uint32_t SPEED_WIDTHS[] = { SIDE, SIDE };
    enum tarn_status s = give_weights(c, &MATRIX, 1, NULL);
    if (!s)
        s = open_state(c, SIDE, NULL);
    if (s)
        return s;
    struct tarn_step step = { .op = TARN_MATMUL,
                              .a = 0,
                              .b = NB,
                              .c = NB,
                              .out = 1,
                              .w0 = c->weights[0] };
    struct tarn_plan plan = { .size = sizeof plan,
                              .shape = { .size = sizeof plan.shape,
                                         .n_embd = SIDE,
                                         .n_head = SIDE / HEAD,
                                         .head_dim = HEAD,
                                         .conv_len = CONV,
                                         .norm_eps = 1e-5f,
                                         .rope_base = 1e6f,
                                         .attn_scale = 0.17677669f,
                                         .expert_scale = 1.0f },
                              .steps = &step,
                              .n_steps = 1,
                              .widths = SPEED_WIDTHS,
                              .n_buffers = 2,
                              .max_rows = SPEED_ROWS,
                              .max_pos = 256,
                              .in_buffer = 0,
                              .out_buffer = 1 };
    return c->b->prepare(c->dev, &plan, c->state, &c->prepared, NULL);
}

double tarn_canary_speed(const struct tarn_backend *b, uint32_t device)
{
    static const uint32_t PAGE0[] = { 0 };
    struct canary c = { .b = b };
    double ms = 0;
    float *rows = calloc(2 * (size_t)SPEED_ROWS * SIDE, sizeof *rows);
    enum tarn_status s = rows ? b->open(&HOST, device, &c.dev, NULL)
                              : TARN_NO_MEMORY;
    if (!s)
        s = prepare_speed(&c);
    if (!s) {
        struct tarn_row r[SPEED_ROWS];
        struct tarn_seq seq = { PAGE0, 0, 1 };
        uint64_t state = 1;
        for (uint32_t i = 0; i < SPEED_ROWS; i++)
            r[i] = (struct tarn_row){ 0, i, 0, 0 };
        for (uint32_t i = 0; i < SPEED_ROWS * SIDE; i++)
            rows[i] = (float)(next_random(&state) >> 24) * 0x1p-7f - 1.0f;
        struct tarn_batch batch = { .size = sizeof batch,
                                    .rows = r,
                                    .n_rows = SPEED_ROWS,
                                    .seqs = &seq,
                                    .n_seqs = 1,
                                    .in = rows,
                                    .out = rows + SPEED_ROWS * SIDE };
        ms = time_runs(&c, device, &batch);
    }
    finish(&c);
    free(rows);
    return ms > 0 ? (double)SPEED_ROWS * SIDE * SIDE / ms * 1e-6 : 0;
}
