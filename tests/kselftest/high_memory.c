// SPDX-License-Identifier: GPL-2.0
/*
 * Memory above 4 GiB, whose addresses have more than 32 bits: jobs read and write
 * it, and its page tables may lie there. On a machine with less there is none;
 * tests/vm/big-guest.sh boots one that has.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "kselftest_harness.h"

#include "npu_program.h"

#define PAGE	4096u
#define SIZE	(64u << 20)
#define VA	0x100000000ull
#define LIMIT	(1ull << 32)

FIXTURE(high_memory)
{
	struct npu_machine m;
	uint8_t *mem;
};

/* The process's own memory: of a driver's the kernel does not tell where it is. */
FIXTURE_SETUP(high_memory)
{
	struct drm_npu_bo_userptr args = { .size = SIZE };
	int ret;

	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	args.pointer = (uintptr_t)self->mem;
	ret = npu_call(self->m.fd, DRM_IOCTL_NPU_BO_USERPTR, &args);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel cannot mirror memory");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, args.handle, 0, VA, SIZE, 0));
}

FIXTURE_TEARDOWN(high_memory)
{
	munmap(self->mem, SIZE);
	npu_machine_close(&self->m);
}

/* Where a page of the process is in the machine's memory; 0: not known. */
static uint64_t physical(int pagemap, const void *page)
{
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry), (uintptr_t)page / PAGE * sizeof(entry)) !=
	    sizeof(entry) || !(entry >> 63))
		return 0;
	return (entry & ((1ull << 55) - 1)) * PAGE;
}

TEST_F(high_memory, copies)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	struct drm_npu_job copy = npu_prog_copy(&self->m, PAGE);
	uint32_t high = 0, wrong = 0, i, last = 0;
	uint64_t args[2];

	ASSERT_LE(0, pagemap);
	npu_job_args(&copy, args);
	for (i = 0; i < SIZE / PAGE; i++) {
		uint8_t *page = self->mem + (uint64_t)i * PAGE;

		memset(page, i % 251 + 1, PAGE);
		if (physical(pagemap, page) < LIMIT)
			continue;
		/* From the one before that is high, every now and then. */
		if (high++ % 97 == 1) {
			args[0] = VA + (uint64_t)last * PAGE;
			args[1] = VA + (uint64_t)i * PAGE;
			ASSERT_EQ(0, npu_run(&self->m, &copy));
			wrong += memcmp(self->mem + (uint64_t)last * PAGE, page, PAGE) != 0;
			memset(page, i % 251 + 1, PAGE);
		}
		last = i;
	}
	close(pagemap);
	if (!high)
		SKIP(return, "no memory above 4 GiB");
	printf("# %u of %u pages lie above 4 GiB\n", high, SIZE / PAGE);
	EXPECT_EQ(0, wrong);
}

TEST_HARNESS_MAIN
