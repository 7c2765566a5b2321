#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `npu-smi validate` where there is no driver: a device in the process, and none at all.

set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
PATH=$PWD/build/bin:$PATH

# field EXPRESSION: of the last run's JSON, in the variable d
field() { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)" <<<"$out"; }

out=$(NPU_DEVICE=sim npu-smi validate)
is $? 0 "a device in the process works"
like "$out" "^versions +ok +driver in-process, instruction set [0-9.]+, registers [0-9.]+, library" \
	"versions"
like "$out" "^memory +ok +[0-9]+ cores copied .* and each byte is right" "copies"
like "$out" "^mmu +ok +faults at 0x[0-9a-f]+ were caught and named" "faults"
like "$out" "^matrix +ok +[0-9]+ cores: 17 x 35 x 101 in INT8, the same as on the CPU" "a product"
like "$out" "^interrupt +ok +submit to fence: " "fences"
like "$out" "^timeout +ok +a job without end, limited to 200 ms, was stopped" "a job without end"
like "$out" "^reset +skipped +.*no driver" "no reset without a driver"
is "$(tail -n 1 <<<"$out")" "the NPU works" "the sum"

out=$(npu-smi validate --json -d sim:meteor-lake)
is $? 0 "another profile, as JSON"
is "$(field 'd["ok"]')" True "JSON says so too"
is "$(field 'len(d["checks"])')" 9 "nine checks"
is "$(field 'set(c["result"] for c in d["checks"][:8])')" "{'ok'}" "eight of them ok"

out=$(npu-smi validate --device=/dev/accel/accel99)
is $? 1 "no node"
like "$out" "^node +failed +/dev/accel/accel99: no such node: .*modprobe npu" "and what to do"
like "$out" "^reset +skipped +needs 'node'" "the other checks need it"
like "$out" "^1 check failed$" "the sum"
out=$(npu-smi validate -j -d /dev/null)
is $? 1 "no NPU, as JSON"
is "$(field 'd["ok"], d["checks"][0]["result"]')" "False failed" "JSON says so too"

npu-smi validate -l 1 >/dev/null 2>&1
is $? 2 "no loop"
npu-smi validate twice >/dev/null 2>&1
is $? 2 "one command"
npu-smi heal >/dev/null 2>&1
is $? 2 "no other command"
done_testing
