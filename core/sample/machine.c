/* machine.c - see machine.h. */
#include "core/sample/machine.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/memory.h"

#define MAX_STATES (1u << 12)
#define MAX_PLACES (1u << 17)  /* of all states together */
#define MAX_FRAMES (1u << 16)
#define MAX_WIDTH (1u << 11)   /* places of one state, while it is made */
#define SLOTS_STATES (1u << 14) /* of hash tables: powers of two */
#define SLOTS_FRAMES (1u << 18)
#define SLOTS_SEEN (1u << 13)
#define N_MASKS 32u

enum { DEAD = 0, UNKNOWN = 0xFFFF };
/* States that stay when the tables are emptied. */
enum { KEEP_NOW, KEEP_START, KEEP_WALK, N_KEEP = KEEP_WALK + TARN_MAX_TOKEN + 1 };

/* What waits above a place: a call (node: what follows it), or a loop (node:
 * the LOOP; count: its body is being read for the count-th time, saturating
 * where more makes no difference). */
struct frame {
    uint32_t node, count, parent;
    uint32_t left; /* bytes to the end of everything, from behind it */
    uint32_t depth; /* brackets */
};
struct place {
    uint32_t node, frame;
};
struct state {
    uint32_t first, n; /* its places, in order */
    uint32_t left;
    bool whole;
};
struct mask {
    uint32_t state, most, worst; /* worst: largest `left` among the allowed */
    uint64_t used;
    uint32_t *bits;
};

struct tarn_machine {
    struct tarn_grammar g;
    const struct tarn_lexicon *lex;
    struct frame *frames; /* [MAX_FRAMES], 0: nothing waits */
    struct place *places; /* [MAX_PLACES] */
    struct place *spare;  /* [MAX_PLACES] */
    struct state *states; /* [MAX_STATES], 0: dead */
    uint16_t (*next)[256]; /* [MAX_STATES] */
    uint32_t n_frames, n_places, n_states;
    uint32_t *frame_slots, *moved; /* [SLOTS_FRAMES], [MAX_FRAMES] */
    uint16_t *state_slots;
    /* a state being made */
    struct place wait[MAX_WIDTH], made[MAX_WIDTH];
    uint64_t seen[SLOTS_SEEN];
    uint16_t seen_at[MAX_WIDTH * 2]; /* slots to be cleared */
    uint32_t n_wait, n_made, n_seen;
    bool whole, overflowed, begun;
    uint32_t keep[N_KEEP], n_keep;
    uint32_t generation; /* grows when the tables are emptied */
    struct mask masks[N_MASKS];
    uint64_t clock;
};

static uint32_t sum(uint32_t a, uint32_t b)
{
    return a > TARN_FOREVER - b ? TARN_FOREVER : a + b;
}

static uint32_t hash(uint32_t h, uint32_t v)
{
    h = (h ^ v) * 0x9E3779B1u;
    return h ^ h >> 15;
}

/* ------------------------------------------------------------------- frames */
static const struct tarn_node *node_at(const struct tarn_machine *m, uint32_t i)
{
    return &m->g.nodes[i];
}

/* Bytes from behind the frame's part to the end of all. */
static uint32_t left_of(const struct tarn_machine *m, uint32_t node,
                        uint32_t count, uint32_t parent)
{
    const struct tarn_node *n = node_at(m, node);
    uint32_t left = m->g.bytes[node];
    if (n->kind == TARN_NODE_LOOP) {
        const struct tarn_node_loop *l = &m->g.loops[n->a];
        const uint64_t more =
            l->least > count
                ? (uint64_t)(l->least - count) * m->g.bytes[l->body]
                : 0;
        left = more > TARN_FOREVER
                   ? TARN_FOREVER
                   : sum((uint32_t)more, m->g.bytes[n->to]);
    }
    return sum(left, m->frames[parent].left);
}

/* The frame with these members; 0 if there is no room (overflowed). */
static uint32_t frame_of(struct tarn_machine *m, uint32_t node, uint32_t count,
                         uint32_t parent, uint32_t depth)
{
    uint32_t slot = hash(hash(hash(17 + depth, node), count), parent);
    for (;; slot++) {
        const uint32_t i = m->frame_slots[slot &= SLOTS_FRAMES - 1];
        if (i == 0)
            break;
        const struct frame *f = &m->frames[i];
        if (f->node == node && f->count == count && f->parent == parent &&
            f->depth == depth)
            return i;
    }
    if (m->n_frames == MAX_FRAMES) {
        m->overflowed = true;
        return 0;
    }
    m->frames[m->n_frames] = (struct frame){
        node, count, parent, left_of(m, node, count, parent), depth
    };
    m->frame_slots[slot] = m->n_frames;
    return m->n_frames++;
}

