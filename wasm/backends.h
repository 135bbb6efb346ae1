/* backends.h - what computes in WebAssembly: a table that is linked in. */
#ifndef TARN_WASM_BACKENDS_H
#define TARN_WASM_BACKENDS_H

#include <stddef.h>

struct tarn_backend;

/* Best first; *n of them. */
const struct tarn_backend *const *tarn_wasm_backends(size_t *n);

#endif
