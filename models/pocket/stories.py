"""Word problems of one to three steps.  A story is made of pieces (who has what,
what happens, what is asked), so that few sentences give many stories."""
from arithmetic import S, small_difference, small_product, small_quotient, small_sum
from wording import say
from words import ITEMS, NAMES, PLACES

HAS = ["{n} has {a} {i}", "{n} had {a} {i}", "{n} owns {a} {i}", "{n} starts with {a} {i}",
       "[there are|there were] {a} {i} in [the|a] {p}", "a {p} holds {a} {i}",
       "{n} [bought|buys|got|gets|found|made|picked|collected] {a} {i}", "in [the|a] {p} [there are|are|lie|were] {a} {i}",
       "I have {a} {i}",
       "I [bought|got|found] {a} {i}", "[my|our] [friend|sister|brother|mother|teacher|neighbor] has {a} {i}",
       "a [farmer|shop|teacher|baker|child|school|man|woman|girl|boy] has {a} {i}", "we have {a} {i}",
       "{a} {i} [are|lie|stand] [on the table|in the garden|on the floor|here]", "you have {a} {i}",
       "{n} keeps {a} {i} in [the|a] {p}", "{n} [brings|carries|takes] {a} {i}", "there are {a} {i}", "I see {a} {i}",
       "{n} and {m} have {a} {i}", "[once|today] {n} had {a} {i}", "on the {p} there are {a} {i}", "{n} owned {a} {i}",
       "a [girl|boy|man|woman] named {n} has {a} {i}",
       "{n} walks home with {a} {i}", "{n} counted {a} {i} this morning", "{n} took {a} {i} along",
       "in {n}'s room are {a} {i}", "{a} {i} belong to {n}", "this morning {n} had {a} {i}",
       "{n} went to the market with {a} {i}", "{n} opens a {p} and finds {a} {i}",
       "at first there were {a} {i} in the {p}", "{n}'s {p} has {a} {i} in it", "for the party {n} makes {a} {i}",
       "{n} saved up {a} {i}", "let us say {n} has {a} {i}", "I own {a} {i}", "we found {a} {i}",
       "{n}'s mother gave {n} {a} {i}", "{n} looks into the {p} and sees {a} {i}",
       "the {p} of {n} is full of {i}, there are {a}", "on Monday {n} had {a} {i}", "{n} has a {p} with {a} {i}",
       "at the start of the day {n} has {a} {i}"]
MORE = ["[gets|got|buys|bought|finds|found|wins|won|receives|picks|collects|makes|is given] {b} more",
        "[gets|got|buys|finds] {b} more {i}", "{m} [gives|gave|brings|brought|lends] {x} {b} more",
        "[then |later |]{b} [more |]are added", "{b} more [come|are put in|arrive|are brought|are found]",
        "[then|later|after that] [gets|got|buys|bought|finds|found] another {b}", "adds {b}[ more|]",
        "[gets|receives] {b} from {m}", "[buys|gets] {b} more from {m}", "[takes|took] {b} more", "{m} adds {b}",
        "[is given|was given] {b} by {m}", "{b} others [come|are put there]", "[wins|won] {b}", "{m} puts {b} in",
        "[discovers|earned|earns|saves] {b} more",
        "picks up {b} more", "inherits {b} from {m}", "{m} drops by and leaves {b} more", "orders {b} more",
        "grabs {b} more", "digs up {b} more", "{b} new ones [arrive|come in|appear]", "borrows {b} from {m}",
        "comes home with {b} more", "trades a toy for {b} more", "{b} more turn up in a drawer", "later finds {b} others",
        "{m} sends a {p} with {b} more", "asks {m} for {b} more and gets them", "[takes|took] {b} from {m}",
        "{m} throws in {b} extra"]
