/* far_test.c - one attention layer at the last position of the longest
 * context, over a cache of random keys and values, against float64: rotation,
 * scores, softmax and sum are as exact there as at position 100. */
#include <math.h>

#include "tests/backends/cpu_bench.h"

enum { HEAD = 64, HEADS = 8, D = HEADS *HEAD, KV = 2, WIDTH = HEAD *KV,
       FAR = 127999, NEAR = 100, PAGES = FAR / 256 + 1 };
enum { X, Q, K, V, O, BUFFERS };
static const uint32_t WIDTHS[BUFFERS] = { D, HEADS *HEAD, WIDTH, WIDTH,
                                          HEADS *HEAD };
static const double BASE = 1e6;
static const float EPS = 1e-5f;

static const struct tarn_backend *level;
static float *wq, *wk, *wv, *norm_q, *norm_k;

/* What is in the cache: [PAGES * 256][WIDTH]. */
static float *keys, *values;

static void draw(uint32_t kv_type)
{
    const size_t n = (size_t)PAGES * 256 * WIDTH;
    for (size_t i = 0; i < 2 * n; i++) {
        float x = (float)(int32_t)dice() * 0x1p-31f * 1.7f; /* variance 1 */
        if (kv_type == TARN_F16)
            x = tarn_f16_to_f32(tarn_f32_to_f16(x));
        (i < n ? keys : values)[i % n] = x;
    }
}

static void fill_page(struct bench *b, struct tarn_state *st, uint32_t kv_type,
                      uint32_t page)
{
    static uint8_t bytes[2 * 256 * WIDTH * sizeof(float)];
    for (size_t i = 0; i < 2 * 256 * WIDTH; i++) {
        const size_t at = (size_t)page * 256 * WIDTH + i % (256 * WIDTH);
        const float x = i < 256 * WIDTH ? keys[at] : values[at];
        const uint16_t h = tarn_f32_to_f16(x);
        if (kv_type == TARN_F16)
            memcpy(bytes + 2 * i, &h, 2);
        else
            memcpy(bytes + 4 * i, &x, 4);
    }
    bench_ok(b, b->backend->state_write(st, true, page, bytes, &b->err));
}

/* The row that run() stored at pos replaces the drawn one. */
static void read_own(struct bench *b, struct tarn_state *st, uint32_t kv_type,
                     uint32_t pos)
{
    static uint8_t bytes[2 * 256 * WIDTH * sizeof(float)];
    bench_ok(b, b->backend->state_read(st, true, pos / 256, 256, bytes,
                                       &b->err));
    for (uint32_t v = 0; v < 2; v++)
        for (uint32_t c = 0; c < WIDTH; c++) {
            const size_t i = ((size_t)v * 256 + pos % 256) * WIDTH + c;
            float *to = (v ? values : keys) + (size_t)pos * WIDTH + c;
            uint16_t h;
            memcpy(&h, bytes + 2 * i, 2);
            if (kv_type == TARN_F16)
                *to = tarn_f16_to_f32(h);
            else
                memcpy(to, bytes + 4 * i, 4);
        }
}

/* norm, then rotation by pos, of head h of w . x, in float64. */
static void head64(const float *w, const float *norm, const float *x,
                   uint32_t h, uint32_t pos, double *y)
{
    double ss = 0, z[HEAD];
    for (uint32_t i = 0; i < HEAD; i++) {
        z[i] = 0;
        for (uint32_t j = 0; j < D; j++)
            z[i] += (double)w[(h * HEAD + i) * D + j] * (double)x[j];
        ss += z[i] * z[i];
    }
    const double r = norm ? 1 / sqrt(ss / HEAD + (double)EPS) : 1;
    for (uint32_t i = 0; i < HEAD; i++)
        y[i] = z[i] * r * (norm ? (double)norm[i] : 1);
    for (uint32_t i = 0; norm && i < HEAD / 2; i++) {
        const double a = pos * pow(BASE, -2.0 * i / HEAD), u = y[i],
                     v = y[i + HEAD / 2];
        y[i] = u * cos(a) - v * sin(a);
        y[i + HEAD / 2] = u * sin(a) + v * cos(a);
    }
}

