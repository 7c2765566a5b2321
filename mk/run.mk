# SPDX-License-Identifier: MIT
# help: make run           boot the machine and let the built-in model write
# help: make shell         boot the machine and give a shell in it
# help: make bench         figures beside those of peers; tests/bench/run NAME for some (Documentation/performance.rst)

MODEL ?= $(firstword $(wildcard models/*.gguf))
PROMPT ?= In the beginning
TOKENS ?= 64
DEVICE ?=
vm := tools/npu-vm $(if $(DEVICE),--device $(DEVICE))

.PHONY: run shell bench
run: all
	$(if $(MODEL),,$(error no model in models/: give one with MODEL=file.gguf))
	$(Q)$(vm) -- npu-run -m $(MODEL) -p '$(PROMPT)' -n $(TOKENS) --temp 0.7 --seed 5

shell: all
	$(Q)$(vm) --shell

bench: all bench-programs
	$(Q)tests/bench/run

.PHONY: bench-programs
bench-programs: $(B)/tests/ref-run $(B)/tests/tools/make-model $(filter $(B)/tests/bench/%,$(test_programs))
	$(Q)tests/bench/fetch-ggml && $(MAKE) --no-print-directory $(B)/tests/bench/ggml_peer || [ $$? = 77 ]

# ggml needs a newer C library than this machine's, which build/ggml/run starts it with.
ggml := build/ggml/usr
$(B)/tests/bench/ggml_peer: tests/bench/ggml/ggml_peer.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(cflags) -isystem $(ggml)/include -o $@ $< -L$(ggml)/lib/x86_64-linux-gnu -lggml -lggml-base \
		-Wl,--allow-shlib-undefined
