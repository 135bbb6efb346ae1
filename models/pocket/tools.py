"""Tools of any name: choosing one, several or none, filling in what the question
says, using what came back, reporting an error."""
import json

from arithmetic import ADD, DIV, MUL, SUB, S
from wording import ask, say, way
from words import CITIES, DAYS, ITEMS, NAMES, WORDS, made_up, number

VALUES = {
    "place": lambda r: r.choice(CITIES), "person": lambda r: r.choice(NAMES), "thing": lambda r: r.choice(WORDS), "item": lambda r: r.choice(ITEMS), "day": lambda r: r.choice(DAYS),
    "room": lambda r: r.choice("kitchen|bathroom|bedroom|hall|garage|office|cellar|attic|garden|living room|nursery|workshop".split("|")),
    "count": lambda r: number(r, 1, r.choice([1, 2, 2, 3])), "code": lambda r: r.choice("ABCDEFGHKLMNPQRSTUVWXYZ") + str(number(r, 1, 4)),
}
PARAMS = {
    "place": ["city", "place", "location", "town", "destination", "where", "area"], "person": ["name", "person", "user", "who", "contact", "employee", "customer"], "thing": ["word", "query", "title", "topic", "keyword", "term", "object"], "item": ["item", "product", "article", "goods", "things", "stock", "what"],
    "day": ["day", "date", "weekday", "when", "on_day", "start", "due"], "room": ["room", "location", "area", "zone", "place", "where", "part"], "count": ["number", "amount", "count", "value", "level", "n", "quantity"], "code": ["id", "code", "order", "ticket", "key", "reference", "number_id"],
}
# nouns, what they are asked of, names of what comes back
LOOKUP = [("weather", "place", "temperature sky"), ("time", "place", "time"), ("price", "item", "price"), ("address", "person", "street"), ("phone number", "person", "phone"), ("population", "place", "people"), ("mayor", "place", "name"),
          ("opening hours", "place", "open close"), ("stock", "item", "count"), ("birthday", "person", "date"), ("age", "person", "age"), ("status", "code", "status"), ("location", "code", "place"), ("definition", "thing", "text"),
          ("temperature", "room", "degrees"), ("humidity", "room", "percent"), ("schedule", "day", "first last"), ("menu", "day", "dish"), ("score", "person", "points"), ("balance", "person", "dollars"), ("traffic", "place", "delay"),
          ("altitude", "place", "metres"), ("salary", "person", "amount"), ("rating", "thing", "stars"), ("weight", "item", "grams"), ("color", "item", "color"), ("owner", "code", "name"), ("delivery date", "code", "date"),
          ("size", "item", "size"), ("email", "person", "email"), ("sunrise", "place", "time"), ("air quality", "place", "index"), ("rent", "place", "dollars"), ("department", "person", "department"), ("deadline", "code", "date")]
LOOK_VERBS = ["get", "find", "lookup", "fetch", "show", "read", "query", "check", "ask", "load", "search"]
LOOK = dict(
    wh=["what is the {o} [of|for|in] {v}", "what's the {o} [of|for|in] {v}", "what {o} does {v} have", "do you have the {o} of {v}", "how is the {o} [of|in|for] {v}", "which {o} [has|is there for] {v}", "what do you know of the {o} of {v}", "what would be the {o} for {v}"],
    do=["[get|find|look up|fetch|show|tell|give] me the {o} [of|for|in] {v}", "[look up|check|find|fetch|get|read] the {o} [of|for|in] {v}", "find out the {o} of {v}", "[search|ask] for the {o} of {v}", "tell me about the {o} [of|in] {v}"],
    bit=["{o} [of|for|in] {v}", "{v} {o}", "{o} {v}", "the {o} of {v}", "{v}: {o}"])
