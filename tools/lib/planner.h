/* SPDX-License-Identifier: MIT */
/* The parts of npu-plan: what is asked for, and telling of it. */
#ifndef NPU_TOOLS_PLANNER_H
#define NPU_TOOLS_PLANNER_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/plan.h>

/**
 * struct planner - the command line
 * @model: name or file, or NULL
 * @device: profile, or NULL
 * @shape: the model
 * @machine: the machine
 * @work: format, batch, chunk
 * @context: positions; 0: not said
 * @prompt: tokens of a prompt
 * @memory: bytes; 0: not said
 * @battery: watt hours
 * @json: write JSON
 * @list: only list names
 */
struct planner {
	const char *model, *device;
	struct npu_plan_shape shape;
	struct npu_plan_machine machine;
	struct npu_plan_work work;
	uint32_t context, prompt;
	double memory, battery;
	bool json, list;
};

/**
 * struct planner_result - what becomes of a model on a machine
 * @memory: what it needs
 * @needed: all of that
 * @fits: it does
 * @first: tokens a second of each sequence, at the start
 * @last: at the end of the context
 * @to_first: seconds from a prompt to the first token
 * @joules: for a token, at half the context
 * @watts: while generating
 * @hours: that a battery lasts
 * @decode: a step at half the context
 * @prefill: the prompt
 */
struct planner_result {
	struct npu_plan_memory memory;
	double needed;
	bool fits;
	double first, last, to_first, joules, watts, hours;
	struct npu_plan decode, prefill;
};

/** planner_calculate() - the plan of @p->shape on @p->machine */
void planner_calculate(const struct planner *p, struct planner_result *result);

/* Each writes to standard output and returns an exit status. */
int planner_show(const struct planner *p);
int planner_table(const struct planner *p);
int planner_list(const struct planner *p);

#endif /* NPU_TOOLS_PLANNER_H */
