/* backends.c - see backends.h.  TARN_WASM_CPU names the build of the cpu
 * backend that this module is linked with. */
#include "wasm/backends.h"

#include "backends/backend.h"

const struct tarn_backend *TARN_WASM_CPU(void);
const struct tarn_backend *tarn_backend_ref(void);

const struct tarn_backend *const *tarn_wasm_backends(size_t *n)
{
    static const struct tarn_backend *table[2];
    table[0] = TARN_WASM_CPU();
    table[1] = tarn_backend_ref();
    *n = 2;
    return table;
}
