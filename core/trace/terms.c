/* terms.c - see terms.h. */
#include "core/trace/terms.h"

#include <string.h>

#include "core/base/utf8.h"

bool tarn_fork(float p1, float p2, float entropy_bits)
{
    return p2 > 0 && p2 >= p1 / 2 && (double)entropy_bits >= TARN_FORK_BITS;
}

/* ------------------------------------------------------------- hesitations */
/* Measured by models/pocket/entropy.py: a model that is sure of nearly every
 * token doubts in one or two of eight, never in all of them. */
static const struct {
    const char *name;
    double open_bits, close_bits;
} OWN_PAIRS[] = { { "tarn pocket", 0.50, 0.28 } };

void tarn_hesitation_pair(const char *name, double *open_bits,
                          double *close_bits)
{
    *open_bits = TARN_HESITATION_OPEN;
    *close_bits = TARN_HESITATION_CLOSE;
    for (size_t i = 0; name && i < sizeof OWN_PAIRS / sizeof *OWN_PAIRS; i++)
        if (!strcmp(name, OWN_PAIRS[i].name)) {
            *open_bits = OWN_PAIRS[i].open_bits;
            *close_bits = OWN_PAIRS[i].close_bits;
        }
}

void tarn_hesitation_init(struct tarn_hesitation *h, double open_bits,
                          double close_bits)
{
    memset(h, 0, sizeof *h);
    h->open_bits = open_bits > 0 ? open_bits : TARN_HESITATION_OPEN;
    h->close_bits = close_bits > 0 ? close_bits : TARN_HESITATION_CLOSE;
}

/* Oldest first, so that everybody adds in the same order. */
static double mean_of_last(const struct tarn_hesitation *h)
{
    double sum = 0;
    for (uint32_t i = 0; i < TARN_HESITATION_MEAN; i++)
        sum += (double)h->last[(h->n + i) % TARN_HESITATION_MEAN];
    return sum / TARN_HESITATION_MEAN;
}

enum tarn_hesitation_event tarn_hesitation_token(struct tarn_hesitation *h,
                                                 float entropy_bits)
{
    const uint32_t t = h->n++;
    h->last[t % TARN_HESITATION_MEAN] = entropy_bits;
    if (t + 1 < TARN_HESITATION_MEAN)
        return TARN_HESITATION_NONE;
    const double mean = mean_of_last(h);
    if (h->open) {
        if (!(mean < h->close_bits))
            return TARN_HESITATION_NONE;
        h->open = false;
        h->closed = t;
        return TARN_HESITATION_CLOSES;
    }
    if (!(mean >= h->open_bits))
        return TARN_HESITATION_NONE;
    h->open = true;
    if (h->any && t - h->closed < TARN_HESITATION_AGAIN)
        return TARN_HESITATION_REOPENS;
    h->any = true;
    h->first = t + 1 - TARN_HESITATION_MEAN;
    return TARN_HESITATION_OPENS;
}

/* -------------------------------------------------------------- turn-backs */
/* Lower case.  Where words are written without spaces a beginning is enough;
 * elsewhere the word must end there ("no", not "now"). */
static const struct {
    const char *text;
    bool whole_word;
} TURN_BACKS[] = {
    { "wait", true }, { "actually", true }, { "hmm", true }, { "no", true },
    { "but wait", true }, { "hold on", true }, { "let me re-", false },
    { "on second thought", true }, { "alternatively", true },
    { "moment", true }, { "warte", true }, { "eigentlich", true },
    { "nein", true }, { "doch", true },
    { "attends", true }, { "attendez", true }, { "en fait", true },
    { "non", true },
    { "espera", true }, { "en realidad", true }, { "mejor dicho", true },
    { "na verdade", true }, { "n\u00e3o", true },
    { "\u7b49\u7b49", false }, { "\u4e0d\u5bf9", false },
    { "\u5176\u5b9e", false }, { "\u7b49\u4e00\u4e0b", false },
    { "\u5f85\u3063\u3066", false }, { "\u3044\u3084", false },
    { "\u5b9f\u306f", false }, { "\u3084\u306f\u308a", false },
    { "\uc7a0\uae50", true }, { "\uc544\ub2c8", true },
    { "\uc0ac\uc2e4", true },
    { "\u0627\u0646\u062a\u0638\u0631", true },
    { "\u0644\u0643\u0646", true },
    { "\u0641\u064a \u0627\u0644\u0648\u0627\u0642\u0639", true },
    { "\u0644\u0627", true },
};

static bool is_opening(int32_t c)
{
    static const int32_t OPENING[] = { '"', '\'', '`', '(', '[', 0xAB, 0x2018,
                                       0x201A, 0x201C, 0x201E, 0x300C, 0x300E,
                                       0x300A, 0x3010, 0xFF08 };
    for (size_t i = 0; i < sizeof OPENING / sizeof *OPENING; i++)
        if (OPENING[i] == c)
            return true;
    return false;
}

static bool is_letter(int32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
               (c >= 'a' && c <= 'z');
    return !(c < 0xC0 || (c >= 0x2000 && c < 0x2070) ||
             (c >= 0x3000 && c < 0x3040) || (c >= 0xFF00 && c < 0xFF10) ||
             (c >= 0xFF1A && c < 0xFF21) || c == 0x60C || c == 0x61B ||
             c == 0x61F || c == 0x6D4);
}

static size_t skip_opening(const char *p, size_t size)
{
    size_t at = 0;
    while (at < size) {
        int32_t c;
        const size_t n = tarn_utf8_decode(p + at, size - at, &c);
        if (c > ' ' && !is_opening(c))
            break;
        at += n;
    }
    return at;
}

/* `text` is ASCII lower case; other letters are compared as they are. */
static bool begins(const char *p, size_t size, const char *text)
{
    const size_t n = strlen(text);
    if (size < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char c = p[i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != text[i])
            return false;
    }
    return true;
}

bool tarn_turn_back(const void *text, size_t size)
{
    const char *p = text;
    const size_t skip = skip_opening(p, size);
    p += skip;
    size -= skip;
    for (size_t i = 0; i < sizeof TURN_BACKS / sizeof *TURN_BACKS; i++) {
        const char *word = TURN_BACKS[i].text;
        const size_t n = strlen(word);
        if (!begins(p, size, word))
            continue;
        int32_t c = ' ';
        if (n < size)
            tarn_utf8_decode(p + n, size - n, &c);
        if (!TURN_BACKS[i].whole_word || c < 0 || !is_letter(c))
            return true;
    }
    return false;
}
