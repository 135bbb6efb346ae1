#!/usr/bin/env python3
"""The same bits from every compiler, level of optimization, number of threads
and cut: pocket and a tiny mixture of experts in each weight type.

  golden_matrix.py SOURCE FOLDER [--build NAME] [--whole] [--write]

Builds tarn four times below FOLDER (gcc and clang, -O2 and -O3), makes the
models there, and compares SHA-256 of the logits of 520 rows with
tests/golden/matrix.json, for every exact backend that runs here but ref, with
1, 2, 3 and 7 threads and batches of 1, 2, 17, 256 and 512 rows; ref is asked
once per build.  Seven threads run on any machine: a library that is loaded
before says that there are eight processors.  --build: only that one, e.g.
gcc-O2.  --write makes the golden file anew from ref of gcc-O3.

Takes a quarter of an hour; does nothing without TARN_SOAK.  Prints TAP.
"""
import hashlib
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, '..', 'golden', 'matrix.json')
sys.path += [os.path.join(HERE, '..'), os.path.join(HERE, '..', 'oracle')]
from gguf_make import TYPES  # noqa: E402
from tap import check, done, skip_all  # noqa: E402

BUILDS = [(cc, level) for cc in ('gcc', 'clang') for level in ('-O3', '-O2')]
THREADS, CUTS = (1, 2, 3, 7), (1, 2, 17, 256, 512)
N_IDS = 520
EIGHT = """#define _GNU_SOURCE
#include <sched.h>
#include <string.h>
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    (void)pid;
    memset(set, 0, size);
    for (int i = 0; i < 8; i++)
        CPU_SET_S(i, size, set);
    return 0;
}
"""


def run(*args, **kw):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, **kw).stdout


def make_build(source, folder, cc, level):
    """The folder of a build; -O3 stands in the file of backends/cpu, so the
    compiler itself replaces it."""
    name = cc + level
    b = os.path.join(folder, name)
    wrapper = os.path.join(folder, 'cc-' + name)
    with open(wrapper, 'w') as f:
        f.write('#!/bin/bash\nexec %s%s "${@/#-O[0-9]/%s}"\n' % (
            os.environ.get('CCACHE', '') + ' ', cc, level))
    os.chmod(wrapper, 0o755)
    if not os.path.exists(os.path.join(b, 'build.ninja')):
        run('meson', 'setup', b, source, '-Dgui=disabled', '-Dweb=disabled',
            '-Dvulkan=disabled', env=dict(os.environ, CC=wrapper))
    targets = run('ninja', '-C', b, '-t', 'targets', 'all', text=True)
    plugins = [line.split(':')[0] for line in targets.splitlines()
               if line.startswith('plugins/tarn-') and '.so:' in line]
    run('ninja', '-C', b, 'tarn', *plugins)
    return b


def make_models(folder):
    for t in TYPES:
        path = os.path.join(folder, t + '.gguf')
        if not os.path.exists(path):
            run(sys.executable, os.path.join(HERE, '../oracle/gguf_make.py'),
                'moe-iq', path, '--mix', '.=' + t)
        yield t, path, 413
    yield 'pocket', os.path.join(HERE, '../../models/pocket/pocket.gguf'), 1000


def digest(tarn, path, vocab, env, *options):
    ids = ','.join(str((i * 97 + 13) % vocab) for i in range(N_IDS))
    return hashlib.sha256(run(tarn, 'logits', path, '--ids', ids, '--ctx',
                              '1024', *options, env=env)).hexdigest()


def pairs(turn, whole):
    """Threads and cuts; over four turns every pair comes up."""
    if whole:
        return [(t, c) for t in THREADS for c in CUTS]
    return [(THREADS[(turn + k) % len(THREADS)], c)
            for k, c in enumerate(CUTS)]


def check_build(name, b, models, golden, env, whole):
    """[what differs]"""
    tarn, wrong, n = os.path.join(b, 'tarn'), [], 0
    plugins = json.loads(run(tarn, 'backends', '--json', env=env))['plugins']
    exact = [p['name'] for p in plugins if p['state'] == 'ready' and
             all(d['exact'] for d in p['devices'])]
    said = json.loads(run(tarn, 'bench', models[-1][1], '-p', '1', '-n', '0',
                          '-r', '1',
                          '--threads', '7', '--read-memory', '0', '--json',
                          env=env))
    if said['threads'] != 7:
        wrong.append('7 threads are %d here' % said['threads'])
    for turn, (model, path, vocab) in enumerate(models):
        for backend in exact:
            for threads, cut in ([(1, 512)] if backend == 'ref' else
                                 pairs(turn, whole)):
                got = digest(tarn, path, vocab, env, '--backend', backend,
                             '--threads', str(threads), '--batch', str(cut))
                n += 1
                if got != golden[model]:
                    wrong.append('%s %s threads %d cut %d' % (
                        model, backend, threads, cut))
    print('# %s: %s: %d compared' % (name, ' '.join(exact), n), flush=True)
    return wrong


def main(argv):
    source, folder = (os.path.abspath(a) for a in argv[:2])
    only = argv[argv.index('--build') + 1] if '--build' in argv else None
    if not os.environ.get('TARN_SOAK'):
        skip_all('a quarter of an hour of builds and runs: with TARN_SOAK')
    os.makedirs(folder, exist_ok=True)
    shim = os.path.join(folder, 'eight.so')
    run('cc', '-shared', '-fPIC', '-x', 'c', '-', '-o', shim, text=True,
        input=EIGHT)
    env = dict(os.environ, LD_PRELOAD=shim, XDG_CACHE_HOME=folder)
    models = list(make_models(folder))
    if '--write' in argv:
        b = make_build(source, folder, *BUILDS[0])
        golden = {m: digest(os.path.join(b, 'tarn'), path, vocab, env,
                            '--backend', 'ref') for m, path, vocab in models}
        with open(GOLDEN, 'w') as f:
            json.dump(golden, f, indent=1)
            f.write('\n')
        return
    golden = json.load(open(GOLDEN))
    for cc, level in BUILDS:
        if only and cc + level != only:
            continue
        b = make_build(source, folder, cc, level)
        wrong = check_build(cc + level, b, models, golden, env,
                            '--whole' in argv)
        check(cc + ' ' + level, not wrong, '\n'.join(wrong))
    done()


if __name__ == '__main__':
    main(sys.argv[1:])
