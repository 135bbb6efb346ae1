/* cases.c - one step at a time: the makers, and what they are made of. */
#include <stdio.h>
#include <string.h>

#include "backends/conformance/inside.h"

#define COUNT(a) ((uint32_t)(sizeof(a) / sizeof *(a)))

/* ------------------------------------------------------- building blocks */

/* A slot for a tensor whose data the caller fills; NULL without memory. */
static struct tarn_tensor *new_tensor(struct conf_case *c, const char *name,
                                      uint32_t type, uint32_t k,
                                      uint32_t n_rows, uint32_t n_slices)
{
    const struct tarn_type_traits t = tarn_type_traits(type);
    struct tarn_tensor *tensor = &c->tensors[c->n_tensors++];
    *tensor = (struct tarn_tensor){
        .name = name,
        .size = (uint64_t)k / t.block * t.bytes * n_rows * n_slices,
        .type = type,
        .ge = { k, n_rows, n_slices, 1 },
    };
    /* 2: as unaligned as a file may be. */
    uint8_t *data = conf_alloc(c->arena, (size_t)tensor->size + 2, 1);
    tensor->data = data ? data + (t.bytes % 4 ? 2 : 0) : NULL;
    return data ? tensor : NULL;
}

int16_t conf_tensor(struct conf_case *c, const char *name, uint32_t type,
                    uint32_t k, uint32_t n_rows, uint32_t n_slices,
                    enum conf_scales scales)
{
    const uint32_t number = c->n_tensors;
    struct tarn_tensor *t = new_tensor(c, name, type, k, n_rows, n_slices);
    if (t)
        conf_blocks(&c->random, type, t->size / tarn_type_traits(type).bytes,
                    scales, (uint8_t *)(uintptr_t)t->data);
    return (int16_t)number;
}

int16_t conf_vector(struct conf_case *c, const char *name, uint32_t n,
                    float mean, float spread)
{
    const uint32_t number = c->n_tensors;
    struct tarn_tensor *t = new_tensor(c, name, TARN_F32, n, 1, 1);
    float *values = t ? (float *)(uintptr_t)t->data : NULL;
    for (uint32_t i = 0; values && i < n; i++)
        values[i] = mean + spread * conf_float(&c->random);
    return (int16_t)number;
}

uint16_t conf_buffer(struct conf_case *c, uint32_t width)
{
    c->widths[c->n_buffers] = width;
    return (uint16_t)c->n_buffers++;
}

struct tarn_step *conf_step(struct conf_case *c, uint16_t op, uint16_t a,
                            uint16_t out, int16_t w0, int16_t w1, int16_t w2)
{
    struct conf_step *s = &c->steps[c->n_steps++];
    *s = (struct conf_step){
        .step = { .op = op,
                  .a = a,
                  .b = TARN_NO_BUFFER,
                  .c = TARN_NO_BUFFER,
                  .out = out },
        .w = { w0, w1, w2 },
    };
    return &s->step;
}

uint16_t conf_input(struct conf_case *c, uint32_t width, uint32_t n_rows)
{
    const uint32_t number = c->n_tensors;
    struct tarn_tensor *t = new_tensor(c, "input", TARN_F32, width, n_rows, 1);
    if (t)
        conf_rows(&c->random, width, n_rows, (float *)(uintptr_t)t->data);
    const uint16_t out = conf_buffer(c, width);
    conf_step(c, TARN_EMBED, TARN_NO_BUFFER, out, (int16_t)number, -1, -1);
    return out;
}

void conf_plain_rows(struct conf_case *c, uint32_t n)
{
    const uint32_t first = 0;
    conf_mixed_rows(c, n, 1, &first);
}

