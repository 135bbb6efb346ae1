/* tiles_32.c - types with blocks of 32 against 16 and more rows of activations,
 * by tiles: the way of tiles_256.c with half-filled ones.
 *
 * A block is one product: bytes of weights have no sign here (many_32_avx512.c
 * adds 128 to those that had one), those of activations have.  The panel's
 * vectors are B as they lie.  What the bytes are too large by goes off with
 * the block's sum of activations.
 *
 * Bits: integers are exact, the float part has one accumulator per output,
 * blocks ascending.  Figures: SPEED.md. */
#include "backends/cpu/avx512.h"
#include "backends/cpu/panel.h"
#include "backends/cpu/tiles.h"

#define BATCH 8u

/* Two tiles of activations against block b of a panel. */
struct step {
    const struct panel *w;
    uint32_t b;
    int32_t zero;
    bool min;
    int32_t (*c)[16][16];  /* [2 tile + half][activation][row] */
    const uint8_t *act[2]; /* first row of each tile */
    uint32_t skip[2];      /* activations that another tile counts; 16: all */
    float *acc[2];         /* [16][PANEL] */
};

/* Tiles: 0-3 sums, 4 and 5 activations, 6 and 7 weights. */
static const struct tile_shapes SHAPES = {
    .palette = 1,
    .row_bytes = { 64, 64, 64, 64, 32, 32, 64, 64 },
    .rows = { 16, 16, 16, 16, 16, 16, 8, 8 },
};

/* The floats of a step whose integers are there; what all meet is loaded once
 * (tiles_256.c). */
INLINE void settle(const struct step *s, const struct cpu_act_layout *l,
                   bool min)
{
    const uint32_t i = s->b % 8;
    const int32_t zero = s->zero;
    const size_t stride = l->stride;
    __m512 d[2], m[2];
    if (!s->w)
        return;
    for (uint32_t v = 0; v < 2; v++) {
        d[v] = _mm512_load_ps(s->w->d[i][v]);
        m[v] = min ? _mm512_load_ps(s->w->m[i][v]) : _mm512_setzero_ps();
    }
    for (uint32_t u = 0; u < 2; u++) {
        const uint32_t first = s->skip[u];
        if (first >= TILE_ROWS)
            continue;
        const uint8_t *act = s->act[u] + first * stride + 4 * (size_t)s->b;
        const int32_t *c = s->c[2 * u][first];
        float *o = s->acc[u] + first * PANEL;
        for (uint32_t t = first; t < TILE_ROWS; t++) {
            int32_t sum;
            memcpy(&sum, act + l->sums, sizeof sum);
            const __m512 da = (__m512)splat32(act + l->d);
            const __m512i off = _mm512_set1_epi32(zero * sum);
            for (uint32_t v = 0; v < 2; v++) {
                const __m512i is =
                    _mm512_sub_epi32(_mm512_load_si512(c + v * 256), off);
                __m512 f = _mm512_mul_ps(d[v], _mm512_cvtepi32_ps(is));
                if (min)
                    f = _mm512_add_ps(
                        f, _mm512_mul_ps(m[v], _mm512_set1_ps((float)sum)));
                _mm512_store_ps(o + 16 * v,
                                _mm512_add_ps(_mm512_load_ps(o + 16 * v),
                                              _mm512_mul_ps(da, f)));
            }
            act += stride;
            c += 16;
            o += PANEL;
        }
    }
}

/* The integers of a step. */
INLINE void multiply(const struct step *s, size_t stride)
{
    const uint32_t i = s->b % 8;
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_LOAD(4, s->act[0] + 32 * (size_t)s->b, stride);
    TILE_LOAD(6, s->w->q[8 * i][0], 128);
    TILE_DP_SU(0, 4, 6);
    TILE_LOAD(7, s->w->q[8 * i][1], 128);
    TILE_DP_SU(1, 4, 7);
    TILE_STORE(0, s->c[0], 64);
    TILE_STORE(1, s->c[1], 64);
    if (s->skip[1] < TILE_ROWS) {
        TILE_ZERO(2);
        TILE_ZERO(3);
        TILE_LOAD(5, s->act[1] + 32 * (size_t)s->b, stride);
        TILE_DP_SU(2, 5, 6);
        TILE_DP_SU(3, 5, 7);
        TILE_STORE(2, s->c[2], 64);
        TILE_STORE(3, s->c[3], 64);
    }
}

