#!/bin/bash
# SPDX-License-Identifier: MIT
#
# npu-top where there is nothing to see; tests/e2e/npu-top.sh has the rest.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
PATH=$PWD/build/bin:$PATH

# refused STATUS PATTERN WHAT OPTION...
refused()
{
	local status=$1 pattern=$2 what=$3 err

	shift 3
	err=$(npu-top "$@" 2>&1 >/dev/null </dev/null)
	is $? "$status" "$what: status $status"
	like "$err" "$pattern" "$what: the reason"
}

refused 1 "^npu-top: sim: a device in the process is used by nobody else" "a device in the process" \
	-b -n 1 -d sim
refused 1 "accel99: no such node: load the driver" "no node" -b -n 1 --device=/dev/accel/accel99
refused 1 "/dev/null: not an NPU" "no NPU" -b -d /dev/null
refused 2 "no terminal: give --batch" "no terminal" -n 1
refused 2 "from 0.01 to 86400" "no delay" -b -l 0
refused 2 "--rounds" "rounds that are no number" -b -n many
refused 2 "'now': no argument" "an argument" -b now
like "$(npu-top --help)" "--batch" "help"
out=$(tests/lib/on_terminal.py nothing q npu-top -d /dev/null)
is $? 1 "on a terminal too"
like "$out" "/dev/null: not an NPU" "and the terminal is left as it was"
done_testing
