# SPDX-License-Identifier: MIT
# help: make qemu          QEMU with the device in it: build/qemu/qemu-system-x86_64

# ninja knows what changed, so it is always asked.
.PHONY: qemu
qemu: | build/.setup
	$(Q)tools/fetch meson qemu
	$(Q)tools/build-qemu
