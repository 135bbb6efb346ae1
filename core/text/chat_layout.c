/* chat_layout.c - which chat layout a file asks for.
 *
 * The template of the file is never executed (fault G24): its text shows
 * which of the published ones it is, and each of these is written out in
 * render.c. */
#include <string.h>

#include "core/text/text.h"

static const char *const NAMES[TARN_N_LAYOUTS] = { "A", "B", "B2", "C",
                                                   "D", "E", "F" };

const char *tarn_layout_name(enum tarn_layout layout)
{
    return (unsigned)layout < TARN_N_LAYOUTS ? NAMES[layout] : "";
}

bool tarn_layout_find(const char *name, enum tarn_layout *out)
{
    for (int i = 0; i < TARN_N_LAYOUTS; i++)
        if (strcmp(name, NAMES[i]) == 0) {
            *out = (enum tarn_layout)i;
            return true;
        }
    return false;
}

bool tarn_layout_opens_thought(enum tarn_layout layout)
{
    return layout == TARN_LAYOUT_F;
}

static bool contains(const char *text, size_t size, const char *sign)
{
    const size_t n = strlen(sign);
    for (size_t at = 0; n <= size - at;) {
        const char *p = memchr(text + at, sign[0], size - at - n + 1);
        if (!p)
            return false;
        if (memcmp(p, sign, n) == 0)
            return true;
        at = (size_t)(p - text) + 1;
    }
    return false;
}

/* The first row whose signs are all there decides. */
enum tarn_layout tarn_layout_detect(const char *text, size_t size, bool *known)
{
    static const char LIST[] = "List of tools: [";
    static const struct {
        enum tarn_layout layout;
        const char *signs[3];
    } ROWS[] = {
        { TARN_LAYOUT_A, { "<|tool_list_start|>" } },
        /* Backslash and n: two characters in the template's source. */
        { TARN_LAYOUT_F, { LIST, "assistant\\n<think>" } },
        { TARN_LAYOUT_E, { LIST, "preserve_thinking" } },
        { TARN_LAYOUT_D, { "strftime_now", "preserve_thinking" } },
        { TARN_LAYOUT_C, { "strftime_now", "keep_past_thinking" } },
        { TARN_LAYOUT_B2, { LIST, "keep_past_thinking", "tool_calls" } },
        { TARN_LAYOUT_B, { LIST, "keep_past_thinking" } },
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        bool all = true;
        for (size_t k = 0; k < 3 && ROWS[i].signs[k]; k++)
            all = all && contains(text, size, ROWS[i].signs[k]);
        if (all) {
            *known = true;
            return ROWS[i].layout;
        }
    }
    *known = false;
    return TARN_LAYOUT_B;
}
