/* SPDX-License-Identifier: MIT */
/* Machines that can be modelled: sizes, rates, energies. Documentation/timing.rst. */
#ifndef NPU_PROFILE_H
#define NPU_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include <npu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct npu_profile_facts - one machine
 * @name: its name
 * @description: one line for people
 * @cores: cores
 * @sram_size: bytes of SRAM of a core
 * @clock_khz: clock of the cores
 * @mem_mbps: memory bandwidth, 10^6 bytes/s, divided evenly among the cores
 * @mem_latency: cycles from a request to its first byte
 * @mem_burst: bytes that memory gives or takes at a time
 * @mem_size: bytes of memory, into which a model has to fit
 * @sram_banks: banks of a core's SRAM, each with a word in a cycle
 * @sram_bank_bytes: bytes of such a word
 * @queue_cycles: cycles from a doorbell until the job's descriptor is read
 * @irq_cycles: cycles from a completion until the CPU has its interrupt
 * @array_cols: columns of C that a core's matrix engine computes at a time
 * @macs_i8: INT8 multiply-accumulates of a core in a cycle
 * @macs_i4: 4-bit
 * @macs_f16: 16-bit floating point
 * @vec_lanes: binary32 lanes of a core's vector engine
 * @fj_mac_i8: energy of an INT8 multiply-accumulate, femtojoule
 * @fj_mac_i4: 4-bit
 * @fj_mac_f16: 16-bit
 * @fj_vec_op: of an element and pass of the vector engine
 * @fj_sram_byte: of a byte read from or written to SRAM
 * @fj_mem_byte: of a byte read from or written to memory
 * @idle_mw: power of all of it without work, milliwatt
 * @max_mw: most power that it may draw, milliwatt; nothing enforces it
 */
struct npu_profile_facts {
	char name[24];
	char description[96];
	uint32_t cores;
	uint32_t sram_size;
	uint32_t clock_khz;
	uint64_t mem_mbps;
	uint32_t mem_latency, mem_burst;
	uint64_t mem_size;
	uint32_t sram_banks, sram_bank_bytes;
	uint32_t queue_cycles, irq_cycles;
	uint32_t array_cols;
	uint32_t macs_i8, macs_i4, macs_f16;
	uint32_t vec_lanes;
	uint32_t fj_mac_i8, fj_mac_i4, fj_mac_f16;
	uint32_t fj_vec_op, fj_sram_byte, fj_mem_byte;
	uint32_t idle_mw, max_mw;
};

/** npu_profile_name() - name of the @i-th machine that is built in, or NULL */
const char *npu_profile_name(size_t i);

/**
 * npu_profile_read() - look a machine up
 * @device: name or file as behind "sim:", with properties (which change cores
 *	and SRAM) or without; NULL: "edge"
 * @facts: receives what it is
 * @err: what is wrong with the name, or with which line of the file
 *
 * Return: 0 or -EINVAL.
 */
int npu_profile_read(const char *device, struct npu_profile_facts *facts,
		     struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_PROFILE_H */
