#!/bin/bash
# SPDX-License-Identifier: MIT
# What goes wrong with a machine is said, and has a status of its own.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
dir=$(mktemp -d build/vm/test.XXXXXX)
trap 'rm -rf "$dir"' EXIT

# run ARGUMENT...: sets status and text (all that was said).
run()
{
	text=$(tools/npu-vm --log "$dir/kernel.log" "$@" 2>&1 </dev/null)
	status=$?
}

run --timeout 100 -- sh -c 'echo "WARNING: CPU: 0 PID: 1 at a test" >/dev/kmsg'
is $status 123 "a kernel's warning fails a command that succeeded"
like "$text" "guest's kernel warned.*$dir/kernel.log" "it is said where the log is"
like "$text" "WARNING: CPU: 0 PID: 1 at a test" "the warning is shown"

run --timeout 100 -- sh -c 'for line in "npu-test: some/test" before "BUG: one" "RIP: 0010:f" after
	do echo "$line" >/dev/kmsg; done'
like "$(echo $text)" "some/test .*before .*BUG: one \\[[^]]*\\] after" \
	"it is shown with the test that ran and the lines around, but for registers"

run --timeout 100 -- sh -c 'echo "traps: a[1] general protection fault ip:0 sp:0 error:0" >/dev/kmsg'
is $status 0 "a program's own fault is no complaint of the kernel"

run --timeout 100 --allow-warnings -- sh -c 'echo "BUG: not really" >/dev/kmsg; exit 5'
is $status 5 "--allow-warnings leaves the status alone"

run --timeout 100 -- sh -c 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger; sleep 60'
is $status 125 "a kernel that dies is no status of the command"
like "$text" "machine ended before the command" "and is said so"
like "$text" "sysrq triggered crash|Oops|Kernel panic" "with the kernel's words"

run --timeout 25 -- sleep 100
is $status 124 "a command that takes too long is ended"
like "$text" "not done after 25 seconds" "and that is said"

run --timeout 100 --device no-such-property=1 -- true
is $status 125 "a property that the device lacks"
like "$text" "no-such-property" "is named"

run --no-such-option
is $status 2 "an unknown option"
run --memory
is $status 2 "a missing value"
run --kernel /nowhere -- true
is $status 2 "a kernel that is not there"
run --kernel Makefile -- true
is $status 125 "a file that is no kernel"
like "$text" "Makefile is no Linux kernel" "is named"

run --help
is $status 0 "--help"
like "$text" "usage: npu-vm" "tells how to use it"
like "$(tools/npu-vm --device help)" "npu options:" "--device help lists the properties"

# The links stand for a tree where nothing was built.
mkdir "$dir/bare"
cp -r tools "$dir/bare/"
text=$("$dir/bare/tools/npu-vm" -- true 2>&1)
is $? 125 "without QEMU"
like "$text" "QEMU is not built; run 'make'" "says what to do"
done_testing
