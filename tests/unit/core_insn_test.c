// SPDX-License-Identifier: MIT
/*
 * Every instruction of the engines, once through the whole machine, with values
 * small enough to know the result by hand.
 */
#include <math.h>

#include "assemble.h"
#include "bus.h"
#include "tap.h"

#define CODE	0x400000u
#define IN	0x800000u
#define OUT	0xa00000u
#define SRAM	65536u

/* Where a test's operands lie in SRAM; the first 8 KiB come from IN. */
#define S_DST	0x4000u
#define S_AUX	0x6000u
#define IN_SIZE	0x2000u

static struct machine *m;
static uint8_t *code, *in, *out;
static struct program p;
static struct npu_completion done;

static void start(void)
{
	memset(in, 0, IN_SIZE);
	memset(out, 0, 0x10000);
	asm_start(&p, SRAM);
	asm_load(&p, 0, NPU_R_ZERO, IN, IN_SIZE)->signal = 1;
}

/* Run; S_DST.. and S_AUX.. appear at @out and @out + 0x2000. */
static bool run(void)
{
	struct npu_job job;

	asm_add(&p, NPU_OP_DRAIN);
	asm_store(&p, NPU_R_ZERO, OUT, S_DST, 0x2000);
	asm_store(&p, NPU_R_ZERO, OUT + 0x2000, S_AUX, 0x1000);
	asm_add(&p, NPU_OP_END);
	job = asm_job(&p, code, CODE);
	if (machine_run(m, &job, &done))
		return true;
	diag("fault %u at %u operand %u address %llx", done.fault.code, done.fault.pc,
	     done.fault.operand, (unsigned long long)done.fault.address);
	return false;
}

static struct npu_insn *vec(unsigned int opcode, unsigned int dst, unsigned int src)
{
	struct npu_insn *insn = asm_add(&p, opcode);

	insn->wait = 1;
	insn->type[0] = dst;
	insn->type[1] = src;
	asm_addr(insn, 0, NPU_R_ZERO, S_DST);
	return insn;
}

static void floats(unsigned int at, unsigned int n, const float *values)
{
	memcpy(in + at, values, 4 * n);
}

#define FLOATS(at, ...)							\
	floats((at), sizeof((const float[]){ __VA_ARGS__ }) / 4,	\
	       (const float[]){ __VA_ARGS__ })

/* F32 at @at of the output, compared as bits. */
static bool are(unsigned int at, unsigned int n, const float *want)
{
	const float *got = (const float *)(out + at);
	bool same = !memcmp(got, want, 4 * n);

	for (unsigned int i = 0; i < n && !same; i++)
		diag("[%u] %.9g, want %.9g", i, got[i], want[i]);
	return same;
}

#define ARE(at, ...)							\
	are((at), sizeof((const float[]){ __VA_ARGS__ }) / 4,		\
	    (const float[]){ __VA_ARGS__ })

static void dma(void)
{
	struct npu_insn *insn;

	start();
	for (unsigned int i = 0; i < 256; i++)
		in[i] = i;
	insn = asm_load(&p, S_DST, NPU_R_ZERO, IN, 3);
	memset(out, 0xee, 64);
	/* Two planes of two rows of three bytes, two of padding. */
	asm_vals(insn, 3, 2, 2, 16, 64, 5, 12, 2);
	ok(run(), "LOAD of planes with padding");
	ok(!memcmp(out, "\0\1\2\0\0\x10\x11\x12\0\0\0\0\x40\x41\x42\0\0\x50\x51\x52\0\0", 22),
	   "puts each row where it belongs");
	start();
	for (unsigned int i = 0; i < 256; i++)
		in[i] = i;
	insn = asm_store(&p, NPU_R_ZERO, OUT + 0x8000, 0, 2);
	insn->wait = 1;
	asm_vals(insn, 2, 2, 2, 4, 16, 100, 10);
	ok(run(), "STORE of planes");
	ok(!memcmp(out + 0x8000, "\0\1\0\0\x64\x65\0\0\0\0\0\0\0\0\0\0\x0a\x0b\0\0\x6e\x6f", 22),
	   "puts each row where it belongs");
}

