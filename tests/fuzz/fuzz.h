/* fuzz.h - one target, two drivers.
 *
 * A target defines the two functions below and is linked either with
 * fuzz_main.c, which changes its seeds at random (a plain program, part of the
 * normal build, so that targets can't rot), or with libFuzzer:
 *
 *     clang -fsanitize=fuzzer,address,undefined -I. tests/fuzz/fuzz_json.c ...
 *
 * A target says what must hold beyond "no crash" with FUZZ_CHECK.
 */
#ifndef TARN_TESTS_FUZZ_H
#define TARN_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Appends seed i; false if there are no more. */
bool fuzz_seed(size_t i, struct tarn_buf *out);
/* Pieces that make sense to this format, NULL at the end. */
extern const char *const FUZZ_WORDS[];

#define FUZZ_CHECK(x)                                                          \
    do {                                                                       \
        if (!(x)) {                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);            \
            abort();                                                           \
        }                                                                      \
    } while (0)

#endif
