// SPDX-License-Identifier: GPL-2.0
/*
 * The machine's devices go to sleep and wake up again with contexts open and jobs
 * on their way. NPU_SUSPEND=yes: the machine loses other devices by it, such as
 * the host's files, so tests/vm/suspend.sh boots one for this.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_program.h"

struct copier {
	pthread_t thread;
	struct npu_machine *m;
	struct drm_npu_job job;
	atomic_int *stop;
	atomic_uint done;
	uint32_t ctx, id, wrong;
};

static void *copier_work(void *arg)
{
	struct copier *c = arg;
	uint64_t args[2] = { c->m->data.va + 128 * c->id, c->m->data.va + 128 * c->id + 64 };
	uint8_t *mem = c->m->data.cpu + 128 * c->id, byte = 0;

	npu_job_args(&c->job, args);
	while (!atomic_load(c->stop)) {
		memset(mem, ++byte, 64);
		c->wrong += npu_run_on(c->m->fd, c->ctx, &c->job) || memcmp(mem, mem + 64, 64);
		atomic_fetch_add(&c->done, 1);
	}
	return NULL;
}

/* No page of ours is to be fetched from a file system that is gone. */
__attribute__((constructor)) static void stay_in_memory(void)
{
	if (getenv("NPU_SUSPEND") && mlockall(MCL_CURRENT | MCL_FUTURE))
		perror("mlockall");
}

#define COPIERS	3
#define BEHIND	12

struct load {
	struct npu_machine m;
	struct copier c[COPIERS];
	struct drm_npu_job spin, copy;
	uint64_t rounds[1], args[2];
	atomic_int stop;
};

FIXTURE(suspend)
{
	struct load load;
};

FIXTURE_VARIANT(suspend)
{
	const char *test, *state;
};

/* What /sys/power/pm_test knows: up to there, and back after five seconds. */
FIXTURE_VARIANT_ADD(suspend, devices)
{
	.test = "devices", .state = "freeze",
};

FIXTURE_VARIANT_ADD(suspend, platform)
{
	.test = "platform", .state = "mem",
};

FIXTURE_SETUP(suspend)
{
	int i;

	if (!getenv("NPU_SUSPEND"))
		SKIP(return, "not on a machine that others use");
	ASSERT_EQ(0, npu_machine_open(&self->load.m));
	self->load.copy = npu_prog_copy(&self->load.m, 64);
	self->load.spin = npu_prog_spin(&self->load.m);
	for (i = 0; i < COPIERS; i++) {
		struct copier *c = &self->load.c[i];

		c->m = &self->load.m;
		c->job = self->load.copy;
		c->stop = &self->load.stop;
		c->id = i;
		ASSERT_EQ(0, npu_ctx_create(self->load.m.fd, self->load.m.vm, i, 0, &c->ctx));
	}
}

FIXTURE_TEARDOWN(suspend)
{
	npu_machine_close(&self->load.m);
}

static void start(struct __test_metadata *_metadata, struct load *load)
{
	int i;

	for (i = 0; i < COPIERS; i++)
		ASSERT_EQ(0, pthread_create(&load->c[i].thread, NULL, copier_work, &load->c[i]));
	for (i = 0; i < COPIERS; i++)
		while (!atomic_load(&load->c[i].done))
			usleep(1000);
}

static void end(struct __test_metadata *_metadata, struct load *load)
{
	unsigned int done[COPIERS];
	int i;

	/* All of them go on. */
	for (i = 0; i < COPIERS; i++)
		done[i] = atomic_load(&load->c[i].done);
	for (i = 0; i < COPIERS; i++)
		while (atomic_load(&load->c[i].done) < done[i] + 5)
			usleep(1000);
	atomic_store(&load->stop, 1);
	for (i = 0; i < COPIERS; i++) {
		pthread_join(load->c[i].thread, NULL);
		EXPECT_EQ(0, load->c[i].wrong);
	}
}

