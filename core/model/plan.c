/* plan.c - from a model's numbers to the straight list of steps.
 *
 *   x = EMBED
 *   per layer   h = NORM x
 *               conv:  b = MATMUL h;  y = CONV b;        o = MATMUL y
 *               attn:  q, k, v = MATMUL h;  y = ATTEND;  o = MATMUL y
 *               x = ADD x o;  h = NORM x
 *               dense: g, u = MATMUL h;  s = GLU g u;    o = MATMUL s
 *               moe:   r = MATMUL h;  ROUTE r;           o = EXPERTS h
 *               x = ADD x o
 *   LOGITS x
 *
 * Buffers are shared by role and width: x and h live through, the others are
 * free again after their step. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/model/model.h"

enum role { ROLE_X, ROLE_H, ROLE_O, ROLE_Y, ROLE_WIDE, ROLE_Q, ROLE_K, ROLE_V,
            ROLE_GATE, ROLE_UP, ROLE_GLU, ROLE_ROUTE };

#define MAX_BUFFERS 256u
#define STEPS_PER_LAYER 16u

struct maker {
    const struct tarn_gguf *g;
    const struct tarn_hparams *hp;
    const struct tarn_backend *be;
    struct tarn_dev *dev;
    struct tarn_model_plan *p;
    uint8_t roles[MAX_BUFFERS];
    uint32_t layer;
    struct tarn_error *err;
    enum tarn_status status;
};

static uint16_t buffer(struct maker *m, enum role role, uint32_t width)
{
    struct tarn_model_plan *p = m->p;
    for (uint32_t i = 0; i < p->n_buffers; i++)
        if (m->roles[i] == role && p->widths[i] == width)
            return (uint16_t)i;
    if (p->n_buffers == MAX_BUFFERS) {
        if (!m->status)
            m->status = tarn_fail(m->err, TARN_BAD_FILE,
                                  "the layers have more than %u different "
                                  "sizes",
                                  MAX_BUFFERS);
        return 0;
    }
    m->roles[p->n_buffers] = (uint8_t)role;
    p->widths[p->n_buffers] = width;
    return (uint16_t)p->n_buffers++;
}

/* Hands a tensor to the backend.  NULL where there is no such tensor or the
 * plan is made without weights. */
static struct tarn_weight *weight_named(struct maker *m, const char *full)
{
    const struct tarn_gguf_tensor *t = tarn_gguf_tensor(m->g, full);
    struct tarn_weight *w = NULL;
    if (m->status || !m->dev || !t)
        return NULL;
    struct tarn_tensor view = { .name = t->name, .data = t->data,
                                .size = t->size, .type = t->type };
    memcpy(view.ge, t->ge, sizeof view.ge);
    m->status = m->be->weight(m->dev, &view, &w, m->err);
    if (m->status == TARN_UNSUPPORTED)
        m->status = tarn_fail(m->err, TARN_DEVICE,
                              "the backend %s can't run tensor \"%s\" (%s); "
                              "choose another with --backend",
                              m->be->name, t->name,
                              tarn_type_traits(t->type).name);
    return w;
}

static struct tarn_weight *weight(struct maker *m, const char *name)
{
    char full[96];
    snprintf(full, sizeof full, "blk.%u.%s", m->layer, name);
    return weight_named(m, full);
}

static struct tarn_step *step(struct maker *m, enum tarn_op op, uint16_t a,
                              uint16_t out)
{
    struct tarn_step *s = &m->p->steps[m->p->n_steps++];
    *s = (struct tarn_step){ .op = (uint16_t)op, .layer = (uint16_t)m->layer,
                             .a = a, .b = TARN_NO_BUFFER, .c = TARN_NO_BUFFER,
                             .out = out };
    return s;
}

static void matmul(struct maker *m, const char *name, uint16_t a, uint16_t out)
{
    step(m, TARN_MATMUL, a, out)->w0 = weight(m, name);
}

