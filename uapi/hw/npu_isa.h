/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Virtual NPU: instruction set.
 *
 * The contract between a compiler and the device; a kernel driver does not
 * read it. Documentation/isa.rst is its text and defines the arithmetic to
 * the bit. Everything is little endian. Reserved fields and bits, and fields
 * that an instruction does not name, are zero, or the program is refused.
 */
#ifndef _NPU_ISA_H
#define _NPU_ISA_H

#include <linux/types.h>

/* Version as NPU_VERSION(major, minor) of npu_regs.h. */
#define NPU_ISA_VERSION		((0 << 16) | 1)

/* What a device can do; what a program needs. */
#define NPU_FEAT_MAT_I8		(1ull << 0)	/* A I8 x B I8 */
#define NPU_FEAT_MAT_I4		(1ull << 1)	/* A I8 x B I4 */
#define NPU_FEAT_MAT_C4		(1ull << 2)	/* A I8 x B C4 */
#define NPU_FEAT_MAT_F16	(1ull << 3)	/* A F16 x B F16 */
#define NPU_FEAT_MAT_BF16	(1ull << 4)	/* A BF16 x B BF16 */
#define NPU_FEAT_GROUP_SCALE	(1ull << 5)	/* scales by group of K */
#define NPU_FEAT_ZERO_POINT	(1ull << 6)
#define NPU_FEAT_SCALE_DQ8	(1ull << 7)	/* double-quantised scales */
#define NPU_FEAT_STREAM		(1ull << 8)	/* B from memory */
#define NPU_FEAT_GATHER		(1ull << 9)	/* GATHER and SCATTER */
#define NPU_FEAT_TOPK		(1ull << 10)
#define NPU_FEAT_TRANSPOSE	(1ull << 11)
#define NPU_FEAT_YIELD		(1ull << 12)	/* the device takes cores away at YIELD */

/* Element types. */
enum npu_type {
	NPU_TYPE_NONE = 0,
	NPU_TYPE_I8 = 1,
	NPU_TYPE_I32 = 2,
	NPU_TYPE_F32 = 3,
	NPU_TYPE_F16 = 4,
	NPU_TYPE_BF16 = 5,
	NPU_TYPE_I4 = 6,	/* two's complement nibbles; matrix B only */
	NPU_TYPE_C4 = 7,	/* nibbles that index a codebook; matrix B only */
};

/*
 * Header of a program, 128 bytes; num_insns instructions follow. All cores of
 * a job run the same instructions and tell themselves apart by R[NPU_R_CORE].
 */
struct npu_program {
	__u32 magic;		/* NPU_PROGRAM_MAGIC */
	__u32 isa_version;	/* that it was made for */
	__u64 features;		/* NPU_FEAT_* that it needs */
	__u32 num_insns;	/* 1 or more; program_size = 128 + 128 * num_insns */
	__u32 sram_size;	/* bytes of SRAM of a core that it may touch, a multiple of 64 */
	__u32 min_cores;	/* a job on fewer or more cores is refused */
	__u32 max_cores;	/* 0: any number */
	__u32 num_args;		/* that the job must give, exactly */
	__u32 flags;		/* zero */
	__u32 reserved[22];
};

#define NPU_PROGRAM_MAGIC	0x5250554e	/* "NUPR" */

/*
 * Scalar registers: 64 of 64 bits, two's complement. ZERO reads as zero and
 * forgets writes. At the start CORE and CORES are set, the job's arguments
 * are in ARG(0).., all others are zero.
 */
#define NPU_NUM_REGS		64
#define NPU_R_ZERO		0
#define NPU_R_CORE		1	/* index of this core in the job */
#define NPU_R_NCORES		2	/* cores of the job */
#define NPU_R_ARG(n)		(16 + (n))	/* n < 48 */

/* Address operand: R[reg] + offset, modulo 2^64. */
struct npu_addr {
	__u32 offset;
	__u8 reg;
	__u8 reserved[3];
};

