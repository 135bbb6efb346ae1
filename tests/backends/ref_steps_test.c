/* ref_steps_test.c - the steps of the reference against plain float64 sums,
 * its state, its refusals.  Types and products: ref_blocks_test.c; whole
 * networks against another program: tests/engine. */
#include <math.h>

#include "backends/numerics.h"
#include "backends/ref/ref.h"
#include "tests/backends/bench.h"

static uint64_t seed;

static float next_float(void)
{
    return (float)((double)(tarn_mix(seed += 0x9e3779b97f4a7c15) >> 11) *
                       0x1p-52 -
                   1.0);
}

static void fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = next_float();
}

/* A plan of any steps whose result is as wide as the residual. */
static struct tarn_plan plan_of(const struct tarn_step *steps, uint32_t n_steps,
                                const uint32_t *widths, uint32_t n_buffers,
                                uint16_t out)
{
    return (struct tarn_plan){
        .size = sizeof(struct tarn_plan),
        .shape = { .size = sizeof(struct tarn_shape),
                   .n_embd = widths[out],
                   .conv_len = 3,
                   .norm_eps = 1e-5f,
                   .rope_base = 1e4f,
                   .attn_scale = 0.5f,
                   .expert_scale = 1.0f },
        .steps = steps,
        .n_steps = n_steps,
        .widths = widths,
        .n_buffers = n_buffers,
        .max_rows = 320,
        .max_pos = 1024,
        .in_buffer = TARN_NO_BUFFER,
        .out_buffer = out,
    };
}

/* Token and position i for n rows of sequence 0. */
static void number_rows(struct tarn_row *rows, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        rows[i] = (struct tarn_row){ .token = (int32_t)i, .pos = i };
}

/* --------------------------------------------------------------- attention */

enum { N = 300, HEAD = 6, N_KV = 2, GROUP = 3 };

/* Norm and turn of one head, in float64. */
static void norm_turn(const float *x, const float *w, uint32_t pos, double *y)
{
    double ss = 0, z[HEAD];
    for (int i = 0; i < HEAD; i++)
        ss += (double)x[i] * (double)x[i];
    for (int i = 0; i < HEAD; i++)
        z[i] = (double)x[i] / sqrt(ss / (double)HEAD + 1e-5) * (double)w[i];
    for (int i = 0; i < HEAD / 2; i++) {
        const double a = pos * pow(1e4, -2.0 * i / (double)HEAD);
        y[i] = z[i] * cos(a) - z[i + HEAD / 2] * sin(a);
        y[i + HEAD / 2] = z[i + HEAD / 2] * cos(a) + z[i] * sin(a);
    }
}

/* One head of one query over all keys up to p: largest difference. */
static double attend_error(const float *q, const float *k, const float *v,
                           const float *wq, const float *wk, uint32_t p,
                           uint32_t h, const float *got)
{
    double qd[HEAD], kd[HEAD], e[N], sum = 0, out[HEAD] = { 0 }, worst = 0;
    norm_turn(q + (p * N_KV * GROUP + h) * HEAD, wq, p, qd);
    for (uint32_t t = 0; t <= p; t++) {
        double s = 0;
        norm_turn(k + (t * N_KV + h / GROUP) * HEAD, wk, t, kd);
        for (int i = 0; i < HEAD; i++)
            s += qd[i] * kd[i];
        e[t] = exp(s * 0.5);
        sum += e[t];
    }
    for (uint32_t t = 0; t <= p; t++)
        for (int i = 0; i < HEAD; i++)
            out[i] += e[t] / sum *
                      (double)v[(t * N_KV + h / GROUP) * HEAD + (uint32_t)i];
    for (int i = 0; i < HEAD; i++)
        worst = fmax(worst, fabs(out[i] - (double)got[i]));
    return worst;
}

