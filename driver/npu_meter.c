// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's clock, energy and temperature, for those who only look.
 *
 * Looking does not wake a device that sleeps. What its clock and its energy are
 * then follows from what they were when it fell asleep and from the power that
 * it says it draws in D3hot. Its temperature does not, so that is not known.
 */
#include <linux/cleanup.h>
#include <linux/math64.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

#include "npu_device.h"
#include "npu_meter.h"

/* With registers in reach. */
void npu_meter_note(struct npu_device *npu)
{
	struct npu_meter *meter = &npu->meter;
	u64 clock = npu_read64(npu, NPU_REG_CLOCK_LO);
	u64 energy = npu_read64(npu, NPU_REG_ENERGY_LO);

	spin_lock(&meter->lock);
	meter->time = ktime_get_boottime();
	meter->clock = clock;
	meter->energy_uj = energy;
	spin_unlock(&meter->lock);
}

/**
 * npu_meter_init() - begin to count
 * @npu: device, awake
 */
void npu_meter_init(struct npu_device *npu)
{
	spin_lock_init(&npu->meter.lock);
	npu_meter_note(npu);
	npu->meter.base_energy_uj = npu->meter.energy_uj;
}

/* A 64-bit register of a device that is awake; false if it sleeps or is being reset. */
static bool npu_meter_read(struct npu_device *npu, u32 reg, u64 *value)
{
	bool awake;

	if (!down_read_trylock(&npu->reset_lock))
		return false;
	awake = !npu->paused && !npu->lost;
	if (awake)
		*value = npu_read64(npu, reg);
	up_read(&npu->reset_lock);
	return awake;
}

/* Both run at about the same rate, so what was told last bounds the error. */
static u64 npu_meter_tell(u64 *last, u64 value)
{
	*last = max(*last, value);
	return *last;
}

static u64 npu_meter_ns_since(const struct npu_meter *meter)
{
	return max_t(s64, ktime_to_ns(ktime_sub(ktime_get_boottime(), meter->time)), 0);
}

/**
 * npu_meter_clock() - the device's clock
 * @npu: device, not unplugged
 *
 * Return: cycles; never less than before.
 */
u64 npu_meter_clock(struct npu_device *npu)
{
	struct npu_meter *meter = &npu->meter;
	u64 clock;
	bool awake = npu_meter_read(npu, NPU_REG_CLOCK_LO, &clock);

	spin_lock(&meter->lock);
	if (!awake)
		clock = meter->clock + mul_u64_u32_div(npu_meter_ns_since(meter),
						       npu->info.clock_khz, USEC_PER_SEC);
	clock = npu_meter_tell(&meter->last_clock, clock);
	spin_unlock(&meter->lock);
	return clock;
}

/**
 * npu_meter_energy_uj() - what the device has drawn
 * @npu: device, not unplugged
 *
 * Return: microjoules since the driver was loaded; never less than before.
 */
u64 npu_meter_energy_uj(struct npu_device *npu)
{
	struct npu_meter *meter = &npu->meter;
	u64 energy;
	bool awake = npu_meter_read(npu, NPU_REG_ENERGY_LO, &energy);

	spin_lock(&meter->lock);
	/* During a reset it is awake, but nobody knows: the least that it may draw. */
	if (!awake)
		energy = meter->energy_uj + mul_u64_u32_div(npu_meter_ns_since(meter),
							    npu->sleep_mw, USEC_PER_SEC);
	energy = npu_meter_tell(&meter->last_energy_uj, energy) - meter->base_energy_uj;
	spin_unlock(&meter->lock);
	return energy;
}

/**
 * npu_meter_temperature() - how warm it is
 * @npu: device, not unplugged
 * @mdeg: receives thousandths of a degree Celsius
 *
 * Return: 0, or -ENODATA if it sleeps.
 */
int npu_meter_temperature(struct npu_device *npu, long *mdeg)
{
	guard(rwsem_read)(&npu->reset_lock);
	if (npu->paused || npu->lost)
		return -ENODATA;
	*mdeg = (s32)npu_read(npu, NPU_REG_TEMP);
	return 0;
}
