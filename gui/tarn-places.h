/* tarn-places.h - where the program's own files lie.
 *
 * Threads: any.
 */
#ifndef TARN_GUI_PLACES_H
#define TARN_GUI_PLACES_H

#include <glib.h>

/* tarn_pocket_path() of the core; NULL: not found.  Owned by the caller. */
char *tarn_places_pocket(void);
/* The folder of the running program; owned by the caller. */
char *tarn_places_program(void);

#endif
