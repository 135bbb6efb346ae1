"""Letters and words: counting, length, reversing, spelling.  Reversed words are
written letter by letter, without merged tokens."""
from arithmetic import S
from wording import RAW, END_RAW, ask
from words import WORDS, word

COUNT = dict(
    wh=["how many {c}{s} are [in|there in] {w}", "how many {c}{s} are [there |]in the word {w}",
        "how many {c}{s} does [the word |]{w} [have|contain]",
        "how often does [the letter |]{c} [occur|appear|come|show up] in {w}",
        "how many times does [the letter |]{c} [appear|occur|show up] in [the word |]{w}",
        "how many times is [there an |the letter |]{c} in {w}",
        "in [the word |]{w}, how many {c}{s} [do you see|are there|can you count]",
        "how many [of the |]letters in {w} are {c}{s}", "how many letters {c} [are in|has|does] [the word |]{w}[ have|]",
        "how often is [the letter |]{c} in [the word |]{w}", "what is the number of {c}{s} in {w}",
        "how many {c}{s} can [you find|be found|you see] in [the word |]{w}", "how many {c}{s} are used in {w}",
        "does {w} have [any |]{c}{s}, and how many", "[the word |]{w} has how many {c}{s}", "how many {c}{s} when I write {w}",
        "if I look for {c} in {w}, how many do I find", "in {w}, how often do I read a {c}",
        "the word is {w}. how many {c}{s} has it got", "how many of {c} does {w} need", "what is the count of {c} in {w}",
        "how many {c}{s} must I type for {w}", "is there a {c} in {w}, and how many times", "how frequent is {c} in {w}",
        "how many times do you write {c} in {w}", "spelling {w}, how many {c}{s} do I need", "{c} is in {w} how many times"],
    do=["count the [letter |]{c}{s} in [the word |]{w}", "count [how many|how often] {c}{s} [are|is] in {w}",
        "count the letter {c} in [the word |]{w}", "[find|tell me|give me] the number of {c}{s} in {w}",
        "[look for|find] every {c} in {w} and count", "count {c} in {w}", "check how many {c}{s} {w} has", "count {c}{s}: {w}",
        "count all [the |]{c}{s} [of|in] {w}", "[say|find out|tell me] how [many|often] {c}{s} [are|occur] in {w}",
        "go through {w} and count the {c}{s}",
        "here is {w}. count the {c}{s}", "look at {w} and tell me how many {c}{s} it has", "take {w} and count each {c}",
        "mark each {c} in {w} and say how many", "read {w} and count every {c}", "how many {c}{s}, count them in {w}",
        "tell me the count of {c} in {w}", "determine how often {c} is in {w}"],
    bit=["how many {c} in {w}", "number of {c}{s} in {w}", "{c}{s} in {w}", "letter {c} in {w}, how many",
         "{w}: how many {c}{s}", "count of {c} in {w}", "{w}, number of {c}{s}", "{c}{s} of {w}, the count",
         "how often {c} in {w}",
         "{w}: count of {c}", "{c} in {w}: how often", "times {c} in {w}", "the number of {c}{s} in the word {w}",
         "{w}, how many times {c}", "total of {c}{s} in {w}", "{c} count for {w}", "{c}{s} there are in {w}"])
LENGTH = dict(
    wh=["how many letters does [the word |]{w} have", "how long is [the word |]{w}",
        "how many letters are [there |]in [the word |]{w}", "how many letters has {w}[ got|]",
        "what is the [length|number of letters] of {w}", "of how many letters is {w} made",
        "how many letters [make up|do I need for] [the word |]{w}", "how many characters [are in|does] {w}[ have|]",
        "how many letters [do I write|must I write|are needed] for {w}", "{w} has how many letters",
        "how big is [the word |]{w}, in letters", "what is the letter count of {w}", "how many letters long is [the word |]{w}",
        "if I write {w}, how many letters is that",
        "what is the size of {w} in letters", "if I count the letters of {w}, where do I end",
        "the word is {w}. how many letters has it got", "how many letters do you count in {w}",
        "how many letters does it take to write {w}", "{w} is how long", "how many letters can I see in {w}",
        "what number of letters has {w}", "into how many letters can I cut {w}", "of {w}, how many letters are there"],
    do=["count the letters [of|in] [the word |]{w}", "count all letters in {w}",
        "[tell me|find|give me] the length of [the word |]{w}", "[tell me|find] how many letters {w} has",
        "measure the word {w}", "count how many letters are in {w}", "count {w} letter by letter",
        "[say|find out|work out|check] how [long|many letters] {w} is", "[give|tell] me the letter count of {w}",
        "[count|number] the characters of {w}", "determine the length of [the word |]{w}",
        "look at {w} and say how many letters it has", "here is {w}. count its letters", "tell me how long {w} is",
        "add up the letters in {w}", "go through {w} and count the letters", "take {w} and count each letter",
        "say the number of letters in {w}", "spell {w} and count as you go"],
    bit=["length of {w}", "number of letters in [the word |]{w}", "letters in {w}", "{w}: how many letters", "{w}, how long",
         "how many letters, {w}", "letter count of {w}", "{w}, number of letters", "{w}, the length",
         "count of letters[:| in] {w}", "characters in {w}",
         "how long, {w}", "{w}: letter count", "the number of letters of {w}", "size of {w} in letters",
         "word length: {w}", "{w}, letters in all", "the letters of {w}, how many", "total letters of {w}"])
