/* dense.c - the stages that change logits: bias, penalties, DRY.
 *
 * Arithmetic is float32, one operation at a time, in the order that
 * docs/numerics.md 11 has.  Results stay finite: what leaves the range stops at its end,
 * for a forbidden token is -infinity and nothing else is.  */
#include "core/sample/stage.h"

#include <float.h>
#include <string.h>

#include "core/base/memory.h"

/* ln of the largest float32: no power of a DRY base may pass it. */
#define LN_FLT_MAX 88.7228

static float clamp(float l)
{
    return l > FLT_MAX ? FLT_MAX : l < -FLT_MAX ? -FLT_MAX : l;
}

static bool forbidden(float l)
{
    return l < -FLT_MAX;
}

void tarn_stage_fill(struct tarn_stages *w, const float *logits)
{
    memcpy(w->dense, logits, w->n_vocab * sizeof *logits);
    w->blank = false;
}

void tarn_stage_put(struct tarn_stages *w, const int32_t *ids,
                    const float *logits, uint32_t n)
{
    for (uint32_t i = 0; i < w->n_vocab && !w->blank; i++)
        w->dense[i] = -(float)INFINITY;
    w->blank = true;
    for (uint32_t i = 0; i < n; i++)
        w->dense[ids[i]] = logits[i];
}

void tarn_stage_bias(struct tarn_stages *w, const struct tarn_logit_bias *b,
                     size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float *l = &w->dense[b[i].id];
        if (forbidden(*l) || forbidden(b[i].bias))
            *l = -(float)INFINITY;
        else
            *l = clamp(*l + b[i].bias);
    }
}

/* ----------------------------------------------------------------- history */

size_t tarn_history_kept(const struct tarn_history *h)
{
    return h->n < h->room ? (size_t)h->n : h->room;
}

int32_t tarn_history_back(const struct tarn_history *h, size_t i)
{
    return h->id[(size_t)((h->n - 1 - i) % h->room)];
}

static size_t window_of(const struct tarn_history *h, int32_t last_n)
{
    const size_t kept = tarn_history_kept(h);
    return last_n < 0 || (size_t)last_n > kept ? kept : (size_t)last_n;
}

/* --------------------------------------------------------------- penalties */

uint32_t tarn_stage_touched(const struct tarn_stages *w,
                            const struct tarn_history *h, int32_t last_n,
                            uint32_t most)
{
    const size_t window = window_of(h, last_n);
    uint32_t n = 0;
    size_t seen = 0;
    for (; seen < window && n <= most; seen++) {
        const int32_t id = tarn_history_back(h, seen);
        if ((uint32_t)id < w->n_vocab)
            n += w->count[id]++ == 0;
    }
    for (size_t i = 0; i < seen; i++) {
        const int32_t id = tarn_history_back(h, i);
        if ((uint32_t)id < w->n_vocab)
            w->count[id] = 0; /* clean again */
    }
    return n;
}

void tarn_stage_penalties(struct tarn_stages *w, const struct tarn_history *h,
                          int32_t last_n, float repeat, float frequency,
                          float presence)
{
    const size_t window = window_of(h, last_n);
    for (size_t i = 0; i < window; i++) {
        const int32_t id = tarn_history_back(h, i);
        if ((uint32_t)id < w->n_vocab)
            w->count[id]++;
    }
    for (size_t i = 0; i < window; i++) {
        const int32_t id = tarn_history_back(h, i);
        if ((uint32_t)id >= w->n_vocab || w->count[id] == 0)
            continue;
        const float count = (float)w->count[id];
        w->count[id] = 0; /* once for each token, and clean again */
        float l = w->dense[id];
        if (forbidden(l))
            continue;
        l = l <= 0.0f ? l * repeat : l / repeat;
        w->dense[id] = clamp(clamp(l) - (count * frequency + presence));
    }
}

/* ---------------------------------------------------------------- breakers */

static bool contains(const char *text, size_t size, const char *part,
                     size_t part_size)
{
    for (size_t at = 0; part_size <= size && at <= size - part_size; at++)
        if (memcmp(text + at, part, part_size) == 0)
            return true;
    return false;
}

/* Does text end with some beginning of `part`, shorter than part itself? */
static bool ends_with_beginning(const char *text, size_t size, const char *part,
                                size_t part_size)
{
    for (size_t n = 1; n < part_size && n <= size; n++)
        if (memcmp(text + size - n, part, n) == 0)
            return true;
    return false;
}

bool tarn_breakers_init(struct tarn_breakers *b, uint32_t n_vocab,
                        const struct tarn_sampler_options *opt)
{
    static const char *const usual[] = { "\n", ":", "\"", "*" };
    const char *const *texts = opt->breakers ? opt->breakers : usual;
    const size_t n = opt->breakers ? opt->n_breakers : 4;
    *b = (struct tarn_breakers){ .token_bytes = opt->token_bytes,
                                 .user = opt->token_user,
                                 .n_vocab = n_vocab };
    b->of_token = tarn_alloc(n_vocab, 1);
    b->texts = tarn_alloc(n, sizeof *b->texts);
    if (!b->of_token || !b->texts)
        goto fail;
    for (; b->n < n; b->n++)
        if (!(b->texts[b->n] = tarn_dup_str(texts[b->n])))
            goto fail;
    for (uint32_t id = 0; b->token_bytes && id < n_vocab; id++) {
        size_t size;
        const char *bytes = b->token_bytes(b->user, (int32_t)id, &size);
        for (size_t k = 0; k < n; k++) {
            const size_t part = strlen(b->texts[k]);
            if (part == 0)
                continue;
            if (contains(bytes, size, b->texts[k], part))
                b->of_token[id] |= TARN_BREAKS;
            else if (ends_with_beginning(bytes, size, b->texts[k], part))
                b->of_token[id] |= TARN_MAY_BREAK;
        }
    }
    return true;
fail:
    tarn_breakers_finish(b);
    return false;
}

