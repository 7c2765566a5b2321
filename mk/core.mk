# SPDX-License-Identifier: MIT
# help: make core          the machine without QEMU: build/core/libnpucore.a

core_objects := $(patsubst %.c,$(B)/obj/%.o,$(wildcard qemu-device/core/*.c))

.PHONY: core
core: $(B)/core/libnpucore.a

# Part of libnpu as well, which exports none of it.
$(B)/obj/qemu-device/core/%.o: qemu-device/core/%.c | build/.setup
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(cppflags) -Iqemu-device/core $(cflags) -fPIC -fvisibility=hidden \
		-c -o $@ $<

$(B)/core/libnpucore.a: $(core_objects)
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcs $@ $(core_objects)
