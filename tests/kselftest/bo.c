// SPDX-License-Identifier: GPL-2.0
/* Buffers: BO_CREATE, BO_MMAP_OFFSET, BO_WAIT, export. */
#include "kselftest_harness.h"

#include "npu_test.h"

FIXTURE(bo)
{
	int fd;
};

FIXTURE_SETUP(bo)
{
	self->fd = npu_open_device();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(bo)
{
	close(self->fd);
}

TEST_F(bo, size_is_rounded_to_pages)
{
	struct drm_npu_bo_create args = { .size = 1 };

	ASSERT_EQ(0, npu_call(self->fd, DRM_IOCTL_NPU_BO_CREATE, &args));
	EXPECT_EQ(NPU_TEST_PAGE, args.size);
	EXPECT_NE(0, args.handle);
	args = (struct drm_npu_bo_create){ .size = 3 * NPU_TEST_PAGE + 1 };
	ASSERT_EQ(0, npu_call(self->fd, DRM_IOCTL_NPU_BO_CREATE, &args));
	EXPECT_EQ(4 * NPU_TEST_PAGE, args.size);
}

TEST_F(bo, bad_sizes)
{
	struct drm_npu_device_info info = npu_device_info(self->fd);
	uint32_t bo;

	EXPECT_EQ(-EINVAL, npu_bo_create(self->fd, 0, 0, &bo));
	EXPECT_EQ(-EINVAL, npu_bo_create(self->fd, ~0ull, 0, &bo));
	EXPECT_EQ(-EINVAL, npu_bo_create(self->fd, ~0ull - 4095, 0, &bo));
	EXPECT_EQ(-EINVAL, npu_bo_create(self->fd, 1ull << 63, 0, &bo));
	EXPECT_EQ(-EINVAL, npu_bo_create(self->fd, info.va_end, 0, &bo));
	/* More than this machine has. */
	EXPECT_EQ(-ENOMEM, npu_bo_create(self->fd, info.va_end / 2, 0, &bo));
}

TEST_F(bo, bad_fields_change_nothing)
{
	const struct drm_npu_bo_create good = { .size = NPU_TEST_PAGE };
	struct drm_npu_usage_info before = npu_usage(self->fd), after;
	struct drm_npu_bo_create args;
	int bit;

	for (bit = 2; bit < 32; bit++) {
		args = good;
		args.flags = 1u << bit;
		EXPECT_EQ(-EINVAL, npu_call(self->fd, DRM_IOCTL_NPU_BO_CREATE, &args));
	}
	args = good;
	args.pad = 1;
	EXPECT_EQ(-EINVAL, npu_call(self->fd, DRM_IOCTL_NPU_BO_CREATE, &args));
	args = good;
	args.exclusive_vm_id = 1;
	EXPECT_EQ(-ENOENT, npu_call(self->fd, DRM_IOCTL_NPU_BO_CREATE, &args));
	args.exclusive_vm_id = ~0u;
	EXPECT_EQ(-ENOENT, npu_call(self->fd, DRM_IOCTL_NPU_BO_CREATE, &args));
	after = npu_usage(self->fd);
	EXPECT_EQ(before.bo_count, after.bo_count);
}

TEST_F(bo, memory_is_zero_and_can_be_written)
{
	const size_t size = 16 * NPU_TEST_PAGE;
	uint8_t *zero, *mem;
	uint32_t bo;

	zero = calloc(1, size);
	ASSERT_EQ(0, npu_bo_create(self->fd, size, 0, &bo));
	mem = npu_bo_map(self->fd, bo, size);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, memcmp(mem, zero, size));
	memset(mem, 0x5a, size);
	EXPECT_EQ(0x5a, mem[size - 1]);
	munmap(mem, size);
	free(zero);
}

/* What one process wrote, the next must not find. */
TEST_F(bo, memory_is_zero_after_reuse)
{
	const size_t size = 4 << 20;
	uint64_t *mem;
	uint32_t bo;
	size_t i;
	int round;

	for (round = 0; round < 4; round++) {
		ASSERT_EQ(0, npu_bo_create(self->fd, size, 0, &bo));
		mem = npu_bo_map(self->fd, bo, size);
		ASSERT_NE(MAP_FAILED, mem);
		for (i = 0; i < size / 8; i += 64)
			ASSERT_EQ(0, mem[i]);
		memset(mem, 0xff, size);
		munmap(mem, size);
		ASSERT_EQ(0, npu_bo_close(self->fd, bo));
	}
}

TEST_F(bo, mappings_share_and_outlive_the_handle)
{
	uint8_t *a, *b;
	uint32_t bo;

	ASSERT_EQ(0, npu_bo_create(self->fd, NPU_TEST_PAGE, 0, &bo));
	a = npu_bo_map(self->fd, bo, NPU_TEST_PAGE);
	b = npu_bo_map(self->fd, bo, NPU_TEST_PAGE);
	ASSERT_NE(MAP_FAILED, a);
	ASSERT_NE(MAP_FAILED, b);
	a[7] = 42;
	EXPECT_EQ(42, b[7]);
	ASSERT_EQ(0, npu_bo_close(self->fd, bo));
	b[8] = 43;
	EXPECT_EQ(43, a[8]);
	munmap(a, NPU_TEST_PAGE);
	munmap(b, NPU_TEST_PAGE);
}

