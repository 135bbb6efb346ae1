#!/usr/bin/env python3
"""Encoding takes instructions in proportion to the text, whatever is in it.

  encode_cost.py ENCODE_COST VOCAB BUILDTYPE

Callgrind counts a text of each kind at 32 KiB (with TARN_SOAK: 1 MiB) and at
8 times as much, which may take 10 times as many.  A build that is not
"release" and a machine without valgrind are skipped.  Prints TAP.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from callgrind import count_each, need  # noqa: E402
from tap import check, done  # noqa: E402

PROGRAM, VOCAB, BUILD = sys.argv[1:4]
KIB = 1024 if os.environ.get("TARN_SOAK") else 32

need(BUILD)
counts, said = count_each([PROGRAM, VOCAB, str(KIB)], "tarn_text_encode")
kinds = [line.split(":")[0] for line in said.splitlines()]
check("%d kinds, each counted twice" % len(kinds),
      len(kinds) >= 15 and len(counts) == 2 * len(kinds), str(len(counts)))
for kind, a, b in zip(kinds, counts[::2], counts[1::2]):
    print("# %s: %.2f million, %.0f a byte, ratio %.2f" % (
        kind, b / 1e6, b / (8 * KIB << 10), b / a))
    check(kind + " in linear time", b <= 10 * a, "%d, then %d" % (a, b))
done()
