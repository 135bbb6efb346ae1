#!/usr/bin/env python3
"""Writes grids.c from the codes in tests/oracle/iq_grids.json:
python3 backends/cpu/grids_make.py tests/oracle/iq_grids.json > backends/cpu/grids.c"""
import json
import sys

print("/* grids.c - see grids.h.  Made by grids_make.py; do not edit. */")
print('#include "backends/cpu/grids.h"')
for name, g in json.load(open(sys.argv[1]))["grids"].items():
    n, bits, values, codes = g["per_entry"], g["bits"], g["values"], g["codes_hex"]
    size = len(codes) // 4
    out = []
    for k in range(size):
        c = int(codes[4 * k:4 * k + 4], 16)
        v = [values[(c >> (bits * j)) & (2 ** bits - 1)] for j in range(n)]
        out.append("0x" + "".join("%02x" % x for x in reversed(v)))
    kind, per = ("uint64_t", 3) if n == 8 else ("uint32_t", 6)
    print("\nconst %s tarn_cpu_%s[%d] = {" % (kind, name, size))
    for i in range(0, size, per):
        print("    " + ", ".join(out[i:i + per]) + ("," if i + per < size else ""))
    print("};")
