/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_DEVICE_H__
#define __NPU_DEVICE_H__

#include <linux/atomic.h>
#include <linux/idr.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>

#include "drm/npu_accel.h"
#include "hw/npu_regs.h"

#include "npu_busy.h"
#include "npu_hwmon.h"
#include "npu_inject.h"
#include "npu_irq.h"
#include "npu_meter.h"
#include "npu_queue.h"

#ifdef __BIG_ENDIAN
#error "the device's structures are used in place: little endian only"
#endif

struct pci_dev;
struct pci_saved_state;
struct shrinker;

/** NPU_ASIDS - most address spaces of all files together */
#define NPU_ASIDS	1024

/**
 * struct npu_sched_list - schedulers of the queues of one priority
 */
struct npu_sched_list {
	/** @sched: schedulers */
	struct drm_gpu_scheduler *sched[NPU_MAX_QUEUES];

	/** @count: entries of @sched */
	u32 count;
};

/**
 * struct npu_stats - totals since load
 */
struct npu_stats {
	/** @bo_bytes: bytes of all buffers */
	atomic64_t bo_bytes;

	/** @bo_count: number of buffers */
	atomic64_t bo_count;

	/** @shrunk_bytes: bytes of buffers that were taken when memory was short */
	atomic64_t shrunk_bytes;

	/** @page_table_bytes: bytes of all page tables */
	atomic64_t page_table_bytes;

	/** @huge_bytes: bytes that are mapped in pages of 2 MiB, in all address spaces */
	atomic64_t huge_bytes;

	/** @contexts: open contexts */
	atomic_t contexts;

	/** @vms: open address spaces */
	atomic_t vms;

	/** @jobs_done: jobs that ended well */
	atomic64_t jobs_done;

	/** @jobs_failed: jobs that did not */
	atomic64_t jobs_failed;

	/** @resets: device resets after errors */
	atomic_t resets;
};

/**
 * struct npu_device - one NPU
 *
 * Lives until the last file, address space and context are gone, which may be
 * after the driver was unbound. What belongs to the PCI function (@regs, rings,
 * tables) lives only until then: touch it between drm_dev_enter() and
 * drm_dev_exit(), or under a queue's lock while that queue is not dead.
 */
struct npu_device {
	/** @drm: base */
	struct drm_device drm;

	/** @regs: BAR 0 */
	void __iomem *regs;

	/** @info: what the device and this driver can do; constant after probe */
	struct drm_npu_device_info info;

	/** @queues: hardware queues; info.queues of them */
	struct npu_queue queues[NPU_MAX_QUEUES];

	/** @scheds: schedulers by priority; constant after probe */
	struct npu_sched_list scheds[NPU_Q_PRIORITY_MAX + 1];

	/** @bind_sched: scheduler of changes of address spaces */
	struct drm_gpu_scheduler bind_sched;

	/** @irqs: interrupt vectors; constant after probe */
	struct npu_irq irqs[NPU_MAX_VECTORS];

	/** @num_irqs: entries of @irqs */
	u32 num_irqs;

	/** @events: ring of events; only the event interrupt's thread reads it */
	struct npu_event *events;

	/** @events_dma: its bus address */
	dma_addr_t events_dma;

	/** @events_cons: next event to read; owned by the thread, zeroed by a reset */
	u32 events_cons;

	/** @contexts: context table; an entry belongs to the VM that has its number */
	struct npu_context *contexts;

	/** @contexts_dma: its bus address */
	dma_addr_t contexts_dma;

	/** @num_contexts: entries of @contexts */
	u32 num_contexts;

	/** @asids: numbers of context table entries in use */
	struct ida asids;

	/**
	 * @reset_lock: held for reading by TLB invalidations, for writing by a
	 * full reset, which would swallow them, and when a pause begins or ends
	 */
	struct rw_semaphore reset_lock;

	/** @tlb_lock: makes operands, command and sequence number of TLB commands one */
	struct mutex tlb_lock;

	/** @sched_wq: of schedulers of high priority: gives jobs to the device, and frees them */
	struct workqueue_struct *sched_wq;

	/** @reset_wq: ordered; all recovery runs on it, one thing at a time */
	struct workqueue_struct *reset_wq;

	/** @reset_work: full reset; on @reset_wq */
	struct work_struct reset_work;

	/** @flr_wq: for @flr_work alone */
	struct workqueue_struct *flr_wq;

	/** @flr_work: function level reset, pending while NPU_PAUSE_FLR is in @paused */
	struct work_struct flr_work;

	/** @flr_error: how it went; of @flr_work for who ends the pause */
	int flr_error;

