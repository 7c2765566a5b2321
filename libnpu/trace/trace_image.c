// SPDX-License-Identifier: MIT
/* What a loaded image calls its parts: programs, operators, memory. */
#include <assert.h>
#include <stdio.h>

#include <npu/job.h>
#include <npu/trace.h>

#include "runtime/objects.h"
#include "trace.h"
#include "tracer.h"

static_assert(NPU_JOB_NAME_LEN == NPU_TRACE_NAME_LEN, "names go as they are");

static void write_program(struct npu_tracer *t, const struct npu_vm *vm,
			  const struct npu_job_image *image,
			  const struct npu_job_program *from)
{
	struct npu_trace_program p = {
		.va = from->va, .size = from->size, .vm = vm->id,
		.num_tags = image->n_tags,
	};
	struct iovec iov[] = {
		{ 0 }, { &p, sizeof(p) },
		{ image->tags, image->n_tags * sizeof(*image->tags) },
	};

	snprintf(p.name, sizeof(p.name), "%s", from->name);
	tracer_chunk(t, NPU_TRACE_PROGRAM, iov, 3);
}

static void write_segment(struct npu_tracer *t, const struct npu_vm *vm,
			  const struct npu_job_segment *from)
{
	struct npu_trace_segment s = {
		.va = from->va, .size = from->size, .vm = vm->id,
		.readonly = from->readonly,
	};
	struct iovec iov[] = { { 0 }, { &s, sizeof(s) } };

	snprintf(s.name, sizeof(s.name), "%s", from->name);
	tracer_chunk(t, NPU_TRACE_SEGMENT, iov, 2);
}

void npu_trace_image(const struct npu_vm *vm, const struct npu_job_image *image)
{
	struct npu_tracer *t = vm->device->tracer;

	if (!t)
		return;
	for (uint32_t i = 0; i < image->n_segments; i++)
		write_segment(t, vm, &image->segments[i]);
	for (uint32_t i = 0; i < image->n_programs; i++)
		if (image->programs[i].place == NPU_JOB_ON_DEVICE)
			write_program(t, vm, image, &image->programs[i]);
}
