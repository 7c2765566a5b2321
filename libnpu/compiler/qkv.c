// SPDX-License-Identifier: MIT
/*
 * Queries, keys and values: three products, norms of heads, RoPE, and the step
 * into the cache.
 *
 * The heads of all three form one row of units that the cores share, so that
 * a core has whole heads, which RoPE needs.
 */
#include "tile.h"

#define F32 4u
#define F16 2u

/**
 * struct heads - one of queries, keys and values
 * @w: its matrix, or only the sizes of one
 * @src: F32 heads that are there already, instead of a product; or NULL
 * @bias: what is added to the product, or NULL
 * @norm: weights of the norm of each head, or NULL
 * @rotate: RoPE applies
 * @dst: where queries go; of keys and values NULL
 * @offset: where keys and values go in a page
 */
struct heads {
	const struct matrix *w;
	const struct tensor *src, *bias, *norm;
	bool rotate;
	const struct tensor *dst;
	uint64_t offset;
};

/**
 * struct constants - what stays in SRAM
 * @cos: rows of the RoPE table of this run's positions
 * @sin: likewise
 * @norm: weights of the norms of heads
 * @places: of a batch
 */
struct constants {
	uint32_t cos, sin, norm[2];
	struct places places;
};

static uint64_t table_row(const struct op *op)
{
	return (uint64_t)op->shape.rope_dims / 2 * F32;
}

static void load_table(struct lower *l, const struct op *op,
		       const struct row_range *rows, const struct tensor *table,
		       uint32_t sram, const struct places *places)
{
	uint64_t row = table_row(op);
	uint8_t t = npu_builder_reg(l->b);
	struct npu_insn_dma dma = {
		.sram = npu_at(0, sram), .sram_stride = npu_imm(row),
		.mem_stride = npu_imm(row), .row = npu_imm(row), .rows = rows->count,
	};

	if (l->batch) {
		dma.mem = lower_mem(l, t, table->va, NPU_R_ZERO, 0);
		dma.index = npu_at(0, places->pos);
		dma.limit = npu_imm(table->dims[0]);
		npu_build_gather(l->b, &dma, npu_order(0, 0));
	} else {
		dma.mem = lower_mem(l, t, table->va, l->pos, row);
		npu_build_load(l->b, &dma, npu_order(0, 0));
	}
	npu_builder_reg_free(l->b, t);
}

static void take_constants(struct lower *l, const struct op *op,
			   const struct row_range *rows, struct constants *c)
{
	if (op->cos) {
		c->cos = npu_builder_sram(l->b, "cosines", rows->max * table_row(op));
		c->sin = npu_builder_sram(l->b, "sines", rows->max * table_row(op));
	}
	for (int i = 0; i < 2; i++)
		if (op->head_norm[i])
			c->norm[i] = npu_builder_sram(l->b, "norm weights of heads",
						      (uint64_t)op->shape.head_dim * F32);
	if (l->batch)
		c->places = lower_places(l);
}

