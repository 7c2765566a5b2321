// SPDX-License-Identifier: GPL-2.0
/*
 * What the driver tells about use: fdinfo in the form of drm-usage-stats,
 * figures in sysfs, hwmon, debugfs and tracepoints.
 */
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_program.h"

static int fdinfo(int fd, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return npu_read_file(path, text, size);
}

/* The number behind a key at the start of a line, or -1. */
static int64_t value_of(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *line;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == ':')
			return atoll(line + len + 1);
	}
	return -1;
}

FIXTURE(usage)
{
	struct npu_machine m;
	char text[65536];
};

FIXTURE_SETUP(usage)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
}

FIXTURE_TEARDOWN(usage)
{
	npu_machine_close(&self->m);
}

TEST_F(usage, fdinfo_names_the_client)
{
	ASSERT_EQ(0, fdinfo(self->m.fd, self->text, sizeof(self->text)));
	EXPECT_NE(NULL, strstr(self->text, "drm-driver:\tnpu\n"));
	EXPECT_LT(0, value_of(self->text, "drm-client-id"));
	EXPECT_NE(NULL, strstr(self->text, "drm-pdev:\t"));
	EXPECT_EQ(self->m.info.clock_khz, value_of(self->text, "drm-maxfreq-npu"));
	EXPECT_EQ(self->m.info.cores, value_of(self->text, "drm-engine-capacity-npu"));
}

TEST_F(usage, fdinfo_counts_engines)
{
	uint64_t args[2] = { NPU_TEST_DATA, NPU_TEST_DATA + 4096 };
	struct drm_npu_job copy = npu_prog_copy(&self->m, 4096);
	char after[8192];

	npu_job_args(&copy, args);
	ASSERT_EQ(0, fdinfo(self->m.fd, self->text, sizeof(self->text)));
	EXPECT_EQ(0, value_of(self->text, "drm-engine-npu"));
	EXPECT_EQ(0, value_of(self->text, "npu-jobs"));
	ASSERT_EQ(0, npu_run(&self->m, &copy));
	ASSERT_EQ(0, npu_run(&self->m, &copy));
	ASSERT_EQ(0, fdinfo(self->m.fd, after, sizeof(after)));
	EXPECT_EQ(2, value_of(after, "npu-jobs"));
	EXPECT_EQ(0, value_of(after, "npu-jobs-failed"));
	EXPECT_LT(0, value_of(after, "drm-engine-npu"));
	EXPECT_LT(0, value_of(after, "drm-cycles-npu"));
	EXPECT_LT(0, value_of(after, "drm-engine-load"));
	EXPECT_LT(0, value_of(after, "drm-engine-store"));
	EXPECT_EQ(0, value_of(after, "drm-engine-matrix"));
	EXPECT_LE(2 * 4096, value_of(after, "npu-memory-read"));
	/* From the doorbell to the interrupt: each job takes some. */
	EXPECT_LT(value_of(self->text, "npu-queue-cycles"), value_of(after, "npu-queue-cycles"));
	EXPECT_LE(2 * 4096, value_of(after, "npu-memory-written"));
	EXPECT_LT(value_of(self->text, "drm-total-cycles-npu"),
		  value_of(after, "drm-total-cycles-npu"));
	EXPECT_LE(value_of(after, "drm-cycles-npu"),
		  value_of(after, "drm-total-cycles-npu") -
		  value_of(self->text, "drm-total-cycles-npu"));
}

/* Another file of the same process is another client. */
TEST_F(usage, fdinfo_is_of_one_file)
{
	struct drm_npu_job null = npu_prog_null(&self->m);
	int other = npu_open_device();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, npu_run(&self->m, &null));
	ASSERT_EQ(0, fdinfo(other, self->text, sizeof(self->text)));
	EXPECT_EQ(0, value_of(self->text, "npu-jobs"));
	EXPECT_EQ(0, value_of(self->text, "drm-total-memory"));
	close(other);
}

TEST_F(usage, fdinfo_counts_failures)
{
	struct drm_npu_job bad = npu_prog_null(&self->m);

	bad.program += 1 << 16;
	memset(self->m.code.cpu + (1 << 16), 0xff, 4096);
	EXPECT_EQ(-EINVAL, npu_run(&self->m, &bad));
	ASSERT_EQ(0, fdinfo(self->m.fd, self->text, sizeof(self->text)));
	EXPECT_EQ(1, value_of(self->text, "npu-jobs-failed"));
}

