// SPDX-License-Identifier: GPL-2.0
/* Buffers that may not be mapped by the CPU, or not written by the NPU. */
#include "kselftest_harness.h"

#include <linux/dma-buf.h>

#include "npu_program.h"

#define PAGES(n)	((n) * NPU_TEST_PAGE)
#define VA		0x40000000ull

FIXTURE(flags)
{
	struct npu_machine m;
	struct drm_npu_job copy;
};

FIXTURE_SETUP(flags)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 64);
}

FIXTURE_TEARDOWN(flags)
{
	npu_machine_close(&self->m);
}

#define PEEK(va)	npu_peek(&self->m, &self->copy, va)
#define POKE(va, byte)	npu_poke(&self->m, &self->copy, va, byte)

static int create(int fd, uint64_t size, uint32_t flags, uint32_t *handle)
{
	struct drm_npu_bo_create args = { .size = size, .flags = flags };
	int ret = npu_call(fd, DRM_IOCTL_NPU_BO_CREATE, &args);

	*handle = args.handle;
	return ret;
}

static int export(int fd, uint32_t handle)
{
	struct drm_prime_handle args = { .handle = handle, .flags = O_CLOEXEC | O_RDWR, .fd = -1 };
	int ret = npu_call(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

	return ret ?: args.fd;
}

/* The NPU works with it as with any other; the CPU has no way to it. */
TEST_F(flags, no_mmap)
{
	struct drm_npu_bo_mmap_offset offset = {};
	uint32_t bo, plain;
	int dma_buf;

	ASSERT_EQ(0, create(self->m.fd, PAGES(2), DRM_NPU_BO_NO_MMAP, &bo));
	offset.handle = bo;
	EXPECT_EQ(-EPERM, npu_call(self->m.fd, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &offset));
	EXPECT_EQ(0, offset.offset);
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, VA, PAGES(2), 0));
	EXPECT_EQ(0, POKE(VA, 33));
	EXPECT_EQ(33, PEEK(VA));
	/* Not by way of a dma-buf either. */
	dma_buf = export(self->m.fd, bo);
	ASSERT_LE(0, dma_buf);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGES(2), PROT_READ, MAP_SHARED, dma_buf, 0));
	EXPECT_EQ(EPERM, errno);
	close(dma_buf);
	/* Offsets of the neighbours may be guessed. */
	ASSERT_EQ(0, create(self->m.fd, PAGES(2), 0, &plain));
	offset.handle = plain;
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &offset));
	for (int i = -8; i <= 8; i++) {
		void *mem = mmap(NULL, PAGES(2), PROT_READ, MAP_SHARED, self->m.fd,
				 offset.offset + i * PAGES(2));

		EXPECT_EQ(i == 0 || offset.offset + i * PAGES(2) == 0, mem != MAP_FAILED) {
			TH_LOG("neighbour %d", i);
		}
	}
}

TEST_F(flags, readonly_for_the_npu)
{
	uint8_t *mem;
	uint32_t bo;

	ASSERT_EQ(0, create(self->m.fd, PAGES(2), DRM_NPU_BO_READONLY, &bo));
	mem = npu_bo_map(self->m.fd, bo, PAGES(2));
	ASSERT_NE(MAP_FAILED, mem);
	mem[0] = 55;
	EXPECT_EQ(-EACCES, npu_vm_map(self->m.fd, self->m.vm, bo, 0, VA, PAGES(2), 0));
	EXPECT_EQ(-EFAULT, PEEK(VA));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, VA, PAGES(2),
				DRM_NPU_VM_BIND_READONLY));
	EXPECT_EQ(55, PEEK(VA));
	EXPECT_EQ(-EFAULT, POKE(VA, 56));
	EXPECT_EQ(55, mem[0]);
	munmap(mem, PAGES(2));
}

TEST_F(flags, both)
{
	uint32_t bo;

	ASSERT_EQ(0, create(self->m.fd, PAGES(1), DRM_NPU_BO_READONLY | DRM_NPU_BO_NO_MMAP, &bo));
	EXPECT_EQ(MAP_FAILED, npu_bo_map(self->m.fd, bo, PAGES(1)));
	EXPECT_EQ(-EACCES, npu_vm_map(self->m.fd, self->m.vm, bo, 0, VA, PAGES(1), 0));
}

TEST_HARNESS_MAIN
