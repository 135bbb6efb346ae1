#!/usr/bin/env python3
"""Writes backends/grids.h, the code tables of the IQ types, from tests/oracle/grids.json.

  python3 backends/grids_make.py > backends/grids.h
"""
import json
import os

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GRIDS = json.load(open(os.path.join(ROOT, "tests/oracle/grids.json")))["grids"]

print("""/* grids.h - the code tables of the IQ types.  Made by grids_make.py; not edited.
 *
 * One entry holds 8 (IQ2) or 4 (IQ3) magnitudes, a byte each; value j is
 * (entry >> 8 * j) & 255.
 *
 * Owns: nothing.
 */
#ifndef TARN_BACKENDS_GRIDS_H
#define TARN_BACKENDS_GRIDS_H

#include <stdint.h>""")
for name in ["iq2_xxs", "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s"]:
    g = GRIDS[name]
    w, digits = g["width"], [int(c) for c in g["entries"]]
    entries = [digits[i:i + w] for i in range(0, len(digits), w)]
    words = [sum(g["values"][d] << 8 * j for j, d in enumerate(e)) for e in entries]
    print("\nstatic const uint%d_t tarn_grid_%s[%d] = {" % (8 * w, name, len(words)))
    per = 3 if w == 8 else 6
    form = "0x%016x" if w == 8 else "0x%08x"
    for i in range(0, len(words), per):
        print("    " + ", ".join(form % v for v in words[i:i + per]) + ",")
    print("};")
print("\n#endif")