/* In KiB or MiB or bytes, as the kernel finds short. */
static int64_t bytes_of(const char *text, const char *key)
{
	int64_t value = value_of(text, key);
	const char *line = strstr(text, key);

	if (value < 0)
		return value;
	line = strchr(line, '\t');
	line += 1 + strspn(line + 1, "0120056789");
	if (!strncmp(line, " KiB", 4))
		return value << 10;
	return !strncmp(line, " MiB", 4) ? value << 20 : value;
}

TEST_F(usage, fdinfo_counts_memory)
{
	int64_t total, resident;
	uint32_t bo;

	ASSERT_EQ(0, fdinfo(self->m.fd, self->text, sizeof(self->text)));
	total = bytes_of(self->text, "drm-total-memory");
	resident = bytes_of(self->text, "drm-resident-memory");
	EXPECT_EQ(2 << 20, total);
	EXPECT_EQ(2 << 20, resident);
	ASSERT_EQ(0, npu_bo_create(self->m.fd, 64 << 10, 0, &bo));
	ASSERT_EQ(0, fdinfo(self->m.fd, self->text, sizeof(self->text)));
	EXPECT_EQ(total + (64 << 10), bytes_of(self->text, "drm-total-memory"));
	EXPECT_EQ(resident, bytes_of(self->text, "drm-resident-memory"));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, 0x40000000, 64 << 10, 0));
	ASSERT_EQ(0, fdinfo(self->m.fd, self->text, sizeof(self->text)));
	EXPECT_EQ(resident + (64 << 10), bytes_of(self->text, "drm-resident-memory"));
}

TEST_F(usage, sysfs)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	uint64_t args[1] = { 4 };
	int64_t busy = npu_read_number(NPU_SYSFS "npu_busy_time_us");
	int64_t before, memory = npu_read_number(NPU_SYSFS "npu_memory_utilization");
	uint32_t bo;

	ASSERT_LE(0, busy);
	npu_job_args(&spin, args);
	before = npu_now_ns();
	ASSERT_EQ(0, npu_run(&self->m, &spin));
	EXPECT_LT(busy, npu_read_number(NPU_SYSFS "npu_busy_time_us"));
	EXPECT_GE(busy + (npu_now_ns() - before) / 1000 + 1, npu_read_number(NPU_SYSFS "npu_busy_time_us"));
	/* Idle again: time stands still. */
	busy = npu_read_number(NPU_SYSFS "npu_busy_time_us");
	usleep(20000);
	EXPECT_EQ(busy, npu_read_number(NPU_SYSFS "npu_busy_time_us"));

	EXPECT_LE(2 << 20, memory);
	ASSERT_EQ(0, npu_bo_create(self->m.fd, 1 << 20, 0, &bo));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, 0x40000000, 1 << 20, 0));
	EXPECT_EQ(memory + (1 << 20), npu_read_number(NPU_SYSFS "npu_memory_utilization"));
	EXPECT_EQ(self->m.info.clock_khz / 1000, npu_read_number(NPU_SYSFS "npu_current_frequency_mhz"));
	EXPECT_EQ(self->m.info.clock_khz / 1000, npu_read_number(NPU_SYSFS "npu_max_frequency_mhz"));
}

TEST_F(usage, hwmon)
{
	struct drm_npu_job copy = npu_prog_copy(&self->m, 4096);
	uint64_t args[2] = { NPU_TEST_DATA, NPU_TEST_DATA + 4096 };
	int64_t energy = npu_read_number(NPU_SYSFS "hwmon/hwmon*/energy1_input");

	npu_job_args(&copy, args);
	if (energy == -ENOENT)
		SKIP(return, "a kernel without hwmon");
	usleep(1100000);
	EXPECT_LE(0, npu_read_number(NPU_SYSFS "hwmon/hwmon*/power1_input"));
	for (int i = 0; i < 200; i++)
		ASSERT_EQ(0, npu_run(&self->m, &copy));
	usleep(1100000);
	EXPECT_LT(energy, npu_read_number(NPU_SYSFS "hwmon/hwmon*/energy1_input"));
	EXPECT_LT(0, npu_read_number(NPU_SYSFS "hwmon/hwmon*/power1_input"));
}

/* Work makes it warm; energy, which would tell of others' jobs, is for root. */
TEST_F(usage, temperature)
{
	struct drm_npu_job copy = npu_prog_copy(&self->m, 4096);
	uint64_t args[2] = { NPU_TEST_DATA, NPU_TEST_DATA + 4096 };
	int64_t mdeg;
	struct stat st;
	glob_t found;

	npu_job_args(&copy, args);
	ASSERT_EQ(0, npu_run(&self->m, &copy));
	mdeg = npu_read_number(NPU_SYSFS "hwmon/hwmon*/temp1_input");
	if (mdeg == -ENOENT)
		SKIP(return, "a kernel without hwmon");
	EXPECT_LE(35000, mdeg);
	EXPECT_GT(95000, mdeg);
	EXPECT_EQ(95000, npu_read_number(NPU_SYSFS "hwmon/hwmon*/temp1_max"));
	ASSERT_EQ(0, glob(NPU_SYSFS "hwmon/hwmon*/energy1_input", 0, NULL, &found));
	ASSERT_EQ(0, stat(found.gl_pathv[0], &st));
	EXPECT_EQ(0400, st.st_mode & 0777);
	globfree(&found);
}

