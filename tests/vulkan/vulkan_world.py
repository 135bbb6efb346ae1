#!/usr/bin/env python3
"""The Vulkan plugin where Vulkan is not: V01, no loader, no driver, rubbish.

  vulkan_world.py TARN PLUGIN

In each world the plugin is refused with one sentence that says why, within
100 ms, and the CPU computes.  Prints TAP.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

LIMIT_MS = 100


def probe(tarn, plugin, env):
    """The verdict, and the best time of five: the machine may be busy."""
    best, verdict = 1e9, None
    for _ in range(5):
        began = time.monotonic()
        p = subprocess.run([tarn, "--probe", plugin], env=env, capture_output=True)
        best = min(best, (time.monotonic() - began) * 1e3)
        verdict = json.loads(p.stdout)
    return verdict, best


def worlds(folder):
    base = {k: v for k, v in os.environ.items() if not k.startswith(("VK_", "TARN_VULKAN"))}
    base["XDG_CACHE_HOME"] = folder
    broken = os.path.join(folder, "broken")
    os.mkdir(broken)
    with open(os.path.join(broken, "libvulkan.so.1"), "wb") as f:
        f.write(b"not a library")
    with open(os.path.join(folder, "rubbish.json"), "wb") as f:
        f.write(b"{\"file_format_version\": [[[")
    with open(os.path.join(folder, "absent.json"), "w") as f:
        json.dump({"file_format_version": "1.0.0",
                   "ICD": {"library_path": folder + "/none.so", "api_version": "1.3.0"}}, f)
    yield "no loader", dict(base, LD_LIBRARY_PATH=broken), "not installed"
    for name, path, want in (("no driver", "/nonexistent.json", "no driver"),
                             ("a driver list of rubbish", folder + "/rubbish.json", "no device"),
                             ("a driver that is gone", folder + "/absent.json", "no driver")):
        yield name, dict(base, VK_ICD_FILENAMES=path, VK_DRIVER_FILES=path), want


def main(tarn, plugin):
    n = bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, env, want in worlds(folder):
            verdict, ms = probe(tarn, plugin, env)
            good = not verdict["good"] and want in verdict["reason"] and ms < LIMIT_MS
            n += 1
            bad += not good
            print("%sok %d - V01 %s # %.0f ms: %s" % ("" if good else "not ", n, name, ms, verdict["reason"]))
            listing = subprocess.run([tarn, "backends", "--json"], env=env, capture_output=True, check=True)
            first = json.loads(listing.stdout)["plugins"][0]
            good = first["name"].startswith("cpu") and first["state"] == "ready"
            n += 1
            bad += not good
            print("%sok %d - then %s computes" % ("" if good else "not ", n, first["name"]), flush=True)
        env = {k: v for k, v in os.environ.items() if k != "TARN_VULKAN_SOFTWARE"}
        verdict, ms = probe(tarn, plugin, env)
        soft = [d for d in verdict["devices"] if d["kind"] == 3]
        n += 1
        bad += bool(soft)
        print("%sok %d - V01 software devices are not taken unasked # %.0f ms: %s" % (
            "not " if soft else "", n, ms, verdict["reason"]))
    print("1..%d" % n)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
