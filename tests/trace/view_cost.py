#!/usr/bin/env python3
"""A display list of 10,000 tokens with the experts of 22 layers takes at most
20 million instructions, at every zoom.

  view_cost.py TRACE_VIEW BUILDTYPE

Callgrind counts each list alone.  A build that is not "release" and a machine
without valgrind are skipped.  Prints TAP.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from callgrind import count_each, need  # noqa: E402
from tap import check, done  # noqa: E402

PROGRAM, BUILD = sys.argv[1:3]
MOST, LISTS = 20000000, 72  # 18 zooms, all layers and one, two widths

need(BUILD)
found, said = count_each([PROGRAM, "count", str(LISTS)],
                         "tarn_trace_view_list")
print("# %d lists: %.2f million instructions on average, %.2f at most" % (
    len(found), sum(found) / len(found) / 1e6, max(found) / 1e6))
check("every list is counted", len(found) == LISTS and min(found) > 0)
check("a list takes at most %d million" % (MOST // 1000000),
      max(found) <= MOST)
done()
