"""Tools of any name: choosing one, several or none, filling in what the question
says, using what came back, reporting an error."""
import json

from arithmetic import ADD, DIV, MUL, SUB, S
from wording import ask, say, way
from words import CITIES, DAYS, ITEMS, NAMES, WORDS, made_up, number, word

VALUES = {
    "place": lambda r: r.choice(CITIES), "person": lambda r: r.choice(NAMES),
    "thing": lambda r: " ".join(word(r) for _ in range(r.choice([1, 1, 1, 1, 2, 3]))), "item": lambda r: r.choice(ITEMS),
    "day": lambda r: r.choice(DAYS),
    "room": lambda r: r.choice("kitchen|bathroom|bedroom|hall|garage|office|cellar|attic|garden|living room|nursery|workshop".split("|")),
    "count": lambda r: number(r, 1, r.choice([1, 2, 2, 3])),
    "code": lambda r: r.choice("ABCDEFGHKLMNPQRSTUVWXYZ") + str(number(r, 1, 4)),
}
PARAMS = {
    "place": ["city", "place", "location", "town", "destination", "where", "area"],
    "person": ["name", "person", "user", "who", "contact", "employee", "customer"],
    "thing": ["word", "query", "title", "topic", "keyword", "term", "object"],
    "item": ["item", "product", "article", "goods", "things", "stock", "what"],
    "day": ["day", "date", "weekday", "when", "on_day", "start", "due"],
    "room": ["room", "location", "area", "zone", "place", "where", "part"],
    "count": ["number", "amount", "count", "value", "level", "n", "quantity"],
    "code": ["id", "code", "order", "ticket", "key", "reference", "number_id"],
}
# nouns, what they are asked of, names of what comes back
LOOKUP = [("weather", "place", "temperature sky"), ("time", "place", "time"), ("price", "item", "price"),
          ("address", "person", "street"), ("phone number", "person", "phone"), ("population", "place", "people"),
          ("mayor", "place", "name"),
          ("opening hours", "place", "open close"), ("stock", "item", "count"), ("birthday", "person", "date"),
          ("age", "person", "age"), ("status", "code", "status"), ("location", "code", "place"),
          ("definition", "thing", "text"),
          ("temperature", "room", "degrees"), ("humidity", "room", "percent"), ("schedule", "day", "first last"),
          ("menu", "day", "dish"), ("score", "person", "points"), ("balance", "person", "dollars"),
          ("traffic", "place", "delay"),
          ("altitude", "place", "metres"), ("salary", "person", "amount"), ("rating", "thing", "stars"),
          ("weight", "item", "grams"), ("color", "item", "color"), ("owner", "code", "name"), ("delivery date", "code", "date"),
          ("size", "item", "size"), ("email", "person", "email"), ("sunrise", "place", "time"),
          ("air quality", "place", "index"), ("rent", "place", "dollars"), ("department", "person", "department"),
          ("deadline", "code", "date")]
LOOK_VERBS = ["get", "find", "lookup", "fetch", "show", "read", "query", "check", "ask", "load", "search"]
LOOK = dict(
    wh=["what is the {o} [of|for|in] {v}", "what's the {o} [of|for|in] {v}", "what {o} does {v} have",
        "do you have the {o} of {v}", "how is the {o} [of|in|for] {v}", "which {o} [has|is there for] {v}",
        "what do you know of the {o} of {v}", "what would be the {o} for {v}",
        "can I have the {o} [of|for|in] {v}", "I need the {o} [of|for] {v}, what is it", "{v} - what's the {o} there",
        "and the {o} of {v} is what", "where do I find the {o} of {v}", "could you see what the {o} [of|for] {v} is",
        "about {v}: what is the {o}", "is there a {o} for {v}, and what is it", "what did they say about the {o} of {v}",
        "can you get at the {o} of {v}", "what can you tell me about the {o} [of|in] {v}"],
    do=["[get|find|look up|fetch|show|tell|give] me the {o} [of|for|in] {v}",
        "[look up|check|find|fetch|get|read] the {o} [of|for|in] {v}", "find out the {o} of {v}",
        "[search|ask] for the {o} of {v}", "tell me about the {o} [of|in] {v}",
        "I need the {o} [of|for|in] {v}", "let me know the {o} [of|for|in] {v}", "see what the {o} of {v} is",
        "for {v}, [find|get|check] the {o}", "bring up the {o} [of|for] {v}", "I'm curious about the {o} [of|in] {v}",
        "say what the {o} [of|for] {v} is", "pull up the {o} of {v}", "I would like to see the {o} [of|for] {v}"],
    bit=["{o} [of|for|in] {v}", "{v} {o}", "{o} {v}", "the {o} of {v}", "{v}: {o}",
         "{o}: {v}", "about {v}: {o}", "info on the {o} of {v}", "the current {o} for {v}",
         "my question is about the {o} of {v}", "{v} and its {o}"])
