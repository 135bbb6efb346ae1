/* grammar.h - which byte strings are allowed, as nodes; built by schema.c,
 * pattern.c, number.c and calls.c, walked by machine.c.
 *
 * A grammar is a set of rules.  A rule is a graph of nodes that ends in RETURN:
 *   BYTES   one byte of a set, then `to`
 *   SPLIT   any of n targets, without a byte
 *   CALL    a rule, then `to`
 *   LOOP    a body (a graph that ends in RETURN) min to max times, then `to`
 * Rules may call each other and themselves, but not before a byte was read.
 * Nodes are made from the end to the beginning: each knows what follows.
 *
 *     r = tarn_grammar_rule(g);
 *     end = tarn_grammar_return(g);
 *     tarn_grammar_start(g, r, tarn_grammar_text(g, "true", 4, end));
 *     g->root = r;
 *     tarn_grammar_check(g, &err);
 *
 * Node numbers: TARN_NO_NODE stands for "impossible"; every maker takes it and
 * gives it back, so dead ends vanish.  When memory or a limit runs out
 * g->failed is set, makers give TARN_NO_NODE, and check() says which it was.
 *
 * Owns: its arrays.  Threads: one at a time; read only once checked.
 */
#ifndef TARN_SAMPLE_GRAMMAR_H
#define TARN_SAMPLE_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"

#define TARN_NO_NODE UINT32_MAX
#define TARN_GRAMMAR_MAX_NODES (1u << 18)
#define TARN_GRAMMAR_MAX_RULES (1u << 14)
#define TARN_GRAMMAR_DEPTH 60u /* brackets within brackets, core/base/json's
                                  readers allow 64 */
#define TARN_FOREVER UINT32_MAX /* of a loop's most; of a distance: never */

enum tarn_node_kind {
    TARN_NODE_RETURN, TARN_NODE_BYTES, TARN_NODE_SPLIT, TARN_NODE_CALL,
    TARN_NODE_LOOP
};
struct tarn_node {
    uint8_t kind; /* enum tarn_node_kind */
    uint32_t a;   /* BYTES: set; SPLIT: first target; CALL: rule; LOOP: loop */
    uint32_t to;  /* SPLIT: how many targets */
};
struct tarn_byte_set {
    uint32_t bits[8];
};
struct tarn_node_loop {
    uint32_t least, most, body;
};
struct tarn_rule {
    uint32_t start;
    bool bracket; /* counts for the depth */
};
struct tarn_grammar {
    struct tarn_node *nodes;
    struct tarn_byte_set *sets;
    uint32_t *targets;
    struct tarn_node_loop *loops;
    struct tarn_rule *rules;
    uint32_t n_nodes, n_sets, n_targets, n_loops, n_rules, root;
    uint32_t room_nodes, room_sets, room_targets, room_loops, room_rules;
    bool failed, too_large;
    /* by check(): from a node to the end of its rule */
    uint32_t *bytes; /* [n_nodes] fewest bytes; TARN_FOREVER: no end */
    uint8_t *depth;  /* [n_nodes] fewest brackets within each other */
};

void tarn_grammar_finish(struct tarn_grammar *g); /* zeroed allowed */

static inline bool tarn_byte_in(const struct tarn_byte_set *s, unsigned byte)
{
    return s->bits[byte >> 5] >> (byte & 31) & 1;
}
static inline void tarn_byte_add(struct tarn_byte_set *s, unsigned lo,
                                 unsigned hi)
{
    for (unsigned b = lo; b <= hi; b++)
        s->bits[b >> 5] |= 1u << (b & 31);
}

uint32_t tarn_grammar_return(struct tarn_grammar *g);
uint32_t tarn_grammar_bytes(struct tarn_grammar *g,
                            const struct tarn_byte_set *set, uint32_t to);
uint32_t tarn_grammar_range(struct tarn_grammar *g, unsigned lo, unsigned hi,
                            uint32_t to);
uint32_t tarn_grammar_text(struct tarn_grammar *g, const char *text,
                           size_t size, uint32_t to);
/* Those of the targets that are possible. */
uint32_t tarn_grammar_split(struct tarn_grammar *g, const uint32_t *targets,
                            size_t n);
uint32_t tarn_grammar_either(struct tarn_grammar *g, uint32_t a, uint32_t b);
uint32_t tarn_grammar_call(struct tarn_grammar *g, uint32_t rule, uint32_t to);
uint32_t tarn_grammar_loop(struct tarn_grammar *g, uint32_t body,
                           uint32_t least, uint32_t most, uint32_t to);
uint32_t tarn_grammar_rule(struct tarn_grammar *g);
void tarn_grammar_start(struct tarn_grammar *g, uint32_t rule, uint32_t start);

/* TARN_NO_MEMORY; TARN_LIMIT: too large; TARN_USAGE: a rule calls itself
 * before any byte, or no finite text fits. */
enum tarn_status tarn_grammar_check(struct tarn_grammar *g,
                                    struct tarn_error *err);

/* ------------------------------------------------- parts of JSON and others
 * Each gives the node at which it begins. */
/* json_parts.c */
struct tarn_json_parts {
    uint32_t space;  /* rule: nothing, a space, or a line feed and an indent */
    uint32_t string; /* rule: any string with its quotes */
    uint32_t number; /* rule: any number */
    uint32_t value;  /* rule: any value */
};
void tarn_json_parts(struct tarn_grammar *g, struct tarn_json_parts *out);
/* One character of a string. */
uint32_t tarn_json_character(struct tarn_grammar *g, uint32_t to);
/* Characters of these code point ranges as a string holds them: UTF-8,
 * escapes where JSON wants them. */
struct tarn_code_range {
    uint32_t lo, hi;
};
uint32_t tarn_json_class(struct tarn_grammar *g,
                         const struct tarn_code_range *ranges, size_t n,
                         uint32_t to);

/* number.c: a number between bounds; NULL: none.  The bounds are JSON numbers.
 * At most 15 digits, so that every reader sees the same value. */
struct tarn_number_range {
    const char *least, *most; /* NUL behind */
    bool above, below;        /* the bound itself is not allowed */
    bool whole;
    uint32_t multiple;        /* of whole numbers; 0: any */
};
/* false: a bound has too many digits. */
bool tarn_grammar_number(struct tarn_grammar *g,
                         const struct tarn_number_range *range, uint32_t to,
                         uint32_t *out);

/* pattern.c: a regular expression on a string's characters, as ECMAScript has
 * it.  NULL: good; else a clause that says what is not supported. */
const char *tarn_grammar_pattern(struct tarn_grammar *g, const char *text,
                                 size_t size, uint32_t to, uint32_t *out);

#endif
