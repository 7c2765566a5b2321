// SPDX-License-Identifier: MIT
/*
 * Queries, keys and values: three products, RoPE, and the step into the cache.
 *
 * The heads of all three form one row of units that the cores share, so that
 * a core has whole heads, which RoPE needs.
 */
#include "tile.h"

#define F32 4u
#define F16 2u

/**
 * struct heads - one of queries, keys and values
 * @w: its matrix
 * @bias: what is added to the product, or NULL
 * @dst: where its F16 heads go
 * @token: bytes from token to token there, @head from head to head
 * @rotate: RoPE applies
 * @cached: the tokens go to their positions
 */
struct heads {
	const struct matrix *w;
	const struct tensor *bias;
	const struct tensor *dst;
	uint64_t token, head;
	bool rotate, cached;
};

/**
 * struct tables - rows of the RoPE tables in SRAM
 * @cos: of this run's positions
 * @sin: likewise
 */
struct tables {
	uint32_t cos, sin;
};

static void load_table(struct lower *l, const struct op *op,
		       const struct row_range *rows, const struct tensor *table,
		       uint32_t sram)
{
	uint64_t row = (uint64_t)op->shape.rope_dims / 2 * F32;
	uint8_t t = npu_builder_reg(l->b);

	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(0, sram), .sram_stride = npu_imm(row),
		.mem = lower_mem(l, t, table->va, l->pos, row),
		.mem_stride = npu_imm(row),
		.row = npu_imm(row), .rows = rows->count,
	}, npu_order(0, 0));
	npu_builder_reg_free(l->b, t);
}

/* What of [first, first + count) lies in the @n units behind the first @before. */
static struct share part_of(struct lower *l, const struct share *all,
			    uint32_t before, uint32_t n)
{
	struct npu_builder *b = l->b;
	struct share part = {
		.first = npu_builder_reg(b), .count = npu_builder_reg(b),
	};

	npu_build_alu(b, NPU_ALU_ADD, part.count, all->first, all->count, 0);
	npu_build_alu(b, NPU_ALU_SUB, part.count, part.count, NPU_R_ZERO, before);
	npu_build_alu(b, NPU_ALU_MAX, part.count, part.count, NPU_R_ZERO, 0);
	lower_min(l, part.count, part.count, n);
	npu_build_alu(b, NPU_ALU_SUB, part.first, all->first, NPU_R_ZERO, before);
	npu_build_alu(b, NPU_ALU_MAX, part.first, part.first, NPU_R_ZERO, 0);
	lower_min(l, part.first, part.first, n);
	npu_build_alu(b, NPU_ALU_SUB, part.count, part.count, part.first, 0);
	return part;
}

/* F32 heads at @c become F16 heads at @h. */
static void finish_heads(struct lower *l, const struct op *op, const struct product *p,
			 const struct heads *heads, const struct tables *tables,
			 struct npu_loc h)
{
	uint32_t table = op->shape.rope_dims / 2 * F32;
	struct npu_order order = npu_order(NPU_TOKEN(l->mat_vec), NPU_TOKEN(l->vec_st));
	struct npu_insn_vec v = {
		.dst = h, .type_dst = NPU_TYPE_F16, .ld_dst = npu_imm(p->ldc / F32 * F16),
		.src0 = p->c, .type_src0 = NPU_TYPE_F32, .ld_src0 = npu_imm(p->ldc),
		.rows = p->rows->count, .cols = npu_reg(p->tile->cols),
	};

	if (!heads->rotate) {
		npu_build_unary(l->b, NPU_UNARY_COPY, &v, order);
		return;
	}
	v.src1 = npu_at(0, tables->cos);
	v.src2 = npu_at(0, tables->sin);
	v.type_src1 = NPU_TYPE_F32;
	v.type_src2 = NPU_TYPE_F32;
	v.ld_src1 = npu_imm(table);
	v.ld_src2 = npu_imm(table);
	npu_build_rope(l->b, &v, op->shape.rope_dims, heads->w->unit_cols, 0, order);
}

