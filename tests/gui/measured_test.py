"""The window takes the backend that was measured fastest, as the command does.
A software device stands in for a graphics card; skipped where there is none.
Usage (by run-ui-test.sh): measured_test.py PROGRAM FOLDER-OF-SMALL-MODELS"""
import json
import os
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(os.path.dirname(here), 'vulkan')]
from ui import *  # noqa: E402,F403
from vulkan_text import warm_up  # noqa: E402

program = os.path.abspath(sys.argv[1])
known = os.path.join(os.environ['XDG_CACHE_HOME'], 'tarn', 'speeds.json')
if not os.path.exists(os.path.join(os.path.dirname(program), 'plugins',
                                   'tarn-vulkan.so')):
    print('1..0 # SKIP no tarn-vulkan in this build')
    sys.exit(0)


env = dict(os.environ, TARN_VULKAN_SOFTWARE='1')
tarn = os.path.join(os.path.dirname(program), 'tarn')
warm_up(tarn, env)
if not any(q['name'] == 'vulkan' and q['state'] == 'ready' for q in json.loads(
        subprocess.run([tarn, 'backends', '--json'], env=env,
                       capture_output=True).stdout)['plugins']):
    print('1..0 # SKIP no software Vulkan device')
    sys.exit(0)


def computes():
    """The backend that the status line names, after a measurement."""
    w = Window(program, env=env)
    seen = False

    def status():
        nonlocal seen
        said = [n.get_name() or '' for n in walk(w.frame)
                if n.get_role() == Role.LABEL and showing(n)]
        seen = seen or any(s.startswith('Timing ') for s in said)
        return [s for s in said if ' · context ' in s]

    try:
        return wait(status, 200, 'a model')[0].split(' · ')[0], seen
    finally:
        w.end()


def speeds():
    with open(known) as f:
        return json.load(f)


name, timed = computes()
told = speeds() if os.path.exists(known) else {'speeds': []}
ok(sorted(s['backend'][:3] for s in told['speeds']) == ['cpu', 'vul'],
   'the first time both are timed', told)
ok(timed, 'which is said')
ok(name.startswith('cpu'), 'and the faster one computes', name)
for s in told['speeds']:
    s['prefill'] = s['decode'] = 1e6 if s['backend'] == 'vulkan' else 1.0
with open(known, 'w') as f:
    json.dump(told, f)
name, timed = computes()
ok(name == 'vulkan', 'whichever it is', name)
ok(not timed and speeds() == told, 'and nothing is timed again')
plan()
