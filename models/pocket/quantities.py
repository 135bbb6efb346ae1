"""Weekdays, months, dates, units."""
from arithmetic import S, small_product, small_quotient, small_sum
from wording import ask
from words import DAYS, LENGTHS, MONTHS, number

# ------------------------------------------------------------------- weekdays
AFTER = dict(
    wh=["what day is [it |]{n} {s} after {d}", "[what|which] [day|weekday] [is|comes|will it be] {n} {s} after {d}", "[what|which] day will it be in {n} {s} if [today is|it is] {d}", "if today is {d}, what [day|weekday] [is it|will it be|do we have] in {n} {s}", "today is {d}[.|,|;] [and |][what|which] day is it in {n} {s}", "it is {d}[.|;|,| now,] what day is it {n} {s} [later|from now]", "what day is {d} plus {n} {s}",
        "which day [follows|comes] {n} {s} after {d}", "what [day|weekday] do we have {n} {s} after {d}", "which day [of the week |]is {n} {s} from {d}", "if it's {d} today, what's the day in {n} {s}", "[today's|it's] {d}. what day [is|will it be] {n} {s} from now", "what weekday lies {n} {s} behind {d}", "when I wait {n} {s} from {d}, what day is it"],
    do=["[tell me|name|find] the [day|weekday] {n} {s} after {d}", "count {n} {s} on from {d}", "go {n} {s} forward from {d}", "add {n} {s} to {d}", "start on {d} and go {n} {s} ahead", "say which day is {n} {s} after {d}"],
    bit=["{n} {s} after {d}", "{d} plus {n} {s}", "{d} + {n} {s}", "the day {n} {s} after {d}", "{n} {s} from {d}", "{d}, {n} {s} later"])
BEFORE = dict(
    wh=["what day was it {n} {s} before {d}", "[what|which] [day|weekday] [is|was|comes] {n} {s} before {d}", "today is {d}[.|,|;] [what|which] day was [it |]{n} {s} ago", "if today is {d}, what [day|weekday] was [it |]{n} {s} ago", "it is {d}[.|;|,| now,] what day was it {n} {s} [earlier|ago]", "what day is {d} minus {n} {s}", "which day [of the week |]was {n} {s} before {d}", "what [day|weekday] did we have {n} {s} before {d}", "if it's {d} today, which day was {n} {s} ago", "what weekday lies {n} {s} ahead of {d}"],
    do=["[tell me|name|find] the [day|weekday] {n} {s} before {d}", "count {n} {s} back from {d}", "go {n} {s} back from {d}", "subtract {n} {s} from {d}", "start on {d} and go back {n} {s}", "say which day is {n} {s} before {d}"],
    bit=["{n} {s} before {d}", "{d} minus {n} {s}", "{d} - {n} {s}", "the day {n} {s} before {d}", "{n} {s} back from {d}", "{d}, {n} {s} earlier"])
NEXTDAY = {False: ["[what|which] day [comes|is] [right |directly |]after {d}", "which day follows {d}", "what is the day after {d}", "if today is {d}, what is tomorrow", "today is {d}. what day is tomorrow", "if yesterday was {d}, what is today", "what comes after {d}", "what's the next day after {d}", "which weekday follows on {d}"],
           True: ["[what|which] day [comes|is] [right |directly |]before {d}", "which day precedes {d}", "what is the day before {d}", "if today is {d}, what was yesterday", "today is {d}. what day was yesterday", "if tomorrow is {d}, what is today", "what comes before {d}", "what's the day just before {d}"]}


