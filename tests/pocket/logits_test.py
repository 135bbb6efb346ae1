#!/usr/bin/env python3
"""The shipped model's logits against the float64 network of tests/oracle.

  logits_test.py TARN POCKET.gguf

The network is given tarn's choice of experts.  Rounded as the numerics contract
rounds (its twin), the best row agrees within 3e-6 and the lower quartile within
2e-2.  All rows together are no more than 1.25 times as far from the exact network
as the twin's (a single row can be: an element that lies on the edge of two steps
of a rounding goes either way, and the twin may be near by luck).  Prints TAP.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))
sys.dont_write_bytecode = True
import reference  # noqa: E402

QUESTIONS = ["What is 4821 + 977?", "Sort: pear, fig, apple", "who was Napoleon"]


def row_errors(a, b):
    return np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)


def ids_of(tarn, model, question):
    text = "<|startoftext|><|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n<think>\n" % question
    out = subprocess.run([tarn, "tokenize", model, "--special"], input=text.encode(), stdout=subprocess.PIPE, check=True)
    return json.loads(out.stdout)


def logits(tarn, model, ids, n_vocab):
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile(suffix=".json") as experts:
        subprocess.run([tarn, "logits", model, "--ids", ",".join(map(str, ids)), "--kv", "f32", "--experts", experts.name, "-o", out.name], check=True)
        return np.fromfile(out.name, "<f4").reshape(len(ids), n_vocab).astype(np.float64), json.load(open(experts.name))


def main(argv):
    tarn, model = argv
    r, bad = reference.Reader(model), 0
    for n, q in enumerate(QUESTIONS, 1):
        ids = ids_of(tarn, model, q)
        ours, force = logits(tarn, model, ids, len(r.fields["tokenizer.ggml.tokens"]))
        exact = reference.forward(r, ids, False, force)[0]
        twin = reference.forward(r, ids, "contract", force)[0]
        near = np.sort(row_errors(ours, twin))
        worst = np.linalg.norm(ours - exact) / (1.25 * np.linalg.norm(twin - exact))
        low = near[(len(near) - 1) // 4]
        ok = near[0] <= 3e-6 and low <= 2e-2 and worst <= 1
        bad += not ok
        print("%sok %d - %s # %d rows: best %.2e (3e-6), lower quartile %.2e (2e-2), exact: %.2f of what is allowed" %
              ("" if ok else "not ", n, q, len(ids), near[0], low, worst), flush=True)
    print("1..%d" % len(QUESTIONS))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
