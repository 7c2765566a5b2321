// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLB invalidation.
 *
 * The device counts commands; one is complete when DONE has reached the number
 * that it got. That takes as long as one access to memory, so polling is
 * cheaper than an interrupt. A device that does not complete is reset, which
 * forgets all translations: whatever happens, when a flush returns the device
 * no longer uses them.
 *
 * Callers are between drm_dev_enter() and drm_dev_exit(). To enter once more in
 * here would fail as soon as an unplug has begun, while jobs still run.
 */
#include <linux/cleanup.h>
#include <linux/iopoll.h>

#include <drm/drm_print.h>

#include "npu_coredump.h"
#include "npu_device.h"
#include "npu_reset.h"
#include "npu_tlb.h"

#define NPU_TLB_POLL_US		10
#define NPU_TLB_TIMEOUT_US	(2 * USEC_PER_SEC)

/* Starts a command. Return: its number. */
static u32 npu_tlb_command(struct npu_device *npu, u32 cmd, u32 asid, u64 va, u64 size)
{
	guard(mutex)(&npu->tlb_lock);
	npu_write(npu, NPU_REG_TLB_CTX, asid);
	npu_write64(npu, NPU_REG_TLB_VA_LO, va);
	npu_write64(npu, NPU_REG_TLB_SIZE_LO, size);
	npu_write(npu, NPU_REG_TLB_CMD, cmd); /* after the tables: writel() orders */
	return npu_read(npu, NPU_REG_TLB_SEQ);
}

static int npu_tlb_try(struct npu_device *npu, u32 cmd, u32 asid, u64 va, u64 size)
{
	u32 seq, done;
	int ret;

	guard(rwsem_read)(&npu->reset_lock);
	/* Paused it has no TLB, and gets none before the lock is released. */
	if (READ_ONCE(npu->lost) || npu->paused)
		return 0;
	seq = npu_tlb_command(npu, cmd, asid, va, size);
	if (npu_inject(&npu->inject.stuck_tlb))
		return -ETIMEDOUT;
	ret = read_poll_timeout(npu_read, done, (s32)(done - seq) >= 0, NPU_TLB_POLL_US,
				NPU_TLB_TIMEOUT_US, false, npu, NPU_REG_TLB_DONE);
	if (!ret && npu_device_gone(npu))
		ret = -ENODEV;
	return ret;
}

static void npu_tlb_flush(struct npu_device *npu, u32 cmd, u32 asid, u64 va, u64 size)
{
	if (npu_tlb_try(npu, cmd, asid, va, size)) {
		dev_warn_ratelimited(npu->drm.dev, "TLB invalidation does not complete\n");
		npu_coredump_device(npu, "invalidation");
		npu_reset_request_and_wait(npu);
	}
}

/**
 * npu_tlb_flush_context() - make the device forget an address space
 * @npu: device
 * @asid: its number
 */
void npu_tlb_flush_context(struct npu_device *npu, u32 asid)
{
	npu_tlb_flush(npu, NPU_TLB_CMD_CTX, asid, 0, 0);
}

/**
 * npu_tlb_flush_range() - make the device forget translations
 * @npu: device
 * @asid: number of the address space
 * @va: first address
 * @size: bytes
 */
void npu_tlb_flush_range(struct npu_device *npu, u32 asid, u64 va, u64 size)
{
	npu_tlb_flush(npu, NPU_TLB_CMD_RANGE, asid, va, size);
}
