// SPDX-License-Identifier: MIT
/* Machines: profiles of the device, as rates and energies of the whole. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <npu/plan.h>

#include "core/profile.h"

static void fill(const struct npu_profile *p, struct npu_plan_machine *m)
{
	double hz = p->clock_khz * 1e3, rate = hz * p->cores;

	*m = (struct npu_plan_machine){
		.cores = p->cores,
		.clock_hz = hz,
		.macs = { rate * p->macs_i8, rate * p->macs_i4, rate * p->macs_f16 },
		.vector_ops = rate * p->vec_lanes,
		.bandwidth = p->mem_mbps * 1e6,
		.sram = (double)p->cores * p->sram_size,
		.joule_mac = { p->fj_mac_i8 * 1e-15, p->fj_mac_i4 * 1e-15,
			       p->fj_mac_f16 * 1e-15 },
		.joule_vector = p->fj_vec_op * 1e-15,
		.joule_sram = p->fj_sram_byte * 1e-15,
		.joule_memory = p->fj_mem_byte * 1e-15,
		.watts_static = p->fj_cycle * 1e-15 * rate,
	};
	snprintf(m->name, sizeof(m->name), "%.*s", NPU_PROFILE_NAME_LEN, p->name);
}

/*
 * Memory, which profiles do not say: what a machine of that name is sold with.
 * NVIDIA's data sheets of H100 SXM and A100 80GB; Apple's most for M3 Max and
 * least for M4; usual laptops with Snapdragon X Elite and Core Ultra; SRAM of
 * Groq's LPU and of Cerebras' WSE-3, which have no other; edge: chosen.
 */
static const struct {
	const char *name;
	double bytes;
} memories[] = {
	{ "edge", 8e9 },
	{ "ane-m4", 16e9 },
	{ "hexagon-x-elite", 32e9 },
	{ "meteor-lake", 32e9 },
	{ "m3-max", 128e9 },
	{ "a100", 80e9 },
	{ "h100", 80e9 },
	{ "lpu", 230e6 },
	{ "wafer", 44e9 },
};

#define MEMORIES (sizeof(memories) / sizeof(memories[0]))

const char *npu_plan_machine_at(unsigned int index)
{
	for (size_t i = 0; i < MEMORIES; i++)
		if (npu_profile_find(memories[i].name) && !index--)
			return memories[i].name;
	return NULL;
}

static int unknown(const char *name, struct npu_error *err)
{
	char names[256] = "";
	size_t at = 0;

	for (unsigned int i = 0; npu_plan_machine_at(i) && at < sizeof(names); i++)
		at += snprintf(names + at, sizeof(names) - at, " %s", npu_plan_machine_at(i));
	return npu_error_set(err, -ENOENT, "no profile '%s': there are%s", name, names);
}

int npu_plan_machine(const char *name, struct npu_plan_machine *machine,
		     struct npu_error *err)
{
	const struct npu_profile *profile = npu_profile_find(name);

	if (!profile)
		return unknown(name, err);
	fill(profile, machine);
	for (size_t i = 0; i < MEMORIES; i++)
		if (!strcmp(memories[i].name, machine->name))
			machine->memory = memories[i].bytes;
	return 0;
}
