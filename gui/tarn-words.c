/* tarn-words.c - see tarn-words.h. */
#include "gui/tarn-words.h"

#include <locale.h>
#include <string.h>

enum {
    BREAK_RUN = 200,      /* letters without a break, measured in W03 */
    BREAK_RUN_HARD = 600, /* even between a letter and its marks */
    BREAK_LINE = 2000     /* what is laid out again when a word arrives */
};

#define ZERO_WIDTH_SPACE "\xe2\x80\x8b"
#define PARAGRAPH_SEPARATOR "\xe2\x80\xa9"

char *tarn_words_valid(const char *text, gssize size)
{
    if (!text)
        return g_strdup("");
    gsize n = size < 0 ? strlen(text) : (gsize)size;
    if (!memchr(text, 0, n))
        return g_utf8_make_valid(text, (gssize)n);
    GString *s = g_string_sized_new(n + 8);
    for (gsize i = 0; i < n; i++) {
        if (text[i])
            g_string_append_c(s, text[i]);
        else
            g_string_append(s, "\xef\xbf\xbd");
    }
    char *valid = g_utf8_make_valid(s->str, (gssize)s->len);
    g_string_free(s, TRUE);
    return valid;
}

/* A place where a character may not be parted from the one before it. */
static gboolean clings(gunichar c)
{
    return g_unichar_ismark(c) || c == 0x200d || c == 0xfe0f ||
           (c >= 0x1f3fb && c <= 0x1f3ff);
}

void tarn_words_break(GString *out, const char *text, gsize size,
                      TarnBreak *state)
{
    const char *end = text + size;
    for (const char *p = text; p < end;) {
        const char *next = g_utf8_next_char(p);
        gunichar c = g_utf8_get_char(p);
        gboolean space = c == ' ' || c == '\n' || c == '\t' || c == 0x2028;
        if (state->line >= BREAK_LINE && c != '\n' &&
            (space || state->run >= BREAK_RUN ||
             state->line >= 2 * BREAK_LINE)) {
            g_string_append(out, PARAGRAPH_SEPARATOR);
            state->line = state->run = 0;
        } else if ((state->run >= BREAK_RUN && !clings(c)) ||
                   state->run >= BREAK_RUN_HARD) {
            g_string_append(out, ZERO_WIDTH_SPACE);
            state->run = 0;
        }
        g_string_append_len(out, p, next - p);
        state->run = space ? 0 : state->run + 1;
        state->line = c == '\n' ? 0 : state->line + 1;
        p = next;
    }
}

char *tarn_words_unbreak(const char *text)
{
    GString *s = g_string_sized_new(strlen(text));
    for (const char *p = text; *p;) {
        if (!strncmp(p, ZERO_WIDTH_SPACE, 3) ||
            !strncmp(p, PARAGRAPH_SEPARATOR, 3))
            p += 3;
        else if (!strncmp(p, "\xe2\x80\xa8", 3)) /* a hard line break */
            p += 3, g_string_append_c(s, '\n');
        else
            g_string_append_c(s, *p++);
    }
    return g_string_free(s, FALSE);
}

char *tarn_words_count(guint64 n)
{
    const char *sep = localeconv()->thousands_sep;
    if (!sep || !*sep || !g_utf8_validate(sep, -1, NULL))
        sep = ",";
    char digits[32];
    int len = g_snprintf(digits, sizeof digits, "%" G_GUINT64_FORMAT, n);
    GString *s = g_string_new(NULL);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            g_string_append(s, sep);
        g_string_append_c(s, digits[i]);
    }
    return g_string_free(s, FALSE);
}

char *tarn_words_duration(double ms)
{
    double s = MAX(ms, 0) / 1e3;
    if (s < 0.095) /* 0.0 would say that nothing was measured */
        return g_strdup_printf(_("%.2f s"), MAX(s, 0.01));
    if (s < 59.95)
        return g_strdup_printf(_("%.1f s"), s);
    guint64 whole = (guint64)(s + 0.5);
    guint hours = (guint)(whole / 3600), minutes = (guint)(whole / 60 % 60);
    if (!hours)
        return g_strdup_printf(_("%u min %u s"), minutes, (guint)(whole % 60));
    return g_strdup_printf(_("%u h %02u min"), hours, minutes);
}

char *tarn_words_speed(guint tokens, double ms)
{
    if (!tokens || ms <= 0)
        return NULL;
    double speed = tokens / ms * 1e3;
    if (speed < 99.95)
        return g_strdup_printf(_("%.1f tok/s"), speed);
    guint64 n = (guint64)(speed + 0.5), step = 1; /* three digits that count */
    while (n / step >= 1000)
        step *= 10;
    g_autofree char *shown = tarn_words_count((n + step / 2) / step * step);
    return g_strdup_printf(_("%s tok/s"), shown);
}

char *tarn_words_size(guint64 bytes)
{
    if (bytes >= 1000000000)
        return g_strdup_printf(_("%.1f GB"), (double)bytes / 1e9);
    return g_strdup_printf(_("%.0f MB"), (double)bytes / 1e6);
}

char *tarn_words_date(gint64 unix_seconds)
{
    g_autoptr(GDateTime) then = g_date_time_new_from_unix_local(unix_seconds);
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    if (!then)
        return g_strdup("");
    g_autoptr(GDateTime) day = g_date_time_new_local(
        g_date_time_get_year(now), g_date_time_get_month(now),
        g_date_time_get_day_of_month(now), 0, 0, 0);
    GTimeSpan before = g_date_time_difference(day, then);
    if (before <= 0)
        return g_date_time_format(then, "%H:%M");
    if (before <= G_TIME_SPAN_DAY)
        return g_strdup(_("yesterday"));
    if (before <= 6 * G_TIME_SPAN_DAY)
        return g_date_time_format(then, "%a");
    gboolean same = g_date_time_get_year(then) == g_date_time_get_year(now);
    return g_date_time_format(then, same ? "%-d %b" : "%-d %b %Y");
}

char *tarn_words_params(guint64 n)
{
    if (n >= 1000000000)
        return g_strdup_printf(_("%.1f B"), (double)n / 1e9);
    return g_strdup_printf(_("%.1f M"), (double)n / 1e6);
}

char *tarn_words_line(const char *text, guint max)
{
    GString *s = g_string_new(NULL);
    guint n = 0;
    gboolean gap = FALSE;
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_isspace(c) || g_unichar_iscntrl(c)) {
            gap = s->len > 0;
            continue;
        }
        if (n + (gap ? 1 : 0) >= max) {
            g_string_append(s, "…");
            break;
        }
        if (gap)
            g_string_append_c(s, ' '), n++;
        gap = FALSE;
        g_string_append_unichar(s, c);
        n++;
    }
    return g_string_free(s, FALSE);
}

gboolean tarn_words_link_ok(const char *address)
{
    static const char *const SCHEMES[] = { "http://", "https://", "mailto:" };
    for (gsize i = 0; address && i < G_N_ELEMENTS(SCHEMES); i++) {
        gsize n = strlen(SCHEMES[i]);
        if (g_ascii_strncasecmp(address, SCHEMES[i], n) == 0 && address[n])
            return TRUE;
    }
    return FALSE;
}
