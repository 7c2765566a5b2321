// SPDX-License-Identifier: MIT
/* RMSNORM, LAYERNORM and QUANT: F32 or F16 rows of memory become I8 or F16 rows in SRAM. */
#include <errno.h>

#include "norm.h"

#define F32 4u
#define F16 2u
#define I32 4u

/* What the operator's matrices want their common input to be. */
static void choose_kinds(struct lower *l, const struct op *op, struct activation *act)
{
	const struct matrix *first = &op->w[0];

	act->outliers = first->outliers;
	act->fixed = first->input_scale;
	for (uint32_t i = 0; i < sizeof(op->w) / sizeof(op->w[0]); i++) {
		const struct matrix *w = &op->w[i];

		if (!w->tensor)
			continue;
		if (w->layout.type == NPU_TYPE_F16)
			act->f16 = true;
		else
			act->int8 = true;
		if (w->outliers != first->outliers || w->input_scale != first->input_scale)
			npu_builder_fail(l->b, -EINVAL,
					 "%s and %s share an input, but not its scale and outliers",
					 first->tensor->name, w->tensor->name);
	}
}

void activation_alloc(struct lower *l, const struct op *op,
		      const struct row_range *rows, struct activation *act)
{
	uint64_t max = rows->max;

	*act = (struct activation){
		.k = op->w[0].k, .size = tensor_element_size(op->x->type),
	};
	choose_kinds(l, op, act);
	if (act->int8) {
		act->addr = npu_builder_sram(l->b, "quantised input", max * act->k);
		act->scale = npu_builder_sram(l->b, "scales of the input", max * F32);
	}
	if (act->f16)
		act->half = npu_builder_sram(l->b, "binary16 input", max * act->k * F16);
	if (act->outliers) {
		act->outlier = npu_builder_sram(l->b, "outliers of the input",
						max * act->outliers * F16);
		act->index = npu_builder_sram(l->b, "columns of outliers",
					      (uint64_t)act->outliers * I32);
	}
	if (op->norm)
		act->norm = npu_builder_sram(l->b, "norm weights", (uint64_t)act->k * F32);
	if (op->norm_bias)
		act->norm_bias = npu_builder_sram(l->b, "norm bias", (uint64_t)act->k * F32);
}

/**
 * struct block - some rows on their way
 * @rows: how many
 * @mem: where they come from
 * @q: where to: I8 rows, @scale their scales
 * @half: binary16 rows
 * @outlier: columns of outliers, in a register
 */
struct block {
	struct npu_value rows;
	struct npu_loc mem, q, scale, half;
	uint8_t outlier;
};

/* Move the columns of outliers out of the slot, which then has zeros there. */
static void split_outliers(struct lower *l, const struct op *op,
			   const struct activation *act, const struct block *b)
{
	uint8_t at = npu_builder_reg(l->b), column = npu_builder_reg(l->b);
	uint8_t dst = npu_builder_reg(l->b);
	uint32_t ld = act->k * act->size;
	struct npu_insn_vec v = {
		.dst = npu_at(dst, 0), .type_dst = NPU_TYPE_F16,
		.ld_dst = npu_imm((uint64_t)act->outliers * F16),
		.src0 = npu_at(column, 0), .type_src0 = op->x->type,
		.ld_src0 = npu_imm(ld), .rows = b->rows, .cols = npu_imm(1),
	};

	npu_build_loop(l->b, at, NPU_R_ZERO, npu_imm(act->outliers), npu_imm(1));
	npu_build_alu(l->b, NPU_ALU_MUL, column, at, NPU_R_ZERO, I32);
	npu_build_sload(l->b, column, npu_at(column, act->index), npu_order(0, 0));
	npu_build_lea(l->b, column, &(struct npu_affine){
		.base = l->in.addr, .term = { { npu_reg(column), npu_imm(act->size) } },
	});
	npu_build_lea(l->b, dst, &(struct npu_affine){
		.base = b->outlier, .term = { { npu_reg(at), npu_imm(F16) } },
	});
	npu_build_unary(l->b, NPU_UNARY_COPY, &v, npu_order(0, 0));
	npu_build_fill(l->b, &(struct npu_insn_vec){
		.dst = npu_at(column, 0), .type_dst = op->x->type, .ld_dst = npu_imm(ld),
		.rows = b->rows, .cols = npu_imm(1),
	}, 0, npu_order(0, 0));
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, at);
	npu_builder_reg_free(l->b, column);
	npu_builder_reg_free(l->b, dst);
}

