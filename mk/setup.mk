# SPDX-License-Identifier: MIT
# help: make setup         install the Debian packages that are missing

.PHONY: setup
setup:
	tools/setup

# Order-only prerequisite of everything that compiles.
build/.setup: tools/setup
	$(Q)tools/setup
	$(Q)mkdir -p build && touch $@

build/.setup-%: tools/setup
	$(Q)tools/setup $*
	$(Q)mkdir -p build && touch $@

.PHONY: kernel
kernel: | build/.setup
	$(Q)tools/fetch kernel

build/linux: | build/.setup
	$(Q)tools/fetch linux
