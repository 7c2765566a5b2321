// SPDX-License-Identifier: MIT
/*
 * Grouped-query attention (Ainslie et al., 2023) over the cache, in tiles with
 * an online softmax (FlashAttention: Dao et al., 2022).
 *
 * Rows of a tile are the query heads of one KV head, for each token: row =
 * token * heads + head. Cores share the KV heads, or equal parts of their
 * query heads when there are more cores than KV heads. For each tile of
 * positions
 *
 *	S = Q K^T			MATMUL, layout NK
 *	P, m, l, alpha = softmax(S)	SOFTMAX, masked by position
 *	O = O * alpha			BINARY MUL
 *	O = O + P V			MATMUL, layout KN, ACCUM
 *
 * and at last O / l. S and P have two buffers: the matrix engine computes the
 * next tile's S and the last one's O while the vector engine works on this
 * one's P.
 *
 * Keys and values in INT8 are widened in SRAM, times their scales, to F16.
 */
#include <math.h>

#include "attention.h"

#define MAX_TILE 128u		/* positions of a tile */
#define ALWAYS (-(1ll << 30))	/* a bound that no column is below */

uint32_t attention_heads(const struct lower *l, const struct attention_shape *s)
{
	uint32_t group = s->heads / s->kv_heads;
	uint32_t parts = (l->target->cores + s->kv_heads - 1) / s->kv_heads;

	while (parts < group && group % parts)
		parts++;
	return parts >= group ? 1 : group / parts;
}

/* Bytes of a tile's keys, or values, as they are in memory. */
static uint64_t tile_bytes(const struct flash *f)
{
	return (uint64_t)f->tile * f->op->cache->row;
}

/* And in SRAM, when they have to be widened there. */
static uint64_t wide_bytes(const struct lower *l, const struct flash *f)
{
	if (l->kv->type == NPU_TYPE_F16)
		return 0;
	return (uint64_t)f->tile * f->op->shape.head_dim * F16;
}

static uint64_t flash_size(const struct lower *l, const struct flash *f)
{
	uint64_t rows = (uint64_t)f->tokens * f->heads;

	return rows * (f->op->shape.head_dim * (F16 + F32) + f->tile * 2 * (F32 + F16) + 3 * F32) +
	       2 * (tile_bytes(f) + wide_bytes(l, f)) + 16 * 64;
}

static void choose_sizes(const struct lower *l, struct flash *f)
{
	const struct attention_shape *s = &f->op->shape;

	f->heads = attention_heads(l, s);
	f->units = s->heads / f->heads;
	f->parts = f->units / s->kv_heads;
	for (f->tokens = l->batch ? 1 : l->max_rows; ; f->tokens = (f->tokens + 1) / 2) {
		for (f->tile = MAX_TILE; f->tile >= MIN_TILE; f->tile /= 2)
			if (flash_size(l, f) <= npu_builder_sram_left(l->b))
				return;
		f->tile = MIN_TILE;
		if (f->tokens == 1)
			return;
	}
}

static void take_sram(struct lower *l, struct flash *f)
{
	uint64_t rows = (uint64_t)f->tokens * f->heads, d = f->op->shape.head_dim;

	f->q = npu_builder_sram(l->b, "queries", rows * d * F16);
	f->s_size = (rows * f->tile * F32 + 63) / 64 * 64;
	f->p_size = (rows * f->tile * F16 + 63) / 64 * 64;
	f->s = npu_builder_sram(l->b, "scores", 2ull * f->s_size);
	f->p = npu_builder_sram(l->b, "probabilities", 2ull * f->p_size);
	f->o = npu_builder_sram(l->b, "attention output", rows * d * F32);
	f->m = npu_builder_sram(l->b, "maxima", rows * F32);
	f->l = npu_builder_sram(l->b, "sums", rows * F32);
	f->alpha = npu_builder_sram(l->b, "factors", rows * F32);
	lower_ring(l, &l->in, "ring of keys and values", tile_bytes(f));
	if (wide_bytes(l, f))
		lower_ring(l, &l->wide, "ring of widened keys and values", wide_bytes(l, f));
}

uint64_t attention_unit_row(const struct flash *f)
{
	return (uint64_t)f->heads * f->op->shape.head_dim * F16;
}

uint64_t attention_token_row(const struct flash *f)
{
	return (uint64_t)f->op->shape.heads * f->op->shape.head_dim * F16;
}

