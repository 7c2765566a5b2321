// SPDX-License-Identifier: MIT
/* Chains of elementwise nodes as the steps of one operator. */
#include <hw/npu_isa.h>

#include "fuse.h"
#include "translate.h"

/* Whether an operand is shorter than the value: the same for all vectors. */
static bool is_broadcast(const struct node *n, const struct npu_tensor *v)
{
	return v->shape.n_dims < n->out[0]->shape.n_dims;
}

static uint8_t add_operand(struct translation *t, struct map *map, const struct node *n,
			   struct npu_tensor *v)
{
	map->operand[map->n_operands] = translate_value(t, v);
	map->vector[map->n_operands] = is_broadcast(n, v);
	return map->n_operands++;
}

static uint8_t binary_of(const struct node *n)
{
	switch (n->kind) {
	case NODE_ADD:
		return NPU_BINARY_ADD;
	case NODE_SUB:
		return NPU_BINARY_SUB;
	default:
		return NPU_BINARY_MUL;
	}
}

/* The step of a node whose operand @v is the value so far. */
static void add_step(struct translation *t, struct map *map, const struct node *n,
		     const struct npu_tensor *v)
{
	struct map_step *s = &map->step[map->n_steps++];
	bool swapped;

	switch (n->kind) {
	case NODE_ACT:
		*s = (struct map_step){ .kind = MAP_UNARY, .fn = node_unary(n->act) };
		return;
	case NODE_SCALE:
		*s = (struct map_step){ .kind = MAP_AFFINE, .a = n->a, .b = n->b };
		return;
	default:
		swapped = n->in[0] != v;
		*s = (struct map_step){
			.kind = swapped ? MAP_SWAPPED : MAP_BINARY, .fn = binary_of(n),
			.operand = add_operand(t, map, n, n->in[!swapped]),
		};
	}
}

/* Elements of the vector that operands share; 1: none do, all is one row. */
static uint64_t vector_length(const struct translation *t, const struct node *first,
			      const struct node *last)
{
	uint64_t length = 1;

	(void)t;
	for (const struct node *n = first; ; n = fuse_next(n)) {
		for (uint32_t i = 0; i < n->n_in; i++)
			if (is_broadcast(n, n->in[i])) {
				uint64_t inner = shape_inner(&n->in[i]->shape);

				length = inner > length ? inner : length;
			}
		if (n == last)
			return length;
	}
}

void translate_map(struct translation *t, struct node *n)
{
	const struct npu_shape *shape = &n->out[0]->shape;
	struct op *op = translate_op(t, OP_MAP, n, shape);
	struct node *first = n->part[0];
	const struct npu_tensor *v = first->in[0];

	if (!op)
		return;
	add_operand(t, &op->map, first, first->in[0]);
	for (const struct node *at = first; ; at = fuse_next(at)) {
		add_step(t, &op->map, at, v);
		v = at->out[0];
		if (at == n)
			break;
	}
	translate_vectors(op, shape, vector_length(t, first, n));
	op->y[0] = translate_result(t, n->out[0], NPU_TYPE_F32);
}
