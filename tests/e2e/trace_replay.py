#!/usr/bin/env python3
"""A recorded turn computed again gives the same bits everywhere.

  trace_replay.py TARN POCKET.gguf MODELS_DIR

One trace with experts is written by the backend "ref" (pocket, and a tiny
model with random weights) and replayed on every exact backend of `tarn
backends --json` that this processor runs, with 1 and 2 threads.  Prints TAP.
"""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from tap import check, done, skip  # noqa: E402

TARN, POCKET, MODELS = sys.argv[1:4]


def tarn(*args):
    return subprocess.run([TARN, *args], capture_output=True, timeout=300)


def record(path, model, *options):
    r = tarn("run", model, "--seed", "5", "--json", "--trace", path, "--experts", "--backend", "ref", *options)
    check("%s is recorded" % os.path.basename(model), r.returncode == 0, r)
    with open(path, encoding="utf-8") as f:
        trace = json.load(f)
    check("with the experts of every token", trace["experts"][0] > 0 and
          all(isinstance(t[24], str) for t in trace["tokens"]), trace.get("experts"))
    return trace


def replay(path, model, *options):
    r = tarn("trace", path, "--replay", model, "--json", *options)
    return json.loads(r.stdout) if r.returncode == 0 else r


def damage(path, trace):
    trace["tokens"][3][0] = trace["tokens"][3][8 + 2]  # the second candidate
    with open(path, "w", encoding="utf-8") as f:
        json.dump(trace, f)


with tempfile.TemporaryDirectory() as folder:
    cases = [(POCKET, ["-p", "What is 17 + 25?", "--temp", "0.7", "-n", "40"]),
             (os.path.join(MODELS, "moe-k.gguf"), ["-p", "x", "--raw", "--temp", "0.9", "-n", "40"])]
    paths = [os.path.join(folder, "%d.json" % i) for i in range(len(cases))]
    traces = [record(path, model, *options) for path, (model, options) in zip(paths, cases)]
    for b in json.loads(tarn("backends", "--json").stdout)["plugins"]:
        if b["state"] != "ready" or not any(d.get("exact") for d in b.get("devices", [])):
            skip(b["name"], b.get("reason") or "not exact")
            continue
        for threads in "1", "2":
            said = [replay(p, m, "--backend", b["name"], "--threads", threads) for p, (m, _) in zip(paths, cases)]
            check("%s, %s threads: the same" % (b["name"], threads),
                  all(isinstance(s, dict) and s["same"] for s in said), said)
    said = tarn("trace", paths[0], "--replay", POCKET)
    check("in words", said.stdout.decode().startswith("Reproduced: all "), said)
    damage(paths[0], traces[0])
    said = replay(paths[0], POCKET)
    check("it says where not", isinstance(said, dict) and not said["same"] and said["at"] == 3, said)
    said = tarn("trace", paths[1], "--replay", POCKET)
    check("another model: a sentence", said.returncode == 2 and b"another model file" in said.stderr and
          said.stderr.count(b"\n") == 1, said)
    with open(paths[0], "w", encoding="utf-8") as f:
        json.dump({k: v for k, v in traces[0].items() if k != "turn"}, f)
    said = tarn("trace", paths[0], "--replay", POCKET)
    check("no prompt: a sentence", said.returncode == 2 and said.stderr.count(b"\n") == 1, said)
done()
