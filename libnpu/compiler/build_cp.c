// SPDX-License-Identifier: MIT
/* Instructions of the command processor, and DMA. */
#include <errno.h>

#include "builder.h"

static void set_imm64(struct npu_insn *insn, uint64_t imm)
{
	insn->imm[0] = (uint32_t)imm;
	insn->imm[1] = (uint32_t)(imm >> 32);
}

void npu_build_nop(struct npu_builder *builder, unsigned int engine,
		   struct npu_order order)
{
	struct npu_insn insn = { .wait = order.wait, .signal = order.signal };

	insn.opcode = engine == NPU_ENGINE_CP ? NPU_OP_NOP : (engine << 4 | 0xf);
	npu_build_insn(builder, &insn);
}

void npu_build_set(struct npu_builder *builder, uint8_t dst, uint64_t value)
{
	npu_build_lea(builder, dst, &(struct npu_affine){ .imm = value });
}

void npu_build_alu(struct npu_builder *builder, unsigned int op, uint8_t dst,
		   uint8_t a, uint8_t b, uint64_t imm)
{
	struct npu_insn insn = { .opcode = NPU_OP_ALU, .subop = op };

	insn.addr[0].reg = dst;
	insn.addr[1].reg = a;
	insn.addr[2].reg = b;
	set_imm64(&insn, imm);
	npu_build_insn(builder, &insn);
}

void npu_build_lea(struct npu_builder *builder, uint8_t dst,
		   const struct npu_affine *affine)
{
	struct npu_insn insn = { .opcode = NPU_OP_LEA };

	insn.addr[0].reg = dst;
	insn.addr[1].reg = affine->base;
	for (int i = 0; i < 4; i++) {
		insn.val[2 * i] = npu_encode_value(builder, affine->term[i][0]);
		insn.val[2 * i + 1] = npu_encode_value(builder, affine->term[i][1]);
	}
	set_imm64(&insn, affine->imm);
	npu_build_insn(builder, &insn);
}

void npu_build_loop(struct npu_builder *builder, uint8_t counter, uint8_t from,
		    struct npu_value count, struct npu_value step)
{
	struct npu_insn insn = { .opcode = NPU_OP_LOOP };

	if (builder->depth == NPU_LOOP_DEPTH) {
		npu_builder_fail(builder, -E2BIG, "loops nest at most %u deep",
				 NPU_LOOP_DEPTH);
		return;
	}
	builder->loops[builder->depth++] = builder->count;
	insn.addr[0].reg = counter;
	insn.addr[1].reg = from;
	insn.val[0] = npu_encode_value(builder, count);
	insn.val[1] = npu_encode_value(builder, step);
	npu_build_insn(builder, &insn);
}

void npu_build_endloop(struct npu_builder *builder)
{
	uint32_t start;

	if (builder->err.code)
		return;
	if (!builder->depth) {
		npu_builder_fail(builder, -EINVAL, "a loop is closed that was not opened");
		return;
	}
	start = builder->loops[--builder->depth];
	builder->insns[start].val[3] = builder->count - start - 1;
	npu_build_insn(builder, &(struct npu_insn){ .opcode = NPU_OP_ENDLOOP });
}

void npu_build_barrier(struct npu_builder *builder)
{
	npu_build_insn(builder, &(struct npu_insn){ .opcode = NPU_OP_BARRIER });
}

void npu_build_yield(struct npu_builder *builder)
{
	npu_build_insn(builder, &(struct npu_insn){ .opcode = NPU_OP_YIELD });
}

void npu_build_trap(struct npu_builder *builder, uint8_t reg, uint32_t code)
{
	struct npu_insn insn = { .opcode = NPU_OP_TRAP };

	insn.addr[1].reg = reg;
	insn.imm[0] = code;
	npu_build_insn(builder, &insn);
}

