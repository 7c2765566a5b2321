/* SPDX-License-Identifier: MIT */
/* A job image, loaded into an address space of a device. */
#ifndef NPU_INSTANCE_H
#define NPU_INSTANCE_H

#include <stdint.h>

#include <npu/device.h>
#include <npu/error.h>
#include <npu/job.h>
#include <npu/queue.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_STATS_COUNTERS 31
#define NPU_STATS_ENERGIES 6

struct npu_fence;
struct npu_instance;

/**
 * struct npu_job_stats - what a run cost
 * @wall_ns: time from before the submit to behind the wait
 * @cores: cores that it ran on
 * @clock_khz: clock of the cores
 * @cycles: device cycles, as the device's model counts them
 * @queue_cycles: cycles besides, from the doorbell to the interrupt
 * @model_seconds: both at @clock_khz: time that the modelled device needs
 * @counters: all counters, in the order of enum npu_counter (npu_regs.h)
 * @energy_pj: energy by where it went, in the order of enum npu_energy_part;
 *	the sum is that of @counters
 * @cpu_parts: parts of the run that the CPU executed
 * @cpu_ns: time that they took; cycles and counters are the device's alone
 *
 * Of a run in several parts on the device cycles and counters are sums.
 */
struct npu_job_stats {
	uint64_t wall_ns;
	uint32_t cores;
	uint32_t clock_khz;
	uint64_t cycles, queue_cycles;
	double model_seconds;
	uint64_t counters[NPU_STATS_COUNTERS];
	uint64_t energy_pj[NPU_STATS_ENERGIES];
	uint32_t cpu_parts;
	uint64_t cpu_ns;
};

/**
 * npu_job_load() - load an image
 * @device: device
 * @image: image; may be freed when the function has returned
 * @options: of its queue; NULL: the default
 * @instance: receives the instance; give it back with npu_job_unload()
 * @err: what failed
 *
 * Makes an address space, a buffer for each segment with its initial contents,
 * and a queue. The data of an image that was read from a file goes from the
 * file straight into the buffers.
 *
 * Return: 0 or a negative errno.
 */
int npu_job_load(struct npu_device *device, const struct npu_job_image *image,
		 const struct npu_queue_options *options,
		 struct npu_instance **instance, struct npu_error *err);

/**
 * npu_job_unload() - give an instance back
 * @instance: instance, or NULL; fences of it may live on
 */
void npu_job_unload(struct npu_instance *instance);

/**
 * npu_job_tensor() - find a tensor
 * @instance: instance
 * @name: name in the image
 * @tensor: receives its description, which belongs to the instance; or NULL
 *
 * Return: its memory, for reading and writing while no job uses it, or NULL if
 * there is no tensor of that name.
 */
void *npu_job_tensor(const struct npu_instance *instance, const char *name,
		     const struct npu_job_tensor **tensor);

/**
 * npu_job_program() - find a program
 * @instance: instance
 * @name: name in the image; NULL: the first
 * @err: says which there are
 *
 * Return: index of the program, or -ENOENT.
 */
int npu_job_program(const struct npu_instance *instance, const char *name,
		    struct npu_error *err);

/**
 * npu_job_submit() - start a program
 * @instance: instance
 * @program: its index; 0 is the default program
 * @args: all of its arguments; NULL: the image's values
 * @fence: receives the fence; give it back with npu_fence_destroy()
 * @err: what failed
 *
 * Runs of one instance happen in the order in which they were submitted.
 *
 * Return: 0; -ENOTSUP for a program with parts on the CPU, which only
 * npu_job_run() runs; or another negative errno.
 */
int npu_job_submit(struct npu_instance *instance, uint32_t program,
		   const uint64_t *args, struct npu_fence **fence,
		   struct npu_error *err);

/**
 * npu_job_wait() - wait for a run, without limit
 * @instance: instance
 * @fence: what npu_job_submit() gave
 * @stats: receives what it cost, but for @wall_ns; or NULL
 * @err: which instruction failed and why, with the name of its tag
 *
 * Return: as npu_fence_wait().
 */
int npu_job_wait(struct npu_instance *instance, struct npu_fence *fence,
		 struct npu_job_stats *stats, struct npu_error *err);

/**
 * npu_job_run() - run a program, all parts of it, and wait for its end
 * @instance: instance
 * @program: its index; 0 is the default program
 * @args: all of its arguments; NULL: the image's values
 * @stats: receives what it cost; or NULL
 * @err: what failed
 *
 * Return: as npu_fence_wait().
 */
int npu_job_run(struct npu_instance *instance, uint32_t program,
		const uint64_t *args, struct npu_job_stats *stats,
		struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_INSTANCE_H */
