"""Weekdays, months, dates, units."""
from arithmetic import S, small_product, small_quotient, small_sum
from wording import ask
from words import DAYS, LENGTHS, MONTHS, number

# ------------------------------------------------------------------- weekdays
AFTER = dict(
    wh=["what day is [it |]{n} {s} after {d}", "[what|which] [day|weekday] [is|comes|will it be] {n} {s} after {d}",
        "[what|which] day will it be in {n} {s} if [today is|it is] {d}",
        "if today is {d}, what [day|weekday] [is it|will it be|do we have] in {n} {s}",
        "today is {d}[.|,|;] [and |][what|which] day is it in {n} {s}",
        "it is {d}[.|;|,| now,] what day is it {n} {s} [later|from now]", "what day is {d} plus {n} {s}",
        "which day [follows|comes] {n} {s} after {d}", "what [day|weekday] do we have {n} {s} after {d}",
        "which day [of the week |]is {n} {s} from {d}", "if it's {d} today, what's the day in {n} {s}",
        "[today's|it's] {d}. what day [is|will it be] {n} {s} from now", "what weekday lies {n} {s} behind {d}",
        "when I wait {n} {s} from {d}, what day is it",
        "my trip starts on {d} and ends {n} {s} later. what day is that", "if I count {n} {s} from {d}, where do I end",
        "when it is {d} and {n} {s} pass, what day is it", "we meet {n} {s} after {d}. what day is that",
        "on what day do I land {n} {s} after {d}", "{n} {s} after {d} is which day",
        "now it is {d}. what day do we get in {n} {s}", "what's the day {n} {s} past {d}",
        "suppose it is {d}, what day is it in {n} {s}", "on {d} I say: in {n} {s}. which day do I mean"],
    do=["[tell me|name|find] the [day|weekday] {n} {s} after {d}", "count {n} {s} on from {d}", "go {n} {s} forward from {d}",
        "add {n} {s} to {d}", "start on {d} and go {n} {s} ahead", "say which day is {n} {s} after {d}",
        "move {n} {s} on from {d}", "take {d} and add {n} {s}", "today is {d}. tell me the day in {n} {s}",
        "work out the day {n} {s} after {d}", "let {n} {s} pass from {d} and name the day",
        "give me the weekday that comes {n} {s} after {d}"],
    bit=["{n} {s} after {d}", "{d} plus {n} {s}", "{d} + {n} {s}", "the day {n} {s} after {d}", "{n} {s} from {d}",
         "{d}, {n} {s} later",
         "{n} {s} later than {d}", "weekday {n} {s} after {d}", "{d} and {n} {s} more", "{n} {s} on from {d}",
         "from {d}, {n} {s} ahead", "{d}, then {n} {s} on"])
BEFORE = dict(
    wh=["what day was it {n} {s} before {d}", "[what|which] [day|weekday] [is|was|comes] {n} {s} before {d}",
        "today is {d}[.|,|;] [what|which] day was [it |]{n} {s} ago",
        "if today is {d}, what [day|weekday] was [it |]{n} {s} ago",
        "it is {d}[.|;|,| now,] what day was it {n} {s} [earlier|ago]", "what day is {d} minus {n} {s}",
        "which day [of the week |]was {n} {s} before {d}", "what [day|weekday] did we have {n} {s} before {d}",
        "if it's {d} today, which day was {n} {s} ago", "what weekday lies {n} {s} ahead of {d}",
        "it's {d}. which day was it {n} {s} back", "if I count {n} {s} back from {d}, where do I end",
        "{n} {s} before {d} was which day", "we met {n} {s} before {d}. what day was that",
        "what's the day {n} {s} prior to {d}", "suppose it is {d}, what day was {n} {s} ago",
        "now it is {d}. what day did we have {n} {s} ago", "on {d} I say: {n} {s} ago. which day do I mean",
        "what day do I get {n} {s} back from {d}"],
    do=["[tell me|name|find] the [day|weekday] {n} {s} before {d}", "count {n} {s} back from {d}", "go {n} {s} back from {d}",
        "subtract {n} {s} from {d}", "start on {d} and go back {n} {s}", "say which day is {n} {s} before {d}",
        "move {n} {s} back from {d}", "take {d} and go {n} {s} into the past", "today is {d}. tell me the day {n} {s} ago",
        "work out the day {n} {s} before {d}", "give me the weekday that was {n} {s} before {d}", "take {n} {s} off {d}"],
    bit=["{n} {s} before {d}", "{d} minus {n} {s}", "{d} - {n} {s}", "the day {n} {s} before {d}", "{n} {s} back from {d}",
         "{d}, {n} {s} earlier",
         "{n} {s} earlier than {d}", "weekday {n} {s} before {d}", "{d} less {n} {s}", "{n} {s} prior to {d}",
         "from {d}, {n} {s} into the past", "{n} {s} ago, from {d}"])
