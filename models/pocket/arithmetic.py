"""Sums, products, quotients, primes: thoughts that can be followed, and tasks.

How a thought is written decides whether a small model can learn it: columns
from the right, every carry in sight, no step with two hard parts (README.md).
"""
from wording import ask, say
from words import number


def S(task, q, think, ans, gold, value=None, before=(), after=(), **more):
    """A sample: q is the last question, before and after are turns around it,
    gold is what the answer must hold, value the answer as JSON would have it."""
    return dict(task=task, q=q, think=list(think), ans=ans, gold=gold, value=value,
                before=list(before), after=list(after), **more)


# ------------------------------------------------------------- the thoughts
def add_columns(a, b):
    n = max(len(str(a)), len(str(b)))
    x, y = [str(v).zfill(n)[::-1] for v in (a, b)]
    lines, c = ["from the right:", " ".join(x), " ".join(y)], 0
    for i in range(n):
        t = int(x[i]) + int(y[i]) + c
        lines.append("%s+%s%s=%d" % (x[i], y[i], "+1" if c else "", t))
        c = t // 10
    if c:
        lines.append("carry 1")
    return lines + ["so %d" % (a + b)]


def sub_columns(a, b):
    lines, neg = [], a < b
    if neg:
        lines.append("%d is smaller than %d, so the answer is negative" % (a, b))
        a, b = b, a
    n = len(str(a))
    x, y = [str(v).zfill(n)[::-1] for v in (a, b)]
    lines += ["from the right:", " ".join(x), " ".join(y)]
    c, d = 0, ""
    for i in range(n):
        t = int(x[i]) - int(y[i]) - c
        lines.append("%s-%s%s%s=%d" % (x[i], y[i], "-1" if c else "", "+10" if t < 0 else "", t % 10))
        c, d = int(t < 0), str(t % 10) + d
    z = d.lstrip("0") or "0"
    end = "so %s" % d + (" = " + z if z != d else "")
    return lines + [end + (", with minus -%s" % z if neg and z != "0" else "")]


def parts(b):
    """The digits of b as numbers: 305 is 300, 5."""
    s = str(b)
    return [int(ch) * 10 ** (len(s) - 1 - i) for i, ch in enumerate(s) if ch != "0"]


def add_parts(a, b):
    out = []
    for v in parts(b):
        out.append("%d+%d=%d" % (a, v, a + v))
        a += v
    return out


def times_digit(a, k):
    """a times k, where k is one digit times a power of ten."""
    p = [(v, v * k) for v in parts(a)]
    out, c = ["%d*%d=%d" % (v, k, m) for v, m in p], p[0][1]
    for _, m in p[1:]:
        out += add_parts(c, m)
        c += m
    return out


def small_sum(a, b):
    if min(a, b) < 10:
        return "%d+%d=%d" % (a, b, a + b)
    return "%d+%d: " % (a, b) + ", ".join(add_parts(a, b))


def small_difference(a, b):
    if b < 10 or a > 999:
        return "%d-%d=%d" % (a, b, a - b)
    c, out = a, []
    for v in parts(b):
        out.append("%d-%d=%d" % (c, v, c - v))
        c -= v
    return "%d-%d: " % (a, b) + ", ".join(out)


def product(a, b):
    """Lines of a product: digit by digit of the shorter factor, then the sums."""
    if a < b or len(str(a)) < len(str(b)):
        a, b = b, a
    if b == 0:
        return ["anything times 0 is 0"]
    p = parts(b)
    if len(p) == 1:
        return [", ".join(times_digit(a, b))]
    lines, total = ["%d*%d: " % (a, v) + ", ".join(times_digit(a, v)) for v in p], a * p[0]
    for v in p[1:]:
        lines.append("%d+%d: " % (total, a * v) + ", ".join(add_parts(total, a * v)))
        total += a * v
    return lines


def small_product(a, b):
    if max(a, b) <= 12 or max(a, b) in (100, 1000):
        return "%d*%d=%d" % (a, b, a * b)
    if min(a, b) < 10 or min(a, b) in (10, 20, 60):
        return "%d*%d: " % (a, b) + ", ".join(times_digit(max(a, b), min(a, b)))
    return "; ".join(product(a, b))