# name, description, parameters with kinds, ways to ask; {0}, {1} the values
DEEDS = [
    ("timer", "{V} a timer", [("minutes", "count")], ["[set|start] a timer [for|of] {0} minutes", "timer {0} minutes",
                                                      "I need a timer [of|for] {0} minutes", "wake me in {0} minutes",
                                                      "give me {0} minutes on the timer", "count down {0} minutes",
                                                      "tell me when {0} minutes are over", "ring after {0} minutes"],
                                                      ["set", "start", "begin"]),
    ("volume", "{V} the volume", [("level", "count")], ["set the volume to {0}", "volume {0}",
                                                        "turn the volume [up|down] to {0}", "make it {0} loud",
                                                        "put the sound at {0}", "volume to {0}",
                                                        "I want the volume at {0}", "change the loudness to {0}"],
                                                        ["set", "change", "adjust"]),
    ("heating", "{V} the temperature of a room", [("room", "room"), ("degrees", "count")],
     ["heat the {0} to {1} degrees", "set the {0} to {1} degrees", "make the {0} {1} degrees[ warm|]",
      "{1} degrees in the {0}",
      "it should be {1} degrees in the {0}", "I want {1} degrees in the {0}", "warm the {0} up to {1} degrees",
      "{0} to {1} degrees"], ["set", "change", "adjust"]),
    ("light", "{V} the light in a room", [("room", "room")],
     ["turn [on|off] the light in the {0}", "light in the {0}", "switch the {0} light", "I need light in the {0}",
      "it is dark in the {0}, do the light", "[put on|put out] the light in the {0}", "{0} light",
      "change the light in the {0}"],
     ["switch", "toggle", "turn"]),
    ("door", "{V} a door", [("room", "room")], ["open the [door of the {0}|{0} door]", "open the door to the {0}",
                                                "let me into the {0}", "{0} door open",
                                                "unlock the {0} door", "I want to go into the {0}, open up",
                                                "get the door of the {0}", "the {0} is locked, open it"], ["open", "unlock"]),
    ("message", "{V} a message", [("to", "person"), ("text", "thing")],
     ["[send|write] {0} the message {1}", "[send|write] a message to {0}: {1}", "tell {0} {1}", "message {0} with {1}",
      "let {0} know: {1}", "text {0}: {1}", "drop {0} a line: {1}", "I want to write {1} to {0}"],
     ["send", "write", "post"]),
    ("dice", "{V} a die", [("sides", "count")], ["roll a die with {0} sides", "[roll|throw] a {0}-sided die",
                                                 "[roll|throw] a d{0}", "I want to throw a {0} sided die",
                                                 "let the die with {0} sides roll", "give me a roll of a {0}-sided die",
                                                 "a d{0} please", "use a die with {0} sides"], ["roll", "throw"]),
    ("ticket", "{V} a ticket", [("city", "place"), ("day", "day")],
     ["[book|buy|get] [me |]a ticket to {0} [on|for] {1}", "I [want|need] to go to {0} on {1}", "a ticket to {0} for {1}",
      "travel to {0} on {1}",
      "I have to be in {0} on {1}, get a ticket", "on {1} I travel to {0}, book it", "get me to {0} on {1}",
      "one seat to {0} on {1}"], ["book", "buy", "order"]),
    ("order", "{V} goods", [("item", "item"), ("amount", "count")],
     ["order {1} {0}", "[buy|get|order] {1} {0}[ for me|]", "I [need|want] {1} {0}", "put in an order of {1} {0}",
      "we are out of {0}, get {1}", "{1} {0}, please order them", "I'd like to have {1} {0}", "put {1} {0} in my cart"],
     ["place", "make", "create"]),
    ("reminder", "{V} a reminder", [("day", "day"), ("text", "thing")],
     ["remind me of the {1} on {0}", "reminder for {0}: {1}", "on {0} remind me of {1}", "set a reminder: {1} on {0}",
      "don't let me forget {1} on {0}", "I must think of {1} on {0}", "note for {0}: {1}", "ping me on {0} about {1}"],
     ["set", "add", "create"]),
    ("meeting", "{V} a meeting", [("person", "person"), ("day", "day")],
     ["[plan|make|set up] a meeting with {0} on {1}", "I want to meet {0} on {1}", "meeting with {0}, {1}", "meet {0} on {1}",
      "arrange to see {0} on {1}", "put {0} in my calendar for {1}", "I have to talk to {0} on {1}, plan it",
      "on {1} I see {0}"],
     ["plan", "create", "schedule"]),
    ("distance", "{V} the distance of two cities", [("from", "place"), ("to", "place")],
     ["how far is it from {0} to {1}", "distance from {0} to {1}", "how far is {1} from {0}",
      "what is the distance between {0} and {1}",
      "how many km are between {0} and {1}", "from {0} to {1}, how far is that", "how long is the way from {0} to {1}",
      "{0} to {1}, the distance"], ["get", "compute", "measure"]),
    ("entry", "{V} an entry in a list", [("list", "thing"), ("entry", "thing")],
     ["add {1} to the list {0}", "put {1} on the {0} list", "write {1} into {0}", "list {0}: add {1}",
      "{1} belongs on the list {0}", "note {1} on my {0} list", "the list {0} needs {1}", "in {0} write down {1}"],
     ["add", "insert", "append"]),
    ("ticket", "{V} a ticket of the help desk", [("id", "code")],
     ["close ticket {0}", "please close {0}", "ticket {0} is done, close it", "mark {0} as closed",
      "we are finished with {0}, close the ticket", "ticket {0} can be closed", "shut ticket {0}",
      "no more work on {0}, close it"],
     ["close", "finish", "end"]),
    ("payment", "{V} money", [("to", "person"), ("amount", "count")],
     ["[pay|send] {0} {1} dollars", "transfer {1} dollars to {0}", "{1} dollars for {0}", "give {0} {1} dollars",
      "I owe {0} {1} dollars, send it", "{0} gets {1} dollars from me", "wire {1} dollars to {0}",
      "let {0} have {1} dollars"],
     ["send", "make", "transfer"]),
    ("song", "{V} a song", [("title", "thing")], ["play [the song |]{0}", "I want to hear {0}", "put on {0}", "song {0}",
                                                  "can I hear {0}", "start the song {0}", "let me listen to {0}",
                                                  "I feel like hearing {0}"],
     ["play", "start"]),
    ("coin", "{V} a coin", [], ["[flip|toss] a coin", "heads or tails", "coin flip", "let a coin decide",
                                "throw a coin for me", "do a coin toss", "I can't decide, toss a coin",
                                "use a coin to choose"],
     ["flip", "toss", "throw"]),
    ("date", "{V} today's date", [], ["what is today's date", "what date is it[ today|]", "today's date",
                                      "which date do we have",
                                      "give me the date of today", "what's the date", "tell me today's date",
                                      "what day of the month is it"], ["get", "read", "show"]),
]
# Deeds of any kind: what is done to which thing, so that a name never seen is seen to be a name.
DO = """add|adjust|apply|archive|arrange|assign|block|book|build|call|cancel|change|check|clean|clear|close|collect|connect|copy|count|create|cut|delete|deliver|download|draw|drop|edit|email|empty|export|fill|find|fix|freeze|grow|hide|import|install|join|launch|lift|list|load|lock|log|make|mark
measure|merge|mount|move|mute|open|order|paint|park|pause|pick|pin|plan|play|post|print|pull|push|rate|record|release|rename|rent|repair|replace|report|reserve|reset|restart|run|save|scan|schedule|sell|send|share|ship|show|sign|skip|sort|split|start|stop|store|submit|switch|sync|tag|test|tie|track|trim|tune|turn|update|upload|use|view|wash|watch|weigh|wrap|write""".replace("\n", "|").split("|")
DO_WITH = [
    ["{V} [the|a|my|] {o}[ now| please|]", "I [want|need|would like] to {V} [the|a] {o}", "[can|could] you {V} the {o}",
     "it is time to {V} the {o}", "the {o}: {V} it", "let's {V} the {o}",
     "please {V} that {o}", "it's the {o} that I want to {V}", "go and {V} the {o}", "somebody should {V} the {o}",
     "time to {V} [the|a] {o}", "I'd be glad to {V} the {o}", "what about the {o}? {V} it", "would you {V} my {o}"],
    ["{V} [the|a|] {o} [of|for|with|in|at|to|] {0}", "{V} {o} {0}", "I [want|need] to {V} the {o} [of|for|with] {0}",
     "{V} the {o}[:| called] {0}", "for {0}[,|] {V} the {o}", "[can|could] you {V} the {o} [of|for|with] {0}",
     "{V} [the|a] {o} with [the |]{A} {0}", "{o} {0}: {V} it",
     "{0} needs a {o}, {V} it", "{0} comes with a {o}, so {V} that", "there is a {o} {0}, please {V} that",
     "I'd like to {V} the {o} {0}", "go and {V} the {o} {0}", "{V} the {o}, [the |]{A} is {0}", "{A} {0}: {V} the {o}",
     "{V} the {o} that belongs to {0}", "there is a {o} to {V}: {0}", "use {0} and {V} the {o}"],
    ["{V} [the|a|] {o} {0} [for|with|to|at|on|and] {1}", "{V} {o} {0}[,|] {1}",
     "{V} the {o} with [the |]{A} {0} and [the |]{B} {1}", "{V} [the|a] {o}[:|,] {A} {0}, {B} {1}",
     "for {0}, {V} the {o} [of|with|to] {1}", "I want to {V} the {o} {0} [with|for|to] {1}",
     "[can|could] you {V} the {o} of {0} [with|for|to] {1}",
     "go and {V} the {o}, {0} and {1}", "{V} the {o}. {A} is {0} and {B} is {1}", "with {0} and {1} {V} the {o}",
     "please {V} a {o} for {0}, with {1}", "{o}: {0}, {1}. {V} it", "I'd like to {V} a {o}, {A} {0} and {B} {1}",
     "take {0} and {1} and {V} the {o}", "{A} {0}, {B} {1}: {V} the {o}", "use {0} and {1} to {V} the {o}"]]