static void indexed(void)
{
	static const int32_t index[] = { 3, 0, 3 };
	struct npu_insn *insn;

	start();
	memcpy(in, index, sizeof(index));
	memcpy(in + 0x100, "aaaabbbbccccdddd", 16);
	insn = asm_add(&p, NPU_OP_GATHER);
	insn->wait = 1;
	asm_addr(insn, 0, NPU_R_ZERO, S_DST);
	asm_addr(insn, 1, NPU_R_ZERO, IN + 0x100);
	asm_addr(insn, 2, NPU_R_ZERO, 0);
	asm_vals(insn, 3, 3, 1, 4, 4, 4);
	ok(run() && !memcmp(out, "ddd\0aaa\0ddd\0", 12), "GATHER");
	start();
	memcpy(in, index, sizeof(index));
	memcpy(in + 0x100, "aaabbbccc", 9);
	insn = asm_add(&p, NPU_OP_SCATTER);
	insn->wait = 1;
	asm_addr(insn, 0, NPU_R_ZERO, OUT + 0x8000);
	asm_addr(insn, 1, NPU_R_ZERO, 0x100);
	asm_addr(insn, 2, NPU_R_ZERO, 0);
	asm_vals(insn, 3, 3, 1, 8, 4, 3);
	ok(run() && !memcmp(out + 0x8000, "bbb", 3) && !memcmp(out + 0x8018, "ccc", 3),
	   "SCATTER: a later row wins");
}

/* A 2 x 3, B 3 x 2 in each layout, from SRAM and streamed. */
static void matmul_i8(unsigned int layout, bool stream)
{
	static const int8_t a[] = { 1, 2, 3, -4, 5, -6 };
	static const int8_t nk[] = { 7, 8, 9, -10, 11, -12 };
	static const int8_t kn[] = { 7, -10, 8, 11, 9, -12 };
	static const char *const name[] = { "NK", "KN", "PACK" };
	static const int32_t want[] = { 50, -24, -42, 167 };
	static const uint32_t ldb[] = { 3, 2, 64 };
	struct npu_insn *insn;

	start();
	memcpy(in, a, 6);
	if (layout == NPU_LAYOUT_PACK) {
		memcpy(in + 64, nk, 3);
		memcpy(in + 68, nk + 3, 3);
	} else {
		memcpy(in + 64, layout == NPU_LAYOUT_NK ? nk : kn, 6);
	}
	insn = vec(NPU_OP_MATMUL, NPU_TYPE_I32, NPU_TYPE_I8);
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
	insn->mode[NPU_MM_LAYOUT] = layout;
	insn->flags = stream ? NPU_F_STREAM : 0;
	asm_addr(insn, NPU_MM_A, NPU_R_ZERO, 0);
	asm_addr(insn, NPU_MM_B, NPU_R_ZERO, stream ? IN + 64 : 64);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, S_DST);
	asm_vals(insn, 2, 2, 3, 3, ldb[layout], 8);
	ok(run() && !memcmp(out, want, sizeof(want)), "MATMUL I8 %s%s", name[layout],
	   stream ? ", streamed" : "");
}

/* (sum * SA * SB + BIAS) then RELU, then to I8. */
static void matmul_epilogue(bool stream)
{
	uint32_t base = stream ? IN : 0;
	struct npu_insn *insn;

	start();
	memcpy(in, "\1\2\3\4", 4);			/* A: 2 x 2 */
	memcpy(in + 64, "\1\1\1\377", 4);		/* B NK: (1 1), (1 -1) */
	FLOATS(128, 0.5f, 2);				/* SA */
	FLOATS(192, 4, 8);				/* SB */
	FLOATS(256, 1, -1);				/* BIAS */
	insn = vec(NPU_OP_MATMUL, NPU_TYPE_I8, NPU_TYPE_I8);
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
	insn->type[NPU_MM_TYPE_S] = NPU_TYPE_F32;
	insn->mode[NPU_MM_ACT] = NPU_UNARY_RELU;
	insn->flags = NPU_F_SA | NPU_F_SB | NPU_F_BIAS | (stream ? NPU_F_STREAM : 0);
	asm_addr(insn, NPU_MM_A, NPU_R_ZERO, 0);
	asm_addr(insn, NPU_MM_B, NPU_R_ZERO, base + 64);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, S_DST);
	asm_addr(insn, NPU_MM_SA, NPU_R_ZERO, 128);
	asm_addr(insn, NPU_MM_SB, NPU_R_ZERO, base + 192);
	asm_addr(insn, NPU_MM_BIAS, NPU_R_ZERO, base + 256);
	asm_vals(insn, 2, 2, 2, 2, 2, 2);
	insn->imm[0] = asm_float(0.5f);
	/* 3*.5*4+1=7, -1*.5*8-1<0; 7*2*4+1=57, -1*2*8-1<0; halves to even */
	ok(run() && !memcmp(out, "\4\0\34\0", 4), "MATMUL epilogue%s",
	   stream ? ", streamed" : "");
}

