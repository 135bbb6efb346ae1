/* pieces.c - see pieces.h; and what is done with a finished prompt. */
#include "core/text/pieces.h"

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/text/vocab.h"

static void add_piece(struct tarn_builder *b, const struct tarn_prompt_piece *p)
{
    if (b->out.n_pieces == b->room) {
        const size_t room = b->room ? b->room * 2 : 16;
        struct tarn_prompt_piece *pieces =
            tarn_realloc(b->out.pieces, b->room, room, sizeof *pieces);
        if (!pieces) {
            b->failed = true;
            return;
        }
        b->out.pieces = pieces;
        b->room = room;
    }
    b->out.pieces[b->out.n_pieces++] = *p;
}

void tarn_put_end(struct tarn_builder *b)
{
    const size_t size = b->out.text.size - b->run_begin;
    if (size > 0)
        add_piece(b, &(struct tarn_prompt_piece){ .control = -1,
                                                  .name = TARN_N_CTL,
                                                  .size = size,
                                                  .message = b->message });
    b->run_begin = b->out.text.size;
}

void tarn_put(struct tarn_builder *b, const char *text)
{
    tarn_buf_text(&b->out.text, text);
}

void tarn_put_bytes(struct tarn_builder *b, const char *text, size_t size)
{
    if (size > 0)
        tarn_buf_add(&b->out.text, text, size);
}

void tarn_put_control(struct tarn_builder *b, enum tarn_control c)
{
    const int32_t id = tarn_text_control(b->t, c);
    if (id < 0) {
        tarn_put(b, tarn_control_name(c));
        return;
    }
    tarn_put_end(b);
    add_piece(b, &(struct tarn_prompt_piece){
                     .control = id, .name = c, .message = b->message });
}

enum tarn_status tarn_prompt_text(const struct tarn_text *t,
                                  const struct tarn_prompt *p,
                                  struct tarn_buf *out, struct tarn_error *err)
{
    for (size_t i = 0; i < p->n_pieces; i++) {
        const struct tarn_prompt_piece *piece = &p->pieces[i];
        size_t size = piece->size;
        const char *text = piece->text;
        if (piece->control >= 0)
            text = tarn_text_bytes(t, piece->control, &size);
        tarn_buf_add(out, text, size);
    }
    return out->failed ? tarn_fail(err, TARN_NO_MEMORY,
                                   "not enough memory for the prompt")
                       : TARN_OK;
}

enum tarn_status tarn_prompt_ids(const struct tarn_text *t,
                                 const struct tarn_prompt *p,
                                 struct tarn_ids *out, struct tarn_error *err)
{
    const size_t n_before = out->n;
    enum tarn_status s = TARN_OK;
    for (size_t i = 0; i < p->n_pieces && s == TARN_OK; i++) {
        const struct tarn_prompt_piece *piece = &p->pieces[i];
        if (piece->control >= 0)
            tarn_ids_add(out, piece->control);
        else
            s = tarn_text_encode(t, piece->text, piece->size, out, err);
    }
    if (s == TARN_OK && out->failed)
        s = tarn_fail(err, TARN_NO_MEMORY, "not enough memory for the prompt");
    if (s != TARN_OK)
        out->n = n_before;
    return s;
}

void tarn_prompt_finish(struct tarn_prompt *p)
{
    tarn_free(p->pieces);
    tarn_buf_finish(&p->text);
    *p = (struct tarn_prompt){ 0 };
}
