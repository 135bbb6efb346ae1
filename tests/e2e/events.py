#!/usr/bin/env python3
"""tarn events on the reference outputs: the same lines for any cut; thought,
answer and calls as tests/oracle/toolcalls.jsonl has them.

  events.py TARN POCKET.gguf ORACLE_DIR

Prints TAP.
"""
import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile

TARN, POCKET, ORACLE = sys.argv[1:4]
START, END = "<|tool_call_start|>", "<|tool_call_end|>"
# The end marker as text in a string (a text cannot tell); prose in a block.
CALLS = {"t32", "t67"}
TOOLS = {}


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
    tools = "--tools", TOOLS[case["tools"]]
    whole = events(data, *tools)
    for cut in ("1", "4", "13"):
        if events(data, *tools, "--cut", cut) != whole:
            return "another result for --cut " + cut
    ids = subprocess.run([TARN, "tokenize", POCKET, "--special"], input=data,
                         capture_output=True, timeout=30).stdout
    if events(ids, *tools) != whole:
        return "another result as ids"
    want = case["expect"]["reasoning"], case["expect"]["content"]
    if case["id"] not in CALLS and parts(whole) != want:
        return "%r, wanted %r" % (parts(whole), want)
    lines = [json.loads(x) for x in whole.splitlines()]
    calls = [{"name": x["name"], "arguments": x["arguments"]}
             for x in lines if x["e"] == "call"]
    if case["id"] not in CALLS and calls != case["expect"]["calls"]:
        return "%r, wanted %r" % (calls, case["expect"]["calls"])
    offers = [{"name": x["name"], "arguments": x["arguments"]}
              for x in map(json.loads,
                           events(data, *tools, "--bare").splitlines())
              if x["e"] == "offer"]
    if "bare_call" in case["expect"]["problems"] and \
            offers != case["expect"]["candidates"]:
        return "offers %r" % offers
    if not case["expect"]["problems"] and offers:
        return "offers out of nothing: %r" % offers
    if "unterminated" in case["expect"]["problems"] and \
            not any(x["e"] == "unread" for x in lines):
        return "a call that was cut off is not told"
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
        header, *cases = map(json.loads, f)
    folder = tempfile.mkdtemp(prefix="tarn-events-")
    atexit.register(shutil.rmtree, folder, True)
    for name, tools in header["toolsets"].items():
        TOOLS[name] = os.path.join(folder, name + ".json")
        with open(TOOLS[name], "w") as f:
            json.dump(tools, f)
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
