/* hparams.c - the numbers of a model, and whether its tensors fit them.
 * Keys, shapes and defaults: the facts in docs/formats.md; every number is
 * held against a limit before it is used (fault G15, G16, G17). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/model/model.h"

struct reader {
    const struct tarn_gguf *g;
    const char *arch;
    struct tarn_error *err;
    enum tarn_status status; /* first failure */
};

static const char *key_of(const struct reader *r, char *room, size_t size,
                          const char *name)
{
    snprintf(room, size, "%s.%s", r->arch, name);
    return room;
}

static uint32_t number(struct reader *r, const char *name, uint32_t lo,
                       uint32_t hi)
{
    char key[96];
    uint32_t v = lo;
    if (!r->status)
        r->status = tarn_gguf_u32(r->g, key_of(r, key, sizeof key, name), lo,
                                  hi, &v, r->err);
    return v;
}

static uint32_t number_or(struct reader *r, const char *name, uint32_t lo,
                          uint32_t hi, uint32_t other)
{
    char key[96];
    uint32_t v = other;
    if (!r->status)
        r->status = tarn_gguf_u32_or(r->g, key_of(r, key, sizeof key, name),
                                     lo, hi, other, &v, r->err);
    return v;
}

static float real_or(struct reader *r, const char *name, float lo, float hi,
                     float other)
{
    char key[96];
    float v = other;
    key_of(r, key, sizeof key, name);
    if (!r->status)
        r->status = tarn_gguf_f32_or(r->g, key, other, &v, r->err);
    if (!r->status && !(v >= lo && v <= hi)) /* NaN too */
        r->status = tarn_fail(r->err, TARN_BAD_FILE,
                              "%s is %g but must be from %g to %g", key,
                              (double)v, (double)lo, (double)hi);
    return v;
}

static void read_arch(struct reader *r, struct tarn_hparams *hp)
{
    struct tarn_gguf_string s = { 0 };
    r->status = tarn_gguf_string_or(r->g, "general.architecture", &s, r->err);
    if (r->status)
        return;
    if (!s.text) {
        r->status = tarn_fail(r->err, TARN_BAD_FILE,
                              "the key general.architecture is missing; this "
                              "is no model that tarn can run");
        return;
    }
    hp->is_moe = s.size == 7 && !memcmp(s.text, "lfm2moe", 7);
    if (!hp->is_moe && !(s.size == 4 && !memcmp(s.text, "lfm2", 4)))
        r->status = tarn_fail(r->err, TARN_BAD_FILE,
                              "is a %s model; tarn runs lfm2 and lfm2moe",
                              tarn_shown(s.text, s.size).text);
    r->arch = hp->is_moe ? "lfm2moe" : "lfm2";
    if (!r->status)
        r->status = tarn_gguf_string_or(r->g, "general.type", &s, r->err);
    if (!r->status && s.text && !(s.size == 5 && !memcmp(s.text, "model", 5)))
        r->status = tarn_fail(r->err, TARN_BAD_FILE,
                              "is of type %s and no model by itself; open the "
                              "model that it belongs to",
                              tarn_shown(s.text, s.size).text);
}

/* head_count_kv: one entry per layer, 0 for a convolution layer; a single
 * number makes every layer an attention layer. */
static void read_layers(struct reader *r, struct tarn_hparams *hp)
{
    char key[96];
    key_of(r, key, sizeof key, "attention.head_count_kv");
    const struct tarn_gguf_value *v = tarn_gguf_find(r->g, key);
    bool list = v && v->kind == TARN_GGUF_ARRAY;
    if (r->status)
        return;
    if (list && v->n != hp->n_layers) {
        r->status = tarn_fail(r->err, TARN_BAD_FILE,
                              "%s has %llu entries but the model has %u layers",
                              key, (unsigned long long)v->n, hp->n_layers);
        return;
    }
    for (uint32_t i = 0; i < hp->n_layers; i++) {
        int64_t n = hp->n_head;
        if (v && !tarn_gguf_i64_of(v, list ? i : 0, &n))
            n = -1;
        if (n < 0 || n > hp->n_head || (n && hp->n_head % n)) {
            r->status = tarn_fail(r->err, TARN_BAD_FILE,
                                  "%s has %lld for layer %u; it must be 0 or "
                                  "divide the %u heads",
                                  key, (long long)n, i, hp->n_head);
            return;
        }
        hp->layers[i].n_head_kv = (uint32_t)n;
        hp->n_attn += n > 0;
        hp->n_conv += n == 0;
    }
    if (!hp->n_attn)
        r->status = tarn_fail(r->err, TARN_BAD_FILE,
                              "%s is 0 for every layer; a model needs at least "
                              "one attention layer",
                              key);
}