	/** @wedged_work: tells user space that the device was reset or is lost */
	struct work_struct wedged_work;

	/** @lost: the device does not answer or could not be reset; never cleared */
	bool lost;

	/**
	 * @paused: enum npu_pause: why its registers must not be accessed; changed on
	 * @reset_wq with @reset_lock held
	 */
	u32 paused;

	/** @pause_running: job that each queue ran when the pause began; owned by @reset_wq */
	u64 pause_running[NPU_MAX_QUEUES];

	/**
	 * @timeslice_us: for how long a job keeps its cores while others of its
	 * priority wait; zero: until it ends
	 */
	u32 timeslice_us;

	/** @hold: the device is not to begin jobs; changed with @reset_lock held */
	bool hold;

	/** @pci_state: configuration for after a reset of the link; constant after probe */
	struct pci_saved_state *pci_state;

	/** @stopped: the device was told to do nothing more; owned by probe and remove */
	bool stopped;

	/** @bos_lock: protects @bos and @bos_leaving; taken by reclaim */
	struct mutex bos_lock;

	/** @bos_leaving: buffers that are being freed, and may still be mapped for DMA */
	u32 bos_leaving;

	/** @bos_wait: for who waits until none is mapped; woken when @bos_leaving changes */
	wait_queue_head_t bos_wait;

	/**
	 * @userptr_lock: held for reading by who relies on memory of processes until its
	 * use shows in fences or page tables, for writing by who takes it away; taken by reclaim
	 */
	struct rw_semaphore userptr_lock;

	/** @userptr_epoch: how often any was taken away; under @userptr_lock */
	u64 userptr_epoch;

	/** @shrinker: takes pages of buffers when memory is short */
	struct shrinker *shrinker;

	/** @bos: all &npu_bo.link */
	struct list_head bos;

	/** @vms_lock: protects @vms; taken before &npu_vm.lock, and by reclaim */
	struct mutex vms_lock;

	/** @vms: all &npu_vm.link */
	struct list_head vms;

	/** @ctxs_lock: protects @ctxs; taken before the locks of what is in it */
	struct mutex ctxs_lock;

	/** @ctxs: all &npu_ctx.link */
	struct list_head ctxs;

	/** @clients_lock: protects @clients; taken in interrupts, before event_lock */
	spinlock_t clients_lock;

	/** @clients: all &npu_client.link */
	struct list_head clients;

	/** @inject: failures to come */
	struct npu_inject inject;

	/** @dumping: bit 0: a core dump is being made, whose maker owns @dump_time */
	unsigned long dumping;

	/** @dump_time: jiffies of the last core dump, or zero */
	unsigned long dump_time;

	/** @busy: for how long it has had jobs */
	struct npu_busy busy;

	/** @meter: clock and energy, though it may sleep */
	struct npu_meter meter;

	/** @sleep_mw: power in D3hot; constant */
	u32 sleep_mw;

	/** @temp_max: highest temperature that it is built for, or 0; constant */
	s32 temp_max;

	/** @hwmon: power */
	struct npu_hwmon hwmon;

	/** @stats: totals */
	struct npu_stats stats;

	/** @counters_lock: protects @counters; taken in interrupts */
	spinlock_t counters_lock;

	/** @counters: sums of all completions, enum npu_counter */
	u64 counters[NPU_CNT_COUNT];

	/** @energy_pj: parts of the energy of all jobs, likewise */
	u64 energy_pj[NPU_ENERGY_PARTS];
};

static inline struct npu_device *to_npu_device(struct drm_device *drm)
{
	return container_of(drm, struct npu_device, drm);
}

static inline u32 npu_read(const struct npu_device *npu, u32 reg)
{
	return readl(npu->regs + reg);
}

static inline void npu_write(const struct npu_device *npu, u32 reg, u32 value)
{
	writel(value, npu->regs + reg);
}

static inline void npu_write64(const struct npu_device *npu, u32 reg_lo, u64 value)
{
	npu_write(npu, reg_lo, lower_32_bits(value));
	npu_write(npu, reg_lo + 4, upper_32_bits(value));
}

u64 npu_read64(const struct npu_device *npu, u32 reg_lo);
bool npu_device_gone(const struct npu_device *npu);
int npu_device_init(struct npu_device *npu, struct pci_dev *pdev);
int npu_device_reset(struct npu_device *npu);
void npu_device_set_timeslice(struct npu_device *npu, u32 us);
int npu_device_start(struct npu_device *npu);
void npu_device_stop(struct npu_device *npu);

#endif /* __NPU_DEVICE_H__ */
