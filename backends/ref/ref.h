/* ref.h - the reference backend: plain C, slow, the definition of right.
 *
 * What a step of backend.h means is what this code does; every other backend
 * that calls itself exact gives the same bits.  Read steps.c beside
 * docs/numerics.md.
 *
 * Threads: uses one, whatever the host has.
 */
#ifndef TARN_REF_H
#define TARN_REF_H

#include "backends/backend.h"

const struct tarn_backend *tarn_backend_ref(void);

#endif
