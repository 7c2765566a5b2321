/* SPDX-License-Identifier: MIT */
/*
 * Building device programs, an instruction at a time.
 *
 * A builder collects instructions (npu_isa.h) and hands out what they name:
 * scalar registers, token counters, SRAM, tags. Its functions return nothing
 * where a caller would have to check each of hundreds of calls: the first
 * thing that goes wrong is kept, everything after it does nothing, and
 * npu_builder_finish() reports it.
 *
 *	npu_build_load(b, &(struct npu_insn_dma){
 *		.sram = npu_at(0, tile), .mem = npu_at(0, va),
 *		.row = npu_imm(4096) }, npu_order(0, NPU_TOKEN(full)));
 */
#ifndef NPU_PROGRAM_H
#define NPU_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include <hw/npu_isa.h>

#include <npu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct npu_builder;

/* Operands */

/**
 * struct npu_value - a value operand
 * @imm: the value, when @reg is NPU_R_ZERO
 * @reg: else the register that holds it
 */
struct npu_value {
	uint64_t imm;
	uint8_t reg;
};

/**
 * struct npu_loc - an address operand: register @reg plus @offset
 * @offset: bytes, less than 2^32
 * @reg: register
 */
struct npu_loc {
	uint64_t offset;
	uint8_t reg;
};

/**
 * struct npu_order - place of an instruction among those of other engines
 * @wait: counters that give it a token each before it starts, a bit each
 * @signal: counters that get a token when it has completed
 */
struct npu_order {
	uint32_t wait;
	uint32_t signal;
};

#define NPU_TOKEN(counter)	(1u << (counter))

static inline struct npu_value npu_imm(uint64_t value)
{
	return (struct npu_value){ .imm = value };
}

static inline struct npu_value npu_reg(uint8_t reg)
{
	return (struct npu_value){ .reg = reg };
}

static inline struct npu_loc npu_at(uint8_t reg, uint64_t offset)
{
	return (struct npu_loc){ .reg = reg, .offset = offset };
}

static inline struct npu_order npu_order(uint32_t wait, uint32_t signal)
{
	return (struct npu_order){ .wait = wait, .signal = signal };
}

/* The builder and what it hands out */

/**
 * npu_builder_create() - start a program
 * @num_args: arguments that a job gives it, in NPU_R_ARG(0) and up
 * @sram_size: bytes of SRAM that it may use
 * @builder: receives the builder; give it back with npu_builder_destroy()
 * @err: what failed
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int npu_builder_create(uint32_t num_args, uint32_t sram_size,
		       struct npu_builder **builder, struct npu_error *err);

/** npu_builder_destroy() - give a builder back; NULL is allowed */
void npu_builder_destroy(struct npu_builder *builder);

/**
 * npu_builder_fail() - note an error of the caller's
 * @builder: builder
 * @code: negative errno
 * @fmt: printf format of the message, which gets the current tag's name in front
 *
 * Does nothing when there is an error already.
 */
