#!/bin/bash
# SPDX-License-Identifier: MIT
#
# npu-trace on a device in the process: JSON, files that are kept, limits, the page
# in a browser.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
PATH=$PWD/build/bin:$PATH
export NPU_DEVICE=sim
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# What python3 prints of the JSON in $dir/a.json, as "events".
of_json()
{
	python3 -c "
import json
trace = json.load(open('$dir/a.json'))
events = trace['traceEvents']
slices = [e for e in events if e['ph'] == 'X' and e.get('cat') != 'stall']
print($1)"
}

npu-trace -o "$dir/a.json" --html "$dir/a.html" -k "$dir/raw" -- \
	npu-run -m models/psalter.gguf -p "The Lord" -n 3 --temp 0 >"$dir/traced" 2>"$dir/err"
is $? 0 "npu-run under npu-trace"
npu-run -m models/psalter.gguf -p "The Lord" -n 3 --temp 0 >"$dir/plain" 2>/dev/null
is "$(cat "$dir/traced")" "$(cat "$dir/plain")" "says the same as without"
like "$(cat "$dir/err")" "clock known to 0.0 us" "the clock of a device in the process is known"

is "$(of_json "sorted({e['args']['op'] for e in slices} & {'LOAD', 'STORE', 'MATMUL', 'SOFTMAX', 'END'})")" \
	"['END', 'LOAD', 'MATMUL', 'SOFTMAX', 'STORE']" "instructions are in the JSON"
is "$(of_json "len({e['tid'] for e in slices}) >= 10")" True "on the rows of both cores"
is "$(of_json "any('attn' in e['name'] or 'layer' in e['name'] or '.' in e['name'] for e in slices)")" True \
	"with the compiler's names"
is "$(of_json "all(a['ts'] + a['dur'] <= b['ts'] + 1e-3 for t in {e['tid'] for e in slices} for s in [sorted((e for e in slices if e['tid'] == t), key=lambda e: e['ts'])] for a, b in zip(s, s[1:]))")" \
	True "slices of a row do not overlap"
is "$(of_json "len([e for e in events if e['ph'] == 's']) == len([e for e in events if e['ph'] == 'f']) > 0")" True \
	"each arrow has two ends"
is "$(of_json "{e['name'] for e in events if e['ph'] == 'C'} >= {'core 0 memory GB/s', 'core 1 power W'}")" True \
	"bandwidth and power are counters"
is "$(of_json "len([e for e in events if e['ph'] == 'b']) == len([e for e in events if e['ph'] == 'e']) >= 3")" True \
	"jobs begin and end"
is "$(of_json "all(abs(sum(e['args']['cycles'] for e in slices if e['tid'] == t) - 0) > 0 for t in (2, 4, 5))")" True \
	"engines worked"

npu-trace -q -f "$dir/raw" -o "$dir/b.json"
is $? 0 "JSON from files that were kept"
ok "$(cmp -s "$dir/a.json" "$dir/b.json"; echo $?)" "is the same"
for file in "$dir"/raw/*; do
	truncate -s -100 "$file"
done
like "$(npu-trace -q -f "$dir/raw" -o "$dir/b.json" 2>&1)" "cut short or damaged" "a file that is cut short is read up to there"
mkdir "$dir/bad"
head -c 1000 /dev/urandom >"$dir/bad/1-0.nputrace"
npu-trace -q -f "$dir/bad" -o "$dir/b.json" 2>/dev/null
is $? 1 "a file that is none"

npu-trace -q -o "$dir/a.json" -b 64 -- npu-run -m models/psalter.gguf -p "The" -n 1 >/dev/null 2>&1
is "$(of_json "any('did not fit' in e['name'] for e in events)")" True "little memory for a job: it says what did not fit"
npu-trace -o "$dir/a.json" -l 0 -- npu-run -m models/psalter.gguf -p "The" -n 1 >/dev/null 2>"$dir/err"
like "$(cat "$dir/err")" "[1-9][0-9]* of them without instructions" "beyond the limit jobs are counted"
is "$(of_json "len(slices)")" 0 "and have none"
npu-trace -q -o "$dir/a.json" -- false
is $? 1 "the command's status"
npu-trace -q -o "$dir/a.json" -- "$dir/none" 2>/dev/null
is $? 127 "a command that is not there"
npu-trace -q -o "$dir/a.json" 2>/dev/null
is $? 2 "no command"

tests/tools/browse "$dir/a.html" \
	--script 'return document.getElementById("summary").textContent' \
	--script 'return [...document.querySelectorAll("#rows li")].map((li) => li.textContent).join(" ")' \
	--script 'return document.querySelectorAll("#operators-table tbody tr").length > 10' \
	--script 'return document.querySelectorAll("#roofline-plot circle").length > 5' \
	--script 'return document.querySelectorAll("#memory-table tbody tr").length > 2' \
	--script 'const c = document.getElementById("timeline"); const before = document.getElementById("window").textContent; c.focus(); for (const key of ["0", "+", "ArrowRight", "ArrowDown", "ArrowDown", "n", "Enter"]) c.dispatchEvent(new KeyboardEvent("keydown", { key })); return [document.getElementById("details").textContent.includes("cycles"), timeline.to - timeline.from < timeline.last - timeline.first]' \
	>"$dir/page" 2>"$dir/page.err"
is $? 0 "the page in a browser"
like "$(sed -n 1p "$dir/page")" "[0-9] instructions in [0-9]+ jobs on edge" "it says what it holds"
for row in jobs "core 0 CP" "core 0 LD" "core 1 VEC" "core 1 weight stream" "core 0 power"; do
	like "$(sed -n 2p "$dir/page")" "$row" "it has the row $row"
done
is "$(sed -n 3,5p "$dir/page" | sort -u)" true "operators, roofline and memory"
is "$(sed -n 6p "$dir/page")" "[true, true]" "keys zoom and choose"
is "$(grep -c ^console "$dir/page")" 0 "no message in the console"

# Contrast of texts to what is behind them, as WCAG reckons it, and the colour of the time line's back.
contrast='const light = (text) => text.match(/[0-9.]+/g).slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (c !== "rgba(0, 0, 0, 0)") return c; } };
	const ratio = (e) => { const pair = [light(getComputedStyle(e).color), light(back(e))].sort((a, b) => a - b); return (pair[1] + 0.05) / (pair[0] + 0.05); };
	return [document.documentElement.dataset.theme, light(back(document.body)) < 0.05, ...["h1", ".hint", "nav a", "button", "input", "#details", "td", "th button"].map((name) => ratio(document.querySelector(name)) >= 4.5)]'
tests/tools/browse "$dir/a.html" --dark --script "$contrast" >"$dir/page"
is "$(cat "$dir/page")" "[\"dark\", true$(printf ', true%.0s' {1..8})]" "in the dark the page is dark, and its texts can be read"
tests/tools/browse "$dir/a.html" --script "$contrast" >"$dir/page"
is "$(cat "$dir/page")" "[\"light\", false$(printf ', true%.0s' {1..8})]" "and else it is light"
like "$(grep -cE 'https?://[^w]' "$dir/a.html")" "^0$" "nothing is loaded from elsewhere"
done_testing
