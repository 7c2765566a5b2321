#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Whole machines sleep while the driver's NPU works, and go on with the same bytes:
# idle until the power button is pressed (s2idle), with power for their memory only
# (S3), and with none, their memory on a disk (hibernation). All of these can be had
# under emulation, but for an alarm to wake up from s2idle: QEMU's clock tells ACPI
# of it in S3 only. One processor: an emulated second one may not get its timers back.

cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
. tests/lib/guest_in_memory.sh

tests="jobs_go_on with_a_sleeping_device"

log_of() { cat "$dir/$1"*.log 2>/dev/null | tr -d '\r'; }
# How often it has come to the place where nothing but an interrupt wakes it.
has_idled() { [ "$(log_of "$1" | grep -c "PM: suspend-to-idle")" -ge "$2" ]; }
is_in_state() { order "$1" query-status | grep -q "\"status\": \"$2\""; }
is_over() { says "$1" "^status" || has_ended "${machines[-1]}"; }

complaints() { log_of "$1" | grep -E 'WARNING: |BUG: |Oops|npu .*(lost|does not)'; }

# check_log NAME STATE TEST: what the test said, over all boots of its machine.
check_log()
{
	local text

	text=$(log_of "$1")
	like "$text" "^status 0$" "$2: the test runs to its end"
	like "$text" "^ok [0-9]* suspend.$2.$3$" "$2: $3"
	is "$(complaints "$1")" "" "$2: the kernel has no complaint"
}

# write_sleeper STATE TEST
write_sleeper() { write_guest suspend "NPU_SUSPEND=$1 /test -r suspend.$1.$2"; }

prepare_machine --memory 512M --smp 1 --append "loglevel=8 no_console_suspend pm_debug_messages"
# QEMU puts a kernel that it has unpacked itself back into memory when the machine
# is reset, and waking up is a reset. One that the firmware starts is left alone.
boot_kernel=$kernel

before_npu='load button'
for test in $tests; do
	write_sleeper s2idle "$test"
	start_machine "s2idle.$test"
	until_true has_idled "s2idle.$test" 1
	order "s2idle.$test" system_powerdown >/dev/null
	until_true is_over "s2idle.$test"
	check_log "s2idle.$test" s2idle "$test"
done

# The NPU is unplugged meanwhile, and nobody waits for it when the machine wakes up.
write_guest unplug_asleep "NPU_UNPLUG_ASLEEP=freeze /test"
start_machine s2idle.unplug
until_true has_idled s2idle.unplug 1
order s2idle.unplug device_del '{"id": "npu0"}' >/dev/null
order s2idle.unplug system_powerdown >/dev/null
until_true is_over s2idle.unplug
like "$(log_of s2idle.unplug)" "^ok 1 unplug_asleep.all_end$" "s2idle: unplugged in its sleep"
is "$(complaints s2idle.unplug)" "" "s2idle: the kernel has no complaint"

# One sleep a machine: after it the firmware of Debian 12 has q35's registers for
# power management switched off.
before_npu=
for test in $tests; do
	write_sleeper s3 "$test"
	start_machine "s3.$test" -global ICH9-LPC.disable_s3=0
	until_true is_in_state "s3.$test" suspended
	ok $? "s3: the machine sleeps"
	order "s3.$test" system_wakeup >/dev/null
	until_true is_over "s3.$test"
	check_log "s3.$test" s3 "$test"
done

write_guest unplug_asleep "echo deep >/sys/power/mem_sleep; NPU_UNPLUG_ASLEEP=mem /test"
start_machine s3.unplug -global ICH9-LPC.disable_s3=0
until_true is_in_state s3.unplug suspended
order s3.unplug device_del '{"id": "npu0"}' >/dev/null
order s3.unplug system_wakeup >/dev/null
until_true is_over s3.unplug
like "$(log_of s3.unplug)" "^ok 1 unplug_asleep.all_end$" "s3: unplugged in its sleep"
like "$(log_of s3.unplug)" "device does not recover" "s3: the driver says that it is gone"

# Switched on again, the machine finds its memory on the disk before it loads the driver.
before_npu='load root; load disk; $b cat /sys/block/vda/dev >/sys/power/resume
	$b swapon /dev/vda || { $b mkswap /dev/vda && $b swapon /dev/vda; }'
for test in $tests; do
	disk=$dir/$test.swap
	truncate -s 512M "$disk"
	write_sleeper hibernation "$test"
	for boot in 1 2; do
		start_machine "hibernation.$test.$boot" -device virtio-blk-pci,drive=disk \
			-blockdev "driver=file,filename=$disk,node-name=disk"
		until_true has_ended "${machines[-1]}"
	done
	like "$(log_of "hibernation.$test.1")" "PM: hibernation: hibernation entry" \
		"hibernation: the machine goes off"
	like "$(log_of "hibernation.$test.2")" "PM: hibernation: hibernation exit" \
		"hibernation: it goes on when it is switched on"
	check_log "hibernation.$test" hibernation "$test"
done
done_testing