static void add_mixer(struct maker *m, const struct tarn_layer *l,
                      uint32_t ordinal)
{
    const struct tarn_hparams *hp = m->hp;
    uint16_t h = buffer(m, ROLE_H, hp->n_embd);
    uint16_t o = buffer(m, ROLE_O, hp->n_embd);
    if (!l->n_head_kv) {
        uint16_t wide = buffer(m, ROLE_WIDE, 3 * hp->n_embd);
        uint16_t y = buffer(m, ROLE_Y, hp->n_embd);
        matmul(m, "shortconv.in_proj.weight", h, wide);
        struct tarn_step *s = step(m, TARN_CONV, wide, y);
        s->w0 = weight(m, "shortconv.conv.weight");
        s->slot = (uint16_t)ordinal;
        matmul(m, "shortconv.out_proj.weight", y, o);
        return;
    }
    uint32_t kv = l->n_head_kv * hp->head_dim;
    uint16_t q = buffer(m, ROLE_Q, hp->n_head * hp->head_dim);
    uint16_t y = buffer(m, ROLE_Y, hp->n_head * hp->head_dim);
    uint16_t k = buffer(m, ROLE_K, kv), v = buffer(m, ROLE_V, kv);
    matmul(m, "attn_q.weight", h, q);
    matmul(m, "attn_k.weight", h, k);
    matmul(m, "attn_v.weight", h, v);
    struct tarn_step *s = step(m, TARN_ATTEND, q, y);
    s->b = k;
    s->c = v;
    s->slot = (uint16_t)ordinal;
    s->w0 = weight(m, "attn_q_norm.weight");
    s->w1 = weight(m, "attn_k_norm.weight");
    m->p->kv_widths[ordinal] = kv;
    matmul(m, "attn_output.weight", y, o);
}

static void add_feed_forward(struct maker *m, const struct tarn_layer *l,
                             uint32_t slot)
{
    const struct tarn_hparams *hp = m->hp;
    uint16_t h = buffer(m, ROLE_H, hp->n_embd);
    uint16_t o = buffer(m, ROLE_O, hp->n_embd);
    if (!l->moe) {
        uint16_t g = buffer(m, ROLE_GATE, l->n_ff);
        uint16_t u = buffer(m, ROLE_UP, l->n_ff);
        uint16_t s = buffer(m, ROLE_GLU, l->n_ff);
        matmul(m, "ffn_gate.weight", h, g);
        matmul(m, "ffn_up.weight", h, u);
        step(m, TARN_GLU, g, s)->b = u;
        matmul(m, "ffn_down.weight", s, o);
        return;
    }
    uint16_t r = buffer(m, ROLE_ROUTE, hp->n_expert);
    matmul(m, "ffn_gate_inp.weight", h, r);
    struct tarn_step *s = step(m, TARN_ROUTE, r, TARN_NO_BUFFER);
    s->slot = (uint16_t)slot;
    s->w0 = weight(m, "exp_probs_b.bias");
    s = step(m, TARN_EXPERTS, h, o);
    s->slot = (uint16_t)slot;
    s->w0 = weight(m, "ffn_gate_exps.weight");
    s->w1 = weight(m, "ffn_up_exps.weight");
    s->w2 = weight(m, "ffn_down_exps.weight");
}

static void add_layers(struct maker *m)
{
    const struct tarn_hparams *hp = m->hp;
    uint16_t x = buffer(m, ROLE_X, hp->n_embd);
    uint16_t h = buffer(m, ROLE_H, hp->n_embd);
    uint16_t o = buffer(m, ROLE_O, hp->n_embd);
    uint32_t n_attn = 0, n_conv = 0, n_moe = 0;
    for (uint32_t i = 0; i < hp->n_layers && !m->status; i++) {
        const struct tarn_layer *l = &hp->layers[i];
        m->layer = i;
        step(m, TARN_NORM, x, h)->w0 = weight(m, "attn_norm.weight");
        add_mixer(m, l, l->n_head_kv ? n_attn : n_conv);
        step(m, TARN_ADD, x, x)->b = o;
        step(m, TARN_NORM, x, h)->w0 = weight(m, "ffn_norm.weight");
        add_feed_forward(m, l, n_moe);
        step(m, TARN_ADD, x, x)->b = o;
        n_attn += l->n_head_kv > 0;
        n_conv += l->n_head_kv == 0;
        n_moe += l->moe;
    }
}

