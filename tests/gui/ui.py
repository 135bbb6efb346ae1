"""Drives the window through AT-SPI; TAP.  Used by the tests of this folder."""
import os
import signal
import subprocess
import sys
import time

import gi
gi.require_version('Atspi', '2.0')
from gi.repository import Atspi, GLib  # noqa: E402

# libatspi remembers names and children and forgets them when it is told that
# they changed; such a message can be lost, so each question goes to the window.
os.environ['ATSPI_NO_CACHE'] = '1'
Atspi.init()
Role = Atspi.Role
State = Atspi.StateType
count = 0
failed = 0


def ok(cond, what, seen=''):
    global count, failed
    count += 1
    if not cond:
        failed += 1
        if seen != '':
            print(f'# seen: {seen!r}')
    print(f"{'ok' if cond else 'not ok'} {count} - {what}", flush=True)
    return cond


def plan():
    print(f'1..{count}')
    sys.exit(1 if failed else 0)


def wait(probe, seconds=10.0, what='', every=0.01):
    """Polls until probe() is true and returns that; ends the test if not."""
    end = time.monotonic() + seconds
    while True:
        try:
            v = probe()
        except GLib.Error:      # an object died between two calls
            v = None
        if v:
            return v
        if time.monotonic() > end:
            print(f'Bail out! timed out: {what}', flush=True)
            sys.exit(1)
        time.sleep(every)


