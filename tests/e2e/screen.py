"""A program on a pseudo-terminal, and what a person would see there.

Terminal(args).type(text).wait(text) ... .screen() gives the lines; .raw all
bytes that came.  The screen understands what tarn may send: CR, LF, BS, CSI
A B C D J K m, and modes (h, l), which it ignores.  Anything else is an error,
so a control character of a model that gets through is found.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time


class Screen:
    def __init__(self, columns):
        self.columns = columns
        self.lines = [""]
        self.row = self.col = 0
        self.errors = []

    def put(self, char, wide):
        if self.col + wide > self.columns:
            self.newline()
            self.col = 0
        line = self.lines[self.row].ljust(self.col)
        self.lines[self.row] = line[:self.col] + char + line[self.col + 1:]
        self.col += 1  # a wide character is one cell here: good enough

    def newline(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")

    def csi(self, n, kind):
        n1 = n or 1
        if kind == "A":
            self.row = max(0, self.row - n1)
        elif kind == "B":
            self.row = min(len(self.lines) - 1, self.row + n1)
        elif kind == "C":
            self.col += n1
        elif kind == "D":
            self.col = max(0, self.col - n1)
        elif kind == "K":
            self.lines[self.row] = self.lines[self.row][:self.col]
        elif kind == "J":
            self.lines[self.row] = self.lines[self.row][:self.col]
            del self.lines[self.row + 1:]

    def feed(self, text):
        at = 0
        while at < len(text):
            c = text[at]
            m = re.compile(r"\x1b\[(\??)(\d*)([ABCDJKmhl])").match(text, at)
            if m:
                self.csi(int(m.group(2) or 0), m.group(3))
                at = m.end()
                continue
            if c == "\n":
                self.newline()
            elif c == "\r":
                self.col = 0
            elif c == "\b":
                self.col = max(0, self.col - 1)
            elif ord(c) < 32 or 127 <= ord(c) < 160:
                self.errors.append(repr(text[max(0, at - 20):at + 20]))
            else:
                self.put(c, 1)
            at += 1


class Terminal:
    def __init__(self, args, columns=80, env=None, stdout=None):
        self.columns = columns
        self.raw = b""
        self.from_ = 0  # wait() looks behind this
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if stdout:
                os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT), 1)
            e = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
            e.update(TERM="xterm-256color", LANG="C.UTF-8", LC_ALL="C.UTF-8")
            e.update(env or {})
            os.execve(args[0], args, e)
        self.resize(columns)

    def resize(self, columns, rows=40):
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, size)

    def read(self, seconds):
        """False at the end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.raw += data
        return bool(data)

    def type(self, keys):
        self.from_ = len(self.raw)
        data = keys.encode() if isinstance(keys, str) else keys
        while data:
            n = os.write(self.fd, data[:512])
            data = data[n:]
            self.read(0.01)
        return self

    def wait(self, text, seconds=30):
        """Until `text` comes, behind what was there when type() began."""
        want = text.encode()
        end = time.time() + seconds
        while want not in self.raw[self.from_:]:
            if time.time() > end or not self.read(0.05):
                raise AssertionError("%r did not come; the end is %r" % (
                    text, self.raw[-400:].decode("utf8", "replace")))
        return self

    def prompt(self, seconds=60):
        """Until it asks for the next message."""
        return self.wait("\x1b[?2004h\r\x1b[J> ", seconds)

    def ask(self, text, seconds=60):
        self.type(text + "\r")
        return self.prompt(seconds)

    def some(self, size, seconds=30):
        """Until so many bytes have come since type()."""
        end = time.time() + seconds
        while len(self.raw) - self.from_ < size and time.time() < end:
            self.read(0.02)
        return self

    def settle(self, seconds=0.15):
        while self.read(seconds) and select.select([self.fd], [], [], 0)[0]:
            pass
        return self

    def screen(self):
        s = Screen(self.columns)
        s.feed(self.raw.decode("utf8", "replace"))
        self.errors = s.errors
        return [line.rstrip() for line in s.lines]

    def answer(self):
        """What came since type(), without styles and what was typed."""
        text = self.raw[self.from_:].decode("utf8", "replace")
        text = text.split("\x1b[?2004l", 1)[-1].lstrip("\r\n")
        text = text.split("\x1b[?2004h")[0]
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")

    def signal(self, number):
        os.kill(self.pid, number)

    def finish(self, seconds=10):
        """The exit code."""
        end = time.time() + seconds
        while time.time() < end:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("it did not end")
