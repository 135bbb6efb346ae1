#!/bin/sh
# make.sh OUT [options of train.py] - trains, writes OUT/pocket.gguf, judges it.
#   make.sh out --seconds 1300 --workers 12         one CUDA GPU, 25 minutes in all
#   make.sh out --tokens 2e8                        a processor, a day
# The same command goes on where it stopped.  PYTHON: with numpy and torch 1.13
# or later; ANSWERS: the judge's program (see README.md).
set -eu
here=$(dirname "$0")
out=$1
shift
python=${PYTHON:-python3}
answers=${ANSWERS:-$here/../../build/tests/pocket/pocket_answers}
mkdir -p "$out"
# Freed memory is kept: else every step gives large buffers back and page
# faults cost more than the arithmetic.
export MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_MMAP_THRESHOLD_=4000000000
export MALLOC_TOP_PAD_=268435456
"$python" "$here/train.py" "$out" "$@"
"$python" "$here/gguf.py" "$out/ema.pt" "$out/pocket.gguf"
[ -x "$answers" ] || { echo "no $answers: not judged"; exit 0; }
"$python" "$here/judge.py" "$answers" "$out/pocket.gguf" held cut outside skills | tee "$out/judged.txt"