void npu_build_sload(struct npu_builder *builder, uint8_t dst, struct npu_loc src,
		     struct npu_order order)
{
	struct npu_insn insn = {
		.opcode = NPU_OP_SLOAD, .wait = order.wait, .signal = order.signal,
	};

	insn.type[0] = NPU_TYPE_I32;
	insn.addr[0].reg = dst;
	insn.addr[1] = npu_encode_loc(builder, src);
	npu_build_insn(builder, &insn);
}

void npu_build_sstore(struct npu_builder *builder, struct npu_loc dst, uint8_t src,
		      struct npu_order order)
{
	struct npu_insn insn = {
		.opcode = NPU_OP_SSTORE, .wait = order.wait, .signal = order.signal,
	};

	insn.type[0] = NPU_TYPE_I32;
	insn.addr[0] = npu_encode_loc(builder, dst);
	insn.addr[1].reg = src;
	npu_build_insn(builder, &insn);
}

static struct npu_value or_one(struct npu_value value)
{
	return value.reg || value.imm ? value : npu_imm(1);
}

static void set_dma(struct npu_builder *b, struct npu_insn *insn,
		    const struct npu_insn_dma *dma, struct npu_order order)
{
	int to_sram = NPU_OPCODE_ENGINE(insn->opcode) == NPU_ENGINE_LD;

	insn->wait = order.wait;
	insn->signal = order.signal;
	insn->addr[to_sram ? 0 : 1] = npu_encode_loc(b, dma->sram);
	insn->addr[to_sram ? 1 : 0] = npu_encode_loc(b, dma->mem);
	insn->val[NPU_DMA_ROW] = npu_encode_value(b, dma->row);
	insn->val[NPU_DMA_ROWS] = npu_encode_value(b, or_one(dma->rows));
	insn->val[NPU_DMA_PLANES] = npu_encode_value(b, or_one(dma->planes));
	insn->val[NPU_DMA_MEM_STRIDE] = npu_encode_value(b, dma->mem_stride);
	insn->val[NPU_DMA_SRAM_STRIDE] = npu_encode_value(b, dma->sram_stride);
}

static void copy(struct npu_builder *b, uint8_t opcode,
		 const struct npu_insn_dma *dma, struct npu_order order)
{
	struct npu_insn insn = { .opcode = opcode };

	set_dma(b, &insn, dma, order);
	insn.val[NPU_DMA_MEM_PLANE] = npu_encode_value(b, dma->mem_plane);
	insn.val[NPU_DMA_SRAM_PLANE] = npu_encode_value(b, dma->sram_plane);
	insn.val[NPU_DMA_PAD] = npu_encode_value(b, dma->pad);
	npu_build_insn(b, &insn);
}

void npu_build_load(struct npu_builder *builder, const struct npu_insn_dma *dma,
		    struct npu_order order)
{
	copy(builder, NPU_OP_LOAD, dma, order);
}

void npu_build_store(struct npu_builder *builder, const struct npu_insn_dma *dma,
		     struct npu_order order)
{
	copy(builder, NPU_OP_STORE, dma, order);
}

static void indexed(struct npu_builder *b, uint8_t opcode,
		    const struct npu_insn_dma *dma, struct npu_order order)
{
	struct npu_insn insn = { .opcode = opcode };

	set_dma(b, &insn, dma, order);
	insn.addr[2] = npu_encode_loc(b, dma->index);
	insn.val[NPU_DMA_LIMIT] = npu_encode_value(b, dma->limit);
	b->features |= NPU_FEAT_GATHER;
	npu_build_insn(b, &insn);
}

void npu_build_gather(struct npu_builder *builder, const struct npu_insn_dma *dma,
		      struct npu_order order)
{
	indexed(builder, NPU_OP_GATHER, dma, order);
}

void npu_build_scatter(struct npu_builder *builder, const struct npu_insn_dma *dma,
		       struct npu_order order)
{
	indexed(builder, NPU_OP_SCATTER, dma, order);
}