void conf_mixed_rows(struct conf_case *c, uint32_t n_rows, uint32_t n_seqs,
                     const uint32_t *first)
{
    uint32_t pos[MAX_SEQS];
    for (uint32_t s = 0; s < n_seqs; s++) {
        pos[s] = first[s];
        for (uint32_t k = 0; k < MAX_PAGES; k++)
            c->seqs[s].pages[k] = (n_seqs - 1 - s) * MAX_PAGES + k;
        c->seqs[s].tails[0] = 2 * s;
        c->seqs[s].tails[1] = 2 * s + 1;
        c->seqs[s].in_place = conf_range(&c->random, 0, 1) == 1;
    }
    for (uint32_t i = 0; i < n_rows; i++) {
        const uint32_t s = conf_range(&c->random, 0, n_seqs - 1);
        c->rows[i] = (struct tarn_row){
            .token = (int32_t)i,
            .pos = pos[s]++,
            .seq = s,
        };
    }
    c->n_rows = n_rows;
    c->n_seqs = n_seqs;
    c->n_pages = n_seqs * MAX_PAGES;
    c->n_tails = n_seqs * 2;
}

void conf_random_cuts(struct conf_case *c)
{
    for (int side = 0; side < 2; side++) {
        const uint32_t one_in = conf_range(&c->random, 1, 40);
        for (uint32_t i = 1; i < c->n_rows; i++)
            c->cut[side][i] |= conf_range(&c->random, 1, one_in) == 1;
    }
}

static uint32_t pick(struct conf_case *c, const uint32_t *from, uint32_t n)
{
    return from[conf_range(&c->random, 0, n - 1)];
}

static uint32_t pick_rows(struct conf_case *c)
{
    static const uint32_t some[] = {
        1, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 48
    };
    return pick(c, some, COUNT(some));
}

/* A row length that the type allows, edges of vector code among them. */
static uint32_t pick_k(struct conf_case *c, uint32_t type)
{
    static const uint32_t plain[] = {
        1, 2, 7, 15, 16, 17, 31, 33, 64, 256, 259
    };
    static const uint32_t blocks[] = { 1, 2, 3, 4, 5, 7, 8, 9, 16, 17 };
    const uint32_t block = tarn_type_traits(type).block;
    if (block == 1)
        return pick(c, plain, COUNT(plain));
    return block * pick(c, blocks, block == 256 ? 8 : COUNT(blocks));
}

static uint32_t pick_width(struct conf_case *c, uint32_t i)
{
    static const uint32_t widths[] = { 1,   2,   3,   4,    8,   15,
                                       16,  17,  31,  33,   64,  100,
                                       255, 256, 257, 1000, 2048 };
    return i < COUNT(widths) ? widths[i] : conf_range(&c->random, 1, 600);
}

/* The result of a single step leaves through the residual's door. */
static void leave(struct conf_case *c, uint16_t buffer)
{
    c->out_buffer = buffer;
    c->shape.n_embd = c->widths[buffer];
}

/* Types in order, then kinds of scales. */
static uint32_t type_of(uint32_t i)
{
    return conf_types[i % conf_n_types];
}

static enum conf_scales scales_of(uint32_t i)
{
    return (enum conf_scales)(i / conf_n_types % 3);
}

/* ----------------------------------------------------------------- makers */

static void make_embed(struct conf_case *c, uint32_t i)
{
    const uint32_t type = type_of(i), n = conf_range(&c->random, 1, 40);
    const uint32_t k = pick_k(c, type);
    const uint16_t out = conf_buffer(c, k);
    conf_step(c, TARN_EMBED, TARN_NO_BUFFER, out,
              conf_tensor(c, "table", type, k, n, 1, scales_of(i)), -1, -1);
    conf_plain_rows(c, n);
    for (uint32_t r = 0; r < n; r++)
        c->rows[r].token = (int32_t)conf_range(&c->random, 0, n - 1);
    leave(c, out);
    snprintf(c->title, sizeof c->title, "embed %s, rows of %u",
             tarn_type_traits(type).name, k);
}

