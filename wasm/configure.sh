#!/bin/sh
# configure.sh BUILD-DIR [SDK] [meson options...]: sets up a WebAssembly build
# of this tree.  SDK: a WASI SDK; without one (or "") Debian's clang is laid
# out like one beside the build folder.
#
#     wasm/configure.sh build/wasi && ninja -C build/wasi          # tarn.wasm
#     wasm/configure.sh build/wasm "" -Dwasm_threads=true          # the page's
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$1
sdk=${2:-}
[ $# -lt 2 ] && shift 1 || shift 2
[ -f "$dir/build.ninja" ] && exit 0

mkdir -p "$(dirname "$dir")"
if [ -z "$sdk" ]; then
    sdk=$(cd "$(dirname "$dir")" && pwd)/wasi-sdk
    "$here/mksdk.sh" "$sdk"
fi
[ -x "$sdk/bin/clang" ] || {
    echo "configure.sh: $sdk has no bin/clang, so it is no WASI SDK" >&2
    exit 2
}
sdk=$(cd "$sdk" && pwd)
beside=$(cd "$(dirname "$dir")" && pwd)
ini=$beside/wasi-sdk.ini
# Meson takes wasm-ld for GNU's linker and puts groups around libraries, which
# wasm-ld does not know and does not need.
ld=$beside/wasi-ld
cat >"$ld" <<L
#!/bin/sh
for a in "\$@"; do
    shift
    case \$a in --start-group | --end-group) ;; *) set -- "\$@" "\$a" ;; esac
done
exec "$sdk/bin/wasm-ld" "\$@"
L
chmod +x "$ld"
cat >"$ini" <<I
[constants]
wasi_sdk = '$sdk'
wasi_ld = '$ld'
wrapper = '$here/../tests/web/wasi-run.mjs'
I
# The kernels ask for -O3 themselves.  All the rest at -Os is 30 kB less to
# fetch and a quarter slower in decode of a small model: only what no token
# waits for is built so (core/meson.build, meson.build).
exec meson setup "$dir" "$here/.." --cross-file "$ini" \
    --cross-file "$here/wasm32.ini" -Dc_std=gnu11 -Doptimization=2 "$@"