PLAIN = [w for w in WORDS if all(w not in o.split() for o, _, _ in LOOKUP) and w not in DO]


def noun(r):
    return made_up(r) if r.random() < .3 else r.choice(PLAIN)


class Tool:
    """A tool with a name, how it is asked for, and what it gives back."""

    def __init__(self, r):
        self.r = r
        style, x = r.random(), r.random()
        if x < .5:
            what, kind, self.back = way(r, LOOKUP)
            if not r.held and r.random() < .5:
                what = noun(r) if r.random() < .8 else noun(r) + " " + noun(r)
            verb = way(r, LOOK_VERBS)
            self.kinds, self.params, self.ways = [kind], [self.param(kind)], None
            self.desc = r.choice(["%s the %s of a %s" % (verb.capitalize(), what, kind),
                                  "%s of a %s" % (what.capitalize(), kind), "Gives the %s for a %s" % (what, kind),
                                  "%s %s" % (verb.capitalize(), what)])
        elif x < .8:
            what, self.desc, ps, self.ways, verbs = way(r, DEEDS)
            verb, self.back = r.choice(verbs), "ok"
            self.desc = self.desc.replace("{V}", verb.capitalize())
            self.params, self.kinds = [p for p, _ in ps], [k for _, k in ps]
        else:
            what, verb, self.back = noun(r), way(r, DO), "ok"
            self.kinds = [r.choice(list(VALUES)) for _ in range(r.choice([0, 1, 1, 1, 2, 2]))]
            self.params = [self.param(k) for k in self.kinds]
            if len(set(self.params)) < len(self.params):
                self.params[1] += "_2"
            a, b = (self.params + ["", ""])[:2]
            self.ways = [g.replace("{V}", verb).replace("{o}", what).replace("{A}", a.replace("_", " ")).replace("{B}",
                b.replace("_", " ")) for g in DO_WITH[len(self.kinds)]]
            self.desc = r.choice(["%s the %s", "%s a %s", "Can %s the %s", "%s %s"]) % (verb, what)
            self.desc = self.desc[:1].upper() + self.desc[1:]
        self.what = what
        words = [verb] + what.split()
        self.name = "_".join(words) if style < .75 else words[0] + "".join(w.capitalize() for w in words[1:]) if style < .9 else "_".join(words[1:] + words[:1])
        self.strings = [k != "count" for k in self.kinds]

    def param(self, kind):
        r = self.r
        return way(r, PARAMS[kind]) if r.random() < .7 else noun(r)

    def schema(self):
        props = {p: dict(type="string" if s else "integer") for p, s in zip(self.params, self.strings)}
        f = dict(name=self.name, description=self.desc, parameters=dict(type="object", properties=props,
            required=list(self.params)))
        return f

    def use(self):
        """A question, the values, the call."""
        r = self.r
        v = [VALUES[k](r) for k in self.kinds]
        if len(v) == 2 and v[0] == v[1]:
            return self.use()
        if self.ways is None:
            o = self.what
            q = ask(r, **LOOK, o=o, v=v[0]).replace("\x03%s\x04" % o, o, 1)
        else:
            g = [x.replace("{0}", "{p}").replace("{1}", "{q}") for x in self.ways]
            q = ask(r, do=g, p=v[0] if v else "", q=v[1] if len(v) > 1 else "") if r.random() < .6 else say(r, g,
                p=v[0] if v else "", q=v[1] if len(v) > 1 else "")
        return q, v, self.call(v)

    def call(self, v):
        return "%s(%s)" % (self.name, ", ".join("%s=%s" % (p, json.dumps(x, ensure_ascii=False)) for p,
                                                x in zip(self.params, v)))

    def result(self):
        """What came back as JSON, and the words of the answer."""
        r, out = self.r, {}
        if self.back == "ok":
            k = r.randrange(3)
            out = [dict(ok=True), dict(status="done"), dict(result="ok")][k] if self.what not in ("dice", "coin", "date",
                "distance") else dict(
                dice=dict(result=r.randint(1, 20)), coin=dict(side=r.choice(["heads", "tails"])),
                date=dict(date="2027-%02d-%02d" % (r.randint(1, 12), r.randint(1, 28))),
                distance=dict(km=number(r, 2, 4)))[self.what]
        else:
            for k in self.back.split():
                out[k] = {"temperature": r.randint(-9, 39),
                          "sky": r.choice(["sunny", "cloudy", "rain", "snow", "windy", "clear"]),
                          "time": "%02d:%02d" % (r.randint(0, 23), r.randint(0, 59)), "open": "%d:00" % r.randint(6, 11),
                          "close": "%d:00" % r.randint(15, 23), "first": "%d:00" % r.randint(6, 10),
                          "last": "%d:30" % r.randint(14, 22),
                          "name": r.choice(NAMES), "place": r.choice(CITIES),
                          "street": "%s Street %d" % (r.choice(WORDS).capitalize(), r.randint(1, 99)),
                          "status": r.choice(["open", "closed", "sent", "waiting", "lost", "paid"]),
                          "text": "a kind of " + r.choice(WORDS), "dish": r.choice(WORDS),
                          "date": "%s %d" % (r.choice(["May", "June", "July", "April"]), r.randint(1, 30)),
                          "color": r.choice(["red", "blue", "green", "black", "white"]),
                          "size": r.choice(["S", "M", "L", "XL"]),
                          "department": r.choice(["sales", "support", "design", "law"]),
                          "email": r.choice(NAMES).lower() + "@" + made_up(r) + ".com"}.get(k, number(r, 1, 4))
        return out


