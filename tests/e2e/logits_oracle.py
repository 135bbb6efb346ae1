#!/usr/bin/env python3
"""Logits of the eight tiny models against float64 references (tests/oracle).

  logits_oracle.py TARN MODELS_DIR [--backend NAME]

F32 files must meet the float64 logits within 3e-6.  Quantised files are held
against the float64 twin that rounds activations as the numerics contract does
(NAME.contract.f32): the best row within 3e-6, the lower quartile within 2e-2;
a single rounding that flips parts the others.  Against the exact logits no row
of a dense file may be more than 1.25 times as far off as the twin; for the
mixtures of experts the twin is given our choice of experts first.
Prints TAP.  Errors are ||a - b|| / ||b|| per row.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ORACLE = os.path.join(HERE, "..", "oracle")
sys.path.insert(0, ORACLE)


def row_errors(a, b):
    return np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)


def golden(name, kind, info):
    path = os.path.join(ORACLE, "models", name + kind + ".f32")
    return np.fromfile(path, "<f4").reshape(len(info["rows"]), info["vocab"]).astype(np.float64)


class Model:
    def __init__(self, tarn, folder, name, extra):
        self.name = name
        self.info = json.load(open(os.path.join(ORACLE, "models", name + ".json")))
        self.path = os.path.join(folder, name + ".gguf")
        with tempfile.NamedTemporaryFile() as out:
            subprocess.run([tarn, "logits", self.path, "--ids", ",".join(map(str, self.info["ids"])), "--rows",
                            ",".join(map(str, self.info["rows"])), "--kv", "f32", "-o", out.name] + extra, check=True)
            raw = np.fromfile(out.name, "<f4")
        self.ours = raw.reshape(len(self.info["rows"]), self.info["vocab"]).astype(np.float64)

    def f32(self):
        return set(self.info["types"]) == {"F32"}

    def exact_bar(self):
        """Errors against the exact logits and what is allowed."""
        exact = golden(self.name, "", self.info)
        twin = golden(self.name, ".contract", self.info)
        return row_errors(self.ours, exact), 1.25 * row_errors(twin, exact)


def check_f32(m):
    e = row_errors(m.ours, golden(m.name, "", m.info))
    return e.max() <= 3e-6, "worst row %.2e, allowed 3e-6" % e.max()


def check_contract(m):
    e = np.sort(row_errors(m.ours, golden(m.name, ".contract", m.info)))
    low = e[(len(e) - 1) // 4]
    return e[0] <= 3e-6 and low <= 2e-2, "best row %.2e (3e-6), lower quartile %.2e (2e-2), worst %.2e" % (e[0], low, e[-1])


def check_exact(m):
    got, allowed = m.exact_bar()
    worst = (got / allowed).max()
    return worst <= 1, "worst row at %.2f of what is allowed" % worst


def check_experts(m, tarn, extra):
    """The twin and the exact network with our experts: `tarn logits --experts FILE` writes the choice."""
    import reference
    with tempfile.NamedTemporaryFile(suffix=".json") as f:
        subprocess.run([tarn, "logits", m.path, "--ids", ",".join(map(str, m.info["ids"])), "--rows", "last", "--kv",
                        "f32", "--experts", f.name, "-o", os.devnull] + extra, check=True)
        force = json.load(open(f.name))
    r = reference.Reader(m.path)
    rows = m.info["rows"]
    exact = reference.forward(r, m.info["ids"], False, force)[0][rows]
    twin = reference.forward(r, m.info["ids"], "contract", force)[0][rows]
    got, allowed = row_errors(m.ours, exact), 1.25 * row_errors(twin, exact)
    near = np.sort(row_errors(m.ours, twin))
    worst = (got / allowed).max()
    return worst <= 1, "same experts: worst row at %.2f of what is allowed; best row to the twin %.2e" % (worst, near[0])


def main(argv):
    tarn, folder, extra = argv[0], argv[1], argv[2:]
    names = sorted(f[:-5] for f in os.listdir(os.path.join(ORACLE, "models")) if f.endswith(".json"))
    n = bad = 0
    for name in names:
        m = Model(tarn, folder, name, extra)
        checks = [("float64 logits", lambda: check_f32(m))] if m.f32() else [
            ("contract twin", lambda: check_contract(m)),
            ("exact logits", (lambda: check_exact(m)) if "experts" not in m.info else
             (lambda: check_experts(m, tarn, extra)))]
        for title, check in checks:
            ok, text = check()
            n += 1
            bad += not ok
            print("%sok %d - %s: %s # %s" % ("" if ok else "not ", n, name, title, text), flush=True)
    print("1..%d" % n)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
