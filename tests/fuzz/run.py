#!/usr/bin/env python3
"""run.py FUZZER PLAIN: libFuzzer on one target, as TAP.

PLAIN is the same target as a program of its own: it writes the seeds and the
words.  TARN_FUZZ_SECONDS: how long (20; with TARN_SOAK 1800).
"""
import os
import subprocess
import sys
import tempfile

fuzzer, plain = sys.argv[1:3]
seconds = os.environ.get('TARN_FUZZ_SECONDS') or (
    '1800' if os.environ.get('TARN_SOAK') else '20')
seed = int(os.environ.get('TARN_SEED') or 1) % 2**31 or 1
name = os.path.basename(fuzzer)
with tempfile.TemporaryDirectory(prefix='tarn-fuzz-') as d:
    seeds, corpus = os.path.join(d, 'seeds'), os.path.join(d, 'corpus')
    words = os.path.join(d, 'words')
    os.mkdir(seeds)
    os.mkdir(corpus)
    subprocess.run([plain, '--seeds', seeds, words], check=True)
    keep = os.path.join(os.getcwd(), name + '-')
    r = subprocess.run(
        [fuzzer, '-max_total_time=' + seconds, '-seed=%d' % seed, '-timeout=20',
         '-rss_limit_mb=3000', '-malloc_limit_mb=2000', '-max_len=200000',
         '-dict=' + words, '-artifact_prefix=' + keep, '-print_final_stats=1',
         '-verbosity=1', corpus, seeds],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = r.stdout.decode('utf-8', 'replace').splitlines()
    runs = [x.split()[-1] for x in out if 'number_of_executed_units' in x]
    if r.returncode:
        for line in out[-60:]:
            print('# ' + line)
        print('# what failed was kept: %s*' % keep)
    print('# seed %d, %s runs in %s s' % (seed, runs[0] if runs else 'no',
                                        seconds))
    print('%s 1 - %s\n1..1' % ('not ok' if r.returncode else 'ok', name))
    sys.exit(1 if r.returncode else 0)
