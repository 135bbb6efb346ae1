/* probe.h - what a plugin does when it is loaded, tried out in a child.
 *
 * A plugin that crashes, hangs, exits or calculates wrongly does so there.
 * The child's whole answer is one JSON object on a pipe; its other output
 * goes nowhere.
 *
 * Threads: any.
 */
#ifndef TARN_PLUGINS_PROBE_H
#define TARN_PLUGINS_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/note.h"
#include "core/base/buf.h"
#include "core/base/json.h"

struct tarn_verdict {
    bool good;
    bool passing;     /* the refusal may not last: not to be remembered */
    bool partial;     /* good so far, but can't run the whole canary */
    char reason[240]; /* of a refusal, or what it can't run */
    double speed;     /* tarn_canary_speed() of the first device; 0: ? */
    double probe_ms;
    struct tarn_device_info *devices; /* [n_devices], owned */
    uint32_t n_devices;
};
void tarn_verdict_finish(struct tarn_verdict *v);
void tarn_verdict_write(struct tarn_buf *b, const struct tarn_verdict *v);
void tarn_verdict_write_devices(struct tarn_buf *b,
                                const struct tarn_device_info *d, uint32_t n);
/* false if it is not what write() made; *out is empty then. */
bool tarn_verdict_read(const struct tarn_json *json, struct tarn_verdict *out);

/* Probes the open file.  Always fills *out; the caller finishes it. */
void tarn_probe(int fd, double limit_ms, struct tarn_verdict *out);

/* Loads the open file into this process and checks what it says against its
 * note.  The descriptor must stay open as long as the process lives: the
 * loader knows a library by its name, which is the descriptor's here. */
enum tarn_status tarn_probe_load(int fd, const struct tarn_note *note,
                                 const struct tarn_backend **out,
                                 struct tarn_error *err);

#endif
