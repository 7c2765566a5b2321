// SPDX-License-Identifier: MIT
/*
 * Linear layers: y = act(norm(x) * W + bias), with the residual added before the
 * activation where there is one, and the pair of them under SwiGLU (Shazeer, 2020).
 */
#include "tile.h"

#define F32 4u
#define F16 2u

/* Operators on the last rows have nothing to do when none are asked for. */
static struct share share_of_op(struct lower *l, const struct op *op,
				const struct row_range *rows)
{
	struct share share = lower_share(l, op->w[0].units);
	uint8_t count;

	if ((op->rows != ROWS_LOGITS && op->rows != ROWS_LAST) || !rows->count.reg)
		return share;
	count = npu_builder_reg(l->b);
	lower_min(l, count, rows->count.reg, 1);
	npu_build_alu(l->b, NPU_ALU_MUL, count, count, share.count, 0);
	share.count = count;
	return share;
}

static void release_share(struct lower *l, const struct op *op,
			  const struct row_range *rows, const struct share *share)
{
	if ((op->rows == ROWS_LOGITS || op->rows == ROWS_LAST) && rows->count.reg)
		npu_builder_reg_free(l->b, share->count);
}

/**
 * struct wide - a tensor with the matrix's columns, and perhaps others
 * @tensor: tensor
 * @col: the first that is the matrix's
 * @ld: all of its columns
 */
struct wide {
	const struct tensor *tensor;
	uint64_t col, ld;
};

/* A tile at @offset in its slot, and its columns of a tensor. */
static struct npu_insn_dma tile_in_memory(struct lower *l, const struct product *p,
					  const struct wide *wide, uint64_t offset,
					  uint8_t addr, uint8_t row)
{
	uint32_t size = tensor_element_size(wide->tensor->type);

	npu_build_alu(l->b, NPU_ALU_MUL, row, p->tile->cols, NPU_R_ZERO, size);
	return (struct npu_insn_dma){
		.sram = npu_at(l->out.addr, offset),
		.sram_stride = npu_imm(p->ldc / F32 * size),
		.mem = lower_mem(l, addr, wide->tensor->va + wide->col * size, p->tile->at,
				 p->w->unit_cols * size),
		.mem_stride = npu_imm(wide->ld * size),
		.row = npu_reg(row), .rows = p->rows->count,
	};
}

static void load_residual(struct lower *l, const struct op *op, const struct product *p)
{
	const struct wide res = { .tensor = op->res, .ld = p->w->n };
	uint8_t addr = npu_builder_reg(l->b), row = npu_builder_reg(l->b);
	struct npu_insn_dma dma = tile_in_memory(l, p, &res, 0, addr, row);

	npu_build_load(l->b, &dma, npu_order(NPU_TOKEN(l->out.free), NPU_TOKEN(l->ld_mat)));
	npu_builder_reg_free(l->b, addr);
	npu_builder_reg_free(l->b, row);
}

static void store_tile(struct lower *l, const struct op *op, const struct product *p,
		       uint64_t offset, uint8_t edge)
{
	const struct wide y = {
		.tensor = op->y[0], .col = op->y_col, .ld = op->y_ld ? op->y_ld : p->w->n,
	};
	uint8_t addr = npu_builder_reg(l->b), row = npu_builder_reg(l->b);
	struct npu_insn_dma dma = tile_in_memory(l, p, &y, offset, addr, row);

	npu_build_store(l->b, &dma, npu_order(NPU_TOKEN(edge), NPU_TOKEN(l->out.free)));
	npu_builder_reg_free(l->b, addr);
	npu_builder_reg_free(l->b, row);
}

static void linear_tile(struct lower *l, const struct op *op, struct product *p)
{
	uint32_t wait = NPU_TOKEN(op->res ? l->ld_mat : l->out.free);

	if (op->res)
		load_residual(l, op, p);
	wait = product_bias(l, p, op->bias[0], (uint64_t)p->rows->max * p->ldc, wait);
	p->accum = op->res;
	p->fn = op->act;
	p->order = npu_order(wait, NPU_TOKEN(l->mat_st));
	tile_product(l, p);
	store_tile(l, op, p, 0, l->mat_st);
}

/* Gate and up, in F32, and act(gate) * up, in F16, one behind the other in a slot. */
static void swiglu_tile(struct lower *l, const struct op *op, struct product *p)
{
	uint64_t size = (uint64_t)p->rows->max * p->ldc;
	struct npu_loc gate = npu_at(l->out.addr, 0);
	struct npu_loc up = npu_at(l->out.addr, size);
	uint64_t biases = 2 * size + size / F32 * F16;
	uint64_t second = biases + (op->bias[0] ? p->ldc : 0);
	struct product q = *p;

	p->order = npu_order(product_bias(l, p, op->bias[0], biases,
					  NPU_TOKEN(l->out.free)), 0);
	tile_product(l, p);
	q.w = &op->w[1];
	q.c = up;
	q.order = npu_order(product_bias(l, &q, op->bias[1], second, 0),
			    NPU_TOKEN(l->mat_vec));
	tile_product(l, &q);
	npu_build_unary_gate(l->b, op->act, &(struct npu_insn_vec){
		.dst = npu_at(l->out.addr, 2 * size), .type_dst = NPU_TYPE_F16,
		.ld_dst = npu_imm(p->ldc / F32 * F16),
		.src0 = gate, .type_src0 = NPU_TYPE_F32, .ld_src0 = npu_imm(p->ldc),
		.src1 = up, .type_src1 = NPU_TYPE_F32, .ld_src1 = npu_imm(p->ldc),
		.rows = p->rows->count, .cols = npu_reg(p->tile->cols),
	}, npu_order(NPU_TOKEN(l->mat_vec), NPU_TOKEN(l->vec_st)));
	store_tile(l, op, p, 2 * size, l->vec_st);
}

static void lower_products(struct lower *l, const struct op *op, uint32_t out_row,
			   void (*one)(struct lower *l, const struct op *op,
				       struct product *p))
{
	struct row_range rows = lower_op_rows(l, op);
	struct activation act;
	struct tiling tiling;
	struct tile tile;
	struct product p = {
		.act = &act, .w = &op->w[0], .rows = &rows, .tiling = &tiling,
		.tile = &tile, .type_c = NPU_TYPE_F32,
	};
	struct share share = share_of_op(l, op, &rows);

	activation_alloc(l, op, &rows, &act);
	tiling_choose(l, op, &rows, out_row, &tiling);
	activation_load(l, op, &rows, &act, tiling.block);
	tile_loop(l, &op->w[0], &share, &tiling, &tile);
	p.ldc = tiling.units * op->w[0].unit_cols * F32;
	p.c = npu_at(l->out.addr, 0);
	one(l, op, &p);
	lower_turn(l, &l->out);
	tile_endloop(l, &tile);
	release_share(l, op, &rows, &share);
}

void lower_linear(struct lower *l, const struct op *op)
{
	lower_products(l, op, F32, linear_tile);
}

void lower_swiglu(struct lower *l, const struct op *op)
{
	lower_products(l, op, 2 * F32 + F16, swiglu_tile);
}
