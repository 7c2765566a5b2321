// SPDX-License-Identifier: MIT
/*
 * The same bytes and the same cycles whatever threads run the cores: a small
 * layer of matrix and vector instructions, split over 1 to 4 cores.
 */
#include "assemble.h"
#include "bus.h"
#include "tap.h"

#define CODE	0x400000u
#define INPUT	0x800000u	/* F32 [ROWS][COLS] */
#define WEIGHTS	0xa00000u	/* I8 [COLS][COLS], NK */
#define OUTPUT	0xc00000u	/* F32 [ROWS][COLS] */
#define SUMS	0xe00000u	/* F32 [ROWS], by all cores from all of OUTPUT */

#define ROWS	24u
#define COLS	40u
#define ROW	(4 * COLS)

/* SRAM */
#define S_IN	0u
#define S_Q	0x2000u		/* I8 [ROWS][COLS] */
#define S_SCALE	0x3000u
#define S_OUT	0x4000u
#define S_SUM	0x6000u
#define S_SIZE	0x8000u

enum { R_FIRST = 3, R_ROWS, R_OFFSET, R_PART, R_LAST };

static struct program p;

/* R_FIRST, R_ROWS: this core's part of ROWS; R_OFFSET: its bytes. */
static void share(void)
{
	asm_alu(&p, NPU_ALU_MUL, R_FIRST, NPU_R_CORE, NPU_R_ZERO, ROWS);
	asm_alu(&p, NPU_ALU_DIV, R_FIRST, R_FIRST, NPU_R_NCORES, 0);
	asm_alu(&p, NPU_ALU_ADD, R_LAST, NPU_R_CORE, NPU_R_ZERO, 1);
	asm_alu(&p, NPU_ALU_MUL, R_LAST, R_LAST, NPU_R_ZERO, ROWS);
	asm_alu(&p, NPU_ALU_DIV, R_LAST, R_LAST, NPU_R_NCORES, 0);
	asm_alu(&p, NPU_ALU_SUB, R_ROWS, R_LAST, R_FIRST, 0);
	asm_alu(&p, NPU_ALU_MUL, R_OFFSET, R_FIRST, NPU_R_ZERO, ROW);
}

static void layer(void)
{
	struct npu_insn *insn;

	insn = asm_load(&p, S_IN, R_OFFSET, INPUT, ROW);
	insn->val[1] = ASM_REG(R_ROWS);
	insn->val[3] = ROW;
	insn->val[5] = ROW;
	insn->signal = 1;
	insn = asm_add(&p, NPU_OP_QUANT);
	insn->wait = 1;
	insn->signal = 2;
	insn->flags = NPU_F_DYNAMIC;
	insn->type[0] = NPU_TYPE_I8;
	insn->type[1] = NPU_TYPE_F32;
	asm_addr(insn, 0, NPU_R_ZERO, S_Q);
	asm_addr(insn, 1, NPU_R_ZERO, S_IN);
	asm_addr(insn, 4, NPU_R_ZERO, S_SCALE);
	asm_vals(insn, ASM_REG(R_ROWS), COLS, COLS, ROW);
	insn = asm_add(&p, NPU_OP_MATMUL);
	insn->wait = 2;
	insn->signal = 4;
	insn->flags = NPU_F_STREAM | NPU_F_SA;
	insn->type[NPU_MM_TYPE_C] = NPU_TYPE_F32;
	insn->type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
	insn->mode[NPU_MM_ACT] = NPU_UNARY_SILU;
	asm_addr(insn, NPU_MM_A, NPU_R_ZERO, S_Q);
	asm_addr(insn, NPU_MM_B, NPU_R_ZERO, WEIGHTS);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, S_OUT);
	asm_addr(insn, NPU_MM_SA, NPU_R_ZERO, S_SCALE);
	asm_vals(insn, ASM_REG(R_ROWS), COLS, COLS, COLS, COLS, ROW);
	insn = asm_store(&p, R_OFFSET, OUTPUT, S_OUT, ROW);
	insn->val[1] = ASM_REG(R_ROWS);
	insn->val[3] = ROW;
	insn->val[5] = ROW;
	insn->wait = 4;
}

