// SPDX-License-Identifier: MIT
/* What a person is told when a job fails. */
#include <errno.h>

#include <npu/disasm.h>

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "queue_internal.h"
#include "tap.h"

static void says(struct npu_fault fault, const char *tag, const char *want)
{
	char text[NPU_ERROR_LEN];

	npu_fault_text(&fault, tag, text, sizeof(text));
	is_str(text, want, "%s", npu_fault_name(fault.code));
}

static void test_memory(void)
{
	says((struct npu_fault){ .code = NPU_FAULT_PAGE, .access = NPU_ACCESS_READ,
				 .pc = 12, .opcode = NPU_OP_LOAD, .operand = 32,
				 .address = 0x40001000 }, "blk.0.attn_q",
	     "instruction 12 (LOAD, tag 'blk.0.attn_q'): page fault reading 0x40001000, operand addr[1] (src): nothing is mapped there");
	says((struct npu_fault){ .code = NPU_FAULT_PROTECTION,
				 .access = NPU_ACCESS_WRITE, .core = 3,
				 .opcode = NPU_OP_STORE, .operand = 24,
				 .address = 0x1000 }, NULL,
	     "instruction 0 (STORE) on core 3: protection fault writing 0x1000, operand addr[0] (dst): the mapping does not permit it");
	says((struct npu_fault){ .code = NPU_FAULT_PAGE, .access = NPU_ACCESS_FETCH,
				 .address = 0x2000 }, NULL,
	     "page fault fetching the program from 0x2000: nothing is mapped there");
	says((struct npu_fault){ .code = NPU_FAULT_PAGE, .access = NPU_ACCESS_WRITE,
				 .core = ~0u, .pc = ~0u, .address = 0x3000 }, NULL,
	     "writing the job's record: page fault writing 0x3000: nothing is mapped there");
}

static void test_instruction(void)
{
	says((struct npu_fault){ .code = NPU_FAULT_ILLEGAL, .opcode = 0xee,
				 .pc = 1, .operand = 0 }, NULL,
	     "instruction 1 (opcode 0xee): illegal instruction, operand opcode");
	says((struct npu_fault){ .code = NPU_FAULT_SRAM, .opcode = NPU_OP_MATMUL,
				 .pc = 2, .operand = 24, .address = 0xff00,
				 .needs = { 512, 65536 } }, NULL,
	     "instruction 2 (MATMUL): SRAM bounds, operand addr[0] (A): 512 bytes from 0xff00 on do not lie in the 65536 bytes that the program asked for");
	says((struct npu_fault){ .code = NPU_FAULT_OPERAND, .opcode = NPU_OP_LOAD,
				 .pc = 3, .operand = 88,
				 .address = (uint64_t)-1 }, NULL,
	     "instruction 3 (LOAD): operand out of range, operand val[0] (row): value -1");
	says((struct npu_fault){ .code = NPU_FAULT_INDEX, .opcode = NPU_OP_GATHER,
				 .pc = 4, .operand = 40, .address = 700,
				 .needs = { 2, 512 } }, NULL,
	     "instruction 4 (GATHER): index out of range, operand addr[2] (index): index 700 at position 2, the limit is 512");
	says((struct npu_fault){ .code = NPU_FAULT_TRAP, .opcode = NPU_OP_TRAP,
				 .pc = 5, .address = 1, .needs = { 9 } }, NULL,
	     "instruction 5 (TRAP): trap with code 1: the program tested the value 9");
}

static void test_requirement(void)
{
	says((struct npu_fault){ .code = NPU_FAULT_REQUIRE, .operand = 4,
				 .needs = { NPU_VERSION(0, 2), NPU_VERSION(0, 1) } },
	     NULL,
	     "the program needs instruction set 0.2, the device has 0.1: compile it for this device");
	says((struct npu_fault){ .code = NPU_FAULT_REQUIRE, .operand = 8,
				 .needs = { NPU_FEAT_MAT_I4 | NPU_FEAT_MAT_I8 | 1ull << 40,
					    NPU_FEAT_MAT_I8 } },
	     NULL, "the program needs features that the device lacks: MAT_I4 bit 40");
	says((struct npu_fault){ .code = NPU_FAULT_REQUIRE, .operand = 20,
				 .needs = { 1 << 20, 1 << 18 } },
	     NULL, "the program needs sram_size = 1048576, the device has 262144");
	says((struct npu_fault){ .code = NPU_FAULT_PROGRAM, .operand = 16 }, NULL,
	     "malformed program header: the device refuses its num_insns");
}

static void test_errno(void)
{
	is(npu_fault_errno(NPU_FAULT_PAGE), -EFAULT, "a page fault is -EFAULT");
	is(npu_fault_errno(NPU_FAULT_ILLEGAL), -EINVAL, "an illegal instruction is -EINVAL");
	is(npu_fault_errno(NPU_FAULT_BUDGET), -EOVERFLOW, "a used up budget is -EOVERFLOW");
	is(npu_fault_errno(NPU_FAULT_BUS), -EIO, "a bus error is -EIO");
	is(npu_fault_errno(12345), -EIO, "an unknown fault is -EIO");
}

/* Records lie in memory that anyone may scribble over. */
static void test_garbage(void)
{
	struct npu_fault fault;
	char text[NPU_ERROR_LEN];
	bool all = true;

	for (uint32_t code = 0; code < 40; code++) {
		memset(&fault, 0xff, sizeof(fault));
		fault.code = code;
		fault.pc = 7;
		all = all && npu_fault_text(&fault, NULL, text, sizeof(text));
		fault.access = code;
		fault.operand = 8;
		all = all && npu_fault_text(&fault, NULL, text, sizeof(text));
	}
	ok(all, "every record gives some text");
	is(npu_fault_text(&fault, NULL, text, 8), strlen("instruction 7 (opcode 0xffffffff) on core 4294967295: unknown fault code 39"),
	   "a long text is cut");
	is(strlen(text), 7, "to its buffer");
}

static void test_failure(void)
{
	struct npu_failure failure = {
		.code = -EINVAL, .job = 2, .has_fault = true,
		.fault = { .code = NPU_FAULT_DIVIDE, .opcode = NPU_OP_ALU },
	};
	struct npu_error err = { 0 };

	is(npu_failure_error(&failure, 5, "t", &err), -EINVAL, "a failure gives its code");
	is_str(err.message, "job 3 of 5: instruction 0 (ALU, tag 't'): division by zero",
	       "one of several jobs is named");
	is(npu_failure_error(&failure, 1, NULL, NULL), -EINVAL, "nobody need ask for the message");
}

static void test_names(void)
{
	unsigned int n = 0;

	while (npu_counter_name(n))
		n++;
	is(n, NPU_CNT_COUNT, "every counter has a name");
	is_str(npu_counter_name(NPU_CNT_ENERGY_PJ), "energy_pj", "energy has its");
	is_str(npu_feature_name(8), "STREAM", "features have names");
	ok(!npu_feature_name(63) && !npu_feature_name(64) && !npu_feature_name(200),
	   "bits without meaning have none");
	is_str(npu_type_name(NPU_TYPE_BF16), "BF16", "types have names");
	ok(!npu_type_name(8), "others have none");
}

int main(void)
{
	test_memory();
	test_instruction();
	test_requirement();
	test_errno();
	test_garbage();
	test_failure();
	test_names();
	return done_testing();
}
