#!/usr/bin/env python3
"""How many instructions 16 decoded tokens of a tiny model take.

  instructions.py DECODE_TEST MODEL COMPILER BUILDTYPE [--write]

Callgrind counts those inside tarn_engine_bench() on one thread; the golden
number of this compiler stands in tests/golden/instructions.json, 2 % of
difference are allowed.  A compiler without a number, a build that is not
"release" and a machine without valgrind are skipped.  --write sets this
compiler's number.  Prints TAP.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from callgrind import count, need  # noqa: E402
from tap import check, done, skip_all  # noqa: E402

PROGRAM, MODEL, COMPILER, BUILD = sys.argv[1:5]
GOLDEN = os.path.join(HERE, "..", "golden", "instructions.json")

need(BUILD)
golden = json.load(open(GOLDEN))
if COMPILER not in golden and "--write" not in sys.argv:
    skip_all("no number is known for " + COMPILER)
seen = count([PROGRAM, MODEL, "--tokens"], "tarn_engine_bench")
if "--write" in sys.argv:
    golden[COMPILER] = seen
    with open(GOLDEN, "w") as f:
        json.dump(golden, f, indent=1, sort_keys=True)
        f.write("\n")
want = golden[COMPILER]
print("# %s: %d instructions, golden %d (%+.2f %%)" % (
    COMPILER, seen, want, 100 * (seen - want) / want))
check("16 tokens take as many instructions as they did",
      abs(seen - want) <= want * 0.02)
done()
