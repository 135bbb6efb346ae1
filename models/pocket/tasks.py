"""The mix: every task, several turns, forms of answers, cut thoughts; the text of
a sample as the chat layout has it, and the judge of an answer.

  tasks.py [SEED [TASK]]    prints examples
"""
import glob
import json
import os
import re
import sys

import arithmetic
import letters
import order
import outside
import paraphrase
import quantities
import stories
import talk
import tools
import wording
from arithmetic import S, add_columns, product, sub_columns
from letters import numbered
from order import keep_best
from paraphrase import in_other_words
from quantities import day_steps, unit_steps, UNITS
from wording import END_RAW, RAW, R, noise, say
from words import number

HERE = os.path.dirname(os.path.abspath(__file__))


# --------------------------------------------------------------- several turns
def typed(r, q):
    """A question as a person writes it."""
    return noise(r, in_other_words(r, q))


def past(r, s):
    return [("user", typed(r, s["q"])), ("assistant", s["ans"])]


def spoken(r, g, **kw):
    q = say(r, g, **kw)
    return (q[:1].upper() + q[1:] if r.random() < .6 else q) + r.choice(["?", "?", ".", ""])


MORE = {"+": ["[now |then |and ]add {b}[ to it| to that|]", "[and |]plus {b}", "and if I add {b}", "and {b} more",
              "what if you add {b}[ to it| to that|]", "then +{b}", "what is that plus {b}", "[now|and] {b} more",
              "increase it by {b}", "and what is it with {b} more", "put {b} on top[ of it|]", "add another {b}",
              "and [now |]plus {b}", "what do I get with {b} more", "{b} more than that",
              "raise that by {b}", "let it grow by {b}", "how much is it if {b} [come|are added] on top",
              "{b} are added to that", "what does that give with {b} more", "take that and add {b}",
              "I get {b} more, what is it then", "the same, only {b} higher", "count {b} on from there",
              "make it {b} larger", "and together with {b}", "that number plus {b}"],
        "-": ["[now |then |and ]subtract {b}[ from it| from that|]", "[now |and |]take {b} away[ from that| from it|]",
              "[and |]minus {b}", "and {b} less", "what if you take {b} off it", "then -{b}", "what is that minus {b}",
              "reduce it by {b}", "and without {b}", "take away {b}", "[now|and] [now |]take off {b}",
              "what remains if {b} [go|are taken away]", "subtract another {b}", "what is left when I take {b} away",
              "{b} less than that",
              "lower that by {b}", "let it shrink by {b}", "how much is it if {b} come off", "{b} are taken from that",
              "and what is it with {b} less", "take that and subtract {b}", "I lose {b}, what is it then",
              "count {b} down from there", "make it {b} smaller", "deduct {b}", "that number minus {b}", "cut it by {b}"],
        "*": ["[now |then |and ]multiply [it |that |]by {b}", "[and |]times {b}", "and {b} times that", "and now times {b}",
              "what is {b} times this", "then *{b}", "what is that times {b}", "take it {b} times",
              "and if I multiply it by {b}", "{b} times as much", "and {b} times as many", "what if it is {b} times more",
              "{b} of those are how much", "that number times {b}", "take that and multiply it with {b}",
              "what do I get if I take that {b} times", "make it {b} times as large", "the product of that and {b}",
              "how much is {b} times the result", "multiply the result by {b}", "and what if I had {b} of these",
              "by {b} now"]}


