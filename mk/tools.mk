# SPDX-License-Identifier: MIT
# help: make tools         the programs: build/bin/

tool_names := $(patsubst tools/%.c,%,$(wildcard tools/*.c))
# What several programs share is compiled into each.
tool_parts := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tools/lib/*.c))

.PHONY: tools
tools: $(tool_names:%=$(B)/bin/%)

$(B)/obj/tools/%.o: tools/%.c | build/.setup
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(cppflags) -Ilibnpu/include -Itools/lib $(drm_cflags) $(cflags) -c -o $@ $<

# The page of npu-trace is in the program.
page_sources := tools/embed-page $(wildcard tools/trace-page/*)
$(B)/obj/tools/lib/trace_html.o: cppflags += -I$(B)/obj/tools
$(B)/obj/tools/lib/trace_html.o: $(B)/obj/tools/npu-trace-page.h
$(B)/obj/tools/npu-trace-page.h: $(page_sources)
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && tools/embed-page >$@

# The path back from bin/ to lib/ is the same here and where `make install` puts them.
$(B)/bin/%: $(B)/obj/tools/%.o $(tool_parts) $(B)/lib/libnpu.so
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ldflags) -Wl,-rpath,'$$ORIGIN/../lib' -o $@ $< $(tool_parts) \
		-L$(B)/lib -lnpu $(drm_libs) $(tool_libs)

$(B)/bin/npu-top: tool_libs = -lncurses
