#!/bin/bash
# SPDX-License-Identifier: MIT
#
# In the guest: `npu-smi validate` on the driver's device, by root and by a user,
# beside another process, and with interrupts and resets that are lost.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
PATH=$PWD/build/bin:$PATH
# Its number depends on what was unplugged before, and held open at that moment.
node=$(echo /dev/accel/accel*)
debug=$(echo /sys/kernel/debug/accel/*:*)
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

out=$(npu-smi validate)
is $? 0 "the device works"
for check in node permission versions memory mmu matrix interrupt timeout; do
	like "$out" "^$check +ok " "$check"
done
if [ -e "$debug/reset" ]; then
	like "$out" "^reset +ok +reset in .*; a queue from before it goes on" "reset"
else
	like "$out" "^reset +skipped +not tried: needs root and debugfs" "no reset without debugfs"
fi

exec 3<>"$node"
sleep 60 &
exec 3>&-
out=$(npu-smi validate)
is $? 0 "beside another process"
like "$out" "^reset +skipped +not tried: other processes use the device" "which is not disturbed"
kill $!
wait

mode=$(stat -c %a "$node")
chmod 0600 "$node"
out=$("${nobody[@]}" build/bin/npu-smi validate)
is $? 1 "a user without permission"
like "$out" "^node +ok" "sees the node"
like "$out" "^permission +failed +$node: permission denied: .*root" "and what to do"
chmod 0666 "$node"
out=$("${nobody[@]}" build/bin/npu-smi validate)
is $? 0 "a user with permission"
like "$out" "^reset +skipped +not tried: (needs root|other)" "may not reset"
chmod "$mode" "$node"

if [ -e "$debug/inject/lost_irqs" ]; then
	echo 1000 >"$debug/inject/lost_irqs"
	out=$(npu-smi validate)
	is $? 1 "lost interrupts"
	echo 0 >"$debug/inject/lost_irqs"
	like "$out" "^interrupt +failed +.*interrupts do not arrive" "are found"
	out=$(npu-smi validate --json)
	is $? 0 "and it works again"
	like "$out" '"ok": true' "JSON says so too"
fi
done_testing
