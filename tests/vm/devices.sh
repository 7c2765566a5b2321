#!/bin/bash
# SPDX-License-Identifier: MIT
# Machines with several NPUs, with none, with a disk, an IOMMU, other directories.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
dir=$(mktemp -d build/vm/test.XXXXXX)
trap 'rm -rf "$dir" "$elsewhere"' EXIT
elsewhere=$(mktemp -d)

vm() { tools/npu-vm --timeout 120 --log "$dir/kernel.log" "$@" </dev/null 2>&1; }

truncate -s 1M "$dir/disk"
out=$(vm --device cores=1 --device cores=2,threads=1 --smp 1 --memory 1G --iommu \
	--disk "$dir/disk" --share "$elsewhere" --append npu_vm_test=7 -- \
	sh -c "ls /dev/accel | tr '\n' ' '; nproc; cat /sys/block/vda/size
	       ls /sys/class/iommu; cat /proc/cmdline; echo here >$elsewhere/file")
is $? 0 "a machine with everything"
like "$out" "^accel0 accel1 1$" "has two NPUs and one processor"
like "$out" "^2048$" "a disk of a mebibyte"
like "$out" "^dmar0$" "an IOMMU"
like "$out" "npu_vm_test=7" "the kernel's arguments"
is "$(cat "$elsewhere/file")" here "a shared directory under /tmp"

out=$(vm --device cores=1 --device cores=2 -- build/tests/kselftest/dmabuf)
is $? 0 "two NPUs and buffers of others"
like "$out" "^ok [0-9]* dmabuf.memory_of_another_npu$" "one NPU works in the other's memory"

out=$(vm --no-device -- sh -c 'ls /dev/accel 2>&1; grep -c "^npu " /proc/modules')
like "$out" "No such file" "--no-device: no accel node"
like "$out" "^1$" "--no-device: the module loads all the same"
is "$(vm --no-module -- sh -c 'grep -c "^npu " /proc/modules; insmod "$NPU_MODULE" && ls /dev/accel')" \
	$'0\naccel0' "--no-module: loaded only by hand"

# Two machines at a time do not share a file.
tools/npu-vm --timeout 120 --log "$dir/a.log" -- echo a >"$dir/a" 2>&1 </dev/null &
tools/npu-vm --timeout 120 --log "$dir/b.log" -- echo b >"$dir/b" 2>&1 </dev/null
wait
is "$(cat "$dir/a" "$dir/b")" $'a\nb' "two machines at a time"

# The device taken away while the guest looks on.
cat >"$dir/watch" <<-'EOF'
	#!/bin/sh
	touch "$1/ready"
	for i in $(seq 100); do
		[ -e /dev/accel/accel0 ] || { echo gone; exit; }
		sleep 0.2
	done
	echo "still there"
EOF
chmod +x "$dir/watch"
vm --qmp "$dir/qmp" -- "$dir/watch" "$dir" >"$dir/out" &
for _ in $(seq 300); do
	[ ! -e "$dir/ready" ] || break
	sleep 0.2
done
tests/vm/qmp "$dir/qmp" device_del '{"id": "npu0"}' >"$dir/reply"
ok $? "QEMU takes the order to unplug"
wait
is "$(cat "$dir/out")" gone "an NPU is unplugged at run time"
done_testing
