// SPDX-License-Identifier: MIT
/* DMA, matrix and vector instructions of the replay, by the scalar kernels. */
#include <string.h>

#include "kernels.h"
#include "replay.h"

static uint64_t size_of(unsigned int type)
{
	switch (type) {
	case NPU_TYPE_I8:
		return 1;
	case NPU_TYPE_F16:
	case NPU_TYPE_BF16:
		return 2;
	default:
		return 4;
	}
}

static void dma(struct replay *r, struct replay_core *c, const struct npu_insn *insn,
		const int64_t *v)
{
	unsigned int engine = NPU_OPCODE_ENGINE(insn->opcode);
	bool load = engine == NPU_ENGINE_LD;
	uint64_t sram = replay_addr(c, &insn->addr[load ? 0 : 1]);
	uint64_t mem = replay_addr(c, &insn->addr[load ? 1 : 0]);

	for (int64_t z = 0; z < v[NPU_DMA_PLANES]; z++)
		for (int64_t y = 0; y < v[NPU_DMA_ROWS]; y++) {
			uint8_t *s = replay_sram(r, c, engine,
				sram + y * v[NPU_DMA_SRAM_STRIDE] + z * v[NPU_DMA_SRAM_PLANE],
				v[NPU_DMA_ROW], 1, 0, load);
			uint8_t *m = replay_mem(r, c, engine,
				mem + y * v[NPU_DMA_MEM_STRIDE] + z * v[NPU_DMA_MEM_PLANE],
				v[NPU_DMA_ROW], !load);

			if (s && m)
				memcpy(load ? s : m, load ? m : s, v[NPU_DMA_ROW]);
		}
}

static void gather(struct replay *r, struct replay_core *c, const struct npu_insn *insn,
		   const int64_t *v)
{
	const int32_t *index = (void *)replay_sram(r, c, NPU_ENGINE_LD,
						   replay_addr(c, &insn->addr[2]), 4,
						   v[NPU_DMA_ROWS], 4, false);

	for (int64_t y = 0; index && y < v[NPU_DMA_ROWS]; y++) {
		uint8_t *s = replay_sram(r, c, NPU_ENGINE_LD, replay_addr(c, &insn->addr[0]) +
					 y * v[NPU_DMA_SRAM_STRIDE], v[NPU_DMA_ROW], 1, 0, true);
		uint8_t *m = replay_mem(r, c, NPU_ENGINE_LD, replay_addr(c, &insn->addr[1]) +
					index[y] * v[NPU_DMA_MEM_STRIDE], v[NPU_DMA_ROW], false);

		if (s && m)
			memcpy(s, m, v[NPU_DMA_ROW]);
	}
}

/* B and its scales lie in SRAM, or in memory with STREAM. */
static uint8_t *operand_b(struct replay *r, struct replay_core *c,
			  const struct npu_insn *insn, unsigned int which, uint64_t row,
			  uint64_t rows, uint64_t stride)
{
	uint64_t addr = replay_addr(c, &insn->addr[which]);

	if (insn->flags & NPU_F_STREAM)
		return replay_mem(r, c, NPU_ENGINE_MAT, addr, (rows - 1) * stride + row, false);
	return replay_sram(r, c, NPU_ENGINE_MAT, addr, row, rows, stride, false);
}

static uint8_t *weights(struct replay *r, struct replay_core *c,
			const struct npu_insn *insn, const struct npu_mm_args *a)
{
	uint64_t size = size_of(a->type_b), panel;

	switch (a->layout) {
	case NPU_LAYOUT_NK:
		return operand_b(r, c, insn, NPU_MM_B, a->k * size, a->n, a->ldb);
	case NPU_LAYOUT_KN:
		return operand_b(r, c, insn, NPU_MM_B, a->n * size, a->k, a->ldb);
	default:
		panel = (a->type_b == NPU_TYPE_I4 || a->type_b == NPU_TYPE_C4 ?
			 (a->k + 7) / 8 : (a->k * size + 3) / 4) * NPU_PACK_BLOCK;
		return operand_b(r, c, insn, NPU_MM_B, panel,
				 (a->n + NPU_PACK_COLS - 1) / NPU_PACK_COLS, a->ldb);
	}
}

