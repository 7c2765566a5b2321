/* SPDX-License-Identifier: MIT */
/* What machine is modelled: sizes, rates and energies. */
#ifndef NPU_CORE_PROFILE_H
#define NPU_CORE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/npu_regs.h"

#define NPU_PROFILE_TEXT_LEN	96

/**
 * struct npu_profile - one machine
 * @name: its name, NUL padded
 * @description: one line, NUL terminated
 * @cores: cores
 * @sram_size: bytes of SRAM of a core
 * @clock_khz: device clock
 * @mem_mbps: memory bandwidth, 10^6 bytes/s, shared evenly by the cores
 * @mem_latency: cycles from a request to its first byte
 * @mem_burst: bytes that memory gives or takes at a time, a power of two
 * @sram_banks: banks of a core's SRAM, each a word in a cycle
 * @sram_bank_bytes: bytes of such a word
 * @mem_size: bytes of memory
 * @queue_cycles: cycles from a doorbell until the descriptor is asked for
 * @irq_cycles: cycles from a completion in memory until the CPU has its interrupt
 * @array_cols: columns of C that the matrix engine computes at a time
 * @macs_i8: multiply-accumulates of a core in a cycle, INT8 weights
 * @macs_i4: the same, 4-bit weights
 * @macs_f16: the same, 16-bit weights
 * @vec_lanes: binary32 lanes of the vector engine
 * @fj_mac_i8: energy of a multiply-accumulate in femtojoule, by weight
 * @fj_mac_i4: the same
 * @fj_mac_f16: the same
 * @fj_vec_op: energy of a vector element and pass
 * @fj_sram_byte: energy of a byte read from or written to SRAM
 * @fj_mem_byte: energy of a byte read from or written to memory
 * @fj_cycle: static energy of a core in a cycle
 * @idle_mw: power of the whole machine without work
 * @max_mw: most power that it may draw
 */
struct npu_profile {
	char name[NPU_PROFILE_NAME_LEN];
	char description[NPU_PROFILE_TEXT_LEN];
	uint32_t cores, sram_size, clock_khz;
	uint64_t mem_mbps, mem_size;
	uint32_t mem_latency, mem_burst, sram_banks, sram_bank_bytes;
	uint32_t queue_cycles, irq_cycles;
	uint32_t array_cols;
	uint32_t macs_i8, macs_i4, macs_f16, vec_lanes;
	uint32_t fj_mac_i8, fj_mac_i4, fj_mac_f16, fj_vec_op;
	uint32_t fj_sram_byte, fj_mem_byte, fj_cycle;
	uint32_t idle_mw, max_mw;
};

/**
 * npu_profile_load() - find or read a machine
 * @name: name of one that is built in, or of a file if there is a '/' in it or
 *	it ends in ".profile"; NULL for the default
 * @profile: receives it
 * @error: receives one line on failure
 * @error_len: bytes at @error
 *
 * Return: whether there is such a machine, and it is sound.
 */
bool npu_profile_load(const char *name, struct npu_profile *profile, char *error,
		      size_t error_len);

struct npu_core_config;

/* core.c: the machine of a configuration, with the properties that change it. */
bool npu_core_profile(const struct npu_core_config *config,
		      struct npu_profile *profile, char *error, size_t error_len);

/** npu_profile_builtin() - name of the @i-th that is built in, or NULL */
const char *npu_profile_builtin(size_t i);

/**
 * npu_profile_parse() - read a machine from text
 * @where: name of the file, for errors
 * @text: KEY = VALUE lines
 * @profile: receives it, but for its name
 * @error: receives one line on failure, with the number of the line
 * @error_len: bytes at @error
 *
 * Return: whether it is sound.
 */
bool npu_profile_parse(const char *where, const char *text,
		       struct npu_profile *profile, char *error,
		       size_t error_len);

#endif /* NPU_CORE_PROFILE_H */