NEXTDAY = {False: ["[what|which] day [comes|is] [right |directly |]after {d}", "which day follows {d}",
                   "what is the day after {d}", "if today is {d}, what is tomorrow", "today is {d}. what day is tomorrow",
                   "if yesterday was {d}, what is today", "what comes after {d}", "what's the next day after {d}",
                   "which weekday follows on {d}",
                   "what day do we have the day after {d}", "which day is next after {d}", "{d} is followed by what day",
                   "it is {d} now, what will tomorrow be", "after {d} comes which day", "what day starts when {d} ends",
                   "which is the day that follows {d}", "one day after {d}, what is it"],
           True: ["[what|which] day [comes|is] [right |directly |]before {d}", "which day precedes {d}",
                  "what is the day before {d}", "if today is {d}, what was yesterday", "today is {d}. what day was yesterday",
                  "if tomorrow is {d}, what is today", "what comes before {d}", "what's the day just before {d}",
                  "what day do we have the day before {d}", "{d} comes after which day",
                  "it is {d} now, what was yesterday", "before {d} comes which day", "what day ends when {d} starts",
                  "which day is followed by {d}", "one day before {d}, what is it",
                  "which is the day that is just before {d}"]}


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
    "after": ["[what|which] month [is|comes] [right |]after {m}", "which month follows {m}", "what is the month after {m}",
              "what is the next month after {m}", "what month comes next after {m}",
              "what comes after {m} in the [year|calendar]", "after {m} comes which month", "{m} is followed by which month",
              "what month do we have after {m}", "when {m} is over, what month [is it|comes]",
              "which is the month that follows {m}", "what month [starts|begins] after {m}",
              "which month is next after {m}", "what month is one after {m}", "it is {m}. what is next month",
              "if this month is {m}, what is the next", "which month starts when {m} ends", "one month after {m} is what",
              "the month after {m} is which one", "what do we call the month that comes after {m}",
              "turning the page of {m}, which month do I see"],
    "before": ["[what|which] month [is|comes] [right |]before {m}", "which month precedes {m}", "what is the month before {m}",
               "what is the previous month to {m}", "what comes before {m} in the [year|calendar]", "what month was before {m}",
               "{m} comes after which month", "what month do we have before {m}", "which is the month just before {m}",
               "what month [ends|is over] when {m} begins", "which month is followed by {m}",
               "what month is one before {m}", "it is {m}. what was last month",
               "if this month is {m}, what was the one before", "one month before {m} is what",
               "the month before {m} is which one", "what do we call the month that comes before {m}",
               "before {m} comes which month", "what month leads to {m}", "what was the month ahead of {m}"],
    "length": ["how many days [are in|are there in|does] {m}[ have|]", "how many days has {m}[ got|]", "how long is {m}",
               "what is the number of days in {m}", "how many days [long |]is {m}", "{m} has how many days",
               "does {m} have 30 or 31 days", "how many days can {m} have", "what is the length of {m} in days",
               "what is the last day of {m}", "how many days make up {m}",
               "how many days do we count in {m}", "how many days are there in the month of {m}",
               "what number of days has {m}", "if I stay for all of {m}, how many days is that",
               "how many days does the calendar show for {m}", "of how many days is {m} made", "{m} lasts how many days",
               "how many days go into {m}", "how many days belong to {m}"],
    "number": ["which number is {m} in the year", "what number of month is {m}", "{m} is which month of the year",
               "which month of the year is {m}", "in numbers, which month is {m}", "what is the number of {m}",
               "as a number, what is {m}", "{m} is month number what", "how many months have begun by {m}",
               "{m} has what number",
               "what place has {m} in the year", "if January is one, what is {m}",
               "counting from January, what number is {m}", "which number do I write for {m}",
               "what number stands for {m}", "what is {m} in numbers", "in the list of months, what number is {m}",
               "how do I write {m} as a number", "the month of {m} has which number"]}
