// SPDX-License-Identifier: GPL-2.0
/*
 * Resets of the PCI function that others ask for, and errors that PCI reports,
 * with jobs on their way: each gives the right bytes, or says that it was lost.
 *
 * NPU_PCI_ERRORS: prefix of files by which tests/vm/pci-errors.sh is told to
 * inject an error.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_program.h"

struct copier {
	pthread_t thread;
	struct npu_machine *m;
	struct drm_npu_job job;
	atomic_int *stop;
	atomic_uint done;
	uint32_t ctx, id, lost, wrong;
};

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
			c->wrong += !!memcmp(mem, mem + 64, 64);
			atomic_fetch_add(&c->done, 1);
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

#define COPIERS	4
#define RESET	NPU_SYSFS "reset"

FIXTURE(pci_reset)
{
	struct npu_machine m;
	struct copier c[COPIERS];
	atomic_int stop;
	uint32_t resets;
};

FIXTURE_SETUP(pci_reset)
{
	int i;

	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->resets = npu_usage(self->m.fd).resets;
	for (i = 0; i < COPIERS; i++) {
		struct copier *c = &self->c[i];

		c->m = &self->m;
		c->job = npu_prog_copy(&self->m, 64);
		c->stop = &self->stop;
		c->id = i;
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, i, 0, &c->ctx));
		ASSERT_EQ(0, pthread_create(&c->thread, NULL, copier_work, c));
	}
}

/* Each has seen some jobs end after the trouble. */
FIXTURE_TEARDOWN(pci_reset)
{
	unsigned int done[COPIERS];
	int i;

	for (i = 0; i < COPIERS; i++)
		done[i] = atomic_load(&self->c[i].done);
	for (i = 0; i < COPIERS; i++)
		while (atomic_load(&self->c[i].done) < done[i] + 3)
			usleep(1000);
	atomic_store(&self->stop, 1);
	for (i = 0; i < COPIERS; i++) {
		pthread_join(self->c[i].thread, NULL);
		EXPECT_EQ(0, self->c[i].wrong);
	}
	npu_machine_close(&self->m);
}

TEST_F(pci_reset, by_sysfs_under_load)
{
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, npu_write_file(RESET, "1"));
		usleep(1000 * (i * 7 % 23));
	}
	EXPECT_EQ(self->resets + 20, npu_usage(self->m.fd).resets);
}

/* Only the job that ran is lost, not the one behind it. */
TEST_F(pci_reset, by_sysfs_with_a_long_job)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m), copy = npu_prog_copy(&self->m, 64);
	uint64_t forever[1] = { NPU_TEST_FOREVER };
	uint64_t args[2] = { NPU_TEST_DATA + 4096, NPU_TEST_DATA + 8192 };
	uint32_t syncobj = npu_syncobj_create(self->m.fd, 0), ctx;
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };

	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 1, 0, &ctx));
	spin.cores = 1;
	npu_job_args(&spin, forever);
	npu_job_syncs(&spin, &sync, 1);
	npu_job_args(&copy, args);
	memset(self->m.data.cpu + 4096, 0x77, 64);
	ASSERT_EQ(0, npu_submit(self->m.fd, ctx, &spin, 1, NULL));
	usleep(200000);
	ASSERT_EQ(0, npu_submit(self->m.fd, ctx, &copy, 1, NULL));
	ASSERT_EQ(0, npu_write_file(RESET, "1"));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobj, 0));
	EXPECT_EQ(-EIO, npu_syncobj_error(self->m.fd, syncobj));
	ASSERT_EQ(0, npu_run_on(self->m.fd, ctx, &copy));
	EXPECT_EQ(0, memcmp(self->m.data.cpu + 4096, self->m.data.cpu + 8192, 64));
}

/* Has tests/vm/pci-errors.sh inject an error. */
static bool injected(const char *name)
{
	const char *prefix = getenv("NPU_PCI_ERRORS");
	char path[512];
	int fd, i;

	if (!prefix)
		return false;
	snprintf(path, sizeof(path), "%s.%s", prefix, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "%s.%s.done", prefix, name);
	for (i = 0; i < 1000 && access(path, F_OK); i++)
		usleep(20000);
	return !access(path, F_OK);
}

/* Errors that the kernel has counted, the last number of a table. */
static int errors(const char *table)
{
	char path[128], text[1024], *last;

	snprintf(path, sizeof(path), NPU_SYSFS "%s", table);
	if (npu_read_file(path, text, sizeof(text)))
		return 0;
	last = strrchr(text, ' ');
	return last ? atoi(last) : 0;
}

TEST_F_TIMEOUT(pci_reset, error_that_is_not_fatal, 60)
{
	int i;

	if (!getenv("NPU_PCI_ERRORS"))
		SKIP(return, "nobody injects errors");
	ASSERT_TRUE(injected("COMP_TIME"));
	for (i = 0; i < 500 && !errors("aer_dev_nonfatal"); i++)
		usleep(20000);
	EXPECT_EQ(1, errors("aer_dev_nonfatal"));
	EXPECT_EQ(self->resets, npu_usage(self->m.fd).resets);
}

TEST_F_TIMEOUT(pci_reset, fatal_error, 60)
{
	int i;

	if (!getenv("NPU_PCI_ERRORS"))
		SKIP(return, "nobody injects errors");
	ASSERT_TRUE(injected("MALF_TLP"));
	for (i = 0; i < 500 && npu_usage(self->m.fd).resets == self->resets; i++)
		usleep(20000);
	EXPECT_EQ(self->resets + 1, npu_usage(self->m.fd).resets);
}

TEST_HARNESS_MAIN