/*
 * Value operand: an immediate of 31 bits, or with bit 31 the number of a
 * register whose value must be in 0..2^31-1 (signed where the instruction
 * says so).
 */
#define NPU_VAL_REG		0x80000000u
#define NPU_VAL_MAX		0x7fffffffu

#define NPU_NUM_ADDRS		8
#define NPU_NUM_VALS		8
#define NPU_NUM_TOKENS		32
#define NPU_TOKEN_MAX		255	/* most tokens of one counter */
#define NPU_LOOP_DEPTH		8

struct npu_insn {
	__u8 opcode;		/* enum npu_opcode */
	__u8 subop;
	__u16 flags;		/* NPU_F_* of the instruction's class */
	__u32 tag;		/* free for the compiler: shown in faults and traces */
	__u32 wait;		/* tokens taken before it starts, a bit a counter */
	__u32 signal;		/* tokens given when it has completed */
	__u8 type[4];		/* enum npu_type */
	__u8 mode[4];
	struct npu_addr addr[NPU_NUM_ADDRS];
	__u32 val[NPU_NUM_VALS];
	__u32 imm[2];
};

#define NPU_INSN_SIZE		128

/*
 * Opcodes. The high nibble is the engine that executes it: the command
 * processor, DMA in, DMA out, matrix, vector.
 */
#define NPU_ENGINE_CP		0
#define NPU_ENGINE_LD		1
#define NPU_ENGINE_ST		2
#define NPU_ENGINE_MAT		3
#define NPU_ENGINE_VEC		4
#define NPU_NUM_ENGINES		5
#define NPU_OPCODE_ENGINE(op)	((op) >> 4)

enum npu_opcode {
	NPU_OP_END = 0x00,	/* drains the engines and ends this core */
	NPU_OP_NOP = 0x01,	/* takes and gives tokens on the command processor */
	NPU_OP_ALU = 0x02,
	NPU_OP_LEA = 0x03,
	NPU_OP_LOOP = 0x04,
	NPU_OP_ENDLOOP = 0x05,
	NPU_OP_SLOAD = 0x06,
	NPU_OP_SSTORE = 0x07,
	NPU_OP_BARRIER = 0x08,
	NPU_OP_DRAIN = 0x09,	/* waits until all engines of this core are idle */
	NPU_OP_TIME = 0x0a,
	NPU_OP_TRAP = 0x0b,
	NPU_OP_YIELD = 0x0c,

	NPU_OP_LOAD = 0x10,
	NPU_OP_GATHER = 0x11,
	NPU_OP_NOP_LD = 0x1f,	/* takes and gives tokens on that engine */

	NPU_OP_STORE = 0x20,
	NPU_OP_SCATTER = 0x21,
	NPU_OP_NOP_ST = 0x2f,

	NPU_OP_MATMUL = 0x30,
	NPU_OP_NOP_MAT = 0x3f,

	NPU_OP_UNARY = 0x40,
	NPU_OP_BINARY = 0x41,
	NPU_OP_MULADD = 0x42,
	NPU_OP_REDUCE = 0x43,
	NPU_OP_RMSNORM = 0x44,
	NPU_OP_LAYERNORM = 0x45,
	NPU_OP_ROPE = 0x46,
	NPU_OP_SOFTMAX = 0x47,
	NPU_OP_QUANT = 0x48,
	NPU_OP_ARGMAX = 0x49,
	NPU_OP_TOPK = 0x4a,
	NPU_OP_TRANSPOSE = 0x4b,
	NPU_OP_FILL = 0x4c,
	NPU_OP_NOP_VEC = 0x4f,
};

