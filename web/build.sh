#!/bin/sh
# build.sh OUT [SDK]: the page in OUT, from the sources to the last file.
# Quick when nothing has changed.  SDK: a WASI SDK (default: Debian's clang).
# The WebAssembly build lies beside OUT, in wasm/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
build=$(dirname "$out")/wasm

for need in node npm ninja meson; do
    command -v $need >/dev/null || {
        echo "web/build.sh: $need is missing" >&2
        exit 5
    }
done
if [ ! -e "$here/node_modules/.package-lock.json" ] ||
    [ "$here/package-lock.json" -nt "$here/node_modules/.package-lock.json" ]; then
    (cd "$here" && npm ci --no-fund --no-audit)
    touch "$here/node_modules/.package-lock.json"
fi
"$here/../wasm/configure.sh" "$build" "${2:-}" -Dwasm_threads=true >"$build.log" 2>&1 || {
    cat "$build.log" >&2
    exit 1
}
ninja -C "$build" wasm/tarn-web.wasm wasm/tarn-web-relaxed.wasm >"$build.log" 2>&1 || {
    cat "$build.log" >&2
    exit 1
}
exec node "$here/assemble.mjs" "$out" "$build" "$here/../models/pocket/pocket.gguf"
