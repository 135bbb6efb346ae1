/* conformance.h - does a backend do what the contract says?
 *
 * Every step, alone and in small networks, is run on the backend under test
 * and on `ref`, with random shapes and the edges of each: all types with all
 * byte values, extreme and zero scales, single values and odd rows, several
 * sequences in one batch, batches cut differently, replay, paged experts,
 * cancelled runs, memory that gives out.
 *
 * A device that says `exact` must give the same bits (a NaN equals a NaN, and
 * the sign of a zero is free).
 * Others may differ by |b - ref| / |ref| <= 1e-5 over the values of a case;
 * where a value is rounded on the way (f16 or q8_0 K/V, activations of an
 * expert's second matrix), a last bit may flip: then 3e-2, and 1e-3 for half
 * of the rows.
 *
 * Owns: nothing after the call.  Threads: runs on the caller's.
 */
#ifndef TARN_CONFORMANCE_H
#define TARN_CONFORMANCE_H

#include "backends/backend.h"

/* line: one sentence, without a line feed, valid during the call. */
typedef void (*tarn_conformance_report_fn)(void *user, const char *line,
                                           bool ok);

/* A fixed sweep over steps and types, then `cases` random cases of `seed`.
 * Each case reports one line and counts once; a type or shape that the
 * backend refuses with TARN_UNSUPPORTED is reported as such and not counted.
 * Failing cases are no failure of this function: that is only a device that
 * can't be opened, or no memory. */
enum tarn_status
tarn_conformance_run(const struct tarn_backend *b, uint32_t device,
                     const struct tarn_host *host, uint64_t seed,
                     uint32_t cases, tarn_conformance_report_fn report,
                     void *user, uint32_t *n_passed, uint32_t *n_failed);
/* A sample of the sweep, drawn by the seed, for devices on which every shape
 * is compiled anew.  It comes in `parts` parts (of tunings, say), part: 0 to
 * parts - 1.  Every part has all steps; a product of every weight type is in
 * two of them, half of their number apart.  Lookups, experts and heads of every
 * type, networks, replay, stopped runs and the checks that have no twin: each
 * falls to one of the parts. */
enum tarn_status
tarn_conformance_sample(const struct tarn_backend *b, uint32_t device,
                        const struct tarn_host *host, uint64_t seed,
                        uint32_t part, uint32_t parts,
                        tarn_conformance_report_fn report, void *user,
                        uint32_t *n_passed, uint32_t *n_failed);
/* n random cases of one kind ("matmul"), with the numbers from `first` on
 * behind those of the sweep: for soaks that must not stop at what is refused.
 * TARN_USAGE: no such kind. */
enum tarn_status
tarn_conformance_kind(const struct tarn_backend *b, uint32_t device,
                      const struct tarn_host *host, uint64_t seed,
                      const char *kind, uint32_t first, uint32_t n,
                      tarn_conformance_report_fn report, void *user,
                      uint32_t *n_passed, uint32_t *n_failed);

#endif
