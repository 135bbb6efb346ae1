/* module.h - the page's module: what its files share.
 *
 * One model, one engine, one chat at a time, in one worker.  Requests and
 * answers are JSON texts; JavaScript writes a request into memory that it got
 * from tarn_web_alloc(), and reads an answer at tarn_web_out().
 *
 * Owns: everything below `struct web`.  Threads: the coordinator's worker;
 * the pool's workers enter through tarn_web_worker() and never leave, and
 * tarn_web_post() may also be called by another worker.
 */
#ifndef TARN_WASM_MODULE_H
#define TARN_WASM_MODULE_H

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/tarn.h"
#include "core/turn/toolbox.h"

/* A message of the page and the core's name for it. */
struct web_link {
    uint32_t key; /* the page's */
    tarn_message_id id;
};

struct web {
    struct tarn_runtime *runtime;
    struct tarn_model *model;
    struct tarn_engine *engine;
    struct tarn_chat *chat;
    struct web_link *path; /* [n_path] the chat's active path */
    size_t n_path, path_room;
    uint32_t answer_key; /* of the message that grows; 0: known already */
    tarn_turn_id turn;
    void *data; /* the model's bytes, owned */
    struct tarn_toolbox *box; /* of the page's chat below; NULL: none yet */
    char box_chat[64];
    struct tarn_buf out;
    struct tarn_error err;
};

/* The one instance: an exported function has no other place to keep it. */
struct web *web_the(void);

/* The page's messages become the chat's active path: what both have in common
 * is kept, with all that the engine remembers of it. */
enum tarn_status web_path_set(struct web *w, const struct tarn_json *path,
                              struct tarn_error *err);
enum tarn_status web_path_add(struct web *w, uint32_t key, tarn_message_id id,
                              struct tarn_error *err);
/* Members of sampling that are given, over the model's. */
void web_sampling_read(const struct tarn_json *v, struct tarn_sampling *s);
/* A list of ids, owned; v may be NULL: none. */
enum tarn_status web_ids_read(const struct tarn_json *v, int32_t **out,
                              size_t *n, struct tarn_error *err);
void web_event_write(struct tarn_buf *b, const struct tarn_event *ev);
void web_info_write(struct tarn_buf *b, const struct web *w);

/* module_trace.c: the turn that runs is recorded. */
void web_trace_begin(const struct web *w, const struct tarn_turn_options *opt);
void web_trace_take(const struct tarn_event *ev);
void web_trace_answered(void);
/* ,"sum":{...} of the turn that was recorded; nothing if none was. */
void web_trace_sum(struct tarn_buf *b);
void web_trace_close(void);
/* module_tools.c */
/* Declarations for the model if the request wants tools; NULL: none. */
const char *web_tools_begin(struct web *w, const struct tarn_json *want);
void web_tools_close(struct web *w);

#endif
