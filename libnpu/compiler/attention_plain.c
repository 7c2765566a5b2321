// SPDX-License-Identifier: MIT
/*
 * Attention as it is written in the paper (Vaswani et al., 2017), for comparison
 * with the tiled form: all scores of a block go to memory, come back as whole
 * rows for their softmax, go to memory as probabilities, and come back once more
 * for the product with the values. Scores take memory by the square of the
 * context, and a whole row of them must fit into SRAM.
 *
 * A line of memory is one row of F32 scores of all positions; F16 probabilities
 * take its first half.
 */
#include <errno.h>
#include <math.h>

#include "attention.h"

#define TILE 128u	/* positions, as in the tiled form */

static uint64_t line_bytes(const struct lower *l)
{
	return (uint64_t)l->kv->context * F32;
}

static uint64_t plain_size(const struct lower *l, const struct flash *f)
{
	uint64_t rows = (uint64_t)f->tokens * f->heads, d = f->op->shape.head_dim;

	return rows * (d * (F16 + F32) + f->tile * 2 * (F32 + F16)) + 2 * f->tile * d * F16 +
	       f->group * (line_bytes(l) / F32 * (F32 + F16) + 3 * F32) + 16 * 64;
}

/* Rows of a group are of one token; the group is smaller before the block is. */
static void plain_sizes(const struct lower *l, struct flash *f)
{
	const struct attention_shape *s = &f->op->shape;

	f->heads = attention_heads(l, s);
	f->units = s->heads / f->heads;
	f->parts = f->units / s->kv_heads;
	for (f->tokens = l->max_rows; ; f->tokens = (f->tokens + 1) / 2) {
		for (f->tile = TILE; f->tile >= MIN_TILE; f->tile /= 2)
			for (f->group = f->heads; f->group; f->group--)
				if (f->heads % f->group == 0 &&
				    plain_size(l, f) <= npu_builder_sram_left(l->b))
					return;
		f->tile = MIN_TILE;
		f->group = 1;
		if (f->tokens == 1)
			return;
	}
}

void attention_plain_sram(struct lower *l, struct flash *f)
{
	uint64_t rows, d = f->op->shape.head_dim;

	if (l->kv->type != NPU_TYPE_F16) {
		npu_builder_fail(l->b, -EINVAL, "the plain form of attention has keys and values in F16 only");
		return;
	}
	plain_sizes(l, f);
	rows = (uint64_t)f->tokens * f->heads;
	f->q = npu_builder_sram(l->b, "queries", rows * d * F16);
	f->o = npu_builder_sram(l->b, "attention output", rows * d * F32);
	f->line = npu_builder_sram(l->b, "rows of scores", f->group * line_bytes(l));
	f->p = npu_builder_sram(l->b, "rows of probabilities", f->group * line_bytes(l) / 2);
	f->m = npu_builder_sram(l->b, "maxima", f->group * F32);
	f->l = npu_builder_sram(l->b, "sums", f->group * F32);
	f->alpha = npu_builder_sram(l->b, "factors", f->group * F32);
	lower_ring(l, &l->in, "ring of keys and values", (uint64_t)f->tile * d * F16);
	lower_ring(l, &l->out, "ring of scores", rows * f->tile * F32);
	lower_ring(l, &l->wide, "ring of probabilities", rows * f->tile * F16);
}

/* R[@dst] = address of the block's row R[@row], at the position R[@at] of @size bytes each. */
static struct npu_loc line_at(struct lower *l, const struct flash *f, uint8_t dst,
			      uint8_t row, uint8_t at, uint32_t size)
{
	uint64_t rows = (uint64_t)l->max_rows * f->heads;

	npu_build_alu(l->b, NPU_ALU_MUL, dst, f->unit, NPU_R_ZERO, rows * line_bytes(l));
	npu_build_lea(l->b, dst, &(struct npu_affine){
		.base = dst, .imm = l->kv->scores->va,
		.term = { { npu_reg(f->t0), npu_imm(f->heads * line_bytes(l)) },
			  { npu_reg(row), npu_imm(line_bytes(l)) },
			  { npu_reg(at), npu_imm(size) } },
	});
	return npu_at(dst, 0);
}

