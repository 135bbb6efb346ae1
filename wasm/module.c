/* module.c - the exports that the page's worker calls; see module.h.
 *
 *     at = tarn_web_alloc(size)            model's bytes are written there
 *     tarn_web_open(at, size, request)     the model is open
 *     tarn_web_turn(request)
 *     while (tarn_web_step() == 1) events = tarn_web_events()
 *
 * A function that can fail returns a status; the sentence is at
 * tarn_web_error().  Pointers are 32 bits: the page reads them as unsigned.
 */
#include "wasm/module.h"

#include <stdatomic.h>
#include <string.h>

#include "backends/backend.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/memory.h"
#include "core/base/thread.h"
#include "wasm/backends.h"

#define EXPORT(name) __attribute__((export_name(name), visibility("default")))

static struct web web;

struct web *web_the(void)
{
    return &web;
}

/* The engine has one face.  Here it is two workers: the coordinator, and the
 * one that posts; so each of them is the face for a moment.  Never held while
 * something is computed. */
static atomic_flag face = ATOMIC_FLAG_INIT;

static void lock_face(void)
{
    while (atomic_flag_test_and_set(&face))
        ;
}

static void unlock_face(void)
{
    atomic_flag_clear(&face);
}

/* ---------------------------------------------------------------- memory */
EXPORT("tarn_web_alloc") void *tarn_web_alloc(size_t size)
{
    return tarn_alloc_aligned(size, 64);
}

EXPORT("tarn_web_free") void tarn_web_free(void *p)
{
    tarn_free_aligned(p);
}

EXPORT("tarn_web_out") const char *tarn_web_out(void)
{
    return web.out.data;
}

EXPORT("tarn_web_out_size") size_t tarn_web_out_size(void)
{
    return web.out.size;
}

EXPORT("tarn_web_error") const char *tarn_web_error(void)
{
    return web.err.text;
}

/* --------------------------------------------------------------- threads */
/* Never returns; the pool that is made afterwards counts on it. */
EXPORT("tarn_web_worker") void tarn_web_worker(void)
{
#if defined(__wasm_atomics__)
    tarn_pool_worker_enter();
#endif
}

/* 1 and the workers that have come so far. */
EXPORT("tarn_web_threads") uint32_t tarn_web_threads(void)
{
    return tarn_threads_allowed();
}

/* ----------------------------------------------------------------- model */
EXPORT("tarn_web_close") void tarn_web_close(void)
{
    lock_face();
    web_trace_close();
    tarn_chat_destroy(web.chat);
    tarn_engine_destroy(web.engine);
    tarn_model_close(web.model);
    tarn_runtime_destroy(web.runtime);
    tarn_free_aligned(web.data);
    web_tools_close(&web);
    tarn_free(web.path);
    tarn_buf_finish(&web.out);
    memset(&web, 0, sizeof web);
    unlock_face();
}

static uint32_t number(const struct tarn_json *v, const char *key)
{
    int64_t n;
    const bool good = tarn_json_i64(tarn_json_get(v, key), &n);
    return good && n > 0 && n <= INT32_MAX ? (uint32_t)n : 0;
}

static enum tarn_status open_engine(const struct tarn_json *want)
{
    struct tarn_engine_options eo = {
        .size = sizeof eo,
        .n_context = number(want, "context"),
        .max_rows = number(want, "rows"),
        .n_sequences = number(want, "sequences"),
    };
    if (eo.n_context > tarn_model_info(web.model)->max_context)
        eo.n_context = 0;
    const enum tarn_status s =
        tarn_engine_create(web.model, &eo, &web.engine, &web.err);
    return s ? s : tarn_chat_create(&web.chat, &web.err);
}

static enum tarn_status open_all(void *data, size_t size,
                                 const struct tarn_json *want)
{
    const struct tarn_json *name = tarn_json_get(want, "name");
    struct tarn_runtime_options ro = {
        .size = sizeof ro,
        .threads = number(want, "threads"),
    };
    ro.backends = tarn_wasm_backends(&ro.n_backends);
    struct tarn_model_options mo = {
        .size = sizeof mo, .data = data, .data_size = size
    };
    enum tarn_status s = tarn_runtime_create(&ro, &web.runtime, &web.err);
    if (!s)
        s = tarn_model_open(web.runtime, name ? name->text : "model", &mo,
                            &web.model, &web.err);
    return s ? s : open_engine(want);
}

/* request: {"name":...,"threads":n,"context":n,"rows":n,"sequences":n}.  data
 * came from tarn_web_alloc() and is moved. */
