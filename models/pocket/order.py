"""Comparing, sorting, lists, and who is taller."""
from arithmetic import S
from wording import ask, say, way
from words import ITEMS, NAMES, WORDS, number

# --------------------------------------------------------------- two numbers
COMPARE = dict(
    wh=["which is {m}[,|:] {a} or {b}", "which number is {m}[:|,] {a} or {b}", "what is {m}, {a} or {b}",
        "which [one|] of {a} and {b} is {m}",
        "which of the [two |]numbers {a} and {b} is the {m}[ one|]", "{a} or {b}, which [one |]is {m}",
        "between {a} and {b}, which is {m}", "what's [more|the {m} one]: {a} or {b}",
        "which one [would be|is] the {m} [number |]of {a} and {b}", "what number is {m}[:|,] {a} or {b}",
        "who wins as the {m}[ one|][:|,] {a} or {b}", "is {a} or {b} [the {m}|the {m} one|{m}]",
        "which would you call {m}[:|,] {a} or {b}", "of {a} and {b}, which [one |]is {m}",
        "if I compare {a} and {b}, which is {m}", "which [number |]is the {m} [one |]when I have {a} and {b}",
        "I have two numbers here, {a} and {b}: which is {m}", "{a} and {b} are given, which [one |]is {m}",
        "on one card is {a}, on the other {b}. which is {m}", "would it be {a} or {b} that is {m}",
        "who is {m}, Mr {a} or Mr {b}", "{a} against {b}, which [one |]is {m}", "is {a} {m} or is {b} {m}",
        "which should I choose for the {m} number, {a} or {b}", "of the pair {a} and {b}, what is the {m} number",
        "if you look at {a} and at {b}, which of them is {m}", "is the {m} one {a}, or is it {b}",
        "my friend has {a} and I have {b}. which number is {m}", "two numbers: {a} and {b}. which of them is the {m}",
        "when you put {a} next to {b}, which is {m}", "what would be the {m} choice, {a} or {b}",
        "which is the {m} of the two, {a} or {b}"],
    do=["[tell me|name|give me|find|pick|choose] the {m}[ one| number|] of {a} and {b}",
        "compare {a} and {b}[.|:|,] [and |]which is {m}", "compare {a} [with|to] {b} and name the {m} one",
        "say which is {m}[:|,] {a} or {b}", "[look at|take] {a} and {b}[:|,|.] which is {m}",
        "[decide|find out|check|tell me] which is {m}[:|,] {a} or {b}", "[show|write] the {m} [one |number |]of {a} and {b}",
        "choose the {m} one[:|,] {a} or {b}",
        "weigh {a} against {b} and give me the {m} number", "here are {a} and {b}. point out the {m} one",
        "out of {a} and {b}, take the {m}", "from the two numbers {a} and {b} pick the {m}",
        "put {a} beside {b} and say which is {m}", "between {a} and {b} choose what is {m}",
        "work out which of the two is {m}, {a} or {b}", "{a} or {b}: name the {m} [one|number]",
        "I have {a} and {b}. tell me the {m} one", "tell me whether {a} or {b} is {m}",
        "hold {a} up to {b} and report the {m} one"],
    bit=["{m} number: {a} or {b}", "{a} or {b}: {m}", "{m}, {a} or {b}", "the {m} of {a} and {b}", "{a} vs {b}, {m} one",
         "{a} and {b}, the {m}", "{a}, {b}: which is {m}", "which {m}, {a} or {b}", "{m} of the two[:|,] {a}, {b}",
         "{a} against {b}: {m}", "{m} one of {a}, {b}", "what is {m}: {a}, {b}", "between {a} and {b} the {m} number",
         "{a} compared with {b}, the {m} one", "two numbers, {a} and {b}, {m} one", "{a} / {b}: {m} number",
         "{a} or rather {b}, {m}", "numbers {a} and {b}: {m}", "{a}? {b}? the {m} one"])