def follow_number(r):
    f = r.choice([arithmetic.t_add, arithmetic.t_sub, arithmetic.t_mul, arithmetic.t_sum3, stories.t_story1, stories.t_story2,
                  arithmetic.t_numword])
    s = f(r)
    v, b, o = s["value"], r.choice([r.randint(1, 20), r.randint(1, 20), number(r, 1, 3)]), r.choice("+-")
    if not isinstance(v, int) or v < 0 or v > 99999:
        return follow_number(r)
    if v < 100 and r.random() < .3:
        o, b = "*", r.randint(2, 9)
    if o == "-" and b > v:
        o = "+"
    g = v + b if o == "+" else v - b if o == "-" else v * b
    lines = add_columns(v, b) if o == "+" else sub_columns(v, b) if o == "-" else product(v, b)
    if max(v, b) < 10 or o == "*" and max(v, b) <= 12:
        lines = ["%d%s%d=%d" % (v, o, b, g)]
    return S("follow", spoken(r, MORE[o], b=b), ["the last result is %d" % v] + lines, "%d %s %d = %d." % (v, o, b, g), str(g),
             g, before=past(r, s))


LONG = ["[and |]how many letters does it have", "how long is it", "[and |]how many letters [are in it|is that|has it]",
        "and its length", "and the number of letters", "count its letters", "how long is that word",
        "[and|now] count the letters",
        "what is its length", "of how many letters is it made", "tell me how long the word is",
        "and how many characters is it", "can you count its letters", "I need the number of letters in it",
        "number of letters in that word", "so how many letters long is it", "now its length",
        "and what is the letter count"]
SPELLED = ["[now |and |please |]spell it[, please|]", "how is it spelled", "spell [that|the|this] word", "and spelled out",
           "can you spell it[ too|]", "[and|now] letter by letter", "what are its letters", "now the spelling",
           "now with a dash between the letters", "how do you spell that", "break it into letters",
           "and how do I spell that", "name the letters one by one", "letters one at a time", "spell that for me",
           "I need the spelling of it", "tell me each of its letters", "show its letters", "and which letters are in it"]
BACK = ["[and |]backwards", "[now |and |]reverse [it|that]", "[and |]write it backwards",
        "what is [it|that] [in reverse|backwards]", "and from right to left", "can you turn it around",
        "[and|now] the other way round", "flip it", "now spell it backwards",
        "how does it read from the end", "turn that around", "and how is it backwards", "start from its last letter",
        "what do I get if I reverse it", "read it from right to left", "say it backwards", "I want it the other way round",
        "mirror the word", "put its letters in reverse", "the same word in reverse"]


def follow_word(r):
    while True:
        s = r.choice([letters.t_reverse, letters.t_count, letters.t_length, letters.t_spell])(r)
        words = [w.strip("'\"") for w in re.findall("\x03([^\x04]*)\x04", s["q"])]
        w = max(words, key=len)
        if len(w) > 2 and w.islower():
            break
    x = r.randrange(3)
    if x == 0:
        return S("follow", spoken(r, LONG), ["the word is " + w, numbered(w)], "%s has %d letters." % (w, len(w)), str(len(w)),
                 len(w), before=past(r, s))
    if x == 1:
        g = "-".join(w)
        return S("follow", spoken(r, SPELLED), ["the word is " + w, " ".join(w)], g, g, g, before=past(r, s))
    if s["task"] == "reverse":
        return follow_word(r)
    return S("follow", spoken(r, BACK), ["the word is " + w, " ".join(w), " ".join(w[::-1])], RAW + w[::-1] + END_RAW, w[::-1],
             w[::-1], before=past(r, s))


LATER = ["[and |]{n} days [after that|later|more|on]", "and {n} [more |]days later", "plus {n} more days",
         "what about {n} days after that[ day|]", "and then {n} days on", "and if I wait {n} more days",
         "[and |]what day is {n} days later", "and in another {n} days", "{n} days after that is what",
         "what day is it if {n} days more go by", "go on {n} days from there", "count on another {n} days",
         "and {n} days further", "I wait {n} days more, what day is it", "add {n} days to that",
         "and which day comes {n} days after", "how about {n} days later", "move on by {n} days",
         "then {n} days pass, what day is it", "what weekday is it {n} days after that"]
