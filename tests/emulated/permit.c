/* permit.c - preloaded by run.sh: Linux in the emulator knows nothing of the
 * tiles that tiles_on.c switched on and would refuse them. */
#include <stdarg.h>

#define SYS_ARCH_PRCTL 158
#define ARCH_REQ_XCOMP_PERM 0x1023

long syscall(long number, ...);

long syscall(long number, ...)
{
    long a[6], result;
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_ARCH_PRCTL && a[0] == ARCH_REQ_XCOMP_PERM)
        return 0;
    register long d __asm__("r10") = a[3];
    register long e __asm__("r8") = a[4];
    register long f __asm__("r9") = a[5];
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(d),
                       "r"(e), "r"(f)
                     : "rcx", "r11", "memory");
    return result;
}
