#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The example programs, on a device in the process; npu-run writes the same.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
export NPU_DEVICE=sim NPU_CACHE=off
PATH=$PWD/build/bin:$PWD/build/examples:$PATH
model=models/psalter.gguf
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

is "$(vector-add)" "999 + 499.5 = 1498.5" "vector-add"

prompt="And the king"
out=$(batch $model "$prompt" 3 2>"$dir/err")
is $? 0 "batch"
texts=
for seed in 0 1 2; do
	text=$(npu-run -m $model -p "$prompt" -n 40 --temp 0.8 --top-p 0.95 --seed $seed 2>"$dir/err")
	texts+="$seed: $text"$'\n'
done
is "$(sed '$d' <<<"$out")" "${texts%$'\n'}" "writes the texts of three runs of npu-run"
like "$(tail -1 <<<"$out")" "^120 tokens in 40 jobs, [1-9][0-9]* tokens/s" "in 40 jobs"
batch $model "$prompt" 0 >"$dir/out" 2>"$dir/err"
is $? 1 "none is too few"
batch "$dir/nothing" "$prompt" 1 >"$dir/out" 2>"$dir/err"
is $? 1 "no model"
like "$(<"$dir/err")" "^batch: $dir/nothing: cannot open" "is told of"

say="Who is he"
out=$(printf '%s\nAnd then?\n' "$say" | chat $model 2>"$dir/err")
is $? 0 "chat"
read -r first second <<<"$(sed -n 's/^.*(\([0-9]*\) of \([0-9]*\) tokens read)$/\1 \2/p' "$dir/err" | tr '\n' ' ' |
	awk '{ print $1 == $2, $3 < $4 }')"
is "$first" 1 "all of the first turn is read"
is "$second" 1 "of the second only what is new"
answer=$(npu-run -m $model -st --chat-template chatml -p "$say" -n 100 --temp 0.7 --top-p 0.95 --seed 1 2>"$dir/err")
is "${out:0:${#answer}}" "$answer" "the answer is that of npu-run"
done_testing
