/* tiles_on.c - a kernel module for run.sh: gives processes all vector and tile
 * registers.  Linux leaves tiles out where a processor can't withhold them
 * (XFD), and Bochs's can't; so it is started with noxsave, which leaves
 * these registers alone, and this switches them on. */
#include <linux/module.h>

static void switch_on(void *unused)
{
    unsigned long cr4;
    asm volatile("mov %%cr4, %0" : "=r"(cr4));
    cr4 |= 1ul << 18 | 1ul << 10 | 1ul << 9; /* XSAVE, SSE and its faults */
    asm volatile("mov %0, %%cr4" : : "r"(cr4));
    /* x87, SSE, AVX, AVX-512, tiles. */
    asm volatile("xsetbv" : : "c"(0), "a"(0x600e7), "d"(0));
}

static int __init begin(void)
{
    on_each_cpu(switch_on, NULL, 1);
    return 0;
}
module_init(begin);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("all vector and tile registers for processes");