LESS = ["[gives|gave] {b} to {m}",
        "[gives away|gave away|loses|lost|sells|sold|eats|ate|breaks|uses|used|drops|throws away] {b}",
        "[gives|gave] {b} [away|of them away|of them to {m}]",
        "{b} [are|get|were] [taken|taken away|broken|sold|eaten|lost|used|given away|removed]",
        "{m} [takes|took|takes away|borrows|steals|eats] {b}[ of them|]",
        "[loses|lost|sells|sold|uses] {b} [of them|{i}|of the {i}]", "lets {m} have {b}", "[spends|spent] {b}",
        "[throws|threw] {b} away", "[hands|handed] {b} to {m}", "[lends|lent] {m} {b}",
        "{b} [fall|roll|go] [down|away|under the table]", "{m} buys {b} of them", "[donates|donated] {b}",
        "[must|has to] give {b} back", "{b} [go|went] to {m}", "only {b} [are|were] lost",
        "leaves {b} at school", "forgets {b} on the train", "trades {b} away", "sends {b} to {m}", "leaves {b} behind",
        "{m} runs off with {b}", "returns {b} to the shop", "{b} of them [break|rot|vanish]", "{m} walks away with {b}",
        "presents {m} with {b}", "drops {b} into the river", "mails {b} to {m}", "{b} have to be thrown away",
        "{m} asks for {b} and gets them", "gives back {b}", "{b} disappear", "feeds {b} to the dog",
        "{m} wants {b} and takes them"]
NOW = ["how many {i} [does {x} have|are there|are left|has {x}|are there now|is that]",
       "how many [does {x} have|are there|are left|has {x}|are there|do we have] [now|then|in the end|at the end]",
       "how many {i} [does {x} have|are there|remain|are there] [now|then|in the end|altogether|at last]",
       "how many [is that|are left|remain|are there]", "how many {i} does {x} have [left|now]",
       "what is [left|the number of {i}|the result|the total][ now|]", "how many {i} now", "count the {i}",
       "how many {i} remain in the end", "how many {i} can {x} count now", "what number of {i} is left",
       "how many {i} is that now", "and how many {i} are [there|left] now", "how many [has {x}|are left|are there] now",
       "tell me how many {i} there are",
       "how many {i} are there at the end of the story", "so how many {i} is it now", "what count of {i} results",
       "how many {i} would you count now", "please say how many {i} there are now", "what is the final number of {i}",
       "so what is the number of {i} now", "how many {i} are there after all that", "with how many {i} does it end",
       "I wonder how many {i} there are now", "can you work out how many {i} there are now",
       "give me the new number of {i}", "how many {i} does {x} end up with", "and the number of {i} is now what",
       "how many {i} does {x} own now", "after this, how many {i} are there"]
ALL = ["how many {i} [are there|is that|are that|do they have] [in all|altogether|together|in total]",
       "how many [in all|altogether|in total|together|is that]", "how many {i} [are there|is that]",
       "what is the total[ number|]", "how many {i} [in all|altogether|in total]", "how many do they have together",
       "what is the total number of {i}", "how many {i} are there", "how many {i} do they [all |]have",
       "how many {i} does that make", "how many {i} altogether", "what is the sum", "how many {i} is that in all",
       "and all together", "tell me how many {i} there are",
       "how many {i} is it if you count all of them", "add them up: how many {i}", "what do all the {i} come to",
       "how many {i} are there when all are counted", "give me the number of all {i}", "so how many {i} is that together",
       "can you count all the {i}", "if all {i} are put together, how many are there",
       "please work out how many {i} there are", "counting everything, how many {i} are there",
       "I want to know how many {i} that is", "how large is the whole number of {i}", "how many {i} would that be",
       "so the {i} are how many in all"]
EACH = ["how many {i} does each [get|child get|one get|have]", "how many does each [get|one get|person get|of them get]",
        "how many {i} [for|does] each", "how many {i} are in each", "how many each", "how many {i} per {p}",
        "how big is each share", "what does each get", "how many {i} can each [have|get|take]", "how many {i} for one of them",
        "how many does everyone get", "how much is that for each", "each one gets how many",
        "how many {i} are there for each", "what is the share of each", "what number of {i} does each get",
        "how many {i} go to each", "how many {i} end up with each one", "how large is one share",
        "how many {i} make one share", "how many for one", "and each has how many {i}", "tell me how many each gets",
        "then how many {i} has each", "if it is fair, how many {i} does each get", "how many {i} fall to each"]


