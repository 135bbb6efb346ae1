/* literal.h - Python and JSON literals to JSON text, for call.c.
 *
 * Owns: nothing but what it appends.  Threads: any.
 */
#ifndef TARN_TURN_LITERAL_H
#define TARN_TURN_LITERAL_H

#include "core/base/buf.h"
#include "core/turn/call.h"

enum tarn_literal_kind {
    TARN_LITERAL_STRING,
    TARN_LITERAL_NUMBER,
    TARN_LITERAL_BOOL,
    TARN_LITERAL_NULL,
    TARN_LITERAL_LIST,
    TARN_LITERAL_OBJECT,
    TARN_LITERAL_WORD /* bare; nothing is appended */
};

struct tarn_literal {
    const char *text;
    size_t size, at;   /* at: next byte */
    bool loose_quotes; /* a string ends where the argument does */
    uint32_t problems;
    const char *wrong; /* why it stopped, or NULL */
};

#define TARN_CALL_TOO_DEEP "values are nested more than 32 deep"

bool tarn_literal_fail(struct tarn_literal *l, const char *why);
void tarn_literal_space(struct tarn_literal *l);
/* The next byte if it is c. */
bool tarn_literal_skip(struct tarn_literal *l, char c);
int tarn_literal_peek(const struct tarn_literal *l); /* -1: the end */
/* An identifier's bytes at `at`; '-' only if `dashes`. */
size_t tarn_literal_ident(const struct tarn_literal *l, size_t at, bool dashes);
/* One value, appended as JSON. */
bool tarn_literal_read(struct tarn_literal *l, struct tarn_buf *json,
                       enum tarn_literal_kind *kind);

#endif
