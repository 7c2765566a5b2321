// SPDX-License-Identifier: MIT
/* Command processor, tokens and barriers of the replay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/disasm.h>

#include "replay.h"

void replay_problem(struct replay *r, const struct replay_core *c, const char *what,
		    uint64_t where)
{
	char text[NPU_DISASM_LEN];
	uint32_t tag = r->insns[c->pc].tag;

	if (r->problem[0])
		return;
	npu_disasm(&r->insns[c->pc], tag < r->image->n_tags ? r->image->tags[tag] : NULL,
		   text, sizeof(text));
	snprintf(r->problem, sizeof(r->problem), "core %td, instruction %u: %s %#llx: %s",
		 c - r->core, c->pc, what, (unsigned long long)where, text);
}

int64_t replay_value(const struct replay_core *c, uint32_t val)
{
	return val & NPU_VAL_REG ? (int64_t)c->regs[val & 63] : (int64_t)val;
}

uint64_t replay_addr(const struct replay_core *c, const struct npu_addr *addr)
{
	return c->regs[addr->reg] + addr->offset;
}

static void join(struct replay_clock *to, const struct replay_clock *from)
{
	for (int i = 0; i < NPU_NUM_ENGINES; i++)
		if (to->at[i] < from->at[i])
			to->at[i] = from->at[i];
}

static void take_tokens(struct replay *r, struct replay_core *c,
			struct replay_clock *clock, uint32_t wait)
{
	for (; wait; wait &= wait - 1) {
		struct replay_token *t = &c->tokens[__builtin_ctz(wait)];

		if (!t->count) {
			replay_problem(r, c, "waits for a token that nobody gives, counter",
				       __builtin_ctz(wait));
			return;
		}
		join(clock, &t->queue[t->first]);
		t->first = (t->first + 1) % (NPU_TOKEN_MAX + 1);
		t->count--;
	}
}

static void give_tokens(struct replay *r, struct replay_core *c,
			const struct replay_clock *clock, uint32_t signal)
{
	for (; signal; signal &= signal - 1) {
		struct replay_token *t = &c->tokens[__builtin_ctz(signal)];

		if (t->count == NPU_TOKEN_MAX) {
			replay_problem(r, c, "overflows counter", __builtin_ctz(signal));
			return;
		}
		t->queue[(t->first + t->count++) % (NPU_TOKEN_MAX + 1)] = *clock;
	}
}

static uint64_t alu(struct replay *r, const struct replay_core *c, unsigned int op,
		    int64_t a, int64_t b)
{
	switch (op) {
	case NPU_ALU_ADD:
		return (uint64_t)a + b;
	case NPU_ALU_SUB:
		return (uint64_t)a - b;
	case NPU_ALU_MUL:
		return (uint64_t)a * b;
	case NPU_ALU_DIV:
		if (b <= 0)
			replay_problem(r, c, "division by", b);
		return b > 0 ? a / b : 0;
	case NPU_ALU_MOD:
		if (b <= 0)
			replay_problem(r, c, "division by", b);
		return b > 0 ? a % b : 0;
	case NPU_ALU_MIN:
		return a < b ? a : b;
	case NPU_ALU_MAX:
		return a > b ? a : b;
	case NPU_ALU_XOR:
		return a ^ b;
	case NPU_ALU_LT:
		return a < b;
	case NPU_ALU_EQ:
		return a == b;
	default:
		replay_problem(r, c, "ALU operation that the compiler does not use", op);
		return 0;
	}
}

static void do_loop(struct replay_core *c, const struct npu_insn *insn)
{
	int64_t count = replay_value(c, insn->val[0]);

	if (count <= 0) {
		c->pc += insn->val[3] + 1;
		return;
	}
	c->loops[c->depth].start = c->pc;
	c->loops[c->depth].left = count - 1;
	c->loops[c->depth].base = c->regs[insn->addr[1].reg];
	c->loops[c->depth].step = replay_value(c, insn->val[1]);
	c->regs[insn->addr[0].reg] = c->loops[c->depth++].base;
}

static void do_endloop(struct replay *r, struct replay_core *c)
{
	unsigned int i = c->depth - 1;

	if (!c->loops[i].left--) {
		c->depth--;
		return;
	}
	c->loops[i].base += c->loops[i].step;
	c->pc = c->loops[i].start;
	c->regs[r->insns[c->pc].addr[0].reg] = c->loops[i].base;
}

static void do_scalar(struct replay *r, struct replay_core *c, const struct npu_insn *insn)
{
	uint64_t imm = (uint64_t)insn->imm[1] << 32 | insn->imm[0], v;
	uint8_t *p;

	switch (insn->opcode) {
	case NPU_OP_ALU:
		c->regs[insn->addr[0].reg] =
			alu(r, c, insn->subop, c->regs[insn->addr[1].reg],
			    c->regs[insn->addr[2].reg] + imm);
		break;
	case NPU_OP_LEA:
		v = c->regs[insn->addr[1].reg] + imm;
		for (int i = 0; i < 4; i++)
			v += replay_value(c, insn->val[2 * i]) *
			     replay_value(c, insn->val[2 * i + 1]);
		c->regs[insn->addr[0].reg] = v;
		break;
	case NPU_OP_SLOAD:
		p = replay_sram(r, c, NPU_ENGINE_CP, replay_addr(c, &insn->addr[1]), 4, 1, 0,
				false);
		if (p)
			c->regs[insn->addr[0].reg] = (int64_t)*(int32_t *)p;
		break;
	case NPU_OP_SSTORE:
		p = replay_sram(r, c, NPU_ENGINE_CP, replay_addr(c, &insn->addr[0]), 4, 1, 0,
				true);
		if (p)
			*(uint32_t *)p = c->regs[insn->addr[1].reg];
		break;
	case NPU_OP_TRAP:
		if (c->regs[insn->addr[1].reg])
			replay_problem(r, c, "trap", insn->imm[0]);
		break;
	default:
		replay_problem(r, c, "opcode that the compiler does not use", insn->opcode);
	}
	c->regs[0] = 0;
}

static void drain(struct replay_core *c)
{
	for (int i = 0; i < NPU_NUM_ENGINES; i++)
		join(&c->engines[NPU_ENGINE_CP], &c->engines[i]);
}

/* One instruction; false when the core is at a barrier or at its end. */
static bool step(struct replay *r, struct replay_core *c)
{
	const struct npu_insn *insn = &r->insns[c->pc];
	unsigned int engine = NPU_OPCODE_ENGINE(insn->opcode);
	struct replay_clock *clock = &c->engines[engine];

	r->executed++;
	join(clock, &c->engines[NPU_ENGINE_CP]);
	take_tokens(r, c, clock, insn->wait);
	clock->at[engine]++;
	if (insn->opcode == NPU_OP_END || insn->opcode == NPU_OP_BARRIER) {
		drain(c);
		c->ended = insn->opcode == NPU_OP_END;
		c->pc++;
		return false;
	}
	if (insn->opcode == NPU_OP_LOOP)
		do_loop(c, insn);
	else if (insn->opcode == NPU_OP_ENDLOOP)
		do_endloop(r, c);
	else if (engine != NPU_ENGINE_CP)
		replay_exec(r, c, insn);
	else if (insn->opcode == NPU_OP_YIELD)
		drain(c);
	else if (insn->opcode != NPU_OP_NOP)
		do_scalar(r, c, insn);
	give_tokens(r, c, clock, insn->signal);
	c->pc++;
	return true;
}

