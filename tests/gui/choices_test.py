"""What a person chooses for a chat: instructions, a schema for the answer,
another backend between two turns, another model.
Usage (by run-ui-test.sh): choices_test.py PROGRAM FOLDER-OF-SMALL-MODELS"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ui import *  # noqa: E402,F403

program, models = sys.argv[1:3]
config = os.path.join(os.environ['XDG_CONFIG_HOME'], 'tarn')
os.makedirs(config)
with open(os.path.join(config, 'window.ini'), 'w') as f:
    f.write('[window]\nseed=1\n')


def log(w):
    return w.find(begins='Chat “')


def texts(w):
    return steady(lambda: [text_of(n) for n in walk(log(w))
                           if n.get_role() == Role.TEXT and showing(n)
                           and n.get_name() != 'Thought'])


def labels(w):
    return steady(lambda: [n.get_name() for n in walk(w.frame)
                           if n.get_role() == Role.LABEL and showing(n)])


def status(w):
    return soon(lambda: [n for n in labels(w) if '· context ' in n], 10)[0]


def field(w, name):
    return wait(lambda: find(w.app, Role.TEXT, name), 10, name)


def ask(w, question, wanted):
    w.send(question)
    soon(lambda: texts(w) and wanted in texts(w)[-1], 30)
    w.idle()
    return texts(w)[-1]


w = Window(program)
try:
    wait(lambda: w.find(Role.LABEL, begins='This is the pocket model'), 20,
         'the pocket model')

    # Instructions.
    w.choose('Add to the message', 'Instructions…')
    box = field(w, 'Instructions')
    Atspi.EditableText.set_text_contents(box, 'Answer in one word.')
    w.answer_dialog('Use')
    ok(soon(lambda: 'Answer in one word.' in labels(w) and
            'Instructions' in labels(w), 10),
       'instructions stand at the beginning', labels(w))
    ok('42' in ask(w, 'What is 17 + 25?', '42'), 'and the chat goes on')
    w.choose('Add to the message', 'Instructions…')
    box = field(w, 'Instructions')
    ok(text_of(box) == 'Answer in one word.', 'the dialog knows them')
    Atspi.EditableText.set_text_contents(box, 'Answer in two words.')
    w.answer_dialog('Use')
    ok(soon(lambda: 'Answer in two words.' in labels(w) and
            w.find(Role.LABEL, '2 / 2'), 10),
       'others begin the chat again', labels(w))
    press(w.button('Previous branch, 2 of 2'))
    ok(soon(lambda: texts(w) and '42' in texts(w)[-1], 10),
       'the old beginning is a branch', texts(w))

    # A schema for the answer.
    press(w.button('New chat'))
    wait(lambda: w.find(begins='Chat “New chat”'), 10, 'a new chat')
    w.choose('Add to the message', 'Schema for the answer…')
    box = field(w, 'Schema for the answer')
    Atspi.EditableText.set_text_contents(box, '{"type": "object", "not": {}}')
    said = soon(lambda: [n.get_name() for n in walk(w.app) if showing(n) and
                         '"not"' in (n.get_name() or '')], 10)
    ok(said, 'a schema that cannot be used says why',
       [n.get_name() for n in walk(w.app)])
    schema = {'type': 'object', 'required': ['sum'],
              'additionalProperties': False,
              'properties': {'sum': {'type': 'integer', 'maximum': 999,
                                     'minimum': 0}}}
    Atspi.EditableText.set_text_contents(box, json.dumps(schema))
    w.answer_dialog('Use')
    ok(soon(lambda: w.find(Role.PUSH_BUTTON,
                           'The answer must fit a schema. Change it'), 10),
       'the composer says that there is one')
    said = ask(w, 'What is 17 + 25?', '}')
    ok(said.strip().startswith('{') and list(json.loads(said)) == ['sum'],
       'the answer fits it', said)
    press(w.button('The answer must fit a schema. Change it'))
    field(w, 'Schema for the answer')
    w.answer_dialog('None')
    ok(soon(lambda: not w.find(
        Role.PUSH_BUTTON, 'The answer must fit a schema. Change it'), 10),
       'and it can be taken away')

    # Instructions, settings and tools under a name.
    def budget(n):
        return soon(lambda: w.find(begins='Thinking budget, %s tokens' % n), 5)

    def presets():
        """The items of that name: to use, and to remove."""
        return [n for n in walk(w.app) if n.get_name() == 'Short_one' and
                n.get_role() in (Role.MENU_ITEM, Role.PUSH_BUTTON)]

    press(w.button('New chat'))
    wait(lambda: w.find(begins='Chat “New chat”'), 10, 'a new chat')
    w.choose('Add to the message', 'Instructions…')
    Atspi.EditableText.set_text_contents(field(w, 'Instructions'), 'Be short.')
    w.answer_dialog('Use')
    w.choose(w.find(begins='Thinking budget').get_name(), '256')
    budget('256')
    w.choose('Add to the message', 'Save as preset…')
    Atspi.EditableText.set_text_contents(field(w, 'Name of the preset'),
                                         'Short_one')
    w.answer_dialog('Save')
    kept = os.path.join(os.environ['XDG_CONFIG_HOME'], 'tarn', 'presets.ini')
    ok(soon(lambda: os.path.exists(kept), 5), 'a preset is saved')
    press(w.button('New chat'))
    wait(lambda: w.find(begins='Chat “New chat”'), 10, 'a new chat')
    w.choose(w.find(begins='Thinking budget').get_name(), '1,024')
    budget('1,024')
    w.choose('Add to the message', 'Short_one')
    ok(budget('256') and soon(lambda: 'Be short.' in labels(w), 5),
       'and used: budget and instructions are those', labels(w))
    w.choose('Add to the message', 'Preset')
    press(wait(lambda: presets()[1:], 5, 'the list to remove from')[0])
    ok(soon(lambda: 'removed=true' in open(kept).read(), 5),
       'it can be removed', open(kept).read())
    press(wait(lambda: w.find(Role.PUSH_BUTTON, begins='Undo'), 5, 'Undo'))
    ok(soon(lambda: 'removed=true' not in open(kept).read(), 5),
       'and comes back', open(kept).read())
    w.choose('Add to the message', 'Short_one')
    ok(soon(lambda: find(w.app, begins='Using “Short_one”'), 20), 'to be used',
       labels(w))

    # Another backend between two turns of one chat.
    press(w.button('New chat'))
    wait(lambda: w.find(begins='Chat “New chat”'), 10, 'a new chat')
    first = ask(w, 'What is 5 + 8?', '13')
    before = status(w).split(' · ')[0]
    w.choose('Menu', 'Backends')
    other = 'ref' if before != 'ref' else 'cpu-base'
    press(wait(lambda: find(w.app, Role.PUSH_BUTTON, f'Use {other}'), 10,
               'its button'))
    ok(soon(lambda: status(w).startswith(other + ' · not yet'), 30),
       'another backend goes on, its speed is not known yet', status(w))
    ok('odd' in ask(w, 'Is 17 even or odd?', 'odd') and first in texts(w),
       'the chat goes on with it', texts(w))
    ok(status(w).startswith(other), 'the status line names it', status(w))

    # The models on this computer.
    tiny = os.path.join(models, 'dense-f32.gguf')
    w.key('ctrl+m')
    sheet = wait(lambda: find(w.app, Role.FRAME, 'Models') or
                 find(w.app, Role.DIALOG, 'Models'), 10, 'Models')
    ok(soon(lambda: [n for n in walk(sheet) if n.get_name() == 'in use'], 5),
       'Ctrl+M lists the models, one is in use')
    w.focus('Models')
    xdo('key', 'Escape')
    soon(lambda: not find(w.app, Role.FRAME, 'Models'), 5)
    subprocess.run([program, tiny], check=True, timeout=60)
    wait(lambda: 'dense' in (w.find_subtitle() or ''), 30, 'the other model')
    w.key('ctrl+m')
    press(wait(lambda: find(w.app, Role.PUSH_BUTTON, begins='Use tarn'), 10,
               'Use'))
    ok(soon(lambda: 'pocket' in (w.find_subtitle() or ''), 30),
       'Use goes back to the pocket model', w.find_subtitle())
    w.key('ctrl+m')
    removes = wait(lambda: find_all(w.app, Role.PUSH_BUTTON,
                                    'Remove from the list'), 10, 'Remove')
    press(removes[0])
    ok(soon(lambda: not find_all(w.app, Role.PUSH_BUTTON,
                                 'Remove from the list'), 10),
       'Remove takes a model off the list')
    ok(os.path.exists(tiny), 'and leaves the file')
    ok(w.alive(), 'the program lives')
finally:
    code = w.end()
ok(code == 143, 'SIGTERM ends it in order', code)
plan()
