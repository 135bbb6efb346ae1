#!/bin/sh
# mksdk.sh OUT [LLVM]: lays out Debian's clang, lld and wasi-libc the way a
# WASI SDK is laid out, so that one build rule serves both.
# Needs: clang-N lld-N llvm-N libclang-rt-N-dev-wasm32 wasi-libc (N: 19).
set -eu
out=$1
v=${2:-19}
ll=/usr/lib/llvm-$v

for need in "$ll/bin/clang" "$ll/bin/llvm-ar" \
    "$ll/lib/clang/$v/lib/wasi/libclang_rt.builtins-wasm32.a" \
    /usr/include/wasm32-wasi/stdlib.h; do
    [ -e "$need" ] || {
        echo "mksdk.sh: $need is missing; install clang-$v lld-$v llvm-$v" \
            "libclang-rt-$v-dev-wasm32 wasi-libc" >&2
        exit 5
    }
done
ld=$ll/bin/wasm-ld
[ -e "$ld" ] || ld=$(command -v "wasm-ld-$v")

mkdir -p "$out/bin" "$out/share/wasi-sysroot/include" \
    "$out/share/wasi-sysroot/lib"
out=$(cd "$out" && pwd)
sys=$out/share/wasi-sysroot
# Debian has one set of files; both names of the target point to it.
for t in wasm32-wasi wasm32-wasip1; do
    ln -sfn /usr/include/wasm32-wasi "$sys/include/$t"
    ln -sfn /usr/lib/wasm32-wasi "$sys/lib/$t"
done

# Clang 19 looks for the builtins under the name wasm32-unknown-wasip1 when
# asked for wasip1 and under wasi when asked for wasi; both are supplied.
res=$out/lib/clang/$v
src=$ll/lib/clang/$v
mkdir -p "$res/lib/wasi" "$res/lib/wasm32-unknown-wasip1"
ln -sfn "$src/include" "$res/include"
ln -sf "$src/lib/wasi/libclang_rt.builtins-wasm32.a" "$res/lib/wasi/"
ln -sf "$src/lib/wasi/libclang_rt.builtins-wasm32.a" \
    "$res/lib/wasm32-unknown-wasip1/libclang_rt.builtins.a"

# A script, because an SDK's clang has its target and sysroot built in and
# Debian's has not.
cat >"$out/bin/clang" <<S
#!/bin/sh
t=--target=wasm32-wasi
for a in "\$@"; do case \$a in --target=* | -target) t= ;; esac; done
exec $ll/bin/clang \$t --sysroot=$sys -resource-dir=$res -Wno-deprecated "\$@"
S
chmod +x "$out/bin/clang"
for p in ar ranlib nm strip objdump size; do
    ln -sfn "$ll/bin/llvm-$p" "$out/bin/llvm-$p"
done
ln -sfn "$ld" "$out/bin/wasm-ld"
echo "$v (Debian)" >"$out/VERSION"
