"""Judges a model file by tarn itself (build/tests/pocket/pocket_answers).

  judge.py ANSWERS MODEL.gguf SET... [--n N] [--sampling T K P SEED] [--bad]

  held      N prompts (1,000) of the generator, seed and wordings apart from training
  trained   the same in wordings of training
  outside   eval/outside.jsonl        skills   eval/skills.jsonl
  cut       as held, the thought closed after half of its usual length

--bad prints what failed; outside prints every answer, to be read.
"""
import argparse
import collections
import json
import os
import re
import subprocess

import tasks
from tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 987654
TOKENIZER = Tokenizer()


# ------------------------------------------------------------------- prompts
def split_tools(text):
    """A system message with a tool list: what stands before it, the list."""
    at = text.find("List of tools: ")
    if at < 0:
        return text, None
    inside = re.sub(r"<\|tool_list_(start|end)\|>", "", text[at + 15:])
    return re.sub(r"\n*Today's date: [-0-9]*\n*", "", text[:at]).rstrip("\n"), inside


def chat(msgs, budget=0):
    """The program's form of a sample's turns.  A chat has no place for the calls
    of earlier turns yet, so such a sample is given as ids."""
    out, line = [], {}
    for role, text in msgs:
        if role == "system":
            text, tools = split_tools(text)
            if tools:
                line["tools"] = tools
            if not text:
                continue
        if role == "tool":
            line["ids"] = TOKENIZER.encode(tasks.prompt(msgs))
        out.append(dict(role=role, content=tasks.clean(text)))
    line["messages"] = out[:1] if "ids" in line else out
    if budget:
        line["budget"] = budget
    return line


def answers(program, model, lines, sampling=()):
    text = "".join(json.dumps(x) + "\n" for x in lines)
    p = subprocess.run([program, model] + [str(x) for x in sampling], input=text.encode(), stdout=subprocess.PIPE, check=True)
    out = [json.loads(x) for x in p.stdout.decode().splitlines()]
    assert len(out) == len(lines)
    return out


def held_out(n, held=True):
    """n samples, every task by turns; held: each says something that training never does."""
    r, out, fs = tasks.R(SEED + held), [], [f for f, _ in tasks.TASKS]
    r.held = held
    while len(out) < n:
        r.hits = 0
        s = tasks.sample(r, fs[len(out) % len(fs)])
        if not held or r.hits:
            out.append(dict(s, kind=fs[len(out) % len(fs)].__name__[2:]))
    return out


# ------------------------------------------------------------------- judging
def said(o):
    """The answer as training writes it: a call between its marks."""
    if o["calls"]:
        inner = o["calls"].strip()
        inner = re.sub(r"^<\|tool_call_start\|>|<\|tool_call_end\|>$", "", inner)
        return "<|tool_call_start|>%s<|tool_call_end|>" % inner
    return o["answer"].strip()


def well_formed(o):
    a = said(o)
    return o["stop"] == "end" and bool(a) and len(a) < 400 and o["loops"] == 0 and "<think>" not in a and a.count("\ufffd") == 0


def table(rows):
    """rows: (kind, right)"""
    per = collections.OrderedDict()
    for k, g in rows:
        per.setdefault(k, []).append(g)
    print(" ".join("%s %d/%d" % (k, sum(v), len(v)) for k, v in per.items()))
    worst = min(per, key=lambda k: sum(per[k]) / len(per[k]))
    print("all: %.1f %% of %d; worst task %s %.0f %%" % (100 * sum(g for _, g in rows) / len(rows), len(rows), worst, 100 * sum(per[worst]) / len(per[worst])))


def judge_held(ask, n, held, bad, budgets=None):
    S = held_out(n, held)
    O = ask([chat(s["msgs"], budgets[i] if budgets else 0) for i, s in enumerate(S)])
    good = [well_formed(o) if budgets else tasks.judge(s, said(o)) for s, o in zip(S, O)]
    table([(s["kind"], g) for s, g in zip(S, good)])
    calls = [g for s, g in zip(S, good) if s["task"] == "tool"]
    if calls and not budgets:
        print("tool calls: %.1f %% of %d" % (100 * sum(calls) / len(calls), len(calls)))
    for s, o, g in zip(S, O, good):
        if bad and not g:
            print("## %s | %s | want %s\n%s\n=> %s" % (s["kind"], tasks.clean(s["msgs"][-1][1]), s["gold"], o["thought"].strip(), said(o)))
    return sum(good) / len(good), S, O


