#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What libnpu's tests in the guest ask of the driver, asked of a machine in the
# process: the same programs, with NPU_DEVICE=sim.

cd "$(dirname "$0")/../.." || exit 1
export NPU_DEVICE=sim
number=0
failed=0

# Test lines of one program, numbered on.
pass_on()
{
	local line

	while IFS= read -r line; do
		case $line in
		"ok "* | "not ok "*)
			number=$((number + 1))
			[ "${line%% *}" = ok ] || failed=1
			# ok 3 name: the number is ours, the rest is theirs.
			echo "$(sed -E "s/^(ok|not ok) [0-9]+/\1 $number -/" <<<"$line")"
			;;
		*)
			echo "# $line"
			;;
		esac
	done
}

for program in lib_queue lib_job lib_perfmon lib_async; do
	file=build/tests/kselftest/$program
	before=$number
	pass_on < <("$file" 2>&1)
	if [ $number -eq $before ]; then
		number=$((number + 1))
		failed=1
		echo "not ok $number - $program runs its tests"
	fi
done
echo "1..$number"
exit $failed
