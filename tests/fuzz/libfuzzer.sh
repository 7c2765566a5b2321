#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A bounded run of every libFuzzer target, from good files on. NPU_FUZZ_RUNS is
# how many inputs each gets. What made one fail is left in build/fuzz/.

set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh

runs=${NPU_FUZZ_RUNS:-5000}
# Long texts take long; what they could show, short ones show.
declare -A max_len=([text]=512)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make_seeds()
{
	local arch type n=0
	local -a tokenizers=(gpt2 llama llama gpt2)
	local -A width=([F32]=16 [Q4_0]=32)

	mkdir -p "$work/seeds"
	for arch in llama qwen2 qwen3 gpt2; do
		for type in F32 Q4_0; do
			build/tests/tools/make-model --arch $arch --type $type \
				--width "${width[$type]}" --layers 1 --context 8 \
				--tokenizer "${tokenizers[n % 4]}" \
				"$work/seeds/$arch-$type.gguf" || return 1
			n=$((n + 1))
		done
	done
}

# libFuzzer exits with something else than 0 for the first input that fails.
run_target()
{
	local name=$1 log=$work/$1.log

	mkdir -p "$work/$name"
	build/fuzz/"$name" -runs="$runs" -seed=1 -max_len="${max_len[$name]:-32768}" \
		-print_final_stats=1 -artifact_prefix=build/fuzz/"$name"- "$work/$name" "$work/seeds" >"$log" 2>&1
}

make_seeds
ok $? "seeds"
for target in tests/fuzz/targets/*.c; do
	name=$(basename "$target" .c)
	run_target "$name"
	ok $? "$name: $runs inputs"
	sed -n 's/^SUMMARY.*\|^stat::number_of_executed_units.*/# &/p' "$work/$name.log"
done
done_testing