/*
 * Command processor. All read their operands, and END, NOP, BARRIER, DRAIN,
 * YIELD and the scalar ones also wait for and give tokens, in program order.
 *
 *   ALU     R[addr0.reg] = R[addr1.reg] op (R[addr2.reg] + imm)   imm: 64 bits, low word first
 *   LEA     R[addr0.reg] = R[addr1.reg] + imm + sum of val[2i] * val[2i+1], i < 4
 *           (LEA's val registers may hold any 64-bit value; modulo 2^64)
 *   LOOP    the val[3] instructions that follow, and the ENDLOOP behind them,
 *           val[0] times; R[addr0.reg] = R[addr1.reg] + i * val[1] at the start of round i
 *   SLOAD   R[addr0.reg] = SRAM[addr1], type[0]: I32 sign extended, F32 as its bits, I8 sign extended
 *   SSTORE  SRAM[addr0] = low bits of R[addr1.reg], type[0]: I32; 64 bits with flag WIDE
 *   TIME    R[addr0.reg] = this core's modelled cycles so far
 *   TRAP    faults if R[addr1.reg] is not zero; imm[0]: code
 *   BARRIER waits for this core's engines (not with flag NODRAIN), then for all cores of the job
 *   YIELD   as DRAIN, and the device may give the core to another job; all state is kept
 */
enum npu_alu {
	NPU_ALU_ADD, NPU_ALU_SUB, NPU_ALU_MUL,
	NPU_ALU_DIV, NPU_ALU_MOD,	/* signed, toward zero */
	NPU_ALU_MIN, NPU_ALU_MAX,	/* signed */
	NPU_ALU_AND, NPU_ALU_OR, NPU_ALU_XOR,
	NPU_ALU_SHL, NPU_ALU_SHR, NPU_ALU_SAR,	/* count modulo 64 */
	NPU_ALU_LT, NPU_ALU_EQ,		/* signed; 1 or 0 */
	NPU_ALU_COUNT
};

#define NPU_F_WIDE		(1u << 0)	/* SLOAD, SSTORE: 8 bytes */
#define NPU_F_NODRAIN		(1u << 0)	/* BARRIER */

/*
 * DMA. Strides are in bytes. A row is val[0] bytes; val[1] rows; val[2] planes.
 *
 *   LOAD    SRAM[addr0 + y*val[5] + z*val[6]] = MEM[addr1 + y*val[3] + z*val[4]]
 *           then val[7] zero bytes behind each row in SRAM
 *   STORE   MEM[addr0 + y*val[3] + z*val[4]] = SRAM[addr1 + y*val[5] + z*val[6]]
 *   GATHER  SRAM[addr0 + y*val[5]] = MEM[addr1 + index*val[3]], index = I32 SRAM[addr2 + 4*y];
 *           val[4]: indices are in 0..val[4]-1; val[2] is 1
 *   SCATTER MEM[addr0 + index*val[3]] = SRAM[addr1 + y*val[5]], otherwise as GATHER
 */
#define NPU_DMA_ROW		0
#define NPU_DMA_ROWS		1
#define NPU_DMA_PLANES		2
#define NPU_DMA_MEM_STRIDE	3
#define NPU_DMA_MEM_PLANE	4
#define NPU_DMA_LIMIT		4	/* GATHER, SCATTER */
#define NPU_DMA_SRAM_STRIDE	5
#define NPU_DMA_SRAM_PLANE	6
#define NPU_DMA_PAD		7	/* LOAD */

/*
 * MATMUL: C[m][n] = epilogue(sum over k of A[m][k] * B[k][n]).
 * type: C, A, B, scale (of SB). A, C and SA are in SRAM; B, SB, BIAS, AUX and DQ are in
 * memory if flag STREAM is set, in SRAM if not. GROUP, ZP, I4 and C4 need layout PACK.
 */