static void test_attention_is_softmax_over_all_keys_before(void)
{
    static float q[N * HEAD * N_KV * GROUP], k[N * HEAD * N_KV],
        v[N * HEAD * N_KV], out[N * HEAD * N_KV * GROUP];
    float wq[HEAD], wk[HEAD];
    const uint32_t widths[] = { HEAD * N_KV * GROUP, HEAD * N_KV, HEAD * N_KV,
                                HEAD * N_KV * GROUP };
    struct bench b;
    bench_open(&b, tarn_backend_ref());
    fill(q, sizeof q / 4), fill(k, sizeof k / 4), fill(v, sizeof v / 4);
    fill(wq, HEAD), fill(wk, HEAD);
    const struct tarn_step steps[] = {
        { .op = TARN_EMBED,
          .out = 0,
          .w0 = bench_weight(&b, TARN_F32, widths[0], N, 1, q) },
        { .op = TARN_EMBED,
          .out = 1,
          .w0 = bench_weight(&b, TARN_F32, widths[1], N, 1, k) },
        { .op = TARN_EMBED,
          .out = 2,
          .w0 = bench_weight(&b, TARN_F32, widths[2], N, 1, v) },
        { .op = TARN_ATTEND,
          .a = 0,
          .b = 1,
          .c = 2,
          .out = 3,
          .w0 = bench_weight(&b, TARN_F32, HEAD, 1, 1, wq),
          .w1 = bench_weight(&b, TARN_F32, HEAD, 1, 1, wk) },
    };
    struct tarn_plan plan = plan_of(steps, 4, widths, 4, 3);
    plan.shape.n_head = N_KV * GROUP;
    plan.shape.head_dim = HEAD;
    const struct tarn_state_shape shape = { .size = sizeof shape,
                                            .kv_widths = widths + 1,
                                            .n_attn = 1,
                                            .kv_type = TARN_F32 };
    struct tarn_state *st = NULL;
    bench_ok(&b, b.backend->state_open(b.dev, &shape, &st, &b.err));
    bench_ok(&b, b.backend->state_room(st, 2, 0, &b.err));
    struct tarn_row rows[N];
    number_rows(rows, N);
    const uint32_t pages[] = { 1, 0 };
    const struct tarn_seq seq = { .pages = pages };
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = rows,
                                      .n_rows = N,
                                      .seqs = &seq,
                                      .n_seqs = 1,
                                      .out = out };
    bench_ok(&b, bench_run(&b, &plan, st, &batch));
    static const uint32_t positions[] = { 0, 1, 17, 255, 256, 257, 299 };
    for (size_t i = 0; i < sizeof positions / sizeof *positions; i++)
        for (uint32_t h = 0; h < N_KV * GROUP; h++) {
            const uint32_t p = positions[i];
            const double e = attend_error(q, k, v, wq, wk, p, h,
                                          out + (p * N_KV * GROUP + h) * HEAD);
            CHECK_SAYS(e < 1e-6, "position %u head %u: %g", p, h, e);
        }
    bench_close(&b);
}

/* ------------------------------------------------------------- convolution */

enum { D = 5, T = 24 };

/* Two convolutions with a product between them, on a state of two tails. */
struct conv_rig {
    struct bench b;
    struct tarn_state *st;
    struct tarn_prepared *p;
    float in[T * 3 * D], kernel[D * 3], mix[3 * D * D], out[T * D];
};

static void conv_open(struct conv_rig *r)
{
    const uint32_t widths[] = { 3 * D, D, 3 * D, D };
    bench_open(&r->b, tarn_backend_ref());
    fill(r->in, T * 3 * D), fill(r->kernel, D * 3), fill(r->mix, 3 * D * D);
    struct tarn_weight *kernel =
        bench_weight(&r->b, TARN_F32, 3, D, 1, r->kernel);
    const struct tarn_step steps[] = {
        { .op = TARN_EMBED,
          .out = 0,
          .w0 = bench_weight(&r->b, TARN_F32, 3 * D, T, 1, r->in) },
        { .op = TARN_CONV, .a = 0, .out = 1, .w0 = kernel, .slot = 0 },
        { .op = TARN_MATMUL,
          .a = 1,
          .out = 2,
          .w0 = bench_weight(&r->b, TARN_F32, D, 3 * D, 1, r->mix) },
        { .op = TARN_CONV, .a = 2, .out = 3, .w0 = kernel, .slot = 1 },
    };
    const struct tarn_plan plan = plan_of(steps, 4, widths, 4, 3);
    const struct tarn_state_shape shape = { .size = sizeof shape,
                                            .conv_width = D,
                                            .conv_len = 3,
                                            .n_conv = 2,
                                            .kv_type = TARN_F16 };
    const struct tarn_backend *b = r->b.backend;
    bench_ok(&r->b, b->state_open(r->b.dev, &shape, &r->st, &r->b.err));
    bench_ok(&r->b, b->state_room(r->st, 0, 4, &r->b.err));
    bench_ok(&r->b, b->prepare(r->b.dev, &plan, r->st, &r->p, &r->b.err));
}

