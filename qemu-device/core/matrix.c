// SPDX-License-Identifier: MIT
/* MATMUL, in pieces small enough for aborts and invalidations to pass. */
#include "matrix.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "dry.h"
#include "hazard.h"
#include "kernels_weight.h"

/* Weights of a piece: what is copied at once if it must be. */
#define PIECE_BYTES	(1u << 20)
#define PIECE_COLUMNS	64
/* Sums of A that are kept: 256 KiB. */
#define SUMS_MAX	(1u << 16)
/* Panels of it, if parameters have a row for each: NPU_REACH_ROWS. */
#define PIECE_PANELS	(NPU_REACH_ROWS - 1)

static uint32_t least(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/*
 * Whole panels, as many as work and bytes allow; at least as many as kernels
 * like to have at a time, even if only some of the rows can then be done.
 */
static struct npu_piece piece_size(const struct npu_matmul *mm)
{
	uint64_t k = mm->args.k ? mm->args.k : 1;
	uint64_t bytes = k * mm->region[NPU_MM_B].elem;
	uint64_t cols = NPU_CHUNK_WORK / (mm->args.m * k);
	struct npu_piece p = { 0 };

	if (cols < PIECE_COLUMNS)
		cols = PIECE_COLUMNS;
	if (cols > PIECE_BYTES / bytes)
		cols = PIECE_BYTES / bytes;
	if (mm->args.flags & (NPU_F_GROUP | NPU_F_ZP))
		cols = least(cols, PIECE_PANELS * NPU_PACK_COLS);
	cols -= cols % NPU_PACK_COLS;
	p.cols = least(cols ? cols : NPU_PACK_COLS, mm->args.n);
	p.rows = least(NPU_CHUNK_WORK / (p.cols * k), mm->args.m);
	if (!p.rows)
		p.rows = 1;
	return p;
}

static void take_columns(struct npu_region *r, const struct npu_piece *p)
{
	r->base += (uint64_t)p->n * r->elem;
	r->row = (uint64_t)p->cols * r->elem;
}

static void take_panels(struct npu_region *r, const struct npu_piece *p)
{
	if (!r->rows)
		return;
	r->base += p->n / NPU_PACK_COLS * r->stride;
	r->rows = (p->cols + NPU_PACK_COLS - 1) / NPU_PACK_COLS;
}

static void take_weights(struct npu_region *b, const struct npu_piece *p,
			 unsigned int layout)
{
	if (layout == NPU_LAYOUT_PACK) {
		take_panels(b, p);
	} else if (layout == NPU_LAYOUT_KN) {
		take_columns(b, p);
	} else {
		b->base += p->n * b->stride;
		b->rows = p->cols;
	}
}

void npu_matmul_regions(const struct npu_matmul *mm, const struct npu_piece *p,
			struct npu_region *r)
{
	memcpy(r, mm->region, sizeof(mm->region));
	take_weights(&r[NPU_MM_B], p, mm->args.layout);
	if (mm->args.flags & NPU_F_GROUP)
		take_panels(&r[NPU_MM_SB], p);
	else
		take_columns(&r[NPU_MM_SB], p);
	take_columns(&r[NPU_MM_BIAS], p);
	if (mm->args.flags & NPU_F_ZP)
		take_panels(&r[NPU_MM_AUX], p);
	take_panels(&r[NPU_MM_DQ], p);
}

/* Parameters in SRAM of the columns of @p. */
static void advance(const struct npu_matmul *mm, const struct npu_piece *p,
		    struct npu_mm_args *a)
{
	struct npu_region r[NPU_MM_OPERANDS];
	const uint8_t **const at[NPU_MM_OPERANDS] = {
		[NPU_MM_B] = &a->b, [NPU_MM_SB] = &a->sb,
		[NPU_MM_BIAS] = &a->bias, [NPU_MM_AUX] = &a->aux,
		[NPU_MM_DQ] = &a->dq,
	};

	npu_matmul_regions(mm, p, r);
	for (unsigned int i = 0; i < NPU_MM_OPERANDS; i++)
		if (at[i] && r[i].rows)
			*at[i] += r[i].base - mm->region[i].base;
}

/*
 * Sums of A's rows, once for all pieces, if they are many enough to be asked
 * for twice and few enough to be kept.
 */
static void sum_rows(struct npu_exec *ex, struct npu_matmul *mm,
		     const struct npu_piece *size)
{
	struct npu_mm_args *a = &mm->args;
	uint64_t groups = matmul_groups(a);

	a->sums = NULL;
	if (a->type_a != NPU_TYPE_I8 || !ex->npu->kernels->sum_rows ||
	    size->cols == a->n || !groups || groups > SUMS_MAX || a->m > SUMS_MAX / groups)
		return;
	if (!ex->room->sums)
		ex->room->sums = malloc(SUMS_MAX * sizeof(*ex->room->sums));
	if (!ex->room->sums)
		return;
	ex->npu->kernels->sum_rows(a, ex->room->sums);
	a->sums = ex->room->sums;
}

/**
 * struct weights - where B and its parameters of a piece are
 * @args: pointers and strides to them
 * @n: first column of the piece
 * @drops: mmu.drops when they were found: if it is another, they may be gone
 */
struct weights {
	struct npu_mm_args args;
	uint32_t n, drops;
};

static bool find_weights(struct npu_exec *ex, const struct npu_matmul *mm,
			 const struct npu_piece *p, struct weights *w)
{
	if (w->n == p->n && w->drops == ex->mmu.drops)
		return true;
	w->args = mm->args;
	w->args.n = p->cols;
	w->n = p->n;
	if (!mm->stream)
		advance(mm, p, &w->args);
	else if (!npu_matmul_stream(ex, mm, p, &w->args))
		return false;
	w->drops = ex->mmu.drops;
	return true;
}

static bool multiply(struct npu_exec *ex, const struct npu_matmul *mm,
		     const struct npu_piece *p, struct weights *w)
{
	struct npu_mm_args a;

	if (!npu_exec_go_on(ex) || !find_weights(ex, mm, p, w))
		return false;
	a = w->args;
	a.m = p->rows;
	a.a += p->m * a.lda;
	a.c += p->m * a.ldc + (uint64_t)p->n * mm->region[NPU_MM_C].elem;
	if (a.sa)
		a.sa += 4ull * p->m;
	a.ahead = npu_ahead_of(ex);
	if (a.sums)
		a.sums += p->m * matmul_groups(&a);
	ex->npu->kernels->matmul(&a);
	return true;
}

static bool multiply_all(struct npu_exec *ex, struct npu_matmul *mm)
{
	struct npu_piece size = piece_size(mm), p;
	struct weights w = { .n = UINT32_MAX };

	sum_rows(ex, mm, &size);
	for (p.n = 0; p.n < mm->args.n; p.n += size.cols) {
		p.cols = least(size.cols, mm->args.n - p.n);
		for (p.m = 0; p.m < mm->args.m; p.m += size.rows) {
			p.rows = least(size.rows, mm->args.m - p.m);
			if (!multiply(ex, mm, &p, &w))
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
	else if (a->type_b == NPU_TYPE_I4 || a->type_b == NPU_TYPE_C4)
		ex->counters[NPU_CNT_MACS_I4] += macs;
	else
		ex->counters[NPU_CNT_MACS_F16] += macs;
}

static void count(struct npu_exec *ex, const struct npu_matmul *mm)
{
	const struct npu_profile *p = &ex->npu->profile;
	const struct npu_mm_args *a = &mm->args;
	const struct npu_region *c = &mm->region[NPU_MM_C];
	uint64_t streamed = 0, read = 0;
	uint64_t words = npu_cost_words(p, c->rows, c->row);

	for (unsigned int i = 0; i < NPU_MM_OPERANDS; i++) {
		const struct npu_region *r = &mm->region[i];

		if (npu_matmul_in_memory(mm, i)) {
			streamed += r->rows * r->row;
		} else if (i != NPU_MM_C || a->flags & NPU_F_ACCUM) {
			read += r->rows * r->row;
			words += npu_cost_words(p, r->rows, r->row);
		}
	}
	count_macs(ex, a);
	ex->counters[NPU_CNT_STREAM_READ] += streamed;
	ex->counters[NPU_CNT_MEM_READ] += streamed;
	ex->counters[NPU_CNT_SRAM_READ] += read;
	ex->counters[NPU_CNT_SRAM_WRITE] += c->rows * c->row;
	ex->cost = npu_cost_matmul(p, a->type_b, a->m, a->n, a->k, words, streamed);
}

static void touch(struct npu_exec *ex, const struct npu_matmul *mm)
{
	for (unsigned int i = 0; i < NPU_MM_OPERANDS; i++)
		if (mm->region[i].rows && !npu_matmul_in_memory(mm, i) &&
		    (i != NPU_MM_C || mm->args.flags & NPU_F_ACCUM))
			npu_hazards_touch(ex, &mm->region[i], false);
	npu_hazards_touch(ex, &mm->region[NPU_MM_C], true);
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
	if (ex->hazards)
		touch(ex, &mm);
	if (ex->dry)
		npu_dry_wrote(ex, &mm.region[NPU_MM_C]);
	else if ((mm.stream && !npu_matmul_translate(ex, &mm)) ||
		 !multiply_all(ex, &mm))
		return false;
	count(ex, &mm);
	return true;
}
