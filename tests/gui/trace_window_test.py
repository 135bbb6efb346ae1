"""The trace pane of the window with the real core: opens, is told by keys,
forks, closes.
Usage (by run-ui-test.sh): trace_window_test.py PROGRAM FOLDER-OF-SMALL-MODELS
TARN_SHOTS=FOLDER leaves pictures there."""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ui import *  # noqa: E402,F403

program = sys.argv[1]
tmp = os.environ['HOME']
shots = os.environ.get('TARN_SHOTS')
shot = os.path.join(tmp, 'shot.png')


def keep(name):
    if shots:
        time.sleep(0.6)     # what has arrived is laid out in the next frames
        w.picture(shot)
        shutil.copy(shot, os.path.join(shots, name))


def told(begins, seconds=10):
    """The picture of the timeline says the selected token."""
    return soon(lambda: find(w.frame, begins='Timeline, token %s of ' % begins),
                seconds)


config = os.path.join(os.environ['XDG_CONFIG_HOME'], 'tarn')
os.makedirs(config)
with open(os.path.join(config, 'window.ini'), 'w') as f:
    f.write('[window]\nwidth=1334\nheight=750\nseed=1\n')
w = Window(program, env={'TARN_SHOT': shot})
try:
    wait(lambda: w.find(Role.LABEL, begins='This is the pocket model'), 20,
         'the pocket model')
    w.key('ctrl+t')
    ok(soon(lambda: w.find(Role.LABEL, 'The trace begins with the next answer.'),
            5), 'Ctrl+T opens the pane; it says that nothing is there yet')
    w.send('Sort these words: pear, fig, apple, date, lime, kiwi, '
           'plum, grape, melon')
    wait(lambda: w.find(Role.PUSH_BUTTON, begins='Thought '), 30, 'a thought')
    w.idle()
    line = soon(lambda: [n for n in find_all(w.frame, Role.LABEL, 'thought ')
                         if ' tokens in ' in n.get_name()], 10)
    ok(line, 'the summary line stands over the timeline')
    ok(soon(lambda: [n for n in find_all(w.frame, Role.IMAGE, 'Trace, ')
                     if n.get_name().endswith(' tokens. Use the table')], 5),
       'the picture says how many tokens, and where they are told')
    keep('window-trace.png')
    w.key('ctrl+t')
    ok(soon(lambda: not w.find(Role.LABEL, begins='thought '), 5),
       'Ctrl+T closes it')
    w.key('ctrl+t')
    soon(lambda: w.find(Role.LABEL, begins='thought '), 5)
    w.key('Right')
    ok(told('0'), 'an arrow selects the first token, and the picture says it')
    w.key('Right', 'Right')
    ok(told('2'), 'arrows go from token to token')
    rows = find_all(w.frame, Role.PUSH_BUTTON, '1  ')
    ok(rows and '%' in rows[0].get_name(), 'its candidates are buttons',
       [r.get_name() for r in rows])
    w.key('Left', 'Down')
    ok(soon(lambda: w.find(Role.PUSH_BUTTON, 'Think this step again'), 5),
       'at the first token of a step the step is thought again')
    w.key('Right')
    w.key('plus', 'plus')
    w.key('Down')
    time.sleep(0.2)
    keep('window-trace-selected.png')
    fork = w.find(Role.PUSH_BUTTON, begins='Fork here with ')
    ok(fork, 'the button names the candidate')
    if fork:
        w.key('Return')
        ok(soon(lambda: w.find(Role.LABEL, '2 / 2'), 20),
           'Return makes a branch with it')
        w.idle()
        ok(soon(lambda: w.find(Role.LABEL, begins='thought '), 5),
           'and the pane shows the new turn')
        ok(soon(lambda: [n for n in find_all(w.frame, Role.LABEL, 'Answer of ')
                         if n.get_name().endswith(', branch 2 / 2')], 5),
           'and says which of the two branches it is')
    # The other branch stands beside this one.
    w.choose('Compare', 'Another branch')
    line = soon(lambda: [n.get_name() for n in
                         find_all(w.frame, Role.LABEL, 'A ')
                         if ', same first ' in n.get_name()], 10)
    ok(line, 'Compare tells where two branches part', line)
    ok(soon(lambda: w.find(Role.LABEL, begins='They part at token '), 5),
       'and what else could have stood there')
    keep('window-compare.png')
    # Computed again.
    w.choose('Trace menu', 'Reproduce')
    ok(soon(lambda: w.find(begins='Reproduced: all '), 20),
       'Reproduce computes the turn again, and it is the same',
       [n.get_name() for n in find_all(w.frame, None, 'Not')])
    press(w.button('Trace of this answer'))
    w.focus_pane()
    # Search, a range, a replay.
    w.key('slash')
    w.type_keys('is:fork')
    count = soon(lambda: [n.get_name() for n in
                          find_all(w.frame)
                          if (n.get_name() or '').endswith((' hits', ' hit'))],
                 10)
    ok(count, 'a search counts its hits')
    w.key('Return')
    ok(soon(lambda: [n for n in find_all(w.frame, None, '1 of ')], 5),
       'Return goes to the first')
    w.key('Escape')
    w.key('Escape', 'Right', 'shift+Right', 'shift+Right')
    ok(soon(lambda: find(w.frame, begins='Timeline, tokens 0 to 2: '), 5),
       'Shift and an arrow mark a range, which has sums')
    w.key('Escape', 'Right', 'space')
    ok(soon(lambda: find(w.frame, Role.PUSH_BUTTON, 'Replay') and
            not find(w.frame, begins='Timeline, token 0 of '), 20),
       'Space replays it')
    w.key('Escape', 'Escape')
    if not w.find(Role.PUSH_BUTTON, 'Replay'):
        w.key('ctrl+t')
    w.focus_pane()
    w.key('t')
    reading = soon(lambda: [n for n in walk(w.frame)
                            if n.get_role() == Role.TEXT and showing(n) and
                            text_of(n).startswith('step 1')], 5)
    ok(reading, 'T turns to the reading view, as text')
    keep('window-reading.png')
    ok(w.find(name='What the ground of a token tells'),
       'what colours the tokens can be chosen')
    if reading:
        whole = text_of(reading[0])
        Atspi.Text.set_caret_offset(reading[0], 3)
        w.key('space')
        ok(soon(lambda: '▸' in text_of(reading[0]) and
                len(text_of(reading[0])) < len(whole), 5),
           'Space folds the step where the caret is')
        w.key('space')
        ok(soon(lambda: text_of(reading[0]) == whole, 5), 'and unfolds it')
    press(w.button('Fold calm steps'))
    ok(soon(lambda: w.find(Role.PUSH_BUTTON, 'Unfold all steps'), 5),
       'calm steps fold together')
    press(w.button('Unfold all steps'))
    w.key('t')
    ok(soon(lambda: find(w.frame, name='bits'), 5), 'and to the table')
    w.key('t', 'Escape', 'Escape')
    ok(w.alive(), 'the window is alive')
    # What was recorded is there again.
    w.end()
    w = Window(program, env={'TARN_SHOT': shot})
    ok(soon(lambda: w.find(Role.LABEL, '2 / 2'), 20), 'the chat is there again')
    w.key('ctrl+t')
    again = soon(lambda: [n.get_name() for n in
                          find_all(w.frame, Role.LABEL, 'thought ')
                          if ' tokens in ' in n.get_name()], 10)
    ok(again, 'and so is the trace of its last answer', again)
    press(w.button('Trace of this answer'))
    w.focus_pane()
    w.key('Right')
    ok(told('0'), 'which is told as before')
    w.choose('Compare', 'Another branch')
    ok(soon(lambda: [n for n in find_all(w.frame, Role.LABEL, 'A ')
                     if ', same first ' in n.get_name()], 10),
       'and that of its other branch')
    w.send('Sort 3 2 1')
    w.idle()
    ok(w.alive(), 'the chat goes on')
finally:
    w.end()
ok(w.process.returncode in (0, 143, -15), 'it ends well', w.process.returncode)
plan()
