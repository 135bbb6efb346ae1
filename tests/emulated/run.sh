#!/bin/sh
# run.sh - runs tests on an emulated processor that has AVX-512 and AMX.
#
#   tests/emulated/run.sh BOCHS SHARE VMLINUZ MODULE TEST...
#   tests/emulated/run.sh /opt/bochs/bochs /usr/share /boot/vmlinuz-6.12... \
#       tiles_on.ko build/tests/backends/backends_cpu_products_amx
#
# Called by hand on machines without such a processor: it tells whether the bits
# are right, never how fast.  A minute for the products of one build.
#
# BOCHS    3.0 with --enable-x86-64 --enable-avx --enable-evex --enable-amx
#          --with-nogui.  In its cpu/avx/amx.cc DPBDSS, DPBDSU and DPBDUS must
#          take signed bytes with their sign (3.0 does not).
# SHARE    has bochs/BIOS-bochs-latest and vgabios/vgabios.bin
# VMLINUZ  a Linux kernel, MODULE tiles_on.c built for it:
#          echo 'obj-m := tiles_on.o' > Makefile
#          make -C /lib/modules/RELEASE/build M=$PWD modules
# Wants busybox-static, cpio, xorriso, isolinux, syslinux-common and gcc.
set -eu
[ $# -ge 5 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
bochs=$1 share=$2 kernel=$3 module=$4
shift 4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
root=$dir/root iso=$dir/iso
mkdir -p "$root/bin" "$root/lib64" "$root/lib/x86_64-linux-gnu" \
    "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$iso/isolinux"

cp "$(command -v busybox)" "$root/bin/busybox"
cp "$module" "$root/tiles_on.ko"
cc -O2 -shared -fPIC -o "$root/permit.so" "$here/permit.c"
for test in "$@"; do
    cp "$test" "$root/bin/"
    for lib in $(ldd "$test" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p'); do
        cp -L "$lib" "$root/lib/x86_64-linux-gnu/"
    done
done
cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
{
    cat <<'I'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
insmod /tiles_on.ko
export LD_PRELOAD=/permit.so
cd /tmp
I
    for test in "$@"; do
        name=$(basename "$test")
        printf 'echo "== %s"; /bin/%s; echo "exit $?"\n' "$name" "$name"
    done
    echo 'echo "== end"; sleep 1000'
} >"$root/init"
chmod +x "$root/init"

(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$iso/initrd"
cp "$kernel" "$iso/vmlinuz"
cp /usr/lib/ISOLINUX/isolinux.bin \
    /usr/lib/syslinux/modules/bios/ldlinux.c32 "$iso/isolinux/"
cat >"$iso/isolinux/isolinux.cfg" <<'I'
default tests
prompt 0
timeout 1
label tests
 kernel /vmlinuz
 append initrd=/initrd console=ttyS0 loglevel=1 noxsave acpi=off nosmp nokaslr mitigations=off random.trust_cpu=on
I
xorriso -as mkisofs -quiet -o "$dir/boot.iso" -b isolinux/isolinux.bin \
    -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table \
    "$iso" 2>/dev/null
cat >"$dir/bochsrc" <<I
cpu: model=sapphire_rapids, count=1, ips=200000000, reset_on_triple_fault=0
memory: guest=1024, host=1024
romimage: file=$share/bochs/BIOS-bochs-latest
vgaromimage: file=$share/vgabios/vgabios.bin
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$dir/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$dir/serial.txt
display_library: nogui
log: $dir/bochs.log
panic: action=fatal
clock: sync=none
I
"$bochs" -q -f "$dir/bochsrc" </dev/null >/dev/null 2>&1 &
emulator=$!
while kill -0 $emulator 2>/dev/null &&
    ! grep -qs '^== end' "$dir/serial.txt"; do
    sleep 1
done
kill -9 $emulator 2>/dev/null || true
wait $emulator 2>/dev/null || true
tr -d '\r' <"$dir/serial.txt"
grep -q '^== end' "$dir/serial.txt" || {
    tail -3 "$dir/bochs.log" >&2
    exit 1
}
! tr -d '\r' <"$dir/serial.txt" | grep -q '^exit [^0]'
