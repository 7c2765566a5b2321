// SPDX-License-Identifier: GPL-2.0
/* DEV_QUERY, and what all ioctls have in common. */
#include <sys/prctl.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "npu_test.h"

FIXTURE(query)
{
	int fd;
};

FIXTURE_SETUP(query)
{
	self->fd = npu_open_device();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(query)
{
	close(self->fd);
}

TEST_F(query, device_is_plausible)
{
	struct drm_npu_device_info info = npu_device_info(self->fd);

	EXPECT_EQ(NPU_VERSION_MAJOR(NPU_REGS_VERSION), NPU_VERSION_MAJOR(info.regs_version));
	EXPECT_LE(1, info.cores);
	EXPECT_GE(NPU_MAX_CORES, info.cores);
	EXPECT_LE(NPU_MIN_QUEUES, info.queues);
	EXPECT_GE(NPU_MAX_QUEUES, info.queues);
	EXPECT_EQ(NPU_VA_BITS, info.va_bits);
	EXPECT_EQ(NPU_PAGE_SIZE | NPU_HUGE_SIZE, info.page_sizes);
	EXPECT_LT(0, info.va_start);
	EXPECT_EQ(1ull << NPU_VA_BITS, info.va_end);
	EXPECT_EQ(NPU_JOB_MAX_ARGS, info.max_args);
	EXPECT_LT(0, info.sram_size);
	EXPECT_LT(0, info.clock_khz);
	EXPECT_LT(0, info.budget_max);
	EXPECT_LE(info.timeout_default_ms, info.timeout_max_ms);
	EXPECT_NE(0, info.profile[0]);
	EXPECT_EQ(0, info.profile[sizeof(info.profile) - 1]);
}

TEST_F(query, null_pointer_asks_for_the_size)
{
	struct drm_npu_dev_query query = { .type = DRM_NPU_QUERY_DEVICE };

	ASSERT_EQ(0, npu_call(self->fd, DRM_IOCTL_NPU_DEV_QUERY, &query));
	EXPECT_EQ(sizeof(struct drm_npu_device_info), query.size);
	query.type = DRM_NPU_QUERY_USAGE;
	ASSERT_EQ(0, npu_call(self->fd, DRM_IOCTL_NPU_DEV_QUERY, &query));
	EXPECT_EQ(sizeof(struct drm_npu_usage_info), query.size);
}

TEST_F(query, shorter_gets_the_beginning)
{
	struct drm_npu_device_info whole = npu_device_info(self->fd);
	uint8_t part[sizeof(whole)];
	struct drm_npu_dev_query query = {
		.type = DRM_NPU_QUERY_DEVICE, .size = 16, .pointer = (uintptr_t)part,
	};

	memset(part, 0xa5, sizeof(part));
	ASSERT_EQ(0, npu_call(self->fd, DRM_IOCTL_NPU_DEV_QUERY, &query));
	EXPECT_EQ(sizeof(whole), query.size);
	EXPECT_EQ(0, memcmp(part, &whole, 16));
	EXPECT_EQ(0xa5, part[16]);
}

TEST_F(query, longer_is_filled_with_zeros)
{
	uint8_t more[sizeof(struct drm_npu_device_info) + 64];
	struct drm_npu_dev_query query = {
		.type = DRM_NPU_QUERY_DEVICE, .size = sizeof(more) - 8,
		.pointer = (uintptr_t)more,
	};
	size_t i;

	memset(more, 0xa5, sizeof(more));
	ASSERT_EQ(0, npu_call(self->fd, DRM_IOCTL_NPU_DEV_QUERY, &query));
	EXPECT_EQ(sizeof(struct drm_npu_device_info), query.size);
	for (i = query.size; i < sizeof(more) - 8; i++)
		ASSERT_EQ(0, more[i]);
	EXPECT_EQ(0xa5, more[sizeof(more) - 8]);
}

TEST_F(query, bad_arguments)
{
	struct drm_npu_device_info info;

	EXPECT_EQ(-EINVAL, npu_query(self->fd, DRM_NPU_QUERY_ENERGY + 1, &info, sizeof(info)));
	EXPECT_EQ(-EINVAL, npu_query(self->fd, ~0u, &info, sizeof(info)));
	EXPECT_EQ(-EFAULT, npu_query(self->fd, DRM_NPU_QUERY_DEVICE,
				     (void *)NPU_TEST_BAD_PTR, sizeof(info)));
	EXPECT_EQ(-EFAULT, npu_query(self->fd, DRM_NPU_QUERY_DEVICE, (void *)-4096l, 64));
}

/* Gigabytes behind the answer are not cleared. */
TEST_F(query, far_too_long)
{
	struct drm_npu_dev_query query = {
		.type = DRM_NPU_QUERY_DEVICE, .size = 65537, .pointer = NPU_TEST_BAD_PTR,
	};

	EXPECT_EQ(-E2BIG, npu_call(self->fd, DRM_IOCTL_NPU_DEV_QUERY, &query));
	query.size = ~0u;
	EXPECT_EQ(-E2BIG, npu_call(self->fd, DRM_IOCTL_NPU_DEV_QUERY, &query));
	query.pointer = 0;
	EXPECT_EQ(0, npu_call(self->fd, DRM_IOCTL_NPU_DEV_QUERY, &query));
	EXPECT_EQ(sizeof(struct drm_npu_device_info), query.size);
}

TEST_F(query, usage_counts_buffers_and_objects)
{
	struct drm_npu_usage_info before = npu_usage(self->fd), after;
	uint32_t bo, vm, ctx;

	ASSERT_EQ(0, npu_bo_create(self->fd, 5 * NPU_TEST_PAGE, 0, &bo));
	ASSERT_EQ(0, npu_vm_create(self->fd, &vm));
	ASSERT_EQ(0, npu_ctx_create(self->fd, vm, DRM_NPU_PRIORITY_LOW, 0, &ctx));
	after = npu_usage(self->fd);
	EXPECT_EQ(before.bo_bytes + 5 * NPU_TEST_PAGE, after.bo_bytes);
	EXPECT_EQ(before.bo_count + 1, after.bo_count);
	EXPECT_EQ(before.vms + 1, after.vms);
	EXPECT_EQ(before.contexts + 1, after.contexts);
	EXPECT_LT(before.page_table_bytes, after.page_table_bytes);
}

TEST_F(query, counters_for_the_privileged)
{
	uint64_t counters[NPU_CNT_COUNT];
	struct drm_npu_dev_query query = { .type = DRM_NPU_QUERY_COUNTERS };
	pid_t child;
	int status;

	ASSERT_EQ(0, npu_call(self->fd, DRM_IOCTL_NPU_DEV_QUERY, &query));
	EXPECT_EQ(sizeof(counters), query.size);
	EXPECT_EQ(0, npu_query(self->fd, DRM_NPU_QUERY_COUNTERS, counters, sizeof(counters)));

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (setuid(65534))
			_exit(2);
		_exit(npu_query(self->fd, DRM_NPU_QUERY_COUNTERS, counters,
				sizeof(counters)) == -EACCES ? 0 : 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(query, unknown_ioctls_are_refused)
{
	uint8_t nothing[64] = {};
	int nr;

	for (nr = DRM_NPU_PERFMON_READ + 1; nr < 0x60; nr++)
		ASSERT_EQ(-EINVAL, npu_call(self->fd, DRM_IOWR(DRM_COMMAND_BASE + nr,
							       uint8_t[64]), nothing));
}

/* A caller that was built with an older, shorter structure. */
TEST_F(query, shorter_structures_end_in_zeros)
{
	struct {
		uint32_t type;
		uint32_t size;
	} short_query = { .type = DRM_NPU_QUERY_USAGE };

	ASSERT_EQ(0, npu_call(self->fd, DRM_IOWR(DRM_COMMAND_BASE + DRM_NPU_DEV_QUERY,
						 short_query), &short_query));
	EXPECT_EQ(sizeof(struct drm_npu_usage_info), short_query.size);
}

/* Every ioctl with an argument that cannot be read. */
TEST_F(query, unreadable_arguments)
{
	static const unsigned long requests[] = {
		DRM_IOCTL_NPU_DEV_QUERY, DRM_IOCTL_NPU_BO_CREATE, DRM_IOCTL_NPU_BO_MMAP_OFFSET,
		DRM_IOCTL_NPU_BO_WAIT, DRM_IOCTL_NPU_VM_CREATE, DRM_IOCTL_NPU_VM_DESTROY,
		DRM_IOCTL_NPU_VM_BIND, DRM_IOCTL_NPU_CONTEXT_CREATE,
		DRM_IOCTL_NPU_CONTEXT_DESTROY, DRM_IOCTL_NPU_CONTEXT_QUERY, DRM_IOCTL_NPU_SUBMIT,
		DRM_IOCTL_NPU_BO_USERPTR, DRM_IOCTL_NPU_BO_MADVISE,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(requests); i++)
		EXPECT_EQ(-EFAULT, npu_call(self->fd, requests[i], (void *)NPU_TEST_BAD_PTR));
}

TEST_HARNESS_MAIN
