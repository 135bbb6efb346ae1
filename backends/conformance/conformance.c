/* conformance.c - see conformance.h. */
#include "backends/conformance/conformance.h"

#include <stdio.h>
#include <string.h>

#include "backends/conformance/inside.h"
#include "backends/fail.h"
#include "backends/numerics.h"
#include "backends/ref/ref.h"

/* ------------------------------------------------------------------ arena */

struct conf_chunk {
    struct conf_chunk *next;
    size_t size, at; /* bytes behind this struct, and used of them */
};

enum { CHUNK_HEAD = 64, CHUNK_SIZE = 4 << 20 };
_Static_assert(sizeof(struct conf_chunk) <= CHUNK_HEAD, "chunk head");

void *conf_alloc(struct conf_arena *a, size_t n, size_t size)
{
    const size_t bytes = (n * size + 63) / 64 * 64;
    struct conf_chunk *c = a->chunks;
    if (!c || c->size - c->at < bytes) {
        const size_t room = bytes > CHUNK_SIZE ? bytes : CHUNK_SIZE;
        c = a->host->alloc(a->host->user, CHUNK_HEAD + room, 64);
        if (!c) {
            a->out_of_memory = true;
            return NULL;
        }
        *c = (struct conf_chunk){ a->chunks, room, 0 };
        a->chunks = c;
    }
    uint8_t *p = (uint8_t *)c + CHUNK_HEAD + c->at;
    c->at += bytes;
    memset(p, 0, bytes);
    return p;
}

void conf_empty(struct conf_arena *a)
{
    while (a->chunks) {
        struct conf_chunk *next = a->chunks->next;
        a->host->free(a->host->user, a->chunks);
        a->chunks = next;
    }
    a->out_of_memory = false;
}

/* --------------------------------------------------------------- the suite */

struct suite {
    struct conf_side sides[2]; /* ref, the backend under test */
    struct conf_arena arena;
    bool exact;
    uint64_t seed;
    uint32_t part, parts;         /* of a sample; parts 0: everything */
    const struct conf_kind *only; /* cases [first, first + cases) of this */
    uint32_t first, cases;
    tarn_conformance_report_fn report;
    void *user;
    uint32_t n_passed, n_failed;
};

static void tell(struct suite *s, bool ok, const char *title, const char *why)
{
    char line[400];
    snprintf(line, sizeof line, "%.170s%s%.200s", title, why[0] ? ": " : "",
             why);
    if (s->report)
        s->report(s->user, line, ok);
}

static enum tarn_status play(struct suite *s, const struct conf_kind *kind,
                             uint32_t i, enum conf_verdict *verdict,
                             struct tarn_error *err)
{
    struct conf_case *c = conf_alloc(&s->arena, 1, sizeof *c);
    char why[200] = "";
    enum conf_verdict v = CONF_NO_MEMORY;
    if (c) {
        c->arena = &s->arena;
        c->exact = s->exact;
        c->out_buffer = TARN_NO_BUFFER;
        c->shape = (struct tarn_shape){ .norm_eps = 1e-5f,
                                        .rope_base = 1e6f,
                                        .attn_scale = 0.125f,
                                        .expert_scale = 1.0f };
        /* A case depends on the seed, its kind and i alone. */
        c->random.state = tarn_mix(s->seed ^ tarn_mix(i + 1)) ^
                          (uint64_t)(kind - conf_kinds) << 56;
        kind->make(c, i);
        v = conf_play(s->sides, s->exact, c, why);
    }
    if (v == CONF_NO_MEMORY) {
        conf_empty(&s->arena);
        return tarn_backend_fail(err, TARN_NO_MEMORY,
                                 "There is no memory for a case of the "
                                 "conformance suite.");
    }
    char title[200];
    snprintf(title, sizeof title, "%s %u: %.160s", kind->name, i, c->title);
    *verdict = v;
    s->n_passed += v == CONF_SAME;
    s->n_failed += v == CONF_DIFFERENT;
    if (v == CONF_REFUSED) {
        char refused[240];
        snprintf(refused, sizeof refused, "refused (%.190s)", why);
        tell(s, true, title, refused);
    } else {
        tell(s, v == CONF_SAME, title, why);
    }
    conf_empty(&s->arena);
    return TARN_OK;
}

/* Which of the parts has something that one part alone has. */
static bool is_here(const struct suite *s, uint32_t what)
{
    return s->parts == 0 || (s->seed + what) % s->parts == s->part;
}

/* The sweep in classes (i modulo their number: types, for kinds that go through
 * the types); of each class one case by chance, and another one if the backend
 * refuses that. */
static enum tarn_status play_sample(struct suite *s, uint32_t k,
                                    struct tarn_error *err)
{
    const struct conf_kind *kind = &conf_kinds[k];
    if (kind->drawn == CONF_ONE_PART && !is_here(s, k))
        return TARN_OK;
    const uint32_t classes = kind->drawn == CONF_ONE_PART   ? 1
                             : kind->drawn >= CONF_PER_TYPE ? conf_n_types
                                                            : kind->drawn;
    for (uint32_t c = 0; c < classes; c++) {
        const bool twice = kind->drawn == CONF_PER_TYPE;
        if (kind->drawn >= CONF_PER_TYPE && kind->drawn != CONF_ONE_PART &&
            !is_here(s, k + c) && !(twice && is_here(s, k + c + s->parts / 2)))
            continue;
        const uint32_t members = (kind->light - c + classes - 1) / classes;
        const uint64_t lot =
            tarn_mix(s->seed ^ tarn_mix((uint64_t)s->part << 48 | k << 16 | c));
        enum conf_verdict v = CONF_REFUSED;
        for (uint32_t m = 0; m < members && v == CONF_REFUSED; m++) {
            const uint32_t i = c + (uint32_t)((lot + m) % members) * classes;
            const enum tarn_status status = play(s, kind, i, &v, err);
            if (status != TARN_OK)
                return status;
        }
    }
    return TARN_OK;
}

