// SPDX-License-Identifier: MIT
/*
 * Instructions of any bytes: one is refused for a field of its own, or every
 * field that it does not name is zero, which is tried; and it has a text.
 */
#include <stdlib.h>

#include <npu/disasm.h>

#include "decode.h"
#include "fuzz_bytes.h"
#include "hw/npu_regs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refused(const struct npu_insn *insn, size_t field)
{
	struct npu_verdict verdict = npu_insn_check(insn);

	fuzz_assert(verdict.code == NPU_FAULT_ILLEGAL && verdict.operand <= field);
}

/* A sound instruction is not any more with something in a field that it does not name. */
static void check_unnamed(struct npu_insn *insn, const struct npu_insn_form *form, unsigned int i)
{
	struct npu_addr addr = insn->addr[i];

	if (!(form->vals >> i & 1)) {
		insn->val[i] = 1;
		check_refused(insn, offsetof(struct npu_insn, val) + 4 * i);
		insn->val[i] = 0;
	}
	if (!(form->addrs >> i & 1)) {
		insn->addr[i].offset = 1;
		check_refused(insn, offsetof(struct npu_insn, addr) + 8 * i);
	}
	insn->addr[i] = addr;
	insn->addr[i].reg = NPU_NUM_REGS;
	check_refused(insn, offsetof(struct npu_insn, addr) + 8 * i);
	insn->addr[i] = addr;
}

static void check_text(const struct npu_insn *insn)
{
	char text[NPU_DISASM_LEN], name[64];
	size_t len = npu_disasm(insn, NULL, text, sizeof(text));

	fuzz_assert(len < sizeof(text) && strlen(text) == len);
	for (uint32_t at = 0; at < sizeof(*insn); at += 4)
		fuzz_assert(npu_field_name(insn->opcode, at, name, sizeof(name)) == name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct npu_insn_form form;
	struct npu_verdict verdict;
	struct npu_insn insn = { 0 };

	if (!size)
		return 0;
	memcpy(&insn, data, size < sizeof(insn) ? size : sizeof(insn));
	verdict = npu_insn_check(&insn);
	fuzz_assert(verdict.operand < sizeof(insn));
	if (!verdict.code) {
		fuzz_assert(npu_insn_form(&insn, &form));
		check_unnamed(&insn, &form, (data[0] + data[size - 1]) % 8);
	} else {
		fuzz_assert(verdict.code == NPU_FAULT_ILLEGAL);
	}
	/* Texts take long: some must do, whichever their last bytes choose. */
	if ((data[0] + data[size / 2] + data[size - 1]) % 32 == 0)
		check_text(&insn);
	return 0;
}
