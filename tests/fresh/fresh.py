#!/usr/bin/env python3
"""tarn on a machine that has nothing: clone, ./run, one question, ./check.

usage: fresh.py ROOT REPOSITORY [--no-check] [--check-options "..."]

ROOT is a folder with a fresh system (debootstrap --variant=minbase bookworm
ROOT), with /proc mounted and a working apt.  REPOSITORY is cloned inside, so
a path must be one that is seen from there.  Run as root.  Prints TAP and how
long each part took.
"""
import argparse
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

QUESTION = 'What is 17 + 25?'
ANSWER = '42'
n = bad = 0


def report(name, good, seconds, seen=''):
    global n, bad
    n += 1
    bad += not good
    if not good:
        print('# ' + seen[-4000:].replace('\n', '\n# '))
    print('%s %d - %s (%.0f s)' % ('ok' if good else 'not ok', n, name,
                                   seconds), flush=True)


def inside(root, command):
    return ['chroot', root, '/usr/bin/env', '-i', 'HOME=/root', 'TERM=xterm',
            'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:'
            '/bin', 'LANG=C.UTF-8', '/bin/sh', '-c', command]


def step(name, root, command, limit):
    t = time.monotonic()
    r = subprocess.run(inside(root, command), stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, errors='replace', timeout=limit)
    report(name, r.returncode == 0, time.monotonic() - t, r.stdout)
    return r.stdout


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.text = ''

    def read_until(self, pattern, seconds, start=0):
        """The text before the match ends, or None."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            plain = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]|\r', '', self.text)
            m = re.search(pattern, plain[start:], re.S)
            if m:
                return start + m.end()
            if not select.select([self.fd], [], [], 1)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return None
            if not data:
                return None
            self.text += data.decode('utf-8', 'replace')
        return None

    def send(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """The exit code; waits ten seconds, then kills."""
        for _ in range(100):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.fd, 65536).decode(
                        'utf-8', 'replace')
                except OSError: # closed: it will be gone in a moment
                    time.sleep(0.1)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return -signal.SIGKILL


def chat(root, limit, name):
    t = time.monotonic()
    term = Terminal(inside(root, 'cd ~/tarn && exec ./run'))
    # the prompt of the chat: a line that is waiting for a person
    at = term.read_until(r'\n[^\n]*(?:›|>)\s*$', limit)
    report(name + ': ./run gives a prompt', at is not None,
           time.monotonic() - t, term.text)
    if at is None:
        term.end()
        return
    t = time.monotonic()
    term.send(QUESTION + '\r')
    got = term.read_until(r'\b' + ANSWER + r'\b.*\n[^\n]*(?:›|>)\s*$', 120,
                          at)
    report('%s: the answer to "%s" has %s' % (name, QUESTION, ANSWER),
           got is not None, time.monotonic() - t, term.text)
    term.send('\x04')
    code = term.end()
    report(name + ': Ctrl-D ends it with 0', code == 0, 0, term.text)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('root')
    p.add_argument('repository')
    p.add_argument('--no-check', action='store_true')
    p.add_argument('--check-options', default='')
    a = p.parse_args()
    step('git is installed and the repository cloned', a.root,
         'set -e; command -v git >/dev/null || { apt-get update -qq; '
         'DEBIAN_FRONTEND=noninteractive apt-get install -y -qq '
         '--no-install-recommends git ca-certificates; }; '
         'rm -rf ~/tarn; git clone -q "%s" ~/tarn' % a.repository,
         1200)
    chat(a.root, 2400, 'fresh')
    chat(a.root, 300, 'again')
    if not a.no_check:
        out = step('./check passes', a.root,
                   'cd ~/tarn && ./check ' + a.check_options, 7200)
        print('# ' + '\n# '.join(out.strip().splitlines()[-25:]))
    print('1..%d' % n)
    return bad > 0


if __name__ == '__main__':
    sys.exit(main())
