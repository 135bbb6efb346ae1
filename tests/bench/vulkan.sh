#!/bin/sh
# vulkan.sh - tarn on a graphics device: what it is, how fast it copies, beside
# llama.cpp's Vulkan library in the same run, and 64 sequences at once.
#
#   vulkan.sh BUILD MODEL.gguf PEER_DIR
#
# BUILD: a build folder; ninja -C BUILD programs tests/vulkan/vulkan_copy.
# PEER_DIR: npm i node-llama-cpp @node-llama-cpp/linux-x64-vulkan there (the
# latter with --force --ignore-scripts where npm wants no more than one).
# A model of the 8B's shapes: python3 tests/oracle/gguf_make.py a1b FILE.
#
# PROMPT, TOKENS, RUNS and SEQUENCES make it smaller; FLASH= leaves llama.cpp
# without flash attention.  That it runs through was tried on a software device:
# TARN_VULKAN_SOFTWARE=1 GGML_VK_VISIBLE_DEVICES=0 FLASH= PROMPT=32 TOKENS=4
# RUNS=1 SEQUENCES=4 with models/pocket/pocket.gguf (llama.cpp's library dies of
# flash attention there); figures of that say nothing.
set -eu
build=$1 model=$2 peer=$3
tarn=$build/tarn
prompt=${PROMPT:-512} tokens=${TOKENS:-128} runs=${RUNS:-7}
sequences=${SEQUENCES:-64} flash=${FLASH---flash}
here=$(cd "$(dirname "$0")" && pwd)
"$tarn" backends --probe | sed -n '/^vulkan/,/so$/p'
echo "-- the device copies its own memory, read and written together"
"$build/tests/vulkan/vulkan_copy"
echo "-- beside llama.cpp, one sequence"
node "$here/beside.mjs" "$tarn" "$model" --peer "$peer" --backend vulkan \
    --gpu vulkan $flash --prompt "$prompt" --tokens "$tokens" --runs "$runs"
echo "-- read_gbps over what the device copies: the share of its bandwidth"
"$tarn" bench "$model" --backend vulkan -p "$prompt" -n "$tokens" -r "$runs" \
    --json
echo "-- $sequences sequences at once"
"$tarn" bench "$model" --backend vulkan -p "$tokens" -n "$tokens" -r "$runs" \
    --sequences "$sequences" --json
