// SPDX-License-Identifier: MIT
/* The vector engine: operands found and checked, rows handed to the kernels. */
#include "device.h"
#include "dry.h"
#include "hazard.h"
#include "operand.h"

#include <string.h>

#define SOURCES		3
#define AUXILIARIES	3
#define TOPK_MAX	256

/* Each element may move all those that are kept. */
#define TOPK_CHUNK	(NPU_CHUNK_WORK / 64)

/**
 * struct vector - one instruction, resolved
 * @args: for the kernels
 * @dst: bytes of the destination
 * @src: bytes of the sources; no rows if absent
 * @aux: bytes of the operands behind them; all are written
 */
struct vector {
	struct npu_vec_args args;
	struct npu_region dst, src[SOURCES], aux[AUXILIARIES];
};

static bool value_fault(struct npu_exec *ex, unsigned int i, uint64_t value)
{
	return npu_exec_fault(ex, NPU_FAULT_OPERAND, NPU_FIELD_VAL(i), value);
}

static bool rope_values(struct npu_exec *ex, const struct npu_insn *insn,
			struct npu_vec_args *a)
{
	uint32_t rotated, head;

	if (!npu_exec_value(ex, insn, NPU_ROPE_DIMS, &rotated) ||
	    !npu_exec_value(ex, insn, NPU_ROPE_HEAD, &head))
		return false;
	a->p[0] = rotated;
	a->p[1] = head;
	if (rotated % 2)
		return value_fault(ex, NPU_ROPE_DIMS, rotated);
	if (!head || a->cols % head)
		return value_fault(ex, NPU_ROPE_HEAD, head);
	return rotated <= head || value_fault(ex, NPU_ROPE_DIMS, rotated);
}

static bool softmax_values(struct npu_exec *ex, const struct npu_insn *insn,
			   struct npu_vec_args *a)
{
	uint32_t div;

	if (!npu_exec_signed(ex, insn, NPU_SOFTMAX_HI, &a->p[0]) ||
	    !npu_exec_value(ex, insn, NPU_SOFTMAX_DIV, &div) ||
	    !npu_exec_signed(ex, insn, NPU_SOFTMAX_LO, &a->p[1]))
		return false;
	a->p[2] = div;
	return div || value_fault(ex, NPU_SOFTMAX_DIV, 0);
}

static bool topk_values(struct npu_exec *ex, const struct npu_insn *insn,
			struct npu_vec_args *a)
{
	uint32_t count;

	if (!npu_exec_value(ex, insn, NPU_VEC_P0, &count))
		return false;
	a->p[0] = count;
	return (count <= TOPK_MAX && count <= a->cols) ||
	       value_fault(ex, NPU_VEC_P0, count);
}

static bool read_values(struct npu_exec *ex, const struct npu_insn *insn,
			struct npu_vec_args *a)
{
	bool softmax = insn->opcode == NPU_OP_SOFTMAX;
	uint32_t ld[4] = { 0 };

	for (unsigned int i = 0; i < (softmax ? 2 : 4); i++)
		if (!npu_exec_value(ex, insn, NPU_VEC_LD_DST + i, &ld[i]))
			return false;
	a->ld_dst = ld[0];
	for (unsigned int i = 0; i < SOURCES; i++)
		a->ld_src[i] = ld[1 + i];
	if (softmax)
		return softmax_values(ex, insn, a);
	if (insn->opcode == NPU_OP_TOPK)
		return topk_values(ex, insn, a);
	return insn->opcode != NPU_OP_ROPE || rope_values(ex, insn, a);
}

static void read_fields(const struct npu_insn *insn, struct npu_vec_args *a)
{
	a->opcode = insn->opcode;
	a->subop = insn->subop;
	a->flags = insn->flags;
	a->type_dst = insn->type[NPU_VEC_DST];
	for (unsigned int i = 0; i < SOURCES; i++)
		a->type_src[i] = insn->type[NPU_VEC_SRC0 + i];
	a->bcast[0] = insn->mode[1];
	a->bcast[1] = insn->mode[2];
	a->imm[0] = npu_immediate_f32(insn->imm[0]);
	a->imm[1] = npu_immediate_f32(insn->imm[1]);
}

