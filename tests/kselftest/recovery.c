// SPDX-License-Identifier: GPL-2.0
/*
 * The ladder of recovery, step by step: what a device does not obey is followed
 * by the next step, only the guilty context is banned, and the others' jobs give
 * the right bytes. debugfs makes the steps fail.
 */
#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_program.h"
#include "npu_uevent.h"

#define INJECT	NPU_DEBUGFS "inject/"
#define DUMP	"/sys/class/devcoredump/devcd*/data"

FIXTURE(recovery)
{
	struct npu_machine m;
	struct drm_npu_job spin, copy;
	uint64_t forever[1], args[2];
	uint32_t guilty, innocent, resets;
	int uevents;
	char text[70000];
};

FIXTURE_SETUP(recovery)
{
	if (npu_read_number(INJECT "lost_aborts") < 0)
		SKIP(return, "no debugfs");
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->spin = npu_prog_spin(&self->m);
	self->copy = npu_prog_copy(&self->m, 64);
	self->forever[0] = NPU_TEST_FOREVER;
	self->args[0] = NPU_TEST_DATA;
	self->args[1] = NPU_TEST_DATA + 64;
	npu_job_args(&self->spin, self->forever);
	npu_job_args(&self->copy, self->args);
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 1, 100, &self->guilty));
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 2, 0, &self->innocent));
	self->resets = npu_usage(self->m.fd).resets;
	self->uevents = npu_uevent_open();
	ASSERT_LE(0, self->uevents);
	npu_write_file(DUMP, "1");
	npu_write_file(NPU_TRACING "trace", "");
	npu_write_file(NPU_TRACING "events/npu/npu_reset/enable", "1");
}

/* What was asked for was used up, and the device works. */
FIXTURE_TEARDOWN(recovery)
{
	struct drm_npu_context_query query;

	EXPECT_EQ(0, npu_read_number(INJECT "lost_aborts"));
	EXPECT_EQ(0, npu_read_number(INJECT "stuck_queue_resets"));
	EXPECT_EQ(0, npu_read_number(INJECT "stuck_device_resets"));
	EXPECT_EQ(0, npu_read_number(INJECT "stuck_flrs"));
	memset(self->m.data.cpu, 0x5a, 64);
	memset(self->m.data.cpu + 64, 0, 64);
	EXPECT_EQ(0, npu_run_on(self->m.fd, self->innocent, &self->copy));
	EXPECT_EQ(0, memcmp(self->m.data.cpu, self->m.data.cpu + 64, 64));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->innocent, 0, &query));
	EXPECT_EQ(0, query.state);
	EXPECT_EQ(0, query.jobs_failed);
	npu_write_file(NPU_TRACING "events/npu/npu_reset/enable", "0");
	npu_write_file(DUMP, "1");
	close(self->uevents);
	npu_machine_close(&self->m);
}

/* Lets the guilty context hang with innocent jobs behind and beside it. */
static void hang(struct __test_metadata *_metadata, FIXTURE_DATA(recovery) *self)
{
	uint32_t syncobj = npu_syncobj_create(self->m.fd, 0), other;
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_npu_context_query query;
	int i;

	npu_job_syncs(&self->spin, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->guilty, &self->spin, 1, NULL));
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 1, 0, &other));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, npu_submit(self->m.fd, other, &self->copy, 1, NULL));
	while (npu_syncobj_wait_for(self->m.fd, syncobj, 0, 0)) {
		ASSERT_EQ(0, npu_run_on(self->m.fd, self->innocent, &self->copy));
		usleep(10000);
	}
	EXPECT_EQ(-ETIMEDOUT, npu_syncobj_error(self->m.fd, syncobj));
	ASSERT_EQ(0, npu_run_on(self->m.fd, other, &self->copy));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, other, 0, &query));
	EXPECT_EQ(0, query.state);
	EXPECT_EQ(11, query.jobs_done);
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->guilty, 0, &query));
	EXPECT_EQ(DRM_NPU_CONTEXT_BANNED, query.state);
	ASSERT_EQ(0, npu_read_file(NPU_TRACING "trace", self->text, sizeof(self->text)));
}

