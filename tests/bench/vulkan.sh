#!/bin/sh
# vulkan.sh - tarn on a graphics device: what it is, how fast it copies, beside
# llama.cpp's Vulkan library in the same run, and 64 sequences at once.
#
#   vulkan.sh TARN MODEL.gguf PEER_DIR
#
# PEER_DIR: npm i node-llama-cpp @node-llama-cpp/linux-x64-vulkan there (the
# latter with --force --ignore-scripts where npm wants no more than one).
# A model of the 8B's shapes: python3 tests/oracle/gguf_make.py a1b FILE.
set -eu
tarn=$1 model=$2 peer=$3
here=$(cd "$(dirname "$0")" && pwd)
"$tarn" backends --probe | sed -n '/^vulkan/,/so$/p'
echo "-- beside llama.cpp, one sequence"
node "$here/beside.mjs" "$tarn" "$model" --peer "$peer" --backend vulkan \
    --gpu vulkan --flash --prompt 512 --tokens 128 --runs 7
echo "-- bytes per token over time: the share of the card's bandwidth"
"$tarn" bench "$model" --backend vulkan -p 512 -n 128 -r 5 --json
echo "-- 64 sequences at once"
"$tarn" bench "$model" --backend vulkan -p 64 -n 64 -r 3 --sequences 64 --json
