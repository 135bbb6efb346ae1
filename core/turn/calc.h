/* calc.h - the value of an arithmetic expression; nothing else.
 *
 * Numbers, + - * / // % ** ^ ! and brackets, a fixed list of functions and
 * three constants.  No names, no assignments, no strings: text that a model
 * wrote is worked out, never run.  Whole numbers are exact within 64 bits and
 * otherwise, like all others, float64.  The stack is constant (no recursion),
 * time is linear in the text.
 *
 * Owns: nothing, allocates nothing.  Threads: any.
 */
#ifndef TARN_TURN_CALC_H
#define TARN_TURN_CALC_H

#include <stdbool.h>
#include <stddef.h>

#define TARN_CALC_MAX_TEXT 1000 /* bytes */
#define TARN_CALC_MAX_DEPTH 64  /* brackets and operators that wait */

struct tarn_calc {
    char text[40];     /* the value: "42", "0.3", "1.5e+20" */
    const char *wrong; /* why there is none: constant, a clause; or NULL */
    size_t byte;       /* where, if wrong */
};

/* false: see wrong and byte. */
bool tarn_calc(const char *text, size_t size, struct tarn_calc *out);

#endif
