/* tiles_256.c - types with superblocks of 256 against 16 and more rows of
 * activations, by tiles.
 *
 * scale * (byte - zero) does not fit a byte, and a tile per sub-block would
 * need its scale met outside.  So that integer is split, exactly: low + 128 *
 * high, -64 <= low < 64 (Q2_K: low alone).  Two products with tiles run over
 * all 256 values; the sum is low's plus 128 times high's.
 *
 * Activations are A as they lie (rows evenly spaced: experts.c gathers them),
 * weights are B, made from the panel of 32 rows of many_256_avx512.c, whose
 * lanes are rows.  So sums come with 16 rows of weights in the lanes, and the
 * float part is that of AVX-512.  It runs between the tile instructions of the
 * next step, one step late.
 *
 * Where n is no multiple of 16 the last tile begins at n - 16, and its first
 * rows, which the tile before has met, are not counted again.
 *
 * Bits: integers are exact, the float part has one accumulator per output,
 * blocks ascending.  Figures: SPEED.md. */
#include "backends/cpu/avx512.h"
#include "backends/cpu/panel.h"
#include "backends/cpu/tiles.h"

/* Tiles of activations that meet a superblock of a panel while it stays in the
 * first cache. */
#define BATCH 8u

struct planes {
    int8_t q[2][2][64][64];  /* [low, high][half][4 values of k][16 rows, 4] */
    int32_t pairs[8][2][16]; /* minima, as in a panel */
    float d[2][16], m[2][16];
};

/* Two tiles of activations against a panel's superblock. */
struct step {
    const struct planes *w;
    uint32_t b;             /* which superblock */
    int32_t (*c)[4][16][16]; /* [low, high][2 tile + half][activation][row] */
    const uint8_t *act[2];  /* first row of each tile */
    uint32_t skip[2];       /* activations that another tile counts; 16: all */
    float *acc[2];          /* [16][PANEL] */
};

/* ----------------------------------------------------------------- splitting */

/* Values of one plane from two vectors of int16: even and odd bytes. */
INLINE __m512i join(__m512i even, __m512i odd)
{
    return _mm512_mask_blend_epi8(UINT64_C(0xaaaaaaaaaaaaaaaa), even,
                                  _mm512_slli_epi16(odd, 8));
}

KERNEL static void split(const struct panel *p, uint32_t subs, int32_t zero,
                         bool high, struct planes *o)
{
    const __m512i byte = _mm512_set1_epi16(255), half = _mm512_set1_epi16(64);
    const __m512i low7 = _mm512_set1_epi16(127), z = _mm512_set1_epi16((int16_t)zero);
    const uint32_t steps = 64 / subs;
    for (uint32_t i = 0; i < 128; i++) {
        const uint32_t k = i / 2, v = i % 2;
        const __m512i one = _mm512_load_si512(p->scale[k / steps][v]);
        const __m512i scale = _mm512_or_si512(
            _mm512_and_si512(one, _mm512_set1_epi32(0xffff)),
            _mm512_slli_epi32(one, 16));
        const __m512i q = _mm512_load_si512(p->q[k][v]);
        /* 64 is added: then the low digit is seven bits, less 64. */
        const __m512i even = _mm512_add_epi16(
            half, _mm512_mullo_epi16(
                      _mm512_sub_epi16(_mm512_and_si512(q, byte), z), scale));
        const __m512i odd = _mm512_add_epi16(
            half, _mm512_mullo_epi16(
                      _mm512_sub_epi16(_mm512_srli_epi16(q, 8), z), scale));
        _mm512_store_si512(
            o->q[0][v][k],
            _mm512_sub_epi8(join(_mm512_and_si512(even, low7),
                                 _mm512_and_si512(odd, low7)),
                            _mm512_set1_epi8(64)));
        if (high)
            _mm512_store_si512(o->q[1][v][k],
                               join(_mm512_and_si512(
                                        _mm512_srai_epi16(even, 7), byte),
                                    _mm512_srai_epi16(odd, 7)));
    }
    memcpy(o->pairs, p->pairs, sizeof o->pairs);
    memcpy(o->d, p->d, sizeof o->d);
    memcpy(o->m, p->m, sizeof o->m);
}

/* -------------------------------------------------------------------- floats */

/* Activations [from, to) of both tiles of a step whose integers are there.
 * Tiles are loaded through the same ports, so what all of them meet is loaded
 * once. */
