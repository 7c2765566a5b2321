// SPDX-License-Identifier: MIT
/* Faults in words. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <npu/disasm.h>

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "text.h"

static const struct {
	const char *name;
	int code;
} faults[] = {
	[NPU_FAULT_NONE] = { "none", -EIO },
	[NPU_FAULT_JOB] = { "malformed job", -EINVAL },
	[NPU_FAULT_CONTEXT] = { "invalid context", -EFAULT },
	[NPU_FAULT_PROGRAM] = { "malformed program header", -EINVAL },
	[NPU_FAULT_REQUIRE] = { "requirement not met", -EINVAL },
	[NPU_FAULT_ILLEGAL] = { "illegal instruction", -EINVAL },
	[NPU_FAULT_UNBUILT] = { "instruction not built in this device", -EINVAL },
	[NPU_FAULT_OPERAND] = { "operand out of range", -EINVAL },
	[NPU_FAULT_ALIGN] = { "misaligned address", -EINVAL },
	[NPU_FAULT_SRAM] = { "SRAM bounds", -EINVAL },
	[NPU_FAULT_PAGE] = { "page fault", -EFAULT },
	[NPU_FAULT_PROTECTION] = { "protection fault", -EFAULT },
	[NPU_FAULT_PAGE_TABLE] = { "malformed page table", -EFAULT },
	[NPU_FAULT_BUS] = { "bus error", -EIO },
	[NPU_FAULT_TOKEN] = { "token error", -EINVAL },
	[NPU_FAULT_INDEX] = { "index out of range", -EINVAL },
	[NPU_FAULT_BUDGET] = { "budget used up", -EOVERFLOW },
	[NPU_FAULT_TRAP] = { "trap", -EINVAL },
	[NPU_FAULT_BARRIER] = { "barrier without all cores", -EINVAL },
	[NPU_FAULT_DIVIDE] = { "division by zero", -EINVAL },
	[NPU_FAULT_INJECTED] = { "injected fault", -EIO },
};

#define NUM_FAULTS (sizeof(faults) / sizeof(*faults))

const char *npu_fault_name(uint32_t code)
{
	return code < NUM_FAULTS ? faults[code].name : "unknown";
}

int npu_fault_errno(uint32_t code)
{
	return code < NUM_FAULTS ? faults[code].code : -EIO;
}

static const char *program_field(uint32_t offset)
{
	switch (offset) {
	case offsetof(struct npu_program, magic):
		return "magic";
	case offsetof(struct npu_program, isa_version):
		return "isa_version";
	case offsetof(struct npu_program, features):
		return "features";
	case offsetof(struct npu_program, num_insns):
		return "num_insns";
	case offsetof(struct npu_program, sram_size):
		return "sram_size";
	case offsetof(struct npu_program, min_cores):
		return "min_cores";
	case offsetof(struct npu_program, max_cores):
		return "max_cores";
	case offsetof(struct npu_program, num_args):
		return "num_args";
	case offsetof(struct npu_program, flags):
		return "flags";
	default:
		return "reserved";
	}
}

static const char *job_field(uint32_t offset)
{
	switch (offset) {
	case offsetof(struct npu_job, flags):
		return "flags";
	case offsetof(struct npu_job, context):
		return "context";
	case offsetof(struct npu_job, program):
		return "program";
	case offsetof(struct npu_job, program_size):
		return "program_size";
	case offsetof(struct npu_job, cores):
		return "cores";
	case offsetof(struct npu_job, budget):
		return "budget";
	case offsetof(struct npu_job, completion):
		return "completion";
	case offsetof(struct npu_job, result):
		return "result";
	case offsetof(struct npu_job, num_args):
		return "num_args";
	default:
		return "reserved field";
	}
}

static const char *doing(uint32_t access)
{
	switch (access) {
	case NPU_ACCESS_READ:
		return "reading";
	case NPU_ACCESS_WRITE:
		return "writing";
	case NPU_ACCESS_FETCH:
		return "fetching the program from";
	default:
		return "at";
	}
}

/* Of faults that are found before, or behind, the first instruction. */
static int is_outside(const struct npu_fault *fault)
{
	return fault->code == NPU_FAULT_JOB ||
	       fault->code == NPU_FAULT_CONTEXT ||
	       fault->code == NPU_FAULT_PROGRAM ||
	       fault->code == NPU_FAULT_REQUIRE ||
	       fault->access == NPU_ACCESS_FETCH || fault->pc == UINT32_MAX;
}

static void add_place(struct text *text, const struct npu_fault *fault,
		      const char *tag)
{
	const char *name = npu_opcode_name(fault->opcode);

	if (is_outside(fault)) {
		if (fault->pc == UINT32_MAX && fault->access == NPU_ACCESS_WRITE)
			text_add(text, "writing the job's record: ");
		return;
	}
	text_add(text, "instruction %u (", fault->pc);
	if (name)
		text_add(text, "%s", name);
	else
		text_add(text, "opcode %#x", fault->opcode);
	if (tag)
		text_add(text, ", tag '%s'", tag);
	text_add(text, ")");
	if (fault->core)
		text_add(text, " on core %u", fault->core);
	text_add(text, ": ");
}

static void add_operand(struct text *text, const struct npu_fault *fault)
{
	char field[64];

	if (is_outside(fault))
		return;
	text_add(text, ", operand %s",
		 npu_field_name(fault->opcode, fault->operand, field,
				sizeof(field)));
}