# name, description, parameters with kinds, ways to ask; {0}, {1} the values
DEEDS = [
    ("timer", "{V} a timer", [("minutes", "count")], ["[set|start] a timer [for|of] {0} minutes", "timer {0} minutes", "I need a timer [of|for] {0} minutes", "wake me in {0} minutes"], ["set", "start", "begin"]),
    ("volume", "{V} the volume", [("level", "count")], ["set the volume to {0}", "volume {0}", "turn the volume [up|down] to {0}", "make it {0} loud"], ["set", "change", "adjust"]),
    ("heating", "{V} the temperature of a room", [("room", "room"), ("degrees", "count")], ["heat the {0} to {1} degrees", "set the {0} to {1} degrees", "make the {0} {1} degrees[ warm|]", "{1} degrees in the {0}"], ["set", "change", "adjust"]),
    ("light", "{V} the light in a room", [("room", "room")], ["turn [on|off] the light in the {0}", "light in the {0}", "switch the {0} light", "I need light in the {0}"], ["switch", "toggle", "turn"]),
    ("door", "{V} a door", [("room", "room")], ["open the [door of the {0}|{0} door]", "open the door to the {0}", "let me into the {0}", "{0} door open"], ["open", "unlock"]),
    ("message", "{V} a message", [("to", "person"), ("text", "thing")], ["[send|write] {0} the message {1}", "[send|write] a message to {0}: {1}", "tell {0} {1}", "message {0} with {1}"], ["send", "write", "post"]),
    ("dice", "{V} a die", [("sides", "count")], ["roll a die with {0} sides", "[roll|throw] a {0}-sided die", "[roll|throw] a d{0}", "I want to throw a {0} sided die"], ["roll", "throw"]),
    ("ticket", "{V} a ticket", [("city", "place"), ("day", "day")], ["[book|buy|get] [me |]a ticket to {0} [on|for] {1}", "I [want|need] to go to {0} on {1}", "a ticket to {0} for {1}", "travel to {0} on {1}"], ["book", "buy", "order"]),
    ("order", "{V} goods", [("item", "item"), ("amount", "count")], ["order {1} {0}", "[buy|get|order] {1} {0}[ for me|]", "I [need|want] {1} {0}", "put in an order of {1} {0}"], ["place", "make", "create"]),
    ("reminder", "{V} a reminder", [("day", "day"), ("text", "thing")], ["remind me of the {1} on {0}", "reminder for {0}: {1}", "on {0} remind me of {1}", "set a reminder: {1} on {0}"], ["set", "add", "create"]),
    ("meeting", "{V} a meeting", [("person", "person"), ("day", "day")], ["[plan|make|set up] a meeting with {0} on {1}", "I want to meet {0} on {1}", "meeting with {0}, {1}", "meet {0} on {1}"], ["plan", "create", "schedule"]),
    ("distance", "{V} the distance of two cities", [("from", "place"), ("to", "place")], ["how far is it from {0} to {1}", "distance from {0} to {1}", "how far is {1} from {0}", "what is the distance between {0} and {1}"], ["get", "compute", "measure"]),
    ("entry", "{V} an entry in a list", [("list", "thing"), ("entry", "thing")], ["add {1} to the list {0}", "put {1} on the {0} list", "write {1} into {0}", "list {0}: add {1}"], ["add", "insert", "append"]),
    ("ticket", "{V} a ticket of the help desk", [("id", "code")], ["close ticket {0}", "please close {0}", "ticket {0} is done, close it", "mark {0} as closed"], ["close", "finish", "end"]),
    ("payment", "{V} money", [("to", "person"), ("amount", "count")], ["[pay|send] {0} {1} dollars", "transfer {1} dollars to {0}", "{1} dollars for {0}", "give {0} {1} dollars"], ["send", "make", "transfer"]),
    ("song", "{V} a song", [("title", "thing")], ["play [the song |]{0}", "I want to hear {0}", "put on {0}", "song {0}"], ["play", "start"]),
    ("coin", "{V} a coin", [], ["[flip|toss] a coin", "heads or tails", "coin flip", "let a coin decide"], ["flip", "toss", "throw"]),
    ("date", "{V} today's date", [], ["what is today's date", "what date is it[ today|]", "today's date", "which date do we have"], ["get", "read", "show"]),
]
SHORT = ["[ now| please| for me|]", ""]