def plural(p):
    return {"shelf": "shelves", "class": "classes"}.get(p, p + ("es" if p[-1] in "sx" else "s"))


class Story:
    def __init__(self, r):
        self.n, self.m = r.sample(NAMES, 2)
        self.i, self.p = r.choice(ITEMS), r.choice(PLACES)
        self.r, self.parts, self.who = r, [], self.n

    def piece(self, g, **kw):
        d = dict(n=self.n, m=self.m, i=self.i, x=self.who)
        d.update(kw)
        t = say(self.r, g, **d)
        return t.replace("{p}s", plural(self.p)).replace("{p}", self.p)

    def begin(self, a):
        t = self.piece(HAS, a=a)
        words = t.replace("\x03", "").replace("\x04", "")
        low = words.lower()
        if words.startswith(self.n):
            self.who, self.subject = self.n, "\x03%s\x04" % self.n
        elif low.startswith("i "):
            self.who, self.subject = "I", "I"
        elif low.startswith(("we ", "you ")):
            self.who = self.subject = low.split()[0]
        elif low.startswith(("my ", "our ", "a ")) and " has " in low:
            self.who = self.subject = "he"
        else:
            self.who, self.subject = self.n, "\x03%s\x04" % self.n
        self.parts.append(t)

    def verb(self, g, b):
        t = self.piece(g, b=b)
        plain = t.replace("\x03", "")
        own = plain.startswith((self.m, "then " + str(b), "later " + str(b), str(b)))
        if own:
            return t
        if self.subject in ("I", "we", "you"):  # I gets: I get
            w = t.split(" ", 1)
            k = 1 if w[0] in ("then", "later", "after") else 0
            if k == 0:
                fix = {"is": "am" if self.subject == "I" else "are", "has": "have", "loses": "lose", "uses": "use",
                       "gives": "give", "makes": "make", "receives": "receive"}
                v = fix.get(w[0], w[0][:-1] if w[0].endswith("s") and not w[0].endswith("ss") else w[0])
                t = v + (" " + w[1] if len(w) > 1 else "")
        return self.subject + " " + t

    def end(self, g):
        t = self.piece(g)
        for a, b in (("does I ", "do I "), ("has I", "have I"), ("does we ", "do we "), ("does you ", "do you "),
                     ("has we", "have we"), ("has you", "have you")):
            t = t.replace("\x03", "").replace("\x04", "").replace(a, b) if self.who in ("I", "we", "you") else t
        self.parts.append(t)

    def text(self):
        r, out = self.r, self.parts[0]
        for k, t in enumerate(self.parts[1:], 1):
            last = k == len(self.parts) - 1
            sep = r.choice([". ", ". ", ". ", ", "]) if last else r.choice([". ", ". ", ", ", " and ", ", then ", "; ",
                ". Then ", ", and "])
            out += sep + (t[:1].upper() + t[1:] if sep.endswith(". ") else t)
        return out[:1].upper() + out[1:] + r.choice(["?", "?", "?", ""])


def answer(r, g, i):
    return r.choice(["%d %s." % (g, i), "%d %s." % (g, i), "The answer is %d." % g])


def changes(r, steps):
    """A number of things and what happens to it."""
    s = Story(r)
    c = r.randint(5, 60)
    s.begin(c)
    lines = []
    for _ in range(steps):
        up = r.random() < .5
        b = r.randint(2, 30) if up else r.randint(1, max(1, min(30, c - 1)))
        if not up and c < 3:
            up, b = True, r.randint(2, 20)
        s.parts.append(s.verb(MORE if up else LESS, b))
        lines.append(small_sum(c, b) if up else small_difference(c, b))
        c += b if up else -b
    s.end(NOW)
    return S("story", s.text(), lines, answer(r, c, s.i), str(c), c)


