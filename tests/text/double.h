/* double.h - a vocabulary for tests that link no text.
 *
 * Ids 0-255 are bytes, then come the control tokens (CTL + enum tarn_control),
 * then the words of the table WORDS[] that the test defines before it includes
 * this.  For one file of a program. */
#ifndef TARN_TESTS_TEXT_DOUBLE_H
#define TARN_TESTS_TEXT_DOUBLE_H

#include <string.h>

#include "core/text/text.h"

struct tarn_text {
    bool thinks; /* has tokens for thoughts */
};

enum { CTL = 256, WORD = CTL + TARN_N_CTL,
       N_VOCAB = WORD + (int)(sizeof WORDS / sizeof *WORDS) };

static const char *const CONTROLS[TARN_N_CTL] = {
    "<|startoftext|>", "<|endoftext|>", "<|im_start|>", "<|im_end|>",
    "<think>", "</think>", "<|tool_list_start|>", "<|tool_list_end|>",
    "<|tool_call_start|>", "<|tool_call_end|>", "<|tool_response_start|>",
    "<|tool_response_end|>", "<|pad|>"
};

const char *tarn_text_bytes(const struct tarn_text *t, int32_t id,
                            size_t *size)
{
    static char byte;
    (void)t;
    const char *text = "";
    if (id >= 0 && id < 256) {
        byte = (char)id;
        *size = 1;
        return &byte;
    }
    if (id >= CTL && id < WORD)
        text = CONTROLS[id - CTL];
    else if (id >= WORD && id < N_VOCAB)
        text = WORDS[id - WORD];
    *size = strlen(text);
    return text;
}

int32_t tarn_text_control(const struct tarn_text *t, enum tarn_control c)
{
    if (!t->thinks && (c == TARN_CTL_THINK || c == TARN_CTL_THINK_END))
        return -1;
    return CTL + (int32_t)c;
}

enum tarn_text_kind tarn_text_kind(const struct tarn_text *t, int32_t id)
{
    (void)t;
    return id >= CTL && id < WORD ? TARN_TOKEN_CONTROL : TARN_TOKEN_NORMAL;
}

bool tarn_text_is_end(const struct tarn_text *t, int32_t id)
{
    (void)t;
    return id >= CTL && id <= CTL + TARN_CTL_IM_END;
}

#endif
