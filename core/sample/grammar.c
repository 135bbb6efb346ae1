/* grammar.c - see grammar.h. */
#include "core/sample/grammar.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"

#define MAX_TARGETS (1u << 19)
#define MAX_SETS (1u << 12)
#define MAX_LOOPS (1u << 16)

void tarn_grammar_finish(struct tarn_grammar *g)
{
    tarn_free(g->nodes);
    tarn_free(g->sets);
    tarn_free(g->targets);
    tarn_free(g->loops);
    tarn_free(g->rules);
    tarn_free(g->bytes);
    tarn_free(g->depth);
    *g = (struct tarn_grammar){ 0 };
}

/* Room for n more; doubles. */
static bool grow(struct tarn_grammar *g, void **at, uint32_t n, uint32_t more,
                 uint32_t *room, uint32_t most, size_t size)
{
    if (g->failed)
        return false;
    if (more > most - n) {
        g->failed = g->too_large = true;
        return false;
    }
    if (n + more <= *room)
        return true;
    uint32_t want = *room ? *room : 64;
    while (want < n + more)
        want *= 2;
    void *bigger = tarn_realloc(*at, *room, want, size);
    if (!bigger) {
        g->failed = true;
        return false;
    }
    *at = bigger;
    *room = want;
    return true;
}

static uint32_t add_node(struct tarn_grammar *g, enum tarn_node_kind kind,
                         uint32_t a, uint32_t to)
{
    void *at = g->nodes;
    const bool room = grow(g, &at, g->n_nodes, 1, &g->room_nodes,
                           TARN_GRAMMAR_MAX_NODES, sizeof *g->nodes);
    g->nodes = at;
    if (!room)
        return TARN_NO_NODE;
    g->nodes[g->n_nodes] = (struct tarn_node){ (uint8_t)kind, a, to };
    return g->n_nodes++;
}

uint32_t tarn_grammar_return(struct tarn_grammar *g)
{
    return add_node(g, TARN_NODE_RETURN, 0, 0);
}

uint32_t tarn_grammar_bytes(struct tarn_grammar *g,
                            const struct tarn_byte_set *set, uint32_t to)
{
    uint32_t i = 0;
    if (to == TARN_NO_NODE)
        return to;
    while (i < g->n_sets && memcmp(&g->sets[i], set, sizeof *set))
        i++;
    if (i == g->n_sets) {
        void *at = g->sets;
        const bool room = grow(g, &at, g->n_sets, 1, &g->room_sets, MAX_SETS,
                               sizeof *g->sets);
        g->sets = at;
        if (!room)
            return TARN_NO_NODE;
        g->sets[g->n_sets++] = *set;
    }
    return add_node(g, TARN_NODE_BYTES, i, to);
}

uint32_t tarn_grammar_range(struct tarn_grammar *g, unsigned lo, unsigned hi,
                            uint32_t to)
{
    struct tarn_byte_set set = { { 0 } };
    if (lo > hi)
        return TARN_NO_NODE;
    tarn_byte_add(&set, lo, hi);
    return tarn_grammar_bytes(g, &set, to);
}

uint32_t tarn_grammar_text(struct tarn_grammar *g, const char *text,
                           size_t size, uint32_t to)
{
    while (size-- > 0) {
        const unsigned char c = (unsigned char)text[size];
        to = tarn_grammar_range(g, c, c, to);
    }
    return to;
}

uint32_t tarn_grammar_split(struct tarn_grammar *g, const uint32_t *targets,
                            size_t n)
{
    size_t possible = 0;
    uint32_t only = TARN_NO_NODE;
    for (size_t i = 0; i < n; i++)
        if (targets[i] != TARN_NO_NODE) {
            only = targets[i];
            possible++;
        }
    if (possible <= 1)
        return only;
    void *at = g->targets;
    const bool room =
        possible < MAX_TARGETS &&
        grow(g, &at, g->n_targets, (uint32_t)possible, &g->room_targets,
             MAX_TARGETS, sizeof *g->targets);
    g->targets = at;
    if (!room)
        return TARN_NO_NODE;
    const uint32_t first = g->n_targets;
    for (size_t i = 0; i < n; i++)
        if (targets[i] != TARN_NO_NODE)
            g->targets[g->n_targets++] = targets[i];
    return add_node(g, TARN_NODE_SPLIT, first, (uint32_t)possible);
}

uint32_t tarn_grammar_either(struct tarn_grammar *g, uint32_t a, uint32_t b)
{
    const uint32_t both[] = { a, b };
    return tarn_grammar_split(g, both, 2);
}

uint32_t tarn_grammar_call(struct tarn_grammar *g, uint32_t rule, uint32_t to)
{
    if (to == TARN_NO_NODE || rule == TARN_NO_NODE)
        return TARN_NO_NODE;
    return add_node(g, TARN_NODE_CALL, rule, to);
}

