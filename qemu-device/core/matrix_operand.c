// SPDX-License-Identifier: MIT
/* What a MATMUL reads and writes, checked: isa.rst, "Matrix engine". */
#include "matrix.h"

#include <string.h>

#include "device.h"
#include "kernels_weight.h"

/* Most k of an exact sum of I8 products in 32 bits. */
#define K_MAX_I8	65536
#define K_MAX_F16	(1u << 20)

#define CODEBOOK	16	/* bytes of it */

bool npu_matmul_values(struct npu_exec *ex, const struct npu_insn *insn,
		       struct npu_matmul *mm, bool *empty)
{
	struct npu_mm_args *a = &mm->args;
	uint32_t lda, ldb, ldc, lds;

	if (!npu_exec_value(ex, insn, NPU_MM_M, &a->m) ||
	    !npu_exec_value(ex, insn, NPU_MM_N, &a->n))
		return false;
	*empty = !a->m || !a->n;
	if (*empty)
		return true;
	if (!npu_exec_value(ex, insn, NPU_MM_K, &a->k) ||
	    !npu_exec_value(ex, insn, NPU_MM_LDA, &lda) ||
	    !npu_exec_value(ex, insn, NPU_MM_LDB, &ldb) ||
	    !npu_exec_value(ex, insn, NPU_MM_LDC, &ldc) ||
	    !npu_exec_value(ex, insn, NPU_MM_GROUP, &a->group) ||
	    !npu_exec_value(ex, insn, NPU_MM_LDS, &lds))
		return false;
	a->lda = lda;
	a->ldb = ldb;
	a->ldc = ldc;
	a->lds = lds;
	a->flags = (uint16_t)(insn->flags & ~NPU_F_STREAM);
	a->type_c = insn->type[NPU_MM_TYPE_C];
	a->type_a = insn->type[NPU_MM_TYPE_A];
	a->type_b = insn->type[NPU_MM_TYPE_B];
	a->type_s = insn->type[NPU_MM_TYPE_S];
	a->layout = insn->mode[NPU_MM_LAYOUT];
	a->act = insn->mode[NPU_MM_ACT];
	a->inv = npu_immediate_f32(insn->imm[0]);
	mm->stream = insn->flags & NPU_F_STREAM;
	if (a->k > (a->type_a == NPU_TYPE_I8 ? K_MAX_I8 : K_MAX_F16))
		return npu_exec_fault(ex, NPU_FAULT_OPERAND,
				      NPU_FIELD_VAL(NPU_MM_K), a->k);
	if (!(a->flags & NPU_F_GROUP))
		a->group = a->k;
	else if (!a->group || a->group % 16)
		return npu_exec_fault(ex, NPU_FAULT_OPERAND,
				      NPU_FIELD_VAL(NPU_MM_GROUP), a->group);
	return npu_exec_work(ex, a->m, a->n, a->k ? a->k : 1,
			     NPU_FIELD_VAL(NPU_MM_M));
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

static struct npu_region region_b(const struct npu_mm_args *a)
{
	uint8_t size = npu_type_size(a->type_b);
	struct npu_region r = {
		.rows = a->n, .row = (uint64_t)a->k * size, .stride = a->ldb,
		.stride_field = NPU_MM_LDB,
		.align = size, .stride_align = size, .elem = size,
	};

