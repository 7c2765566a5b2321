#!/bin/bash
# SPDX-License-Identifier: MIT
#
# In the guest: a program whose attention the device is said to lack runs by
# turns on device and CPU, and gives the same bytes as on the device alone.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
model=models/psalter.gguf

# 32 rows of the model's width, F32, from bytes that are no NaN.
head -c 24576 "$model" | tr '\200-\377' '\000-\177' | tr '\170-\177' '\077' >"$dir/x"

npu-compile --no-cache -b 0 -o "$dir/whole.npu" "$model" >/dev/null
ok $? "a block for the device"
npu-compile --no-cache -b 0 --without=MAT_F16 -o "$dir/split.npu" "$model" >/dev/null 2>"$dir/err"
ok $? "the same, without 16-bit products"
like "$(cat "$dir/err")" 'blk\.0\.attention runs on the CPU: the device lacks MAT_F16' \
	"  says what runs on the CPU, and why"

npu-submit -i x="$dir/x" -o y="$dir/whole" "$dir/whole.npu" >/dev/null
ok $? "the device runs the one"
out=$(npu-submit -i x="$dir/x" -o y="$dir/split" "$dir/split.npu")
ok $? "device and CPU run the other"
like "$out" 'on the CPU +1 part' "  and npu-submit says so"
cmp "$dir/whole" "$dir/split"
ok $? "both give the same bytes"
like "$(npu-objdump -p block.1 "$dir/split.npu")" 'runs on the CPU' "npu-objdump shows the part"
npu-compile --no-cache --no-fallback -b 0 --without=MAT_F16 -o "$dir/none.npu" "$model" 2>"$dir/err"
is $? 2 "--no-fallback: $(cat "$dir/err")"
done_testing
