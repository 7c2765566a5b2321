# SPDX-License-Identifier: MIT
#
# The user's entry. `make help` lists the targets; everything that is generated
# goes under build/. New source files are picked up by wildcard:
#
#   qemu-device/core/*.c   the machine          build/core/libnpucore.a and QEMU
#   driver/*.c             the kernel module    build/module/RELEASE/npu.ko
#   libnpu/**/*.c          the library          build/lib/libnpu.{a,so}
#   tools/*.c              a program each       build/bin/
#   Documentation/examples/*.c  a program each  build/examples/
#   tests/GROUP/*.c        a program each       build/tests/GROUP/

all: qemu module libnpu tools examples

.PHONY: all help FORCE
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
FORCE:

# SANITIZE=1 builds host code a second time, under build/sanitize.
B := build$(if $(SANITIZE),/sanitize)

# V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

CC := gcc
AR := gcc-ar
CFLAGS ?= -O2 -g
LDFLAGS ?=
PREFIX ?= /usr/local
DESTDIR ?=

# Contraction into fused multiply-adds would change results between builds.
cflags = -std=gnu11 -Wall -Wextra -Werror -ffp-contract=off $(CFLAGS) \
	$(if $(SANITIZE),-fsanitize=$(sanitizers) -fno-sanitize-recover=all)
sanitizers = address,undefined
cppflags = -Iuapi -MMD -MP
ldflags = -Wl,--as-needed $(LDFLAGS) $(if $(SANITIZE),-fsanitize=$(sanitizers))

# Read when a recipe runs: at parse time the packages may be still to come.
drm_cflags = $(shell pkg-config --cflags libdrm liburing zlib libpcre2-8 libcrypto)
drm_libs = $(shell pkg-config --libs libdrm liburing zlib libpcre2-8 libcrypto) -lm -lpthread

include mk/setup.mk
include mk/qemu.mk
include mk/module.mk
include mk/core.mk
include mk/libnpu.mk
include mk/tools.mk
include mk/examples.mk
include mk/tests.mk
include mk/debug.mk
include mk/fuzz.mk
include mk/run.mk
include mk/style.mk
include mk/docs.mk
include mk/install.mk

help:
	@sed -n 's/^# help: //p' mk/*.mk

# help: make clean         remove what was compiled; keep downloads, QEMU's source and its ccache
.PHONY: clean distclean
clean:
	rm -rf build/obj build/core build/lib build/bin build/examples build/tests build/module \
		build/fuzz build/vm build/qemu build/sanitize build/docs build/man
# help: make distclean     remove build/
distclean:
	rm -rf build

-include $(shell find build -path build/qemu\* -prune -o -path build/kernel -prune -o -path build/ggml -prune -o -path build/debug-kernel -prune -o -name '*.d' -print 2>/dev/null)
