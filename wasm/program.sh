#!/bin/sh
# program.sh DIR [SDK]: builds the WASI program DIR/wasm/tarn.wasm, and core's
# tests beside it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
run() {
    "$@" >"$dir.log" 2>&1 || {
        cat "$dir.log" >&2
        exit 1
    }
}
run "$here/configure.sh" "$dir" "${2:-}"
run ninja -C "$dir"
