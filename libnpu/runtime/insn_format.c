// SPDX-License-Identifier: MIT
/* The table of instructions: one entry an opcode. Documentation/isa.rst tells what they do. */
#include <stddef.h>

#include <npu/disasm.h>

#include "insn_format.h"

#define NAMES(array) { array, sizeof(array) / sizeof(*(array)) }

static const char *const type_names[] = {
	[NPU_TYPE_NONE] = "none", [NPU_TYPE_I8] = "I8", [NPU_TYPE_I32] = "I32",
	[NPU_TYPE_F32] = "F32", [NPU_TYPE_F16] = "F16", [NPU_TYPE_BF16] = "BF16",
	[NPU_TYPE_I4] = "I4", [NPU_TYPE_C4] = "C4",
};

static const char *const alu_names[NPU_ALU_COUNT] = {
	[NPU_ALU_ADD] = "ADD", [NPU_ALU_SUB] = "SUB", [NPU_ALU_MUL] = "MUL",
	[NPU_ALU_DIV] = "DIV", [NPU_ALU_MOD] = "MOD", [NPU_ALU_MIN] = "MIN",
	[NPU_ALU_MAX] = "MAX", [NPU_ALU_AND] = "AND", [NPU_ALU_OR] = "OR",
	[NPU_ALU_XOR] = "XOR", [NPU_ALU_SHL] = "SHL", [NPU_ALU_SHR] = "SHR",
	[NPU_ALU_SAR] = "SAR", [NPU_ALU_LT] = "LT", [NPU_ALU_EQ] = "EQ",
};

static const char *const unary_names[NPU_UNARY_COUNT] = {
	[NPU_UNARY_COPY] = "COPY", [NPU_UNARY_RELU] = "RELU",
	[NPU_UNARY_GELU] = "GELU", [NPU_UNARY_GELU_ERF] = "GELU_ERF",
	[NPU_UNARY_SILU] = "SILU", [NPU_UNARY_EXP] = "EXP",
	[NPU_UNARY_SIGMOID] = "SIGMOID", [NPU_UNARY_TANH] = "TANH",
	[NPU_UNARY_RECIP] = "RECIP", [NPU_UNARY_SQRT] = "SQRT",
	[NPU_UNARY_RSQRT] = "RSQRT", [NPU_UNARY_ABS] = "ABS",
	[NPU_UNARY_SQUARE] = "SQUARE",
};

static const char *const binary_names[NPU_BINARY_COUNT] = {
	[NPU_BINARY_ADD] = "ADD", [NPU_BINARY_SUB] = "SUB",
	[NPU_BINARY_MUL] = "MUL", [NPU_BINARY_DIV] = "DIV",
	[NPU_BINARY_MAX] = "MAX", [NPU_BINARY_MIN] = "MIN",
};

static const char *const reduce_names[NPU_REDUCE_COUNT] = {
	[NPU_REDUCE_SUM] = "SUM", [NPU_REDUCE_MAX] = "MAX",
	[NPU_REDUCE_MIN] = "MIN", [NPU_REDUCE_ABSMAX] = "ABSMAX",
	[NPU_REDUCE_SUMSQ] = "SUMSQ",
};

static const char *const layout_names[NPU_LAYOUT_COUNT] = {
	[NPU_LAYOUT_NK] = "NK", [NPU_LAYOUT_KN] = "KN", [NPU_LAYOUT_PACK] = "PACK",
};

static const char *const bcast_names[NPU_BCAST_COUNT] = {
	[NPU_BCAST_NONE] = "NONE", [NPU_BCAST_ROW] = "ROW",
	[NPU_BCAST_COL] = "COL", [NPU_BCAST_SCALAR] = "SCALAR",
};

const struct insn_names insn_type_names = NAMES(type_names);
static const struct insn_names alu = NAMES(alu_names);
static const struct insn_names unary = NAMES(unary_names);
static const struct insn_names binary = NAMES(binary_names);
static const struct insn_names reduce = NAMES(reduce_names);
static const struct insn_names layout = NAMES(layout_names);
static const struct insn_names bcast = NAMES(bcast_names);

#define MODE(n, values)	{ n, values, 0 }
#define NO_MODE		{ NULL, NULL, 0 }
#define NO_ADDR		{ NULL, 0, 0 }
#define REG(n)		{ n, INSN_REG, 0 }
#define SRAM(n)		{ n, INSN_SRAM, 0 }
#define SRAM_OPT(n)	{ n, INSN_SRAM, 1 }
#define MEM(n)		{ n, INSN_MEM, 0 }
#define STREAM(n)	{ n, INSN_STREAM, 0 }
#define STREAM_OPT(n)	{ n, INSN_STREAM, 1 }

#define DMA_VALS "row", "rows", "planes", "mem_stride", "mem_plane", \
		 "sram_stride", "sram_plane"
#define INDEX_VALS "row", "rows", "planes", "mem_stride", "limit", "sram_stride"