TEST_F(usage, debugfs)
{
	char wanted[128];
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	uint64_t args[1] = { NPU_TEST_FOREVER };
	uint32_t ctx;

	if (npu_read_file(NPU_DEBUGFS "versions", self->text, sizeof(self->text)))
		SKIP(return, "no debugfs");
	EXPECT_NE(NULL, strstr(self->text, "profile     ")) TH_LOG("%s", self->text);

	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 2, 1200, &ctx));
	ASSERT_EQ(0, npu_read_file(NPU_DEBUGFS "contexts", self->text, sizeof(self->text)));
	snprintf(wanted, sizeof(wanted), "pid %d (usage) context %u: ", getpid(), ctx);
	EXPECT_NE(NULL, strstr(self->text, wanted)) TH_LOG("%s", self->text);
	EXPECT_NE(NULL, strstr(self->text, "priority 2 timeout 1200 ms submitted 0"));

	ASSERT_EQ(0, npu_read_file(NPU_DEBUGFS "vms", self->text, sizeof(self->text)));
	EXPECT_NE(NULL, strstr(self->text, "  0010000000-0010100000 buffer"));
	EXPECT_NE(NULL, strstr(self->text, "  0020000000-0020100000 buffer"));
	EXPECT_NE(NULL, strstr(self->text, " rw 4K\n"));

	ASSERT_EQ(0, npu_read_file(NPU_DEBUGFS "buffers", self->text, sizeof(self->text)));
	EXPECT_NE(NULL, strstr(self->text, "1048576 bytes, 1 handles, resident, exclusive"));

	npu_job_args(&spin, args);
	ASSERT_EQ(0, npu_submit(self->m.fd, ctx, &spin, 1, NULL));
	do {
		usleep(10000);
		ASSERT_EQ(0, npu_read_file(NPU_DEBUGFS "queues", self->text, sizeof(self->text)));
		snprintf(wanted, sizeof(wanted), "context %u seqno 1 ", ctx);
	} while (!strstr(self->text, wanted));
	EXPECT_NE(NULL, strstr(self->text, "queue 0: live, priority 1"));
	EXPECT_EQ(0, npu_ctx_destroy(self->m.fd, ctx));
}

/* The whole way of two jobs, one of which faults. */
TEST_F(usage, tracepoints)
{
	uint64_t args[2] = { NPU_TEST_DATA, 0x7000000000 };
	struct drm_npu_job null = npu_prog_null(&self->m), copy = npu_prog_copy(&self->m, 64);
	uint32_t bo;

	if (npu_write_file(NPU_TRACING "events/npu/enable", "1"))
		SKIP(return, "no tracing");
	npu_write_file(NPU_TRACING "trace", "");
	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &bo));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, 0x40000000, 4096, 1));
	ASSERT_EQ(0, npu_run(&self->m, &null));
	npu_job_args(&copy, args);
	EXPECT_EQ(-EFAULT, npu_run(&self->m, &copy));
	usleep(100000);
	ASSERT_EQ(0, npu_write_file(NPU_TRACING "events/npu/enable", "0"));
	ASSERT_EQ(0, npu_read_file(NPU_TRACING "trace", self->text, sizeof(self->text)));
	EXPECT_NE(NULL, strstr(self->text, "npu_bind: "));
	EXPECT_NE(NULL, strstr(self->text, "op=map handle=3 va=0x40000000 size=0x1000"));
	EXPECT_NE(NULL, strstr(self->text, "npu_submit: "));
	EXPECT_NE(NULL, strstr(self->text, "npu_run: "));
	EXPECT_NE(NULL, strstr(self->text, "npu_done: "));
	EXPECT_NE(NULL, strstr(self->text, "seqno=1 "));
	EXPECT_NE(NULL, strstr(self->text, "error=0"));
	EXPECT_NE(NULL, strstr(self->text, "error=-14"));
	EXPECT_NE(NULL, strstr(self->text, "npu_fault: "));
	EXPECT_NE(NULL, strstr(self->text, "code=10 access=2"));
	EXPECT_NE(NULL, strstr(self->text, "address=0x7000000000"));
	npu_write_file(NPU_TRACING "trace", "");
}

TEST_HARNESS_MAIN