REVERSE = dict(
    wh=["what is [the word |]{w} [backwards|in reverse|reversed|the other way round]",
        "how [is|do you write|do I write|does one spell] {w} [backwards|in reverse|from back to front]",
        "what [do|would] I get if I [reverse|turn around] {w}", "what does {w} look like backwards",
        "what is {w} read from right to left", "how does {w} read [backwards|from right to left]",
        "what's {w} spelled backwards", "what word is {w} [backwards|in reverse]",
        "how does {w} look [reversed|in reverse|from the back]", "what happens when I reverse {w}",
        "what is the mirror image of {w}", "{w} backwards is what",
        "if I read {w} from the end, what do I get", "what do I see if I turn {w} end to end",
        "how would {w} be written backwards", "the word is {w}. what is it in reverse",
        "what do the letters of {w} give from last to first", "how do I write {w} starting at its end",
        "what is {w} when you flip it", "which letters do I get if I go back through {w}",
        "what comes out if {w} is turned around", "how do you say {w} backwards"],
    do=["reverse [the word |]{w}", "reverse the letters of {w}", "spell {w} backwards",
        "write [the word |]{w} [in reverse|backwards|from back to front|the other way round]", "turn [the word |]{w} around",
        "say {w} backwards", "[read|write] {w} from right to left", "put the letters of {w} in reverse order",
        "flip [the word |]{w}", "mirror the word {w}", "give me {w} backwards",
        "[print|show|tell me] {w} [backwards|in reverse|reversed]", "[write|spell] {w} starting with the last letter",
        "turn the letters of {w} around", "start at the end of {w} and write it",
        "here is {w}. turn it round", "take {w} and reverse it", "go through {w} from its end to its start",
        "make {w} run backwards", "swap the letters of {w} end to end", "let me see {w} in reverse",
        "type {w} from last letter to first", "read me {w} from its end", "do {w} backwards", "invert the word {w}",
        "I want {w} the other way round"],
    bit=["{w} [backwards|reversed|in reverse]", "{w} from right to left", "backwards: {w}", "reverse: {w}",
         "{w}, the other way round", "the reverse of {w}", "{w} reverse", "{w} in the other direction", "{w} from the end",
         "reversed {w}", "word {w} backwards",
         "{w} from back to front", "the word {w} turned around", "{w} turned end to end", "{w} from last letter to first",
         "{w} flipped", "the letters of {w} from the end", "{w} read backwards", "{w} inverted"])
SPELL = dict(
    wh=["how do you spell [the word |]{w}", "how is [the word |]{w} spelled", "what letters are in {w}",
        "which letters does {w} have", "how do I spell {w}", "what is the spelling of {w}", "how would you spell {w}[ out|]",
        "how does one [spell|write] {w}", "how do you write {w} letter by letter", "what are the letters of {w}",
        "{w} is spelled how", "which letters make up {w}",
        "can you spell {w}", "the word is {w}. how is it spelled", "what is {w} letter by letter",
        "one by one, what are the letters of {w}", "how does {w} go, letter by letter", "which letters do I type for {w}",
        "how should I spell {w}", "what is the right spelling of {w}", "how is {w} written, letter by letter"],
    do=["spell [the word |]{w}", "spell out [the word |]{w}", "spell {w} letter by letter",
        "[give|tell|show] me the letters of {w}", "write {w} letter by letter", "say {w} letter by letter",
        "list the letters of {w}", "break {w} into letters", "[take|pull] {w} apart into letters",
        "[name|read|dictate] every letter of {w}", "[split|cut] {w} into letters", "[show|tell] me how {w} is spelled",
        "put dashes between the letters of {w}",
        "here is {w}. spell it", "take {w} and give its letters", "spell {w} slowly",
        "go through {w} one letter at a time", "write {w} with dashes", "tell me how to spell {w}",
        "let me hear the spelling of {w}", "show {w} with its letters apart", "type the letters of {w} one by one",
        "spell {w} out for a child"],
    bit=["spelling of {w}", "{w} spelled out", "{w} letter by letter", "{w}, [spelled|spelling]", "the letters of {w}",
         "{w} in letters", "{w} as letters", "letters of [the word |]{w}", "how {w} is spelled",
         "spell it: {w}", "{w} with dashes", "{w}, one letter at a time", "{w} spelt", "the spelling: {w}",
         "{w} cut into letters", "{w} in single letters", "every letter of {w}"])