/* Jobs that run for a while, and others behind them in the ring and the driver. */
static uint32_t queue_jobs(struct __test_metadata *_metadata, struct load *load)
{
	uint32_t syncobj = npu_syncobj_create(load->m.fd, 0);
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_npu_job jobs[2 * BEHIND];
	int i;

	load->rounds[0] = 1;
	load->args[0] = NPU_TEST_DATA + 4096;
	load->args[1] = NPU_TEST_DATA + 8192;
	memset(load->m.data.cpu + 4096, 0x3c, 64);
	memset(load->m.data.cpu + 8192, 0, 64);
	npu_job_args(&load->spin, load->rounds);
	npu_job_args(&load->copy, load->args);
	for (i = 0; i < BEHIND; i++) {
		jobs[2 * i] = load->spin;
		jobs[2 * i + 1] = load->copy;
	}
	npu_job_syncs(&jobs[2 * BEHIND - 1], &sync, 1);
	EXPECT_EQ(0, npu_submit(load->m.fd, load->m.ctx, jobs, 2 * BEHIND, NULL));
	return syncobj;
}

static bool mode_is_there(const char *file, const char *mode)
{
	char text[128];

	return !npu_read_file(file, text, sizeof(text)) && strstr(text, mode);
}

TEST_F_TIMEOUT(suspend, jobs_go_on, 300)
{
	struct drm_npu_context_query query;
	uint32_t syncobj;

	if (!mode_is_there("/sys/power/state", variant->state))
		SKIP(return, "a kernel that cannot");
	if (!strcmp(variant->state, "mem"))
		npu_write_file("/sys/power/mem_sleep", "deep");
	if (npu_write_file("/sys/power/pm_test", variant->test))
		SKIP(return, "a kernel without pm_test");
	start(_metadata, &self->load);
	syncobj = queue_jobs(_metadata, &self->load);
	ASSERT_EQ(0, npu_write_file("/sys/power/state", variant->state));
	ASSERT_EQ(0, npu_syncobj_wait(self->load.m.fd, syncobj, 0));
	EXPECT_EQ(0, npu_syncobj_error(self->load.m.fd, syncobj));
	EXPECT_EQ(0, memcmp(self->load.m.data.cpu + 4096, self->load.m.data.cpu + 8192, 64));
	end(_metadata, &self->load);
	ASSERT_EQ(0, npu_ctx_query(self->load.m.fd, self->load.m.ctx, 0, &query));
	EXPECT_EQ(2 * BEHIND, query.jobs_done);
	EXPECT_EQ(0, query.jobs_failed);
	EXPECT_EQ(0, npu_usage(self->load.m.fd).resets);
}

/* A job that never ends keeps the machine awake, and the others run on. */
TEST_F_TIMEOUT(suspend, refused_while_a_job_hangs, 300)
{
	uint64_t forever[1] = { NPU_TEST_FOREVER };
	uint32_t ctx;

	if (strcmp(variant->test, "devices"))
		SKIP(return, "once is enough");
	ASSERT_EQ(0, npu_write_file("/sys/power/pm_test", variant->test));
	ASSERT_EQ(0, npu_ctx_create(self->load.m.fd, self->load.m.vm, 1, 0, &ctx));
	npu_job_args(&self->load.spin, forever);
	self->load.spin.cores = 1;
	ASSERT_EQ(0, npu_submit(self->load.m.fd, ctx, &self->load.spin, 1, NULL));
	usleep(200000);
	EXPECT_EQ(-EBUSY, npu_write_file("/sys/power/state", variant->state));
	start(_metadata, &self->load);
	end(_metadata, &self->load);
	EXPECT_EQ(0, npu_ctx_destroy(self->load.m.fd, ctx));
}

/* The device sleeps already when the machine does. */
TEST_F_TIMEOUT(suspend, with_a_sleeping_device, 300)
{
	char status[32] = "";
	int i;

	for (i = 0; i < 500 && strncmp(status, "suspended", 9); i++) {
		usleep(10000);
		npu_read_file(NPU_SYSFS "power/runtime_status", status, sizeof(status));
	}
	ASSERT_EQ(0, strncmp(status, "suspended", 9));
	ASSERT_EQ(0, npu_write_file("/sys/power/pm_test", variant->test));
	ASSERT_EQ(0, npu_write_file("/sys/power/state", variant->state));
	start(_metadata, &self->load);
	end(_metadata, &self->load);
	for (i = 0; i < 500; i++) {
		usleep(10000);
		npu_read_file(NPU_SYSFS "power/runtime_status", status, sizeof(status));
		if (!strncmp(status, "suspended", 9))
			break;
	}
	EXPECT_EQ(0, strncmp(status, "suspended", 9));
}

TEST_HARNESS_MAIN