/* I8 rows out of the slot, with scales of their own or one that is fixed. */
static void quantize_block(struct lower *l, const struct op *op,
			   const struct activation *act, const struct block *b,
			   uint32_t signal)
{
	struct npu_insn_vec v = {
		.dst = b->q, .type_dst = NPU_TYPE_I8, .ld_dst = npu_imm(act->k),
		.src0 = npu_at(l->in.addr, 0), .type_src0 = op->x->type,
		.ld_src0 = npu_imm((uint64_t)act->k * act->size),
		.aux0 = b->scale, .rows = b->rows, .cols = npu_imm(act->k),
	};

	if (act->fixed == 0) {
		npu_build_quant(l->b, &v, npu_order(0, signal));
		return;
	}
	npu_build_fill(l->b, &(struct npu_insn_vec){
		.dst = b->scale, .type_dst = NPU_TYPE_F32, .ld_dst = npu_imm(F32),
		.rows = b->rows, .cols = npu_imm(1),
	}, act->fixed, npu_order(0, 0));
	npu_build_quant_fixed(l->b, &v, 1 / act->fixed, npu_order(0, signal));
}

/* Make of the rows in the slot what the matrix engine takes. */
static void convert_block(struct lower *l, const struct op *op,
			  const struct activation *act, const struct block *b)
{
	uint32_t free = NPU_TOKEN(l->in.free);

	if (act->f16)
		npu_build_unary(l->b, NPU_UNARY_COPY, &(struct npu_insn_vec){
			.dst = b->half, .type_dst = NPU_TYPE_F16,
			.ld_dst = npu_imm((uint64_t)act->k * F16),
			.src0 = npu_at(l->in.addr, 0), .type_src0 = op->x->type,
			.ld_src0 = npu_imm((uint64_t)act->k * act->size),
			.rows = b->rows, .cols = npu_imm(act->k),
		}, npu_order(0, act->int8 ? 0 : free));
	if (act->outliers)
		split_outliers(l, op, act, b);
	if (act->int8)
		quantize_block(l, op, act, b, free);
	lower_turn(l, &l->in);
}

/* One block of rows: load to the slot, normalise there, convert from there. */
static void load_block(struct lower *l, const struct op *op,
		       const struct activation *act, const struct block *b)
{
	uint32_t full = NPU_TOKEN(l->full), ld = act->k * act->size;
	uint8_t type = op->x->type;
	struct npu_loc slot = npu_at(l->in.addr, 0);
	struct npu_insn_vec v = {
		.dst = slot, .type_dst = type, .ld_dst = npu_imm(ld),
		.src0 = slot, .type_src0 = type, .ld_src0 = npu_imm(ld),
		.src1 = npu_at(0, act->norm), .type_src1 = NPU_TYPE_F32,
		.bcast1 = NPU_BCAST_ROW,
		.src2 = npu_at(0, act->norm_bias), .type_src2 = NPU_TYPE_F32,
		.bcast2 = NPU_BCAST_ROW,
		.rows = b->rows, .cols = npu_imm(act->k),
	};

	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = slot, .mem = b->mem, .row = npu_imm(ld), .rows = b->rows,
		.mem_stride = npu_imm(ld), .sram_stride = npu_imm(ld),
	}, npu_order(NPU_TOKEN(l->in.free), full));
	if (!op->norm)
		npu_build_nop(l->b, NPU_ENGINE_VEC, npu_order(full, 0));
	else if (op->norm_kind == NORM_LAYER)
		npu_build_layernorm(l->b, &v, op->eps, npu_order(full, 0));
	else
		npu_build_rmsnorm(l->b, &v, op->eps, npu_order(full, 0));
	convert_block(l, op, act, b);
}

