// SPDX-License-Identifier: GPL-2.0
/*
 * 2 MiB pages: used where memory allows without being asked, split and made again
 * without anybody noticing. How many tables there are tells whether they were used.
 */
#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_program.h"

#define SHMEM_ENABLED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define VA		(8ull << 30)
#define SIZE		(4 * NPU_TEST_HUGE)
#define PAGES(n)	((n) * NPU_TEST_PAGE)

/* What a line of a file says behind its key. */
static int64_t number_of(const char *file, const char *key)
{
	char text[16384];
	const char *line;

	if (npu_read_file(file, text, sizeof(text)))
		return -1;
	line = strstr(text, key);
	return line ? atoll(line + strlen(key)) : -1;
}

/* Huge pages of files, and how often there was none so that small ones had to do. */
static int64_t allocated(void)
{
	return number_of("/proc/vmstat", "\nthp_file_alloc ");
}

static int64_t fallbacks(void)
{
	return number_of("/proc/vmstat", "\nthp_file_fallback ");
}

static int64_t fdinfo(int fd, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return number_of(path, key);
}

FIXTURE(huge)
{
	struct npu_machine m;
	struct drm_npu_job copy;
	uint32_t bo;
	uint8_t *mem;
	uint64_t tables;	/* bytes before anything is mapped */
};

FIXTURE_SETUP(huge)
{
	int64_t before = fallbacks(), had = allocated();
	uint32_t i;

	if (access(SHMEM_ENABLED, F_OK) || before < 0)
		SKIP(return, "a kernel without huge pages for files");
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 8);
	ASSERT_EQ(0, npu_bo_create(self->m.fd, SIZE, 0, &self->bo));
	self->mem = npu_bo_map(self->m.fd, self->bo, SIZE);
	ASSERT_NE(MAP_FAILED, self->mem);
	for (i = 0; i < SIZE / NPU_TEST_PAGE; i++)
		memcpy(self->mem + PAGES((uint64_t)i), &i, sizeof(i));
	if (fallbacks() != before) {
		munmap(self->mem, SIZE);
		npu_machine_close(&self->m);
		SKIP(return, "the kernel has no huge pages left");
	}
	EXPECT_LE(had + 4, allocated());
	self->tables = npu_usage(self->m.fd).page_table_bytes;
}

FIXTURE_TEARDOWN(huge)
{
	munmap(self->mem, SIZE);
	npu_machine_close(&self->m);
}

static int64_t peek(struct npu_machine *m, const struct drm_npu_job *copy, uint64_t va)
{
	uint64_t args[2] = { va, m->data.va };
	struct drm_npu_job job = *copy;
	uint32_t word;
	int ret;

	npu_job_args(&job, args);
	ret = npu_run(m, &job);
	memcpy(&word, m->data.cpu, sizeof(word));
	return ret ? ret : (int64_t)word;
}

#define PEEK(page)	peek(&self->m, &self->copy, VA + PAGES((uint64_t)(page)))
#define MAP(from, at, count, flags) \
	npu_vm_map(self->m.fd, self->m.vm, self->bo, PAGES((uint64_t)(from)), \
		   VA + PAGES((uint64_t)(at)), PAGES((uint64_t)(count)), flags)
#define UNMAP(at, count) \
	npu_vm_unmap(self->m.fd, self->m.vm, VA + PAGES((uint64_t)(at)), \
		     PAGES((uint64_t)(count)))
/* Tables beside those of the fixture. */
#define TABLES()	((npu_usage(self->m.fd).page_table_bytes - self->tables) / NPU_TEST_PAGE)

TEST_F(huge, used_when_aligned)
{
	ASSERT_EQ(0, MAP(0, 0, 2048, 0));
	/* Of level 1 alone. */
	EXPECT_EQ(1, TABLES());
	EXPECT_EQ(0, PEEK(0));
	EXPECT_EQ(511, PEEK(511));
	EXPECT_EQ(512, PEEK(512));
	EXPECT_EQ(2047, PEEK(2047));
	EXPECT_EQ(-EFAULT, PEEK(2048));
}

TEST_F(huge, told_to_those_who_ask)
{
	int64_t tables = fdinfo(self->m.fd, "npu-page-tables:"), size = SIZE / 1024;
	char text[16384], wanted[64];

	EXPECT_EQ(0, fdinfo(self->m.fd, "npu-mapped-huge:"));
	ASSERT_EQ(0, MAP(0, 0, 2048, 0));
	EXPECT_EQ(size, fdinfo(self->m.fd, "npu-mapped-huge:"));
	EXPECT_EQ(tables + 4, fdinfo(self->m.fd, "npu-page-tables:"));
	if (!access("/sys/kernel/debug/accel", F_OK)) {
		EXPECT_LE(SIZE, number_of(NPU_DEBUGFS "memory", "mapped huge"));
		ASSERT_EQ(0, npu_read_file(NPU_DEBUGFS "buffers", text, sizeof(text)));
		snprintf(wanted, sizeof(wanted), ", resident, %llu huge", SIZE);
		EXPECT_NE(NULL, strstr(text, wanted)) TH_LOG("%s", text);
	}
	/* In two halves, one of which is of small pages now. */
	ASSERT_EQ(0, UNMAP(100, 1));
	EXPECT_EQ(size - 2048, fdinfo(self->m.fd, "npu-mapped-huge:"));
	ASSERT_EQ(0, MAP(100, 100, 1, 0));
	EXPECT_EQ(size, fdinfo(self->m.fd, "npu-mapped-huge:"));
	ASSERT_EQ(0, UNMAP(0, 2048));
	EXPECT_EQ(0, fdinfo(self->m.fd, "npu-mapped-huge:"));
	EXPECT_EQ(tables, fdinfo(self->m.fd, "npu-page-tables:"));
	/* With the address space goes what is still mapped. */
	ASSERT_EQ(0, MAP(0, 0, 2048, 0));
	ASSERT_EQ(0, npu_ctx_destroy(self->m.fd, self->m.ctx));
	ASSERT_EQ(0, npu_vm_destroy(self->m.fd, self->m.vm));
	while (fdinfo(self->m.fd, "npu-page-tables:"))
		usleep(1000);
	EXPECT_EQ(0, fdinfo(self->m.fd, "npu-mapped-huge:"));
}

