/* SPDX-License-Identifier: MIT */
/* Opening an NPU, and asking what it is and what it does. */
#ifndef NPU_DEVICE_H
#define NPU_DEVICE_H

#include <stdint.h>

#include <npu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_DEVICE_PROFILE_LEN 25
#define NPU_DEVICE_VERSION_LEN 32

struct npu_device;

/**
 * struct npu_device_info - facts that do not change while the device is open
 * @driver_version: of the kernel driver, "major.minor.patch"
 * @profile: name of the machine's profile
 * @regs_version: of the register interface, major << 16 | minor (as the next two)
 * @isa_version: of the instruction set
 * @model_version: of the device's implementation
 * @cores: number of cores
 * @queues: number of hardware queues
 * @sram_size: bytes of SRAM of a core
 * @clock_khz: clock of the cores
 * @features: NPU_FEAT_* (npu_isa.h)
 * @page_sizes: bit n set: pages of 2^n bytes can be mapped
 * @mem_mbps: memory bandwidth, 10^6 bytes a second
 * @macs_i8: INT8 multiply-accumulates of a core in a cycle
 * @macs_i4: INT4
 * @macs_f16: 16-bit floating point
 * @vec_lanes: fp32 lanes of a core's vector engine
 * @program_max: largest program in bytes
 * @work_max: log2 of the most work of one instruction
 * @budget_max: largest budget of a core in a job
 * @va_start: first address that can be mapped
 * @va_end: first address behind those
 * @max_args: most scalar arguments of a job
 * @timeout_default_ms: of queues that ask for none
 * @timeout_max_ms: longest that a queue may ask for
 */
struct npu_device_info {
	char driver_version[NPU_DEVICE_VERSION_LEN];
	char profile[NPU_DEVICE_PROFILE_LEN];
	uint32_t regs_version;
	uint32_t isa_version;
	uint32_t model_version;
	uint32_t cores;
	uint32_t queues;
	uint32_t sram_size;
	uint32_t clock_khz;
	uint64_t features;
	uint64_t page_sizes;
	uint32_t mem_mbps;
	uint32_t macs_i8;
	uint32_t macs_i4;
	uint32_t macs_f16;
	uint32_t vec_lanes;
	uint32_t program_max;
	uint32_t work_max;
	uint64_t budget_max;
	uint64_t va_start;
	uint64_t va_end;
	uint32_t max_args;
	uint32_t timeout_default_ms;
	uint32_t timeout_max_ms;
};

/**
 * struct npu_device_usage - what all processes together do with the device now
 * @buffer_bytes: bytes of all buffers
 * @buffers: number of buffers
 * @page_table_bytes: bytes of all page tables
 * @contexts: open queues
 * @vms: open address spaces
 * @jobs_done: jobs that ended well since the driver was loaded
 * @jobs_failed: jobs that did not
 * @resets: resets of the device after errors
 */
struct npu_device_usage {
	uint64_t buffer_bytes;
	uint64_t buffers;
	uint64_t page_table_bytes;
	uint32_t contexts;
	uint32_t vms;
	uint64_t jobs_done;
	uint64_t jobs_failed;
	uint32_t resets;
};

/**
 * npu_device_open() - open an NPU
 * @path: node, such as /dev/accel/accel0; or "sim" (or "sim:PROFILE", or
 *	"sim:PROFILE,PROPERTY=VALUE,..."), a machine in the process, without
 *	driver and virtual machine, a new one for each open. NULL: what the
 *	environment variable NPU_DEVICE says, else the first node whose driver
 *	is "npu"
 * @device: receives the device; give it back with npu_device_close()
 * @err: what failed and what to do about it
 *
 * Results and cycles of a machine in the process are those of the device with
 * the same profile.
 *
 * Return: 0; -ENOENT without a node; -ENODEV if no node, or not that one, is
 * an NPU; -EINVAL for a machine in the process that cannot be built; -EACCES
 * without permission; -EPROTO if driver, device and library speak different
 * versions; or another negative errno.
 */
int npu_device_open(const char *path, struct npu_device **device,
		    struct npu_error *err);

/**
 * npu_device_open_several() - open so many NPUs
 * @path: a name of a machine in the process, of which each is then one; a node, if
 *	@n is 1; NULL: as for npu_device_open(), and without a name the first nodes
 *	whose driver is "npu"
 * @n: number of devices, not zero
 * @devices: receives them; give each back with npu_device_close()
 * @err: what failed and what to do about it
 *
 * Return: as npu_device_open(); -ENODEV if there are fewer. Then none is open.
 */
int npu_device_open_several(const char *path, uint32_t n, struct npu_device **devices,
			    struct npu_error *err);

/**
 * npu_device_close() - give a device back
 * @device: device, or NULL
 *
 * The node stays open as long as buffers, address spaces, queues or fences of
 * it exist.
 */
void npu_device_close(struct npu_device *device);

/** npu_device_info() - facts about a device, valid until it is closed */
const struct npu_device_info *npu_device_info(const struct npu_device *device);

/** npu_device_path() - the node that was opened */
const char *npu_device_path(const struct npu_device *device);

/** npu_device_fd() - its file descriptor, which belongs to the device; -1: it has none */
int npu_device_fd(const struct npu_device *device);

/**
 * npu_device_usage() - ask for the state of the device
 * @device: device
 * @usage: receives it
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_device_usage(struct npu_device *device, struct npu_device_usage *usage,
		     struct npu_error *err);

#define NPU_DEVICE_ENERGIES 6

/**
 * npu_device_energy() - ask for the energy of all jobs, by where it went
 * @device: device
 * @pj: receives picojoules in the order of enum npu_energy_part (npu_regs.h)
 * @err: what failed
 *
 * Return: 0; -EACCES without CAP_PERFMON, as it tells of others; -EINVAL from a
 * driver before 1.4; or another negative errno.
 */
int npu_device_energy(struct npu_device *device, uint64_t pj[NPU_DEVICE_ENERGIES],
		      struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_DEVICE_H */
