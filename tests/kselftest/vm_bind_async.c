// SPDX-License-Identifier: GPL-2.0
/* VM_BIND that is queued: order, fences in and out, and what it does to jobs. */
#include "kselftest_harness.h"

#include <pthread.h>

#include "npu_program.h"
#include "npu_uring.h"

#define PAGES(n)	((n) * NPU_TEST_PAGE)
#define VA		0x40000000ull
/* Long enough to see that something does not happen. */
#define A_WHILE_NS	(20ll * 1000000)

FIXTURE(async)
{
	struct npu_machine m;
	struct drm_npu_job copy;	/* 64 bytes from argument 0 to argument 1 */
	uint32_t gate;			/* timeline that the test signals */
	uint32_t done;			/* timeline that binds signal */
	uint32_t bo;
	uint8_t *mem;			/* 64 pages, each begins with its number */
};

FIXTURE_SETUP(async)
{
	int i;

	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 64);
	self->gate = npu_syncobj_create(self->m.fd, 0);
	self->done = npu_syncobj_create(self->m.fd, 0);
	ASSERT_EQ(0, npu_bo_create(self->m.fd, PAGES(64), 0, &self->bo));
	self->mem = npu_bo_map(self->m.fd, self->bo, PAGES(64));
	ASSERT_NE(MAP_FAILED, self->mem);
	for (i = 0; i < 64; i++)
		self->mem[PAGES(i)] = i + 1;
}

FIXTURE_TEARDOWN(async)
{
	munmap(self->mem, PAGES(64));
	npu_machine_close(&self->m);
}

#define PEEK(va)	npu_peek(&self->m, &self->copy, va)

static struct drm_npu_vm_bind_op map_op(uint32_t bo, uint64_t offset, uint64_t va, uint64_t size)
{
	return (struct drm_npu_vm_bind_op){
		.op = DRM_NPU_VM_BIND_OP_MAP, .handle = bo, .bo_offset = offset, .va = va,
		.size = size,
	};
}

static struct drm_npu_vm_bind_op unmap_op(uint64_t va, uint64_t size)
{
	return (struct drm_npu_vm_bind_op){
		.op = DRM_NPU_VM_BIND_OP_UNMAP, .va = va, .size = size,
	};
}

static struct drm_npu_sync wait_for(uint32_t handle, uint64_t point)
{
	return (struct drm_npu_sync){
		.handle = handle, .timeline_point = point,
		.flags = DRM_NPU_SYNC_WAIT | (point ? DRM_NPU_SYNC_TIMELINE : 0),
	};
}

static struct drm_npu_sync signals(uint32_t handle, uint64_t point)
{
	return (struct drm_npu_sync){
		.handle = handle, .timeline_point = point,
		.flags = DRM_NPU_SYNC_SIGNAL | (point ? DRM_NPU_SYNC_TIMELINE : 0),
	};
}

static struct drm_npu_vm_bind bind_args(uint32_t vm, const struct drm_npu_vm_bind_op *ops,
					uint32_t count, const struct drm_npu_sync *syncs,
					uint32_t num_syncs)
{
	return (struct drm_npu_vm_bind){
		.vm_id = vm, .flags = DRM_NPU_VM_BIND_ASYNC,
		.ops = { .stride = sizeof(*ops), .count = count, .array = (uintptr_t)ops },
		.syncs = { .stride = sizeof(*syncs), .count = num_syncs,
			   .array = (uintptr_t)syncs },
	};
}

static int bind_async(const struct npu_machine *m, const struct drm_npu_vm_bind_op *ops,
		      uint32_t count, const struct drm_npu_sync *syncs, uint32_t num_syncs)
{
	struct drm_npu_vm_bind args = bind_args(m->vm, ops, count, syncs, num_syncs);

	return npu_call(m->fd, DRM_IOCTL_NPU_VM_BIND, &args);
}

/* A job that a fence of the gate holds up, so that binds can be queued behind it. */
static int hold_gate(const struct npu_machine *m, const struct drm_npu_job *spin, uint32_t gate,
		     uint64_t rounds)
{
	struct drm_npu_sync sync = signals(gate, 0);
	uint64_t args[1] = { rounds };
	struct drm_npu_job job = *spin;

	npu_job_args(&job, args);
	npu_job_syncs(&job, &sync, 1);
	return npu_submit(m->fd, m->ctx, &job, 1, NULL);
}