/* A need is a number, a version or a set of features, by the header's field. */
static void add_requirement(struct text *text, const struct npu_fault *fault)
{
	uint64_t want = fault->needs[0], have = fault->needs[1];

	switch (fault->operand) {
	case offsetof(struct npu_program, isa_version):
		text_add(text,
			 "the program needs instruction set %u.%u, the device has %u.%u: compile it for this device",
			 NPU_VERSION_MAJOR((uint32_t)want),
			 NPU_VERSION_MINOR((uint32_t)want),
			 NPU_VERSION_MAJOR((uint32_t)have),
			 NPU_VERSION_MINOR((uint32_t)have));
		return;
	case offsetof(struct npu_program, features):
		text_add(text, "the program needs features that the device lacks:");
		for (uint32_t bit = 0; bit < 64; bit++) {
			if (!(want & ~have & 1ull << bit))
				continue;
			if (npu_feature_name(bit))
				text_add(text, " %s", npu_feature_name(bit));
			else
				text_add(text, " bit %u", bit);
		}
		return;
	case offsetof(struct npu_program, min_cores):
		text_add(text, "the program needs at least %" PRIu64 " cores, the job has %" PRIu64,
			 want, have);
		return;
	case offsetof(struct npu_program, max_cores):
		text_add(text,
			 "the program runs on at most %" PRIu64 " cores, the job has %" PRIu64,
			 want, have);
		return;
	default:
		text_add(text, "the program needs %s = %" PRIu64 ", the device has %" PRIu64,
			 program_field(fault->operand), want, have);
	}
}

static void add_memory(struct text *text, const struct npu_fault *fault)
{
	static const char *const why[] = {
		[NPU_FAULT_PAGE] = "nothing is mapped there",
		[NPU_FAULT_PROTECTION] = "the mapping does not permit it",
		[NPU_FAULT_PAGE_TABLE] = "the driver's page table is malformed",
		[NPU_FAULT_BUS] = "the page is not memory that the device may reach",
	};

	text_add(text, "%s %s 0x%" PRIx64, npu_fault_name(fault->code),
		 doing(fault->access), (uint64_t)fault->address);
	add_operand(text, fault);
	text_add(text, ": %s", why[fault->code]);
}

static void add_value(struct text *text, const struct npu_fault *fault)
{
	uint64_t address = fault->address;

	text_add(text, "%s", npu_fault_name(fault->code));
	add_operand(text, fault);
	switch (fault->code) {
	case NPU_FAULT_OPERAND:
		text_add(text, ": value %" PRId64, (int64_t)address);
		break;
	case NPU_FAULT_ALIGN:
		text_add(text, ": 0x%" PRIx64, address);
		break;
	case NPU_FAULT_SRAM:
		text_add(text,
			 ": %" PRIu64 " bytes from 0x%" PRIx64 " on do not lie in the %" PRIu64 " bytes that the program asked for",
			 (uint64_t)fault->needs[0], address,
			 (uint64_t)fault->needs[1]);
		break;
	case NPU_FAULT_INDEX:
		text_add(text, ": index %" PRId64 " at position %" PRIu64 ", the limit is %" PRIu64,
			 (int64_t)address, (uint64_t)fault->needs[0],
			 (uint64_t)fault->needs[1]);
		break;
	}
}

static void add_cause(struct text *text, const struct npu_fault *fault)
{
	switch (fault->code) {
	case NPU_FAULT_JOB:
		text_add(text, "malformed job: the device refuses its %s",
			 job_field(fault->operand));
		break;
	case NPU_FAULT_PROGRAM:
		text_add(text, "malformed program header: the device refuses its %s",
			 program_field(fault->operand));
		break;
	case NPU_FAULT_REQUIRE:
		add_requirement(text, fault);
		break;
	case NPU_FAULT_PAGE:
	case NPU_FAULT_PROTECTION:
	case NPU_FAULT_PAGE_TABLE:
	case NPU_FAULT_BUS:
		add_memory(text, fault);
		break;
	case NPU_FAULT_ILLEGAL:
	case NPU_FAULT_UNBUILT:
	case NPU_FAULT_OPERAND:
	case NPU_FAULT_ALIGN:
	case NPU_FAULT_SRAM:
	case NPU_FAULT_INDEX:
		add_value(text, fault);
		break;
	case NPU_FAULT_TOKEN:
		text_add(text,
			 "token error: counter %u is empty where the instruction waits, or full where it signals",
			 fault->operand);
		break;
	case NPU_FAULT_TRAP:
		text_add(text, "trap with code %" PRIu64 ": the program tested the value %" PRId64,
			 (uint64_t)fault->address, (int64_t)fault->needs[0]);
		break;
	case NPU_FAULT_BUDGET:
		text_add(text, "budget used up: give the job a larger one, or none");
		break;
	default:
		text_add(text, "%s", npu_fault_name(fault->code));
		if (fault->code >= NUM_FAULTS)
			text_add(text, " fault code %u", fault->code);
	}
}

size_t npu_fault_text(const struct npu_fault *fault, const char *tag, char *out,
		      size_t size)
{
	const struct npu_fault copy = *fault;	/* it may lie in shared memory */
	struct text text = { .out = out, .size = size };

	add_place(&text, &copy, tag);
	add_cause(&text, &copy);
	return text.len;
}
