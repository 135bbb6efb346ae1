#!/usr/bin/env python3
"""Defects of model files, seen from outside: exit code and sentence (G01-G20, G23, G24).

  model_faults.py TARN MAKE_BAD_GGUF

Each defect of make_bad_gguf --list is written and given to `tarn inspect` and `tarn logits`.  Defects of the level "file" are
refused by both; "text" and "model" pass inspect and are refused by logits; "none" passes both.  Refused means exit code 3, one line
on stderr that begins with the file's name and holds the listed words, nothing on stdout.  Prints TAP.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

TARN, MAKE = sys.argv[1:3]
LIMIT_S = 5  # for a machine that is busy; the C tests have the sharp limits
tests, failed = 0, 0


def report(good, name, *details):
    global tests, failed
    tests += 1
    failed += not good
    if not good:
        for line in "\n".join(map(str, details)).splitlines():
            print("#", line)
    print("%sok %d - %s" % ("" if good else "not ", tests, name), flush=True)


def run(*args, **kw):
    began = time.monotonic()
    p = subprocess.run([TARN, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60, **kw)
    p.seconds = time.monotonic() - began
    p.text = p.stderr.decode("utf-8", "backslashreplace")
    return p


def refused(p, name, says, code=3):
    """What is wrong with this refusal; empty if nothing."""
    bad = []
    if p.returncode != code:
        bad.append("exit code %d, not %d" % (p.returncode, code))
    if p.text.count("\n") != 1 or not p.text.endswith("\n"):
        bad.append("not one line: %r" % p.text)
    if not p.text.startswith("tarn: %s: " % name):
        bad.append("begins otherwise: %r" % p.text)
    if says not in p.text:
        bad.append("%r is not in %r" % (says, p.text))
    if any(ord(c) < 32 and c != "\n" or ord(c) == 127 for c in p.text):
        bad.append("control characters: %r" % p.text)
    if p.stdout:
        bad.append("stdout: %r" % p.stdout[:80])
    if p.seconds > LIMIT_S:
        bad.append("took %.1f s" % p.seconds)
    return bad


def inspect(path):
    return run("inspect", path)


def logits(path):
    return run("logits", path, "--ids", "1,20,30", "--rows", "last", "-o", os.devnull)


def defects():
    out = subprocess.run([MAKE, "--list"], stdout=subprocess.PIPE, check=True).stdout.decode("utf-8", "backslashreplace")
    # A sentence may hold no line feed, but a defect's words are free text.
    return [line.split("\t") for line in out.splitlines() if line.count("\t") == 3]


def check_defect(folder, number, name, level, says):
    path = os.path.join(folder, "m.gguf")
    subprocess.run([MAKE, name, path], check=True)
    bad, p, q = [], inspect(path), logits(path)
    if level == "file":
        bad = refused(p, "m.gguf", says) + refused(q, "m.gguf", says)
    elif level == "none":
        bad = [x.text for x in (p, q) if x.returncode != 0]
    else:
        bad = refused(q, "m.gguf", says)
        if p.returncode != 0:
            bad.append("inspect: " + p.text)
    report(not bad, "%s %s" % (number, name), *bad)


def check_kinds(folder):
    """G02: whatever is no regular file is not read."""
    at = lambda name: os.path.join(folder, name)
    open(at("empty"), "w").close()
    os.mkdir(at("folder"))
    os.mkfifo(at("fifo"))
    s = socket.socket(socket.AF_UNIX)
    s.bind(at("socket"))
    for path, says in ((at("empty"), "is empty"), (at("folder"), "not a regular file"), (at("fifo"), "is not a regular file"),
                       (at("socket"), "is not a regular file"), ("/dev/zero", "is not a regular file"),
                       ("/dev/random", "is not a regular file")):
        name = os.path.basename(path)
        bad = refused(inspect(path), name, says) + refused(logits(path), name, says)
        report(not bad, "G02 " + name, *bad)
    s.close()


def check_paths(folder):
    """G23: paths that cannot be opened: 5, the name escaped."""
    at = lambda name: os.path.join(os.fsencode(folder), name)
    os.symlink(at(b"loop"), at(b"loop"))
    for path, name, says in ((at(b"loop"), "loop", "go round in a circle"), (b"p" * 4096, "p" * 79 + "\u2026", "name is too long"),
                             (at(b"\xff\xfe.gguf"), "\\xFF\\xFE.gguf", "no such file"),
                             (at(b"new\nline.gguf"), "new\\x0Aline.gguf", "no such file"),
                             (at(b"\x1b]0;x\x07.gguf"), "\\x1B]0;x\\x07.gguf", "no such file")):
        bad = refused(inspect(path), name, says, 5) + refused(logits(path), name, says, 5)
        report(not bad, "G23 " + repr(name[:20]), *bad)


def check_prefixes(folder):
    """G01 from outside, at places that differ in what is cut."""
    good, path = os.path.join(folder, "good"), os.path.join(folder, "cut.gguf")
    subprocess.run([MAKE, "good", good], check=True)
    data, bad = open(good, "rb").read(), []
    for n in list(range(1, 40)) + list(range(97, len(data), 1511)) + [len(data) - 1]:
        open(path, "wb").write(data[:n])
        bad += refused(inspect(path), "cut.gguf", "is cut: needs ")
    report(not bad, "G01 prefixes", *bad[:10])


def check_poison(folder):
    """G20: scales are looked at when asked for, and never give an answer."""
    path = os.path.join(folder, "m.gguf")
    for number, name, _, says in defects():
        if number != "G20":
            continue
        subprocess.run([MAKE, name, path], check=True)
        bad = refused(run("inspect", path, "--check"), "m.gguf", says)
        report(not bad, "G20 %s with --check" % name, *bad)
    subprocess.run([MAKE, "scale-nan", path], check=True)
    p = run("run", path, "-p", "hi", "--max-tokens", "2")
    report(p.returncode in (3, 6) and p.text.count("\n") == 1, "G20 scale-nan gives no answer", p.returncode, p.text)


def check_template(folder):
    """G24: an unknown template is said to be unknown and never executed."""
    path = os.path.join(folder, "m.gguf")
    subprocess.run([MAKE, "template-strange", path], check=True)
    p = run("run", path, "-p", "hi", "--max-tokens", "2")
    report(p.returncode == 0 and "unknown chat layout" in p.text and p.seconds < LIMIT_S, "G24 run says it", p.returncode, p.text)
    shown = run("inspect", path, "--template")
    report(shown.returncode == 0 and b"\\x1B[2J" in shown.stdout and b"\x1b" not in shown.stdout, "G24 text can be viewed", shown.stdout)
    d = json.loads(run("inspect", path, "--json").stdout)
    report(d["layout"] == {"name": "B", "known": False, "early": False} and "unknown chat layout" in d["notes"][0],
           "G24 inspect --json says it", d["layout"], d["notes"])
    subprocess.run([MAKE, "template-early", path], check=True)
    d = json.loads(run("inspect", path, "--json").stdout)
    report(d["layout"] == {"name": "D", "known": True, "early": True} and "early file" in d["notes"][0],
           "an early file is said to be one", d["layout"], d["notes"])


def check_inspect(folder):
    """What inspect says of the good file is what was put into it."""
    path = os.path.join(folder, "m.gguf")
    subprocess.run([MAKE, "good", path], check=True)
    d = json.loads(run("inspect", path, "--json", "--tensors", "--template").stdout)
    want = {"architecture": "lfm2moe", "runs": True, "name": "small and good", "file_type": "Q8_0", "layers": 3, "experts": 3,
            "attention_layers": 1, "width": 32, "vocabulary": 288, "merges": 12, "bytes": os.path.getsize(path), "parts": 1,
            "tensors": len(d["tensor_list"]), "notes": []}
    bad = ["%s is %r" % (k, d.get(k)) for k in want if d.get(k) != want[k]]
    total = active = 0
    for t in d["tensor_list"]:
        n = 1
        for x in t["shape"]:
            n *= x
        total += n
        active += n * 2 // 3 if "_exps." in t["name"] else n
    bad += ["parameters"] * ((d["parameters"], d["active_parameters"]) != (total, active))
    bad += ["type bytes"] * (sum(t["bytes"] for t in d["types"]) != sum(t["bytes"] for t in d["tensor_list"]))
    meta = d["metadata"]
    bad += ["epsilon"] * (meta["lfm2moe.attention.layer_norm_rms_epsilon"] != {"type": "f32", "value": 1e-5})
    bad += ["kv"] * (meta["lfm2moe.attention.head_count_kv"]["value"] != [0, 1, 0])
    report(not bad, "inspect --json tells the truth", *bad)
    text = run("inspect", path).stdout.decode()
    report("small and good" in text and "{:,}".format(total) in text, "inspect tells it as text", text)
    p = run("inspect", path, "--no-such-option")
    report(p.returncode == 2 and p.text.count("\n") >= 1, "a wrong option is USAGE", p.returncode, p.text)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for d in defects():
            check_defect(folder, *d)
        check_kinds(folder)
        check_paths(folder)
        check_prefixes(folder)
        check_poison(folder)
        check_template(folder)
        check_inspect(folder)
    print("1..%d" % tests)
    return failed > 0


sys.exit(main())
