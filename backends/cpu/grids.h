/* grids.h - the magnitudes that an IQ code stands for.
 *
 * One entry is 8 (IQ2) or 4 (IQ3) magnitudes, the first in the lowest byte.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_CPU_GRIDS_H
#define TARN_CPU_GRIDS_H

#include <stdint.h>

extern const uint64_t tarn_cpu_iq2xxs_grid[256];
extern const uint64_t tarn_cpu_iq2xs_grid[512];
extern const uint64_t tarn_cpu_iq2s_grid[1024];
extern const uint32_t tarn_cpu_iq3xxs_grid[256];
extern const uint32_t tarn_cpu_iq3s_grid[512];

#endif
