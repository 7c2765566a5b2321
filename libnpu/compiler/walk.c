// SPDX-License-Identifier: MIT
/* Blocks and tiles of vectors: their sizes, the loop, and its transfers. */
#include "walk.h"

#define F32 4u
#define ALIGN 64u
#define BLOCK_ELEMENTS 8192u	/* more would not make transfers cheaper */
#define MIN_TILE 256u		/* shorter ones are not worth another core */

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* Vectors that there can be. */
static uint64_t most_vectors(const struct lower *l, const struct op *op)
{
	return (uint64_t)lower_op_rows(l, op).max * op->vectors;
}

/* Bytes of a slot of @block vectors of @cols elements. */
static uint64_t slot_size(const struct walk_need *need, uint64_t block, uint64_t cols)
{
	return block * (cols * need->elem + need->each) + (uint64_t)need->regions * ALIGN;
}

/* Bytes of vectors that all share, which stay when vectors are whole. */
static uint64_t shared_size(const struct op *op, const struct walk_need *need)
{
	return need->shared * round_up(op->cols * F32, ALIGN);
}

/* Bytes of a slot, less what its alignment takes. */
static uint64_t slot_room(const struct lower *l, uint64_t shared)
{
	uint64_t left = npu_builder_sram_left(l->b);

	return left > shared + 2 * ALIGN ? (left - shared) / 2 / ALIGN * ALIGN : 0;
}

bool walk_fits(const struct lower *l, const struct op *op, const struct walk_need *need)
{
	return slot_size(need, 1, op->cols) <= slot_room(l, shared_size(op, need));
}

static void choose_block(const struct lower *l, const struct walk_need *need,
			 struct walk *w)
{
	uint64_t room = slot_room(l, shared_size(w->op, need)), cols = w->op->cols;
	uint64_t each = (most_vectors(l, w->op) + l->target->cores - 1) / l->target->cores;
	uint64_t block = BLOCK_ELEMENTS / cols;

	w->tile = cols;
	w->tiles = 1;
	if (block > each)
		block = each;
	block = block ? block : 1;
	while (block > 1 && slot_size(need, block, cols) > room)
		block--;
	w->block = block;
}

/* In a tile the shared vectors have their part in the slot, too. */
static void choose_tile(const struct lower *l, const struct walk_need *need,
			struct walk *w)
{
	uint64_t cols = w->op->cols, vectors = most_vectors(l, w->op);
	uint64_t parts = (l->target->cores + vectors - 1) / vectors;
	uint64_t fixed = slot_size(need, 1, 0) + need->shared * ALIGN, room = slot_room(l, 0);
	uint64_t tile = room > fixed ? (room - fixed) / (need->elem + need->shared * F32) : 0;
	uint64_t fair = (cols + parts - 1) / parts;

	fair = fair > MIN_TILE ? fair : MIN_TILE;
	if (tile > BLOCK_ELEMENTS)
		tile = BLOCK_ELEMENTS;
	if (tile > fair)
		tile = fair;
	tile = tile / need->grain * need->grain;
	if (!tile)
		tile = need->grain;
	w->block = 1;
	w->tile = tile < cols ? tile : cols;
	w->tiles = (cols + w->tile - 1) / w->tile;
}

void walk_choose(struct lower *l, const struct op *op, const struct walk_need *need,
		 struct walk *w)
{
	uint64_t size;

	*w = (struct walk){ .op = op, .rows = lower_op_rows(l, op), .flat = op->cols == 1 };
	if (need->grain && !w->flat &&
	    (!walk_fits(l, op, need) || most_vectors(l, op) < l->target->cores))
		choose_tile(l, need, w);
	if (w->tiles <= 1)
		choose_block(l, need, w);
	size = slot_size(need, w->block, w->tile);
	if (w->tiles > 1)
		size += need->shared * round_up((uint64_t)w->tile * F32, ALIGN);
	lower_ring(l, &l->in, need->name, size);
}

uint32_t walk_region(struct walk *w, uint32_t size)
{
	uint32_t at = w->used;

	w->used += round_up((uint64_t)w->block * w->tile * size, ALIGN);
	return at;
}

uint32_t walk_each(struct walk *w, uint32_t size)
{
	uint32_t at = w->used;

	w->used += round_up((uint64_t)w->block * size, ALIGN);
	return at;
}

struct npu_loc walk_shared(struct lower *l, struct walk *w, const struct tensor *v)
{
	struct npu_loc at;
	uint8_t t;

	if (w->tiles > 1)
		return npu_at(l->in.addr, walk_region(w, F32));
	at = npu_at(0, npu_builder_sram(l->b, "shared vector", w->op->cols * F32));
	t = npu_builder_reg(l->b);
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = at, .mem = lower_mem(l, t, v->va, NPU_R_ZERO, 0),
		.row = npu_imm(w->op->cols * F32),
	}, npu_order(0, 0));
	npu_builder_reg_free(l->b, t);
	return at;
}

void walk_shared_load(struct lower *l, struct walk *w, const struct tensor *v,
		      struct npu_loc to, struct npu_order order)
{
	if (w->tiles <= 1)
		return;
	npu_build_alu(l->b, NPU_ALU_MUL, w->t[1], w->cols.reg, NPU_R_ZERO, F32);
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = to, .mem = lower_mem(l, w->t[0], v->va, w->col, F32),
		.row = npu_reg(w->t[1]),
	}, order);
}

