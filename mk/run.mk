# SPDX-License-Identifier: MIT
# help: make run           boot the machine and let the built-in model write
# help: make shell         boot the machine and give a shell in it
# help: make bench         figures: latency, matrix multiply, tokens a second

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

bench: all $(B)/tests/ref-run $(filter $(B)/tests/bench/%,$(test_programs))
	$(Q)tests/bench/run