static void load_blocks(struct lower *l, const struct op *op,
			const struct row_range *rows, const struct activation *act,
			uint32_t block)
{
	uint8_t at = npu_builder_reg(l->b), n = npu_builder_reg(l->b);
	uint8_t t = npu_builder_reg(l->b), q = npu_builder_reg(l->b);
	uint8_t scale = npu_builder_reg(l->b), half = npu_builder_reg(l->b);
	uint8_t outlier = npu_builder_reg(l->b);
	uint64_t ld = (uint64_t)act->k * act->size;

	lower_div_up(l, n, rows->count, block);
	npu_build_loop(l->b, at, NPU_R_ZERO, npu_reg(n), npu_imm(block));
	if (rows->count.reg) {
		lower_clip(l, n, rows->count.reg, at, block);
	} else {
		npu_build_set(l->b, t, rows->count.imm);
		lower_clip(l, n, t, at, block);
	}
	npu_build_alu(l->b, NPU_ALU_ADD, t, at, rows->first, 0);
	lower_mem(l, t, op->x->va, t, ld);
	lower_mem(l, q, act->addr, at, act->k);
	lower_mem(l, scale, act->scale, at, F32);
	lower_mem(l, half, act->half, at, (uint64_t)act->k * F16);
	lower_mem(l, outlier, act->outlier, at, (uint64_t)act->outliers * F16);
	load_block(l, op, act, &(struct block){
		.rows = npu_reg(n), .mem = npu_at(t, 0), .q = npu_at(q, 0),
		.scale = npu_at(scale, 0), .half = npu_at(half, 0), .outlier = outlier,
	});
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, at);
	npu_builder_reg_free(l->b, n);
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, q);
	npu_builder_reg_free(l->b, scale);
	npu_builder_reg_free(l->b, half);
	npu_builder_reg_free(l->b, outlier);
}

static void load_all(struct lower *l, const struct op *op, const struct row_range *rows,
		     const struct activation *act)
{
	uint8_t t = npu_builder_reg(l->b), outlier = npu_builder_reg(l->b);

	lower_mem(l, t, op->x->va, rows->first, (uint64_t)act->k * act->size);
	if (act->outliers)
		npu_build_set(l->b, outlier, act->outlier);
	load_block(l, op, act, &(struct block){
		.rows = rows->count, .mem = npu_at(t, 0), .q = npu_at(0, act->addr),
		.scale = npu_at(0, act->scale), .half = npu_at(0, act->half),
		.outlier = outlier,
	});
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, outlier);
}

/* The columns of outliers, where the command processor can read them. */
static void load_index(struct lower *l, const struct op *op, const struct activation *act)
{
	uint8_t t = npu_builder_reg(l->b);

	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(0, act->index),
		.mem = lower_mem(l, t, op->w[0].outlier_index->va, NPU_R_ZERO, 0),
		.row = npu_imm((uint64_t)act->outliers * I32),
	}, npu_order(0, NPU_TOKEN(l->full)));
	npu_build_nop(l->b, NPU_ENGINE_CP, npu_order(NPU_TOKEN(l->full), 0));
	npu_builder_reg_free(l->b, t);
}

/* A vector of the norm, if there is one. */
static void load_weights(struct lower *l, const struct tensor *v, uint32_t to)
{
	uint8_t t;

	if (!v)
		return;
	t = npu_builder_reg(l->b);
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(0, to), .mem = lower_mem(l, t, v->va, NPU_R_ZERO, 0),
		.row = npu_imm(v->dims[0] * F32),
	}, npu_order(0, 0));
	npu_builder_reg_free(l->b, t);
}

void activation_load(struct lower *l, const struct op *op,
		     const struct row_range *rows, const struct activation *act,
		     uint32_t block)
{
	load_weights(l, op->norm, act->norm);
	load_weights(l, op->norm_bias, act->norm_bias);
	if (act->outliers)
		load_index(l, op, act);
	if (block < rows->max)
		load_blocks(l, op, rows, act, block);
	else
		load_all(l, op, rows, act);
	lower_edge(l, l->vec_mat, NPU_ENGINE_VEC, NPU_ENGINE_MAT);
}
