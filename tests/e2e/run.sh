#!/bin/bash
# SPDX-License-Identifier: MIT
#
# In the guest: what a user of npu-run and of the example programs sees there.
# tests/unit/npu_run.sh has every option, on a device in the process; here the
# same texts must come from the driver's device.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
export NPU_CACHE=off
model=models/psalter.gguf
prompt="And the king"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# both WHAT COMMAND...: the same output from the driver's device and from one in the process
both()
{
	local what=$1 here there

	shift
	here=$("$@" 2>"$dir/err" <"$dir/input")
	is $? 0 "$what"
	there=$(NPU_DEVICE=sim "$@" 2>"$dir/err" <"$dir/input")
	is "$here" "$there" "$what: the same as in the process"
}

printf '%s/\n' "$prompt" "and the queen" >"$dir/input"
both "a text" npu-run -m $model -p "$prompt" -n 64
both "one that is drawn" npu-run -m $model -p "$prompt" -n 64 --temp 0.9 --top-k 40 --repeat-penalty 1.2
both "up to a stop text" npu-run -m $model -p "$prompt" -n 64 --stop ", and"
both "four at once" npu-run -m $model -p "$prompt" -n 24 -np 4 --temp 0.9
both "with a model that guesses" npu-run -m $model -md $model -p "$prompt" -n 32
both "a session" npu-run -m $model -i -n 16
both "a chat" npu-run -m $model -cnv --chat-template chatml -n 16
both "weights of four bits" npu-run -m $model -p "$prompt" -n 32 --type nf4
both "keys and values of eight" npu-run -m $model -p "$prompt" -n 32 --kv-type i8
both "example batch" build/examples/batch $model "$prompt" 3
both "example chat" build/examples/chat $model
npu-compile $model -o "$dir/model.npu" >"$dir/out" 2>"$dir/err"
both "a compiled model" npu-run -m "$dir/model.npu" -p "$prompt" -n 32
is "$(build/examples/vector-add)" "999 + 499.5 = 1498.5" "example vector-add"

report=$(tests/lib/interrupted.py plain npu-run -m $model -p "$prompt" -n -1)
like "$report" "status=130" "Ctrl-C ends an answer"
report=$(tests/lib/interrupted.py session npu-run -m $model -i -n -1 -c 128)
like "$report" "second=[1-9]" "in a session another may follow"
like "$report" "status=0" "and at the prompt it ends the session"
done_testing
