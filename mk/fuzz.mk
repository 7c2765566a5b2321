# SPDX-License-Identifier: MIT
# help: make fuzz          libFuzzer targets, to run for as long as you like: build/fuzz/

# What reads files and texts once more, with coverage and sanitizers of clang.
fuzz_programs := $(patsubst tests/fuzz/targets/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/targets/*.c))
fuzz_objects := $(patsubst %.c,$(B)/fuzz/obj/%.o,$(wildcard libnpu/model/*.c libnpu/quant/*.c) \
	libnpu/runtime/error.c)
fuzz_sanitize = -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_CC := clang
fuzz_cflags = -std=gnu11 -O1 -g -ffp-contract=off $(fuzz_sanitize)

.PHONY: fuzz
fuzz: $(fuzz_programs) $(B)/tests/tools/make-model

$(B)/fuzz/obj/%.o: %.c | build/.setup
	$(call say,FUZZCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(cppflags) $(test_includes) $(drm_cflags) $(fuzz_cflags) \
		-fsanitize=fuzzer-no-link -c -o $@ $<

$(B)/fuzz/libmodel.a: $(fuzz_objects)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcs $@ $(fuzz_objects)

$(B)/fuzz/%: $(B)/fuzz/obj/tests/fuzz/targets/%.o $(B)/fuzz/libmodel.a
	$(call say,FUZZLD,$@)
	$(Q)$(FUZZ_CC) $(fuzz_sanitize) -fsanitize=fuzzer -o $@ $^ $(drm_libs)
