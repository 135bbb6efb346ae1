#!/usr/bin/env python3
"""tarn chat: what stays of an answer: its tokens, and chats on the shelf.

  chat_kept.py TARN POCKET.gguf

Prints TAP.
"""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chat_pty import (  # noqa: E402
    DIR, POCKET, QUESTION, TARN, WILD, check, main, messages, start)


def test_more_goes_on_where_it_was_stopped():
    t = start("--temp", "0").prompt()
    t.ask(QUESTION)
    t.ask("/more")
    check("ended by itself" in t.answer(), t.answer())
    t.type("\x04")
    check(t.finish() == 0)
    t = start(model=WILD).prompt()
    t.type("go\r").some(2000)
    t.type("\x03").wait("/more goes on").prompt()
    first = messages(t)[-1][1]
    t.type("/more\r").some(4000)
    t.type("\x03").wait("Stopped.").prompt()
    check("1 / 1" in t.answer(), t.answer()[-200:])
    check(first[:200] not in t.answer(), "nothing is printed twice")
    second = messages(t)[-1][1]
    check(second.startswith(first) and len(second) > len(first),
          len(first), len(second))
    t.ask("/trace 0")
    check("taken" in t.answer(), "the figures of its beginning are kept",
          t.answer())
    t.type("\x04")
    check(t.finish() == 0)


def test_more_is_as_if_it_had_not_been_stopped():
    """Three tokens at a time: the whole is the answer in one go."""
    t = start("--temp", "0").prompt()
    t.ask(QUESTION)
    whole = messages(t)[-1][1]
    t.type("\x04")
    check(t.finish() == 0)
    path = os.path.join(DIR, "pieces.json")
    t = start("--temp", "0", "-n", "9").prompt()
    t.ask(QUESTION)
    told, times = t.answer(), 0
    while "/more goes on" in t.answer():
        times += 1
        check(times < 50)
        t.ask("/more")
        check("1 / 1" in t.answer(), t.answer())
        told += t.answer()
    check(times > 1, told)
    check(messages(t)[-1][1] == whole, messages(t)[-1], whole)
    check(told.count(whole) <= 1 and "42" in told, told)
    t.ask("/trace save " + path)
    r = subprocess.run([TARN, "trace", path, "--replay", POCKET],
                       capture_output=True)
    check(r.returncode == 0, r)
    t.type("\x04")
    check(t.finish() == 0)


def test_trace_and_fork():
    t = start("--temp", "0").prompt()
    t.ask("/trace")
    check("does not end with an answer" in t.answer(), t.answer())
    t.ask(QUESTION)
    t.ask("/trace")
    check("thought " in t.answer(), t.answer())
    t.ask("/trace 3")
    lines = t.answer().strip().split("\n")
    check(lines[0].startswith("Token 3, ") and "bits" in lines[0], lines)
    check(len(lines) >= 3 and lines[1].endswith("taken"), lines)
    other = re.match(r"2  (.*?) {2,}", lines[2]).group(1)
    t.ask("/fork 3 2")
    check("2 / 2" in t.answer(), t.answer())
    t.ask("/trace 3")
    check('"%s"' % other in t.answer() and "not drawn" in t.answer(),
          other, t.answer())
    t.ask("/fork 3")
    check("/trace N shows them" in t.answer(), t.answer())
    t.ask("/fork 9999 1")
    check("/trace N shows them" in t.answer(), t.answer())
    t.ask("/keep")
    check("Nothing was taken back" in t.answer(), t.answer())
    path = os.path.join(DIR, "turn.json")
    t.ask("/trace save /nonexistent/t.json")
    check(t.answer().count("nonexistent") == 1, t.answer())
    t.ask("/trace save " + path)
    r = subprocess.run([TARN, "trace", path], capture_output=True)
    check(r.returncode == 0 and b"thought" in r.stdout, r)
    t.ask("/undo")
    t.type("\x04")
    check(t.finish() == 0)


