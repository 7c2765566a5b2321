/* SPDX-License-Identifier: MIT */
/* Counters that add up over the jobs that name them. */
#ifndef NPU_PERFMON_H
#define NPU_PERFMON_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/device.h>
#include <npu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct npu_perfmon;

/**
 * struct npu_perfmon_jobs - whose counters they are
 * @added: jobs that have ended
 * @pending: jobs that name the counters, and are still on their way
 */
struct npu_perfmon_jobs {
	uint64_t added;
	uint32_t pending;
};

/**
 * npu_perfmon_create() - make counters, all zero
 * @device: device
 * @counters: 1 << enum npu_counter (npu_regs.h) of each that is wanted
 * @perfmon: receives them; give them back with npu_perfmon_destroy()
 * @err: what failed
 *
 * Jobs add to them that name them, of any queue of the device: struct
 * npu_queue_job. What others run meanwhile does not matter.
 *
 * Return: 0 or a negative errno.
 */
int npu_perfmon_create(struct npu_device *device, uint64_t counters,
		       struct npu_perfmon **perfmon, struct npu_error *err);

/**
 * npu_perfmon_destroy() - give counters back
 * @perfmon: counters, or NULL
 *
 * Jobs that name them go on.
 */
void npu_perfmon_destroy(struct npu_perfmon *perfmon);

/**
 * npu_perfmon_read() - read counters
 * @perfmon: counters
 * @timeout_ns: how long to wait for the jobs that name them; negative: as long as it takes
 * @clear: start from zero again
 * @values: receives as many values as counters were chosen, in the order of enum npu_counter
 * @jobs: receives how many jobs they are of; or NULL
 * @err: what failed
 *
 * That jobs are still on their way when time runs out is no error.
 *
 * Return: 0 or a negative errno.
 */
int npu_perfmon_read(struct npu_perfmon *perfmon, int64_t timeout_ns, bool clear,
		     uint64_t *values, struct npu_perfmon_jobs *jobs, struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_PERFMON_H */
