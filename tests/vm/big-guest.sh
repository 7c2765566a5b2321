#!/bin/bash
# SPDX-License-Identifier: MIT
# A machine with more memory than 32 bits can address, also behind an IOMMU.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
mkdir -p build/vm
dir=$(mktemp -d build/vm/test.XXXXXX)
trap 'rm -rf "$dir"' EXIT

for iommu in '' --iommu; do
	out=$(tools/npu-vm --timeout 300 --memory 6G $iommu --log "$dir/kernel.log" -- sh -c '
		build/tests/kselftest/high_memory && build/tests/kselftest/vm_bind' 2>&1 </dev/null)
	is $? 0 "a machine with 6 GiB${iommu:+, behind an IOMMU}"
	like "$out" "pages lie above 4 GiB" "buffers lie above 4 GiB"
	like "$out" "^ok [0-9]* high_memory.copies$" "jobs read and write there"
	is "$(grep -c "^not ok" <<<"$out")" 0 "mappings of all kinds are right"
done
done_testing
