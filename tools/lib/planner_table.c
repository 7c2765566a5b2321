// SPDX-License-Identifier: MIT
/* All models on all machines, and their names. */
#include <stdio.h>
#include <string.h>

#include "exit_status.h"
#include "json.h"
#include "planner.h"

/* Machine number @index of those that the table has; false behind the last. */
static bool machine_at(const struct planner *p, unsigned int index,
		       struct npu_plan_machine *machine)
{
	const char *name = p->device ? p->machine.name : npu_plan_machine_at(index);

	if (!name || (p->device && index) || npu_plan_machine(name, machine, NULL))
		return false;
	if (p->memory)
		machine->memory = p->memory;
	return true;
}

static void calculate(const struct planner *p, const struct npu_plan_shape *shape,
		      const struct npu_plan_machine *machine, struct planner *one,
		      struct planner_result *result)
{
	*one = *p;
	one->shape = *shape;
	one->machine = *machine;
	one->context = p->context ? p->context : 4096;
	if (one->context > shape->context)
		one->context = shape->context;
	planner_calculate(one, result);
}

static void show_row(const struct planner *p, const struct npu_plan_shape *shape)
{
	struct npu_plan_machine machine;
	struct planner_result r;
	struct planner one;

	printf("%-16s", shape->name);
	for (unsigned int i = 0; machine_at(p, i, &machine); i++) {
		calculate(p, shape, &machine, &one, &r);
		if (r.fits)
			printf(" %15.4g", one.work.batch / r.decode.total.seconds);
		else
			printf(" %15s", "-");
	}
	putchar('\n');
}

static void show_table(const struct planner *p)
{
	const struct npu_plan_shape *shape;
	struct npu_plan_machine machine;
	char format[NPU_QUANT_NAME_LEN];

	printf("Tokens/s at half a context of %u (or the model's), weights %s, %u sequence%s; "
	       "-: does not fit\n\n",
	       p->context ? p->context : 4096, npu_quant_name(&p->work.weights, format),
	       p->work.batch, p->work.batch == 1 ? "" : "s");
	printf("%-16s", "");
	for (unsigned int i = 0; machine_at(p, i, &machine); i++)
		printf(" %15s", machine.name);
	putchar('\n');
	for (unsigned int i = 0; (shape = npu_plan_shape_at(i)); i++)
		show_row(p, shape);
}

static void json_row(struct json *json, const struct planner *p,
		     const struct npu_plan_shape *shape)
{
	struct npu_plan_machine machine;
	struct planner_result r;
	struct planner one;

	for (unsigned int i = 0; machine_at(p, i, &machine); i++) {
		calculate(p, shape, &machine, &one, &r);
		json_object(json, NULL);
		json_string(json, "model", shape->name);
		json_string(json, "device", machine.name);
		json_uint(json, "context", one.context);
		json_bool(json, "fits", r.fits);
		json_double(json, "needed_bytes", r.needed);
		json_double(json, "tokens_per_second", one.work.batch / r.decode.total.seconds);
		json_double(json, "time_to_first_token", r.to_first);
		json_double(json, "joules_per_token", r.joules);
		json_close_object(json);
	}
}

int planner_table(const struct planner *p)
{
	const struct npu_plan_shape *shape;
	struct json json = { 0 };

	if (!p->json) {
		show_table(p);
		return STATUS_OK;
	}
	json_array(&json, NULL);
	for (unsigned int i = 0; (shape = npu_plan_shape_at(i)); i++)
		json_row(&json, p, shape);
	json_close_array(&json);
	return STATUS_OK;
}

static void json_names(void)
{
	const struct npu_plan_shape *shape;
	struct json json = { 0 };

	json_object(&json, NULL);
	json_array(&json, "models");
	for (unsigned int i = 0; (shape = npu_plan_shape_at(i)); i++)
		json_string(&json, NULL, shape->name);
	json_close_array(&json);
	json_array(&json, "devices");
	for (unsigned int i = 0; npu_plan_machine_at(i); i++)
		json_string(&json, NULL, npu_plan_machine_at(i));
	json_close_array(&json);
	json_close_object(&json);
}

int planner_list(const struct planner *p)
{
	const struct npu_plan_shape *shape;
	struct npu_plan_machine machine;

	if (p->json) {
		json_names();
		return STATUS_OK;
	}
	puts("Models:");
	for (unsigned int i = 0; (shape = npu_plan_shape_at(i)); i++)
		printf("  %-16s %7.3f billion weights, context %u\n", shape->name,
		       npu_plan_parameters(shape) * 1e-9, shape->context);
	puts("Machines:");
	for (unsigned int i = 0; npu_plan_machine_at(i); i++) {
		npu_plan_machine(npu_plan_machine_at(i), &machine, NULL);
		printf("  %-16s %7.1f INT8 TOPS, %7.1f GB/s, %.4g GB\n", machine.name,
		       2e-12 * machine.macs[NPU_PLAN_I8], machine.bandwidth * 1e-9,
		       machine.memory * 1e-9);
	}
	return STATUS_OK;
}