static void begin_tiles(struct lower *l, struct walk *w)
{
	struct npu_builder *b = l->b;

	w->col = npu_builder_reg(b);
	w->cols = npu_reg(npu_builder_reg(b));
	npu_build_loop(b, w->n, w->share.first, npu_reg(w->share.count), npu_imm(1));
	npu_build_alu(b, NPU_ALU_DIV, w->at, w->n, NPU_R_ZERO, w->tiles);
	npu_build_alu(b, NPU_ALU_MOD, w->col, w->n, NPU_R_ZERO, w->tiles);
	npu_build_alu(b, NPU_ALU_MUL, w->col, w->col, NPU_R_ZERO, w->tile);
	npu_build_set(b, w->t[0], w->op->cols);
	lower_clip(l, w->cols.reg, w->t[0], w->col, w->tile);
	npu_build_set(b, w->n, 1);
}

void walk_begin(struct lower *l, struct walk *w)
{
	struct npu_builder *b = l->b;

	w->share = lower_share_rows(l, &w->rows, (uint64_t)w->op->vectors * w->tiles);
	w->at = npu_builder_reg(b);
	w->n = npu_builder_reg(b);
	w->t[0] = npu_builder_reg(b);
	w->t[1] = npu_builder_reg(b);
	if (w->tiles > 1) {
		begin_tiles(l, w);
		return;
	}
	w->col = NPU_R_ZERO;
	w->cols = npu_imm(w->op->cols);
	lower_div_up(l, w->n, npu_reg(w->share.count), w->block);
	npu_build_loop(b, w->at, w->share.first, npu_reg(w->n), npu_imm(w->block));
	npu_build_alu(b, NPU_ALU_ADD, w->n, w->share.first, w->share.count, 0);
	lower_clip(l, w->n, w->n, w->at, w->block);
}

void walk_end(struct lower *l, struct walk *w)
{
	lower_turn(l, &l->in);
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, w->at);
	npu_builder_reg_free(l->b, w->n);
	npu_builder_reg_free(l->b, w->t[0]);
	npu_builder_reg_free(l->b, w->t[1]);
	npu_builder_reg_free(l->b, w->col);
	npu_builder_reg_free(l->b, w->cols.reg);
	npu_builder_reg_free(l->b, w->share.first);
	npu_builder_reg_free(l->b, w->share.count);
}

/* The round's part of a tensor; what is contiguous moves as one row. */
static struct npu_insn_dma transfer(struct lower *l, struct walk *w,
				    const struct walk_window *win, uint32_t region)
{
	uint32_t size = tensor_element_size(win->tensor->type);
	struct npu_insn_dma dma = { .sram = walk_slot(l, region) };

	npu_build_lea(l->b, w->t[0], &(struct npu_affine){
		.imm = win->tensor->va + win->col * size,
		.term = { { npu_reg(w->at), npu_imm(win->ld * size) },
			  { npu_reg(win->first), npu_imm(win->ld * size) },
			  { npu_reg(w->col), npu_imm(size) } },
	});
	dma.mem = npu_at(w->t[0], 0);
	dma.row = npu_reg(w->t[1]);
	if (w->tiles <= 1 && win->ld == w->op->cols) {
		npu_build_alu(l->b, NPU_ALU_MUL, w->t[1], w->n, NPU_R_ZERO, win->ld * size);
		return dma;
	}
	if (w->cols.reg)
		npu_build_alu(l->b, NPU_ALU_MUL, w->t[1], w->cols.reg, NPU_R_ZERO, size);
	else
		npu_build_set(l->b, w->t[1], w->cols.imm * size);
	dma.rows = npu_reg(w->n);
	dma.mem_stride = npu_imm(win->ld * size);
	dma.sram_stride = walk_ld(w, size);
	return dma;
}

void walk_load(struct lower *l, struct walk *w, const struct walk_window *from,
	       uint32_t region, struct npu_order order)
{
	struct npu_insn_dma dma = transfer(l, w, from, region);

	npu_build_load(l->b, &dma, order);
}

void walk_store(struct lower *l, struct walk *w, const struct walk_window *to,
		uint32_t region, struct npu_order order)
{
	struct npu_insn_dma dma = transfer(l, w, to, region);

	npu_build_store(l->b, &dma, order);
}

void walk_store_each(struct lower *l, struct walk *w, const struct tensor *to, uint32_t n,
		     uint32_t region, struct npu_order order)
{
	npu_build_alu(l->b, NPU_ALU_MUL, w->t[1], w->n, NPU_R_ZERO, (uint64_t)n * F32);
	npu_build_store(l->b, &(struct npu_insn_dma){
		.sram = walk_slot(l, region), .row = npu_reg(w->t[1]),
		.mem = lower_mem(l, w->t[0], to->va, w->at, (uint64_t)n * F32),
	}, order);
}

struct npu_loc walk_slot(const struct lower *l, uint32_t region)
{
	return npu_at(l->in.addr, region);
}

struct npu_insn_vec walk_vec(const struct walk *w)
{
	if (w->flat)
		return (struct npu_insn_vec){ .rows = npu_imm(1), .cols = npu_reg(w->n) };
	return (struct npu_insn_vec){ .rows = npu_reg(w->n), .cols = w->cols };
}

struct npu_insn_vec walk_vec_from(const struct lower *l, const struct walk *w, uint8_t type,
				  uint32_t region)
{
	struct npu_insn_vec v = walk_vec(w);

	v.src0 = walk_slot(l, region);
	v.type_src0 = type;
	v.ld_src0 = walk_ld(w, tensor_element_size(type));
	return v;
}

struct npu_value walk_ld(const struct walk *w, uint32_t size)
{
	return npu_imm((uint64_t)w->tile * size);
}
