"""TAP for tests in Python: check() each thing, done() at the end.

A test that lies in a folder of tests/ finds it by
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
"""
import sys

MOST = 4000  # characters shown of what was seen
count = failed = 0


def check(name, good, seen=None):
    """One line; `seen` (any value) is shown when it is not good."""
    global count, failed
    count += 1
    failed += not good
    if not good and seen is not None:
        print('# ' + str(seen)[-MOST:].replace('\n', '\n# '))
    print('%s %d - %s' % ('ok' if good else 'not ok', count, name),
          flush=True)
    return good


def skip(name, why):
    """One line for a thing that can't be tried here."""
    global count
    count += 1
    print('ok %d - %s # SKIP %s' % (count, name, why), flush=True)


def skip_all(why):
    """The whole test can't be tried here."""
    print('1..0 # SKIP ' + why)
    sys.exit(0)


def done():
    """The plan's line; ends the program, 1 if anything failed."""
    print('1..%d' % count)
    sys.exit(failed > 0)