/* Sums over nothing are something; else without columns nothing is done. */
static bool is_empty(const struct npu_vec_args *a)
{
	return !a->rows || (!a->cols && a->opcode != NPU_OP_REDUCE &&
			    a->opcode != NPU_OP_SOFTMAX);
}

static struct npu_region region(uint8_t size, unsigned int field,
				unsigned int stride_field, uint64_t stride)
{
	return (struct npu_region){
		.stride = stride, .field = (uint8_t)field,
		.stride_field = (uint8_t)stride_field,
		.align = size, .stride_align = size, .elem = size,
	};
}

static struct npu_region source_region(const struct npu_vec_args *a,
				       unsigned int s)
{
	uint8_t size = npu_type_size(a->type_src[s]);
	struct npu_region r = region(size, NPU_VEC_SRC0 + s,
				     NPU_VEC_LD_SRC0 + s, a->ld_src[s]);
	uint64_t cols = a->cols;

	if (s && a->opcode == NPU_OP_ROPE)
		cols = (uint64_t)a->p[0] / 2;
	r.rows = a->rows;
	r.row = cols * size;
	switch (s ? a->bcast[s - 1] : NPU_BCAST_NONE) {
	case NPU_BCAST_ROW:
		r.rows = 1;
		r.bcast = true;
		break;
	case NPU_BCAST_COL:
		r.row = size;
		r.bcast = true;
		break;
	case NPU_BCAST_SCALAR:
		r.rows = 1;
		r.row = size;
		r.bcast = true;
		break;
	}
	return r;
}

/* Bytes of a row of what is packed: an element, of TOPK its count of them. */
static uint64_t packed_row(const struct npu_vec_args *a)
{
	return a->opcode == NPU_OP_TOPK ? 4 * (uint64_t)a->p[0] : 4;
}

static struct npu_region destination_region(const struct npu_vec_args *a)
{
	uint8_t size = npu_type_size(a->type_dst);
	struct npu_region r = region(size, NPU_VEC_DST, NPU_VEC_LD_DST, a->ld_dst);

	r.rows = a->rows;
	r.row = (uint64_t)a->cols * size;
	if (a->opcode == NPU_OP_REDUCE || a->opcode == NPU_OP_ARGMAX) {
		r.row = size;
	} else if (a->opcode == NPU_OP_TRANSPOSE) {
		r.rows = a->cols;
		r.row = (uint64_t)a->rows * size;
	} else if (a->opcode == NPU_OP_TOPK) {
		r.rows = 1;
		r.row = a->rows * packed_row(a);
		r.stride_field = NPU_NO_STRIDE;
	}
	return r;
}

/* Packed F32[rows], of TOPK F32[rows][val[6]]. */
static struct npu_region auxiliary_region(const struct npu_vec_args *a,
					  unsigned int i)
{
	struct npu_region r = region(4, NPU_VEC_AUX0 + i, NPU_NO_STRIDE, 0);

	r.rows = 1;
	r.row = a->rows * packed_row(a);
	return r;
}

static unsigned int auxiliaries(const struct npu_vec_args *a)
{
	switch (a->opcode) {
	case NPU_OP_SOFTMAX:
		return 3;
	case NPU_OP_TOPK:
		return 1;
	case NPU_OP_QUANT:
		return !!(a->flags & (NPU_F_DYNAMIC | NPU_F_GIVEN));
	case NPU_OP_ARGMAX:
		return !!(a->flags & NPU_F_VALUE);
	default:
		return 0;
	}
}

static void find_regions(const struct npu_exec *ex, const struct npu_insn *insn,
			 struct vector *v)
{
	const struct npu_vec_args *a = &v->args;
	unsigned int count = auxiliaries(a);

	v->dst = destination_region(a);
	v->dst.base = npu_exec_address(ex, insn, NPU_VEC_DST);
	for (unsigned int s = 0; s < SOURCES; s++) {
		if (a->type_src[s] == NPU_TYPE_NONE)
			continue;
		v->src[s] = source_region(a, s);
		v->src[s].base = npu_exec_address(ex, insn, NPU_VEC_SRC0 + s);
	}
	for (unsigned int i = 0; i < count; i++) {
		v->aux[i] = auxiliary_region(a, i);
		v->aux[i].base = npu_exec_address(ex, insn, NPU_VEC_AUX0 + i);
	}
}

