// SPDX-License-Identifier: GPL-2.0
/* BO_USERPTR: memory of a process for the NPU, and what happens when it changes hands. */
#define _GNU_SOURCE
#include "kselftest_harness.h"

#include <pthread.h>
#include <sys/wait.h>

#include "npu_program.h"

#define PAGES(n)	((n) * NPU_TEST_PAGE)
#define VA		0x40000000ull
#define SIZE		PAGES(32)

FIXTURE(userptr)
{
	struct npu_machine m;
	struct drm_npu_job copy;
	uint8_t *mem;
	uint32_t bo;
};

static int create(int fd, const void *pointer, uint64_t size, uint32_t flags, uint32_t *bo)
{
	struct drm_npu_bo_userptr args = {
		.pointer = (uintptr_t)pointer, .size = size, .flags = flags,
	};
	int ret = npu_call(fd, DRM_IOCTL_NPU_BO_USERPTR, &args);

	*bo = args.handle;
	return ret;
}

static uint8_t *anonymous(void)
{
	return mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

FIXTURE_SETUP(userptr)
{
	int ret, i;

	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 64);
	self->mem = anonymous();
	ASSERT_NE(MAP_FAILED, self->mem);
	for (i = 0; i < 32; i++)
		self->mem[PAGES(i)] = i + 1;
	ret = create(self->m.fd, self->mem, SIZE, 0, &self->bo);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel cannot mirror memory");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, self->bo, 0, VA, SIZE, 0));
}

FIXTURE_TEARDOWN(userptr)
{
	munmap(self->mem, SIZE);
	npu_machine_close(&self->m);
}

#define PEEK(va)	npu_peek(&self->m, &self->copy, va)
#define POKE(va, byte)	npu_poke(&self->m, &self->copy, va, byte)

TEST_F(userptr, both_see_the_same)
{
	EXPECT_EQ(1, PEEK(VA));
	EXPECT_EQ(32, PEEK(VA + PAGES(31)));
	self->mem[PAGES(5)] = 200;
	EXPECT_EQ(200, PEEK(VA + PAGES(5)));
	ASSERT_EQ(0, POKE(VA + PAGES(6), 201));
	EXPECT_EQ(201, self->mem[PAGES(6)]);
}

TEST_F(userptr, bad_arguments)
{
	const int fd = self->m.fd;
	uint32_t bo;

	EXPECT_EQ(-EINVAL, create(fd, self->mem, 0, 0, &bo));
	EXPECT_EQ(-EINVAL, create(fd, self->mem, 1, 0, &bo));
	EXPECT_EQ(-EINVAL, create(fd, self->mem + 1, PAGES(1), 0, &bo));
	EXPECT_EQ(-EINVAL, create(fd, self->mem, ~0ull - 4095, 0, &bo));
	EXPECT_EQ(-EINVAL, create(fd, self->mem, SIZE, DRM_NPU_BO_NO_MMAP, &bo));
	EXPECT_EQ(-EINVAL, create(fd, self->mem, SIZE, 1u << 31, &bo));
	EXPECT_EQ(-EFAULT, create(fd, NULL, PAGES(1), 0, &bo));
	EXPECT_EQ(-EFAULT, create(fd, (void *)0xffff800000000000, PAGES(1), 0, &bo));
	EXPECT_EQ(-EFAULT, create(fd, (void *)-4096l, PAGES(1), 0, &bo));
	ASSERT_EQ(0, mprotect(self->mem, PAGES(1), PROT_READ));
	EXPECT_EQ(-EFAULT, create(fd, self->mem, PAGES(2), 0, &bo));
	ASSERT_EQ(0, munmap(self->mem + PAGES(4), PAGES(1)));
	EXPECT_EQ(-EFAULT, create(fd, self->mem + PAGES(3), PAGES(3), 0, &bo));
}

