/* SPDX-License-Identifier: MIT */
/* Faults on demand, for whoever has to recover from them: hardware.rst, "Injected faults". */
#ifndef NPU_CORE_INJECT_H
#define NPU_CORE_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/npu_regs.h"

struct npu_core;

/**
 * struct npu_inject - what is to go wrong
 * @allowed: the owner allows it, so the register counts
 * @countdown: by enum npu_inject_kind: occasions until it happens; zero: not
 */
struct npu_inject {
	bool allowed;
	uint32_t countdown[NPU_INJECT_KINDS];
};

/* An occasion for @kind: whether it happens now; lock held. */
bool npu_inject_now(struct npu_core *npu, enum npu_inject_kind kind);
/* NPU_REG_INJECT; lock held. */
uint32_t npu_inject_read(const struct npu_core *npu);
void npu_inject_write(struct npu_core *npu, uint32_t value);

#endif /* NPU_CORE_INJECT_H */
