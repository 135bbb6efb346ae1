/* slash_set.c - /budget, /set, /instructions, /thought, /entropy. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/slash.h"

/* ---------------------------------------------------------------- settings */

enum cmd_slash cmd_slash_budget(struct cmd_talk *t, char *rest,
                                uint32_t *attempt)
{
    char *end = NULL;
    const long n = strtol(rest, &end, 10);
    (void)attempt;
    if (!strcmp(rest, "none"))
        t->budget = -1;
    else if (*rest && !*end && n >= 0 && n <= 1000000)
        t->budget = (int32_t)n;
    else if (*rest)
        cmd_view_say(&t->view, "The budget is a number of tokens, or none.");
    if (t->budget > 0)
        cmd_view_say(&t->view, "A thought may use %s tokens.",
                     tarn_count((uint64_t)t->budget).text);
    else if (t->budget == 0)
        cmd_view_say(&t->view, "This model always thinks first. With a budget "
                               "of 0 its answers get worse.");
    else
        cmd_view_say(&t->view, "Thoughts have no budget.");
    t->view.budget = t->budget;
    return CMD_SLASH_DONE;
}

struct setting {
    const char *name;
    size_t offset; /* in struct tarn_sampling */
    bool whole;
};
#define F(m) offsetof(struct tarn_sampling, m)
static const struct setting SETTINGS[] = {
    { "temp", F(temperature), false },
    { "top-k", F(top_k), true },
    { "top-p", F(top_p), false },
    { "min-p", F(min_p), false },
    { "typical", F(typical_p), false },
    { "repeat-penalty", F(repeat_penalty), false },
    { "repeat-last-n", F(penalty_last_n), true },
    { "frequency-penalty", F(frequency_penalty), false },
    { "presence-penalty", F(presence_penalty), false },
    { "dry-multiplier", F(dry_multiplier), false },
};
#define N_SETTINGS (sizeof SETTINGS / sizeof *SETTINGS)

static double setting_of(const struct tarn_sampling *s,
                         const struct setting *setting)
{
    const char *at = (const char *)s + setting->offset;
    float f;
    int32_t i;
    memcpy(&f, at, sizeof f);
    memcpy(&i, at, sizeof i);
    return setting->whole ? i : (double)f;
}

static void show_setting(struct cmd_talk *t, const struct setting *setting)
{
    const struct tarn_sampling usual = tarn_model_sampling(t->ses.model);
    cmd_view_say(&t->view, "%-18s %-8g (default %g)", setting->name,
                 setting_of(&t->sampling, setting),
                 setting_of(&usual, setting));
}

static void change_setting(struct cmd_talk *t, const struct setting *setting,
                           const char *value)
{
    struct tarn_sampling s = t->sampling;
    struct tarn_error err = { 0 };
    char *end = NULL;
    const double v = strtod(value, &end);
    if (*end || (setting->whole && (v < INT32_MIN || v > INT32_MAX))) {
        cmd_view_say(&t->view, "%s needs a number.", setting->name);
        return;
    }
    const float f = (float)v;
    const int32_t i = setting->whole ? (int32_t)v : 0;
    char *at = (char *)&s + setting->offset;
    if (setting->whole)
        memcpy(at, &i, sizeof i);
    else
        memcpy(at, &f, sizeof f);
    if (tarn_sampling_check(&s, &err) != TARN_OK) {
        cmd_slash_error(t, &err);
        return;
    }
    t->sampling = s;
    show_setting(t, setting);
}

enum cmd_slash cmd_slash_set(struct cmd_talk *t, char *rest, uint32_t *attempt)
{
    char *value = strchr(rest, ' ');
    bool found = false;
    (void)attempt;
    if (value)
        *value++ = 0;
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (*rest && strcmp(rest, SETTINGS[i].name))
            continue;
        found = true;
        if (value && *value)
            change_setting(t, &SETTINGS[i], value);
        else
            show_setting(t, &SETTINGS[i]);
    }
    if (!strcmp(rest, "seed")) {
        found = true;
        if (value && *value)
            t->sampling.seed = strtoull(value, NULL, 10);
    }
    if (!*rest || !strcmp(rest, "seed"))
        cmd_view_say(&t->view, "%-18s %llu", "seed",
                     (unsigned long long)t->sampling.seed);
    if (!found)
        cmd_view_say(&t->view, "There is no setting \"%s\"; /set shows all.",
                     tarn_shown_str(rest).text);
    return CMD_SLASH_DONE;
}

enum cmd_slash cmd_slash_instructions(struct cmd_talk *t, char *rest,
                                      uint32_t *attempt)
{
    struct tarn_message first = { 0 };
    struct tarn_error err = { 0 };
    const bool have =
        tarn_chat_message(t->chat, 0, &first) && first.role == TARN_SYSTEM;
    (void)attempt;
    if (!*rest) {
        cmd_view_say(&t->view, have ? "The instructions are:"
                                    : "There are no instructions.");
        if (have)
            cmd_view_text(&t->view, first.text, first.text_size);
        return CMD_SLASH_DONE;
    }
    const size_t length = tarn_chat_length(t->chat);
    cmd_talk_mark(t);
    if (!cmd_slash_select(t, 0))
        return CMD_SLASH_DONE;
    tarn_message_id id = 0;
    if (tarn_chat_add(t->chat, TARN_SYSTEM, rest, strlen(rest), &id, &err) !=
        TARN_OK)
        cmd_slash_error(t, &err);
    else if (length > have)
        cmd_view_say(&t->view, "The chat begins again with these "
                               "instructions; /undo goes back.");
    else
        cmd_view_say(&t->view, "These are the instructions now.");
    t->last_id = id > t->last_id ? id : t->last_id;
    return CMD_SLASH_DONE;
}

enum cmd_slash cmd_slash_thought(struct cmd_talk *t, char *rest,
                                 uint32_t *attempt)
{
    static const char *const words[] = { "show", "fold", "hide" };
    (void)attempt;
    for (int i = 0; i < 3; i++)
        if (!strcmp(rest, words[i]))
            t->view.thought = (enum cmd_thought)i;
    cmd_view_say(&t->view, "Thoughts: %s (show, fold or hide).",
                 words[t->view.thought]);
    return CMD_SLASH_DONE;
}

enum cmd_slash cmd_slash_entropy(struct cmd_talk *t, char *rest,
                                 uint32_t *attempt)
{
    (void)attempt;
    if (!strcmp(rest, "on") || !strcmp(rest, "off"))
        t->view.entropy = !strcmp(rest, "on");
    cmd_view_say(&t->view,
                 "Entropy: %s (on or off). From 0.75 bits a word is "
                 "underlined, from 2 bits bold as well.",
                 t->view.entropy ? "on" : "off");
    return CMD_SLASH_DONE;
}
