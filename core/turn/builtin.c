/* builtin.c - see builtin.h. */
#include "core/turn/builtin.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/turn/calc.h"

/* The years 1 to 9999, whose dates have the usual form. */
#define FIRST_MS INT64_C(-62135596800000)
#define LAST_MS INT64_C(253402300799999)
#define DAY_MS INT64_C(86400000)

const char *tarn_builtin_tools(void)
{
    return "[{\"type\": \"function\", \"function\": {\"name\": \"calculator\", "
           "\"description\": \"Compute an expression\", \"parameters\": "
           "{\"type\": \"object\", \"properties\": {\"expression\": {\"type\": "
           "\"string\"}}, \"required\": [\"expression\"]}}}, "
           "{\"type\": \"function\", \"function\": {\"name\": \"clock\", "
           "\"description\": \"Current date and local time\", \"parameters\": "
           "{\"type\": \"object\", \"properties\": {}, \"required\": []}}}]";
}

const char *tarn_builtin_effects(const char *name)
{
    if (!strcmp(name, "calculator"))
        return "Computes. Does not read or write files. Does not use the "
               "network.";
    if (!strcmp(name, "clock"))
        return "Reads this device's clock. Does not read or write files. Does "
               "not use the network.";
    return NULL;
}

static void calculate(const struct tarn_json *arguments, struct tarn_buf *out)
{
    const struct tarn_json *e = tarn_json_get(arguments, "expression");
    struct tarn_calc c;
    if (!e || (e->kind != TARN_JSON_STRING && e->kind != TARN_JSON_NUMBER))
        tarn_buf_text(out, "error: the argument expression is missing");
    else if (tarn_calc(e->text, e->size, &c))
        tarn_buf_text(out, c.text);
    else
        tarn_buf_printf(out, "error: %s (at character %zu)", c.wrong,
                        c.byte + 1);
}

/* Days since 1970-01-01 as a date: Howard Hinnant's civil_from_days. */
static void tell_time(const struct tarn_builtin_world *w, struct tarn_buf *out)
{
    static const char *const DAYS[] = { "Thursday", "Friday",  "Saturday",
                                        "Sunday",   "Monday",  "Tuesday",
                                        "Wednesday" };
    int offset = w->utc_offset_minutes;
    offset = offset < -1440 ? -1440 : offset > 1440 ? 1440 : offset;
    int64_t ms = w->unix_ms < FIRST_MS + DAY_MS ? FIRST_MS + DAY_MS
                 : w->unix_ms > LAST_MS - DAY_MS ? LAST_MS - DAY_MS
                                                 : w->unix_ms;
    ms += (int64_t)offset * 60000;
    int64_t day = ms / DAY_MS, rest = ms % DAY_MS;
    if (rest < 0) {
        day--;
        rest += DAY_MS;
    }
    const int64_t z = day + 719468, era = z / 146097, doe = z % 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 3 : mp - 9;
    const int64_t weekday = (day % 7 + 7) % 7;
    const int away = offset < 0 ? -offset : offset;
    tarn_buf_printf(out, "%s %04d-%02d-%02d %02d:%02d:%02d UTC%c%02d:%02d",
                    DAYS[weekday], (int)(yoe + era * 400 + (month <= 2)),
                    (int)month, (int)(doy - (153 * mp + 2) / 5 + 1),
                    (int)(rest / 3600000), (int)(rest / 60000 % 60),
                    (int)(rest / 1000 % 60), offset < 0 ? '-' : '+', away / 60,
                    away % 60);
}

enum tarn_status tarn_builtin_run(const char *name, const char *arguments,
                                  const struct tarn_builtin_world *world,
                                  char **result, size_t *size,
                                  struct tarn_error *err)
{
    struct tarn_json *doc = NULL;
    struct tarn_buf out = { 0 };
    if (!tarn_builtin_effects(name))
        return tarn_fail(err, TARN_USAGE, "There is no built-in tool \"%s\".",
                         tarn_shown_str(name).text);
    const enum tarn_status s =
        tarn_json_read(arguments, strlen(arguments), &doc, err);
    if (s == TARN_NO_MEMORY)
        return s;
    if (s != TARN_OK || doc->kind != TARN_JSON_OBJECT)
        tarn_buf_text(&out, "error: the arguments are no object");
    else if (!strcmp(name, "calculator"))
        calculate(doc, &out);
    else
        tell_time(world, &out);
    tarn_json_free(doc);
    *size = out.size;
    *result = tarn_buf_take(&out);
    return *result ? TARN_OK
                   : tarn_fail(err, TARN_NO_MEMORY,
                               "There was not enough memory for the result "
                               "of \"%s\".",
                               name);
}
