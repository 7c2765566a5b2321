# SPDX-License-Identifier: MIT
# Running npu-run on a device in the process: source it in the root of the tree.

. tests/lib/tap.sh
export NPU_DEVICE=sim NPU_CACHE=off
PATH=$PWD/build/bin:$PATH
model=models/psalter.gguf
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# run OPTION...: text in $out, messages in $err, status in $status
run()
{
	out=$(npu-run -m $model "$@" 2>"$dir/err" </dev/null)
	status=$?
	err=$(<"$dir/err")
}

# field EXPRESSION: of the JSON in $out, as Python sees it
field() { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)" <<<"$out"; }
