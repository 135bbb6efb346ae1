#!/usr/bin/env python3
"""The float16 mode of the Vulkan backend on the pocket model.

  vulkan_half.py TARN MODEL

What the processor answers greedily to some prompts (6 of 200, chosen by
TARN_SEED; all with TARN_SOAK) is read again by both, token by token given: of
the tokens of the answers the float16 mode must put the same one first in 99 of
100, and its distribution must lie within 1e-3 (Kullback-Leibler, nats, mean).
Prints TAP; runs on a software device.
"""
import json
import os
import random
import subprocess
import sys

import numpy as np

from vulkan_text import ids_of, prompts, warm_up

TUNE = "tile=128,half=1"


def sequence(tarn, model, prompt):
    """Ids of a whole chat, and how many of them are the prompt."""
    head = subprocess.run([tarn, "prompt", model], input=json.dumps(
        {"messages": [{"role": "user", "content": prompt}], "add_generation_prompt": True}).encode(),
        capture_output=True, check=True).stdout.decode()
    j = json.loads(subprocess.run([tarn, "run", model, "-p", prompt, "--temp", "0", "--max-tokens", "160", "--json"],
                                  capture_output=True, check=True).stdout)
    thought = "<think>" + j["thought"] + "</think>" if j.get("thought") else ""
    return ids_of(tarn, model, head + thought + (j.get("answer") or "")), len(ids_of(tarn, model, head))


def log_probabilities(tarn, model, ids, extra, env):
    p = subprocess.run([tarn, "logits", model, "--ids", ",".join(map(str, ids)), "--ctx", "1024"] + extra,
                       env=env, capture_output=True, check=True)
    x = np.frombuffer(p.stdout, "<f4").reshape(len(ids), -1).astype(np.float64)
    x = x - x.max(1, keepdims=True)
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def main(tarn, model):
    env = dict(os.environ, TARN_VULKAN_SOFTWARE="1", TARN_VULKAN_TUNE=TUNE)
    warm_up(tarn, env)
    if subprocess.run([tarn, "run", model, "-p", "Hi", "--max-tokens", "1", "--backend", "vulkan"], env=env,
                      capture_output=True).returncode:
        print("1..0 # SKIP no software Vulkan device")
        return 0
    chosen = prompts()
    if not os.environ.get("TARN_SOAK"):
        chosen = random.Random(int(os.environ.get("TARN_SEED", "1"))).sample(chosen, 6)
    plain = {k: v for k, v in os.environ.items() if not k.startswith("TARN_VULKAN")}
    same, far, prompt_far = [], [], []
    for prompt in chosen:
        ids, n_head = sequence(tarn, model, prompt)
        a = log_probabilities(tarn, model, ids, [], plain)
        b = log_probabilities(tarn, model, ids, ["--backend", "vulkan"], env)
        kl = (np.exp(a) * (a - b)).sum(1)
        same += list(a[n_head - 1:].argmax(1) == b[n_head - 1:].argmax(1))
        far += list(kl[n_head - 1:])
        prompt_far += list(kl[:n_head - 1])
    top, mean = float(np.mean(same)), float(np.mean(far))
    differs = float(np.max(np.abs(far))) > 0  # else it was no other arithmetic
    for n, (good, what) in enumerate((
            (top >= 0.99, "the same token first # %.4f of %d" % (top, len(same))),
            (mean <= 1e-3, "KL # mean %.2e, most %.2e; of prompts %.2e" % (mean, max(far), np.mean(prompt_far))),
            (differs, "float16 was at work")), 1):
        print("%sok %d - float16: %s" % ("" if good else "not ", n, what))
    print("1..3")
    return not (top >= 0.99 and mean <= 1e-3 and differs)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