static void matmul_f16(void)
{
	static const uint16_t a[] = { 0x3c00, 0x4000 }, b[] = { 0x4200, 0xc400 };
	struct npu_insn *insn;

	start();
	memcpy(in, a, 4);
	memcpy(in + 64, b, 4);
	insn = vec(NPU_OP_MATMUL, NPU_TYPE_F32, NPU_TYPE_F16);
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_F16;
	insn->flags = NPU_F_ACCUM;
	asm_addr(insn, NPU_MM_A, NPU_R_ZERO, 0);
	asm_addr(insn, NPU_MM_B, NPU_R_ZERO, 64);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, S_DST);
	asm_vals(insn, 1, 1, 2, 4, 4, 4);
	p.insns[2] = *insn;
	p.insns[2].wait = 0;
	p.header.num_insns++;
	ok(run() && ARE(0, -10), "MATMUL F16, twice with ACCUM");
	is(done.counters[NPU_CNT_MACS_F16], 4, "counts its MACs");
}

/* Windows of one row of bytes: A and B overlap, in two pieces of columns. */
static void matmul_in_pieces(void)
{
	struct npu_insn *insn;
	int32_t *sums = (int32_t *)out;
	unsigned int wrong = 0;

	start();
	for (unsigned int i = 0; i < 4096; i++)
		in[i] = i % 3;
	insn = vec(NPU_OP_MATMUL, NPU_TYPE_I32, NPU_TYPE_I8);
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
	asm_addr(insn, NPU_MM_A, NPU_R_ZERO, 0);
	asm_addr(insn, NPU_MM_B, NPU_R_ZERO, 0);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, S_DST);
	/* Rows one byte apart: row r, column n is the sum of a[r + k] * a[n + k]. */
	asm_vals(insn, 40, 50, 3000, 1, 1, 200);
	ok(run(), "MATMUL of 6 million MACs");
	for (unsigned int r = 0; r < 40; r++)
		for (unsigned int n = 0; n < 50; n++) {
			int32_t sum = 0;

			for (unsigned int k = 0; k < 3000; k++)
				sum += (int)((r + k) % 3 * ((n + k) % 3));
			wrong += sums[r * 50 + n] != sum;
		}
	is(wrong, 0, "all sums");
}

static void unary_binary(void)
{
	struct npu_insn *insn;

	start();
	FLOATS(0, -1, 2, 3, -4);
	FLOATS(64, 10, 20);
	insn = vec(NPU_OP_UNARY, NPU_TYPE_F32, NPU_TYPE_F32);
	insn->subop = NPU_UNARY_ABS;
	insn->flags = NPU_F_AFFINE | NPU_F_GATE;
	insn->type[2] = NPU_TYPE_F32;
	insn->mode[1] = NPU_BCAST_COL;
	asm_addr(insn, 2, NPU_R_ZERO, 64);
	asm_vals(insn, 2, 2, 8, 8, 4);
	insn->imm[0] = asm_float(2);
	insn->imm[1] = asm_float(1);
	ok(run() && ARE(0, 10, 50, 140, 140), "UNARY with AFFINE and GATE");
	start();
	FLOATS(0, 1, 2, 3, 4);
	FLOATS(64, 10, 20);
	insn = vec(NPU_OP_BINARY, NPU_TYPE_F32, NPU_TYPE_F32);
	insn->subop = NPU_BINARY_SUB;
	insn->type[2] = NPU_TYPE_F32;
	insn->mode[1] = NPU_BCAST_ROW;
	asm_addr(insn, 2, NPU_R_ZERO, 64);
	asm_vals(insn, 2, 2, 12, 8, 0);
	ok(run() && ARE(0, -9, -18, 0, -7, -16), "BINARY by ROW, with a gap in dst");
	start();
	FLOATS(0, 1, 2, 3, 4);
	FLOATS(64, 10);
	FLOATS(128, 1, 1, 1, 5);
	insn = vec(NPU_OP_MULADD, NPU_TYPE_F32, NPU_TYPE_F32);
	insn->type[2] = NPU_TYPE_F32;
	insn->type[3] = NPU_TYPE_F32;
	insn->mode[1] = NPU_BCAST_SCALAR;
	asm_addr(insn, 2, NPU_R_ZERO, 64);
	asm_addr(insn, 3, NPU_R_ZERO, 128);
	asm_vals(insn, 2, 2, 8, 8, 0, 8);
	ok(run() && ARE(0, 11, 21, 31, 45), "MULADD by SCALAR and NONE");
}

