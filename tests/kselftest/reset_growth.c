// SPDX-License-Identifier: GPL-2.0
/*
 * Resets cost no memory: after many of each kind, with jobs on their way, the kernel
 * has no more than before. NPU_RESETS says how many; 10,000 show the smallest leak.
 */
#include <stdlib.h>

#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_program.h"

#define INJECT		NPU_DEBUGFS "inject/"
#define RESET		NPU_DEBUGFS "reset"
#define DEFAULT_COUNT	200
/* A kernel that looks for leaks by itself also keeps what was freed, to see who uses it. */
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
/* What comes and goes by itself: partial slabs, stacks that are kept for later. */
#define NOISE_KIB	512

FIXTURE(growth)
{
	struct npu_machine m;
	struct drm_npu_job copy;
	uint64_t args[2];
};

FIXTURE_VARIANT(growth)
{
	const char *what;
	int share;		/* that many times fewer, as each takes longer */
	int stuck_devices;	/* device resets that fail before each */
};

FIXTURE_VARIANT_ADD(growth, queue) {
	.what = "0", .share = 1,
};

FIXTURE_VARIANT_ADD(growth, device) {
	.what = "device", .share = 1,
};

/* PCI waits for a tenth of a second each time. */
FIXTURE_VARIANT_ADD(growth, flr) {
	.what = "device", .share = 10, .stuck_devices = 1,
};

FIXTURE_SETUP(growth)
{
	if (npu_read_number(INJECT "stuck_device_resets") < 0)
		SKIP(return, "no debugfs");
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 64);
	self->args[0] = NPU_TEST_DATA;
	self->args[1] = NPU_TEST_DATA + 64;
	npu_job_args(&self->copy, self->args);
}

FIXTURE_TEARDOWN(growth)
{
	npu_machine_close(&self->m);
}

/* KiB of the kernel's memory that nobody can take from it. */
static int64_t kernel_kib(void)
{
	static const char *const keys[] = {
		"\nSUnreclaim:", "\nKernelStack:", "\nPageTables:", "\nVmallocUsed:", "\nPercpu:",
	};
	char text[8192];
	int64_t sum = 0;
	size_t i;

	npu_write_file("/proc/sys/vm/drop_caches", "3");
	/* What is freed by RCU and by work items takes a moment. */
	sleep(2);
	if (npu_read_file("/proc/meminfo", text, sizeof(text)))
		return -1;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *line = strstr(text, keys[i]);

		sum += line ? atoll(line + strlen(keys[i])) : 0;
	}
	return sum;
}

static void reset_often(struct __test_metadata *_metadata, struct npu_machine *m,
			const struct drm_npu_job *copy, const char *what, int stuck_devices,
			int count)
{
	struct drm_npu_job jobs[8];
	int i, n;

	for (n = 0; n < 8; n++)
		jobs[n] = *copy;
	for (i = 0; i < count; i++) {
		memset(m->data.cpu, i, 64);
		ASSERT_EQ(0, npu_submit(m->fd, m->ctx, jobs, 8, NULL));
		if (stuck_devices)
			ASSERT_EQ(0, npu_write_file(INJECT "stuck_device_resets", "1"));
		ASSERT_EQ(0, npu_write_file(RESET, what));
	}
	/* One that ran in a reset fails; the next does not. */
	ASSERT_EQ(0, npu_bo_wait(m->fd, m->code.handle,
				 npu_now_ns() + NPU_TEST_PATIENCE_NS));
	ASSERT_EQ(0, npu_run(m, copy));
	EXPECT_EQ(0, memcmp(m->data.cpu, m->data.cpu + 64, 64));
	EXPECT_EQ(0, npu_read_number(INJECT "stuck_device_resets"));
}

TEST_F_TIMEOUT(growth, none, 3600)
{
	const char *wish = getenv("NPU_RESETS");
	int count = (wish ? atoi(wish) : DEFAULT_COUNT) / variant->share;
	struct drm_npu_usage_info before, after;
	int64_t kib, grown;

	reset_often(_metadata, &self->m, &self->copy, variant->what, variant->stuck_devices,
		    50 / variant->share + 5);
	before = npu_usage(self->m.fd);
	kib = kernel_kib();
	ASSERT_LT(0, kib);
	reset_often(_metadata, &self->m, &self->copy, variant->what, variant->stuck_devices, count);
	grown = kernel_kib() - kib;
	after = npu_usage(self->m.fd);
	TH_LOG("%d resets: kernel memory %lld KiB, then %+lld KiB", count, (long long)kib,
	       (long long)grown);
	if (access(KMEMLEAK, F_OK))
		EXPECT_GE(NOISE_KIB, grown);
	EXPECT_EQ(before.page_table_bytes, after.page_table_bytes);
	EXPECT_EQ(before.bo_bytes, after.bo_bytes);
	EXPECT_EQ(strcmp(variant->what, "device") ? 0 : count, (int)(after.resets - before.resets));
}

TEST_HARNESS_MAIN