#define NPU_MM_A		0	/* addr: rows of K elements, val LDA bytes apart */
#define NPU_MM_B		1
#define NPU_MM_C		2	/* rows of N elements, val LDC bytes apart */
#define NPU_MM_SA		3	/* flag SA: F32[M] */
#define NPU_MM_SB		4	/* flag SB: [N]; flag GROUP (without SB): panels of [K/group][16], val LDS bytes apart */
#define NPU_MM_BIAS		5	/* flag BIAS: F32[N] */
#define NPU_MM_AUX		6	/* flag ZP: unsigned bytes, panels of [K/group][16]; type C4: codebook of 16 I8 */
#define NPU_MM_DQ		7	/* scale type I8 (DQ8): a pair F32 d, m for each 16 groups of a panel */
#define NPU_MM_M		0	/* val */
#define NPU_MM_N		1
#define NPU_MM_K		2
#define NPU_MM_LDA		3
#define NPU_MM_LDB		4
#define NPU_MM_LDC		5
#define NPU_MM_GROUP		6	/* k in a group: a multiple of 16 */
#define NPU_MM_LDS		7
/* imm[0]: F32 inverse scale of C where C is I8 */
#define NPU_MM_TYPE_C		0
#define NPU_MM_TYPE_A		1
#define NPU_MM_TYPE_B		2
#define NPU_MM_TYPE_S		3	/* F32, F16; I8 means DQ8 */
#define NPU_MM_LAYOUT		0	/* mode: enum npu_layout */
#define NPU_MM_ACT		1	/* mode: enum npu_unary of the activation: NPU_UNARY_COPY, RELU, GELU, GELU_ERF, SILU */

#define NPU_F_STREAM		(1u << 0)
#define NPU_F_SA		(1u << 1)
#define NPU_F_SB		(1u << 2)
#define NPU_F_GROUP		(1u << 3)
#define NPU_F_BIAS		(1u << 4)
#define NPU_F_ZP		(1u << 5)
#define NPU_F_ACCUM		(1u << 6)	/* adds the C that is there: I32 or F32 */

/*
 * Layout of B.
 *   NK    row n holds its K elements, rows val LDB bytes apart
 *   KN    row k holds its N elements, rows val LDB bytes apart; not 4-bit
 *   PACK  panels of 16 columns, val LDB bytes apart, 64-byte aligned. A panel is a row of
 *         64-byte blocks, each 16 columns by 4 (I8), 8 (I4, C4), 2 (16-bit) consecutive k:
 *         column c of the panel has bytes 4c..4c+3 of a block. I4, C4: low nibbles of the four
 *         bytes are the first four k, high nibbles the next four.
 */
enum npu_layout {
	NPU_LAYOUT_NK,
	NPU_LAYOUT_KN,
	NPU_LAYOUT_PACK,
	NPU_LAYOUT_COUNT
};

#define NPU_PACK_COLS		16
#define NPU_PACK_BLOCK		64

/*
 * Vector engine: val[0] rows of val[1] columns, all operands in SRAM, fp32 inside.
 * type: dst, src0, src1, src2 (I8, I32, F32, F16, BF16). Row strides in bytes: val[2] dst, val[3] src0,
 * val[4] src1, val[5] src2. addr: dst, src0, src1, src2, then others.
 * mode[1], mode[2]: enum npu_bcast of src1, src2.
 *
 *   UNARY     dst = f(src0), f: subop; flag AFFINE: of src0 * imm[0] + imm[1]; flag GATE: times src1
 *   BINARY    dst = src0 op src1, op: subop
 *   MULADD    dst = src0 * src1 + src2
 *   REDUCE    dst[r] = op over columns of src0 (dst: F32[rows])
 *   RMSNORM   dst = src0 / sqrt(mean(src0^2) + imm[0]) * src1[c]
 *   LAYERNORM dst = (src0 - mean) / sqrt(var + imm[0]) * src1[c] + src2[c]
 *   ROPE      rotates pairs of the first val[6] columns of each head of val[7] columns:
 *             src1 F32 cos, src2 F32 sin, each [rows][val[6]/2]; flag HALF pairs c with c + val[6]/2,
 *             otherwise 2c with 2c + 1; other columns are copied
 *   SOFTMAX   one tile of an online softmax: addr[4] F32 m[rows], addr[5] F32 l[rows],
 *             addr[6] F32 alpha[rows]; imm[0]: scale of src0; columns outside
 *             lo + q .. hi + q - 1, q = r / val[6], are masked, hi = val[5], lo = val[7] (both signed 32-bit
 *             when from a register); flag INIT: m and l are started
 *   QUANT     dst I8; flag DYNAMIC: scale of each row from its absolute maximum, to addr[4] F32[rows];
 *             flag GIVEN: the same with the maximum from src1 (F32, COL); otherwise dst = src0 * imm[0]
 *   ARGMAX    dst: I32[rows]; addr[4]: F32[rows] or, without flag VALUE, absent
 *   TOPK      dst: I32[rows][val[6]] indices, addr[4]: F32[rows][val[6]] values, val[6] <= 256, rows packed
 *   TRANSPOSE dst[c][r] = src0[r][c], same type
 *   FILL      dst = imm[0]
 */
