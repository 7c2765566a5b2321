// SPDX-License-Identifier: GPL-2.0-only
/*
 * Busy time: for how long the device has had at least one job.
 */
#include "npu_busy.h"

/**
 * npu_busy_init() - no job yet
 * @busy: busy time
 */
void npu_busy_init(struct npu_busy *busy)
{
	spin_lock_init(&busy->lock);
}

/**
 * npu_busy_begin() - the device gets a job
 * @busy: busy time
 */
void npu_busy_begin(struct npu_busy *busy)
{
	unsigned long flags;

	spin_lock_irqsave(&busy->lock, flags);
	if (!busy->jobs++)
		busy->since = ktime_get();
	spin_unlock_irqrestore(&busy->lock, flags);
}

/**
 * npu_busy_end() - a job that it got has ended
 * @busy: busy time
 */
void npu_busy_end(struct npu_busy *busy)
{
	unsigned long flags;

	spin_lock_irqsave(&busy->lock, flags);
	if (!--busy->jobs)
		busy->total = ktime_add(busy->total, ktime_sub(ktime_get(), busy->since));
	spin_unlock_irqrestore(&busy->lock, flags);
}

/**
 * npu_busy_time() - busy time until now
 * @busy: busy time
 *
 * Return: time.
 */
ktime_t npu_busy_time(struct npu_busy *busy)
{
	unsigned long flags;
	ktime_t time;

	spin_lock_irqsave(&busy->lock, flags);
	time = busy->total;
	if (busy->jobs)
		time = ktime_add(time, ktime_sub(ktime_get(), busy->since));
	spin_unlock_irqrestore(&busy->lock, flags);
	return time;
}
