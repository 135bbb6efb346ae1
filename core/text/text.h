/* text.h - bytes to token ids and back; conversations to prompts.
 *
 * A tokenizer is made from a model file's metadata.  It is byte-level BPE
 * with the lfm2 pre-tokenizer (docs/text.md): every byte string encodes, and
 * decodes to itself.
 *
 * Two ways to encode, and no third: tarn_text_encode() never yields a control
 * token, whatever the text spells; control ids come from tarn_text_control()
 * alone.  A prompt is built from such pieces (tarn_prompt_build), so text of
 * users, tools and files cannot forge one.
 *
 * Owns: its tables; the file may be closed afterwards.
 * Threads: any, read only once opened.
 */
#ifndef TARN_TEXT_H
#define TARN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/types.h"
#include "core/gguf/gguf.h"

struct tarn_text;

enum tarn_text_kind { /* numbers of tokenizer.ggml.token_type */
    TARN_TOKEN_NORMAL = 1, TARN_TOKEN_UNKNOWN = 2, TARN_TOKEN_CONTROL = 3,
    TARN_TOKEN_USER = 4, TARN_TOKEN_UNUSED = 5, TARN_TOKEN_BYTE = 6
};

enum tarn_control {
    TARN_CTL_BOS, TARN_CTL_EOT,     /* <|startoftext|> <|endoftext|> */
    TARN_CTL_IM_START, TARN_CTL_IM_END,
    TARN_CTL_THINK, TARN_CTL_THINK_END,
    TARN_CTL_TOOL_LIST, TARN_CTL_TOOL_LIST_END,
    TARN_CTL_TOOL_CALL, TARN_CTL_TOOL_CALL_END,
    TARN_CTL_TOOL_RESPONSE, TARN_CTL_TOOL_RESPONSE_END,
    TARN_CTL_PAD,
    TARN_N_CTL
};

/* Grows like struct tarn_buf. */
struct tarn_ids {
    int32_t *at;
    size_t n, room;
    bool failed;
};
void tarn_ids_add(struct tarn_ids *ids, int32_t id);
void tarn_ids_finish(struct tarn_ids *ids);

/* Checks the vocabulary (fault G19). */
enum tarn_status tarn_text_open(const struct tarn_gguf *g,
                                struct tarn_text **out,
                                struct tarn_error *err);
void tarn_text_close(struct tarn_text *t);

uint32_t tarn_text_n_vocab(const struct tarn_text *t);
enum tarn_text_kind tarn_text_kind(const struct tarn_text *t, int32_t id);
/* The token's bytes (a control token's are its name), borrowed.  An id out of
 * range gives 0 bytes. */
const char *tarn_text_bytes(const struct tarn_text *t, int32_t id,
                            size_t *size);
/* -1 where the vocabulary has none. */
int32_t tarn_text_control(const struct tarn_text *t, enum tarn_control c);
/* <|im_end|>, <|endoftext|>, the file's own eos/eot, and the two that show a
 * derailed answer (<|im_start|>, <|startoftext|>). */
bool tarn_text_is_end(const struct tarn_text *t, int32_t id);
/* Opens or closes a thought or a call, whatever kind of token the file calls
 * it (some files call them user-defined). */
static inline bool tarn_text_is_tag(const struct tarn_text *t, int32_t id)
{
    return id >= 0 && (id == tarn_text_control(t, TARN_CTL_THINK) ||
                       id == tarn_text_control(t, TARN_CTL_THINK_END) ||
                       id == tarn_text_control(t, TARN_CTL_TOOL_CALL) ||
                       id == tarn_text_control(t, TARN_CTL_TOOL_CALL_END));
}

/* Appends the ids of text; control tokens in it are plain text.  Linear time,
 * constant stack.  TARN_LIMIT above 2^31 - 1 bytes. */
enum tarn_status tarn_text_encode(const struct tarn_text *t, const void *text,
                                  size_t size, struct tarn_ids *out,
                                  struct tarn_error *err);
/* The same, but the names of control and user-defined tokens become these:
 * for `tarn tokenize --special` and tests only, never for a conversation. */
enum tarn_status tarn_text_encode_special(const struct tarn_text *t,
                                          const void *text, size_t size,
                                          struct tarn_ids *out,
                                          struct tarn_error *err);
/* Appends the bytes of ids; control tokens give their names if `special`. */
enum tarn_status tarn_text_decode(const struct tarn_text *t,
                                  const int32_t *ids, size_t n, bool special,
                                  struct tarn_buf *out,
                                  struct tarn_error *err);

/* --------------------------------------------------------------- layouts */
enum tarn_layout { /* docs/text.md 4 */
    TARN_LAYOUT_A, TARN_LAYOUT_B, TARN_LAYOUT_B2, TARN_LAYOUT_C,
    TARN_LAYOUT_D, TARN_LAYOUT_E, TARN_LAYOUT_F, TARN_N_LAYOUTS
};
const char *tarn_layout_name(enum tarn_layout layout); /* "A" ... */
bool tarn_layout_find(const char *name, enum tarn_layout *out);
/* From the text of tokenizer.chat_template; *known is false for a template
 * that shows none of the signs (then B, and the caller says so; fault
 * G24).  The template is never executed. */
enum tarn_layout tarn_layout_detect(const char *text, size_t size,
                                    bool *known);
/* True where the generation prompt ends inside the thought (F). */
bool tarn_layout_opens_thought(enum tarn_layout layout);

/* ---------------------------------------------------------------- prompts */
enum tarn_role { TARN_SYSTEM, TARN_USER, TARN_ASSISTANT, TARN_TOOL };

struct tarn_prompt_options {
    enum tarn_layout layout;
    const char *date;        /* YYYY-MM-DD for C and D; NULL: today, UTC */
    bool add_generation_prompt;
    bool keep_thoughts;      /* keep_past_thinking / preserve_thinking */
    bool continue_final;     /* leave off the end of the last message */
};

/* A prompt as pieces.  Every run of ordinary text between two control tokens
 * is one piece, encoded as one string. */
struct tarn_prompt_piece {
    int32_t control;  /* a token id put by the layout, or -1 */
    enum tarn_control name; /* which one, if control >= 0 or it is missing */
    const char *text; /* borrowed from the prompt; NULL for a control token */
    size_t size;
    uint32_t message; /* index of the message it belongs to, or UINT32_MAX */
};
struct tarn_prompt {
    struct tarn_prompt_piece *pieces;
    size_t n_pieces;
    struct tarn_buf text; /* what the pieces' text points into */
};

/* conversation: {"messages":[...],"tools":[...],"add_generation_prompt":true,
 * ...} or a list of messages, the field's usual form; its own flags win over
 * opt's.  TARN_USAGE with the index of the message that is wrong
 * (fault T09). */
enum tarn_status tarn_prompt_build(const struct tarn_text *t,
                                   const struct tarn_json *conversation,
                                   const struct tarn_prompt_options *opt,
                                   struct tarn_prompt *out,
                                   struct tarn_error *err);
/* The exact bytes the published template renders. */
enum tarn_status tarn_prompt_text(const struct tarn_text *t,
                                  const struct tarn_prompt *p,
                                  struct tarn_buf *out,
                                  struct tarn_error *err);
/* Its token ids, beginning-of-text included once. */
enum tarn_status tarn_prompt_ids(const struct tarn_text *t,
                                 const struct tarn_prompt *p,
                                 struct tarn_ids *out, struct tarn_error *err);
void tarn_prompt_finish(struct tarn_prompt *p);

#endif