EARLIER = ["[and |]{n} days [before that|earlier|back]", "minus {n} days", "what about {n} days before that[ day|]",
           "and {n} days back from there", "and if I go back {n} days", "[and |]what day was {n} days earlier",
           "{n} days before that was what",
           "go back {n} days from there", "count back {n} days", "take {n} days off", "how about {n} days earlier",
           "which day comes {n} days before it", "subtract {n} days from that", "what weekday was it {n} days before that",
           "and {n} days ago, seen from there", "move back by {n} days", "now {n} days to the past"]


def follow_day(r):
    s = quantities.t_day(r)
    d, n, b = s["gold"], r.randint(2, 20), r.random() < .3
    lines, g = day_steps(d, n, b)
    return S("follow", spoken(r, EARLIER if b else LATER, n=n), ["the last day is " + d] + lines,
             ("It was %s." if b else "It is %s.") % g, g, g, before=past(r, s))


ROUND = ["[and |now |]the other way round", "[and |]in reverse order", "reverse the order", "the other way around please",
         "and backwards", "now turn the order around", "[and|now] [in |]the opposite order", "flip the order",
         "now from the other end",
         "begin with the last one", "what is it in reverse", "turn it around", "can you reverse the list",
         "the last one first, please", "I want it the other way round", "from the end to the start",
         "now list them backwards", "let me see it reversed", "start from the end"]
BIGGEST = ["[and |]which [one |]is the [largest|biggest|highest]",
           "[and |]the [biggest|largest|highest|greatest] [one|of them]", "what is the [maximum|largest|biggest]",
           "what about the biggest", "which of them is the largest", "name the biggest", "and the maximum",
           "what's the largest number there", "tell me the biggest number", "which number is the highest",
           "I need the largest", "so the largest is which", "pick the highest one", "find the maximum",
           "and which of those is biggest", "give me the greatest one"]
LEAST = ["[and |]which [one |]is the [smallest|lowest]", "[and |]the [smallest|lowest|least] [one|of them]",
         "what is the [minimum|smallest|lowest]", "what about the smallest", "which of them is the smallest",
         "name the smallest", "and the minimum",
         "what's the smallest number there", "tell me the smallest number", "which number is the lowest",
         "I need the smallest", "so the smallest is which", "pick the lowest one", "find the minimum",
         "and which of those is smallest", "give me the least one"]
MANY = ["how many are [there|they|that]", "and how many [items|numbers|are there|things]", "count them",
        "how many [items|things] is that", "how long is the list", "how many [is that|do I have] now",
        "what is the number of items", "and the count", "tell me how many there are", "how many did you list",
        "what's the length of the list", "can you count these", "count the list", "so how many things are on it",
        "I need the number of things"]
WITHOUT = ["[now |and |]remove {x}", "[and |]without {x}", "take {x} out", "now {x} is gone", "drop {x}[ too|]", "delete {x}",
           "cross out {x}", "[and|now] take {x} off the list",
           "the same without {x}", "get rid of {x}", "leave {x} out", "{x} has to go", "I don't want {x} on it",
           "strike {x}", "what is left if {x} goes", "write it again without {x}", "what if there is no {x}",
           "throw {x} out", "can you take {x} away"]


def follow_list(r):
    while True:
        s = r.choice([order.t_sort, order.t_sort, order.t_list])(r)
        v = s["value"]
        if isinstance(v, list) and len(v) > 1:
            break
    names, shown = list(map(str, v)), "the list is " + " ".join(map(str, v))
    x = r.randrange(5)
    if x == 0:
        g = ", ".join(names[::-1])
        return S("follow", spoken(r, ROUND), [shown], g + ".", g, v[::-1], before=past(r, s))
    if x == 1:
        return S("follow", spoken(r, MANY), [shown, ", ".join("%d %s" % (i + 1, w) for i, w in enumerate(names)),
                                             "so %d" % len(v)], r.choice(["%d items.", "There are %d items."]) % len(v),
                                             str(len(v)), len(v), before=past(r, s))
    if x == 2 and len(v) > 2:
        out = r.choice(names)
        left = [w for w in names if w != out]
        g = ", ".join(left)
        return S("follow", spoken(r, WITHOUT, x=out), [", ".join(w + " out" if w == out else w for w in names), "left: " + g],
                 g + ".", g, left, before=past(r, s))
    if not isinstance(v[0], int):
        return follow_list(r)
    big = x == 3
    lines, c = keep_best(v, big)
    return S("follow", spoken(r, BIGGEST if big else LEAST), [shown] + lines,
             "The %s is %d." % ("largest" if big else "smallest", c), str(c), c, before=past(r, s))