INLINE void settle(const struct step *s, struct kind256 kind, bool high,
                   const struct cpu_act_layout *l, uint32_t from, uint32_t to)
{
    const uint32_t pairs = kind.min ? kind.subs / 2 : 0;
    const size_t stride = l->stride;
    __m512 d[2], m[2];
    __m512i p[8][2];
    if (!s->w)
        return;
    for (uint32_t v = 0; v < 2; v++) {
        d[v] = _mm512_load_ps(s->w->d[v]);
        m[v] = kind.min ? _mm512_load_ps(s->w->m[v]) : _mm512_setzero_ps();
        for (uint32_t j = 0; j < pairs; j++)
            p[j][v] = _mm512_load_si512(s->w->pairs[j][v]);
    }
    for (uint32_t u = 0; u < 2; u++) {
        const uint32_t first = from > s->skip[u] ? from : s->skip[u];
        if (first >= to)
            continue;
        const uint8_t *act = s->act[u] + first * stride;
        const uint8_t *sums = act + (kind.subs == 8 ? l->sums : l->s16) +
                              (size_t)s->b * kind.subs * 2;
        const uint8_t *scale = act + l->d + (size_t)s->b * sizeof(float);
        const int32_t *low = s->c[0][2 * u][first];
        const int32_t *top = s->c[1][2 * u][first];
        float *o = s->acc[u] + first * PANEL;
        for (uint32_t t = first; t < to; t++) {
            const __m512 da = (__m512)splat32(scale);
            __m512i off[2] = { _mm512_setzero_si512(),
                               _mm512_setzero_si512() };
            for (uint32_t j = 0; j < pairs; j++) {
                const __m512i x = splat32(sums + 4 * j);
                off[0] = _mm512_dpwssd_epi32(off[0], p[j][0], x);
                off[1] = _mm512_dpwssd_epi32(off[1], p[j][1], x);
            }
            for (uint32_t v = 0; v < 2; v++) {
                __m512i is = _mm512_load_si512(low + v * 256);
                if (high)
                    is = _mm512_add_epi32(
                        is, _mm512_slli_epi32(
                                _mm512_load_si512(top + v * 256), 7));
                __m512 f = _mm512_mul_ps(d[v], _mm512_cvtepi32_ps(is));
                if (kind.min)
                    f = _mm512_sub_ps(
                        f, _mm512_mul_ps(m[v], _mm512_cvtepi32_ps(off[v])));
                _mm512_store_ps(o + 16 * v,
                                _mm512_add_ps(_mm512_load_ps(o + 16 * v),
                                              _mm512_mul_ps(da, f)));
            }
            sums += stride;
            scale += stride;
            low += 16;
            top += 16;
            o += PANEL;
        }
    }
}

/* ------------------------------------------------------------------ products */

/* Tiles: 0-3 sums, 4 and 5 activations, 6 and 7 weights. */
static const struct tile_shapes SHAPES = {
    .palette = 1,
    .row_bytes = { 64, 64, 64, 64, 64, 64, 64, 64 },
    .rows = { 16, 16, 16, 16, 16, 16, 16, 16 },
};

/* 64 values of k of one plane; `two`: both tiles of activations. */
INLINE void multiply(const struct step *s, uint32_t plane, uint32_t k,
                     size_t stride, bool two)
{
    const size_t at = (size_t)s->b * 256 + 64 * k;
    TILE_LOAD(4, s->act[0] + at, stride);
    TILE_LOAD(6, s->w->q[plane][0][16 * k], 64);
    TILE_DP_SS(0, 4, 6);
    TILE_LOAD(7, s->w->q[plane][1][16 * k], 64);
    TILE_DP_SS(1, 4, 7);
    if (two) {
        TILE_LOAD(5, s->act[1] + at, stride);
        TILE_DP_SS(2, 5, 6);
        TILE_DP_SS(3, 5, 7);
    }
}

/* The integers of a step, and the floats of the one before. */
INLINE void meet(const struct step *s, const struct step *before,
                 struct kind256 kind, bool high,
                 const struct cpu_act_layout *l, bool two)
{
    const uint32_t each = high ? 2 : 4; /* activations per 64 values of k */
    for (uint32_t plane = 0; plane < (high ? 2 : 1); plane++) {
        TILE_ZERO(0);
        TILE_ZERO(1);
        if (two) {
            TILE_ZERO(2);
            TILE_ZERO(3);
        }
        for (uint32_t k = 0; k < 4; k++) {
            const uint32_t from = (4 * plane + k) * each;
            multiply(s, plane, k, l->stride, two);
            settle(before, kind, high, l, from, from + each);
        }
        TILE_STORE(0, s->c[plane][0], 64);
        TILE_STORE(1, s->c[plane][1], 64);
        if (two) {
            TILE_STORE(2, s->c[plane][2], 64);
            TILE_STORE(3, s->c[plane][3], 64);
        }
    }
}