/* An administrator who wants none gets none. */
TEST_F(huge, small_ones_where_they_are_forbidden)
{
	int64_t had = allocated();
	char was[128], *end;
	uint32_t bo;

	ASSERT_EQ(0, npu_read_file(SHMEM_ENABLED, was, sizeof(was)));
	ASSERT_NE(NULL, strchr(was, '['));
	ASSERT_EQ(0, npu_write_file(SHMEM_ENABLED, "deny"));
	ASSERT_EQ(0, npu_bo_create(self->m.fd, SIZE, 0, &bo));
	EXPECT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, VA, SIZE, 0));
	EXPECT_EQ(had, allocated());
	EXPECT_EQ(0, PEEK(2047));
	end = strchr(was, ']');
	*end = 0;
	EXPECT_EQ(0, npu_write_file(SHMEM_ENABLED, strchr(was, '[') + 1));
}

/* Less than a page of 2 MiB is not rounded up to one. */
TEST_F(huge, small_buffers_stay_small)
{
	uint64_t before = npu_usage(self->m.fd).bo_bytes;
	uint32_t bo;

	ASSERT_EQ(0, npu_bo_create(self->m.fd, PAGES(3), 0, &bo));
	EXPECT_EQ(before + PAGES(3), npu_usage(self->m.fd).bo_bytes);
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, VA, PAGES(3), 0));
	EXPECT_EQ(0, fdinfo(self->m.fd, "npu-mapped-huge:"));
	EXPECT_EQ(-EINVAL, npu_vm_map(self->m.fd, self->m.vm, bo, 0, VA, PAGES(4), 0));
}

TEST_F(huge, not_used_when_misaligned)
{
	ASSERT_EQ(0, MAP(1, 0, 1024, 0));
	EXPECT_EQ(3, TABLES());
	EXPECT_EQ(1, PEEK(0));
	EXPECT_EQ(1024, PEEK(1023));
}

TEST_F(huge, split_by_unmap)
{
	ASSERT_EQ(0, MAP(0, 0, 1024, 0));
	ASSERT_EQ(0, UNMAP(100, 1));
	EXPECT_EQ(2, TABLES());
	EXPECT_EQ(99, PEEK(99));
	EXPECT_EQ(-EFAULT, PEEK(100));
	EXPECT_EQ(101, PEEK(101));
	EXPECT_EQ(512, PEEK(512));
	/* Across the border of two. */
	ASSERT_EQ(0, UNMAP(510, 4));
	EXPECT_EQ(509, PEEK(509));
	EXPECT_EQ(-EFAULT, PEEK(510));
	EXPECT_EQ(-EFAULT, PEEK(513));
	EXPECT_EQ(514, PEEK(514));
	ASSERT_EQ(0, UNMAP(0, 1024));
	EXPECT_EQ(0, TABLES());
}

TEST_F(huge, split_by_map_and_made_again)
{
	ASSERT_EQ(0, MAP(0, 0, 512, 0));
	EXPECT_EQ(1, TABLES());
	ASSERT_EQ(0, MAP(1000, 7, 1, DRM_NPU_VM_BIND_READONLY));
	EXPECT_EQ(2, TABLES());
	EXPECT_EQ(6, PEEK(6));
	EXPECT_EQ(1000, PEEK(7));
	EXPECT_EQ(8, PEEK(8));
	ASSERT_EQ(0, MAP(7, 7, 1, 0));
	EXPECT_EQ(1, TABLES());
	EXPECT_EQ(7, PEEK(7));
	/* A whole one in place of small ones. */
	ASSERT_EQ(0, MAP(1000, 7, 1, 0));
	EXPECT_EQ(2, TABLES());
	ASSERT_EQ(0, MAP(512, 0, 512, 0));
	EXPECT_EQ(1, TABLES());
	EXPECT_EQ(519, PEEK(7));
}

/* A KV cache grows page by page. */
TEST_F(huge, grown_page_by_page)
{
	int i;

	for (i = 0; i < 512; i++)
		ASSERT_EQ(0, MAP(i, i, 1, 0));
	EXPECT_EQ(1, TABLES());
	for (i = 0; i < 512; i += 73)
		EXPECT_EQ(i, PEEK(i));
}

TEST_F(huge, readonly)
{
	uint64_t args[2] = { NPU_TEST_DATA, VA };
	struct drm_npu_job job = self->copy;

	ASSERT_EQ(0, MAP(0, 0, 512, DRM_NPU_VM_BIND_READONLY));
	npu_job_args(&job, args);
	EXPECT_EQ(-EFAULT, npu_run(&self->m, &job));
	EXPECT_EQ(0, PEEK(0));
}

TEST_HARNESS_MAIN