static void make_norm(struct conf_case *c, uint32_t i)
{
    const uint32_t n = pick_width(c, i), rows = pick_rows(c);
    const uint16_t a = conf_input(c, n, rows), out = conf_buffer(c, n);
    const bool in_place = conf_range(&c->random, 0, 3) == 0;
    conf_step(c, TARN_NORM, a, in_place ? a : out,
              conf_vector(c, "norm", n, 1.0f, 0.5f), -1, -1);
    conf_plain_rows(c, rows);
    leave(c, in_place ? a : out);
    snprintf(c->title, sizeof c->title, "norm of %u, %u rows", n, rows);
}

static void make_matmul(struct conf_case *c, uint32_t i)
{
    static const uint32_t outs[] = { 1,  2,  3,  4,  7,  8,  15,
                                     16, 17, 31, 32, 33, 64, 100 };
    const uint32_t type = type_of(i), k = pick_k(c, type);
    const uint32_t n = pick(c, outs, COUNT(outs)), rows = pick_rows(c);
    const uint16_t a = conf_input(c, k, rows), out = conf_buffer(c, n);
    conf_step(c, TARN_MATMUL, a, out,
              conf_tensor(c, "matrix", type, k, n, 1, scales_of(i)), -1, -1);
    conf_plain_rows(c, rows);
    conf_random_cuts(c);
    leave(c, out);
    snprintf(c->title, sizeof c->title, "matmul %s %u x %u, %u rows, scales %u",
             tarn_type_traits(type).name, k, n, rows, (unsigned)scales_of(i));
}

static void make_conv(struct conf_case *c, uint32_t i)
{
    static const uint32_t lengths[] = { 3, 3, 3, 1, 2, 4, 5 };
    static const uint32_t widths[] = { 1, 3, 16, 33, 64, 256 };
    const uint32_t len = lengths[i % COUNT(lengths)];
    const uint32_t d = pick(c, widths, COUNT(widths));
    const uint32_t rows = pick_rows(c);
    const uint32_t n_seqs = conf_range(&c->random, 1, 4);
    const uint32_t first[MAX_SEQS] = { 0, 5, 0, 9 };
    const uint16_t a = conf_input(c, 3 * d, rows), out = conf_buffer(c, d);
    c->state.n_conv = conf_range(&c->random, 1, 3);
    c->state.conv_width = d;
    c->state.conv_len = c->shape.conv_len = len;
    c->state.kv_type = TARN_F16;
    const int16_t kernel = conf_vector(c, "conv", len * d, 0, 1);
    c->tensors[kernel].ge[0] = len;
    c->tensors[kernel].ge[1] = d;
    for (uint32_t slot = c->state.n_conv; slot > 0; slot--)
        conf_step(c, TARN_CONV, a, out, kernel, -1, -1)->slot =
            (uint16_t)(slot - 1);
    conf_mixed_rows(c, rows, n_seqs, first);
    c->random_state = i % 2 == 1;
    conf_random_cuts(c);
    leave(c, out);
    snprintf(c->title, sizeof c->title,
             "conv of length %u over %u, %u rows of %u sequences", len, d, rows,
             n_seqs);
}

