// SPDX-License-Identifier: MIT
/* Counters of a job, from those of its cores. */
#include "device.h"

uint64_t npu_static_pj(const struct npu_profile *p, uint64_t cycles,
		       unsigned int cores)
{
	unsigned __int128 fj = cycles;

	return (uint64_t)(fj * cores * p->fj_cycle / 1000);
}

uint64_t npu_energy_pj(const struct npu_profile *p, const uint64_t *c,
		       unsigned int cores)
{
	unsigned __int128 fj = 0;

	fj += (unsigned __int128)c[NPU_CNT_MACS_I8] * p->fj_mac_i8;
	fj += (unsigned __int128)c[NPU_CNT_MACS_I4] * p->fj_mac_i4;
	fj += (unsigned __int128)c[NPU_CNT_MACS_F16] * p->fj_mac_f16;
	fj += (unsigned __int128)c[NPU_CNT_VEC_OPS] * p->fj_vec_op;
	fj += (unsigned __int128)c[NPU_CNT_SRAM_READ] * p->fj_sram_byte;
	fj += (unsigned __int128)c[NPU_CNT_SRAM_WRITE] * p->fj_sram_byte;
	fj += (unsigned __int128)c[NPU_CNT_MEM_READ] * p->fj_mem_byte;
	fj += (unsigned __int128)c[NPU_CNT_MEM_WRITE] * p->fj_mem_byte;
	fj += (unsigned __int128)c[NPU_CNT_CYCLES] * cores * p->fj_cycle;
	return (uint64_t)(fj / 1000);
}

void npu_counters_sum(const struct npu_core *npu, struct npu_run *run)
{
	uint64_t *sum = run->counters;

	for (unsigned int i = 0; i < run->num_cores; i++) {
		const struct npu_exec *ex = run->cores[i];
		uint64_t cycles = ex->time.cp;

		npu_counters_add(sum, ex->counters);
		sum[NPU_CNT_INSNS] += ex->done;
		if (cycles > sum[NPU_CNT_CYCLES])
			sum[NPU_CNT_CYCLES] = cycles;
	}
	sum[NPU_CNT_ENERGY_PJ] = npu_energy_pj(&npu->profile, sum, run->num_cores);
}

void npu_counters_add(uint64_t *totals, const uint64_t *counters)
{
	for (unsigned int i = 0; i < NPU_CNT_COUNT; i++)
		totals[i] += counters[i];
}