def tool_list(r, tools):
    l = [t.schema() for t in tools]
    if r.random() < .6:
        l = [dict(type="function", function=t) for t in l]
    j, x = json.dumps(l, ensure_ascii=False), r.random()
    pre = r.choice(["You are a helpful assistant.", "Be short.", "Answer in English.",
                    "You help with small tasks."]) if r.random() < .25 else ""
    nl = "\n" if pre else ""
    if x < .10:
        return pre + nl + "List of tools: <|tool_list_start|>%s<|tool_list_end|>" % j
    if x < .22:
        return pre + 2 * nl + "Today's date: %d-%02d-%02d\n\nList of tools: " % (r.randint(2025, 2028), r.randint(1, 12),
            r.randint(1, 28)) + j
    return pre + nl + "List of tools: " + j


def some_tools(r, n):
    out = []
    while len(out) < n:
        t = Tool(r)
        if all(t.name != o.name and t.what != o.what for o in out):
            out.append(t)
    return out


def block(calls):
    return "<|tool_call_start|>[%s]<|tool_call_end|>" % ", ".join(calls)


def reason(tools, t, *values):
    """What is wanted; the list's tools one after the other until the one that has
    it; a line for each call.  Every name is copied before it is judged."""
    at = [x.name for x in tools].index(t.name)
    lines = ["%s: %s" % (t.what, ", ".join(["%s no" % x.name for x in tools[:at]] + ["%s yes" % t.name]))]
    return lines + [", ".join(["use " + t.name] + ["%s: %s" % (p, x) for p, x in zip(t.params, v)]) for v in values or ([],)]


