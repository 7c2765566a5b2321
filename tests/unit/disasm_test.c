// SPDX-License-Identifier: MIT
/* The disassembler: every opcode has a text, and no field is left out of it. */
#include <npu/disasm.h>

#include "hw/npu_isa.h"
#include "tap.h"

static const uint8_t opcodes[] = {
	NPU_OP_END, NPU_OP_NOP, NPU_OP_ALU, NPU_OP_LEA, NPU_OP_LOOP,
	NPU_OP_ENDLOOP, NPU_OP_SLOAD, NPU_OP_SSTORE, NPU_OP_BARRIER,
	NPU_OP_DRAIN, NPU_OP_TIME, NPU_OP_TRAP, NPU_OP_YIELD, NPU_OP_LOAD,
	NPU_OP_GATHER, NPU_OP_NOP_LD, NPU_OP_STORE, NPU_OP_SCATTER,
	NPU_OP_NOP_ST, NPU_OP_MATMUL, NPU_OP_NOP_MAT, NPU_OP_UNARY,
	NPU_OP_BINARY, NPU_OP_MULADD, NPU_OP_REDUCE, NPU_OP_RMSNORM,
	NPU_OP_LAYERNORM, NPU_OP_ROPE, NPU_OP_SOFTMAX, NPU_OP_QUANT,
	NPU_OP_ARGMAX, NPU_OP_TOPK, NPU_OP_TRANSPOSE, NPU_OP_FILL,
	NPU_OP_NOP_VEC,
};

#define NUM_OPCODES (sizeof(opcodes) / sizeof(*opcodes))

static bool is_opcode(unsigned int opcode)
{
	for (size_t i = 0; i < NUM_OPCODES; i++)
		if (opcodes[i] == opcode)
			return true;
	return false;
}

static const char *text_of(const struct npu_insn *insn)
{
	static char text[NPU_DISASM_LEN];

	if (npu_disasm(insn, NULL, text, sizeof(text)) >= sizeof(text))
		diag("a text does not fit into NPU_DISASM_LEN");
	return text;
}

static void test_names(void)
{
	unsigned int named = 0;
	bool right = true;

	for (unsigned int i = 0; i < 256; i++) {
		const char *name = npu_opcode_name(i);

		named += !!name;
		right = right && !name == !is_opcode(i);
	}
	is(named, NUM_OPCODES, "there are %zu opcodes", NUM_OPCODES);
	ok(right, "those of the instruction set have names, no others");
}

/* Change each bit of an instruction: its text must change each time. */
static bool all_fields_shown(struct npu_insn insn)
{
	unsigned char *bytes = (unsigned char *)&insn;
	char before[NPU_DISASM_LEN];

	npu_disasm(&insn, NULL, before, sizeof(before));
	for (unsigned int bit = 0; bit < 8 * sizeof(insn); bit++) {
		const char *after;

		bytes[bit / 8] ^= 1 << bit % 8;
		after = text_of(&insn);
		if (!strcmp(before, after)) {
			diag("bit %u of byte %u is not in '%s'", bit % 8,
			     bit / 8, after);
			return false;
		}
		bytes[bit / 8] ^= 1 << bit % 8;
	}
	return true;
}

static void test_completeness(void)
{
	for (size_t i = 0; i < NUM_OPCODES; i++) {
		struct npu_insn insn = { .opcode = opcodes[i] };
		bool empty = all_fields_shown(insn);

		memset(&insn, 0x55, sizeof(insn));
		insn.opcode = opcodes[i];
		ok(empty && all_fields_shown(insn), "%s shows all its fields",
		   npu_opcode_name(opcodes[i]));
	}
	ok(all_fields_shown((struct npu_insn){ .opcode = 0xee }),
	   "so does an opcode that does not exist");
}

/* The longest possible text, and buffers that are too small for it. */
static void test_size(void)
{
	char text[NPU_DISASM_LEN];
	struct npu_insn insn;
	size_t longest = 0;

	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		size_t len;

		memset(&insn, 0xff, sizeof(insn));
		insn.opcode = opcode;
		len = npu_disasm(&insn,
				 "a tag of the greatest length that a job file allows, 63 bytes.",
				 text, sizeof(text));
		longest = len > longest ? len : longest;
	}
	ok(longest < NPU_DISASM_LEN, "the longest text has %zu bytes", longest);
	memset(text, '#', sizeof(text));
	ok(npu_disasm(&insn, NULL, text, 10) > 10 && strlen(text) == 9 &&
	   text[10] == '#', "a text is cut to its buffer");
	ok(npu_disasm(&insn, NULL, NULL, 0) > 10, "the length needs no buffer");
}