/* Rows are tokens, planes are heads; the columns that fill a panel stay behind. */
static void store_heads(struct lower *l, const struct product *p,
			const struct heads *heads, struct npu_loc h)
{
	uint8_t t = npu_builder_reg(l->b);

	npu_build_lea(l->b, t, &(struct npu_affine){
		.imm = heads->dst->va,
		.term = {
			{ npu_reg(p->tile->at), npu_imm(heads->head) },
			{ npu_reg(heads->cached ? l->pos : NPU_R_ZERO),
			  npu_imm(heads->token) },
		},
	});
	npu_build_store(l->b, &(struct npu_insn_dma){
		.sram = h, .sram_stride = npu_imm(p->ldc / F32 * F16),
		.sram_plane = npu_imm(heads->w->unit_cols * F16),
		.mem = npu_at(t, 0), .mem_stride = npu_imm(heads->token),
		.mem_plane = npu_imm(heads->head),
		.row = npu_imm(heads->w->unit * F16), .rows = p->rows->count,
		.planes = npu_reg(p->tile->units),
	}, npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->out.free)));
	npu_builder_reg_free(l->b, t);
}

static void lower_heads(struct lower *l, const struct op *op, struct product *p,
			const struct heads *heads, const struct tables *tables,
			const struct share *share)
{
	uint64_t size = (uint64_t)p->rows->max * p->ldc, biases = size + size / F32 * F16;
	struct npu_loc h = npu_at(l->out.addr, size);
	struct tile tile;

	tile_loop(l, heads->w, share, p->tiling, &tile);
	p->tile = &tile;
	p->w = heads->w;
	p->order = npu_order(product_bias(l, p, heads->bias, biases, NPU_TOKEN(l->out.free)),
			     NPU_TOKEN(l->mat_vec));
	tile_product(l, p);
	finish_heads(l, op, p, heads, tables, h);
	store_heads(l, p, heads, h);
	lower_turn(l, &l->out);
	tile_endloop(l, &tile);
}

static void lower_parts(struct lower *l, const struct op *op, struct product *p,
			const struct tables *tables)
{
	const struct attention_shape *s = &op->shape;
	uint64_t head = (uint64_t)s->head_dim * F16, cache = head * s->context;
	const struct heads parts[] = {
		{ &op->w[0], op->bias[0], op->y[0], s->heads * head, head, true, false },
		{ &op->w[1], op->bias[1], op->y[1], head, cache, true, true },
		{ &op->w[2], op->bias[2], op->y[2], head, cache, false, true },
	};
	struct share all = lower_share(l, s->heads + 2 * s->kv_heads);
	uint32_t before = 0;

	for (int i = 0; i < 3; i++) {
		struct share share = part_of(l, &all, before, parts[i].w->units);

		lower_heads(l, op, p, &parts[i], tables, &share);
		before += parts[i].w->units;
		npu_builder_reg_free(l->b, share.first);
		npu_builder_reg_free(l->b, share.count);
	}
}

void lower_qkv(struct lower *l, const struct op *op)
{
	struct row_range rows = lower_op_rows(l, op);
	uint64_t table = (uint64_t)rows.max * (op->shape.rope_dims / 2) * F32;
	struct activation act;
	struct tiling tiling;
	struct tables tables;
	struct product p = {
		.act = &act, .rows = &rows, .tiling = &tiling, .type_c = NPU_TYPE_F32,
	};

	activation_alloc(l, op, &rows, &act);
	tables.cos = npu_builder_sram(l->b, "cosines", table);
	tables.sin = npu_builder_sram(l->b, "sines", table);
	tiling_choose(l, op, &rows, F32 + F16, &tiling);
	load_table(l, op, &rows, op->cos, tables.cos);
	load_table(l, op, &rows, op->sin, tables.sin);
	activation_load(l, op, &rows, &act, tiling.block);
	p.ldc = tiling.units * op->w[0].unit_cols * F32;
	p.c = npu_at(l->out.addr, 0);
	lower_parts(l, op, &p, &tables);
}
