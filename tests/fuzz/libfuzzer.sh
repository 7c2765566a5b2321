#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A bounded run of every libFuzzer target, from good files and from the inputs in
# tests/fuzz/corpus/ on. NPU_FUZZ_RUNS is how many inputs each gets. What made one
# fail is left in build/fuzz/.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh

. tests/fuzz/lib/options.sh

# As many as a few seconds allow, by what one of them costs.
declare -A runs=([core_decode]=100000 [core_pages]=40000 [core_text]=50000 [core_device]=3000
	[core_program]=1500 [job_file]=5000)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# libFuzzer exits with something else than 0 for the first input that fails.
run_target()
{
	local name=$1 log=$work/$1.log
	local -a options models=()

	mapfile -t options < <(fuzz_options "$name")
	fuzz_corpus "$name" "$work/$name"
	fuzz_wants_models "$name" && models=("$work/models")
	build/fuzz/"$name" -runs="$2" -seed=1 "${options[@]}" "$work/$name" "${models[@]}" \
		>"$log" 2>&1
}

fuzz_models "$work/models"
ok $? "models to start from"
for target in tests/fuzz/targets/*.c; do
	name=$(basename "$target" .c)
	count=${NPU_FUZZ_RUNS:-${runs[$name]:-5000}}
	run_target "$name" "$count"
	ok $? "$name: $count inputs"
	sed -n 's/^SUMMARY.*\|^stat::number_of_executed_units.*/# &/p' "$work/$name.log"
done
done_testing
