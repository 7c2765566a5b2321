/* SPDX-License-Identifier: MIT */
/*
 * A device without a kernel: the machine of qemu-device/core, linked into the
 * process, and what a driver does for it.
 *
 * It answers the requests of drm/npu_accel.h as the driver does, so the rest of
 * the runtime cannot tell the two apart. Each open is a machine of its own,
 * with its own memory; the process that has it is trusted with it.
 *
 *	sim_open.c	names, properties, the requests
 *	sim_bus.c	memory, and the machine's way to it
 *	sim_bo.c sim_bo_share.c	buffers
 *	sim_page_table.c sim_mapping.c sim_vm.c	address spaces
 *	sim_context.c sim_submit.c sim_queue.c sim_sync.c	jobs
 *	sim_link.c	timelines of other machines
 *	sim_recovery.c	time limits, resets
 *	sim_table.c	ids
 */
#ifndef NPU_SIM_SIM_H
#define NPU_SIM_SIM_H

#include <stdbool.h>

#include <npu/error.h>

struct npu_device;

/** sim_is_name() - whether a device of this name is a machine in the process */
bool sim_is_name(const char *name);

/**
 * sim_open() - build a machine
 * @device: device whose backend it becomes
 * @name: "sim", "sim:PROFILE" or "sim:PROFILE,PROPERTY=VALUE,..."
 * @err: what is wrong with the name, or could not be had
 *
 * Return: 0 or a negative errno.
 */
int sim_open(struct npu_device *device, const char *name, struct npu_error *err);

#endif /* NPU_SIM_SIM_H */
