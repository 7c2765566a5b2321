// SPDX-License-Identifier: MIT
/* Causes of interrupts: set, masked, cleared; a message when one appears. */
#include "device.h"

static uint32_t vector_of(const struct npu_core *npu, unsigned int cause)
{
	if (cause >= 16)
		return npu->queues[cause - 16].vector;
	return npu->irq.vector;
}

/* Causes that go from 0 to 1 in STATUS & ENABLE, as the vectors they name. */
static uint32_t vectors_of(const struct npu_core *npu, uint32_t causes)
{
	uint32_t vectors = 0;

	for (; causes; causes &= causes - 1) {
		uint32_t vector = vector_of(npu, (unsigned int)__builtin_ctz(causes));

		if (vector < NPU_MAX_VECTORS)
			vectors |= 1u << vector;
	}
	return vectors;
}

uint32_t npu_irq_set(struct npu_core *npu, uint32_t causes)
{
	uint32_t fresh = causes & ~npu->irq.status;

	npu->irq.status |= causes;
	return vectors_of(npu, fresh & npu->irq.enable);
}

void npu_irq_clear(struct npu_core *npu, uint32_t causes)
{
	npu->irq.status &= ~causes;
}

uint32_t npu_irq_enable(struct npu_core *npu, uint32_t causes)
{
	uint32_t known = NPU_IRQ_EVENT | NPU_IRQ_FATAL | NPU_IRQ_TLB, fresh;

	for (unsigned int q = 0; q < npu->num_queues; q++)
		known |= NPU_IRQ_QUEUE(q);
	fresh = causes & known & ~npu->irq.enable;
	npu->irq.enable |= fresh;
	return vectors_of(npu, fresh & npu->irq.status);
}

void npu_irq_raise(struct npu_core *npu, uint32_t vectors)
{
	for (; vectors; vectors &= vectors - 1)
		npu->ops->raise(npu->opaque, (unsigned int)__builtin_ctz(vectors));
}
