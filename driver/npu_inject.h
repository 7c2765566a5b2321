/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_INJECT_H__
#define __NPU_INJECT_H__

#include <linux/atomic.h>

/**
 * struct npu_inject - how often to pretend that the device fails, from debugfs
 *
 * Each counts down to zero.
 */
struct npu_inject {
	/** @lost_irqs: interrupts of queues that are not looked at */
	atomic_t lost_irqs;

	/** @lost_aborts: aborts that do not reach the device */
	atomic_t lost_aborts;

	/** @stuck_tlb: invalidations that do not complete */
	atomic_t stuck_tlb;

	/** @stuck_queue_resets: resets of queues that do not complete */
	atomic_t stuck_queue_resets;

	/** @stuck_device_resets: full resets that do not complete */
	atomic_t stuck_device_resets;

	/** @stuck_flrs: function level resets after which the device does not answer */
	atomic_t stuck_flrs;
};

/* Is it to fail this time? */
static inline bool npu_inject(atomic_t *count)
{
	return unlikely(atomic_read(count)) && atomic_dec_if_positive(count) >= 0;
}

#endif /* __NPU_INJECT_H__ */
