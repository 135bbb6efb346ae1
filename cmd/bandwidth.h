/* bandwidth.h - how fast this machine reads memory.
 *
 * Decode is bound by reading weights, so tokens per second mean something
 * only beside this.  Memory of our own in small pages is read by some threads
 * at once, each its own part, with the next bytes fetched 0, 1, 4 or 16 KiB
 * ahead; what counts is the best of these variants, each by its median.
 *
 *     cmd_bandwidth_open(&b, 1 << 30, 2, &err);
 *     ... cmd_bandwidth_take(b) between passes of what is measured ...
 *     rate = cmd_bandwidth_result(b);
 *     cmd_bandwidth_close(b);
 *
 * Owns: the memory.  Threads: one that calls.
 */
#ifndef TARN_CMD_BANDWIDTH_H
#define TARN_CMD_BANDWIDTH_H

#include <stdint.h>

#include "core/base/types.h"

struct cmd_bandwidth;

/* bytes: far more than the caches hold.  They are touched here. */
enum tarn_status cmd_bandwidth_open(struct cmd_bandwidth **out, uint64_t bytes,
                                    uint32_t threads, struct tarn_error *err);
/* Every variant once (a tenth of a second per GB or so). */
void cmd_bandwidth_take(struct cmd_bandwidth *b);
/* Bytes per second; 0 before the first take(). */
double cmd_bandwidth_result(const struct cmd_bandwidth *b);
void cmd_bandwidth_close(struct cmd_bandwidth *b); /* NULL allowed */

#endif