def t_tool(r):
    """A question that one tool can answer."""
    tools = some_tools(r, r.choice([1, 1, 2, 2, 3, 4]))
    t = tools[0]
    q, v, call = t.use()
    r.shuffle(tools)
    return S("tool", q, reason(tools, t, v), block([call]), block([call]), before=[("system", tool_list(r, tools))])


def t_tools(r):
    """Two calls: two tools, or one tool for two values."""
    tools = some_tools(r, r.choice([2, 2, 3]))
    t = tools[0]
    r.shuffle(tools)
    if r.random() < .5 and t.ways is None:
        v1, v2 = VALUES[t.kinds[0]](r), VALUES[t.kinds[0]](r)
        if v1 == v2:
            return t_tools(r)
        o = t.what
        q = ask(r, **LOOK, o=o, v="%s and %s" % (v1, v2)).replace("\x03%s\x04" % o, o, 1)
        calls = [t.call([v1]), t.call([v2])]
        lines = reason(tools, t, [v1], [v2])
    else:
        u = r.choice([x for x in tools if x is not t])
        g = []
        for x in (t, u):
            v = [VALUES[k](r) for k in x.kinds]
            w = [y.replace("{0}", "{p}").replace("{1}", "{q}") for y in x.ways] if x.ways else LOOK["do"] + LOOK["bit"][:1]
            s = say(r, w, p=v[0] if v else "", q=v[1] if len(v) > 1 else "", o=x.what, v=v[0] if v else "")
            g.append((s.replace("\x03%s\x04" % x.what, x.what, 1), v))
        q = g[0][0] + r.choice([" and ", " and then ", ", then ", ". Also ", " and also ", "; "]) + g[1][0]
        calls = [t.call(g[0][1]), u.call(g[1][1])]
        lines = reason(tools, t, g[0][1]) + reason(tools, u, g[1][1])
    q = q[:1].upper() + q[1:] + r.choice([".", "?", ""])
    return S("tool", q, lines, block(calls), block(calls), before=[("system", tool_list(r, tools))])