/* ------------------------------------------------------------ making a state */
static void add_place(struct tarn_machine *m, uint32_t node, uint32_t frame)
{
    const uint64_t key = ((uint64_t)node << 32 | frame) + 1;
    uint32_t slot = hash(hash(5, node), frame);
    for (;; slot++) {
        slot &= SLOTS_SEEN - 1;
        if (m->seen[slot] == key)
            return;
        if (m->seen[slot] == 0)
            break;
    }
    if (m->n_wait == MAX_WIDTH || m->n_seen == MAX_WIDTH * 2) {
        m->overflowed = true;
        return;
    }
    m->seen[slot] = key;
    m->seen_at[m->n_seen++] = (uint16_t)slot;
    m->wait[m->n_wait++] = (struct place){ node, frame };
}

/* The body of a loop for the count-th time, unless it has been read often
 * enough. */
static void add_body(struct tarn_machine *m, uint32_t node, uint32_t count,
                     uint32_t parent)
{
    const struct tarn_node_loop *l = &m->g.loops[node_at(m, node)->a];
    if (count > l->most)
        return;
    if (l->most == TARN_FOREVER && count > l->least)
        count = l->least ? l->least : 1; /* more makes no difference */
    const uint32_t f =
        frame_of(m, node, count, parent, m->frames[parent].depth);
    if (f)
        add_place(m, l->body, f);
}

static void add_return(struct tarn_machine *m, uint32_t frame)
{
    if (frame == 0) {
        m->whole = true;
        return;
    }
    const struct frame f = m->frames[frame];
    const struct tarn_node *n = node_at(m, f.node);
    if (n->kind != TARN_NODE_LOOP) {
        add_place(m, f.node, f.parent);
        return;
    }
    const struct tarn_node_loop *l = &m->g.loops[n->a];
    if (f.count >= l->least)
        add_place(m, n->to, f.parent);
    add_body(m, f.node, f.count + 1, f.parent);
}

static void add_call(struct tarn_machine *m, const struct tarn_node *n,
                     uint32_t frame)
{
    const struct tarn_rule *r = &m->g.rules[n->a];
    const uint32_t depth = m->frames[frame].depth + r->bracket;
    if (r->start == TARN_NO_NODE ||
        depth + m->g.depth[r->start] > TARN_GRAMMAR_DEPTH)
        return;
    const uint32_t f = frame_of(m, n->to, 0, frame, depth);
    if (f)
        add_place(m, r->start, f);
}

/* Follows all that needs no byte; what is left are places at BYTES. */
static void close_places(struct tarn_machine *m)
{
    m->n_made = 0;
    while (m->n_wait > 0) {
        const struct place p = m->wait[--m->n_wait];
        const struct tarn_node *n = node_at(m, p.node);
        switch ((enum tarn_node_kind)n->kind) {
        case TARN_NODE_RETURN:
            add_return(m, p.frame);
            break;
        case TARN_NODE_BYTES:
            if (m->n_made < MAX_WIDTH)
                m->made[m->n_made++] = p;
            else
                m->overflowed = true;
            break;
        case TARN_NODE_SPLIT:
            for (uint32_t k = 0; k < n->to; k++)
                add_place(m, m->g.targets[n->a + k], p.frame);
            break;
        case TARN_NODE_CALL:
            add_call(m, n, p.frame);
            break;
        case TARN_NODE_LOOP:
            if (m->g.loops[n->a].least == 0)
                add_place(m, n->to, p.frame);
            add_body(m, p.node, 1, p.frame);
            break;
        }
    }
    for (uint32_t i = 0; i < m->n_seen; i++)
        m->seen[m->seen_at[i]] = 0;
    m->n_seen = 0;
}

static bool before(struct place a, struct place b)
{
    return a.node != b.node ? a.node < b.node : a.frame < b.frame;
}

