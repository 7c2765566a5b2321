/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic of the matrix and vector engines on host memory.
 *
 * An implementation of this table is one instruction set of the host. All give
 * the same bytes; kernels_scalar.c is the definition (Documentation/isa.rst).
 * The caller has checked every operand as isa.rst demands: pointers cover what
 * the sizes say, types and flags go together, divisors are not zero.
 */
#ifndef NPU_CORE_KERNELS_H
#define NPU_CORE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ahead.h"
#include "hw/npu_isa.h"

/**
 * struct npu_mm_args - one MATMUL, or some whole panels of one
 * @m: rows of A and C
 * @n: columns of B and C
 * @k: columns of A, rows of B
 * @group: k in a group (NPU_F_GROUP), else @k or more
 * @a: I8, F16 or BF16 rows, @lda bytes apart
 * @b: weights in @layout, rows or panels @ldb bytes apart
 * @c: rows of @type_c, @ldc bytes apart
 * @sa: F32[m], or NULL
 * @sb: scales, [n] or panels @lds bytes apart, or NULL
 * @bias: F32[n], or NULL
 * @aux: zero points or codebook, or NULL
 * @dq: pairs of F32 (DQ8), or NULL
 * @inv: inverse scale of an I8 C
 * @sums: what sum_rows() of the implementation made of these rows, or NULL
 * @ahead: memory to fetch into the cache on the way, or NULL
 *
 * @b, @c and the parameters may lie at any alignment of their elements. To
 * split at column n, a multiple of 16, p = n / 16: advance @b and @sb by p rows
 * of @ldb and @lds, an @sb without NPU_F_GROUP and @bias by n elements, @c by n
 * elements, zero points by p * @lds / (size of a scale) or 16 * p without
 * NPU_F_GROUP, @dq by 8 * p * ceil(@lds / 256); the codebook stays. @m = 0 and
 * @n = 0 do nothing.
 */
struct npu_mm_args {
	uint32_t m, n, k, group;
	const uint8_t *a, *b;
	uint8_t *c;
	size_t lda, ldb, ldc, lds;
	const uint8_t *sa, *sb, *bias, *aux, *dq;
	uint16_t flags;
	uint8_t type_c, type_a, type_b, type_s;
	uint8_t layout, act;
	float inv;
	const int32_t *sums;
	struct npu_ahead *ahead;
};

/**
 * struct npu_vec_args - one instruction of the vector engine
 * @opcode: enum npu_opcode, @subop and @flags as in the instruction
 * @rows: rows
 * @cols: columns
 * @dst: destination, rows @ld_dst bytes apart
 * @src: sources, rows @ld_src bytes apart
 * @bcast: enum npu_bcast of src[1] and src[2]
 * @aux: operands addr[4], addr[5], addr[6]; QUANT with NPU_F_DYNAMIC or
 *       NPU_F_GIVEN stores scales at aux[0]
 * @p: values by opcode: ROPE: rotated columns, head; SOFTMAX: hi, lo, div; TOPK: k
 * @imm: immediates as F32
 *
 * What cannot be done without columns does nothing if @cols is zero.
 */
struct npu_vec_args {
	uint8_t opcode, subop;
	uint16_t flags;
	uint32_t rows, cols;
	uint8_t type_dst, type_src[3];
	uint8_t bcast[2];
	uint8_t *dst;
	const uint8_t *src[3];
	size_t ld_dst, ld_src[3];
	uint8_t *aux[3];
	int64_t p[3];
	float imm[2];
};

/**
 * struct npu_kernels - one implementation
 * @name: for the device's property and for tests
 * @usable: whether this host can run it
 * @sum_rows: what @matmul needs of the sums of an I8 A, [m][groups], to be made
 *	once for all pieces of a MATMUL; NULL if it needs none
 */
struct npu_kernels {
	const char *name;
	bool (*usable)(void);
	void (*sum_rows)(const struct npu_mm_args *args, int32_t *sums);
	void (*matmul)(const struct npu_mm_args *args);
	void (*vector)(const struct npu_vec_args *args);
};

extern const struct npu_kernels npu_kernels_scalar;
extern const struct npu_kernels npu_kernels_avx2;
extern const struct npu_kernels npu_kernels_avx512;	/* AVX-512 F, BW, VL, VNNI */

/**
 * npu_kernels_pick() - choose an implementation
 * @name: its name, or NULL for the fastest that this host can run
 *
 * Return: the implementation, or NULL if it is unknown or not usable here.
 */
const struct npu_kernels *npu_kernels_pick(const char *name);

#endif /* NPU_CORE_KERNELS_H */