def test_chats_are_kept():
    env = {"XDG_DATA_HOME": os.path.join(DIR, "shelf")}
    t = start(env=env).prompt()
    t.ask("/chats")
    check("No chat has been kept" in t.answer(), t.answer())
    t.ask(QUESTION)
    t.ask("/title Sums of two")
    t.ask("/new")
    t.ask("What is 5 + 8?")
    t.ask("/chats")
    check("Sums of two" in t.answer() and "What is 5 + 8?" in t.answer() and
          "(this one)" in t.answer(), t.answer())
    t.type("\x04")
    check(t.finish() == 0)
    folder = os.path.join(DIR, "shelf", "tarn", "chats")
    check(len(os.listdir(folder)) == 2, os.listdir(folder))
    for name in os.listdir(folder):
        mode = os.stat(os.path.join(folder, name)).st_mode & 0o777
        check(mode == 0o600, name, oct(mode))
    t = start(env=env).prompt()
    t.ask("/chats")
    n = re.search(r"(\d)  \S+ \S+  Sums of two", t.answer()).group(1)
    t.ask("/open " + n)
    check(messages(t)[0] == ("user", QUESTION))
    t.ask("What is 1 + 1?")
    t.ask("/chats")
    check(re.search(r"1  \S+ \S+  Sums of two  \(this one\)", t.answer()),
          t.answer())
    t.ask("/new")
    t.ask("/open 1")  # what was opened, written and opened again
    check(messages(t)[0] == ("user", QUESTION) and len(messages(t)) == 4)
    t.ask("/open 99")
    check("no chat 99" in t.answer(), t.answer())
    t.type("\x04")
    check(t.finish() == 0)
    # A damaged trace costs no chat, and its file stays as it is (F08).
    hurt = os.path.join(folder, "20200101-000000-1-0.json")
    before = ('{"tarn_chat": 1, "active": 1, "messages": [{"id": 1, "parent": '
              '0, "role": "user", "content": "a", "trace": "{"}]}')
    with open(hurt, "w") as f:
        f.write(before)
    os.utime(hurt, (1, 1))
    t = start(env=env).prompt()
    t.ask("/open 3")
    check("Message 1 is read without its trace: this is not a tarn trace" in
          t.answer(), t.answer())
    t.ask("What is 1 + 2?")
    check([m[1] for m in messages(t)[:2]] == ["a", "What is 1 + 2?"])
    t.type("\x04")
    check(t.finish() == 0)
    check(open(hurt).read() == before and len(os.listdir(folder)) == 4)
    t = start("--no-save", env=env).prompt()
    t.ask("What is 2 + 2?")
    t.type("\x04")
    check(t.finish() == 0)
    check(len(os.listdir(folder)) == 4, os.listdir(folder))
    with open(os.path.join(DIR, "flat"), "w"):
        pass
    t = start(env={"XDG_DATA_HOME": os.path.join(DIR, "flat")}).prompt()
    t.ask(QUESTION)
    check("could not be saved" in t.answer() and "42" in t.answer(),
          t.answer())
    t.type("\x04")
    check(t.finish() == 0)


def test_traces_are_kept_with_the_chat():
    env = {"XDG_DATA_HOME": os.path.join(DIR, "traced")}
    t = start("--temp", "0", env=env).prompt()
    t.ask(QUESTION)
    t.ask("/trace 3")
    told = t.answer()
    for i in range(17):  # the sixteen youngest keep theirs
        t.ask("What is %d + 1?" % i)
    t.ask("/trace 3")
    last = t.answer()
    t.type("\x04")
    check(t.finish() == 0)
    folder = os.path.join(DIR, "traced", "tarn", "chats")
    path = os.path.join(folder, os.listdir(folder)[0])
    with open(path, encoding="utf8") as f:
        kept = ["trace" in m for m in json.load(f)["messages"]]
    check(sum(kept) == 16 and not any(kept[:4]), kept)
    t = start("--temp", "0", env=env).prompt()
    t.ask("/open 1")
    t.ask("/trace 3")
    check(t.answer() == last != told, t.answer(), last)
    for n in range(30):  # one that was not sure
        t.ask("/trace %d" % n)
        if re.search("^2  ", t.answer(), re.M):
            break
    t.ask("/fork %d 2" % n)
    check("2 / 2" in t.answer(), t.answer())
    t.ask("/trace %d" % n)
    check("not drawn" in t.answer(), t.answer())
    t.ask("/models " + WILD)
    check("Going on" in t.answer(), t.answer())
    t.ask("/trace %d" % n)
    check("not drawn" in t.answer(), t.answer())
    t.ask("/fork %d 2" % n)
    check("another model file" in t.answer(), t.answer())
    t.type("\x04")
    check(t.finish() == 0)


if __name__ == "__main__":
    sys.exit(main(globals()))