/* Scales, zero points, pairs and codebook of a B with groups. */
static void parameters(struct replay *r, struct replay_core *c,
		       const struct npu_insn *insn, struct npu_mm_args *a)
{
	uint64_t panels = (a->n + NPU_PACK_COLS - 1) / NPU_PACK_COLS;
	uint64_t size = size_of(a->type_s), row = NPU_PACK_COLS;

	if (a->flags & NPU_F_GROUP) {
		row *= (a->k + a->group - 1) / a->group;
		a->sb = operand_b(r, c, insn, NPU_MM_SB, row * size, panels, a->lds);
	}
	if (a->flags & NPU_F_ZP)
		a->aux = operand_b(r, c, insn, NPU_MM_AUX, row, panels, a->lds / size);
	if (a->type_b == NPU_TYPE_C4)
		a->aux = operand_b(r, c, insn, NPU_MM_AUX, 16, 1, 0);
	if (a->type_s == NPU_TYPE_I8)
		a->dq = operand_b(r, c, insn, NPU_MM_DQ, (a->lds + 255) / 256 * 8, panels,
				  (a->lds + 255) / 256 * 8);
}

static void matmul(struct replay *r, struct replay_core *c, const struct npu_insn *insn,
		   const int64_t *v)
{
	struct npu_mm_args a = {
		.m = v[NPU_MM_M], .n = v[NPU_MM_N], .k = v[NPU_MM_K], .group = v[NPU_MM_K],
		.lda = v[NPU_MM_LDA], .ldb = v[NPU_MM_LDB], .ldc = v[NPU_MM_LDC],
		.flags = insn->flags, .type_c = insn->type[NPU_MM_TYPE_C],
		.type_a = insn->type[NPU_MM_TYPE_A], .type_b = insn->type[NPU_MM_TYPE_B],
		.type_s = insn->type[NPU_MM_TYPE_S], .layout = insn->mode[NPU_MM_LAYOUT],
		.act = insn->mode[NPU_MM_ACT],
	};

	if (!a.m || !a.n)
		return;
	a.a = replay_sram(r, c, NPU_ENGINE_MAT, replay_addr(c, &insn->addr[NPU_MM_A]),
			  a.k * size_of(a.type_a), a.m, a.lda, false);
	a.c = replay_sram(r, c, NPU_ENGINE_MAT, replay_addr(c, &insn->addr[NPU_MM_C]),
			  a.n * size_of(a.type_c), a.m, a.ldc, true);
	a.b = weights(r, c, insn, &a);
	if (a.flags & NPU_F_SA)
		a.sa = replay_sram(r, c, NPU_ENGINE_MAT,
				   replay_addr(c, &insn->addr[NPU_MM_SA]), 4, a.m, 4, false);
	if (a.flags & NPU_F_SB)
		a.sb = operand_b(r, c, insn, NPU_MM_SB, 4, a.n, 4);
	if (a.flags & NPU_F_BIAS)
		a.bias = (void *)operand_b(r, c, insn, NPU_MM_BIAS, 4, a.n, 4);
	if (a.flags & NPU_F_GROUP) {
		a.group = v[NPU_MM_GROUP];
		a.lds = v[NPU_MM_LDS];
	}
	parameters(r, c, insn, &a);
	if (!r->problem[0])
		npu_kernels_scalar.matmul(&a);
}

static uint8_t *source(struct replay *r, struct replay_core *c,
		       const struct npu_insn *insn, int i, const struct npu_vec_args *a)
{
	unsigned int bcast = i ? a->bcast[i - 1] : NPU_BCAST_NONE;
	uint64_t rows = bcast == NPU_BCAST_ROW || bcast == NPU_BCAST_SCALAR ? 1 : a->rows;
	uint64_t cols = bcast == NPU_BCAST_COL || bcast == NPU_BCAST_SCALAR ? 1 : a->cols;

	if (i && a->opcode == NPU_OP_ROPE)
		cols = a->p[0] / 2;
	return replay_sram(r, c, NPU_ENGINE_VEC, replay_addr(c, &insn->addr[1 + i]),
			   cols * size_of(a->type_src[i]), rows, a->ld_src[i], false);
}

