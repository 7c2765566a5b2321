// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts that hang, and resets of queues, of the device and of its PCI function, one
 * after the other, beside innocent ones that submit by ioctl and by io_uring, map
 * memory and count: they get the right bytes, and lose no count.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_uring.h"

#define INJECT		NPU_DEBUGFS "inject/"
#define WORKERS		4
#define ROUNDS		24

struct worker {
	pthread_t thread;
	struct npu_machine *m;
	struct drm_npu_job job;
	atomic_int *stop;
	uint32_t ctx, id;
	bool uring;
	uint32_t done, lost, wrong;
};

FIXTURE(reset_storms)
{
	struct npu_machine m;
	struct worker w[WORKERS];
	struct drm_npu_job spin;
	uint64_t forever[1];
	atomic_int stop;
	uint32_t perfmon;
};

FIXTURE_SETUP(reset_storms)
{
	struct drm_npu_perfmon_create create = {
		.counters = 1ull << NPU_CNT_MEM_READ | 1ull << NPU_CNT_JOBS,
	};
	int i;

	if (npu_read_number(INJECT "lost_aborts") < 0)
		SKIP(return, "no debugfs");
	ASSERT_EQ(0, npu_machine_open(&self->m));
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_NPU_PERFMON_CREATE, &create));
	self->perfmon = create.id;
	self->spin = npu_prog_spin(&self->m);
	self->forever[0] = NPU_TEST_FOREVER;
	npu_job_args(&self->spin, self->forever);
	for (i = 0; i < WORKERS; i++) {
		struct worker *w = &self->w[i];

		w->m = &self->m;
		w->job = npu_prog_copy(&self->m, 64);
		w->job.perfmon_id = self->perfmon;
		w->stop = &self->stop;
		w->id = i;
		w->uring = i & 1;
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, i % 3, 0, &w->ctx));
	}
}

FIXTURE_TEARDOWN(reset_storms)
{
	npu_machine_close(&self->m);
}

static int run_by(struct io_uring *ring, struct worker *w)
{
	struct drm_npu_submit submit = npu_uring_submit(w->ctx, &w->job, 1);

	return ring ? npu_uring_run(ring, w->m->fd, DRM_NPU_URING_SUBMIT, &submit) :
		      npu_run_on(w->m->fd, w->ctx, &w->job);
}

/* The page that it writes to is mapped anew each time. */
static void *worker_work(void *arg)
{
	struct worker *w = arg;
	uint64_t to = 0x50000000 + w->id * NPU_TEST_PAGE;
	uint64_t args[2] = { w->m->data.va + 64 * w->id, to };
	uint8_t *from = w->m->data.cpu + 64 * w->id, *mem, byte = 0;
	struct io_uring ring;
	uint32_t bo;

	if (npu_bo_create(w->m->fd, NPU_TEST_PAGE, 0, &bo) ||
	    (w->uring && io_uring_queue_init(8, &ring, 0))) {
		w->wrong++;
		return NULL;
	}
	mem = npu_bo_map(w->m->fd, bo, NPU_TEST_PAGE);
	npu_job_args(&w->job, args);
	while (!atomic_load(w->stop)) {
		int ret;

		memset(from, ++byte, 64);
		w->wrong += !!npu_vm_map(w->m->fd, w->m->vm, bo, 0, to, NPU_TEST_PAGE, 0);
		ret = run_by(w->uring ? &ring : NULL, w);
		w->done += !ret;
		w->lost += ret == -EIO;
		w->wrong += (ret && ret != -EIO) || (!ret && memcmp(from, mem, 64));
		w->wrong += !!npu_vm_unmap(w->m->fd, w->m->vm, to, NPU_TEST_PAGE);
	}
	if (w->uring)
		io_uring_queue_exit(&ring);
	munmap(mem, NPU_TEST_PAGE);
	return NULL;
}

