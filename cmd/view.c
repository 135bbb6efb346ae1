/* view.c - see view.h. */
#include "cmd/view.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/term.h"
#include "core/base/buf.h"
#include "core/base/json.h"

#define DIM "\033[2m"
#define RESET "\033[0m"
#define MAX_COLUMNS 100
#define CIRCLE_KEYS "Ctrl+G breaks it, Ctrl+C stops."
#define STATUS_EVERY_MS 100.0
/* A prompt that is read faster than this shows no progress. */
#define STATUS_AFTER_MS 300.0

/* ----------------------------------------------------------------- numbers */

struct cmd_number cmd_duration(double ms)
{
    struct cmd_number out;
    const double s = ms / 1000;
    const unsigned whole = (unsigned)s;
    if (s < 0.1)
        snprintf(out.text, sizeof out.text, "%.2f s", s);
    else if (s < 60)
        snprintf(out.text, sizeof out.text, "%.1f s", s);
    else if (s < 3600)
        snprintf(out.text, sizeof out.text, "%u min %02u s", whole / 60,
                 whole % 60);
    else
        snprintf(out.text, sizeof out.text, "%u h %02u min", whole / 3600,
                 whole / 60 % 60);
    return out;
}

struct cmd_number cmd_speed(uint32_t n, double ms)
{
    struct cmd_number out;
    const double speed = ms > 0 ? n * 1000.0 / ms : 0;
    snprintf(out.text, sizeof out.text,
             speed >= 100 ? "%.0f tok/s" : "%.1f tok/s", speed);
    return out;
}

struct cmd_number cmd_percent(double p)
{
    struct cmd_number out;
    if (p < 0.001)
        snprintf(out.text, sizeof out.text, "<0.1%%");
    else
        snprintf(out.text, sizeof out.text, p < 0.01 ? "%.1f%%" : "%.0f%%",
                 100 * p);
    return out;
}

static const char *plural(uint32_t n)
{
    return n == 1 ? "" : "s";
}

const char *cmd_dot(const struct cmd_view *v)
{
    return v->ascii ? " - " : " \xC2\xB7 ";
}

/* ------------------------------------------------------------------ making */

static bool env_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value && strcmp(value, "0") != 0;
}

static bool utf8_locale(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (int i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strstr(value, "UTF-8") || strstr(value, "utf8") ||
                   strstr(value, "UTF8") || strstr(value, "utf-8");
    }
    return false;
}

static enum tarn_status choose_thought(struct cmd_view *v, const char *word,
                                       struct tarn_error *err)
{
    static const char *const words[] = { "show", "fold", "hide" };
    for (int i = 0; word && i < 3; i++)
        if (!strcmp(word, words[i])) {
            v->thought = (enum cmd_thought)i;
            return TARN_OK;
        }
    return word ? tarn_fail(err, TARN_USAGE,
                            "--thought is \"%s\" but must be show, fold or "
                            "hide",
                            tarn_shown_str(word).text)
                : TARN_OK;
}

enum tarn_status cmd_view_init(struct cmd_view *v, const char *color,
                               const char *thought, bool plain, bool json,
                               struct tarn_error *err)
{
    const char *term = getenv("TERM");
    const bool dumb = !term || !strcmp(term, "dumb");
    const bool from_person = isatty(STDIN_FILENO);
    const bool to_person = isatty(STDOUT_FILENO);
    *v = (struct cmd_view){ .answer = stdout, .json = json };
    v->plain = plain || env_set("TARN_PLAIN");
    if (!json)
        v->side = to_person && from_person ? stdout : stderr;
    v->live =
        !json &&
        isatty(to_person && from_person ? STDOUT_FILENO : STDERR_FILENO) &&
        !v->plain && !dumb;
    v->dumb = dumb;
    v->ascii = dumb || !utf8_locale();
    v->color = v->live && !env_set("NO_COLOR");
    if (env_set("CLICOLOR_FORCE") || (color && !strcmp(color, "always")))
        v->color = true;
    else if (color && !strcmp(color, "never"))
        v->color = false;
    else if (color && strcmp(color, "auto"))
        return tarn_fail(err, TARN_USAGE,
                         "--color is \"%s\" but must be auto, always or never",
                         tarn_shown_str(color).text);
    /* A pipe in: one message, the answer and nothing else. */
    v->thought = from_person ? CMD_THOUGHT_SHOW : CMD_THOUGHT_HIDE;
    return choose_thought(v, thought, err);
}

void cmd_view_begin(struct cmd_view *v)
{
    v->span = 0;
    v->reading = v->thought_seen = v->answer_seen = v->status_shown =
        v->stopped = v->asked = v->circle = false;
    v->n_thought = v->n_total = v->n_old = 0;
    v->last_status_ms = v->thought_from_ms = v->thought_ms = 0;
}