struct npu_loc attention_rows_at(struct lower *l, const struct flash *f,
				 const struct tensor *tensor, uint8_t t)
{
	npu_build_lea(l->b, t, &(struct npu_affine){
		.imm = tensor->va,
		.term = { { npu_reg(f->t0), npu_imm(attention_token_row(f)) },
			  { npu_reg(f->unit), npu_imm(attention_unit_row(f)) } },
	});
	return npu_at(t, 0);
}

void attention_load_queries(struct lower *l, const struct flash *f)
{
	uint8_t t = npu_builder_reg(l->b);

	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(0, f->q), .sram_stride = npu_imm(attention_unit_row(f)),
		.mem = attention_rows_at(l, f, f->op->x, t),
		.mem_stride = npu_imm(attention_token_row(f)),
		.row = npu_imm(attention_unit_row(f)), .rows = npu_reg(f->nt),
	}, npu_order(0, 0));
	npu_builder_reg_free(l->b, t);
}

static void fill_rows(struct lower *l, const struct flash *f, uint32_t at,
		      uint32_t cols, float value)
{
	npu_build_fill(l->b, &(struct npu_insn_vec){
		.dst = npu_at(0, at), .type_dst = NPU_TYPE_F32,
		.ld_dst = npu_imm((uint64_t)cols * F32),
		.rows = npu_reg(f->rows), .cols = npu_imm(cols),
	}, value, npu_order(0, 0));
}

static void start_block(struct lower *l, const struct flash *f)
{
	attention_load_queries(l, f);
	fill_rows(l, f, f->m, 1, -INFINITY);
	fill_rows(l, f, f->l, 1, 0);
	fill_rows(l, f, f->o, f->op->shape.head_dim, 0);
}

void attention_load(struct lower *l, const struct flash *f, uint64_t offset, uint8_t at,
		    uint8_t n)
{
	uint64_t page = kv_head_bytes(f->op->cache);
	uint8_t t = npu_builder_reg(l->b), head = npu_builder_reg(l->b);
	uint8_t pages = npu_builder_reg(l->b);

	npu_build_alu(l->b, NPU_ALU_DIV, head, f->unit, NPU_R_ZERO, f->parts);
	lower_page_address(l, t, NPU_R_ZERO, f->slot, at);
	npu_build_lea(l->b, t, &(struct npu_affine){
		.base = t, .imm = offset, .term = { { npu_reg(head), npu_imm(page) } },
	});
	lower_div_up(l, pages, npu_reg(n), KV_PAGE_TOKENS);
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(l->in.addr, 0), .sram_stride = npu_imm(page),
		.mem = npu_at(t, 0), .mem_stride = npu_imm(l->kv->page_bytes),
		.row = npu_imm(page), .rows = npu_reg(pages),
	}, npu_order(NPU_TOKEN(l->in.free), NPU_TOKEN(l->full)));
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, head);
	npu_builder_reg_free(l->b, pages);
}

/* From INT8 rows with their scales to F16 rows, which the matrix engine waits for. */
static void widen(struct lower *l, const struct flash *f, uint8_t n)
{
	uint64_t row = f->op->cache->row;

	npu_build_binary(l->b, NPU_BINARY_MUL, &(struct npu_insn_vec){
		.dst = npu_at(l->wide.addr, 0), .type_dst = NPU_TYPE_F16,
		.ld_dst = npu_imm((uint64_t)f->op->shape.head_dim * F16),
		.src0 = npu_at(l->in.addr, 0), .type_src0 = NPU_TYPE_I8,
		.ld_src0 = npu_imm(row),
		.src1 = npu_at(l->in.addr, row - F32), .type_src1 = NPU_TYPE_F32,
		.ld_src1 = npu_imm(row), .bcast1 = NPU_BCAST_COL,
		.rows = npu_reg(n), .cols = npu_imm(f->op->shape.head_dim),
	}, npu_order(NPU_TOKEN(l->full) | NPU_TOKEN(l->wide.free),
		     NPU_TOKEN(l->in.free) | NPU_TOKEN(l->vec_mat)));
	lower_turn(l, &l->in);
}

/**
 * struct positions - keys or values in SRAM
 * @ring: where
 * @ready: counter that the matrix engine waits for
 */
struct positions {
	const struct ring *ring;
	uint8_t ready;
};

static struct positions take_positions(struct lower *l, const struct flash *f,
				       uint64_t offset, uint8_t at, uint8_t n)
{
	attention_load(l, f, offset, at, n);
	if (!wide_bytes(l, f))
		return (struct positions){ &l->in, l->full };
	widen(l, f, n);
	return (struct positions){ &l->wide, l->vec_mat };
}

