// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's registers: what it is, how it is reset, started and stopped.
 */
#include <linux/ctype.h>
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "npu_context.h"
#include "npu_device.h"
#include "npu_event.h"
#include "npu_reset.h"
#include "npu_vm.h"

#define NPU_RESET_POLL_US	100
#define NPU_RESET_TIMEOUT_US	(10 * USEC_PER_SEC)
/* Long against what a change of jobs costs, short against what users notice. */
#define NPU_TIMESLICE_US	1000

/**
 * npu_read64() - read a register pair that may change meanwhile
 * @npu: device
 * @reg_lo: its lower half
 *
 * Return: the value; all ones if the device is gone.
 */
u64 npu_read64(const struct npu_device *npu, u32 reg_lo)
{
	u32 hi = npu_read(npu, reg_lo + 4), lo, again;
	int tries = 4;

	do {
		again = hi;
		lo = npu_read(npu, reg_lo);
		hi = npu_read(npu, reg_lo + 4);
	} while (hi != again && --tries);
	return (u64)hi << 32 | lo;
}

/**
 * npu_device_gone() - does the device answer no more?
 * @npu: device
 *
 * A read of a function that was pulled out gives all ones.
 *
 * Return: whether it is.
 */
bool npu_device_gone(const struct npu_device *npu)
{
	return npu_read(npu, NPU_REG_ID) != NPU_ID_MAGIC;
}

static int npu_device_identify(struct npu_device *npu)
{
	u32 id = npu_read(npu, NPU_REG_ID), version = npu_read(npu, NPU_REG_VERSION);

	if (id != NPU_ID_MAGIC) {
		drm_err(&npu->drm, "no NPU here: id %#x, not %#x\n", id, NPU_ID_MAGIC);
		return -ENODEV;
	}
	if (version != NPU_REGS_VERSION) {
		drm_err(&npu->drm, "register interface %u.%u, this driver knows %u.%u\n",
			NPU_VERSION_MAJOR(version), NPU_VERSION_MINOR(version),
			NPU_VERSION_MAJOR(NPU_REGS_VERSION), NPU_VERSION_MINOR(NPU_REGS_VERSION));
		return -ENODEV;
	}
	return 0;
}

static void npu_device_read_profile(struct npu_device *npu)
{
	u8 *name = npu->info.profile;
	u32 i, word;

	for (i = 0; i < NPU_PROFILE_NAME_LEN; i += sizeof(word)) {
		word = npu_read(npu, NPU_REG_PROFILE + i);
		memcpy(name + i, &word, sizeof(word));
	}
	for (i = 0; i < NPU_PROFILE_NAME_LEN && name[i]; i++)
		if (!isascii(name[i]) || !isprint(name[i]))
			name[i] = '?';
}

static void npu_device_read_info(struct npu_device *npu)
{
	struct drm_npu_device_info *info = &npu->info;

	info->regs_version = npu_read(npu, NPU_REG_VERSION);
	info->isa_version = npu_read(npu, NPU_REG_ISA_VERSION);
	info->model_version = npu_read(npu, NPU_REG_MODEL_VERSION);
	info->cores = npu_read(npu, NPU_REG_CORES);
	info->queues = npu_read(npu, NPU_REG_QUEUES);
	info->sram_size = npu_read(npu, NPU_REG_SRAM_SIZE);
	info->va_bits = npu_read(npu, NPU_REG_VA_BITS);
	info->clock_khz = npu_read(npu, NPU_REG_CLOCK_KHZ);
	info->features = npu_read64(npu, NPU_REG_FEATURES_LO);
	info->page_sizes = NPU_PAGE_SIZE | NPU_HUGE_SIZE;
	info->mem_mbps = npu_read(npu, NPU_REG_MEM_MBPS);
	info->macs_i8 = npu_read(npu, NPU_REG_MACS_I8);
	info->macs_i4 = npu_read(npu, NPU_REG_MACS_I4);
	info->macs_f16 = npu_read(npu, NPU_REG_MACS_F16);
	info->vec_lanes = npu_read(npu, NPU_REG_VEC_LANES);
	info->program_max = npu_read(npu, NPU_REG_PROGRAM_MAX);
	info->budget_max = npu_read64(npu, NPU_REG_BUDGET_MAX_LO);
	/* Address zero stands for "nothing", and a null pointer should fault. */
	info->va_start = NPU_HUGE_SIZE;
	info->va_end = 1ull << NPU_VA_BITS;
	info->max_args = NPU_JOB_MAX_ARGS;
	info->timeout_default_ms = NPU_TIMEOUT_DEFAULT_MS;
	info->timeout_max_ms = NPU_TIMEOUT_MAX_MS;
	info->max_vms = NPU_MAX_VMS;
	info->max_contexts = NPU_MAX_CTXS;
	info->work_max = npu_read(npu, NPU_REG_WORK_MAX);
	npu_device_read_profile(npu);
	npu->sleep_mw = npu_read(npu, NPU_REG_SLEEP_MW);
	npu->temp_max = npu_read(npu, NPU_REG_TEMP_MAX);
	npu->num_contexts = min_t(u32, npu_read(npu, NPU_REG_CONTEXTS), NPU_ASIDS);
}

