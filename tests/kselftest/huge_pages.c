// SPDX-License-Identifier: GPL-2.0
/*
 * 2 MiB pages: used where memory allows, split and made again without anybody
 * noticing. How many tables there are tells whether they were used.
 *
 * Shared memory comes in huge pages only if the machine is told to.
 */
#include "kselftest_harness.h"

#include "npu_program.h"

#define SHMEM_ENABLED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define VA		(8ull << 30)
#define SIZE		(4 * NPU_TEST_HUGE)
#define PAGES(n)	((n) * NPU_TEST_PAGE)

static int write_setting(const char *value)
{
	int fd = open(SHMEM_ENABLED, O_WRONLY), ret;

	if (fd < 0)
		return -1;
	ret = write(fd, value, strlen(value)) == (ssize_t)strlen(value) ? 0 : -1;
	close(fd);
	return ret;
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
	uint32_t i;

	if (write_setting("always"))
		SKIP(return, "no huge pages for shared memory");
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 8);
	ASSERT_EQ(0, npu_bo_create(self->m.fd, SIZE, 0, &self->bo));
	self->mem = npu_bo_map(self->m.fd, self->bo, SIZE);
	ASSERT_NE(MAP_FAILED, self->mem);
	for (i = 0; i < SIZE / NPU_TEST_PAGE; i++)
		memcpy(self->mem + PAGES((uint64_t)i), &i, sizeof(i));
	self->tables = npu_usage(self->m.fd).page_table_bytes;
}

FIXTURE_TEARDOWN(huge)
{
	write_setting("never");
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
