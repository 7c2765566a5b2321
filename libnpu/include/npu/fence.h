/* SPDX-License-Identifier: MIT */
/* The end of submitted jobs. */
#ifndef NPU_FENCE_H
#define NPU_FENCE_H

#include <stdint.h>

#include <npu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct npu_completion;
struct npu_fence;

/**
 * npu_fence_wait() - wait until the jobs of a fence have ended
 * @fence: fence
 * @timeout_ns: longest wait in nanoseconds; 0: do not wait; negative: no limit
 * @err: which job failed, at which instruction and why
 *
 * May be called again, and by several threads; the answer stays the same.
 *
 * Return: 0 when all ended well; -ETIME when they have not ended yet; else the
 * first failed job's error: -EFAULT (page fault), -EINVAL (refused or illegal
 * program), -EOVERFLOW (budget), -ETIMEDOUT (ran too long), -ECANCELED, -EIO.
 */
int npu_fence_wait(struct npu_fence *fence, int64_t timeout_ns,
		   struct npu_error *err);

/**
 * npu_fence_completion() - what the device says about a job
 * @fence: fence; npu_fence_wait() has returned something other than -ETIME
 * @job: which job of the submit, from 0
 *
 * Return: its record (npu_regs.h) with status, fault and counters, valid until
 * the fence is destroyed; NULL if the job was cancelled or lost, or if there
 * is no such job.
 */
const struct npu_completion *npu_fence_completion(struct npu_fence *fence,
						  uint32_t job);

/**
 * npu_fence_destroy() - give a fence back; waits for its jobs to end
 * @fence: fence, or NULL
 */
void npu_fence_destroy(struct npu_fence *fence);

#ifdef __cplusplus
}
#endif

#endif /* NPU_FENCE_H */
