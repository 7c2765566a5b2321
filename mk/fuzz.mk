# SPDX-License-Identifier: MIT
# help: make fuzz          libFuzzer targets, to run for as long as you like: build/fuzz/
# help: make fuzz-long     run them for SECONDS=3600 in all, then print a table
# help: make fuzz-qemu     the device in a QEMU under sanitizers, at random for SECONDS=3600
# help: make fuzz-corpus   make tests/fuzz/corpus/ anew from programs and from what runs found

# The machine, and what reads files and texts, once more, with coverage and
# sanitizers of clang.
fuzz_programs := $(patsubst tests/fuzz/targets/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/targets/*.c))
fuzz_objects := $(patsubst %.c,$(B)/fuzz/obj/%.o,$(wildcard qemu-device/core/*.c tests/fuzz/lib/*.c \
	libnpu/model/*.c libnpu/quant/*.c) $(addprefix libnpu/runtime/,error.c job_file_read.c \
	job_file_write.c job_image.c job_image_check.c job_reader.c disasm.c insn_format.c \
	field_name.c names.c fault.c file_load.c))
fuzz_sanitize = -fsanitize=address,undefined -fno-sanitize-recover=all
# Through ccache if the compiler of the rest is.
FUZZ_CC = $(filter ccache,$(CC)) clang
fuzz_cflags = -std=gnu11 -O1 -g -ffp-contract=off -Wall -Wextra -Werror $(fuzz_sanitize)

# Vectors by intrinsics: checks of each access for null and alignment would take
# minutes to compile, and find what AddressSanitizer does.
$(B)/fuzz/obj/qemu-device/core/kernels_avx%.o: fuzz_sanitize = -fsanitize=address

.PHONY: fuzz fuzz-long fuzz-corpus fuzz-qemu
fuzz: $(fuzz_programs) $(B)/tests/tools/make-model

SECONDS ?= 3600
fuzz-long: fuzz
	$(Q)tests/fuzz/long-run $(SECONDS)

# QEMU under sanitizers, driven by tests without a guest; seeds from the clock.
fuzz-qemu: $(B)/tests/device/random_test $(B)/tests/device/hostile_test | build/.setup
	$(Q)tools/fetch meson qemu
	$(Q)tools/build-qemu --sanitize
	$(Q)tests/fuzz/qemu-run $(SECONDS)

fuzz-corpus: fuzz $(B)/tests/tools/make-fuzz-seeds
	$(Q)tests/fuzz/keep-corpus

$(B)/fuzz/obj/%.o: %.c | build/.setup
	$(call say,FUZZCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(cppflags) $(test_includes) -I$(B)/obj/qemu-device/core \
		$(drm_cflags) $(fuzz_cflags) -fsanitize=fuzzer-no-link -c -o $@ $<

$(B)/fuzz/obj/qemu-device/core/profile.o: $(B)/obj/qemu-device/core/npu-profiles.h

# The list is here: one more on it is not newer than the archive.
$(B)/fuzz/libfuzzed.a: $(fuzz_objects) mk/fuzz.mk
	$(Q)mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcs $@ $(fuzz_objects)

$(B)/fuzz/%: $(B)/fuzz/obj/tests/fuzz/targets/%.o $(B)/fuzz/libfuzzed.a
	$(call say,FUZZLD,$@)
	$(Q)$(FUZZ_CC) $(fuzz_sanitize) -fsanitize=fuzzer -o $@ $^ $(drm_libs)