/* Behind the input, which the matrix engine waits for; the vector engine waits for these. */
static void load_constants(struct lower *l, const struct op *op,
			   const struct row_range *rows, const struct constants *c)
{
	uint8_t t = npu_builder_reg(l->b);

	if (op->cos) {
		load_table(l, op, rows, op->cos, c->cos, &c->places);
		load_table(l, op, rows, op->sin, c->sin, &c->places);
	}
	for (int i = 0; i < 2; i++)
		if (op->head_norm[i])
			npu_build_load(l->b, &(struct npu_insn_dma){
				.sram = npu_at(0, c->norm[i]),
				.mem = lower_mem(l, t, op->head_norm[i]->va, NPU_R_ZERO, 0),
				.row = npu_imm((uint64_t)op->shape.head_dim * F32),
			}, npu_order(0, 0));
	if (op->cos || op->head_norm[0] || op->head_norm[1])
		lower_edge(l, l->ld_vec, NPU_ENGINE_LD, NPU_ENGINE_VEC);
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

/* Rows of a tile, each a head: of its last units some may not exist. */
static struct npu_value head_rows(struct lower *l, const struct product *p, uint8_t t)
{
	if (!p->rows->count.reg)
		return npu_imm(p->rows->count.imm * p->tiling->units);
	npu_build_alu(l->b, NPU_ALU_MUL, t, p->rows->count.reg, NPU_R_ZERO, p->tiling->units);
	return npu_reg(t);
}

static void norm_heads(struct lower *l, const struct op *op, const struct product *p,
		       uint32_t weights, uint32_t wait)
{
	uint8_t t = npu_builder_reg(l->b);
	struct npu_value ld = npu_imm((uint64_t)p->w->unit_cols * F32);

	npu_build_rmsnorm(l->b, &(struct npu_insn_vec){
		.dst = p->c, .type_dst = NPU_TYPE_F32, .ld_dst = ld,
		.src0 = p->c, .type_src0 = NPU_TYPE_F32, .ld_src0 = ld,
		.src1 = npu_at(0, weights), .type_src1 = NPU_TYPE_F32,
		.bcast1 = NPU_BCAST_ROW,
		.rows = head_rows(l, p, t), .cols = npu_imm(op->shape.head_dim),
	}, op->head_eps, npu_order(wait, 0));
	npu_builder_reg_free(l->b, t);
}

/* F32 heads at p->c become heads of @type at @dst, or stay where they are. */
static void turn_heads(struct lower *l, const struct op *op, const struct product *p,
		       const struct heads *heads, const struct constants *c,
		       struct npu_loc dst, uint8_t type, struct npu_order order)
{
	struct npu_insn_vec v = {
		.dst = dst, .type_dst = type,
		.ld_dst = npu_imm(p->ldc / F32 * tensor_element_size(type)),
		.src0 = p->c, .type_src0 = NPU_TYPE_F32, .ld_src0 = npu_imm(p->ldc),
		.rows = p->rows->count, .cols = npu_reg(p->tile->cols),
	};

	if (!heads->rotate) {
		npu_build_unary(l->b, NPU_UNARY_COPY, &v, order);
		return;
	}
	v.src1 = npu_at(0, c->cos);
	v.src2 = npu_at(0, c->sin);
	v.type_src1 = NPU_TYPE_F32;
	v.type_src2 = NPU_TYPE_F32;
	v.ld_src1 = npu_imm(table_row(op));
	v.ld_src2 = npu_imm(table_row(op));
	npu_build_rope(l->b, &v, op->shape.rope_dims, heads->w->unit_cols,
		       op->rope_halves ? NPU_F_HALF : 0, order);
}

/* F32 heads at p->c become rows of the cache at @h: INT8, then their scale. */
static void quantise_heads(struct lower *l, const struct op *op, const struct product *p,
			   struct npu_loc h, struct npu_order order)
{
	uint64_t row = op->cache->row, n = (uint64_t)p->rows->max * p->tiling->units;
	struct npu_loc scale = npu_at(h.reg, h.offset + (n * row + F32 - 1) / F32 * F32);
	uint8_t t = npu_builder_reg(l->b);
	struct npu_value rows = head_rows(l, p, t);

	npu_build_quant(l->b, &(struct npu_insn_vec){
		.dst = h, .type_dst = NPU_TYPE_I8, .ld_dst = npu_imm(row),
		.src0 = p->c, .type_src0 = NPU_TYPE_F32,
		.ld_src0 = npu_imm((uint64_t)p->w->unit_cols * F32),
		.aux0 = scale, .rows = rows, .cols = npu_imm(op->shape.head_dim),
	}, npu_order(order.wait, 0));
	npu_build_unary(l->b, NPU_UNARY_COPY, &(struct npu_insn_vec){
		.dst = npu_at(h.reg, h.offset + row - F32), .type_dst = NPU_TYPE_F32,
		.ld_dst = npu_imm(row),
		.src0 = scale, .type_src0 = NPU_TYPE_F32, .ld_src0 = npu_imm(F32),
		.rows = rows, .cols = npu_imm(1),
	}, npu_order(0, order.signal));
	npu_builder_reg_free(l->b, t);
}

static bool is_narrow(const struct lower *l, const struct heads *heads)
{
	return !heads->dst && l->kv->type == NPU_TYPE_I8;
}

static void finish_heads(struct lower *l, const struct op *op, const struct product *p,
			 const struct heads *heads, const struct constants *c,
			 struct npu_loc h)
{
	uint32_t wait = NPU_TOKEN(l->mat_vec), signal = NPU_TOKEN(l->vec_st);

	if (heads->norm) {
		norm_heads(l, op, p, c->norm[heads->w == &op->w[1]], wait);
		wait = 0;
	}
	if (!is_narrow(l, heads)) {
		turn_heads(l, op, p, heads, c, h, NPU_TYPE_F16, npu_order(wait, signal));
		return;
	}
	if (heads->rotate) {
		turn_heads(l, op, p, heads, c, p->c, NPU_TYPE_F32, npu_order(wait, 0));
		wait = 0;
	}
	quantise_heads(l, op, p, h, npu_order(wait, signal));
}

/* @n tokens at @h to R[@mem]. Rows are tokens, planes are heads; what fills a panel stays. */
static void store_run(struct lower *l, const struct op *op, const struct product *p,
		      const struct heads *heads, struct npu_loc h, uint8_t mem,
		      struct npu_value n, struct npu_order order)
{
	uint64_t row = heads->dst ? (uint64_t)op->shape.head_dim * F16 : op->cache->row;
	uint64_t plane = is_narrow(l, heads) ? row : (uint64_t)heads->w->unit_cols * F16;

	npu_build_store(l->b, &(struct npu_insn_dma){
		.sram = h, .sram_stride = npu_imm(plane * p->tiling->units),
		.sram_plane = npu_imm(plane),
		.mem = npu_at(mem, 0),
		.mem_stride = npu_imm(heads->dst ? row * op->shape.heads : row),
		.mem_plane = npu_imm(heads->dst ? row : kv_head_bytes(op->cache)),
		.row = npu_imm(row), .rows = n, .planes = npu_reg(p->tile->units),
	}, order);
}

static void store_queries(struct lower *l, const struct op *op, const struct product *p,
			  const struct heads *heads, struct npu_loc h)
{
	uint64_t head = (uint64_t)op->shape.head_dim * F16;
	uint8_t t = npu_builder_reg(l->b);

	lower_mem(l, t, heads->dst->va, p->tile->at, head);
	store_run(l, op, p, heads, h, t, p->rows->count,
		  npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->out.free)));
	npu_builder_reg_free(l->b, t);
}

