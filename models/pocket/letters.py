"""Letters and words: counting, length, reversing, spelling.  Reversed words are
written letter by letter, without merged tokens."""
from arithmetic import S
from wording import RAW, END_RAW, ask
from words import WORDS, word

COUNT = dict(
    wh=["how many {c}{s} are [in|there in] {w}", "how many {c}{s} are [there |]in the word {w}", "how many {c}{s} does [the word |]{w} [have|contain]", "how often does [the letter |]{c} [occur|appear|come|show up] in {w}", "how many times does [the letter |]{c} [appear|occur|show up] in [the word |]{w}", "how many times is [there an |the letter |]{c} in {w}",
        "in [the word |]{w}, how many {c}{s} [do you see|are there|can you count]", "how many [of the |]letters in {w} are {c}{s}", "how many letters {c} [are in|has|does] [the word |]{w}[ have|]", "how often is [the letter |]{c} in [the word |]{w}", "what is the number of {c}{s} in {w}"],
    do=["count the [letter |]{c}{s} in [the word |]{w}", "count [how many|how often] {c}{s} [are|is] in {w}", "count the letter {c} in [the word |]{w}", "[find|tell me|give me] the number of {c}{s} in {w}", "[look for|find] every {c} in {w} and count", "count {c} in {w}", "check how many {c}{s} {w} has"],
    bit=["how many {c} in {w}", "number of {c}{s} in {w}", "{c}{s} in {w}", "letter {c} in {w}, how many", "{w}: how many {c}{s}", "count of {c} in {w}"])
LENGTH = dict(
    wh=["how many letters does [the word |]{w} have", "how long is [the word |]{w}", "how many letters are [there |]in [the word |]{w}", "how many letters has {w}[ got|]", "what is the [length|number of letters] of {w}", "of how many letters is {w} made", "how many letters [make up|do I need for] [the word |]{w}", "how many characters [are in|does] {w}[ have|]"],
    do=["count the letters [of|in] [the word |]{w}", "count all letters in {w}", "[tell me|find|give me] the length of [the word |]{w}", "[tell me|find] how many letters {w} has", "measure the word {w}", "count how many letters are in {w}"],
    bit=["length of {w}", "number of letters in [the word |]{w}", "letters in {w}", "{w}: how many letters", "{w}, how long", "how many letters, {w}"])
REVERSE = dict(
    wh=["what is [the word |]{w} [backwards|in reverse|reversed|the other way round]", "how [is|do you write|do I write|does one spell] {w} [backwards|in reverse|from back to front]", "what [do|would] I get if I [reverse|turn around] {w}", "what does {w} look like backwards", "what is {w} read from right to left", "how does {w} read [backwards|from right to left]", "what's {w} spelled backwards"],
    do=["reverse [the word |]{w}", "reverse the letters of {w}", "spell {w} backwards", "write [the word |]{w} [in reverse|backwards|from back to front|the other way round]", "turn [the word |]{w} around", "say {w} backwards", "[read|write] {w} from right to left", "put the letters of {w} in reverse order", "flip [the word |]{w}", "mirror the word {w}", "give me {w} backwards"],
    bit=["{w} [backwards|reversed|in reverse]", "{w} from right to left", "backwards: {w}", "reverse: {w}", "{w}, the other way round", "the reverse of {w}"])
SPELL = dict(
    wh=["how do you spell [the word |]{w}", "how is [the word |]{w} spelled", "what letters are in {w}", "which letters does {w} have", "how do I spell {w}", "what is the spelling of {w}", "how would you spell {w}[ out|]"],
    do=["spell [the word |]{w}", "spell out [the word |]{w}", "spell {w} letter by letter", "[give|tell|show] me the letters of {w}", "write {w} letter by letter", "say {w} letter by letter", "list the letters of {w}", "break {w} into letters"],
    bit=["spelling of {w}", "{w} spelled out", "{w} letter by letter", "{w}, [spelled|spelling]", "the letters of {w}"])
NTH = dict(
    wh=["what is the {o} letter [of|in] [the word |]{w}", "which letter [is|comes] {o} in {w}", "what's the {o} letter [of|in] [the word |]{w}", "which is the {o} letter of {w}", "in {w}, what is the {o} letter", "what letter does {w} have in {o} place", "which letter stands {o} in {w}"],
    do=["[tell|give] me the {o} letter [of|in] [the word |]{w}", "[name|find|say] the {o} letter of {w}", "pick the {o} letter from {w}", "look up the {o} letter in {w}"],
    bit=["{o} letter [of|in] {w}", "the {o} letter of [the word |]{w}", "{w}: {o} letter", "{w}, {o} letter"])