/* What memory is sized by, and loops run to, must be sane. */
static int npu_device_check_info(struct npu_device *npu)
{
	const struct drm_npu_device_info *info = &npu->info;

	if (!info->cores || info->cores > NPU_MAX_CORES ||
	    info->queues < NPU_MIN_QUEUES || info->queues > NPU_MAX_QUEUES ||
	    !npu->num_contexts || info->va_bits != NPU_VA_BITS) {
		drm_err(&npu->drm, "impossible device: %u cores, %u queues, %u contexts, %u VA bits\n",
			info->cores, info->queues, npu->num_contexts, info->va_bits);
		return -ENODEV;
	}
	return 0;
}

static int npu_device_alloc(struct npu_device *npu)
{
	struct device *dev = npu->drm.dev;

	npu->contexts = dmam_alloc_coherent(dev, npu->num_contexts * sizeof(*npu->contexts),
					    &npu->contexts_dma, GFP_KERNEL);
	if (!npu->contexts)
		return -ENOMEM;
	npu->events = dmam_alloc_coherent(dev, NPU_EVENTS * sizeof(*npu->events),
					  &npu->events_dma, GFP_KERNEL);
	if (!npu->events)
		return -ENOMEM;
	return 0;
}

static void npu_device_fini_asids(struct drm_device *drm, void *arg)
{
	ida_destroy(&to_npu_device(drm)->asids);
}

static int npu_device_init_software(struct npu_device *npu)
{
	struct drm_device *drm = &npu->drm;
	int ret;

	INIT_LIST_HEAD(&npu->bos);
	INIT_LIST_HEAD(&npu->vms);
	INIT_LIST_HEAD(&npu->ctxs);
	INIT_LIST_HEAD(&npu->clients);
	spin_lock_init(&npu->clients_lock);
	npu_busy_init(&npu->busy);
	npu_meter_init(npu);
	init_waitqueue_head(&npu->bos_wait);
	init_rwsem(&npu->reset_lock);
	npu->timeslice_us = NPU_TIMESLICE_US;
	init_rwsem(&npu->userptr_lock);
	spin_lock_init(&npu->counters_lock);
	ida_init(&npu->asids);
	ret = drmm_add_action_or_reset(drm, npu_device_fini_asids, NULL);
	if (!ret)
		ret = drmm_mutex_init(drm, &npu->tlb_lock);
	if (!ret)
		ret = drmm_mutex_init(drm, &npu->bos_lock);
	if (!ret)
		ret = drmm_mutex_init(drm, &npu->vms_lock);
	if (!ret)
		ret = drmm_mutex_init(drm, &npu->ctxs_lock);
	return ret;
}

/**
 * npu_device_init() - find out what the device is, make it quiet
 * @npu: device
 * @pdev: its PCI function, enabled
 *
 * When this returns the device does no DMA.
 *
 * Return: 0 or a negative errno; the reason is in the log.
 */
