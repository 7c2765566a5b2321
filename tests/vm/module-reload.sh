#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads and unloads npu.ko a hundred times in the machine, with jobs in flight.
# npu-vm fails if the kernel warned of anything meanwhile.

set -u
cd "$(dirname "$0")/../.." || exit
count=${1:-100}

echo 1..1
if output=$(tools/npu-vm --timeout 900 -- \
	env NPU_RELOADS="$count" build/tests/kselftest/unplug -t reload_with_jobs_in_flight 2>&1); then
	echo "ok 1 - $count times loaded and unloaded with jobs in flight, no warning"
else
	status=$?
	sed 's/^/# /' <<<"$output"
	echo "not ok 1 - $count times loaded and unloaded with jobs in flight (status $status)"
	exit 1
fi
