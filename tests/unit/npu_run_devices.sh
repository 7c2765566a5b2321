#!/bin/bash
# SPDX-License-Identifier: MIT
#
# npu-run with a model split over several devices in the process.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/npu_run.sh

# As long as rounding does not decide, two devices write what one does.
prompt="And the king said unto"
run -p "$prompt" -n 20
one=$out
run -p "$prompt" -n 20 --devices 2
is $status 0 "two devices"
is "$out" "$one" "write the same text as one"
like "$err" "device 0 +[0-9]+ % busy" "it is told what the first had to do"
like "$err" "device 1 +[0-9]+ % busy" "and the second"
run -p "$prompt" -n 20 -d sim -d sim:edge
is "$status $out" "0 $one" "the same, each with its name"
run -p "$prompt" -n 20 -d sim -d sim -sm none --json
is "$status $(field "'devices' in d")" "0 False" "--split-mode none: the first alone"

run -p "$prompt" -n 20 --devices 2 --json
two=$out
is "$(field "len(d['devices'])")" 2 "JSON tells of both"
is "$(field "abs(sum(x['macs_per_token'] for x in d['devices']) / d['decode']['macs_per_token'] - 1) < 1e-6")" \
	True "whose work is all of it"
run -p "$prompt" -n 20 --devices 1 --json
one_rate=$(field "d['decode']['model_tokens_per_second']")
out=$two
# A model this small pays for the jobs between which the devices exchange: 1.14 times.
is "$(field "d['decode']['model_tokens_per_second'] > 1.1 * $one_rate")" True "and they are faster"
run -p "$prompt" -n 20 --devices 2 -ts 3,2 --json
is $status 0 "shares of 3 and 2"
is "$(field "d['devices'][0]['macs_per_token'] > d['devices'][1]['macs_per_token']")" True \
	"the first has more to do"
run -p "$prompt" -n 12 --devices 2 -np 3 --temp 0.9 --json
is "$status $(field "len(d['sequences'])")" "0 3" "three texts on two devices"

refused() { is $status 2 "$1"; like "$err" "$2" "  is told: $err"; }
run -p "$prompt" --devices 3
refused "three devices for two heads" "2 heads of keys and values"
run -p "$prompt" --devices 17
refused "more than there can be" "16 devices at most"
run -p "$prompt" --devices 2 -ts 1
refused "a share too few" "a number for each device"
run -p "$prompt" --devices 2 -ts 1,x
refused "a share that is no number" "not a list"
run -p "$prompt" --devices 2 -ts 1,-1
refused "a negative one" "not a list"
run -p "$prompt" -sm layer
refused "a mode that is not there" "neither row nor none"
run -p "$prompt" -d sim -d sim --devices 3
refused "numbers that do not agree" "do not agree"
npu-compile $model -o "$dir/job.bin" >/dev/null 2>&1
run -m "$dir/job.bin" -p "$prompt" --devices 2
refused "a model that is compiled" "for one device"
done_testing
