#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Machines that are saved and moved while the driver's NPU works: a long job is
# always under way, and short ones beside it. They go on in another QEMU with the
# same bytes and cycles.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
. tests/lib/guest_in_memory.sh

rounds=8

has_moved() { order "$1" query-migrate | grep -q '"status": "completed"'; }
# What a job of QEMU's came to; its end is forgotten with it.
job_is_over() { order "$1" query-jobs | grep -q '"status": "concluded"[^}]*"type": "'"$2"'"'; }
job_failed() { order "$1" query-jobs | grep '"error"'; }
has_come() { order "$1" query-status | grep -q '"status": "running"'; }

# What both machines have said, without what the kernel has.
rounds_of() { cat "$dir/$1.log" "$dir/$2.log" | tr -d '\r' | sed -n 's/^.*# round/round/p'; }

# check_end FROM TO NAME
check_end()
{
	local all

	until_true says "$2" "^status"
	like "$(tr -d '\r' <"$dir/$2.log")" "^status 0$" "$3: all jobs are right, in the first machine and in the second"
	all=$(rounds_of "$1" "$2")
	is "$(sed 's/:.*//' <<<"$all" | tr '\n' ' ')" \
		"$(for ((i = 0; i < rounds; i++)); do printf 'round %d ' $i; done)" \
		"$3: no round is lost or told twice"
	is "$(sed 's/^[^:]*: //; s/[0-9]* jobs/jobs/' <<<"$all" | sort -u | wc -l)" 1 \
		"$3: cycles are those of the rounds that nobody interrupted"
	[ "$(rounds_of "$1" "$1" | wc -l)" -gt 0 ] && [ "$(rounds_of "$2" "$2" | wc -l)" -gt 0 ]
	ok $? "$3: some were in each"
	sed 's/^/# /' <<<"$all"
}

prepare_machine --memory 512M --smp 1 --device cores=2
write_guest migration "NPU_ROUNDS=$rounds /test"

# Saved to a file, and loaded from it when nothing of the first machine is left.
start_machine saved
from=${machines[-1]}
until_true says saved "# round 1"
ok $? "a machine works"
order saved migrate "{\"uri\": \"exec:cat >$dir/state\"}" >/dev/null
until_true has_moved saved
ok $? "it is saved to a file"
order saved quit >/dev/null
until_true has_ended "$from"
start_machine loaded -incoming "exec:cat $dir/state"
check_end saved loaded "from a file"

# A snapshot in a disk image, which has nothing else in it.
file="{\"driver\": \"file\", \"filename\": \"$dir/disk\"}"
start_machine taken
from=${machines[-1]}
order taken blockdev-create "{\"job-id\": \"file\", \"options\": ${file%\}}, \"size\": 0}}" >/dev/null
until_true job_is_over taken create
order taken job-dismiss '{"id": "file"}' >/dev/null
order taken blockdev-add "${file%\}}, \"node-name\": \"file\"}" >/dev/null
order taken blockdev-create '{"job-id": "disk", "options": {"driver": "qcow2", "file": "file", "size": 1048576}}' >/dev/null
until_true job_is_over taken create
order taken blockdev-add '{"driver": "qcow2", "file": "file", "node-name": "disk"}' >/dev/null
until_true says taken "# round 1"
# What it would say behind the snapshot would be told twice.
order taken stop >/dev/null
order taken snapshot-save '{"job-id": "save", "tag": "now", "vmstate": "disk", "devices": ["disk"]}' >/dev/null
until_true job_is_over taken snapshot-save
is "$(job_failed taken)" "" "it is saved as a snapshot"
order taken quit >/dev/null
until_true has_ended "$from"
start_machine restored -blockdev "${file%\}}, \"node-name\": \"file\"}" \
	-blockdev '{"driver": "qcow2", "file": "file", "node-name": "disk"}' -loadvm now
check_end taken restored "from a snapshot"

# While it runs, to another that waits; jobs take the time that the model says,
# on a clock so slow that this is most of the time.
sed 's/^clock_mhz.*/clock_mhz = 20/' qemu-device/profiles/edge.profile >"$dir/slow.profile"
devices=("cores=2,profile=$dir/slow.profile,pace=model")
start_machine source
start_machine target -incoming "unix:$dir/socket"
until_true says source "# round 1"
order source migrate "{\"uri\": \"unix:$dir/socket\"}" >/dev/null
until_true has_come target
ok $? "a machine moves while it runs"
check_end source target "at the model's pace"
done_testing
