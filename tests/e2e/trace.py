#!/usr/bin/env python3
"""tarn run --trace and tarn trace from outside.

  trace.py TARN POCKET.gguf

Prints TAP.
"""
import json
import os
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from tap import check, done  # noqa: E402

TARN, POCKET = sys.argv[1:3]


def tarn(*args):
    return subprocess.run([TARN, *args], capture_output=True, timeout=60)


def run(path, *options):
    r = tarn("run", POCKET, "-p", "What is 17 + 25?", "--seed", "5", "--json",
             "--trace", path, *options)
    check("run writes a trace", r.returncode == 0, r)
    with open(path, encoding="utf-8") as f:
        return json.loads(r.stdout), json.load(f)


def kept(trace):
    return [t for t in trace["tokens"] if not t[7] & 2]


def check_run(folder):
    path = os.path.join(folder, "t.json")
    said, trace = run(path)
    check("for its owner alone",
          stat.S_IMODE(os.stat(path).st_mode) == 0o600)
    check("every token is there", len(kept(trace)) == said["tokens"],
          (len(kept(trace)), said["tokens"]))
    ids = json.dumps([t[0] for t in kept(trace)]).encode()
    told = subprocess.run([TARN, "detokenize", POCKET], input=ids,
                          capture_output=True, timeout=60).stdout.decode()
    check("its ids are the answer", said["answer"] in told
          and said["thought"] in told, told)
    text = b"".join(t[1].encode() if isinstance(t[1], str) else bytes(t[1])
                    for t in kept(trace)).decode()
    check("its bytes are the answer", text.count(said["answer"]) == 1, text)
    check("the chosen one is among the candidates with its probability",
          all([t[0], t[3]] in [t[i:i + 2] for i in range(8, 24, 2)]
              for t in kept(trace) if not t[7] & 1))
    first = trace["summary"]["tokens"]
    shown = tarn("trace", path)
    check("trace says it in one line", shown.returncode == 0 and
          shown.stdout.decode().startswith("thought %d tokens in " % first),
          shown)
    again = json.loads(tarn("trace", path, "--json").stdout)
    check("read back, the summary is the same",
          again["summary"] == trace["summary"], again["summary"])
    check("and the steps make up the thought",
          sum(s["tokens"] for s in again["steps"]) == first)
    _, second = run(path)
    check("the same seed gives the same tokens and figures",
          [[t[0]] + t[3:] for t in trace["tokens"]] ==
          [[t[0]] + t[3:] for t in second["tokens"]])
    said, short = run(path, "--think-budget", "5")
    check("it counts no tags", short["summary"]["tokens"] ==
          said["thought_tokens"] == 5, (said, short["summary"]))
    said, none = run(path, "--think-budget", "0")
    check("so is one of nothing", none["summary"]["end"] == "budget" and
          none["summary"]["tokens"] == said["thought_tokens"] == 0 and
          none["turn"]["budget_given"] == 1 and said["answer"] != "",
          (said, none["summary"]))
    check("a budget is seen", short["summary"]["end"] == "budget" and
          any(t[7] & 1 for t in short["tokens"]), short["summary"])
    r = tarn("run", POCKET, "-p", "x", "-n", "2", "--trace",
             os.path.join(folder, "no", "t.json"))
    check("where it can't be written: exit 5, one sentence",
          r.returncode == 5 and r.stderr.count(b"\n") == 1, r)


def check_refused(folder):
    path = os.path.join(folder, "bad.json")
    for what, code, words in (
            (b"", 3, b"not a tarn trace"), (b"{}", 3, b"not a tarn trace"),
            (b'{"tarn_trace":99}', 3, b"version 99"),
            (b"[" * 100000, 3, b"not a tarn trace")):
        with open(path, "wb") as f:
            f.write(what)
        r = tarn("trace", path)
        check("f06 refused: %r" % what[:20], r.returncode == code and
              words in r.stderr and r.stderr.count(b"\n") == 1, r)
    check("no file", tarn("trace", path + "x").returncode == 5)
    check("no name", tarn("trace").returncode == 2)
    text = "\x1b]52;c;eA==\x07<script>\u202e"
    row = [0, text] + [0, 1, 1, 0.5, 1, 0] + [-1, 0] * 8
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"tarn_trace": 1, "model": text, "n_tokens": 1,
                   "spans": [[1, 0, 1, 0, 9]], "tokens": [row]}, f)
    r = tarn("trace", path)
    check("foreign text is escaped", r.returncode == 0 and
          b"\x1b" not in r.stdout and b"\x07" not in r.stdout and
          "\u202e" not in r.stdout.decode() and b"<script>" in r.stdout, r)


with tempfile.TemporaryDirectory() as folder:
    check_run(folder)
    check_refused(folder)
done()