/* ------------------------------------------------------------ status and say
 */

static void clear_status(struct cmd_view *v)
{
    if (v->status_shown)
        fputs("\r\033[K", v->side);
    v->status_shown = false;
}

static void show_status(struct cmd_view *v, double now, const char *text)
{
    if (!v->live || now - v->last_status_ms < STATUS_EVERY_MS)
        return;
    v->last_status_ms = now;
    clear_status(v);
    fprintf(v->side, "%s%s%s", v->color ? DIM : "", text,
            v->color ? RESET : "");
    cmd_push(v->side);
    v->status_shown = true;
}

void cmd_view_say(struct cmd_view *v, const char *format, ...)
{
    if (!v->side)
        return;
    clear_status(v);
    va_list args;
    fputs(v->color ? DIM : "", v->side);
    va_start(args, format);
    vfprintf(v->side, format, args);
    va_end(args);
    fputs(v->color ? RESET "\n" : "\n", v->side);
    cmd_push(v->side);
}

/* ------------------------------------------------------------------- spans */

static void begin_flow(struct cmd_view *v, FILE *to, bool thought)
{
    unsigned columns, rows;
    cmd_term_size(&columns, &rows);
    const bool set = v->live && to == v->side;
    v->flow = (struct cmd_flow){
        .to = to,
        .columns = !set                    ? 0
                   : columns > MAX_COLUMNS ? MAX_COLUMNS
                                           : columns,
        .prefix = !thought || v->plain ? ""
                  : v->ascii           ? "| "
                                       : "\xE2\x94\x82 ",
        .prefix_width = thought && !v->plain ? 2 : 0,
        .style = thought ? DIM : "",
        .markdown = !thought,
        .color = v->color,
    };
    cmd_flow_begin(&v->flow);
    v->open_line = false;
}

/* Into lines on a terminal; elsewhere as it is, escaped where a terminal still
 * reads it (--plain, TERM=dumb). */
static void put(struct cmd_view *v, const char *text, size_t size)
{
    struct cmd_flow *f = &v->flow;
    if (size == 0)
        return;
    v->open_line = text[size - 1] != '\n';
    if (f->columns > 0)
        cmd_flow_put(f, text, size);
    else if (isatty(fileno(f->to)))
        cmd_print_foreign(f->to, text, size);
    else
        fwrite(text, 1, size, f->to);
}

static void end_flow(struct cmd_view *v)
{
    if (v->flow.columns > 0)
        cmd_flow_end(&v->flow);
    else if (v->open_line)
        fputc('\n', v->flow.to);
    v->open_line = false;
}

void cmd_view_text(struct cmd_view *v, const char *text, size_t size)
{
    if (!v->side)
        return;
    begin_flow(v, v->side, false);
    v->flow.markdown = false;
    put(v, text, size);
    end_flow(v);
}

/* Of the thought so far: printed before it went on. */
static uint32_t old_thought(const struct cmd_view *v)
{
    return v->n_old < v->n_thought ? v->n_old : v->n_thought;
}

static void say_thought(struct cmd_view *v, double ms)
{
    const uint32_t n = v->n_thought, new = n - old_thought(v);
    v->thought_ms = ms;
    if (v->json || !v->thought_seen || (v->quiet && !v->live))
        return;
    cmd_view_say(
        v, "%s%s%s token%s in %s%s", v->plain ? "thought ends: " : "thought ",
        tarn_count(new).text, new < n ? " more" : "", plural(new),
        cmd_duration(ms).text,
        v->asked                                    ? ", answered on request"
        : v->stopped                                ? ", stopped"
        : v->budget > 0 && n >= (uint32_t)v->budget ? ", budget reached"
                                                    : "");
    if (v->live)
        fputc('\n', v->side);
}

static void begin_span(struct cmd_view *v, const struct tarn_event *ev)
{
    clear_status(v);
    v->span = ev->span;
    if (v->json)
        return;
    if (ev->span == TARN_SPAN_THOUGHT) {
        v->thought_seen = true;
        v->thought_from_ms = ev->ms;
        if (v->plain && v->side)
            cmd_view_say(v, "thought begins");
        if (v->side && v->thought == CMD_THOUGHT_SHOW)
            begin_flow(v, v->side, true);
    } else if (ev->span == TARN_SPAN_ANSWER) {
        if (v->plain && v->side)
            cmd_view_say(v, "answer begins");
        if (v->answer_seen)
            fputc('\n', v->answer); /* a second part, after a call */
        v->answer_seen = true;
        begin_flow(v, v->answer, false);
    }
}

