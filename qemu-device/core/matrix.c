// SPDX-License-Identifier: MIT
/* MATMUL, in pieces small enough for aborts and invalidations to pass. */
#include "matrix.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"

/* Weights of a piece: what is copied at once if it must be. */
#define PIECE_BYTES	(1u << 20)
#define PIECE_WORK	(NPU_CHUNK_WORK / 2)

/**
 * struct piece - columns @n..@n + @cols - 1 of rows @m..@m + @rows - 1
 */
struct piece {
	uint32_t m, rows, n, cols;
};

static uint32_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Whole panels, as many as work and bytes allow; then rows, if one is too much. */
static struct piece piece_size(const struct npu_matmul *mm)
{
	uint64_t k = mm->args.k ? mm->args.k : 1;
	uint64_t bytes = k * mm->region[NPU_MM_B].elem;
	uint64_t cols = PIECE_WORK / (mm->args.m * k);
	struct piece p = { 0 };

	if (cols > PIECE_BYTES / bytes)
		cols = PIECE_BYTES / bytes;
	cols -= cols % NPU_PACK_COLS;
	p.cols = least(cols ? cols : NPU_PACK_COLS, mm->args.n);
	p.rows = least(NPU_CHUNK_WORK / (p.cols * k), mm->args.m);
	if (!p.rows)
		p.rows = 1;
	return p;
}

/* Weights and parameters of the columns of @p. */
static void regions_of(const struct npu_matmul *mm, const struct piece *p,
		       struct npu_region *b, struct npu_region *sb,
		       struct npu_region *bias)
{
	*b = mm->region[NPU_MM_B];
	if (mm->args.layout == NPU_LAYOUT_KN) {
		b->base += (uint64_t)p->n * b->elem;
		b->row = (uint64_t)p->cols * b->elem;
	} else if (mm->args.layout == NPU_LAYOUT_NK) {
		b->base += p->n * b->stride;
		b->rows = p->cols;
	} else {
		b->base += p->n / NPU_PACK_COLS * b->stride;
		b->rows = (p->cols + NPU_PACK_COLS - 1) / NPU_PACK_COLS;
	}
	*sb = mm->region[NPU_MM_SB];
	sb->base += (uint64_t)p->n * sb->elem;
	sb->row = (uint64_t)p->cols * sb->elem;
	*bias = mm->region[NPU_MM_BIAS];
	bias->base += (uint64_t)p->n * bias->elem;
	bias->row = (uint64_t)p->cols * bias->elem;
}

/* Every page that an operand in memory touches can be read. */
static bool translate(struct npu_exec *ex, const struct npu_region *r)
{
	struct npu_fault fault;

	for (uint64_t y = 0; r->row && y < r->rows; y++) {
		uint64_t va = r->base + y * r->stride, end = va + r->row;

		if (!npu_exec_go_on(ex))
			return false;
		while (va < end) {
			if (!npu_mmu_page(&ex->mmu, va, NPU_ACCESS_READ, &fault))
				return npu_exec_fault_memory(ex, &fault, r->field);
			va = (va | (NPU_PAGE_SIZE - 1)) + 1;
		}
	}
	return true;
}

static bool translate_all(struct npu_exec *ex, const struct npu_matmul *mm)
{
	for (unsigned int i = 0; i < NPU_MM_OPERANDS; i++)
		if (mm->region[i].rows && npu_matmul_in_memory(mm, i) &&
		    !translate(ex, &mm->region[i]))
			return false;
	return true;
}

/* Room of the core for copies; SRAM bounds what can be asked. */
static uint8_t *bounce(struct npu_exec *ex, uint64_t size)
{
	uint8_t *more;

	if (ex->bounce && size <= ex->bounce_size)
		return ex->bounce;
	more = realloc(ex->bounce, size ? size : 1);
	if (!more)
		return NULL;
	ex->bounce = more;
	ex->bounce_size = size;
	return more;
}

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

/* Rows of a region that are copied between two looks. */
#define REACH_ROWS	256

/* Bytes that a copy of @r takes: rows side by side. */
static uint64_t copy_size(const struct npu_region *r)
{
	return round_up(r->rows * r->row);
}

/*
 * Host memory of @r: in place if it lies there in one piece, else copied to
 * @room. *@stride: from row to row. Lets invalidations pass if it copies many
 * rows, so only the first of several that are reached may have many.
 */
static const uint8_t *reach(struct npu_exec *ex, const struct npu_region *r,
			    uint8_t *room, size_t *stride)
{
	uint64_t extent = npu_region_extent(r);
	const uint8_t *host;
	struct npu_fault fault;

	*stride = r->stride;
	if (!extent)
		return room;
	host = npu_mmu_run(&ex->mmu, r->base, extent);
	if (host)
		return host;
	*stride = r->row;
	for (uint64_t y = 0; y < r->rows; y++) {
		if (y % REACH_ROWS == REACH_ROWS - 1 && !npu_exec_go_on(ex))
			return NULL;
		if (!npu_mmu_read(&ex->mmu, r->base + y * r->stride,
				  room + y * r->row, r->row, NPU_ACCESS_READ,
				  &fault)) {
			npu_exec_fault_memory(ex, &fault, r->field);
			return NULL;
		}
	}
	return room;
}