static void make_attend(struct conf_case *c, uint32_t i)
{
    static const uint32_t heads[] = { 64, 64, 32, 16, 128, 2, 6, 80, 96, 64 };
    static const uint32_t types[] = { TARN_F16, TARN_F32, TARN_Q8_0 };
    static const uint32_t firsts[] = { 0, 1, 254, 255, 256, 300, 511, 700 };
    const uint32_t head = heads[i % COUNT(heads)];
    uint32_t kv_type = types[i / 2 % COUNT(types)];
    if (kv_type == TARN_Q8_0 && head % 32 != 0)
        kv_type = TARN_F16;
    const uint32_t n_kv = conf_range(&c->random, 1, 3);
    const uint32_t group = conf_range(&c->random, 1, 4);
    const uint32_t rows = pick_rows(c), n_seqs = conf_range(&c->random, 1, 3);
    uint32_t first[MAX_SEQS];
    for (uint32_t s = 0; s < n_seqs; s++)
        first[s] = pick(c, firsts, COUNT(firsts));
    const uint16_t q = conf_input(c, head * n_kv * group, rows);
    const uint16_t k = conf_input(c, head * n_kv, rows);
    const uint16_t v = conf_input(c, head * n_kv, rows);
    const uint16_t out = conf_buffer(c, head * n_kv * group);
    const uint16_t layer = (uint16_t)conf_range(&c->random, 0, 2);
    for (uint32_t l = 0; l < 3; l++)
        c->kv_widths[l] = head * (l == layer ? n_kv : 2);
    c->state.n_attn = 3;
    c->state.kv_type = kv_type;
    c->shape.n_head = n_kv * group;
    c->shape.head_dim = head;
    const int16_t wq = conf_vector(c, "q norm", head, 1.3f, 0.5f);
    const int16_t wk = conf_vector(c, "k norm", head, 1.3f, 0.5f);
    struct tarn_step *s = conf_step(c, TARN_ATTEND, q, out, wq, wk, -1);
    s->b = k;
    s->c = v;
    s->slot = layer;
    conf_mixed_rows(c, rows, n_seqs, first);
    c->random_state = true;
    for (uint32_t r = 0; r < rows; r++) /* some keys stand there already */
        if (conf_range(&c->random, 0, 7) == 0)
            c->rows[r].flags |= TARN_ROW_REPLAY;
    c->loose = kv_type != TARN_F32;
    conf_random_cuts(c);
    leave(c, out);
    snprintf(c->title, sizeof c->title,
             "attend %u x %u heads of %u, K/V %s, %u rows of %u sequences from "
             "%u",
             n_kv, group, head, tarn_type_traits(kv_type).name, rows, n_seqs,
             first[0]);
}

static void make_pair(struct conf_case *c, uint32_t i, uint16_t op,
                      const char *name)
{
    const uint32_t n = pick_width(c, i), rows = pick_rows(c);
    const uint16_t a = conf_input(c, n, rows), b = conf_input(c, n, rows);
    const uint32_t into = conf_range(&c->random, 0, 3);
    const uint16_t out = into == 0 ? a : into == 1 ? b : conf_buffer(c, n);
    conf_step(c, op, a, out, -1, -1, -1)->b = b;
    conf_plain_rows(c, rows);
    leave(c, out);
    snprintf(c->title, sizeof c->title, "%s of %u, %u rows", name, n, rows);
}

static void make_glu(struct conf_case *c, uint32_t i)
{
    make_pair(c, i, TARN_GLU, "glu");
}

static void make_add(struct conf_case *c, uint32_t i)
{
    make_pair(c, i, TARN_ADD, "add");
}

static void set_experts(struct conf_case *c, uint32_t n, uint32_t used)
{
    c->shape.n_expert = n;
    c->shape.n_expert_used = used;
    c->shape.expert_scale = conf_range(&c->random, 0, 2) == 0 ? 2.5f : 1.0f;
}

static void make_route(struct conf_case *c, uint32_t i)
{
    static const uint32_t numbers[] = { 32, 64, 1, 2, 3, 5, 8, 100 };
    const uint32_t n = numbers[i % COUNT(numbers)], rows = pick_rows(c);
    const uint32_t most = n < 8 ? n : 8;
    set_experts(c, n, i < 2 ? 4 : conf_range(&c->random, 1, most));
    const uint16_t a = conf_input(c, n, rows);
    float *scores = (float *)(uintptr_t)c->tensors[0].data;
    for (uint32_t k = 0; scores && k < n * rows; k++) /* ties */
        if (conf_range(&c->random, 0, 5) == 0)
            scores[k] = scores[k / n * n];
    const bool biased = i % 3 != 2;
    const int16_t bias = biased ? conf_vector(c, "bias", n, 0, 0.1f) : -1;
    conf_step(c, TARN_ROUTE, a, TARN_NO_BUFFER, bias, -1, -1);
    c->n_routes = 1;
    conf_plain_rows(c, rows);
    leave(c, a);
    snprintf(c->title, sizeof c->title, "route %u of %u%s, %u rows",
             c->shape.n_expert_used, n, biased ? " with bias" : "", rows);
}