/* Rows [from, to) of one sequence. */
static enum tarn_status conv_run(struct conv_rig *r, uint32_t from, uint32_t to,
                                 uint32_t tail_in, uint32_t tail_out)
{
    struct tarn_row rows[T];
    number_rows(rows, T);
    const struct tarn_seq seq = { .tail_in = tail_in, .tail_out = tail_out };
    const struct tarn_batch batch = { .size = sizeof batch,
                                      .rows = rows + from,
                                      .n_rows = to - from,
                                      .seqs = &seq,
                                      .n_seqs = 1,
                                      .out = r->out + from * D };
    return r->b.backend->run(r->p, &batch, &r->b.err);
}

static void conv_tail(struct conv_rig *r, uint32_t tail, float out[4 * D])
{
    bench_ok(&r->b,
             r->b.backend->state_read(r->st, false, tail, 0, out, &r->b.err));
}

static void test_convolution_gates_before_and_after(void)
{
    struct conv_rig r;
    float tail[4 * D];
    conv_open(&r);
    CHECK(bench_ok(&r.b, conv_run(&r, 0, T, 0, 0)));
    double mid[T][3 * D] = { { 0 } };
    for (int layer = 0; layer < 2; layer++)
        for (int t = T - 1; t >= 0; t--)
            for (int c = 0; c < D; c++) {
                double v = 0;
                for (int j = 0; j < 3 && layer == 0; j++)
                    if (t - 2 + j >= 0) {
                        const float *x = r.in + (t - 2 + j) * 3 * D;
                        v += (double)r.kernel[c * 3 + j] * (double)x[c] *
                             (double)x[2 * D + c];
                    }
                for (int j = 0; j < 3 && layer == 1; j++)
                    if (t - 2 + j >= 0) {
                        const double *x = mid[t - 2 + j];
                        v += (double)r.kernel[c * 3 + j] * x[c] * x[2 * D + c];
                    }
                if (layer == 0) {
                    const double o = (double)r.in[t * 3 * D + D + c] * v;
                    for (int k = 0; k < 3 * D; k++)
                        mid[t][k] += (double)r.mix[k * D + c] * o;
                } else {
                    CHECK(fabs(mid[t][D + c] * v - (double)r.out[t * D + c]) <
                          1e-6);
                }
            }
    conv_tail(&r, 0, tail);
    for (int c = 0; c < D; c++) /* layer 0: [2][D], oldest first */
        CHECK(tail[D + c] ==
              r.in[(T - 1) * 3 * D + c] * r.in[(T - 1) * 3 * D + 2 * D + c]);
    bench_close(&r.b);
}

static void test_cut_batches_and_replay_give_the_same_bits(void)
{
    struct conv_rig r;
    float whole[T * D], want[4 * D], got[4 * D];
    conv_open(&r);
    conv_run(&r, 0, 17, 0, 0);
    conv_tail(&r, 0, want);
    conv_run(&r, 17, T, 0, 1);
    memcpy(whole, r.out, sizeof whole);
    memset(r.out, 0, sizeof r.out);
    for (uint32_t t = 0; t < T; t++) /* two tails that change places */
        conv_run(&r, t, t + 1, 2 + t % 2, 3 - t % 2);
    CHECK(memcmp(whole, r.out, sizeof whole) == 0);
    /* (L - 1) * 2 layers = 4 rows from nothing give the tails at 17. */
    struct conv_rig fresh;
    seed = 0;
    conv_open(&fresh);
    memcpy(fresh.in, r.in, sizeof r.in);
    memcpy(fresh.kernel, r.kernel, sizeof r.kernel);
    memcpy(fresh.mix, r.mix, sizeof r.mix);
    conv_run(&fresh, 13, 17, 0, 1);
    conv_tail(&fresh, 1, got);
    CHECK(memcmp(want, got, sizeof want) == 0);
    conv_run(&fresh, 14, 17, 0, 2); /* one row less does not */
    conv_tail(&fresh, 2, got);
    CHECK(memcmp(want, got, sizeof want) != 0);
    bench_close(&r.b);
    bench_close(&fresh.b);
}

