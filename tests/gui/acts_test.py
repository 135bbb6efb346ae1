"""Acts on a chat: find, rename, settings, import, continue, a broken circle
and its undo, edited answers.  The script stands in for the core's model.
Usage (by run-ui-test.sh): acts_test.py PROGRAM FOLDER"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ui import *  # noqa: E402,F403

program = sys.argv[1]
tmp = os.environ['HOME']

TURNS = [
    # 0: to be found
    '<think>\nA prime hides in the thought.\n</think>\nNo: 391 is no prime. '
    '**Prime** factors are 17 and 23.\n',
    # 1: stopped, then gone on with
    'one two three ' * 2000,
    # 2: what follows after Continue
    'and on it goes\n',
    # 3: a circle
    '<think>\nround %LOOP and out\n</think>\nThe end.\n',
    # 4: what follows after Undo
    'never mind\n</think>\nAnother end.\n',
    # 5: over the budget
    '<think>\n' + 'wait and see ' * 400 + '\n</think>\nshort\n',
    '<think>\n' + 'wait and see ' * 100 + '\n</think>\nshort\n',
    '<think>\n' + 'wait and see ' * 100 + '\n</think>\nshort\n',
]


def log(w):
    return w.find(begins='Chat “')


def texts(w):
    return steady(lambda: [text_of(n) for n in walk(log(w))
                           if n.get_role() == Role.TEXT and showing(n)])


def labels(w):
    return steady(lambda: [n.get_name() for n in walk(w.frame)
                           if n.get_role() == Role.LABEL and showing(n)])


def label(w, text, seconds=10):
    return soon(lambda: w.find(Role.LABEL, text), seconds)


def settings():
    file = os.path.join(os.environ['XDG_CONFIG_HOME'], 'tarn', 'window.ini')
    with open(file) as f:
        return f.read()


script = os.path.join(tmp, 'script.md')
with open(script, 'w') as f:
    f.write('%%%\n'.join(TURNS))
w = Window(program, env={'TARN_SCRIPT': script, 'TARN_SCRIPT_RATE': '400'})
try:
    # Find in this chat.
    w.send('Is 391 prime?')
    soon(lambda: any('23' in t for t in texts(w)), 20)
    w.idle()
    press(w.button('Find'))
    field = wait(lambda: w.find(Role.TEXT, 'Find in this chat') or
                 w.find(Role.ENTRY, 'Find in this chat'), 10, 'the field')
    wait(lambda: field.get_state_set().contains(State.FOCUSED), 10, 'focus')
    w.focus()
    xdo('type', '--delay', '2', 'PRIME')
    ok(soon(lambda: w.find(name='4 of 4'), 10), 'hits in message, thought and answer are counted',
       labels(w))
    press(w.button('Previous hit'))
    soon(lambda: w.find(name='3 of 4'), 5)
    press(w.button('Previous hit'))
    ok(soon(lambda: w.find(name='2 of 4'), 10), 'the buttons go from hit to hit', labels(w))
    thought = soon(lambda: w.find(Role.TEXT, 'Thought'), 5)
    ok(thought, 'a hit in a thought unfolds it')
    ok(thought and soon(lambda: Atspi.Text.get_n_selections(thought) == 1, 5),
       'and is selected there')
    w.click(wait(lambda: w.find(Role.CHECK_BOX, 'thoughts'), 5, 'the box'))
    ok(soon(lambda: w.find(name='3 of 3'), 10), 'thoughts can be left out', labels(w))
    press(w.button('Close find'))
    ok(soon(lambda: not w.find(begins='Previous hit'), 5), 'it closes')

    # Rename.
    w.key('F2')
    entry = wait(lambda: find(w.app, Role.TEXT, 'Title of the chat') or
                 find(w.app, Role.ENTRY, 'Title of the chat'), 10, 'title')
    Atspi.EditableText.set_text_contents(entry, 'Primes and factors')
    press(wait(lambda: [n for n in walk(w.app) if
                        n.get_name() in ('Rename', 'Rename Rename') and
                        n.get_role() == Role.PUSH_BUTTON], 10, 'Rename')[0])
    ok(soon(lambda: w.frame.get_name().startswith('Primes and factors'), 10),
       'F2 renames the chat', w.frame.get_name())
    ok(soon(lambda: any((n.get_name() or '').startswith('Primes and factors')
                        for n in walk(w.frame)
                        if n.get_role() == Role.LIST_ITEM), 10),
       'in the list too')

    # Continue.
    press(w.button('New chat'))
    wait(lambda: w.find(begins='Chat “New chat”'), 10, 'a new chat')
    w.send('count')
    wait(lambda: any('one two' in t for t in texts(w)), 20, 'text')
    press(w.button('Stop writing'))
    w.idle()
    ok(label(w, 'Stopped.'), 'a stopped answer says so', labels(w))
    had = texts(w)[-1]
    press(w.button('Continue'))
    ok(soon(lambda: texts(w)[-1].endswith('and on it goes'), 20),
       'Continue goes on', texts(w)[-1][-60:])
    w.idle()
    ok(texts(w)[-1].startswith(had) and not w.find(Role.LABEL, '2 / 2') and
       not w.find(Role.LABEL, 'Stopped.'),
       'in its own message, which was stopped no more', texts(w)[-1][:60])
    ok(''.join(texts(w)[-1].split()) == ''.join(had.split()) + 'andonitgoes',
       'and says nothing twice', texts(w)[-1][-80:])

    # A circle is broken, and that is undone.
    w.send('circle')
    ok(label(w, 'The thought went round in a circle; 2 tokens were taken back '
                'and it went on another way.', 20), 'a broken circle is told',
       labels(w))
    soon(lambda: texts(w)[-1] == 'The end.', 10)
    w.idle()
    press(w.button('Undo'))
    ok(soon(lambda: texts(w)[-1] == 'Another end.', 20),
       'Undo writes on behind what was taken back', texts(w))
    w.idle()
    press(w.find_last_head())
    thought = wait(lambda: w.find(Role.TEXT, 'Thought'), 5, 'the thought')
    ok('taken back never mind' in text_of(thought).replace('\n', ' '),
       'which is there again', text_of(thought))

    # An answer can be edited; the old one stays as a branch.
    press(w.find_last('Edit answer'))
    editor = wait(lambda: w.find(Role.TEXT, 'Edit answer'), 5, 'the editor')
    Atspi.EditableText.set_text_contents(editor, 'A better end.')
    press(w.button('Keep as a new branch'))
    ok(soon(lambda: texts(w)[-1] == 'A better end.' and
            w.find(Role.LABEL, '3 / 3') and
            w.find(Role.LABEL, 'Pocket · edited'), 10),
       'an edited answer is a branch that says so', texts(w)[-2:])

    # Settings.
    w.key('ctrl+comma')
    sheet = wait(lambda: find(w.app, Role.FRAME, 'Settings') or
                 find(w.app, Role.DIALOG, 'Settings'), 10, 'settings')
    switch = wait(lambda: [n for n in walk(sheet)
                           if (n.get_name() or '').startswith('Break') and
                           n.get_role_name() in ('switch', 'toggle button',
                                                 'check box')], 10,
                  'the switch')[0]
    press(switch)
    ok(soon(lambda: 'keep-loops=true' in settings(), 5),
       'a switch is kept at once', settings())
    resets = steady(lambda: [n for n in walk(sheet)
                             if n.get_role() == Role.PUSH_BUTTON and
                             n.get_name() == 'Reset'])
    press(resets[0])
    ok(soon(lambda: 'keep-loops' not in settings(), 5),
       'Reset brings the page back', settings())
    ok(any('Default: 2,048' in (n.get_name() or '') for n in walk(sheet)) or
       any('Default: 2,048' in (n.get_description() or '')
           for n in walk(sheet)), 'rows say their defaults')
    w.key('Escape')
    w.process.poll()

    # A chat from a file.
    chat = os.path.join(tmp, 'chat.json')
    with open(chat, 'w') as f:
        json.dump({'messages': [{'role': 'system', 'content': 'Be brief.'},
                                {'role': 'user', 'content': 'Hello?'},
                                {'role': 'assistant', 'content': 'Yes.',
                                 'thinking': 'A greeting.'}]}, f)
    subprocess.run([program, chat], check=True, timeout=60)
    ok(soon(lambda: 'Hello?' in labels(w) and 'Yes.' in texts(w), 10),
       'a chat file is opened as a chat', labels(w))
    ok('Instructions' in labels(w), 'its instructions are named so')
    hurt = os.path.join(tmp, 'hurt.json')  # F08
    with open(hurt, 'w') as f:
        json.dump({'tarn_chat': 1, 'active': 2, 'messages': [
            {'id': 1, 'parent': 0, 'role': 'user', 'content': 'Still here?'},
            {'id': 2, 'parent': 1, 'role': 'assistant', 'content': 'I am.',
             'trace': '{"tarn_trace":1,'}]}, f)
    subprocess.run([program, hurt], check=True, timeout=60)
    ok(soon(lambda: w.find(Role.LABEL, begins='Message 2 is read without its '
                           'trace: this is not a tarn trace: '), 10) and
       'I am.' in texts(w), 'a damaged trace does not cost the chat')
    bad = os.path.join(tmp, 'bad.json')
    with open(bad, 'w') as f:
        f.write('{"messages": [{"role": "nobody"}]}')
    subprocess.run([program, bad], check=True, timeout=60)
    ok(soon(lambda: w.find(Role.LABEL, begins='bad.json is not a tarn chat'),
            10), 'one that is none is refused in one sentence')
    ok(w.alive(), 'the program lives')
finally:
    code = w.end()
ok(code == 143, 'SIGTERM ends it in order', code)

# A circle of an answer is broken by a person, and that is undone.
with open(script, 'w') as f:
    f.write('%%%\n'.join(['one two %ROUND three\nThe end.\n', 'for ever\n']))
w = Window(program, env={'TARN_SCRIPT': script, 'TARN_SCRIPT_RATE': '400'})
try:
    w.send('round')
    ok(label(w, 'The answer goes round in a circle.', 20),
       'a circle of an answer is told', labels(w))
    press(w.button('Break the circle'))
    ok(soon(lambda: texts(w)[-1].endswith('The end.'), 20) and
       'again' not in texts(w)[-1], 'and broken when asked', texts(w))
    w.idle()
    ok(label(w, 'The circle was broken: 2 tokens were taken back.'),
       'which is said in the turn', labels(w))
    press(w.button('Undo'))
    ok(soon(lambda: 'again again for ever' in
            texts(w)[-1].replace('\n', ' '), 20),
       'Undo brings back what was taken', texts(w))
    w.idle()
    ok(w.find(Role.LABEL, '2 / 2'), 'in a branch')
finally:
    w.end()

# A thought over its budget says so and offers twice as much.
with open(script, 'w') as f:
    f.write('%%%\n'.join(TURNS[5:]))
with open(os.path.join(os.environ['XDG_CONFIG_HOME'], 'tarn',
                       'window.ini'), 'w') as f:
    f.write('[window]\nbudget=256\n')
w = Window(program, env={'TARN_SCRIPT': script, 'TARN_SCRIPT_RATE': '2000'})
try:
    w.send('wait')
    ok(label(w, 'The thought reached its budget of 256 tokens and was '
                'closed.', 20), 'a thought over its budget says so', labels(w))
    w.idle()
    press(w.button('Regenerate with 512'))
    ok(soon(lambda: w.find(Role.LABEL, '2 / 2'), 20), 'and can have more')
    w.idle()
    # 0 is a budget, too.
    w.choose(w.find(begins='Thinking budget, 256').get_name(), '0')
    ok(soon(lambda: w.find(begins='Thinking budget, 0 tokens'), 5) and
       label(w, 'This model always thinks first. With a budget of 0 its '
                'answers get worse.', 5), 'a budget of 0 can be said, with what '
       'it costs', labels(w))
    w.send('at once')
    w.idle()
    ok(texts(w)[-1] == 'short' and
       len(find_all(log(w), Role.PUSH_BUTTON, 'Thought ')) == 1,
       'then there is no thought', texts(w))
    ok('budget=0\n' in settings(), 'and that is kept', settings())
    press(w.button('Use 256'))
    ok(soon(lambda: w.find(begins='Thinking budget, 256') and
            not w.find(Role.LABEL, begins='This model always'), 5),
       'Use 256 takes the advice')
    w.choose(w.find(begins='Thinking budget, 256').get_name(), 'No limit')
    ok(soon(lambda: 'budget=-1\n' in settings(), 5) and
       w.find(begins='Thinking budget, no limit'), 'or none at all')
finally:
    w.end()
plan()
