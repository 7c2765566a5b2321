#!/bin/bash
# SPDX-License-Identifier: MIT
# What others get: the source for DKMS builds, and the series for the kernel
# applies and builds.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
mkdir -p build/vm
dir=$(mktemp -d "$PWD/build/vm/test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
release=$(cat build/kernel/release)
kdir=$PWD/build/kernel/$release/lib/modules/$release/build

build() { env -u MAKEFLAGS -u MAKELEVEL make -s -C "$kdir" "$@" >"$dir/log" 2>&1; }

make -s install-driver DESTDIR="$dir/root" >"$dir/log" 2>&1
ok $? "make install-driver"
source=$(echo "$dir"/root/usr/src/npu-*)
build M="$source"
ok $? "the source for DKMS builds"
is "$(/sbin/modinfo -F vermagic "$source/npu.ko" | cut -d' ' -f1)" "$release" "for the kernel that was asked for"
like "$(cat "$source/dkms.conf")" "PACKAGE_VERSION=\"${source##*-}\"" "dkms.conf has its version"
like "$(cat "$dir/root/usr/lib/udev/rules.d/60-npu.rules")" 'GROUP="render", MODE="0660"' "a udev rule"

if [ -f build/linux/MAINTAINERS ]; then
	cp -r build/linux "$dir/linux"
	tools/upstream-series "$dir/linux" "$dir/newest" >"$dir/log" 2>&1
	ok $? "a series for the newest kernel is written"
	tools/upstream-series --compat "$dir/linux" "$dir/series" >"$dir/log" 2>&1
	ok $? "and one for the guest's"
	(cd "$dir/linux" && for patch in "$dir"/series/000[1-9]-*; do
		patch -s -p1 <"$patch" || exit; done) >"$dir/log" 2>&1
	ok $? "it applies"
	like "$(cat "$dir/linux/drivers/accel/Kconfig")" 'accel/npu/Kconfig' "Kconfig knows it"
	like "$(cat "$dir/linux/drivers/accel/Makefile")" 'CONFIG_DRM_ACCEL_NPU' "so does the Makefile"
	like "$(cat "$dir/linux/MAINTAINERS")" 'drivers/accel/npu/' "and MAINTAINERS"
	build M="$dir/linux/drivers/accel/npu" CONFIG_DRM_ACCEL_NPU=m \
		KCFLAGS="-I$dir/linux/include/uapi -I$(readlink -f "${kdir%/build}/source")/include/uapi/drm"
	ok $? "it builds"
fi
done_testing
