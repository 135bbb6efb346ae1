/* small.h - what targets share: a vocabulary, and an engine with a model, both
 * of the small file that tests/gguf makes.  Made once, at the first call.
 *
 * Owns: everything, until the program ends.  Threads: one.
 */
#ifndef TARN_TESTS_FUZZ_SMALL_H
#define TARN_TESTS_FUZZ_SMALL_H

#include "core/base/buf.h"
#include "core/tarn.h"

const struct tarn_buf *small_file(void); /* the bytes of the model */
const struct tarn_text *small_text(void);
struct tarn_runtime *small_runtime(void);
struct tarn_engine *small_engine(void);

#endif