/* S of @n positions from @at on, into the buffer at R[score]; signals the vector engine. */
static void scores(struct lower *l, const struct flash *f, uint8_t at, uint8_t n,
		   uint32_t signal)
{
	uint64_t row = (uint64_t)f->op->shape.head_dim * F16;
	struct positions keys = take_positions(l, f, f->op->cache->keys, at, n);

	npu_build_matmul(l->b, &(struct npu_insn_matmul){
		.a = npu_at(0, f->q), .lda = npu_imm(row), .type_a = NPU_TYPE_F16,
		.b = npu_at(keys.ring->addr, 0), .ldb = npu_imm(row), .type_b = NPU_TYPE_F16,
		.c = npu_at(f->score, 0), .ldc = npu_imm(f->tile * F32),
		.type_c = NPU_TYPE_F32, .layout = NPU_LAYOUT_NK,
		.m = npu_reg(f->rows), .n = npu_reg(n),
		.k = npu_imm(f->op->shape.head_dim),
	}, npu_order(NPU_TOKEN(keys.ready),
		     NPU_TOKEN(keys.ring->free) | NPU_TOKEN(l->mat_vec) | signal));
	lower_turn(l, keys.ring);
}

static void turn_scores(struct lower *l, const struct flash *f)
{
	npu_build_alu(l->b, NPU_ALU_XOR, f->score, f->score, NPU_R_ZERO,
		      f->s ^ (f->s + f->s_size));
}

/* P of the tile at R[kv], and O scaled to the new maxima. */
static void softmax_tile(struct lower *l, const struct flash *f, uint8_t n)
{
	uint64_t o_row = (uint64_t)f->op->shape.head_dim * F32;
	uint8_t hi = npu_builder_reg(l->b), lo = npu_builder_reg(l->b);
	struct npu_loc o = npu_at(0, f->o);

	/* token q of the block, at pos + t0 + q, sees columns below that + 1 - kv */
	npu_build_alu(l->b, NPU_ALU_ADD, hi, f->pos, f->t0, 1);
	npu_build_alu(l->b, NPU_ALU_SUB, hi, hi, f->kv, 0);
	if (f->op->shape.window)
		npu_build_alu(l->b, NPU_ALU_SUB, lo, hi, NPU_R_ZERO, f->op->shape.window);
	else
		npu_build_set(l->b, lo, (uint64_t)ALWAYS);
	npu_build_softmax(l->b, &(struct npu_insn_vec){
		.dst = npu_at(f->prob, 0), .type_dst = NPU_TYPE_F16,
		.ld_dst = npu_imm(f->tile * F16),
		.src0 = npu_at(f->score, 0), .type_src0 = NPU_TYPE_F32,
		.ld_src0 = npu_imm(f->tile * F32),
		.aux0 = npu_at(0, f->m), .aux1 = npu_at(0, f->l),
		.aux2 = npu_at(0, f->alpha),
		.rows = npu_reg(f->rows), .cols = npu_reg(n),
	}, &(struct npu_softmax){
		.scale = f->op->shape.scale ? f->op->shape.scale :
					      1 / sqrtf(f->op->shape.head_dim),
		.hi = npu_reg(hi), .lo = npu_reg(lo), .div = npu_imm(f->heads),
	}, npu_order(NPU_TOKEN(l->mat_vec), 0));
	npu_build_binary(l->b, NPU_BINARY_MUL, &(struct npu_insn_vec){
		.dst = o, .type_dst = NPU_TYPE_F32, .ld_dst = npu_imm(o_row),
		.src0 = o, .type_src0 = NPU_TYPE_F32, .ld_src0 = npu_imm(o_row),
		.src1 = npu_at(0, f->alpha), .type_src1 = NPU_TYPE_F32,
		.ld_src1 = npu_imm(F32), .bcast1 = NPU_BCAST_COL,
		.rows = npu_reg(f->rows), .cols = npu_imm(f->op->shape.head_dim),
	}, npu_order(NPU_TOKEN(l->mat_acc), wide_bytes(l, f) ? 0 : NPU_TOKEN(l->vec_mat)));
	npu_builder_reg_free(l->b, hi);
	npu_builder_reg_free(l->b, lo);
}

