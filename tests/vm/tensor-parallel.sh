#!/bin/bash
# SPDX-License-Identifier: MIT
# A model split over two NPUs of the driver: memory by dma-buf, order by syncobjs.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
mkdir -p build/vm
dir=$(mktemp -d build/vm/test.XXXXXX)
trap 'rm -rf "$dir"' EXIT
export NPU_CACHE=off

# As long as rounding does not decide: two devices add in another order than one.
prompt="And the king said unto" tokens=24

cat >"$dir/guest" <<-EOF
	#!/bin/sh
	export NPU_TEST_DRIVER=yes
	build/tests/unit/devices_share_test >$dir/share.tap || exit
	build/tests/unit/tensor_parallel_test >$dir/parallel.tap || exit
	npu-run -m models/psalter.gguf -p "$prompt" -n $tokens --devices 2 --json >$dir/two.json || exit
	npu-run -m models/psalter.gguf -p "$prompt" -n $tokens -d /dev/accel/accel1 \
		-d /dev/accel/accel0 --tensor-split 2,1 >$dir/named.txt || exit
	npu-run -m models/psalter.gguf -p "$prompt" -n 1 --devices 3 2>$dir/three.txt
	echo \$? >>$dir/three.txt
	npu-run -m models/psalter.gguf -p "$prompt" -n $tokens >$dir/one.txt
EOF
chmod +x "$dir/guest"
tools/npu-vm --timeout 600 --log "$dir/kernel.log" --device cores=2 --device cores=2 -- \
	"$dir/guest" >"$dir/out" 2>&1 </dev/null
is $? 0 "a machine with two NPUs"
grep "^npu-run:" "$dir/out" | sed 's/^/# /'
for name in share parallel; do
	is "$(grep -c '^not ok' "$dir/$name.tap")" 0 "$name: on the driver as in a process"
	[ "$(grep -c '^ok' "$dir/$name.tap")" -gt 10 ]
	ok $? "$name: tests have run"
done

sim() { NPU_DEVICE=sim build/bin/npu-run -m models/psalter.gguf -p "$prompt" -n $tokens "$@" 2>"$dir/err"; }
text() { sed -n 's/^ *"text": //p' "$1"; }
figures() { grep -E 'model_|joules|bytes|macs' "$1"; }

sim --devices 2 --json >"$dir/sim.json"
is "$(text "$dir/two.json")" "$(text "$dir/sim.json")" "the text is that of two devices in a process"
is "$(figures "$dir/two.json")" "$(figures "$dir/sim.json")" "and so are time, energy and bytes, of all and of each"
is "$(cat "$dir/one.txt")" "$(sim)" "one device writes what it does in a process"
[ "$(wc -w <"$dir/one.txt")" -gt 15 ]
ok $? "one writes a text"
is "$(text "$dir/two.json" | sed 's/^"//; s/",*$//; s/\\u000a/\n/g')" "$(cat "$dir/one.txt")" \
	"two write the same text as one"
is "$(cat "$dir/named.txt")" "$(sim --devices 2 --tensor-split 2,1)" "with shares of 2 and 1 as in a process"
like "$(cat "$dir/three.txt")" "3 NPUs are wanted, and /dev/accel has 2" "three are not there, and that is said"
like "$(cat "$dir/three.txt")" "^1$" "with status 1"
done_testing
