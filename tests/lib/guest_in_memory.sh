# SPDX-License-Identifier: MIT
# Machines whose guest is all in their memory, for tests that stop, move or switch
# them off: QEMU does not move a machine that has files of the host's, and those do
# not survive the machine's sleep. Source it in the tree's root, behind
# tests/lib/tap.sh: $dir is a folder for the test.

tree=$PWD
. tools/vm/options
. tools/vm/kernel
. tools/vm/accel
. tools/vm/qemu
mkdir -p build/vm
dir=$(mktemp -d "$tree/build/vm/test.XXXXXX")
machines=()
clean_up()
{
	[ ${#machines[@]} = 0 ] || kill "${machines[@]}" 2>/dev/null
	wait
	rm -rf "$dir"
}
trap clean_up EXIT

patience=400	# seconds for what takes a few on an idle host

# prepare_machine OPTION-OF-NPU-VM...
prepare_machine()
{
	parse_options "$@"
	run=$dir
	find_qemu
	find_kernel
	choose_accel
}

# write_guest TEST COMMAND...: a kselftest, its libraries, npu.ko, and a first program
# that knows of nothing else and runs the commands. $before_npu: commands before the
# driver is loaded.
write_guest()
{
	local root=$dir/root file test=build/tests/kselftest/$1

	mkdir -p "$root"
	for file in $(ldd "$test" | grep -o '/[^ ]*'); do
		mkdir -p "$root${file%/*}"
		cp -L "$file" "$root$file"
	done
	cp "$test" "$root/test"
	cp "$module" "$root/npu.ko"
	cat >"$root/init" <<-INIT
		#!/bin/sh
		b=/bin/busybox
		\$b mount -t proc proc /proc
		\$b mount -t sysfs sys /sys
		\$b mount -t devtmpfs dev /dev
		load() { while read -r name; do \$b insmod "/modules/\$name.ko"; done <"/modules/\$1"; }
		$before_npu
		load drm
		\$b insmod /npu.ko
		$2
		echo "status \$?"
		\$b poweroff -f
	INIT
	chmod +x "$root/init"
	(cd "$root" && find . | cpio --quiet -o -H newc) >"$dir/guest.cpio"
	cat "$initramfs" "$dir/guest.cpio" >"$dir/initrd"
}

# start_machine NAME ARGUMENT-OF-QEMU...
start_machine()
{
	local name=$1

	shift
	log=$dir/$name.log
	arguments=()
	add_machine
	add_npus
	"$qemu" "${arguments[@]}" -qmp "unix:$dir/$name.qmp,server=on,wait=off" "$@" \
		>"$dir/$name.out" 2>&1 </dev/null &
	machines+=($!)
}

order() { tests/vm/qmp "$dir/$1.qmp" "${@:2}" 2>&1; }

# until_true COMMAND...: whether it becomes so while there is patience.
until_true()
{
	local end=$((SECONDS + patience))

	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

says() { grep -qa "$2" "$dir/$1.log" 2>/dev/null; }
has_ended() { ! kill -0 "$1" 2>/dev/null; }
