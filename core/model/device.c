/* device.c - devices as they say they are, held to what a plan can take
 * (fault P09), and opened without being let loose on the process (P11).
 */
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/guard.h"
#include "core/model/model.h"

/* Sums of a few of these can't wrap. */
#define MAX_MEMORY (UINT64_C(1) << 46)

static void clamp(uint64_t *bytes)
{
    if (*bytes > MAX_MEMORY)
        *bytes = MAX_MEMORY;
}

enum tarn_status tarn_device_look(const struct tarn_backend *b,
                                  const struct tarn_host *host, uint32_t index,
                                  struct tarn_device_info *out,
                                  struct tarn_error *err)
{
    struct tarn_device_info d = { .size = sizeof d };
    const enum tarn_status s = b->device_info(host, index, &d, err);
    if (s)
        return s;
    if (d.kind > TARN_DEVICE_SOFTWARE)
        return tarn_fail(err, TARN_DEVICE,
                         "a device of %s says that it is of kind %u; %u is "
                         "the last one",
                         b->name, d.kind, (unsigned)TARN_DEVICE_SOFTWARE);
    if (d.in_place > TARN_EXPERTS_IN_PLACE)
        d.in_place = TARN_COPIES; /* the least promise */
    tarn_show(d.name, sizeof d.name, d.name,
              strnlen(d.name, sizeof d.name));
    tarn_show(d.detail, sizeof d.detail, d.detail,
              strnlen(d.detail, sizeof d.detail));
    clamp(&d.memory_total);
    clamp(&d.memory_free);
    clamp(&d.max_weight_bytes);
    d.size = sizeof d;
    *out = d;
    return TARN_OK;
}

enum tarn_status tarn_device_open(const struct tarn_backend *b,
                                  const struct tarn_host *host, uint32_t index,
                                  struct tarn_dev **out, struct tarn_error *err)
{
    char what[TARN_GUARD_ROOM], line[240];
    struct tarn_guard *g = tarn_guard_begin();
    const enum tarn_status s = b->open(host, index, out, err);
    if (tarn_guard_end(g, what, sizeof what)) {
        snprintf(line, sizeof line,
                 "%s changed %s while its device was opened; that was put "
                 "back",
                 b->name, what);
        host->log(host->user, 1, line);
    }
    return s;
}
