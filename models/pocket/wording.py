"""Wordings: small grammars of phrases, and what people's fingers do to them.

A grammar is a text with [one|another|...] choices, nested as one likes, and
{slots}.  In every choice of four and more, the fourth, eleventh, ... way is kept
back: training never says it, and a held-out question says at least one of them.
Values put into slots are marked until noise() is done, which leaves them alone.
"""
import random
import re

MARK, END = "\x03", "\x04"       # around a slot's value
RAW, END_RAW = "\x01", "\x02"    # around text that the tokenizer takes byte by byte


class R(random.Random):
    """Seeded; `held`: take ways that were kept back; `hits`: how many were."""
    held = False
    hits = 0


def kept_back(n):
    return [i for i in range(3, n, 7)] if n >= 4 else []


def way(r, options):
    """One of the options; those kept back only for held-out questions."""
    back = kept_back(len(options))
    if r.held and back and r.random() < .4:
        r.hits += 1
        return options[r.choice(back)]
    i = r.randrange(len(options) - len(back))
    for b in back:
        if i >= b:
            i += 1
    return options[i]


class Choice:
    def __init__(self, options):
        self.options = options


_parsed = {}


def parse(text):
    if text not in _parsed:
        stack = [[[]]]
        for part in re.split(r"([\[\]|])", text):
            if part == "[":
                stack.append([[]])
            elif part == "|" and len(stack) > 1:
                stack[-1].append([])
            elif part == "]":
                done = Choice(stack.pop())
                stack[-1][-1].append(done)
            elif part:
                stack[-1][-1].append(part)
        if len(stack) != 1:
            raise ValueError("brackets of: " + text)
        _parsed[text] = stack[0][0]
    return _parsed[text]


def spoken(r, nodes):
    out = []
    for n in nodes:
        out.append(spoken(r, way(r, n.options)) if isinstance(n, Choice) else n)
    return "".join(out)


def say(r, grammar, **slots):
    """One way to say it; the grammar is a text or a list of texts."""
    if not isinstance(grammar, str):
        grammar = way(r, grammar)
    text = spoken(r, parse(grammar))
    for k, v in slots.items():
        text = text.replace("{%s}" % k, MARK + str(v) + END)
    return text


# ------------------------------------------------------ around a question
# A question with a question word, an order, a few words without a verb.
AROUND = {
    "wh": ["{q}?", "{q}?", "{q}", "[can|could|would|will] you [please |]tell me[:|,|] {q}?",
           "[tell|please tell] me[:|,|] {q}[.|?|]", "I[ would|'d] like to know[:|,|] {q}[.|?]",
           "I [want|need|have] to know[:|] {q}[.|]", "do you know[:|,|] {q}?",
           "[my question|the question|question] is[:|] {q}?", "[quick|small|short|easy] question: {q}?",
           "[so|ok|okay|well|right|now|and|um|hm][,|] {q}?", "{q}[, please|, thanks| please|, anyone| then]?",
           "I wonder[:|,] {q}[?|.]", "[hi|hello|hey][,|!|] {q}?", "help me[:|,] {q}?",
           "[my homework|the exercise|the sheet|my teacher|my son|my friend] asks[:|,] {q}?",
           "[be quick|think hard|no hurry|just checking|for a bet|I forgot]: {q}?", "{q}?[ Thanks.| Thank you!| Please.]",
           "[can|could] you [work out|figure out|find out|say] {q}?", "any idea {q}?", "let me know {q}.",
           "[what do you think|any guess|riddle me this|your turn]: {q}?", "[please|] [say|answer|explain][:|,] {q}?",
           "[can|could] you help me[:|,|?] {q}?",
           "[here is|I have] a question[:|.] {q}?", "[sorry|excuse me|pardon][,|:] {q}?",
           "[thanks|great|nice|good][,|!|.] {q}?", "[we|my class|my brother|my boss] [want|need|has] to know[:|,|] {q}?",
           "I'm [not sure|wondering|asking myself][:|,] {q}?",
           "{q}[, please tell me|, can you tell me|? I forgot|? I need it|? Any idea]?",
           "[first|second|last|next] question: {q}?", "[I|we] [need|want] [your help|help]: {q}?",
           "[a friend|someone|my daughter|my neighbor] asked me {q}.", "just tell me {q}.", "is it clear {q}?"],
    "do": ["{q}.", "{q}", "{q}[!|.|]", "please {q}[.|]", "{q}[,| ] please[.|]",
           "[can|could|would|will] you [please |]{q}[ for me|, please|]?", "[please|now|then|ok,|okay,|so,|next,] {q}.",
           "I [want|need|would like|'d like] you to {q}.", "[hi|hello|hey][,|!] {q}.", "{q}[ for me| now| if you can|][.|]",
           "[your task|task|exercise|job|next one|homework|number 3]: {q}.", "help me[ to|] {q}.", "let's {q}.",
           "go [ahead|on] and {q}.", "[try|I want] to {q}.", "you [should|must|may] {q}.",
           "{q}[. Thanks|. Thank you|, thanks|, would you][.|]", "[are you able|is it possible for you] to {q}?",
           "I'd be glad if you could {q}.", "[my teacher|the sheet|the exercise] says: {q}.",
           "[would you be so kind and|be so kind and|be nice and|kindly] {q}.",
           "[sorry|excuse me|pardon], [can|could] you {q}?", "I [would be happy|am happy|hope] [if you|you can] {q}.",
           "[I have to|I must|we must|we have to] {q}.",
           "[do me a favor and|just|quickly|simply] {q}.", "[thanks|great|good|nice][!|,|.] {q}.", "what if you {q}?",
           "[can|could] [I|we] ask you to {q}?", "[are you able to|you can surely|I know you can] {q}.",
           "{q}[, it is for school|, it is important|, as I said|, if possible].", "next[:|,] {q}."],
    "bit": ["{q}", "{q}", "{q}?", "{q}[.|, please| please| pls|]", "[so|ok|and|now|hm][,|:|] {q}[?|]",
            "[quick|next|number 2|task|question]: {q}", "{q}[ =| equals|...|:|]?",
            "[I need|I want|give me|tell me|show me|let me have|I'm looking for] {q}[.|, please|]",
            "[hi|hello|hey],? {q}", "[please|pls][:|] {q}", "[do|try|solve|answer][:| this:] {q}",
            "[can you do|can you solve|what about|how about] {q}?", "{q}[ thanks|, thank you|, quickly|, now| for me]",
            "[a question|one question|my question]: {q}",
            "[sorry|excuse me],? {q}", "[thanks|great|good][,|!] {q}", "[I have|we have|here is|here comes] {q}",
            "{q}[ is what| is| gives| makes]?"],
}


