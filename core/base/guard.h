/* guard.h - what a foreign library may change in this process (fault
 * P11), remembered before its code runs and put back afterwards.
 *
 *     struct tarn_guard *g = tarn_guard_begin();
 *     ... dlopen(), open() of a backend ...
 *     if (tarn_guard_end(g, what, sizeof what))
 *         tarn_log(rt, 1, "%s changed %s", name, what);
 *
 * Locale, signal mask, signal handlers, current folder, floating point
 * environment.  In between stdout is stderr: answers alone belong there.  In
 * WebAssembly nothing of this can change, and nothing is done.
 *
 * Owns: what begin() gives, until end().  Threads: begin and end on the one
 * that runs the foreign code; handlers, folder and stdout are the process's.
 */
#ifndef TARN_BASE_GUARD_H
#define TARN_BASE_GUARD_H

#include <stddef.h>

/* Room enough for every name that end() can write. */
#define TARN_GUARD_ROOM 128u

struct tarn_guard;

/* NULL: no memory; nothing is guarded then. */
struct tarn_guard *tarn_guard_begin(void);
/* Puts back what differs and says how much that was; its names go to `what`:
 * "the locale, the signal mask", "" for nothing.  Frees g; NULL allowed. */
unsigned tarn_guard_end(struct tarn_guard *g, char *what, size_t room);

#endif
