/* watch.h - a mapped file whose bytes may go away under us (inside base; the
 * rest of the core uses file.h).
 *
 * A page of a mapping that can't be had any more (the file was cut, the disk
 * was pulled out) is told by SIGBUS at the instruction that touches it.  The
 * handler looks whether the address lies in a watched mapping; then it lays
 * zero pages over the rest of it, notes that it is lost, and the instruction
 * goes on.  What was computed is worth nothing: whoever uses the mapping asks
 * tarn_watch_check() before believing a result.  Any other SIGBUS goes its
 * old way.
 *
 * Bytes that were overwritten give no signal; so the file's size and time of
 * writing are compared as well.
 *
 * Owns: a descriptor of the file and the thread of tarn_watch_prefault().
 * Threads: check() any; the others one at a time.
 */
#ifndef TARN_BASE_WATCH_H
#define TARN_BASE_WATCH_H

#include <stdint.h>

#include "core/base/types.h"

struct tarn_watch;

/* fd is moved, also on failure.  data: where `size` bytes of it are mapped. */
enum tarn_status tarn_watch_begin(struct tarn_watch **out, int fd,
                                  const void *data, uint64_t size,
                                  struct tarn_error *err);
/* The mapping must still be there. */
void tarn_watch_end(struct tarn_watch *w); /* NULL allowed */

/* TARN_IO if bytes were lost or changed since begin(). */
enum tarn_status tarn_watch_check(const struct tarn_watch *w,
                                  struct tarn_error *err);
/* A thread reads the first n bytes into the page tables; end() stops it. */
void tarn_watch_prefault(struct tarn_watch *w, uint64_t n);
/* Until that thread is done. */
void tarn_watch_settle(struct tarn_watch *w);

#endif
