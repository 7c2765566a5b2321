/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine for tests: an address space with memory that the test sees, and a
 * small assembler for programs in it.
 */
#ifndef NPU_PROGRAM_H
#define NPU_PROGRAM_H

#include <stdlib.h>

#include "npu_test.h"

/* Where tests put things. */
#define NPU_TEST_CODE	0x10000000ull
#define NPU_TEST_DATA	0x20000000ull

/**
 * struct npu_area - memory that CPU and NPU share
 */
struct npu_area {
	uint32_t handle;
	uint64_t va;
	uint64_t size;
	uint8_t *cpu;
};

/* Makes memory, maps it at va and into the process. */
static inline int npu_area_create(int fd, uint32_t vm, uint64_t va, uint64_t size,
				  struct npu_area *area)
{
	int ret;

	area->va = va;
	area->size = size;
	ret = npu_bo_create(fd, size, vm, &area->handle);
	if (ret)
		return ret;
	area->cpu = npu_bo_map(fd, area->handle, size);
	if (area->cpu == MAP_FAILED)
		return -errno;
	return npu_vm_map(fd, vm, area->handle, 0, va, size, 0);
}

static inline void npu_area_free(int fd, struct npu_area *area)
{
	if (area->cpu && area->cpu != MAP_FAILED)
		munmap(area->cpu, area->size);
	if (area->handle)
		npu_bo_close(fd, area->handle);
	memset(area, 0, sizeof(*area));
}

/**
 * struct npu_machine - what a test needs to run programs
 */
struct npu_machine {
	int fd;
	struct drm_npu_device_info info;
	uint32_t vm;
	uint32_t ctx;
	struct npu_area code;
	struct npu_area data;
	uint64_t used;		/* bytes of code */
};

static inline int npu_machine_open(struct npu_machine *m)
{
	int ret;

	memset(m, 0, sizeof(*m));
	m->fd = npu_open_device();
	if (m->fd < 0)
		return m->fd;
	m->info = npu_device_info(m->fd);
	ret = npu_vm_create(m->fd, &m->vm);
	if (!ret)
		ret = npu_area_create(m->fd, m->vm, NPU_TEST_CODE, 1 << 20, &m->code);
	if (!ret)
		ret = npu_area_create(m->fd, m->vm, NPU_TEST_DATA, 1 << 20, &m->data);
	if (!ret)
		ret = npu_ctx_create(m->fd, m->vm, DRM_NPU_PRIORITY_NORMAL, 0, &m->ctx);
	return ret;
}

static inline void npu_machine_close(struct npu_machine *m)
{
	npu_area_free(m->fd, &m->data);
	npu_area_free(m->fd, &m->code);
	close(m->fd);
}

/* Programs: npu_prog_begin(), instructions, npu_prog_end(). */

struct npu_prog {
	struct npu_program *head;
	struct npu_insn *insns;
	struct drm_npu_job job;
};

static inline struct npu_prog npu_prog_begin(struct npu_machine *m, uint32_t num_args)
{
	struct npu_prog prog = {
		.head = (void *)(m->code.cpu + m->used),
		.job.program = m->code.va + m->used,
		.job.num_args = num_args,
		.job.cores = 1,
	};

	prog.insns = (struct npu_insn *)(prog.head + 1);
	*prog.head = (struct npu_program){
		.magic = NPU_PROGRAM_MAGIC, .isa_version = NPU_ISA_VERSION,
		.sram_size = 4096, .num_args = num_args,
	};
	return prog;
}

static inline struct npu_insn *npu_prog_add(struct npu_prog *prog, uint8_t opcode)
{
	struct npu_insn *insn = &prog->insns[prog->head->num_insns++];

	memset(insn, 0, sizeof(*insn));
	insn->opcode = opcode;
	return insn;
}

static inline struct drm_npu_job npu_prog_end(struct npu_machine *m, struct npu_prog *prog)
{
	npu_prog_add(prog, NPU_OP_END);
	prog->job.program_size = sizeof(struct npu_program) +
				 prog->head->num_insns * sizeof(struct npu_insn);
	m->used += prog->job.program_size;
	return prog->job;
}

/* One row of bytes from memory to SRAM address 0; token 0 is signalled. */
static inline void npu_prog_load(struct npu_prog *prog, uint8_t reg, uint32_t offset, uint32_t size)
{
	struct npu_insn *insn = npu_prog_add(prog, NPU_OP_LOAD);

	insn->addr[1].reg = reg;
	insn->addr[1].offset = offset;
	insn->val[NPU_DMA_ROW] = size;
	insn->val[NPU_DMA_ROWS] = 1;
	insn->val[NPU_DMA_PLANES] = 1;
	insn->signal = 1;
}

