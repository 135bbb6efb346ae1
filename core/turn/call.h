/* call.h - what a model wrote between the call markers becomes calls.
 *
 * The trained form is a list of Python-like calls, [name(arg="v", n=3)];
 * JSON forms are read too.  Nothing is ever evaluated:
 * values are literals, depth and size are bounded, the stack is constant.
 *
 * Only what stood between real control tokens, is complete, names a declared
 * tool and fits its parameters may RUN; what merely looks like that is
 * OFFERED to the person.  At the first thing that cannot be read the whole
 * block is handed back with the byte and a reason for the model (C01).
 *
 *     tarn_tools_create(json, size, &tools, &err);
 *     tarn_calls_read(tools, text, size, TARN_CALL_BLOCK, &calls, &err);
 *     for (i = 0; i < calls.n_run; i++) run(&calls.run[i]);
 *     tarn_calls_finish(&calls);
 *
 * Owns: struct tarn_calls owns its strings.  Threads: any; tools read only.
 */
#ifndef TARN_TURN_CALL_H
#define TARN_TURN_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"

#define TARN_CALL_MAX_DEPTH 32 /* of nested values */
#define TARN_CALL_MAX_TEXT ((size_t)1 << 20)
#define TARN_CALL_MAX_CALLS 64 /* in one block */
#define TARN_CALL_MAX_ARGUMENTS 256
#define TARN_TOOLS_MAX_TEXT ((size_t)1 << 20)
#define TARN_TOOLS_MAX 256

/* ------------------------------------------------------------------ tools */
struct tarn_tools;

/* A JSON array of declarations: {"type":"function","function":{...}} or the
 * inner object alone.  TARN_USAGE with the index of a wrong one, TARN_LIMIT
 * above the limits (C09).  No regular expression of a schema is used. */
enum tarn_status tarn_tools_create(const char *json, size_t size,
                                   struct tarn_tools **out,
                                   struct tarn_error *err);
void tarn_tools_destroy(struct tarn_tools *tools); /* NULL allowed */

/* ------------------------------------------------------------------ calls */
enum tarn_call_origin {
    TARN_CALL_BLOCK, /* between the markers */
    TARN_CALL_CUT,   /* the end marker never came */
    TARN_CALL_BARE   /* a whole answer, or the end of a thought: no markers */
};

/* Bits; tests/oracle/toolcalls.jsonl has an example of each. */
enum tarn_call_problem {
    TARN_CALL_MISSING_BRACKETS = 1 << 0,
    TARN_CALL_RAW_CONTROL = 1 << 1, /* a line break inside a string */
    TARN_CALL_NESTED_QUOTES = 1 << 2,
    TARN_CALL_LEADING_ZERO = 1 << 3,
    TARN_CALL_UNKNOWN_FUNCTION = 1 << 4,
    TARN_CALL_BARE_CALL = 1 << 5,
    TARN_CALL_UNTERMINATED = 1 << 6,
    TARN_CALL_POSITIONAL = 1 << 7,
    TARN_CALL_BARE_WORD = 1 << 8, /* taken for a string */
    TARN_CALL_COERCED = 1 << 9,
    TARN_CALL_UNKNOWN_PARAMETER = 1 << 10,
    TARN_CALL_MISSING_REQUIRED = 1 << 11,
    TARN_CALL_DUPLICATE = 1 << 12, /* the last one counts */
    TARN_CALL_UNPACKING = 1 << 13,
    TARN_CALL_BAD_LITERAL = 1 << 14,
    TARN_CALL_EMPTY_BLOCK = 1 << 15,
    TARN_CALL_TEXT_IN_BLOCK = 1 << 16, /* prose: show it */
    TARN_CALL_WRONG_TYPE = 1 << 17,
    TARN_CALL_WRONG_VALUE = 1 << 18,   /* not in the parameter's enum */
    TARN_CALL_NOT_UNDERSTOOD = 1 << 19 /* byte and reason say where */
};
#define TARN_CALL_N_PROBLEMS 20
/* "missing_brackets" ... for the bit 1 << i. */
const char *tarn_call_problem_name(unsigned i);

struct tarn_call {
    char *name;      /* owned */
    char *arguments; /* owned; a JSON object */
};

struct tarn_calls {
    struct tarn_call *run, *offer; /* owned; offer is never run unasked */
    size_t n_run, n_offer;
    uint32_t problems;
    size_t byte;        /* where reading stopped, if NOT_UNDERSTOOD or */
    const char *reason; /* BAD_LITERAL; constant, a clause; or NULL */
};

/* tools NULL: nothing is declared; every name may be meant (for display).
 * TARN_LIMIT above TARN_CALL_MAX_TEXT, TARN_NO_MEMORY; all else is a problem,
 * not a failure. */
enum tarn_status tarn_calls_read(const struct tarn_tools *tools,
                                 const char *text, size_t size,
                                 enum tarn_call_origin origin,
                                 struct tarn_calls *out,
                                 struct tarn_error *err);
void tarn_calls_finish(struct tarn_calls *calls); /* zeroed allowed */

#endif