YESNO = ["[is {a} [larger|bigger|greater|more] than {b}|is it true that {a} is [larger|bigger|higher] than {b}"
         "|[can I say that|would you say|do you agree that] {a} is [larger|greater|more] than {b}]",
         "[is {a} [smaller|less|lower] than {b}|is it true that {a} is [smaller|less|lower] than {b}"
         "|[can I say that|would you say|do you agree that] {a} is [smaller|less|lower] than {b}]"]


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


HAS = ["{n} has {a} {i}[ and|,| while| but|;] {m} has {b}[ {i}|][.|,|:|;]", "{n} [got|found|bought|counted|owns] {a} {i}, {m} {b}[.|,|:|;]",
       "{n}: {a} {i}, {m}: {b} {i}.", "there are {a} {i} for {n} and {b} for {m}.", "{m} has {b} {i} and {n} {a}.",
       "{n} scored {a} [points |]and {m} {b}.", "{a} {i} belong to {n} and {b} to {m}.",
       "{n} [collected|sold|saved|picked] {a} {i}. {m} [collected|sold|saved|picked] {b}.", "{n} has {a}, {m} has {b}.",
       "in {n}'s bag are {a} {i}, in {m}'s {b}.",
       "{n} went home with {a} {i} and {m} with {b}.", "on {n}'s desk lie {a} {i}, on {m}'s desk {b}.",
       "{m} counted {b} {i}. {n} counted {a}.", "{n} brought {a} {i} to school and {m} brought {b}.",
       "after the game {n} had {a} points and {m} had {b}.", "{n} owns {a} {i}. {m} owns {b} {i}.",
       "I gave {n} {a} {i} and {m} {b}.", "{a} {i} were bought by {n}, {b} by {m}.",
       "{n} says: I have {a} {i}. {m} says: I have {b}."]
WHO_MORE = ["who has [more|the most|most|the larger number]", "who [has|owns|got] more[ of them| {i}|]", "which of them has more[ {i}|]",
            "who has the most", "tell me who has more", "who of the two has more[ {i}|]", "who wins if more is better",
            "name the one with more[ {i}|]", "is it {n} or {m} who has more", "more {i}: {n} or {m}",
            "which one has more", "who owns the larger amount", "whose number is larger", "can you say who has more",
            "who is ahead", "which person has more {i}", "so who has got more", "who of them got more"]
WHO_LESS = ["who has [fewer|less|the least|the smaller number]", "who [has|owns|got] fewer[ of them| {i}|]",
            "which of them has [fewer|less][ {i}|]", "who has the fewest", "tell me who has fewer", "who of the two has less",
            "who loses if more is better", "name the one with fewer[ {i}|]", "is it {n} or {m} who has [less|fewer]",
            "fewer {i}: {n} or {m}",
            "which one has less", "who owns the smaller amount", "whose number is smaller", "can you say who has less",
            "who is behind", "which person has fewer {i}", "so who has got less", "who of them got fewer"]


def who_has(r, a, b):
    """Numbers that belong to people: more and fewer, not larger and smaller."""
    n, m = r.sample(NAMES, 2)
    more, words = r.random() < .6, dict(n=n, m=m, a=a, b=b, i=r.choice(ITEMS))
    told, asked = say(r, HAS, **words), say(r, WHO_MORE if more else WHO_LESS, **words)
    if told.index("\x03%s\x04" % n) > told.index("\x03%s\x04" % m):
        n, m, a, b = m, n, b, a
    if r.random() < .1:
        text = "%s? %s." % (asked, told.rstrip(".,:;"))
    else:
        text = "%s %s%s" % (told if told[-1] in ".,:;" else told + ".", asked, r.choice(["?", "?", ""]))
    who = n if (a > b) == more else m
    lines = ["%s %d, %s %d" % (n, a, m, b)] + compare_digits(a, b)
    lines.append("so %s has %s" % (who, "more" if more else "fewer"))
    return S("compare", text[:1].upper() + text[1:], lines, "%s has %s." % (who, "more" if more else "fewer"), who, who)


