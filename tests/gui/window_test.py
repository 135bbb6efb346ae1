"""The window with the real core: answers, folds, stops, keeps its model.
Usage (by run-ui-test.sh): window_test.py PROGRAM FOLDER-OF-SMALL-MODELS"""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ui import *  # noqa: E402,F403

program, models = sys.argv[1:3]
tmp = os.environ['HOME']


def answer_now(w):
    log = w.find(Role.LOG) or w.find(begins='Chat “')
    texts = [n for n in walk(log) if n.get_role() == Role.TEXT
             and (n.get_name() or '') != 'Thought' and showing(n)]
    return text_of(texts[-1]) if texts else ''


def answer_text(w):
    """Text of the last answer's first block."""
    return steady(lambda: answer_now(w))


w = Window(program)
try:
    ok(wait(lambda: w.find(Role.LABEL, begins='This is the pocket model'), 20,
            'the pocket model'), 'the pocket model loads by itself and says so')
    example = w.find(Role.PUSH_BUTTON, 'What is 4821 + 977?')
    press(example)
    ok(soon(lambda: text_of(w.composer()) == 'What is 4821 + 977?', 5),
       'an example fills the composer and does not send')

    # A question is answered; the thought folds.
    w.send('What is 4821 + 977?')
    head = wait(lambda: w.find(Role.PUSH_BUTTON, begins='Thought '), 30,
                'a folded thought')
    w.idle()
    soon(lambda: '5798' in answer_text(w), 5)
    ok('5798' in answer_text(w), 'the answer is right', answer_text(w))
    ok(' tokens in ' in head.get_name(), 'the thought has its summary line',
       head.get_name())
    ok(w.find(Role.TEXT, 'Thought') is None, 'the thought is folded')
    press(head)
    thought = soon(lambda: w.find(Role.TEXT, 'Thought'), 5)
    ok(thought and 'from the right' in text_of(thought),
       'a press unfolds it', thought and text_of(thought))
    status = w.find(Role.LABEL, begins='cpu-') or \
        w.find(Role.LABEL, begins='ref')
    ok(status and 'tok/s' in status.get_name() and
       'context' in status.get_name(),
       'the status line says backend, speed and context',
       status and status.get_name())

    # Regenerate makes a branch; the counter goes back.
    press(w.button('Regenerate'))
    previous = wait(lambda: w.find(Role.PUSH_BUTTON,
                                   'Previous branch, 2 of 2'), 30, 'a branch')
    w.idle()
    ok(True, 'regenerate makes a second branch')
    press(previous)
    ok(soon(lambda: w.find(Role.LABEL, '1 / 2'), 5), 'and the first is kept')

    # A second message sees the first ones.
    w.send('What is 12 times 12?')
    soon(lambda: '144' in answer_text(w), 30)
    ok('144' in answer_text(w), 'a second message is answered',
       answer_text(w))
    w.idle()

    # A file that is no model: one sentence, the model stays.
    bad = os.path.join(tmp, 'holiday.gguf')
    with open(bad, 'wb') as f:
        f.write(b'PNG not a model' * 100)
    subprocess.run([program, bad], check=True, timeout=20)
    told = soon(lambda: w.find(Role.LABEL, begins='holiday.gguf'), 10)
    ok(told and 'GGUF' in told.get_name(),
       'a wrong file is refused in one sentence', told and told.get_name())
    w.send('Is 17 even or odd?')
    soon(lambda: 'odd' in answer_text(w), 30)
    ok('odd' in answer_text(w), 'and the old model goes on',
       answer_text(w))
    w.idle()
    subprocess.run([program, os.path.join(tmp, 'absent.gguf')], check=True,
                   timeout=20)
    ok(soon(lambda: w.find(Role.LABEL, begins='absent.gguf'), 10),
       'a file that is not there is refused in one sentence')
    odd = {'empty.gguf': b'', 'cut.gguf': open(os.path.join(
        models, 'dense-f32.gguf'), 'rb').read(5000)}
    for name, data in odd.items():
        with open(os.path.join(tmp, name), 'wb') as f:
            f.write(data)
    os.mkdir(os.path.join(tmp, 'folder.gguf'))
    for name in (*odd, 'folder.gguf'):
        subprocess.run([program, os.path.join(tmp, name)], check=True,
                       timeout=60)
        told = soon(lambda: w.find(Role.LABEL, begins=name), 10)
        ok(told, f'{name} is refused in one sentence',
           told and told.get_name())

    # New chat.
    press(w.button('New chat'))
    ok(soon(lambda: w.find(begins='Chat “New chat”'), 5) and
       not answer_text(w), 'a new chat is empty')
    ok(w.frame.get_name().startswith('New chat'), 'and the window says so',
       w.frame.get_name())

    # What was found on this machine is shown.
    w.key('F10')
    time.sleep(0.3)
    xdo('key', 'Down', 'Return')
    listed = soon(lambda: find(w.app, Role.FRAME, 'Backends') or
                  find(w.app, Role.DIALOG, 'Backends'), 10)
    names = [n.get_name() or '' for n in walk(listed)] if listed else []
    ok(any(n.startswith('in use') for n in names) and 'ref' in names,
       'the backends are listed, one is in use', names)
    ok(w.alive(), 'the program lives')
finally:
    code = w.end()
ok(code == 143, 'SIGTERM ends it in order', code)

