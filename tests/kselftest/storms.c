// SPDX-License-Identifier: GPL-2.0
/*
 * Many at once that get into each other's way: files that are inherited, replaced and
 * closed under those who use them; changes across the borders of 2 MiB pages; and
 * everything that can run out. All of it bounded, and afterwards all works.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "npu_program.h"

#define VA	0x40000000ull
#define PAGES(n)	((uint64_t)(n) * NPU_TEST_PAGE)

FIXTURE(storms)
{
	struct npu_machine m;
	struct drm_npu_job copy;	/* 64 bytes from argument 0 to argument 1 */
	struct drm_npu_usage_info before;
};

FIXTURE_SETUP(storms)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 64);
	self->before = npu_usage(self->m.fd);
}

FIXTURE_TEARDOWN(storms)
{
	struct drm_npu_usage_info after = {};
	int i;

	for (i = 0; i < 500; i++) {
		after = npu_usage(self->m.fd);
		if (after.vms == self->before.vms && after.bo_count == self->before.bo_count &&
		    after.contexts == self->before.contexts)
			break;
		usleep(20000);
	}
	EXPECT_EQ(self->before.vms, after.vms);
	EXPECT_EQ(self->before.bo_count, after.bo_count);
	EXPECT_EQ(self->before.contexts, after.contexts);
	EXPECT_EQ(self->before.page_table_bytes, after.page_table_bytes);
	self->m.data.cpu[64] = 0x5a;
	EXPECT_EQ(0x5a, npu_peek(&self->m, &self->copy, self->m.data.va + 64));
	npu_machine_close(&self->m);
}

struct submitter {
	pthread_t thread;
	struct npu_machine *m;
	struct drm_npu_job job;
	atomic_int *stop;
	uint32_t wrong;
};

static void *submitter_work(void *arg)
{
	struct submitter *s = arg;
	struct drm_npu_job jobs[8];
	int i, ret;

	for (i = 0; i < 8; i++)
		jobs[i] = s->job;
	while (!atomic_load(s->stop)) {
		ret = npu_submit(s->m->fd, s->m->ctx, jobs, 8, NULL);
		/* Closed, or by now a file of somebody else. */
		s->wrong += ret && ret != -EBADF && ret != -ENOTTY && ret != -ENOENT;
	}
	return NULL;
}

/* The descriptor is closed, and taken by another file, while threads submit through it. */
TEST_F_TIMEOUT(storms, closed_under_submits, 60)
{
	struct submitter s[3] = {};
	atomic_int stop;
	int round, i;

	for (round = 0; round < 10; round++) {
		struct npu_machine m;
		int fd, other;

		ASSERT_EQ(0, npu_machine_open(&m));
		fd = m.fd;
		atomic_store(&stop, 0);
		for (i = 0; i < 3; i++) {
			s[i].m = &m;
			s[i].job = npu_prog_null(&m);
			s[i].stop = &stop;
			ASSERT_EQ(0, pthread_create(&s[i].thread, NULL, submitter_work, &s[i]));
		}
		usleep(3000 * round);
		other = open("/dev/null", O_RDWR | O_CLOEXEC);
		munmap(m.code.cpu, m.code.size);
		munmap(m.data.cpu, m.data.size);
		/* Nobody holds the file now but the calls that are under way. */
		ASSERT_EQ(fd, dup2(other, fd));
		usleep(2000);
		atomic_store(&stop, 1);
		for (i = 0; i < 3; i++) {
			pthread_join(s[i].thread, NULL);
			EXPECT_EQ(0, s[i].wrong);
		}
		close(other);
		close(fd);
	}
}

/* A child uses the file that it inherits, while the parent does, and dies with jobs or execs. */
TEST_F_TIMEOUT(storms, inherited_by_children, 60)
{
	struct drm_npu_job jobs[16];
	uint64_t args[2] = { NPU_TEST_DATA + 4096, NPU_TEST_DATA + 8192 };
	int round, i, status;

	npu_job_args(&self->copy, args);
	for (i = 0; i < 16; i++)
		jobs[i] = self->copy;
	for (round = 0; round < 20; round++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		if (!child) {
			status = npu_submit(self->m.fd, self->m.ctx, jobs, 16, NULL);
			/* Closed by exec: O_CLOEXEC. */
			if (round % 2)
				execl("/bin/true", "true", NULL);
			_exit(!!status);
		}
		memset(self->m.data.cpu + 4096, round, 64);
		EXPECT_EQ(0, npu_run(&self->m, &self->copy));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(0, status);
	}
}

