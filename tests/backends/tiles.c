/* tiles.c - see tiles.h. */
#include "tests/backends/tiles.h"

#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cpuid.h>

#define TARN_CPU_TILES_IN_C /* declares them */
#include "backends/cpu/tiles.h"

/* The linker sends the shipped level's question here. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long tiles_permission;
bool tiles_wrong;

static _Thread_local struct {
    struct tile_shapes shapes; /* palette 0: none */
    uint8_t data[8][16][64];
} mine;
static _Atomic uint64_t configs, releases, products, caught;

struct tile_counts tiles_counted(void)
{
    return (struct tile_counts){ configs, releases, products, caught };
}

bool tiles_are_free(void)
{
    return mine.shapes.palette == 0;
}

static void need(bool holds, const char *what)
{
    if (holds)
        return;
    printf("Bail out! the machine would refuse: %s\n", what);
    fflush(stdout);
    abort();
}

/* -------------------------------------------------------------- instructions */

void tarn_tile_config(const struct tile_shapes *s)
{
    need(s->palette == 1 && s->start_row == 0, "palette or start row");
    for (int i = 0; i < 14; i++)
        need(s->zeros[i] == 0, "reserved bytes of the configuration");
    for (int i = 0; i < 16; i++) {
        need(s->row_bytes[i] <= (i < 8 ? 64 : 0) &&
                 s->rows[i] <= (i < 8 ? 16 : 0),
             "a tile that is too large");
        need((s->row_bytes[i] == 0) == (s->rows[i] == 0), "half a shape");
    }
    memset(&mine, 0, sizeof mine);
    mine.shapes = *s;
    configs++;
}

void tarn_tile_release(void)
{
    memset(&mine, 0, sizeof mine);
    releases++;
}

static void need_tile(int c)
{
    need(mine.shapes.palette == 1, "no configuration");
    need(c >= 0 && c < 8 && mine.shapes.rows[c] > 0, "a tile without shape");
}

void tarn_tile_zero(int c)
{
    need_tile(c);
    memset(mine.data[c], 0, sizeof mine.data[c]);
}

void tarn_tile_load(int c, const void *at, size_t stride)
{
    tarn_tile_zero(c);
    for (size_t i = 0; i < mine.shapes.rows[c]; i++)
        memcpy(mine.data[c][i], (const uint8_t *)at + i * stride,
               mine.shapes.row_bytes[c]);
}

void tarn_tile_store(int c, void *at, size_t stride)
{
    need_tile(c);
    for (size_t i = 0; i < mine.shapes.rows[c]; i++)
        memcpy((uint8_t *)at + i * stride, mine.data[c][i],
               mine.shapes.row_bytes[c]);
}

/* C [m][n] += A [m][k] B [k][n], four bytes of each along k.  Where the rest
 * of the level runs there is AVX-512. */
typedef int32_t v16 __attribute__((vector_size(64)));
typedef uint32_t u16 __attribute__((vector_size(64)));
__attribute__((target("avx512f,avx512bw"))) static void multiply(int c, int a, int b, bool signed_a, bool signed_b)
{
    const struct tile_shapes *s = &mine.shapes;
    need_tile(c);
    need_tile(a);
    need_tile(b);
    need(a != b && a != c && b != c, "a tile met itself");
    need(s->row_bytes[a] % 4 == 0 && s->row_bytes[b] % 4 == 0 &&
             s->row_bytes[c] % 4 == 0 && s->rows[c] == s->rows[a] &&
             s->row_bytes[a] / 4 == s->rows[b] &&
             s->row_bytes[c] == s->row_bytes[b],
         "shapes that do not fit each other");
    v16 y[64], sums[16]; /* B, k by n */
    const int rows = s->rows[c], depth = s->row_bytes[a];
    for (int k = 0; k < depth; k++) {
        memcpy(y + k, mine.data[b][k / 4], sizeof *y);
        y[k] = (v16)((u16)y[k] << (24 - 8 * (k % 4)));
        y[k] = signed_b ? y[k] >> 24 : (v16)((u16)y[k] >> 24);
    }
    memcpy(sums, mine.data[c], sizeof sums);
    for (int m = 0; m < rows; m++) {
        v16 sum = sums[m];
        for (int k = 0; k < depth; k++) {
            const uint8_t u = mine.data[a][m][k];
            sum += (signed_a ? (int8_t)u : u) * y[k];
        }
        sum[0] ^= tiles_wrong;
        memcpy(mine.data[c][m], &sum, s->row_bytes[c]);
    }
    products++;
}

void tarn_tile_dp_ss(int c, int a, int b)
{
    multiply(c, a, b, true, true);
}

void tarn_tile_dp_su(int c, int a, int b)
{
    multiply(c, a, b, true, false);
}

/* ---------------------------------------------------------------- permission */

