// SPDX-License-Identifier: MIT
/* A program's header and structure, checked once before it runs. */
#include "device.h"

#include "decode.h"

#define FIELD(name)	offsetof(struct npu_program, name)

static bool malformed(struct npu_fault *fault, uint32_t operand, uint64_t value)
{
	*fault = (struct npu_fault){
		.code = NPU_FAULT_PROGRAM, .core = NPU_NO_INSN,
		.pc = NPU_NO_INSN, .operand = operand, .address = value,
	};
	return false;
}

static bool lacking(struct npu_fault *fault, uint32_t operand, uint64_t needs,
		    uint64_t has)
{
	*fault = (struct npu_fault){
		.code = NPU_FAULT_REQUIRE, .core = NPU_NO_INSN,
		.pc = NPU_NO_INSN, .operand = operand, .needs = { needs, has },
	};
	return false;
}

static bool version_fits(uint32_t version)
{
	return NPU_VERSION_MAJOR(version) == NPU_VERSION_MAJOR(NPU_ISA_VERSION) &&
	       NPU_VERSION_MINOR(version) <= NPU_VERSION_MINOR(NPU_ISA_VERSION);
}

static bool check_form(const struct npu_run *run, struct npu_fault *fault)
{
	const struct npu_program *p = (const void *)run->program;
	uint64_t size = sizeof(*p) + (uint64_t)p->num_insns * sizeof(struct npu_insn);

	if (p->magic != NPU_PROGRAM_MAGIC)
		return malformed(fault, FIELD(magic), p->magic);
	if (!p->num_insns || size != run->desc.program_size)
		return malformed(fault, FIELD(num_insns), p->num_insns);
	if (p->sram_size % 64)
		return malformed(fault, FIELD(sram_size), p->sram_size);
	if (p->flags)
		return malformed(fault, FIELD(flags), p->flags);
	for (unsigned int i = 0; i < 22; i++)
		if (p->reserved[i])
			return malformed(fault, FIELD(reserved) + 4 * i,
					 p->reserved[i]);
	return true;
}

static bool check_needs(const struct npu_core *npu, const struct npu_run *run,
			struct npu_fault *fault)
{
	const struct npu_program *p = (const void *)run->program;
	uint32_t cores = run->num_cores;

	if (!version_fits(p->isa_version))
		return lacking(fault, FIELD(isa_version), p->isa_version,
			       NPU_ISA_VERSION);
	if (p->features & ~NPU_FEATURES)
		return lacking(fault, FIELD(features), p->features, NPU_FEATURES);
	if (p->sram_size > npu->profile.sram_size)
		return lacking(fault, FIELD(sram_size), p->sram_size,
			       npu->profile.sram_size);
	if (p->min_cores > cores)
		return lacking(fault, FIELD(min_cores), p->min_cores, cores);
	if (p->max_cores && p->max_cores < cores)
		return lacking(fault, FIELD(max_cores), p->max_cores, cores);
	if (p->num_args != run->desc.num_args)
		return lacking(fault, FIELD(num_args), p->num_args,
			       run->desc.num_args);
	return true;
}

static bool bad_insn(struct npu_fault *fault, const struct npu_insn *insn,
		     uint32_t pc, struct npu_verdict verdict)
{
	*fault = (struct npu_fault){
		.code = verdict.code, .pc = pc, .operand = verdict.operand,
		.opcode = insn->opcode,
	};
	return false;
}

static const struct npu_verdict misplaced = {
	NPU_FAULT_ILLEGAL, offsetof(struct npu_insn, opcode),
};

static const struct npu_verdict bad_body = {
	NPU_FAULT_ILLEGAL, offsetof(struct npu_insn, val) + 3 * sizeof(uint32_t),
};

/* Where each ENDLOOP of the loops that stand open must stand. */
struct nest {
	uint32_t end[NPU_LOOP_DEPTH];
	unsigned int depth;
};

static struct npu_verdict check_loop(const struct npu_insn *insn, uint32_t pc,
				     uint32_t count, struct nest *nest)
{
	uint64_t end = (uint64_t)pc + 1 + insn->val[3];

	if (nest->depth == NPU_LOOP_DEPTH)
		return misplaced;
	/* Before the END, and inside the loop around it. */
	if (end >= count - 1 || insn[end - pc].opcode != NPU_OP_ENDLOOP ||
	    (nest->depth && end >= nest->end[nest->depth - 1]))
		return bad_body;
	nest->end[nest->depth++] = (uint32_t)end;
	return (struct npu_verdict){ 0 };
}

static struct npu_verdict check_place(const struct npu_insn *insn, uint32_t pc,
				      uint32_t count, struct nest *nest)
{
	bool last = pc == count - 1;

	if ((insn->opcode == NPU_OP_END) != last)
		return misplaced;
	if (insn->opcode == NPU_OP_LOOP)
		return check_loop(insn, pc, count, nest);
	if (insn->opcode != NPU_OP_ENDLOOP)
		return (struct npu_verdict){ 0 };
	if (!nest->depth || nest->end[nest->depth - 1] != pc)
		return misplaced;
	nest->depth--;
	return (struct npu_verdict){ 0 };
}

static bool check_insns(const struct npu_run *run, struct npu_fault *fault)
{
	const struct npu_program *p = (const void *)run->program;
	const struct npu_insn *insn = (const void *)(p + 1);
	struct nest nest = { .depth = 0 };

	for (uint32_t pc = 0; pc < p->num_insns; pc++) {
		struct npu_verdict verdict = npu_insn_check(&insn[pc]);

		if (!verdict.code)
			verdict = check_place(&insn[pc], pc, p->num_insns, &nest);
		if (verdict.code)
			return bad_insn(fault, &insn[pc], pc, verdict);
	}
	return true;
}

bool npu_program_yields(const struct npu_run *run)
{
	const struct npu_program *p = (const void *)run->program;
	const struct npu_insn *insn = (const void *)(p + 1);

	for (uint32_t pc = 0; pc < p->num_insns; pc++)
		if (insn[pc].opcode == NPU_OP_YIELD)
			return true;
	return false;
}

bool npu_program_check(const struct npu_core *npu, const struct npu_run *run,
		       struct npu_fault *fault)
{
	return check_form(run, fault) && check_needs(npu, run, fault) &&
	       check_insns(run, fault);
}