static void rows(void)
{
	struct npu_insn *insn;

	start();
	FLOATS(0, 1, -5, 3, 4);
	insn = vec(NPU_OP_REDUCE, NPU_TYPE_F32, NPU_TYPE_F32);
	insn->subop = NPU_REDUCE_ABSMAX;
	asm_vals(insn, 2, 2, 4, 8);
	ok(run() && ARE(0, 5, 4), "REDUCE");
	start();
	FLOATS(0, 3, 4);
	FLOATS(64, 2, 5);
	insn = vec(NPU_OP_RMSNORM, NPU_TYPE_F32, NPU_TYPE_F32);
	insn->type[2] = NPU_TYPE_F32;
	insn->mode[1] = NPU_BCAST_ROW;
	asm_addr(insn, 2, NPU_R_ZERO, 64);
	asm_vals(insn, 1, 2, 8, 8);
	insn->imm[0] = asm_float(0.25f);	/* mean of squares 12.5 */
	ok(run(), "RMSNORM");
	ok(ARE(0, 3 * (1 / sqrtf(12.75f)) * 2, 4 * (1 / sqrtf(12.75f)) * 5), "its values");
	start();
	FLOATS(0, 1, 3);
	FLOATS(64, 2, 2);
	FLOATS(128, 10, 20);
	insn = vec(NPU_OP_LAYERNORM, NPU_TYPE_F32, NPU_TYPE_F32);
	insn->type[2] = NPU_TYPE_F32;
	insn->type[3] = NPU_TYPE_F32;
	insn->mode[1] = NPU_BCAST_ROW;
	insn->mode[2] = NPU_BCAST_ROW;
	asm_addr(insn, 2, NPU_R_ZERO, 64);
	asm_addr(insn, 3, NPU_R_ZERO, 128);
	asm_vals(insn, 1, 2, 8, 8);
	insn->imm[0] = asm_float(3);
	ok(run() && ARE(0, 9, 21), "LAYERNORM");	/* var 1, k = 1/2 */
}

static void rope(bool half)
{
	struct npu_insn *insn;

	start();
	FLOATS(0, 1, 2, 3, 4, 99);
	FLOATS(64, 0, 1);		/* cos */
	FLOATS(128, 1, 0);		/* sin */
	insn = vec(NPU_OP_ROPE, NPU_TYPE_F32, NPU_TYPE_F32);
	insn->flags = half ? NPU_F_HALF : 0;
	insn->type[2] = NPU_TYPE_F32;
	insn->type[3] = NPU_TYPE_F32;
	asm_addr(insn, 2, NPU_R_ZERO, 64);
	asm_addr(insn, 3, NPU_R_ZERO, 128);
	asm_vals(insn, 1, 5, 20, 20, 8, 8, 4, 5);
	if (half)
		ok(run() && ARE(0, -3, 2, 1, 4, 99), "ROPE of halves");
	else
		ok(run() && ARE(0, -2, 1, 3, 4, 99), "ROPE of neighbours");
}

static void softmax(void)
{
	struct npu_insn *insn;

	start();
	FLOATS(0, 1, 1, 7, 1, 1, 1);
	insn = vec(NPU_OP_SOFTMAX, NPU_TYPE_F32, NPU_TYPE_F32);
	insn->flags = NPU_F_INIT;
	for (unsigned int i = 0; i < 3; i++)
		asm_addr(insn, 4 + i, NPU_R_ZERO, S_AUX + 64 * i);
	/* Row r sees columns r and r + 1. */
	asm_vals(insn, 2, 3, 12, 12, 0, 2, 1, 0);
	insn->imm[0] = asm_float(1);
	ok(run() && ARE(0, 1, 1, 0, 0, 1, 1), "SOFTMAX: exponentials, masked");
	ok(ARE(0x2000, 1, 1) && ARE(0x2040, 2, 2) && ARE(0x2080, 0, 0),
	   "m, l and alpha");
}

