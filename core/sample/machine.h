/* machine.h - walks a grammar byte by byte, and says which tokens may come.
 *
 * All ways through the grammar are walked at once: a STATE is the set of
 * places (a node, and the frames of calls and loops that wait above it) where
 * the text so far may have led.  States are remembered with their steps, so
 * most bytes cost one look into a table.
 *
 * Every state knows LEFT, the fewest bytes to a whole text; a token is allowed
 * only if what is left behind it still fits `most` (tokens to come: a byte
 * costs one token at worst).  So a text is always whole in the end.
 *
 *     tarn_lexicon_create(text, &lex, &err);        // once per vocabulary
 *     tarn_machine_create(&grammar, lex, &m, &err); // takes the grammar
 *     tarn_machine_allows(m, id, most); tarn_machine_mask(m, most);
 *     tarn_machine_accept(m, bytes, size);
 *
 * Memory is bounded: when the tables are full they are emptied but for what is
 * in use.  Nothing is allocated behind create.
 *
 * Owns: its tables and the grammar; the lexicon must outlive it.
 * Threads: one at a time; a lexicon is read only.
 */
#ifndef TARN_SAMPLE_MACHINE_H
#define TARN_SAMPLE_MACHINE_H

#include "core/sample/grammar.h"
#include "core/tarn.h"

/* --------------------------------------------------------------- lexicon
 * The vocabulary's ordinary tokens in the order of their bytes. */
struct tarn_lexicon;
enum tarn_status tarn_lexicon_create(const struct tarn_text *text,
                                     struct tarn_lexicon **out,
                                     struct tarn_error *err);
void tarn_lexicon_destroy(struct tarn_lexicon *lex); /* NULL allowed */

/* --------------------------------------------------------------- machine */
struct tarn_machine;
/* The grammar must have passed tarn_grammar_check(); moved, also on failure. */
enum tarn_status tarn_machine_create(struct tarn_grammar *grammar,
                                     const struct tarn_lexicon *lex,
                                     struct tarn_machine **out,
                                     struct tarn_error *err);
void tarn_machine_destroy(struct tarn_machine *m); /* NULL allowed */
void tarn_machine_reset(struct tarn_machine *m);   /* nothing was read */
/* false: this text can't be continued to a whole one; it stays so. */
bool tarn_machine_accept(struct tarn_machine *m, const char *bytes,
                         size_t size);
bool tarn_machine_dead(const struct tarn_machine *m);
bool tarn_machine_begun(const struct tarn_machine *m); /* a byte was read */
bool tarn_machine_whole(const struct tarn_machine *m); /* may end here */
uint32_t tarn_machine_left(const struct tarn_machine *m); /* bytes */
/* A token without bytes, or a control token, is never allowed. */
bool tarn_machine_allows(struct tarn_machine *m, int32_t id, uint32_t most);
/* Bit id % 32 of word id / 32 for every token; borrowed until the next call. */
const uint32_t *tarn_machine_mask(struct tarn_machine *m, uint32_t most);
/* More ways at once than it can follow: some were dropped. */
bool tarn_machine_overflowed(const struct tarn_machine *m);

/* Inside: lexicon.c. */
struct tarn_lexicon {
    const struct tarn_text *text;
    int32_t *ids;     /* [n] in the order of their bytes */
    uint16_t *shared; /* [n] bytes in common with the one before */
    uint8_t *rest;    /* the bytes behind those, one token's after the other */
    uint32_t *rest_at; /* [n + 1] where in `rest` */
    uint32_t *words;  /* a bit for every id that is among them */
    uint32_t n, n_vocab;
};
#define TARN_MAX_TOKEN 255u /* bytes of a token; longer ones are never allowed */

#endif