/* Few: insertion; else a heap. */
static void sort_places(struct place *p, uint32_t n)
{
    for (uint32_t i = n / 2; n > 32 && i-- > 0;)
        for (uint32_t at = i, child; (child = 2 * at + 1) < n; at = child) {
            child += child + 1 < n && before(p[child], p[child + 1]);
            if (!before(p[at], p[child]))
                break;
            const struct place swap = p[at];
            p[at] = p[child];
            p[child] = swap;
        }
    for (uint32_t end = n; n > 32 && end > 1;) {
        struct place swap = p[--end];
        p[end] = p[0];
        p[0] = swap;
        for (uint32_t at = 0, child; (child = 2 * at + 1) < end; at = child) {
            child += child + 1 < end && before(p[child], p[child + 1]);
            if (!before(p[at], p[child]))
                break;
            swap = p[at];
            p[at] = p[child];
            p[child] = swap;
        }
    }
    for (uint32_t i = 1; n <= 32 && i < n; i++)
        for (uint32_t k = i; k > 0 && before(p[k], p[k - 1]); k--) {
            const struct place swap = p[k];
            p[k] = p[k - 1];
            p[k - 1] = swap;
        }
}

/* ------------------------------------------------------------------- states */
static uint32_t hash_places(const struct place *p, uint32_t n, bool whole)
{
    uint32_t h = whole;
    for (uint32_t i = 0; i < n; i++)
        h = hash(hash(h, p[i].node), p[i].frame);
    return h;
}

/* The state of these places, in order; there is room for it. */
static uint32_t state_of(struct tarn_machine *m, const struct place *p,
                         uint32_t n, bool whole)
{
    if (n == 0 && !whole)
        return DEAD;
    uint32_t slot = hash_places(p, n, whole);
    for (;; slot++) {
        const uint32_t i = m->state_slots[slot &= SLOTS_STATES - 1];
        if (i == 0)
            break;
        const struct state *s = &m->states[i];
        if (s->n == n && s->whole == whole &&
            !memcmp(m->places + s->first, p, n * sizeof *p))
            return i;
    }
    struct state *s = &m->states[m->n_states];
    *s = (struct state){ .first = m->n_places, .n = n, .whole = whole,
                         .left = whole ? 0 : TARN_FOREVER };
    memcpy(m->places + m->n_places, p, n * sizeof *p);
    m->n_places += n;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t left =
            sum(m->g.bytes[p[i].node], m->frames[p[i].frame].left);
        s->left = left < s->left ? left : s->left;
    }
    memset(m->next[m->n_states], 0xFF, sizeof *m->next);
    m->state_slots[slot] = (uint16_t)m->n_states;
    return m->n_states++;
}

/* Frames that no kept place needs vanish; parents stand before children, so
 * the rest moves down in one pass. */
static void compact_frames(struct tarn_machine *m, struct place *p, uint32_t n)
{
    memset(m->moved, 0, m->n_frames * sizeof *m->moved);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t f = p[i].frame; f && !m->moved[f];
             f = m->frames[f].parent)
            m->moved[f] = 1;
    const uint32_t n_old = m->n_frames;
    memset(m->frame_slots, 0, SLOTS_FRAMES * sizeof *m->frame_slots);
    m->n_frames = 1;
    for (uint32_t f = 1; f < n_old; f++)
        if (m->moved[f]) {
            const struct frame old = m->frames[f];
            m->moved[f] = frame_of(m, old.node, old.count,
                                   m->moved[old.parent], old.depth);
        }
    for (uint32_t i = 0; i < n; i++)
        p[i].frame = m->moved[p[i].frame];
}

/* Empties the tables but for the states in keep[], which get new numbers, and
 * for the places in made[]. */
static void empty_tables(struct tarn_machine *m)
{
    static const uint32_t room = MAX_PLACES - MAX_WIDTH;
    uint32_t n = 0, first[N_KEEP], n_of[N_KEEP];
    bool whole[N_KEEP];
    for (uint32_t i = 0; i < m->n_keep; i++) {
        const struct state s = m->states[m->keep[i]];
        const bool fits = s.n <= room - n;
        m->overflowed |= !fits;
        first[i] = n;
        n_of[i] = fits ? s.n : 0;
        whole[i] = s.whole;
        memcpy(m->spare + n, m->places + s.first, n_of[i] * sizeof *m->spare);
        n += n_of[i];
    }
    memcpy(m->spare + n, m->made, m->n_made * sizeof *m->spare);
    compact_frames(m, m->spare, n + m->n_made);
    memcpy(m->made, m->spare + n, m->n_made * sizeof *m->spare);
    memset(m->state_slots, 0, SLOTS_STATES * sizeof *m->state_slots);
    m->n_states = 1;
    m->n_places = 0;
    for (uint32_t i = 0; i < m->n_keep; i++) {
        sort_places(m->spare + first[i], n_of[i]);
        m->keep[i] = state_of(m, m->spare + first[i], n_of[i], whole[i]);
    }
    sort_places(m->made, m->n_made);
    for (uint32_t i = 0; i < N_MASKS; i++)
        m->masks[i].state = DEAD;
    m->generation++;
}