EXPORT("tarn_web_open")
uint32_t tarn_web_open(void *data, size_t size, const char *request,
                       size_t request_size)
{
    struct tarn_json *want = NULL;
    tarn_web_close();
    web.data = data;
    enum tarn_status s =
        tarn_json_read(request, request_size, &want, &web.err);
    if (!s)
        s = open_all(data, size, want);
    tarn_json_free(want);
    if (s) {
        const struct tarn_error kept = web.err;
        tarn_web_close();
        web.err = kept;
    }
    return s;
}

EXPORT("tarn_web_info") uint32_t tarn_web_info(void)
{
    tarn_buf_clear(&web.out);
    if (!web.model)
        return tarn_fail(&web.err, TARN_USAGE, "no model is open");
    web_info_write(&web.out, &web);
    return web.out.failed ? TARN_NO_MEMORY : TARN_OK;
}

/* ------------------------------------------------------------------ turn */
static enum tarn_status start_turn(const struct tarn_json *want)
{
    struct tarn_sampling sampling = tarn_model_sampling(web.model);
    web_sampling_read(tarn_json_get(want, "sampling"), &sampling);
    const struct tarn_json *loops = tarn_json_get(want, "keep_loops");
    const struct tarn_json *schema = tarn_json_get(want, "schema");
    const struct tarn_json *go_on = tarn_json_get(want, "go_on");
    int64_t budget;
    const bool limited =
        tarn_json_i64(tarn_json_get(want, "budget"), &budget) && budget >= 0 &&
        budget <= INT32_MAX;
    struct tarn_turn_options to = {
        .size = sizeof to,
        .sampling = &sampling,
        .thought_budget = limited ? (int32_t)budget : 0,
        .budget_given = limited,
        .max_tokens = (int32_t)number(want, "max_tokens"),
        .attempt = number(want, "attempt"),
        .tools_json = web_tools_begin(&web, want),
        .keep_loops = loops && loops->kind == TARN_JSON_TRUE,
        .experts = number(want, "experts") > 0,
        .json_schema =
            schema && schema->kind == TARN_JSON_STRING ? schema->text : NULL,
        .go_on = go_on && go_on->kind == TARN_JSON_TRUE,
    };
    int32_t *begin = NULL;
    enum tarn_status s =
        web_path_set(&web, tarn_json_get(want, "path"), &web.err);
    if (!s)
        s = web_ids_read(tarn_json_get(want, "begin"), &begin, &to.n_begin,
                         &web.err);
    to.begin = begin;
    web.answer_key = number(want, "answer");
    if (!s)
        s = tarn_turn_start(web.engine, web.chat, &to, &web.turn, &web.err);
    if (!s)
        web_trace_begin(&web, &to);
    tarn_free(begin);
    return s;
}

/* request: {"path":[{"key":n,"role":"user","text":...,"thinking":...,"ids":
 * [...],"calls":[...],"finished":false},...],"answer":key,"go_on":bool,
 * "attempt":n,"budget":n (left out: none),"max_tokens":n,"sampling":{...},"experts":1,
 * "begin":[id,...],"keep_loops":bool,"tools":bool,"chat":name,
 * "schema":text of the answer's JSON Schema, "" for any JSON} */
EXPORT("tarn_web_turn")
uint32_t tarn_web_turn(const char *request, size_t size)
{
    struct tarn_json *want = NULL;
    if (!web.engine)
        return tarn_fail(&web.err, TARN_USAGE, "no model is open");
    enum tarn_status s = tarn_json_read(request, size, &want, &web.err);
    if (!s) {
        lock_face();
        s = start_turn(want);
        unlock_face();
    }
    tarn_json_free(want);
    return s;
}

EXPORT("tarn_web_step") uint32_t tarn_web_step(void)
{
    return web.engine ? (uint32_t)tarn_engine_step(web.engine)
                      : (uint32_t)TARN_FAILED;
}

/* All events that wait, as a JSON array at tarn_web_out(). */
EXPORT("tarn_web_events") uint32_t tarn_web_events(void)
{
    struct tarn_event ev = { .size = sizeof ev };
    uint32_t n = 0;
    tarn_buf_clear(&web.out);
    tarn_buf_byte(&web.out, '[');
    lock_face();
    while (web.engine && tarn_engine_next_event(web.engine, &ev)) {
        if (ev.message && web.answer_key) {
            web_path_add(&web, web.answer_key, ev.message, &web.err);
            web.answer_key = 0;
        }
        if (n++)
            tarn_buf_byte(&web.out, ',');
        web_trace_take(&ev);
        web_event_write(&web.out, &ev);
    }
    unlock_face();
    tarn_buf_byte(&web.out, ']');
    return n;
}

