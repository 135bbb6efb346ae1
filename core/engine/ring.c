/* ring.c - see ring.h. */
#include "core/engine/ring.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"

/* What lies in the ring: the event, its extras, gates, experts, its text and a
 * NUL. */
struct record {
    uint32_t size; /* of the whole record, a multiple of 16; 0: go to the
                      beginning of the ring */
    bool has_summary, has_error;
    struct tarn_event event;
    struct tarn_turn_summary summary;
    struct tarn_error error;
};

enum tarn_status tarn_ring_init(struct tarn_ring *r, struct tarn_error *err)
{
    r->bytes = tarn_alloc_aligned(TARN_RING_SIZE, 64);
    atomic_init(&r->head, 0);
    atomic_init(&r->tail, 0);
    r->reading = 0;
    return r->bytes ? TARN_OK
                    : tarn_fail(err, TARN_NO_MEMORY, "no memory for events");
}

void tarn_ring_finish(struct tarn_ring *r)
{
    tarn_free_aligned(r->bytes);
    r->bytes = NULL;
}

uint32_t tarn_ring_room(struct tarn_ring *r)
{
    uint32_t used = atomic_load_explicit(&r->head, memory_order_relaxed) -
                    atomic_load_explicit(&r->tail, memory_order_acquire);
    return TARN_RING_SIZE - used;
}

bool tarn_ring_push(struct tarn_ring *r, const struct tarn_event *ev)
{
    uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    uint32_t text = ev->text ? (uint32_t)ev->text_size : 0;
    uint32_t gates = ev->experts ? ev->n_experts * (uint32_t)sizeof(float) : 0;
    uint32_t extra = gates + gates / 2; /* an expert has half a gate's size */
    uint32_t size =
        ((uint32_t)sizeof(struct record) + extra + text + 1 + 15) & ~15u;
    uint32_t at = head % TARN_RING_SIZE;
    const uint32_t before = head;
    if (size > TARN_RING_SIZE - at) { /* no record is cut by the end */
        uint32_t skip = 0;
        memcpy(r->bytes + at, &skip, sizeof skip);
        head += TARN_RING_SIZE - at;
        at = 0;
    }
    struct record rec = { .size = size, .event = *ev };
    if (ev->summary) {
        rec.has_summary = true;
        rec.summary = *ev->summary;
    }
    if (ev->error) {
        rec.has_error = true;
        rec.error = *ev->error;
    }
    unsigned char *to = r->bytes + at;
    memcpy(to, &rec, sizeof rec);
    to += sizeof rec;
    if (extra) {
        memcpy(to, ev->gates, gates);
        memcpy(to + gates, ev->experts, gates / 2);
        to += extra;
    }
    if (text)
        memcpy(to, ev->text, text);
    to[text] = 0;
    /* Looked at only now: a reader who had not read all of it before may have
     * done so meanwhile, and sleep. */
    atomic_store(&r->head, head + size);
    return atomic_load(&r->tail) == before;
}

bool tarn_ring_pop(struct tarn_ring *r, struct tarn_event *out)
{
    uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    tail += r->reading; /* what was handed out last is free now */
    r->reading = 0;
    /* In this order, as in push(): one of the two sees the other. */
    atomic_store(&r->tail, tail);
    if (tail == atomic_load(&r->head))
        return false;
    uint32_t at = tail % TARN_RING_SIZE, size;
    memcpy(&size, r->bytes + at, sizeof size);
    if (size == 0) {
        tail += TARN_RING_SIZE - at;
        atomic_store_explicit(&r->tail, tail, memory_order_release);
        at = 0;
    }
    const struct record *rec = (const void *)(r->bytes + at);
    r->reading = rec->size;
    *out = rec->event;
    out->summary = rec->has_summary ? &rec->summary : NULL;
    out->error = rec->has_error ? &rec->error : NULL;
    const unsigned char *from = r->bytes + at + sizeof *rec;
    if (out->experts) {
        const uint32_t gates = out->n_experts * (uint32_t)sizeof(float);
        out->gates = (const void *)from;
        out->experts = (const void *)(from + gates);
        from += gates + gates / 2;
    }
    out->text = (const char *)from;
    return true;
}
