// SPDX-License-Identifier: MIT
/*
 * hazards=on: programs in order are clean, and of a program with one wait
 * removed the device says the same as the replay, which looks for races in a way
 * of its own.
 */
#include "assemble.h"
#include "bus.h"
#include "machine.h"
#include "random_job.h"
#include "replay.h"
#include "tap.h"

#define CODE	0x400000u
#define DATA	0x800000u
#define PROGRAMS 6

static unsigned int hazards_of(const struct npu_job_image *image)
{
	struct machine *m = machine_new(&(struct npu_core_config){ .hazards = true });
	const struct npu_job_program *p = &image->programs[0];
	struct npu_job job = {
		.program = p->va, .program_size = p->size, .cores = p->cores,
	};
	struct npu_completion done;
	unsigned int n;

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *s = &image->segments[i];
		void *memory = machine_map(m, s->va, (s->size + 4095) & ~4095ull,
					   !s->readonly);

		if (s->data_size)
			memcpy(memory, s->data, s->data_size);
	}
	if (!machine_run(m, &job, &done))
		bail_out("a random program faults");
	n = bus_hazards(machine_bus(m), NULL);
	machine_free(m);
	return n;
}

static bool replay_races(const struct npu_job_image *image)
{
	struct replay r;
	bool clean;

	replay_new(&r, image, image->programs[0].cores);
	clean = replay_run(&r, 0, NULL);
	replay_free(&r);
	return !clean;
}

static void test_random(void)
{
	unsigned int clean = 0, waits = 0, races = 0, agreed = 0;

	for (uint32_t seed = 1; seed <= PROGRAMS; seed++) {
		struct npu_job_image *image = random_job(seed);
		struct npu_program *header = (void *)image->segments[0].data;
		struct npu_insn *insn = (void *)(header + 1);

		clean += !hazards_of(image) && !replay_races(image);
		for (uint32_t i = 0; i < header->num_insns; i++)
			for (uint32_t left = insn[i].wait; left; left &= left - 1) {
				bool race;

				insn[i].wait &= ~(left & -left);
				race = replay_races(image);
				waits++;
				races += race;
				agreed += race == (hazards_of(image) > 0);
				insn[i].wait |= left & -left;
			}
		npu_job_image_free(image);
	}
	is(clean, PROGRAMS, "random programs in order have no hazard");
	ok(races > waits / 3, "%u of %u waits are needed", races, waits);
	is(agreed, waits, "without one of them device and replay agree");
}

/* Two loads; the second overwrites bytes 96..99 before the vector engine has read. */
static void test_report(void)
{
	struct machine *m = machine_new(&(struct npu_core_config){ .hazards = true });
	uint8_t *code = machine_map(m, CODE, 4096, false);
	static struct program p;
	struct npu_completion done;
	struct npu_hazard h;
	struct npu_insn *insn;
	struct npu_job job;

	machine_map(m, DATA, 4096, false);
	asm_start(&p, 4096);
	asm_load(&p, 0, NPU_R_ZERO, DATA, 100)->signal = 1;
	insn = asm_add(&p, NPU_OP_UNARY);
	insn->type[0] = NPU_TYPE_F32;
	insn->type[1] = NPU_TYPE_I8;
	insn->wait = 1;
	insn->tag = 7;
	asm_addr(insn, 0, NPU_R_ZERO, 1024);
	asm_addr(insn, 1, NPU_R_ZERO, 0);
	asm_vals(insn, 1, 100, 400, 100);
	asm_load(&p, 96, NPU_R_ZERO, DATA, 64)->tag = 9;
	asm_add(&p, NPU_OP_END);
	job = asm_job(&p, code, CODE);
	job.cores = 1;
	ok(machine_run(m, &job, &done), "a job with a hazard runs");
	is(bus_hazards(machine_bus(m), &h), 1, "one hazard is told");
	ok(h.access[0].pc == 2 && h.access[0].write && h.access[0].opcode == NPU_OP_LOAD &&
	   h.access[0].tag == 9, "the load writes");
	ok(h.access[1].pc == 1 && !h.access[1].write && h.access[1].opcode == NPU_OP_UNARY &&
	   h.access[1].tag == 7, "what the vector engine reads");
	ok(h.address == 96 && h.len == 4, "four bytes of it");
	is(h.core, 0, "on core 0");
	machine_free(m);
}

int main(void)
{
	test_report();
	test_random();
	return done_testing();
}