	if (a->layout == NPU_LAYOUT_KN) {
		r.rows = a->k;
		r.row = (uint64_t)a->n * size;
	} else if (a->layout == NPU_LAYOUT_PACK) {
		r.rows = divide_up(a->n, NPU_PACK_COLS);
		r.row = divide_up(a->k, pack_depth(a->type_b)) * NPU_PACK_BLOCK;
		r.align = NPU_PACK_BLOCK;
		r.stride_align = NPU_PACK_BLOCK;
	}
	return r;
}

/*
 * Parameters by group: a row of @row bytes for each panel. LDS tells @stride of
 * all of them, and is checked with the scales.
 */
static struct npu_region region_panels(const struct npu_mm_args *a, uint64_t row,
				       uint64_t stride, uint8_t align)
{
	return (struct npu_region){
		.rows = divide_up(a->n, NPU_PACK_COLS), .row = row,
		.stride = stride, .stride_field = NPU_NO_STRIDE,
		.align = align, .stride_align = 1, .elem = 1,
	};
}

static void find_group_scales(struct npu_matmul *mm)
{
	const struct npu_mm_args *a = &mm->args;
	uint64_t groups = matmul_groups(a);
	struct npu_region *sb = &mm->region[NPU_MM_SB];

	*sb = region_panels(a, groups * NPU_PACK_COLS * npu_type_size(a->type_s),
			    a->lds, 64);
	sb->stride_field = NPU_MM_LDS;
	sb->stride_align = 64;
	if (a->type_s == NPU_TYPE_I8)
		mm->region[NPU_MM_DQ] = region_panels(a,
						      8 * divide_up(groups, 16),
						      8 * divide_up(a->lds, 256),
						      8);
}

static void find_zero_points(struct npu_matmul *mm)
{
	const struct npu_mm_args *a = &mm->args;
	uint64_t pitch = NPU_PACK_COLS;

	if (a->flags & NPU_F_GROUP)
		pitch = a->lds / npu_type_size(a->type_s);
	mm->region[NPU_MM_AUX] = region_panels(a,
					       matmul_groups(a) * NPU_PACK_COLS,
					       pitch, 16);
}

/* A vector of @n elements of @size bytes, aligned to 4. */
static struct npu_region region_vector(uint64_t n, uint8_t size)
{
	return (struct npu_region){
		.rows = 1, .row = n * size, .stride_field = NPU_NO_STRIDE,
		.align = 4, .stride_align = 1, .elem = size,
	};
}

static struct npu_region region_rows(uint64_t rows, uint64_t cols, uint8_t size,
				     uint64_t stride, uint8_t stride_field)
{
	return (struct npu_region){
		.rows = rows, .row = cols * size, .stride = stride,
		.stride_field = stride_field,
		.align = size, .stride_align = size, .elem = size,
	};
}

static void find_regions(const struct npu_exec *ex, const struct npu_insn *insn,
			 struct npu_matmul *mm)
{
	const struct npu_mm_args *a = &mm->args;
	struct npu_region *r = mm->region;

	r[NPU_MM_A] = region_rows(a->m, a->k, npu_type_size(a->type_a), a->lda,
				  NPU_MM_LDA);
	r[NPU_MM_B] = region_b(a);
	r[NPU_MM_C] = region_rows(a->m, a->n, npu_type_size(a->type_c), a->ldc,
				  NPU_MM_LDC);
	if (a->flags & NPU_F_SA)
		r[NPU_MM_SA] = region_vector(a->m, 4);
	if (a->flags & NPU_F_SB)
		r[NPU_MM_SB] = region_vector(a->n, npu_type_size(a->type_s));
	if (a->flags & NPU_F_GROUP)
		find_group_scales(mm);
	if (a->flags & NPU_F_BIAS)
		r[NPU_MM_BIAS] = region_vector(a->n, 4);
	if (a->flags & NPU_F_ZP)
		find_zero_points(mm);
	if (a->type_b == NPU_TYPE_C4) {
		r[NPU_MM_AUX] = region_vector(CODEBOOK, 1);
		r[NPU_MM_AUX].align = 16;
	}
	for (unsigned int i = 0; i < NPU_MM_OPERANDS; i++) {
		r[i].base = npu_exec_address(ex, insn, i);
		r[i].field = (uint8_t)i;
	}
}

/* C meets nothing that is read. */
static bool c_is_apart(struct npu_exec *ex, const struct npu_matmul *mm)
{
	const struct npu_region *c = &mm->region[NPU_MM_C];

	if (!npu_region_rows_apart(ex, c))
		return false;
	for (unsigned int i = 0; i < NPU_MM_OPERANDS; i++)
		if (i != NPU_MM_C && mm->region[i].rows &&
		    !npu_matmul_in_memory(mm, i) &&
		    !npu_region_no_overlap(ex, c, &mm->region[i], false))
			return false;
	return true;
}

bool npu_matmul_resolve(struct npu_exec *ex, const struct npu_insn *insn,
			struct npu_matmul *mm)
{
	uint8_t *host[NPU_MM_OPERANDS] = { NULL };

	find_regions(ex, insn, mm);
	for (unsigned int i = 0; i < NPU_MM_OPERANDS; i++)
		if (mm->region[i].rows && !npu_matmul_in_memory(mm, i) &&
		    !npu_region_in_sram(ex, &mm->region[i], &host[i]))
			return false;
	if (!c_is_apart(ex, mm))
		return false;
	for (unsigned int i = 0; i < NPU_MM_OPERANDS; i++)
		if (mm->region[i].rows && npu_matmul_in_memory(mm, i) &&
		    !npu_region_aligned(ex, &mm->region[i]))
			return false;
	mm->args.a = host[NPU_MM_A];
	mm->args.b = host[NPU_MM_B];
	mm->args.c = host[NPU_MM_C];
	mm->args.sa = host[NPU_MM_SA];
	mm->args.sb = host[NPU_MM_SB];
	mm->args.bias = host[NPU_MM_BIAS];
	mm->args.aux = host[NPU_MM_AUX];
	mm->args.dq = host[NPU_MM_DQ];
	return true;
}