TEST_F(userptr, not_to_be_shared)
{
	struct drm_prime_handle prime = { .handle = self->bo, .flags = O_CLOEXEC, .fd = -1 };
	struct drm_npu_bo_madvise madvise = {
		.handle = self->bo, .advice = DRM_NPU_MADVISE_DONTNEED,
	};
	struct drm_npu_bo_mmap_offset offset = { .handle = self->bo };

	EXPECT_EQ(-EINVAL, npu_call(self->m.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	EXPECT_EQ(-EPERM, npu_call(self->m.fd, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &offset));
	EXPECT_EQ(-EINVAL, npu_call(self->m.fd, DRM_IOCTL_NPU_BO_MADVISE, &madvise));
}

/* Constants of a program, say: memory that the process may only read. */
TEST_F(userptr, readonly_memory)
{
	uint32_t bo;

	ASSERT_EQ(0, mprotect(self->mem, SIZE, PROT_READ));
	ASSERT_EQ(0, create(self->m.fd, self->mem, SIZE, DRM_NPU_BO_READONLY, &bo));
	/* The writable one cannot be looked up any more. */
	EXPECT_EQ(-EFAULT, PEEK(VA));
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, VA, SIZE));
	EXPECT_EQ(-EACCES, npu_vm_map(self->m.fd, self->m.vm, bo, 0, VA, SIZE, 0));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, VA, SIZE,
				DRM_NPU_VM_BIND_READONLY));
	EXPECT_EQ(3, PEEK(VA + PAGES(2)));
	EXPECT_EQ(-EFAULT, POKE(VA + PAGES(2), 9));
	EXPECT_EQ(3, self->mem[PAGES(2)]);
}

/* After munmap() no submit to the address space works, until the buffer is unmapped there. */
TEST_F(userptr, munmap_takes_it_away)
{
	ASSERT_EQ(1, PEEK(VA));
	ASSERT_EQ(0, munmap(self->mem + PAGES(8), PAGES(1)));
	EXPECT_EQ(-EFAULT, PEEK(VA));
	EXPECT_EQ(-EFAULT, PEEK(self->m.data.va));
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, VA, SIZE));
	EXPECT_EQ(-EFAULT, PEEK(VA));
	EXPECT_LE(0, PEEK(self->m.data.va + 128));
}