TEST_F_TIMEOUT(recovery, abort_is_enough, 60)
{
	hang(_metadata, self);
	EXPECT_EQ(self->resets, npu_usage(self->m.fd).resets);
	EXPECT_NE(NULL, strstr(self->text, "npu_reset: what=abort"));
	EXPECT_EQ(NULL, strstr(self->text, "what=queue"));
}

TEST_F_TIMEOUT(recovery, queue_is_reset, 60)
{
	ASSERT_EQ(0, npu_write_file(INJECT "lost_aborts", "1"));
	hang(_metadata, self);
	EXPECT_EQ(self->resets, npu_usage(self->m.fd).resets);
	EXPECT_NE(NULL, strstr(self->text, "npu_reset: what=queue"));
	EXPECT_EQ(NULL, strstr(self->text, "what=device"));
	EXPECT_FALSE(npu_uevent_wait(self->uevents, "WEDGED=none", 0));
}

TEST_F_TIMEOUT(recovery, device_is_reset, 60)
{
	ASSERT_EQ(0, npu_write_file(INJECT "lost_aborts", "1"));
	ASSERT_EQ(0, npu_write_file(INJECT "stuck_queue_resets", "1"));
	hang(_metadata, self);
	EXPECT_EQ(self->resets + 1, npu_usage(self->m.fd).resets);
	EXPECT_NE(NULL, strstr(self->text, "npu_reset: what=device"));
	EXPECT_TRUE(npu_uevent_wait(self->uevents, "WEDGED=none", 30000));
	EXPECT_EQ(NULL, strstr(self->text, "what=flr"));
}

TEST_F_TIMEOUT(recovery, function_is_reset, 60)
{
	ASSERT_EQ(0, npu_write_file(INJECT "lost_aborts", "1"));
	ASSERT_EQ(0, npu_write_file(INJECT "stuck_queue_resets", "1"));
	ASSERT_EQ(0, npu_write_file(INJECT "stuck_device_resets", "1"));
	hang(_metadata, self);
	EXPECT_EQ(self->resets + 1, npu_usage(self->m.fd).resets);
	EXPECT_NE(NULL, strstr(self->text, "npu_reset: what=flr"));
	EXPECT_TRUE(npu_uevent_wait(self->uevents, "WEDGED=none", 30000));
}

/* Pages are not given back before the device was told, or reset. */
TEST_F(recovery, invalidation_is_stuck)
{
	struct drm_npu_job copy = self->copy;
	uint64_t args[2] = { 0x40000000, NPU_TEST_DATA };
	uint32_t bo;

	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &bo));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, args[0], 4096, 0));
	npu_job_args(&copy, args);
	ASSERT_EQ(0, npu_run(&self->m, &copy));
	ASSERT_EQ(0, npu_write_file(INJECT "stuck_tlb", "1"));
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, args[0], 4096));
	EXPECT_EQ(0, npu_read_number(INJECT "stuck_tlb"));
	EXPECT_EQ(self->resets + 1, npu_usage(self->m.fd).resets);
	EXPECT_EQ(-EFAULT, npu_run(&self->m, &copy));
}

/* The watchdog finds what no interrupt told of. */
TEST_F(recovery, interrupt_is_lost)
{
	ASSERT_EQ(0, npu_write_file(INJECT "lost_irqs", "1"));
	ASSERT_EQ(0, npu_run_on(self->m.fd, self->innocent, &self->copy));
	EXPECT_EQ(0, npu_read_number(INJECT "lost_irqs"));
	EXPECT_EQ(self->resets, npu_usage(self->m.fd).resets);
}

static int wait_for_dump(char *text, size_t size)
{
	int i, ret = -ENOENT;

	for (i = 0; i < 500 && ret; i++) {
		usleep(10000);
		ret = npu_read_file(DUMP, text, size);
	}
	return ret;
}

