"""Comparing, sorting, lists, and who is taller."""
from arithmetic import S
from wording import ask, say, way
from words import ITEMS, NAMES, WORDS, number

# --------------------------------------------------------------- two numbers
COMPARE = dict(
    wh=["which is {m}[,|:] {a} or {b}", "which number is {m}[:|,] {a} or {b}", "what is {m}, {a} or {b}", "which [one|] of {a} and {b} is {m}",
        "which of the [two |]numbers {a} and {b} is the {m}[ one|]", "{a} or {b}, which [one |]is {m}", "between {a} and {b}, which is {m}", "what's [more|the {m} one]: {a} or {b}",
        "which one [would be|is] the {m} [number |]of {a} and {b}", "what number is {m}[:|,] {a} or {b}", "who wins as the {m}[ one|][:|,] {a} or {b}"],
    do=["[tell me|name|give me|find|pick|choose] the {m}[ one| number|] of {a} and {b}", "compare {a} and {b}[.|:|,] [and |]which is {m}", "compare {a} [with|to] {b} and name the {m} one",
        "say which is {m}[:|,] {a} or {b}"],
    bit=["{m} number: {a} or {b}", "{a} or {b}: {m}", "{m}, {a} or {b}", "the {m} of {a} and {b}", "{a} vs {b}, {m} one"])
YESNO = ["is {a} [larger|bigger|greater|more] than {b}", "is {a} [smaller|less|lower] than {b}"]


def compare_digits(a, b):
    x, y = str(a), str(b)
    lines = ["%d digits and %d digits" % (len(x), len(y))]
    if len(x) != len(y):
        return lines + ["%d%s%d" % (len(x), "<>"[len(x) > len(y)], len(y))]
    for p, q in zip(x, y):
        lines.append("%s%s%s" % (p, "=" if p == q else "<>"[p > q], q))
        if p != q:
            break
    return lines