class Tool:
    """A tool with a name, how it is asked for, and what it gives back."""

    def __init__(self, r):
        self.r = r
        style = r.random()
        if r.random() < .6:
            o, kind, self.back = way(r, LOOKUP)
            if r.random() < .15:
                o = made_up(r)
            verb = way(r, LOOK_VERBS)
            self.kinds = [kind]
            self.params = [way(r, PARAMS[kind])]
            if r.random() < .1:
                self.params = [made_up(r)]
            noun, self.what = o, o
            self.desc = r.choice(["%s the %s of a %s" % (verb.capitalize(), o, kind), "%s of a %s" % (o.capitalize(), kind), "Gives the %s for a %s" % (o, kind), "%s %s" % (verb.capitalize(), o)])
            self.ways = None
        else:
            noun, self.desc, ps, self.ways, verbs = way(r, DEEDS)
            verb, self.what, self.back = r.choice(verbs), noun, "ok"
            self.desc = self.desc.replace("{V}", verb.capitalize())
            self.params, self.kinds = [p for p, _ in ps], [k for _, k in ps]
        words = [verb] + noun.split()
        self.name = "_".join(words) if style < .75 else words[0] + "".join(w.capitalize() for w in words[1:]) if style < .9 else "_".join(words[1:] + words[:1])
        self.strings = [k != "count" for k in self.kinds]

    def schema(self):
        props = {p: dict(type="string" if s else "integer") for p, s in zip(self.params, self.strings)}
        f = dict(name=self.name, description=self.desc, parameters=dict(type="object", properties=props, required=list(self.params)))
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
            q = ask(r, do=g, p=v[0] if v else "", q=v[1] if len(v) > 1 else "") if r.random() < .6 else say(r, g, p=v[0] if v else "", q=v[1] if len(v) > 1 else "")
        return q, v, self.call(v)

    def call(self, v):
        return "%s(%s)" % (self.name, ", ".join("%s=%s" % (p, json.dumps(x, ensure_ascii=False)) for p, x in zip(self.params, v)))

    def result(self):
        """What came back as JSON, and the words of the answer."""
        r, out = self.r, {}
        if self.back == "ok":
            k = r.randrange(3)
            out = [dict(ok=True), dict(status="done"), dict(result="ok")][k] if self.what not in ("dice", "coin", "date", "distance") else dict(
                dice=dict(result=r.randint(1, 20)), coin=dict(side=r.choice(["heads", "tails"])), date=dict(date="2027-%02d-%02d" % (r.randint(1, 12), r.randint(1, 28))), distance=dict(km=number(r, 2, 4)))[self.what]
        else:
            for k in self.back.split():
                out[k] = {"temperature": r.randint(-9, 39), "sky": r.choice(["sunny", "cloudy", "rain", "snow", "windy", "clear"]), "time": "%02d:%02d" % (r.randint(0, 23), r.randint(0, 59)), "open": "%d:00" % r.randint(6, 11), "close": "%d:00" % r.randint(15, 23), "first": "%d:00" % r.randint(6, 10), "last": "%d:30" % r.randint(14, 22),
                          "name": r.choice(NAMES), "place": r.choice(CITIES), "street": "%s Street %d" % (r.choice(WORDS).capitalize(), r.randint(1, 99)), "status": r.choice(["open", "closed", "sent", "waiting", "lost", "paid"]), "text": "a kind of " + r.choice(WORDS), "dish": r.choice(WORDS), "date": "%s %d" % (r.choice(["May", "June", "July", "April"]), r.randint(1, 30)),
                          "color": r.choice(["red", "blue", "green", "black", "white"]), "size": r.choice(["S", "M", "L", "XL"]), "department": r.choice(["sales", "support", "design", "law"]), "email": r.choice(NAMES).lower() + "@" + made_up(r) + ".com"}.get(k, number(r, 1, 4))
        return out


def tool_list(r, tools):
    l = [t.schema() for t in tools]
    if r.random() < .6:
        l = [dict(type="function", function=t) for t in l]
    j, x = json.dumps(l, ensure_ascii=False), r.random()
    pre = r.choice(["You are a helpful assistant.", "Be short.", "Answer in English.", "You help with small tasks."]) if r.random() < .25 else ""
    nl = "\n" if pre else ""
    if x < .10:
        return pre + nl + "List of tools: <|tool_list_start|>%s<|tool_list_end|>" % j
    if x < .22:
        return pre + 2 * nl + "Today's date: %d-%02d-%02d\n\nList of tools: " % (r.randint(2025, 2028), r.randint(1, 12), r.randint(1, 28)) + j
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


def reason(t, v):
    return ["the tool %s can do this" % t.name] + ([", ".join("%s: %s" % (p, x) for p, x in zip(t.params, v))] if v else [])


def t_tool(r):
    """A question that one tool can answer."""
    tools = some_tools(r, r.choice([1, 1, 2, 2, 3, 4]))
    t = tools[0]
    q, v, call = t.use()
    r.shuffle(tools)
    return S("tool", q, reason(t, v), block([call]), block([call]), before=[("system", tool_list(r, tools))])


