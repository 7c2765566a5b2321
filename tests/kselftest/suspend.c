// SPDX-License-Identifier: GPL-2.0
/*
 * The machine goes to sleep and wakes up again with contexts open, memory full and
 * jobs, commands and binds on their way. NPU_SUSPEND names the variants to run: the
 * machine loses other devices by it, such as the host's files, so
 * tests/vm/suspend.sh and tests/vm/sleep.sh boot some for this.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_uring.h"

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

struct waiting {
	uint32_t bound, ctx;
	struct drm_npu_sync sync[2], after;
	struct drm_npu_vm_bind_op op;
	struct drm_npu_vm_bind bind;
	struct drm_npu_job job;
	struct drm_npu_submit submit;
	struct io_uring ring;
	uint64_t args[2];
};

struct load {
	struct npu_machine m;
	struct npu_area big;
	struct waiting waiting;
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
	const char *name;	/* in NPU_SUSPEND */
	/* of /sys/power/pm_test: up to there, and back after five seconds */
	const char *test;
	const char *state, *mem_sleep;
};

FIXTURE_VARIANT_ADD(suspend, devices)
{
	.name = "devices", .test = "devices", .state = "freeze",
};

FIXTURE_VARIANT_ADD(suspend, platform)
{
	.name = "platform", .test = "platform", .state = "mem", .mem_sleep = "deep",
};

/* Processors are idle, devices in D3hot; who runs the machine wakes it, here and below. */
FIXTURE_VARIANT_ADD(suspend, s2idle)
{
	.name = "s2idle", .test = "none", .state = "freeze",
};

/* Only memory has power. */
FIXTURE_VARIANT_ADD(suspend, s3)
{
	.name = "s3", .test = "none", .state = "mem", .mem_sleep = "deep",
};

/* Nothing has: who runs the machine switches it on again. */
FIXTURE_VARIANT_ADD(suspend, hibernation)
{
	.name = "hibernation", .test = "none", .state = "disk",
};

