#!/usr/bin/env python3
"""Counts tests for ./check.

tally.py NAME LOG.json RESULTS   adds the tests of one `meson test` run, prints
                                 the logs of those that failed
tally.py --end RESULTS           prints the sums; exit code 1 if any failed

A TAP program counts once per subtest, and once more when it failed without a
failing subtest (a crash, a missing plan, a time limit); others count as one.
"""
import json
import re
import sys

MAX_LOG = 6000  # characters of one failed test that are shown
LINE = re.compile(r'^(not ok|ok)\b\s*\d*\s*(?:-\s*)?(.*)$')
DIRECTIVE = re.compile(r'#\s*(SKIP|TODO)\b', re.I)


def read_tap(text):
    """(passed, failed names, skipped) of a TAP program's output."""
    passed, failed, skipped = 0, [], 0
    for line in text.splitlines():
        m = LINE.match(line)
        if not m:
            if re.match(r'^1\.\.0\b.*#\s*skip', line, re.I):
                skipped += 1
            continue
        directive = DIRECTIVE.search(m.group(2))
        if directive:
            skipped += 1
        elif m.group(1) == 'ok':
            passed += 1
        else:
            failed.append(m.group(2).strip())
    return passed, failed, skipped


def count(entry):
    """(passed, failed, skipped) of one test program."""
    out = entry.get('stdout') or ''
    result = entry['result']
    if result == 'SKIP':
        return 0, 0, 1
    good = result in ('OK', 'EXPECTEDFAIL')
    if re.search(r'^1\.\.\d+', out, re.M) or LINE.search(out):
        passed, failed, skipped = read_tap(out)
        if good and failed:
            good = False
        if not good and not failed:
            failed = [result]
        return passed, len(failed), skipped
    return (1, 0, 0) if good else (0, 1, 0)


def show(build, entry):
    print('\n-- FAILED: %s in build %s: %s after %.1f s' % (
        entry['name'], build, entry['result'], entry.get('duration') or 0))
    text = (entry.get('stdout') or '') + (entry.get('stderr') or '')
    # Failing checks stand before their "not ok"; the end says how it died.
    lines = text.splitlines()
    keep = [l for l in lines if not re.match(r'^ok\b', l)]
    text = '\n'.join(keep)
    if len(text) > MAX_LOG:
        text = text[:MAX_LOG // 2] + '\n   ...\n' + text[-MAX_LOG // 2:]
    print(text)


def add(build, log, results):
    n, sums = 0, [0, 0, 0]
    with open(log, encoding='utf-8', errors='replace') as f:
        entries = [json.loads(line) for line in f if line.strip()]
    with open(results, 'a', encoding='utf-8') as out:
        for e in entries:
            n += 1
            c = count(e)
            sums = [a + b for a, b in zip(sums, c)]
            out.write('tests\t%s\t%s\t%d\t%d\t%d\n' % (
                build, e['name'], c[0], c[1], c[2]))
            if c[1]:
                show(build, e)
    slow = sorted(entries, key=lambda e: -(e.get('duration') or 0))[:3]
    print('%d programs, %d passed, %d failed, %d skipped; slowest: %s' % (
        n, *sums, ', '.join('%s %.1f s' % (
            e['name'].split(' / ')[-1], e.get('duration') or 0)
            for e in slow)))


def end(results):
    passed = failed = 0
    bad, skipped = [], []
    with open(results, encoding='utf-8') as f:
        for line in f:
            w = line.rstrip('\n').split('\t')
            if w[0] == 'passed':
                passed += 1
            elif w[0] == 'failed':
                failed += 1
                bad.append(w[1])
            else:
                passed += int(w[3])
                failed += int(w[4])
                if int(w[4]):
                    bad.append('%s (%s)' % (w[2], w[1]))
                if int(w[5]):
                    skipped.append('%s (%s)' % (w[2], w[1]))
    if skipped:
        print('skipped, wholly or in part: ' + ', '.join(skipped))
    if bad:
        print('failed: ' + ', '.join(bad))
    if passed + failed == 0:
        failed = 1  # nothing ran: that is no success
    print('%d passed, %d failed' % (passed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    if len(sys.argv) == 3 and sys.argv[1] == '--end':
        sys.exit(end(sys.argv[2]))
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    add(*sys.argv[1:])
