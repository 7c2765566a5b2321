#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Errors that PCI reports (AER), injected by QEMU while jobs run: the device goes
# on after one that is not fatal, is reset after one that is, and the jobs give
# the right bytes. The port is a slow one: QEMU's faster ones do not say that the
# link is up again after its reset.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
dir=$(mktemp -d build/vm/test.XXXXXX)
trap 'rm -rf "$dir"' EXIT

tools/npu-vm --timeout 200 --log "$dir/kernel.log" --qmp "$dir/qmp" \
	--qemu -global --qemu pcie-root-port.x-speed=2_5 -- \
	env NPU_PCI_ERRORS="$PWD/$dir/turn" build/tests/kselftest/pci_reset \
	>"$dir/out" 2>&1 </dev/null &
vm=$!

# inject ERROR: when the guest is ready for it.
inject()
{
	until [ -e "$dir/turn.$1" ]; do
		kill -0 $vm 2>/dev/null || return 1
		sleep 0.1
	done
	tests/vm/qmp "$dir/qmp" human-monitor-command \
		"{\"command-line\": \"pcie_aer_inject_error $2 npu0 $1\"}"
	touch "$dir/turn.$1.done"
}

like "$(inject COMP_TIME)" 'OK id: npu0' "an error that is not fatal is injected"
like "$(inject MALF_TLP)" 'OK id: npu0' "a fatal error is injected"
wait $vm
is $? 0 "the guest lives through it"
sed 's/^/# /' "$dir/out"
like "$(cat "$dir/out")" "^ok [0-9]* pci_reset.error_that_is_not_fatal$" "jobs go on after the first"
like "$(cat "$dir/out")" "^ok [0-9]* pci_reset.fatal_error$" "and after the second"
is "$(grep -c 'AER: device recovery successful' "$dir/kernel.log")" 2 "the kernel has recovered the device twice"
done_testing
