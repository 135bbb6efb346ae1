/* options.c - see options.h. */
#include "backends/dummy/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "backends/fail.h"

/* A decimal at *p, which moves behind it; false if there is none or it is
 * beyond 10^15. */
static bool take_number(const char **p, uint64_t *out)
{
    uint64_t n = 0;
    const char *s = *p;
    while (*s >= '0' && *s <= '9' && n < UINT64_C(1000000000000000))
        n = n * 10 + (uint64_t)(*s++ - '0');
    if (s == *p || (*s >= '0' && *s <= '9'))
        return false;
    *p = s;
    *out = n;
    return true;
}

/* 1.2.3 */
static bool take_ids(const char **p, struct tarn_dummy_options *o)
{
    for (o->n_say = 0; o->n_say < TARN_DUMMY_SAY_MAX;) {
        uint64_t id;
        if (!take_number(p, &id) || id > INT32_MAX)
            return false;
        o->say[o->n_say++] = (int32_t)id;
        if (**p != '.')
            return true;
        ++*p;
    }
    return false;
}

enum tarn_status tarn_dummy_options(const char *text,
                                    struct tarn_dummy_options *out,
                                    struct tarn_error *err)
{
    struct tarn_dummy_options o = { .length = 40,
                                    .after = 6,
                                    .skip = 2,
                                    .end = 7,
                                    .refuse = UINT64_MAX,
                                    .memory = UINT64_C(8) << 30 };
    const struct {
        const char *name;
        uint64_t *value;
    } numbers[] = {
        { "tps=", &o.tps },       { "pps=", &o.pps },
        { "length=", &o.length }, { "after=", &o.after },
        { "skip=", &o.skip },     { "end=", &o.end },
        { "fail=", &o.fail },     { "hang=", &o.hang },
        { "deaf=", &o.deaf },     { "nan=", &o.nan },
        { "nomem=", &o.nomem },   { "refuse=", &o.refuse },
        { "memory=", &o.memory },
    };
    const char *p = text ? text : "";
    while (*p) {
        const char *word = p;
        bool good = false;
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            const size_t n = strlen(numbers[i].name);
            if (strncmp(word, numbers[i].name, n) == 0) {
                p = word + n;
                good = take_number(&p, numbers[i].value);
            }
        }
        if (strncmp(word, "say=", 4) == 0) {
            p = word + 4;
            good = take_ids(&p, &o);
        }
        if (!good || (*p && *p != ',')) {
            char shown[40];
            tarn_plain_name(shown, sizeof shown, word);
            return tarn_backend_fail(err, TARN_USAGE,
                                     "TARN_DUMMY is not understood from \"%s\" "
                                     "on; it is a list like tps=30,fail=12.",
                                     shown);
        }
        p += *p == ',';
    }
    *out = o;
    return TARN_OK;
}