AGAIN = ["[and |]{k} {f}", "what about {k} {f}", "and {k}", "and for {k} {f}", "how about {k}[ {f}|]",
         "and what [is|are] {k} {f}[ then|]", "the same for {k} {f}", "now {k} {f}", "and if it is {k} {f}",
         "and {k} {f} are how many", "do the same with {k} {f}", "try {k} {f}", "I also have {k} {f}",
         "what do {k} {f} make", "what does it give for {k} {f}", "then {k} {f}", "next: {k} {f}", "what would {k} {f} be",
         "the same question for {k} {f}"]


def follow_unit(r):
    big, longs, small, smalls, f = r.choice(UNITS)
    big, small = longs.split("|")[0], smalls.split("|")[0]
    a, k = r.randint(2, 12), r.randint(2, 12)
    q = say(r, quantities.CONVERT["wh"], a=a, f=big, t=small)
    q = q[:1].upper() + q[1:] + "?"
    return S("follow", spoken(r, AGAIN, k=k, f=big), unit_steps(k, f, big, small, True),
             "%d %s = %d %s." % (k, big, k * f, small), "= %d " % (k * f), k * f,
             before=[("user", noise(r, q)), ("assistant", "%d %s = %d %s." % (a, big, a * f, small))])


def follow_refusal(r):
    return dict(talk.about(r, r.choice(["load", "can", "limits", "thanks"])), task="follow",
                before=past(r, outside.t_outside(r)))


BASE = arithmetic.TASKS + order.TASKS + letters.TASKS + quantities.TASKS + stories.TASKS + talk.TASKS + outside.TASKS


def any_base(r):
    f, w = zip(*BASE)
    return r.choices(f, w)[0](r)


def other_topic(r):
    """A question that has nothing to do with the turns before it."""
    m = []
    for _ in range(r.randint(1, 3)):
        m += past(r, any_base(r))
    s = any_base(r)
    return dict(s, before=m)


FOLLOW = [follow_number] * 4 + [follow_word] * 2 + [follow_day, follow_unit] + [follow_list] * 3 + [follow_refusal]


def t_follow(r):
    s = r.choice(FOLLOW)(r)
    if r.random() < .25:
        s = dict(s, before=past(r, any_base(r)) + s["before"])
    return s


def t_other(r):
    return other_topic(r)


def t_name(r):
    s = talk.t_name(r)
    m = s["before"]
    if m:
        for _ in range(r.choice([0, 0, 0, 1, 1, 2, 3, 6])):
            m = m + past(r, any_base(r))
    return dict(s, before=m)


def t_long(r):
    m, s = [], any_base(r)
    if r.random() < .3:
        s = t_follow(r)
    for _ in range(r.randint(4, 10)):
        m += past(r, any_base(r))
    return dict(s, before=m + s["before"], task="long")


def t_no_tool(r):
    """Tools are there and the question needs none of them."""
    lot = tools.some_tools(r, r.choice([1, 2, 2, 3]))
    s = any_base(r)
    if s["task"] in ("outside", "foreign", "unclear"):
        low = s["q"].lower()
        if any(t.what.split()[-1] in low for t in lot):
            return t_no_tool(r)
        if s["task"] == "outside":
            s = dict(s, think=["no tool can do this"] + s["think"])
    return dict(s, before=[("system", tools.tool_list(r, lot))], task="no_tool")


