# SPDX-License-Identifier: MIT
# help: make check-style   checkpatch, sparse, cppcheck, shellcheck, columns

.PHONY: check-style
check-style: kernel | build/.setup build/.setup-style build/linux
	$(Q)tools/check-style