static void read_feed_forward(struct reader *r, struct tarn_hparams *hp)
{
    char key[96];
    key_of(r, key, sizeof key, "feed_forward_length");
    const struct tarn_gguf_value *v = tarn_gguf_find(r->g, key);
    bool list = v && v->kind == TARN_GGUF_ARRAY;
    for (uint32_t i = 0; !r->status && i < hp->n_layers; i++) {
        hp->layers[i].moe = hp->is_moe && i >= hp->n_dense;
        hp->n_moe += hp->layers[i].moe;
        int64_t n = 0;
        if (hp->layers[i].moe)
            continue;
        if (!v || (list && v->n != hp->n_layers) ||
            !tarn_gguf_i64_of(v, list ? i : 0, &n) || n < 1 || n > (1 << 20))
            r->status = tarn_fail(r->err, TARN_BAD_FILE,
                                  "%s must be from 1 to %d for layer %u", key,
                                  1 << 20, i);
        hp->layers[i].n_ff = (uint32_t)n;
    }
}

static void read_experts(struct reader *r, struct tarn_hparams *hp)
{
    if (!hp->is_moe || r->status)
        return;
    hp->n_expert = number(r, "expert_count", 1, TARN_MAX_EXPERTS);
    uint32_t most = hp->n_expert < TARN_MAX_USED ? hp->n_expert : TARN_MAX_USED;
    hp->n_used = number(r, "expert_used_count", 1, most);
    hp->n_ff_expert = number(r, "expert_feed_forward_length", 1, 1 << 20);
    hp->n_dense = number_or(r, "leading_dense_block_count", 0, hp->n_layers, 0);
    hp->expert_scale = real_or(r, "expert_weights_scale", 0, 1e6f, 1);
    uint32_t gating = number(r, "expert_gating_func", 0, 255);
    if (!r->status && gating != 2)
        r->status = tarn_fail(r->err, TARN_BAD_FILE,
                              "lfm2moe.expert_gating_func is %u; tarn runs 2 "
                              "(sigmoid)",
                              gating);
}

static void read_vocab(struct reader *r, struct tarn_hparams *hp)
{
    const struct tarn_gguf_tensor *e =
        tarn_gguf_tensor(r->g, "token_embd.weight");
    const struct tarn_gguf_value *v =
        tarn_gguf_find(r->g, "tokenizer.ggml.tokens");
    if (r->status)
        return;
    if (!e) {
        r->status = tarn_fail(r->err, TARN_BAD_FILE,
                              "tensor \"token_embd.weight\" is missing; the "
                              "file holds no whole model");
        return;
    }
    if (e->n_dims > 2 || e->ge[1] < 1 || e->ge[1] > (1u << 22)) {
        r->status = tarn_fail(r->err, TARN_BAD_FILE,
                              "tensor \"token_embd.weight\" has %llu rows; a "
                              "vocabulary has 1 to %u tokens",
                              (unsigned long long)e->ge[1], 1u << 22);
        return;
    }
    hp->n_vocab = (uint32_t)e->ge[1];
    if (v && v->n != hp->n_vocab)
        r->status = tarn_fail(r->err, TARN_BAD_FILE,
                              "the vocabulary has %llu tokens but "
                              "\"token_embd.weight\" has %u rows",
                              (unsigned long long)v->n, hp->n_vocab);
    hp->own_head = tarn_gguf_tensor(r->g, "output.weight") != NULL;
}

enum tarn_status tarn_hparams_read(const struct tarn_gguf *g,
                                   struct tarn_hparams *hp,
                                   struct tarn_error *err)
{
    struct reader r = { .g = g, .err = err };
    memset(hp, 0, sizeof *hp);
    read_arch(&r, hp);
    hp->n_layers = number(&r, "block_count", 1, TARN_MAX_LAYERS);
    hp->n_embd = number(&r, "embedding_length", 2, TARN_MAX_EMBD);
    hp->n_head = number(&r, "attention.head_count", 1, 1024);
    hp->context = number(&r, "context_length", 1, INT32_MAX);
    hp->conv_len = number(&r, "shortconv.l_cache", 2, TARN_MAX_CONV);
    hp->eps = real_or(&r, "attention.layer_norm_rms_epsilon", 1e-12f, 0.1f,
                      NAN);
    hp->rope_base = real_or(&r, "rope.freq_base", 1, 1e12f, 10000);
    if (!r.status && hp->n_embd % hp->n_head)
        r.status = tarn_fail(err, TARN_BAD_FILE,
                             "embedding_length %u is no multiple of the %u "
                             "heads",
                             hp->n_embd, hp->n_head);
    if (r.status)
        return r.status;
    hp->head_dim = number_or(&r, "attention.key_length", 2, 1024,
                             hp->n_embd / hp->n_head);
    uint32_t value = number_or(&r, "attention.value_length", 2, 1024,
                               hp->head_dim);
    uint32_t rotated = number_or(&r, "rope.dimension_count", 2, 1024,
                                 hp->head_dim);
    if (!r.status && (hp->head_dim % 2 || value != hp->head_dim ||
                      rotated != hp->head_dim))
        r.status = tarn_fail(err, TARN_BAD_FILE,
                             "heads of %u values (%u of V, %u rotated) are "
                             "nothing that lfm2 has; they must be even and "
                             "equal",
                             hp->head_dim, value, rotated);
    read_layers(&r, hp);
    read_experts(&r, hp);
    read_feed_forward(&r, hp);
    read_vocab(&r, hp);
    return r.status;
}

