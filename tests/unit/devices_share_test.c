// SPDX-License-Identifier: MIT
/*
 * Two devices with memory in common, and jobs of one that wait for those of the
 * other.
 *
 * NPU_TEST_DRIVER=yes: on the driver's devices, of which there are two.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <npu/llm.h>
#include <npu/npu.h>
#include <npu/program.h>

#include "tap.h"

#define PAGE 4096u
#define ROUNDS 200u

/**
 * struct end - one of the devices
 * @code: buffer of the program, mapped at @code_va
 * @shared: memory that both have, mapped at @va
 */
struct end {
	struct npu_device *device;
	struct npu_vm *vm;
	struct npu_queue *queue;
	struct npu_buffer *code, *shared;
	uint64_t code_va, va;
	struct npu_queue_job job;
};

static struct npu_error err;

static void must(int ret)
{
	if (ret)
		bail_out(err.message);
}

static const char *path(void)
{
	return getenv("NPU_TEST_DRIVER") ? NULL : "sim";
}

/* args[1][0] = args[0][0] + args[0][PAGE / 8], floats. */
static void write_program(struct end *e)
{
	struct npu_builder *b;
	struct npu_loc x, y;
	void *code;

	must(npu_builder_create(2, 1 << 16, &b, &err));
	x = npu_at(0, npu_builder_sram(b, "x", 64));
	y = npu_at(0, npu_builder_sram(b, "one", 64));
	npu_build_load(b, &(struct npu_insn_dma){ .sram = x, .mem = npu_at(NPU_R_ARG(0), 0),
						  .row = npu_imm(4) },
		       npu_order(0, NPU_TOKEN(0)));
	npu_build_load(b, &(struct npu_insn_dma){ .sram = y, .mem = npu_at(NPU_R_ARG(0), PAGE / 2),
						  .row = npu_imm(4) },
		       npu_order(0, NPU_TOKEN(0)));
	npu_build_nop(b, NPU_ENGINE_VEC, npu_order(NPU_TOKEN(0), 0));
	npu_build_binary(b, NPU_BINARY_ADD, &(struct npu_insn_vec){
		.dst = x, .src0 = x, .src1 = y, .type_dst = NPU_TYPE_F32,
		.type_src0 = NPU_TYPE_F32, .type_src1 = NPU_TYPE_F32,
		.rows = npu_imm(1), .cols = npu_imm(1) },
			 npu_order(NPU_TOKEN(0), NPU_TOKEN(1)));
	npu_build_store(b, &(struct npu_insn_dma){ .sram = x, .mem = npu_at(NPU_R_ARG(1), 0),
						   .row = npu_imm(4) },
			npu_order(NPU_TOKEN(1), 0));
	must(npu_builder_finish(b, &code, &e->job.program_size, &err));
	memcpy(npu_buffer_data(e->code), code, e->job.program_size);
	npu_builder_destroy(b);
	free(code);
	e->job.program = e->code_va;
	e->job.num_args = 2;
	e->job.cores = 1;
}

static void end_open(struct end *e, struct npu_device *device)
{
	e->device = device;
	must(npu_vm_create(device, &e->vm, &err));
	must(npu_queue_create(e->vm, NULL, &e->queue, &err));
	must(npu_buffer_create(device, e->vm, 1 << 14, &e->code, &err));
	must(npu_vm_map(e->vm, e->code, 0, &e->code_va, &err));
	write_program(e);
}

static void end_close(struct end *e)
{
	npu_queue_destroy(e->queue);
	npu_buffer_destroy(e->shared);
	npu_buffer_destroy(e->code);
	npu_vm_destroy(e->vm);
	npu_device_close(e->device);
}

static void test_memory(struct end *a, struct end *b)
{
	struct npu_buffer *again, *own;
	char *from, *to;
	int fd, other;

	must(npu_buffer_create(a->device, NULL, PAGE, &a->shared, &err));
	from = npu_buffer_data(a->shared);
	strcpy(from, "before");
	must(npu_buffer_export(a->shared, &fd, &err));
	must(npu_buffer_import(b->device, fd, &b->shared, &err));
	to = npu_buffer_data(b->shared);
	is(npu_buffer_size(b->shared), PAGE, "as large on the other device");
	is_str(to, "before", "what was there is there");
	strcpy(to, "behind");
	is_str(from, "behind", "what one writes the other sees");
	must(npu_buffer_export(a->shared, &other, &err));
	must(npu_buffer_import(b->device, other, &again, &err));
	ok(again == b->shared, "imported again it is the same buffer");
	must(npu_buffer_import(a->device, other, &own, &err));
	ok(own == a->shared, "and at home too");
	npu_buffer_destroy(own);
	npu_buffer_destroy(again);
	is_str(npu_buffer_data(b->shared), "behind", "which lives on when one of two is given back");
	close(fd);
	close(other);
	must(npu_vm_map(a->vm, a->shared, 0, &a->va, &err));
	must(npu_vm_map(b->vm, b->shared, 0, &b->va, &err));
}

