// SPDX-License-Identifier: MIT
/*
 * One instruction as text. Fields are printed by the table; one that is not
 * zero although the instruction has no use for it, which the device refuses, is
 * printed with its position and a '!'.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <npu/disasm.h>

#include "insn_format.h"
#include "text.h"

static const struct insn_format no_format;

static void add_name(struct text *text, const struct insn_names *names,
		     unsigned int value)
{
	const char *name = insn_name(names, value);

	if (name)
		text_add(text, "%s", name);
	else
		text_add(text, "%u!", value);
}

static void add_mnemonic(struct text *text, const struct insn_format *format,
			 const struct npu_insn *insn)
{
	if (!format->name)
		text_add(text, "OPCODE_%02x!", insn->opcode);
	else
		text_add(text, "%s", format->name);
	if (format->subops) {
		text_add(text, ".");
		add_name(text, format->subops, insn->subop);
	} else if (insn->subop) {
		text_add(text, ".%u!", insn->subop);
	}
}

static int addr_is_zero(const struct npu_addr *addr)
{
	static const struct npu_addr zero;

	return !memcmp(addr, &zero, sizeof(zero));
}

static const char *space_name(const struct insn_addr *format,
			      const struct npu_insn *insn)
{
	switch (format->space) {
	case INSN_MEM:
		return "mem";
	case INSN_STREAM:
		return insn->flags & NPU_F_STREAM ? "mem" : "sram";
	default:
		return "sram";
	}
}

static void add_reserved(struct text *text, const struct npu_addr *addr)
{
	for (unsigned int i = 0; i < sizeof(addr->reserved); i++)
		if (addr->reserved[i])
			text_add(text, "!reserved%u=%u", i, addr->reserved[i]);
}

static void add_register(struct text *text, const struct npu_addr *addr)
{
	text_add(text, "r%u", addr->reg);
	if (addr->offset)
		text_add(text, "+%#x!", addr->offset);
}

static void add_place(struct text *text, const struct npu_addr *addr)
{
	if (addr->reg && addr->offset)
		text_add(text, "[r%u+%#x]", addr->reg, addr->offset);
	else if (addr->reg)
		text_add(text, "[r%u]", addr->reg);
	else
		text_add(text, "[%#x]", addr->offset);
}

static void add_addr(struct text *text, const struct insn_format *format,
		     const struct npu_insn *insn, unsigned int i)
{
	const struct insn_addr *as = &format->addr[i];
	const struct npu_addr *addr = &insn->addr[i];

	if (addr_is_zero(addr) && (!as->name || as->optional))
		return;
	if (!as->name) {
		text_add(text, " addr%u!=", i);
		add_place(text, addr);
	} else if (as->space == INSN_REG) {
		text_add(text, " %s=", as->name);
		add_register(text, addr);
	} else {
		text_add(text, " %s=%s", as->name, space_name(as, insn));
		add_place(text, addr);
	}
	add_reserved(text, addr);
}

/* Element types stand beside the operand that has them, so print them first. */
static void add_types(struct text *text, const struct insn_format *format,
		      const struct npu_insn *insn)
{
	const char *separator = " ";

	for (unsigned int i = 0; i < 4; i++) {
		if (!insn->type[i])
			continue;
		if (format->type[i])
			text_add(text, "%s%s:", separator, format->type[i]);
		else
			text_add(text, "%stype%u!:", separator, i);
		add_name(text, &insn_type_names, insn->type[i]);
		separator = ",";
	}
}

static void add_val(struct text *text, const struct insn_format *format,
		    const struct npu_insn *insn, unsigned int i)
{
	uint32_t val = insn->val[i];

	if (!val)
		return;
	if (format->val[i])
		text_add(text, " %s=", format->val[i]);
	else
		text_add(text, " val%u!=", i);
	if (!(val & NPU_VAL_REG))
		text_add(text, "%u", val);
	else if ((val & ~NPU_VAL_REG) < NPU_NUM_REGS)
		text_add(text, "r%u", val & ~NPU_VAL_REG);
	else
		text_add(text, "r%u!", val & ~NPU_VAL_REG);
}