/* Widened values are ready after P: waiting for them is waiting for both. */
static void values(struct lower *l, const struct flash *f, uint8_t n)
{
	uint64_t d = f->op->shape.head_dim;
	struct positions v = take_positions(l, f, f->op->cache->values, f->kv, n);

	npu_build_matmul(l->b, &(struct npu_insn_matmul){
		.a = npu_at(f->prob, 0), .lda = npu_imm(f->tile * F16), .type_a = NPU_TYPE_F16,
		.b = npu_at(v.ring->addr, 0), .ldb = npu_imm(d * F16), .type_b = NPU_TYPE_F16,
		.c = npu_at(0, f->o), .ldc = npu_imm(d * F32), .type_c = NPU_TYPE_F32,
		.layout = NPU_LAYOUT_KN, .flags = NPU_F_ACCUM,
		.m = npu_reg(f->rows), .n = npu_imm(d), .k = npu_reg(n),
	}, npu_order(NPU_TOKEN(v.ready) | NPU_TOKEN(l->vec_mat),
		     NPU_TOKEN(v.ring->free) | NPU_TOKEN(l->mat_acc)));
	lower_turn(l, v.ring);
}

/* One tile: start the next one's scores, which may be none, then finish this one. */
static void one_tile(struct lower *l, const struct flash *f)
{
	uint8_t next = npu_builder_reg(l->b), n = npu_builder_reg(l->b);

	turn_scores(l, f);
	npu_build_alu(l->b, NPU_ALU_ADD, next, f->kv, NPU_R_ZERO, f->tile);
	lower_clip(l, n, f->len, next, f->tile);
	npu_build_alu(l->b, NPU_ALU_MAX, n, n, NPU_R_ZERO, 0);
	scores(l, f, next, n, 0);
	turn_scores(l, f);
	lower_clip(l, n, f->len, f->kv, f->tile);
	softmax_tile(l, f, n);
	values(l, f, n);
	turn_scores(l, f);
	npu_build_alu(l->b, NPU_ALU_XOR, f->prob, f->prob, NPU_R_ZERO,
		      f->p ^ (f->p + f->p_size));
	npu_builder_reg_free(l->b, next);
	npu_builder_reg_free(l->b, n);
}

static void finish_block(struct lower *l, const struct flash *f)
{
	uint64_t d = f->op->shape.head_dim;
	struct npu_loc out = npu_at(0, f->q);
	uint8_t t = npu_builder_reg(l->b);

	npu_build_binary(l->b, NPU_BINARY_DIV, &(struct npu_insn_vec){
		.dst = out, .type_dst = NPU_TYPE_F16, .ld_dst = npu_imm(d * F16),
		.src0 = npu_at(0, f->o), .type_src0 = NPU_TYPE_F32, .ld_src0 = npu_imm(d * F32),
		.src1 = npu_at(0, f->l), .type_src1 = NPU_TYPE_F32,
		.ld_src1 = npu_imm(F32), .bcast1 = NPU_BCAST_COL,
		.rows = npu_reg(f->rows), .cols = npu_imm(f->op->shape.head_dim),
	}, npu_order(NPU_TOKEN(l->mat_vec) | NPU_TOKEN(l->mat_acc), NPU_TOKEN(l->vec_st)));
	npu_build_store(l->b, &(struct npu_insn_dma){
		.sram = out, .sram_stride = npu_imm(attention_unit_row(f)),
		.mem = attention_rows_at(l, f, f->op->y[0], t),
		.mem_stride = npu_imm(attention_token_row(f)),
		.row = npu_imm(attention_unit_row(f)), .rows = npu_reg(f->nt),
	}, npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->st_ld)));
	/* the next block's queries come where the output was */
	npu_build_nop(l->b, NPU_ENGINE_LD, npu_order(NPU_TOKEN(l->st_ld), 0));
	npu_builder_reg_free(l->b, t);
}

/* R[@first] = first position of the first tile that a token of the block sees. */
static void first_tile(struct lower *l, const struct flash *f, uint8_t first)
{
	npu_build_alu(l->b, NPU_ALU_ADD, first, f->pos, f->t0, 1);
	npu_build_alu(l->b, NPU_ALU_SUB, first, first, NPU_R_ZERO, f->op->shape.window);
	npu_build_alu(l->b, NPU_ALU_MAX, first, first, NPU_R_ZERO, 0);
	npu_build_alu(l->b, NPU_ALU_DIV, first, first, NPU_R_ZERO, f->tile);
	npu_build_alu(l->b, NPU_ALU_MUL, first, first, NPU_R_ZERO, f->tile);
}