int npu_device_init(struct npu_device *npu, struct pci_dev *pdev)
{
	int ret;

	npu->regs = pcim_iomap_region(pdev, NPU_PCI_BAR_REGS, "npu");
	if (IS_ERR(npu->regs))
		return dev_err_probe(&pdev->dev, PTR_ERR(npu->regs), "cannot map registers\n");
	ret = npu_device_identify(npu);
	if (ret)
		return ret;
	npu_device_read_info(npu);
	ret = npu_device_check_info(npu);
	if (!ret)
		ret = npu_device_init_software(npu);
	if (!ret)
		ret = npu_device_alloc(npu);
	if (!ret)
		ret = npu_device_reset(npu);
	return ret;
}

/**
 * npu_device_reset() - full reset
 * @npu: device
 *
 * Afterwards no DMA and no interrupt from before can come.
 *
 * Return: 0, or -EIO if the device does not come back.
 */
int npu_device_reset(struct npu_device *npu)
{
	u32 status;
	int ret;

	if (npu_inject(&npu->inject.stuck_device_resets))
		return -EIO;
	npu_write(npu, NPU_REG_CTRL, NPU_CTRL_RESET);
	ret = read_poll_timeout(npu_read, status,
				status == ~0u || status & NPU_STATUS_READY,
				NPU_RESET_POLL_US, NPU_RESET_TIMEOUT_US, false,
				npu, NPU_REG_STATUS);
	if (!ret && status != ~0u)
		return 0;
	drm_err(&npu->drm, "reset failed: status %#x\n", status);
	return -EIO;
}

/* A device of before 0.4 has no such register, and ignores it. */
static void npu_device_write_timeslice(struct npu_device *npu)
{
	u64 cycles = mul_u64_u32_div(READ_ONCE(npu->timeslice_us), npu->info.clock_khz, 1000);

	npu_write(npu, NPU_REG_TIMESLICE, min_t(u64, cycles, U32_MAX));
}

/**
 * npu_device_set_timeslice() - how long a job keeps its cores while its equals wait
 * @npu: device
 * @us: microseconds of the device's time; zero: until it ends
 */
void npu_device_set_timeslice(struct npu_device *npu, u32 us)
{
	int idx;

	if (!drm_dev_enter(&npu->drm, &idx))
		return;
	scoped_guard(rwsem_read, &npu->reset_lock) {
		WRITE_ONCE(npu->timeslice_us, us);
		if (!npu->paused && !npu->lost)
			npu_device_write_timeslice(npu);
	}
	drm_dev_exit(idx);
}

/**
 * npu_device_start() - make a device that was reset take jobs
 * @npu: device
 *
 * Return: 0, or -EIO if it does not accept what it is told.
 */
int npu_device_start(struct npu_device *npu)
{
	u32 i, causes = 0;
	int ret;

	npu_event_start(npu);
	npu_write64(npu, NPU_REG_CTX_BASE_LO, npu->contexts_dma);
	npu_write(npu, NPU_REG_CTX_COUNT, npu->num_contexts);
	for (i = 0; i < npu->info.queues; i++) {
		ret = npu_queue_start(&npu->queues[i]);
		if (ret)
			return ret;
	}
	for (i = 0; i < npu->num_irqs; i++)
		causes |= npu->irqs[i].causes;
	npu_write(npu, NPU_REG_IRQ_ENABLE_SET, causes);
	npu_device_write_timeslice(npu);
	npu_write(npu, NPU_REG_CTRL, npu->hold ? 0 : NPU_CTRL_ENABLE);
	return 0;
}

/**
 * npu_device_stop() - make the device reach no memory and send no interrupt
 * @npu: device
 *
 * For probe's error path and remove. May be called twice.
 */
void npu_device_stop(struct npu_device *npu)
{
	if (npu->stopped)
		return;
	npu->stopped = true;
	if (npu->lost || npu->paused || npu_device_gone(npu) || npu_device_reset(npu))
		pci_clear_master(to_pci_dev(npu->drm.dev));
}
