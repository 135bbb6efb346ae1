#!/usr/bin/env python3
"""The builds for 64-bit Arm, under qemu-user on processors of three ages.

  arm.py TARN MODELS_DIR POCKET

TARN is the program built for Arm (tests/aarch64.ini).  On each processor `tarn
backends` must offer the levels that it can run, choose one of those and refuse
the others with the feature that is missing; then each level must pass
the conformance suite and give the logits of tests/golden/logits.json, on the
oldest processor that runs it.  Which cases, models, threads and cuts is drawn
from TARN_SEED; TARN_SOAK takes all.  Prints TAP.
"""
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import golden_bits

EMULATOR = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]
# Processor, the levels that it runs, the words of why not the others.
PROCESSORS = [
    ("cortex-a72", ["cpu-neon"], {"cpu-neon-dotprod": "DOTPROD", "cpu-neon-i8mm": "I8MM"}),
    ("cortex-a76", ["cpu-neon", "cpu-neon-dotprod"], {"cpu-neon-i8mm": "I8MM"}),
    ("max", ["cpu-neon", "cpu-neon-dotprod", "cpu-neon-i8mm"], {}),
]
SAMPLE = 3  # models of each level
n = bad = 0


def check(name, good, seen=""):
    global n, bad
    n += 1
    bad += not good
    if not good:
        print("# " + str(seen).replace("\n", "\n# "))
    print("%sok %d - %s" % ("" if good else "not ", n, name), flush=True)


def run(cpu, *args):
    env = dict(os.environ, QEMU_CPU=cpu, XDG_CACHE_HOME=os.path.join(top, cpu),
               TARN_PROBE_WRAPPER=" ".join(EMULATOR))
    return subprocess.run(EMULATOR + [tarn, *args], env=env, timeout=1200, stdin=subprocess.DEVNULL, capture_output=True)


def backends(cpu, runs, lacks):
    r = run(cpu, "backends", "--json")
    d = json.loads(r.stdout) if r.returncode == 0 else {"plugins": [], "error": r.stderr}
    found = {p["name"]: p for p in d["plugins"]}
    check("%s runs %s" % (cpu, " ".join(runs)),
          all(name in found and found[name]["state"] == "ready" for name in runs), d)
    check("%s: one of them is chosen" % cpu, d.get("chosen") in runs, d)
    for name, word in lacks.items():
        p = found.get(name, {})
        check("%s refuses %s: %s" % (cpu, name, p.get("reason")),
              p.get("state") == "refused" and word in p.get("reason", ""), d)


def conforms(level, cpu, cases, seed):
    path = os.path.join(os.path.dirname(tarn), "plugins", "tarn-%s.so" % level)
    r = run(cpu, "backends", "--check", path, "--cases", str(cases), "--seed", str(seed))
    check("%s on %s passes %d cases of the suite" % (level, cpu, cases), r.returncode == 0, r)


def bits(level, cpu, files, cases):
    wrong = []
    golden = json.load(open(golden_bits.GOLDEN))
    for name, path, ids in files:
        for threads, batch, beside in cases():
            r = run(cpu, "logits", path, "--ids", ",".join(map(str, ids)), "--backend", level, "--threads",
                    str(threads), "--batch", str(batch), "--beside", str(beside))
            if r.returncode or hashlib.sha256(r.stdout).hexdigest() != golden[name]:
                wrong.append("%s threads %d batch %d beside %d: %s" % (name, threads, batch, beside, r.stderr.decode()))
    check("%s on %s has the golden bits of %s" % (level, cpu, " ".join(f[0] for f in files)), not wrong,
          "\n".join(wrong))


def main():
    soak = "TARN_SOAK" in os.environ
    seed = int(os.environ.get("TARN_SEED", "1"))
    print("# seed %d" % seed)
    dice = random.Random(seed)
    models = list(golden_bits.files(sys.argv[2], sys.argv[3]))
    every = [(t, b, s) for t in (1, 2) for b, s in ((1, 0), (7, 0), (512, 0), (512, 7))]
    for cpu, runs, lacks in PROCESSORS:
        backends(cpu, runs, lacks)
    for i, (cpu, runs, _) in enumerate(PROCESSORS):
        conforms(runs[-1], cpu, 104 if soak else 3, seed)
        if soak:
            bits(runs[-1], cpu, models, lambda: every)
        else:  # every model is drawn by one of the levels
            if i % 3 == 0:
                dice.shuffle(models)
            bits(runs[-1], cpu, models[i * SAMPLE:][:SAMPLE], lambda: [dice.choice(every)])
    print("1..%d" % n)
    return bad > 0


tarn = os.path.abspath(sys.argv[1])
with tempfile.TemporaryDirectory() as top:
    code = main()
sys.exit(code)
