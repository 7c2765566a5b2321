#!/bin/bash
# SPDX-License-Identifier: MIT
# The driver's NPU behind an IOMMU that unmaps at once, in a machine that stops
# and goes on again and again meanwhile.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
dir=$(mktemp -d build/vm/test.XXXXXX)
trap 'rm -rf "$dir"' EXIT
export NPU_CACHE=off

cat >"$dir/guest" <<-'EOF'
	#!/bin/sh
	for test in fault vm_bind; do
		build/tests/kselftest/$test >"$1/$test.tap" || exit
	done
	cat /sys/bus/pci/drivers/npu/*/iommu_group/type >"$1/type"
	echo >"$1/ready"
	npu-run -m models/psalter.gguf -p "And the king" -n 64
EOF
chmod +x "$dir/guest"

tools/npu-vm --timeout 240 --log "$dir/kernel.log" --iommu --append iommu.strict=1 \
	--qmp "$dir/qmp" -- "$dir/guest" "$dir" >"$dir/text" 2>"$dir/err" </dev/null &
vm=$!
order() { tests/vm/qmp "$dir/qmp" "$1" >/dev/null 2>&1; }
stops=0
while kill -0 $vm 2>/dev/null; do
	if [ -e "$dir/ready" ] && order stop; then
		stops=$((stops + 1))
		sleep 0.05
		order cont
	fi
	sleep 0.2
done
wait $vm
is $? 0 "the guest's tests and a text behind an IOMMU"
is "$(cat "$dir/type")" DMA "the NPU's addresses are translated, and unmapped at once"
is "$(cat "$dir"/*.tap | grep -c '^not ok')" 0 "no test fails: faults, and memory that comes and goes"
[ $stops -gt 0 ]
ok $? "the machine has been stopped while it wrote"
is "$(cat "$dir/text")" "$(NPU_DEVICE=sim build/bin/npu-run -m models/psalter.gguf -p "And the king" -n 64 2>"$dir/err")" \
	"and the text is the same as in a process"
done_testing
