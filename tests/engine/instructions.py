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
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM, MODEL, COMPILER, BUILD = sys.argv[1:5]
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                      "golden", "instructions.json")


def skip(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


def count():
    with tempfile.TemporaryDirectory() as folder:
        r = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no",
             "--toggle-collect=tarn_engine_bench",
             "--callgrind-out-file=" + os.path.join(folder, "out"),
             PROGRAM, MODEL, "--tokens"], capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", r.stderr)
    if r.returncode or not found:
        print(r.stderr)
        print("1..1\nnot ok 1 - callgrind runs")
        sys.exit(1)
    return int(found.group(1))


if BUILD != "release":
    skip("instructions are counted in release builds only")
if not shutil.which("valgrind"):
    skip("there is no valgrind")
golden = json.load(open(GOLDEN))
if COMPILER not in golden and "--write" not in sys.argv:
    skip("no number is known for " + COMPILER)
seen = count()
if "--write" in sys.argv:
    golden[COMPILER] = seen
    with open(GOLDEN, "w") as f:
        json.dump(golden, f, indent=1, sort_keys=True)
        f.write("\n")
want = golden[COMPILER]
good = abs(seen - want) <= want * 0.02
print("# %s: %d instructions, golden %d (%+.2f %%)" % (
    COMPILER, seen, want, 100 * (seen - want) / want))
print("%s 1 - 16 tokens take as many instructions as they did\n1..1" % (
    "ok" if good else "not ok"))
sys.exit(not good)
