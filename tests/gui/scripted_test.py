"""The window with a script in place of the core: hostile texts, speed,
failures.  Usage (by run-ui-test.sh): scripted_test.py PROGRAM FOLDER"""
import os
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ui import *  # noqa: E402,F403

program = sys.argv[1]
tmp = os.environ['HOME']

TURNS = [
    # 0: every kind of block
    '<think>\nfirst **not bold**\n</think>\n# Head\n\ntext `code` '
    '[ok](https://example.org/a) [no](file:///etc/passwd)\n\n'
    '```python\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n'
    '> quote\n\n- item\n\nend\n',
    # 1: W01, as GtkLabel would have read it
    '<span size="9999999">big</span> <a href="file:///x">y</a> &#0; a & b <b>'
    'x\n',
    # 2: W03: no place to break
    '<think>\n' + 'z' * 20000 + '\n</think>\n' + 'a' * 200000 + '\n',
    # 3: a failure in the middle
    'Something was written %FAIL here',
    # 4: long and slow enough to be stopped
    '<think>\n' + 'wait and see ' * 4000 + '\n</think>\nnever\n',
    # 5: the same, for Answer now
    '<think>\n' + 'wait and see ' * 4000 + '\n</think>\nat once\n',
    # 6: many words, quickly
    'A paragraph of some words that is neither long nor short.\n\n' * 600,
]


def log(w):
    return w.find(begins='Chat “')


def texts(w):
    return steady(lambda: [text_of(n) for n in walk(log(w))
                           if n.get_role() == Role.TEXT and showing(n)])


def labels(w):
    return steady(lambda: [n.get_name() for n in walk(log(w))
                           if n.get_role() == Role.LABEL and showing(n)])


script = os.path.join(tmp, 'script.md')
with open(script, 'w') as f:
    f.write('%%%\n'.join(TURNS))

settings = os.path.join(os.environ['XDG_CONFIG_HOME'], 'tarn', 'window.ini')
os.makedirs(os.path.dirname(settings))
with open(settings, 'w') as f:
    f.write('[window]\nbudget=-1\nwidth=nonsense\n')
