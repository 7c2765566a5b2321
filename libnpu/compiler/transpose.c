// SPDX-License-Identifier: MIT
/* Transposition of matrices in square tiles, which the cores share. */
#include "lower.h"

#define F32 4u
#define MAX_SIDE 64u	/* of a tile */
#define MIN_SIDE 8u

/**
 * struct tiles - the loop over tiles
 * @rows: of a matrix, @cols its columns
 * @side: most rows and columns of a tile
 * @down: tiles from top to bottom, @across from left to right
 * @in: region of a slot as in memory; @value F32; @out transposed
 * @unit: register, tile; and as the following:
 * @matrix: index of the matrix
 * @i: first row of the tile, @h its rows
 * @j: first column, @w its columns
 */
struct tiles {
	uint64_t rows, cols;
	uint32_t side, down, across;
	uint32_t in, value, out;
	uint8_t unit, matrix, i, h, j, w, t[2];
};

static void choose_tiles(struct lower *l, const struct op *op, struct tiles *s)
{
	uint32_t size = tensor_element_size(op->x->type);
	uint32_t elem = 2 * F32 + (size == F32 ? 0 : size);

	s->rows = op->k;
	s->cols = op->cols / op->k;
	s->side = MAX_SIDE;
	while (s->side > MIN_SIDE && 2 * s->side * s->side * elem > npu_builder_sram_left(l->b))
		s->side /= 2;
	s->down = (s->rows + s->side - 1) / s->side;
	s->across = (s->cols + s->side - 1) / s->side;
	s->value = size == F32 ? 0 : s->side * s->side * size;
	s->out = s->value + s->side * s->side * F32;
	lower_ring(l, &l->in, "ring of tiles", (uint64_t)s->side * s->side * elem);
}

/* Which tile of which matrix the unit is. */
static void find_tile(struct lower *l, const struct tiles *s)
{
	struct npu_builder *b = l->b;

	npu_build_alu(b, NPU_ALU_DIV, s->matrix, s->unit, NPU_R_ZERO,
		      (uint64_t)s->down * s->across);
	npu_build_alu(b, NPU_ALU_MOD, s->t[0], s->unit, NPU_R_ZERO,
		      (uint64_t)s->down * s->across);
	npu_build_alu(b, NPU_ALU_DIV, s->i, s->t[0], NPU_R_ZERO, s->across);
	npu_build_alu(b, NPU_ALU_MUL, s->i, s->i, NPU_R_ZERO, s->side);
	npu_build_alu(b, NPU_ALU_MOD, s->j, s->t[0], NPU_R_ZERO, s->across);
	npu_build_alu(b, NPU_ALU_MUL, s->j, s->j, NPU_R_ZERO, s->side);
	npu_build_set(b, s->t[0], s->rows);
	lower_clip(l, s->h, s->t[0], s->i, s->side);
	npu_build_set(b, s->t[0], s->cols);
	lower_clip(l, s->w, s->t[0], s->j, s->side);
}

/* Rows of @ld columns at (R[@row], R[@col]), R[@n] columns each. */
static struct npu_insn_dma tile_dma(struct lower *l, const struct tiles *s,
				    const struct tensor *tensor, uint8_t row, uint8_t col,
				    uint64_t ld, uint8_t n, uint32_t region)
{
	uint32_t size = tensor_element_size(tensor->type);

	npu_build_alu(l->b, NPU_ALU_MUL, s->t[1], n, NPU_R_ZERO, size);
	npu_build_lea(l->b, s->t[0], &(struct npu_affine){
		.imm = tensor->va,
		.term = { { npu_reg(s->matrix), npu_imm(s->rows * s->cols * size) },
			  { npu_reg(row), npu_imm(ld * size) },
			  { npu_reg(col), npu_imm(size) } },
	});
	return (struct npu_insn_dma){
		.sram = npu_at(l->in.addr, region), .sram_stride = npu_imm(s->side * size),
		.mem = npu_at(s->t[0], 0), .mem_stride = npu_imm(ld * size),
		.row = npu_reg(s->t[1]),
	};
}

static void one_tile(struct lower *l, const struct op *op, const struct tiles *s)
{
	uint32_t ready = NPU_TOKEN(l->full);
	struct npu_insn_vec v = {
		.src0 = npu_at(l->in.addr, s->in), .type_src0 = op->x->type,
		.ld_src0 = npu_imm(s->side * tensor_element_size(op->x->type)),
		.dst = npu_at(l->in.addr, s->value), .type_dst = NPU_TYPE_F32,
		.ld_dst = npu_imm(s->side * F32),
		.rows = npu_reg(s->h), .cols = npu_reg(s->w),
	};
	struct npu_insn_dma dma;

	find_tile(l, s);
	dma = tile_dma(l, s, op->x, s->i, s->j, s->cols, s->w, s->in);
	dma.rows = npu_reg(s->h);
	npu_build_load(l->b, &dma, npu_order(NPU_TOKEN(l->in.free), ready));
	if (op->x->type != NPU_TYPE_F32) {
		npu_build_unary(l->b, NPU_UNARY_COPY, &v, npu_order(ready, 0));
		ready = 0;
	}
	v.src0 = npu_at(l->in.addr, s->value);
	v.type_src0 = NPU_TYPE_F32;
	v.ld_src0 = npu_imm(s->side * F32);
	v.dst = npu_at(l->in.addr, s->out);
	npu_build_transpose(l->b, &v, npu_order(ready, NPU_TOKEN(l->vec_st)));
	dma = tile_dma(l, s, op->y[0], s->j, s->i, s->rows, s->h, s->out);
	dma.rows = npu_reg(s->w);
	npu_build_store(l->b, &dma, npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->in.free)));
	lower_turn(l, &l->in);
}

void lower_transpose(struct lower *l, const struct op *op)
{
	struct row_range rows = lower_op_rows(l, op);
	struct tiles s = { 0 };
	uint8_t *const regs[] = { &s.unit, &s.matrix, &s.i, &s.h, &s.j, &s.w, &s.t[0],
				  &s.t[1] };
	struct share share;

	choose_tiles(l, op, &s);
	for (unsigned int i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		*regs[i] = npu_builder_reg(l->b);
	share = lower_share_rows(l, &rows, (uint64_t)op->vectors * s.down * s.across);
	npu_build_loop(l->b, s.unit, share.first, npu_reg(share.count), npu_imm(1));
	one_tile(l, op, &s);
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, share.first);
	npu_builder_reg_free(l->b, share.count);
	for (unsigned int i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		npu_builder_reg_free(l->b, *regs[i]);
}
