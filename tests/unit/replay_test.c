// SPDX-License-Identifier: MIT
/*
 * Whether the replay sees what it is for: programs with one wait removed race.
 *
 * Each wait of a model's programs is taken out in turn. A program that then
 * still has no race had a wait that it did not need; there are few of those.
 */
#include <npu/compile.h>

#include "replay.h"
#include "tap.h"
#include "tiny_model.h"

struct subject {
	struct builder b;
	struct exact file;
	struct npu_job_image *image;
};

static void subject_open(struct subject *s, uint32_t sram)
{
	const struct npu_compile_options options = { .chunk = 7 };
	const struct tiny model = {
		.vocab = 70, .d_model = 36, .layers = 1, .heads = 4, .kv_heads = 2,
		.head_dim = 20, .ffn = 90, .context = 60, .rope_dims = 20, .tied = true,
		.seed = 9,
	};
	struct npu_target target;
	struct npu_error err;

	tiny_build(&s->b, &model);
	s->file = open_exact(s->b.file.data, s->b.file.size);
	npu_target_default(&target);
	target.sram_size = sram;
	target.cores = 1;
	if (s->file.ret ||
	    npu_compile_llama(s->file.gguf, &target, &options, &s->image, &err))
		bail_out("no program");
}

static void subject_close(struct subject *s)
{
	npu_job_image_free(s->image);
	close_exact(&s->file);
	builder_free(&s->b);
}

/* The instructions of a program in the replay's memory. */
static struct npu_insn *insns_of(struct replay *r, uint32_t program, uint32_t *n)
{
	const struct npu_job_program *p = &r->image->programs[program];
	struct npu_program *header = (void *)replay_mem(r, &r->core[0], 0, p->va, p->size,
							false);

	*n = header->num_insns;
	return (struct npu_insn *)(header + 1);
}

static bool runs_clean(struct replay *r, uint32_t program)
{
	return program ? replay_run(r, 1, (uint64_t[]){ 20, 7, 7, 0 }) :
			 replay_run(r, 0, (uint64_t[]){ 40, 0 });
}

static void test_program(const struct subject *s, uint32_t program)
{
	const char *name = s->image->programs[program].name;
	unsigned int waits = 0, missed = 0;
	struct npu_insn *insns;
	struct replay r;
	uint32_t n;

	replay_new(&r, s->image, 1);
	insns = insns_of(&r, program, &n);
	ok(runs_clean(&r, program), "%s has no race", name);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t left = insns[i].wait; left; left &= left - 1) {
			uint32_t bit = left & -left;

			insns[i].wait &= ~bit;
			waits++;
			if (runs_clean(&r, program)) {
				missed++;
				diag("instruction %u does not need counter %d", i,
				     __builtin_ctz(bit));
			}
			insns[i].wait |= bit;
		}
	ok(missed * 4 < waits, "%s races without one of %u of its %u waits", name,
	   waits - missed, waits);
	replay_free(&r);
}

static void test_barriers(const struct subject *s)
{
	unsigned int barriers = 0, missed = 0;
	struct npu_insn *insns;
	struct replay r;
	uint32_t n;

	replay_new(&r, s->image, 3);
	insns = insns_of(&r, 1, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (insns[i].opcode != NPU_OP_BARRIER)
			continue;
		insns[i].opcode = NPU_OP_NOP;
		barriers++;
		missed += runs_clean(&r, 1);
		insns[i].opcode = NPU_OP_BARRIER;
	}
	ok(barriers >= 7, "a model of one block has %u barriers", barriers);
	is(missed, 0, "3 cores race without any one of them");
	replay_free(&r);
}

int main(void)
{
	static const uint32_t srams[] = { 1 << 14, 1 << 18 };

	for (int i = 0; i < 2; i++) {
		struct subject s;

		diag("%u bytes of SRAM", srams[i]);
		subject_open(&s, srams[i]);
		test_program(&s, 0);
		test_program(&s, 1);
		test_barriers(&s);
		subject_close(&s);
	}
	return done_testing();
}