static void test_stopped_run_leaves_the_tail_alone(void)
{
    struct conv_rig r;
    float before[4 * D], after[4 * D];
    conv_open(&r);
    conv_run(&r, 0, 5, 0, 0);
    conv_tail(&r, 0, before);
    for (int64_t k = 1; k <= 4; k++) {
        r.b.stop_after = k;
        CHECK(conv_run(&r, 5, 9, 0, 0) == TARN_CANCELLED);
        CHECK(r.b.err.text[0] != '\0');
        conv_tail(&r, 0, after);
        CHECK(memcmp(before, after, sizeof after) == 0);
    }
    r.b.stop_after = -1;
    bench_close(&r.b);
}

/* ------------------------------------------------------------------- state */

static void test_state_grows_copies_and_reads_back(void)
{
    struct bench b;
    const uint32_t widths[] = { 64, 32 };
    const struct tarn_state_shape shape = { .size = sizeof shape,
                                            .kv_widths = widths,
                                            .n_attn = 2,
                                            .conv_width = 3,
                                            .conv_len = 3,
                                            .n_conv = 2,
                                            .kv_type = TARN_Q8_0 };
    enum { PAGE = 2 * 256 * 3 * 34, TAIL = 2 * 2 * 3 };
    static uint8_t in[PAGE], out[PAGE];
    float tail[TAIL], zero[TAIL] = { 0 };
    struct tarn_state *st = NULL;
    bench_open(&b, tarn_backend_ref());
    bench_ok(&b, b.backend->state_open(b.dev, &shape, &st, &b.err));
    bench_ok(&b, b.backend->state_room(st, 1, 1, &b.err));
    for (int i = 0; i < PAGE; i++)
        in[i] = (uint8_t)(i * 7 + 1);
    bench_ok(&b, b.backend->state_write(st, true, 0, in, &b.err));
    bench_ok(&b, b.backend->state_room(st, 40, 9, &b.err));
    bench_ok(&b, b.backend->state_copy(st, true, 39, 0, &b.err));
    bench_ok(&b, b.backend->state_read(st, true, 39, 256, out, &b.err));
    CHECK(memcmp(in, out, PAGE) == 0);
    bench_ok(&b, b.backend->state_read(st, true, 39, 3, out, &b.err));
    CHECK(memcmp(in, out, 3 * 2 * 34) == 0 && out[3 * 2 * 34] == 0);
    const int v_of_0 = 256 * 2 * 34, k_of_1 = 2 * 256 * 2 * 34;
    CHECK(memcmp(in + v_of_0, out + v_of_0, 3 * 2 * 34) == 0);
    CHECK(memcmp(in + k_of_1, out + k_of_1, 3 * 34) == 0);
    CHECK(out[k_of_1 + 3 * 34] == 0);
    bench_ok(&b, b.backend->state_read(st, false, 8, 0, tail, &b.err));
    CHECK(memcmp(tail, zero, sizeof zero) == 0);
    CHECK(b.backend->state_copy(st, true, 40, 0, &b.err) == TARN_INTERNAL);
    CHECK(b.backend->state_read(st, false, 9, 0, tail, &b.err) ==
          TARN_INTERNAL);
    /* Growing fails: nothing is lost, nothing leaks. */
    for (int64_t k = 0; k < 8; k++) {
        b.fail_after = k;
        CHECK(b.backend->state_room(st, 50, 20, &b.err) == TARN_NO_MEMORY);
        b.fail_after = -1;
        bench_ok(&b, b.backend->state_read(st, true, 39, 256, out, &b.err));
        CHECK(memcmp(in, out, PAGE) == 0);
    }
    bench_close(&b);
}

