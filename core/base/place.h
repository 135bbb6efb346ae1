/* place.h - where the program and the files that came with it lie.
 *
 * Threads: any.
 */
#ifndef TARN_BASE_PLACE_H
#define TARN_BASE_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/* The folder of the running program, no slash behind it; false where that
 * can't be told. */
bool tarn_place_program(char *out, size_t room);
/* What tarn_pocket_path() of tarn.h says. */
bool tarn_place_pocket(char *out, size_t room);

#endif