WORDCOUNT = dict(
    wh=["how many words are [there |]in[ the sentence|:| this sentence:| the text|] {t}", "how many words does {t} have", "how many words [do you count|can you count|are there][:| in] {t}", "how long is {t} in words", "how many words has [the sentence |]{t}", "what is the number of words in {t}", "of how many words is {t} made"],
    do=["count the words[:| in| in the sentence| of| in this sentence:] {t}", "count how many words are in {t}", "[tell me|find] the number of words in {t}", "count words: {t}", "[tell me|say] how many words {t} has"],
    bit=["number of words[:| in] {t}", "words in {t}", "word count: {t}", "how many words: {t}", "{t} - how many words"])


def quoted(r, w):
    return r.choice([w, w, w, "'%s'" % w, '"%s"' % w])


def t_count(r):
    w = word(r)
    c = r.choice(w) if r.random() < .85 else r.choice("abcdefghijklmnoprstuvw")
    lines, k = [], 0
    for ch in w:
        k += ch == c
        lines.append("%s %d" % (ch, k) if ch == c else ch)
    s = r.choice(["'s", "s", "s", "-s"])
    q = ask(r, **COUNT, c=c, s=s, w=quoted(r, w))
    ans = r.choice(["There %s %d %s in %s." % ("is" if k == 1 else "are", k, c, w), "%d." % k])
    return S("count", q, [", ".join(lines), "so %d" % k], ans, str(k), k)


def numbered(w):
    return ", ".join("%s %d" % (c, i + 1) for i, c in enumerate(w))


def t_length(r):
    w = word(r)
    return S("length", ask(r, **LENGTH, w=quoted(r, w)), [numbered(w)], "%s has %d letters." % (w, len(w)), str(len(w)), len(w))


def t_reverse(r):
    w = word(r)
    return S("reverse", ask(r, **REVERSE, w=quoted(r, w)), [" ".join(w), " ".join(w[::-1])], RAW + w[::-1] + END_RAW, w[::-1], w[::-1])


ORDINAL = ["first", "second", "third", "fourth", "fifth", "sixth", "last"]


def t_spell(r):
    w = word(r)
    if r.random() < .45:
        g = "-".join(w)
        return S("spell", ask(r, **SPELL, w=quoted(r, w)), [" ".join(w)], g, g, g)
    k = r.choice([i for i in range(7) if i == 6 or i < len(w)])
    ch, part = (w[-1], w) if k == 6 else (w[k], w[:k + 1])
    o = ORDINAL[k]
    q = ask(r, **NTH, w=quoted(r, w), o=o).replace("\x03%s\x04" % o, o)
    return S("spell", q, [numbered(part), "so %s" % ch], "The %s letter of %s is %s." % (o, w, ch), "is %s." % ch, ch)


SUBJECT = "my dog|the cat|a bird|our teacher|the old man|she|he|we|my friend|the little girl|the red car|a big ship|the baker|my sister|rain|they".split("|")
VERB = "sees|likes|finds|eats|wants|has|needs|takes|loves|buys|makes|brings|hears|follows|keeps".split("|")
OBJECT = "a bone|the ball|fish|an apple|a new hat|bread|the moon|some tea|a long book|music|the way home|nothing|a cup of milk|many things".split("|")
TAIL = ["", "", "today", "in the garden", "every day", "at night", "very much", "in spring", "with a friend", "on the table", "again", "near the river"]


def t_words(r):
    if r.random() < .75:
        t = " ".join([r.choice(SUBJECT), r.choice(VERB), r.choice(OBJECT), r.choice(TAIL)]).strip()
    else:
        t = " ".join(r.choice(WORDS) for _ in range(r.randint(2, 7)))
    v = t.split()
    t = r.choice([t, '"%s"' % t, "'%s'" % t, t.capitalize() + "."])
    lines = [", ".join("%d %s" % (i + 1, x) for i, x in enumerate(v)), "so %d" % len(v)]
    return S("words", ask(r, **WORDCOUNT, t=t), lines, r.choice(["%d words.", "There are %d words."]) % len(v), str(len(v)), len(v))


TASKS = [(t_count, 8), (t_length, 5), (t_reverse, 8), (t_spell, 6), (t_words, 5)]
