// SPDX-License-Identifier: MIT
/* The program builder: what it hands out, what it encodes, how it fails. */
#include <errno.h>

#include <npu/program.h>

#include "tap.h"

static struct npu_builder *start(uint32_t args, uint32_t sram)
{
	struct npu_builder *b;
	struct npu_error err;

	if (npu_builder_create(args, sram, &b, &err))
		bail_out(err.message);
	return b;
}

static const struct npu_insn *finish(struct npu_builder *b, struct npu_program **p)
{
	struct npu_error err;
	uint32_t size;
	void *data;

	if (npu_builder_finish(b, &data, &size, &err))
		bail_out(err.message);
	npu_builder_destroy(b);
	*p = data;
	is(size, sizeof(**p) + (*p)->num_insns * NPU_INSN_SIZE, "size of the program");
	return (const struct npu_insn *)(*p + 1);
}

static void fails(struct npu_builder *b, int code, const char *what)
{
	struct npu_error err = { 0 };
	uint32_t size;
	void *data;

	is(npu_builder_error(b), code, "%s", what);
	is(npu_builder_finish(b, &data, &size, &err), code, "finish says it: %s", err.message);
	npu_builder_destroy(b);
}

static void test_registers(void)
{
	struct npu_builder *b = start(2, 4096);
	uint64_t seen = 0;
	uint8_t r = 0;

	for (int i = 0; i < 59; i++) {
		r = npu_builder_reg(b);
		seen |= 1ull << r;
	}
	is(seen, ~(1ull << NPU_R_ZERO | 1ull << NPU_R_CORE | 1ull << NPU_R_NCORES |
		   1ull << NPU_R_ARG(0) | 1ull << NPU_R_ARG(1)),
	   "all registers but the reserved ones and the arguments");
	npu_builder_reg_free(b, r);
	is(npu_builder_reg(b), r, "a register that was given back comes again");
	npu_builder_reg(b);
	fails(b, -ENOSPC, "there are no more");
}

static void test_tokens(void)
{
	struct npu_builder *b = start(0, 4096);

	for (int i = 0; i < NPU_NUM_TOKENS; i++)
		if (npu_builder_token(b) != i)
			bail_out("tokens are not handed out in order");
	npu_builder_token(b);
	fails(b, -ENOSPC, "there are only so many token counters");
}

static void test_sram(void)
{
	struct npu_builder *b = start(0, 1000);
	struct npu_error err;
	uint32_t size;
	void *data;

	is(npu_builder_sram_left(b), 960, "SRAM is a multiple of 64");
	is(npu_builder_sram(b, "first", 1), 0, "first region");
	is(npu_builder_sram(b, "second", 64), 64, "regions are aligned");
	is(npu_builder_sram_left(b), 832, "what is left");
	npu_builder_sram_reset(b);
	is(npu_builder_sram(b, "third", 100), 0, "a reset gives all back");
	npu_builder_tag(b, 3, "layer");
	npu_builder_sram(b, "fourth", 1000);
	is(npu_builder_finish(b, &data, &size, &err), -ENOSPC, "what does not fit fails");
	ok(strstr(err.message, "layer") && strstr(err.message, "fourth needs 1000") &&
	   strstr(err.message, "832 of 960") && strstr(err.message, "third 100"),
	   "and says all about it: %s", err.message);
	npu_builder_destroy(b);
}