static bool find_in_sram(struct npu_exec *ex, struct vector *v)
{
	struct npu_vec_args *a = &v->args;
	uint8_t *host;

	if (!npu_region_in_sram(ex, &v->dst, &a->dst))
		return false;
	for (unsigned int s = 0; s < SOURCES; s++) {
		if (!v->src[s].rows)
			continue;
		if (!npu_region_in_sram(ex, &v->src[s], &host))
			return false;
		a->src[s] = host;
	}
	for (unsigned int i = 0; i < AUXILIARIES; i++)
		if (v->aux[i].rows &&
		    !npu_region_in_sram(ex, &v->aux[i], &a->aux[i]))
			return false;
	return true;
}

/* Whether dst and source @s may be the same elements. */
static bool may_coincide(const struct npu_vec_args *a, unsigned int s)
{
	switch (a->opcode) {
	case NPU_OP_REDUCE:
	case NPU_OP_ARGMAX:
	case NPU_OP_TOPK:
	case NPU_OP_TRANSPOSE:
		return false;
	case NPU_OP_ROPE:
		return s == 0;
	default:
		return true;
	}
}

static bool overlap_is_sound(struct npu_exec *ex, const struct vector *v)
{
	if (!npu_region_rows_apart(ex, &v->dst))
		return false;
	for (unsigned int s = 0; s < SOURCES; s++)
		if (v->src[s].rows &&
		    !npu_region_no_overlap(ex, &v->dst, &v->src[s],
					   may_coincide(&v->args, s)))
			return false;
	for (unsigned int i = 0; i < AUXILIARIES; i++) {
		if (!v->aux[i].rows)
			continue;
		if (!npu_region_disjoint(ex, &v->aux[i], &v->dst))
			return false;
		for (unsigned int j = 0; j < i; j++)
			if (!npu_region_disjoint(ex, &v->aux[i], &v->aux[j]))
				return false;
		for (unsigned int s = 0; s < SOURCES; s++)
			if (v->src[s].rows &&
			    !npu_region_disjoint(ex, &v->aux[i], &v->src[s]))
				return false;
	}
	return true;
}

/*
 * Rows @first.. of the instruction, at most @rows. The window of SOFTMAX moves
 * with r / div, so a piece is a number of whole steps or lies within one.
 */
static struct npu_vec_args rows_of(const struct vector *v, uint32_t first,
				   uint32_t rows)
{
	struct npu_vec_args a = v->args;
	bool softmax = a.opcode == NPU_OP_SOFTMAX;

	a.rows = rows;
	if (a.opcode == NPU_OP_TRANSPOSE)
		a.dst += (uint64_t)first * v->dst.elem;
	else if (a.opcode == NPU_OP_TOPK)
		a.dst += first * packed_row(&a);
	else
		a.dst += first * a.ld_dst;
	for (unsigned int s = 0; s < SOURCES; s++)
		if (v->src[s].rows > 1)
			a.src[s] += first * a.ld_src[s];
	for (unsigned int i = 0; i < AUXILIARIES; i++)
		if (a.aux[i])
			a.aux[i] += first * packed_row(&a);
	if (softmax) {
		a.p[0] += first / v->args.p[2];
		a.p[1] += first / v->args.p[2];
		if (first % v->args.p[2])
			a.p[2] = NPU_VAL_MAX;
	}
	return a;
}

static uint32_t piece_of(const struct npu_vec_args *a, uint32_t first)
{
	uint32_t chunk = a->opcode == NPU_OP_TOPK ? TOPK_CHUNK : NPU_CHUNK_WORK;
	uint32_t rows = chunk / (a->cols ? a->cols : 1);
	uint32_t left = a->rows - first, div = (uint32_t)a->p[2];

	if (!rows)
		rows = 1;
	if (rows > left)
		rows = left;
	if (a->opcode != NPU_OP_SOFTMAX)
		return rows;
	if (first % div || rows < div) {
		/* Within one step of the window. */
		if (rows > div - first % div)
			rows = div - first % div;
		return rows;
	}
	return rows == left ? rows : rows - rows % div;
}