void tarn_breakers_finish(struct tarn_breakers *b)
{
    for (size_t i = 0; i < b->n; i++)
        tarn_free(b->texts[i]);
    tarn_free(b->texts);
    tarn_free(b->of_token);
    *b = (struct tarn_breakers){ 0 };
}

/* How many tokens after the i-th newest are needed to complete `breaker`,
 * begun in the last `begun` bytes of that token; 0 if they don't. */
static size_t tail_of(const struct tarn_breakers *b,
                      const struct tarn_history *h, size_t i,
                      const char *breaker, size_t begun)
{
    const size_t size = strlen(breaker);
    size_t at = begun, tail = 0;
    while (at < size && tail < i) {
        tail++;
        size_t n;
        const char *bytes =
            b->token_bytes(b->user, tarn_history_back(h, i - tail), &n);
        const size_t part = n < size - at ? n : size - at;
        if (memcmp(bytes, breaker + at, part) != 0)
            return 0;
        at += part;
    }
    return at < size ? 0 : tail;
}

/* Does a breaker begin in the i-th newest token?  *tail: how many tokens
 * after it, at most, belong to one. */
static bool breaks(const struct tarn_breakers *b, const struct tarn_history *h,
                   size_t i, size_t *tail)
{
    const int32_t id = tarn_history_back(h, i);
    *tail = 0;
    if (!b || (uint32_t)id >= b->n_vocab)
        return false;
    bool found = (b->of_token[id] & TARN_BREAKS) != 0;
    if (!(b->of_token[id] & TARN_MAY_BREAK))
        return found;
    size_t size;
    const char *bytes = b->token_bytes(b->user, id, &size);
    for (size_t k = 0; k < b->n; k++) {
        const size_t part = strlen(b->texts[k]);
        for (size_t begun = 1; begun < part && begun <= size; begun++) {
            if (memcmp(bytes + size - begun, b->texts[k], begun) != 0)
                continue;
            const size_t t = tail_of(b, h, i, b->texts[k], begun);
            found = found || t > 0;
            *tail = t > *tail ? t : *tail;
        }
    }
    return found;
}

/* --------------------------------------------------------------------- DRY */

/* base^e by squaring, in float64. */
static double power(double base, uint32_t e)
{
    double y = 1;
    for (; e > 0; e >>= 1, base *= base)
        if (e & 1)
            y *= base;
    return y;
}

/* x_0 is the newest token.  run[k] = length of the longest common beginning
 * of x_0 x_1 ... and x_k x_(k+1) ...: the Z algorithm, linear. */
static void common_runs(const struct tarn_history *h, size_t window,
                        uint32_t *run)
{
    size_t left = 0, right = 0; /* x[left, right) is the last match found */
    run[0] = (uint32_t)window;
    for (size_t k = 1; k < window; k++) {
        size_t n = 0;
        if (k < right)
            n = run[k - left] < right - k ? run[k - left] : right - k;
        while (k + n < window &&
               tarn_history_back(h, n) == tarn_history_back(h, k + n))
            n++;
        run[k] = (uint32_t)n;
        if (k + n > right) {
            left = k;
            right = k + n;
        }
    }
}

void tarn_stage_dry(struct tarn_stages *w, const struct tarn_history *h,
                    const struct tarn_dry *dry, const struct tarn_breakers *b,
                    uint32_t *run)
{
    const size_t window = window_of(h, dry->last_n);
    const uint32_t allowed =
        dry->allowed_length > 0 ? (uint32_t)dry->allowed_length : 1;
    size_t limit = window, tail;
    for (size_t i = 0; i < window; i++)
        if (breaks(b, h, i, &tail)) {
            limit = i - tail;
            break;
        }
    if (limit < allowed || window < 2)
        return;
    common_runs(h, window, run);
    /* The longest repetition that each token would carry on. */
    for (size_t k = 1; k < window; k++) {
        const uint32_t n = run[k] < limit ? run[k] : (uint32_t)limit;
        const int32_t next = tarn_history_back(h, k - 1);
        if (n < allowed || (uint32_t)next >= w->n_vocab ||
            (b && b->of_token[next] & TARN_BREAKS))
            continue;
        if (n > w->count[next])
            w->count[next] = n;
    }
    const double ln_base = tarn_log64((double)dry->base);
    const uint32_t most =
        ln_base > 1e-6 ? (uint32_t)(LN_FLT_MAX / ln_base) : UINT32_MAX;
    for (size_t k = 1; k < window; k++) {
        const int32_t next = tarn_history_back(h, k - 1);
        if ((uint32_t)next >= w->n_vocab || w->count[next] == 0)
            continue;
        uint32_t e = w->count[next] - allowed;
        w->count[next] = 0;
        e = e < most ? e : most;
        const double minus =
            (double)dry->multiplier * power((double)dry->base, e);
        float *l = &w->dense[next];
        if (!forbidden(*l))
            *l = clamp(*l - (minus > FLT_MAX ? FLT_MAX : (float)minus));
    }
}