bool tiles_are_here(void)
{
    uint32_t a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 27))
        return false;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 24 & 3) == 3 &&
           (low & 0x60000) == 0x60000 &&
           __real_syscall(SYS_arch_prctl, 0x1023, 18) == 0;
}

long tarn_tile_permission(void)
{
    return tiles_permission;
}

long __wrap_syscall(long number, ...)
{
    long x[6];
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        x[i] = va_arg(args, long);
    va_end(args);
    if (number == SYS_arch_prctl && x[0] == 0x1023 && x[1] == 18)
        return tiles_permission;
    return __real_syscall(number, x[0], x[1], x[2], x[3], x[4], x[5]);
}

/* --------------------------------------------------------------- machine code
 * All are C4, [R X B 00010], [0 vvvv 0 pp] (R, X, B, vvvv inverted), opcode,
 * ModRM and what it takes.  pp: none, 66, F3, F2. */

struct code {
    uint8_t prefix, opcode, mod;
    int reg, rm, vvvv; /* tiles, or parts of an address */
    size_t size;
    uintptr_t base, index; /* of an address */
};

static uintptr_t register_of(const ucontext_t *u, int n)
{
    static const int AT[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX,
                                REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11,
                                REG_R12, REG_R13, REG_R14, REG_R15 };
    return (uintptr_t)u->uc_mcontext.gregs[AT[n]];
}

/* The address behind ModRM at p[4]; index: the other register, scaled. */
static void read_address(const ucontext_t *u, const uint8_t *p,
                         struct code *o)
{
    const int x = (p[1] & 0x40) ? 0 : 8, b = (p[1] & 0x20) ? 0 : 8;
    int rm = p[4] & 7, wide = o->mod == 2;
    o->size = 5;
    if (rm == 4) {
        const uint8_t sib = p[o->size++];
        const int index = (sib >> 3 & 7) + x;
        rm = sib & 7;
        o->index = index == 4 ? 0 : register_of(u, index) << (sib >> 6);
        wide = wide || (rm == 5 && o->mod == 0);
        o->base = rm == 5 && o->mod == 0 ? 0 : register_of(u, rm + b);
    } else if (rm == 5 && o->mod == 0) { /* beside the next instruction */
        o->base = (uintptr_t)p + 9;
        wide = 1;
    } else {
        o->base = register_of(u, rm + b);
    }
    int32_t far = 0;
    if (wide)
        memcpy(&far, p + o->size, 4);
    else if (o->mod == 1)
        far = (int8_t)p[o->size];
    o->size += wide ? 4 : o->mod == 1;
    o->base += (uintptr_t)(intptr_t)far;
}

static bool read_code(const ucontext_t *u, const uint8_t *p, struct code *o)
{
    if (p[0] != 0xc4 || (p[1] & 0x1f) != 2 || (p[2] & 0x84) != 0)
        return false;
    *o = (struct code){ .prefix = p[2] & 3,
                        .opcode = p[3],
                        .mod = p[4] >> 6,
                        .reg = p[4] >> 3 & 7,
                        .rm = p[4] & 7,
                        .vvvv = ~(p[2] >> 3) & 15,
                        .size = 5 };
    if (o->mod != 3)
        read_address(u, p, o);
    return true;
}

/* False: none of those that we use. */
static bool run_code(const struct code *c)
{
    void *at = (void *)c->base;
    const bool memory = c->mod != 3;
    if (c->opcode == 0x49 && c->prefix == 0 && memory && c->reg == 0)
        tarn_tile_config(at);
    else if (c->opcode == 0x49 && c->prefix == 0 && !memory && c->reg == 0)
        tarn_tile_release();
    else if (c->opcode == 0x49 && c->prefix == 3 && !memory)
        tarn_tile_zero(c->reg);
    else if (c->opcode == 0x4b && c->prefix == 3 && memory)
        tarn_tile_load(c->reg, at, c->index);
    else if (c->opcode == 0x4b && c->prefix == 2 && memory)
        tarn_tile_store(c->reg, at, c->index);
    else if (c->opcode == 0x5e && c->prefix == 3 && !memory)
        tarn_tile_dp_ss(c->reg, c->rm, c->vvvv);
    else if (c->opcode == 0x5e && c->prefix == 2 && !memory)
        tarn_tile_dp_su(c->reg, c->rm, c->vvvv);
    else
        return false;
    return true;
}

static void on_illegal(int signal_number, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    const uint8_t *p = (const uint8_t *)u->uc_mcontext.gregs[REG_RIP];
    struct code c;
    (void)info;
    if (read_code(u, p, &c) && run_code(&c)) {
        caught++;
        u->uc_mcontext.gregs[REG_RIP] += (greg_t)c.size;
        return;
    }
    signal(signal_number, SIG_DFL); /* and once more, for good */
}

void tiles_catch(void)
{
    const struct sigaction a = { .sa_sigaction = on_illegal,
                                 .sa_flags = SA_SIGINFO | SA_NODEFER };
    sigaction(SIGILL, &a, NULL);
}