static void test_what_cannot_run_is_refused_with_a_sentence(void)
{
    struct bench b;
    static float w[64];
    const uint32_t widths[] = { 42, 6, 6, 42 }, wide[] = { 48 };
    bench_open(&b, tarn_backend_ref());
    struct tarn_weight *norm = bench_weight(&b, TARN_F32, 3, 1, 1, w);
    const struct tarn_step step = { .op = TARN_ATTEND,
                                    .a = 0,
                                    .b = 1,
                                    .c = 2,
                                    .out = 3,
                                    .w0 = norm,
                                    .w1 = norm };
    struct tarn_plan plan = plan_of(&step, 1, widths, 4, 3);
    struct tarn_prepared *p = NULL;
    plan.shape.n_head = 14;
    plan.shape.head_dim = 3;
    CHECK(b.backend->prepare(b.dev, &plan, NULL, &p, &b.err) ==
          TARN_UNSUPPORTED);
    CHECK(strstr(b.err.text, "Heads of 3 values"));
    struct tarn_state_shape shape = { .size = sizeof shape,
                                      .kv_widths = wide,
                                      .n_attn = 1,
                                      .kv_type = TARN_Q8_0 };
    struct tarn_state *st = NULL;
    CHECK(b.backend->state_open(b.dev, &shape, &st, &b.err) ==
          TARN_UNSUPPORTED);
    CHECK(strstr(b.err.text, "q8_0") && strstr(b.err.text, "32"));
    shape.kv_type = TARN_Q4_0;
    CHECK(b.backend->state_open(b.dev, &shape, &st, &b.err) ==
          TARN_UNSUPPORTED);
    /* Rows that end inside a block; a size that is not the shape's. */
    struct tarn_tensor t = { .name = "blk.0.\n",
                             .data = w,
                             .size = 34,
                             .type = TARN_Q8_0,
                             .ge = { 33, 1, 1, 1 } };
    struct tarn_weight *weight = NULL;
    CHECK(b.backend->weight(b.dev, &t, &weight, &b.err) == TARN_UNSUPPORTED);
    CHECK(strstr(b.err.text, "\"blk.0.?\""));
    t.ge[0] = 64;
    CHECK(b.backend->weight(b.dev, &t, &weight, &b.err) == TARN_INTERNAL);
    t.ge[0] = UINT64_C(1) << 62;
    CHECK(b.backend->weight(b.dev, &t, &weight, &b.err) == TARN_UNSUPPORTED);
    CHECK(!p && !st && !weight);
    bench_close(&b);
}

static void test_broken_batches_are_refused(void)
{
    struct bench b;
    static float table[8];
    bench_open(&b, tarn_backend_ref());
    const struct tarn_step step = { .op = TARN_EMBED,
                                    .out = 0,
                                    .w0 = bench_weight(&b, TARN_F32, 4, 2, 1,
                                                       table) };
    const uint32_t width = 4;
    const struct tarn_plan plan = plan_of(&step, 1, &width, 1, 0);
    const struct tarn_seq seq = { 0 };
    float out[8];
    static const struct tarn_row cases[][2] = {
        { { .token = 2 }, { .token = 0, .pos = 1 } },
        { { .token = -1 }, { .token = 0, .pos = 1 } },
        { { .pos = 3 }, { .pos = 3 } },
        { { .pos = 3 }, { .pos = 2 } },
        { { .pos = 3 }, { .pos = 1024 } },
        { { .pos = 3 }, { .pos = 4, .seq = 1 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct tarn_batch batch = { .size = sizeof batch,
                                          .rows = cases[i],
                                          .n_rows = 2,
                                          .seqs = &seq,
                                          .n_seqs = 1,
                                          .out = out };
        const enum tarn_status s = bench_run(&b, &plan, NULL, &batch);
        CHECK_SAYS(s == TARN_INTERNAL && b.err.text[0], "case %zu: %d", i,
                   (int)s);
    }
    bench_close(&b);
}

int main(void)
{
    RUN(test_attention_is_softmax_over_all_keys_before);
    RUN(test_convolution_gates_before_and_after);
    RUN(test_cut_batches_and_replay_give_the_same_bits);
    RUN(test_stopped_run_leaves_the_tail_alone);
    RUN(test_state_grows_copies_and_reads_back);
    RUN(test_what_cannot_run_is_refused_with_a_sentence);
    RUN(test_broken_batches_are_refused);
    return tap_end();
}
