// SPDX-License-Identifier: MIT
/* Names of counters and features. */
#include <stddef.h>

#include <npu/disasm.h>

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"

static const char *const counters[NPU_CNT_COUNT] = {
	[NPU_CNT_CYCLES] = "cycles",
	[NPU_CNT_INSNS] = "insns",
	[NPU_CNT_CP_BUSY] = "cp_busy",
	[NPU_CNT_LD_BUSY] = "ld_busy",
	[NPU_CNT_ST_BUSY] = "st_busy",
	[NPU_CNT_MAT_BUSY] = "mat_busy",
	[NPU_CNT_VEC_BUSY] = "vec_busy",
	[NPU_CNT_LD_STALL] = "ld_stall",
	[NPU_CNT_ST_STALL] = "st_stall",
	[NPU_CNT_MAT_STALL] = "mat_stall",
	[NPU_CNT_VEC_STALL] = "vec_stall",
	[NPU_CNT_MEM_READ] = "mem_read",
	[NPU_CNT_MEM_WRITE] = "mem_write",
	[NPU_CNT_STREAM_READ] = "stream_read",
	[NPU_CNT_SRAM_READ] = "sram_read",
	[NPU_CNT_SRAM_WRITE] = "sram_write",
	[NPU_CNT_MACS_I8] = "macs_i8",
	[NPU_CNT_MACS_I4] = "macs_i4",
	[NPU_CNT_MACS_F16] = "macs_f16",
	[NPU_CNT_VEC_OPS] = "vec_ops",
	[NPU_CNT_ENERGY_PJ] = "energy_pj",
	[NPU_CNT_JOBS] = "jobs",
	[NPU_CNT_MEM_STALL] = "mem_stall",
	[NPU_CNT_SRAM_STALL] = "sram_stall",
	[NPU_CNT_QUEUE_CYCLES] = "queue_cycles",
};

const char *npu_counter_name(uint32_t counter)
{
	return counter < NPU_CNT_COUNT ? counters[counter] : NULL;
}

const char *npu_energy_name(uint32_t part)
{
	static const char *const parts[NPU_ENERGY_PARTS] = {
		[NPU_ENERGY_CP] = "cp", [NPU_ENERGY_LD] = "ld",
		[NPU_ENERGY_ST] = "st", [NPU_ENERGY_MAT] = "mat",
		[NPU_ENERGY_VEC] = "vec", [NPU_ENERGY_STATIC] = "static",
	};

	return part < NPU_ENERGY_PARTS ? parts[part] : NULL;
}

static const struct {
	uint64_t feature;
	const char *name;
} features[] = {
	{ NPU_FEAT_MAT_I8, "MAT_I8" },
	{ NPU_FEAT_MAT_I4, "MAT_I4" },
	{ NPU_FEAT_MAT_C4, "MAT_C4" },
	{ NPU_FEAT_MAT_F16, "MAT_F16" },
	{ NPU_FEAT_MAT_BF16, "MAT_BF16" },
	{ NPU_FEAT_GROUP_SCALE, "GROUP_SCALE" },
	{ NPU_FEAT_ZERO_POINT, "ZERO_POINT" },
	{ NPU_FEAT_SCALE_DQ8, "SCALE_DQ8" },
	{ NPU_FEAT_STREAM, "STREAM" },
	{ NPU_FEAT_GATHER, "GATHER" },
	{ NPU_FEAT_TOPK, "TOPK" },
	{ NPU_FEAT_TRANSPOSE, "TRANSPOSE" },
	{ NPU_FEAT_YIELD, "YIELD" },
};

const char *npu_feature_name(uint32_t bit)
{
	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++)
		if (bit < 64 && features[i].feature == 1ull << bit)
			return features[i].name;
	return NULL;
}
