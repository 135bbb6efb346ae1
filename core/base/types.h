/* types.h - status and sentence.
 *
 * The numbers 0 .. 9 are also the exit codes of every program
 * (docs/users.md).  Shared with backends, so it includes nothing and is only
 * appended.
 */
#ifndef TARN_BASE_TYPES_H
#define TARN_BASE_TYPES_H

enum tarn_status {
    TARN_OK = 0,
    TARN_INTERNAL = 1,  /* broken invariant */
    TARN_USAGE = 2,
    TARN_BAD_FILE = 3,
    TARN_NO_MEMORY = 4,
    TARN_IO = 5,
    TARN_DEVICE = 6,
    TARN_NET = 7,
    TARN_BUSY = 8,
    TARN_LIMIT = 9,
    /* never leave the program */
    TARN_UNSUPPORTED = 64,
    TARN_CANCELLED = 65
};

struct tarn_error {
    enum tarn_status status;
    char text[240]; /* one sentence, UTF-8, foreign text escaped */
};

#endif