TEST_F(async, signals_when_done)
{
	struct drm_npu_vm_bind_op op = map_op(self->bo, PAGES(7), VA, PAGES(2));
	struct drm_npu_sync sync = signals(self->done, 1);

	ASSERT_EQ(0, bind_async(&self->m, &op, 1, &sync, 1));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, self->done, 1));
	EXPECT_EQ(8, PEEK(VA));
	EXPECT_EQ(9, PEEK(VA + PAGES(1)));
	op = unmap_op(VA, PAGES(2));
	sync = signals(self->done, 2);
	ASSERT_EQ(0, bind_async(&self->m, &op, 1, &sync, 1));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, self->done, 2));
	EXPECT_EQ(-EFAULT, PEEK(VA));
}

TEST_F(async, without_syncs_and_without_operations)
{
	struct drm_npu_vm_bind_op op = map_op(self->bo, PAGES(3), VA, PAGES(1));
	struct drm_npu_sync sync = signals(self->done, 1);

	ASSERT_EQ(0, bind_async(&self->m, &op, 1, NULL, 0));
	/* No operations, but its fence comes when what was queued before is done. */
	ASSERT_EQ(0, bind_async(&self->m, NULL, 0, &sync, 1));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, self->done, 1));
	EXPECT_EQ(4, PEEK(VA));
}

/* A job that runs holds a bind up; others of the same address space do not wait for the bind. */
TEST_F(async, waits_for_fences)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	struct drm_npu_vm_bind_op op = map_op(self->bo, 0, VA, PAGES(1));
	struct drm_npu_sync syncs[2];
	uint32_t gate = npu_syncobj_create(self->m.fd, 0), ctx;

	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_NORMAL, 0, &ctx));
	ASSERT_EQ(0, hold_gate(&self->m, &spin, gate, NPU_TEST_FOREVER));
	syncs[0] = wait_for(gate, 0);
	syncs[1] = signals(self->done, 1);
	ASSERT_EQ(0, bind_async(&self->m, &op, 1, syncs, 2));
	EXPECT_EQ(-ETIME, npu_syncobj_wait_for(self->m.fd, self->done, 1, A_WHILE_NS));
	/* A buffer that will be mapped is not idle. */
	EXPECT_EQ(-ETIMEDOUT, npu_bo_wait(self->m.fd, self->bo, 0));
	ASSERT_EQ(0, npu_ctx_destroy(self->m.fd, self->m.ctx));
	self->m.ctx = ctx;
	/* The job ended with an error, which does not matter to the bind. */
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, self->done, 1));
	EXPECT_EQ(-ECANCELED, npu_syncobj_error(self->m.fd, gate));
	EXPECT_EQ(1, PEEK(VA));
	EXPECT_EQ(0, npu_bo_wait(self->m.fd, self->bo, INT64_MAX));
}

/* Binds of one address space happen in order, whatever each waits for. */
TEST_F(async, a_chain_keeps_its_order)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	uint32_t gate = npu_syncobj_create(self->m.fd, 0), ctx;
	struct drm_npu_sync sync = wait_for(gate, 0);
	struct drm_npu_vm_bind_op op;
	int i;

	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_NORMAL, 0, &ctx));
	ASSERT_EQ(0, hold_gate(&self->m, &spin, gate, NPU_TEST_FOREVER));
	op = map_op(self->bo, 0, VA, PAGES(32));
	ASSERT_EQ(0, bind_async(&self->m, &op, 1, &sync, 1));
	/* Replace, cut and move what is not there yet. */
	for (i = 0; i < 31; i++) {
		op = map_op(self->bo, PAGES(i + 1), VA + PAGES(i), PAGES(1));
		ASSERT_EQ(0, bind_async(&self->m, &op, 1, NULL, 0));
	}
	op = unmap_op(VA + PAGES(10), PAGES(4));
	sync = signals(self->done, 1);
	ASSERT_EQ(0, bind_async(&self->m, &op, 1, &sync, 1));
	EXPECT_EQ(-ETIME, npu_syncobj_wait_for(self->m.fd, self->done, 1, A_WHILE_NS));
	ASSERT_EQ(0, npu_ctx_destroy(self->m.fd, self->m.ctx));
	self->m.ctx = ctx;
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, self->done, 1));
	EXPECT_EQ(2, PEEK(VA));
	EXPECT_EQ(11, PEEK(VA + PAGES(9)));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(10)));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(13)));
	EXPECT_EQ(16, PEEK(VA + PAGES(14)));
	EXPECT_EQ(32, PEEK(VA + PAGES(30)));
	EXPECT_EQ(32, PEEK(VA + PAGES(31)));
}

