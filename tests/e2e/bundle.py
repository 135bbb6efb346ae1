#!/usr/bin/env python3
"""The folder that ./run --bundle makes, moved away and run on a system that has
nothing but what its README.txt names.

  bundle.py BUILD SOURCE

As Nehalem and Haswell (by qemu-user, as far as it is there) and on this
processor it takes the plugin that fits, never dies, and gives the same bits:
those of tests/golden.  The cache of one goes on to the next, as a home folder
does that is carried to another machine.  Prints TAP.
"""
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
from tap import check, done, skip  # noqa: E402

BUILD, SOURCE = (os.path.abspath(a) for a in sys.argv[1:3])
MAKE = os.path.join(SOURCE, 'plugins', 'bundle.py')
GOLDEN = json.load(open(os.path.join(SOURCE, 'tests/golden/logits.json')))
IDS = ','.join(map(str, [1, 6] + list(range(300, 346))))  # of golden_bits.py
PLACE = '/far/away/tarn folder'
def run(args, **kw):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=300, **kw)


def bundle(to):
    return run([sys.executable, MAKE, BUILD, SOURCE, to], text=True)


def check_errors(top):
    """Clear sentences, and nothing half-made is left behind."""
    full = os.path.join(top, 'full')
    os.mkdir(full)
    open(os.path.join(full, 'mine'), 'w').close()
    for what, to, code, words in (
            ('a folder that is not empty', full, 2, 'not empty'),
            ('a file', os.path.join(full, 'mine'), 2, 'no folder'),
            ('a folder in a folder that is not there',
             os.path.join(top, 'a/b'), 2, 'not there')):
        r = bundle(to)
        check('%s is refused' % what, r.returncode == code and words in r.stderr
              and r.stderr.count('\n') == 1, r)
    check('nothing was written', sorted(os.listdir(top)) == ['full'] and
          os.listdir(full) == ['mine'], os.listdir(top))
    small = os.path.join(top, 'small')
    os.mkdir(small)
    r = run(UNSHARE + ['sh', '-c', 'mount -t tmpfs -o size=1m none "$0" && '
                       '"$1" "$2" "$3" "$4" "$0/t"; r=$?; ls -A "$0"; exit $r',
                       small, sys.executable, MAKE, BUILD, SOURCE], text=True)
    if 'mount' in r.stderr or 'unshare' in r.stderr:
        skip('no room is said before anything is written', r.stderr.strip())
    else:
        check('no room is said before anything is written',
              r.returncode == 5 and 'are free' in r.stderr and
              r.stderr.count('\n') == 1 and not r.stdout, r)
    os.rmdir(small)


def libraries_of(path):
    """What the loader takes for a program of this machine: [path]."""
    text = run(['ldd', path], text=True).stdout
    return re.findall(r'(/\S+) \(0x', text)


def named_in_readme(where):
    """The libraries of the command and the plugins."""
    text = open(os.path.join(where, 'README.txt'), encoding='utf-8').read()
    part = re.search(r'The command and the plugins:\n(.*?)\n\s+\(', text, re.S)
    return part.group(1).split() if part else []


def find_library(name):
    for folder in ('/lib64', '/lib/x86_64-linux-gnu', '/usr/lib64',
                   '/lib/aarch64-linux-gnu', '/lib', '/usr/lib'):
        if os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)
    return None


def make_root(root, where):
    """A system with the libraries that the bundle names; sh and an emulator
    for the tests, with libraries of their own."""
    for folder in ('proc', 'tmp', 'home', 'bin', 'emulator'):
        os.makedirs(os.path.join(root, folder))
    missing = []
    for name in named_in_readme(where):
        at = find_library(name)
        if not at:
            missing.append(name)
            continue
        to = root + at
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copyfile(os.path.realpath(at), to)
        os.chmod(to, 0o755)
    shutil.copy('/bin/sh', os.path.join(root, 'bin/sh'))
    qemu = shutil.which('qemu-x86_64')
    for path in [qemu] + libraries_of(qemu) if qemu else []:
        to = os.path.join(root, 'emulator', os.path.basename(path))
        shutil.copyfile(os.path.realpath(path), to)
        os.chmod(to, 0o755)
    return missing


UNSHARE = ['unshare', '-m'] + ([] if os.geteuid() == 0 else ['-r'])


def chroot_possible(root):
    r = run(UNSHARE + ['sh', '-c', 'mount --rbind /proc "$0/proc" && '
                       'chroot "$0" /bin/sh -c "exit 0"', root], text=True)
    return r.returncode == 0 or r.stderr.strip()


