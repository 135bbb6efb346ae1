#!/usr/bin/env python3
"""The tasks that pocket is trained on (models/pocket/tasks.py).

  tasks_test.py

Of every task some samples, in wordings of training and in those kept back: the
sample's own answer is judged right and another task's is not always, no mark of
the generator is left in what a person would read, no question is empty, the loss
bears on the thought and the answer and on nothing that a person says; every
quotient, product and remainder that a thought writes is true.  Prints TAP.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "models", "pocket"))
sys.dont_write_bytecode = True
import data  # noqa: E402
import tasks  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402

N = 40
SUM = re.compile(r"(?<![\w.:/*+-])(\d+)([-+*/])(\d+)=(\d+)(?![\d/*+:-])")
TOK = Tokenizer()


def wrong_sums(text):
    """Of whole numbers; columns carry (7+5+1=13) and are left alone."""
    out = []
    for a, o, b, c in SUM.findall(text):
        a, b, c = int(a), int(b), int(c)
        if not {"+": a + b == c, "-": a - b == c, "*": a * b == c, "/": b and a // b == c}[o]:
            out.append("%d%s%d=%d" % (a, o, b, c))
    return out


def faults(r, f, seen):
    s = tasks.sample(r, f)
    ids, weights = data.encode(TOK, r, dict(s, cut=False))
    answer, text = tasks.clean(s["ans"]), tasks.prompt(s["msgs"]) + tasks.target(s)
    seen.append(sum(weights) / len(weights))
    if not tasks.judge(s, answer):
        yield "%s is judged wrong: %s" % (s["gold"], answer)
    if tasks.judge(s, "no idea"):
        yield "anything is judged right, wanted %s" % s["gold"]
    if re.search("[\x01-\x06]", tasks.clean(text)) or re.search(r"{[a-z]}|\[[^\]\"{]*\|", s["msgs"][-1][1]):
        yield "a mark or a slot is left: %r" % s["msgs"][-1][1]
    if not all(m[1].strip() for m in s["msgs"]):
        yield "a message is empty: %r" % s["msgs"]
    if len(ids) != len(weights) or TOK.decode(ids) != tasks.clean(text):
        yield "encoded as %r" % TOK.decode(ids)
    last = TOK.encode(tasks.prompt(s["msgs"][-1:]))
    if s["msgs"][-1][0] == "user" and any(weights[len(ids) - len(TOK.encode(tasks.target(s))) - len(last) + 1:-len(TOK.encode(tasks.target(s)))]):
        yield "the loss bears on the question"
    if s["task"] not in ("add", "sub", "follow", "no_tool", "long", "other", "form"):
        for w in wrong_sums(re.sub("\x05[^\x06]*\x06", "", s["think"])):
            yield "%s in %r" % (w, s["think"])


def main():
    bad = n = 0
    for f, _ in tasks.TASKS:
        r, found, seen = tasks.R(17), [], []
        for k in range(N):
            r.held = k % 2 == 1
            found += faults(r, f, seen)
        n += 1
        bad += bool(found) or not seen
        print("%sok %d - %s, %.0f %% of the tokens weigh" % ("not " if found else "", n, f.__name__[2:], 100 * sum(seen) / len(seen)))
        for x in found[:5]:
            print("# " + x)
    print("1..%d" % n)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