TOGETHER = ["{n} has {a} {i}[,| and] {m} has {b}", "{n} has {a} {i} and {m} has {b} {i}",
            "{n} [found|bought|picked|ate|sold|has] {a} {i}, {m} [found|bought|picked|ate|sold|has] {b}",
            "there are {a} {i} [here|in one {p}|on the table] and {b} [there|in another|on the floor]",
            "{n} [buys|sells|picks] {a} {i} on Monday and {b} on Tuesday", "I have {a} red and {b} blue {i}",
            "{n} brings {a} {i} and {m} brings {b}",
            "one {p} has {a} {i}, another has {b}", "{a} {i} are red and {b} are green",
            "on one side are {a} {i}, on the other {b}", "{n} counts {a} {i} and {m} counts {b}",
            "{n} got {a} {i} from {m} and {b} from a friend", "in the morning {n} picks {a} {i} and in the evening {b}",
            "{a} {i} belong to {n} and {b} to {m}", "we have {a} old {i} and {b} new ones",
            "the first {p} has {a} {i} and the second has {b}", "{n} made {a} {i} and {m} made {b}",
            "a shop has {a} small {i} and {b} big ones", "{n} collected {a} {i} last week and {b} this week",
            "{n} has {a} {i} at home and {b} at school", "my sister has {a} {i} and my brother has {b}"]
COMPARED = ["how many more [{i} |]does {n} have[ than {m}|]", "how many more [{i} |]than {m} does {n} have",
            "what is the difference", "how many fewer does {m} have[ than {n}|]", "by how many does {n} have more",
            "how many {i} is {n} ahead", "how many [{i} |]does {m} need to have as many",
            "how many {i} more has {n}", "by how many {i} is {m} behind", "how far apart are the two numbers",
            "tell me how many more {i} {n} has", "how many {i} must {m} still get to have as many as {n}",
            "how many {i} is {m} short of {n}", "how much larger is the number of {n}",
            "how many {i} does {n} have on top of what {m} has", "and how many more does {n} have",
            "how many {i} lie between {n} and {m}"]
GROUPS = ["{n} has {a} {p}s with {b} {i} [each|in each|in every one]",
          "there are {a} {p}s [and|with] {b} {i} [each|in each {p}|in every {p}|in each]",
          "{n} [buys|bought|gets|has|packs|fills] {a} {p}s of {b} {i}[ each|]",
          "{a} [children|friends|people|boys|girls] [get|have|bring|need|eat] {b} {i} each",
          "one {p} holds {b} {i}[.|,|;] [there are|we have|{n} has] {a} {p}s",
          "each {p} [has|holds] {b} {i} and there are {a} {p}s", "{a} {p}s, {b} {i} in each",
          "I have {a} {p}s of {b} {i}[ each|]", "every one of {a} [children|friends|people] has {b} {i}",
          "{n} [eats|picks|sells|reads] {b} {i} a day for {a} days", "a {p} costs {b} dollars and {n} buys {a} of them",
          "on each of {a} tables stand {b} {i}", "{n} fills {a} {p}s and puts {b} {i} into each",
          "in every one of {a} {p}s there are {b} {i}", "{n} sees {a} {p}s. every {p} holds {b} {i}",
          "a shop sells {i} in {p}s of {b} and {n} takes {a} {p}s", "for each of {a} friends {n} has {b} {i}",
          "there are {b} {i} in a {p}. we have {a} {p}s like that", "{n} makes {b} {i} for every one of {a} guests",
          "{b} {i} fit in one {p} and {n} fills {a} {p}s", "{a} {p}s arrive, and in each of them are {b} {i}",
          "{a} times {n} brings {b} {i}", "it takes {b} {i} for one {p}, and there are {a} {p}s",
          "{n} carries {a} {p}s with {b} {i} in every {p}"]
