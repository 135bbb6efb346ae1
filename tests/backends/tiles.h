/* tiles.h - what the tile instructions of AMX do, in plain C.
 *
 * As Intel's manual (volume 2, LDTILECFG to TDPBUUD) says it; what the machine
 * would refuse (#UD, #GP) ends the test.  Met in two ways: the level is
 * compiled to calls (TARN_CPU_TILES_IN_C, backends/cpu/tiles.h), or the level
 * as it is shipped runs here and its instructions, which this machine does not
 * know, come as signals.
 *
 * Owns: the tile registers of each thread.
 */
#ifndef TARN_TESTS_TILES_H
#define TARN_TESTS_TILES_H

#include <stdbool.h>
#include <stdint.h>

/* Does this machine have them, and does the system give them? */
bool tiles_are_here(void);
/* From now on each of them that comes as SIGILL is done in C. */
void tiles_catch(void);

/* Of all threads, since the start. */
struct tile_counts {
    uint64_t configs, releases, products, caught;
};
struct tile_counts tiles_counted(void);
/* Is this thread's configuration gone? */
bool tiles_are_free(void);
/* What the system answers when it is asked for the registers. */
extern long tiles_permission;
/* Spoils every product. */
extern bool tiles_wrong;

#endif
