// SPDX-License-Identifier: GPL-2.0
/*
 * Resets of queues and of the device while jobs run: a job that had begun is
 * lost, with an error; one that had not runs later, and right; nobody is
 * banned. debugfs is how a reset is asked for without a device that hangs.
 */
#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "kselftest_harness.h"

#include "npu_program.h"

#define WAITING	20

FIXTURE(reset)
{
	struct npu_machine m;
	struct drm_npu_job spin, null, copy;
	uint64_t forever[1];
	char path[128];
	uint32_t resets;
};

FIXTURE_SETUP(reset)
{
	glob_t found;

	if (glob("/sys/kernel/debug/accel/*/reset", 0, NULL, &found))
		SKIP(return, "no debugfs, or a kernel without it");
	snprintf(self->path, sizeof(self->path), "%s", found.gl_pathv[0]);
	globfree(&found);
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->spin = npu_prog_spin(&self->m);
	self->null = npu_prog_null(&self->m);
	self->copy = npu_prog_copy(&self->m, 64);
	self->forever[0] = NPU_TEST_FOREVER;
	npu_job_args(&self->spin, self->forever);
	self->resets = npu_usage(self->m.fd).resets;
}

FIXTURE_TEARDOWN(reset)
{
	struct drm_npu_context_query query;

	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, 0, &query));
	EXPECT_EQ(0, query.state);
	EXPECT_EQ(0, npu_run(&self->m, &self->null));
	npu_machine_close(&self->m);
}

static int ask(const char *path, const char *what)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, what, strlen(what)) != (ssize_t)strlen(what))
		ret = -errno;
	close(fd);
	return ret;
}

static int reset_queue(const char *path, uint32_t queue)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", queue);
	return ask(path, number);
}

static int reset_queues(const char *path, uint32_t queues)
{
	uint32_t i;
	int ret = 0;

	for (i = 0; i < queues && !ret; i++)
		ret = reset_queue(path, i);
	return ret;
}

TEST_F(reset, bad_requests)
{
	EXPECT_EQ(-EINVAL, ask(self->path, "nonsense"));
	EXPECT_EQ(-EINVAL, ask(self->path, "99"));
	EXPECT_EQ(-EINVAL, ask(self->path, "-1"));
	EXPECT_EQ(self->resets, npu_usage(self->m.fd).resets);
}

TEST_F(reset, idle)
{
	ASSERT_EQ(0, npu_run(&self->m, &self->null));
	ASSERT_EQ(0, reset_queues(self->path, self->m.info.queues));
	EXPECT_EQ(self->resets, npu_usage(self->m.fd).resets);
	ASSERT_EQ(0, npu_run(&self->m, &self->null));
	ASSERT_EQ(0, ask(self->path, "device"));
	EXPECT_EQ(self->resets + 1, npu_usage(self->m.fd).resets);
	ASSERT_EQ(0, npu_run(&self->m, &self->null));
}

/* Mappings survive, and so do pages that were mapped anew before or after. */
TEST_F(reset, translations)
{
	uint64_t args[2] = { 0x40000000, NPU_TEST_DATA };
	struct drm_npu_job job = self->copy;
	uint32_t bo;

	npu_job_args(&job, args);
	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &bo));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, 0x40000000, 4096, 0));
	EXPECT_EQ(0, npu_run(&self->m, &job));
	ASSERT_EQ(0, ask(self->path, "device"));
	EXPECT_EQ(0, npu_run(&self->m, &job));
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, 0x40000000, 4096));
	EXPECT_EQ(-EFAULT, npu_run(&self->m, &job));
}

static int submit_spin(struct npu_machine *m, const struct drm_npu_job *spin, uint32_t priority,
		       uint32_t *syncobj)
{
	struct drm_npu_sync sync = { .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_npu_job job = *spin;
	uint32_t ctx;
	int ret;

	*syncobj = npu_syncobj_create(m->fd, 0);
	sync.handle = *syncobj;
	npu_job_syncs(&job, &sync, 1);
	ret = npu_ctx_create(m->fd, m->vm, priority, 0, &ctx);
	return ret ? ret : npu_submit(m->fd, ctx, &job, 1, NULL);
}

/* Many contexts with one job each, of the priorities whose bits are set. */
static int submit_copies(struct npu_machine *m, const struct drm_npu_job *copy,
			 uint32_t priorities, uint32_t *copies)
{
	static uint64_t args[WAITING][2];
	struct drm_npu_sync sync = { .flags = DRM_NPU_SYNC_SIGNAL };
	uint32_t ctx, priority = 0;
	int i, ret = 0;

	for (i = 0; i < WAITING && !ret; i++) {
		struct drm_npu_job job = *copy;

		do {
			priority = (priority + 1) % 4;
		} while (!(priorities >> priority & 1));
		copies[i] = npu_syncobj_create(m->fd, 0);
		sync.handle = copies[i];
		args[i][0] = m->data.va;
		args[i][1] = m->data.va + 64 * (i + 1);
		npu_job_args(&job, args[i]);
		npu_job_syncs(&job, &sync, 1);
		ret = npu_ctx_create(m->fd, m->vm, priority, 0, &ctx);
		ret = ret ? ret : npu_submit(m->fd, ctx, &job, 1, NULL);
	}
	return ret;
}

static void check_copies(struct __test_metadata *_metadata, struct npu_machine *m,
			 const uint32_t *copies)
{
	int i;

	for (i = 0; i < WAITING; i++) {
		ASSERT_EQ(0, npu_syncobj_wait(m->fd, copies[i], 0));
		EXPECT_EQ(0, npu_syncobj_error(m->fd, copies[i]));
		EXPECT_EQ(0, memcmp(m->data.cpu + 64 * (i + 1), m->data.cpu, 64));
	}
}

/* One priority after the other, as a job that has just begun would be lost too. */
TEST_F(reset, queues_with_jobs)
{
	uint32_t spin, queue, copies[WAITING];
	int priority;

	for (priority = 0; priority < 4; priority++) {
		memset(self->m.data.cpu, 0x70 + priority, 64);
		ASSERT_EQ(0, submit_spin(&self->m, &self->spin, priority, &spin));
		usleep(100000);
		ASSERT_EQ(0, submit_copies(&self->m, &self->copy, 1u << priority, copies));
		usleep(100000);
		/* Not further than to its queue: in others there may be copies that have begun. */
		for (queue = 0; npu_syncobj_wait_for(self->m.fd, spin, 0, 20000000); queue++)
			ASSERT_EQ(0, reset_queue(self->path, queue));
		EXPECT_EQ(-EIO, npu_syncobj_error(self->m.fd, spin));
		check_copies(_metadata, &self->m, copies);
	}
	EXPECT_EQ(self->resets, npu_usage(self->m.fd).resets);
}

TEST_F_TIMEOUT(reset, device_with_jobs, 90)
{
	uint32_t spins[4], copies[WAITING];
	int i, asked = 0;

	memset(self->m.data.cpu, 0x78, 64);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, submit_spin(&self->m, &self->spin, i, &spins[i]));
	usleep(100000);
	ASSERT_EQ(0, submit_copies(&self->m, &self->copy, 0xf, copies));
	/* One that waits for cores has not begun and is not lost: ask until all are. */
	for (i = 0; i < 4; i++) {
		while (npu_syncobj_wait_for(self->m.fd, spins[i], 0, 50000000)) {
			ASSERT_GT(20, asked++);
			ASSERT_EQ(0, ask(self->path, "device"));
		}
		EXPECT_EQ(-EIO, npu_syncobj_error(self->m.fd, spins[i]));
	}
	check_copies(_metadata, &self->m, copies);
}

