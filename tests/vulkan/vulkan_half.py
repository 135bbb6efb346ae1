#!/usr/bin/env python3
"""Tiles of float16 values in the Vulkan backend on the pocket model.

  vulkan_half.py TARN MODEL

What the processor answers greedily to some prompts (3 of 200, chosen by
TARN_SEED; all with TARN_SOAK), and a text that is none of pocket's, are read by
both, token by token given: the tokens put first, the distributions, every bit
of every logit must be the same.  Prints TAP; runs on a software device.
"""
import json
import os
import random
import subprocess
import sys

import numpy as np

from vulkan_text import ids_of, prompts, warm_up

TUNE = "tile=128,half=1"
FOREIGN = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "docs", "numerics.md")


def sequence(tarn, model, prompt):
    """Ids of a whole chat."""
    head = subprocess.run([tarn, "prompt", model], input=json.dumps(
        {"messages": [{"role": "user", "content": prompt}], "add_generation_prompt": True}).encode(),
        capture_output=True, check=True).stdout.decode()
    j = json.loads(subprocess.run([tarn, "run", model, "-p", prompt, "--temp", "0", "--max-tokens", "160", "--json"],
                                  capture_output=True, check=True).stdout)
    thought = "<think>" + j["thought"] + "</think>" if j.get("thought") else ""
    return ids_of(tarn, model, head + thought + (j.get("answer") or ""))


def logits(tarn, model, ids, extra, env):
    p = subprocess.run([tarn, "logits", model, "--ids", ",".join(map(str, ids)), "--ctx", "1024"] + extra,
                       env=env, capture_output=True, check=True)
    return np.frombuffer(p.stdout, "<f4").reshape(len(ids), -1)


def log_probabilities(x):
    x = x.astype(np.float64) - x.max(1, keepdims=True)
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def compare(tarn, model, texts, env, plain):
    """Tokens put first by both, of how many; mean KL; all bits the same."""
    same, far, equal = [], [], True
    for ids in texts:
        a = logits(tarn, model, ids, [], plain)
        b = logits(tarn, model, ids, ["--backend", "vulkan"], env)
        equal = equal and a.tobytes() == b.tobytes()
        same += list(a.argmax(1) == b.argmax(1))
        p, q = log_probabilities(a), log_probabilities(b)
        far += list((np.exp(p) * (p - q)).sum(1))
    return float(np.mean(same)), len(same), float(np.mean(far)), equal


def main(tarn, model):
    env = dict(os.environ, TARN_VULKAN_SOFTWARE="1", TARN_VULKAN_TUNE=TUNE)
    warm_up(tarn, env)
    if subprocess.run([tarn, "run", model, "-p", "Hi", "--max-tokens", "1", "--backend", "vulkan"], env=env,
                      capture_output=True).returncode:
        print("1..0 # SKIP no software Vulkan device")
        return 0
    chosen = prompts()
    if not os.environ.get("TARN_SOAK"):
        chosen = random.Random(int(os.environ.get("TARN_SEED", "1"))).sample(chosen, 3)
    plain = {k: v for k, v in os.environ.items() if not k.startswith("TARN_VULKAN")}
    with open(FOREIGN) as f:
        foreign = [1] + ids_of(tarn, model, f.read()[:3000])[:500]
    bad = 0
    for n, (what, texts) in enumerate((
            ("pocket's own chats", [sequence(tarn, model, p) for p in chosen]),
            ("a text that is none", [foreign])), 1):
        top, tokens, kl, equal = compare(tarn, model, texts, env, plain)
        bad += not equal
        print("%sok %d - float16, %s: the same bits # the same token first %.4f of %d, KL %.1e" % (
            "" if equal else "not ", n, what, top, tokens, kl), flush=True)
    print("1..2")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
