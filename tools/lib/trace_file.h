/* SPDX-License-Identifier: MIT */
/* Reading files of traces (npu/trace.h): all but records is held in memory. */
#ifndef NPU_TOOLS_TRACE_FILE_H
#define NPU_TOOLS_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <hw/npu_isa.h>
#include <hw/npu_regs.h>
#include <npu/trace.h>

/**
 * struct trace_program - a program and the names of its operators
 * @is: its description
 * @tags: names
 * @first_op: number of its first operator, of all programs'
 */
struct trace_program {
	struct npu_trace_program is;
	char (*tags)[NPU_TRACE_NAME_LEN];
	uint32_t first_op;
};

/**
 * struct trace_job - a job
 * @is: its description
 * @done: its completion
 * @at: where its parts are in the file
 * @size: bytes of them
 * @program: index of its program, or -1
 * @base_ns: CLOCK_MONOTONIC that its cycle 0 is put at
 * @shift_ns: by which that is later than the device's clock said
 */
struct trace_job {
	struct npu_trace_job is;
	struct npu_completion done;
	uint64_t at, size;
	int program;
	double base_ns, shift_ns;
};

/**
 * struct trace_device - what one file tells
 * @file: the file
 * @path: its name
 * @is: the device
 * @programs: @num_programs
 * @segments: @num_segments
 * @maps: @num_maps
 * @jobs: @num_jobs, in the order of their ends
 * @untraced: jobs without records
 * @complete: the device was closed in good order
 * @clock_error_ns: by which the device's clock may be wrong, either way
 */
struct trace_device {
	FILE *file;
	char *path;
	struct npu_trace_device is;
	struct trace_program *programs;
	struct npu_trace_segment *segments;
	struct npu_trace_map *maps;
	struct trace_job *jobs;
	size_t num_programs, num_segments, num_maps, num_jobs;
	size_t room_programs, room_segments, room_maps, room_jobs;
	uint64_t untraced;
	bool complete;
	double clock_error_ns;
};

/**
 * struct trace - all devices of all processes
 * @devices: @num_devices
 * @num_ops: operators of all programs
 */
struct trace {
	struct trace_device *devices;
	size_t num_devices, room_devices;
	uint32_t num_ops;
};

/**
 * trace_read() - read all files of a folder
 * @trace: receives what is in them; empty at first
 * @dir: folder
 *
 * What is cut short or damaged is read up to there, and said on standard error.
 *
 * Return: 0, or a negative errno.
 */
int trace_read(struct trace *trace, const char *dir);

/** trace_free() - close the files and free all */
void trace_free(struct trace *trace);

/**
 * trace_records() - go through the records of a job
 * @device: device
 * @job: one of its jobs
 * @part: called for each core that has records, before them; or NULL
 * @record: called for each record, with its number in the core
 * @end: called behind those of a core; or NULL
 * @opaque: passed to them
 *
 * Return: whether all could be read.
 */
bool trace_records(struct trace_device *device, const struct trace_job *job,
		   void (*part)(void *opaque, const struct npu_trace_header *header),
		   void (*record)(void *opaque, uint32_t number,
				  const struct npu_trace_record *record),
		   void (*end)(void *opaque), void *opaque);

/* Number of the operator of tag @tag in @job, or UINT32_MAX. */
uint32_t trace_op(const struct trace_device *device, const struct trace_job *job,
		  uint32_t tag);
/* Its name, in a program; "?" if it has none. */
const char *trace_tag_name(const struct trace_program *program, uint32_t tag);
/* Nanoseconds of device cycles. */
double trace_ns(const struct trace_device *device, double cycles);

#endif /* NPU_TOOLS_TRACE_FILE_H */