static const struct insn_format formats[] = {
	{ .opcode = NPU_OP_END, .name = "END" },
	{ .opcode = NPU_OP_NOP, .name = "NOP" },
	{
		.opcode = NPU_OP_ALU, .name = "ALU", .subops = &alu,
		.addr = { REG("dst"), REG("a"), REG("b") },
		.imm = INSN_IMM_I64, .imm_name = "imm",
	},
	{
		.opcode = NPU_OP_LEA, .name = "LEA",
		.addr = { REG("dst"), REG("base") },
		.val = { "i0", "stride0", "i1", "stride1", "i2", "stride2", "i3", "stride3" },
		.imm = INSN_IMM_I64, .imm_name = "imm",
	},
	{
		.opcode = NPU_OP_LOOP, .name = "LOOP",
		.addr = { REG("counter"), REG("start") },
		.val = { "rounds", "step", NULL, "body" },
	},
	{ .opcode = NPU_OP_ENDLOOP, .name = "ENDLOOP" },
	{
		.opcode = NPU_OP_SLOAD, .name = "SLOAD", .flags = { "WIDE" },
		.addr = { REG("dst"), SRAM("src") }, .type = { "type" },
	},
	{
		.opcode = NPU_OP_SSTORE, .name = "SSTORE", .flags = { "WIDE" },
		.addr = { SRAM("dst"), REG("src") }, .type = { "type" },
	},
	{ .opcode = NPU_OP_BARRIER, .name = "BARRIER", .flags = { "NODRAIN" } },
	{ .opcode = NPU_OP_DRAIN, .name = "DRAIN" },
	{ .opcode = NPU_OP_TIME, .name = "TIME", .addr = { REG("dst") } },
	{
		.opcode = NPU_OP_TRAP, .name = "TRAP",
		.addr = { NO_ADDR, REG("test") },
		.imm = INSN_IMM_U32, .imm_name = "code",
	},
	{ .opcode = NPU_OP_YIELD, .name = "YIELD" },
	{
		.opcode = NPU_OP_LOAD, .name = "LOAD",
		.addr = { SRAM("dst"), MEM("src") }, .val = { DMA_VALS, "pad" },
	},
	{
		.opcode = NPU_OP_GATHER, .name = "GATHER",
		.addr = { SRAM("dst"), MEM("src"), SRAM("index") },
		.val = { INDEX_VALS },
	},
	{ .opcode = NPU_OP_NOP_LD, .name = "NOP_LD" },
	{
		.opcode = NPU_OP_STORE, .name = "STORE",
		.addr = { MEM("dst"), SRAM("src") }, .val = { DMA_VALS },
	},
	{
		.opcode = NPU_OP_SCATTER, .name = "SCATTER",
		.addr = { MEM("dst"), SRAM("src"), SRAM("index") },
		.val = { INDEX_VALS },
	},
	{ .opcode = NPU_OP_NOP_ST, .name = "NOP_ST" },
	{
		.opcode = NPU_OP_MATMUL, .name = "MATMUL",
		.flags = { "STREAM", "SA", "SB", "GROUP", "BIAS", "ZP", "ACCUM" },
		.addr = { SRAM("A"), STREAM("B"), SRAM("C"), SRAM_OPT("SA"),
			  STREAM_OPT("SB"), STREAM_OPT("BIAS"),
			  STREAM_OPT("AUX"), STREAM_OPT("DQ") },
		.val = { "M", "N", "K", "LDA", "LDB", "LDC", "group", "LDS" },
		.type = { "C", "A", "B", "scale" },
		.mode = { { "layout", &layout, 1 }, MODE("act", &unary) },
		.imm = INSN_IMM_F32, .imm_name = "inv_scale",
	},
	{ .opcode = NPU_OP_NOP_MAT, .name = "NOP_MAT" },
	{
		.opcode = NPU_OP_UNARY, .name = "UNARY", .subops = &unary,
		.flags = { "GATE", "AFFINE" },
		.addr = { SRAM("dst"), SRAM("src0"), SRAM_OPT("src1") },
		.val = { "rows", "cols", "ld_dst", "ld_src0", "ld_src1" },
		.type = { "dst", "src0", "src1" },
		.mode = { NO_MODE, MODE("bcast1", &bcast) },
		.imm = INSN_IMM_F32X2, .imm_name = "imm",
	},
	{
		.opcode = NPU_OP_BINARY, .name = "BINARY", .subops = &binary,
		.addr = { SRAM("dst"), SRAM("src0"), SRAM("src1") },
		.val = { "rows", "cols", "ld_dst", "ld_src0", "ld_src1" },
		.type = { "dst", "src0", "src1" },
		.mode = { NO_MODE, MODE("bcast1", &bcast) },
	},
	{
		.opcode = NPU_OP_MULADD, .name = "MULADD",
		.addr = { SRAM("dst"), SRAM("src0"), SRAM("src1"), SRAM("src2") },
		.val = { "rows", "cols", "ld_dst", "ld_src0", "ld_src1", "ld_src2" },
		.type = { "dst", "src0", "src1", "src2" },
		.mode = { NO_MODE, MODE("bcast1", &bcast), MODE("bcast2", &bcast) },
	},
	{
		.opcode = NPU_OP_REDUCE, .name = "REDUCE", .subops = &reduce,
		.addr = { SRAM("dst"), SRAM("src0") },
		.val = { "rows", "cols", "ld_dst", "ld_src0" },
		.type = { "dst", "src0" },
	},
	{
		.opcode = NPU_OP_RMSNORM, .name = "RMSNORM",
		.addr = { SRAM("dst"), SRAM("src0"), SRAM("weight") },
		.val = { "rows", "cols", "ld_dst", "ld_src0", "ld_weight" },
		.type = { "dst", "src0", "weight" },
		.mode = { NO_MODE, MODE("bcast1", &bcast) },
		.imm = INSN_IMM_F32, .imm_name = "eps",
	},
	{
		.opcode = NPU_OP_LAYERNORM, .name = "LAYERNORM",
		.addr = { SRAM("dst"), SRAM("src0"), SRAM("weight"), SRAM("bias") },
		.val = { "rows", "cols", "ld_dst", "ld_src0", "ld_weight", "ld_bias" },
		.type = { "dst", "src0", "weight", "bias" },
		.mode = { NO_MODE, MODE("bcast1", &bcast), MODE("bcast2", &bcast) },
		.imm = INSN_IMM_F32, .imm_name = "eps",
	},
	{
		.opcode = NPU_OP_ROPE, .name = "ROPE", .flags = { "HALF" },
		.addr = { SRAM("dst"), SRAM("src0"), SRAM("cos"), SRAM("sin") },
		.val = { "rows", "cols", "ld_dst", "ld_src0", "ld_cos", "ld_sin",
			 "dims", "head" },
		.type = { "dst", "src0", "cos", "sin" },
		.mode = { NO_MODE, MODE("bcast1", &bcast), MODE("bcast2", &bcast) },
	},
	{
		.opcode = NPU_OP_SOFTMAX, .name = "SOFTMAX", .flags = { "INIT" },
		.addr = { SRAM("dst"), SRAM("src0"), NO_ADDR, NO_ADDR,
			  SRAM("m"), SRAM("l"), SRAM("alpha") },
		.val = { "rows", "cols", "ld_dst", "ld_src0", NULL, "hi", "div", "lo" },
		.type = { "dst", "src0" },
		.imm = INSN_IMM_F32, .imm_name = "scale",
	},
	{
		.opcode = NPU_OP_QUANT, .name = "QUANT",
		.flags = { "DYNAMIC", "GIVEN" },
		.addr = { SRAM("dst"), SRAM("src0"), SRAM_OPT("max"), NO_ADDR,
			  SRAM_OPT("scale") },
		.val = { "rows", "cols", "ld_dst", "ld_src0", "ld_max" },
		.type = { "dst", "src0", "max" },
		.mode = { NO_MODE, MODE("bcast1", &bcast) },
		.imm = INSN_IMM_F32, .imm_name = "inv_scale",
	},
	{
		.opcode = NPU_OP_ARGMAX, .name = "ARGMAX", .flags = { "VALUE" },
		.addr = { SRAM("dst"), SRAM("src0"), NO_ADDR, NO_ADDR,
			  SRAM_OPT("value") },
		.val = { "rows", "cols", "ld_dst", "ld_src0" },
		.type = { "dst", "src0" },
	},
	{
		.opcode = NPU_OP_TOPK, .name = "TOPK",
		.addr = { SRAM("dst"), SRAM("src0"), NO_ADDR, NO_ADDR,
			  SRAM("value") },
		.val = { "rows", "cols", "ld_dst", "ld_src0", NULL, NULL, "k" },
		.type = { "dst", "src0" },
	},
	{
		.opcode = NPU_OP_TRANSPOSE, .name = "TRANSPOSE",
		.addr = { SRAM("dst"), SRAM("src0") },
		.val = { "rows", "cols", "ld_dst", "ld_src0" },
		.type = { "dst", "src0" },
	},
	{
		.opcode = NPU_OP_FILL, .name = "FILL",
		.addr = { SRAM("dst") },
		.val = { "rows", "cols", "ld_dst" },
		.type = { "dst" },
		.imm = INSN_IMM_F32, .imm_name = "value",
	},
	{ .opcode = NPU_OP_NOP_VEC, .name = "NOP_VEC" },
};

const struct insn_format *insn_format_find(uint32_t opcode)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i].opcode == opcode)
			return &formats[i];
	return NULL;
}

const char *insn_name(const struct insn_names *names, unsigned int value)
{
	return value < names->count ? names->names[value] : NULL;
}

const char *npu_opcode_name(uint32_t opcode)
{
	const struct insn_format *format = insn_format_find(opcode);

	return format ? format->name : NULL;
}

const char *npu_type_name(uint32_t type)
{
	return insn_name(&insn_type_names, type);
}
