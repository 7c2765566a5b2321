#!/bin/bash
# SPDX-License-Identifier: MIT
#
# npu-run with several texts at once, on a device in the process.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/npu_run.sh

prompt="And the king"
run -p "$prompt" -n 24 --temp 0.9 --seed 3 -np 3 --json
is $status 0 "three texts at once"
for i in 0 1 2; do
	several=$(field "d['sequences'][$i]['text']")
	stopped=$(field "d['sequences'][$i]['stopped'], d['sequences'][$i]['generated']")
	json=$out
	run -p "$prompt" -n 24 --temp 0.9 --seed $((3 + i))
	is "$several" "$out" "text $i is the one that seed $((3 + i)) gives alone"
	is "$stopped" "length 24" "all of it"
	out=$json
done
is "$(field "d['prompt']['tokens']")" "$(run -p "$prompt" -n 1 --json; field "d['prompt']['tokens']")" \
	"the prompt was read once"
is "$(field "d['decode']['tokens']")" 69 "and three texts written"
[ "$(field "d['decode']['runs']")" -lt 69 ]
ok $? "together: $(field "d['decode']['runs']") jobs"
run -p "$prompt" -n 60 --temp 0.9 --seed 3 --parallel 4 --stop "the"
is "$(grep -c '^--- [1-4] of 4, seed [3-6], ' <<<"$out")" 4 "as text, each with its number and seed"

run -p "$prompt" -n 30 --temp 0.9 --seed 3 -np 20 --kv-type i8 --stop "the" --json
lengths=$(field "sorted(set(s['generated'] for s in d['sequences']))")
like "$lengths" "," "twenty texts that end where they like: after $lengths tokens"
for i in 0 7 19; do
	several=$(field "d['sequences'][$i]['text']")
	json=$out
	run -p "$prompt" -n 30 --temp 0.9 --seed $((3 + i)) --kv-type i8 --stop "the"
	is "$several" "$out" "text $i is the one that seed $((3 + i)) gives alone"
	out=$json
done
done_testing