/* Short jobs get the time to end before the device is reset. */
TEST_F(reset, running_jobs_may_end)
{
	struct drm_npu_job job = self->spin;
	uint32_t syncobj = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	uint64_t args[1] = { 1 };

	npu_job_args(&job, args);
	npu_job_syncs(&job, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	ASSERT_EQ(0, ask(self->path, "device"));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobj, 0));
	EXPECT_EQ(0, npu_syncobj_error(self->m.fd, syncobj));
}

TEST_F(reset, lost_job_is_reported)
{
	uint32_t syncobj = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_npu_context_query query;

	npu_job_syncs(&self->spin, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &self->spin, 1, NULL));
	usleep(100000);
	ASSERT_EQ(0, reset_queues(self->path, self->m.info.queues));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobj, 0));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, DRM_NPU_CONTEXT_QUERY_CLEAR, &query));
	EXPECT_EQ(1, query.fault_job);
	EXPECT_EQ(NPU_JOB_PENDING, query.status);
	EXPECT_EQ(NPU_FAULT_NONE, query.code);
	EXPECT_EQ(1, query.jobs_failed);
}

struct copier {
	pthread_t thread;
	struct npu_machine *m;
	struct drm_npu_job job;
	atomic_int *stop;
	uint32_t ctx, id, done, lost, wrong;
};

/* Each job gives the right bytes or the error that says it was lost. */
static void *copier_work(void *arg)
{
	struct copier *c = arg;
	uint64_t args[2] = { c->m->data.va + 128 * c->id, c->m->data.va + 128 * c->id + 64 };
	uint8_t *mem = c->m->data.cpu + 128 * c->id, byte = 0;

	npu_job_args(&c->job, args);
	while (!atomic_load(c->stop)) {
		memset(mem, ++byte, 64);
		switch (npu_run_on(c->m->fd, c->ctx, &c->job)) {
		case 0:
			c->done++;
			c->wrong += !!memcmp(mem, mem + 64, 64);
			break;
		case -EIO:
			c->lost++;
			break;
		default:
			c->wrong++;
		}
	}
	return NULL;
}

/* Maps and unmaps: invalidations that a reset swallows must not be waited for. */
static void *binder_work(void *arg)
{
	struct copier *c = arg;
	uint32_t bo;

	c->wrong += !!npu_bo_create(c->m->fd, 4096, 0, &bo);
	while (!atomic_load(c->stop)) {
		c->wrong += !!npu_vm_map(c->m->fd, c->m->vm, bo, 0, 0x70000000, 4096, 0);
		c->wrong += !!npu_vm_unmap(c->m->fd, c->m->vm, 0x70000000, 4096);
	}
	return NULL;
}

TEST_F_TIMEOUT(reset, storm, 120)
{
	struct copier c[5] = {};
	atomic_int stop = 0;
	uint32_t i, done = 0;

	for (i = 0; i < 5; i++) {
		c[i].m = &self->m;
		c[i].job = self->copy;
		c[i].stop = &stop;
		c[i].id = i;
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, i % 4, 0, &c[i].ctx));
		ASSERT_EQ(0, pthread_create(&c[i].thread, NULL, i < 4 ? copier_work : binder_work,
					    &c[i]));
	}
	for (i = 0; i < 20; i++) {
		EXPECT_EQ(0, ask(self->path, "device"));
		EXPECT_EQ(0, reset_queues(self->path, self->m.info.queues));
		usleep(10000);
	}
	atomic_store(&stop, 1);
	for (i = 0; i < 5; i++) {
		pthread_join(c[i].thread, NULL);
		EXPECT_EQ(0, c[i].wrong);
		done += c[i].done;
	}
	EXPECT_LT(0, done);
	EXPECT_EQ(self->resets + 20, npu_usage(self->m.fd).resets);
}

TEST_HARNESS_MAIN