enum tarn_status tarn_plan_make(const struct tarn_gguf *g,
                                const struct tarn_hparams *hp,
                                const struct tarn_backend *be,
                                struct tarn_dev *dev,
                                struct tarn_model_plan *out,
                                struct tarn_error *err)
{
    struct maker m = { .g = g, .hp = hp, .be = be, .dev = dev, .p = out,
                       .err = err };
    *out = (struct tarn_model_plan){ 0 };
    out->steps = tarn_alloc(hp->n_layers * STEPS_PER_LAYER + 2,
                            sizeof *out->steps);
    out->widths = tarn_alloc(MAX_BUFFERS, sizeof *out->widths);
    out->kv_widths = tarn_alloc(hp->n_attn, sizeof *out->kv_widths);
    if (!out->steps || !out->widths || !out->kv_widths) {
        tarn_plan_finish(out);
        return tarn_fail(err, TARN_NO_MEMORY, "no memory for the plan");
    }
    uint16_t x = buffer(&m, ROLE_X, hp->n_embd);
    struct tarn_weight *embd = weight_named(&m, "token_embd.weight");
    step(&m, TARN_EMBED, TARN_NO_BUFFER, x)->w0 = embd;
    add_layers(&m);
    m.layer = hp->n_layers;
    struct tarn_step *s = step(&m, TARN_LOGITS, x, TARN_NO_BUFFER);
    s->w0 = weight_named(&m, tarn_gguf_tensor(g, "token_embd_norm.weight")
                                 ? "token_embd_norm.weight"
                                 : "output_norm.weight");
    s->w1 = hp->own_head ? weight_named(&m, "output.weight") : embd;
    if (m.status)
        tarn_plan_finish(out);
    return m.status;
}

void tarn_plan_finish(struct tarn_model_plan *p)
{
    tarn_free(p->steps);
    tarn_free(p->widths);
    tarn_free(p->kv_widths);
    *p = (struct tarn_model_plan){ 0 };
}

struct tarn_plan tarn_plan_view(const struct tarn_model *m, uint32_t max_rows,
                                uint32_t max_pos)
{
    const struct tarn_hparams *hp = &m->hp;
    float scale = 1.0f / sqrtf((float)hp->head_dim);
    return (struct tarn_plan){
        .size = sizeof(struct tarn_plan),
        .shape = { .size = sizeof(struct tarn_shape), .n_embd = hp->n_embd,
                   .n_head = hp->n_head, .head_dim = hp->head_dim,
                   .conv_len = hp->conv_len, .n_expert = hp->n_expert,
                   .n_expert_used = hp->n_used, .norm_eps = hp->eps,
                   .rope_base = hp->rope_base, .attn_scale = scale,
                   .expert_scale = hp->expert_scale,
                   .expert_width = hp->n_ff_expert },
        .steps = m->plan.steps, .n_steps = m->plan.n_steps,
        .widths = m->plan.widths, .n_buffers = m->plan.n_buffers,
        .max_rows = max_rows, .max_pos = max_pos,
        .in_buffer = TARN_NO_BUFFER, .out_buffer = TARN_NO_BUFFER,
    };
}

struct tarn_state_shape tarn_state_view(const struct tarn_model *m,
                                        uint32_t kv_type)
{
    return (struct tarn_state_shape){
        .size = sizeof(struct tarn_state_shape),
        .kv_widths = m->plan.kv_widths, .n_attn = m->hp.n_attn,
        .conv_width = m->hp.n_embd, .conv_len = m->hp.conv_len,
        .n_conv = m->hp.n_conv, .kv_type = kv_type,
    };
}
