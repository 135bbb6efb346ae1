/* backends.c - see backends.h.  TARN_WASM_CPU names the build of the cpu
 * backend that this module is linked with; TARN_WASM_REF adds the reference. */
#include "wasm/backends.h"

#include "backends/backend.h"

const struct tarn_backend *TARN_WASM_CPU(void);
#if defined(TARN_WASM_REF)
const struct tarn_backend *tarn_backend_ref(void);
#endif

const struct tarn_backend *const *tarn_wasm_backends(size_t *n)
{
    static const struct tarn_backend *table[2];
    table[0] = TARN_WASM_CPU();
    *n = 1;
#if defined(TARN_WASM_REF)
    table[(*n)++] = tarn_backend_ref();
#endif
    return table;
}