# The two that tarn has itself (core/turn/builtin.c).
BUILTIN = [dict(type="function", function=dict(name="calculator", description="Compute an expression",
                                               parameters=dict(type="object", properties=dict(expression=dict(type="string")),
                                                               required=["expression"]))),
           dict(type="function", function=dict(name="clock", description="Current date and local time",
                                               parameters=dict(type="object", properties={}, required=[])))]
CLOCK = ["what time is it[ now|]", "how late is it", "what is the [time|date][ now| today|]",
         "what's the [time|date|day][ today| now|]", "what day is it[ today|]", "[tell|give] me the [time|date]",
         "what is today's date", "do you know what time it is", "current [time|date]", "[time|date] please",
         "which day is today", "the time",
         "can you see the time", "have you got the time", "I need the [time|date]", "what does the clock say",
         "look at the clock for me", "what's today", "I forgot what day it is", "tell me how late it is",
         "could you tell me the [time|date]", "I want to know the time", "which [date|day] do we have"]


def t_builtin(r):
    """The program's own tools: every sum goes to the calculator while it is there."""
    lot = BUILTIN if r.random() < .8 else [r.choice(BUILTIN)]
    sysm = "List of tools: " + json.dumps(lot)
    before = [("system", sysm if r.random() < .8 else r.choice(["Be short.", "You are a helpful assistant."]) + "\n" + sysm)]
    names = [t["function"]["name"] for t in lot]
    if r.random() < .25 and "clock" in names:
        q, call, think = say(r, CLOCK), "clock()", ["clock: %s" % ", ".join("%s %s" % (n,
            "yes" if n == "clock" else "no") for n in names), "use clock"]
        day, at = r.choice(DAYS), "%02d:%02d" % (r.randint(0, 23), r.randint(0, 59))
        date = "%d-%02d-%02d" % (r.randint(2025, 2029), r.randint(1, 12), r.randint(1, 28))
        res = "%s %s %s:%02d UTC%s%02d:%s" % (day, date, at, r.randint(0, 59), r.choice("++-"), r.randint(0, 12),
                                              r.choice(["00", "00", "30"]))
        gold = "%s on %s, %s" % (at, day, date)
        ans = "It is %s." % gold
    elif "calculator" in names:
        o, g = r.choice([("+", ADD), ("-", SUB), ("*", MUL), ("/", DIV)])
        a, b = number(r, 1, 5), number(r, 1, 4)
        if o == "/":
            b = r.randint(2, 99)
            a = b * r.randint(2, 99)
        if o == "-" and a < b:
            a, b = b, a
        q, call = ask(r, **g, a=a, b=b), 'calculator(expression="%d%s%d")' % (a, o, b)
        think = ["calculator: calculator yes", "use calculator, expression: %d%s%d" % (a, o, b)]
        v = a + b if o == "+" else a - b if o == "-" else a * b if o == "*" else a // b
        res, ans, gold = str(v), "The answer is %d." % v, str(v)
    else:
        return t_builtin(r)
    if r.random() < .65:
        return S("tool", q, think, block([call]), block([call]), before=before)
    s = S("result", q, ["the tool says %s" % res], ans, gold, before=before)
    thought = "<think>\n" + "\n".join(think) + "\n</think>\n" if r.random() < .7 else ""
    s["after"] = [("assistant", thought + block([call])), ("tool", res)]
    return s