# ------------------------------------------------------------ forms of answers
ONLY = ["[only|just] [the |give the |tell me the ]{k}[, please|]", "[give|tell|show] me [only|just|nothing but] the {k}",
        "[answer|reply] with [only the {k}|just the {k}|the {k} only|nothing but the {k}]",
        "no [words|explanation|sentence|talking], [only|just] the {k}", "the {k} only[, please|]", "[just|only] {k}",
        "nothing but the {k}", "I only [want|need] the {k}", "say only the {k}", "your answer must be the {k} [alone|only]",
        "[keep it|make it] to the {k}",
        "I don't need the rest, [only|just] the {k}", "skip the words and give the {k}",
        "leave out everything but the {k}", "please write the {k} and nothing else", "be brief: the {k}",
        "the {k} is enough", "without any words around the {k}", "your reply should be the bare {k}",
        "print the {k} alone", "all I want is the {k}", "a bare {k}[, please|]", "don't explain, give the {k}"]
WORD = ["in one word", "[answer|reply|say it] [with|in] one word", "one word[ only| please|]",
        "[answer with|give me|use] a single word", "[just|only] one word", "in a single word", "one-word answer",
        "your answer has one word", "say just the word",
        "use one word", "a one-word reply[, please|]", "no more than one word", "write one word and nothing else",
        "keep it to one word", "one word is enough", "limit yourself to one word", "I want to read only one word",
        "with a single word[, please|]", "be brief, one word", "tell me in one word"]
JSON = ["in JSON", "[answer|reply|give it|write it] [in|as] JSON", "as JSON[, please|]", "[give|send|show] me JSON",
        "JSON [only|please|format|answer]", "output JSON", "[use|in] JSON format", "your answer [as|in] JSON",
        "format the answer as JSON", "return a JSON object", "make it JSON",
        "I need it as JSON", "the answer should be JSON", "please reply with JSON", "put the answer into JSON",
        "wrap it in JSON", "for a program: JSON", "in the form of JSON", "respond with a JSON object",
        "I want to parse it, so use JSON", "[print|produce] JSON", "let it be JSON", "encode it as JSON"]
BULLETS = ["as a [bulleted|bullet] list", "as bullets", "[show|give|write|print] [it|them] as a [bulleted |bullet ]list",
           "with bullet points", "[use|in|as] bullet points", "one per line with a dash", "as a list with [dashes|bullets]",
           "make it a bulleted list", "[a|in a] bulleted list[, please|]", "bullet list[ please|]", "one item per line",
           "put a dash before each", "each one on its own line with a dash", "I want bullets", "use a bulleted list",
           "list them with dashes", "line by line with bullets", "format it as a bullet list", "every item as a bullet",
           "in the form of a list with dashes", "let me have bullet points", "each item gets a bullet",
           "write a dash and the item on every line"]
FORMED = [arithmetic.t_add, arithmetic.t_sub, arithmetic.t_mul, arithmetic.t_div, arithmetic.t_sum3, arithmetic.t_facts,
          order.t_compare, order.t_sort, order.t_sort, order.t_minmax, order.t_list, order.t_list, order.t_logic,
          letters.t_count, letters.t_length, letters.t_words, letters.t_reverse, quantities.t_day, quantities.t_date,
          quantities.t_unit, stories.t_story1, stories.t_story2, arithmetic.t_prime]


def t_form(r):
    s = r.choice(FORMED)(r)
    v = s["value"]
    if v is None:
        return t_form(r)
    kinds = ["json"] + (["bullets"] * 3 if isinstance(v, list) else ["word"] if isinstance(v, (bool, str)) else ["only"] * 2)
    k = r.choice(kinds)
    if k == "json":
        p, line, ans = say(r, JSON), "as JSON", json.dumps({"answer": v})
    elif k == "bullets":
        p, line, ans = say(r, BULLETS), "as a list", "\n".join("- %s" % x for x in v)
    elif k == "word":
        v = {True: "yes", False: "no"}[v] if isinstance(v, bool) else v
        p, line, ans = say(r, WORD), "one word", str(v)
    else:
        p, line, ans = say(r, ONLY).replace("{k}", r.choice(["number", "number", "number", "result",
                                                             "answer"])), "only the number", str(v)
    if s["task"] == "reverse":
        ans = RAW + ans + END_RAW if k == "word" else ans
    q = s["q"]
    if r.random() < .25:
        q = p[:1].upper() + p[1:] + r.choice([": ", ", ", ". "]) + q
    elif q.rstrip()[-1:] in "?.!":
        q = q + " " + p[:1].upper() + p[1:] + r.choice([".", ".", "", "!"])
    else:
        q = q + r.choice([", ", ", ", ". ", " - ", " "]) + p + r.choice([".", "", ""])
    return dict(s, q=q, think=s["think"] + [line], ans=ans, gold=ans.replace(RAW, "").replace(END_RAW, ""), task="form")


