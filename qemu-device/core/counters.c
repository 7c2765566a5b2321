// SPDX-License-Identifier: MIT
/* Counters of a job, from those of its cores. */
#include "device.h"

#include <assert.h>
#include <string.h>

static_assert((int)NPU_ENERGY_STATIC == NPU_NUM_ENGINES,
	      "parts of energy are by engine, and what is static");

uint64_t npu_static_pj(const struct npu_profile *p, uint64_t cycles,
		       unsigned int cores)
{
	unsigned __int128 fj = cycles;

	return (uint64_t)(fj * cores * p->fj_cycle / 1000);
}

/* What MACs, the vector engine and memory take, by engine; without SRAM. */
static void work_fj(const struct npu_profile *p, const uint64_t *c,
		    unsigned __int128 *fj)
{
	typedef unsigned __int128 wide;

	fj[NPU_ENERGY_CP] = 0;
	fj[NPU_ENERGY_LD] = (wide)(c[NPU_CNT_MEM_READ] - c[NPU_CNT_STREAM_READ]) *
			    p->fj_mem_byte;
	fj[NPU_ENERGY_ST] = (wide)c[NPU_CNT_MEM_WRITE] * p->fj_mem_byte;
	fj[NPU_ENERGY_MAT] = (wide)c[NPU_CNT_MACS_I8] * p->fj_mac_i8 +
			     (wide)c[NPU_CNT_MACS_I4] * p->fj_mac_i4 +
			     (wide)c[NPU_CNT_MACS_F16] * p->fj_mac_f16 +
			     (wide)c[NPU_CNT_STREAM_READ] * p->fj_mem_byte;
	fj[NPU_ENERGY_VEC] = (wide)c[NPU_CNT_VEC_OPS] * p->fj_vec_op;
}

/* Rounding goes to the static part, so that the sum is the whole. */
void npu_energy_split(const struct npu_profile *p, const uint64_t *c,
		      const uint64_t *sram_bytes, uint64_t *parts)
{
	unsigned __int128 fj[NPU_NUM_ENGINES];
	uint64_t rest = c[NPU_CNT_ENERGY_PJ];

	work_fj(p, c, fj);
	for (unsigned int i = 0; i < NPU_NUM_ENGINES; i++) {
		fj[i] += (unsigned __int128)sram_bytes[i] * p->fj_sram_byte;
		parts[i] = (uint64_t)(fj[i] / 1000);
		rest -= parts[i];
	}
	parts[NPU_ENERGY_STATIC] = rest;
}

unsigned __int128 npu_energy_fj(const struct npu_profile *p, const uint64_t *c)
{
	unsigned __int128 fj[NPU_NUM_ENGINES], sum;

	work_fj(p, c, fj);
	sum = (unsigned __int128)(c[NPU_CNT_SRAM_READ] + c[NPU_CNT_SRAM_WRITE]) *
	      p->fj_sram_byte;
	for (unsigned int i = 0; i < NPU_NUM_ENGINES; i++)
		sum += fj[i];
	return sum;
}

uint64_t npu_energy_pj(const struct npu_profile *p, const uint64_t *c,
		       unsigned int cores)
{
	unsigned __int128 cycles = c[NPU_CNT_CYCLES];

	return (uint64_t)((npu_energy_fj(p, c) + cycles * cores * p->fj_cycle) / 1000);
}

void npu_counters_sum(const struct npu_core *npu, struct npu_run *run)
{
	uint64_t sram_bytes[NPU_NUM_ENGINES] = { 0 }, parts[NPU_ENERGY_PARTS];
	uint64_t *sum = run->counters;

	for (unsigned int i = 0; i < run->num_cores; i++) {
		const struct npu_exec *ex = run->cores[i];
		uint64_t cycles = ex->time.cp;

		npu_counters_add(sum, ex->counters);
		for (unsigned int e = 0; e < NPU_NUM_ENGINES; e++)
			sram_bytes[e] += ex->sram_bytes[e];
		sum[NPU_CNT_INSNS] += ex->done;
		if (cycles > sum[NPU_CNT_CYCLES])
			sum[NPU_CNT_CYCLES] = cycles;
	}
	sum[NPU_CNT_QUEUE_CYCLES] =
		npu_cost_job(&npu->profile, run->desc.program_size,
			     run->desc.flags & NPU_JOB_IRQ || run->done.status != NPU_JOB_DONE);
	sum[NPU_CNT_ENERGY_PJ] = npu_energy_pj(&npu->profile, sum, run->num_cores);
	npu_energy_split(&npu->profile, sum, sram_bytes, parts);
	memcpy(run->done.energy_pj, parts, sizeof(parts));
}

void npu_counters_add(uint64_t *totals, const uint64_t *counters)
{
	for (unsigned int i = 0; i < NPU_CNT_COUNT; i++)
		totals[i] += counters[i];
}

void npu_counters_retire(struct npu_core *npu, const struct npu_run *run)
{
	npu_counters_add(npu->totals, run->counters);
	for (unsigned int i = 0; i < NPU_ENERGY_PARTS; i++)
		npu->energy[i] += run->done.energy_pj[i];
}