/* Bind, job, bind, job: each waits for the one before, nobody waits in the program. */
TEST_F(async, jobs_and_binds_alternate)
{
	struct drm_npu_job job = self->copy;
	struct drm_npu_sync syncs[2];
	struct drm_npu_vm_bind_op op;
	uint64_t args[2], point = 0;
	int i;

	npu_job_args(&job, args);
	npu_job_syncs(&job, syncs, 2);
	for (i = 0; i < 32; i++) {
		op = map_op(self->bo, PAGES(i), VA, PAGES(1));
		syncs[0] = wait_for(self->done, point);
		syncs[1] = signals(self->done, point + 1);
		ASSERT_EQ(0, bind_async(&self->m, &op, 1, point ? syncs : &syncs[1],
					point ? 2 : 1));
		args[0] = VA;
		args[1] = self->m.data.va + 64 * i;
		syncs[0] = wait_for(self->done, point + 1);
		syncs[1] = signals(self->done, point + 2);
		ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
		point += 2;
	}
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, self->done, point));
	for (i = 0; i < 32; i++)
		EXPECT_EQ(i + 1, self->m.data.cpu[64 * i]);
}

/* A call without the flag comes after all that is queued. */
TEST_F(async, synchronous_ones_queue_behind)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	uint32_t gate = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_vm_bind_op op = map_op(self->bo, 0, VA, PAGES(4));
	struct drm_npu_sync sync = wait_for(gate, 0);

	ASSERT_EQ(0, hold_gate(&self->m, &spin, gate, 1));
	ASSERT_EQ(0, bind_async(&self->m, &op, 1, &sync, 1));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, self->bo, PAGES(20), VA + PAGES(1),
				PAGES(1), 0));
	EXPECT_EQ(1, PEEK(VA));
	EXPECT_EQ(21, PEEK(VA + PAGES(1)));
	EXPECT_EQ(3, PEEK(VA + PAGES(2)));
}

/* Buffer, address space and even the file may go before the bind happens. */
TEST_F(async, closing_does_not_take_it_back)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	uint32_t gate = npu_syncobj_create(self->m.fd, 0), bo, ctx, vm;
	struct drm_npu_usage_info before = npu_usage(self->m.fd), after;
	struct drm_npu_sync syncs[2] = { wait_for(gate, 0), signals(self->done, 1) };
	struct drm_npu_vm_bind_op op;
	struct drm_npu_vm_bind args;

	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_NORMAL, 0, &ctx));
	ASSERT_EQ(0, npu_vm_create(self->m.fd, &vm));
	ASSERT_EQ(0, npu_bo_create(self->m.fd, PAGES(4), vm, &bo));
	ASSERT_EQ(0, hold_gate(&self->m, &spin, gate, NPU_TEST_FOREVER));
	op = map_op(bo, 0, VA, PAGES(4));
	args = bind_args(vm, &op, 1, syncs, 2);
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_NPU_VM_BIND, &args));
	ASSERT_EQ(0, npu_bo_close(self->m.fd, bo));
	ASSERT_EQ(0, npu_vm_destroy(self->m.fd, vm));
	EXPECT_EQ(before.bo_count + 1, npu_usage(self->m.fd).bo_count);
	ASSERT_EQ(0, npu_ctx_destroy(self->m.fd, self->m.ctx));
	self->m.ctx = ctx;
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, self->done, 1));
	EXPECT_EQ(-ECANCELED, npu_syncobj_error(self->m.fd, gate));
	/* Then all of it goes, by itself. */
	for (int i = 0; i < 1000; i++) {
		after = npu_usage(self->m.fd);
		if (after.bo_count == before.bo_count && after.vms == before.vms)
			break;
		usleep(10000);
	}
	EXPECT_EQ(before.bo_count, after.bo_count);
	EXPECT_EQ(before.vms, after.vms);
}

/* Small pages, large ones and nothing at the same place, over and over, in one call. */
TEST_F(async, same_place_over_and_over)
{
	static struct drm_npu_vm_bind_op ops[4096];
	const uint64_t before = npu_usage(self->m.fd).page_table_bytes;
	struct drm_npu_sync sync = signals(self->done, 1);
	uint64_t during;
	int i;

	for (i = 0; i < 4096; i += 2) {
		ops[i] = map_op(self->bo, PAGES(i % 61), VA + PAGES(510), PAGES(3));
		ops[i + 1] = unmap_op(VA + PAGES(509), PAGES(i % 4 + 1));
	}
	ops[4094] = map_op(self->bo, PAGES(50), VA + PAGES(510), PAGES(3));
	ops[4095] = unmap_op(VA + PAGES(511), PAGES(1));
	ASSERT_EQ(0, bind_async(&self->m, ops, 4096, &sync, 1));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, self->done, 1));
	during = npu_usage(self->m.fd).page_table_bytes;
	EXPECT_EQ(before + 3 * NPU_TEST_PAGE, during);
	EXPECT_EQ(51, PEEK(VA + PAGES(510)));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(511)));
	EXPECT_EQ(53, PEEK(VA + PAGES(512)));
	ops[0] = unmap_op(VA, NPU_TEST_HUGE * 2);
	sync = signals(self->done, 2);
	ASSERT_EQ(0, bind_async(&self->m, ops, 1, &sync, 1));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, self->done, 2));
	EXPECT_EQ(before, npu_usage(self->m.fd).page_table_bytes);
}

