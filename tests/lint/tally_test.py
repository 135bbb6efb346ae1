#!/usr/bin/env python3
"""Does ./check's count see every way to fail?  usage: tally_test.py TALLY.py"""
import json
import os
import subprocess
import sys
import tempfile

TALLY = sys.argv[1]
CASES = [  # what meson wrote, (passed, failed)
    ({'result': 'OK', 'stdout': 'ok 1 - a\nok 2 - b\n1..2\n'}, (2, 0)),
    ({'result': 'FAIL', 'stdout': 'ok 1 - a\nnot ok 2 - b\n1..2\n'}, (1, 1)),
    ({'result': 'OK', 'stdout': 'not ok 1 - a\n1..1\n'}, (0, 1)),
    ({'result': 'ERROR', 'stdout': 'ok 1 - a\n'}, (1, 1)),  # died after one
    ({'result': 'TIMEOUT', 'stdout': ''}, (0, 1)),
    ({'result': 'ERROR', 'stdout': '', 'stderr': 'crashed'}, (0, 1)),
    ({'result': 'OK', 'stdout': 'no TAP at all\n'}, (1, 0)),
    ({'result': 'FAIL', 'stdout': 'no TAP at all\n'}, (0, 1)),
    ({'result': 'SKIP', 'stdout': '1..0 # SKIP no display\n'}, (0, 0)),
    ({'result': 'OK', 'stdout': 'ok 1 - a # SKIP x\nok 2 - b\n1..2\n'},
     (1, 0)),
    ({'result': 'OK', 'stdout': 'not ok 1 - a # TODO later\n1..1\n'}, (0, 0)),
]
bad = 0
with tempfile.TemporaryDirectory() as top:
    log, results = os.path.join(top, 'log'), os.path.join(top, 'results')
    for i, (entry, want) in enumerate(CASES, 1):
        with open(log, 'w', encoding='utf-8') as f:
            f.write(json.dumps(dict(entry, name='t', duration=0.1)) + '\n')
        open(results, 'w').close()
        subprocess.run([sys.executable, TALLY, 'b', log, results], check=True,
                       stdout=subprocess.DEVNULL)
        r = subprocess.run([sys.executable, TALLY, '--end', results],
                           capture_output=True, text=True)
        last = r.stdout.splitlines()[-1]
        # nothing that ran is no success
        want_failed = want[1] or (1 if want == (0, 0) else 0)
        good = last == '%d passed, %d failed' % (want[0], want_failed) and \
            (r.returncode == 0) == (want_failed == 0)
        if not good:
            bad += 1
            print('# %s: %s' % (entry, last))
        print('%s %d - case %d, %s' % ('ok' if good else 'not ok', i, i,
                                       entry['result']))
print('1..%d' % len(CASES))
sys.exit(bad > 0)