/* Point @a to the streamed operands of @p. */
static bool stream(struct npu_exec *ex, const struct npu_matmul *mm,
		   const struct piece *p, struct npu_mm_args *a)
{
	struct npu_region b, sb, bias;
	uint64_t size_b, size_sb;
	size_t unused;
	uint8_t *room;

	regions_of(mm, p, &b, &sb, &bias);
	size_b = copy_size(&b);
	size_sb = copy_size(&sb);
	room = bounce(ex, size_b + size_sb + copy_size(&bias));
	if (!room)
		return npu_exec_fault(ex, NPU_FAULT_BUS,
				      NPU_FIELD_ADDR(NPU_MM_B), b.base);
	a->b = reach(ex, &b, room, &a->ldb);
	if (!a->b)
		return false;
	if (sb.rows) {
		a->sb = reach(ex, &sb, room + size_b, &unused);
		if (!a->sb)
			return false;
	}
	if (bias.rows)
		a->bias = reach(ex, &bias, room + size_b + size_sb, &unused);
	return !bias.rows || a->bias;
}

/* The same, for operands in SRAM. */
static void advance(const struct npu_matmul *mm, const struct piece *p,
		    struct npu_mm_args *a)
{
	struct npu_region b, sb, bias;

	regions_of(mm, p, &b, &sb, &bias);
	a->b += b.base - mm->region[NPU_MM_B].base;
	if (sb.rows)
		a->sb += sb.base - mm->region[NPU_MM_SB].base;
	if (bias.rows)
		a->bias += bias.base - mm->region[NPU_MM_BIAS].base;
}

static bool multiply(struct npu_exec *ex, const struct npu_matmul *mm,
		     const struct piece *p)
{
	struct npu_mm_args a = mm->args;

	if (!npu_exec_go_on(ex))
		return false;
	a.m = p->rows;
	a.n = p->cols;
	a.a += p->m * a.lda;
	a.c += p->m * a.ldc + (uint64_t)p->n * mm->region[NPU_MM_C].elem;
	if (a.sa)
		a.sa += 4ull * p->m;
	if (!mm->stream)
		advance(mm, p, &a);
	else if (!stream(ex, mm, p, &a))
		return false;
	ex->npu->kernels->matmul(&a);
	return true;
}

static bool multiply_all(struct npu_exec *ex, const struct npu_matmul *mm)
{
	struct piece size = piece_size(mm), p;

	for (p.n = 0; p.n < mm->args.n; p.n += size.cols) {
		p.cols = least(size.cols, mm->args.n - p.n);
		for (p.m = 0; p.m < mm->args.m; p.m += size.rows) {
			p.rows = least(size.rows, mm->args.m - p.m);
			if (!multiply(ex, mm, &p))
				return false;
		}
	}
	return true;
}

static void count_macs(struct npu_exec *ex, const struct npu_mm_args *a)
{
	uint64_t macs = (uint64_t)a->m * a->n * a->k;

	if (a->type_b == NPU_TYPE_I8)
		ex->counters[NPU_CNT_MACS_I8] += macs;
	else
		ex->counters[NPU_CNT_MACS_F16] += macs;
}

static void count(struct npu_exec *ex, const struct npu_matmul *mm)
{
	const struct npu_profile *p = &ex->npu->profile;
	const struct npu_mm_args *a = &mm->args;
	uint64_t streamed = 0, read = 0, written, time = 0;

	for (unsigned int i = 0; i < NPU_MM_OPERANDS; i++) {
		uint64_t bytes = mm->region[i].rows * mm->region[i].row;

		if (npu_matmul_in_memory(mm, i))
			streamed += bytes;
		else if (i != NPU_MM_C || a->flags & NPU_F_ACCUM)
			read += bytes;
	}
	written = mm->region[NPU_MM_C].rows * mm->region[NPU_MM_C].row;
	if (mm->stream)
		time = npu_cost_transfer(p, 1, streamed);
	count_macs(ex, a);
	ex->counters[NPU_CNT_STREAM_READ] += streamed;
	ex->counters[NPU_CNT_MEM_READ] += streamed;
	ex->counters[NPU_CNT_SRAM_READ] += read;
	ex->counters[NPU_CNT_SRAM_WRITE] += written;
	ex->cycles = npu_cost_matmul(p, a->type_b, a->m, a->n, a->k, time);
}

bool npu_matrix_execute(struct npu_exec *ex, const struct npu_insn *insn)
{
	struct npu_matmul mm = { 0 };
	bool empty;

	if (insn->opcode == NPU_OP_NOP_MAT)
		return true;
	if (!npu_matmul_values(ex, insn, &mm, &empty))
		return false;
	if (empty)
		return true;
	if (!npu_matmul_resolve(ex, insn, &mm))
		return false;
	if (mm.stream && !translate_all(ex, &mm))
		return false;
	if (!multiply_all(ex, &mm))
		return false;
	count(ex, &mm);
	return true;
}