w = Window(program, env={'TARN_SCRIPT': script, 'TARN_SCRIPT_RATE': '2000'})
try:
    # 0
    w.send('blocks')
    soon(lambda: any(t.endswith('end') for t in texts(w)), 20)
    w.idle()
    seen = texts(w)
    ok(any(t.startswith('Head\ntext code ok no (file:///etc/passwd)')
           for t in seen), 'prose, with the address of what may not open',
       seen)
    ok('x = 1' in seen, 'code is a block of its own', seen)
    ok(w.find(begins='Code, python, 1 line'), 'with its accessible name')
    ok(all(c in labels(w) for c in 'ab1234'), 'a table has cells', labels(w))
    ok(w.find(begins='Table, 2 columns, 2 rows'), 'and its name')
    head = w.find(Role.PUSH_BUTTON, begins='Thought ')
    press(head)
    thought = soon(lambda: w.find(Role.TEXT, 'Thought'), 5)
    ok(thought and text_of(thought) == 'first **not bold**',
       'a thought is plain text', thought and text_of(thought))

    # 1
    w.send('markup')
    soon(lambda: any('a & b' in t for t in texts(w)), 10)
    w.idle()
    last = texts(w)[-1]
    ok('<span size="9999999">big</span>' in last and 'a & b' in last and
       '<a href="file:///x">' in last, 'W01: markup is text', last)

    # 2
    t = time.monotonic()
    w.send('no breaks')
    time.sleep(0.2)
    w.idle(60)
    took = time.monotonic() - t
    # The main loop still answers at once.
    t = time.monotonic()
    w.find(Role.PUSH_BUTTON, 'Send message')
    answers = time.monotonic() - t
    print(f'# 200,000 letters: {took:.2f} s, then an answer in '
          f'{answers * 1e3:.0f} ms')
    letters = texts(w)[-1].count('a')
    ok(letters == 200000, 'W03: 200,000 letters arrive', letters)
    ok(took < 20, 'W03: in less than 20 s', took)

    # 3
    w.send('fail')
    ok(soon(lambda: any(n.startswith('There was not enough memory')
                        for n in labels(w)), 10),
       'a failure stands below the answer')
    ok(any(t.startswith('Something was written') for t in texts(w)),
       'and what was written is kept')
    w.idle()

    # 4
    w.send('stop')
    took = w.stop_after(0.5)
    print(f'# stopped after {(took or 0) * 1e3:.0f} ms')
    ok(took is not None, 'a thought can be stopped')
    heads = steady(lambda: [n.get_name() for n in walk(log(w))
                            if n.get_role() == Role.PUSH_BUTTON and
                            (n.get_name() or '').startswith('Thought ')])
    ok(heads and heads[-1].endswith('· stopped'), 'the summary says so',
       heads)

    # The same text again; Answer now closes the thought.
    press(w.find_last('Regenerate'))
    now = wait(lambda: w.find(Role.PUSH_BUTTON,
                              'Close the thought and answer now'), 10,
               'Answer now')
    # That it takes no click at first: thought_test.c.
    wait(lambda: now.get_state_set().contains(State.SENSITIVE), 5, 'its turn')
    press(now)
    ok(soon(lambda: w.find(Role.PUSH_BUTTON, begins='Thought ') and
            any((n.get_name() or '').endswith('· answered on request')
                for n in walk(log(w))), 10),
       'Answer now closes the thought, and the summary says so')
    w.idle()

    # 6
    w.send('many')
    soon(lambda: len(texts(w)) and 'paragraph' in texts(w)[-1], 10)
    w.idle(60)
    ok(texts(w)[-1].count('A paragraph') == 600,
       '600 paragraphs in one text', texts(w)[-1].count('A paragraph'))

    # Editing an old message makes a branch.
    edits = steady(lambda: [n for n in walk(log(w))
                            if n.get_role() == Role.PUSH_BUTTON
                            and n.get_name() == 'Edit message'])
    press(edits[0])
    editor = wait(lambda: w.find(Role.TEXT, 'Edit message'), 5, 'the editor')
    ok(text_of(editor) == 'blocks', 'Edit opens the message in place')
    Atspi.EditableText.set_text_contents(editor, 'other')
    press(w.button('Send as a new branch'))
    # GTK holds the click of a pressed button back for 250 ms, and another
    # turn has a '2 / 2' of its own: the message itself says that it was sent.
    wait(lambda: 'other' in labels(w), 10, 'the new message')
    ok(soon(lambda: w.find(Role.LABEL, '2 / 2'), 10), 'and makes a branch')
    w.idle()
    press(w.button('Previous branch, 2 of 2'))
    ok(soon(lambda: any('x = 1' == t for t in texts(w)), 10),
       'the old branch is whole')

    # Escape leaves the editor when nothing is written.
    press(w.find_last('Edit message'))
    editor = wait(lambda: w.find(Role.TEXT, 'Edit message'), 5, 'the editor')
    w.click(editor)
    xdo('key', 'Escape')
    ok(soon(lambda: not w.find(Role.TEXT, 'Edit message'), 5),
       'Escape leaves the editor')

    # A model that takes long to open can be given up.
    slow = os.path.join(tmp, 'slow.gguf')
    with open(slow, 'wb') as f:
        f.write(b'GGUF')
    subprocess.run([program, slow], check=True, timeout=20)
    ok(soon(lambda: w.find(Role.LABEL, begins='Loading slow.gguf…'), 5),
       'loading is shown')
    press(w.button('Stop loading'))
    ok(soon(lambda: not w.find(Role.LABEL, begins='Loading'), 5),
       'and can be stopped')

    # Keys.
    w.click(w.composer())
    wait(lambda: w.composer().get_state_set().contains(State.FOCUSED), 5,
         'focus')
    xdo('type', '--delay', '2', 'one')
    xdo('key', 'shift+Return')
    xdo('type', '--delay', '2', 'two')
    ok(soon(lambda: text_of(w.composer()) == 'one\ntwo', 5),
       'Shift+Return breaks the line', text_of(w.composer()))
    xdo('key', 'Return')
    ok(soon(lambda: any(n == 'one\ntwo' for n in labels(w)), 5),
       'Return sends')
    w.idle()
    xdo('key', 'ctrl+n')
    ok(soon(lambda: w.find(begins='Chat “New chat”'), 5),
       'Ctrl+N makes a new chat')
    ok(w.alive(), 'the program lives')
finally:
    code = w.end()
ok(code == 143, 'SIGTERM ends it in order', code)

# The chat is there again; after a kill too (D01).
slow = {'TARN_SCRIPT': script, 'TARN_SCRIPT_RATE': '30'}
with open(script, 'w') as f:
    f.write('<think>\nhm\n</think>\n' + 'word ' * 3000 + '%%%\nnext')