FIXTURE_SETUP(suspend)
{
	const char *wanted = getenv("NPU_SUSPEND");
	int i;

	if (!wanted || !strstr(wanted, variant->name))
		SKIP(return, "not on this machine");
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

#define BIG_VA		0x40000000ull
#define BIG_SIZE	(3 * NPU_TEST_HUGE)

static uint64_t word_of(size_t i)
{
	return (i + 1) * 0x9e3779b97f4a7c15ull;
}

/* Pages large and small, all of them full, that the NPU has looked at before. */
static void fill_memory(struct __test_metadata *_metadata, struct load *load)
{
	uint64_t *word;
	size_t i;

	ASSERT_EQ(0, npu_area_create(load->m.fd, load->m.vm, BIG_VA, BIG_SIZE, &load->big));
	ASSERT_EQ(0, npu_vm_map(load->m.fd, load->m.vm, load->big.handle, NPU_TEST_PAGE,
				BIG_VA + BIG_SIZE, NPU_TEST_PAGE, 0));
	word = (uint64_t *)load->big.cpu;
	for (i = 0; i < BIG_SIZE / sizeof(*word); i++)
		word[i] = word_of(i);
	ASSERT_EQ(word[0] & 0xff, npu_peek(&load->m, &load->copy, BIG_VA));
}

static void check_memory(struct __test_metadata *_metadata, struct load *load)
{
	const uint64_t *word = (uint64_t *)load->big.cpu;
	uint64_t at;
	size_t i;

	for (i = 0; i < BIG_SIZE / sizeof(*word); i++)
		ASSERT_EQ(word_of(i), word[i]);
	for (at = 0; at < BIG_SIZE; at += BIG_SIZE / 16)
		EXPECT_EQ(load->big.cpu[at], npu_peek(&load->m, &load->copy, BIG_VA + at));
	EXPECT_EQ(load->big.cpu[NPU_TEST_PAGE],
		  npu_peek(&load->m, &load->copy, BIG_VA + BIG_SIZE));
}

/* A bind that waits for the jobs, and a command of a ring that waits for the bind. */
static void begin_waiting(struct __test_metadata *_metadata, struct load *load, uint32_t jobs)
{
	struct waiting *w = &load->waiting;
	int fd = load->m.fd;

	w->bound = npu_syncobj_create(fd, 0);
	w->sync[0] = (struct drm_npu_sync){ .handle = jobs, .flags = DRM_NPU_SYNC_WAIT };
	w->sync[1] = (struct drm_npu_sync){ .handle = w->bound, .flags = DRM_NPU_SYNC_SIGNAL };
	w->op = (struct drm_npu_vm_bind_op){
		.op = DRM_NPU_VM_BIND_OP_MAP, .handle = load->big.handle,
		.va = BIG_VA + 2 * BIG_SIZE, .size = BIG_SIZE,
	};
	w->bind = (struct drm_npu_vm_bind){
		.vm_id = load->m.vm, .flags = DRM_NPU_VM_BIND_ASYNC,
		.ops = { .stride = sizeof(w->op), .count = 1, .array = (uintptr_t)&w->op },
		.syncs = { .stride = sizeof(w->sync[0]), .count = 2, .array = (uintptr_t)w->sync },
	};
	ASSERT_EQ(0, npu_call(fd, DRM_IOCTL_NPU_VM_BIND, &w->bind));
	w->after = (struct drm_npu_sync){ .handle = w->bound, .flags = DRM_NPU_SYNC_WAIT };
	w->args[0] = w->op.va;
	w->args[1] = NPU_TEST_DATA + 12288;
	w->job = load->copy;
	npu_job_args(&w->job, w->args);
	npu_job_syncs(&w->job, &w->after, 1);
	ASSERT_EQ(0, npu_ctx_create(fd, load->m.vm, DRM_NPU_PRIORITY_LOW, 0, &w->ctx));
	w->submit = npu_uring_submit(w->ctx, &w->job, 1);
	ASSERT_EQ(0, io_uring_queue_init(4, &w->ring, 0));
	ASSERT_NE(NULL, npu_uring_add(&w->ring, fd, DRM_NPU_URING_SUBMIT, &w->submit, 0));
	ASSERT_EQ(1, io_uring_submit(&w->ring));
}

static void end_waiting(struct __test_metadata *_metadata, struct load *load)
{
	struct waiting *w = &load->waiting;

	EXPECT_EQ(0, npu_uring_get(&w->ring, NULL));
	EXPECT_EQ(0, memcmp(load->big.cpu, load->m.data.cpu + 12288, 64));
	io_uring_queue_exit(&w->ring);
}

/* Wakes up again when this returns. */
static int go_to_sleep(const char *test, const char *mem_sleep, const char *state)
{
	int ret = npu_write_file("/sys/power/pm_test", test);

	if (!ret && mem_sleep)
		ret = npu_write_file("/sys/power/mem_sleep", mem_sleep);
	return ret ?: npu_write_file("/sys/power/state", state);
}

TEST_F_TIMEOUT(suspend, jobs_go_on, 300)
{
	struct drm_npu_context_query before, query;
	uint32_t syncobj;

	if (!mode_is_there("/sys/power/state", variant->state))
		SKIP(return, "a kernel that cannot");
	if (variant->mem_sleep && !mode_is_there("/sys/power/mem_sleep", variant->mem_sleep))
		SKIP(return, "a machine that cannot");
	fill_memory(_metadata, &self->load);
	ASSERT_EQ(0, npu_ctx_query(self->load.m.fd, self->load.m.ctx, 0, &before));
	start(_metadata, &self->load);
	syncobj = queue_jobs(_metadata, &self->load);
	begin_waiting(_metadata, &self->load, syncobj);
	ASSERT_EQ(0, go_to_sleep(variant->test, variant->mem_sleep, variant->state));
	ASSERT_EQ(0, npu_syncobj_wait(self->load.m.fd, syncobj, 0));
	EXPECT_EQ(0, npu_syncobj_error(self->load.m.fd, syncobj));
	EXPECT_EQ(0, memcmp(self->load.m.data.cpu + 4096, self->load.m.data.cpu + 8192, 64));
	end(_metadata, &self->load);
	ASSERT_EQ(0, npu_ctx_query(self->load.m.fd, self->load.m.ctx, 0, &query));
	EXPECT_EQ(before.jobs_done + 2 * BEHIND, query.jobs_done);
	EXPECT_EQ(0, query.jobs_failed);
	EXPECT_EQ(0, npu_usage(self->load.m.fd).resets);
	check_memory(_metadata, &self->load);
	end_waiting(_metadata, &self->load);
	npu_area_free(self->load.m.fd, &self->load.big);
}

/* A job that never ends keeps the machine awake, and the others run on. */
TEST_F_TIMEOUT(suspend, refused_while_a_job_hangs, 300)
{
	uint64_t forever[1] = { NPU_TEST_FOREVER };
	uint32_t ctx;

	if (strcmp(variant->name, "devices"))
		SKIP(return, "once is enough");
	ASSERT_EQ(0, npu_ctx_create(self->load.m.fd, self->load.m.vm, 1, 0, &ctx));
	npu_job_args(&self->load.spin, forever);
	self->load.spin.cores = 1;
	ASSERT_EQ(0, npu_submit(self->load.m.fd, ctx, &self->load.spin, 1, NULL));
	usleep(200000);
	EXPECT_EQ(-EBUSY, go_to_sleep(variant->test, variant->mem_sleep, variant->state));
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
	ASSERT_EQ(0, go_to_sleep(variant->test, variant->mem_sleep, variant->state));
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
