/* ring.h - events from the owner's thread to the face's, without a lock.
 *
 * A ring of bytes with one writer and one reader.  A record is a struct
 * tarn_event and, behind it, whatever its pointers point to; it lies whole in
 * the ring, so the reader hands it out without a copy and frees it at the
 * next call.  The engine computes only while there is room for a step's
 * events, so a push never fails.
 *
 * Owns: the bytes.  Threads: one writer, one reader.
 */
#ifndef TARN_ENGINE_RING_H
#define TARN_ENGINE_RING_H

#include <stdatomic.h>

#include "core/tarn.h"

#define TARN_RING_SIZE (512u * 1024u)
/* A step is not begun with less room than this. */
#define TARN_RING_RESERVE (128u * 1024u)
/* Text of one event; longer text is cut into several by the caller. */
#define TARN_RING_TEXT 4096u

struct tarn_ring {
    unsigned char *bytes;
    _Atomic uint32_t head; /* next byte to write: only grows, wraps at 2^32 */
    _Atomic uint32_t tail; /* next byte to read */
    uint32_t reading;      /* reader's: size of the record that is out */
};

enum tarn_status tarn_ring_init(struct tarn_ring *r, struct tarn_error *err);
void tarn_ring_finish(struct tarn_ring *r);
uint32_t tarn_ring_room(struct tarn_ring *r);
/* Writer.  text, experts, summary and error of ev are copied.  Returns true if
 * the reader has had all that was before it: pop() has said, or will say, that
 * there is no more, so the reader must be told. */
bool tarn_ring_push(struct tarn_ring *r, const struct tarn_event *ev);
/* Reader. */
bool tarn_ring_pop(struct tarn_ring *r, struct tarn_event *out);

#endif
