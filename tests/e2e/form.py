#!/usr/bin/env python3
"""tarn run with a form: --json-schema and --json-answer, and what they refuse.

  form.py TARN POCKET.gguf

Prints TAP.
"""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
from tap import check, done  # noqa: E402

TARN, POCKET = sys.argv[1:3]
ASK = ['-p', 'What is 17 + 25?', '--max-tokens', '160']
SCHEMA = {'type': 'object', 'properties': {
    'sum': {'type': 'integer'}, 'why': {'type': 'string', 'maxLength': 20}},
    'required': ['sum', 'why'], 'additionalProperties': False}


def run(*options):
    r = subprocess.run([TARN, 'run', POCKET, *ASK, *options],
                       capture_output=True, text=True, timeout=60)
    return r.returncode, r.stdout, r.stderr


def sound(name, problem):
    """`problem`: None, or what is wrong."""
    check(name, not problem, problem)


def fits(text):
    try:
        v = json.loads(text)
    except ValueError:
        return 'no JSON: ' + text
    if set(v) == {'sum', 'why'} and isinstance(v['sum'], int) \
            and isinstance(v['why'], str) and len(v['why']) <= 20:
        return None
    return text


with tempfile.TemporaryDirectory() as d:
    good, bad = os.path.join(d, 'good.json'), os.path.join(d, 'bad.json')
    with open(good, 'w') as f:
        json.dump(SCHEMA, f)
    with open(bad, 'w') as f:
        f.write('{"type":"object","properties":{"a":{"not":{}}}}')
    code, out, err = run('--json-schema', good)
    sound('the answer fits', fits(out) or (code and err))
    code, out, err = run('--json-schema', good, '--json')
    r = json.loads(out)
    sound('the thought is free', fits(r['answer'])
          or ('no thought' if len(r['thought']) < 5 else None))
    code, out, err = run('--json-schema', good, '--temp', '2', '--top-k', '0',
                         '--seed', '3')
    sound('at temperature 2 as well', fits(out) or (code and err))
    code, out, err = run('--json-answer')
    sound('any JSON', None if isinstance(json.loads(out), (dict, list))
          else out)
    code, out, err = run('--json-schema', bad)
    sound('what is not supported is named', None if code == 2 and not out and
          'properties/a' in err and '"not"' in err else (code, out, err))
    code, out, err = run('--json-schema', os.path.join(d, 'none.json'))
    sound('a file that is not there', None if code == 5 and 'none.json' in err
          else (code, err))
    code, out, err = run('--json-schema', good, '--json-answer')
    sound('both exclude each other', None if code == 2 else (code, err))
    code, out, err = run('--json-schema', good, '--max-tokens', '5')
    sound('too few tokens are refused', None if code == 9 and 'tokens' in err
          else (code, err))
done()
