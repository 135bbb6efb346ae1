#!/usr/bin/env python3
"""tarn events on the reference outputs: the same lines for any cut, thought and
answer as tests/oracle/toolcalls.jsonl has them.

  events.py TARN POCKET.gguf ORACLE_DIR

Prints TAP.
"""
import json
import os
import subprocess
import sys

TARN, POCKET, ORACLE = sys.argv[1:4]
START, END = "<|tool_call_start|>", "<|tool_call_end|>"
# A call's own affairs: an echo of it, its end marker as text in a string (a
# text cannot tell), prose in a block.
CALLS = {"t32", "t37", "t67"}


def events(data, *options):
    r = subprocess.run([TARN, "events", POCKET, *options], input=data,
                       capture_output=True, timeout=30)
    if r.returncode or r.stderr:
        raise AssertionError(r)
    return r.stdout


def parts(lines):
    thought, answer, kind = [], [], None
    for line in lines.splitlines():
        e = json.loads(line)
        if e["e"] == "span":
            kind = e["kind"]
            if kind == "thought":
                thought.append("")
        elif e["e"] == "text":
            (thought if kind == "thought" else answer).append(e["text"])
    return "".join(thought) if thought else None, "\n".join(answer)


def check(case):
    data = case["output"].encode()
    whole = events(data)
    for cut in ("1", "4", "13"):
        if events(data, "--cut", cut) != whole:
            return "another result for --cut " + cut
    ids = subprocess.run([TARN, "tokenize", POCKET, "--special"], input=data,
                         capture_output=True, timeout=30).stdout
    if events(ids) != whole:
        return "another result as ids"
    want = case["expect"]["reasoning"], case["expect"]["content"]
    if case["id"] not in CALLS and parts(whole) != want:
        return "%r, wanted %r" % (parts(whole), want)
    if START in case["output"] and not case["output"].startswith("<think>") \
            and b'{"e":"call"' not in whole and b'"unread"' not in whole:
        return "no call"
    return None


def check_text():
    data = ("<think>a</think>" + START + "[f()]" + END + "<|im_end|>").encode()
    got = [json.loads(s) for s in events(data, "--text").splitlines()]
    want = [{"e": "span", "kind": "answer"},
            {"e": "text", "text": data.decode()}, {"e": "end",
                                                   "reason": "cut"}]
    return None if got == want else repr(got)


def check_bytes():
    got = parts(events(b"<think>\xff\xf0\x9f</think>\x00\x1b[31m"))
    return None if got == ("�" * 2, "\0\x1b[31m") else repr(got)


def main():
    with open(os.path.join(ORACLE, "toolcalls.jsonl"), encoding="utf8") as f:
        cases = [c for c in map(json.loads, f) if "id" in c]
    tests = [(c["id"] + " " + c["note"], lambda c=c: check(c)) for c in cases]
    tests += [("--text knows no control tokens", check_text),
              ("bytes that are no text", check_bytes)]
    bad = 0
    for n, (name, test) in enumerate(tests, 1):
        wrong = test()
        bad += wrong is not None
        if wrong:
            print("# " + wrong)
        print("%sok %d - %s" % ("not " if wrong else "", n,
                                name.replace("#", "")))
    print("1..%d" % len(tests))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