static void start(struct __test_metadata *_metadata, FIXTURE_DATA(reset_storms) *self)
{
	int i;

	for (i = 0; i < WORKERS; i++)
		ASSERT_EQ(0, pthread_create(&self->w[i].thread, NULL, worker_work, &self->w[i]));
}

/* Nobody had anything wrong; the counters tell of each job that ended, and of no other. */
static void end(struct __test_metadata *_metadata, FIXTURE_DATA(reset_storms) *self, bool lossless)
{
	uint64_t values[2] = {}, done = 0, lost = 0;
	struct drm_npu_perfmon_read args = {
		.id = self->perfmon, .values = (uintptr_t)values, .num_values = 2,
		.timeout_ns = npu_now_ns() + NPU_TEST_PATIENCE_NS,
	};
	struct drm_npu_context_query query;
	int i;

	atomic_store(&self->stop, 1);
	for (i = 0; i < WORKERS; i++) {
		struct worker *w = &self->w[i];

		pthread_join(w->thread, NULL);
		EXPECT_EQ(0, w->wrong);
		EXPECT_LT(0, w->done);
		done += w->done;
		lost += w->lost;
		ASSERT_EQ(0, npu_ctx_query(self->m.fd, w->ctx, 0, &query));
		EXPECT_EQ(0, query.state);
		EXPECT_EQ(w->done, query.jobs_done);
		EXPECT_EQ(w->lost, query.jobs_failed);
	}
	TH_LOG("%llu jobs, %llu lost", (unsigned long long)done, (unsigned long long)lost);
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_NPU_PERFMON_READ, &args));
	EXPECT_EQ(0, args.pending);
	EXPECT_EQ(done, args.jobs);
	EXPECT_EQ(done, values[1]);
	EXPECT_EQ(64 * done, values[0]);
	if (lossless)
		EXPECT_EQ(0, lost);
}

/* A job of a guilty context hangs, and is got rid of by one step more each time. */
static void hang(struct __test_metadata *_metadata, FIXTURE_DATA(reset_storms) *self,
		 unsigned int steps)
{
	static const char * const failing[] = {
		INJECT "lost_aborts", INJECT "stuck_queue_resets", INJECT "stuck_device_resets",
	};
	uint32_t syncobj = npu_syncobj_create(self->m.fd, 0), ctx, i;
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_npu_job job = self->spin;

	for (i = 0; i < steps; i++)
		ASSERT_EQ(0, npu_write_file(failing[i], "1"));
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, steps % 3, 100, &ctx));
	npu_job_syncs(&job, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, ctx, &job, 1, NULL));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobj, 0));
	EXPECT_EQ(-ETIMEDOUT, npu_syncobj_error(self->m.fd, syncobj));
	EXPECT_EQ(0, npu_ctx_destroy(self->m.fd, ctx));
	npu_syncobj_destroy(self->m.fd, syncobj);
}

/* Recovery takes nothing from who has done nothing. */
TEST_F_TIMEOUT(reset_storms, guilty_beside_innocent, 240)
{
	unsigned int round;

	start(_metadata, self);
	for (round = 0; round < 12; round++)
		hang(_metadata, self, round % 4);
	end(_metadata, self, true);
}

/* Who resets by hand does not ask; what had begun is lost, and said to be. */
TEST_F_TIMEOUT(reset_storms, by_hand, 120)
{
	char queue[16];
	int round;

	start(_metadata, self);
	for (round = 0; round < ROUNDS; round++) {
		snprintf(queue, sizeof(queue), "%u", round % self->m.info.queues);
		EXPECT_EQ(0, npu_write_file(NPU_DEBUGFS "reset", queue));
		if (round % 3 == 0)
			EXPECT_EQ(0, npu_write_file(NPU_DEBUGFS "reset", "device"));
		if (round % 3 == 1)
			EXPECT_EQ(0, npu_write_file(NPU_SYSFS "reset", "1"));
		usleep(round * 389 % 5000);
	}
	end(_metadata, self, false);
}

TEST_HARNESS_MAIN
