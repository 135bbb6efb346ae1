/* tiles.h - the tile instructions (AMX) that this level uses, one macro each.
 *
 * Eight registers of 16 rows of 64 bytes.  A thread says which shapes it wants
 * (TILE_CONFIG), which clears them, and gives them back (TILE_RELEASE), so that
 * the system need not save 8 KiB at a switch.  A product adds A [m][4k] times
 * B [k][n][4] to C [m][n] int32, the four bytes along k side by side.
 *
 * The instructions are spelled out: GCC 12's _tile_loadconfig reads 8 bytes of
 * 64, and its loads do not wait for stores (KERNELS 12.1).
 *
 * TARN_CPU_TILES_IN_C makes calls of them, for tests on machines without the
 * instructions: tests/backends/tiles.c does exactly what they do.
 *
 * Owns: the thread's tile registers between config and release.
 */
#ifndef TARN_CPU_TILES_H
#define TARN_CPU_TILES_H

#include <stddef.h>
#include <stdint.h>

#include "backends/cpu/cpu.h"

#define TILE_ROWS 16u

/* What ldtilecfg reads. */
struct tile_shapes {
    uint8_t palette, start_row, zeros[14];
    uint16_t row_bytes[16]; /* of tile i */
    uint8_t rows[16];
};
_Static_assert(sizeof(struct tile_shapes) == 64, "the machine reads 64 bytes");

/* Asks the system for the registers and multiplies once, so that a machine
 * that can't is told by a sentence (or, in a probe, by its end) before any
 * weight is there.  Once per device. */
enum tarn_status tarn_cpu_tiles_open(struct tarn_error *err);

/* Kernels as in cpu.h; fewer than 16 rows of activations, or rows that are not
 * evenly spaced, go the way of avx512. */
void tarn_cpu_tiles_256(const struct cpu_tile *t); /* all of A256 */
size_t tarn_cpu_tiles_256_scratch(uint32_t k);
void tarn_cpu_tiles_32(const struct cpu_tile *t); /* all of A32 */
size_t tarn_cpu_tiles_32_scratch(uint32_t k);

/* The first of n rows of activations and their distance, if they are evenly
 * spaced; NULL if not. */
static inline const uint8_t *tarn_cpu_even(const struct cpu_tile *t,
                                           size_t stride)
{
    for (uint32_t i = 1; i < t->n_acts; i++)
        if (t->acts[i] != t->acts[0] + i * stride)
            return NULL;
    return t->acts[0];
}

#if defined(TARN_CPU_TILES_IN_C)
void tarn_tile_config(const struct tile_shapes *s);
void tarn_tile_release(void);
void tarn_tile_zero(int c);
void tarn_tile_load(int c, const void *at, size_t stride);
void tarn_tile_store(int c, void *at, size_t stride);
void tarn_tile_dp_ss(int c, int a, int b);
void tarn_tile_dp_su(int c, int a, int b);
long tarn_tile_permission(void);
#define TILE_CONFIG(shapes_) tarn_tile_config(shapes_)
#define TILE_RELEASE() tarn_tile_release()
#define TILE_ZERO(c_) tarn_tile_zero(c_)
#define TILE_LOAD(c_, at_, stride_) tarn_tile_load(c_, at_, stride_)
#define TILE_STORE(c_, at_, stride_) tarn_tile_store(c_, at_, stride_)
#define TILE_DP_SS(c_, a_, b_) tarn_tile_dp_ss(c_, a_, b_)
#define TILE_DP_SU(c_, a_, b_) tarn_tile_dp_su(c_, a_, b_)
#else
#define TILE_CONFIG(shapes_) \
    __asm__ volatile("ldtilecfg %0" : : "m"(*(shapes_)))
#define TILE_RELEASE() __asm__ volatile("tilerelease" : : : "memory")
#define TILE_ZERO(c_) __asm__ volatile("tilezero %%tmm" #c_ : :)
#define TILE_LOAD(c_, at_, stride_)                           \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #c_         \
                     :                                        \
                     : "r"(at_), "r"((size_t)(stride_))       \
                     : "memory")
#define TILE_STORE(c_, at_, stride_)                          \
    __asm__ volatile("tilestored %%tmm" #c_ ", (%0,%1,1)"     \
                     :                                        \
                     : "r"(at_), "r"((size_t)(stride_))       \
                     : "memory")
/* Bytes of A have signs; those of B have (SS) or have not (SU). */
#define TILE_DP_SS(c_, a_, b_) \
    __asm__ volatile("tdpbssd %%tmm" #b_ ", %%tmm" #a_ ", %%tmm" #c_ : :)
#define TILE_DP_SU(c_, a_, b_) \
    __asm__ volatile("tdpbsud %%tmm" #b_ ", %%tmm" #a_ ", %%tmm" #c_ : :)
#endif

#endif
