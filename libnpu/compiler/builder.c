// SPDX-License-Identifier: MIT
/* Life of a program builder, and the resources that it hands out. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_regs.h>

#include "builder.h"

#define SRAM_ALIGN	64u
#define FIRST_INSNS	256u

int npu_builder_create(uint32_t num_args, uint32_t sram_size,
		       struct npu_builder **builder, struct npu_error *err)
{
	struct npu_builder *b;

	if (num_args > NPU_JOB_MAX_ARGS)
		return npu_error_set(err, -EINVAL,
				     "a program has at most %u arguments, not %u",
				     NPU_JOB_MAX_ARGS, num_args);
	b = calloc(1, sizeof(*b));
	if (!b)
		return npu_error_set(err, -ENOMEM, "no memory for a program builder");
	b->num_args = num_args;
	b->sram_size = sram_size / SRAM_ALIGN * SRAM_ALIGN;
	b->tag_name = "program";
	b->regs = 1ull << NPU_R_ZERO | 1ull << NPU_R_CORE | 1ull << NPU_R_NCORES;
	for (uint32_t i = 0; i < num_args; i++)
		b->regs |= 1ull << NPU_R_ARG(i);
	*builder = b;
	return 0;
}

void npu_builder_destroy(struct npu_builder *builder)
{
	if (!builder)
		return;
	free(builder->insns);
	free(builder);
}

void npu_builder_fail(struct npu_builder *builder, int code, const char *fmt, ...)
{
	char text[NPU_ERROR_LEN - NPU_ERROR_LEN / 4];
	va_list args;

	if (builder->err.code)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	npu_error_set(&builder->err, code, "%.100s: %s", builder->tag_name, text);
}

int npu_builder_error(const struct npu_builder *builder)
{
	return builder->err.code;
}

void npu_builder_tag(struct npu_builder *builder, uint32_t tag, const char *name)
{
	builder->tag = tag;
	builder->tag_name = name;
}

uint8_t npu_builder_reg(struct npu_builder *builder)
{
	for (uint8_t r = 0; r < NPU_NUM_REGS; r++) {
		if (builder->regs >> r & 1)
			continue;
		builder->regs |= 1ull << r;
		return r;
	}
	npu_builder_fail(builder, -ENOSPC, "all %u scalar registers are in use",
			 NPU_NUM_REGS);
	return NPU_R_ZERO;
}

void npu_builder_reg_free(struct npu_builder *builder, uint8_t reg)
{
	if (reg > NPU_R_NCORES && reg < NPU_NUM_REGS)
		builder->regs &= ~(1ull << reg);
}

uint8_t npu_builder_token(struct npu_builder *builder)
{
	if (builder->tokens == NPU_NUM_TOKENS) {
		npu_builder_fail(builder, -ENOSPC,
				 "all %u token counters are in use", NPU_NUM_TOKENS);
		return 0;
	}
	return builder->tokens++;
}

static void note_region(struct npu_builder *b, const char *name, uint64_t size)
{
	size_t len = strlen(b->regions);

	snprintf(b->regions + len, sizeof(b->regions) - len, "%s%s %llu",
		 len ? ", " : "", name, (unsigned long long)size);
}

uint32_t npu_builder_sram(struct npu_builder *builder, const char *name,
			  uint64_t size)
{
	uint32_t at = builder->sram_used;
	uint32_t left = npu_builder_sram_left(builder);

	if (size > left) {
		npu_builder_fail(builder, -ENOSPC,
				 "SRAM: %s needs %llu bytes, %u of %u are left (%s): use a smaller chunk, or a device with more SRAM",
				 name, (unsigned long long)size, left, builder->sram_size,
				 builder->regions[0] ? builder->regions : "nothing taken");
		return 0;
	}
	note_region(builder, name, size);
	builder->sram_used += (size + SRAM_ALIGN - 1) / SRAM_ALIGN * SRAM_ALIGN;
	if (builder->sram_peak < builder->sram_used)
		builder->sram_peak = builder->sram_used;
	return at;
}

uint32_t npu_builder_sram_left(const struct npu_builder *builder)
{
	return builder->sram_size - builder->sram_used;
}

void npu_builder_sram_reset(struct npu_builder *builder)
{
	builder->sram_used = 0;
	builder->regions[0] = 0;
}

static int grow(struct npu_builder *b)
{
	uint32_t capacity = b->capacity ? b->capacity * 2 : FIRST_INSNS;
	struct npu_insn *insns;

	if (capacity > UINT32_MAX / NPU_INSN_SIZE / 2) {
		npu_builder_fail(b, -E2BIG, "the program has too many instructions");
		return -1;
	}
	insns = realloc(b->insns, (size_t)capacity * sizeof(*insns));
	if (!insns) {
		npu_builder_fail(b, -ENOMEM, "no memory for %u instructions", capacity);
		return -1;
	}
	b->insns = insns;
	b->capacity = capacity;
	return 0;
}

void npu_build_insn(struct npu_builder *builder, const struct npu_insn *insn)
{
	if (builder->err.code || (builder->count == builder->capacity && grow(builder)))
		return;
	builder->insns[builder->count] = *insn;
	builder->insns[builder->count++].tag = builder->tag;
}

uint32_t npu_encode_value(struct npu_builder *b, struct npu_value value)
{
	if (value.reg)
		return NPU_VAL_REG | value.reg;
	if (value.imm > NPU_VAL_MAX)
		npu_builder_fail(b, -EOVERFLOW,
				 "the value %#llx does not fit into an instruction",
				 (unsigned long long)value.imm);
	return value.imm & NPU_VAL_MAX;
}

struct npu_addr npu_encode_loc(struct npu_builder *b, struct npu_loc loc)
{
	if (loc.offset > UINT32_MAX)
		npu_builder_fail(b, -EOVERFLOW,
				 "the offset %#llx does not fit into an instruction",
				 (unsigned long long)loc.offset);
	return (struct npu_addr){ .offset = loc.offset, .reg = loc.reg };
}

uint32_t npu_encode_f32(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static void fill_header(const struct npu_builder *b, struct npu_program *header)
{
	*header = (struct npu_program){
		.magic = NPU_PROGRAM_MAGIC,
		.isa_version = NPU_ISA_VERSION,
		.features = b->features,
		.num_insns = b->count,
		.sram_size = b->sram_peak,
		.min_cores = 1,
		.num_args = b->num_args,
	};
}

int npu_builder_finish(struct npu_builder *builder, void **data, uint32_t *size,
		       struct npu_error *err)
{
	uint8_t *bytes;

	if (builder->depth)
		npu_builder_fail(builder, -EINVAL, "%u loops are not closed",
				 builder->depth);
	npu_build_insn(builder, &(struct npu_insn){ .opcode = NPU_OP_END });
	if (builder->err.code)
		return npu_error_set(err, builder->err.code, "%s", builder->err.message);
	*size = sizeof(struct npu_program) + builder->count * NPU_INSN_SIZE;
	bytes = malloc(*size);
	if (!bytes)
		return npu_error_set(err, -ENOMEM, "no memory for a program of %u bytes",
				     *size);
	fill_header(builder, (struct npu_program *)bytes);
	memcpy(bytes + sizeof(struct npu_program), builder->insns,
	       (size_t)builder->count * NPU_INSN_SIZE);
	*data = bytes;
	return 0;
}