static void quant_argmax_fill(void)
{
	struct npu_insn *insn;

	start();
	FLOATS(0, 127, -63.5f, 0, 0);
	insn = vec(NPU_OP_QUANT, NPU_TYPE_I8, NPU_TYPE_F32);
	insn->flags = NPU_F_DYNAMIC;
	asm_addr(insn, 4, NPU_R_ZERO, S_AUX);
	asm_vals(insn, 2, 2, 2, 8);
	ok(run() && !memcmp(out, "\x7f\xc0\0\0", 4) && ARE(0x2000, 1, 0),
	   "QUANT DYNAMIC");
	start();
	FLOATS(0, 1, -1);
	FLOATS(64, 254);
	insn = vec(NPU_OP_QUANT, NPU_TYPE_I8, NPU_TYPE_F32);
	insn->flags = NPU_F_GIVEN;
	insn->type[2] = NPU_TYPE_F32;
	insn->mode[1] = NPU_BCAST_COL;
	asm_addr(insn, 2, NPU_R_ZERO, 64);
	asm_addr(insn, 4, NPU_R_ZERO, S_AUX);
	asm_vals(insn, 1, 2, 2, 8, 4);
	ok(run() && !memcmp(out, "\0\0", 2) && ARE(0x2000, 2), "QUANT GIVEN, ties to even");
	start();
	FLOATS(0, 3, -1000);
	insn = vec(NPU_OP_QUANT, NPU_TYPE_I8, NPU_TYPE_F32);
	insn->imm[0] = asm_float(2);
	asm_vals(insn, 1, 2, 2, 8);
	ok(run() && !memcmp(out, "\6\x80", 2), "QUANT by a given scale saturates");
	start();
	FLOATS(0, 1, 5, 5, -2, -3, NAN);
	insn = vec(NPU_OP_ARGMAX, NPU_TYPE_I32, NPU_TYPE_F32);
	insn->flags = NPU_F_VALUE;
	asm_addr(insn, 4, NPU_R_ZERO, S_AUX);
	asm_vals(insn, 2, 3, 4, 12);
	ok(run() && !memcmp(out, "\1\0\0\0\0\0\0\0", 8) && ARE(0x2000, 5, -2), "ARGMAX");
	start();
	insn = vec(NPU_OP_FILL, NPU_TYPE_F16, NPU_TYPE_NONE);
	asm_vals(insn, 2, 1, 4);
	insn->imm[0] = asm_float(1);
	ok(run() && !memcmp(out, "\0\x3c\0\0\0\x3c", 6), "FILL");
}

static void empties(void)
{
	struct npu_insn *insn;

	start();
	insn = vec(NPU_OP_REDUCE, NPU_TYPE_F32, NPU_TYPE_F32);
	insn->subop = NPU_REDUCE_MAX;
	asm_vals(insn, 2, 0, 4, 0);
	insn = asm_add(&p, NPU_OP_UNARY);
	insn->type[0] = NPU_TYPE_F32;
	insn->type[1] = NPU_TYPE_F32;
	asm_addr(insn, 0, NPU_R_ZERO, 0x7ffffff1);
	asm_vals(insn, NPU_VAL_MAX, 0);
	insn = asm_load(&p, 0x7ffffff1, NPU_R_ZERO, 0, 0);
	insn = asm_add(&p, NPU_OP_MATMUL);
	insn->type[0] = NPU_TYPE_F32;
	insn->type[1] = NPU_TYPE_I8;
	insn->type[2] = NPU_TYPE_I8;
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, S_DST + 64);
	asm_vals(insn, 1, 2, 0, 0, 0, 8);
	ok(run(), "instructions without rows, columns, k");
	ok(ARE(0, -INFINITY, -INFINITY), "REDUCE of nothing gives its start");
	ok(ARE(64, 0, 0), "MATMUL of nothing a sum of zero");
}

static void no_leak(void)
{
	struct npu_insn *insn;
	unsigned int i;

	asm_start(&p, SRAM);
	insn = vec(NPU_OP_FILL, NPU_TYPE_I8, NPU_TYPE_NONE);
	insn->wait = 0;
	insn->imm[0] = asm_float(77);
	asm_addr(insn, 0, NPU_R_ZERO, 0);
	asm_vals(insn, 1, SRAM);
	ok(run() && out[0] == 77, "a job fills its SRAM");
	asm_start(&p, SRAM);
	asm_set(&p, 5, 0);
	ok(run(), "another copies what it finds there");
	for (i = 0; i < 0x2000 && !out[i]; i++)
		;
	is(i, 0x2000, "and finds zeros");
}

int main(void)
{
	m = machine_new(&(struct npu_core_config){ .threads = 1 });
	code = machine_map(m, CODE, 0x200000, false);
	in = machine_map(m, IN, 0x10000, false);
	out = machine_map(m, OUT, 0x10000, true);
	dma();
	indexed();
	for (unsigned int layout = 0; layout < NPU_LAYOUT_COUNT; layout++) {
		matmul_i8(layout, false);
		matmul_i8(layout, true);
	}
	matmul_epilogue(false);
	matmul_epilogue(true);
	matmul_f16();
	matmul_in_pieces();
	unary_binary();
	rows();
	rope(false);
	rope(true);
	softmax();
	quant_argmax_fill();
	empties();
	no_leak();
	machine_free(m);
	return done_testing();
}