DATE = dict(
    wh=["what is the date {n} days after {d}", "[what|which] date [is|comes|will it be] {n} days after {d}",
        "what date is it {n} days [from|after] {d}", "if today is {d}, what [date |]is the date in {n} days",
        "today is {d}[.|,] what is the date in {n} days", "it is {d}[.|;] which date is it {n} days later",
        "what [date|day] is {d} plus {n} days", "what will be the date {n} days after {d}", "{n} days after {d} is what date",
        "what date do we have {n} days after {d}", "[when|what date] is it {n} days [on|later], starting [on|from] {d}",
        "which date follows {n} days after {d}", "{d} and {n} days more is what date", "what date comes {n} days after {d}",
        "it is {d} now[.|,|;] what date is {n} days from now",
        "the trip starts on {d}. what date is {n} days later", "if I wait {n} days from {d}, what date is it",
        "what is the date when {n} days have passed since {d}", "on what date do I land {n} days after {d}",
        "suppose it is {d}, what date is it in {n} days", "a letter from {d} takes {n} days, on what date is it here",
        "counting {n} days from {d}, what date do I reach", "now it is {d}. what date will it be after {n} days",
        "if {d} is today, which date is {n} days ahead", "which date do I get for {d} and {n} days",
        "what's the date {n} days past {d}"],
    do=["[tell me|find|name|give me] the date {n} days after {d}", "add {n} days to {d}", "count {n} days on from {d}",
        "go {n} days forward from {d}", "work out the date {n} days after {d}",
        "[give|say] the date that is {n} days after {d}", "start on {d} and [add|count on|go on] {n} days",
        "[calculate|compute] {d} plus {n} days", "move {n} days on from {d}",
        "take {d} and add {n} days", "today is {d}. tell me the date in {n} days",
        "let {n} days pass from {d} and name the date", "tell me which date comes {n} days after {d}",
        "find out what date it is {n} days from {d}", "look {n} days ahead from {d}", "I need the date {n} days after {d}",
        "put {n} days on top of {d}"],
    bit=["{d} plus {n} days", "{n} days after {d}", "date {n} days after {d}", "{d} + {n} days", "{d}, {n} days later",
         "{n} days from {d}", "{d} and {n} days", "date: {d} plus {n} days", "{n} days later than {d}",
         "{n} days past {d}", "{n} days on from {d}", "from {d}, {n} days ahead", "{d}, then {n} days on",
         "the date {n} days from {d}", "{d} and then {n} days", "{n} days added to {d}", "{d} with {n} days added"])


def t_date(r):
    if r.random() < .45:
        k, i = r.choice(list(MONTH)), r.randrange(12)
        m, q = MONTHS[i], ask(r, wh=MONTH[k], m=MONTHS[i])
        if k == "length":
            return S("date", q, ["%s: %d" % (m, LENGTHS[i])], "%s has %d days." % (m, LENGTHS[i]), str(LENGTHS[i]), LENGTHS[i])
        if k == "number":
            return S("date", q, [", ".join("%d %s" % (j + 1, MONTHS[j]) for j in range(i + 1))],
                     "%s is month number %d." % (m, i + 1), str(i + 1), i + 1)
        j = (i + (1 if k == "after" else 11)) % 12
        return S("date", q, ["%s, %s" % ((m, MONTHS[j]) if k == "after" else (MONTHS[j], m))],
                 r.choice(["It is %s.", "%s."]) % MONTHS[j], MONTHS[j], MONTHS[j])
    i, n = r.randrange(12), r.choice([1, 2, 3, 4, 5, 7, 10, 14, 20, 30, r.randint(1, 31)])
    day = r.randint(1, LENGTHS[i])
    d = r.choice(["%s %d", "%s %d", "%s the " + "%d" + ("st" if day in (1, 21, 31) else "nd" if day in (2,
        22) else "rd" if day in (3, 23) else "th")]) % (MONTHS[i], day)
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
UNITS = [("km", "kilometres|kilometers", "m", "metres|meters", 1000),
         ("m", "metres|meters", "cm", "centimetres|centimeters", 100),
         ("cm", "centimetres|centimeters", "mm", "millimetres|millimeters", 10), ("kg", "kilograms|kilos", "g", "grams", 1000),
         ("l", "litres|liters", "ml", "millilitres|milliliters", 1000), ("h", "hours", "min", "minutes", 60),
         ("min", "minutes", "s", "seconds", 60),
         ("days", "days", "h", "hours", 24), ("weeks", "weeks", "days", "days", 7), ("years", "years", "months", "months", 12),
         ("t", "tons|tonnes", "kg", "kilograms", 1000), ("dozen", "dozen", "pieces", "pieces|eggs|items", 12),
         ("m", "metres|meters", "mm", "millimetres|millimeters", 1000)]
