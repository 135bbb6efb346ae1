#!/usr/bin/env python3
"""Which backend a model runs on where there is a graphics device: measured.

  vulkan_choose.py TARN MODEL

At the first use of a model every device is timed once; that is remembered and
shown, decides who computes, holds for this driver and device alone, and is done
again when asked for.  Prints TAP; runs on a software device.
"""
import json
import os
import subprocess
import sys
import tempfile

from vulkan_text import warm_up


class World:
    def __init__(self, tarn, model, folder):
        self.tarn, self.model = tarn, model
        self.file = os.path.join(folder, "tarn", "speeds.json")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("TARN_VULKAN")}
        self.env.update(XDG_CACHE_HOME=folder, TARN_VULKAN_SOFTWARE="1")

    def ask(self, extra=()):
        """The backends that were timed."""
        p = subprocess.run([self.tarn, "run", self.model, "-p", "What is 3 + 4?", "--temp", "0"],
                           env=dict(self.env, **dict(extra)), capture_output=True, check=True)
        return [line.split()[2] for line in p.stderr.decode().splitlines() if line.startswith("tarn: timing ")]

    def speeds(self):
        with open(self.file) as f:
            return json.load(f)

    def listed(self, *options):
        p = subprocess.run([self.tarn, "backends", "--json"] + list(options), env=self.env, capture_output=True,
                           check=True)
        return json.loads(p.stdout)["speeds"]


def names(speeds):
    return [s["backend"] for s in speeds]


def main(tarn, model):
    results = []

    def check(good, what, seen=""):
        results.append(good)
        print("%sok %d - %s%s" % ("" if good else "not ", len(results), what, " # %s" % (seen,) if seen else ""),
              flush=True)

    with tempfile.TemporaryDirectory() as folder:
        w = World(tarn, model, folder)
        warm_up(tarn, w.env)
        if subprocess.run([tarn, "run", model, "-p", "Hi", "--max-tokens", "1", "--backend", "vulkan"], env=w.env,
                          capture_output=True).returncode:
            print("1..0 # SKIP no software Vulkan device")
            return 0
        check(not os.path.exists(w.file), "nothing is timed where a backend was named")
        plain = {"TARN_VULKAN_SOFTWARE": ""}
        check(w.ask(plain) == [] and not os.path.exists(w.file), "nor where the processor is all there is")
        timed = w.ask()
        check(len(timed) == 2 and timed[0].startswith("cpu") and timed[1] == "vulkan", "the first use times both", timed)
        check(w.ask() == [], "the second use remembers")
        seen = w.listed()
        check(names(seen) == timed and all(s["prefill"] > 0 and s["decode"] > 0 for s in seen), "figures are listed",
              [(s["backend"], round(s["prefill"]), round(s["decode"])) for s in seen])
        again = w.listed("--measure", model)
        check(names(again) == timed and [s["decode"] for s in again] != [s["decode"] for s in seen],
              "--measure times again")
        # Whoever was faster computes: by figures that say so.
        told = w.speeds()
        for s in told["speeds"]:
            s["decode"] = s["prefill"] = 1e6 if s["backend"] == "vulkan" else 1.0
        with open(w.file, "w") as f:
            json.dump(told, f)
        p = subprocess.run([tarn, "bench", model, "-p", "8", "-n", "2", "-r", "1", "--json"], env=w.env,
                           capture_output=True, check=True)
        check(json.loads(p.stdout)["backend"] == "vulkan" and b"timing" not in p.stderr, "the faster one computes")
        other = {"TARN_VULKAN_TUNE": "wg=16"}
        warm_up(tarn, dict(w.env, **other))
        check("vulkan" in w.ask(other), "another driver or device is timed anew")
        with open(w.file, "wb") as f:
            f.write(b'{"format":1,"speeds":[{"key":')
        check(len(w.ask()) == 2 and len(w.speeds()["speeds"]) == 2, "a damaged file counts as empty")
    print("1..%d" % len(results))
    return not all(results)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
