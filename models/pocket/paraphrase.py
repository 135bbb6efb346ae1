"""Other words for the words of a question, so that no task hangs on a few of them.

Training alone says them; a held-out question keeps its own.  A word is never
changed into one that a grammar keeps back in its place: forbidden() goes through
all grammars.
"""
import re

from wording import MARK, Choice, kept_back, parse, pieces

# Each may stand for each other of its line; behind a colon: for the first alone.
LINES = """
larger|bigger|greater
largest|biggest|greatest|highest
smallest|lowest|least
remove|delete|erase|drop|take out|throw out|cross out|leave out|get rid of|strike out|discard
append|attach|put at the end
tell me|let me know|say to me|inform me|share with me
show me|display|present to me
how many: what number of|which number of
gives|hands|passes|donates
gave|handed|passed|donated
gets|receives|obtains|is given|picks up
got|received|obtained|was given|picked up
buys|purchases|acquires
bought|purchased|acquired
finds|discovers|comes across
found|discovered|came across
loses|misplaces|can't find
lost|misplaced
eats|consumes|munches|swallows
ate|consumed|swallowed
sells|vends|trades away
sold|traded away
friends|buddies|pals|mates|classmates
children|kids|youngsters|pupils
people|persons|folks|guests
equally|evenly|fairly|in equal parts
shares|divides|splits|distributes
shared|divided|split|distributed
left|remaining|left over|still there
in total|altogether|overall|all in all|in all|all together|as a total
then: after that|afterwards|next
letters|characters
word|term
backwards: in reverse|from the end|the wrong way round|from back to front
reverse: flip|invert|turn around|mirror
spell: spell out|say the letters of
sort: arrange|rank|organize|put in order|line up
ascending|rising|increasing|growing|climbing
descending|falling|decreasing|shrinking
numbers|values|figures
number: value|figure
items|entries|elements|things
what is|what's|what would be
what are|which are
calculate|compute|work out|evaluate|figure out|determine
result: outcome|answer
remainder|rest|left over part
subtract|take away|deduct
which day|what day|what weekday|which weekday
convert: change|transform|turn
kindly|please|be so good and
can|could|would
give: hand|provide|offer
write|put down|note|type|jot down
find: look for|locate|search
check|verify|test|examine|inspect
choose|pick|select|take
need|require|have to have
want|wish|would like
help|assist|support
contains|includes|holds
appears|occurs|shows up|turns up
often|frequently
compare|weigh up|match up
question|query|request
exactly|precisely
quickly|fast|swiftly
simply|just|only
every: each
another|one more
again|once more
also|too|as well
first of all|to begin with|for a start
homework|school work|exercise
a lot of|lots of
maybe|perhaps|possibly
begins|starts|opens
ends|stops|finishes
list: listing|collection
shopping|grocery
explain|describe
divisible|evenly divisible
factors|divisors
costs|is priced at|sells for
pays|spends
price|cost
dollars|bucks
today|this day
brings|carries in|delivers
takes|grabs|carries off
makes|produces
puts|places|lays|sets
adds|throws in|puts in
gone|missing|no longer there
""".strip().split("\n")


def words():
    out = {}
    for line in LINES:
        first, _, others = line.partition(": ")
        group = [first] + others.split("|") if others else line.split("|")
        for w in group[:1] if others else group:
            out.setdefault(w, []).extend(x for x in group if x != w)
    return out


WORDS = words()
FIND = re.compile(r"(?<![\w'])(%s)(?![\w'])" % "|".join(sorted(map(re.escape, WORDS), key=len, reverse=True)))


# ------------------------------------------------------- what is kept back
def flat(nodes):
    """A grammar as words, choices as one each: what stands around a difference."""
    return "".join("<>" if isinstance(n, Choice) else n for n in nodes).lower().split()


def choices(nodes):
    for n in nodes:
        if isinstance(n, Choice):
            yield n.options
            for o in n.options:
                yield from choices(o)


def difference(a, b):
    """The words in which two texts differ, if the rest is the same."""
    i, j = 0, 0
    while i < min(len(a), len(b)) and a[i] == b[i]:
        i += 1
    while j < min(len(a), len(b)) - i and a[-1 - j] == b[-1 - j]:
        j += 1
    return " ".join(a[i:len(a) - j]), " ".join(b[i:len(b) - j])


def texts(value):
    """All lists of phrases in a module's value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(x, str) for x in value):
            yield value
        elif len(value) < 1000:
            for x in value:
                yield from texts(x)


def forbidden(modules):
    """Pairs (trained, kept back) that a grammar tells apart by themselves."""
    out = set()
    for m in modules:
        for name, value in vars(m).items():
            if not name.isupper():
                continue
            for phrases in texts(value):
                try:
                    options = [parse(p) for p in phrases]
                except ValueError:
                    continue
                every = [options] + [c for o in options for c in choices(o)]
                for group in every:
                    back = set(kept_back(len(group)))
                    plain = [flat(o) for o in group]
                    out |= {difference(plain[i], plain[k]) for k in back for i in range(len(group)) if i not in back}
    return out


FORBIDDEN = set()    # filled by tasks.py, which knows the grammars


def in_other_words(r, s):
    """A training question with up to three words of the grammars' changed."""
    if r.held or r.random() > .35:
        return s
    parts = pieces(s)
    for _ in range(r.choice([1, 1, 2, 3])):
        i = r.randrange(len(parts))
        found = list(FIND.finditer(parts[i])) if parts[i][:1] != MARK else []
        if not found:
            continue
        m = r.choice(found)
        new = r.choice(WORDS[m[1]])
        if (m[1], new) not in FORBIDDEN:
            parts[i] = parts[i][:m.start()] + new + parts[i][m.end():]
    return "".join(parts)
