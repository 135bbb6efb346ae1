#!/usr/bin/env python3
"""The SDK: tarn is installed into a folder, the example is built outside of the
tree against what was installed, and the installed tarn judges it.

usage: sdk_test.py BUILD SOURCE
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
from tap import check, done  # noqa: E402

BUILD, SOURCE = (os.path.abspath(a) for a in sys.argv[1:3])


def run(*args, **kw):
    env = dict(os.environ, **kw.pop('env', {}))
    env.pop('DESTDIR', None)
    env.update(kw.pop('more', {}))
    try:
        return subprocess.run(args, text=True, capture_output=True, env=env,
                              timeout=300, **kw)
    except OSError as e:
        return subprocess.CompletedProcess(args, 127, '', str(e))


def find(top, name):
    for root, _, names in os.walk(top):
        if name in names:
            return os.path.join(root, name)
    return None


with tempfile.TemporaryDirectory() as top:
    os.chmod(top, 0o755)
    dest = os.path.join(top, 'dest')
    cache = {'XDG_CACHE_HOME': os.path.join(top, 'cache')}
    os.mkdir(cache['XDG_CACHE_HOME'])
    r = run('meson', 'install', '-C', BUILD, '--no-rebuild',
            more={'DESTDIR': dest})
    check('it installs', r.returncode == 0, r)
    tarn, pc = find(dest, 'tarn'), find(dest, 'tarn-backend.pc')
    check('the program and tarn-backend.pc are there', tarn and pc, dest)

    r = run(tarn, 'backends', '--json', env=cache)
    d = json.loads(r.stdout) if r.returncode == 0 else {}
    check('the installed program finds the installed plugins',
          d.get('chosen') and all(p['path'].startswith(os.path.realpath(dest))
                                  for p in d['plugins']), r)

    example = os.path.join(top, 'example')
    shutil.copytree(os.path.join(SOURCE, 'plugins/example'), example)
    pkg = {'PKG_CONFIG_PATH': os.path.dirname(pc),
           'PKG_CONFIG_SYSROOT_DIR': dest}
    r = run('meson', 'setup', os.path.join(example, 'b'), example,
            '-Dwerror=true', env=pkg)
    check('the example is configured outside of the tree',
          r.returncode == 0, r.stdout + r.stderr)
    r = run('ninja', '-C', os.path.join(example, 'b'))
    check('the example builds without a warning', r.returncode == 0 and
          'warning' not in r.stdout, r.stdout)
    so = os.path.join(example, 'b', 'tarn-example.so')

    r = run(tarn, 'backends', '--check', so, '--cases', '50', env=cache)
    check('the example does what it claims', r.returncode == 0 and
          ' 0 failed' in r.stdout, r)
    r = run(tarn, 'backends', '--json', '--plugin-dir',
            os.path.dirname(so), env=cache)
    d = json.loads(r.stdout) if r.returncode == 0 else {'plugins': []}
    mine = [p for p in d['plugins'] if p['name'] == 'example']
    check('it is set aside, because it cannot run a whole model',
          len(mine) == 1 and mine[0]['state'] == 'aside' and
          'whole models' in mine[0]['reason'], mine)

    # --check must be able to fail: one wrong sign in the example
    c = os.path.join(example, 'example.c')
    with open(c, encoding='utf-8') as f:
        text = f.read()
    wrong = text.replace('tarn_silu(a[i]) * p->', 'tarn_silu(-a[i]) * p->')
    with open(c, 'w', encoding='utf-8') as f:
        f.write(wrong)
    r = run('ninja', '-C', os.path.join(example, 'b'))
    r = run(tarn, 'backends', '--check', so, '--cases', '50', env=cache)
    check('a wrong sign is found', wrong != text and r.returncode == 6 and
          'FAILED glu' in r.stdout, r)
done()
