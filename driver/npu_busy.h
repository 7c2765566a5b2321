/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_BUSY_H__
#define __NPU_BUSY_H__

#include <linux/ktime.h>
#include <linux/spinlock.h>

/**
 * struct npu_busy - for how long a device has had jobs
 */
struct npu_busy {
	/** @lock: protects the rest; taken in interrupts, inside of &npu_queue.lock */
	spinlock_t lock;

	/** @jobs: given to the device and not ended */
	u32 jobs;

	/** @since: when @jobs became one */
	ktime_t since;

	/** @total: up to when @jobs last became zero */
	ktime_t total;
};

void npu_busy_init(struct npu_busy *busy);
void npu_busy_begin(struct npu_busy *busy);
void npu_busy_end(struct npu_busy *busy);
ktime_t npu_busy_time(struct npu_busy *busy);

#endif /* __NPU_BUSY_H__ */
