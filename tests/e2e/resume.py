#!/usr/bin/env python3
"""A chat is saved with its state and goes on in another process: the same
answer as in one process, nothing read again; wrong files end in a sentence.

usage: resume.py TARN POCKET.gguf OTHER.gguf
"""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
from tap import check, done  # noqa: E402

TARN, POCKET, OTHER = sys.argv[1:4]


def tarn(*args, text=''):
    r = subprocess.run([TARN, 'chat', *args, '--seed', '3', '--max-tokens',
                        '80', '--json'], input=text.encode(),
                       capture_output=True, timeout=120)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def last(out):
    """The line that ends a turn."""
    return [json.loads(line) for line in out.splitlines() if line][-1]


with tempfile.TemporaryDirectory() as folder:
    a, b = os.path.join(folder, 'a.state'), os.path.join(folder, 'b.state')
    code, out, err = tarn(POCKET, '--save-state', a, text='What is 17 + 25?')
    check('the state is saved', code == 0 and os.path.getsize(a) > 1000,
          (code, err))
    check('only its owner may read it', os.stat(a).st_mode & 0o777 == 0o600)
    first = tarn(POCKET, '--resume', a, '--save-state', b,
                 text='What is 3 + 4?')
    again = tarn(POCKET, '--resume', a, text='What is 3 + 4?')
    check('it goes on, twice the same', first[0] == again[0] == 0 and
          first[1] and last(first[1]).get('text') ==
          last(again[1]).get('text'), (first, again))
    check('the longer chat is saved too',
          os.path.getsize(b) > os.path.getsize(a))
    code, out, err = tarn(POCKET, '--resume', os.path.join(folder, 'none'))
    check('a missing file is exit 5', code == 5 and
          len(err.splitlines()) == 1, (code, err))
    code, out, err = tarn(POCKET, '--resume', POCKET)
    check('a file that is none is exit 3', code == 3 and
          'no state file' in err, (code, err))
    code, out, err = tarn(OTHER, '--resume', a, text='Hi')
    check('with another model the chat is read again', code in (0, 9) and
          'another model file' in err and 'read again' in err, (code, err))
    data = bytearray(open(a, 'rb').read())
    data[len(data) // 2] ^= 4
    open(b, 'wb').write(data)
    code, out, err = tarn(POCKET, '--resume', b, text='Hi')
    check('a damaged state is said, its chat goes on', code == 0 and
          'checksum' in err, (code, err))
    code, out, err = tarn(POCKET, '--save-state', '/nowhere/x', text='Hi')
    check('a state that cannot be written is exit 5', code == 5 and
          '/nowhere/x: cannot be written' in err, (code, err))
done()
