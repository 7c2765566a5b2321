// SPDX-License-Identifier: MIT
/* The plan of one model on one machine. */
#include <inttypes.h>
#include <stdio.h>

#include "exit_status.h"
#include "json.h"
#include "planner.h"
#include "units.h"

static void step(const struct planner *p, uint32_t tokens, uint32_t position,
		 struct npu_plan *plan)
{
	struct npu_plan_work work = p->work;

	work.tokens = tokens;
	work.position = position;
	npu_plan_step(&p->shape, &p->machine, &work, plan);
}

void planner_calculate(const struct planner *p, struct planner_result *r)
{
	struct npu_plan plan;

	npu_plan_memory(&p->shape, &p->work, p->context, &r->memory);
	r->needed = r->memory.weights + r->memory.kv + r->memory.other;
	r->fits = !p->machine.memory || r->needed <= p->machine.memory;
	step(p, 1, 0, &plan);
	r->first = 1 / plan.total.seconds;
	step(p, 1, p->context - 1, &plan);
	r->last = 1 / plan.total.seconds;
	step(p, 1, p->context / 2, &r->decode);
	r->joules = r->decode.total.joules / p->work.batch;
	r->watts = r->decode.total.joules / r->decode.total.seconds;
	r->hours = p->battery / r->watts;
	step(p, p->prompt, 0, &r->prefill);
	r->to_first = r->prefill.total.seconds;
}

static void show_memory(const struct planner *p, const struct planner_result *r)
{
	printf("  memory             %.2f GB: weights %.2f, KV cache %.2f, else %.2f\n",
	       r->needed * 1e-9, r->memory.weights * 1e-9, r->memory.kv * 1e-9,
	       r->memory.other * 1e-9);
	if (!p->machine.memory)
		return;
	if (r->fits)
		printf("  fits               yes, %s has %.2f GB\n", p->machine.name,
		       p->machine.memory * 1e-9);
	else
		printf("  fits               no, %s has %.2f GB, %.2f GB less: %s\n",
		       p->machine.name, p->machine.memory * 1e-9,
		       (r->needed - p->machine.memory) * 1e-9,
		       r->memory.weights + r->memory.other > p->machine.memory ?
		       "the weights alone are too much; try --quant=int4 or a smaller model" :
		       "the KV cache is too much; try a smaller --context or --kv-type=i8");
}

static void show_operators(const struct npu_plan *plan)
{
	printf("    %-18s %10s %10s %8s %6s  %s\n", "of a token", "MACs", "bytes", "time", "share",
	       "bound by");
	for (unsigned int i = 0; i < NPU_PLAN_KINDS; i++) {
		const struct npu_plan_cost *op = &plan->op[i];
		char macs[UNITS_LEN], bytes[UNITS_LEN], time[UNITS_LEN];

		if (op->seconds > 0)
			printf("    %-18s %10s %10s %8s %5.1f%%  %s\n", npu_plan_kind_name(i),
			       units_number(npu_plan_macs(op), macs),
			       units_bytes(npu_plan_bytes(op), bytes),
			       units_seconds(op->seconds, time),
			       100 * op->seconds / plan->total.seconds,
			       npu_plan_bound_name(op->bound));
	}
}

static void show_text(const struct planner *p, const struct planner_result *r)
{
	char format[NPU_QUANT_NAME_LEN], text[UNITS_LEN];

	printf("%s (%.2f billion weights, %s) on %s, context %u", p->shape.name,
	       npu_plan_parameters(&p->shape) * 1e-9,
	       npu_quant_name(&p->work.weights, format), p->machine.name, p->context);
	if (p->work.batch > 1)
		printf(", %u sequences", p->work.batch);
	putchar('\n');
	show_memory(p, r);
	if (!r->fits)
		return;
	printf("  tokens/s           %.3g to %.3g as the context fills%s", r->first, r->last,
	       p->work.batch > 1 ? "" : "\n");
	if (p->work.batch > 1)
		printf(", of each sequence; %.4g to %.4g of all\n",
		       r->first * p->work.batch, r->last * p->work.batch);
	printf("  bound by           %s\n", npu_plan_bound_name(r->decode.total.bound));
	printf("  first token        %s after a prompt of %u tokens, %.4g tokens/s\n",
	       units_seconds(r->to_first, text), p->prompt,
	       p->work.batch * p->prompt / r->to_first);
	printf("  energy             %s a token, %.3g W\n", units_joules(r->joules, text),
	       r->watts);
	printf("  battery            %.3g hours of generating from %.3g Wh\n", r->hours,
	       p->battery);
	show_operators(&r->decode);
}

static void json_operators(struct json *json, const char *name, const struct npu_plan *plan)
{
	json_array(json, name);
	for (unsigned int i = 0; i < NPU_PLAN_KINDS; i++) {
		const struct npu_plan_cost *op = &plan->op[i];

		if (op->seconds <= 0)
			continue;
		json_object(json, NULL);
		json_string(json, "name", npu_plan_kind_name(i));
		json_double(json, "macs", npu_plan_macs(op));
		json_double(json, "bytes", npu_plan_bytes(op));
		json_double(json, "seconds", op->seconds);
		json_double(json, "joules", op->joules);
		json_string(json, "bound", npu_plan_bound_name(op->bound));
		json_close_object(json);
	}
	json_close_array(json);
}

static void show_json(const struct planner *p, const struct planner_result *r)
{
	char format[NPU_QUANT_NAME_LEN];
	struct json json = { 0 };

	json_object(&json, NULL);
	json_string(&json, "model", p->shape.name);
	json_uint(&json, "parameters", npu_plan_parameters(&p->shape));
	json_string(&json, "quant", npu_quant_name(&p->work.weights, format));
	json_string(&json, "device", p->machine.name);
	json_uint(&json, "context", p->context);
	json_uint(&json, "batch", p->work.batch);
	json_double(&json, "weights_bytes", r->memory.weights);
	json_double(&json, "kv_bytes", r->memory.kv);
	json_double(&json, "needed_bytes", r->needed);
	json_double(&json, "memory_bytes", p->machine.memory);
	json_bool(&json, "fits", r->fits);
	json_double(&json, "tokens_per_second_empty", r->first);
	json_double(&json, "tokens_per_second_full", r->last);
	json_string(&json, "bound", npu_plan_bound_name(r->decode.total.bound));
	json_uint(&json, "prompt", p->prompt);
	json_double(&json, "time_to_first_token", r->to_first);
	json_double(&json, "joules_per_token", r->joules);
	json_double(&json, "watts", r->watts);
	json_double(&json, "battery_hours", r->hours);
	json_operators(&json, "decode", &r->decode);
	json_operators(&json, "prefill", &r->prefill);
	json_close_object(&json);
}

int planner_show(const struct planner *p)
{
	struct planner_result result;

	planner_calculate(p, &result);
	if (p->json)
		show_json(p, &result);
	else
		show_text(p, &result);
	return result.fits ? STATUS_OK : STATUS_FAILED;
}
