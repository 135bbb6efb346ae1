"""Entropies and hesitations of a model's thoughts, from traces that tarn writes.

  entropy.py TARN MODEL.gguf [N]

Rates per 1,000 tokens of thought for the pair in use and for others (open, close in
bits), by the rule of core/trace.
"""
import json
import os
import subprocess
import sys
import tempfile

import judge
import tasks


def hesitations(H, up, down):
    """Mean of the last 8 entropies: opens at `up`, closes below `down`; one that opens
    within 24 tokens of the last one's end goes on with it."""
    n, is_open, closed = 0, False, None
    for t in range(7, len(H)):
        a = sum(H[t - 7:t + 1]) / 8
        if not is_open and a >= up:
            is_open = True
            n += closed is None or t - closed >= 24
        elif is_open and a < down:
            is_open, closed = False, t
    return n


def thought_entropies(tarn, model, line):
    user = line["messages"][-1]["content"]
    with tempfile.TemporaryDirectory() as d:
        subprocess.run([tarn, "run", model, "-p", user, "--trace", d + "/t", "--seed", "1", "-n", "900"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        t = json.load(open(d + "/t", encoding="utf-8", errors="replace"))
    return [x[5] for x in t["tokens"] if x[6] == 1 and not x[7]], t["summary"]["hesitations"]


def main(argv):
    n = int(argv[2]) if len(argv) > 2 else 200
    S = [s for s in judge.held_out(3 * n) if len(s["msgs"]) == 1][:n]
    got = [thought_entropies(argv[0], argv[1], judge.chat(s["msgs"])) for s in S]
    H = sorted(x for h, _ in got for x in h)
    k = len(H)
    print("%d thoughts, %d tokens; entropy: mean %.3f bits, median %.4f, 80 %% %.3f, 90 %% %.3f, 95 %% %.3f, 99 %% %.3f" %
          (len(got), k, sum(H) / k, H[k // 2], H[k * 8 // 10], H[k * 9 // 10], H[k * 95 // 100], H[k * 99 // 100]))
    print("hesitations that tarn counted: %d, %.2f per 1,000 tokens" % (sum(c for _, c in got), 1000 * sum(c for _, c in got) / k))
    for up, down in ((1.25, .70), (1.0, .55), (.8, .45), (.6, .35), (.5, .28), (.4, .22), (.3, .17), (.2, .11)):
        c = sum(hesitations(h, up, down) for h, _ in got)
        print("open %.2f close %.2f: %d, %.2f per 1,000 tokens" % (up, down, c, 1000 * c / k))


if __name__ == "__main__":
    main(sys.argv[1:])
