/* dummy.h - a backend that makes its results up, for tests of the faces.
 *
 * It computes nothing: the logits of a row are deterministic nonsense made of
 * the tokens before it, so rewinding, forking and batches behave like those of
 * a model.  Speed and faults come from the environment, read by open():
 *
 *     TARN_DUMMY="tps=30,pps=2000,fail=12"
 *
 *     tps=N      rows with logits per second (0: as fast as it goes)
 *     pps=N      other rows per second
 *     length=N   tokens after the last `after` until `end` is likeliest (40)
 *     after=ID   where an answer begins (6)   skip=N  tokens behind it (2)
 *     end=ID     the end of an answer (7)
 *     say=A.B.C  the likeliest tokens of an answer, in order, then `end`
 *     fail=K     the K-th run fails with DEVICE
 *     hang=K     the K-th run lasts until it is cancelled
 *     deaf=K     the K-th run lasts 5 s and does not hear cancelled()
 *     nan=K      the K-th run's logits are NaN
 *     refuse=T   weights of the GGUF type T are refused (99: all)
 *     nomem=K    the K-th prepare() finds no memory
 *     memory=N   bytes of memory that the device says it has
 *
 * The plugin is marked TARN_NOTE_DOUBLE: chosen only by its name.
 *
 * Threads: one at a time.
 */
#ifndef TARN_DUMMY_H
#define TARN_DUMMY_H

#include "backends/backend.h"

const struct tarn_backend *tarn_backend_dummy(void);

#endif
