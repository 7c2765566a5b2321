/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of libnpu on a real device share: a machine, and programs for it. */
#ifndef LIB_MACHINE_H
#define LIB_MACHINE_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <npu/npu.h>
#include <npu/program.h>

#include "hw/npu_regs.h"

#define LIB_SECOND	1000000000ll
#define LIB_PATIENCE	(60 * LIB_SECOND)
#define LIB_DATA	(1u << 20)	/* bytes of data; programs follow */
#define LIB_CODE	(1u << 20)

/**
 * struct lib_machine - an address space with one buffer, and a queue
 * @va: of the buffer: first data, then programs
 * @data: the same for the CPU
 * @code: bytes of programs so far
 */
struct lib_machine {
	struct npu_device *device;
	struct npu_vm *vm;
	struct npu_buffer *buffer;
	struct npu_queue *queue;
	uint64_t va;
	unsigned char *data;
	uint32_t code;
	struct npu_error err;
};

static inline int lib_open(struct lib_machine *m)
{
	int ret;

	memset(m, 0, sizeof(*m));
	ret = npu_device_open(NULL, &m->device, &m->err);
	if (!ret)
		ret = npu_vm_create(m->device, &m->vm, &m->err);
	if (!ret)
		ret = npu_buffer_create(m->device, m->vm, LIB_DATA + LIB_CODE, &m->buffer, &m->err);
	if (!ret)
		ret = npu_vm_map(m->vm, m->buffer, 0, &m->va, &m->err);
	if (!ret)
		ret = npu_queue_create(m->vm, NULL, &m->queue, &m->err);
	if (ret)
		fprintf(stderr, "# %s\n", m->err.message);
	else
		m->data = npu_buffer_data(m->buffer);
	return ret;
}

static inline void lib_close(struct lib_machine *m)
{
	npu_queue_destroy(m->queue);
	npu_buffer_destroy(m->buffer);
	npu_vm_destroy(m->vm);
	npu_device_close(m->device);
}

static inline struct npu_builder *lib_begin(uint32_t num_args)
{
	struct npu_builder *builder = NULL;

	npu_builder_create(num_args, 65536, &builder, NULL);
	return builder;
}

/* Ends a program, puts it behind the others and makes a job of it. */
static inline struct npu_queue_job lib_end(struct lib_machine *m, struct npu_builder *builder,
					   const uint64_t *args, uint32_t num_args)
{
	struct npu_queue_job job = { .cores = 1, .args = args, .num_args = num_args };
	void *code = NULL;

	if (npu_builder_finish(builder, &code, &job.program_size, &m->err)) {
		fprintf(stderr, "# %s\n", m->err.message);
		abort();
	}
	memcpy(m->data + LIB_DATA + m->code, code, job.program_size);
	job.program = m->va + LIB_DATA + m->code;
	m->code += job.program_size;
	npu_builder_destroy(builder);
	free(code);
	return job;
}

/* Memory at argument 0 to memory at argument 1, @size bytes. */
static inline struct npu_queue_job lib_copy(struct lib_machine *m, uint32_t size,
					    const uint64_t args[2])
{
	struct npu_builder *b = lib_begin(2);
	uint32_t sram = npu_builder_sram(b, "copy", size);
	struct npu_insn_dma in = { .sram = npu_at(0, sram), .mem = npu_at(NPU_R_ARG(0), 0),
				   .row = npu_imm(size) };
	struct npu_insn_dma out = in;

	out.mem.reg = NPU_R_ARG(1);
	npu_build_load(b, &in, npu_order(0, NPU_TOKEN(0)));
	npu_build_store(b, &out, npu_order(NPU_TOKEN(0), 0));
	return lib_end(m, b, args, 2);
}

/* Does nothing, args[0] times 2^20 instructions. */
static inline struct npu_queue_job lib_spin(struct lib_machine *m, const uint64_t *args)
{
	struct npu_builder *b = lib_begin(1);

	npu_build_loop(b, 8, 0, npu_reg(NPU_R_ARG(0)), npu_imm(1));
	npu_build_loop(b, 9, 0, npu_imm(1 << 20), npu_imm(1));
	npu_build_nop(b, NPU_ENGINE_CP, npu_order(0, 0));
	npu_build_endloop(b);
	npu_build_endloop(b);
	return lib_end(m, b, args, 1);
}

/* Submits jobs and waits for them. */
static inline int lib_run(struct lib_machine *m, const struct npu_queue_job *jobs, uint32_t n)
{
	struct npu_fence *fence;
	int ret = npu_queue_submit(m->queue, jobs, n, &fence, &m->err);

	if (ret)
		return ret;
	ret = npu_fence_wait(fence, LIB_PATIENCE, &m->err);
	npu_fence_destroy(fence);
	return ret;
}

#endif /* LIB_MACHINE_H */
