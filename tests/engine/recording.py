#!/usr/bin/env python3
"""Recording a turn with experts adds at most 2 % instructions.

  recording.py RECORDING_TEST POCKET.gguf BUILDTYPE [TOKENS]

Callgrind counts a turn on one thread without a record and with one, tokens
after tokens; what the engine does is in both.  A build that is not "release"
and a machine without valgrind are skipped.  Prints TAP.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM, MODEL, BUILD = sys.argv[1:4]
TOKENS = sys.argv[4] if len(sys.argv) > 4 else "200"


def skip(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


def count(how, inside):
    with tempfile.TemporaryDirectory() as folder:
        r = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no",
             "--toggle-collect=" + inside,
             "--callgrind-out-file=" + os.path.join(folder, "out"),
             PROGRAM, MODEL, TOKENS, how], capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", r.stderr)
    if r.returncode or not found or "# %s tokens" % TOKENS not in r.stdout:
        print(r.stdout + r.stderr)
        print("1..1\nnot ok 1 - callgrind runs")
        sys.exit(1)
    return int(found.group(1))


if BUILD != "release":
    skip("instructions are counted in release builds only")
if not shutil.which("valgrind"):
    skip("there is no valgrind")
plain, recorded = count("none", "run_turn"), count("record", "run_turn")
written = count("write", "write_trace")
more = (recorded - plain) / plain * 100
print("# %s tokens: %d instructions, recorded %d (%+.2f %%); the file takes %d (%.2f %%)" % (
    TOKENS, plain, recorded, more, written, written / plain * 100))
print("1..1\n%sok 1 - recording adds at most 2 %%" % ("" if more <= 2 else "not "))
sys.exit(more > 2)