CONVERT = dict(
    wh=["how many {t} are {a} {f}", "what [is|are] {a} {f} in {t}", "how much [is|are] {a} {f} in {t}",
        "how many {t} are [there |]in {a} {f}",
        "how many {t} [make|make up|do I need for|do I get from|is|equal|equals] {a} {f}", "how many {t} do {a} {f} have",
        "I have {a} {f}[.|,] how many {t} is that", "{a} {f} [is|are|make] how many {t}", "what do {a} {f} [make|give] in {t}",
        "if something [takes|weighs|is] {a} {f}, how many {t} is that", "{a} {f} in {t} is what", "{a} {f} make how many {t}",
        "how many {t} is {a} {f}", "how many {t} can I make [from|of|out of] {a} {f}",
        "what is {a} {f} when I [count|write|measure] it in {t}", "{a} {f} equals how many {t}",
        "how many {t} are there in {a} {f}, please",
        "if I have {a} {f}, how many {t} do I have", "{a} {f} - how many {t} would that be",
        "what number of {t} is the same as {a} {f}", "how many {t} go into {a} {f}",
        "I need {a} {f} in {t}, how much is that", "how do I write {a} {f} in {t}", "what would {a} {f} be in {t}",
        "counted in {t}, how much are {a} {f}", "the sign says {a} {f}. how many {t} is that",
        "how many {t} would I get for {a} {f}", "to how many {t} do {a} {f} come", "how many {t} fit in {a} {f}"],
    do=["convert {a} {f} [to|into] {t}", "change {a} {f} [into|to] {t}", "express {a} {f} in {t}", "turn {a} {f} into {t}",
        "[write|give|tell me] {a} {f} in {t}", "[calculate|work out] {a} {f} in {t}", "transform {a} {f} to {t}",
        "[show|say] {a} {f} in {t}", "bring {a} {f} [to|into] {t}", "[compute|find|count] how many {t} {a} {f} are",
        "put {a} {f} into {t}",
        "here are {a} {f}. give me that in {t}", "tell me how many {t} {a} {f} are", "take {a} {f} and turn that into {t}",
        "switch {a} {f} to {t}", "I need {a} {f} as {t}", "let me have {a} {f} in {t}", "swap {a} {f} for {t}",
        "make {t} out of {a} {f}", "measure {a} {f} in {t}", "translate {a} {f} into {t}"],
    bit=["{a} {f} in {t}", "{a} {f} to {t}", "{a} {f} = ? {t}", "{a} {f} as {t}", "{t} in {a} {f}", "{a} {f}, in {t}",
         "{a} {f} -> {t}", "{a} {f} = how many {t}", "{a} {f} converted to {t}", "{a} {f} into {t}", "how many {t}, {a} {f}",
         "{a} {f} counted in {t}", "from {f} to {t}: {a}", "{a} {f} in {t}: how many", "number of {t} in {a} {f}",
         "{a} {f} written in {t}", "{t} for {a} {f}", "{a} {f} makes ? {t}", "conversion: {a} {f} to {t}",
         "{a} {f} turned into {t}"])


def unit_steps(k, f, big, small, down):
    if down:
        return ["1 %s = %d %s" % (big, f, small), small_product(k, f) if f not in (10, 100, 1000) else "%d*%d=%d" % (k, f,
            k * f)]
    return ["%d %s = 1 %s" % (f, small, big), small_quotient(k * f, f) if f not in (10, 100, 1000) else "%d/%d=%d" % (k * f, f,
        k)]


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
