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

/* A person's folder for what tarn keeps: $XDG_DATA_HOME/tarn, else
 * $HOME/.local/share/tarn, and for what it can find out again: $XDG_CACHE_HOME
 * or .cache.  It need not be there (tarn_folder_make()).  False: neither
 * variable is set to an absolute path (of HOME: to a folder that is there), or
 * there is less than 64 bytes' room for names below it. */
bool tarn_place_data(char *out, size_t room);
bool tarn_place_cache(char *out, size_t room);

#endif