/* Largest error of a head's output, beside the mean of |v| under its weights
 * (what the sum's own terms amount to). */
static double head_error(const float *x, uint32_t h, uint32_t pos,
                         const float *got)
{
    const uint32_t kv = h / (HEADS / KV);
    double q[HEAD], o[HEAD] = { 0 }, size = 0, sum = 0, top = -1e300, worst = 0;
    double *s = malloc((pos + 1) * sizeof *s);
    head64(wq, norm_q, x, h, pos, q);
    for (uint32_t t = 0; t <= pos; t++) {
        const float *k = keys + (size_t)t * WIDTH + kv * HEAD;
        s[t] = 0;
        for (uint32_t i = 0; i < HEAD; i++)
            s[t] += q[i] * (double)k[i];
        s[t] *= 0.125;
        top = s[t] > top ? s[t] : top;
    }
    for (uint32_t t = 0; t <= pos; t++) {
        const float *v = values + (size_t)t * WIDTH + kv * HEAD;
        const double e = exp(s[t] - top);
        sum += e;
        for (uint32_t i = 0; i < HEAD; i++) {
            o[i] += e * (double)v[i];
            size += e * fabs((double)v[i]) / HEAD;
        }
    }
    for (uint32_t i = 0; i < HEAD; i++) {
        const double e = fabs((double)got[i] - o[i] / sum) / (size / sum);
        worst = e > worst ? e : worst;
    }
    free(s);
    return worst;
}

/* Largest error of the rotated keys that run() stored, beside their norm. */
static double key_error(const float *x, uint32_t pos)
{
    double worst = 0;
    for (uint32_t h = 0; h < KV; h++) {
        double k[HEAD];
        head64(wk, norm_k, x, h, pos, k);
        for (uint32_t i = 0; i < HEAD; i++) {
            const double got =
                (double)keys[(size_t)pos * WIDTH + h * HEAD + i];
            worst = fabs(got - k[i]) > worst ? fabs(got - k[i]) : worst;
        }
    }
    return worst;
}

struct errors {
    double output, key;
};

static struct errors run_at(struct bench *b, struct tarn_prepared *p,
                            struct tarn_state *st, uint32_t kv_type,
                            uint32_t pos)
{
    static uint32_t pages[PAGES];
    struct errors e = { 0, 0 };
    for (uint32_t i = 0; i < PAGES; i++)
        pages[i] = i;
    const struct tarn_seq seq = { .pages = pages };
    const struct tarn_row row = { .pos = pos };
    for (int turn = 0; turn < 3; turn++) {
        float x[D], o[HEADS * HEAD];
        for (uint32_t i = 0; i < D; i++)
            x[i] = (float)(int32_t)dice() * 0x1p-31f;
        const struct tarn_batch batch = { .size = sizeof batch, .rows = &row,
                                          .n_rows = 1, .seqs = &seq,
                                          .n_seqs = 1, .in = x, .out = o };
        bench_ok(b, b->backend->run(p, &batch, &b->err));
        read_own(b, st, kv_type, pos);
        for (uint32_t h = 0; h < HEADS; h++)
            e.output = fmax(e.output, head_error(x, h, pos, o + h * HEAD));
        e.key = fmax(e.key, key_error(x, pos));
    }
    return e;
}

