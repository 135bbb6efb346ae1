"""Compares the logits of a model file: tarn, the training framework, and llama.cpp
through node-llama-cpp (npm i node-llama-cpp in a folder of its own).

  logits.py TARN MODEL.gguf [--peer DIR] [--prompts N]

Per row ||a - b|| / ||b||, of logits less their mean (llama.cpp gives shares).  The
framework computes in float32 with the weights of the file; tarn and llama.cpp
round activations to 8 bits, so they differ from it, and from each other where a
rounding decides for another expert.
"""
import argparse
import json
import os
import subprocess
import tempfile

import numpy as np
import torch

import gguf
import model as M
import tasks
from tokenizer import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))


def centred(x):
    return x - x.mean(1, keepdims=True)


def errors(a, b):
    a, b = centred(a), centred(b)
    return np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)


def of_tarn(program, path, ids, vocab):
    with tempfile.NamedTemporaryFile() as f:
        subprocess.run([program, "logits", path, "--ids", ",".join(map(str, ids)), "--kv", "f32", "-o", f.name], check=True)
        return np.fromfile(f.name, "<f4").reshape(len(ids), vocab).astype(np.float64)


def of_framework(W, ids):
    t = torch.tensor([ids])
    h = M.forward(M.CFG, W, t, torch.zeros_like(t))
    return (h @ W["emb"].t()).double().numpy()


def of_peer(folder, path, prompts, vocab):
    with tempfile.TemporaryDirectory() as d:
        json.dump(prompts, open(d + "/ids", "w"))
        subprocess.run(["node", HERE + "/logits_peer.mjs", os.path.abspath(folder), os.path.abspath(path), d + "/ids", d + "/out"],
                       env={k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"}, check=True)
        out = []
        for rows in json.load(open(d + "/out")):
            x = np.full((len(rows), vocab), np.nan)
            for i, v in enumerate(rows):
                for k, p in v.items():
                    x[i, int(k)] = np.log(p) if p > 0 else np.nan
            out.append(x)
        return out


def report(name, e):
    e = np.sort(np.concatenate(e))
    print("%s: %d rows, median %.2e, nine tenths below %.2e, worst %.2e" % (name, len(e), e[len(e) // 2], e[len(e) * 9 // 10], e[-1]))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("tarn")
    a.add_argument("model")
    a.add_argument("--peer")
    a.add_argument("--prompts", type=int, default=20)
    a = a.parse_args()
    tok, r, V = Tokenizer(), tasks.R(4242), M.CFG["vocab"]
    prompts = []
    for _ in range(a.prompts):
        s = tasks.sample(r)
        prompts.append(tok.encode(tasks.clean(tasks.prompt(s["msgs"]) + tasks.target(s)))[:400])
    W = {k: torch.from_numpy(v) for k, v in gguf.read(a.model, M.CFG).items()}
    ours = [of_tarn(a.tarn, a.model, p, V) for p in prompts]
    report("tarn and the framework", [errors(x, of_framework(W, p)) for x, p in zip(ours, prompts)])
    best = [x.argmax(1) == of_framework(W, p).argmax(1) for x, p in zip(ours, prompts)]
    print("same best token: %.2f %% of rows" % (100 * np.mean(np.concatenate(best))))
    if a.peer:
        theirs = of_peer(a.peer, a.model, prompts, V)
        rows = []
        for x, y in zip(ours, theirs):
            ok = ~np.isnan(y).any(1)
            rows.append(errors(x[ok], y[ok]))
        report("tarn and llama.cpp", rows)
        best = [x.argmax(1) == np.nan_to_num(y, nan=-1e30).argmax(1) for x, y in zip(ours, theirs)]
        print("same best token: %.2f %% of rows" % (100 * np.mean(np.concatenate(best))))


if __name__ == "__main__":
    main()