/* What waits becomes a state. */
static uint32_t make_state(struct tarn_machine *m)
{
    m->whole = false;
    close_places(m);
    sort_places(m->made, m->n_made);
    if (m->n_states == MAX_STATES || m->n_places > MAX_PLACES - MAX_WIDTH ||
        m->n_frames > MAX_FRAMES - 4 * MAX_WIDTH) {
        const bool whole = m->whole;
        empty_tables(m);
        if (m->n_states == MAX_STATES ||
            m->n_places > MAX_PLACES - MAX_WIDTH) {
            m->overflowed = true;
            return DEAD;
        }
        m->whole = whole;
    }
    return state_of(m, m->made, m->n_made, m->whole);
}

/* Those of `alike` stay that the set takes, or refuses, like this byte. */
static bool keep_alike(struct tarn_byte_set *alike,
                       const struct tarn_byte_set *set, unsigned byte)
{
    const bool in = tarn_byte_in(set, byte);
    for (int k = 0; k < 8; k++)
        alike->bits[k] &= in ? set->bits[k] : ~set->bits[k];
    return in;
}

/* All bytes that lead to the same places are learnt at once: most of a string's
 * state, whose letters come one by one. */
static uint32_t step(struct tarn_machine *m, uint32_t at, unsigned char byte)
{
    const uint16_t known = m->next[at][byte];
    if (known != UNKNOWN || at == DEAD)
        return at == DEAD ? DEAD : known;
    const struct state s = m->states[at];
    struct tarn_byte_set alike;
    memset(&alike, 0xFF, sizeof alike);
    for (uint32_t i = 0; i < s.n; i++) {
        const struct place p = m->places[s.first + i];
        const struct tarn_node *n = node_at(m, p.node);
        if (keep_alike(&alike, &m->g.sets[n->a], byte))
            add_place(m, n->to, p.frame);
    }
    const uint32_t generation = m->generation;
    const uint32_t to = make_state(m);
    for (unsigned b = 0; b < 256 && generation == m->generation; b++)
        if (tarn_byte_in(&alike, b))
            m->next[at][b] = (uint16_t)to;
    return to;
}

/* -------------------------------------------------------------------- public */
enum tarn_status tarn_machine_create(struct tarn_grammar *grammar,
                                     const struct tarn_lexicon *lex,
                                     struct tarn_machine **out,
                                     struct tarn_error *err)
{
    struct tarn_machine *m = tarn_alloc(1, sizeof *m);
    bool good = m != NULL;
    if (m) {
        m->g = *grammar;
        *grammar = (struct tarn_grammar){ 0 };
        m->lex = lex;
        m->frames = tarn_alloc(MAX_FRAMES, sizeof *m->frames);
        m->places = tarn_alloc(MAX_PLACES, sizeof *m->places);
        m->spare = tarn_alloc(MAX_PLACES, sizeof *m->spare);
        m->states = tarn_alloc(MAX_STATES, sizeof *m->states);
        m->next = tarn_alloc(MAX_STATES, sizeof *m->next);
        m->frame_slots = tarn_alloc(SLOTS_FRAMES, sizeof *m->frame_slots);
        m->moved = tarn_alloc(MAX_FRAMES, sizeof *m->moved);
        m->state_slots = tarn_alloc(SLOTS_STATES, sizeof *m->state_slots);
        good = m->frames && m->places && m->spare && m->states && m->next &&
               m->frame_slots && m->moved && m->state_slots;
        for (uint32_t i = 0; i < N_MASKS; i++) {
            m->masks[i].bits = tarn_alloc(lex->n_vocab / 32 + 1, 4);
            good = good && m->masks[i].bits;
        }
    }
    if (!good) {
        tarn_grammar_finish(grammar);
        tarn_machine_destroy(m);
        return tarn_fail(err, TARN_NO_MEMORY,
                         "There was not enough memory for the required form.");
    }
    m->n_frames = m->n_states = 1;
    m->n_keep = KEEP_WALK;
    add_place(m, m->g.rules[m->g.root].start, 0);
    m->keep[KEEP_START] = make_state(m);
    tarn_machine_reset(m);
    *out = m;
    return TARN_OK;
}

