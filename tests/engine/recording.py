#!/usr/bin/env python3
"""Recording a turn with experts adds at most 2 % instructions.

  recording.py RECORDING_TEST POCKET.gguf BUILDTYPE [TOKENS]

Callgrind counts a turn on one thread without a record and with one, tokens
after tokens; what the engine does is in both.  A build that is not "release"
and a machine without valgrind are skipped.  Prints TAP.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import callgrind  # noqa: E402
from tap import check, done  # noqa: E402

PROGRAM, MODEL, BUILD = sys.argv[1:4]
TOKENS = sys.argv[4] if len(sys.argv) > 4 else "200"


def count(how, inside):
    return callgrind.count([PROGRAM, MODEL, TOKENS, how], inside,
                           "# %s tokens" % TOKENS)


callgrind.need(BUILD)
plain, recorded = count("none", "run_turn"), count("record", "run_turn")
written = count("write", "write_trace")
more = (recorded - plain) / plain * 100
print("# %s tokens: %d instructions, recorded %d (%+.2f %%); the file takes %d (%.2f %%)" % (
    TOKENS, plain, recorded, more, written, written / plain * 100))
check("recording adds at most 2 %", more <= 2)
done()