static void test_loops(void)
{
	struct npu_builder *b = start(0, 4096);
	uint8_t i = npu_builder_reg(b), j = npu_builder_reg(b);
	const struct npu_insn *insns;
	struct npu_program *p;

	npu_build_loop(b, i, NPU_R_ZERO, npu_imm(3), npu_imm(64));
	npu_build_loop(b, j, i, npu_reg(5), npu_imm(1));
	npu_build_set(b, 6, 1);
	npu_build_endloop(b);
	npu_build_endloop(b);
	insns = finish(b, &p);
	is(p->num_insns, 6, "two loops, their ends, the body, END");
	is(insns[0].val[3], 3, "body of the outer loop");
	is(insns[1].val[3], 1, "body of the inner loop");
	is(insns[0].val[1], 64, "step");
	is(insns[1].val[0], NPU_VAL_REG | 5, "count from a register");
	is(insns[1].addr[1].reg, i, "start from a register");
	is(insns[5].opcode, NPU_OP_END, "END is last");
	free(p);

	b = start(0, 4096);
	npu_build_loop(b, i, NPU_R_ZERO, npu_imm(3), npu_imm(1));
	is(npu_builder_error(b), 0, "an open loop is no error yet");
	{
		struct npu_error err;
		uint32_t size;
		void *data;

		is(npu_builder_finish(b, &data, &size, &err), -EINVAL, "%s", "but at the end");
	}
	npu_builder_destroy(b);
	b = start(0, 4096);
	npu_build_endloop(b);
	fails(b, -EINVAL, "an end without a loop");
	b = start(0, 4096);
	for (int n = 0; n <= NPU_LOOP_DEPTH; n++)
		npu_build_loop(b, i, NPU_R_ZERO, npu_imm(1), npu_imm(1));
	fails(b, -E2BIG, "loops too deep");
}

static void test_header(void)
{
	struct npu_builder *b = start(3, 1 << 16);
	const struct npu_insn *insns;
	struct npu_program *p;

	npu_builder_sram(b, "tile", 5000);
	npu_build_insn(b, &(struct npu_insn){ .opcode = NPU_OP_NOP });
	npu_build_matmul(b, &(struct npu_insn_matmul){
		.type_a = NPU_TYPE_I8, .type_b = NPU_TYPE_I8, .type_c = NPU_TYPE_F32,
		.type_s = NPU_TYPE_F32, .layout = NPU_LAYOUT_PACK,
		.flags = NPU_F_STREAM | NPU_F_SB, .bias = npu_at(0, 64),
		.m = npu_imm(1), .n = npu_imm(16), .k = npu_imm(4),
	}, npu_order(NPU_TOKEN(3), NPU_TOKEN(4)));
	npu_builder_tag(b, 7, "x");
	npu_build_gather(b, &(struct npu_insn_dma){ .row = npu_imm(4) }, npu_order(0, 0));
	insns = finish(b, &p);
	is(p->magic, NPU_PROGRAM_MAGIC, "magic");
	is(p->isa_version, NPU_ISA_VERSION, "version");
	is(p->features, NPU_FEAT_MAT_I8 | NPU_FEAT_STREAM | NPU_FEAT_GATHER,
	   "features are those that are used");
	is(p->sram_size, 5056, "SRAM is what was taken, whole 64 bytes");
	is(p->num_args, 3, "arguments");
	is(p->min_cores, 1, "any number of cores");
	is(insns[1].wait, 1u << 3, "wait");
	is(insns[1].signal, 1u << 4, "signal");
	is(insns[1].addr[NPU_MM_BIAS].offset, 0, "an operand that no flag names is left out");
	is(insns[2].tag, 7, "tag");
	is(insns[2].val[NPU_DMA_ROWS], 1, "rows that are not given are one");
	free(p);
}

static void test_overflow(void)
{
	struct npu_builder *b = start(0, 4096);

	npu_build_load(b, &(struct npu_insn_dma){ .row = npu_imm(1ull << 31) },
		       npu_order(0, 0));
	fails(b, -EOVERFLOW, "a value of 32 bits");
	b = start(0, 4096);
	npu_build_load(b, &(struct npu_insn_dma){ .mem = npu_at(0, 1ull << 32) },
		       npu_order(0, 0));
	fails(b, -EOVERFLOW, "an offset of 33 bits");
	ok(npu_builder_create(49, 4096, &b, NULL) == -EINVAL, "too many arguments");
	b = start(0, 4096);
	npu_builder_fail(b, -EDOM, "first");
	npu_builder_fail(b, -EIO, "second");
	fails(b, -EDOM, "the first error counts");
}

int main(void)
{
	test_registers();
	test_tokens();
	test_sram();
	test_loops();
	test_header();
	test_overflow();
	return done_testing();
}