def ask(r, wh=(), do=(), bit=(), **slots):
    """A question in one of the forms given, with something around it."""
    forms = [(k, v) for k, v in (("wh", wh), ("do", do), ("bit", bit)) for _ in range(len(v))]
    form, grammars = r.choice(forms)
    q = say(r, grammars, **slots)
    around = AROUND[form][0] if r.random() < .35 else spoken(r, parse(way(r, AROUND[form])))
    q = around.replace(",?", ",").replace("{q}", q)
    return q if r.random() < .25 else first_upper(q)


def first_upper(s):
    """The first letter of the sentence, if it is no slot's value."""
    return s[:1].upper() + s[1:]


# ------------------------------------------------------------------ noise
SHORT = [("what is", "whats"), ("What is", "Whats"), ("what is", "what's"), ("What is", "What's"),
         ("please", "pls"), (" you ", " u "), ("how many", "how mny"), (" and ", " & "), ("I would", "I'd"),
         ("do not", "don't"), ("people", "ppl"), ("what", "wat"), ("are", "r"), ("the ", ""), ("is the", "the")]


FILL = "please|just|now|well|so|really|actually|maybe|kindly|quickly|then|also|exactly|again|my friend|you know|I think|for me|today|here".split("|")
LEFT_OUT = set("the a an of is are do does to in for me it that there will would".split())


def loose(r, parts):
    """A small word too many, or too few."""
    i = r.randrange(len(parts))
    words = parts[i].split(" ")
    if parts[i][:1] == MARK or len(words) < 3:
        return
    if r.random() < .5:
        k = r.randrange(1, len(words))
        words[k] = r.choice(FILL) + " " + words[k]
    else:
        at = [k for k, w in enumerate(words) if w.lower() in LEFT_OUT]
        if at:
            del words[r.choice(at)]
    parts[i] = " ".join(words)


def slip(r, w):
    """A letter lost, doubled, swapped or struck beside."""
    k, m = r.randrange(1, len(w) - 1), r.randrange(4)
    if m == 0:
        return w[:k] + w[k + 1:]
    if m == 1:
        return w[:k] + w[k] + w[k:]
    if m == 2:
        return w[:k] + w[k + 1] + w[k] + w[k + 2:]
    return w[:k] + r.choice("aeioulnrst") + w[k + 1:]


def pieces(s):
    """A text's parts: what a grammar says, and between them marked values."""
    return re.split("(%s[^%s]*%s)" % (MARK, END, END), s)


def noise(r, s):
    """Habits of typing: case, punctuation, short forms, slips of one letter."""
    parts = pieces(s)
    if r.random() < .10:
        loose(r, parts)
    x = r.random()
    capital = any(p[:1] == MARK and p != p.lower() for p in parts)
    if x < .30:
        parts = [p if p[:1] == MARK else p.lower() for p in parts]
    elif x < .33 and len(parts) == 1:
        parts = [p.upper() for p in parts]
    elif x < .36 and not capital:
        parts = [p if p[:1] == MARK else p.title() for p in parts]
    if r.random() < .20 and len(s) > 3:
        parts[-1] = parts[-1].rstrip("?.!")
    if r.random() < .10:
        a, b = r.choice(SHORT)
        parts = [p if p[:1] == MARK else p.replace(a, b, 1) for p in parts]
    for _ in range(r.choice([1, 1, 2]) if r.random() < .12 else 0):
        i = r.randrange(len(parts))
        words = parts[i].split(" ")
        at = [k for k, w in enumerate(words) if len(w) > 3 and w.isalpha()]
        if at and parts[i][:1] != MARK:
            k = r.choice(at)
            words[k] = slip(r, words[k])
            parts[i] = " ".join(words)
    s = "".join(parts)
    if r.random() < .02:
        s = s.replace(" ", "  ", 1)
    if r.random() < .03:
        s = s + r.choice(["!", "!!", "??", " :)", " ...", " thx", " ok?"])
    return s.replace(MARK, "").replace(END, "")