/* R[@dst] = where the tile's heads of the position R[@at] lie in the slot at R[@slot]. */
static void cache_address(struct lower *l, const struct op *op, const struct product *p,
			  const struct heads *heads, uint8_t dst, uint8_t slot, uint8_t at)
{
	uint8_t in = npu_builder_reg(l->b);

	lower_page_address(l, dst, in, slot, at);
	npu_build_lea(l->b, dst, &(struct npu_affine){
		.base = dst, .imm = heads->offset,
		.term = { { npu_reg(in), npu_imm(op->cache->row) },
			  { npu_reg(p->tile->at), npu_imm(kv_head_bytes(op->cache)) } },
	});
	npu_builder_reg_free(l->b, in);
}

/* Rows of consecutive positions: a run for each page that they touch. */
static void store_pages(struct lower *l, const struct op *op, const struct product *p,
			const struct heads *heads, struct npu_loc h, uint64_t stride)
{
	uint8_t at = npu_builder_reg(l->b), end = npu_builder_reg(l->b);
	uint8_t n = npu_builder_reg(l->b), t = npu_builder_reg(l->b);
	uint8_t mem = npu_builder_reg(l->b);

	/* at: row of the page's first position, which may be one before the first */
	npu_build_alu(l->b, NPU_ALU_DIV, at, l->pos, NPU_R_ZERO, KV_PAGE_TOKENS);
	npu_build_alu(l->b, NPU_ALU_MUL, at, at, NPU_R_ZERO, KV_PAGE_TOKENS);
	npu_build_alu(l->b, NPU_ALU_SUB, at, at, l->pos, 0);
	npu_build_alu(l->b, NPU_ALU_SUB, n, p->rows->count.reg, at, 0);
	lower_div_up(l, n, npu_reg(n), KV_PAGE_TOKENS);
	npu_build_loop(l->b, at, at, npu_reg(n), npu_imm(KV_PAGE_TOKENS));
	npu_build_alu(l->b, NPU_ALU_ADD, end, at, NPU_R_ZERO, KV_PAGE_TOKENS);
	npu_build_alu(l->b, NPU_ALU_MIN, end, end, p->rows->count.reg, 0);
	npu_build_alu(l->b, NPU_ALU_MAX, t, at, NPU_R_ZERO, 0);
	npu_build_alu(l->b, NPU_ALU_SUB, n, end, t, 0);
	npu_build_alu(l->b, NPU_ALU_ADD, end, l->pos, t, 0);
	cache_address(l, op, p, heads, mem, l->slot, end);
	npu_build_lea(l->b, t, &(struct npu_affine){
		.base = h.reg, .term = { { npu_reg(t), npu_imm(stride) } },
	});
	store_run(l, op, p, heads, npu_at(t, h.offset), mem, npu_reg(n), npu_order(0, 0));
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, at);
	npu_builder_reg_free(l->b, end);
	npu_builder_reg_free(l->b, n);
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, mem);
}