/* Queued binds cut and mend mappings across the border of two pages of 2 MiB. */
TEST_F_TIMEOUT(storms, queued_binds_across_huge_pages, 60)
{
	struct drm_npu_vm_bind_op ops[3] = {};
	struct drm_npu_vm_bind bind = {
		.vm_id = self->m.vm, .flags = DRM_NPU_VM_BIND_ASYNC,
		.ops = { .stride = sizeof(ops[0]), .count = 3, .array = (uintptr_t)ops },
	};
	uint64_t size = 3 * NPU_TEST_HUGE, page;
	uint32_t bo;
	uint8_t *mem;
	int round;

	ASSERT_EQ(0, npu_bo_create(self->m.fd, size, 0, &bo));
	mem = npu_bo_map(self->m.fd, bo, size);
	ASSERT_NE(MAP_FAILED, mem);
	for (page = 0; page < size / NPU_TEST_PAGE; page++)
		mem[PAGES(page)] = page % 251;
	for (round = 0; round < 40; round++) {
		uint64_t first = 500 - 12 * round, count = 24 + 25 * round;

		/* All of it, a hole, and the hole filled from elsewhere in the buffer. */
		ops[0] = (struct drm_npu_vm_bind_op){ .op = DRM_NPU_VM_BIND_OP_MAP, .handle = bo,
						      .va = VA, .size = size };
		ops[1] = (struct drm_npu_vm_bind_op){ .op = DRM_NPU_VM_BIND_OP_UNMAP,
						      .va = VA + PAGES(first),
						      .size = PAGES(count) };
		ops[2] = (struct drm_npu_vm_bind_op){ .op = DRM_NPU_VM_BIND_OP_MAP, .handle = bo,
						      .bo_offset = PAGES(round),
						      .va = VA + PAGES(first),
						      .size = PAGES(count - 1) };
		ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_NPU_VM_BIND, &bind));
		if (round % 4)
			continue;
		/* One that is not queued waits for all that is. */
		ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, VA + size, PAGES(1)));
		EXPECT_EQ((first - 1) % 251,
			  npu_peek(&self->m, &self->copy, VA + PAGES(first - 1)));
		EXPECT_EQ(round % 251, npu_peek(&self->m, &self->copy, VA + PAGES(first)));
		EXPECT_EQ((round + count - 2) % 251,
			  npu_peek(&self->m, &self->copy, VA + PAGES(first + count - 2)));
		EXPECT_EQ(-EFAULT, npu_peek(&self->m, &self->copy, VA + PAGES(first + count - 1)));
		EXPECT_EQ((first + count) % 251,
			  npu_peek(&self->m, &self->copy, VA + PAGES(first + count)));
	}
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, VA, size));
	munmap(mem, size);
	EXPECT_EQ(0, npu_bo_close(self->m.fd, bo));
}

/* Everything that a file can have too much of gives a clean error, and the rest goes on. */
TEST_F_TIMEOUT(storms, what_can_run_out, 120)
{
	uint32_t vms = 0, ctxs = 0, id, bo;
	int fd = npu_open_device(), ret;

	ASSERT_LE(0, fd);
	while (!(ret = npu_vm_create(fd, &id)))
		vms++;
	EXPECT_EQ(-ENOSPC, ret);
	EXPECT_EQ(self->m.info.max_vms, vms);
	while (!(ret = npu_ctx_create(fd, 1, DRM_NPU_PRIORITY_NORMAL, 0, &id)))
		ctxs++;
	EXPECT_EQ(-ENOSPC, ret);
	EXPECT_EQ(self->m.info.max_contexts, ctxs);
	/* Addresses, but no pages, of far more than the machine has. */
	for (id = 0; id < 3000; id++)
		ASSERT_EQ(0, npu_bo_create(fd, 1 << 20, 0, &bo));
	EXPECT_EQ(-ENOMEM, npu_bo_create(fd, 1ull << 38, 0, &bo));
	/* Others do not notice, and what is given back can be had again. */
	self->m.data.cpu[64] = 0x33;
	EXPECT_EQ(0x33, npu_peek(&self->m, &self->copy, self->m.data.va + 64));
	EXPECT_EQ(0, npu_ctx_destroy(fd, 1));
	EXPECT_EQ(0, npu_ctx_create(fd, 1, DRM_NPU_PRIORITY_NORMAL, 0, &id));
	EXPECT_EQ(0, npu_vm_destroy(fd, vms));
	EXPECT_EQ(0, npu_vm_create(fd, &id));
	close(fd);
}

TEST_HARNESS_MAIN