static void test_refusals(struct end *a, struct end *b)
{
	int fd, memory = memfd_create("no buffer", MFD_CLOEXEC);
	struct npu_buffer *got;

	ok(npu_buffer_export(a->code, &fd, &err) < 0, "of one address space alone: %s",
	   err.message);
	is(ftruncate(memory, PAGE), 0, "other memory");
	ok(npu_buffer_import(b->device, memory, &got, &err) < 0, "that is no buffer: %s",
	   err.message);
	ok(npu_buffer_import(b->device, -1, &got, &err) < 0, "no file: %s", err.message);
	close(memory);
}

/* One after the other adds 1: each waits for the other's job before. */
static void test_order(struct end *a, struct end *b)
{
	struct npu_fence *fences[2 * ROUNDS];
	struct end *ends[] = { a, b };
	float *x = npu_buffer_data(a->shared);

	x[0] = 0;
	x[PAGE / 2 / sizeof(*x)] = 1;
	for (uint32_t i = 0; i < 2 * ROUNDS; i++) {
		struct end *e = ends[i % 2];
		uint64_t args[] = { e->va, e->va };
		struct npu_queue_job job = e->job;

		job.args = args;
		job.waits = i ? &fences[i - 1] : NULL;
		job.num_waits = !!i;
		must(npu_queue_submit(e->queue, &job, 1, &fences[i], &err));
	}
	must(npu_fence_wait(fences[2 * ROUNDS - 1], -1, &err));
	ok(x[0] == 2 * ROUNDS, "%u jobs, in turn on two devices: %g", 2 * ROUNDS, x[0]);
	for (uint32_t i = 0; i < 2 * ROUNDS; i++)
		npu_fence_destroy(fences[i]);
}

/* A job that has ended long ago, of a queue that is about to go. */
static void test_late(struct end *a, struct end *b)
{
	float *x = npu_buffer_data(a->shared);
	uint64_t args_a[] = { a->va, a->va }, args_b[] = { b->va, b->va };
	struct npu_queue_job first = a->job, second = b->job;
	struct npu_fence *one, *two;
	struct npu_queue *queue;

	x[0] = 0;
	must(npu_queue_create(a->vm, NULL, &queue, &err));
	first.args = args_a;
	must(npu_queue_submit(queue, &first, 1, &one, &err));
	must(npu_fence_wait(one, -1, &err));
	second.args = args_b;
	second.waits = &one;
	second.num_waits = 1;
	must(npu_queue_submit(b->queue, &second, 1, &two, &err));
	npu_fence_destroy(one);
	npu_queue_destroy(queue);
	must(npu_fence_wait(two, -1, &err));
	ok(x[0] == 2, "a job waits for one that has ended");
	npu_fence_destroy(two);
}

/* One device goes while the other still has its memory. */
static void test_end(struct end *a, struct end *b)
{
	float *x = npu_buffer_data(b->shared);
	uint64_t args[] = { b->va, b->va };
	struct npu_queue_job job = b->job;
	struct npu_fence *fence;

	end_close(a);
	x[0] = 41;
	job.args = args;
	must(npu_queue_submit(b->queue, &job, 1, &fence, &err));
	must(npu_fence_wait(fence, -1, &err));
	ok(x[0] == 42, "the memory outlives the device that it came from");
	npu_fence_destroy(fence);
	end_close(b);
}

static void test_mixed(void)
{
	struct end a = { 0 }, b = { 0 };
	struct npu_device *device;
	struct npu_queue_job job;
	struct npu_fence *fence, *none;
	struct npu_llm *llm;
	uint64_t args[2];

	must(npu_device_open("sim", &device, &err));
	end_open(&a, device);
	must(npu_device_open(NULL, &device, &err));
	end_open(&b, device);
	args[0] = a.code_va;
	args[1] = a.code_va + (1 << 13);
	job = a.job;
	job.args = args;
	must(npu_queue_submit(a.queue, &job, 1, &fence, &err));
	job = b.job;
	job.args = args;
	job.waits = &fence;
	job.num_waits = 1;
	is(npu_queue_submit(b.queue, &job, 1, &none, &err), -EXDEV,
	   "the driver's device does not wait for one in the process: %s", err.message);
	is(npu_llm_open_devices((struct npu_device *[]){ a.device, b.device }, 2, NULL, NULL, &llm,
				&err), -EXDEV, "nor do they share a model: %s", err.message);
	npu_fence_destroy(fence);
	end_close(&a);
	end_close(&b);
}

int main(void)
{
	struct npu_device *devices[2];
	struct end a = { 0 }, b = { 0 };

	must(npu_device_open_several(path(), 2, devices, &err));
	end_open(&a, devices[0]);
	end_open(&b, devices[1]);
	test_memory(&a, &b);
	test_refusals(&a, &b);
	test_order(&a, &b);
	test_late(&a, &b);
	test_end(&a, &b);
	if (!path())
		test_mixed();
	else
		ok(npu_device_open_several("/dev/accel/accel0", 2, devices, &err) == -EINVAL,
		   "one node is not two devices: %s", err.message);
	return done_testing();
}
