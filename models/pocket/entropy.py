"""Entropies, forks and hesitations of a model's thoughts, from traces that tarn writes.

  entropy.py TARN MODEL.gguf [N] [--show K]

The thoughts about N prompts of the generator (all of 1,000 that are one question) and
about those of eval/ (skills, outside): how unsure the tokens are; how many tokens of
1,000 are forks, how many hesitations begin by the pair in use (of the trace) and by
others, by the rule of core/trace; how many of the thoughts with one lead to a wrong
answer, and of those without.  --show K: K hesitations by the pair in use, in the thought.
"""
import argparse
import json
import os
import random
import subprocess
import tempfile

import judge
import tasks

PAIRS = ((1.25, .70), (1.0, .56), (.8, .45), (.6, .34), (.5, .28), (.4, .22), (.3, .17), (.2, .11))
FORK = 1.0


def hesitations(H, up, down):
    """[first, last] of each: the mean of the last 8 entropies opens one at `up`, closes it
    below `down`; one that opens within 24 tokens of the last one's end goes on with it."""
    out, is_open = [], False
    for t in range(7, len(H)):
        a = sum(H[t - 7:t + 1]) / 8
        if is_open:
            out[-1][1], is_open = t, a >= down
        elif a >= up:
            is_open = True
            if out and t - out[-1][1] < 24:
                out[-1][1] = t
            else:
                out.append([t - 7, t])
    return out


class Thought:
    """What tarn thought and answered, by the file's own sampling."""

    def __init__(self, tarn, model, question):
        with tempfile.TemporaryDirectory() as d:
            p = subprocess.run([tarn, "run", model, "-p", question, "--trace", d + "/t", "-n", "900"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
            with open(os.path.join(d, "t"), encoding="utf-8", errors="replace") as f:
                t = json.load(f)
        k = [x for x in t["tokens"] if x[6] == 1 and not x[7] & 6]
        self.question, self.answer = question, p.stdout.decode().strip()
        self.H = [x[5] for x in k]
        self.text = [x[1] if isinstance(x[1], str) else bytes(x[1]).decode(errors="replace") for x in k]
        self.forks = sum(x[11] >= x[9] / 2 and x[5] >= FORK for x in k)
        self.sum, self.pair = t["summary"], tuple(t["hesitation_bits"])


def think(tarn, model, sets):
    """sets: name to how many (None: all); per set its thoughts, each with .right."""
    def one(question, good):
        t = Thought(tarn, model, question)
        t.right = good(t.answer)
        return t
    out = {}
    for name, n in sets.items():
        if name == "held":
            S = [s for s in judge.held_out(1000) if len(s["msgs"]) == 1][:n]
            out[name] = [one(judge.chat(s["msgs"])["messages"][-1]["content"], lambda a: tasks.judge(s, a)) for s in S]
        else:
            good = dict(skills=judge.right, outside=lambda c, o: judge.refused(o))[name]
            C = [c for c in judge.load(name) if len(c["ask"]) == 1 and "system" not in c][:n]
            out[name] = [one(c["ask"][0], lambda a: good(c, dict(answer=a, calls=""))) for c in C]
    return out


def wrong(T):
    return "%d, %.0f %% of them wrong" % (len(T), 100 * sum(not t.right for t in T) / max(1, len(T)))


def report(name, T):
    H = sorted(h for t in T for h in t.H)
    k = len(H)
    print("== %s: %s; %d tokens of thought" % (name, wrong(T), k))
    print("bits: mean %.3f, median %.4f, " % (sum(H) / k, H[k // 2]) + ", ".join("%g %% %.3f" % (q / 10, H[k * q // 1000]) for q in (800, 900, 950, 990, 999)))

    def line(what, counts):
        hit = [t for t, c in zip(T, counts) if c]
        print("%s: %d, %.2f per 1,000 tokens; thoughts with one: %s; without: %s" % (what, sum(counts), 1000 * sum(counts) / k, wrong(hit), wrong([t for t, c in zip(T, counts) if not c])))
    line("forks", [t.forks for t in T])
    line("hesitations, as tarn counts (%g, %g)" % T[0].pair, [t.sum["hesitations"] for t in T])
    for pair in PAIRS:
        line("  by %.2f, %.2f" % pair, [len(hesitations(t.H, *pair)) for t in T])


def show(T, n):
    P = [(t, at) for t in T for at in hesitations(t.H, *t.pair)]
    random.Random(5).shuffle(P)
    for i, (t, (a, b)) in enumerate(P[:n], 1):
        marked = "".join("%s%s%s%s" % ("[" * (j == a), x, "{%.1f}" % h if a <= j <= b and h >= .5 else "", "]" * (j == b)) for j, (x, h) in enumerate(zip(t.text, t.H)))
        print("## %d, %s | %s\n%s\n=> %s" % (i, "right" if t.right else "wrong", t.question, marked.strip(), t.answer))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("tarn")
    a.add_argument("model")
    a.add_argument("n", nargs="?", type=int, default=1000)
    a.add_argument("--show", type=int, default=0)
    a = a.parse_args()
    sets = think(a.tarn, a.model, dict(held=a.n, skills=None, outside=None))
    sets["all"] = sum(sets.values(), [])
    for name, T in sets.items():
        report(name, T)
    show(sets["all"], a.show)


if __name__ == "__main__":
    main()
