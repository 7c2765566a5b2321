#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A machine with little memory: buffers that nobody needs make room for others.

set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh

test=build/tests/kselftest/madvise
log=$(mktemp)
trap 'rm -f "$log"' EXIT

out=$(tools/npu-vm --memory 320M --log "$log" -- "$test" -t pressure 2>&1)
ok $? "npu-vm with 320 MiB"
like "$out" "^ok 1 madvise\.pressure" "buffers that are not needed make room"
like "$(grep -ciE 'out of memory|oom-kill' "$log")" '^0$' "nobody had to be killed"
done_testing
