// SPDX-License-Identifier: MIT
/* Machines: profiles of the device, as rates and energies of the whole. */
#include <errno.h>
#include <stdio.h>

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
		.latency = p->mem_latency / hz,
		.job = ((double)p->queue_cycles + p->irq_cycles + 3.0 * p->mem_latency) / hz,
		.memory = p->mem_size,
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

const char *npu_plan_machine_at(unsigned int index)
{
	return npu_profile_builtin(index);
}

int npu_plan_machine(const char *name, struct npu_plan_machine *machine,
		     struct npu_error *err)
{
	struct npu_profile profile;
	char why[NPU_ERROR_LEN];

	if (!npu_profile_load(name, &profile, why, sizeof(why)))
		return npu_error_set(err, -EINVAL, "%s", why);
	fill(&profile, machine);
	return 0;
}
