#!/bin/sh
# Runs limits-program.ts on a kernel whose control groups are of version 2 alone: boots a small machine (QEMU, no KVM,
# no installation) with a Debian kernel and this machine's own programs. Needs Debian or Ubuntu, root for apt's lock,
# 400 MB in the folder given as $1. About 90 s.
set -eu
folder=$1
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
project=$(CDPATH= cd -- "$here/../../.." && pwd)
node=$("$project/node_modules/.bin/node" -p process.execPath)

# Packages are unpacked into the folder; nothing is installed.
if [ ! -e "$folder/unpacked" ]; then
  mkdir -p "$folder/packages/partial" "$folder/machine"
  apt-get update -qq
  kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
  apt-get install -qq -y --no-install-recommends --download-only -o "Dir::Cache::archives=$folder/packages" \
    qemu-system-x86 busybox-static "$kernel"
  for package in "$folder"/packages/*.deb; do dpkg-deb -x "$package" "$folder/machine"; done
  touch "$folder/unpacked"
fi

tree=$folder/tree
rm -rf "$tree"
mkdir -p "$tree/modules" "$tree/kelpie/test/runtime" "$tree/etc" "$tree/usr/bin" "$tree/usr/sbin"
for link in bin sbin lib lib64; do ln -s "usr/$link" "$tree/$link"; done
add() { # a program with the libraries that it loads
  mkdir -p "$tree/$(dirname "$2")"
  cp -L "$1" "$tree/$2"
  ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
    at=$tree/usr${library#/usr}
    [ -e "$at" ] || { mkdir -p "$(dirname "$at")"; cp -L "$library" "$at"; }
  done
}
for name in sh cat env mkfifo mount umount unshare nsenter setpriv ip hostname sleep chmod chown mkdir rm ln id tail \
  grep sed ls touch script stty cp head tr mv fallocate; do
  add "$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v "$name")" "usr/bin/$name"
done
add "$node" usr/bin/node
cp "$folder/machine/bin/busybox" "$tree/usr/bin/busybox"
find "$folder/machine/lib/modules" \( -name llc.ko -o -name stp.ko -o -name bridge.ko -o -name veth.ko \
  -o -name overlay.ko \) -exec cp {} "$tree/modules" \;
cp -R "$project/src" "$tree/kelpie/src"
cp -R "$here" "$tree/kelpie/test/runtime/"
echo '{"type":"module"}' >"$tree/kelpie/package.json"
printf 'root:x:0:0::/root:/bin/sh\n' >"$tree/etc/passwd"
printf 'root:x:0:\n' >"$tree/etc/group"
cp "$here/init.sh" "$tree/init"
chmod 755 "$tree/init"
(cd "$tree" && find . | "$folder/machine/bin/busybox" cpio -o -H newc 2>/dev/null) >"$folder/initramfs"

libraries=$(find "$folder/machine" -name '*.so*' -exec dirname {} \; | sort -u | tr '\n' ':')
LD_LIBRARY_PATH=$libraries timeout 240 "$folder/machine/usr/bin/qemu-system-x86_64" -accel tcg -m 1200 -smp 2 -cpu max \
  -L "$folder/machine/usr/share/qemu" -L "$folder/machine/usr/share/seabios" -nic none -nographic -no-reboot \
  -kernel "$folder"/machine/boot/vmlinuz-* -initrd "$folder/initramfs" \
  -append "console=ttyS0 quiet panic=-1 rdinit=/init" </dev/null | tee "$folder/console"
[ "$(grep -c '^PASS' "$folder/console")" -eq 2 ]
