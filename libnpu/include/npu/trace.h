/* SPDX-License-Identifier: MIT */
/*
 * Files of traces: what a process did with its devices, as npu-trace(1) reads it.
 *
 * With NPU_TRACE naming a folder, the library writes there one file for each
 * device that the process opens, PID-N.nputrace: chunks one after the other as
 * things happen, so that the file of a process that died is good up to there.
 * Numbers are little endian. A reader passes over chunks that it does not know.
 */
#ifndef NPU_TRACE_H
#define NPU_TRACE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_TRACE_MAGIC		0x3145434152545550ull	/* "PUTRACE1" */
#define NPU_TRACE_NAME_LEN	64

/**
 * enum npu_trace_chunk_type - what a chunk holds
 * @NPU_TRACE_DEVICE: struct npu_trace_device; the first of a file
 * @NPU_TRACE_PROGRAM: struct npu_trace_program, then its tags' names
 * @NPU_TRACE_SEGMENT: struct npu_trace_segment
 * @NPU_TRACE_MAP: struct npu_trace_map
 * @NPU_TRACE_JOB: struct npu_trace_job, struct npu_completion, then @parts
 *	times struct npu_trace_header with its records (npu_regs.h)
 * @NPU_TRACE_END: struct npu_trace_end; the last of a file that was closed
 */
enum npu_trace_chunk_type {
	NPU_TRACE_DEVICE = 1,
	NPU_TRACE_PROGRAM,
	NPU_TRACE_SEGMENT,
	NPU_TRACE_MAP,
	NPU_TRACE_JOB,
	NPU_TRACE_END,
};

/**
 * struct npu_trace_chunk - what stands before each chunk
 * @type: enum npu_trace_chunk_type
 * @reserved: zero
 * @size: bytes that follow
 */
struct npu_trace_chunk {
	uint32_t type;
	uint32_t reserved;
	uint64_t size;
};

/**
 * struct npu_trace_device - the device, as struct npu_device_info has it
 * @magic: NPU_TRACE_MAGIC
 * @time_ns: CLOCK_MONOTONIC when it was opened
 * @mem_mbps: memory bandwidth, 10^6 bytes/s
 * @sram_size: bytes of SRAM of a core
 * @cores: cores
 * @clock_khz: clock of the cores
 * @macs_i8: MACs of a core in a cycle, by type
 * @macs_i4: of 4-bit weights
 * @macs_f16: of 16-bit types
 * @vec_lanes: lanes of the vector engine
 * @pid: process
 * @reserved: zero
 * @path: name that the device was opened by
 * @profile: its machine
 * @command: the process's command
 */
struct npu_trace_device {
	uint64_t magic;
	uint64_t time_ns;
	uint64_t mem_mbps;
	uint32_t sram_size, cores, clock_khz;
	uint32_t macs_i8, macs_i4, macs_f16, vec_lanes;
	uint32_t pid;
	uint32_t reserved[2];
	char path[NPU_TRACE_NAME_LEN];
	char profile[NPU_TRACE_NAME_LEN];
	char command[NPU_TRACE_NAME_LEN];
};

/**
 * struct npu_trace_program - a program was loaded
 * @va: its address
 * @size: bytes
 * @vm: address space
 * @num_tags: names that follow, of NPU_TRACE_NAME_LEN bytes each
 * @name: its name
 */
struct npu_trace_program {
	uint64_t va, size;
	uint32_t vm, num_tags;
	char name[NPU_TRACE_NAME_LEN];
};

/**
 * struct npu_trace_segment - what addresses are for
 * @va: first address
 * @size: bytes
 * @vm: address space
 * @readonly: the device may not write
 * @name: name
 */
struct npu_trace_segment {
	uint64_t va, size;
	uint32_t vm, readonly;
	char name[NPU_TRACE_NAME_LEN];
};

/**
 * struct npu_trace_map - an address space changed
 * @time_ns: CLOCK_MONOTONIC
 * @va: first address
 * @size: bytes
 * @vm: address space
 * @mapped: 1: mapped, 0: no longer
 * @handle: buffer, while mapped
 * @readonly: the device may not write
 */
struct npu_trace_map {
	uint64_t time_ns, va, size;
	uint32_t vm, mapped, handle, readonly;
};

/**
 * struct npu_trace_job - a job
 * @submit_ns: CLOCK_MONOTONIC before it was given to the driver
 * @accepted_ns: when the driver had taken it
 * @ended_ns: when the library saw its end
 * @seqno: its number in the context
 * @program: address of its program
 * @vm: address space
 * @context: the driver's context
 * @parts: of the trace that follow the completion, one a core; 0: none
 * @has_completion: whether the completion is valid; else it is zero
 * @untraced: 1 if it had no trace for want of memory, or beyond the limit
 * @reserved: zero
 */
struct npu_trace_job {
	uint64_t submit_ns, accepted_ns, ended_ns;
	uint64_t seqno, program;
	uint32_t vm, context;
	uint32_t parts, has_completion, untraced;
	uint32_t reserved;
};

/**
 * struct npu_trace_end - the device was closed
 * @time_ns: CLOCK_MONOTONIC
 * @jobs: jobs of this file
 * @untraced: those of them without a trace
 */
struct npu_trace_end {
	uint64_t time_ns, jobs, untraced;
};

#ifdef __cplusplus
}
#endif

#endif /* NPU_TRACE_H */
