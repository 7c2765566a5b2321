/* SPDX-License-Identifier: MIT */
/* A self-test of an NPU: from its node to a job behind a reset. */
#ifndef NPU_TOOLS_VALIDATE_H
#define NPU_TOOLS_VALIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/npu.h>

#include "exit_status.h"

#define VALIDATE_DETAIL_LEN NPU_ERROR_LEN

/** enum validate_result - how a check went */
enum validate_result {
	VALIDATE_OK,
	VALIDATE_FAILED,
	VALIDATE_SKIPPED,	/* the detail says what it needs */
};

/**
 * struct validate - state of a self-test
 * @device: NULL unless it could be opened
 * @opened: what npu_device_open() returned
 * @err: its message, later that of the last call that failed
 * @detail: one line for the user: what is so, or what to do
 */
struct validate {
	struct npu_device *device;
	int opened;
	struct npu_error err;
	char detail[VALIDATE_DETAIL_LEN];
};

/** validate_say() - write the line for the user; returns @result */
enum validate_result validate_say(struct validate *v, enum validate_result result,
				  const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** validate_in_process() - whether the device has no node */
static inline bool validate_in_process(const struct validate *v)
{
	return npu_device_fd(v->device) < 0;
}

/**
 * validate_versions() - compare a device's versions with those of this program
 * @info: what driver and device say
 * @in_process: there is no driver
 * @detail: receives the versions, or which two do not fit and what to install
 *
 * Return: VALIDATE_OK or VALIDATE_FAILED.
 */
enum validate_result validate_versions(const struct npu_device_info *info, bool in_process,
				       char detail[VALIDATE_DETAIL_LEN]);

/* The checks, in the order in which they are made. */
enum validate_result validate_memory(struct validate *v);
enum validate_result validate_mmu(struct validate *v);
enum validate_result validate_matrix(struct validate *v);
enum validate_result validate_interrupt(struct validate *v);
enum validate_result validate_timeout(struct validate *v);
enum validate_result validate_reset(struct validate *v);

/**
 * validate_run() - make all checks and tell of each as soon as it is made
 * @path: what npu_device_open() takes
 * @json: write one JSON object instead of lines
 *
 * Return: STATUS_OK, or STATUS_FAILED if a check failed.
 */
enum exit_status validate_run(const char *path, bool json);

#endif /* NPU_TOOLS_VALIDATE_H */
