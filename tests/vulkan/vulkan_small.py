#!/usr/bin/env python3
"""Limits of small devices, imposed by a libvulkan before the real one.

  vulkan_small.py TARN MODEL SHIM

The logits of 200 tokens must be those of the CPU, bit for bit, with a heap of
256 MiB and allocations of 128 MiB, and with heaps that hold only some of the
layers or none, or all but the experts of some; what is on the device is said on
stderr.  Weights that are read where the file is mapped take no room: then all
layers are there.  Without --gpu-layers as many layers must be there as a trial of
every number finds room for, or one less.  Prints TAP.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

MIB = 1 << 20
CASES = [("as it is", 0, 0, True, []), ("256 MiB, 128 MiB at once", 256 * MIB, 128 * MIB, True, []),
         ("40 MiB", 40 * MIB, 0, True, []), ("24 MiB", 24 * MIB, 0, None, []), ("12 MiB", 12 * MIB, 0, False, []),
         ("as it is, experts of 3 layers elsewhere", 0, 0, False, ["--cpu-experts", "3"])]
IN_PLACE = [("12 MiB, weights read in place", True, {"TARN_VULKAN_TUNE": "import=1"}),
            ("12 MiB, experts read in place", None, {"TARN_VULKAN_TUNE": "import=2"}),
            ("12 MiB, but the driver refuses", False, {"TARN_VULKAN_TUNE": "import=1", "TARN_SHIM_NO_IMPORT": "1"})]
PART = 12 * MIB  # holds some layers


def loader():
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"):
        if os.path.exists(os.path.join(folder, "libvulkan.so.1")):
            return os.path.join(folder, "libvulkan.so.1")
    return None


def logits(tarn, model, env, extra):
    ids = ",".join(str(20 + i * 37 % 1400) for i in range(200))
    p = subprocess.run([tarn, "logits", model, "--ids", ids, "--rows", "last", "--ctx", "256", "--batch", "64"] + extra,
                       env=env, capture_output=True)
    return p.returncode, p.stdout, p.stderr.decode(errors="replace")


def warm_up(tarn, env):
    """The driver's first start compiles for longer than a probe may take."""
    plugin = os.path.join(os.path.dirname(os.path.realpath(tarn)), "plugins", "tarn-vulkan.so")
    subprocess.run([tarn, "--probe", plugin], env=env, capture_output=True)
    for _ in range(10):  # on a busy machine it may still be too slow; a good verdict is remembered
        p = subprocess.run([tarn, "backends", "--json"], env=env, capture_output=True)
        if any(q["name"] == "vulkan" and q["state"] == "ready" for q in json.loads(p.stdout)["plugins"]):
            return


def layers_there(tarn, model, env, extra):
    """How many of all layers the device has in the end, and of how many."""
    err = logits(tarn, model, env, ["--backend", "vulkan", "--verbose"] + extra)[2]
    said = re.findall(r"(\d+) of (\d+) layers are on", err)
    return tuple(map(int, said[-1])) if said else None


def chosen_and_best(tarn, model, env, heap):
    """Layers chosen with this heap, and the most that four fifths of it hold,
    which is what a driver without a budget says to be free."""
    chosen = layers_there(tarn, model, dict(env, TARN_SHIM_HEAP=str(heap)), [])
    less = dict(env, TARN_SHIM_HEAP=str(heap * 4 // 5))
    warm_up(tarn, less)
    best = 0
    for n in range(1, chosen[1] if chosen else 0):
        there = layers_there(tarn, model, less, ["--gpu-layers", str(n)])
        if there is None or there[0] < n:
            break
        best = n
    return (chosen[0] if chosen else -1), best


def main(tarn, model, shim):
    real = loader()
    base = dict(os.environ, TARN_VULKAN_SOFTWARE="1")
    warm_up(tarn, base)
    if not real or logits(tarn, model, base, ["--backend", "vulkan"])[0]:
        print("1..0 # SKIP no software Vulkan device")
        return 0
    want = logits(tarn, model, base, [])[1]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.realpath(shim), os.path.join(folder, "libvulkan.so.1"))
        cases = [c + ({},) for c in CASES] + [(name, PART, 0, whole, [], more) for name, whole, more in IN_PLACE]
        for n, (name, heap, most, whole, extra, more) in enumerate(cases, 1):
            env = dict(base, LD_LIBRARY_PATH=folder, TARN_SHIM_REAL=real, **more)
            if heap:
                env["TARN_SHIM_HEAP"] = str(heap)
            if most:
                env["TARN_SHIM_ALLOCATION"] = str(most)
            warm_up(tarn, env)
            rc, got, err = logits(tarn, model, env, ["--backend", "vulkan", "--verbose"] + extra)
            said = [line for line in err.splitlines() if "layers" in line]
            good = rc == 0 and got == want and (whole is None or bool(said) != whole)
            bad += not good
            print("%sok %d - heap %s: the same logits # %s" % (
                "" if good else "not ", n, name, "; ".join(said)[:200] or err[:300].strip() or "all on the device"),
                flush=True)
        env = dict(base, LD_LIBRARY_PATH=folder, TARN_SHIM_REAL=real)
        chosen, best = chosen_and_best(tarn, model, env, PART)
        good = best > 1 and best - 1 <= chosen <= best
        bad += not good
        print("%sok %d - as many layers as fit # chosen %d, at most %d" % (
            "" if good else "not ", len(cases) + 1, chosen, best), flush=True)
        outside = layers_there(tarn, model, dict(env, TARN_SHIM_HEAP=str(PART), TARN_VULKAN_TUNE="import=2"), [])
        more = outside is None or outside[0] > chosen  # None: all of them
        bad += not more
        print("%sok %d - more of them if experts are read in place # %s" % (
            "" if more else "not ", len(cases) + 2, "all" if outside is None else outside[0]), flush=True)
    print("1..%d" % (len(cases) + 2))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