def soon(probe, seconds=10.0):
    """Like wait(), but returns None in the end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            v = probe()
        except GLib.Error:
            v = None
        if v:
            return v
        time.sleep(0.01)
    return None


def steady(probe, tries=20):
    """What probe() gives, tried again where an object died under it."""
    for _ in range(tries):
        try:
            return probe()
        except GLib.Error:
            time.sleep(0.05)
    return probe()


def children(node):
    for i in range(node.get_child_count()):
        c = node.get_child_at_index(i)
        if c is not None:
            yield c


def walk(node):
    yield node
    for c in children(node):
        yield from walk(c)


def showing(node):
    """GTK 4.8 gives SHOWING to windows only; hidden widgets are not there."""
    return node.get_state_set().contains(State.VISIBLE)


def find(root, role=None, name=None, begins=None):
    for n in walk(root):
        if role is not None and n.get_role() != role:
            continue
        t = n.get_name() or ''
        if name is not None and t != name:
            continue
        if begins is not None and not t.startswith(begins):
            continue
        if showing(n):
            return n
    return None


def find_all(root, role=None, begins=''):
    return [n for n in walk(root)
            if (role is None or n.get_role() == role) and showing(n)
            and (n.get_name() or '').startswith(begins)]


def text_of(n):
    return Atspi.Text.get_text(n, 0, Atspi.Text.get_character_count(n))


def press(n):
    return Atspi.Action.do_action(n, 0)


def xdo(*args):
    return subprocess.run(['xdotool', *args], check=True, capture_output=True,
                          text=True).stdout


class Window:
    """The program under test."""

    def __init__(self, *args, env=None):
        e = dict(os.environ)
        e.update(env or {})
        self.process = subprocess.Popen(list(args), env=e)
        self.name = 'tarn-window'
        t = time.monotonic()
        self.app = wait(self.find_app, 20, 'the program on the bus')
        self.frame = wait(lambda: find(self.app, Role.FRAME), 20, 'its window')
        print(f'# window after {time.monotonic() - t:.2f} s')

    def find_app(self):
        if self.process.poll() is not None:
            print(f'Bail out! the program ended: {self.process.returncode}')
            sys.exit(1)
        for c in children(Atspi.get_desktop(0)):
            if c.get_name() == self.name and \
                    c.get_process_id() == self.process.pid:
                return c
        return None

    def find(self, role=None, name=None, begins=None):
        return find(self.frame, role, name, begins)

    def button(self, name, seconds=10):
        return wait(lambda: self.find(Role.PUSH_BUTTON, name), seconds,
                    f'button {name}')

    def find_last(self, name):
        """The last button of that name: of the last turn."""
        return wait(lambda: [n for n in walk(self.frame)
                             if n.get_role() == Role.PUSH_BUTTON and
                             n.get_name() == name][-1], 10, name)

    def find_last_head(self):
        """The head of the last thought."""
        return wait(lambda: [n for n in walk(self.frame)
                             if n.get_role() == Role.PUSH_BUTTON and
                             (n.get_name() or '').startswith('Thought ')][-1],
                    10, 'a thought')

    def composer(self):
        return wait(lambda: self.find(Role.TEXT, 'Message'), 10, 'composer')

    def type(self, text):
        box = self.composer()
        n = len(text.encode())
        Atspi.EditableText.set_text_contents(box, '')
        Atspi.EditableText.insert_text(box, 0, text, n)

    def send(self, text):
        self.type(text)
        send = self.button('Send message')
        wait(lambda: send.get_state_set().contains(State.SENSITIVE), 20,
             'a model to send to')
        press(send)
        soon(lambda: self.find(Role.PUSH_BUTTON, 'Stop writing') or
             not text_of(self.composer()), 2)

    def idle(self, seconds=60):
        wait(lambda: self.find(Role.PUSH_BUTTON, 'Send message'), seconds,
             'the end of the turn')

    def find_subtitle(self):
        """The model's name below the title: the label behind it."""
        title = self.frame.get_name().rsplit(' – ', 1)[0]
        names = [n.get_name() for n in walk(self.frame)
                 if n.get_role() == Role.LABEL and showing(n)]
        at = names.index(title) if title in names else -1
        return names[at + 1] if at >= 0 else None

    def answer_dialog(self, name):
        """Presses a button of a dialog; its label is in its name twice."""
        press(wait(lambda: [n for n in walk(self.app) if
                            n.get_name() in (name, f'{name} {name}') and
                            n.get_role() == Role.PUSH_BUTTON and showing(n)],
                   10, name)[0])

    def choose(self, menu, item):
        """An item of a button's menu."""
        # The deed of a menu button is its inner button's.  A dialog that is
        # about to go may close the menu again.
        outer = wait(lambda: self.find(name=menu), 10, menu)
        for _ in range(4):
            press([n for n in walk(outer) if Atspi.Action.get_n_actions(n)][0])
            time.sleep(0.3)     # GTK 4.8 is not asked while it opens
            there = soon(lambda: [n for n in walk(self.app) if showing(n) and
                                  (n.get_name() or '') == item and n.get_role()
                                  in (Role.MENU_ITEM, Role.PUSH_BUTTON,
                                      Role.RADIO_MENU_ITEM)], 5)
            if there:
                press(there[0])
                return
        wait(lambda: None, 0, item)

    def focus(self, title=None):
        """Without a window manager nobody gives the X focus.  title: of another
        window than the main one."""
        which = ('--name', '^%s$' % title) if title else \
            ('--pid', str(self.process.pid))
        ids = xdo('search', '--onlyvisible', *which).split()
        self.wid = ids[0]
        xdo('windowfocus', '--sync', self.wid)

    def stop_after(self, seconds):
        """Presses Stop then; seconds from the press to Send being back."""
        stop = self.button('Stop writing', 20)
        row = stop.get_parent()
        time.sleep(seconds)
        if 'Stop writing' not in [c.get_name() for c in children(row)]:
            return None
        t = time.monotonic()
        press(stop)
        wait(lambda: 'Send message' in [c.get_name() for c in children(row)],
             10, 'the stop', every=0)
        return time.monotonic() - t

    def key(self, *keys):
        self.focus()
        xdo('key', *keys)

    def focus_pane(self):
        """Turns to the timeline; a click beside its lanes: keys are theirs."""
        self.click(wait(lambda: self.find(name='Timeline'), 10, 'its tab'))
        lanes = wait(lambda: find(self.frame, Role.IMAGE, begins='Trace, ') or
                     find(self.frame, Role.IMAGE, begins='Timeline, '), 10,
                     'the timeline')
        self.click(lanes, 4, 4)

    def type_keys(self, text):
        self.focus()
        xdo('type', '--delay', '5', text)

    def click(self, node, dx=None, dy=None):
        e = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
        self.focus()
        xdo('mousemove', '--window', self.wid,
            str(e.x + (e.width // 2 if dx is None else dx)),
            str(e.y + (e.height // 2 if dy is None else dy)), 'click', '1')

    def picture(self, file):
        """TARN_SHOT must name the same file."""
        if os.path.exists(file):
            os.unlink(file)
        self.process.send_signal(signal.SIGUSR1)
        wait(lambda: os.path.exists(file) and os.path.getsize(file), 10,
             'picture')
        time.sleep(0.1)

    def alive(self):
        return self.process.poll() is None

    def end(self):
        if self.alive():
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode
