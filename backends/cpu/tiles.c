/* tiles.c - may this process use tiles, and do they multiply.
 *
 * Linux gives the 8 KiB of registers to processes that ask (5.16); what is
 * given holds for all threads, present and future. */
#include "backends/cpu/tiles.h"

#include <string.h>

#include "backends/cpu/vec.h"
#include "backends/fail.h"

#if defined(TARN_CPU_TILES_IN_C)
static long permission(void)
{
    return tarn_tile_permission();
}
#else
#include <asm/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef ARCH_REQ_XCOMP_PERM
#define ARCH_REQ_XCOMP_PERM 0x1023
#endif
#define XFEATURE_XTILE_DATA 18

static long permission(void)
{
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA);
}
#endif

/* One product of each kind; whether all sums are right. */
KERNEL static bool try_tiles(void)
{
    static const struct tile_shapes shapes = {
        .palette = 1,
        .row_bytes = { 64, 64, 64, 64 },
        .rows = { 16, 16, 16, 16 },
    };
    uint8_t a[16][64], b[16][64];
    int32_t c[2][16][16];
    bool right = true;
    for (uint32_t i = 0; i < 16 * 64; i++) {
        a[i / 64][i % 64] = (uint8_t)(i * 37 + 11);
        b[i / 64][i % 64] = (uint8_t)(i * 101 + 200);
    }
    TILE_CONFIG(&shapes);
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_LOAD(2, a, 64);
    TILE_LOAD(3, b, 64);
    TILE_DP_SS(0, 2, 3);
    TILE_DP_SU(1, 2, 3);
    TILE_STORE(0, c[0], 64);
    TILE_STORE(1, c[1], 64);
    TILE_RELEASE();
    for (uint32_t m = 0; m < 16; m++)
        for (uint32_t n = 0; n < 16; n++) {
            int32_t ss = 0, su = 0;
            for (uint32_t k = 0; k < 64; k++) {
                const int32_t x = (int8_t)a[m][k], y = b[k / 4][4 * n + k % 4];
                ss += x * (int8_t)y;
                su += x * y;
            }
            right = right && c[0][m][n] == ss && c[1][m][n] == su;
        }
    return right;
}

enum tarn_status tarn_cpu_tiles_open(struct tarn_error *err)
{
    if (permission() != 0)
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "The system does not let this process use "
                                 "the tile registers (AMX).");
    if (!try_tiles())
        return tarn_backend_fail(err, TARN_DEVICE,
                                 "The tiles (AMX) of this processor multiply "
                                 "wrongly.");
    return TARN_OK;
}
