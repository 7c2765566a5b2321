# SPDX-License-Identifier: MIT
# help: make module        npu.ko for the guest's kernel; KDIR=... for another

KDIR ?=

# kbuild knows what changed, so it is always asked.
.PHONY: module
module: kernel
	$(Q)tools/build-module $(KDIR)
