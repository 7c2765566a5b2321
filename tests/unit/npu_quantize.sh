#!/bin/bash
# SPDX-License-Identifier: MIT
#
# npu-quantize and npu-perplexity, on a device in the process: every type and
# option, and what bad ones get.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
export NPU_DEVICE=sim NPU_CACHE=off
PATH=$PWD/build/bin:$PATH
model=models/psalter.gguf
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
calibration=(--calibrate models/calibration.txt --documents --tokens 600)

# run COMMAND...: output in $out, messages in $err, status in $status
run()
{
	out=$("$@" 2>"$dir/err" </dev/null)
	status=$?
	err=$(<"$dir/err")
}

# field EXPRESSION: of the JSON in $out, as Python sees it
field() { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)" <<<"$out"; }

# refused PATTERN WHAT COMMAND...: status 2, nothing on standard output, and a reason
refused()
{
	local pattern=$1 what=$2

	shift 2
	run "$@"
	is "$status" 2 "$what: status 2"
	is "$out" "" "$what: no output"
	like "$err" "$pattern" "$what: the reason"
}

# try_type NAME FORMAT: quantise to a type, and score a little text with it
try_type()
{
	rm -f "$dir/q.gguf"
	run npu-quantize $model "$dir/q.gguf" --type "$1" "${calibration[@]}" --json
	is "$status" 0 "$1"
	is "$(field 'd["tensors"][1]["format"]')" "$2" "  its format"
	is "$(field 'd["bytes"] < d["bytes_before"] or d["type"] == "f16"')" True "  is smaller"
	run npu-perplexity -m "$dir/q.gguf" -f models/heldout.txt --documents --tokens 200 \
		--kl $model --json
	is "$status" 0 "  is scored"
	is "$(field '0 <= d["kl"] < 0.03 and d["same_top"] > 0.85')" True \
		"  and close to float: $(field 'd["kl"]')"
}

try_type int8 int8
try_type int8-g32 int8-g32
try_type int4 int4-g64
try_type int4-g32-asym int4-g32-asym
try_type nf4 nf4-g64
try_type nf4-g128 nf4-g128
try_type mixed mixed
try_type f16 f16
try_type auto int8
try_type gptq int4-g64
try_type gptq-g32-asym int4-g32-asym
try_type gptq-nf4 nf4-g64
try_type gptq-int8 int8

for method in absmax percentile mse; do
	run npu-quantize $model "$dir/q.gguf" -t int8 "${calibration[@]}" --activations static \
		--method $method --json
	is "$(field 'all(t["input_scale"] > 0 for t in d["tensors"])')" True "static, $method"
done
run npu-quantize $model "$dir/q.gguf" -t int8
like "$out" "^blk.0.attn_q.weight +int8 .*dynamic" "a line for each tensor"
like "$out" "q.gguf: .* of tensors, from " "and one for all"
run npu-quantize $model "$dir/q.gguf" -t mixed "${calibration[@]}" --threshold 3 --json
is "$(field 'sum(t["outliers"] for t in d["tensors"]) > 0')" True "a low threshold finds outliers"
run npu-run -m "$dir/q.gguf" -p "And the king" -n 8
is $status 0 "npu-run takes the file"
run npu-compile -o "$dir/q.bin" "$dir/q.gguf"
is $status 0 "so does npu-compile"

run npu-perplexity -m $model -f models/heldout.txt --documents --tokens 300 --float
like "$out" "^perplexity [0-9.]+ \+- [0-9.]+ .* 300 tokens" "in float"
run npu-perplexity -m $model -f models/heldout.txt --tokens 300 --type nf4 --chunk 8 --window 64 \
	--decode 4
like "$out" "300 tokens in 5 windows" "windows"
like "$out" "^decode: 4 tokens, modelled .* tokens/s, .*J/token, .*B/token" "and modelled speed"

refused "no weight format 'int5'" "no such type" npu-quantize $model "$dir/x" -t int5
refused "no weight format" "GPTQ to no such type" npu-quantize $model "$dir/x" -t gptq-g48
refused "--type" "no type" npu-quantize $model "$dir/x"
refused "name one model file" "no output" npu-quantize $model -t int8
refused "calibration text" "GPTQ without a text" npu-quantize $model "$dir/x" -t gptq
refused "int8, int4 or nf4" "GPTQ and mixed" npu-quantize $model "$dir/x" -t gptq-mixed \
	"${calibration[@]}"
refused "nowhere" "no such model" npu-quantize /nowhere "$dir/x" -t int8
refused "nowhere" "no such text" npu-quantize $model "$dir/x" -t gptq --calibrate /nowhere
refused "too little text" "an empty text" npu-quantize $model "$dir/x" -t gptq \
	--calibrate /dev/null --documents
refused "no 'other'" "no such method" npu-quantize $model "$dir/x" -t int8 --method other
refused "static" "a method without its kind" npu-quantize $model "$dir/x" -t int8 --method mse
refused "not a number" "no number" npu-quantize $model "$dir/x" -t int8 --tokens many
refused "takes 512" "too large a window" npu-quantize $model "$dir/x" -t gptq --window 513 \
	"${calibration[@]}"
ok "$([ ! -e "$dir/x" ]; echo $?)" "none of them left a file"
refused "name a model" "no text" npu-perplexity -m $model
refused "nowhere" "no such model to score" npu-perplexity -m /nowhere -f models/heldout.txt
refused "mixed: which inputs|npu-quantize" "mixed without its file" npu-perplexity -m $model \
	-f models/heldout.txt --type mixed
refused "takes 512" "too large a window to score" npu-perplexity -m $model \
	-f models/heldout.txt --window 513
done_testing
