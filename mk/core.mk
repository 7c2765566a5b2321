# SPDX-License-Identifier: MIT
# help: make core          the machine without QEMU: build/core/libnpucore.a

core_objects := $(patsubst %.c,$(B)/obj/%.o,$(wildcard qemu-device/core/*.c))

.PHONY: core
core: $(B)/core/libnpucore.a

# What a guest's numbers index must not lose bits or signs on its way.
$(core_objects): CFLAGS += -Wconversion -Wsign-conversion

# Vectors by intrinsics: checks of each access for null and alignment would take
# minutes to compile, and find what AddressSanitizer does.
$(B)/obj/qemu-device/core/kernels_avx%.o: sanitizers = address

# Part of libnpu as well, which exports none of it.
$(B)/obj/qemu-device/core/%.o: qemu-device/core/%.c | build/.setup
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(cppflags) -Iqemu-device/core -I$(B)/obj/qemu-device/core $(cflags) -fPIC -fvisibility=hidden \
		-c -o $@ $<

# Machines that are built in; QEMU's build makes the same.
$(B)/obj/qemu-device/core/profile.o: $(B)/obj/qemu-device/core/npu-profiles.h
$(B)/obj/qemu-device/core/npu-profiles.h: tools/embed-profiles $(wildcard qemu-device/profiles/*.profile)
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && tools/embed-profiles >$@

$(B)/core/libnpucore.a: $(core_objects)
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcs $@ $(core_objects)
