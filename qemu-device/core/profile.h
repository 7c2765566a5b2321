/* SPDX-License-Identifier: MIT */
/* What machine is modelled: sizes, rates and energies. */
#ifndef NPU_CORE_PROFILE_H
#define NPU_CORE_PROFILE_H

#include <stdint.h>

#include "hw/npu_regs.h"

/**
 * struct npu_profile - one machine
 * @name: its name, NUL padded
 * @cores: cores
 * @sram_size: bytes of SRAM of a core
 * @clock_khz: device clock
 * @mem_mbps: memory bandwidth, 10^6 bytes/s, shared evenly by the cores
 * @mem_latency: cycles from a request to its first byte
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
 */
struct npu_profile {
	char name[NPU_PROFILE_NAME_LEN];
	uint32_t cores, sram_size, clock_khz;
	uint32_t mem_mbps, mem_latency;
	uint32_t macs_i8, macs_i4, macs_f16, vec_lanes;
	uint32_t fj_mac_i8, fj_mac_i4, fj_mac_f16, fj_vec_op;
	uint32_t fj_sram_byte, fj_mem_byte, fj_cycle;
};

/**
 * npu_profile_find() - look a machine up
 * @name: its name, or NULL for the default
 *
 * Return: the profile, or NULL if there is none of that name.
 */
const struct npu_profile *npu_profile_find(const char *name);

#endif /* NPU_CORE_PROFILE_H */