/* Rows of different sequences. */
static void store_places(struct lower *l, const struct op *op, const struct product *p,
			 const struct heads *heads, const struct places *places,
			 struct npu_loc h, uint64_t stride)
{
	uint8_t row = npu_builder_reg(l->b), pos = npu_builder_reg(l->b);
	uint8_t slot = npu_builder_reg(l->b), mem = npu_builder_reg(l->b);

	npu_build_loop(l->b, row, NPU_R_ZERO, p->rows->count, npu_imm(1));
	lower_place(l, places, row, pos, slot);
	lower_slot(l, slot);
	cache_address(l, op, p, heads, mem, slot, pos);
	npu_build_lea(l->b, pos, &(struct npu_affine){
		.base = h.reg, .term = { { npu_reg(row), npu_imm(stride) } },
	});
	store_run(l, op, p, heads, npu_at(pos, h.offset), mem, npu_imm(1), npu_order(0, 0));
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, row);
	npu_builder_reg_free(l->b, pos);
	npu_builder_reg_free(l->b, slot);
	npu_builder_reg_free(l->b, mem);
}

static void store_cached(struct lower *l, const struct op *op, const struct product *p,
			 const struct heads *heads, const struct constants *c,
			 struct npu_loc h)
{
	uint64_t plane = is_narrow(l, heads) ? op->cache->row :
					       (uint64_t)heads->w->unit_cols * F16;
	uint64_t stride = plane * p->tiling->units;
	struct npu_order order = npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->out.free));
	uint8_t t;

	if (!l->batch && !p->rows->count.reg) {
		t = npu_builder_reg(l->b);
		cache_address(l, op, p, heads, t, l->slot, l->pos);
		store_run(l, op, p, heads, h, t, p->rows->count, order);
		npu_builder_reg_free(l->b, t);
		return;
	}
	npu_build_nop(l->b, NPU_ENGINE_ST, npu_order(order.wait, 0));
	if (l->batch)
		store_places(l, op, p, heads, &c->places, h, stride);
	else
		store_pages(l, op, p, heads, h, stride);
	npu_build_nop(l->b, NPU_ENGINE_ST, npu_order(0, order.signal));
}

/* Heads of the tile as they are in memory, where the matrix engine would put a product. */
static void load_heads(struct lower *l, const struct product *p, const struct heads *heads)
{
	uint64_t head = (uint64_t)p->w->unit * F32;
	uint8_t t = npu_builder_reg(l->b);

	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = p->c, .sram_stride = npu_imm(p->ldc),
		.sram_plane = npu_imm((uint64_t)p->w->unit_cols * F32),
		.mem = lower_mem(l, t, heads->src->va, p->tile->at, head),
		.mem_stride = npu_imm(head * p->w->units), .mem_plane = npu_imm(head),
		.row = npu_imm(head), .rows = p->rows->count,
		.planes = npu_reg(p->tile->units),
	}, npu_order(NPU_TOKEN(l->out.free), NPU_TOKEN(l->ld_mat)));
	npu_build_nop(l->b, NPU_ENGINE_MAT,
		      npu_order(NPU_TOKEN(l->ld_mat), NPU_TOKEN(l->mat_vec)));
	npu_builder_reg_free(l->b, t);
}