static struct errors compare(uint32_t kv_type, struct errors *near)
{
    struct bench b;
    struct tarn_state *st = NULL;
    struct tarn_prepared *p = NULL;
    const uint32_t width = WIDTH;
    bench_open(&b, level);
    bench_hire(&b, 2);
    struct tarn_step steps[4] = {
        { .op = TARN_MATMUL, .a = X, .out = Q,
          .w0 = bench_weight(&b, TARN_F32, D, HEADS * HEAD, 1, wq) },
        { .op = TARN_MATMUL, .a = X, .out = K,
          .w0 = bench_weight(&b, TARN_F32, D, WIDTH, 1, wk) },
        { .op = TARN_MATMUL, .a = X, .out = V,
          .w0 = bench_weight(&b, TARN_F32, D, WIDTH, 1, wv) },
        { .op = TARN_ATTEND, .a = Q, .b = K, .c = V, .out = O,
          .w0 = bench_weight(&b, TARN_F32, HEAD, 1, 1, norm_q),
          .w1 = bench_weight(&b, TARN_F32, HEAD, 1, 1, norm_k) },
    };
    const struct tarn_plan plan = {
        .size = sizeof plan,
        .shape = { .size = sizeof plan.shape, .n_embd = D, .n_head = HEADS,
                   .head_dim = HEAD, .conv_len = 3, .norm_eps = EPS,
                   .rope_base = (float)BASE, .attn_scale = 0.125f },
        .steps = steps, .n_steps = 4, .widths = WIDTHS, .n_buffers = BUFFERS,
        .max_rows = 1, .max_pos = FAR + 1, .in_buffer = X, .out_buffer = O,
    };
    const struct tarn_state_shape shape = { .size = sizeof shape,
                                            .kv_widths = &width, .n_attn = 1,
                                            .kv_type = kv_type };
    bench_ok(&b, level->state_open(b.dev, &shape, &st, &b.err));
    bench_ok(&b, level->prepare(b.dev, &plan, st, &p, &b.err));
    bench_ok(&b, level->state_room(st, PAGES, 0, &b.err));
    draw(kv_type);
    for (uint32_t i = 0; i < PAGES; i++)
        fill_page(&b, st, kv_type, i);
    *near = run_at(&b, p, st, kv_type, NEAR);
    const struct errors far = run_at(&b, p, st, kv_type, FAR);
    bench_close(&b);
    printf("# K/V type %u: output %.2g at %d, %.2g at %d; key %.2g, %.2g\n",
           (unsigned)kv_type, near->output, NEAR, far.output, FAR, near->key,
           far.key);
    return far;
}

static void test_the_last_position_is_as_exact_as_the_hundredth(void)
{
    const uint32_t types[] = { TARN_F32, TARN_F16 };
    for (int i = 0; i < 2; i++) {
        struct errors near;
        const struct errors far = compare(types[i], &near);
        /* Scores reach 40 here, and e^s is off by what s is off by: a few
         * times 40 * 2^-24. */
        CHECK(near.output > 0 && near.output < 1.2e-5);
        CHECK_SAYS(far.output <= 2 * near.output, "%g, near %g", far.output,
                   near.output);
        /* Keys are below 8, where half a unit of f16 is 2^-9; which binade the
         * largest of them lies in is chance. */
        CHECK_SAYS(types[i] == TARN_F16
                       ? far.key < 0x1p-9
                       : far.key <= 1.5 * near.key && far.key < 2e-6,
                   "%g, near %g", far.key, near.key);
    }
}

int main(void)
{
    level = level_here();
    if (!level) {
        printf("1..0 # SKIP this machine can't run that build\n");
        return 0;
    }
    wq = dice_floats(HEADS * HEAD * D);
    wk = dice_floats(WIDTH * D);
    wv = dice_floats(WIDTH * D);
    norm_q = dice_floats(HEAD);
    norm_k = dice_floats(HEAD);
    for (int i = 0; i < HEAD; i++) {
        norm_q[i] = 4.0f + (float)(i % 5) * 0.25f; /* scores of some size */
        norm_k[i] = 1.0f + (float)(i % 3) * 0.125f;
    }
    keys = malloc((size_t)PAGES * 256 * WIDTH * sizeof *keys);
    values = malloc((size_t)PAGES * 256 * WIDTH * sizeof *values);
    RUN(test_the_last_position_is_as_exact_as_the_hundredth);
    float *const all[] = { wq, wk, wv, norm_q, norm_k, keys, values };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    tarn_pool_destroy(crew.pool);
    return tap_end();
}