static void end_span(struct cmd_view *v, const struct tarn_event *ev)
{
    clear_status(v);
    if (v->json)
        return;
    if (ev->span == TARN_SPAN_THOUGHT) {
        if (v->side && v->thought == CMD_THOUGHT_SHOW)
            end_flow(v);
        say_thought(v, ev->ms - v->thought_from_ms);
    } else if (ev->span == TARN_SPAN_ANSWER) {
        end_flow(v);
        cmd_push(v->answer);
        if (v->plain && v->side)
            cmd_view_say(v, "answer ends");
    }
    v->span = 0;
}

/* ------------------------------------------------------------------ events */

static void print_json(struct cmd_view *v, const char *kind, const char *text,
                       size_t size)
{
    struct tarn_buf b = { 0 };
    tarn_json_add_string(&b, text, size, false);
    if (!b.failed)
        fprintf(v->answer, "{\"e\":\"%s\",\"text\":%s}\n", kind, b.data);
    cmd_push(v->answer);
    tarn_buf_finish(&b);
}

static void show_text(struct cmd_view *v, const struct tarn_event *ev)
{
    const bool thought = ev->span == TARN_SPAN_THOUGHT;
    v->last_text_ms = ev->ms;
    if (v->json) {
        print_json(v, thought ? "thought" : "answer", ev->text, ev->text_size);
        return;
    }
    if (thought && (!v->side || v->thought != CMD_THOUGHT_SHOW))
        return;
    put(v, ev->text, ev->text_size);
    cmd_push(v->flow.to);
}

static void show_reading(struct cmd_view *v, const struct tarn_event *ev)
{
    char text[120];
    if (!v->reading) { /* what was kept from the last turn took no time */
        v->reading = true;
        v->read_from = ev->done;
        v->read_from_ms = ev->ms;
    }
    if (ev->done <= v->read_from || ev->done >= ev->total ||
        ev->ms - v->read_from_ms < STATUS_AFTER_MS)
        return;
    const double left = (ev->ms - v->read_from_ms) *
                        (double)(ev->total - ev->done) /
                        (double)(ev->done - v->read_from);
    snprintf(text, sizeof text, "Reading %s tokens%s %u%%, about %s left",
             tarn_count(ev->total - v->read_from).text,
             v->ascii ? "..." : "\xE2\x80\xA6",
             (unsigned)((ev->done - v->read_from) * 100 /
                        (ev->total - v->read_from)),
             cmd_duration(left).text);
    show_status(v, ev->ms, text);
}

static void show_thinking(struct cmd_view *v, const struct tarn_event *ev)
{
    char text[120], of[40] = "";
    if (v->budget > 0)
        snprintf(of, sizeof of, " of %s", tarn_count((uint64_t)v->budget).text);
    snprintf(text, sizeof text, "Thinking %s%s%s%s",
             tarn_count(v->n_thought).text, of, cmd_dot(v),
             cmd_speed(v->n_thought - old_thought(v),
                       ev->ms - v->thought_from_ms).text);
    show_status(v, ev->ms, text);
}

static bool thought_is_open(const struct cmd_view *v)
{
    return !v->json && v->side && v->span == TARN_SPAN_THOUGHT &&
           v->thought == CMD_THOUGHT_SHOW;
}

/* A line of our own in the middle of a span. */
static void say_between(struct cmd_view *v, const char *text, size_t size)
{
    const bool thought = thought_is_open(v);
    if (thought || v->span == TARN_SPAN_ANSWER)
        end_flow(v);
    cmd_view_say(v, "%.*s", (int)size, text);
    if (thought || v->span == TARN_SPAN_ANSWER)
        begin_flow(v, thought ? v->side : v->answer, thought);
}

void cmd_view_event(struct cmd_view *v, const struct tarn_event *ev)
{
    switch ((enum tarn_event_kind)ev->kind) {
    case TARN_EV_READING:
        show_reading(v, ev);
        break;
    case TARN_EV_SPAN:
        begin_span(v, ev);
        break;
    case TARN_EV_TEXT:
        show_text(v, ev);
        break;
    case TARN_EV_TOKEN:
        v->n_total++;
        v->n_thought += ev->span == TARN_SPAN_THOUGHT;
        if (v->entropy && !v->json && v->flow.columns > 0)
            cmd_flow_mark(&v->flow, ev->entropy_bits);
        if (v->span == TARN_SPAN_THOUGHT && v->thought == CMD_THOUGHT_FOLD)
            show_thinking(v, ev);
        break;
    case TARN_EV_SPAN_END:
        end_span(v, ev);
        break;
    case TARN_EV_CALL:
        if (v->json) {
            print_json(v, "call", ev->text, ev->text_size);
        } else if (v->side && !v->tools) {
            cmd_view_say(v, "call (not run):");
            cmd_view_text(v, ev->text, ev->text_size);
        }
        break;
    case TARN_EV_NOTICE:
        if (v->json)
            print_json(v, "notice", ev->text, ev->text_size);
        else
            say_between(v, ev->text, ev->text_size);
        v->circle = ev->total > 0;
        if (v->circle && v->live)
            say_between(v, CIRCLE_KEYS, sizeof CIRCLE_KEYS - 1);
        break;
    case TARN_EV_WAS_THOUGHT: /* nothing that is printed is moved */
        if (v->json)
            print_json(v, "was_thought", "", 0);
        else
            cmd_view_say(v, "That was the thought.");
        break;
    case TARN_EV_WITHDRAWN: /* a notice says it in words */
        if (v->json)
            fprintf(v->answer,
                    "{\"e\":\"withdrawn\",\"tokens\":%llu,"
                    "\"keep_bytes\":%llu}\n",
                    (unsigned long long)ev->total,
                    (unsigned long long)ev->done);
        v->n_thought -=
            ev->total < v->n_thought ? (uint32_t)ev->total : v->n_thought;
        break;
    case TARN_EV_END:
        break;
    }
}