/* ---------------------------------------------------------------- tensors */
struct want {
    const struct tarn_gguf *g;
    bool values;
    uint32_t layer;
    struct tarn_error *err;
    enum tarn_status status;
};

static void want(struct want *w, const char *name, uint64_t g0, uint64_t g1,
                 uint64_t g2, bool f32_only)
{
    if (w->status)
        return;
    char full[96];
    if (w->layer == UINT32_MAX)
        snprintf(full, sizeof full, "%s", name);
    else
        snprintf(full, sizeof full, "blk.%u.%s", w->layer, name);
    const struct tarn_gguf_tensor *t = tarn_gguf_tensor(w->g, full);
    if (!t) {
        w->status = tarn_fail(w->err, TARN_BAD_FILE,
                              "tensor \"%s\" is missing; the file is damaged "
                              "or of another kind",
                              full);
        return;
    }
    if (t->ge[0] != g0 || t->ge[1] != g1 || t->ge[2] != g2 || t->ge[3] != 1)
        w->status = tarn_fail(w->err, TARN_BAD_FILE,
                              "tensor \"%s\" is %llu x %llu x %llu but the "
                              "metadata call for %llu x %llu x %llu",
                              full, (unsigned long long)t->ge[0],
                              (unsigned long long)t->ge[1],
                              (unsigned long long)t->ge[2],
                              (unsigned long long)g0, (unsigned long long)g1,
                              (unsigned long long)g2);
    else if (f32_only && t->type != TARN_F32)
        w->status = tarn_fail(w->err, TARN_BAD_FILE,
                              "tensor \"%s\" is %s but must be F32", full,
                              tarn_type_traits(t->type).name);
    else if (w->values || t->type == TARN_F32)
        w->status = tarn_gguf_check_tensor(t, w->err);
}

static void want_layer(struct want *w, const struct tarn_hparams *hp,
                       const struct tarn_layer *l)
{
    uint64_t d = hp->n_embd, hd = hp->head_dim, e = hp->n_expert;
    want(w, "attn_norm.weight", d, 1, 1, true);
    want(w, "ffn_norm.weight", d, 1, 1, true);
    if (l->n_head_kv) {
        want(w, "attn_q.weight", d, hp->n_head * hd, 1, false);
        want(w, "attn_k.weight", d, l->n_head_kv * hd, 1, false);
        want(w, "attn_v.weight", d, l->n_head_kv * hd, 1, false);
        want(w, "attn_output.weight", hp->n_head * hd, d, 1, false);
        want(w, "attn_q_norm.weight", hd, 1, 1, true);
        want(w, "attn_k_norm.weight", hd, 1, 1, true);
    } else {
        want(w, "shortconv.in_proj.weight", d, 3 * d, 1, false);
        want(w, "shortconv.conv.weight", hp->conv_len, d, 1, true);
        want(w, "shortconv.out_proj.weight", d, d, 1, false);
    }
    if (!l->moe) {
        want(w, "ffn_gate.weight", d, l->n_ff, 1, false);
        want(w, "ffn_up.weight", d, l->n_ff, 1, false);
        want(w, "ffn_down.weight", l->n_ff, d, 1, false);
        return;
    }
    want(w, "ffn_gate_inp.weight", d, e, 1, false);
    want(w, "ffn_gate_exps.weight", d, hp->n_ff_expert, e, false);
    want(w, "ffn_up_exps.weight", d, hp->n_ff_expert, e, false);
    want(w, "ffn_down_exps.weight", hp->n_ff_expert, d, e, false);
    char bias[64];
    snprintf(bias, sizeof bias, "blk.%u.exp_probs_b.bias", w->layer);
    if (tarn_gguf_tensor(w->g, bias))
        want(w, "exp_probs_b.bias", e, 1, 1, true);
}

enum tarn_status tarn_hparams_check_tensors(const struct tarn_gguf *g,
                                            const struct tarn_hparams *hp,
                                            bool values,
                                            struct tarn_error *err)
{
    struct want w = { .g = g, .values = values, .layer = UINT32_MAX,
                      .err = err };
    bool other = !tarn_gguf_tensor(g, "token_embd_norm.weight") &&
                 tarn_gguf_tensor(g, "output_norm.weight");
    want(&w, "token_embd.weight", hp->n_embd, hp->n_vocab, 1, false);
    want(&w, other ? "output_norm.weight" : "token_embd_norm.weight",
         hp->n_embd, 1, 1, true);
    if (hp->own_head)
        want(&w, "output.weight", hp->n_embd, hp->n_vocab, 1, false);
    for (uint32_t i = 0; i < hp->n_layers; i++) {
        w.layer = i;
        want_layer(&w, hp, &hp->layers[i]);
    }
    return w.status;
}
