// SPDX-License-Identifier: MIT
#include <hw/npu_isa.h>
#include <hw/npu_regs.h>

#include <npu/compile.h>

void npu_target_default(struct npu_target *target)
{
	*target = (struct npu_target){
		.cores = 2,
		.sram_size = 1 << 20,
		.features = NPU_FEAT_MAT_I8 | NPU_FEAT_MAT_I4 | NPU_FEAT_MAT_C4 |
			    NPU_FEAT_MAT_F16 | NPU_FEAT_MAT_BF16 | NPU_FEAT_GROUP_SCALE |
			    NPU_FEAT_ZERO_POINT | NPU_FEAT_SCALE_DQ8 | NPU_FEAT_STREAM |
			    NPU_FEAT_GATHER | NPU_FEAT_TOPK | NPU_FEAT_TRANSPOSE |
			    NPU_FEAT_YIELD,
		.work_max = 30,
		.program_max = 4 << 20,
		.va_start = NPU_HUGE_SIZE,
		.va_end = 1ull << NPU_VA_BITS,
	};
}

void npu_target_of(const struct npu_device_info *info, struct npu_target *target)
{
	*target = (struct npu_target){
		.cores = info->cores,
		.sram_size = info->sram_size,
		.features = info->features,
		.work_max = info->work_max,
		.program_max = info->program_max,
		.va_start = info->va_start,
		.va_end = info->va_end,
	};
}
