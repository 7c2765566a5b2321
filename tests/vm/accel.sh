#!/bin/bash
# SPDX-License-Identifier: MIT
# An accelerator counts only when a guest has really run under it.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
. tools/vm/accel
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT

qemu=build/qemu/qemu-system-x86_64
probe_accel tcg
ok $? "the probe's guest runs where guests can run"
probe_accel no-such-accelerator
ok $((! $?)) "an accelerator that QEMU lacks runs none"

# What a hanging /dev/kvm looks like from here.
printf '#!/bin/sh\nexec sleep 60\n' >"$run/hangs"
chmod +x "$run/hangs"
qemu=$run/hangs
start=$(date +%s)
probe_accel kvm
ok $((! $?)) "a guest that hangs is none"
[ $(($(date +%s) - start)) -lt 15 ]
ok $? "and is not waited for long"

printf '#!/bin/sh\nexit 1\n' >"$run/fails"
chmod +x "$run/fails"
qemu=$run/fails
probe_accel kvm
ok $((! $?)) "nor is one that fails"
done_testing