static void test_load(void)
{
	struct npu_insn insn = {
		.opcode = NPU_OP_LOAD, .tag = 3, .wait = 5, .signal = 2,
		.addr = { { .offset = 0x100 }, { .reg = 16, .offset = 0x40 } },
		.val = { 64, NPU_VAL_REG | 17, 1, 256, 0, 64, 0, 8 },
	};
	char text[NPU_DISASM_LEN];

	npu_disasm(&insn, "blk.0.attn_q", text, sizeof(text));
	is_str(text,
	       "LOAD dst=sram[0x100] src=mem[r16+0x40] row=64 rows=r17 planes=1 mem_stride=256 sram_stride=64 pad=8 wait=0,2 signal=1 tag=3 'blk.0.attn_q'",
	       "LOAD reads as it should");
}

static void test_matmul(void)
{
	struct npu_insn insn = {
		.opcode = NPU_OP_MATMUL,
		.flags = NPU_F_STREAM | NPU_F_SB,
		.type = { NPU_TYPE_F32, NPU_TYPE_I8, NPU_TYPE_I8, NPU_TYPE_F32 },
		.mode = { NPU_LAYOUT_PACK, NPU_UNARY_SILU },
		.addr = { { .reg = 3 }, { .reg = 20 }, { .offset = 64 }, { 0 },
			  { .reg = 21 } },
		.val = { 1, 16, 64, 64, 1024, 64 },
		.imm = { 0x3f000000 },
	};

	is_str(text_of(&insn),
	       "MATMUL C:F32,A:I8,B:I8,scale:F32 STREAM|SB A=sram[r3] B=mem[r20] C=sram[0x40] SB=mem[r21] M=1 N=16 K=64 LDA=64 LDB=1024 LDC=64 layout=PACK act=SILU inv_scale=0.5",
	       "MATMUL reads as it should");
	insn.flags = 0;
	ok(strstr(text_of(&insn), "B=sram[r20]"), "without STREAM B is in SRAM");
}

static void test_scalars(void)
{
	struct npu_insn alu = {
		.opcode = NPU_OP_ALU, .subop = NPU_ALU_ADD,
		.addr = { { .reg = 5 }, { .reg = 6 }, { .reg = 0 } },
		.imm = { (uint32_t)-16, ~0u },
	};
	struct npu_insn loop = {
		.opcode = NPU_OP_LOOP, .addr = { { .reg = 4 } },
		.val = { NPU_VAL_REG | 2, 1, 0, 7 },
	};
	struct npu_insn bad = { .opcode = NPU_OP_END, .flags = 1, .subop = 2,
				.val = { 0, 0, NPU_VAL_REG | 99 } };

	is_str(text_of(&alu), "ALU.ADD dst=r5 a=r6 b=r0 imm=-16", "ALU reads as it should");
	is_str(text_of(&loop), "LOOP counter=r4 start=r0 rounds=r2 step=1 body=7",
	       "LOOP reads as it should");
	is_str(text_of(&bad), "END.2! flag0! val2!=r99!",
	       "what the device would refuse is marked");
}

static void test_fields(void)
{
	char name[64];

	is_str(npu_field_name(NPU_OP_MATMUL, 32, name, sizeof(name)),
	       "addr[1] (B)", "an address has a name");
	is_str(npu_field_name(NPU_OP_LOAD, 88 + 4, name, sizeof(name)),
	       "val[1] (rows)", "a value has a name");
	is_str(npu_field_name(NPU_OP_END, 24, name, sizeof(name)), "addr[0]",
	       "a field without use has a place");
	is_str(npu_field_name(NPU_OP_MATMUL, 17, name, sizeof(name)),
	       "type[1] (A)", "a type has a name");
	is_str(npu_field_name(0xee, 120, name, sizeof(name)), "imm[0]",
	       "an unknown opcode has fields");
	is_str(npu_field_name(NPU_OP_LOAD, 4000, name, sizeof(name)),
	       "byte 4000", "an offset outside is told as it is");
	for (uint32_t i = 0; i < 200; i++)
		for (uint32_t op = 0; op < 256; op++)
			npu_field_name(op, i, name, sizeof(name));
	ok(name[0], "every offset of every opcode gives some name");
}

int main(void)
{
	test_names();
	test_completeness();
	test_size();
	test_load();
	test_matmul();
	test_scalars();
	test_fields();
	return done_testing();
}
