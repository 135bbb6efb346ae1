#!/usr/bin/env python3
"""Every CPU build gives the same logits bit for bit.

  golden_bits.py TARN MODELS_DIR POCKET [--write]

For each model file: SHA-256 of the logits of all 48 rows (K/V in f16) must be
that of tests/golden/logits.json, on every backend of `tarn backends --json`
that is exact and usable here, with 1 and 2 threads, in batches of 1, 7 and
whole, and with seven other sequences in every batch.  A backend that this processor can't run is named and skipped.
--write makes the golden file anew from the backend "ref".  Prints TAP.
"""
import hashlib
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "golden", "logits.json")
ORACLE = os.path.join(HERE, "..", "oracle", "models")
POCKET_IDS = [1, 6] + list(range(300, 346))


def files(models, pocket):
    for name in sorted(n[:-5] for n in os.listdir(ORACLE) if n.endswith(".json")):
        yield name, os.path.join(models, name + ".gguf"), json.load(open(os.path.join(ORACLE, name + ".json")))["ids"]
    yield "pocket", pocket, POCKET_IDS


def digest(tarn, path, ids, backend, threads, batch, beside=0):
    out = subprocess.run([tarn, "logits", path, "--ids", ",".join(map(str, ids)), "--backend", backend, "--threads",
                          str(threads), "--batch", str(batch), "--beside", str(beside)], check=True, stdout=subprocess.PIPE)
    return hashlib.sha256(out.stdout).hexdigest()


def backends(tarn):
    report = json.loads(subprocess.run([tarn, "backends", "--json"], check=True, stdout=subprocess.PIPE).stdout)
    return report["plugins"]


def write(tarn, models, pocket):
    golden = {name: digest(tarn, path, ids, "ref", 1, 512) for name, path, ids in files(models, pocket)}
    os.makedirs(os.path.dirname(GOLDEN), exist_ok=True)
    with open(GOLDEN, "w") as f:
        json.dump(golden, f, indent=1)
        f.write("\n")


def main(argv):
    tarn, models, pocket = argv[:3]
    if "--write" in argv:
        return write(tarn, models, pocket)
    golden = json.load(open(GOLDEN))
    n = bad = 0
    for b in backends(tarn):
        exact = any(d.get("exact") for d in b.get("devices", []))
        n += 1
        if b["state"] != "ready" or not exact:
            print("ok %d - %s # SKIP %s" % (n, b["name"], b.get("reason") or "not exact"), flush=True)
            continue
        wrong = []
        for name, path, ids in files(models, pocket):
            cuts = (512,) if name == "pocket" and b["name"] == "ref" else (1, 7, 512)
            for threads in (1, 2):
                for batch, beside in [(c, 0) for c in cuts] + [(512, 7)]:
                    if digest(tarn, path, ids, b["name"], threads, batch, beside) != golden[name]:
                        wrong.append("%s threads %d batch %d beside %d" % (name, threads, batch, beside))
        bad += bool(wrong)
        print("%sok %d - %s" % ("not " if wrong else "", n, b["name"]), flush=True)
        for w in wrong:
            print("# differs: " + w)
    print("1..%d" % n)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
