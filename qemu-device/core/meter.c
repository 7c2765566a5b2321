// SPDX-License-Identifier: MIT
/*
 * Energy and temperature: a thermal resistance and a thermal capacity, charged
 * by the power of the machine and by the energy of each job as it ends. Steps of
 * a millisecond in integers, so that every host computes the same.
 */
#include "meter.h"

#define RISE_UK	((int64_t)(NPU_METER_MAX_MC - NPU_METER_AMBIENT_MC) * 1000)
#define ONE	(1ull << 32)

uint32_t npu_meter_idle_mw(const struct npu_profile *p)
{
	return p->idle_mw;
}

uint32_t npu_meter_sleep_mw(const struct npu_profile *p)
{
	return p->idle_mw / NPU_METER_SLEEP_PART;
}

/* Where constant power would end, above the ambience. */
static int64_t settled_uk(const struct npu_profile *p, uint32_t mw)
{
	return RISE_UK * mw / p->max_mw;
}

/* (1 - 1/tau)^n, of ONE. */
static uint64_t decay(uint64_t n)
{
	unsigned __int128 base = ONE - ONE / NPU_METER_TAU_MS, result = ONE;

	for (; n && result; n >>= 1) {
		if (n & 1)
			result = result * base >> 32;
		base = base * base >> 32;
	}
	return (uint64_t)result;
}

void npu_meter_advance(struct npu_meter *meter, const struct npu_profile *p,
		       uint64_t clock)
{
	uint64_t ms = clock / p->clock_khz, n = ms - meter->ms;
	uint32_t mw = meter->asleep ? npu_meter_sleep_mw(p) :
				      npu_meter_idle_mw(p);
	int64_t end = settled_uk(p, mw);

	/* Threads read the clock without the lock: one may come late. */
	if (ms <= meter->ms)
		return;
	meter->ms = ms;
	meter->energy_uj += n * mw;
	meter->heat_uk = end + (int64_t)((__int128)(meter->heat_uk - end) *
					 decay(n) / (__int128)ONE);
}

void npu_meter_add(struct npu_meter *meter, const struct npu_profile *p,
		   uint64_t pj)
{
	uint64_t uj;
	__int128 heat;

	meter->rest_pj += pj % 1000000;
	uj = pj / 1000000 + meter->rest_pj / 1000000;
	meter->rest_pj %= 1000000;
	meter->energy_uj += uj;
	heat = meter->heat_uk +
	       (__int128)RISE_UK * uj / ((__int128)p->max_mw * NPU_METER_TAU_MS);
	/* What the register can show. */
	if (heat > (__int128)INT32_MAX * 1000 - NPU_METER_AMBIENT_MC * 1000)
		heat = (__int128)INT32_MAX * 1000 - NPU_METER_AMBIENT_MC * 1000;
	meter->heat_uk = (int64_t)heat;
}

int32_t npu_meter_temperature(const struct npu_meter *meter)
{
	return (int32_t)(NPU_METER_AMBIENT_MC + meter->heat_uk / 1000);
}
