#!/bin/bash
# SPDX-License-Identifier: MIT
#
# In the guest: the built-in model and one block of it, from files to text.
# What the INT8 model and the float reference write is shown side by side.

set -u
cd "$(dirname "$0")/../.." || exit
model=models/psalter.gguf
prompt="And the king said unto"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
number=0
failed=0

# ok STATUS WHAT: one test; a failed one shows what the last command said.
ok()
{
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' "$dir/err"
		failed=1
	fi
}

# refused STATUS WHAT: status 2 and one line that names the file.
refused()
{
	[ "$1" -eq 2 ] && [ "$(wc -l <"$dir/err")" -eq 1 ] && grep -q "$dir/bad" "$dir/err"
	ok $? "$2 is refused in one line: $(head -c 120 "$dir/err" | tr '\n' ' ')"
}

npu-compile --block 0 "$model" -o "$dir/block.bin" 2>"$dir/err"
ok $? "block 0 compiles to a job file"
npu-submit "$dir/block.bin" >"$dir/out" 2>"$dir/err"
ok $? "its job runs"
# The unit tests have left the same block with what the device core made of it.
expects=build/tests/unit/llama_block.bin
if [ -f $expects ]; then
	npu-submit $expects >"$dir/out" 2>"$dir/err" && grep -q "as expected" "$dir/out"
	ok $? "one with expected outputs gives those"
else
	number=$((number + 1))
	echo "ok $number # SKIP tests/unit/llama_block_test has not run"
fi
npu-submit --json --repeat 3 "$dir/block.bin" >"$dir/json" 2>"$dir/err" &&
	python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$dir/json" 2>>"$dir/err"
ok $? "three times, as JSON"
npu-objdump "$dir/block.bin" >"$dir/out" 2>"$dir/err" && grep -q -i matmul "$dir/out"
ok $? "and it can be read"

npu-run -m "$model" -p "$prompt" -n 48 --temp 0 >"$dir/npu" 2>"$dir/err"
ok $? "the model writes"
npu-run -m "$model" -p "$prompt" -n 48 --temp 0 >"$dir/again" 2>"$dir/err" &&
	cmp -s "$dir/npu" "$dir/again"
ok $? "and the same again"
npu-run -m "$model" -p "$prompt" -n 48 --temp 0 --chunk 5 >"$dir/again" 2>"$dir/err" &&
	cmp -s "$dir/npu" "$dir/again"
ok $? "and the same with another prefill chunk"
build/tests/ref-run -m "$model" -p "$prompt" -n 48 >"$dir/float" 2>"$dir/err"
ok $? "the float reference writes"
# Rounding may part the texts at a close call, but not at the first words.
[ "$(head -c 40 "$dir/npu")" = "$(head -c 40 "$dir/float")" ]
ok $? "the first words are the same"
sed 's/^/# INT8:  /' "$dir/npu"
echo
sed 's/^/# float: /' "$dir/float"
echo

npu-run -m "$model" -p "$prompt" -n 600 --temp 0 >"$dir/long" 2>"$dir/err"
status=$?
[ $status -ne 0 ] || [ "$(wc -c <"$dir/long")" -gt 200 ]
ok $? "more tokens than the context has end in text or a message, not in garbage (status $status)"

head -c 100000 "$dir/block.bin" >"$dir/bad.bin"
npu-submit "$dir/bad.bin" >"$dir/out" 2>"$dir/err"
refused $? "a truncated job file"
head -c 100000 "$model" >"$dir/bad.gguf"
npu-run -m "$dir/bad.gguf" -p x -n 1 >"$dir/out" 2>"$dir/err"
refused $? "a truncated model"
echo "not a model" >"$dir/bad.gguf"
npu-run -m "$dir/bad.gguf" -p x -n 1 >"$dir/out" 2>"$dir/err"
refused $? "a file that is no model"

echo "1..$number"
exit $failed
