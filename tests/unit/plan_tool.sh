#!/bin/bash
# SPDX-License-Identifier: MIT
# npu-plan: what it says, in words and in JSON, and what bad input gets.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh

plan=build/bin/npu-plan
json() { python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"; }

out=$($plan -m llama-3.2-3b -q int4 -c 8192)
ok $? "a model that fits"
like "$out" 'fits +yes' "  says so"
like "$out" 'hours of generating' "  and how long a battery lasts"
out=$($plan -m llama-2-7b -q f16)
is $? 1 "one that does not: status 1"
like "$out" 'fits +no, .*weights alone' "  and why"
out=$($plan -m llama-3.1-8b -q int4 -c 131072)
like "$out" 'fits +no, .*KV cache' "a context that does not fit is told from weights that do not"
$plan -m llama-3.1-8b -q int4 -c 131072 --memory 32G >/dev/null
is $? 0 "more memory helps"
is "$($plan -m models/psalter.gguf -j | json 'd["fits"], d["parameters"], d["bound"]')" \
	"True 2555904 memory" "a file, as JSON"
slow=$($plan -m llama-2-7b -q int8 -j | json 'd["tokens_per_second_empty"]')
fast=$($plan -m llama-2-7b -q int4 -j | json 'd["tokens_per_second_empty"]')
is "$(python3 -c "print(1.8 < $fast / $slow < 2)")" True "INT4 nearly doubles INT8"
is "$($plan -j | json 'len(d) >= 14 and all(x["tokens_per_second"] > 0 for x in d)')" True \
	"a table of all models and machines"
like "$($plan -l)" 'llama-2-7b +6\.738' "a list of names"

for bad in "-m nonsense" "-d nonsense -m gpt2" "-q nonsense" "-m gpt2 -c 99999" "-c 0" \
	"--memory=12X" "--kv-type=f8" "-b -1" "extra"; do
	out=$($plan $bad 2>&1)
	is $? 2 "npu-plan $bad: status 2: ${out%%$'\n'*}"
done
done_testing