class Machine:
    """The bundle on one kind of processor, in the root or, where no root can
    be changed into, beside it."""

    def __init__(self, root, cpu):
        self.root, self.cpu = root, cpu

    def tarn(self, *args):
        env = {'HOME': '/home', 'XDG_CACHE_HOME': '/tmp'}
        command = [PLACE + '/tarn', *args]
        if self.cpu:
            loader = [p for p in os.listdir(os.path.join(self.root, 'emulator'))
                      if p.startswith('ld-')][0]
            emulator = ['/emulator/' + loader, '--library-path', '/emulator',
                        '/emulator/qemu-x86_64', '-cpu', self.cpu]
            command = emulator + command
            env['TARN_PROBE_WRAPPER'] = ' '.join(emulator)
        r = run(UNSHARE + ['sh', '-c', 'ulimit -c 0; root=$1; shift; '
                           'mount --rbind /proc "$root/proc" && '
                           'exec "$CHROOT" "$root" "$@"', 'sh',
                           self.root] + command,
                env=dict(env, CHROOT=shutil.which('chroot') or
                         '/usr/sbin/chroot', PATH='/usr/sbin:/usr/bin:/bin'))
        r.args = args
        r.stderr = b''.join(line for line in r.stderr.splitlines(True)
                            if not line.startswith(b'qemu-x86_64: warning'))
        return r


def check_machine(m, want):
    name = m.cpu or 'this processor'
    r = m.tarn('backends', '--json')
    try:
        d = json.loads(r.stdout)
    except ValueError:
        d = {'chosen': None, 'plugins': []}
    for p in d['plugins']:
        print('# %s: %-12s %-8s %6.2f GMAC/s, probe %.0f ms %s' % (
            name, p['name'], p['state'], p['gmac_per_s'], p['probe_ms'],
            p['reason'] or ''))
    check('%s: %s is chosen' % (name, want), d['chosen'] == want, r)
    check('%s: its own folder is where plugins come from' % name,
          d['plugins'] and all(p['path'].startswith(PLACE + '/plugins/')
                               for p in d['plugins']), r)
    check('%s: nothing is refused for another reason than the processor' % name,
          all(p['state'] != 'refused' or 'this processor has no' in p['reason']
              or 'no device' in p['reason'] or
              m.cpu and 'did not answer within' in p['reason']
              for p in d['plugins']), r)
    r = m.tarn('logits', '--ids', IDS, PLACE + '/pocket.gguf')
    check('%s: the golden bits' % name, r.returncode == 0 and hashlib.sha256(
        r.stdout).hexdigest() == GOLDEN['pocket'], (r.returncode, r.stderr))
    for p in d['plugins']:
        if p['state'] != 'refused':
            continue
        r = m.tarn('logits', '--ids', '1', '--backend', p['name'])
        check('%s: %s by name is one sentence' % (name, p['name']),
              r.returncode == 6 and r.stderr.count(b'\n') == 1 and
              b"can't be used" in r.stderr, r)


def best_here():
    words = open('/proc/cpuinfo').read()
    words = re.search(r'^flags\s*:(.*)$', words, re.M)
    words = set(words.group(1).split()) if words else set()
    if {'avx512f', 'avx512bw', 'avx512dq', 'avx512vl', 'avx512_vnni'} <= words:
        return 'cpu-amx' if {'amx_tile', 'amx_int8'} <= words else 'cpu-avx512'
    return 'cpu-avx2' if {'avx2', 'f16c'} <= words else 'cpu-base'


def check_on_machines(root):
    if os.uname().machine != 'x86_64':
        return skip('three kinds of processor', 'this machine is no x86-64')
    check_machine(Machine(root, None), best_here())
    r = Machine(root, None).tarn('run', '-p', 'What is 17 + 25?')
    check('without a model named, pocket answers', r.returncode == 0 and
          b'42' in r.stdout, r)
    for cpu, want in (('Nehalem', 'cpu-base'), ('Haswell', 'cpu-avx2')):
        if not os.path.exists(os.path.join(root, 'emulator/qemu-x86_64')):
            skip(cpu, 'there is no qemu-x86_64')
        else:
            check_machine(Machine(root, cpu), want)


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chmod(top, 0o755)
        check_errors(top)
        first = os.path.join(top, 'first')
        os.mkdir(first)  # empty: allowed
        r = bundle(first)
        check('it is made', r.returncode == 0 and not r.stderr, r)
        files = {os.path.relpath(p, first) for p in glob.glob(
            first + '/**', recursive=True) if os.path.isfile(p)}
        check('command, model, licences and plugins are there', {
            'tarn', 'pocket.gguf', 'LICENSE', 'THIRD-PARTY.md', 'README.txt',
            'plugins/tarn-cpu-base.so', 'plugins/tarn-ref.so'} <= files, files)
        if os.uname().machine == 'x86_64':
            check('every level of x86-64 is there', {
                'plugins/tarn-cpu-%s.so' % n
                for n in ('avx2', 'avx512', 'amx')} <= files, files)
        check('what is for tests alone is not', not any(
            'dummy' in f for f in files), files)
        check('nobody else can write there', all(
            os.stat(os.path.join(first, f)).st_mode & 0o022 == 0
            for f in files | {'.', 'plugins'}), files)
        root = os.path.join(top, 'root')
        os.makedirs(os.path.dirname(root + PLACE))
        os.rename(first, root + PLACE)
        check('README.txt names libraries that there are',
              named_in_readme(root + PLACE) and
              not make_root(root, root + PLACE), named_in_readme(root + PLACE))
        possible = chroot_possible(root)
        if possible is True:
            check_on_machines(root)
        else:
            skip('in a bare root', possible)
    done()


if __name__ == '__main__':
    main()