SHARES = ["{n} shares {a} {i} [equally |fairly |]among {b} [friends|children|people]",
          "{a} {i} are [shared|split|divided] [equally |]among {b} [friends|children|people|girls|boys]",
          "{n} puts {a} {i} [equally |]into {b} {p}s", "{b} [children|friends|people] share {a} {i}[ equally|]",
          "{n} has {a} {i} and {b} [friends|children|kids]", "there are {a} {i} for {b} [children|people|friends]",
          "I want to share {a} {i} among {b} [friends|people|kids]", "{a} {i} [fill|go into] {b} {p}s evenly",
          "{a} {i} go to {b} children, the same number for each", "a mother gives {b} kids {a} {i} in equal parts",
          "{n} has {a} {i} and makes {b} equal groups", "we are {b} people and have {a} {i} to share",
          "{n} lays {a} {i} in {b} equal rows", "a teacher hands {a} {i} out evenly to {b} [children|students]",
          "{n} wants to give all {a} {i} to {b} kids, the same to each", "{b} friends find {a} {i} and divide them fairly",
          "{n} deals out {a} {i} to {b} players", "a {p} of {a} {i} is for {b} people, everyone gets the same"]
INTO = ["{n} puts {a} {i} into {p}s of {b}[. how many {p}s does {n} need|. how many {p}s|, how many {p}s are needed]",
        "{a} {i} are packed {b} to a {p}. how many {p}s [are needed|is that|are there]",
        "each {p} holds {b} {i}. how many {p}s for {a} {i}",
        "how many {p}s of {b} {i} [can {n} make|are needed|do I need] for {a} {i}",
        "a {p} holds {b} {i}, how many {p}s [are needed|do we need] for {a}",
        "{n} has {a} {i} and puts {b} in each {p}. how many {p}s get full",
        "{b} {i} make one {p}. how many {p}s do {a} {i} make",
        "if every {p} takes {b} {i}, how many {p}s does {n} fill with {a}",
        "we have {a} {i}. {b} go into a {p}. how many {p}s is that",
        "to pack {a} {i} with {b} in a {p}, how many {p}s are needed",
        "{a} {i} must be put away, {b} in a {p}. how many {p}s does it take",
        "{n} packs {b} {i} into every {p} until all {a} are gone. how many {p}s is that",
        "there is room for {b} {i} in a {p}. how many {p}s does {n} need for {a}"]


def t_story1(r):
    k = r.randrange(6)
    s = Story(r)
    s.subject = s.n
    if k < 2:
        return changes(r, 1)
    if k == 2:
        a, b = r.randint(2, 60), r.randint(2, 40)
        if r.random() < .5:
            s.parts.append(s.piece(TOGETHER, a=a, b=b))
            s.end(ALL)
            return S("story", s.text(), [small_sum(a, b)], answer(r, a + b, s.i), str(a + b), a + b)
        a, b = max(a, b) + 1, min(a, b)
        s.parts.append(s.piece(TOGETHER[:2], a=a, b=b))
        s.end(COMPARED)
        return S("story", s.text(), [small_difference(a, b)], answer(r, a - b, s.i), str(a - b), a - b)
    a, b = r.randint(2, 12), r.randint(2, 12)
    if k == 3 or k == 4 and r.random() < .3:
        s.parts.append(s.piece(GROUPS, a=a, b=b))
        if " costs " in s.parts[0]:
            s.i = "dollars"
            s.parts.append(r.choice(["how much does he pay", "how many dollars is that", "what does it cost",
                                     "how much is that", "how much does that cost in all",
                                     "what is the price in all", "how many dollars does it take", "what must be paid",
                                     "how much money is needed"]))
        else:
            s.end(ALL)
        return S("story", s.text(), [small_product(a, b)], answer(r, a * b, s.i), str(a * b), a * b)
    if k == 4:
        s.parts.append(s.piece(SHARES, a=a * b, b=b))
        s.end(EACH)
        return S("story", s.text(), [small_quotient(a * b, b)], answer(r, a, s.i), str(a), a)
    t = s.piece(INTO, a=a * b, b=b)
    t = t[:1].upper() + t[1:] + r.choice(["?", "?", ""])
    return S("story", t, [small_quotient(a * b, b)], r.choice(["%d %s." % (a, plural(s.p)), "The answer is %d." % a]), str(a),
             a)


