#!/bin/bash
# SPDX-License-Identifier: MIT
#
# In the guest: npu-top beside a process that computes, as lines and on a terminal.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
PATH=$PWD/build/bin:$PATH
export NPU_CACHE=off

out=$(npu-top --batch --rounds=2 --delay=0.1)
is $? 0 "an idle device"
is "$(grep -c '^/dev/accel/accel[0-9]*  ' <<<"$out")" 2 "two looks"
like "$out" "^busy   \|.{48}\| +[0-9.]+ %$" "busy time"
like "$out" "^cores  \|.{48}\| +0.0 %, matrix 0.0 %, vector 0.0 %$" "no core works"
like "$out" "^memory \|.{48}\| +0.0 % of the roof \(0B/s of [0-9.]+ GB/s\)" "no byte moves"

while :; do npu-run -m models/psalter.gguf -p "And the king" -n -1; done >/dev/null 2>&1 &
load=$!
# It takes its time to load the model; one look in which it works is enough.
for _ in $(seq 100); do
	out=$(npu-top -b -n 1 -l 0.5)
	! grep -q " npu-run .*[1-9]" <<<"$out" || ! grep -qE " ([1-9]|0\.[1-9])[0-9.]* jobs/s" <<<"$out" || break
done
like "$out" "^ *[1-9][0-9]* clients, ([1-9]|0\.[1-9])[0-9.]* jobs/s, .* resident" "jobs end"
like "$out" "^ *[0-9]+ npu-run +[0-9.]+% +[0-9.]+% +[0-9.]+% +[0-9.]+ [KMG]iB +[0-9.]+ [kMG]" \
	"the process that computes, its memory and its traffic"
like "$out" "^cores  \|.{47}[^ ]\| +([1-9]|0\.[1-9])" "cores work"
like "$out" "^memory \|.{47}[^ ]\| +([1-9]|0\.[1-9])[0-9.]* % of the roof \([0-9.]+ [kMGT]?B/s of" "bytes move"

out=$(tests/lib/on_terminal.py process q npu-top -l 0.2 -n 100)
is $? 0 "on a terminal, until q"
like "$out" "memory \|" "the same picture"
kill $load
wait 2>/dev/null
out=$(tests/lib/on_terminal.py nothing q npu-top -l 0.2 -n 2)
is $? 0 "or after so many looks"
done_testing
