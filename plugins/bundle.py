#!/usr/bin/env python3
"""Puts tarn into a folder that can be moved: see ./run --bundle.

usage: bundle.py --check DIR
       bundle.py BUILD SOURCE DIR

The command, the window if it was built, every installed plugin, the pocket
model, the licences and a README.txt that names the libraries it expects of
the system, read from the files themselves.  DIR must be empty or not there;
it is made whole or not at all.  --check only says whether DIR would do.
Exit codes are those of tarn: 2 for DIR, 5 if it can't be written.
"""
import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

README = """tarn {version}, in a folder that needs no installation

    ./tarn                      a chat with the pocket model, in the terminal
    ./tarn chat MODEL.gguf      with another model of LFM2 or LFM2.5
{window_line}    ./tarn backends             what computes here, and why the rest can't
    ./tarn --help               everything else

The folder may lie anywhere and may be moved, as a whole.  tarn writes nothing
into it; it keeps chats in ~/.local/share/tarn and what it found out about this
machine in ~/.cache/tarn.  Nothing goes over the network.

The plugins in plugins/ compute.  The one for this processor is chosen when
tarn starts.  A plugin that others than you and root could change is refused:
keep the folder's owner and modes (tar -xp as yourself does).

What it expects of the system
-----------------------------
Linux on {machine} with /proc.  The command and the plugins:

{plain_needs}
    ({plain_versions})
{window_needs}
libvulkan.so.1 and a driver are used if they are there (./tarn backends says).

What is not inside
------------------
`tarn web`, the page in the browser: it needs libsoup; ./run web builds it.

Licences
--------
LICENSE is tarn's own and that of the pocket model.  THIRD-PARTY.md says what
tarn stands on; none of these libraries is in this folder.
"""


class Failed(Exception):
    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def check_target(to):
    if os.path.lexists(to):
        if not os.path.isdir(to):
            raise Failed(2, '%s is there and is no folder; name one that is '
                            'not there yet' % to)
        if os.listdir(to):
            raise Failed(2, '%s is not empty; name a folder that is empty or '
                            'not there yet' % to)
    above = os.path.dirname(to)
    if not os.path.isdir(above):
        raise Failed(2, 'the folder %s is not there' % above)
    if not os.access(above, os.W_OK | os.X_OK):
        raise Failed(5, 'you may not write into %s' % above)


def contents(build, source):
    """[(from, name in the folder, is a program or library)]"""
    installed = json.loads(subprocess.run(
        ['meson', 'introspect', build, '--installed'], check=True,
        stdout=subprocess.PIPE, text=True).stdout)
    files = [(os.path.join(build, 'tarn-bundle'), 'tarn', True)]
    for path, target in sorted(installed.items()):
        name = os.path.basename(path)
        if '/tarn/plugins/' in target:
            files.append((path, 'plugins/' + name, True))
        elif name == 'tarn-window':
            files.append((path, name, True))
        elif name == 'pocket.gguf':
            files.append((path, name, False))
    files += [(os.path.join(source, n), n, False)
              for n in ('LICENSE', 'THIRD-PARTY.md')]
    for path, _, _ in files:
        if not os.path.isfile(path):
            raise Failed(5, '%s is not built; ./run --bundle builds it' % path)
    return files


def needs(files):
    """(libraries, {set of symbols: newest version}) of some ELF files, without
    those that are in the folder themselves."""
    libraries, versions = set(), {}
    for path in files:
        text = subprocess.run(
            ['readelf', '--wide', '-d', '-l', '-V', path], check=True, text=True,
            stdout=subprocess.PIPE, env=dict(os.environ, LC_ALL='C')).stdout
        libraries.update(re.findall(r'\(NEEDED\).*\[(.*?)\]', text))
        libraries.update(os.path.basename(p) for p in re.findall(
            r'program interpreter: (.*?)\]', text))
        for name, version in re.findall(r'Name: ([A-Z]+)_([\d.]+) ', text):
            number = tuple(int(n) for n in version.split('.') if n)
            versions[name] = max(versions.get(name, ()), number)
    return sorted(libraries), versions


def write_readme(where, files):
    version = subprocess.run([os.path.join(where, 'tarn'), '--version'],
                             check=True, stdout=subprocess.PIPE,
                             text=True).stdout.split()[-1]
    plain = [os.path.join(where, n) for _, n, code in files
             if code and n != 'tarn-window']
    libraries, versions = needs(plain)
    words = {'window_line': '', 'window_needs': ''}
    window = os.path.join(where, 'tarn-window')
    if os.path.isfile(window):
        more = [n for n in needs([window])[0] if n not in libraries]
        words['window_line'] = '    ./tarn-window               the same in a ' \
                               'window\n'
        words['window_needs'] = (
            '\nThe window, in addition (GTK 4.8 and libadwaita 1.2 or later '
            'and what they\nbring; packages libadwaita-1-0, '
            'libgtksourceview-5-0, libcmark-gfm-extensions0,\nlibsqlite3-0 of '
            'Debian 12):\n\n' + ''.join('    %s\n' % n for n in more))
    text = README.format(
        version=version, machine=os.uname().machine,
        plain_needs='\n'.join('    ' + n for n in libraries),
        plain_versions=', '.join(
            {'GLIBC': 'glibc'}.get(k, k) + ' ' + '.'.join(map(str, v)) +
            ' or later' for k, v in sorted(versions.items())), **words)
    with open(os.path.join(where, 'README.txt'), 'w', encoding='utf-8') as f:
        f.write(text)
    os.chmod(f.name, 0o644)


def copy_all(files, where):
    os.chmod(where, 0o755)
    os.mkdir(os.path.join(where, 'plugins'))
    os.chmod(os.path.join(where, 'plugins'), 0o755)
    for path, name, code in files:
        to = os.path.join(where, name)
        shutil.copyfile(path, to)
        os.chmod(to, 0o755 if code else 0o644)


def make(build, source, to):
    files = contents(build, source)
    above = os.path.dirname(to)
    size = sum(os.path.getsize(path) for path, _, _ in files) + (1 << 16)
    room = os.statvfs(above)
    free = room.f_bavail * room.f_frsize
    if free < size:
        raise Failed(5, '%s needs %.1f MB, and %.1f MB are free in %s' % (
            to, size / 1e6, free / 1e6, above))
    # Beside its place, so that it gets there by a rename.
    part = tempfile.mkdtemp(prefix='.tarn-bundle-', dir=above)
    try:
        copy_all(files, part)
        write_readme(part, files)
        if os.path.isdir(to):
            os.rmdir(to)
        os.rename(part, to)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def main(argv):
    to = os.path.abspath(argv[-1])
    try:
        check_target(to)
        if argv[0] != '--check':
            make(os.path.abspath(argv[0]), os.path.abspath(argv[1]), to)
    except Failed as e:
        print('run: %s' % e, file=sys.stderr)
        return e.code
    except OSError as e:
        print('run: %s could not be written: %s' % (
            to, 'no room is left' if e.errno == errno.ENOSPC else e.strerror),
            file=sys.stderr)
        return 5
    return 0


if __name__ == '__main__':
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1:]))