TEST_F(recovery, dump_of_a_fault)
{
	struct drm_npu_job copy = self->copy;
	uint64_t args[2] = { NPU_TEST_DATA, 0x40000000 };
	uint64_t at = copy.program - self->m.code.va;
	const uint32_t *insn = (void *)(uintptr_t)(self->m.code.cpu + at);
	char wanted[64];
	uint32_t bo;

	usleep(1100000);
	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &bo));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, args[1], 4096,
				DRM_NPU_VM_BIND_READONLY));
	npu_job_args(&copy, args);
	ASSERT_EQ(-EFAULT, npu_run(&self->m, &copy));
	if (access("/sys/class/devcoredump", F_OK))
		SKIP(return, "a kernel without devcoredump");
	ASSERT_EQ(0, wait_for_dump(self->text, sizeof(self->text)));
	EXPECT_EQ(0, strncmp(self->text, "npu coredump 1\nreason: fault\n", 29));
	EXPECT_NE(NULL, strstr(self->text, "process: recovery pid ")) TH_LOG("%s", self->text);
	EXPECT_NE(NULL, strstr(self->text, "fault: code 11 access 2 core 0 pc 1 "));
	EXPECT_NE(NULL, strstr(self->text, "page walk of 0x40000000:\n  level 2 table "));
	EXPECT_NE(NULL, strstr(self->text, "  level 0 table "));
	EXPECT_NE(NULL, strstr(self->text, "\n  mapped\n"));
	EXPECT_NE(NULL, strstr(self->text, "arg 1: 0x40000000\n"));
	/* The instruction at 1 behind a header, and its neighbours. */
	snprintf(wanted, sizeof(wanted), "\n>insn 1: %08x %08x %08x %08x", insn[64], insn[65],
		 insn[66], insn[67]);
	EXPECT_NE(NULL, strstr(self->text, wanted)) TH_LOG("%s", wanted);
	EXPECT_NE(NULL, strstr(self->text, "\n insn 0: "));
	EXPECT_NE(NULL, strstr(self->text, "\n insn 2: "));
	EXPECT_EQ(NULL, strstr(self->text, "\n insn 3: "));
	EXPECT_NE(NULL, strstr(self->text, "queue 0: STATUS 0x"));
}

TEST_F(recovery, dump_of_a_hang)
{
	ASSERT_EQ(-ETIMEDOUT, npu_run_on(self->m.fd, self->guilty, &self->spin));
	if (access("/sys/class/devcoredump", F_OK))
		SKIP(return, "a kernel without devcoredump");
	ASSERT_EQ(0, wait_for_dump(self->text, sizeof(self->text)));
	EXPECT_EQ(0, strncmp(self->text, "npu coredump 1\nreason: timeout\n", 31));
	EXPECT_NE(NULL, strstr(self->text, "arg 0: 0x7fffffff\n"));
	EXPECT_NE(NULL, strstr(self->text, "\n>insn "));
	EXPECT_EQ(NULL, strstr(self->text, "page walk"));
}

/* Nothing helps: all jobs fail, the file is told, and a new bind brings it back. */
TEST_F_TIMEOUT(recovery, device_is_lost, 60)
{
	struct drm_npu_events ask = { .mask = DRM_NPU_EVENT_MASK(DRM_NPU_EVENT_DEVICE_LOST) };
	struct drm_npu_event event = {};
	char slot[256] = "";
	glob_t found;
	int i;

	ASSERT_EQ(0, glob("/sys/bus/pci/drivers/npu/0000:*", 0, NULL, &found));
	snprintf(slot, sizeof(slot), "%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_NPU_EVENTS, &ask));
	ASSERT_EQ(0, npu_write_file(INJECT "stuck_device_resets", "1"));
	ASSERT_EQ(0, npu_write_file(INJECT "stuck_flrs", "1"));
	ASSERT_EQ(0, npu_write_file(NPU_DEBUGFS "reset", "device"));
	ASSERT_EQ(sizeof(event), read(self->m.fd, &event, sizeof(event)));
	EXPECT_EQ(DRM_NPU_EVENT_DEVICE_LOST, event.base.type);
	EXPECT_TRUE(npu_uevent_wait(self->uevents, "WEDGED=rebind,bus-reset", 30000));
	EXPECT_EQ(-ENODEV, npu_run(&self->m, &self->copy));
	ASSERT_EQ(0, npu_write_file("/sys/bus/pci/drivers/npu/unbind", slot));
	npu_machine_close(&self->m);
	ASSERT_EQ(0, npu_write_file("/sys/bus/pci/drivers/npu/bind", slot));
	for (i = 0; i < 200; i++) {
		self->m.fd = npu_open_device();
		if (self->m.fd >= 0)
			break;
		usleep(20000);
	}
	close(self->m.fd);
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 64);
	npu_job_args(&self->copy, self->args);
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 2, 0, &self->innocent));
}

TEST_HARNESS_MAIN
