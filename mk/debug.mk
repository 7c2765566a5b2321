# SPDX-License-Identifier: MIT
# help: make test-debug    the driver's tests in a kernel with KASAN, lockdep, kmemleak; not part of test
#                          DEBUG_KERNEL=newest: in the newest kernel that Debian packages

DEBUG_KERNEL ?= lts

# Kept under build/ like every kernel: only the first time takes long.
.PHONY: debug-kernel test-debug
debug-kernel: | build/.setup build/.setup-debug
	$(Q)tools/debug-kernel/build $(DEBUG_KERNEL)

# Checked code is several times slower, and its shadow takes an eighth of the memory.
test-debug: debug-kernel qemu libnpu tools $(filter $(B)/tests/kselftest/%,$(test_programs))
	$(Q)NPU_TEST_RESULTS=build/test-results/debug NPU_TEST_SECONDS=3600 NPU_TEST_GUEST_SECONDS=14400 \
		NPU_TEST_VM="--memory 4G --kernel build/debug-kernel/$(DEBUG_KERNEL)/out/arch/x86/boot/bzImage" \
		tests/run kselftest
