// SPDX-License-Identifier: MIT
/* Sums over devices: each leaves its part where the others read it. */
#include <stdio.h>

#include <hw/npu_isa.h>

#include "translate.h"

/* All values that are exchanged have one shape, that of the residual stream. */
const struct tensor *translate_partial(struct translation *t, struct npu_tensor *v)
{
	const struct tensor **partial = t->partial[t->exchanges++ % 2];
	const struct node *n = v->exchange;
	char name[NPU_JOB_NAME_LEN];

	for (uint32_t i = 0; i < n->devices && !partial[i]; i++) {
		snprintf(name, sizeof(name), "part %u of device %u", t->exchanges - 1, i);
		partial[i] = translate_tensor(t, MEM_SHARED, 0, NPU_TYPE_F32, &v->shape, name);
	}
	return partial[n->first];
}

/* What is added by one operator: as many parts as it has room for. */
static uint32_t add_parts(struct op *op, const struct tensor *const *parts, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n && op->map.n_operands < MAP_OPERANDS; i++) {
		op->map.step[op->map.n_steps++] = (struct map_step){
			.kind = MAP_BINARY, .fn = NPU_BINARY_ADD,
			.operand = op->map.n_operands,
		};
		op->map.operand[op->map.n_operands++] = parts[i];
	}
	return i;
}

void translate_all_reduce(struct translation *t, struct node *n)
{
	const struct tensor *const *partial = t->partial[(t->exchanges - 1) % 2];
	const struct tensor *sum = translate_value(t, n->in[1]);
	const struct tensor *y = translate_result(t, n->out[0], NPU_TYPE_F32);

	for (uint32_t i = 0; i < n->devices;) {
		struct op *op = translate_op(t, OP_MAP, n, &n->out[0]->shape);

		if (!op)
			return;
		translate_vectors(op, &n->out[0]->shape, 1);
		op->exchange = !i;
		op->map.operand[0] = sum;
		op->map.n_operands = 1;
		op->y[0] = y;
		i += add_parts(op, partial + i, n->devices - i);
		sum = y;
	}
}