static void make_experts(struct conf_case *c, uint32_t i)
{
    const uint32_t type = type_of(i), other = type_of(i + i / conf_n_types * 5);
    const uint32_t block = tarn_type_traits(type).block;
    const uint32_t d =
        block == 256 || tarn_type_traits(other).block == 256 ? 256 : 64;
    const uint32_t inner = conf_range(&c->random, 1, 2) * 256;
    const uint32_t n = conf_range(&c->random, 2, 9);
    const uint32_t rows = pick_rows(c);
    set_experts(c, n, conf_range(&c->random, 1, n < 4 ? n : 4));
    c->shape.expert_width = inner;
    const uint16_t scores = conf_input(c, n, rows);
    conf_step(c, TARN_ROUTE, scores, TARN_NO_BUFFER,
              conf_vector(c, "bias", n, 0, 0.1f), -1, -1);
    const uint16_t a = conf_input(c, d, rows), out = conf_buffer(c, d);
    const int16_t gate = conf_tensor(c, "gate", type, d, inner, n, CONF_SANE);
    const int16_t up = conf_tensor(c, "up", type, d, inner, n, CONF_SANE);
    const int16_t down = conf_tensor(c, "down", other, inner, d, n, CONF_SANE);
    conf_step(c, TARN_EXPERTS, a, out, gate, up, down);
    c->n_routes = 1;
    if (i % 2 == 1)
        c->expert_slots = conf_range(&c->random, 1, n);
    c->loose = tarn_type_traits(other).block > 1;
    conf_plain_rows(c, rows);
    conf_random_cuts(c);
    leave(c, out);
    snprintf(c->title, sizeof c->title,
             "experts %u of %u, %s and %s, %u x %u, %u rows, %u slots",
             c->shape.n_expert_used, n, tarn_type_traits(type).name,
             tarn_type_traits(other).name, d, inner, rows, c->expert_slots);
}

static void make_logits(struct conf_case *c, uint32_t i)
{
    const uint32_t type = type_of(i), k = pick_k(c, type), rows = pick_rows(c);
    c->n_vocab = conf_range(&c->random, 1, 100);
    const uint16_t a = conf_input(c, k, rows);
    const int16_t norm = conf_vector(c, "norm", k, 1.0f, 0.3f);
    const int16_t head =
        conf_tensor(c, "head", type, k, c->n_vocab, 1, CONF_SANE);
    conf_step(c, TARN_LOGITS, a, TARN_NO_BUFFER, norm, head, -1);
    c->shape.n_embd = k;
    conf_plain_rows(c, rows);
    for (uint32_t r = 0; r < rows; r++)
        if (i == 0 || conf_range(&c->random, 0, 1) == 0)
            c->rows[r].flags |= TARN_ROW_LOGITS;
    c->loose = tarn_type_traits(type).block > 1; /* the norm is rounded */
    conf_random_cuts(c);
    snprintf(c->title, sizeof c->title, "logits %s %u x %u, some of %u rows",
             tarn_type_traits(type).name, k, c->n_vocab, rows);
}

const struct conf_kind conf_kinds[] = {
    { "embed", make_embed, 63, 63, CONF_DEALT },
    { "norm", make_norm, 17, 17, 3 },
    { "matmul", make_matmul, 105, 105, CONF_PER_TYPE },
    { "conv", make_conv, 14, 14, 3 },
    { "attend", make_attend, 20, 20, 4 },
    { "glu", make_glu, 17, 17, 3 },
    { "add", make_add, 17, 17, 3 },
    { "route", make_route, 16, 16, 3 },
    { "experts", make_experts, 42, 42, CONF_DEALT },
    { "logits", make_logits, 21, 21, CONF_DEALT },
    { "network", conf_make_network, 12, 10, CONF_ONE_PART },
    { "replay", conf_make_replay, 4, 4, CONF_ONE_PART },
    { "cancel", conf_make_cancel, 8, 8, CONF_ONE_PART },
};
const uint32_t conf_n_kinds = COUNT(conf_kinds);
