# SPDX-License-Identifier: MIT
# help: make examples      the programs of Documentation/examples/: build/examples/

example_names := $(patsubst Documentation/examples/%.c,%,$(wildcard Documentation/examples/*.c))

.PHONY: examples
examples: $(example_names:%=$(B)/examples/%)

# As a user of the installed library would: public headers and the shared library.
$(B)/examples/%: Documentation/examples/%.c $(B)/lib/libnpu.so
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -MT $@ $(cppflags) -Ilibnpu/include $(cflags) $(ldflags) \
		-Wl,-rpath,'$$ORIGIN/../lib' -o $@ $< -L$(B)/lib -lnpu -lm
