"""Instructions counted by valgrind's callgrind, for tests in Python."""
import os
import re
import shutil
import subprocess
import tempfile

from tap import check, done, skip_all


def need(buildtype):
    """Skips the test where a count would say nothing, or can't be had."""
    if buildtype != 'release':
        skip_all('instructions are counted in release builds only')
    if not shutil.which('valgrind'):
        skip_all('there is no valgrind')


def run(command, inside, out, *options):
    """Runs `command`, counting while the function `inside` runs.

    Memory is not painted (MALLOC_PERTURB_), which would count as well.
    """
    return subprocess.run(
        ['valgrind', '--tool=callgrind', '--collect-atstart=no',
         '--toggle-collect=' + inside, '--callgrind-out-file=' + out,
         *options, *command],
        env=dict(os.environ, MALLOC_PERTURB_='0'), capture_output=True,
        text=True)


def count(command, inside, said=''):
    """Instructions of `command` while the function `inside` runs.

    Ends the test if the command fails or does not print `said`.
    """
    with tempfile.TemporaryDirectory() as folder:
        r = run(command, inside, os.path.join(folder, 'out'))
    found = re.search(r'Collected : (\d+)', r.stderr)
    if r.returncode or not found or said not in r.stdout:
        check('callgrind runs', False, r.stdout + r.stderr)
        done()
    return int(found.group(1))


def count_each(command, inside):
    """(instructions of each call of the function `inside`, in their order;
    what `command` printed); ends the test if the command fails."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, 'out')
        r = run(command, inside, out, '--dump-after=' + inside)
        found = []
        while os.path.exists('%s.%d' % (out, len(found) + 1)):
            with open('%s.%d' % (out, len(found) + 1), encoding='utf-8',
                      errors='replace') as f:
                n = re.search(r'^(?:totals|summary): (\d+)', f.read(), re.M)
            found.append(int(n.group(1)) if n else 0)
    if r.returncode or not found:
        check('callgrind counts the calls', False, r.stdout + r.stderr)
        done()
    return found, r.stdout
