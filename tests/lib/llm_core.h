/* SPDX-License-Identifier: MIT */
/* A language model on the device core, within a test. */
#ifndef NPU_TESTS_LLM_CORE_H
#define NPU_TESTS_LLM_CORE_H

#include <npu/gguf.h>
#include <npu/llm.h>

#include "npu_core.h"

/**
 * llm_core_open() - compile a model and load it into a device core
 * @gguf: open file
 * @config: the device; cores and sram_size must be given
 * @cores: cores that jobs run on; 0: all
 * @chunk: most tokens of a prefill run; 0: the compiler's choice
 *
 * Return: the model; ends the test program on failure.
 */
struct npu_llm *llm_core_open(const struct npu_gguf *gguf,
			      const struct npu_core_config *config, uint32_t cores,
			      uint32_t chunk);

/** llm_core_sequence() - an empty sequence; ends the test program on failure */
struct npu_sequence *llm_core_sequence(struct npu_llm *llm);

#endif /* NPU_TESTS_LLM_CORE_H */