void npu_builder_fail(struct npu_builder *builder, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** npu_builder_error() - 0, or the code of the first error so far */
int npu_builder_error(const struct npu_builder *builder);

/**
 * npu_builder_tag() - name what the following instructions are for
 * @builder: builder
 * @tag: number for npu_insn.tag
 * @name: its name in error messages; must live as long as the builder
 */
void npu_builder_tag(struct npu_builder *builder, uint32_t tag, const char *name);

/**
 * npu_builder_reg() - take a scalar register
 * @builder: builder
 *
 * Return: the lowest one that is free; NPU_R_ZERO after an error.
 */
uint8_t npu_builder_reg(struct npu_builder *builder);

/** npu_builder_reg_free() - give a register back; NPU_R_ZERO is allowed */
void npu_builder_reg_free(struct npu_builder *builder, uint8_t reg);

/** npu_builder_token() - take a token counter, for the program's whole life */
uint8_t npu_builder_token(struct npu_builder *builder);

/**
 * npu_builder_sram() - take SRAM
 * @builder: builder
 * @name: what for, in the message when it does not fit
 * @size: bytes
 *
 * Return: address, a multiple of 64.
 */
uint32_t npu_builder_sram(struct npu_builder *builder, const char *name,
			  uint64_t size);

/** npu_builder_sram_left() - bytes that can still be taken */
uint32_t npu_builder_sram_left(const struct npu_builder *builder);

/** npu_builder_sram_reset() - give all SRAM back, for the next phase */
void npu_builder_sram_reset(struct npu_builder *builder);

/**
 * npu_builder_finish() - end the program
 * @builder: builder, of no use afterwards but to be destroyed
 * @data: receives header and instructions; the caller frees them with free()
 * @size: receives their size in bytes
 * @err: the first error of all calls
 *
 * The header asks for the features that the instructions use and for the most
 * SRAM that was taken at one time.
 *
 * Return: 0 or a negative errno.
 */
int npu_builder_finish(struct npu_builder *builder, void **data, uint32_t *size,
		       struct npu_error *err);

/* Command processor */

/** npu_build_insn() - append an instruction as it is, but for its tag */
void npu_build_insn(struct npu_builder *builder, const struct npu_insn *insn);

/** npu_build_nop() - take and give tokens on engine NPU_ENGINE_* */
void npu_build_nop(struct npu_builder *builder, unsigned int engine,
		   struct npu_order order);

/** npu_build_set() - R[@dst] = @value */
void npu_build_set(struct npu_builder *builder, uint8_t dst, uint64_t value);

/** npu_build_alu() - R[@dst] = R[@a] op (R[@b] + @imm), op of enum npu_alu */
void npu_build_alu(struct npu_builder *builder, unsigned int op, uint8_t dst,
		   uint8_t a, uint8_t b, uint64_t imm);

/**
 * struct npu_affine - operands of LEA: R[@base] + @imm + sum of products
 * @base: register
 * @imm: constant
 * @term: products of two values; registers may hold anything
 */
struct npu_affine {
	uint8_t base;
	uint64_t imm;
	struct npu_value term[4][2];
};

/** npu_build_lea() - R[@dst] = the affine sum */
void npu_build_lea(struct npu_builder *builder, uint8_t dst,
		   const struct npu_affine *affine);

/**
 * npu_build_loop() - start a loop
 * @builder: builder
 * @counter: register that is R[@from] + i * @step in round i
 * @from: register, read at entry
 * @count: number of rounds
 * @step: step
 */
void npu_build_loop(struct npu_builder *builder, uint8_t counter, uint8_t from,
		    struct npu_value count, struct npu_value step);

/** npu_build_endloop() - end the innermost loop */
void npu_build_endloop(struct npu_builder *builder);

/** npu_build_barrier() - wait for this core's engines, then for all cores */
void npu_build_barrier(struct npu_builder *builder);

/** npu_build_yield() - wait for this core's engines; the job may leave its cores to another */
void npu_build_yield(struct npu_builder *builder);

/** npu_build_trap() - fault with @code if R[@reg] is not zero */
void npu_build_trap(struct npu_builder *builder, uint8_t reg, uint32_t code);

/** npu_build_sload() - R[@dst] = SRAM[@src], an I32 */
void npu_build_sload(struct npu_builder *builder, uint8_t dst, struct npu_loc src,
		     struct npu_order order);

/** npu_build_sstore() - SRAM[@dst] = R[@src], an I32 */
void npu_build_sstore(struct npu_builder *builder, struct npu_loc dst, uint8_t src,
		      struct npu_order order);

/* DMA */

/**
 * struct npu_insn_dma - operands of LOAD, STORE, GATHER and SCATTER
 * @sram: address in SRAM
 * @mem: address in memory
 * @index: I32 indices in SRAM (GATHER, SCATTER)
 * @row: bytes of a row
 * @rows: rows; an immediate zero stands for 1
 * @planes: planes; an immediate zero stands for 1
 * @mem_stride: from row to row, bytes; as the next three
 * @mem_plane: from plane to plane
 * @sram_stride: from row to row
 * @sram_plane: from plane to plane
 * @pad: zero bytes behind each row in SRAM (LOAD)
 * @limit: indices are less than this (GATHER, SCATTER)
 */
struct npu_insn_dma {
	struct npu_loc sram, mem, index;
	struct npu_value row, rows, planes;
	struct npu_value mem_stride, mem_plane, sram_stride, sram_plane;
	struct npu_value pad, limit;
};

/** npu_build_load() - memory to SRAM */
void npu_build_load(struct npu_builder *builder, const struct npu_insn_dma *dma,
		    struct npu_order order);

/** npu_build_store() - SRAM to memory */
void npu_build_store(struct npu_builder *builder, const struct npu_insn_dma *dma,
		     struct npu_order order);

/** npu_build_gather() - rows of memory, by index, to SRAM */
void npu_build_gather(struct npu_builder *builder, const struct npu_insn_dma *dma,
		      struct npu_order order);

/** npu_build_scatter() - SRAM to rows of memory, by index */
void npu_build_scatter(struct npu_builder *builder, const struct npu_insn_dma *dma,
		       struct npu_order order);

/* Matrix engine */

/**
 * struct npu_insn_matmul - operands of MATMUL; see npu_isa.h
 * @a: rows of A, @lda bytes apart, and so on
 * @flags: NPU_F_* ; operands that no flag names are left out
 * @inv: inverse scale of a C of type I8
 */
struct npu_insn_matmul {
	struct npu_loc a, b, c, sa, sb, bias, aux, dq;
	struct npu_value m, n, k, lda, ldb, ldc, group, lds;
	uint8_t type_a, type_b, type_c, type_s, layout, act;
	uint16_t flags;
	float inv;
};

/** npu_build_matmul() - C = epilogue(A * B) */
void npu_build_matmul(struct npu_builder *builder,
		      const struct npu_insn_matmul *mm, struct npu_order order);

/* Vector engine */

/**
 * struct npu_insn_vec - operands of a vector instruction; see npu_isa.h
 * @dst: destination, rows @ld_dst bytes apart, of @type_dst, and so on
 * @aux0: operands addr[4], addr[5], addr[6]
 * @bcast1: enum npu_bcast of src1, @bcast2 of src2
 *
 * Each instruction reads the fields that it has, and leaves out the others.
 */
struct npu_insn_vec {
	struct npu_loc dst, src0, src1, src2, aux0, aux1, aux2;
	struct npu_value rows, cols;
	struct npu_value ld_dst, ld_src0, ld_src1, ld_src2;
	uint8_t type_dst, type_src0, type_src1, type_src2;
	uint8_t bcast1, bcast2;
};

/** npu_build_unary() - dst = f(src0), f of enum npu_unary */
void npu_build_unary(struct npu_builder *builder, unsigned int f,
		     const struct npu_insn_vec *vec, struct npu_order order);

/** npu_build_unary_affine() - dst = f(src0 * @factor + @offset) */
void npu_build_unary_affine(struct npu_builder *builder, unsigned int f,
			    const struct npu_insn_vec *vec, float factor, float offset,
			    struct npu_order order);

/** npu_build_unary_gate() - dst = f(src0) * src1 */
void npu_build_unary_gate(struct npu_builder *builder, unsigned int f,
			  const struct npu_insn_vec *vec, struct npu_order order);

/** npu_build_binary() - dst = src0 op src1, op of enum npu_binary */
void npu_build_binary(struct npu_builder *builder, unsigned int op,
		      const struct npu_insn_vec *vec, struct npu_order order);

/** npu_build_muladd() - dst = src0 * src1 + src2 */
void npu_build_muladd(struct npu_builder *builder, const struct npu_insn_vec *vec,
		      struct npu_order order);

/** npu_build_reduce() - dst[r] = op over columns, op of enum npu_reduce */
void npu_build_reduce(struct npu_builder *builder, unsigned int op,
		      const struct npu_insn_vec *vec, struct npu_order order);

/** npu_build_rmsnorm() - dst = src0 / sqrt(mean(src0^2) + @eps) * src1 */
void npu_build_rmsnorm(struct npu_builder *builder, const struct npu_insn_vec *vec,
		       float eps, struct npu_order order);

/** npu_build_layernorm() - dst = (src0 - mean) / sqrt(var + @eps) * src1 + src2 */
void npu_build_layernorm(struct npu_builder *builder,
			 const struct npu_insn_vec *vec, float eps,
			 struct npu_order order);

/**
 * npu_build_rope() - rotate pairs of columns
 * @builder: builder
 * @vec: dst, src0, src1 cosines, src2 sines; bcast1 and bcast2 are NONE or ROW
 * @dims: columns of a head that are rotated
 * @head: columns of a head
 * @flags: NPU_F_HALF or zero
 * @order: tokens
 */
void npu_build_rope(struct npu_builder *builder, const struct npu_insn_vec *vec,
		    uint32_t dims, uint32_t head, uint16_t flags,
		    struct npu_order order);

/**
 * struct npu_softmax - what SOFTMAX has beside its operands
 * @scale: of src0
 * @hi: columns below hi + q are visible, q = row / div
 * @lo: and those from lo + q on
 * @div: rows of one position
 * @flags: NPU_F_INIT or zero
 */
struct npu_softmax {
	float scale;
	struct npu_value hi, lo, div;
	uint16_t flags;
};

/** npu_build_softmax() - one tile; aux0, aux1, aux2 are m, l and alpha */
void npu_build_softmax(struct npu_builder *builder, const struct npu_insn_vec *vec,
		       const struct npu_softmax *softmax, struct npu_order order);

/** npu_build_quant() - dst I8 and aux0 scales, from each row's largest magnitude */
void npu_build_quant(struct npu_builder *builder, const struct npu_insn_vec *vec,
		     struct npu_order order);

/** npu_build_quant_fixed() - dst I8 = src0 * @inverse, with one scale for all rows */
void npu_build_quant_fixed(struct npu_builder *builder, const struct npu_insn_vec *vec,
			   float inverse, struct npu_order order);

/** npu_build_argmax() - dst I32 columns of the maxima, aux0 F32 maxima */
void npu_build_argmax(struct npu_builder *builder, const struct npu_insn_vec *vec,
		      struct npu_order order);

/** npu_build_topk() - dst I32 columns of the @k largest, aux0 their F32; both packed */
void npu_build_topk(struct npu_builder *builder, const struct npu_insn_vec *vec,
		    struct npu_value k, struct npu_order order);

/** npu_build_transpose() - dst[c][r] = src0[r][c], of one type */
void npu_build_transpose(struct npu_builder *builder, const struct npu_insn_vec *vec,
			 struct npu_order order);

/** npu_build_fill() - dst = @value */
void npu_build_fill(struct npu_builder *builder, const struct npu_insn_vec *vec,
		    float value, struct npu_order order);

#ifdef __cplusplus
}
#endif

#endif /* NPU_PROGRAM_H */
