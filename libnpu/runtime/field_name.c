// SPDX-License-Identifier: MIT
/* Names of an instruction's fields, for messages. */
#include <stddef.h>
#include <stdio.h>

#include <npu/disasm.h>

#include "insn_format.h"

/* A field of an array, with the name that the instruction gives it. */
static void indexed(char *out, size_t size, const char *array, uint32_t i,
		    const char *name)
{
	if (name)
		snprintf(out, size, "%s[%u] (%s)", array, i, name);
	else
		snprintf(out, size, "%s[%u]", array, i);
}

static const char *scalar_name(uint32_t offset)
{
	switch (offset) {
	case offsetof(struct npu_insn, opcode):
		return "opcode";
	case offsetof(struct npu_insn, subop):
		return "subop";
	case offsetof(struct npu_insn, flags):
		return "flags";
	case offsetof(struct npu_insn, tag):
		return "tag";
	case offsetof(struct npu_insn, wait):
		return "wait";
	case offsetof(struct npu_insn, signal):
		return "signal";
	default:
		return NULL;
	}
}

char *npu_field_name(uint32_t opcode, uint32_t offset, char *out, size_t size)
{
	static const struct insn_format no_format;
	const struct insn_format *format = insn_format_find(opcode);
	const uint32_t type = offsetof(struct npu_insn, type);
	const uint32_t mode = offsetof(struct npu_insn, mode);
	const uint32_t addr = offsetof(struct npu_insn, addr);
	const uint32_t val = offsetof(struct npu_insn, val);
	const uint32_t imm = offsetof(struct npu_insn, imm);
	const char *name = scalar_name(offset);
	uint32_t i;

	if (!format)
		format = &no_format;
	if (name) {
		snprintf(out, size, "%s", name);
	} else if (offset >= sizeof(struct npu_insn) || offset < type) {
		snprintf(out, size, "byte %u", offset);
	} else if (offset < mode) {
		indexed(out, size, "type", offset - type, format->type[offset - type]);
	} else if (offset < addr) {
		i = offset - mode;
		indexed(out, size, "mode", i, format->mode[i].name);
	} else if (offset < val) {
		i = (offset - addr) / sizeof(struct npu_addr);
		indexed(out, size, "addr", i, format->addr[i].name);
	} else if (offset < imm) {
		i = (offset - val) / sizeof(uint32_t);
		indexed(out, size, "val", i, format->val[i]);
	} else {
		i = (offset - imm) / sizeof(uint32_t);
		indexed(out, size, "imm", i, i ? NULL : format->imm_name);
	}
	return out;
}