# Where there is no display, and where an option is wrong.
bare = {k: v for k, v in os.environ.items() if 'DISPLAY' not in k}
r = subprocess.run([program], env=bare, capture_output=True, text=True,
                   timeout=60)
ok(r.returncode == 5 and r.stderr.count('\n') == 1 and
   'no display can be opened' in r.stderr, 'no display: one sentence, 5', r)
r = subprocess.run([program, '--nonsense'], capture_output=True, text=True,
                   timeout=60)
ok(r.returncode == 2 and '--nonsense' in r.stderr, 'a wrong option: 2', r)

# W08: a program that died while it opened a file does not open it again.
settings = os.path.join(os.environ['XDG_CONFIG_HOME'], 'tarn', 'window.ini')
lines = open(settings).read()
with open(settings, 'w') as f:
    f.write(lines + 'model=/nowhere/big.gguf\nopening=/nowhere/big.gguf\n')
w = Window(program)
try:
    ok(soon(lambda: w.find(Role.LABEL, begins='tarn ended while it was '
                                              'opening big.gguf'), 10),
       'W08: it says why')
    w.send('What is 7 times 8?')
    soon(lambda: '56' in answer_text(w), 30)
    ok('56' in answer_text(w), 'W08: and the small model is there',
       answer_text(w))
finally:
    w.end()

# Tools: the exact call is shown before anything runs.
with open(settings, 'w') as f:
    f.write('[window]\ntools=true\ntemperature=0\n')


def asked_card(w, button):
    """That button of the card that asks, when it can be pressed."""
    wait(lambda: w.find(begins='calculator wants to run.'), 30, 'a card')
    b = w.button(button)
    wait(lambda: b.get_state_set().contains(State.SENSITIVE), 5, 'its time')
    return b


def another(w):
    press(w.button('New chat'))
    wait(lambda: w.find(begins='Chat “New chat”'), 10, 'a new chat')


w = Window(program)
try:
    w.send('What is 12 * 34?')
    allow = asked_card(w, 'Allow once')
    shown = steady(lambda: ' '.join(
        text_of(n) for n in walk(w.frame)
        if n.get_role() == Role.TEXT and showing(n)))
    ok('12' in shown and '34' in shown, 'the arguments are shown', shown)
    press(allow)
    ok(soon(lambda: '408' in answer_text(w), 20), 'then it runs and the model '
       'goes on', answer_text(w))
    ok(soon(lambda: w.find(begins='✓ calculator · allowed once'), 5),
       'the card is one line')
    w.idle()
    another(w)
    w.send('What is 12 * 34?')
    press(asked_card(w, 'Answer by hand…'))
    field = wait(lambda: w.find(Role.TEXT, 'Result'), 5, 'the field')
    Atspi.EditableText.set_text_contents(field, '409')
    press(w.button('Send the result'))
    ok(soon(lambda: '409' in answer_text(w), 20), 'a call can be answered by '
       'hand', answer_text(w))
    w.idle()
    another(w)
    w.send('What is 12 * 34?')
    press(asked_card(w, 'Deny'))
    ok(soon(lambda: w.find(begins='✕ calculator · denied'), 20), 'or denied')
    w.idle()
finally:
    w.end()

# An answer without an end: the dummy backend writes until it is stopped.
w = Window(program, '--backend', 'dummy',
           env={'TARN_DUMMY': 'tps=60,length=100000'})
try:
    # The middle one of five; where the machine is busy, five times more.
    for rounds in range(3):
        times = []
        for i in range(5):
            w.send(f'Go on number {5 * rounds + i}')
            times.append(w.stop_after(0.4 + i / 10))
            if not ok(times[-1] is not None, 'a turn is long enough to stop'):
                break
        print('# from press to stopped:',
              ', '.join(f'{(t or 9) * 1e3:.0f} ms' for t in times))
        good = None not in times and sorted(times)[2] < 0.05
        if good:
            break
    ok(good, 'stop within 50 ms', times)
    ok(soon(lambda: w.find(Role.LABEL, 'Stopped.'), 5),
       'what is written is kept and marked as stopped')
    # It goes on in its own message, and its record with it.
    had = answer_text(w)
    press(w.find_last('Continue'))
    w.button('Stop writing', 20)
    ok(soon(lambda: len(answer_text(w)) > len(had) + 20, 20) and
       answer_text(w).startswith(had), 'Continue goes on behind it',
       (had, answer_text(w)))
    ok(w.stop_after(0.1) is not None and not w.find(Role.LABEL, '2 / 2'),
       'in its own message')
    w.key('ctrl+t')
    w.focus_pane()
    w.key('Right')
    told = soon(lambda: find(w.frame, begins='Timeline, token 0 of '), 10)
    rows = find_all(w.frame, Role.PUSH_BUTTON, '1  ')
    ok(told and rows and '%' in rows[0].get_name(),
       'whose trace knows the candidates of its beginning',
       told and told.get_name())
    w.key('ctrl+t')
    w.send('Go on once more')
    w.button('Stop writing', 20)
    press(w.button('New chat'))
    ok(soon(lambda: w.find(begins='Chat “New chat”'), 5),
       'a new chat leaves a running turn')
    w.send('And again')
    ok(w.button('Stop writing', 20), 'and can be written in at once')
    w.process.terminate()
    t = time.monotonic()
    w.process.wait(10)
    ok(time.monotonic() - t < 2 and w.process.returncode == 143,
       'SIGTERM while writing ends it in order', w.process.returncode)
finally:
    w.end()
plan()