/* Behind a barrier each core sums all rows, also the others'. */
static void sums(void)
{
	struct npu_insn *insn;

	asm_add(&p, NPU_OP_BARRIER);
	asm_load(&p, S_IN, NPU_R_ZERO, OUTPUT, ROWS * ROW)->signal = 1;
	insn = asm_add(&p, NPU_OP_REDUCE);
	insn->wait = 1;
	insn->signal = 2;
	insn->type[0] = NPU_TYPE_F32;
	insn->type[1] = NPU_TYPE_F32;
	asm_addr(insn, 0, NPU_R_ZERO, S_SUM);
	asm_addr(insn, 1, NPU_R_ZERO, S_IN);
	asm_vals(insn, ROWS, COLS, 4, ROW);
	asm_alu(&p, NPU_ALU_MUL, R_PART, NPU_R_CORE, NPU_R_ZERO, 4 * ROWS);
	asm_store(&p, R_PART, SUMS, S_SUM, 4 * ROWS)->wait = 2;
	asm_add(&p, NPU_OP_END);
}

/**
 * struct outcome - what a run leaves
 */
struct outcome {
	float output[ROWS * COLS];
	float sums[4][ROWS];
	uint64_t counters[NPU_CNT_COUNT];
	bool good;
};

static void run(unsigned int cores, unsigned int threads, struct outcome *o)
{
	struct machine *m = machine_new(&(struct npu_core_config){
		.cores = 4, .threads = threads,
	});
	uint8_t *code = machine_map(m, CODE, 0x10000, false);
	float *input = machine_map(m, INPUT, 0x10000, false);
	int8_t *weights = machine_map(m, WEIGHTS, 0x10000, false);
	float *output = machine_map(m, OUTPUT, 0x10000, true);
	float *all_sums = machine_map(m, SUMS, 0x1000, true);
	struct npu_completion done;
	struct npu_job job = asm_job(&p, code, CODE);

	for (unsigned int i = 0; i < ROWS * COLS; i++)
		input[i] = (int)(i * 37 % 101) / 13.0f - 3;
	for (unsigned int i = 0; i < COLS * COLS; i++)
		weights[i] = i * 29 % 251 - 125;
	job.cores = cores;
	o->good = machine_run(m, &job, &done);
	memcpy(o->output, output, sizeof(o->output));
	memcpy(o->sums, all_sums, sizeof(o->sums));
	for (unsigned int i = 0; i < NPU_CNT_COUNT; i++)
		o->counters[i] = done.counters[i];
	machine_free(m);
}

int main(void)
{
	static struct outcome first[5], o;

	asm_start(&p, S_SIZE);
	share();
	layer();
	sums();
	for (unsigned int cores = 1; cores <= 4; cores++) {
		run(cores, 1, &first[cores]);
		ok(first[cores].good, "%u cores, one thread", cores);
		ok(!memcmp(first[cores].output, first[1].output, sizeof(o.output)),
		   "the bytes of one core");
		ok(!memcmp(first[cores].sums[cores - 1], first[1].sums[0],
			   sizeof(o.sums[0])), "what all cores wrote is seen by the last");
		for (unsigned int threads = 2; threads <= 3; threads++) {
			run(cores, threads, &o);
			ok(o.good && !memcmp(o.output, first[cores].output,
					     sizeof(o.output)) &&
			   !memcmp(o.sums, first[cores].sums, sizeof(o.sums)),
			   "%u threads: the same bytes", threads);
			ok(!memcmp(o.counters, first[cores].counters,
				   sizeof(o.counters)), "and counters");
		}
	}
	ok(first[1].sums[0][5] != 0, "the sums are not zero");
	ok(first[2].counters[NPU_CNT_CYCLES] != first[1].counters[NPU_CNT_CYCLES],
	   "cycles depend on the number of cores");
	return done_testing();
}
