/* tensor_check.h - what a tensor must be before a backend takes it.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_BACKENDS_TENSOR_CHECK_H
#define TARN_BACKENDS_TENSOR_CHECK_H

#include "backends/backend.h"
#include "backends/fail.h"

static inline enum tarn_status tarn_refuse_tensor(const struct tarn_tensor *t,
                                                  enum tarn_status status,
                                                  const char *what,
                                                  struct tarn_error *err)
{
    char name[64];
    tarn_plain_name(name, sizeof name, t->name);
    return tarn_backend_fail(err, status, "Tensor \"%s\" %s.", name, what);
}

/* Shape, type and size fit each other.  backend: for the sentence. */
static inline enum tarn_status tarn_check_tensor(const struct tarn_tensor *t,
                                                 const char *backend,
                                                 struct tarn_error *err)
{
    const struct tarn_type_traits type = tarn_type_traits(t->type);
    if (type.block == 0) {
        char what[80];
        snprintf(what, sizeof what,
                 "has a type that the %.20s backend can't run", backend);
        return tarn_refuse_tensor(t, TARN_UNSUPPORTED, what, err);
    }
    for (int i = 0; i < 3; i++)
        if (t->ge[i] == 0 || t->ge[i] > INT32_MAX)
            return tarn_refuse_tensor(
                t, TARN_UNSUPPORTED,
                "has a side that is empty or beyond 2^31 - 1", err);
    if (t->ge[3] > 1)
        return tarn_refuse_tensor(t, TARN_UNSUPPORTED, "has four dimensions",
                                  err);
    if (t->ge[0] % type.block != 0)
        return tarn_refuse_tensor(
            t, TARN_UNSUPPORTED,
            "has rows that don't end with a block of its type", err);
    /* Below 2^31 * 4 bytes each, so the first product can't wrap. */
    const uint64_t row = t->ge[0] / type.block * type.bytes;
    if (row > UINT64_MAX / t->ge[1] / t->ge[2] ||
        row * t->ge[1] * t->ge[2] != t->size || t->size > SIZE_MAX)
        return tarn_refuse_tensor(t, TARN_INTERNAL,
                                  "is not as large as its shape says", err);
    return TARN_OK;
}

#endif
