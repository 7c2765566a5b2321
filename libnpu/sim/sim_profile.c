// SPDX-License-Identifier: MIT
/* Facts about machines that can be modelled. */
#include <errno.h>
#include <string.h>

#include <npu/profile.h>

#include "core/npu_core.h"
#include "core/profile.h"

const char *npu_profile_name(size_t i)
{
	return npu_profile_builtin(i);
}

static void fill(struct npu_profile_facts *facts, const struct npu_profile *p)
{
	*facts = (struct npu_profile_facts){
		.cores = p->cores, .sram_size = p->sram_size,
		.clock_khz = p->clock_khz, .mem_mbps = p->mem_mbps,
		.mem_latency = p->mem_latency, .mem_burst = p->mem_burst,
		.mem_size = p->mem_size, .sram_banks = p->sram_banks,
		.sram_bank_bytes = p->sram_bank_bytes,
		.queue_cycles = p->queue_cycles, .irq_cycles = p->irq_cycles,
		.array_cols = p->array_cols, .macs_i8 = p->macs_i8,
		.macs_i4 = p->macs_i4, .macs_f16 = p->macs_f16,
		.vec_lanes = p->vec_lanes, .fj_mac_i8 = p->fj_mac_i8,
		.fj_mac_i4 = p->fj_mac_i4, .fj_mac_f16 = p->fj_mac_f16,
		.fj_vec_op = p->fj_vec_op, .fj_sram_byte = p->fj_sram_byte,
		.fj_mem_byte = p->fj_mem_byte, .idle_mw = p->idle_mw,
		.max_mw = p->max_mw,
	};
	memcpy(facts->name, p->name, sizeof(p->name));
	memcpy(facts->description, p->description, sizeof(p->description));
}

int npu_profile_read(const char *device, struct npu_profile_facts *facts,
		     struct npu_error *err)
{
	struct npu_core_config config;
	struct npu_profile profile;
	char message[256];
	bool good;

	good = npu_core_config_parse(&config, device ? device : "", message,
				     sizeof(message));
	if (good) {
		good = npu_core_profile(&config, &profile, message,
					sizeof(message));
		npu_core_config_free(&config);
	}
	if (!good)
		return npu_error_set(err, -EINVAL, "%s", message);
	fill(facts, &profile);
	return 0;
}
