// SPDX-License-Identifier: MIT
/* Time and energy by the roofline. */
#include <npu/plan.h>

#include "operators.h"

#define PROGRAM 36e3	/* bytes of a block's instructions */

const char *npu_plan_bound_name(unsigned int bound)
{
	static const char *const names[NPU_PLAN_BOUNDS] = { "memory", "matrix", "vector" };

	return bound < NPU_PLAN_BOUNDS ? names[bound] : "?";
}

const char *npu_plan_kind_name(unsigned int kind)
{
	static const char *const names[NPU_PLAN_KINDS] = {
		[NPU_PLAN_EMBEDDING] = "embedding",
		[NPU_PLAN_QKV] = "qkv",
		[NPU_PLAN_ATTENTION] = "attention",
		[NPU_PLAN_ATTENTION_OUTPUT] = "attention output",
		[NPU_PLAN_FFN_IN] = "ffn in",
		[NPU_PLAN_FFN_OUT] = "ffn out",
		[NPU_PLAN_LOGITS] = "logits",
		[NPU_PLAN_ELEMENTWISE] = "elementwise",
	};

	return kind < NPU_PLAN_KINDS ? names[kind] : "?";
}

double npu_plan_bytes(const struct npu_plan_cost *cost)
{
	return cost->weight_bytes + cost->kv_bytes + cost->other_bytes;
}

double npu_plan_macs(const struct npu_plan_cost *cost)
{
	double sum = 0;

	for (unsigned int i = 0; i < NPU_PLAN_TYPES; i++)
		sum += cost->macs[i];
	return sum;
}

static double matrix_seconds(const struct npu_plan_machine *m, const struct npu_plan_cost *cost)
{
	double sum = 0;

	for (unsigned int i = 0; i < NPU_PLAN_TYPES; i++)
		if (cost->macs[i])
			sum += cost->macs[i] / m->macs[i];
	return sum;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

/*
 * An input is read, then quantised, then its product begins: it is one block of
 * rows. All else overlaps.
 */
static void set_time(const struct npu_plan_machine *m, struct npu_plan_cost *cost)
{
	const double need[NPU_PLAN_BOUNDS] = {
		[NPU_PLAN_BY_MEMORY] = npu_plan_bytes(cost) / m->bandwidth,
		[NPU_PLAN_BY_MATRIX] = matrix_seconds(m, cost),
		[NPU_PLAN_BY_VECTOR] = cost->vector_ops / m->vector_ops,
	};
	double before;

	cost->bound = NPU_PLAN_BY_MEMORY;
	for (unsigned int i = 0; i < NPU_PLAN_BOUNDS; i++)
		if (need[i] > need[cost->bound])
			cost->bound = i;
	before = cost->before_bytes / m->bandwidth + cost->before_ops / m->vector_ops;
	cost->seconds = larger((npu_plan_bytes(cost) - cost->before_bytes) / m->bandwidth,
			       (cost->vector_ops - cost->before_ops) / m->vector_ops);
	cost->seconds = larger(cost->seconds, need[NPU_PLAN_BY_MATRIX]) * cost->uneven;
	cost->seconds += before + cost->transfers * m->latency;
}

/* Tiles overlap but for one: of it the faster of memory and matrix engine. */
static void add_tile(const struct npu_plan_shape *shape, const struct npu_plan_work *work,
		     const struct npu_plan_machine *m, unsigned int kind,
		     struct npu_plan_cost *cost)
{
	double load, multiply;

	plan_tile(shape, work, m, kind, cost);
	load = cost->tile_bytes * m->cores / m->bandwidth;
	multiply = cost->tile_macs * m->cores / m->macs[plan_type_of(&work->weights)];
	cost->seconds += plan_chunks(work) * shape->layers * (load < multiply ? load : multiply);
}

/*
 * SRAM: what comes from memory and is not streamed is written and read, vector
 * operands are read and written once a pass at most. A bound from above.
 */
static void set_energy(const struct npu_plan_machine *m, struct npu_plan_cost *cost)
{
	double sram = 2 * (cost->kv_bytes + cost->other_bytes) + 8 * cost->vector_ops;

	cost->joules = cost->vector_ops * m->joule_vector + sram * m->joule_sram +
		       npu_plan_bytes(cost) * m->joule_memory +
		       cost->seconds * m->watts_static;
	for (unsigned int i = 0; i < NPU_PLAN_TYPES; i++)
		cost->joules += cost->macs[i] * m->joule_mac[i];
}

static void add(struct npu_plan_cost *sum, const struct npu_plan_cost *cost)
{
	for (unsigned int i = 0; i < NPU_PLAN_TYPES; i++)
		sum->macs[i] += cost->macs[i];
	sum->vector_ops += cost->vector_ops;
	sum->weight_bytes += cost->weight_bytes;
	sum->kv_bytes += cost->kv_bytes;
	sum->other_bytes += cost->other_bytes;
	sum->before_ops += cost->before_ops;
	sum->before_bytes += cost->before_bytes;
	sum->transfers += cost->transfers;
	sum->seconds += cost->seconds;
	sum->joules += cost->joules;
}

void npu_plan_step(const struct npu_plan_shape *shape,
		   const struct npu_plan_machine *machine,
		   const struct npu_plan_work *work, struct npu_plan *plan)
{
	double seconds[NPU_PLAN_BOUNDS] = { 0 };

	*plan = (struct npu_plan){ 0 };
	for (unsigned int i = 0; i < NPU_PLAN_KINDS; i++) {
		plan_operator(shape, work, machine->cores, i, &plan->op[i]);
		set_time(machine, &plan->op[i]);
		add_tile(shape, work, machine, i, &plan->op[i]);
		set_energy(machine, &plan->op[i]);
		add(&plan->total, &plan->op[i]);
		seconds[plan->op[i].bound] += plan->op[i].seconds;
	}
	/* One for each chunk; the device reads all of a program before it begins. */
	if (!work->unfused)
		plan->jobs = plan_chunks(work) *
			     (machine->job + shape->layers * PROGRAM / machine->bandwidth);
	plan->total.seconds += plan->jobs;
	plan->total.uneven = 1;
	for (unsigned int i = 0; i < NPU_PLAN_BOUNDS; i++)
		if (seconds[i] > seconds[plan->total.bound])
			plan->total.bound = i;
}

/* What is not a matrix of a block: the embedding, as binary16, and the output. */
void npu_plan_memory(const struct npu_plan_shape *shape, const struct npu_plan_work *work,
		     uint32_t context, struct npu_plan_memory *memory)
{
	double embedding = (double)shape->vocab * shape->d_model;
	double blocks = npu_plan_parameters(shape) - embedding * (shape->tied ? 1 : 2);
	double bits = npu_plan_weight_bits(&work->weights);
	double output = bits < 8 ? 8 : bits;

	memory->weights = blocks * bits / 8 + embedding * 2 + embedding * output / 8;
	memory->kv = (double)work->batch * context * shape->layers * 2 *
		     shape->kv_heads * shape->head_dim * work->kv_bytes;
	memory->other = 64e6 + (double)work->batch * shape->vocab * 4;
}
