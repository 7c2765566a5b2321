// SPDX-License-Identifier: MIT
/* The machines that can be modelled. Documentation/timing.rst has the sources of the figures. */
#include "profile.h"

#include <stddef.h>
#include <string.h>

static const struct npu_profile profiles[] = {
	{
		.name = "edge",
		.cores = 2,
		.sram_size = 1 << 20,
		.clock_khz = 1000000,
		.mem_mbps = 34000,
		.mem_latency = 100,
		.macs_i8 = 1024,
		.macs_i4 = 2048,
		.macs_f16 = 256,
		.vec_lanes = 32,
		.fj_mac_i8 = 230,
		.fj_mac_i4 = 115,
		.fj_mac_f16 = 1500,
		.fj_vec_op = 4600,
		.fj_sram_byte = 1250,
		.fj_mem_byte = 40000,
		.fj_cycle = 50000,
	},
};

const struct npu_profile *npu_profile_find(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (!name || !strcmp(name, profiles[i].name))
			return &profiles[i];
	return NULL;
}
