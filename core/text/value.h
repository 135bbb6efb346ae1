/* value.h - spelling JSON values as Python does, for the chat layouts.
 *
 * Owns: nothing.  Threads: any.
 */
#ifndef TARN_TEXT_VALUE_H
#define TARN_TEXT_VALUE_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/json.h"

enum tarn_value_form {
    TARN_VALUE_JSON,  /* json.dumps(v, ensure_ascii=False) */
    TARN_VALUE_PYTHON /* str(v): single quotes, True, None */
};

/* Appends v.  Numbers: integers keep their digits, floats are printed as
 * Python prints them. */
void tarn_value_add(struct tarn_buf *b, const struct tarn_json *v,
                    enum tarn_value_form form);
/* No number in it is too large for a float64 (those come out as Infinity, as
 * Python writes them, which is no JSON). */
bool tarn_value_is_finite(const struct tarn_json *v);

#endif
