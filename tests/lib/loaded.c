// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/disasm.h>

#include "bus.h"
#include "loaded.h"
#include "npu_dry_run.h"

static void die(const char *what, const char *name)
{
	printf("Bail out! %s %s\n", what, name);
	exit(255);
}

struct loaded loaded_new(const struct npu_core_config *config,
			 const struct npu_job_image *image)
{
	struct loaded l = { .image = image, .config = *config };

	l.config.hazards = true;
	l.machine = machine_new(&l.config);

	l.memory = calloc(image->n_segments, sizeof(*l.memory));
	if (!l.memory)
		die("no memory for", "an image");
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *s = &image->segments[i];
		uint64_t size = (s->size + NPU_PAGE_SIZE - 1) & ~(NPU_PAGE_SIZE - 1);
		void *memory = machine_map(l.machine, s->va, size, !s->readonly);

		if (s->data_size)
			memcpy(memory, s->data, s->data_size);
		l.memory[i] = memory;
	}
	return l;
}

void loaded_free(struct loaded *loaded)
{
	machine_free(loaded->machine);
	free(loaded->memory);
}

void *loaded_at(const struct loaded *loaded, uint64_t va)
{
	for (uint32_t i = 0; i < loaded->image->n_segments; i++) {
		const struct npu_job_segment *s = &loaded->image->segments[i];

		if (va >= s->va && va - s->va < s->size)
			return loaded->memory[i] + (va - s->va);
	}
	die("no segment has this address of", "a test");
	return NULL;
}

void *loaded_tensor(const struct loaded *loaded, const char *name)
{
	const struct npu_job_tensor *t = npu_job_image_tensor(loaded->image, name);

	if (!t)
		die("the image has no tensor", name);
	return loaded_at(loaded, t->va);
}

static const struct npu_job_program *find(const struct npu_job_image *image,
					  const char *name)
{
	for (uint32_t i = 0; i < image->n_programs; i++)
		if (!strcmp(image->programs[i].name, name))
			return &image->programs[i];
	die("the image has no program", name);
	return NULL;
}

static void tell(const struct loaded *l, const struct npu_job_program *p,
		 const struct npu_completion *done)
{
	const struct npu_insn *insns = (const void *)((uint8_t *)loaded_at(l, p->va) +
						      sizeof(struct npu_program));
	char text[NPU_DISASM_LEN];
	uint32_t tag = 0;

	if (done->fault.pc < (p->size - sizeof(struct npu_program)) / NPU_INSN_SIZE) {
		tag = insns[done->fault.pc].tag;
		npu_disasm(&insns[done->fault.pc], NULL, text, sizeof(text));
		printf("# %s\n", text);
	}
	npu_fault_text(&done->fault,
		       tag < l->image->n_tags ? l->image->tags[tag] : NULL, text,
		       sizeof(text));
	printf("# %s: status %u: %s\n", p->name, done->status, text);
}

/* What is known: all memory; and each tensor by itself, whatever is written beside it. */
static uint32_t known_ranges(const struct loaded *l, struct npu_dry_range *ranges)
{
	const struct npu_job_image *image = l->image;
	uint32_t n = 0;

	for (uint32_t i = 0; i < image->n_tensors; i++)
		ranges[n++] = (struct npu_dry_range){
			.va = image->tensors[i].va,
			.size = npu_job_tensor_size(&image->tensors[i]),
			.data = loaded_at(l, image->tensors[i].va),
		};
	for (uint32_t i = 0; i < image->n_segments; i++)
		ranges[n++] = (struct npu_dry_range){
			.va = image->segments[i].va,
			.size = image->segments[i].size, .data = l->memory[i],
		};
	return n;
}

static void foretell(const struct loaded *l, const struct npu_job *job,
		     const uint64_t *args, struct npu_completion *done)
{
	const struct npu_job_image *image = l->image;
	struct npu_dry_range *ranges = calloc(image->n_segments + image->n_tensors,
					      sizeof(*ranges));
	struct npu_dry_run dry = {
		.config = &l->config, .program = loaded_at(l, job->program),
		.program_size = job->program_size, .cores = job->cores,
		.args = args, .num_args = job->num_args,
		.ranges = ranges, .num_ranges = known_ranges(l, ranges),
	};
	char error[256];

	if (!npu_dry_run(&dry, error, sizeof(error)))
		die("no dry run:", error);
	*done = dry.done;
	free(ranges);
}

static bool came_true(const char *program, const struct npu_completion *foretold,
		      const struct npu_completion *done)
{
	bool same = foretold->status == done->status;

	for (unsigned int i = 0; i < NPU_CNT_COUNT; i++) {
		if (foretold->counters[i] == done->counters[i])
			continue;
		printf("# %s: %s was to be %llu, is %llu\n", program, npu_counter_name(i),
		       (unsigned long long)foretold->counters[i],
		       (unsigned long long)done->counters[i]);
		same = false;
	}
	if (!same)
		printf("# %s: the dry run ended with status %u, fault %u at %u, operand %u\n", program,
		       foretold->status, foretold->fault.code, foretold->fault.pc,
		       foretold->fault.operand);
	return same;
}

static bool in_order(const struct loaded *l, const char *program)
{
	struct npu_hazard h;

	if (!bus_hazards(machine_bus(l->machine), &h))
		return true;
	printf("# %s: core %u: instructions %u and %u touch SRAM %#llx in no order\n", program,
	       h.core, h.access[1].pc, h.access[0].pc, (unsigned long long)h.address);
	return false;
}

bool loaded_run(const struct loaded *loaded, const char *program, uint32_t cores,
		const uint64_t *args, struct npu_completion *done)
{
	const struct npu_job_program *p = find(loaded->image, program);
	struct npu_job job = {
		.program = p->va, .program_size = p->size, .cores = cores,
		.num_args = p->num_args,
	};

	struct npu_completion foretold;

	memcpy(job.args, args, p->num_args * sizeof(*args));
	foretell(loaded, &job, args, &foretold);
	if (machine_run(loaded->machine, &job, done))
		return came_true(p->name, &foretold, done) &&
		       in_order(loaded, p->name);
	tell(loaded, p, done);
	return false;
}