uint32_t tarn_grammar_loop(struct tarn_grammar *g, uint32_t body,
                           uint32_t least, uint32_t most, uint32_t to)
{
    if (to == TARN_NO_NODE || least > most)
        return TARN_NO_NODE;
    if (body == TARN_NO_NODE || most == 0)
        return least == 0 ? to : TARN_NO_NODE;
    void *at = g->loops;
    const bool room = grow(g, &at, g->n_loops, 1, &g->room_loops, MAX_LOOPS,
                           sizeof *g->loops);
    g->loops = at;
    if (!room)
        return TARN_NO_NODE;
    g->loops[g->n_loops++] = (struct tarn_node_loop){ least, most, body };
    return add_node(g, TARN_NODE_LOOP, g->n_loops - 1, to);
}

uint32_t tarn_grammar_rule(struct tarn_grammar *g)
{
    void *at = g->rules;
    const bool room = grow(g, &at, g->n_rules, 1, &g->room_rules,
                           TARN_GRAMMAR_MAX_RULES, sizeof *g->rules);
    g->rules = at;
    if (!room)
        return TARN_NO_NODE;
    g->rules[g->n_rules] = (struct tarn_rule){ .start = TARN_NO_NODE };
    return g->n_rules++;
}

void tarn_grammar_start(struct tarn_grammar *g, uint32_t rule, uint32_t start)
{
    if (rule != TARN_NO_NODE)
        g->rules[rule].start = start;
}

/* ------------------------------------------------------------------- checks */
static uint32_t sum(uint32_t a, uint32_t b)
{
    return a > TARN_FOREVER - b ? TARN_FOREVER : a + b;
}

static uint32_t product(uint32_t a, uint32_t b)
{
    const uint64_t p = (uint64_t)a * b;
    return p > TARN_FOREVER ? TARN_FOREVER : (uint32_t)p;
}

static uint32_t bytes_at(const struct tarn_grammar *g, uint32_t node)
{
    return node == TARN_NO_NODE ? TARN_FOREVER : g->bytes[node];
}

static uint8_t depth_at(const struct tarn_grammar *g, uint32_t node)
{
    return node == TARN_NO_NODE ? UINT8_MAX : g->depth[node];
}

static uint8_t larger(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* One node's distances from those of its targets; true if one got shorter. */
static bool improve(struct tarn_grammar *g, uint32_t i)
{
    const struct tarn_node *n = &g->nodes[i];
    uint32_t bytes = 0;
    uint8_t depth = 0;
    switch ((enum tarn_node_kind)n->kind) {
    case TARN_NODE_RETURN:
        break;
    case TARN_NODE_BYTES:
        bytes = sum(1, bytes_at(g, n->to));
        depth = depth_at(g, n->to);
        break;
    case TARN_NODE_SPLIT:
        bytes = TARN_FOREVER;
        depth = UINT8_MAX;
        for (uint32_t k = 0; k < n->to; k++) {
            const uint32_t to = g->targets[n->a + k];
            bytes = bytes_at(g, to) < bytes ? bytes_at(g, to) : bytes;
            depth = depth_at(g, to) < depth ? depth_at(g, to) : depth;
        }
        break;
    case TARN_NODE_CALL: {
        const struct tarn_rule *r = &g->rules[n->a];
        const uint8_t inner = depth_at(g, r->start);
        bytes = sum(bytes_at(g, r->start), bytes_at(g, n->to));
        depth = larger(inner == UINT8_MAX ? inner
                                          : (uint8_t)(inner + r->bracket),
                       depth_at(g, n->to));
        break;
    }
    case TARN_NODE_LOOP: {
        const struct tarn_node_loop *l = &g->loops[n->a];
        bytes = l->least == 0 ? 0 : product(l->least, bytes_at(g, l->body));
        bytes = sum(bytes, bytes_at(g, n->to));
        depth = depth_at(g, n->to);
        if (l->least > 0)
            depth = larger(depth, depth_at(g, l->body));
        break;
    }
    }
    if (bytes >= g->bytes[i] && depth >= g->depth[i])
        return false;
    g->bytes[i] = bytes < g->bytes[i] ? bytes : g->bytes[i];
    g->depth[i] = depth < g->depth[i] ? depth : g->depth[i];
    return true;
}

/* The shortest way to the end, from every node: as long as any gets shorter.
 * What follows a node has a lower number, a rule that is called may have a
 * higher one: sweeps go both ways in turn. */
static void measure(struct tarn_grammar *g)
{
    memset(g->bytes, 0xff, g->n_nodes * sizeof *g->bytes);
    memset(g->depth, 0xff, g->n_nodes);
    bool more = true;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < g->n_nodes; i++)
            more = improve(g, i) || more;
        for (uint32_t i = g->n_nodes; i-- > 0;)
            more = improve(g, i) || more;
    }
}

/* Which rules a rule can call before its first byte: `list` is what waits,
 * seen[node] the rule + 1 by which a node was reached last.  Appends to
 * calls; a node belongs to one rule, so they are at most as many. */