def t_story2(r):
    k = r.randrange(5)
    if k < 2:
        return changes(r, 2 if k == 0 or r.random() < .5 else 3)
    s = Story(r)
    s.subject = s.n
    a, b = r.randint(2, 10), r.randint(2, 12)
    if k == 4:
        d, g = r.randint(2, 6), r.randint(2, 15)
        t = d * g
        a = r.randint(1, t - 1)
        s.parts.append(s.piece(TOGETHER, a=a, b=t - a))
        s.parts.append(s.piece(["they [share|split|divide] [all|them|everything] [equally |]among {d} [friends|children|people]", "all [are|get] [shared|split|divided] [equally |]among {d} [friends|children|people]", "[all|they] are put into {d} equal groups", "{d} [children|friends|people] share them[ equally|]", "they [share|divide] all by {d}",
                                "{d} people get the same share of all", "all is given out equally to {d} kids",
                                "these are split evenly into {d} groups", "then {d} friends come and share all fairly",
                                "everything goes to {d} children in equal parts"], d=d))
        s.end(EACH[:2] + EACH[4:5] + EACH[7:])
        lines = [small_sum(a, t - a), small_quotient(t, d)]
        return S("story", s.text(), lines, answer(r, g, s.i), str(g), g)
    g0 = [x for x in GROUPS if "costs" not in x and "a day" not in x and "eat" not in x]
    s.parts.append(s.piece(g0, a=a, b=b))
    c, up = r.randint(2, 20), r.random() < .5
    if not up:
        c = r.randint(1, max(1, min(20, a * b - 1)))
    if up:
        s.parts.append(s.piece(["and {c} [more|extra|loose ones]", "{n} [gets|finds|buys] {c} more",
                                "and there are {c} [more|loose ones|extra]", "{c} more [come|are added|lie on the floor]",
                                "{m} brings {c} more", "then {c} more are added",
                                "later {c} others are found", "{c} new ones come", "{n} picks up {c} more",
                                "{m} sends {c} more", "a friend gives {n} {c} more", "besides that {n} has {c} more",
                                "another {c} are lying around"], c=c))
    else:
        s.parts.append(s.piece(["{n} [gives|gave] {c} [away|to {m}]", "{c} [are|get|were] [broken|sold|eaten|lost|taken]",
                                "but {c} are [missing|broken|bad]", "{n} [loses|sells|uses|eats] {c}[ of them|]",
                                "{m} takes {c}", "then {c} are taken away",
                                "{n} throws away {c}", "later {c} are lost", "{m} gets {c} of them",
                                "{n} sells {c} of them to {m}", "of these, {c} are given to {m}",
                                "{n} has to give {c} back", "{c} of them fall down and break"], c=c))
    s.end(NOW[:4] if not up else ALL[:3])
    lines = [small_product(a, b), small_sum(a * b, c) if up else small_difference(a * b, c)]
    g = a * b + (c if up else -c)
    if r.random() < .2 and g < 60:
        k = r.randint(2, 20)
        s.parts.insert(2, s.piece(["{m} [brings|adds] {k} more", "then {n} [finds|gets|buys] {k} more", "{k} more are added",
                                   "{n} picks up {k} more", "a friend sends {k} more", "later {k} others come",
                                   "{n} gets {k} from {m}", "another {k} are found"],
                                  k=k))
        lines.append(small_sum(g, k))
        g += k
    return S("story", s.text(), lines, answer(r, g, s.i), str(g), g)


TASKS = [(t_story1, 10), (t_story2, 11)]
