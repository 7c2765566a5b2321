// SPDX-License-Identifier: GPL-2.0
/* BO_MADVISE, and what becomes of buffers when memory is short. */
#include "kselftest_harness.h"

#include "npu_program.h"

#define PAGES(n)	((n) * NPU_TEST_PAGE)
#define VA		0x40000000ull
#define BO_SIZE		(4ull << 20)

FIXTURE(madvise)
{
	struct npu_machine m;
	struct drm_npu_job copy;
	uint32_t bo;
};

FIXTURE_SETUP(madvise)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 64);
	ASSERT_EQ(0, npu_bo_create(self->m.fd, BO_SIZE, 0, &self->bo));
}

FIXTURE_TEARDOWN(madvise)
{
	npu_machine_close(&self->m);
}

#define PEEK(va)	npu_peek(&self->m, &self->copy, va)
#define POKE(va, byte)	npu_poke(&self->m, &self->copy, va, byte)
#define MAP()		npu_vm_map(self->m.fd, self->m.vm, self->bo, 0, VA, BO_SIZE, 0)
#define ADVISE(advice)	advise(self->m.fd, self->bo, advice)
#define WILLNEED	DRM_NPU_MADVISE_WILLNEED
#define DONTNEED	DRM_NPU_MADVISE_DONTNEED

/* Return: 1 if its pages are there, 0 if not, or a negative errno. */
static int advise(int fd, uint32_t bo, uint32_t advice)
{
	struct drm_npu_bo_madvise args = { .handle = bo, .advice = advice, .retained = 77 };
	int ret = npu_call(fd, DRM_IOCTL_NPU_BO_MADVISE, &args);

	return ret ?: (int)args.retained;
}

/* Lets all shrinkers of the machine work. */
static int shrink(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, "2", 1) == 1 ? 0 : -errno;
	close(fd);
	return ret;
}

/* A value of a file like /proc/meminfo, in bytes; -1 if it is not there. */
static int64_t value_of(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	char line[256], unit[8] = "";
	long long value = -1;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
			sscanf(line + strlen(key) + 1, "%lld %7s", &value, unit);
	if (file)
		fclose(file);
	if (value > 0 && (unit[0] == 'k' || unit[0] == 'K'))
		value <<= 10;
	if (value > 0 && unit[0] == 'M')
		value <<= 20;
	return value;
}

static int64_t fdinfo(int fd, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return value_of(path, key);
}

TEST_F(madvise, bad_arguments)
{
	struct drm_npu_bo_madvise args = { .handle = self->bo, .pad = 1 };

	EXPECT_EQ(-EINVAL, npu_call(self->m.fd, DRM_IOCTL_NPU_BO_MADVISE, &args));
	EXPECT_EQ(-EINVAL, ADVISE(2));
	EXPECT_EQ(-EINVAL, ADVISE(~0u));
	EXPECT_EQ(-ENOENT, advise(self->m.fd, 0, WILLNEED));
	EXPECT_EQ(-ENOENT, advise(self->m.fd, 12345, DONTNEED));
	EXPECT_EQ(1, ADVISE(WILLNEED));
}

TEST_F(madvise, not_of_shared_buffers)
{
	struct drm_prime_handle args = { .handle = self->bo, .flags = O_CLOEXEC, .fd = -1 };

	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args));
	EXPECT_EQ(-EINVAL, ADVISE(DONTNEED));
	EXPECT_EQ(1, ADVISE(WILLNEED));
	close(args.fd);
}

/* What is needed survives any pressure. */
TEST_F(madvise, needed_stays)
{
	ASSERT_EQ(0, MAP());
	ASSERT_EQ(0, POKE(VA, 42));
	EXPECT_EQ(1, ADVISE(DONTNEED));
	EXPECT_EQ(1, ADVISE(WILLNEED));
	ASSERT_EQ(0, shrink());
	EXPECT_EQ(42, PEEK(VA));
	EXPECT_EQ(1, ADVISE(WILLNEED));
}

