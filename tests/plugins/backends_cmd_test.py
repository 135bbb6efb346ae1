#!/usr/bin/env python3
"""tarn backends as a person and as a program use it.

usage: backends_cmd_test.py TARN STUBS
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
from tap import check, done, skip  # noqa: E402

TARN, STUBS = (os.path.abspath(a) for a in sys.argv[1:3])
POCKET = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      '../../models/pocket/pocket.gguf')
PLUGINS = os.path.join(os.path.dirname(TARN), 'plugins')


def tarn(*args, cwd=None, **env):
    e = dict(os.environ, XDG_CACHE_HOME=cache)
    e.pop('TARN_PLUGIN_DIR', None)
    e.update(env)
    r = subprocess.run([TARN, *args], cwd=cwd, env=e, text=True, timeout=300,
                       stdin=subprocess.DEVNULL, capture_output=True)
    return r


def listing(*args, **kw):
    r = tarn('backends', '--json', *args, **kw)
    return json.loads(r.stdout) if r.returncode == 0 else {'error': r.stderr}


with tempfile.TemporaryDirectory() as top:
    cache = os.path.join(top, 'cache')
    os.mkdir(cache)
    here = os.path.join(top, 'here')
    os.mkdir(here, 0o755)
    stub = os.path.join(here, 'stub.so')
    shutil.copy(os.path.join(STUBS, 'stub-good.so'), stub)
    os.chmod(stub, 0o755)

    d = listing()
    names = [p['name'] for p in d.get('plugins', [])]
    ready = [p for p in d.get('plugins', []) if p['state'] == 'ready']
    check('plugins beside the program are found', PLUGINS in d.get(
        'folders', []) and len(ready) > 0, d)
    check('the first one is chosen', d.get('chosen') == names[0], d)
    check('they were probed', all(not p['remembered'] and p['probe_ms'] > 0
                                  for p in ready), d)
    check('measured ones are ordered by speed', all(
        a['gmac_per_s'] * 1.25 > b['gmac_per_s']
        for a, b in zip(ready, ready[1:])), d)
    words = set(re.findall(r'^flags\s*:(.*)$', open('/proc/cpuinfo').read(),
                           re.M)[0].split()) if os.uname(
                               ).machine == 'x86_64' else set()
    amx = [p for p in d.get('plugins', []) if p['name'] == 'cpu-amx']
    if not amx or {'amx_tile', 'amx_int8'} <= words:
        skip('a build for tiles is left out by its note', 'it may run here')
    else:
        check('a build for tiles is left out by its note',
              amx[0]['state'] == 'refused' and
              'this processor has no' in amx[0]['reason'] and
              'AMX-TILE AMX-INT8' in amx[0]['reason'] and
              amx[0]['probe_ms'] == 0, amx)
        r = tarn('logits', POCKET, '--backend', 'cpu-amx', '--ids', '1')
        check('named, it is refused with 6 and one sentence',
              r.returncode == 6 and 'AMX-INT8' in r.stderr and
              r.stderr.count('\n') == 1, r)
    d = listing()
    check('the second time they are remembered', all(
        p['remembered'] for p in d['plugins'] if p['state'] == 'ready'), d)
    d = listing('--probe')
    check('--probe does it again', all(
        not p['remembered'] for p in d['plugins']), d)

    mark = os.path.join(top, 'mark')
    d = listing(cwd=here, TARN_TEST_MARK=mark)
    check('P01: the current folder is not searched',
          here not in d['folders'] and not os.path.exists(mark), d)
    d = listing('--plugin-dir', here)
    check('--plugin-dir is searched first', d['folders'][0] == here and any(
        p['name'] == 'stub' and p['state'] == 'aside'
        for p in d['plugins']), d)
    d = listing('--plugin-dir', here, '--backend', 'stub')
    check('a double is taken when it is named', any(
        p['name'] == 'stub' and p['state'] == 'ready'
        for p in d['plugins']), d)
    d = listing(TARN_PLUGIN_DIR='')
    check('an empty TARN_PLUGIN_DIR is none', 'error' not in d, d)
    e = dict(os.environ, XDG_CACHE_HOME=cache, TARN_PLUGIN_DIR='here')
    r = subprocess.run([TARN, 'backends'], cwd=top, env=e, text=True,
                       capture_output=True)
    check('a relative TARN_PLUGIN_DIR is refused', r.returncode == 2 and
          'absolute' in r.stderr, r)
    r = tarn('backends', '--plugin-dir', os.path.join(top, 'nowhere'))
    check('a folder that is not there is refused', r.returncode == 2 and
          r.stderr.count('\n') == 1, r)

    for name, words in (('segv', 'probe'), ('abi-new', 'ABI 2'),
                        ('no-note', 'no tarn note'),
                        ('wrong-numbers', 'calculates wrongly')):
        r = tarn('backends', '--check',
                 os.path.join(STUBS, 'stub-%s.so' % name))
        check('--check refuses %s with exit code 6 and a sentence' % name,
              r.returncode == 6 and words in r.stderr and
              r.stderr.count('\n') == 1, r)
    r = tarn('backends', '--check', stub, '--cases', '5')
    check('--check finds that a double makes its results up',
          r.returncode == 6 and 'FAILED' in r.stdout, r)
    r = tarn('backends', '--check', os.path.join(here, 'none.so'))
    check('--check of a file that is not there', r.returncode == 5 and
          r.stderr.count('\n') == 1, r)
    r = tarn('backends', '--check', ready[-1]['path'], '--cases', '5')
    check('the slowest of them passes --check', r.returncode == 0, r)
    r = tarn('backends')
    check('the list for people names each of them', all(
        x in r.stdout for x in names), r)
    r = tarn('logits', POCKET, '--backend', 'nobody', '--ids', '1')
    check('a backend that is not there is refused with 2',
          r.returncode == 2 and 'nobody' in r.stderr, r)
    ro = tarn('backends', '--json', XDG_CACHE_HOME='/proc/none')
    check('a cache that cannot be written is no error', ro.returncode == 0, ro)
done()
