// SPDX-License-Identifier: MIT
#include "fuzz_program.h"

#include <stdbool.h>
#include <string.h>

#include "decode.h"
#include "hw/npu_regs.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define HEAD	sizeof(struct fuzz_program)
#define INSN	sizeof(struct npu_insn)

/* Knuth's MMIX generator, of which the high half is used. */
struct dice {
	uint64_t state;
};

static uint32_t below(struct dice *d, uint32_t n)
{
	d->state = d->state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(d->state >> 33) % n;
}

static unsigned int pick_bit(struct dice *d, unsigned int bits)
{
	unsigned int i;

	do
		i = below(d, 16);
	while (!(bits >> i & 1));
	return i;
}

/* Where arithmetic goes wrong. */
static uint32_t edge(struct dice *d)
{
	static const uint32_t edges[] = {
		0, 1, 2, 3, 15, 16, 17, 63, 64, 65, 255, 256, 257, 4095, 4096, 65535, 65536,
		1u << 20, (1u << 20) + 1, 0x3fffffff, 0x40000000, 0x7ffffffe, 0x7fffffff,
		0xffffffc0, 0xffffffff, FUZZ_PROGRAM_SRAM - 64, FUZZ_PROGRAM_SRAM - 1,
	};

	return edges[below(d, sizeof(edges) / sizeof(edges[0]))];
}

/* Registers that often hold something. */
static uint8_t any_reg(struct dice *d)
{
	return below(d, 3) ? below(d, 8) : NPU_R_ARG(below(d, FUZZ_PROGRAM_ARGS));
}

static uint32_t any_offset(struct dice *d)
{
	if (!below(d, 12))
		return edge(d);
	if (!below(d, 6))
		return below(d, FUZZ_PROGRAM_SRAM);
	return 64 * below(d, FUZZ_PROGRAM_SRAM / 64);
}

/* Counts that are small, strides that keep rows apart. */
static uint32_t any_value(struct dice *d, const struct npu_insn *insn, unsigned int i)
{
	unsigned int engine = NPU_OPCODE_ENGINE(insn->opcode);

	if (!below(d, 16))
		return NPU_VAL_REG | any_reg(d);
	if (!below(d, 16))
		return edge(d) & NPU_VAL_MAX;
	if (engine == NPU_ENGINE_MAT && i == NPU_MM_GROUP)
		return below(d, 8) ? 16 + 16 * below(d, 4) : below(d, 70);
	if (engine == NPU_ENGINE_MAT)
		return i < 3 ? below(d, 70) : 64u << below(d, 5);
	if (engine == NPU_ENGINE_VEC && i >= NPU_VEC_P0)
		return 2 * below(d, 12);
	if (engine == NPU_ENGINE_VEC)
		return i == 0 ? below(d, 20) : i == 1 ? below(d, 70) : 64u << below(d, 4);
	if (engine == NPU_ENGINE_CP)
		return below(d, 20);
	if (i == NPU_DMA_PLANES)
		return below(d, 4) ? 1 : below(d, 4);
	if (i == NPU_DMA_PAD)
		return below(d, 3) ? 0 : below(d, 70);
	return i == 0 ? below(d, 200) : i == 1 ? below(d, 9) : 64u << below(d, 4);
}

static void any_field(struct dice *d, struct npu_insn *insn, const struct npu_insn_form *form)
{
	unsigned int i = below(d, 8);

	switch (below(d, 8)) {
	case 0:
		insn->type[i % 4] = form->types[i % 4] ? pick_bit(d, form->types[i % 4]) : 0;
		break;
	case 1:
		insn->mode[i % 4] = form->modes[i % 4] ? below(d, form->modes[i % 4]) : 0;
		break;
	case 2:
		insn->subop = form->subops ? below(d, form->subops) : 0;
		break;
	case 3:
		insn->flags ^= form->flags & 1u << below(d, 7);
		break;
	case 4:
		if (form->addrs >> i & 1)
			insn->addr[i].offset = any_offset(d);
		if ((form->regs >> i & 1) || ((form->addrs >> i & 1) && !below(d, 4)))
			insn->addr[i].reg = any_reg(d);
		break;
	case 5:
		if (form->tokens && below(d, 2))
			insn->signal ^= 1u << below(d, 8);
		else if (form->tokens)
			insn->wait ^= 1u << below(d, 8);
		break;
	case 6:
		if (!(form->imms >> i % 2 & 1))
			insn->imm[i % 2] = 0;
		else
			insn->imm[i % 2] = below(d, 2) ? edge(d) : d->state >> 20;
		break;
	default:
		if (form->vals >> i & 1)
			insn->val[i] = any_value(d, insn, i);
	}
}

