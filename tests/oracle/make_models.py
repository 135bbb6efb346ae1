#!/usr/bin/env python3
"""make_models.py OUT_DIR STAMP: the eight tiny models, checked against models/SHA256, and the vocabulary-only file."""
import hashlib
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main(out, stamp):
    os.makedirs(out, exist_ok=True)
    subprocess.run([sys.executable, os.path.join(HERE, "gguf_make.py"), "--all", out], check=True, stdout=subprocess.DEVNULL)
    for line in open(os.path.join(HERE, "models", "SHA256")):
        want, name = line.split()
        path = os.path.join(out, os.path.basename(name))
        if not path.endswith(".gguf"):
            continue
        got = hashlib.sha256(open(path, "rb").read()).hexdigest()
        if got != want:
            sys.exit("%s has SHA-256 %s, not %s" % (path, got, want))
    open(stamp, "w").close()


if __name__ == "__main__":
    main(*sys.argv[1:])
