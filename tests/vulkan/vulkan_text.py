#!/usr/bin/env python3
"""Greedy text of the pocket model: the Vulkan backend against the CPU.

  vulkan_text.py TARN MODEL

Every prompt is answered greedily by both (200 prompts with TARN_SOAK and all
tunings, else 6 of them, chosen by TARN_SEED and dealt out to two tunings).
Where the texts part, the CPU's two best logits at that place must lie within
1e-3; such places are listed.  Prints TAP; runs on a software device, with a row
per lane and with rows shared by lanes, with weights that are copied and with
weights that are read where the file is mapped.

Then a warm text is drawn from the best logits alone, and with a cut that takes
nothing out but must see all of them: the same tokens, and plain probabilities
and entropies within 1e-5.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

import numpy as np

SHARED = "wg=64,lpr=32,nt=4,stage=1"
TUNINGS = {"a row per lane": "", "rows shared by lanes": SHARED, "weights read in place": "import=1",
           "experts read in place": SHARED + ",import=2"}
DRAWN = ["a row per lane", "rows shared by lanes"]  # by digests: copying changes nothing there
TOKENS = "48"


def prompts():
    r = random.Random(200)
    words = "river stone lamp cloud garden paper music window bridge apple silver winter".split()
    names = "Ada Ben Cleo Dan Eva Finn".split()
    out = []
    while len(out) < 200:
        a, b = r.randint(2, 999), r.randint(2, 99)
        k = r.sample(words, 4)
        out.append(r.choice([
            "What is %d + %d?" % (a, b), "What is %d - %d?" % (a + b, b), "Compute %d times %d." % (a % 30 + 2, b),
            "Spell the word %s." % k[0], "Reverse the word %s." % k[1], "Sort these words: %s." % ", ".join(k),
            "How many letters has %s?" % k[2], "Hello, my name is %s." % r.choice(names), "Who are you?",
            "Which is larger, %d or %d?" % (a, a + b), "Write %s in capital letters." % k[3],
            "%s has %d apples and gives %d away. How many are left?" % (r.choice(names), a + b, b),
            "Tell me something about the %s." % k[0], "Count from %d to %d." % (b, b + 6)]))
    return out


def answer(tarn, model, prompt, extra, env):
    p = subprocess.run([tarn, "run", model, "-p", prompt, "--temp", "0", "--max-tokens", TOKENS, "--json"] + extra,
                       env=env, capture_output=True, check=True)
    j = json.loads(p.stdout)
    return (j.get("thought") or "") + "\x00" + (j.get("answer") or "")


def ids_of(tarn, model, text):
    p = subprocess.run([tarn, "tokenize", model, "--special"], input=text.encode(), capture_output=True, check=True)
    return json.loads(p.stdout)


def margin(tarn, model, prompt, one, two):
    """Difference of the CPU's two best logits where the texts part."""
    at = next((i for i, (x, y) in enumerate(zip(one, two)) if x != y), min(len(one), len(two)))
    head = subprocess.run([tarn, "prompt", model], input=json.dumps(
        {"messages": [{"role": "user", "content": prompt}], "add_generation_prompt": True}).encode(),
        capture_output=True, check=True).stdout.decode()
    least = 1e9
    ids = ids_of(tarn, model, head + one[:at].replace("\x00", ""))
    for n in range(len(ids), max(len(ids) - 3, 1), -1):  # a token may hold several characters
        raw = subprocess.run([tarn, "logits", model, "--ids", ",".join(map(str, ids[:n])), "--rows", "last"],
                             capture_output=True, check=True).stdout
        best = np.sort(np.frombuffer(raw, "<f4"))[-2:]
        least = min(least, float(best[1] - best[0]))
    return least


WHOLE = ["--top-n-sigma", "1000"]