/* kind: enum tarn_command_kind, or 0: whatever is computed ends.  Any worker.
 */
EXPORT("tarn_web_post") uint32_t tarn_web_post(uint32_t kind)
{
    if (!kind) { /* the only one that needs no face: it sets a mark */
        if (web.engine)
            tarn_engine_stop_all(web.engine);
        return TARN_OK;
    }
    struct tarn_command cmd = { .size = sizeof cmd, .kind = kind };
    struct tarn_error err = { TARN_OK, "" };
    enum tarn_status s = TARN_OK;
    lock_face();
    cmd.turn = web.turn;
    if (kind == TARN_CMD_ANSWER_NOW)
        web_trace_answered();
    if (web.engine)
        s = tarn_engine_post(web.engine, &cmd, &err);
    unlock_face();
    return s;
}

/* -------------------------------------------------------- speed and tests */
static enum tarn_status eval_into(const struct tarn_json *ids,
                                  uint32_t n_beside, int32_t *id,
                                  uint32_t *rows, float *logits)
{
    const struct tarn_eval io = {
        .size = sizeof io, .ids = id, .n_ids = ids->n, .rows = rows,
        .n_rows = ids->n, .logits = logits, .n_beside = n_beside
    };
    const struct tarn_json *v = ids->first;
    for (size_t i = 0; i < ids->n; i++, v = v->next) {
        int64_t n;
        if (!tarn_json_i64(v, &n) || n < 0 || n > INT32_MAX)
            return tarn_fail(&web.err, TARN_USAGE, "id %zu is no token", i);
        id[i] = (int32_t)n;
        rows[i] = (uint32_t)i;
    }
    return tarn_eval(web.engine, &io, &web.err);
}

static enum tarn_status eval_hash(const struct tarn_json *ids,
                                  uint32_t n_beside)
{
    const uint32_t n_vocab = tarn_model_info(web.model)->n_vocab;
    size_t n_logits;
    enum tarn_status s = TARN_NO_MEMORY;
    if (!tarn_mul_size(ids->n, n_vocab, &n_logits))
        return s;
    int32_t *id = tarn_alloc(ids->n, sizeof *id);
    uint32_t *rows = tarn_alloc(ids->n, sizeof *rows);
    float *logits = tarn_alloc(n_logits, sizeof *logits);
    if (id && rows && logits)
        s = eval_into(ids, n_beside, id, rows, logits);
    if (!s) {
        struct tarn_sha256 sha;
        uint8_t sum[32];
        char hex[65];
        tarn_sha256_init(&sha);
        tarn_sha256_add(&sha, logits, n_logits * sizeof *logits);
        tarn_sha256_end(&sha, sum);
        tarn_hex(sum, sizeof sum, hex);
        tarn_buf_text(&web.out, hex);
    }
    tarn_free(logits);
    tarn_free(rows);
    tarn_free(id);
    return s;
}

/* One timed pass; out: {"prefill_ms":...,"decode_ms":...}. */
EXPORT("tarn_web_bench")
uint32_t tarn_web_bench(uint32_t n_prompt, uint32_t n_tokens)
{
    struct tarn_bench io = {
        .size = sizeof io, .n_prompt = n_prompt, .n_tokens = n_tokens
    };
    tarn_buf_clear(&web.out);
    if (!web.engine)
        return tarn_fail(&web.err, TARN_USAGE, "no model is open");
    const enum tarn_status s = tarn_engine_bench(web.engine, &io, &web.err);
    tarn_buf_text(&web.out, "{\"prefill_ms\":");
    tarn_json_add_f64(&web.out, io.prefill_ms);
    tarn_buf_text(&web.out, ",\"decode_ms\":");
    tarn_json_add_f64(&web.out, io.decode_ms);
    tarn_buf_byte(&web.out, '}');
    return s;
}

/* request: {"ids":[...],"beside":n}; out: the SHA-256 of all rows' logits, as
 * tests/golden has it, whatever `beside` is (struct tarn_eval). */
EXPORT("tarn_web_eval")
uint32_t tarn_web_eval(const char *request, size_t size)
{
    struct tarn_json *want = NULL;
    tarn_buf_clear(&web.out);
    if (!web.engine)
        return tarn_fail(&web.err, TARN_USAGE, "no model is open");
    enum tarn_status s = tarn_json_read(request, size, &want, &web.err);
    const struct tarn_json *ids = tarn_json_get(want, "ids");
    if (!s && !ids)
        s = tarn_fail(&web.err, TARN_USAGE, "there are no ids");
    if (!s)
        s = eval_hash(ids, number(want, "beside"));
    tarn_json_free(want);
    return s;
}
