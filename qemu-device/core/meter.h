/* SPDX-License-Identifier: MIT */
/* Energy and temperature of the machine: timing.rst, "Energy meter and temperature". */
#ifndef NPU_CORE_METER_H
#define NPU_CORE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "profile.h"

/** NPU_METER_AMBIENT_MC - around the machine, thousandths of a degree */
#define NPU_METER_AMBIENT_MC	35000
/** NPU_METER_MAX_MC - where constant power of the profile's "watts" ends */
#define NPU_METER_MAX_MC	95000
/** NPU_METER_TAU_MS - time constant of warming up and cooling down */
#define NPU_METER_TAU_MS	10000
/** NPU_METER_SLEEP_PART - which part of its idle power a machine draws in D3hot */
#define NPU_METER_SLEEP_PART	20

/**
 * struct npu_meter - what the machine has drawn, and how warm that made it
 * @ms: whole milliseconds of CLOCK that are accounted for
 * @energy_uj: since power-on, microjoules
 * @rest_pj: below a microjoule
 * @heat_uk: temperature above the ambience, millionths of a degree
 * @asleep: in D3hot
 *
 * Kept through resets.
 */
struct npu_meter {
	uint64_t ms, energy_uj, rest_pj;
	int64_t heat_uk;
	bool asleep;
};

/* Power without jobs, in D0 and in D3hot, milliwatts. */
uint32_t npu_meter_idle_mw(const struct npu_profile *p);
uint32_t npu_meter_sleep_mw(const struct npu_profile *p);

/* Account for the time up to @clock (NPU_REG_CLOCK) without jobs' energy. */
void npu_meter_advance(struct npu_meter *meter, const struct npu_profile *p,
		       uint64_t clock);
/* A job ended just now that took @pj beyond the machine's idle power. */
void npu_meter_add(struct npu_meter *meter, const struct npu_profile *p,
		   uint64_t pj);
/* Temperature, thousandths of a degree. */
int32_t npu_meter_temperature(const struct npu_meter *meter);

#endif /* NPU_CORE_METER_H */