def small_quotient(a, b):
    """Search from five times b, down or up, every product compared with a."""
    def tried(k):
        m = b * k
        return "%d*%d=%d" % (b, k, m) + (" exactly" if m == a else "%s%d" % ("<>"[m > a], a))
    g, k = a // b, 5
    out = [tried(k)]
    while b * k > a:
        k -= 1
        out.append(tried(k))
    if len(out) == 1:
        while b * k < a:
            k += 1
            out.append(tried(k))
    left = " left %d-%d=%d" % (a, g * b, a - g * b) if a % b else ""
    return "%d/%d: " % (a, b) + ", ".join(out) + ", so %d" % g + left


def long_division(a, b):
    lines, rest = [], 0
    for ch in str(a):
        cur = rest * 10 + int(ch)
        lines.append(small_quotient(cur, b) if cur >= b else "%d/%d: so 0 left %d" % (cur, b, cur))
        rest = cur % b
    return lines + ["so %d" % (a // b) + (" left %d" % rest if rest else "")]


PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31]


def prime_line(n, p):
    """Nearest multiples of p below, in tens and in ones; the quotient where it divides n."""
    g = n // p
    end = "" if n % p else ", so %d" % g
    if p == 2:
        return "2: ends in %d, %s" % (n % 10, "odd" if n % 2 else "even, so %d" % g)
    if p == 5 and n % 5:
        return "5: ends in %d, no" % (n % 10)
    tens, out, left = g // 10 * 10, [], n
    if tens:
        left = n - tens * p
        out.append("%d*%d=%d left %d" % (p, tens, p * tens, left))
    if left >= p or not tens:
        out.append("%d*%d=%d left %d" % (p, left // p, left // p * p, left % p))
    return "%d: " % p + ", ".join(out) + end


def prime_lines(n):
    """Trial division; returns the lines and the smallest divisor, n itself if prime."""
    lines = []
    for p in PRIMES:
        if p * p > n:
            lines.append("%d*%d=%d, enough" % (p, p, p * p))
            return lines, n
        lines.append(prime_line(n, p))
        if n % p == 0:
            return lines, p
    return lines, n


def slipped(r, lines):
    """One result goes wrong by one and is put right; the wrong line bears no loss."""
    at = [i for i, s in enumerate(lines) if "=" in s and s[-1:].isdigit() and ":" not in s and "," not in s]
    if not at or r.random() > .05:
        return lines
    i = r.choice(at)
    left, right = lines[i].rsplit("=", 1)
    if not right.isdigit():
        return lines
    wrong = abs(int(right) + r.choice([-1, 1, 1, 10]))
    return lines[:i] + ["\x05%s=%d\x06" % (left, wrong), "no, " + lines[i]] + lines[i + 1:]


# ---------------------------------------------------------------- the wordings
ADD = dict(
    wh=["what is {a} + {b}", "what is {a} plus {b}", "what's [{a} plus {b}|{a}+{b}|the total of {a} and {b}]",
        "how much is {a} [+|plus|and|added to] {b}",
        "what [do|would|will] {a} and {b} [make|give|add up to|come to|be together]",
        "what is the [sum|total] of {a} and {b}", "what [do|will|would] I [get|have] if I [add|put] {b} [to|and] {a}",
        "what [comes out|is it] when [you add|one adds|adding] {a} and {b}",
        "how much [do|are|would] {a} and {b} [make|together|in total]",
        "what number [is|makes] {a} [plus|and|increased by] {b}",
        "if I have {a} and get {b} more, how [much|many] [is that|do I have]",
        "{a} [and|plus] {b} [is|are|makes|gives] [what|how much]", "what is {b} more than {a}",
        "how much is {a} when it grows by {b}",
        "I own {a} and someone gives me {b}, what do I own then", "how much is it if {b} is added to {a}",
        "{a} and {b} in one sum give what", "if one side has {a} and the other {b}, what is the whole",
        "what number do I reach if I start at {a} and go up {b}", "two numbers, {a} and {b}: what is their sum",
        "how many are {a} and {b} more", "what does it come to when {a} and {b} are joined",
        "what do I pay for {a} and {b} in all"],
    do=["add {a} and {b}", "add {b} to {a}", "calculate {a} [+|plus] {b}", "[compute|work out|find|do] {a} [+|plus] {b}",
        "[find|tell me|give me|work out|compute] the [sum|total] of {a} and {b}", "[sum|add|total] up {a} and {b}",
        "put {a} and {b} together", "increase {a} by {b}", "take {a} and add {b}", "solve {a} + {b}[ =|]",
        "sum {a} and {b}", "combine {a} [with|and] {b}", "count {a} and {b} together",
        "start at {a} and count up {b}", "join {a} and {b} in one number", "here are {a} and {b}. add them",
        "take {a}, then add {b}", "raise {a} by {b}", "tell me how much {a} and {b} are in all",
        "write down the sum of {a} and {b}", "{a} and {b}: add the two", "let me have the total of {a} and {b}",
        "put {b} on top of {a}"],
    bit=["{a}+{b}", "{a} + {b}", "{a} + {b} =", "{a} plus {b}", "[sum|total] of {a} and {b}", "the sum {a} + {b}",
         "{a} and {b} [together|added|in total|summed up|as a sum]", "sum: {a}, {b}", "{a} added to {b}",
         "[result|answer] of {a}+{b}",
         "{a}+{b}=?", "{b} more than {a}",
         "{a} with {b} on top", "{a} and {b} in all", "{b} added to {a}", "{a} and then {b}, the sum",
         "the total of {a} plus {b}", "{a} + {b}, the answer"])
SUB = dict(
    wh=["what is {a} - {b}", "what is {a} minus {b}", "what's [{a} minus {b}|{a}-{b}|{a} less {b}]",
        "how much is {a} [-|minus|less|without|take away] {b}", "what is the difference between {a} and {b}",
        "what [is|remains|would be] left of {a} [if|when] I take [away {b}|{b} away|{b}]",
        "what [do|will|would] I [get|have] if I [take|subtract] {b} from {a}",
        "how much [is left|remains|do I have left] [if|when] I [spend|lose|take] {b} [of|from|out of] {a}",
        "if I have {a} and [spend|lose|give away|pay] {b}, [what is left|how much is left|what remains|how much do I have]",
        "what number is {b} [less|smaller] than {a}", "{a} [minus|less|take away] {b} [is|makes|gives] [what|how much]",
        "what is {b} less than {a}", "by how much is {a} [larger|bigger|more] than {b}",
        "how much must be added to {b} to get {a}",
        "I have {a} and lose {b}, how much is left", "what stays of {a} if {b} is gone", "how much more is {a} than {b}",
        "what number do I reach if I start at {a} and go down {b}", "what must I add to {b} to get {a}",
        "how far is it from {b} up to {a}", "if {b} of {a} are used up, what is left",
        "two numbers, {a} and {b}: what is their difference", "I spend {b} of {a}, what remains",
        "what is {a} lowered by {b}"],
    do=["subtract {b} from {a}", "take {b} [away from|from|off] {a}", "calculate {a} [-|minus] {b}",
        "[compute|work out|find|do] {a} [-|minus] {b}",
        "[find|tell me|give me|work out|compute] the difference [between|of] {a} and {b}", "take {b} away from {a}",
        "reduce {a} by {b}", "decrease {a} by {b}", "deduct {b} from {a}", "solve {a} - {b}[ =|]", "take {a} and subtract {b}",
        "remove {b} from {a}",
        "start at {a} and count down {b}", "here is {a}. take off {b}", "lower {a} by {b}",
        "tell me how much {a} is without {b}", "from {a} take {b}", "write down the difference of {a} and {b}",
        "cut {b} off {a}", "let me have {a} with {b} taken away", "tell me what is left of {a} after {b} is gone",
        "draw {b} from {a}"],
    bit=["{a}-{b}", "{a} - {b}", "{a} - {b} =", "{a} minus {b}", "{a} less {b}",
         "[difference|the difference] [of|between] {a} and {b}",
         "{b} less than {a}", "{b} from {a}", "{a} take away {b}", "{b} subtracted from {a}", "[result|answer] of {a}-{b}",
         "{a}-{b}=?",
         "{a} with {b} taken off", "{a} lowered by {b}", "{a} without {b}", "what is left: {a} - {b}",
         "{a} - {b}, the answer", "difference: {a} - {b}", "{a} down by {b}", "from {a} take {b}"])
MUL = dict(
    wh=["what is {a} * {b}", "what is {a} times {b}", "what's [{a} times {b}|{a} x {b}|{a}*{b}]",
        "how much is {a} [x|*|times|by|multiplied by|multiplied with] {b}",
        "what is the product of {a} and {b}", "what [do|will|would] I get if I multiply {a} [by|with|and] {b}",
        "what [do|would|will] {b} lots of {a} make", "how much are {a} times {b}", "what [is|comes out] {a} multiplied by {b}",
        "{a} times {b} [is|makes|gives] [what|how much]", "what [makes|gives] {a} times {b}",
        "how much is {b} times as much as {a}",
        "what is {a} by {b} [multiplied|as a product]",
        "if I take {a} and multiply by {b}, what is it", "there are {a} rows with {b} in each, how many is that",
        "how many are {a} groups of {b}", "what number is {a} times as large as {b}",
        "I have {a} boxes of {b}, how many is that in all", "what does {a} multiplied by {b} come to",
        "what is the result when {a} is multiplied by {b}", "two numbers, {a} and {b}: what is their product",
        "{a} and {b} multiplied give what", "what would {a} times {b} be", "what do I get for {a} times {b}",
        "if each of {a} people has {b}, how much is that in all", "to what does {a} times {b} come",
        "if one costs {b}, how much are {a}"],
    do=["multiply {a} by {b}", "multiply {a} [and|with] {b}", "calculate {a} [x|*|times] {b}",
        "[compute|work out|find|do] {a} [x|*|times] {b}",
        "[find|tell me|give me|work out|compute] the product of {a} and {b}", "take {a} [times {b}|{b} times]",
        "solve {a} * {b}[ =|]",
        "take {a} and multiply it by {b}", "form the product of {a} and {b}", "times {a} by {b}",
        "here are {a} and {b}. multiply them", "tell me how much {a} times {b} is",
        "write down the product of {a} and {b}", "count {a} groups of {b}", "let me have {a} times {b}",
        "take {b} and make it {a} times as large", "{a} and {b}: multiply the two", "add up {b} {a} times",
        "do this multiplication for me, {a} by {b}", "say what {a} multiplied by {b} is", "determine {a} times {b}"],
    bit=["{a}*{b}", "{a} * {b}", "{a} x {b}", "{a}x{b}", "{a} times {b}", "{a} x {b} =", "product of {a} and {b}",
         "the product {a} * {b}",
         "{a} multiplied by {b}", "{b} times {a}", "[result|answer] of {a}*{b}", "{a} * {b} = ?", "{a}\u00d7{b}",
         "{a} by {b}, multiplied", "{a} and {b} multiplied", "{a} times {b} equals", "{a} groups of {b}",
         "product: {a} and {b}", "multiplication: {a} times {b}", "{a} of {b} each, in all", "{a} sets of {b}",
         "a product: {a}, {b}", "{b} taken {a} times"])
DIV = dict(
    wh=["what is {a} / {b}", "what is {a} divided by {b}", "what's [{a} divided by {b}|{a}/{b}|{a} over {b}]",
        "how much is {a} [/|:|divided by] {b}",
        "how [often|many times] does {b} [go|fit] into {a}", "how many {b}s [are|fit] in {a}",
        "what [do|will|would] I get if I divide {a} by {b}",
        "what is the quotient of {a} and {b}", "how many times {b} is {a}",
        "{a} divided by {b} [is|makes|gives] [what|how much]",
        "how much does each get if {a} is shared [among|by|between] {b}",
        "how big is each part if {a} is cut into {b} [equal |]parts",
        "what is one of {b} equal parts of {a}",
        "if {a} is split evenly by {b}, what is one part", "what does {a} divided by {b} come to",
        "I have {a} and divide it by {b}, what do I get", "what would {a} divided by {b} be",
        "two numbers, {a} and {b}: what is the first divided by the second", "how often can I take {b} from {a}",
        "how many groups of {b} can be made from {a}", "if {b} people get {a} in all, how much has each",
        "what is the result when {a} is divided by {b}", "{b} goes into {a} how many times",
        "how much is one share if {a} go to {b} people"],
    do=["divide {a} by {b}", "calculate {a} [/|:|divided by] {b}", "[compute|work out|find|do] {a} [/|:|divided by] {b}",
        "share {a} [equally |fairly |]among {b}", "split {a} into {b} equal parts",
        "[find|give me|work out] the quotient of {a} and {b}",
        "solve {a} / {b}[ =|]", "cut {a} into {b} equal parts",
        "here is {a}. divide it by {b}", "tell me how much {a} divided by {b} is", "take {a} and divide it by {b}",
        "do the division {a} by {b}", "find out how often {b} fits into {a}", "form the quotient of {a} and {b}",
        "let me have {a} divided by {b}", "make {b} equal parts of {a}", "write down what {a} divided by {b} is"],
    bit=["{a}/{b}", "{a} / {b}", "{a} : {b}", "{a} divided by {b}", "{a} over {b}", "quotient of {a} and {b}", "{a} / {b} =",
         "{a} shared by {b}", "{b} into {a}",
         "{a} split by {b}", "division: {a} by {b}", "the quotient {a} / {b}", "{a} in {b} equal parts",
         "{a} / {b}, the answer", "{a} parted by {b}", "{a} by {b}, divided"])
REST = ["[with|and] the [remainder|rest]", "with remainder", "[and|,] what is [left|left over|the remainder|the rest]",
        "as a whole number with remainder", "and say what [remains|is left]", "keep the remainder",
        "[give|tell me|with] the rest too",
        "and what remains", "don't forget the rest", "in whole numbers, with the rest", "and tell me what does not fit",
        "with what is left at the end", "I want the remainder too", "no decimals, give the remainder"]


def sentence(expression, gold):
    return "%s = %s." % (expression, gold)


def done(r, task, grammar, a, b, sign, lines, g):
    e = "%d %s %d" % (a, sign, b)
    q = ask(r, **grammar, a=a, b=b)
    return S(task, q, slipped(r, lines), sentence(e, g), str(g), g)


def two(r):
    """Two numbers of at most six digits, of like size more often than not."""
    d = r.choice([1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6])
    return number(r, max(1, d - 1), d), number(r, 1 if r.random() < .3 else max(1, d - 1), d)


def t_add(r):
    a, b = two(r)
    lines = add_columns(a, b) if max(a, b) > 9 else ["%d+%d=%d" % (a, b, a + b)]
    if r.random() < .12:
        lines.append("check: %d-%d=%d, right" % (a + b, b, a))
    return done(r, "add", ADD, a, b, "+", lines, a + b)


def t_sub(r):
    a, b = two(r)
    if a < b and r.random() < .85:
        a, b = b, a
    s = SUB
    if a < b:  # only what can be meant: no "left", no "difference"
        s = dict(do=SUB["do"][:3], bit=SUB["bit"][:4], wh=SUB["wh"][:2])
    lines = sub_columns(a, b) if max(a, b) > 9 else ["%d-%d=%d" % (a, b, a - b)]
    if r.random() < .12:
        lines.append("check: %d+%d=%d, right" % (a - b, b, a))
    return done(r, "sub", s, a, b, "-", lines, a - b)


def t_mul(r):
    x = r.random()
    if x < .25:
        a, b = r.randint(2, 12), r.randint(2, 12)
    elif x < .42:
        a, b = number(r, 2, 2), r.randint(2, 9)
    elif x < .60:
        a, b = number(r, 3, 3), r.randint(2, 9)
    elif x < .82:
        a, b = number(r, 2, 2), number(r, 2, 2)
    else:
        a, b = number(r, 3, 3), number(r, 2, 3)
    if r.random() < .5:
        a, b = b, a
    lines = ["%d*%d=%d" % (a, b, a * b)] if max(a, b) <= 12 else product(a, b)
    return done(r, "mul", MUL, a, b, "*", lines, a * b)


def t_div(r):
    if r.random() < .4:
        b, c = r.randint(2, 12), r.randint(2, 12)
        return done(r, "div", DIV, b * c, b, "/", [small_quotient(b * c, b)], c)
    b, a = r.randint(2, 12), r.choice([r.randint(10, 120), r.randint(10, 999)])
    g, rest = a // b, a % b
    lines = long_division(a, b) if g > 12 else [small_quotient(a, b)]
    e = "%d / %d" % (a, b)
    if not rest:
        return S("div", ask(r, **DIV, a=a, b=b), lines, sentence(e, g), str(g), g)
    q = ask(r, **DIV, a=a, b=b)
    if r.random() < .5:
        q = q.rstrip("?.!") + r.choice([" ", ", "]) + say(r, REST) + r.choice(["?", "", "."])
    return S("div", q, lines, "%s = %d remainder %d." % (e, g, rest), "%d remainder %d" % (g, rest))


PRIME = dict(wh=["is {n} [a|] prime[ number|]", "is {n} [prime|a prime number|a prime] or not",
                 "does {n} have no divisors [but|besides] 1 and itself",
                 "is the number {n} [prime|a prime]", "could {n} be [prime|a prime number]",
                 "{n}[,| :] is [it|that] [prime|a prime number]",
                 "is {n} divisible by nothing but 1 and itself", "[prime|a prime] or not: {n}",
                 "would {n} count as a prime", "what is {n}, prime or not", "is it true that {n} is prime",
                 "do you think {n} is a prime number", "has {n} only the divisors 1 and {n}",
                 "does {n} belong to the primes", "is {n} one of the prime numbers"],
             do=["[check|find out|test|decide|tell me] [if|whether] {n} is [a |]prime[ number|]",
                 "[check|test] {n} for [being prime|primality]",
                 "say if {n} is a prime[ number|]", "find out whether {n} is prime or not",
                 "see if {n} is a prime", "I have the number {n}. tell me whether it is prime",
                 "look at {n} and say if it is prime", "judge: is {n} prime", "try to divide {n} and say if it is prime",
                 "answer whether {n} is a prime number", "make sure if {n} is prime"],
             bit=["{n} prime", "{n}, prime or not", "prime[ number|]: {n}", "is {n} prime or composite", "{n}: prime number",
                  "prime check: {n}", "prime test for {n}", "the number {n}, a prime", "{n}, is that prime",
                  "prime {n} yes or no"])
FACTORS = dict(wh=["what are the [factors|divisors] of {n}", "which numbers divide {n}",
                   "what [divides|goes into] {n} [evenly|without remainder]",
                   "which are the [factors|divisors] of {n}", "what numbers is {n} divisible by",
                   "by [what|which numbers] can {n} be divided",
                   "what can {n} be divided by", "what divisors does {n} have", "which numbers go into {n}",
                   "which whole numbers are divisors of {n}", "what are all the numbers that divide {n}",
                   "by which numbers is {n} divisible"],
               do=["[list|find|give|name|write down|show] [all |]the [factors|divisors] of {n}",
                   "find all numbers that divide {n}",
                   "list every divisor of {n}", "give me all divisors of {n}",
                   "tell me every number that goes into {n}", "work out the divisors of {n}",
                   "look for all factors of {n}", "say by which numbers {n} can be divided", "collect the factors of {n}"],
               bit=["[factors|divisors] of {n}", "all [factors|divisors] of {n}", "{n}: all its factors",
                    "the divisors of {n}",
                    "divisors: {n}", "{n} and its divisors", "every factor of {n}", "the list of factors of {n}",
                    "numbers that divide {n}"])
PFACTORS = dict(wh=["what are the prime factors of {n}", "what is the prime factorization of {n}", "which primes make up {n}",
                    "what primes multiply to {n}", "how is {n} written as a product of primes",
                    "which primes are in {n}", "into which primes does {n} split",
                    "what does {n} look like in prime factors", "which prime numbers multiplied give {n}",
                    "of what primes is {n} made"],
                do=["[find|give|list|write] the prime factors of {n}", "factor {n}[ into primes|]", "factorize {n}",
                    "split {n} into prime factors",
                    "write {n} as a product of primes", "break {n} into prime factors", "decompose {n} into primes",
                    "take {n} apart into primes", "tell me which primes multiply to {n}",
                    "do the prime factorization of {n}", "find the primes that make {n}", "show {n} as primes multiplied"],
                bit=["prime factors of {n}", "prime factorization of {n}", "{n} as a product of primes", "{n} in primes",
                     "prime factors: {n}", "{n} split into primes", "{n} as primes", "factorization of {n}"])


def t_prime(r):
    x = r.random()
    if x < .5:
        n = r.choice([r.randint(2, 120), r.randint(2, 999)])
        if r.random() < .3:
            n = r.choice([p for p in range(2, 200) if all(p % k for k in range(2, p))])
        if n in (2, 3):
            lines, p = ["%d is a small prime" % n], n
        else:
            lines, p = prime_lines(n)
        yes = p == n
        lines.append("so prime" if yes else "so %d divides it" % p)
        ans = "Yes, %d is a prime number." % n if yes else "No, %d is not prime: %d * %d = %d." % (n, p, n // p, n)
        return S("prime", ask(r, **PRIME, n=n), lines, ans, "Yes," if yes else "No,", yes)
    if x < .75:
        n, k, lines, low, high = r.choice([r.randint(4, 60), r.randint(4, 150)]), 1, [], [], []
        while k * k <= n:
            if n % k == 0:
                low.append(k)
                high.insert(0, n // k)
            lines.append(prime_line(n, k) if k > 1 else "1*%d=%d" % (n, n))
            k += 1
        v = low + [h for h in high if h not in low]
        g = ", ".join(map(str, v))
        return S("prime", ask(r, **FACTORS, n=n), lines, g + ".", g, v)
    n = 1
    while n < r.choice([6, 20, 60]):
        n *= r.choice([2, 2, 2, 3, 3, 5, 7, 11])
    if n > 999:
        return t_prime(r)
    m, p, lines, v = n, 2, [], []
    while p * p <= m:
        lines.append(prime_line(m, p))
        if m % p:
            p += 1 if p == 2 else 2
        else:
            v.append(p)
            m //= p
    v.append(m)
    lines.append("%d is prime" % m)
    g = " * ".join(map(str, v))
    ans = "%d = %s." % (n, g) if len(v) > 1 else "%d is a prime number." % n
    return S("prime", ask(r, **PFACTORS, n=n), lines, ans, g, v)


SUM3 = dict(wh=["what is {j}", "what is the [sum|total] of {l}", "how much is {j}", "what do {l} [make|give|add up to]",
                "how much are {l} together",
                "{l} [make|is|are] how much",
                "what do I get if I add {l}", "what is the sum if I have {l}", "how much is it in all: {l}",
                "{j} is how much", "what comes out for {j}", "if I put {l} together, how much is it",
                "the numbers {l} add up to what", "I bought things for {l}. what is the total"],
            do=["add {l}", "add up {l}", "calculate {j}", "[find|work out] the sum of {l}", "sum up {l}", "[total|sum] {l}",
                "put {l} together",
                "here are {l}. add them", "tell me the total of {l}", "work out {j}", "take {l} and add them all",
                "give me the sum of {l}", "write down what {j} is", "count {l} together", "do the sum {j}"],
            bit=["{j}", "{j} =", "sum of {l}", "{l} [together|in total|added up]", "{j}=?",
                 "{l} in one sum", "total of {l}", "{j}, the total", "{l}, all added", "sum: {j}", "{j}, please add",
                 "{l}: the total"])


def t_sum3(r):
    v = [number(r, 1, 2) for _ in range(r.choice([3, 3, 4]))]
    lines, c = [], v[0]
    for x in v[1:]:
        lines.append(small_sum(c, x))
        c += x
    j = r.choice([" + ", "+", " plus "]).join(map(str, v))
    l = ", ".join(map(str, v[:-1])) + " and %d" % v[-1]
    return S("sum3", ask(r, **SUM3, j=j, l=l), lines,
             sentence(" + ".join(map(str, v)), c), str(c), c)


SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty""".split()


def t_numword(r):
    a, b, k = r.randint(0, 20), r.randint(0, 20), r.randrange(3)
    if k == 1 and a < b:
        a, b = b, a
    if k == 2:
        a, b = r.randint(2, 12), r.randint(2, 12)
    g, o = [a + b, a - b, a * b][k], "+-*"[k]
    g0 = (ADD, SUB, MUL)[k]
    no_sign = {f: [x for x in v if not any(c in x.split("{a}")[-1] + x for c in ("+", "*", "-", "}x", "\u00d7", " x "))]
               for f, v in g0.items()}
    q = ask(r, **no_sign, a=SMALL[a], b=SMALL[b])
    return S("numword", q, ["%s is %d, %s is %d" % (SMALL[a], a, SMALL[b], b), "%d%s%d=%d" % (a, o, b, g)],
             "%d %s %d = %d." % (a, o, b, g), str(g), g)


EVEN = dict(wh=["is {a} even or odd", "is {a} an [even|odd] number", "is the number {a} [odd or even|even or odd]",
                "is {a} [odd|even]",
                "would you call {a} even or odd", "does {a} count as even or odd",
                "what is {a}, even or odd", "is {a} an even number or an odd one", "do we call {a} odd or even",
                "what kind of number is {a}, even or odd", "{a} is even or odd, which one",
                "is {a} among the even or the odd numbers"],
            do=["[tell me|say|check|find out] [if|whether] {a} is [even or odd|odd or even]", "decide: {a}, even or odd",
                "say which it is for {a}, even or odd", "look at {a} and name it even or odd",
                "I have {a}. tell me if that is even or odd", "sort {a} into even or odd",
                "judge whether {a} is odd or even"],
            bit=["even or odd: {a}", "{a}, odd or even", "{a} even or odd", "{a}: odd or even",
                 "an even number or an odd one: {a}", "is it even: {a}, or odd", "even, odd: {a}",
                 "parity of {a}, even or odd", "odd number or even number, {a}"])
NEXT = dict(wh=["what comes next[:|,|] {l}", "what is [the next number|next] [in|after|of] {l}",
                "which number [follows|comes after] {l}", "what number [is|comes] next: {l}",
                "how does [it|this|the row] go on: {l}", "{l}[,|:] what is next", "{l}, and then what", "what follows {l}",
                "if the row is {l}, what is the next one", "I see {l}. which number is next",
                "what would be the next number in {l}", "after {l}, what comes", "how do I go on after {l}",
                "in the sequence {l}, what comes next", "what number would you write after {l}",
                "{l} and so on, what is next"],
            do=["continue[:|] {l}", "go on with {l}", "[give|tell] me the next number[:|] {l}",
                "continue the [row|series|sequence|pattern]: {l}", "complete {l}, ...", "find the next number of {l}",
                "say which number follows {l}", "add one more number to the row {l}",
                "look at {l} and name the next number", "keep going: {l}", "carry on with {l}",
                "work out what comes after {l}"],
            bit=["next number: {l}, ...", "{l}, ...", "{l} ... next[ one|]", "{l}, next", "what next after {l}",
                 "sequence {l}, next one", "the next one after {l}", "{l} and then", "row: {l}, ...",
                 "{l}, the next number"])
DOUBLE = dict(wh=["what is [double|twice|two times] {a}", "how much is [twice|double|two times] {a}",
                  "what do I get [if|when] I double {a}", "what is {a} doubled",
                  "how much is {a} [twice|doubled]", "what is the double of {a}",
                  "what is two times the number {a}", "if {a} is doubled, how much is it", "how much is {a} and {a} again",
                  "twice {a} is what", "what number is twice as big as {a}", "I have {a} and double it, what is that"],
              do=["double {a}", "[calculate|work out|find] [double|twice] {a}", "take {a} twice", "double the number {a}",
                  "make {a} twice as large", "tell me what twice {a} is", "give me the double of {a}",
                  "multiply {a} by two", "take {a} and double it"],
              bit=["[twice|double|two times] {a}", "{a} doubled", "the double of {a}", "{a} twice",
                   "{a} times two", "two lots of {a}", "twice the number {a}"])
HALF = dict(wh=["what is [half of|one half of|half] {a}", "how much is [half|one half|the half] of {a}",
                "what do I get [if|when] I halve {a}", "what is {a} halved",
                "what is the half of {a}",
                "if {a} is halved, how much is it", "half of {a} is what", "how much is {a} shared by two",
                "I have {a} and give half away, how much is left", "what number is half as big as {a}",
                "what is the middle between 0 and {a}"],
            do=["halve {a}", "[calculate|work out|find] half of {a}", "cut {a} in half", "take half of {a}",
                "split {a} into two equal parts and give me one", "tell me what half of {a} is", "divide {a} by two",
                "give me one half of {a}", "take {a} and halve it"],
            bit=["half of {a}", "{a} [cut in half|halved]", "[one|the] half of {a}", "half {a}",
                 "{a} split in two", "a half of {a}", "{a} divided in two equal parts", "fifty percent of {a}",
                 "{a} shared by two"])


def halving(a):
    """a is even."""
    if a <= 10:
        return ["%d+%d=%d" % (a // 2, a // 2, a)]
    t, o = a // 10 * 10, a % 10
    return ["%d/2=%d, %d/2=%d" % (t, t // 2, o, o // 2), "%d+%d=%d" % (t // 2, o // 2, a // 2)]


def t_facts(r):
    k = r.randrange(4)
    if k == 0:
        a = number(r, 1, 5)
        g = "odd" if a % 2 else "even"
        return S("facts", ask(r, **EVEN, a=a), ["last digit %d is %s" % (a % 10, g)], "%d is %s." % (a, g), g, g)
    if k == 1:
        a, d = r.randint(0, 40), r.choice([1, 2, 2, 3, 4, 5, 5, 6, 7, 10, 20, -1, -2, -3, -5, -10])
        n = r.randint(3, 5)
        if d < 0:
            a += 60
        v = [a + d * i for i in range(n)]
        lines = ["up, " + small_difference(v[1], v[0]) if d > 0 else "down, " + small_difference(v[0], v[1]),
                 "%d%+d=%d" % (v[-1], d, v[-1] + d)]
        return S("facts", ask(r, **NEXT, l=", ".join(map(str, v))), lines, "The next number is %d." % (v[-1] + d),
                 str(v[-1] + d), v[-1] + d)
    a = r.choice([r.randint(2, 50), r.randint(2, 99)])
    if k == 2:
        return S("facts", ask(r, **DOUBLE, a=a), [small_sum(a, a)], "Double %d is %d." % (a, 2 * a), str(2 * a), 2 * a)
    a = min(a, 50)
    return S("facts", ask(r, **HALF, a=2 * a), halving(2 * a), "Half of %d is %d." % (2 * a, a), str(a), a)


TASKS = [(t_add, 7), (t_sub, 9), (t_mul, 12), (t_div, 9), (t_prime, 9), (t_sum3, 3), (t_numword, 3), (t_facts, 6)]