/* S = Q K^T of the tile, to memory. */
static void store_scores(struct lower *l, const struct flash *f, uint8_t n)
{
	uint64_t row = (uint64_t)f->op->shape.head_dim * F16;
	uint8_t t = npu_builder_reg(l->b), bytes = npu_builder_reg(l->b);

	attention_load(l, f, f->op->cache->keys, f->kv, n);
	npu_build_matmul(l->b, &(struct npu_insn_matmul){
		.a = npu_at(0, f->q), .lda = npu_imm(row), .type_a = NPU_TYPE_F16,
		.b = npu_at(l->in.addr, 0), .ldb = npu_imm(row), .type_b = NPU_TYPE_F16,
		.c = npu_at(l->out.addr, 0), .ldc = npu_imm(f->tile * F32),
		.type_c = NPU_TYPE_F32, .layout = NPU_LAYOUT_NK,
		.m = npu_reg(f->rows), .n = npu_reg(n), .k = npu_imm(f->op->shape.head_dim),
	}, npu_order(NPU_TOKEN(l->full) | NPU_TOKEN(l->out.free),
		     NPU_TOKEN(l->in.free) | NPU_TOKEN(l->mat_st)));
	lower_turn(l, &l->in);
	npu_build_alu(l->b, NPU_ALU_MUL, bytes, n, NPU_R_ZERO, F32);
	npu_build_store(l->b, &(struct npu_insn_dma){
		.sram = npu_at(l->out.addr, 0), .sram_stride = npu_imm(f->tile * F32),
		.mem = line_at(l, f, t, NPU_R_ZERO, f->kv, F32),
		.mem_stride = npu_imm(line_bytes(l)),
		.row = npu_reg(bytes), .rows = npu_reg(f->rows),
	}, npu_order(NPU_TOKEN(l->mat_st), NPU_TOKEN(l->out.free)));
	lower_turn(l, &l->out);
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, bytes);
}

/* P = softmax(S) of whole rows at f->line, of the token R[@token] of the block. */
static void softmax_rows(struct lower *l, const struct flash *f, uint8_t token)
{
	const struct attention_shape *s = &f->op->shape;
	uint8_t hi = npu_builder_reg(l->b), lo = npu_builder_reg(l->b);
	struct npu_insn_vec v = {
		.dst = npu_at(0, f->line), .type_dst = NPU_TYPE_F32,
		.ld_dst = npu_imm(line_bytes(l)),
		.src0 = npu_at(0, f->line), .type_src0 = NPU_TYPE_F32,
		.ld_src0 = npu_imm(line_bytes(l)),
		.aux0 = npu_at(0, f->m), .aux1 = npu_at(0, f->l), .aux2 = npu_at(0, f->alpha),
		.rows = npu_imm(f->group), .cols = npu_reg(f->len),
	};

	npu_build_alu(l->b, NPU_ALU_ADD, hi, f->pos, f->t0, 1);
	npu_build_alu(l->b, NPU_ALU_ADD, hi, hi, token, 0);
	npu_build_set(l->b, lo, 0);
	if (s->window)
		npu_build_alu(l->b, NPU_ALU_SUB, lo, hi, NPU_R_ZERO, s->window);
	npu_build_softmax(l->b, &v, &(struct npu_softmax){
		.scale = s->scale ? s->scale : 1 / sqrtf(s->head_dim),
		.hi = npu_reg(hi), .lo = npu_reg(lo), .div = npu_imm(f->group),
		.flags = NPU_F_INIT,
	}, npu_order(NPU_TOKEN(l->ld_vec), 0));
	v.dst = npu_at(0, f->p);
	v.type_dst = NPU_TYPE_F16;
	v.ld_dst = npu_imm(line_bytes(l) / 2);
	v.src1 = npu_at(0, f->l);
	v.type_src1 = NPU_TYPE_F32;
	v.ld_src1 = npu_imm(F32);
	v.bcast1 = NPU_BCAST_COL;
	npu_build_binary(l->b, NPU_BINARY_DIV, &v, npu_order(0, NPU_TOKEN(l->vec_st)));
	npu_builder_reg_free(l->b, hi);
	npu_builder_reg_free(l->b, lo);
}

/* Groups of rows: from memory, through the softmax, and back. */
static void all_rows(struct lower *l, const struct flash *f)
{
	uint8_t row = npu_builder_reg(l->b), n = npu_builder_reg(l->b);
	uint8_t t = npu_builder_reg(l->b), token = npu_builder_reg(l->b);
	struct npu_insn_dma dma = {
		.mem_stride = npu_imm(line_bytes(l)), .rows = npu_imm(f->group),
	};

	lower_edge(l, l->st_ld, NPU_ENGINE_ST, NPU_ENGINE_LD);
	lower_div_up(l, n, npu_reg(f->rows), f->group);
	npu_build_loop(l->b, row, NPU_R_ZERO, npu_reg(n), npu_imm(f->group));
	npu_build_alu(l->b, NPU_ALU_DIV, token, row, NPU_R_ZERO, f->heads);
	dma.mem = line_at(l, f, t, row, NPU_R_ZERO, 0);
	dma.sram = npu_at(0, f->line);
	dma.sram_stride = npu_imm(line_bytes(l));
	npu_build_alu(l->b, NPU_ALU_MUL, n, f->len, NPU_R_ZERO, F32);
	dma.row = npu_reg(n);
	npu_build_load(l->b, &dma, npu_order(0, NPU_TOKEN(l->ld_vec)));
	softmax_rows(l, f, token);
	dma.sram = npu_at(0, f->p);
	dma.sram_stride = npu_imm(line_bytes(l) / 2);
	npu_build_alu(l->b, NPU_ALU_MUL, n, f->len, NPU_R_ZERO, F16);
	npu_build_store(l->b, &dma, npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->st_ld)));
	/* the next rows come where these were */
	npu_build_nop(l->b, NPU_ENGINE_LD, npu_order(NPU_TOKEN(l->st_ld), 0));
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, row);
	npu_builder_reg_free(l->b, n);
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, token);
}