static void multiply_heads(struct lower *l, struct product *p, const struct heads *heads)
{
	uint64_t size = (uint64_t)p->rows->max * p->ldc, biases = size + size / F32 * F16;

	p->order = npu_order(product_bias(l, p, heads->bias, biases, NPU_TOKEN(l->out.free)),
			     NPU_TOKEN(l->mat_vec));
	tile_product(l, p);
}

static void lower_heads(struct lower *l, const struct op *op, struct product *p,
			const struct heads *heads, const struct constants *c,
			const struct share *share)
{
	struct npu_loc h = npu_at(l->out.addr, (uint64_t)p->rows->max * p->ldc);
	struct tile tile;

	tile_loop(l, heads->w, share, p->tiling, &tile);
	p->tile = &tile;
	p->w = heads->w;
	if (heads->src)
		load_heads(l, p, heads);
	else
		multiply_heads(l, p, heads);
	finish_heads(l, op, p, heads, c, h);
	if (heads->dst)
		store_queries(l, op, p, heads, h);
	else
		store_cached(l, op, p, heads, c, h);
	lower_turn(l, &l->out);
	tile_endloop(l, &tile);
}

static void lower_parts(struct lower *l, const struct op *op, struct product *p,
			const struct constants *c)
{
	const struct heads parts[] = {
		{ &op->w[0], op->heads[0], op->bias[0], op->head_norm[0], op->cos,
		  op->y[0], 0 },
		{ &op->w[1], op->heads[1], op->bias[1], op->head_norm[1], op->cos,
		  NULL, op->cache->keys },
		{ &op->w[2], op->heads[2], op->bias[2], NULL, false,
		  NULL, op->cache->values },
	};
	struct share all = lower_share(l, op->shape.heads + 2 * op->shape.kv_heads);
	uint32_t before = 0;

	for (int i = 0; i < 3; i++) {
		struct share share = part_of(l, &all, before, parts[i].w->units);

		lower_heads(l, op, p, &parts[i], c, &share);
		before += parts[i].w->units;
		npu_builder_reg_free(l->b, share.first);
		npu_builder_reg_free(l->b, share.count);
	}
}

/* As many units in a tile as two slots of results have room for. */
static void choose_units(struct lower *l, const struct op *op, const struct row_range *rows,
			 struct tiling *tiling)
{
	uint64_t unit = (uint64_t)rows->max * op->w[0].unit_cols * (F32 + F16);

	tiling->units = op->shape.kv_heads;
	while (tiling->units > 1 && 2 * (tiling->units * unit + 64) > npu_builder_sram_left(l->b))
		tiling->units--;
	lower_ring(l, &l->out, "ring of heads", tiling->units * unit);
}

void lower_qkv(struct lower *l, const struct op *op)
{
	struct row_range rows = lower_op_rows(l, op);
	struct activation act;
	struct tiling tiling;
	struct constants constants = { 0 };
	struct product p = {
		.act = &act, .rows = &rows, .tiling = &tiling, .type_c = NPU_TYPE_F32,
	};

	if (op->heads[0]) {
		take_constants(l, op, &rows, &constants);
		choose_units(l, op, &rows, &tiling);
	} else {
		activation_alloc(l, op, &rows, &act);
		take_constants(l, op, &rows, &constants);
		tiling_choose(l, op, &rows, F32 + F16, &tiling);
		activation_load(l, op, &rows, &act, tiling.block);
		load_constants(l, op, &rows, &constants);
	}
	p.ldc = tiling.units * op->w[0].unit_cols * F32;
	p.c = npu_at(l->out.addr, 0);
	lower_parts(l, op, &p, &constants);
}