TEST_F(madvise, not_needed_goes)
{
	const uint64_t tables = npu_usage(self->m.fd).page_table_bytes;
	struct drm_prime_handle args = { .handle = self->bo, .flags = O_CLOEXEC, .fd = -1 };
	struct drm_npu_bo_mmap_offset offset = { .handle = self->bo };
	int64_t resident;

	ASSERT_EQ(0, MAP());
	ASSERT_EQ(0, POKE(VA + BO_SIZE - 64, 42));
	resident = fdinfo(self->m.fd, "drm-resident-memory");
	EXPECT_EQ(1, ADVISE(DONTNEED));
	EXPECT_EQ((int64_t)BO_SIZE, fdinfo(self->m.fd, "drm-purgeable-memory"));
	EXPECT_EQ(42, PEEK(VA + BO_SIZE - 64));
	ASSERT_EQ(0, shrink());
	EXPECT_EQ(resident - (int64_t)BO_SIZE, fdinfo(self->m.fd, "drm-resident-memory"));
	/* Newer kernels leave the key out when there is none. */
	EXPECT_GE(0, fdinfo(self->m.fd, "drm-purgeable-memory"));
	EXPECT_EQ(0, ADVISE(DONTNEED));
	EXPECT_EQ(0, ADVISE(WILLNEED));
	/* The mapping is there, but leads nowhere. */
	EXPECT_EQ(-EFAULT, PEEK(VA));
	EXPECT_EQ(-EFAULT, POKE(VA + BO_SIZE - 64, 1));
	EXPECT_EQ(-ENOMEM, MAP());
	EXPECT_EQ(-ENOMEM, npu_call(self->m.fd, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &offset));
	EXPECT_EQ(-ENOMEM, npu_call(self->m.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args));
	/* Another takes its place. */
	ASSERT_EQ(0, npu_bo_close(self->m.fd, self->bo));
	ASSERT_EQ(0, npu_bo_create(self->m.fd, BO_SIZE, 0, &self->bo));
	ASSERT_EQ(0, MAP());
	EXPECT_EQ(0, PEEK(VA));
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, VA, BO_SIZE));
	EXPECT_EQ(tables, npu_usage(self->m.fd).page_table_bytes);
}

/* Tables that became empty are freed with the mapping. */
TEST_F(madvise, unmapping_what_went)
{
	const uint64_t tables = npu_usage(self->m.fd).page_table_bytes;

	ASSERT_EQ(0, MAP());
	ASSERT_EQ(1, ADVISE(DONTNEED));
	ASSERT_EQ(0, shrink());
	ASSERT_EQ(0, ADVISE(DONTNEED));
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, VA, BO_SIZE));
	EXPECT_EQ(tables, npu_usage(self->m.fd).page_table_bytes);
}

TEST_F(madvise, exclusive_ones_too)
{
	ASSERT_EQ(0, npu_bo_create(self->m.fd, BO_SIZE, self->m.vm, &self->bo));
	ASSERT_EQ(0, MAP());
	ASSERT_EQ(1, ADVISE(DONTNEED));
	ASSERT_EQ(0, shrink());
	EXPECT_EQ(0, ADVISE(WILLNEED));
	EXPECT_EQ(-EFAULT, PEEK(VA));
}

/* Not below a job that may use it, nor below the CPU. */
TEST_F(madvise, used_ones_stay)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	uint64_t args[1] = { NPU_TEST_FOREVER };
	uint32_t ctx;
	uint8_t *mem;

	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_NORMAL, 0, &ctx));
	ASSERT_EQ(0, MAP());
	npu_job_args(&spin, args);
	ASSERT_EQ(0, npu_submit(self->m.fd, ctx, &spin, 1, NULL));
	ASSERT_EQ(1, ADVISE(DONTNEED));
	ASSERT_EQ(0, shrink());
	EXPECT_EQ(1, ADVISE(DONTNEED));
	ASSERT_EQ(0, npu_ctx_destroy(self->m.fd, ctx));
	ASSERT_EQ(0, npu_bo_wait(self->m.fd, self->bo, INT64_MAX));
	mem = npu_bo_map(self->m.fd, self->bo, BO_SIZE);
	ASSERT_NE(MAP_FAILED, mem);
	mem[0] = 9;
	ASSERT_EQ(0, shrink());
	EXPECT_EQ(9, mem[0]);
	EXPECT_EQ(9, PEEK(VA));
	munmap(mem, BO_SIZE);
	ASSERT_EQ(0, shrink());
	EXPECT_EQ(0, ADVISE(DONTNEED));
}

/* More than half of the memory that there is, not needed, makes room for as much again. */
TEST_F_TIMEOUT(madvise, pressure, 300)
{
	const uint64_t chunk = 4ull << 20;
	const uint64_t count = value_of("/proc/meminfo", "MemAvailable") / chunk * 6 / 10;
	const uint64_t most = count < 64 ? count : 64;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	uint64_t i, gone = 0;
	uint32_t bos[2 * 64];

	/* If it does not work this process shall die, and nobody else. */
	ASSERT_EQ(4, write(fd, "1000", 4));
	close(fd);
	if (most < count)
		SKIP(return, "too much memory to fill: see tests/vm/memory-pressure.sh");
	for (i = 0; i < 2 * most; i++) {
		ASSERT_EQ(0, npu_bo_create(self->m.fd, chunk, 0, &bos[i]));
		ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bos[i], 0, VA + i * chunk, chunk,
					0));
		if (i < most)
			ASSERT_EQ(1, advise(self->m.fd, bos[i], DONTNEED));
	}
	for (i = 0; i < most; i++)
		gone += !advise(self->m.fd, bos[i], WILLNEED);
	EXPECT_LT(0, gone);
	for (; i < 2 * most; i++)
		EXPECT_EQ(1, advise(self->m.fd, bos[i], WILLNEED));
	EXPECT_EQ(0, PEEK(VA + (2 * most - 1) * chunk));
}

TEST_HARNESS_MAIN
