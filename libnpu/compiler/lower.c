// SPDX-License-Identifier: MIT
/* A program of a graph: its start, then a phase for each operator. */
#include <errno.h>
#include <stdlib.h>

#include "lower.h"

#define RING_SLOTS 2

static void take_tokens(struct lower *l)
{
	uint8_t *const counters[] = {
		&l->in.free, &l->out.free, &l->full, &l->ld_mat, &l->mat_vec,
		&l->mat_acc, &l->vec_mat, &l->mat_st, &l->vec_st, &l->st_ld,
		&l->vec_cp, &l->cp_st, &l->ld_cp, &l->ld_vec, &l->wide.free,
	};

	for (unsigned int i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		*counters[i] = npu_builder_token(l->b);
	l->in.addr = npu_builder_reg(l->b);
	l->out.addr = npu_builder_reg(l->b);
	l->wide.addr = npu_builder_reg(l->b);
	for (int i = 0; i < RING_SLOTS; i++)
		npu_build_nop(l->b, NPU_ENGINE_CP,
			      npu_order(0, NPU_TOKEN(l->in.free) | NPU_TOKEN(l->out.free) |
					   NPU_TOKEN(l->wide.free)));
}

/* Fault with @code unless 0 <= R[@reg] <= @most. */
static void trap_outside(struct lower *l, uint8_t reg, struct npu_value most,
			 uint32_t code)
{
	uint8_t t = npu_builder_reg(l->b), u = npu_builder_reg(l->b);

	npu_build_alu(l->b, NPU_ALU_LT, t, reg, NPU_R_ZERO, 0);
	npu_build_trap(l->b, t, code);
	if (most.reg)
		npu_build_alu(l->b, NPU_ALU_ADD, u, most.reg, NPU_R_ZERO, 0);
	else
		npu_build_set(l->b, u, most.imm);
	npu_build_alu(l->b, NPU_ALU_LT, t, u, reg, 0);
	npu_build_trap(l->b, t, code);
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, u);
}

uint32_t lower_num_args(const struct lower_spec *spec)
{
	if (spec->batch)
		return 1;
	return spec->single ? 2 : 4;
}

/* R[@slot], a number, becomes an address. */
static void take_slot(struct lower *l, uint8_t slot)
{
	uint32_t slots = l->kv->slots ? l->kv->slots : 1;

	trap_outside(l, slot, npu_imm(slots - 1), NPU_TRAP_SLOT);
	l->slot = npu_builder_reg(l->b);
	npu_build_alu(l->b, NPU_ALU_ADD, l->slot, slot, NPU_R_ZERO, 0);
	if (l->kv->tensor)
		lower_slot(l, l->slot);
}

/* The places of a batch are in memory. */
static void check_places(struct lower *l, const struct lower_spec *spec)
{
	uint8_t row = npu_builder_reg(l->b), pos = npu_builder_reg(l->b);
	uint8_t slot = npu_builder_reg(l->b);
	struct places places;

	l->rows = npu_reg(NPU_R_ARG(0));
	l->logits = l->rows;
	l->logits_first = NPU_R_ZERO;
	trap_outside(l, l->rows.reg, npu_imm(spec->max_rows), NPU_TRAP_TOKENS);
	if (l->kv->tensor) {
		places = lower_places(l);
		npu_build_loop(l->b, row, NPU_R_ZERO, l->rows, npu_imm(1));
		lower_place(l, &places, row, pos, slot);
		trap_outside(l, pos, npu_imm(spec->context - 1), NPU_TRAP_POSITION);
		trap_outside(l, slot, npu_imm(l->kv->slots - 1), NPU_TRAP_SLOT);
		npu_build_endloop(l->b);
	}
	npu_builder_reg_free(l->b, row);
	npu_builder_reg_free(l->b, pos);
	npu_builder_reg_free(l->b, slot);
}