static bool run_rows(struct npu_exec *ex, const struct vector *v)
{
	uint32_t rows;

	for (uint32_t first = 0; first < v->args.rows; first += rows) {
		struct npu_vec_args a;

		if (!npu_exec_go_on(ex))
			return false;
		rows = piece_of(&v->args, first);
		a = rows_of(v, first, rows);
		ex->npu->kernels->vector(&a);
	}
	return true;
}

/* What is written without data is not known. */
static void write_dry(struct npu_exec *ex, const struct vector *v)
{
	npu_dry_wrote(ex, &v->dst);
	for (unsigned int i = 0; i < AUXILIARIES; i++)
		if (v->aux[i].rows)
			npu_dry_wrote(ex, &v->aux[i]);
}

/* Of SOFTMAX the first two operands behind the sources are read as well. */
static bool reads_aux(const struct npu_vec_args *a)
{
	return a->opcode == NPU_OP_SOFTMAX && !(a->flags & NPU_F_INIT);
}

static void touch(struct npu_exec *ex, const struct vector *v)
{
	for (unsigned int s = 0; s < SOURCES; s++)
		if (v->src[s].rows)
			npu_hazards_touch(ex, &v->src[s], false);
	for (unsigned int i = 0; reads_aux(&v->args) && i < 2; i++)
		npu_hazards_touch(ex, &v->aux[i], false);
	npu_hazards_touch(ex, &v->dst, true);
	for (unsigned int i = 0; i < AUXILIARIES; i++)
		if (v->aux[i].rows)
			npu_hazards_touch(ex, &v->aux[i], true);
}

/* Bytes and words of operands in SRAM. */
struct traffic {
	uint64_t bytes, words;
};

static void add(struct traffic *t, const struct npu_profile *p,
		const struct npu_region *r)
{
	t->bytes += r->rows * r->row;
	t->words += npu_cost_words(p, r->rows, r->row);
}

static void count(struct npu_exec *ex, const struct npu_insn *insn,
		  const struct vector *v)
{
	const struct npu_profile *p = &ex->npu->profile;
	const struct npu_vec_args *a = &v->args;
	struct traffic read = { 0 }, written = { 0 };

	for (unsigned int s = 0; s < SOURCES; s++)
		add(&read, p, &v->src[s]);
	add(&written, p, &v->dst);
	for (unsigned int i = 0; i < AUXILIARIES; i++) {
		add(&written, p, &v->aux[i]);
		if (reads_aux(a) && i < 2)
			add(&read, p, &v->aux[i]);
	}
	ex->counters[NPU_CNT_SRAM_READ] += read.bytes;
	ex->counters[NPU_CNT_SRAM_WRITE] += written.bytes;
	ex->counters[NPU_CNT_VEC_OPS] += (uint64_t)a->rows * a->cols *
					 npu_vec_passes(insn);
	ex->cost = npu_cost_vector(p, insn, a->rows, a->cols, read.words + written.words);
}

bool npu_vector_execute(struct npu_exec *ex, const struct npu_insn *insn)
{
	struct vector v = { 0 };

	if (insn->opcode == NPU_OP_NOP_VEC)
		return true;
	read_fields(insn, &v.args);
	if (!npu_exec_value(ex, insn, NPU_VEC_ROWS, &v.args.rows) ||
	    !npu_exec_value(ex, insn, NPU_VEC_COLS, &v.args.cols))
		return false;
	if (is_empty(&v.args))
		return true;
	if (!read_values(ex, insn, &v.args) ||
	    !npu_exec_work(ex, v.args.rows, v.args.cols ? v.args.cols : 1, 1,
			   NPU_FIELD_VAL(NPU_VEC_ROWS)))
		return false;
	find_regions(ex, insn, &v);
	if (!find_in_sram(ex, &v) || !overlap_is_sound(ex, &v))
		return false;
	if (ex->hazards)
		touch(ex, &v);
	if (ex->dry)
		write_dry(ex, &v);
	else if (!run_rows(ex, &v))
		return false;
	count(ex, insn, &v);
	return true;
}
