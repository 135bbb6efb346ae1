/* canary_golden.h - what the canary gives on the reference backend, as the bits
 * of float32.  Made by `canary_print` (tests/plugins); do not edit. */
#ifndef TARN_PLUGINS_CANARY_GOLDEN_H
#define TARN_PLUGINS_CANARY_GOLDEN_H

#include <stdint.h>

static const uint32_t CANARY_GOLDEN[128] = {
    0
};

#endif
