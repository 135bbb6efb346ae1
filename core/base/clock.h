/* clock.h - time.  Threads: any. */
#ifndef TARN_BASE_CLOCK_H
#define TARN_BASE_CLOCK_H

#include <stdint.h>

double tarn_now_ms(void);   /* monotonic, from an arbitrary beginning */
int64_t tarn_unix_ms(void); /* since 1970, UTC */

#endif