NTH = dict(
    wh=["what is the {o} letter [of|in] [the word |]{w}", "which letter [is|comes] {o} in {w}",
        "what's the {o} letter [of|in] [the word |]{w}", "which is the {o} letter of {w}", "in {w}, what is the {o} letter",
        "what letter does {w} have in {o} place", "which letter stands {o} in {w}", "what letter is [the |]{o} in {w}",
        "what [letter |]do I find {o} in {w}", "{w} has which {o} letter", "what comes {o} when I spell {w}",
        "if I spell {w}, which letter is {o}", "the word is {w}. what is its {o} letter",
        "which letter do you write {o} in {w}", "what is {w}'s {o} letter", "what do you read {o} in {w}",
        "looking at {w}, what is the {o} letter", "which letter has the {o} place in {w}", "the {o} letter of {w} is what",
        "what letter do I get {o} in {w}"],
    do=["[tell|give] me the {o} letter [of|in] [the word |]{w}", "[name|find|say] the {o} letter of {w}",
        "pick the {o} letter from {w}", "look up the {o} letter in {w}", "[show|write] the {o} letter of [the word |]{w}",
        "[take|choose] the {o} letter in {w}", "[give|say] which letter is {o} in {w}",
        "here is {w}. give the {o} letter", "go to the {o} letter of {w} and read it",
        "spell {w} and tell me which letter is {o}", "point at the {o} letter in {w}", "I need the {o} letter of {w}",
        "from {w} take the {o} letter", "let me know the {o} letter of {w}"],
    bit=["{o} letter [of|in] {w}", "the {o} letter of [the word |]{w}", "{w}: {o} letter", "{w}, {o} letter",
         "in {w} the {o} letter", "{o} letter: {w}", "the {o} in {w}", "word {w}, {o} letter", "which letter {o} in {w}",
         "{o} of {w}"])
WORDCOUNT = dict(
    wh=["how many words are [there |]in[ the sentence|:| this sentence:| the text|] {t}", "how many words does {t} have",
        "how many words [do you count|can you count|are there][:| in] {t}", "how long is {t} in words",
        "how many words has [the sentence |]{t}", "what is the number of words in {t}", "of how many words is {t} made",
        "how many words long is {t}", "how many words are [used|written|contained] [in|here:] {t}",
        "how many words [make up|form] {t}", "what is the word count of {t}", "{t} has how many words",
        "if I say {t}, how many words is that",
        "if I count the words of {t}, what do I get", "how many words did I write: {t}",
        "my sentence is {t} how many words has it", "how many words do I need to say {t}", "how many words stand in {t}",
        "what number of words has {t}", "into how many words does {t} fall", "how many words can you see in {t}",
        "how many words will I read in {t}", "how many words has this: {t}"],
    do=["count the words[:| in| in the sentence| of| in this sentence:] {t}", "count how many words are in {t}",
        "[tell me|find] the number of words in {t}", "count words: {t}", "[tell me|say] how many words {t} has",
        "[give me|find|determine] the word count of {t}", "count every word[:| in| of] {t}",
        "[find out|work out|check] how many words [are in|there are in] {t}", "how many words, count them: {t}",
        "here is a sentence, count its words: {t}", "look at {t} and say how many words it has",
        "go through {t} and count the words", "read this and count the words: {t}",
        "tell me how long this is in words: {t}", "add up the words of {t}", "let me know how many words there are in {t}",
        "take {t} and count each word"],
    bit=["number of words[:| in] {t}", "words in {t}", "word count: {t}", "how many words: {t}", "{t} - how many words",
         "{t}, word count", "{t}, number of words", "count of words[:| in] {t}", "the words of {t}, how many",
         "total words: {t}", "{t} in words, how many", "length in words: {t}", "the word count of {t}", "{t}, words in all"])


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
    return S("reverse", ask(r, **REVERSE, w=quoted(r, w)), [" ".join(w), " ".join(w[::-1])], RAW + w[::-1] + END_RAW, w[::-1],
             w[::-1])


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
TAIL = ["", "", "today", "in the garden", "every day", "at night", "very much", "in spring", "with a friend", "on the table",
        "again", "near the river"]


def t_words(r):
    if r.random() < .75:
        t = " ".join([r.choice(SUBJECT), r.choice(VERB), r.choice(OBJECT), r.choice(TAIL)]).strip()
    else:
        t = " ".join(r.choice(WORDS) for _ in range(r.randint(2, 7)))
    v = t.split()
    t = r.choice([t, '"%s"' % t, "'%s'" % t, t.capitalize() + "."])
    lines = [", ".join("%d %s" % (i + 1, x) for i, x in enumerate(v)), "so %d" % len(v)]
    return S("words", ask(r, **WORDCOUNT, t=t), lines, r.choice(["%d words.", "There are %d words."]) % len(v), str(len(v)),
             len(v))


TASKS = [(t_count, 8), (t_length, 5), (t_reverse, 8), (t_spell, 6), (t_words, 5)]
