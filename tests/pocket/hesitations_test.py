#!/usr/bin/env python3
"""The pair that opens and closes pocket's hesitations (docs/trace.md).

  hesitations_test.py TARN POCKET.gguf

Thoughts about held-out questions of the generator: what tarn counts is what
the rule, written again in models/pocket/entropy.py, gives for the entropies in the trace;
there are some hesitations and not many; the thoughts with one go wrong more often.
Prints TAP.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "models", "pocket"))
sys.dont_write_bytecode = True
import entropy  # noqa: E402


def main(argv):
    T = entropy.think(argv[0], argv[1], dict(held=None))["held"]
    tokens, counted = sum(len(t.H) for t in T), sum(t.sum["hesitations"] for t in T)
    rate = 1000 * counted / max(1, tokens)
    other = [t for t in T if len(entropy.hesitations(t.H, *t.pair)) != t.sum["hesitations"]]
    odd = {t.pair for t in T} ^ {(.5, .28)}
    hit, rest = [t for t in T if t.sum["hesitations"]], [t for t in T if not t.sum["hesitations"]]
    share = [sum(not t.right for t in X) / max(1, len(X)) for X in (hit, rest)]
    checks = ((not odd, "the traces say pocket's own pair %s" % (odd or "")),
              (not other, "counted by the rule %s" % [t.question for t in other]),
              (.1 <= rate <= 2, "%d hesitations in %d tokens, %.2f per 1,000" % (counted, tokens, rate)),
              (share[0] >= 2 * share[1], "%d thoughts with one, %.0f %% wrong; %d without, %.0f %%" % (len(hit), 100 * share[0], len(rest), 100 * share[1])))
    for n, (good, what) in enumerate(checks, 1):
        print("%sok %d - %s" % ("" if good else "not ", n, what))
    print("1..%d" % len(checks))
    return not all(good for good, _ in checks)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