/* Arguments, and the traps on what they must not be. */
static void check_args(struct lower *l, const struct lower_spec *spec)
{
	uint8_t end = npu_builder_reg(l->b);

	l->pos = NPU_R_ARG(0);
	trap_outside(l, l->pos, npu_imm(spec->context), NPU_TRAP_POSITION);
	take_slot(l, NPU_R_ARG(lower_num_args(spec) - 1));
	if (spec->single) {
		l->rows = npu_imm(1);
		l->logits = npu_imm(1);
		l->logits_first = NPU_R_ZERO;
	} else {
		l->rows = npu_reg(NPU_R_ARG(1));
		l->logits = npu_reg(NPU_R_ARG(2));
		l->logits_first = npu_builder_reg(l->b);
		trap_outside(l, l->rows.reg, npu_imm(spec->max_rows), NPU_TRAP_TOKENS);
		trap_outside(l, l->logits.reg, l->rows, NPU_TRAP_LOGITS);
		npu_build_alu(l->b, NPU_ALU_SUB, l->logits_first, l->rows.reg,
			      l->logits.reg, 0);
	}
	npu_build_alu(l->b, NPU_ALU_ADD, end, l->pos, l->rows.reg, l->rows.imm);
	trap_outside(l, end, npu_imm(spec->context), NPU_TRAP_POSITION);
	npu_builder_reg_free(l->b, end);
}

static void lower_op(struct lower *l, const struct op *op)
{
	switch (op->kind) {
	case OP_EMBED:
		lower_embed(l, op);
		break;
	case OP_LINEAR:
		lower_linear(l, op);
		break;
	case OP_QKV:
		lower_qkv(l, op);
		break;
	case OP_SWIGLU:
		lower_swiglu(l, op);
		break;
	case OP_ATTENTION:
		lower_attention(l, op);
		break;
	case OP_ARGMAX:
		lower_argmax(l, op);
		break;
	case OP_MAP:
		lower_map(l, op);
		break;
	case OP_NORM:
		lower_norm(l, op);
		break;
	case OP_SOFTMAX:
		lower_softmax(l, op);
		break;
	case OP_ROPE:
		lower_rope(l, op);
		break;
	case OP_COPY:
		lower_copy(l, op);
		break;
	case OP_TRANSPOSE:
		lower_transpose(l, op);
		break;
	case OP_TOPK:
		lower_topk(l, op);
		break;
	}
}

/*
 * The barrier drains the engines: the next phase finds all SRAM free. Where
 * nothing is live a job may leave its cores to another.
 */
static void lower_ops(struct lower *l, const struct graph *g, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end && !npu_builder_error(l->b); i++) {
		npu_builder_tag(l->b, i + 1, g->ops[i].name);
		npu_builder_sram_reset(l->b);
		lower_op(l, &g->ops[i]);
		lower_release(l);
		if (i + 1 == end)
			break;
		npu_build_barrier(l->b);
		if (l->target->features & NPU_FEAT_YIELD)
			npu_build_yield(l->b);
	}
}

static int check_size(const struct npu_target *target, uint32_t size,
		      struct npu_error *err)
{
	if (!target->program_max || size <= target->program_max)
		return 0;
	return npu_error_set(err, -E2BIG,
			     "the program has %u bytes, the device takes %u: the model has too many layers",
			     size, target->program_max);
}

int lower_range(const struct graph *g, const struct npu_target *target,
		const struct lower_spec *spec, uint32_t first, uint32_t end,
		void **data, uint32_t *size, struct npu_error *err)
{
	struct lower l = {
		.target = target, .max_rows = spec->max_rows, .stream = spec->stream,
		.batch = spec->batch, .kv = &g->kv,
	};
	int ret;

	ret = npu_builder_create(lower_num_args(spec), target->sram_size, &l.b, err);
	if (ret)
		return ret;
	npu_builder_tag(l.b, 0, "start");
	take_tokens(&l);
	if (spec->batch)
		check_places(&l, spec);
	else
		check_args(&l, spec);
	lower_ops(&l, g, first, end);
	ret = npu_builder_finish(l.b, data, size, err);
	npu_builder_destroy(l.b);
	if (ret)
		return ret;
	ret = check_size(target, *size, err);
	if (ret) {
		free(*data);
		*data = NULL;
	}
	return ret;
}