void tarn_machine_destroy(struct tarn_machine *m)
{
    if (!m)
        return;
    for (uint32_t i = 0; i < N_MASKS; i++)
        tarn_free(m->masks[i].bits);
    tarn_free(m->frames);
    tarn_free(m->places);
    tarn_free(m->spare);
    tarn_free(m->states);
    tarn_free(m->next);
    tarn_free(m->frame_slots);
    tarn_free(m->moved);
    tarn_free(m->state_slots);
    tarn_grammar_finish(&m->g);
    tarn_free(m);
}

void tarn_machine_reset(struct tarn_machine *m)
{
    m->keep[KEEP_NOW] = m->keep[KEEP_START];
    m->begun = false;
}

bool tarn_machine_accept(struct tarn_machine *m, const char *bytes, size_t size)
{
    m->begun |= size > 0;
    for (size_t i = 0; i < size; i++)
        m->keep[KEEP_NOW] =
            step(m, m->keep[KEEP_NOW], (unsigned char)bytes[i]);
    return m->keep[KEEP_NOW] != DEAD;
}

bool tarn_machine_dead(const struct tarn_machine *m)
{
    return m->keep[KEEP_NOW] == DEAD;
}

bool tarn_machine_begun(const struct tarn_machine *m)
{
    return m->begun;
}

bool tarn_machine_whole(const struct tarn_machine *m)
{
    return m->states[m->keep[KEEP_NOW]].whole;
}

uint32_t tarn_machine_left(const struct tarn_machine *m)
{
    return tarn_machine_dead(m) ? TARN_FOREVER
                                : m->states[m->keep[KEEP_NOW]].left;
}

bool tarn_machine_overflowed(const struct tarn_machine *m)
{
    return m->overflowed;
}

bool tarn_machine_allows(struct tarn_machine *m, int32_t id, uint32_t most)
{
    size_t size;
    const char *bytes = tarn_text_bytes(m->lex->text, id, &size);
    if (id < 0 || (uint32_t)id >= m->lex->n_vocab ||
        !(m->lex->words[id / 32] >> (id % 32) & 1))
        return false;
    uint32_t at = m->keep[KEEP_NOW];
    for (size_t i = 0; i < size && at != DEAD; i++)
        at = step(m, at, (unsigned char)bytes[i]);
    return at != DEAD && m->states[at].left <= most;
}

/* Token by token in the order of their bytes: what is shared with the one
 * before was walked already, and what begins as a dead one is dead. */
static void fill_mask(struct tarn_machine *m, struct mask *k, uint32_t most)
{
    const struct tarn_lexicon *lex = m->lex;
    uint32_t *path = m->keep + KEEP_WALK; /* path[i]: behind i bytes */
    uint32_t dead = UINT32_MAX;           /* so many bytes are too many */
    bool all = true;                      /* `most` left none out */
    memset(k->bits, 0, (lex->n_vocab / 32 + 1) * sizeof *k->bits);
    k->worst = 0;
    path[0] = m->keep[KEEP_NOW];
    for (uint32_t i = 0; i < lex->n; i++) {
        uint32_t n = lex->shared[i];
        if (n >= dead)
            continue;
        const uint8_t *p = lex->rest + lex->rest_at[i];
        const uint8_t *end = lex->rest + lex->rest_at[i + 1];
        uint32_t at = path[n];
        for (; p < end && at != DEAD; p++) {
            const uint16_t known = m->next[at][*p];
            if (known != UNKNOWN) {
                at = known;
            } else {
                m->n_keep = KEEP_WALK + n + 1;
                at = step(m, at, *p);
            }
            path[++n] = at;
        }
        dead = at == DEAD ? n : UINT32_MAX;
        if (at == DEAD)
            continue;
        const uint32_t left = m->states[at].left;
        if (left > most) {
            all = false;
            continue;
        }
        k->bits[lex->ids[i] / 32] |= 1u << (lex->ids[i] % 32);
        k->worst = left > k->worst ? left : k->worst;
    }
    m->n_keep = KEEP_WALK;
    k->most = all ? UINT32_MAX : most;
}

const uint32_t *tarn_machine_mask(struct tarn_machine *m, uint32_t most)
{
    struct mask *oldest = &m->masks[0];
    const uint32_t now = m->keep[KEEP_NOW];
    for (uint32_t i = 0; i < N_MASKS; i++) {
        struct mask *k = &m->masks[i];
        if (k->state == now && now != DEAD && k->worst <= most &&
            k->most >= most) {
            k->used = ++m->clock;
            return k->bits;
        }
        if (k->used < oldest->used)
            oldest = k;
    }
    fill_mask(m, oldest, most);
    oldest->state = m->keep[KEEP_NOW];
    oldest->used = ++m->clock;
    return oldest->bits;
}