static void start_core(struct replay *r, struct replay_core *c, const uint64_t *args,
		       uint32_t n)
{
	free(c->sram);
	free(c->shadow);
	memset(c, 0, sizeof(*c));
	c->sram = calloc(1, r->sram_size + 64);
	c->shadow = calloc(r->sram_size + 64, sizeof(*c->shadow));
	if (!c->sram || !c->shadow)
		abort();
	c->regs[NPU_R_CORE] = c - r->core;
	c->regs[NPU_R_NCORES] = r->cores;
	for (uint32_t i = 0; i < n; i++)
		c->regs[NPU_R_ARG(i)] = args[i];
}

bool replay_run(struct replay *r, uint32_t program, const uint64_t *args)
{
	const struct npu_job_program *p = &r->image->programs[program];
	const struct npu_program *header = (const void *)replay_mem(r, &r->core[0], 0, p->va,
								    p->size, false);
	bool running = true;

	r->insns = (const struct npu_insn *)(header + 1);
	r->num_insns = header->num_insns;
	r->sram_size = header->sram_size;
	r->problem[0] = 0;
	for (unsigned int i = 0; i < r->cores; i++)
		start_core(r, &r->core[i], args, p->num_args);
	while (running && !r->problem[0]) {
		running = false;
		for (unsigned int i = 0; i < r->cores && !r->problem[0]; i++) {
			while (!r->problem[0] && step(r, &r->core[i]))
				;
			running |= !r->core[i].ended;
		}
		r->phase++;
	}
	return !r->problem[0];
}

void *replay_tensor(struct replay *r, const char *name)
{
	const struct npu_job_tensor *t = npu_job_image_tensor(r->image, name);

	return t ? replay_mem(r, &r->core[0], 0, t->va, 1, false) : NULL;
}