/* `s` NULL: only the floats of the step before. */
KERNEL static void run(const struct step *s, const struct step *before,
                       const struct cpu_act_layout *l)
{
    if (s)
        multiply(s, l->stride);
    if (before->min)
        settle(before, l, true);
    else
        settle(before, l, false);
}

/* Scratch of a call, in this order. */
struct room {
    int32_t c[2][4][16][16]; /* of two steps in turns */
    float acc[BATCH * TILE_ROWS][PANEL];
    struct panel panels[]; /* [panels_of(k)] */
};

size_t tarn_cpu_tiles_32_scratch(uint32_t k)
{
    const size_t s =
        sizeof(struct room) + panels_of(k) * sizeof(struct panel);
    const size_t other = tarn_cpu_many_32_scratch(k);
    return s > other ? s : other;
}

/* As in tiles_256.c. */
INLINE void point(struct step *s, uint32_t u, const uint8_t *acts,
                  size_t stride, uint32_t n, uint32_t i, uint32_t first,
                  struct room *r)
{
    const uint32_t want = i * TILE_ROWS;
    const uint32_t at = want + TILE_ROWS <= n ? want : n - TILE_ROWS;
    s->act[u] = acts + at * stride;
    s->skip[u] = want - at;
    s->acc[u] = (float *)((uintptr_t)r->acc +
                          ((size_t)at - first * TILE_ROWS) * sizeof *r->acc);
}

void tarn_cpu_tiles_32(const struct cpu_tile *t)
{
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A32, t->k, false);
    const uint8_t *acts = tarn_cpu_even(t, l.stride);
    if (t->n_acts < TILE_ROWS || !acts) {
        tarn_cpu_many_32(t);
        return;
    }
    const uint32_t type = t->ops->type, nb = t->k / 32;
    const uint32_t tiles = (t->n_acts + TILE_ROWS - 1) / TILE_ROWS;
    struct room *r = t->scratch;
    TILE_CONFIG(&SHAPES);
    for (uint32_t row = 0; row < t->n_rows; row += PANEL) {
        tarn_cpu_panels_32(t, row, r->panels);
        for (uint32_t first = 0; first < tiles; first += BATCH) {
            const uint32_t end = tiles - first < BATCH ? tiles : first + BATCH;
            struct step steps[2] = { { .skip = { TILE_ROWS, TILE_ROWS } },
                                     { .skip = { TILE_ROWS, TILE_ROWS } } };
            uint32_t turn = 0;
            memset(r->acc, 0, sizeof r->acc);
            for (uint32_t b = 0; b < nb; b++)
                for (uint32_t i = first; i < end; i += 2, turn ^= 1) {
                    struct step *s = steps + turn;
                    *s = (struct step){ .w = r->panels + b / 8,
                                        .b = b,
                                        .zero = tarn_cpu_panel_zero_32(type),
                                        .min = kind32_of(type).min,
                                        .c = r->c[turn],
                                        .skip = { 0, TILE_ROWS } };
                    point(s, 0, acts, l.stride, t->n_acts, i, first, r);
                    if (i + 1 < end)
                        point(s, 1, acts, l.stride, t->n_acts, i + 1, first,
                              r);
                    run(s, steps + (turn ^ 1), &l);
                }
            run(NULL, steps + (turn ^ 1), &l);
            const uint32_t at = first * TILE_ROWS;
            put_panel(t, row, at,
                      (end == tiles ? t->n_acts : end * TILE_ROWS) - at,
                      r->acc[0]);
        }
    }
    TILE_RELEASE();
}
