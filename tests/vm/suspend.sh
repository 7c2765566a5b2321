#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The machine's devices sleep and wake up with jobs on their way, as the kernel's own
# test of that does it; tests/vm/sleep.sh puts whole machines to sleep. The 9p file
# systems do not survive that, so the test and its libraries are copied to the
# guest's own memory before. One processor: an emulated second one may not get its
# timers back.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
dir=$(mktemp -d build/vm/test.XXXXXX)
trap 'rm -rf "$dir"' EXIT

test=build/tests/kselftest/suspend
out=$(tools/npu-vm --timeout 300 --memory 1G --smp 1 --log "$dir/kernel.log" -- sh -c "
	cp \$(ldd $test | grep -o '/[^ ]*') $test /tmp/ && cd /tmp || exit 1
	NPU_SUSPEND=devices,platform exec ./ld-linux-x86-64.so.2 --library-path /tmp ./suspend" 2>&1 </dev/null)
is $? 0 "the machine sleeps and wakes up"
for name in devices.jobs_go_on devices.refused_while_a_job_hangs devices.with_a_sleeping_device \
	platform.jobs_go_on platform.with_a_sleeping_device; do
	like "$out" "^ok [0-9]* suspend.$name$" "$name"
done
done_testing