def t_compare(r):
    d = r.randint(1, 6)
    a, b = number(r, d, d), number(r, max(1, d - 1), d)
    if r.random() < .4:
        b = int(str(a)[:d // 2] + str(number(r, d - d // 2, d - d // 2)))
    if a == b:
        b += 1
    if r.random() < .5:
        a, b = b, a
    if r.random() < .2:
        return who_has(r, a, b)
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
    return S("compare", ask(r, **COMPARE, a=a, b=b, m=m).replace("\x03%s\x04" % m, m),
             compare_digits(a, b) + ["so %d is %s" % (g, name)],
             "%d is %s." % (g, name), str(g), g)


# -------------------------------------------------------------------- sorting
UP = ["from small to large", "from smallest to [largest|biggest]", "in ascending order", "ascending", "from low to high",
      "smallest first", "from the [smallest|lowest] [up|to the highest]", "in increasing order",
      "starting with the smallest", "with the small ones first", "going up", "in rising order", "from the bottom up",
      "so that they grow", "beginning with the lowest", "from little to big", "with the largest last",
      "by size, smallest first"]
DOWN = ["from large to small", "from [largest|biggest] to smallest", "in descending order", "descending", "from high to low",
        "largest first", "[biggest|greatest|highest] first", "in decreasing order", "from the top down", "backwards by size",
        "going down", "starting with the largest", "with the big ones first", "in falling order", "so that they shrink",
        "beginning with the highest", "with the smallest last", "from big to little", "by size, largest first",
        "from most to least"]
SORT = dict(
    do=["sort {o}: {l}", "sort {l} {o}", "sort [these|the|the following] [numbers|values] {o}: {l}",
        "[put|bring|arrange|place|order] [these |the |]numbers {l} {o}", "[put|bring|arrange|order|line up] {l} {o}",
        "order these {o}: {l}", "[list|write|give me] {l} {o}", "rank {l} {o}", "arrange [these|the] numbers {o}: {l}",
        "put {l} in order {o}", "[give|show] me {l} {o}", "[can you |]reorder {l} {o}",
        "[line up|set|lay out] the numbers {l} {o}", "[rearrange|resort] {l} {o}", "take {l} and [sort|order|arrange] them {o}",
        "I have {l}[.|;|:] [sort|put|arrange] them {o}", "make a list of {l} {o}", "sort [my|our|a few] numbers {o}: {l}",
        "these are my numbers: {l}. [sort|arrange] them {o}", "please sort for me, {o}: {l}", "make a row of {l}, {o}",
        "I need the numbers {l} {o}", "I would like {l} {o}", "the numbers {l} should be sorted {o}",
        "{l}: [sort|order|arrange] them {o}", "write the numbers {l} down again, {o}", "write down {o} the numbers {l}",
        "take these numbers, {l}, and put them {o}", "[copy|print] {l} {o}", "sort out {l} {o}", "tidy up {l} {o}",
        "{l} are mixed up. put them {o}", "let me see {l} {o}", "bring the list {l} into shape {o}",
        "do a sort {o} of {l}", "put the values in a row {o}: {l}"],
    wh=["what is {l} sorted {o}", "what [is|would be] the order of {l} {o}", "how do I [sort|order] {l} {o}",
        "what do {l} look like sorted {o}", "which order do {l} have {o}", "how [do|would] you [sort|order|arrange] {l} {o}",
        "what are {l} {o}", "how does {l} look {o}", "what comes out if I sort {l} {o}",
        "how would {l} be written {o}", "how should {l} stand {o}", "if {l} are sorted {o}, what do I get",
        "in what order come {l} {o}", "what is the list {l} when it is put {o}", "what row do I get from {l} {o}",
        "I have the numbers {l}. how do they go {o}", "how are {l} put {o}", "{l} {o} are what", "can I see {l} {o}"],
    bit=["{l} {o}", "{l} sorted {o}", "sorted {o}: {l}", "{o}: {l}", "numbers {l} {o}", "{l}, {o} please", "order {o}, {l}",
         "{l} - {o}", "{l} arranged {o}", "{l} in a row {o}",
         "{o}, these: {l}", "{l} in order {o}", "my list {l}, all {o}", "a row {o} of {l}", "sort {o}, {l}", "{l} but {o}"])
PLAIN = dict(do=["sort: {l}", "sort {l}", "sort these numbers[:|,|] {l}", "order {l}", "put {l} in order",
                 "put [these|the] numbers in order[:|] {l}", "[arrange|bring] {l} [in|into] order",
                 "sort the [list|row|numbers|values] {l}",
                 "line up {l}", "order the numbers {l}", "bring order into {l}", "arrange {l}",
                 "[sort|order] [my|our|some] numbers[:|] {l}", "I have {l}[.|;|:] sort them", "[give|show] me {l} in order",
                 "put {l} into the right order",
                 "these numbers are mixed up, sort them: {l}", "{l}: put them in order", "write {l} in the right order",
                 "{l} should be sorted", "I need {l} sorted", "{l}. Sort these", "do a sort of {l}",
                 "tidy up the numbers {l}", "make an ordered list of {l}", "please get {l} into order",
                 "sort the following: {l}", "put the following in order: {l}", "set {l} in order",
                 "get these numbers sorted: {l}"],
             wh=["what is {l} in order", "what is the right order of {l}", "how are {l} sorted", "in which order do {l} come",
                 "what do I get when I sort {l}", "how do I put {l} in order",
                 "what does the sorted list of {l} look like", "how would you sort {l}", "{l} sorted is what",
                 "if I sort {l}, what comes out", "I have {l}. what is their order"],
             bit=["{l} in order", "{l}, sorted", "sorted: {l}", "sorting {l}",
                  "the numbers {l} in order", "ordered: {l}", "numbers to sort: {l}", "a sorted list of {l}",
                  "{l} as a sorted list"])
WSORT = dict(
    do=["sort [these|the|the following] words[ alphabetically| by alphabet|]: {l}",
        "put [these words |]in alphabetical order: {l}",
        "[order|arrange|sort|put] {l} [alphabetically|by alphabet|by the alphabet|in alphabetical order|from a to z]",
        "order [these|the] words[ alphabetically|]: {l}", "sort the words {l}", "[bring|put] {l} into alphabetical order",
        "alphabetize {l}", "[sort|order][:|] {l}", "[sort|order] [these|the following|the list|my words][:|] {l}",
        "put {l} in order", "list {l} [alphabetically|in dictionary order]", "sort by the first letter: {l}",
        "{l}: put these words in order of the alphabet", "I have the words {l}. sort them from a to z",
        "write {l} the way a dictionary lists them", "[sort|order] by alphabet: {l}", "go from a to z: {l}",
        "make an alphabetical list of {l}", "here are some words: {l}. put them in alphabetical order",
        "file {l} by their first letters", "rank the words {l} from a to z", "give me {l} from a to z",
        "{l} should stand in alphabetical order", "the words {l} must be filed by alphabet"],
    wh=["what is the alphabetical order of {l}", "[which|what] order do {l} have in a dictionary",
        "how are {l} sorted [alphabetically|by alphabet]", "what are {l} in alphabetical order",
        "which of {l} comes first, second and so on in the alphabet", "how would a dictionary [list|order|sort] {l}",
        "in what order does a dictionary have {l}", "what is {l} [sorted by alphabet|from a to z]",
        "how do {l} go in the alphabet",
        "if I sort {l} by alphabet, what do I get", "how do I put {l} in alphabetical order",
        "in which order would {l} be in a phone book", "what do {l} look like from a to z", "how do you alphabetize {l}",
        "what is the order of the words {l}", "how would {l} stand in an index", "{l} by alphabet, what is that"],
    bit=["alphabetical order of {l}", "{l} [in alphabetical order|alphabetically|by alphabet|from a to z]", "{l} sorted",
         "words in order: {l}",
         "a to z: {l}", "words {l}, from a to z", "{l}, dictionary order", "{l}: alphabetical", "by alphabet: {l}",
         "alphabetical list of {l}", "the words {l} sorted by alphabet", "{l} as in a dictionary"])


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
    """One after the other into its place; words by their first letters, which differ."""
    lines, c = [str(v[0])], [v[0]]
    for x in v[1:]:
        k, p = 0, []
        while k < len(c):
            sign = "<" if x < c[k] else ">"
            p.append("%s%s%s" % (x[0], sign, c[k][0]) if isinstance(x, str) else "%s%s%s" % (x, sign, c[k]))
            if (x < c[k]) == up:
                break
            k += 1
        c.insert(k, x)
        lines.append("%s%s: %s" % (x + " " if isinstance(x, str) else "", " ".join(p), " ".join(map(str, c))))
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
    wh=["what is the {m} [of|in|among] {l}", "what is the {m} [number|value|one][ of| in| here][:|,| in|] {l}",
        "which is the {m}[ number| one|][:|,| of] {l}", "which [number |one |]of {l} is the {m}",
        "{l}[:|,] which [one |]is the {m}", "what's the {m} number [here|in this list][:|]{l}",
        "which one is the {m}[:|,] {l}", "what number is the {m} [among|of] {l}", "what [would be|is] the {m} if I have {l}",
        "I have {l}[.|;|:] which is the {m}", "which [of these |]is the {m}: {l}", "{l} - what is the {m}[ one| number|]",
        "can you see the {m} [one|number] in {l}", "out of {l}, which is [the |]{m}",
        "looking at {l}, what is the {m}", "here are some numbers: {l}. what is the {m}", "the {m} of {l} is what",
        "where is the {m} number in {l}", "if you look through {l}, which one is the {m}",
        "in the row {l}, which number is the {m}", "my numbers are {l}. which one is the {m}",
        "given {l}, what is the {m}", "is there a {m} in {l}, and what is it", "what do I pick from {l} if I want the {m}",
        "which would be the {m} among {l}", "of all these, what is the {m}: {l}"],
    do=["[find|tell me|name|give me|pick|choose] the {m} [number |one |]in {l}", "[find|name|pick|show] the {m}[ number|]: {l}",
        "look for the {m} [number |]in {l}", "[tell me|say] which [number |]of {l} is the {m}",
        "[get|take|show] me the {m} [one |number |]of {l}", "from {l} [choose|pick|take] the {m}",
        "search {l} for the {m}[ number| one|]", "[find out|check|decide] which is the {m}: {l}",
        "go through {l} and report the {m}", "I have {l}. name the {m}", "point to the {m} [one |number |]of {l}",
        "{l}: pick the {m} one", "read {l} and say what the {m} is", "circle the {m} in {l}", "out of {l} take the {m}",
        "compare {l} and give me the {m}", "here are {l}, now find the {m}", "write down the {m} of the numbers {l}"],
    bit=["{m} of {l}", "the {m} [number |]of {l}", "{m} number[:| in] {l}", "{l}: the {m}", "{m}: {l}", "{m} among {l}",
         "{l}, {m}", "{m} one[:| of] {l}", "the {m} in {l}", "{m} out of {l}",
         "{m} from {l}", "numbers {l}, {m} one", "{m} value of {l}", "the {m} one, please, from {l}",
         "list {l}, {m} number", "{l} and the {m}", "the {m} number here: {l}"])
MOST = [["largest", "biggest", "maximum", "highest", "greatest", "largest", "biggest"],
        ["smallest", "lowest", "minimum", "least", "tiniest", "smallest", "lowest"]]


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
    "remove": dict(do=["remove {x} from [this list|the list|my list|these|the following][:|,] {l}",
                       "[take|cross|strike|leave] {x} [off|out of|from] [the|this|my] list[:|,] {l}",
                       "delete {x} from [the list |my list |]{l}", "drop {x} from {l}", "remove {x}: {l}",
                       "take {x} out of {l}", "[get rid of|throw out|cross out] {x}: {l}",
                       "[take|remove] {x} [away |]from {l}", "erase {x} from [the list |my list |]{l}",
                       "[scratch|wipe|kick|pull|throw] {x} [out of|off|from] [the list |my list |]{l}",
                       "I do not want {x} in {l}", "I have {l}[.|;|:] [remove|take out|drop] {x}",
                       "[leave|keep] {x} out of {l}", "write {l} without {x}", "make {l} without {x}",
                       "I have a list: {l}. please take {x} out of it", "{x} must leave the list {l}", "strike {x}: {l}",
                       "we no longer need {x}, so take that out of {l}", "{l}: cut {x}", "cut {x} from the list {l}",
                       "clear {x} out of {l}", "copy {l} but skip {x}", "[repeat|print|list] {l} without {x}",
                       "forget {x} in the list {l}", "from {l} take {x} away", "{x} is wrong here, remove that from {l}",
                       "say {l} again and leave out {x}", "here is {l}. now remove {x}", "omit {x} from {l}"],
                   wh=["what is left of {l} without {x}", "what [is|remains] [in |on |]the list {l} [when|if] I remove {x}",
                       "what does the list {l} look like without {x}", "what is {l} without {x}",
                       "if I take {x} out of {l}, what is left", "what stays of {l} when {x} [is gone|goes|is removed]",
                       "what do I have [left |]if I remove {x} from {l}", "I have {l}[.|,|;] what is left without {x}",
                       "how does {l} look without {x}",
                       "which items are left in {l} after {x} is removed", "what remains of {l} after I delete {x}",
                       "with {x} gone, what is left of {l}", "if {x} leaves {l}, who or what stays",
                       "what is on the list {l} apart from {x}", "what is in {l} besides {x}",
                       "what else is in {l} if you leave out {x}", "when I cross out {x} in {l}, what do I have"],
                   bit=["{l} without {x}", "{l}, [minus|except|but not] {x}", "[the list |]{l} but without {x}",
                        "my list: {l}. Remove {x}", "{l}. Delete {x}", "{l} except {x}", "{l}, {x} removed", "{l}, not {x}",
                        "{l}. {x} goes", "all of {l} but {x}",
                        "{l} apart from {x}", "everything in {l} besides {x}", "{l} with {x} taken out",
                        "the rest of {l} after {x} is out", "no {x} in {l}", "{l}, leave out {x}",
                        "the list {l}, with no {x}", "{l}. {x} is out", "{l}. Take out {x}", "{l} after removing {x}"]),
    "add": dict(do=["add {x} to [this list|the list|my list|these|the following][:|,] {l}",
                    "[put|write|set] {x} [on|at the end of|onto] [the|this|my] list[:|,] {l}",
                    "append {x} to [the list |my list |]{l}", "insert {x} at the end of {l}", "add {x}: {l}",
                    "include {x} in {l}", "extend {l} by {x}", "put {x} after {l}", "attach {x} to [the list |my list |]{l}",
                    "[join|tack|hang] {x} [on to|onto|to] {l}", "insert {x} [into|in] [the list |my list |]{l}",
                    "I have {l}[.|;|:] [add|append|put in] {x}", "[place|write] {x} behind {l}", "make {l} longer by {x}",
                    "[bring|take] {x} into [the list |my list |]{l}", "{x} should be added to {l}",
                    "close the list {l} with {x}",
                    "I have a list: {l}. please put {x} at its end", "let {x} come after {l}",
                    "I forgot {x}, add that to {l}", "{l}: add {x}", "write {l} and then {x}",
                    "[repeat|print] {l} with {x} at the end", "we also need {x}, so add that to {l}",
                    "copy {l} and end with {x}", "here is {l}. now append {x}", "say {l} again with {x} as the last one",
                    "{x} is missing at the end of {l}, add it", "expand {l} with {x}", "complete {l} with {x}",
                    "finish {l} with {x}", "link {x} to the end of {l}"],
                wh=["what is [the list |]{l} with {x}", "what does the list {l} look like [with|after adding] {x}",
                    "what is my list {l} when I add {x}", "if I add {x} to {l}, what [is the list|do I have]",
                    "what do I get when {x} is added to {l}", "I have {l}[.|,|;] what is it with {x}[ added|]",
                    "how does {l} look with {x} [in it|added|at the end]", "when {x} joins {l}, what is the list",
                    "what is {l} after {x} is added", "{l} and then {x}, what is the list",
                    "with {x} at the end, what is {l}", "how does the list {l} read if {x} comes last",
                    "when I append {x} to {l}, what do I get", "what is the longer list if {x} is put after {l}",
                    "I forgot {x} in {l}, what is the full list", "which list is {l} together with {x}"],
                bit=["{l} plus {x}", "[the list |]{l} and also {x}", "my list: {l}. Add {x}", "{l}. Now add {x}",
                     "{l} with {x} at the end", "{l} and {x} too", "{l}, then {x}", "{l} + {x}", "{l}. {x} comes last",
                     "{l} followed by {x}",
                     "{l}, and at the end {x}", "{l}, with {x} added", "the list {l} and {x} as the last", "{l}. And {x}",
                     "{l}. Also {x}", "{l} extended by {x}", "{l}, next {x}", "add to {l}: {x}", "new in {l}: {x}",
                     "{l}. Append {x}"]),
    "nth": dict(wh=["what is the {o} [item|thing|entry|word|one|element] [in|of|on] [this list|the list|my list|the following][:|,] {l}", "which [item|word|thing|one] is {o} in {l}", "what is {o} in [the list|this list][:|,] {l}", "which [item |one |]comes {o}[:| in|,] {l}", "what's the {o} [one|item|word] of {l}", "in the list {l}, what is {o}", "which is the {o} [item|one|thing][:|,] {l}", "what stands {o} in [the list |]{l}", "what do I find {o} in {l}", "I have {l}[.|,|;] what is the {o}[ one| item|]", "what is in {o} place[:|,| in] {l}", "who or what comes {o} in {l}",
                    "if I read {l}, what is the {o} one", "here is a list: {l}. what is the {o} one",
                    "which one do you get as the {o} of {l}", "the {o} one of {l} is what",
                    "counting from the left, what is the {o} of {l}", "{l} - which one is {o}",
                    "what word do I see {o} in {l}", "which entry is the {o} in {l}", "what is on the {o} place of {l}",
                    "looking at {l}, which is {o}", "of {l}, which one is the {o}", "what did I write {o}: {l}"],
                do=["[tell me|name|give me|pick|find] the {o} [item|one|word|thing] [of|in] {l}",
                    "[name|find] the {o} item[:|,] {l}", "pick the {o} [one|item] from [the|this] list[:|] {l}",
                    "say the {o} of {l}", "[choose|take|show|read] the {o} [item |one |]of {l}",
                    "[get|fetch] me the {o} [one|item] from {l}", "look up the {o} [item |one |]in {l}",
                    "from {l} [take|choose|pick] the {o}",
                    "I have {l}. give me the {o} one", "{l}: name the {o} one", "go to the {o} place of {l} and read it",
                    "tell me what is {o} in {l}", "point to the {o} one in {l}", "take {l} and say which one is {o}",
                    "out of {l}, pick the {o}", "[write|copy] only the {o} one of {l}",
                    "let me have the {o} [item |]of the list {l}", "count along {l} and stop at the {o}"],
                bit=["{o} [item|word|one|thing] [of|in] {l}", "the {o} of {l}", "{l}: {o} [item|one]", "{o} in the list {l}",
                     "{l}, the {o}", "{o} of {l}", "{o} one[:| of| in] {l}", "{l} - {o}",
                     "{o}: {l}", "number: the {o} of {l}", "list {l}, {o} one", "{l}, {o} place", "from {l} the {o}",
                     "{o} entry: {l}", "{o} place in {l}"]),
    "many": dict(wh=["how many [items|things|words|entries] are [in|on] [the list|this list|my list|the list of|][:|,|] {l}",
                     "how long is the list {l}", "how many [items|things|entries] does the list {l} have",
                     "how many [things|items] do I have[:|,] {l}",
                     "how many [items|words|things] [are there|is that|do you see][:|,| in] {l}",
                     "{l}[:|,] how many [are there|is that|items]",
                     "how many [elements|entries|pieces|names] [are|do you find] in {l}",
                     "I have {l}[.|,|;] how many [is that|are they|things is that]",
                     "what is the number of [items|things|entries] in {l}", "how many [things|items] do you count[:| in] {l}",
                     "how many are {l}",
                     "if I count {l}, what number do I get", "what is the length of the list {l}",
                     "how large is the list {l}", "here is my list: {l}. how many things are on it",
                     "{l} makes how many things", "I wrote down {l}. how many entries is that",
                     "how many have I named: {l}", "what number of items does {l} have",
                     "into how many items does {l} fall", "{l} - how many is that in all",
                     "how many things did I list: {l}"],
                 do=["count the [items|things|entries|words] [in|of|on] [the list |this list |][:|]{l}",
                     "count [the list|how many items]: {l}", "[tell me|say] how many [items|things] {l} has", "count {l}",
                     "count them[:|] {l}", "[find out|check|give me] how many [items|things|entries] [are in|there are in] {l}",
                     "number the [items|things] of {l} and tell me how many",
                     "go through {l} and say how many there are", "here is {l}. count the entries",
                     "work out how many things {l} has", "give me the number of things in {l}",
                     "determine the length of the list {l}", "tell me the count of {l}", "tally {l}",
                     "count what is in {l}"],
                 bit=["number of [items|entries|things] in {l}", "[items|entries] in {l}", "length of the list {l}",
                      "count: {l}", "{l}, how many", "{l}: the number of [items|things]", "how many, {l}", "count of {l}",
                      "how many in {l}", "list length of {l}", "total of items in {l}", "{l}, the count",
                      "the item count of {l}", "how many things: {l}"]),
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
        return S("list", ask(r, **LISTS[k], l=l), lines + ["so %d" % len(v)],
                 r.choice(["%d items.", "There are %d items."]) % len(v), str(len(v)), len(v))
    i = r.randrange(len(v))
    o = ORDINAL[i] if i < len(v) - 1 or r.random() < .3 else "last"
    if r.random() < .1 and i < 6 and o != "last":
        o = ["1st", "2nd", "3rd", "4th", "5th", "6th"][i]
    q = ask(r, **LISTS[k], l=l, o=o).replace("\x03%s\x04" % o, o)
    lines.append("%s is %s" % (o, v[i]))
    return S("list", q, lines, r.choice(["The %s item is %s.", "The %s one is %s."]) % (o, v[i]), v[i], v[i])


# ------------------------------------------------------------ who is taller
# more, less, most, least
KINDS = [("taller", "shorter", "tallest", "shortest"), ("older", "younger", "oldest", "youngest"),
         ("faster", "slower", "fastest", "slowest"),
         ("stronger", "weaker", "strongest", "weakest"), ("bigger", "smaller", "biggest", "smallest"),
         ("heavier", "lighter", "heaviest", "lightest"), ("richer", "poorer", "richest", "poorest")]
FACT = ["{a} is {m} than {b}", "{a} is {m} than {b}", "{b} is {l} than {a}", "{b} is {l} than {a}",
        "{a} [must be|is surely|is a bit|is much] {m} than {b}", "{b} is not as {s} as {a}",
        "compared with {b}, {a} is {m}", "next to {a}, {b} is {l}", "I know that {a} is {m} than {b}",
        "everyone says {b} is {l} than {a}", "{b} is the {l} one of {b} and {a}"]
WHO = ["who is the {x}", "who is {x}", "which of them is [the |]{x}", "who's the {x}", "tell me who is the {x}",
       "which one is the {x}", "so who is the {x}", "who of them is [the |]{x}", "find the {x} one", "name the {x}",
       "which person is the {x}", "what is the name of the {x} one", "the {x} one is who", "who would be the {x}",
       "can you say who is the {x}", "I want to know who is the {x}", "who do you think is the {x}",
       "give me the name of the {x} one", "so which one is [the |]{x}"]


def fact(r, a, b, kind):
    """One sentence that says a before b."""
    stem = {"older": "old", "faster": "fast", "taller": "tall", "stronger": "strong", "bigger": "big", "heavier": "heavy",
            "richer": "rich"}[kind[0]]
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
    lines = pairs + (["both: " + v[1], "order: " + " > ".join(v)] if n > 2 else []) + ["%s is %s" % ("first" if top else "last",
        g)]
    return S("logic", q, lines, "%s is %s%s." % (g, "the " if x in kind[2:] else "", x), g, g)


TASKS = [(t_compare, 9), (t_sort, 12), (t_minmax, 6), (t_list, 13), (t_logic, 6)]