/* `s` NULL: only the floats of the step before. */
typedef void (*run_fn)(const struct step *s, const struct step *before,
                       const struct cpu_act_layout *l);
#define MAKE_RUN(name_, type_)                                          \
    KERNEL static void run_##name_(const struct step *s,                \
                                   const struct step *before,           \
                                   const struct cpu_act_layout *l)      \
    {                                                                   \
        const struct kind256 kind = kind256_of(type_);                  \
        const bool high = (type_) != TARN_Q2_K;                         \
        if (!s)                                                         \
            settle(before, kind, high, l, 0, TILE_ROWS);                \
        else if (s->skip[1] < TILE_ROWS)                                \
            meet(s, before, kind, high, l, true);                       \
        else                                                            \
            meet(s, before, kind, high, l, false);                      \
    }
MAKE_RUN(min8, TARN_Q4_K)
MAKE_RUN(min16, TARN_Q2_K)
MAKE_RUN(plain, TARN_Q6_K)

static run_fn run_of(uint32_t type)
{
    return type == TARN_Q2_K         ? run_min16
           : kind256_of(type).min ? run_min8
                                     : run_plain;
}

/* -------------------------------------------------------------------- panels */

/* Scratch of a call, in this order. */
struct room {
    int32_t c[2][2][4][16][16]; /* of two steps in turns */
    float acc[BATCH * TILE_ROWS][PANEL];
    struct panel panel;
    struct planes planes[]; /* [k / 256], at least two */
};

size_t tarn_cpu_tiles_256_scratch(uint32_t k)
{
    const size_t nb = k / 256 < 2 ? 2 : k / 256;
    const size_t s = sizeof(struct room) + nb * sizeof(struct planes);
    const size_t other = tarn_cpu_many_256_scratch(k);
    return s > other ? s : other;
}

/* Tile i of n activations: where it begins, and what it leaves out. */
INLINE void point(struct step *s, uint32_t u, const uint8_t *acts,
                  size_t stride, uint32_t n, uint32_t i, uint32_t first,
                  struct room *r)
{
    const uint32_t want = i * TILE_ROWS;
    const uint32_t at = want + TILE_ROWS <= n ? want : n - TILE_ROWS;
    s->act[u] = acts + at * stride;
    s->skip[u] = want - at;
    /* Of the tile's activation 0, which may stand before this batch. */
    s->acc[u] = (float *)((uintptr_t)r->acc +
                          ((size_t)at - first * TILE_ROWS) * sizeof *r->acc);
}

void tarn_cpu_tiles_256(const struct cpu_tile *t)
{
    const struct cpu_act_layout l = tarn_cpu_act_layout(CPU_A256, t->k, false);
    const uint8_t *acts = tarn_cpu_even(t, l.stride);
    if (t->n_acts < TILE_ROWS || !acts) {
        tarn_cpu_many_256(t);
        return;
    }
    const uint32_t type = t->ops->type, nb = t->k / 256;
    const uint32_t tiles = (t->n_acts + TILE_ROWS - 1) / TILE_ROWS;
    const run_fn run = run_of(type);
    struct room *r = t->scratch;
    TILE_CONFIG(&SHAPES);
    for (uint32_t row = 0; row < t->n_rows; row += PANEL) {
        struct fetcher next = fetcher_of(t, (size_t)nb * ((tiles + 1) / 2));
        for (uint32_t first = 0; first < tiles; first += BATCH) {
            const uint32_t end = tiles - first < BATCH ? tiles : first + BATCH;
            struct step steps[2] = { { .skip = { TILE_ROWS, TILE_ROWS } },
                                     { .skip = { TILE_ROWS, TILE_ROWS } } };
            uint32_t turn = 0;
            memset(r->acc, 0, sizeof r->acc);
            for (uint32_t b = 0; b < nb; b++) {
                /* One batch: only the planes of two steps are wanted. */
                struct planes *w = r->planes + (tiles > BATCH ? b : b % 2);
                if (first == 0) {
                    tarn_cpu_panel_256(t, row, b, &r->panel);
                    split(&r->panel, kind256_of(type).subs,
                          tarn_cpu_panel_zero_256(type), type != TARN_Q2_K, w);
                }
                for (uint32_t i = first; i < end; i += 2, turn ^= 1) {
                    struct step *s = steps + turn;
                    *s = (struct step){ .w = w, .b = b, .c = r->c[turn],
                                        .skip = { 0, TILE_ROWS } };
                    point(s, 0, acts, l.stride, t->n_acts, i, first, r);
                    if (i + 1 < end)
                        point(s, 1, acts, l.stride, t->n_acts, i + 1, first,
                              r);
                    if (next.at)
                        fetch_some(&next);
                    run(s, steps + (turn ^ 1), &l);
                }
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