static void add_mode(struct text *text, const struct insn_format *format,
		     const struct npu_insn *insn, unsigned int i)
{
	const struct insn_mode *mode = &format->mode[i];

	if (!mode->name) {
		if (insn->mode[i])
			text_add(text, " mode%u!=%u", i, insn->mode[i]);
		return;
	}
	if (!insn->mode[i] && !mode->always)
		return;
	text_add(text, " %s=", mode->name);
	add_name(text, mode->values, insn->mode[i]);
}

/* A number that reads back as the same bits, or the bits. */
static void add_float(struct text *text, const char *name, unsigned int i,
		      uint32_t bits)
{
	char digits[32];
	uint32_t back_bits;
	float value, back;

	memcpy(&value, &bits, sizeof(value));
	snprintf(digits, sizeof(digits), "%.9g", (double)value);
	back = strtof(digits, NULL);
	memcpy(&back_bits, &back, sizeof(back_bits));
	if (i)
		text_add(text, " %s%u=", name, i);
	else
		text_add(text, " %s=", name);
	if (back_bits == bits)
		text_add(text, "%s", digits);
	else
		text_add(text, "bits:%#x", bits);
}

static void add_imm(struct text *text, const struct insn_format *format,
		    const struct npu_insn *insn)
{
	unsigned int used = 0;

	if (format->imm == INSN_IMM_I64) {
		int64_t imm = (int64_t)((uint64_t)insn->imm[1] << 32 | insn->imm[0]);

		if (imm)
			text_add(text, " %s=%" PRId64, format->imm_name, imm);
		return;
	}
	if (format->imm == INSN_IMM_U32 && insn->imm[0])
		text_add(text, " %s=%u", format->imm_name, insn->imm[0]);
	if (format->imm == INSN_IMM_F32 || format->imm == INSN_IMM_F32X2)
		used = format->imm == INSN_IMM_F32 ? 1 : 2;
	for (unsigned int i = 0; i < used; i++)
		if (insn->imm[i])
			add_float(text, format->imm_name, i, insn->imm[i]);
	if (format->imm == INSN_IMM_U32)
		used = 1;
	for (unsigned int i = used; i < 2; i++)
		if (insn->imm[i])
			text_add(text, " imm%u!=%#x", i, insn->imm[i]);
}

static void add_flags(struct text *text, const struct insn_format *format,
		      const struct npu_insn *insn)
{
	const char *separator = " ";

	for (unsigned int bit = 0; bit < 16; bit++) {
		if (!(insn->flags & 1u << bit))
			continue;
		if (bit < 8 && format->flags[bit])
			text_add(text, "%s%s", separator, format->flags[bit]);
		else
			text_add(text, "%sflag%u!", separator, bit);
		separator = "|";
	}
}

static void add_tokens(struct text *text, const char *name, uint32_t tokens)
{
	const char *separator = "";

	if (!tokens)
		return;
	text_add(text, " %s=", name);
	for (unsigned int i = 0; i < NPU_NUM_TOKENS; i++) {
		if (!(tokens & 1u << i))
			continue;
		text_add(text, "%s%u", separator, i);
		separator = ",";
	}
}

size_t npu_disasm(const struct npu_insn *insn, const char *tag, char *out,
		  size_t size)
{
	const struct insn_format *format = insn_format_find(insn->opcode);
	struct text text = { .out = out, .size = size };

	if (!format)
		format = &no_format;
	add_mnemonic(&text, format, insn);
	add_types(&text, format, insn);
	add_flags(&text, format, insn);
	for (unsigned int i = 0; i < NPU_NUM_ADDRS; i++)
		add_addr(&text, format, insn, i);
	for (unsigned int i = 0; i < NPU_NUM_VALS; i++)
		add_val(&text, format, insn, i);
	for (unsigned int i = 0; i < 4; i++)
		add_mode(&text, format, insn, i);
	add_imm(&text, format, insn);
	add_tokens(&text, "wait", insn->wait);
	add_tokens(&text, "signal", insn->signal);
	if (tag)
		text_add(&text, " tag=%u '%s'", insn->tag, tag);
	else if (insn->tag)
		text_add(&text, " tag=%u", insn->tag);
	return text.len;
}