static void one_block(struct lower *l, const struct flash *f)
{
	uint8_t n, first = NPU_R_ZERO;

	if (f->plain) {
		attention_plain_block(l, f);
		return;
	}
	n = npu_builder_reg(l->b);
	start_block(l, f);
	npu_build_set(l->b, f->score, f->s);
	npu_build_set(l->b, f->prob, f->p);
	if (f->op->shape.window) {
		first = npu_builder_reg(l->b);
		first_tile(l, f, first);
	}
	lower_clip(l, n, f->len, first, f->tile);
	scores(l, f, first, n, NPU_TOKEN(l->mat_acc));
	npu_build_alu(l->b, NPU_ALU_SUB, n, f->len, first, 0);
	lower_div_up(l, n, npu_reg(n), f->tile);
	npu_build_loop(l->b, f->kv, first, npu_reg(n), npu_imm(f->tile));
	one_tile(l, f);
	npu_build_endloop(l->b);
	finish_block(l, f);
	npu_builder_reg_free(l->b, n);
	npu_builder_reg_free(l->b, first);
}

/* Positions that the block's last token sees. */
static void set_length(struct lower *l, const struct flash *f)
{
	npu_build_alu(l->b, NPU_ALU_ADD, f->len, f->pos, f->t0, 0);
	npu_build_alu(l->b, NPU_ALU_ADD, f->len, f->len, f->nt, 0);
}

/* Blocks of tokens of the unit; a run of one token has one. */
static void all_blocks(struct lower *l, const struct flash *f)
{
	uint8_t n = npu_builder_reg(l->b);

	lower_div_up(l, n, l->rows, f->tokens);
	npu_build_loop(l->b, f->t0, NPU_R_ZERO, npu_reg(n), npu_imm(f->tokens));
	if (l->rows.reg)
		lower_clip(l, f->nt, l->rows.reg, f->t0, f->tokens);
	else
		npu_build_set(l->b, f->nt, l->rows.imm);
	npu_build_alu(l->b, NPU_ALU_MUL, f->rows, f->nt, NPU_R_ZERO, f->heads);
	set_length(l, f);
	one_block(l, f);
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, n);
}

/* Units of all tokens of a run, the cores' shares of each token being equal. */
static void lower_run(struct lower *l, const struct flash *f)
{
	struct share share = lower_share(l, f->units);

	npu_build_loop(l->b, f->unit, share.first, npu_reg(share.count), npu_imm(1));
	all_blocks(l, f);
	npu_build_endloop(l->b);
}

/* Units of all sequences of a batch, a token each, as one row that the cores share. */
static void lower_batch(struct lower *l, struct flash *f)
{
	uint8_t all = npu_builder_reg(l->b), i = npu_builder_reg(l->b);
	struct share share;

	f->places = lower_places(l);
	npu_build_alu(l->b, NPU_ALU_MUL, all, l->rows.reg, NPU_R_ZERO, f->units);
	share = lower_share_of(l, npu_reg(all));
	npu_build_set(l->b, f->nt, 1);
	npu_build_set(l->b, f->rows, f->heads);
	npu_build_loop(l->b, i, share.first, npu_reg(share.count), npu_imm(1));
	npu_build_alu(l->b, NPU_ALU_DIV, f->t0, i, NPU_R_ZERO, f->units);
	npu_build_alu(l->b, NPU_ALU_MUL, f->unit, f->t0, NPU_R_ZERO, f->units);
	npu_build_alu(l->b, NPU_ALU_SUB, f->unit, i, f->unit, 0);
	lower_place(l, &f->places, f->t0, f->pos, f->slot);
	lower_slot(l, f->slot);
	/* so that the row's position is pos + t0, as in a run */
	npu_build_alu(l->b, NPU_ALU_SUB, f->pos, f->pos, f->t0, 0);
	set_length(l, f);
	one_block(l, f);
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, all);
	npu_builder_reg_free(l->b, i);
	npu_builder_reg_free(l->b, share.first);
	npu_builder_reg_free(l->b, share.count);
}

void lower_attention(struct lower *l, const struct op *op)
{
	struct flash f = {
		.op = op, .pos = l->pos, .slot = l->slot,
		.plain = l->kv->scores && !l->batch,
	};
	uint8_t *const regs[] = { &f.unit, &f.t0, &f.nt, &f.rows, &f.len, &f.kv, &f.score,
				  &f.prob, &f.pos, &f.slot };
	unsigned int n = l->batch ? 10 : 8;

	if (f.plain) {
		attention_plain_sram(l, &f);
	} else {
		choose_sizes(l, &f);
		take_sram(l, &f);
	}
	for (unsigned int i = 0; i < n; i++)
		*regs[i] = npu_builder_reg(l->b);
	if (l->batch)
		lower_batch(l, &f);
	else
		lower_run(l, &f);
	for (unsigned int i = 0; i < n; i++)
		npu_builder_reg_free(l->b, *regs[i]);
}
