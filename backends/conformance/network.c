/* network.c - small whole models: batches cut differently, several
 * sequences, replay after a rewind, runs that are stopped. */
#include <stdio.h>

#include "backends/conformance/inside.h"

enum { X, H, BCX, O, Q, K, V, ATT, GATE, UP, SCORES };

struct model {
    uint32_t d, head, n_head, n_kv, ff, n_expert, n_layers;
};

/* A weight type whose blocks divide n; plain ones for devices that are not
 * exact, since a flipped bit of a rounded value grows from layer to layer. */
static uint32_t any_type(struct conf_case *c, uint32_t n)
{
    for (;;) {
        const uint32_t t =
            conf_types[conf_range(&c->random, 0, conf_n_types - 1)];
        const uint32_t block = tarn_type_traits(t).block;
        if (n % block == 0 && (c->exact || t == TARN_F32))
            return t;
    }
}

static int16_t matrix(struct conf_case *c, uint32_t k, uint32_t n,
                      uint32_t slices)
{
    return conf_tensor(c, "matrix", any_type(c, k), k, n, slices, CONF_SANE);
}

static void add_operator(struct conf_case *c, const struct model *m,
                         bool attends)
{
    if (attends) {
        conf_step(c, TARN_MATMUL, H, Q, matrix(c, m->d, c->widths[Q], 1), -1,
                  -1);
        conf_step(c, TARN_MATMUL, H, K, matrix(c, m->d, c->widths[K], 1), -1,
                  -1);
        conf_step(c, TARN_MATMUL, H, V, matrix(c, m->d, c->widths[V], 1), -1,
                  -1);
        const int16_t wq = conf_vector(c, "q norm", m->head, 1.3f, 0.3f);
        const int16_t wk = conf_vector(c, "k norm", m->head, 1.3f, 0.3f);
        struct tarn_step *s = conf_step(c, TARN_ATTEND, Q, ATT, wq, wk, -1);
        s->b = K;
        s->c = V;
        s->slot = (uint16_t)c->state.n_attn;
        c->kv_widths[c->state.n_attn++] = c->widths[K];
        conf_step(c, TARN_MATMUL, ATT, O, matrix(c, c->widths[ATT], m->d, 1),
                  -1, -1);
        return;
    }
    conf_step(c, TARN_MATMUL, H, BCX, matrix(c, m->d, 3 * m->d, 1), -1, -1);
    const int16_t kernel = conf_vector(c, "conv", 3 * m->d, 0, 0.6f);
    c->tensors[kernel].ge[0] = 3;
    c->tensors[kernel].ge[1] = m->d;
    conf_step(c, TARN_CONV, BCX, O, kernel, -1, -1)->slot =
        (uint16_t)c->state.n_conv++;
    conf_step(c, TARN_MATMUL, O, H, matrix(c, m->d, m->d, 1), -1, -1);
    conf_step(c, TARN_ADD, X, X, -1, -1, -1)->b = H;
}

static void add_feed_forward(struct conf_case *c, const struct model *m,
                             bool experts)
{
    if (experts) {
        const int16_t router =
            conf_tensor(c, "router", TARN_F32, m->d, m->n_expert, 1, CONF_SANE);
        conf_step(c, TARN_MATMUL, H, SCORES, router, -1, -1);
        conf_step(c, TARN_ROUTE, SCORES, TARN_NO_BUFFER,
                  conf_vector(c, "bias", m->n_expert, 0, 0.1f), -1, -1)
            ->slot = (uint16_t)c->n_routes;
        const int16_t gate = matrix(c, m->d, m->ff, m->n_expert);
        const int16_t up = matrix(c, m->d, m->ff, m->n_expert);
        const int16_t down = matrix(c, m->ff, m->d, m->n_expert);
        conf_step(c, TARN_EXPERTS, H, O, gate, up, down)->slot =
            (uint16_t)c->n_routes++;
    } else {
        conf_step(c, TARN_MATMUL, H, GATE, matrix(c, m->d, m->ff, 1), -1, -1);
        conf_step(c, TARN_MATMUL, H, UP, matrix(c, m->d, m->ff, 1), -1, -1);
        conf_step(c, TARN_GLU, GATE, GATE, -1, -1, -1)->b = UP;
        conf_step(c, TARN_MATMUL, GATE, O, matrix(c, m->ff, m->d, 1), -1, -1);
    }
    conf_step(c, TARN_ADD, X, X, -1, -1, -1)->b = O;
}