/* O = O + P V of the tile. */
static void add_values(struct lower *l, const struct flash *f, uint8_t n)
{
	uint64_t d = f->op->shape.head_dim;
	uint8_t t = npu_builder_reg(l->b), bytes = npu_builder_reg(l->b);

	npu_build_alu(l->b, NPU_ALU_MUL, bytes, n, NPU_R_ZERO, F16);
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(l->wide.addr, 0), .sram_stride = npu_imm(f->tile * F16),
		.mem = line_at(l, f, t, NPU_R_ZERO, f->kv, F16),
		.mem_stride = npu_imm(line_bytes(l)),
		.row = npu_reg(bytes), .rows = npu_reg(f->rows),
	}, npu_order(NPU_TOKEN(l->wide.free), 0));
	attention_load(l, f, f->op->cache->values, f->kv, n);
	npu_build_matmul(l->b, &(struct npu_insn_matmul){
		.a = npu_at(l->wide.addr, 0), .lda = npu_imm(f->tile * F16), .type_a = NPU_TYPE_F16,
		.b = npu_at(l->in.addr, 0), .ldb = npu_imm(d * F16), .type_b = NPU_TYPE_F16,
		.c = npu_at(0, f->o), .ldc = npu_imm(d * F32), .type_c = NPU_TYPE_F32,
		.layout = NPU_LAYOUT_KN, .flags = NPU_F_ACCUM,
		.m = npu_reg(f->rows), .n = npu_imm(d), .k = npu_reg(n),
	}, npu_order(NPU_TOKEN(l->full), NPU_TOKEN(l->in.free) | NPU_TOKEN(l->wide.free)));
	lower_turn(l, &l->in);
	lower_turn(l, &l->wide);
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, bytes);
}

static void all_tiles(struct lower *l, const struct flash *f,
		      void (*one)(struct lower *l, const struct flash *f, uint8_t n))
{
	uint8_t n = npu_builder_reg(l->b);

	lower_div_up(l, n, npu_reg(f->len), f->tile);
	npu_build_loop(l->b, f->kv, NPU_R_ZERO, npu_reg(n), npu_imm(f->tile));
	lower_clip(l, n, f->len, f->kv, f->tile);
	one(l, f, n);
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, n);
}

static void clear_output(struct lower *l, const struct flash *f)
{
	npu_build_fill(l->b, &(struct npu_insn_vec){
		.dst = npu_at(0, f->o), .type_dst = NPU_TYPE_F32,
		.ld_dst = npu_imm((uint64_t)f->op->shape.head_dim * F32),
		.rows = npu_reg(f->rows), .cols = npu_imm(f->op->shape.head_dim),
	}, 0, npu_order(0, NPU_TOKEN(l->vec_mat)));
	npu_build_nop(l->b, NPU_ENGINE_MAT, npu_order(NPU_TOKEN(l->vec_mat), 0));
}

static void store_output(struct lower *l, const struct flash *f)
{
	uint64_t d = f->op->shape.head_dim;
	uint8_t t = npu_builder_reg(l->b);

	lower_edge(l, l->mat_vec, NPU_ENGINE_MAT, NPU_ENGINE_VEC);
	npu_build_unary(l->b, NPU_UNARY_COPY, &(struct npu_insn_vec){
		.dst = npu_at(0, f->q), .type_dst = NPU_TYPE_F16, .ld_dst = npu_imm(d * F16),
		.src0 = npu_at(0, f->o), .type_src0 = NPU_TYPE_F32, .ld_src0 = npu_imm(d * F32),
		.rows = npu_reg(f->rows), .cols = npu_imm(d),
	}, npu_order(0, NPU_TOKEN(l->vec_st)));
	npu_build_store(l->b, &(struct npu_insn_dma){
		.sram = npu_at(0, f->q), .sram_stride = npu_imm(attention_unit_row(f)),
		.mem = attention_rows_at(l, f, f->op->y[0], t),
		.mem_stride = npu_imm(attention_token_row(f)),
		.row = npu_imm(attention_unit_row(f)), .rows = npu_reg(f->nt),
	}, npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->st_ld)));
	/* the next block's queries come where the output was */
	npu_build_nop(l->b, NPU_ENGINE_LD, npu_order(NPU_TOKEN(l->st_ld), 0));
	npu_builder_reg_free(l->b, t);
}

void attention_plain_block(struct lower *l, const struct flash *f)
{
	attention_load_queries(l, f);
	all_tiles(l, f, store_scores);
	all_rows(l, f);
	clear_output(l, f);
	all_tiles(l, f, add_values);
	store_output(l, f);
}