def day_steps(d, n, back):
    lines, m, i, seq = [], n % 7, DAYS.index(d), []
    if n >= 7:
        lines.append("%d = %d*7 + %d" % (n, n // 7, m))
    for k in range(1, m + 1):
        i = (i + (-1 if back else 1)) % 7
        seq.append("%d %s" % (k, DAYS[i]))
    lines.append(", ".join(seq) if seq else "no days left, the same day")
    return lines, DAYS[i]


def t_day(r):
    d, back = r.choice(DAYS), r.random() < .35
    n = r.choice([2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 20, 21, 25, 30, 31, 45, 50, 60, 90, 100, r.randint(1, 99)])
    if r.random() < .15:
        n = 1
        q = ask(r, wh=NEXTDAY[back], d=d)
    elif r.random() < .06:
        w = r.choice([1, 2, 3])
        n = 7 * w
        q = ask(r, **(BEFORE if back else AFTER), d=d, n=w if w > 1 else "a", s="weeks" if w > 1 else "week")
    else:
        q = ask(r, **(BEFORE if back else AFTER), d=d, n=n, s="day" if n == 1 else "days")
    lines, g = day_steps(d, n, back)
    return S("day", q, lines, r.choice(["It was %s.", "%s."] if back else ["It is %s.", "%s."]) % g, g, g)


# ------------------------------------------------------------ months and dates
MONTH = {
    "after": ["[what|which] month [is|comes] [right |]after {m}", "which month follows {m}", "what is the month after {m}", "what is the next month after {m}", "what month comes next after {m}", "what comes after {m} in the [year|calendar]", "after {m} comes which month"],
    "before": ["[what|which] month [is|comes] [right |]before {m}", "which month precedes {m}", "what is the month before {m}", "what is the previous month to {m}", "what comes before {m} in the [year|calendar]", "what month was before {m}"],
    "length": ["how many days [are in|are there in|does] {m}[ have|]", "how many days has {m}[ got|]", "how long is {m}", "what is the number of days in {m}", "how many days [long |]is {m}", "{m} has how many days", "does {m} have 30 or 31 days"],
    "number": ["which number is {m} in the year", "what number of month is {m}", "{m} is which month of the year", "which month of the year is {m}", "in numbers, which month is {m}"]}
DATE = dict(
    wh=["what is the date {n} days after {d}", "[what|which] date [is|comes|will it be] {n} days after {d}", "what date is it {n} days [from|after] {d}", "if today is {d}, what [date |]is the date in {n} days", "today is {d}[.|,] what is the date in {n} days", "it is {d}[.|;] which date is it {n} days later", "what [date|day] is {d} plus {n} days", "what will be the date {n} days after {d}", "{n} days after {d} is what date"],
    do=["[tell me|find|name|give me] the date {n} days after {d}", "add {n} days to {d}", "count {n} days on from {d}", "go {n} days forward from {d}", "work out the date {n} days after {d}"],
    bit=["{d} plus {n} days", "{n} days after {d}", "date {n} days after {d}", "{d} + {n} days", "{d}, {n} days later"])


def t_date(r):
    if r.random() < .45:
        k, i = r.choice(list(MONTH)), r.randrange(12)
        m, q = MONTHS[i], ask(r, wh=MONTH[k], m=MONTHS[i])
        if k == "length":
            return S("date", q, ["%s: %d" % (m, LENGTHS[i])], "%s has %d days." % (m, LENGTHS[i]), str(LENGTHS[i]), LENGTHS[i])
        if k == "number":
            return S("date", q, [", ".join("%d %s" % (j + 1, MONTHS[j]) for j in range(i + 1))], "%s is month number %d." % (m, i + 1), str(i + 1), i + 1)
        j = (i + (1 if k == "after" else 11)) % 12
        return S("date", q, ["%s, %s" % ((m, MONTHS[j]) if k == "after" else (MONTHS[j], m))], r.choice(["It is %s.", "%s."]) % MONTHS[j], MONTHS[j], MONTHS[j])
    i, n = r.randrange(12), r.choice([1, 2, 3, 4, 5, 7, 10, 14, 20, 30, r.randint(1, 31)])
    day = r.randint(1, LENGTHS[i])
    d = r.choice(["%s %d", "%s %d", "%s the " + "%d" + ("st" if day in (1, 21, 31) else "nd" if day in (2, 22) else "rd" if day in (3, 23) else "th")]) % (MONTHS[i], day)
    if r.random() < .3:
        d = "%d %s" % (day, MONTHS[i])
    q = ask(r, **DATE, d=d, n=n)
    if n == 7 and r.random() < .6:
        q = q.replace("\x037\x04 days", "a week")
    elif n == 1:
        q = q.replace("\x031\x04 days", "\x031\x04 day")
    lines = ["%s has %d days" % (MONTHS[i], LENGTHS[i]), small_sum(day, n)]
    t = day + n
    if t > LENGTHS[i]:
        lines.append("%d-%d=%d" % (t, LENGTHS[i], t - LENGTHS[i]))
        t, i = t - LENGTHS[i], (i + 1) % 12
        lines.append("next month: " + MONTHS[i])
    if t > LENGTHS[i]:
        return t_date(r)
    g = "%s %d" % (MONTHS[i], t)
    return S("date", q, lines, r.choice(["It is %s.", "%s."]) % g, g, g)


# ------------------------------------------------------------------------ units
# long, short names of the larger and the smaller unit, how many
UNITS = [("km", "kilometres|kilometers", "m", "metres|meters", 1000), ("m", "metres|meters", "cm", "centimetres|centimeters", 100),
         ("cm", "centimetres|centimeters", "mm", "millimetres|millimeters", 10), ("kg", "kilograms|kilos", "g", "grams", 1000),
         ("l", "litres|liters", "ml", "millilitres|milliliters", 1000), ("h", "hours", "min", "minutes", 60), ("min", "minutes", "s", "seconds", 60),
         ("days", "days", "h", "hours", 24), ("weeks", "weeks", "days", "days", 7), ("years", "years", "months", "months", 12),
         ("t", "tons|tonnes", "kg", "kilograms", 1000), ("dozen", "dozen", "pieces", "pieces|eggs|items", 12), ("m", "metres|meters", "mm", "millimetres|millimeters", 1000)]
CONVERT = dict(
    wh=["how many {t} are {a} {f}", "what [is|are] {a} {f} in {t}", "how much [is|are] {a} {f} in {t}", "how many {t} are [there |]in {a} {f}", "how many {t} [make|make up|do I need for|do I get from|is|equal|equals] {a} {f}", "how many {t} do {a} {f} have", "I have {a} {f}[.|,] how many {t} is that", "{a} {f} [is|are|make] how many {t}", "what do {a} {f} [make|give] in {t}", "if something [takes|weighs|is] {a} {f}, how many {t} is that", "{a} {f} in {t} is what"],
    do=["convert {a} {f} [to|into] {t}", "change {a} {f} [into|to] {t}", "express {a} {f} in {t}", "turn {a} {f} into {t}", "[write|give|tell me] {a} {f} in {t}", "[calculate|work out] {a} {f} in {t}", "transform {a} {f} to {t}"],
    bit=["{a} {f} in {t}", "{a} {f} to {t}", "{a} {f} = ? {t}", "{a} {f} as {t}", "{t} in {a} {f}", "{a} {f}, in {t}", "{a} {f} -> {t}"])


def unit_steps(k, f, big, small, down):
    if down:
        return ["1 %s = %d %s" % (big, f, small), small_product(k, f) if f not in (10, 100, 1000) else "%d*%d=%d" % (k, f, k * f)]
    return ["%d %s = 1 %s" % (f, small, big), small_quotient(k * f, f) if f not in (10, 100, 1000) else "%d/%d=%d" % (k * f, f, k)]


def singular(w):
    return w[:-1] if len(w) > 4 and w.endswith("s") else w


def t_unit(r):
    big, longs, small, smalls, f = r.choice(UNITS)
    if r.random() < .65:
        big, small = r.choice(longs.split("|")), r.choice(smalls.split("|"))
    k = r.randint(1, 12) if f not in (10, 100, 1000) else r.choice([r.randint(1, 20), number(r, 1, 3)]) or 1
    down = r.random() < .65
    a, g, fr, to = (k, k * f, big, small) if down else (k * f, k, small, big)
    q = ask(r, **CONVERT, a=a, f=singular(fr) if a == 1 else fr, t=to)
    return S("unit", q, unit_steps(k, f, big, small, down), "%d %s = %d %s." % (a, fr, g, to), "= %d " % g, g)


TASKS = [(t_day, 6), (t_date, 7), (t_unit, 4)]
