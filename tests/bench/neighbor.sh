#!/bin/sh
# neighbor.sh - decode on 1 and 2 threads, beside as many busy programs as there
# are processors; in turns.  Two threads shall not be slower than one by more
# than a tenth.
#
#   tests/bench/neighbor.sh TARN MODEL.gguf [RUNS]
set -eu
tarn=$1
model=$2
runs=${3:-5}
busy=
for _ in $(seq "$(nproc)"); do
    sh -c 'while :; do :; done' &
    busy="$busy $!"
done
trap 'kill $busy' EXIT
for _ in $(seq "$runs"); do
    for threads in 1 2; do
        "$tarn" bench "$model" -p 0 -n 16 -r 2 -t "$threads" --read-memory 0 \
            --json
    done
done | python3 -c '
import json, statistics, sys
seen = {1: [], 2: []}
for line in sys.stdin:
    r = json.loads(line)
    seen[r["threads"]].append(r["decode_tps"])
one, two = (statistics.median(seen[n]) for n in (1, 2))
print("1 thread %.1f %s, 2 threads %.1f %s tokens/s, ratio %.2f" % (
    one, [round(x, 1) for x in seen[1]], two, [round(x, 1) for x in seen[2]],
    two / one))
'