ERRORS = ["not found", "timeout", "no connection", "access denied", "unknown {p}", "service down", "bad value",
          "too many requests", "no such {p}", "server error 500", "invalid {p}", "the {p} is missing", "not available now",
          "rate limit"]


def t_result(r):
    """The call was made; what came back is told."""
    tools = some_tools(r, r.choice([1, 1, 2, 3]))
    t = tools[0]
    q, v, call = t.use()
    r.shuffle(tools)
    if r.random() < .25:
        e = way(r, ERRORS).replace("{p}", t.params[0] if t.params else "key")
        res = json.dumps(r.choice([dict(error=e), dict(error=e), dict(ok=False, reason=e)]))
        lines, ans, gold = ["the tool failed: " + e], "The tool %s failed: %s." % (t.name, e), "failed: " + e
    else:
        out = t.result()
        res = json.dumps(out)
        if out in (dict(ok=True), dict(status="done"), dict(result="ok")):
            lines, ans, gold = ["the tool says it is done"], "Done: %s%s." % (t.what,
                " " + ", ".join(map(str, v)) if v else ""), "Done: %s" % t.what
        else:
            said = ", ".join("%s %s" % (k, x) for k, x in out.items())
            lines, ans = ["the tool says " + said], "%s%s: %s." % (t.what.capitalize(),
                " " + ", ".join(map(str, v)) if v else "", said)
            gold = said
    s = S("result", q, lines, ans, gold, before=[("system", tool_list(r, tools))])
    c = block([call])
    if r.random() < .25:
        c = c.replace('"', "'")
    if r.random() < .15:
        res = "<|tool_response_start|>%s<|tool_response_end|>" % res
    thought = "<think>\n" + "\n".join(reason(tools, t, v)) + "\n</think>" + r.choice(["", "\n", "\n",
        "\n"]) if r.random() < .75 else ""
    s["after"] = [("assistant", thought + c), ("tool", res)]
    return s


TASKS = [(t_tool, 16), (t_tools, 14), (t_result, 7), (t_builtin, 8)]