TEST_F(async, bad_arguments_queue_nothing)
{
	struct drm_npu_vm_bind_op ops[2] = {
		map_op(self->bo, 0, VA, PAGES(1)), map_op(self->bo, PAGES(64), VA, PAGES(1)),
	};
	struct drm_npu_sync syncs[2] = { signals(self->done, 1), signals(self->done, 2) };
	struct drm_npu_vm_bind args;

#define REFUSED(error, change) do { \
		args = bind_args(self->m.vm, ops, 1, syncs, 1); \
		change; \
		EXPECT_EQ(error, npu_call(self->m.fd, DRM_IOCTL_NPU_VM_BIND, &args)); \
	} while (0)
	REFUSED(-EINVAL, args.flags = 3);
	REFUSED(-EINVAL, args.flags = 1u << 31);
	REFUSED(-EINVAL, args.flags = 0);
	REFUSED(-ENOENT, args.vm_id = 0);
	REFUSED(-EINVAL, args.ops.count = 2);
	REFUSED(-EINVAL, args.syncs.stride = 8);
	REFUSED(-E2BIG, args.syncs.count = 257);
	REFUSED(-EFAULT, args.syncs.array = NPU_TEST_BAD_PTR);
	REFUSED(-EINVAL, syncs[0].flags = 0);
	REFUSED(-EINVAL, syncs[0].flags = DRM_NPU_SYNC_SIGNAL | DRM_NPU_SYNC_WAIT);
	REFUSED(-ENOENT, syncs[0] = signals(12345, 1));
	/* Nobody has submitted what would signal it. */
	REFUSED(-EINVAL, syncs[0] = wait_for(self->gate, 0));
#undef REFUSED
	EXPECT_EQ(-EFAULT, PEEK(VA));
	EXPECT_NE(0, npu_syncobj_wait_for(self->m.fd, self->done, 1, 0));
}

TEST_F(async, by_io_uring)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	uint32_t gate = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_vm_bind_op op = map_op(self->bo, PAGES(9), VA, PAGES(1));
	struct drm_npu_sync sync = wait_for(gate, 0);
	struct drm_npu_vm_bind args = bind_args(self->m.vm, &op, 1, &sync, 1);
	struct io_uring ring;

	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	ASSERT_EQ(0, hold_gate(&self->m, &spin, gate, 1));
	ASSERT_EQ(0, npu_uring_run(&ring, self->m.fd, DRM_NPU_URING_VM_BIND, &args));
	/* It is done by now, so the job before it is as well. */
	EXPECT_EQ(0, npu_syncobj_wait_for(self->m.fd, gate, 0, 0));
	EXPECT_EQ(10, PEEK(VA));
	io_uring_queue_exit(&ring);
}

/* Threads that bind against one that submits. */
struct binder {
	const struct npu_machine *m;
	uint32_t bo;
	uint64_t va;
	int errors;
};

static void *binder_main(void *arg)
{
	struct binder *binder = arg;
	struct drm_npu_vm_bind_op ops[3];
	int i;

	for (i = 0; i < 100; i++) {
		ops[0] = map_op(binder->bo, PAGES(i % 60), binder->va, PAGES(4));
		ops[1] = unmap_op(binder->va + PAGES(1), PAGES(2));
		ops[2] = map_op(binder->bo, PAGES(5), binder->va, PAGES(1));
		if (i % 3)
			binder->errors += !!bind_async(binder->m, ops, 3, NULL, 0);
		else
			binder->errors += !!npu_vm_bind(binder->m->fd, binder->m->vm, ops, 3);
	}
	return NULL;
}

TEST_F(async, many_threads)
{
	struct binder binders[3];
	pthread_t threads[3];
	int i;

	for (i = 0; i < 3; i++) {
		binders[i] = (struct binder){ &self->m, self->bo, VA + PAGES(2 * i), 0 };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, binder_main, &binders[i]));
	}
	for (i = 0; i < 40; i++)
		EXPECT_EQ(0, PEEK(self->m.data.va + 128) < 0);
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(0, binders[i].errors);
	}
	/* The last word of each thread is at its own first page, unless a neighbour's is. */
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, VA, PAGES(16)));
	EXPECT_EQ(-EFAULT, PEEK(VA));
}

TEST_HARNESS_MAIN