void cmd_view_again(struct cmd_view *v, const struct tarn_event *ev)
{
    if (ev->kind == TARN_EV_READING)
        show_reading(v, ev);
    else if (ev->kind == TARN_EV_SPAN || ev->kind == TARN_EV_SPAN_END)
        v->span = ev->kind == TARN_EV_SPAN ? ev->span : 0;
    else if (ev->kind == TARN_EV_TOKEN) {
        v->n_total++;
        v->n_thought += ev->span == TARN_SPAN_THOUGHT;
    }
}

void cmd_view_go_on(struct cmd_view *v, double ms)
{
    struct tarn_event ev = { .span = v->span, .ms = ms };
    v->n_old = v->n_thought;
    if (v->span)
        begin_span(v, &ev);
}

void cmd_view_fold(struct cmd_view *v)
{
    if (thought_is_open(v))
        end_flow(v);
    clear_status(v);
    v->thought =
        v->thought == CMD_THOUGHT_SHOW ? CMD_THOUGHT_FOLD : CMD_THOUGHT_SHOW;
    if (thought_is_open(v))
        begin_flow(v, v->side, true);
}

void cmd_view_idle(struct cmd_view *v)
{
    /* A line's first word decides how the line looks: it waits. */
    if (v->json || v->flow.columns == 0 || v->flow.first_word ||
        (v->span != TARN_SPAN_ANSWER && !thought_is_open(v)))
        return;
    cmd_flow_flush(&v->flow);
    cmd_push(v->flow.to);
}

/* ----------------------------------------------------------------- summary */

static void json_summary(struct cmd_view *v, const struct tarn_turn_summary *s)
{
    fprintf(v->answer,
            "{\"e\":\"turn\",\"stop\":\"%s\",\"prompt_tokens\":%u,"
            "\"kept_tokens\":%u,\"thought_tokens\":%u,\"answer_tokens\":%u,"
            "\"tokens\":%u,\"prefill_ms\":%.1f,\"first_token_ms\":%.1f,"
            "\"thought_ms\":%.1f,\"answer_ms\":%.1f}\n",
            tarn_stop_name(s->reason), s->n_prompt, s->n_reused, s->n_thought,
            s->n_answer, s->n_total, s->prefill_ms, s->first_token_ms,
            s->thought_ms, s->answer_ms);
    cmd_push(v->answer);
}

void cmd_view_summary(struct cmd_view *v, const struct tarn_turn_summary *s,
                      uint32_t branch, uint32_t n_branches)
{
    char line[240];
    int n = 0;
    clear_status(v);
    if (v->json) {
        json_summary(v, s);
        return;
    }
    if (v->quiet || !v->side)
        return;
    if (s->n_thought > 0)
        n += snprintf(line, sizeof line, "thinking %s%s",
                      cmd_speed(s->n_thought, s->thought_ms).text, cmd_dot(v));
    n += snprintf(line + n, sizeof line - (size_t)n, "%s token%s in %s%s%s",
                  tarn_count(s->n_answer).text, plural(s->n_answer),
                  cmd_duration(s->answer_ms).text, cmd_dot(v),
                  cmd_speed(s->n_answer, s->answer_ms).text);
    if (n_branches > 0)
        n += snprintf(line + n, sizeof line - (size_t)n, "%s%u / %u",
                      cmd_dot(v), branch, n_branches);
    unsigned columns, rows;
    cmd_term_size(&columns, &rows);
    columns = columns > MAX_COLUMNS ? MAX_COLUMNS : columns;
    /* A middle dot is one column and two bytes. */
    unsigned width = 0;
    for (int i = 0; i < n; i++)
        width += ((unsigned char)line[i] & 0xC0) != 0x80;
    const unsigned pad = v->live && width < columns ? columns - width : 0;
    if (v->live)
        fputc('\n', v->side);
    cmd_view_say(v, "%*s%s", (int)pad, "", line);
}
