#!/usr/bin/env python3
"""The shipped model, judged by tarn (models/pocket/judge.py).

  pocket_test.py ANSWERS POCKET.gguf [--whole]

A sample of held-out prompts, of questions outside its skills and within them;
--whole: all of them (half of the held-out ones without TARN_SOAK), and cut
thoughts.  What is asked for is what the model
reached when it was made, less a little; models/pocket/README.md has the
figures.  Prints TAP.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "models", "pocket"))
sys.dont_write_bytecode = True
import judge  # noqa: E402
import tasks  # noqa: E402

#        sampled, whole: least shares of right answers
LEAST = {"held": (.80, .88), "outside": (.90, .95), "skills": (.80, .90), "cut": (.98, .99)}


def main(argv):
    program, model, whole = argv[0], argv[1], "--whole" in argv

    def ask(lines):
        return judge.answers(program, model, lines)
    got = {}
    S = judge.held_out(1000 if whole else 2 * len(tasks.TASKS))
    if whole and "TARN_SOAK" not in os.environ:
        S = S[::2]
    O = ask([judge.chat(s["msgs"]) for s in S])
    got["held"] = [tasks.judge(s, judge.said(o)) for s, o in zip(S, O)]
    every = 1 if whole else 8
    C = judge.load("outside")[::every]
    got["outside"] = [judge.refused(o) for o in judge.history(ask, C)]
    C = judge.load("skills")[::every]
    got["skills"] = [judge.right(c, o) for c, o in zip(C, judge.history(ask, C))]
    if whole:
        B = [max(2, o["thought_tokens"] // 2) for o in O]
        got["cut"] = [judge.well_formed(o) for o in ask([judge.chat(s["msgs"], b) for s, b in zip(S, B)])]
    bad = 0
    for n, (name, g) in enumerate(got.items(), 1):
        share, least = sum(g) / len(g), LEAST[name][whole]
        bad += share < least
        print("%sok %d - %s: %d of %d right # at least %.0f %%" % ("not " if share < least else "", n, name, sum(g), len(g), 100 * least))
    print("1..%d" % len(got))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