/* Fields that the instruction does not name are zero, as it must be. */
static void tidy(struct dice *d, struct npu_insn *insn)
{
	struct npu_insn_form form;

	if (!npu_insn_form(insn, &form))
		return;
	insn->flags &= form.flags;
	npu_insn_form(insn, &form);
	insn->subop = form.subops ? insn->subop % form.subops : 0;
	for (unsigned int i = 0; i < 4; i++) {
		if (!form.types[i])
			insn->type[i] = 0;
		else if (insn->type[i] > NPU_TYPE_C4 || !(form.types[i] >> insn->type[i] & 1))
			insn->type[i] = pick_bit(d, form.types[i]);
		insn->mode[i] = form.modes[i] ? insn->mode[i] % form.modes[i] : 0;
	}
	if (insn->opcode == NPU_OP_MATMUL && insn->type[NPU_MM_TYPE_A] != NPU_TYPE_I8)
		insn->type[NPU_MM_TYPE_B] = insn->type[NPU_MM_TYPE_A];
	if (insn->opcode == NPU_OP_MATMUL &&
	    (insn->type[NPU_MM_TYPE_B] == NPU_TYPE_I4 || insn->type[NPU_MM_TYPE_B] == NPU_TYPE_C4 ||
	     insn->flags & (NPU_F_GROUP | NPU_F_ZP)))
		insn->mode[NPU_MM_LAYOUT] = NPU_LAYOUT_PACK;
	if (insn->opcode == NPU_OP_TRANSPOSE)
		insn->type[1] = insn->type[0];
	if (insn->opcode == NPU_OP_RMSNORM || insn->opcode == NPU_OP_LAYERNORM)
		insn->mode[1] = insn->mode[2] = NPU_BCAST_ROW;
	npu_insn_form(insn, &form);
	for (unsigned int i = 0; i < 8; i++) {
		bool named = form.addrs >> i & 1;

		memset(insn->addr[i].reserved, 0, sizeof(insn->addr[i].reserved));
		insn->addr[i].offset = named ? insn->addr[i].offset : 0;
		insn->addr[i].reg %= NPU_NUM_REGS;
		if (!named && !(form.regs >> i & 1))
			insn->addr[i].reg = 0;
		if (!(form.vals >> i & 1))
			insn->val[i] = 0;
		else if (insn->val[i] & NPU_VAL_REG)
			insn->val[i] = NPU_VAL_REG | insn->val[i] % NPU_NUM_REGS;
	}
	for (unsigned int i = 0; i < 2; i++)
		insn->imm[i] = form.imms >> i & 1 ? insn->imm[i] : 0;
	if (!form.tokens)
		insn->wait = insn->signal = 0;
	if (insn->opcode == NPU_OP_GATHER || insn->opcode == NPU_OP_SCATTER)
		insn->val[NPU_DMA_PLANES] = 1;
}

static struct npu_insn new_insn(struct dice *d)
{
	static const uint8_t opcodes[] = {
		NPU_OP_NOP, NPU_OP_ALU, NPU_OP_ALU, NPU_OP_LEA, NPU_OP_SLOAD, NPU_OP_SSTORE,
		NPU_OP_BARRIER, NPU_OP_DRAIN, NPU_OP_TIME, NPU_OP_TRAP, NPU_OP_YIELD,
		NPU_OP_LOAD, NPU_OP_LOAD, NPU_OP_GATHER, NPU_OP_NOP_LD, NPU_OP_STORE,
		NPU_OP_SCATTER, NPU_OP_NOP_ST, NPU_OP_MATMUL, NPU_OP_MATMUL, NPU_OP_MATMUL,
		NPU_OP_MATMUL, NPU_OP_NOP_MAT, NPU_OP_UNARY, NPU_OP_BINARY, NPU_OP_MULADD,
		NPU_OP_REDUCE, NPU_OP_RMSNORM, NPU_OP_LAYERNORM, NPU_OP_ROPE, NPU_OP_SOFTMAX,
		NPU_OP_QUANT, NPU_OP_ARGMAX, NPU_OP_TOPK, NPU_OP_TRANSPOSE, NPU_OP_FILL,
		NPU_OP_NOP_VEC,
	};
	struct npu_insn insn = { .opcode = opcodes[below(d, sizeof(opcodes))] };
	struct npu_insn_form form;

	npu_insn_form(&insn, &form);
	insn.flags = d->state >> 40 & form.flags;
	insn.subop = below(d, 16);
	for (unsigned int i = 0; i < 4; i++)
		insn.mode[i] = below(d, 4);
	npu_insn_form(&insn, &form);
	for (unsigned int i = 0; i < 8; i++) {
		insn.addr[i].offset = any_offset(d);
		insn.addr[i].reg = form.regs >> i & 1 || !below(d, 8) ? any_reg(d) : 0;
		insn.val[i] = any_value(d, &insn, i);
	}
	tidy(d, &insn);
	return insn;
}

/* Puts @n instructions at @at. */
static size_t insert(uint8_t *data, size_t size, size_t at, const struct npu_insn *insns, size_t n)
{
	uint8_t *to = data + HEAD + at * INSN;

	memmove(to + n * INSN, to, size - HEAD - at * INSN);
	memcpy(to, insns, n * INSN);
	return size + n * INSN;
}