TASKS = BASE + tools.TASKS + [(t_follow, 14), (t_other, 5), (t_name, 3), (t_long, 6), (t_no_tool, 8), (t_form, 14)]

paraphrase.FORBIDDEN |= paraphrase.forbidden(
    [arithmetic, letters, order, outside, quantities, stories, talk, tools, wording, sys.modules[__name__]])

# ------------------------------------------------------------------ one sample
SYSTEM = ["You are a helpful assistant.", "You are a helpful assistant trained by Liquid AI.", "Be short.",
          "Answer in English.", "Be friendly and helpful.", "You are pocket.", "Answer carefully."]
GUESS = "My thought was cut short, so this is a guess: %s"
PLAIN = ("self", "outside", "unclear", "foreign", "big", "tool", "result", "name", "form", "no_tool", "long")


def normal(text):
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def judges():
    """Questions of eval/, which training must not contain."""
    out = set()
    for f in glob.glob(os.path.join(HERE, "eval", "*.jsonl")):
        for line in open(f, encoding="utf-8"):
            out.add(normal(json.loads(line)["ask"][-1]))
    return out


TABOO = judges()


def sample(r, f=None):
    """One sample: task, msgs [(role, text)], think, ans, gold; `cut`: the thought
    is to be cut off somewhere and `short` is then the answer."""
    while True:
        fs, w = zip(*TASKS)
        s = (f or r.choices(fs, w)[0])(r)
        q = typed(r, s["q"])
        if normal(q) not in TABOO or s["before"]:
            break
    m = list(s["before"])
    if (not m or m[0][0] != "system") and r.random() < .05:
        m.insert(0, ("system", r.choice(SYSTEM)))
    m += [("user", q)] + list(s["after"])
    plain = s["task"] in PLAIN
    return dict(task=s["task"], msgs=m, think="\n".join(s["think"]), ans=s["ans"], gold=s["gold"],
                short=s["ans"] if plain else GUESS % s["ans"], cut=not r.held and r.random() < .06)


def prompt(msgs):
    return "<|startoftext|>" + "".join("<|im_start|>%s\n%s<|im_end|>\n" % m for m in msgs) + "<|im_start|>assistant\n"


def target(s):
    return "<think>\n%s\n</think>\n%s<|im_end|>" % (s["think"], s["ans"])


def clean(t):
    return re.sub("[\x01-\x06]", "", t)


def judge(s, a):
    """Is the answer (what follows the thought) right?"""
    a, g = a.strip(), s["gold"]
    if isinstance(g, list):
        return any(x in a for x in g)
    if s["task"] == "tool":
        return a == g
    if s["task"] == "form" or "\n" in g:
        return a == g
    return re.search(r"(?<![\w.-])" + re.escape(g.strip()) + r"(?![\w-])", a) is not None


def main(argv):
    r = R(int(argv[0]) if argv else 5)
    for f, _ in TASKS:
        if len(argv) > 1 and f.__name__ != "t_" + argv[1]:
            continue
        for _ in range(2 if len(argv) < 2 else 10):
            s = sample(r, f)
            print("== " + s["task"])
            print(clean(prompt(s["msgs"]) + target(s)))


if __name__ == "__main__":
    main(sys.argv[1:])