static uint32_t leading_calls(const struct tarn_grammar *g, uint32_t rule,
                              uint32_t *list, uint32_t *seen, uint32_t *calls,
                              uint32_t n_calls)
{
    uint32_t n = 0;
    list[n++] = g->rules[rule].start;
    while (n > 0) {
        const uint32_t at = list[--n];
        if (at == TARN_NO_NODE || seen[at] == rule + 1)
            continue;
        seen[at] = rule + 1;
        const struct tarn_node *node = &g->nodes[at];
        if (node->kind == TARN_NODE_SPLIT) {
            for (uint32_t k = 0; k < node->to; k++)
                list[n++] = g->targets[node->a + k];
        } else if (node->kind == TARN_NODE_CALL) {
            if (n_calls < g->n_nodes)
                calls[n_calls++] = node->a;
            if (bytes_at(g, g->rules[node->a].start) == 0)
                list[n++] = node->to;
        } else if (node->kind == TARN_NODE_LOOP) {
            const struct tarn_node_loop *l = &g->loops[node->a];
            list[n++] = l->body;
            if (l->least == 0 || bytes_at(g, l->body) == 0)
                list[n++] = node->to;
        }
    }
    return n_calls;
}

/* Work space of the search for circles. */
struct search {
    uint32_t *list, *seen, *calls;
    uint32_t *first, *end; /* [n_rules] of its calls; end counts down */
    uint32_t *path;        /* [n_rules] */
    uint8_t *state;        /* [n_rules] 1: on the path, 2: done */
};

/* Depth first with a path of its own. */
static bool has_circle(const struct tarn_grammar *g, struct search *w)
{
    uint32_t n_calls = 0;
    for (uint32_t r = 0; r < g->n_rules; r++) {
        w->first[r] = n_calls;
        n_calls = leading_calls(g, r, w->list, w->seen, w->calls, n_calls);
        w->end[r] = n_calls;
    }
    for (uint32_t root = 0; root < g->n_rules; root++) {
        uint32_t n = 0;
        if (w->state[root])
            continue;
        w->path[n++] = root;
        w->state[root] = 1;
        while (n > 0) {
            const uint32_t r = w->path[n - 1];
            if (w->end[r] == w->first[r]) {
                w->state[r] = 2;
                n--;
                continue;
            }
            const uint32_t next = w->calls[--w->end[r]];
            if (w->state[next] == 1)
                return true;
            if (w->state[next] == 0) {
                w->state[next] = 1;
                w->path[n++] = next;
            }
        }
    }
    return false;
}

static bool open_search(const struct tarn_grammar *g, struct search *w)
{
    const size_t n_list = (size_t)g->n_nodes * 2 + g->n_targets + 2;
    w->list = tarn_alloc(n_list, sizeof *w->list);
    w->seen = tarn_alloc(g->n_nodes, sizeof *w->seen);
    w->calls = tarn_alloc(g->n_nodes, sizeof *w->calls);
    w->first = tarn_alloc(g->n_rules, sizeof *w->first);
    w->end = tarn_alloc(g->n_rules, sizeof *w->end);
    w->path = tarn_alloc(g->n_rules, sizeof *w->path);
    w->state = tarn_alloc(g->n_rules, 1);
    return w->list && w->seen && w->calls && w->first && w->end && w->path &&
           w->state;
}

static void close_search(struct search *w)
{
    tarn_free(w->list);
    tarn_free(w->seen);
    tarn_free(w->calls);
    tarn_free(w->first);
    tarn_free(w->end);
    tarn_free(w->path);
    tarn_free(w->state);
}

static enum tarn_status no_memory(struct tarn_error *err)
{
    return tarn_fail(err, TARN_NO_MEMORY,
                     "There was not enough memory for the required form.");
}

enum tarn_status tarn_grammar_check(struct tarn_grammar *g,
                                    struct tarn_error *err)
{
    if (g->too_large)
        return tarn_fail(err, TARN_LIMIT,
                         "The required form is too large: more than %u places "
                         "or %u rules.",
                         TARN_GRAMMAR_MAX_NODES, TARN_GRAMMAR_MAX_RULES);
    if (g->failed)
        return no_memory(err);
    tarn_free(g->bytes);
    tarn_free(g->depth);
    g->bytes = tarn_alloc(g->n_nodes, sizeof *g->bytes);
    g->depth = tarn_alloc(g->n_nodes, 1);
    struct search w = { 0 };
    enum tarn_status s = TARN_OK;
    if (!g->bytes || !g->depth || !open_search(g, &w)) {
        close_search(&w);
        return no_memory(err);
    }
    measure(g);
    const uint32_t start = g->rules[g->root].start;
    if (has_circle(g, &w))
        s = tarn_fail(err, TARN_USAGE,
                      "The schema refers to itself with nothing around it.");
    else if (bytes_at(g, start) == TARN_FOREVER)
        s = tarn_fail(err, TARN_USAGE, "No finite text fits the schema.");
    else if (depth_at(g, start) > TARN_GRAMMAR_DEPTH)
        s = tarn_fail(err, TARN_LIMIT,
                      "What fits the schema is nested more than %u deep.",
                      TARN_GRAMMAR_DEPTH);
    close_search(&w);
    return s;
}
