/* options.h - TARN_DUMMY taken apart; what the words mean: dummy.h. */
#ifndef TARN_DUMMY_OPTIONS_H
#define TARN_DUMMY_OPTIONS_H

#include <stdint.h>

#include "core/base/types.h"

enum { TARN_DUMMY_SAY_MAX = 512 };

struct tarn_dummy_options {
    uint64_t tps, pps, length, after, skip, end;
    uint64_t fail, hang, deaf, nan, nomem; /* 0: never */
    uint64_t refuse;                       /* GGUF type; UINT64_MAX: none */
    uint64_t memory;
    uint32_t n_say;
    int32_t say[TARN_DUMMY_SAY_MAX];
};

/* text may be NULL.  TARN_USAGE names the word that is not understood. */
enum tarn_status tarn_dummy_options(const char *text,
                                    struct tarn_dummy_options *out,
                                    struct tarn_error *err);

#endif