#define NPU_VEC_DST		0	/* addr, type */
#define NPU_VEC_SRC0		1
#define NPU_VEC_SRC1		2
#define NPU_VEC_SRC2		3
#define NPU_VEC_AUX0		4	/* addr */
#define NPU_VEC_AUX1		5
#define NPU_VEC_AUX2		6
#define NPU_VEC_ROWS		0	/* val */
#define NPU_VEC_COLS		1
#define NPU_VEC_LD_DST		2
#define NPU_VEC_LD_SRC0		3
#define NPU_VEC_LD_SRC1		4
#define NPU_VEC_LD_SRC2		5
#define NPU_VEC_P0		6
#define NPU_VEC_P1		7
#define NPU_SOFTMAX_HI		5
#define NPU_SOFTMAX_DIV		6
#define NPU_SOFTMAX_LO		7
#define NPU_ROPE_DIMS		6
#define NPU_ROPE_HEAD		7

enum npu_bcast {
	NPU_BCAST_NONE,		/* [rows][cols] */
	NPU_BCAST_ROW,		/* [cols], the same for each row */
	NPU_BCAST_COL,		/* [rows], the same for each column; elements LD apart */
	NPU_BCAST_SCALAR,	/* one element */
	NPU_BCAST_COUNT
};

enum npu_unary {
	NPU_UNARY_COPY,		/* converts */
	NPU_UNARY_RELU,
	NPU_UNARY_GELU,		/* tanh form */
	NPU_UNARY_GELU_ERF,
	NPU_UNARY_SILU,
	NPU_UNARY_EXP,
	NPU_UNARY_SIGMOID,
	NPU_UNARY_TANH,
	NPU_UNARY_RECIP,
	NPU_UNARY_SQRT,
	NPU_UNARY_RSQRT,
	NPU_UNARY_ABS,
	NPU_UNARY_SQUARE,
	NPU_UNARY_COUNT
};

enum npu_binary {
	NPU_BINARY_ADD,
	NPU_BINARY_SUB,
	NPU_BINARY_MUL,
	NPU_BINARY_DIV,
	NPU_BINARY_MAX,
	NPU_BINARY_MIN,
	NPU_BINARY_COUNT
};

enum npu_reduce {
	NPU_REDUCE_SUM,
	NPU_REDUCE_MAX,
	NPU_REDUCE_MIN,
	NPU_REDUCE_ABSMAX,
	NPU_REDUCE_SUMSQ,
	NPU_REDUCE_COUNT
};

#define NPU_F_GATE		(1u << 0)	/* UNARY */
#define NPU_F_AFFINE		(1u << 1)	/* UNARY */
#define NPU_F_HALF		(1u << 0)	/* ROPE */
#define NPU_F_INIT		(1u << 0)	/* SOFTMAX */
#define NPU_F_DYNAMIC		(1u << 0)	/* QUANT */
#define NPU_F_GIVEN		(1u << 1)	/* QUANT */
#define NPU_F_VALUE		(1u << 0)	/* ARGMAX */

#endif /* _NPU_ISA_H */
