#!/usr/bin/env python3
"""tarn chat in pipes and with streams that fail.

  chat_pipe.py TARN POCKET.gguf

Prints TAP.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chat_pty import (  # noqa: E402
    POCKET, QUESTION, SUM, TARN, WILD, check, main, piped)


def test_pipe_gives_the_answer_and_nothing_else():
    r = piped(QUESTION + "\n")
    check(r.returncode == 0, r)
    check(r.stdout.endswith(b"\n") and r.stdout.count(b"\n") == 1 and
          b"42" in r.stdout, r.stdout)
    check(b"\x1b" not in r.stdout + r.stderr, r.stderr)
    check(piped(QUESTION, "-q").stderr == b"")
    check(piped("25?", "-p", "What is 17 +").returncode == 0)


def test_pipe_of_nothing_is_refused():
    for text in ("", " \n\n"):
        r = piped(text)
        check(r.returncode == 2 and r.stdout == b"" and
              r.stderr.count(b"\n") == 1, r)


def test_calls_in_a_pipe_need_a_name():
    r = piped(SUM, "--temp", "0", "--tools")
    check(b"408" not in r.stdout, r)
    r = piped(SUM, "--temp", "0", "--tools", "--allow", "clock,calculator")
    check(b"408" in r.stdout, r)
    r = piped(SUM, "--temp", "0", "--tools", "--allow", "calculator",
              "--json")
    lines = [json.loads(x) for x in r.stdout.splitlines()]
    kinds = [x["e"] for x in lines]
    check("call" in kinds and "result" in kinds and
          [x["text"] for x in lines if x["e"] == "result"] == ["408"], kinds)


def test_a_full_disk_is_told():
    if not os.path.exists("/dev/full"):
        return
    with open("/dev/full", "w") as full:
        for args in (["--help"], ["--version"], ["chat", "--help"],
                     ["run", POCKET, "-p", QUESTION], ["inspect", POCKET],
                     ["chat", POCKET, "-q"]):
            r = subprocess.run([TARN, *args], input=b"hi\n", stdout=full,
                               stderr=subprocess.PIPE, timeout=60)
            check(r.returncode == 5 and r.stderr.count(b"\n") == 1 and
                  b"the disk is full" in r.stderr, args, r)


def test_limits_end_with_code_9():
    r = piped("go", "--ctx", "64", model=WILD)
    check(r.returncode == 9 and r.stdout, r.returncode, r.stderr)
    r = piped("word " * 3000)
    check(r.returncode == 9 and b"context" in r.stderr, r.stderr)


def test_json_lines():
    r = piped(QUESTION, "--json")
    lines = [json.loads(s) for s in r.stdout.splitlines()]
    kinds = {x["e"] for x in lines}
    check(kinds == {"thought", "answer", "turn"}, kinds)
    check("42" in "".join(x["text"] for x in lines if x["e"] == "answer"))
    check(lines[-1]["stop"] == "end" and lines[-1]["thought_tokens"] > 3)


def test_wrong_options_are_refused():
    for options in (("--thought", "loud"), ("--color", "blue"),
                    ("--temp", "-1"), ("--nonsense",)):
        r = piped("x", *options)
        check(r.returncode == 2 and r.stderr.count(b"\n") == 1, options, r)


if __name__ == "__main__":
    sys.exit(main(globals()))