/* Other memory at the same place takes part at once. */
TEST_F(userptr, new_memory_at_the_same_place)
{
	uint8_t *again;

	ASSERT_EQ(1, PEEK(VA));
	again = mmap(self->mem, SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ASSERT_EQ(self->mem, again);
	EXPECT_EQ(0, PEEK(VA));
	self->mem[PAGES(1)] = 77;
	EXPECT_EQ(77, PEEK(VA + PAGES(1)));
	ASSERT_EQ(0, POKE(VA + PAGES(2), 78));
	EXPECT_EQ(78, self->mem[PAGES(2)]);
}

TEST_F(userptr, mremap_moves_it_away)
{
	uint8_t *place = anonymous(), *moved;

	ASSERT_EQ(1, PEEK(VA));
	moved = mremap(self->mem, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	ASSERT_EQ(place, moved);
	EXPECT_EQ(-EFAULT, PEEK(VA));
	moved = mremap(place, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, self->mem);
	ASSERT_EQ(self->mem, moved);
	EXPECT_EQ(1, PEEK(VA));
}

TEST_F(userptr, dontneed_gives_zeros)
{
	ASSERT_EQ(1, PEEK(VA));
	ASSERT_EQ(0, madvise(self->mem, SIZE, MADV_DONTNEED));
	EXPECT_EQ(0, PEEK(VA));
	ASSERT_EQ(0, POKE(VA + PAGES(3), 5));
	EXPECT_EQ(5, self->mem[PAGES(3)]);
}

/* The NPU stays with the parent, whoever copies a page first. */
TEST_F(userptr, fork_keeps_it_with_the_parent)
{
	int go[2], status;
	pid_t child;
	char c = 0;

	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(1, PEEK(VA));
	child = fork();
	if (!child) {
		/* After what the parent and its NPU have written. */
		if (read(go[0], &c, 1) != 1)
			_exit(9);
		if (self->mem[0] != 1 || self->mem[PAGES(1)] != 2)
			_exit(1);
		self->mem[PAGES(2)] = 99;
		_exit(0);
	}
	self->mem[0] = 50;
	EXPECT_EQ(50, PEEK(VA));
	ASSERT_EQ(0, POKE(VA + PAGES(1), 51));
	EXPECT_EQ(51, self->mem[PAGES(1)]);
	ASSERT_EQ(1, write(go[1], &c, 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(3, PEEK(VA + PAGES(2)));
}

/* The child has the file, but not the memory that the buffer was made of. */
TEST_F(userptr, process_that_is_gone)
{
	uint64_t count = npu_usage(self->m.fd).bo_count;
	uint32_t *bo = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t child = fork();

	if (!child)
		_exit(create(self->m.fd, self->mem, SIZE, 0, bo) ? 1 : 0);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_EQ(count + 1, npu_usage(self->m.fd).bo_count);
	EXPECT_EQ(-EFAULT, npu_vm_map(self->m.fd, self->m.vm, *bo, 0, VA + SIZE, SIZE, 0));
	EXPECT_EQ(0, npu_bo_close(self->m.fd, *bo));
	EXPECT_EQ(count, npu_usage(self->m.fd).bo_count);
}

/* munmap() waits for jobs that may use the memory. */
TEST_F(userptr, jobs_hold_it)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	uint32_t done = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_sync sync = { .handle = done, .flags = DRM_NPU_SYNC_SIGNAL };
	uint64_t args[1] = { 2 };

	npu_job_args(&spin, args);
	npu_job_syncs(&spin, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &spin, 1, NULL));
	ASSERT_EQ(0, munmap(self->mem, SIZE));
	EXPECT_EQ(0, npu_syncobj_wait_for(self->m.fd, done, 0, 0));
	EXPECT_EQ(0, npu_syncobj_error(self->m.fd, done));
}

TEST_F(userptr, pieces_and_several_address_spaces)
{
	struct npu_area code = {}, data = {};
	uint64_t args[2] = { VA, NPU_TEST_DATA };
	struct drm_npu_job job = self->copy;
	uint32_t vm, ctx;

	/* Cut in the middle, and once more elsewhere. */
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, VA + PAGES(4), PAGES(2)));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, self->bo, PAGES(10), VA + (1ull << 31),
				PAGES(3), 0));
	ASSERT_EQ(0, npu_vm_create(self->m.fd, &vm));
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, vm, DRM_NPU_PRIORITY_NORMAL, 0, &ctx));
	ASSERT_EQ(0, npu_area_create(self->m.fd, vm, NPU_TEST_CODE, PAGES(4), &code));
	ASSERT_EQ(0, npu_area_create(self->m.fd, vm, NPU_TEST_DATA, PAGES(4), &data));
	memcpy(code.cpu, self->m.code.cpu, PAGES(4));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, vm, self->bo, PAGES(20), VA, PAGES(1), 0));
	/* All of it is taken away, and comes back with other contents. */
	ASSERT_EQ(0, madvise(self->mem, SIZE, MADV_DONTNEED));
	for (int i = 0; i < 32; i++)
		self->mem[PAGES(i)] = 100 + i;
	EXPECT_EQ(103, PEEK(VA + PAGES(3)));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(4)));
	EXPECT_EQ(106, PEEK(VA + PAGES(6)));
	EXPECT_EQ(112, PEEK(VA + (1ull << 31) + PAGES(2)));
	npu_job_args(&job, args);
	ASSERT_EQ(0, npu_run_on(self->m.fd, ctx, &job));
	EXPECT_EQ(120, data.cpu[0]);
	npu_area_free(self->m.fd, &code);
	npu_area_free(self->m.fd, &data);
}

/* A thread that takes memory away all the time, against jobs and binds that use it. */
struct churn {
	uint8_t *mem;
	volatile int stop;
};

static void *churn_main(void *arg)
{
	struct churn *churn = arg;

	while (!churn->stop) {
		madvise(churn->mem + PAGES(16), PAGES(8), MADV_DONTNEED);
		mprotect(churn->mem, PAGES(16), PROT_READ);
		mprotect(churn->mem, PAGES(16), PROT_READ | PROT_WRITE);
	}
	return NULL;
}

TEST_F(userptr, races)
{
	struct churn churn = { .mem = self->mem };
	pthread_t thread;
	int i, ret;

	ASSERT_EQ(0, pthread_create(&thread, NULL, churn_main, &churn));
	for (i = 0; i < 60; i++) {
		/* While it may not be written the submit fails; no job ever does. */
		ret = PEEK(VA + PAGES(30));
		EXPECT_TRUE(ret == 31 || ret == -EFAULT);
		if (i % 8 == 0)
			EXPECT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, self->bo, PAGES(1),
						VA + PAGES(1), PAGES(30), 0) % EFAULT);
	}
	churn.stop = 1;
	pthread_join(thread, NULL);
	EXPECT_EQ(31, PEEK(VA + PAGES(30)));
	EXPECT_EQ(1, PEEK(VA));
}

TEST_HARNESS_MAIN
