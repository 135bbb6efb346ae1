#!/usr/bin/env python3
"""A display list of 10,000 tokens with the experts of 22 layers takes at most
20 million instructions, at every zoom.

  view_cost.py TRACE_VIEW BUILDTYPE

Callgrind counts each list alone.  A build that is not "release" and a machine
without valgrind are skipped.  Prints TAP.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM, BUILD = sys.argv[1:3]
MOST, LISTS = 20000000, 72  # 18 zooms, all layers and one, two widths
FUNCTION = "tarn_trace_view_list"


def skip(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


if BUILD != "release":
    skip("instructions are counted in release builds only")
if not shutil.which("valgrind"):
    skip("there is no valgrind")
with tempfile.TemporaryDirectory() as folder:
    r = subprocess.run(
        ["valgrind", "--tool=callgrind", "--collect-atstart=no",
         "--toggle-collect=" + FUNCTION, "--dump-after=" + FUNCTION,
         "--callgrind-out-file=" + os.path.join(folder, "out"),
         PROGRAM, "count", str(LISTS)], capture_output=True, text=True)
    found = []
    for path in glob.glob(os.path.join(folder, "out*")):
        with open(path, encoding="utf-8", errors="replace") as f:
            n = re.search(r"^(?:totals|summary): (\d+)", f.read(), re.M)
        if n and int(n.group(1)):
            found.append(int(n.group(1)))
if r.returncode or len(found) != LISTS:
    print("# %d lists of %d were counted" % (len(found), LISTS))
    for line in (r.stdout + r.stderr).splitlines()[-20:]:
        print("# " + line)
    print("1..1\nnot ok 1 - callgrind counts the lists")
    sys.exit(1)
good = max(found) <= MOST
print("# %d lists: %.2f million instructions on average, %.2f at most" % (
    LISTS, sum(found) / len(found) / 1e6, max(found) / 1e6))
print("1..1\n%sok 1 - a list takes at most %d million" % (
    "" if good else "not ", MOST // 1000000))
sys.exit(not good)