TEST_F(bo, mmap_offset_bad_arguments)
{
	struct drm_npu_bo_mmap_offset args = { .handle = 1234 };
	uint32_t bo;

	EXPECT_EQ(-ENOENT, npu_call(self->fd, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &args));
	args.handle = 0;
	EXPECT_EQ(-ENOENT, npu_call(self->fd, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &args));
	ASSERT_EQ(0, npu_bo_create(self->fd, NPU_TEST_PAGE, 0, &bo));
	args = (struct drm_npu_bo_mmap_offset){ .handle = bo, .pad = 1 };
	EXPECT_EQ(-EINVAL, npu_call(self->fd, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &args));
}

TEST_F(bo, mmap_beyond_the_end_is_refused)
{
	struct drm_npu_bo_mmap_offset args = {};
	uint32_t bo;

	ASSERT_EQ(0, npu_bo_create(self->fd, NPU_TEST_PAGE, 0, &bo));
	EXPECT_EQ(MAP_FAILED, npu_bo_map(self->fd, bo, 2 * NPU_TEST_PAGE));
	args.handle = bo;
	ASSERT_EQ(0, npu_call(self->fd, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &args));
	/* Private mappings would not be shared with the NPU. */
	EXPECT_EQ(MAP_FAILED, mmap(NULL, NPU_TEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
				   self->fd, args.offset));
}

/* A file must not map what belongs to another, even if it knows the offset. */
TEST_F(bo, offset_of_another_file_is_refused)
{
	struct drm_npu_bo_mmap_offset args = {};
	int other = npu_open_device();

	ASSERT_LE(0, other);
	ASSERT_EQ(0, npu_bo_create(self->fd, NPU_TEST_PAGE, 0, &args.handle));
	ASSERT_EQ(0, npu_call(self->fd, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &args));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, NPU_TEST_PAGE, PROT_READ, MAP_SHARED, other,
				   args.offset));
	EXPECT_EQ(EACCES, errno);
	close(other);
}

TEST_F(bo, wait_for_an_idle_buffer)
{
	uint32_t bo;

	ASSERT_EQ(0, npu_bo_create(self->fd, NPU_TEST_PAGE, 0, &bo));
	EXPECT_EQ(0, npu_bo_wait(self->fd, bo, 0));
	EXPECT_EQ(0, npu_bo_wait(self->fd, bo, 1));
	EXPECT_EQ(0, npu_bo_wait(self->fd, bo, -1));
	EXPECT_EQ(0, npu_bo_wait(self->fd, bo, INT64_MAX));
	EXPECT_EQ(0, npu_bo_wait(self->fd, bo, INT64_MIN));
}

TEST_F(bo, wait_bad_arguments)
{
	struct drm_npu_bo_wait args = { .handle = 77 };
	uint32_t bo;

	EXPECT_EQ(-ENOENT, npu_call(self->fd, DRM_IOCTL_NPU_BO_WAIT, &args));
	ASSERT_EQ(0, npu_bo_create(self->fd, NPU_TEST_PAGE, 0, &bo));
	args = (struct drm_npu_bo_wait){ .handle = bo, .pad = 1 };
	EXPECT_EQ(-EINVAL, npu_call(self->fd, DRM_IOCTL_NPU_BO_WAIT, &args));
}

static int export_bo(int fd, uint32_t handle)
{
	struct drm_prime_handle args = { .handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR };
	int ret = npu_call(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

	return ret ?: args.fd;
}

TEST_F(bo, exported_and_imported_by_another_file)
{
	struct drm_prime_handle import = {};
	int other = npu_open_device(), dmabuf;
	uint8_t *here, *there;
	uint32_t bo;

	ASSERT_EQ(0, npu_bo_create(self->fd, NPU_TEST_PAGE, 0, &bo));
	dmabuf = export_bo(self->fd, bo);
	ASSERT_LE(0, dmabuf);
	import.fd = dmabuf;
	ASSERT_EQ(0, npu_call(other, DRM_IOCTL_PRIME_FD_TO_HANDLE, &import));
	here = npu_bo_map(self->fd, bo, NPU_TEST_PAGE);
	there = npu_bo_map(other, import.handle, NPU_TEST_PAGE);
	ASSERT_NE(MAP_FAILED, here);
	ASSERT_NE(MAP_FAILED, there);
	here[0] = 99;
	EXPECT_EQ(99, there[0]);
	close(dmabuf);
	munmap(here, NPU_TEST_PAGE);
	munmap(there, NPU_TEST_PAGE);
	close(other);
}

TEST_F(bo, exclusive_is_not_exported)
{
	uint32_t vm, bo;

	ASSERT_EQ(0, npu_vm_create(self->fd, &vm));
	ASSERT_EQ(0, npu_bo_create(self->fd, NPU_TEST_PAGE, vm, &bo));
	EXPECT_EQ(-EINVAL, export_bo(self->fd, bo));
}

/* Not a buffer of ours: nothing is imported. */
TEST_F(bo, foreign_file_is_not_imported)
{
	struct drm_prime_handle import = { .fd = self->fd };

	EXPECT_EQ(-EINVAL, npu_call(self->fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &import));
}

TEST_F(bo, thousands_are_freed_on_close)
{
	struct drm_npu_usage_info before = npu_usage(self->fd), after;
	int other = npu_open_device(), i;
	uint32_t bo;

	ASSERT_LE(0, other);
	for (i = 0; i < 2000; i++)
		ASSERT_EQ(0, npu_bo_create(other, NPU_TEST_PAGE, 0, &bo));
	after = npu_usage(self->fd);
	EXPECT_EQ(before.bo_count + 2000, after.bo_count);
	close(other);
	after = npu_usage(self->fd);
	EXPECT_EQ(before.bo_count, after.bo_count);
	EXPECT_EQ(before.bo_bytes, after.bo_bytes);
}

TEST_HARNESS_MAIN