/* Layers: conv, attention, conv, ...; the second half has experts. */
static void make_model(struct conf_case *c, uint32_t i)
{
    const bool wide = i % 2 == 0;
    struct model m = {
        .d = wide ? 256 : 64,
        .head = wide         ? 64
                : i % 4 == 1 ? 16
                             : 32,
        .n_kv = conf_range(&c->random, 1, 2),
        .ff = wide ? 512 : 160,
        .n_expert = 6,
        .n_layers = conf_range(&c->random, 2, 4),
    };
    m.n_head = m.n_kv * conf_range(&c->random, 1, 3);
    const uint32_t tokens = 40;
    const uint32_t widths[] = { m.d,
                                m.d,
                                3 * m.d,
                                m.d,
                                m.n_head * m.head,
                                m.n_kv * m.head,
                                m.n_kv * m.head,
                                m.n_head * m.head,
                                m.ff,
                                m.ff,
                                m.n_expert };
    for (uint32_t b = 0; b < sizeof widths / sizeof *widths; b++)
        conf_buffer(c, widths[b]);
    c->shape.n_embd = m.d;
    c->shape.n_head = m.n_head;
    c->shape.head_dim = m.head;
    c->shape.conv_len = c->state.conv_len = 3;
    c->shape.n_expert = m.n_expert;
    c->shape.n_expert_used = conf_range(&c->random, 1, 4);
    c->shape.expert_width = m.ff;
    c->state.conv_width = m.d;
    c->state.kv_type = !c->exact || i % 3 == 1          ? TARN_F32
                       : i % 3 == 2 && m.head % 32 == 0 ? TARN_Q8_0
                                                        : TARN_F16;
    const int16_t embd =
        conf_tensor(c, "tokens", any_type(c, m.d), m.d, tokens, 1, CONF_SANE);
    conf_step(c, TARN_EMBED, TARN_NO_BUFFER, X, embd, -1, -1);
    for (uint32_t l = 0; l < m.n_layers; l++) {
        const bool attends = l % 2 == 1;
        conf_step(c, TARN_NORM, X, H, conf_vector(c, "norm", m.d, 1, 0.3f), -1,
                  -1);
        add_operator(c, &m, attends);
        if (attends)
            conf_step(c, TARN_ADD, X, X, -1, -1, -1)->b = O;
        conf_step(c, TARN_NORM, X, H, conf_vector(c, "norm", m.d, 1, 0.3f), -1,
                  -1);
        add_feed_forward(c, &m, l >= m.n_layers / 2);
    }
    conf_step(c, TARN_LOGITS, X, TARN_NO_BUFFER,
              conf_vector(c, "norm", m.d, 1, 0.3f), embd, -1);
    c->n_vocab = tokens;
    c->out_buffer = X;
}

/* Tokens of the model's vocabulary; about half of the rows want logits. */
static void make_rows(struct conf_case *c, uint32_t n, uint32_t n_seqs)
{
    const uint32_t first[MAX_SEQS] = { 0 };
    conf_mixed_rows(c, n, n_seqs, first);
    for (uint32_t i = 0; i < n; i++) {
        c->rows[i].token = (int32_t)conf_range(&c->random, 0, c->n_vocab - 1);
        if (conf_range(&c->random, 0, 1) == 0)
            c->rows[i].flags |= TARN_ROW_LOGITS;
    }
}

void conf_make_network(struct conf_case *c, uint32_t i)
{
    make_model(c, i);
    const bool many = i == 10;
    const uint32_t rows = many ? 300 : conf_range(&c->random, 1, 70);
    make_rows(c, rows, many ? 1 : conf_range(&c->random, 1, 4));
    conf_random_cuts(c);
    snprintf(c->title, sizeof c->title,
             "network of %u steps, %u rows of %u sequences in random batches",
             c->n_steps, c->n_rows, c->n_seqs);
}

/* Sequence 0 runs to the end; sequence 1 has its pages and an empty tail,
 * replays the last positions before p and goes on from p. */
void conf_make_replay(struct conf_case *c, uint32_t i)
{
    make_model(c, i);
    const uint32_t n = conf_range(&c->random, 20, 60);
    const uint32_t again = 2 * c->state.n_conv;
    const uint32_t p = conf_range(&c->random, again, n - 2);
    make_rows(c, n, 1);
    c->seqs[1] = c->seqs[0];
    c->seqs[1].tails[0] = 2;
    c->seqs[1].tails[1] = 3;
    c->n_seqs = 2;
    c->n_tails = 4;
    conf_random_cuts(c);
    uint32_t at = n;
    for (uint32_t pos = p - again; pos < n; pos++, at++) {
        c->rows[at] = c->rows[pos];
        c->rows[at].seq = 1;
        c->rows[at].flags = pos < p ? TARN_ROW_REPLAY : TARN_ROW_LOGITS;
    }
    c->n_rows = at;
    c->cut[0][n] = c->cut[1][n] = 1; /* the pages must be written before */
    snprintf(c->title, sizeof c->title,
             "replay of %u rows before position %u of %u", again, p, n);
}

void conf_make_cancel(struct conf_case *c, uint32_t i)
{
    make_model(c, i);
    make_rows(c, 40, 2);
    c->seqs[0].in_place = true;
    c->seqs[1].in_place = i % 2 == 0;
    c->cancel_after = conf_range(&c->random, 1, 1 + 10 * i);
    conf_random_cuts(c);
    snprintf(c->title, sizeof c->title,
             "network stopped at the %lluth question and run again",
             (unsigned long long)c->cancel_after);
}
