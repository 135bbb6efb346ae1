#!/usr/bin/env python3
"""What the faces offer in an empty chat: pocket answers each of them right,
with its own settings.

  examples.py TARN POCKET.gguf EXAMPLES.json

Prints TAP.
"""
import json
import subprocess
import sys

TARN, POCKET, EXAMPLES = sys.argv[1:4]


def main():
    with open(EXAMPLES, encoding="utf8") as f:
        examples = json.load(f)["pocket"]
    bad = len(examples) != 3
    print("%sok 1 - there are three" % ("not " if bad else ""))
    for n, x in enumerate(examples, 2):
        r = subprocess.run([TARN, "run", POCKET, "-p", x["question"]],
                           capture_output=True, timeout=60)
        got = r.stdout.decode("utf8", "replace").strip()
        right = r.returncode == 0 and got == x["answer"]
        bad += not right
        if not right:
            print("# %r, wanted %r" % (got, x["answer"]))
        print("%sok %d - %s" % ("" if right else "not ", n, x["question"]))
    print("1..%d" % (len(examples) + 1))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
