# SPDX-License-Identifier: MIT
# help: make libnpu        the library, shared and static: build/lib/

libnpu_version := 0.1.0
libnpu_soname := libnpu.so.0
libnpu_sources := $(sort $(wildcard libnpu/*.c libnpu/*/*.c libnpu/*/*/*.c))
# With the machine in it, for NPU_DEVICE=sim.
libnpu_objects := $(patsubst %.c,$(B)/obj/%.o,$(libnpu_sources)) $(core_objects)

.PHONY: libnpu
libnpu: $(B)/lib/libnpu.a $(B)/lib/libnpu.so $(B)/lib/pkgconfig/npu.pc

# What compiled models were compiled by: entries of another compiler are not used.
# Files of the cache itself have no part in it.
compiler_sources := $(sort $(filter-out libnpu/compiler/image_cache%,$(wildcard libnpu/compiler/*.[ch] \
	libnpu/quant/*.[ch] libnpu/model/*.[ch]))) uapi/hw/npu_isa.h

$(B)/obj/include/compiler_id.h: $(compiler_sources)
	$(Q)mkdir -p $(@D)
	$(Q)printf '#define NPU_COMPILER_ID "%s"\n' \
		"$$(cat $(compiler_sources) | sha256sum | cut -d ' ' -f 1)" >$@

$(B)/obj/libnpu/compiler/image_cache_key.o: cppflags += -I$(B)/obj/include
$(B)/obj/libnpu/compiler/image_cache_key.o: $(B)/obj/include/compiler_id.h

# One compilation serves both: the static library may end up in a shared one.
$(B)/obj/libnpu/%.o: libnpu/%.c | build/.setup
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(cppflags) -Ilibnpu -Ilibnpu/include -Iqemu-device $(drm_cflags) $(cflags) -fPIC \
		-c -o $@ $<

$(B)/lib/libnpu.a: $(libnpu_objects)
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcs $@ $(libnpu_objects)

$(B)/lib/$(libnpu_soname): $(libnpu_objects) libnpu/libnpu.map
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,-soname,$(libnpu_soname) -Wl,-z,defs \
		-Wl,--version-script=libnpu/libnpu.map $(ldflags) -o $@ \
		$(libnpu_objects) $(drm_libs)

$(B)/lib/libnpu.so: $(B)/lib/$(libnpu_soname)
	$(Q)ln -sfn $(libnpu_soname) $@

# PREFIX is part of the content, so it is written each time.
$(B)/lib/pkgconfig/npu.pc: libnpu/npu.pc.in FORCE
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(libnpu_version)|' $< >$@