static void scratch(struct replay *r, struct replay_core *c, const struct npu_insn *insn,
		    struct npu_vec_args *a)
{
	unsigned int n = a->opcode == NPU_OP_SOFTMAX ? 3 :
			 (a->opcode == NPU_OP_QUANT && a->flags) ||
			 a->opcode == NPU_OP_ARGMAX || a->opcode == NPU_OP_TOPK;
	uint64_t row = a->opcode == NPU_OP_TOPK ? 4 * a->p[0] : 4;

	for (unsigned int i = 0; i < n; i++)
		a->aux[i] = replay_sram(r, c, NPU_ENGINE_VEC,
					replay_addr(c, &insn->addr[NPU_VEC_AUX0 + i]), row,
					a->rows, row, true);
}

/* Rows of the destination: not all instructions write what they read. */
static uint8_t *destination(struct replay *r, struct replay_core *c,
			    const struct npu_insn *insn, const struct npu_vec_args *a)
{
	uint64_t size = size_of(a->type_dst), row = a->cols * size;
	uint64_t rows = a->rows, ld = a->ld_dst;

	switch (a->opcode) {
	case NPU_OP_REDUCE:
	case NPU_OP_ARGMAX:
		row = size;
		break;
	case NPU_OP_TOPK:
		row = a->p[0] * size;
		ld = row;
		break;
	case NPU_OP_TRANSPOSE:
		row = a->rows * size;
		rows = a->cols;
		break;
	}
	return replay_sram(r, c, NPU_ENGINE_VEC, replay_addr(c, &insn->addr[0]), row, rows,
			   ld, true);
}

static void vector(struct replay *r, struct replay_core *c, const struct npu_insn *insn,
		   const int64_t *v)
{
	struct npu_vec_args a = {
		.opcode = insn->opcode, .subop = insn->subop, .flags = insn->flags,
		.rows = v[NPU_VEC_ROWS], .cols = v[NPU_VEC_COLS],
		.type_dst = insn->type[0], .ld_dst = v[NPU_VEC_LD_DST],
		.bcast = { insn->mode[1], insn->mode[2] },
	};

	memcpy(a.imm, insn->imm, sizeof(a.imm));
	for (int i = 0; i < 3; i++) {
		a.type_src[i] = insn->type[1 + i];
		a.ld_src[i] = v[NPU_VEC_LD_SRC0 + i];
	}
	if (insn->opcode == NPU_OP_ROPE) {
		a.p[0] = v[NPU_ROPE_DIMS];
		a.p[1] = v[NPU_ROPE_HEAD];
	} else if (insn->opcode == NPU_OP_TOPK) {
		a.p[0] = v[NPU_VEC_P0];
	} else if (insn->opcode == NPU_OP_SOFTMAX) {
		a.p[0] = v[NPU_SOFTMAX_HI];
		a.p[1] = v[NPU_SOFTMAX_LO];
		a.p[2] = v[NPU_SOFTMAX_DIV];
	}
	if (!a.rows || !a.cols)
		return;
	for (int i = 0; i < 3; i++)
		if (a.type_src[i])
			a.src[i] = source(r, c, insn, i, &a);
	a.dst = destination(r, c, insn, &a);
	scratch(r, c, insn, &a);
	if (!r->problem[0])
		npu_kernels_scalar.vector(&a);
}

void replay_exec(struct replay *r, struct replay_core *c, const struct npu_insn *insn)
{
	int64_t v[NPU_NUM_VALS];

	for (int i = 0; i < NPU_NUM_VALS; i++)
		v[i] = replay_value(c, insn->val[i]);
	switch (insn->opcode) {
	case NPU_OP_NOP_LD:
	case NPU_OP_NOP_ST:
	case NPU_OP_NOP_MAT:
	case NPU_OP_NOP_VEC:
		break;
	case NPU_OP_LOAD:
	case NPU_OP_STORE:
		dma(r, c, insn, v);
		break;
	case NPU_OP_GATHER:
		gather(r, c, insn, v);
		break;
	case NPU_OP_MATMUL:
		matmul(r, c, insn, v);
		break;
	default:
		vector(r, c, insn, v);
	}
}
