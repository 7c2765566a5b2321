# SPDX-License-Identifier: MIT
# help: make test          build everything, run every test; TESTS='unit vm' for some groups
# help: make tests         build the test programs: build/tests/

test_groups := unit conformance device fuzz kselftest bench
test_programs := $(foreach g,$(test_groups),$(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/$(g)/*.c)))
host_programs := $(filter-out $(B)/tests/kselftest/% $(B)/tests/bench/%,$(test_programs))
TESTS ?=

# What several tests share: helpers, and the float reference model.
test_parts := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/lib/*.c tests/harness/*.c) \
	$(filter-out tests/reference/ref-run.c,$(wildcard tests/reference/*.c)))
test_includes = -Itests/lib -Itests/fuzz/lib -Itests/harness -Itests/reference -Itests/unit -Iqemu-device -Iqemu-device/core \
	-Ilibnpu -Ilibnpu/include $(patsubst %/,-I%,$(filter-out libnpu/include/,$(wildcard libnpu/*/)))
bench_libs = -ldnnl

.PHONY: test tests
tests: $(filter-out $(B)/tests/bench/%,$(test_programs)) $(B)/tests/ref-run $(B)/tests/tools/make-model fuzz

test: all tests | build/.setup-browser
	$(Q)tests/run $(TESTS)

# The kernel's test harness comes with its source; warnings in it are not ours.
$(B)/obj/tests/kselftest/%.o: tests/kselftest/%.c | build/.setup build/linux
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(cppflags) -isystem build/linux/tools/testing/selftests -Ilibnpu/include -Itests/lib \
		$(drm_cflags) $(cflags) -c -o $@ $<

$(B)/obj/tests/bench/%.o: | build/.setup-bench
$(B)/obj/tests/%.o: tests/%.c | build/.setup
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(cppflags) $(test_includes) $(drm_cflags) $(cflags) -c -o $@ $<

$(B)/tests/lib/libtest.a: $(test_parts)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcs $@ $(test_parts)

$(B)/tests/unit/validate_versions_test: $(B)/obj/tools/lib/validate_versions.o
$(B)/tests/unit/trace_clock_test: $(B)/obj/tools/lib/trace_clock.o $(B)/obj/tools/lib/trace_file.o

# The float reference is also a program, whose speed counts.
$(B)/obj/tests/reference/%.o: CFLAGS += -O3
$(B)/tests/ref-run: $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/reference/*.c)) $(B)/lib/libnpu.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ldflags) -o $@ $^ $(drm_libs)

$(B)/tests/%: $(B)/obj/tests/%.o $(B)/tests/lib/libtest.a $(B)/lib/libnpu.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ldflags) -o $@ $^ $(if $(filter $(B)/tests/bench/%,$@),$(bench_libs)) $(drm_libs)