/* The way back; token 0 is taken. */
static inline void npu_prog_store(struct npu_prog *prog, uint8_t reg, uint32_t offset,
				  uint32_t size)
{
	struct npu_insn *insn = npu_prog_add(prog, NPU_OP_STORE);

	insn->addr[0].reg = reg;
	insn->addr[0].offset = offset;
	insn->val[NPU_DMA_ROW] = size;
	insn->val[NPU_DMA_ROWS] = 1;
	insn->val[NPU_DMA_PLANES] = 1;
	insn->wait = 1;
}

static inline void npu_prog_loop(struct npu_prog *prog, uint32_t rounds, uint32_t body)
{
	struct npu_insn *insn = npu_prog_add(prog, NPU_OP_LOOP);

	insn->val[0] = rounds;
	insn->val[3] = body;
}

/* Copies size bytes from the address in argument 0 to that in argument 1. */
static inline struct drm_npu_job npu_prog_copy(struct npu_machine *m, uint32_t size)
{
	struct npu_prog prog = npu_prog_begin(m, 2);

	npu_prog_load(&prog, NPU_R_ARG(0), 0, size);
	npu_prog_store(&prog, NPU_R_ARG(1), 0, size);
	return npu_prog_end(m, &prog);
}

/* Does nothing. */
static inline struct drm_npu_job npu_prog_null(struct npu_machine *m)
{
	struct npu_prog prog = npu_prog_begin(m, 0);

	return npu_prog_end(m, &prog);
}

/* Writes 64 zeros to the address in argument 0, then spins, with a YIELD in between, for ever. */
static inline struct drm_npu_job npu_prog_mark(struct npu_machine *m, uint8_t between)
{
	struct npu_prog prog = npu_prog_begin(m, 1);

	npu_prog_add(&prog, NPU_OP_NOP)->signal = 1;
	npu_prog_store(&prog, NPU_R_ARG(0), 0, 64);
	npu_prog_loop(&prog, 0x7fffffff, 5);
	npu_prog_add(&prog, between);
	npu_prog_loop(&prog, 1000, 1);
	npu_prog_add(&prog, NPU_OP_NOP);
	npu_prog_add(&prog, NPU_OP_ENDLOOP);
	npu_prog_add(&prog, NPU_OP_NOP);
	npu_prog_add(&prog, NPU_OP_ENDLOOP);
	return npu_prog_end(m, &prog);
}

/* Does nothing, argument 0 times 2^20 instructions; with 2^31 - 1 that is for ever. */
static inline struct drm_npu_job npu_prog_spin(struct npu_machine *m)
{
	struct npu_prog prog = npu_prog_begin(m, 1);

	npu_prog_loop(&prog, NPU_VAL_REG | NPU_R_ARG(0), 3);
	npu_prog_loop(&prog, 1 << 20, 1);
	npu_prog_add(&prog, NPU_OP_NOP);
	npu_prog_add(&prog, NPU_OP_ENDLOOP);
	npu_prog_add(&prog, NPU_OP_ENDLOOP);
	return npu_prog_end(m, &prog);
}

/* For npu_prog_spin(): longer than any timeout, though a budget ends even that. */
#define NPU_TEST_FOREVER	0x7fffffffull

static inline void npu_job_args(struct drm_npu_job *job, const uint64_t *args)
{
	job->args = (uintptr_t)args;
}

/* Submits one job and waits. Return: the error of the ioctl or of the job. */
static inline int npu_run_on(int fd, uint32_t ctx, const struct drm_npu_job *job)
{
	uint32_t syncobj = npu_syncobj_create(fd, 0);
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_npu_job copy = *job;
	int ret;

	npu_job_syncs(&copy, &sync, 1);
	ret = npu_submit(fd, ctx, &copy, 1, NULL);
	if (!ret)
		ret = npu_syncobj_wait(fd, syncobj, 0);
	if (!ret)
		ret = npu_syncobj_error(fd, syncobj);
	npu_syncobj_destroy(fd, syncobj);
	return ret;
}

static inline int npu_run(struct npu_machine *m, const struct drm_npu_job *job)
{
	return npu_run_on(m->fd, m->ctx, job);
}

/*
 * With a program of npu_prog_copy(m, 64): what the NPU reads at an address, the
 * first byte, or a negative errno.
 */
static inline int npu_peek(struct npu_machine *m, const struct drm_npu_job *copy, uint64_t va)
{
	uint64_t args[2] = { va, m->data.va };
	struct drm_npu_job job = *copy;
	int ret;

	npu_job_args(&job, args);
	m->data.cpu[0] = 0xee;
	ret = npu_run(m, &job);
	return ret ?: m->data.cpu[0];
}

/* Lets the NPU write a byte, and 63 behind it. Return: 0 or a negative errno. */
static inline int npu_poke(struct npu_machine *m, const struct drm_npu_job *copy, uint64_t va,
			   uint8_t byte)
{
	uint64_t args[2] = { m->data.va + 64, va };
	struct drm_npu_job job = *copy;

	npu_job_args(&job, args);
	m->data.cpu[64] = byte;
	return npu_run(m, &job);
}

#endif /* NPU_PROGRAM_H */