def t_compare(r):
    d = r.randint(1, 6)
    a, b = number(r, d, d), number(r, max(1, d - 1), d)
    if r.random() < .4:
        b = int(str(a)[:d // 2] + str(number(r, d - d // 2, d - d // 2)))
    if a == b:
        b += 1
    if r.random() < .5:
        a, b = b, a
    if r.random() < .15:
        more = r.random() < .5
        big = max(a, b)
        lines = compare_digits(a, b) + ["so %d is larger" % big]
        yes = (a > b) == more
        ans = "%s, %d is %s than %d." % ("Yes" if yes else "No", a, "larger" if a > b else "smaller", b)
        return S("compare", ask(r, wh=[YESNO[0 if more else 1]], a=a, b=b), lines, ans, ans[:3].strip(",") + ",", yes)
    big = r.random() < .6
    m = way(r, ["larger", "bigger", "greater", "more", "higher", "larger", "bigger"] if big else
            ["smaller", "lower", "less", "littler", "smaller", "lower", "less"])
    g, name = (max(a, b), "larger") if big else (min(a, b), "smaller")
    return S("compare", ask(r, **COMPARE, a=a, b=b, m=m).replace("\x03%s\x04" % m, m), compare_digits(a, b) + ["so %d is %s" % (g, name)],
             "%d is %s." % (g, name), str(g), g)


# -------------------------------------------------------------------- sorting
UP = ["from small to large", "from smallest to [largest|biggest]", "in ascending order", "ascending", "from low to high", "smallest first", "from the [smallest|lowest] [up|to the highest]", "in increasing order"]
DOWN = ["from large to small", "from [largest|biggest] to smallest", "in descending order", "descending", "from high to low", "largest first", "[biggest|greatest|highest] first", "in decreasing order", "from the top down", "backwards by size"]
SORT = dict(
    do=["sort {o}: {l}", "sort {l} {o}", "sort [these|the|the following] [numbers|values] {o}: {l}", "[put|bring|arrange|place|order] [these |the |]numbers {l} {o}", "[put|bring|arrange|order|line up] {l} {o}",
        "order these {o}: {l}", "[list|write|give me] {l} {o}", "rank {l} {o}", "arrange [these|the] numbers {o}: {l}", "put {l} in order {o}"],
    wh=["what is {l} sorted {o}", "what [is|would be] the order of {l} {o}", "how do I [sort|order] {l} {o}", "what do {l} look like sorted {o}", "which order do {l} have {o}"],
    bit=["{l} {o}", "{l} sorted {o}", "sorted {o}: {l}", "{o}: {l}", "numbers {l} {o}"])
PLAIN = dict(do=["sort: {l}", "sort {l}", "sort these numbers[:|,|] {l}", "order {l}", "put {l} in order", "put [these|the] numbers in order[:|] {l}", "[arrange|bring] {l} [in|into] order", "sort the [list|row|numbers|values] {l}",
                 "line up {l}", "order the numbers {l}"],
             wh=["what is {l} in order", "what is the right order of {l}", "how are {l} sorted", "in which order do {l} come"],
             bit=["{l} in order", "{l}, sorted", "sorted: {l}", "sorting {l}"])
WSORT = dict(
    do=["sort [these|the|the following] words[ alphabetically| by alphabet|]: {l}", "put [these words |]in alphabetical order: {l}", "[order|arrange|sort|put] {l} [alphabetically|by alphabet|by the alphabet|in alphabetical order|from a to z]",
        "order [these|the] words[ alphabetically|]: {l}", "sort the words {l}", "[bring|put] {l} into alphabetical order", "alphabetize {l}", "[sort|order][:|] {l}", "[sort|order] [these|the following|the list|my words][:|] {l}", "put {l} in order", "list {l} [alphabetically|in dictionary order]", "sort by the first letter: {l}"],
    wh=["what is the alphabetical order of {l}", "[which|what] order do {l} have in a dictionary", "how are {l} sorted [alphabetically|by alphabet]", "what are {l} in alphabetical order", "which of {l} comes first, second and so on in the alphabet"],
    bit=["alphabetical order of {l}", "{l} [in alphabetical order|alphabetically|by alphabet|from a to z]", "{l} sorted", "words in order: {l}"])


def joined(r, v):
    v = list(map(str, v))
    x = r.random()
    if x < .62:
        return ", ".join(v)
    if x < .78:
        return " ".join(v)
    if x < .92:
        return ", ".join(v[:-1]) + " and " + v[-1]
    return r.choice([",", "; ", " / "]).join(v)


def insertion(v, up):
    lines, c = [str(v[0])], [v[0]]
    for x in v[1:]:
        k, p = 0, []
        while k < len(c):
            p.append("%s%s%s" % (x, "<" if x < c[k] else ">", c[k]))
            if (x < c[k]) == up:
                break
            k += 1
        c.insert(k, x)
        lines.append("%s: %s" % (" ".join(p), " ".join(map(str, c))))
    return lines


def t_sort(r):
    up, n = r.random() < .65, r.choice([3, 3, 4, 4, 5, 6])
    if r.random() < .28:
        v = []
        while len(v) < min(n, 5):
            w = r.choice(WORDS)
            if w[0] not in [x[0] for x in v]:
                v.append(w)
        q, first, up = ask(r, **WSORT, l=joined(r, v)), "by the alphabet, a first", True
    else:
        v = []
        while len(v) < n:
            x = number(r, 1, r.choice([1, 2, 2, 3]))
            if x not in v:
                v.append(x)
        first = ("smallest" if up else "largest") + " first"
        if up and r.random() < .5:
            q = ask(r, **PLAIN, l=joined(r, v))
        else:
            o = say(r, UP if up else DOWN)
            q = ask(r, **SORT, l=joined(r, v), o=o).replace("\x03%s\x04" % o, o)
    s = sorted(v, reverse=not up)
    g = ", ".join(map(str, s))
    return S("sort", q, [first] + insertion(v, up), g + ".", g, s)


MINMAX = dict(
    wh=["what is the {m} [of|in|among] {l}", "what is the {m} [number|value|one][ of| in| here][:|,| in|] {l}", "which is the {m}[ number| one|][:|,| of] {l}", "which [number |one |]of {l} is the {m}", "{l}[:|,] which [one |]is the {m}", "what's the {m} number [here|in this list][:|]{l}",
        "which one is the {m}[:|,] {l}", "what number is the {m} [among|of] {l}"],
    do=["[find|tell me|name|give me|pick|choose] the {m} [number |one |]in {l}", "[find|name|pick|show] the {m}[ number|]: {l}", "look for the {m} [number |]in {l}", "[tell me|say] which [number |]of {l} is the {m}"],
    bit=["{m} of {l}", "the {m} [number |]of {l}", "{m} number[:| in] {l}", "{l}: the {m}", "{m}: {l}"])
MOST = [["largest", "biggest", "maximum", "highest", "greatest", "largest", "biggest"], ["smallest", "lowest", "minimum", "least", "tiniest", "smallest", "lowest"]]


def keep_best(v, big):
    c, lines = v[0], ["want the largest" if big else "want the smallest"]
    for x in v[1:]:
        keep = max(c, x) if big else min(c, x)
        lines.append("%d%s%d, keep %d" % (c, "<" if c < x else ">", x, keep))
        c = keep
    return lines, c


def t_minmax(r):
    v = list(dict.fromkeys(number(r, 1, 3) for _ in range(r.randint(3, 6))))
    if len(v) < 2:
        return t_minmax(r)
    big = r.random() < .5
    lines, c = keep_best(v, big)
    m = way(r, MOST[0 if big else 1])
    q = ask(r, **MINMAX, l=joined(r, v), m=m).replace("\x03%s\x04" % m, m)
    return S("minmax", q, lines, "The %s is %d." % ("largest" if big else "smallest", c), str(c), c)


# ---------------------------------------------------------------------- lists
LISTS = {
    "remove": dict(do=["remove {x} from [this list|the list|my list|these|the following][:|,] {l}", "[take|cross|strike|leave] {x} [off|out of|from] [the|this|my] list[:|,] {l}", "delete {x} from [the list |my list |]{l}", "drop {x} from {l}", "remove {x}: {l}", "take {x} out of {l}", "[get rid of|throw out|cross out] {x}: {l}",
                       "[take|remove] {x} [away |]from {l}"],
                   wh=["what is left of {l} without {x}", "what [is|remains] [in |on |]the list {l} [when|if] I remove {x}", "what does the list {l} look like without {x}", "what is {l} without {x}", "if I take {x} out of {l}, what is left"],
                   bit=["{l} without {x}", "{l}, [minus|except|but not] {x}", "[the list |]{l} but without {x}", "my list: {l}. Remove {x}", "{l}. Delete {x}"]),
    "add": dict(do=["add {x} to [this list|the list|my list|these|the following][:|,] {l}", "[put|write|set] {x} [on|at the end of|onto] [the|this|my] list[:|,] {l}", "append {x} to [the list |my list |]{l}", "insert {x} at the end of {l}", "add {x}: {l}", "include {x} in {l}", "extend {l} by {x}", "put {x} after {l}"],
                wh=["what is [the list |]{l} with {x}", "what does the list {l} look like [with|after adding] {x}", "what is my list {l} when I add {x}", "if I add {x} to {l}, what [is the list|do I have]"],
                bit=["{l} plus {x}", "[the list |]{l} and also {x}", "my list: {l}. Add {x}", "{l}. Now add {x}", "{l} with {x} at the end"]),
    "nth": dict(wh=["what is the {o} [item|thing|entry|word|one|element] [in|of|on] [this list|the list|my list|the following][:|,] {l}", "which [item|word|thing|one] is {o} in {l}", "what is {o} in [the list|this list][:|,] {l}", "which [item |one |]comes {o}[:| in|,] {l}", "what's the {o} [one|item|word] of {l}", "in the list {l}, what is {o}", "which is the {o} [item|one|thing][:|,] {l}"],
                do=["[tell me|name|give me|pick|find] the {o} [item|one|word|thing] [of|in] {l}", "[name|find] the {o} item[:|,] {l}", "pick the {o} [one|item] from [the|this] list[:|] {l}", "say the {o} of {l}"],
                bit=["{o} [item|word|one|thing] [of|in] {l}", "the {o} of {l}", "{l}: {o} [item|one]", "{o} in the list {l}"]),
    "many": dict(wh=["how many [items|things|words|entries] are [in|on] [the list|this list|my list|the list of|][:|,|] {l}", "how long is the list {l}", "how many [items|things|entries] does the list {l} have", "how many [things|items] do I have[:|,] {l}", "how many [items|words|things] [are there|is that|do you see][:|,| in] {l}", "{l}[:|,] how many [are there|is that|items]"],
                 do=["count the [items|things|entries|words] [in|of|on] [the list |this list |][:|]{l}", "count [the list|how many items]: {l}", "[tell me|say] how many [items|things] {l} has"],
                 bit=["number of [items|entries|things] in {l}", "[items|entries] in {l}", "length of the list {l}", "count: {l}"]),
}
ORDINAL = ["first", "second", "third", "fourth", "fifth", "sixth"]


def some_items(r, n):
    pool = r.choice([WORDS, WORDS, ITEMS, NAMES])
    return r.sample(pool, n)


def t_list(r):
    k = r.choice(list(LISTS))
    n = r.randint(2 if k != "remove" else 3, 6)
    v = some_items(r, n + 1)
    x, v = v[-1], v[:-1]
    if k == "remove":
        x = r.choice(v)
        if len(v) > 3 and r.random() < .15:
            x = " and ".join(y for y in r.sample(v, 2))
    l = joined(r, v) if r.random() < .9 else r.choice(["(%s)", "[%s]", '"%s"']) % ", ".join(v)
    lines = [", ".join("%d %s" % (i + 1, w) for i, w in enumerate(v))]
    if k == "remove":
        out = x.split(" and ")
        left = [w for w in v if w not in out]
        lines = [", ".join("%s%s" % (w, " out" if w in out else "") for w in v), "left: " + ", ".join(left)]
        g = ", ".join(left)
        return S("list", ask(r, **LISTS[k], l=l, x=x), lines, g + ".", g, left)
    if k == "add":
        g = ", ".join(v + [x])
        return S("list", ask(r, **LISTS[k], l=l, x=x), ["the list: " + ", ".join(v), "at the end: " + x], g + ".", g, v + [x])
    if k == "many":
        return S("list", ask(r, **LISTS[k], l=l), lines + ["so %d" % len(v)], r.choice(["%d items.", "There are %d items."]) % len(v), str(len(v)), len(v))
    i = r.randrange(len(v))
    o = ORDINAL[i] if i < len(v) - 1 or r.random() < .3 else "last"
    if r.random() < .1 and i < 6 and o != "last":
        o = ["1st", "2nd", "3rd", "4th", "5th", "6th"][i]
    q = ask(r, **LISTS[k], l=l, o=o).replace("\x03%s\x04" % o, o)
    lines.append("%s is %s" % (o, v[i]))
    return S("list", q, lines, r.choice(["The %s item is %s.", "The %s one is %s."]) % (o, v[i]), v[i], v[i])


# ------------------------------------------------------------ who is taller
# more, less, most, least
KINDS = [("taller", "shorter", "tallest", "shortest"), ("older", "younger", "oldest", "youngest"), ("faster", "slower", "fastest", "slowest"),
         ("stronger", "weaker", "strongest", "weakest"), ("bigger", "smaller", "biggest", "smallest"), ("heavier", "lighter", "heaviest", "lightest"), ("richer", "poorer", "richest", "poorest")]
FACT = ["{a} is {m} than {b}", "{a} is {m} than {b}", "{b} is {l} than {a}", "{b} is {l} than {a}", "{a} [must be|is surely|is a bit|is much] {m} than {b}", "{b} is not as {s} as {a}"]
WHO = ["who is the {x}", "who is {x}", "which of them is [the |]{x}", "who's the {x}", "tell me who is the {x}", "which one is the {x}", "so who is the {x}", "who of them is [the |]{x}", "find the {x} one", "name the {x}"]


def fact(r, a, b, kind):
    """One sentence that says a before b."""
    stem = {"older": "old", "faster": "fast", "taller": "tall", "stronger": "strong", "bigger": "big", "heavier": "heavy", "richer": "rich"}[kind[0]]
    return say(r, FACT, a=a, b=b).replace("{m}", kind[0]).replace("{l}", kind[1]).replace("{s}", stem)


def t_logic(r):
    kind, n = r.choice(KINDS), r.choice([2, 2, 3, 3, 3])
    v = r.sample(NAMES, n)
    facts = [fact(r, v[i], v[i + 1], kind) for i in range(n - 1)]
    pairs = ["%s > %s" % (v[i], v[i + 1]) for i in range(n - 1)]
    if r.random() < .4:
        facts.reverse()
        pairs.reverse()
    top = r.random() < .5
    x = (kind[2] if top else kind[3]) if n > 2 or r.random() < .4 else (kind[0] if top else kind[1])
    w = say(r, WHO).replace("{x}", x)
    sep = r.choice([". ", ". ", ", and ", " and ", ", ", "; "])
    q = sep.join(facts) + r.choice([". ", ". ", ", ", "; ", "! "]) + w + r.choice(["?", "?", ""])
    if r.random() < .15:
        q = w + r.choice([" if ", ", if ", ": "]) + sep.join(facts) + r.choice(["?", "."])
    g = v[0] if top else v[-1]
    lines = pairs + (["order: " + " > ".join(v)] if n > 2 else []) + ["%s is %s" % ("first" if top else "last", g)]
    return S("logic", q, lines, "%s is %s%s." % (g, "the " if x in kind[2:] else "", x), g, g)


TASKS = [(t_compare, 5), (t_sort, 12), (t_minmax, 6), (t_list, 10), (t_logic, 6)]