def drawn(tarn, model, prompt, extra, env):
    """((id, p after the cuts), p, entropy) of every token of a warm answer, by its trace."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.json")
        subprocess.run([tarn, "run", model, "-p", prompt, "--temp", "1.2", "--seed", "5", "--max-tokens", TOKENS,
                        "--trace", path] + extra, env=env, capture_output=True, check=True)
        with open(path) as f:
            return [((t[0], t[4]), t[3], t[5]) for t in json.load(f)["tokens"]]


def same_draws(tarn, model, prompts, env):
    """The answers from digests against those from rows: bad ones, tokens, the largest difference of a figure."""
    bad = tokens = 0
    far = 0.0
    for p in prompts:
        best = drawn(tarn, model, p, ["--backend", "vulkan"], env)
        rows = drawn(tarn, model, p, ["--backend", "vulkan"] + WHOLE, env)
        here = max((max(abs(a[1] - b[1]), abs(a[2] - b[2])) for a, b in zip(best, rows)), default=1.0)
        bad += [t[0] for t in best] != [t[0] for t in rows] or here > 1e-5
        tokens += len(best)
        far = max(far, here)
    return bad, tokens, far


def warm_up(tarn, env):
    """The driver's first start compiles for longer than a probe may take."""
    plugin = os.path.join(os.path.dirname(os.path.realpath(tarn)), "plugins", "tarn-vulkan.so")
    subprocess.run([tarn, "--probe", plugin], env=env, capture_output=True)
    for _ in range(10):  # on a busy machine it may still be too slow; a good verdict is remembered
        p = subprocess.run([tarn, "backends", "--json"], env=env, capture_output=True)
        if any(q["name"] == "vulkan" and q["state"] == "ready" for q in json.loads(p.stdout)["plugins"]):
            return


def main(tarn, model):
    env = dict(os.environ, TARN_VULKAN_SOFTWARE="1")
    chosen, tunings, drawings = prompts(), list(TUNINGS), DRAWN
    if not os.environ.get("TARN_SOAK"):
        seed = int(os.environ.get("TARN_SEED", "1"))
        chosen = random.Random(seed).sample(chosen, 6)
        tunings = tunings[seed % 2 * 2:][:2]
        drawings = DRAWN[seed % 2:][:1]
    for name in tunings:
        warm_up(tarn, dict(env, TARN_VULKAN_TUNE=TUNINGS[name]))
    listing = json.loads(subprocess.run([tarn, "backends", "--json"], env=env, capture_output=True).stdout or "{}")
    if '"vulkan"' not in json.dumps(listing) or subprocess.run(
            [tarn, "run", model, "-p", "Hi", "--max-tokens", "1", "--backend", "vulkan"], env=env,
            capture_output=True).returncode:
        print("1..0 # SKIP no software Vulkan device")
        return 0
    cpu = [answer(tarn, model, p, [], env) for p in chosen]
    bad_all = 0
    for n, name in enumerate(tunings, 1):
        tuning = TUNINGS[name]
        same = near = bad = 0
        mine = list(zip(chosen, cpu))
        if not os.environ.get("TARN_SOAK"):
            mine = mine[n - 1::len(tunings)]
        for p, want in mine:
            got = answer(tarn, model, p, ["--backend", "vulkan"], dict(env, TARN_VULKAN_TUNE=tuning))
            if got == want:
                same += 1
                continue
            by = margin(tarn, model, p, want, got)
            near += by <= 1e-3
            bad += by > 1e-3
            print("# %r: the two best logits lie %.2e apart" % (p, by))
        bad_all += bad
        print("%sok %d - greedy text with %s # %d of %d equal, %d at a near tie" % (
            "not " if bad else "", n, name, same, len(mine), near), flush=True)
    for n, name in enumerate(drawings, len(tunings) + 1):
        tuning = TUNINGS[name]
        bad, tokens, far = same_draws(tarn, model, chosen[n % 2::2][:3], dict(env, TARN_VULKAN_TUNE=tuning))
        bad_all += bad
        print("%sok %d - draws from the best logits with %s # %d tokens, figures within %.1e" % (
            "not " if bad else "", n, name, tokens, far), flush=True)
    print("1..%d" % (len(tunings) + len(drawings)))
    return bad_all > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