/* A loop around some instructions, at most all but the last. */
static size_t wrap_loop(struct dice *d, uint8_t *data, size_t size, size_t count)
{
	size_t at = below(d, count), body = below(d, count - at);
	struct npu_insn loop = { .opcode = NPU_OP_LOOP }, end = { .opcode = NPU_OP_ENDLOOP };

	loop.val[0] = below(d, 6);
	loop.val[1] = below(d, 4) ? 64 * below(d, 9) : edge(d) & NPU_VAL_MAX;
	loop.val[3] = body;
	loop.addr[0].reg = 3 + below(d, 5);
	loop.addr[1].reg = below(d, 2) ? 0 : any_reg(d);
	size = insert(data, size, at + body, &end, 1);
	return insert(data, size, at, &loop, 1);
}

static void change_head(struct dice *d, struct fuzz_program *head)
{
	switch (below(d, 6)) {
	case 0:
		head->cores = 1 + below(d, 2);
		break;
	case 1:
		head->data = below(d, 4);
		break;
	case 2:
		head->budget = below(d, 4);
		break;
	case 3:
		head->spoil_with = below(d, 4) ? 0 : 1u << below(d, 8);
		head->spoil_at = below(d, sizeof(struct npu_program));
		break;
	case 4:
		head->num_args = below(d, 8) ? FUZZ_PROGRAM_ARGS : below(d, NPU_JOB_MAX_ARGS + 2);
		break;
	default:
		head->args[below(d, FUZZ_PROGRAM_ARGS)] =
			below(d, 2) ? any_offset(d) :
			below(d, 2) ? edge(d) : d->state << below(d, 32);
	}
}

/* The shortest program that does something: it fills SRAM. */
static size_t start_over(uint8_t *data)
{
	struct fuzz_program head = {
		.cores = 1, .num_args = FUZZ_PROGRAM_ARGS, .sram = FUZZ_PROGRAM_SRAM,
		.args = { 0x100000, 0x8000, 3, 64, 17, 1 },
	};
	struct npu_insn insns[] = {
		{ .opcode = NPU_OP_LOAD, .val = { 32768, 1, 1 }, .addr[1].offset = 0x40000000 },
		{ .opcode = NPU_OP_END },
	};

	memcpy(data, &head, HEAD);
	memcpy(data + HEAD, insns, sizeof(insns));
	return HEAD + sizeof(insns);
}

static size_t once(struct dice *d, uint8_t *data, size_t size, size_t max_size)
{
	size_t count = (size - HEAD) / INSN, at = below(d, count);
	struct npu_insn insn, *p = (struct npu_insn *)(data + HEAD + at * INSN);
	bool room = size + 2 * INSN <= max_size && count + 2 <= FUZZ_PROGRAM_INSNS;
	struct npu_insn_form form;

	switch (below(d, 16)) {
	case 0:
		change_head(d, (struct fuzz_program *)data);
		return size;
	case 1:
		return room && count > 1 ? wrap_loop(d, data, size, count - 1) : size;
	case 2:
		memcpy(&insn, p, INSN);
		return room ? insert(data, size, below(d, count), &insn, 1) : size;
	case 3:
		if (count < 3 || at == count - 1)
			return size;
		memmove(p, p + 1, (count - at - 1) * INSN);
		return size - INSN;
	case 4:
	case 5:
	case 6:
		insn = new_insn(d);
		return room ? insert(data, size, at, &insn, 1) : size;
	case 7:
		if (at < count - 1)
			*p = new_insn(d);
		return size;
	case 8:
		LLVMFuzzerMutate((uint8_t *)p, INSN, INSN);
		if (below(d, 4))
			tidy(d, p);
		return size;
	default:
		if (npu_insn_form(p, &form))
			any_field(d, p, &form);
		if (below(d, 16))
			tidy(d, p);
		return size;
	}
}

size_t fuzz_program_mutate(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct dice d = { seed * 0x9e3779b97f4a7c15ull + 1 };

	if (max_size < HEAD + 4 * INSN)
		return LLVMFuzzerMutate(data, size, max_size);
	if (size < HEAD + INSN)
		size = start_over(data);
	size -= (size - HEAD) % INSN;
	if (!below(&d, 64))
		return LLVMFuzzerMutate(data, size, max_size);
	for (uint32_t n = 1 + below(&d, 4); n; n--)
		size = once(&d, data, size, max_size);
	return size;
}

size_t fuzz_program_cross(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
			  uint8_t *out, size_t max_size, unsigned int seed)
{
	struct dice d = { seed + 1 };
	size_t from_a, from_b, n;

	if (a_size < HEAD + 2 * INSN || b_size < HEAD + 2 * INSN || max_size < a_size)
		return 0;
	from_a = below(&d, (a_size - HEAD) / INSN - 1) * INSN;
	from_b = below(&d, (b_size - HEAD) / INSN) * INSN;
	memcpy(out, a, HEAD + from_a);
	n = (b_size - HEAD) / INSN * INSN - from_b;
	if (n > max_size - HEAD - from_a)
		n = (max_size - HEAD - from_a) / INSN * INSN;
	memcpy(out + HEAD + from_a, b + HEAD + from_b, n);
	return HEAD + from_a + n;
}
