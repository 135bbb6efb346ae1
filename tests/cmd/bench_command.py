#!/usr/bin/env python3
"""tarn bench from outside: what the JSON says is whole and fits together.

  bench_command.py TARN MODEL

Prints TAP.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from tap import check, done  # noqa: E402

TARN, MODEL = sys.argv[1:3]


def bench(*args):
    r = subprocess.run([TARN, "bench", MODEL, "-p", "8", "-n", "4", "-r", "2",
                        "--read-memory", "8", "--json", *args],
                       capture_output=True)
    return r, json.loads(r.stdout) if r.returncode == 0 else {}


r, one = bench()
check("one object", r.returncode == 0 and one["sequences"] == 1
      and one["repeats"] == 2 and one["machine_gbps"] > 0
      and one["decode_min"] <= one["decode_tps"] <= one["decode_max"], r)
share = one["read_gbps"] / one["machine_gbps"]
check("the share is what it says",
      abs(one["read_share"] - share) < 0.01 + 0.01 * share, one)
per_step = (one["weight_bytes"] + one["kv_bytes"]) / one["step_ms"] / 1e6
check("bytes by time", abs(per_step / one["read_gbps"] - 1) < 0.02, one)

r, many = bench("--sequences", "3")
check("three sequences read the weights of one, and three times the K/V",
      many["weight_bytes"] >= one["weight_bytes"]
      and many["weight_bytes"] < 3 * one["weight_bytes"]
      and many["kv_bytes"] == 3 * one["kv_bytes"], many)
r, deep = bench("--depth", "100")
check("depth adds K/V", deep["kv_bytes"] > 5 * one["kv_bytes"]
      and deep["weight_bytes"] == one["weight_bytes"], deep)
r, deep8 = bench("--depth", "100", "--kv", "q8_0")
check("K/V in q8_0 is 34 of 64 bytes", r.returncode != 0
      or abs(deep8["kv_bytes"] * 64 / 34 / deep["kv_bytes"] - 1) < 0.01, deep8)
r, set_ = bench("--threads", "1", "--batch", "4")
check("threads and batch are those asked for", set_["threads"] == 1
      and set_["batch"] == 4 and one["batch"] is None, set_)
r, pair = bench("--compare", "all")
check("every build in turns", len(pair["builds"]) >= 1 and all(
    b["decode_tps"] > 0 and b["weight_bytes"] == one["weight_bytes"]
    for b in pair["builds"]), pair)
r, off = bench("--read-memory", "0")
check("memory need not be read", off["machine_gbps"] is None
      and off["read_share"] is None, off)
r, _ = bench("--compare", "nobody")
check("an unknown build is refused", r.returncode == 2
      and b"nobody" in r.stderr, r)
done()
