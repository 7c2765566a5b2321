#!/bin/bash
# SPDX-License-Identifier: MIT
#
# npu-trace through the driver: what the device wrote, and the driver's events.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

npu-trace -o "$dir/a.json" -- npu-run -m models/psalter.gguf -p "The Lord" -n 2 --temp 0 \
	>/dev/null 2>"$dir/err"
is $? 0 "npu-run under npu-trace"
like "$(cat "$dir/err")" "accel[0-9]+ of npu-run .*: [2-9] jobs, clock known to [0-9.]+ us" "jobs of the driver's device"
like "$(cat "$dir/err")" "ui.perfetto.dev" "with the driver's events"
for op in LOAD STORE MATMUL END; do
	ok "$(grep -q "\"op\":\"$op\"" "$dir/a.json"; echo $?)" "the device wrote $op"
done
for event in submit run "done"; do
	ok "$(grep -q "\"name\":\"$event\",\"cat\":\"driver\"" "$dir/a.json"; echo $?)" "the driver told of $event"
done
is "$(ls -d /sys/kernel/tracing/instances/npu-trace-* 2>/dev/null | wc -l)" 0 "no instance of tracefs is left"
done_testing
