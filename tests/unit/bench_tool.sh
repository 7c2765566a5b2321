#!/bin/bash
# SPDX-License-Identifier: MIT
# npu-bench --roofline: of a model and of a job file, in words, JSON and SVG.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh

bench=build/bin/npu-bench
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
export NPU_CACHE=$dir/cache
json() { python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"; }

out=$($bench -R models/psalter.gguf -p decode -s "$dir/decode.svg")
ok $? "the roofline of a model"
like "$out" '6 x blk\.\*\.qkv' "  operators of all blocks are one"
like "$out" 'the whole +[0-9]+ +100\.0%' "  and there is the whole"
python3 - "$dir/decode.svg" <<'END'
import sys, xml.dom.minidom
svg = xml.dom.minidom.parse(sys.argv[1])
points = svg.getElementsByTagName("circle")
box = [float(x) for x in svg.documentElement.getAttribute("viewBox").split()]
inside = all(80 <= float(c.getAttribute("cx")) <= box[2] - 250 and
             50 <= float(c.getAttribute("cy")) <= box[3] - 60 for c in points)
sys.exit(not (len(points) == 7 and inside))
END
ok $? "  the picture is sound XML, with a point in it for each operator with products"
ok "$([ ! -e "$NPU_CACHE" ]; echo $?)" "  no weights are converted for it, and so none kept"

build/bin/npu-compile models/psalter.gguf -o "$dir/model.npu" >/dev/null
is "$($bench -R "$dir/model.npu" -p decode)" \
	"$($bench -R models/psalter.gguf -p decode)" "a job file of the model gives the same"
out=$(NPU_DEVICE=sim build/bin/npu-submit -p decode "$dir/model.npu" -j | json 'd["counters"]["cycles"]')
is "$($bench -R "$dir/model.npu" -p decode -j | json 'd[0]["total"]["cycles"]')" "$out" \
	"the cycles are those of a run"
near=$($bench -R "$dir/model.npu" -p decode -j | json 'd[0]["total"]["cycles"]')
far=$($bench -R "$dir/model.npu" -p decode -a pos=400 -j | json 'd[0]["total"]["cycles"]')
ok "$([ "$far" -gt "$near" ]; echo $?)" "a later position takes longer"
is "$($bench -R "$dir/model.npu" -p decode -j -e | json 'sum(o["name"].startswith("blk.") for o in d[0]["operators"])')" \
	30 "--each shows each operator of each block"
gain=$($bench -R "$dir/model.npu" -p decode -j | json 'd[0]["total"]["gain_of_twice"]["memory"] > 1.5 and d[0]["total"]["gain_of_twice"]["matrix"] < 1.02')
is "$gain" True "decoding gains by bandwidth, not by arithmetic"
out=$(build/bin/npu-compile --no-cache --without=mat_f16 models/psalter.gguf -o "$dir/cpu.npu" 2>&1)
like "$out" 'decode: blk\.0\.attention runs on the CPU: the device lacks MAT_F16' \
	"npu-compile says loudly what runs on the CPU"
like "$($bench -R "$dir/cpu.npu" -p decode)" 'on the CPU: the device lacks MAT_F16' \
	"so does npu-bench"

head -c 5000 "$dir/model.npu" >"$dir/short.npu"
for bad in "-R $dir/none" "-R $dir/short.npu" "-R $dir/model.npu -p none" \
	"-R $dir/model.npu -p decode -a none=1" "-R $dir/model.npu -a pos" \
	"-R $dir/model.npu -s x.svg" "-R $dir/model.npu -p decode -a pos=99999" \
	"-R models/psalter.gguf -q none" "-R models/psalter.gguf -d none" ""; do
	out=$($bench $bad 2>&1)
	is $? 2 "npu-bench ${bad//$dir/DIR}: status 2: ${out%%$'\n'*}"
done
done_testing
