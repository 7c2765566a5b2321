#!/bin/bash
# SPDX-License-Identifier: MIT
# On a terminal the guest's command has one too.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
dir=$(mktemp -d build/vm/test.XXXXXX)
trap 'rm -rf "$dir"' EXIT

# script(1) gives a command a terminal and what it reads; rows and columns are
# those that stty sets on it.
on_terminal() { script -qec "stty rows 33 cols 111; $1" /dev/null; }
vm="tools/npu-vm --timeout 120 --log $dir/kernel.log"

out=$(on_terminal "$vm -- sh -c 'tty; stty size; exit 9'" </dev/null)
is $? 9 "the status comes back"
out=${out//$'\r'/}
like "$out" "/dev/hvc0$" "the command has a terminal"
like "$out" "^33 111$" "of the size of ours"

# Typed once the prompt is there, as a person would.
{
	for _ in $(seq 300); do
		grep -q '#' "$dir/screen" 2>/dev/null && break
		sleep 0.2
	done
	printf 'echo $((6 * 7))\rsleep 100\r'
	sleep 3
	printf '\003'
	sleep 1
	printf 'exit 4\r'
	sleep 20
} | on_terminal "$vm --shell" >"$dir/screen" 2>&1
is "${PIPESTATUS[1]}" 4 "a shell; Ctrl-C ends the command in it and not the machine"
like "$(<"$dir/screen")" $'42\r' "what is typed is run"
done_testing
