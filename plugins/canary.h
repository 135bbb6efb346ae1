/* canary.h - a small plan whose result is known, run on a strange device.
 *
 * The plan uses all ten steps, eight weight types, two sequences in two small
 * batches and a prompt of 40 rows.  Its weights are made here from a fixed
 * sequence, its result by the reference backend is in canary_golden.h.  A
 * device that claims to be exact must give these bits; others may differ by
 * TARN_CANARY_TOLERANCE (rms of the difference over rms of the result, of the
 * small batches and of the prompt; float order flips roundings of the
 * activations).
 *
 * Threads: any; nothing is shared.
 */
#ifndef TARN_PLUGINS_CANARY_H
#define TARN_PLUGINS_CANARY_H

#include <stdbool.h>

#include "backends/backend.h"

#define TARN_CANARY_SMALL 128u   /* 2 batches, 2 rows each, 32 tokens */
#define TARN_CANARY_LOGITS 1408u /* and 40 rows */
#define TARN_CANARY_TOLERANCE 2e-2

/* One thread, malloc, nothing logged. */
const struct tarn_host *tarn_canary_host(void);

enum tarn_status tarn_canary_run(const struct tarn_backend *b,
                                 uint32_t device,
                                 float out[TARN_CANARY_LOGITS],
                                 struct tarn_error *err);
/* TARN_DEVICE with a sentence if the numbers are wrong. */
enum tarn_status tarn_canary_judge(const float got[TARN_CANARY_LOGITS],
                                   bool exact, struct tarn_error *err);
/* 10^9 multiply-adds per second of one thread on a 512 x 512 matrix in Q4_K
 * and 32 rows, the best of some runs within about 40 ms; 0 if it can't.  Of a
 * processor its own time counts, so that a busy machine gives the same. */
double tarn_canary_speed(const struct tarn_backend *b, uint32_t device);
/* Changes whenever the canary or what is expected of it changes. */
uint64_t tarn_canary_id(void);

#endif