def judge_cut(ask, n, bad):
    """Budgets: half of the thought's own length."""
    S = held_out(n)
    O = ask([chat(s["msgs"]) for s in S])
    rate, S, O = judge_held(ask, n, True, bad, [max(2, o["thought_tokens"] // 2) for o in O])
    right = sum(tasks.judge(s, said(o)) for s, o in zip(S, O))
    print("well formed: %.1f %%; right all the same: %.1f %%; loops: %d" % (100 * rate, 100 * right / n, sum(o["loops"] for o in O)))
    return rate


def load(name):
    return [json.loads(x) for x in open(os.path.join(HERE, "eval", name + ".jsonl"), encoding="utf-8")]


def history(ask, cases):
    """Each case's turns one after the other; the last outputs."""
    msgs = [[("system", c["system"])] if "system" in c else [] for c in cases]
    last = [None] * len(cases)
    for k in range(max(len(c["ask"]) for c in cases)):
        at = [i for i, c in enumerate(cases) if k < len(c["ask"])]
        for i in at:
            msgs[i].append(("user", cases[i]["ask"][k]))
        for i, o in zip(at, ask([chat(msgs[i]) for i in at])):
            last[i] = o
            msgs[i].append(("assistant", said(o)))
    return last


REFUSED = re.compile("cannot help|beyond me|only handle whole numbers|only understand English|did not understand|can be wrong")


def refused(o):
    return bool(REFUSED.search(said(o))) and not o["calls"]


def judge_outside(ask, bad):
    C = load("outside")
    O = history(ask, C)
    good = [refused(o) for o in O]
    print("refused: %d of %d" % (sum(good), len(C)))
    for c, o, g in zip(C, O, good):
        if bad or not g:
            print("%s %s\n     %s" % ("  " if g else "##", c["ask"][-1], said(o)))
    return sum(good) / len(C)


def has(a, word):
    return re.search(r"(?<![\w])" + re.escape(word) + r"(?![\w])", a, re.I if len(word) > 1 else 0) is not None


def right(c, o):
    a = said(o)
    want, form = c.get("any", [c["answer"]]), c.get("form")
    if refused(o):
        return False
    if form == "call":
        return a == "<|tool_call_start|>[%s]<|tool_call_end|>" % c["answer"]
    if form == "only":
        return a.rstrip(".").lower() == c["answer"].lower()
    if form == "bullets":
        return [x.strip("-* ") for x in a.splitlines() if x.strip()] == c["answer"].split(";") and all(x.lstrip()[:1] in "-*" for x in a.splitlines() if x.strip())
    if form == "json":
        try:
            return c["answer"] in re.findall(r"[\w-]+", json.dumps(json.loads(a)))
        except ValueError:
            return False
    if "also" in c and not has(a, c["also"]) or "without" in c and has(a, c["without"]):
        return False
    return any(has(a, w) for w in want)


def judge_skills(ask, bad):
    C = load("skills")
    O = history(ask, C)
    good = [right(c, o) for c, o in zip(C, O)]
    print("right: %d of %d; wrongly refused: %d" % (sum(good), len(C), sum(refused(o) for o in O)))
    for c, o, g in zip(C, O, good):
        if bad and not g:
            print("## %s | want %s\n%s\n=> %s" % (" // ".join(c["ask"]), c["answer"], o["thought"].strip(), said(o)))
    return sum(good) / len(C)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("answers")
    a.add_argument("model")
    a.add_argument("sets", nargs="+")
    a.add_argument("--n", type=int, default=1000)
    a.add_argument("--sampling", nargs=4, default=())
    a.add_argument("--bad", action="store_true")
    a = a.parse_args()

    def ask(lines):
        return answers(a.answers, a.model, lines, a.sampling)
    for name in a.sets:
        print("== %s" % name)
        if name == "outside":
            judge_outside(ask, a.bad)
        elif name == "skills":
            judge_skills(ask, a.bad)
        elif name == "cut":
            judge_cut(ask, a.n, a.bad)
        else:
            judge_held(ask, a.n, name == "held", a.bad)


if __name__ == "__main__":
    main()
