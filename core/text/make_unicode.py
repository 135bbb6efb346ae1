#!/usr/bin/env python3
"""Writes unicode_tables.c: the character classes of Unicode 15.1 that the
pre-tokenizer and the spelling of Python strings need.

  python3 make_unicode.py > unicode_tables.c

Works with a Python whose unicodedata is 15.1 (3.13) or 15.0 (3.12): what 15.1
added is written out below.  Others are refused: the split of newly assigned
characters would silently differ.  The counts are the checksum.
"""
import sys
import unicodedata

BLOCK = 128  # code points per block of the second stage
N_LETTERS, N_NUMBERS, N_SPACES = 136726, 1831, 25
SPACES = set(range(9, 14)) | {0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F,
                              0x205F, 0x3000} | set(range(0x2000, 0x200B))


def category(code):
    if unicodedata.unidata_version == "15.0.0":
        if 0x2EBF0 <= code <= 0x2EE5D:  # CJK extension I
            return "Lo"
        if 0x2FFC <= code <= 0x2FFF or code == 0x31EF:
            return "So"
    return unicodedata.category(chr(code))


def kind(code):
    if code in SPACES:
        return 3
    return {"L": 1, "N": 2}.get(category(code)[0], 0)


def printable(code):
    """As str.isprintable() has it."""
    c = category(code)
    return code == 0x20 or not (c[0] == "C" or c in ("Zl", "Zp", "Zs"))


def rows(values, width, form):
    for i in range(0, len(values), width):
        yield "    " + " ".join(form % v + "," for v in values[i:i + width])


def main():
    if unicodedata.unidata_version not in ("15.0.0", "15.1.0"):
        sys.exit("needs a Python with Unicode 15.0 or 15.1, this one has "
                 + unicodedata.unidata_version)
    kinds = [kind(c) for c in range(0x110000)]
    for k, n in ((1, N_LETTERS), (2, N_NUMBERS), (3, N_SPACES)):
        if kinds.count(k) != n:
            sys.exit("class %d has %d members, not %d" % (k, kinds.count(k), n))
    end = (max(c for c in range(0x110000) if kinds[c]) // BLOCK + 1) * BLOCK
    blocks, index = [], []
    for start in range(0, end, BLOCK):
        b = tuple(sum(kinds[start + i + j] << (2 * j) for j in range(4))
                  for i in range(0, BLOCK, 4))
        if b not in blocks:
            blocks.append(b)
        index.append(blocks.index(b))
    if len(blocks) > 256:
        sys.exit("too many blocks for one byte")
    turns, was = [], False
    for c in range(0x110000):
        if printable(c) != was:
            was = not was
            turns.append(c)
    print("/* unicode_tables.c - made by make_unicode.py; do not edit.")
    print(" *")
    print(" * Unicode 15.1: %d letters, %d numbers, %d white spaces. */"
          % (N_LETTERS, N_NUMBERS, N_SPACES))
    print('#include "core/text/unicode.h"\n')
    print("const uint8_t tarn_unicode_index[TARN_UNICODE_END / "
          "TARN_UNICODE_BLOCK] = {")
    print("\n".join(rows(index, 16, "%d")))
    print("};\n")
    print("const uint8_t tarn_unicode_kinds[][TARN_UNICODE_BLOCK / 4] = {")
    for b in blocks:
        print("    {")
        print("\n".join("    " + r for r in rows(b, 12, "0x%02x")))
        print("    },")
    print("};\n")
    print("const uint32_t tarn_unicode_turns[] = {")
    print("\n".join(rows(turns, 8, "0x%x")))
    print("};")
    print("const size_t tarn_unicode_n_turns =\n    "
          "sizeof tarn_unicode_turns / sizeof tarn_unicode_turns[0];")
    print("\n_Static_assert(TARN_UNICODE_END == 0x%x && TARN_UNICODE_BLOCK == "
          "%d,\n               \"unicode.h and make_unicode.py agree\");"
          % (end, BLOCK))


main()