w = Window(program, env=slow)
try:
    ok(soon(lambda: 'one\ntwo' in ' '.join(
        n.get_name() or '' for n in walk(w.frame)), 10) or
       w.find(begins='Chat “'), 'the window opens again')
    w.key('ctrl+n')
    wait(lambda: w.find(begins='Chat “New chat”'), 5, 'a new chat')
    w.send('do not lose this')
    wait(lambda: any(t.count('word') > 60 for t in texts(w)), 20, 'text')
    had = max(t.count('word') for t in texts(w))
    w.process.kill()
    w.process.wait()
    w = Window(program, env=slow)
    ok(soon(lambda: 'do not lose this' in labels(w), 10),
       'after a kill the message is there', labels(w))
    kept = max([t.count('word') for t in texts(w)] + [0])
    print(f'# {had} words were shown, {kept} are kept')
    ok(kept > had - 30 * 3, 'and the answer but for the last seconds', kept)
    ok('tarn was closed while this was being written.' in labels(w),
       'with a line that says so', labels(w))
    w.type('an unsent thought')
    time.sleep(1.5)
    w.process.kill()
    w.process.wait()
    w = Window(program, env=slow)
    ok(soon(lambda: text_of(w.composer()) == 'an unsent thought', 10),
       'unsent text is kept', text_of(w.composer()))
    rows = steady(lambda: [n for n in walk(w.frame)
                           if n.get_role() == Role.LIST_ITEM])
    ok(len(rows) >= 2, 'the sidebar lists the chats', len(rows))
    w.click(rows[1], dx=40)
    ok(soon(lambda: w.find(begins='Chat “') and
            not w.find(begins='Chat “do not lose'), 10),
       'a click opens another')
    ok(text_of(w.composer()) != 'an unsent thought', 'which has its own text')
    n = len(rows) - 1
    time.sleep(0.5)     # the list is made anew when a chat is saved
    press(wait(lambda: w.find(Role.PUSH_BUTTON, 'Delete chat'), 5, 'row'))
    ok(soon(lambda: len([r for r in walk(w.frame)
                         if r.get_role() == Role.LIST_ITEM]) == n, 5),
       'a chat can be deleted')
    press(wait(lambda: w.find(Role.PUSH_BUTTON, begins='Undo'), 5, 'Undo'))
    ok(soon(lambda: len([r for r in walk(w.frame)
                         if r.get_role() == Role.LIST_ITEM]) == n + 1, 5),
       'and that undone')
finally:
    w.end()


# A long chat: only its end is made; the rest comes when one scrolls up, and
# nothing moves under the reader then.
def fnv(text):
    h = 14695981039346656037
    for b in text.encode() + b'\0' + b'\n\0':
        h = ((h ^ b) * 1099511628211) & (2**64 - 1)
    return h - 2**64 if h >= 2**63 else h


db = sqlite3.connect(os.path.join(os.environ['XDG_DATA_HOME'], 'tarn',
                                  'chats.db'))
for i in range(1, 81):
    text = f'Question {i}' if i % 2 else f'Answer {i}\n\n- with\n- a list\n'
    db.execute('INSERT INTO message VALUES(?,?,?,?,1,?,NULL,?,?,0,9,0,9,1,0,'
               '0,?)', (7, i, i - 1, 1 if i % 2 else 2, text, 'Pocket', 1000,
                        fnv(text)))
db.execute("INSERT INTO chat VALUES(7,'long','Pocket','',1000,80,0)")
db.commit()
db.close()
with open(settings, 'w') as f:
    f.write('[window]\nchat=7\n')
w = Window(program, env=slow)
try:
    ok(soon(lambda: 'Question 79' in labels(w), 10), 'a long chat opens')
    time.sleep(0.5)
    first = [n for n in labels(w) if n.startswith('Question ')][0]
    ok(first == 'Question 51', 'with its last 30 messages', first)
    mark = find(log(w), Role.LABEL, first)
    w.focus()
    at = Atspi.Component.get_extents(log(w), Atspi.CoordType.WINDOW)
    xdo('mousemove', '--window', w.wid, str(at.x + at.width // 2), '300')
    ys = [Atspi.Component.get_extents(mark, Atspi.CoordType.WINDOW).y]
    for i in range(80):
        xdo('click', '4')
        time.sleep(0.05)
        ys.append(Atspi.Component.get_extents(mark,
                                              Atspi.CoordType.WINDOW).y)
        if 'Question 21' in labels(w):
            break
    time.sleep(1)
    ys.append(Atspi.Component.get_extents(mark, Atspi.CoordType.WINDOW).y)
    steps = [b - a for a, b in zip(ys, ys[1:])]
    ok('Question 21' in labels(w), 'scrolling up brings earlier ones')
    ok(-2 <= min(steps) and max(steps) < 250,
       'and nothing jumps when they come', steps)
finally:
    w.end()
plan()