def t_tools(r):
    """Two calls: two tools, or one tool for two values."""
    tools = some_tools(r, r.choice([2, 2, 3]))
    t = tools[0]
    if r.random() < .5 and t.ways is None:
        v1, v2 = VALUES[t.kinds[0]](r), VALUES[t.kinds[0]](r)
        if v1 == v2:
            return t_tools(r)
        o = t.what
        q = ask(r, **LOOK, o=o, v="%s and %s" % (v1, v2)).replace("\x03%s\x04" % o, o, 1)
        calls = [t.call([v1]), t.call([v2])]
        lines = ["the tool %s can do this" % t.name, "%s: %s" % (t.params[0], v1), "%s: %s" % (t.params[0], v2)]
    else:
        u = tools[1]
        g = []
        for x in (t, u):
            v = [VALUES[k](r) for k in x.kinds]
            w = [y.replace("{0}", "{p}").replace("{1}", "{q}") for y in x.ways] if x.ways else LOOK["do"] + LOOK["bit"][:1]
            s = say(r, w, p=v[0] if v else "", q=v[1] if len(v) > 1 else "", o=x.what, v=v[0] if v else "")
            g.append((s.replace("\x03%s\x04" % x.what, x.what, 1), v))
        q = g[0][0] + r.choice([" and ", " and then ", ", then ", ". Also ", " and also ", "; "]) + g[1][0]
        calls = [t.call(g[0][1]), u.call(g[1][1])]
        lines = reason(t, g[0][1]) + reason(u, g[1][1])
    r.shuffle(tools)
    q = q[:1].upper() + q[1:] + r.choice([".", "?", ""])
    return S("tool", q, lines, block(calls), block(calls), before=[("system", tool_list(r, tools))])


# The two that tarn has itself (core/turn/builtin.c).
BUILTIN = [dict(type="function", function=dict(name="calculator", description="Compute an expression", parameters=dict(type="object", properties=dict(expression=dict(type="string")), required=["expression"]))),
           dict(type="function", function=dict(name="clock", description="Current date and local time", parameters=dict(type="object", properties={}, required=[])))]
CLOCK = ["what time is it[ now|]", "how late is it", "what is the [time|date][ now| today|]", "what's the [time|date|day][ today| now|]", "what day is it[ today|]", "[tell|give] me the [time|date]", "what is today's date", "do you know what time it is", "current [time|date]", "[time|date] please", "which day is today", "the time"]


def t_builtin(r):
    """The program's own tools: every sum goes to the calculator while it is there."""
    lot = BUILTIN if r.random() < .8 else [r.choice(BUILTIN)]
    sysm = "List of tools: " + json.dumps(lot)
    before = [("system", sysm if r.random() < .8 else r.choice(["Be short.", "You are a helpful assistant."]) + "\n" + sysm)]
    if r.random() < .25 and any(t["function"]["name"] == "clock" for t in lot):
        q, call, think = say(r, CLOCK), "clock()", ["the tool clock can do this"]
        day, at = r.choice(DAYS), "%02d:%02d" % (r.randint(0, 23), r.randint(0, 59))
        date = "%d-%02d-%02d" % (r.randint(2025, 2029), r.randint(1, 12), r.randint(1, 28))
        res = "%s %s %s:%02d UTC%s%02d:%s" % (day, date, at, r.randint(0, 59), r.choice("++-"), r.randint(0, 12), r.choice(["00", "00", "30"]))
        gold = "%s on %s, %s" % (at, day, date)
        ans = "It is %s." % gold
    elif any(t["function"]["name"] == "calculator" for t in lot):
        o, g = r.choice([("+", ADD), ("-", SUB), ("*", MUL), ("/", DIV)])
        a, b = number(r, 1, 5), number(r, 1, 4)
        if o == "/":
            b = r.randint(2, 99)
            a = b * r.randint(2, 99)
        if o == "-" and a < b:
            a, b = b, a
        q, call = ask(r, **g, a=a, b=b), 'calculator(expression="%d%s%d")' % (a, o, b)
        think = ["the tool calculator can do this", "expression: %d%s%d" % (a, o, b)]
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


ERRORS = ["not found", "timeout", "no connection", "access denied", "unknown {p}", "service down", "bad value", "too many requests", "no such {p}", "server error 500", "invalid {p}", "the {p} is missing", "not available now", "rate limit"]


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
            lines, ans, gold = ["the tool says it is done"], "Done: %s%s." % (t.what, " " + ", ".join(map(str, v)) if v else ""), "Done: %s" % t.what
        else:
            said = ", ".join("%s %s" % (k, x) for k, x in out.items())
            lines, ans = ["the tool says " + said], "%s%s: %s." % (t.what.capitalize(), " " + ", ".join(map(str, v)) if v else "", said)
            gold = said
    s = S("result", q, lines, ans, gold, before=[("system", tool_list(r, tools))])
    c = block([call])
    if r.random() < .4:
        c = c.replace('"', "'")
    if r.random() < .15:
        res = "<|tool_response_start|>%s<|tool_response_end|>" % res
    thought = "<think>\n" + "\n".join(reason(t, v)) + "\n</think>" + r.choice(["", "\n"]) if r.random() < .6 else ""
    s["after"] = [("assistant", thought + c), ("tool", res)]
    return s


TASKS = [(t_tool, 9), (t_tools, 3), (t_result, 5), (t_builtin, 12)]
