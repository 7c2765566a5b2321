// SPDX-License-Identifier: MIT
/* Windows of columns from one tensor to another: slices, concatenation, last rows. */
#include "walk.h"

/* R = the first vector of @x: of the last rows, or at the run's position. */
static uint8_t first_vector(struct lower *l, const struct op *op, const struct row_range *rows)
{
	uint8_t reg = op->at_positions ? l->pos : rows->first, t;

	if (reg == NPU_R_ZERO)
		return reg;
	t = npu_builder_reg(l->b);
	npu_build_alu(l->b, NPU_ALU_MUL, t, reg, NPU_R_ZERO, op->vectors);
	return t;
}

void lower_copy(struct lower *l, const struct op *op)
{
	uint32_t from_size = tensor_element_size(op->x->type);
	uint32_t to_size = tensor_element_size(op->y[0]->type);
	bool convert = op->x->type != op->y[0]->type;
	struct walk_need need = {
		.name = "ring of elements", .grain = 1, .regions = 1 + convert,
		.elem = from_size + (convert ? to_size : 0),
	};
	struct walk_window from = { .tensor = op->x, .col = op->x_col, .ld = op->x_ld };
	struct walk_window to = { .tensor = op->y[0], .col = op->y_col, .ld = op->y_ld };
	uint32_t in, out, ready = NPU_TOKEN(l->full);
	struct npu_insn_vec v;
	struct walk w;

	if (op->at_positions && l->batch) {
		/* rows of a batch are found one by one, as tokens are */
		struct op by_index = *op;

		by_index.index = l->kv->places;
		lower_embed(l, &by_index);
		return;
	}
	walk_choose(l, op, &need, &w);
	in = walk_region(&w, from_size);
	out = convert ? walk_region(&w, to_size) : in;
	from.first = first_vector(l, op, &w.rows);
	walk_begin(l, &w);
	walk_load(l, &w, &from, in, npu_order(NPU_TOKEN(l->in.free), NPU_TOKEN(l->full)));
	if (convert) {
		v = walk_vec(&w);
		v.src0 = walk_slot(l, in);
		v.type_src0 = op->x->type;
		v.ld_src0 = walk_ld(&w, from_size);
		v.dst = walk_slot(l, out);
		v.type_dst = op->y[0]->type;
		v.ld_dst = walk_ld(&w, to_size);
		npu_build_unary(l->b, NPU_UNARY_COPY, &v,
				npu_order(ready, NPU_TOKEN(l->vec_st)));
		ready = NPU_TOKEN(l->vec_st);
	}
	walk_store(l, &w, &to, out, npu_order(ready, NPU_TOKEN(l->in.free)));
	walk_end(l, &w);
	npu_builder_reg_free(l->b, from.first);
}