static enum tarn_status play_all(struct suite *s, struct tarn_error *err)
{
    enum tarn_status status = TARN_OK;
    enum conf_verdict v;
    for (uint32_t n = 0; s->only && n < s->cases && status == TARN_OK; n++)
        status = play(s, s->only, s->only->sweep + s->first + n, &v, err);
    if (s->only)
        return status;
    for (uint32_t k = 0; k < conf_n_kinds && status == TARN_OK; k++) {
        if (s->parts)
            status = play_sample(s, k, err);
        for (uint32_t i = 0; !s->parts && i < conf_kinds[k].sweep && !status;
             i++)
            status = play(s, &conf_kinds[k], i, &v, err);
    }
    for (uint32_t n = 0; n < s->cases && status == TARN_OK; n++) {
        const struct conf_kind *kind = &conf_kinds[n % conf_n_kinds];
        status = play(s, kind, kind->sweep + n / conf_n_kinds, &v, err);
    }
    return status;
}

static void check_all(struct suite *s)
{
    for (uint32_t i = 0; i < conf_n_checks; i++) {
        const char *why = conf_checks[i].check(&s->sides[1], &s->arena);
        s->n_passed += why == NULL;
        s->n_failed += why != NULL;
        tell(s, why == NULL, conf_checks[i].name, why ? why : "");
        conf_empty(&s->arena);
    }
}

static enum tarn_status play_suite(struct suite *s)
{
    struct tarn_error err = { TARN_OK, "" };
    struct tarn_device_info info = { .size = sizeof info };
    enum tarn_status status = TARN_OK;
    for (int i = 0; i < 2 && status == TARN_OK; i++) {
        struct conf_side *side = &s->sides[i];
        conf_watch_init(&side->watch, s->arena.host);
        status = side->backend->device_info(&side->watch.host, side->device,
                                            &info, &err);
        if (status == TARN_OK)
            status = side->backend->open(&side->watch.host, side->device,
                                         &side->dev, &err);
    }
    s->exact = info.exact;
    if (status == TARN_OK) {
        if (!s->only && is_here(s, conf_n_kinds))
            check_all(s);
        status = play_all(s, &err);
    }
    if (status != TARN_OK)
        tell(s, false, "the suite could not go on", err.text);
    for (int i = 0; i < 2; i++)
        if (s->sides[i].dev)
            s->sides[i].backend->close(s->sides[i].dev);
    return status;
}

static enum tarn_status play_with(const struct tarn_host *host,
                                  const struct suite *wanted,
                                  uint32_t *n_passed, uint32_t *n_failed)
{
    struct suite *s = host->alloc(host->user, sizeof *s, 64);
    if (!s)
        return TARN_NO_MEMORY;
    *s = *wanted;
    const enum tarn_status status = play_suite(s);
    *n_passed = s->n_passed;
    *n_failed = s->n_failed;
    host->free(host->user, s);
    return status;
}

enum tarn_status
tarn_conformance_run(const struct tarn_backend *b, uint32_t device,
                     const struct tarn_host *host, uint64_t seed,
                     uint32_t cases, tarn_conformance_report_fn report,
                     void *user, uint32_t *n_passed, uint32_t *n_failed)
{
    const struct suite s = {
        .sides = { { .backend = tarn_backend_ref() },
                   { .backend = b, .device = device } },
        .arena = { .host = host },
        .seed = seed,
        .cases = cases,
        .report = report,
        .user = user,
    };
    return play_with(host, &s, n_passed, n_failed);
}

enum tarn_status
tarn_conformance_sample(const struct tarn_backend *b, uint32_t device,
                        const struct tarn_host *host, uint64_t seed,
                        uint32_t part, uint32_t parts,
                        tarn_conformance_report_fn report, void *user,
                        uint32_t *n_passed, uint32_t *n_failed)
{
    const struct suite s = {
        .sides = { { .backend = tarn_backend_ref() },
                   { .backend = b, .device = device } },
        .arena = { .host = host },
        .seed = seed,
        .part = part,
        .parts = parts,
        .report = report,
        .user = user,
    };
    return play_with(host, &s, n_passed, n_failed);
}

enum tarn_status
tarn_conformance_kind(const struct tarn_backend *b, uint32_t device,
                      const struct tarn_host *host, uint64_t seed,
                      const char *kind, uint32_t first, uint32_t n,
                      tarn_conformance_report_fn report, void *user,
                      uint32_t *n_passed, uint32_t *n_failed)
{
    struct suite s = {
        .sides = { { .backend = tarn_backend_ref() },
                   { .backend = b, .device = device } },
        .arena = { .host = host },
        .seed = seed,
        .first = first,
        .cases = n,
        .report = report,
        .user = user,
    };
    for (uint32_t k = 0; k < conf_n_kinds; k++)
        if (strcmp(conf_kinds[k].name, kind) == 0)
            s.only = &conf_kinds[k];
    return s.only ? play_with(host, &s, n_passed, n_failed) : TARN_USAGE;
}
