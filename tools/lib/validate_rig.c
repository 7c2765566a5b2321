// SPDX-License-Identifier: MIT
/* Memory, queue and programs of the self-test. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_regs.h>

#include "validate_rig.h"

int rig_open(struct validate *v, struct rig *rig, uint64_t size, uint32_t timeout_ms)
{
	const struct npu_queue_options options = { .timeout_ms = timeout_ms };
	int ret;

	memset(rig, 0, sizeof(*rig));
	ret = npu_vm_create(v->device, &rig->vm, &v->err);
	if (!ret)
		ret = npu_buffer_create(v->device, rig->vm, RIG_CODE + size, &rig->buffer,
					&v->err);
	if (!ret)
		ret = npu_vm_map(rig->vm, rig->buffer, 0, &rig->va, &v->err);
	if (!ret)
		ret = npu_queue_create(rig->vm, &options, &rig->queue, &v->err);
	if (ret)
		return ret;
	rig->data = (unsigned char *)npu_buffer_data(rig->buffer) + RIG_CODE;
	rig->data_va = rig->va + RIG_CODE;
	return 0;
}

void rig_close(struct rig *rig)
{
	npu_queue_destroy(rig->queue);
	npu_buffer_destroy(rig->buffer);
	npu_vm_destroy(rig->vm);
}

struct npu_builder *rig_begin(struct validate *v, uint32_t num_args)
{
	struct npu_builder *builder = NULL;

	npu_builder_create(num_args, npu_device_info(v->device)->sram_size, &builder, &v->err);
	return builder;
}

int rig_end(struct validate *v, struct rig *rig, struct npu_builder *builder,
	    struct npu_queue_job *job)
{
	void *code = NULL;
	int ret;

	if (!builder)
		return v->err.code;
	ret = npu_builder_finish(builder, &code, &job->program_size, &v->err);
	npu_builder_destroy(builder);
	if (!ret && job->program_size > RIG_CODE)
		ret = npu_error_set(&v->err, -ENOSPC, "the program has %u bytes, more than %u",
				    job->program_size, RIG_CODE);
	if (!ret) {
		memcpy(npu_buffer_data(rig->buffer), code, job->program_size);
		job->program = rig->va;
	}
	free(code);
	return ret;
}

int rig_run(struct validate *v, struct rig *rig, const struct npu_queue_job *job,
	    struct npu_completion *completion)
{
	const struct npu_completion *record;
	struct npu_fence *fence;
	int ret = npu_queue_submit(rig->queue, job, 1, &fence, &v->err);

	if (completion)
		memset(completion, 0, sizeof(*completion));
	if (ret)
		return ret;
	ret = npu_fence_wait(fence, RIG_PATIENCE, &v->err);
	record = ret == -ETIME ? NULL : npu_fence_completion(fence, 0);
	if (completion && record)
		*completion = *record;
	npu_fence_destroy(fence);
	return ret;
}

int rig_copy(struct validate *v, struct rig *rig, uint32_t size, struct npu_queue_job *job)
{
	enum { FROM = 8, TO = 9 };
	struct npu_builder *b = rig_begin(v, 2);
	struct npu_affine from = {
		.base = NPU_R_ARG(0), .term[0] = { npu_reg(NPU_R_CORE), npu_imm(size) },
	};
	struct npu_affine to = from;
	struct npu_insn_dma dma = { .row = npu_imm(size) };

	if (!b)
		return v->err.code;
	to.base = NPU_R_ARG(1);
	npu_build_lea(b, FROM, &from);
	npu_build_lea(b, TO, &to);
	dma.sram = npu_at(NPU_R_ZERO, npu_builder_sram(b, "copy", size));
	dma.mem = npu_at(FROM, 0);
	npu_build_load(b, &dma, npu_order(0, NPU_TOKEN(0)));
	dma.mem = npu_at(TO, 0);
	npu_build_store(b, &dma, npu_order(NPU_TOKEN(0), 0));
	job->num_args = 2;
	return rig_end(v, rig, b, job);
}

void rig_fill(unsigned char *data, uint64_t size, uint32_t seed)
{
	for (uint64_t i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = seed >> 24;
	}
}
