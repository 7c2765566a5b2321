// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the bounds of what VM_BIND is asked for.
 */
#include <kunit/test.h>

#include <linux/sizes.h>
#include <linux/string.h>

#include "npu_bind.h"
#include "npu_device.h"

/**
 * struct npu_bind_range_case - a range, and what is said to it
 */
struct npu_bind_range_case {
	/** @name: what is special */
	const char *name;

	/** @op: operation */
	struct drm_npu_vm_bind_op op;

	/** @ret: answer */
	int ret;
};

#define TEST_MAP(v, s, o) \
	{ .op = DRM_NPU_VM_BIND_OP_MAP, .va = v, .size = s, .bo_offset = o }
#define TEST_UNMAP(v, s)	{ .op = DRM_NPU_VM_BIND_OP_UNMAP, .va = v, .size = s }
#define TEST_END		BIT_ULL(NPU_VA_BITS)

static const struct npu_bind_range_case npu_bind_range_cases[] = {
	{ "a page", TEST_MAP(NPU_HUGE_SIZE, SZ_4K, 0), 0 },
	{ "all", TEST_MAP(NPU_HUGE_SIZE, TEST_END - NPU_HUGE_SIZE, 0), 0 },
	{ "the last page", TEST_MAP(TEST_END - SZ_4K, SZ_4K, 0), 0 },
	{ "unmap all", TEST_UNMAP(NPU_HUGE_SIZE, TEST_END - NPU_HUGE_SIZE), 0 },
	{ "nothing", TEST_MAP(NPU_HUGE_SIZE, 0, 0), -EINVAL },
	{ "too low", TEST_MAP(NPU_HUGE_SIZE - SZ_4K, SZ_4K, 0), -EINVAL },
	{ "address zero", TEST_MAP(0, SZ_4K, 0), -EINVAL },
	{ "a page too many", TEST_MAP(TEST_END - SZ_4K, SZ_8K, 0), -EINVAL },
	{ "behind the end", TEST_MAP(TEST_END, SZ_4K, 0), -EINVAL },
	{ "wraps", TEST_MAP(U64_MAX - SZ_4K + 1, SZ_4K, 0), -EINVAL },
	{ "wraps to a good end", TEST_MAP(NPU_HUGE_SIZE, -(u64)SZ_4K, 0), -EINVAL },
	{ "odd address", TEST_MAP(NPU_HUGE_SIZE + 1, SZ_4K, 0), -EINVAL },
	{ "odd size", TEST_MAP(NPU_HUGE_SIZE, SZ_4K + 1, 0), -EINVAL },
	{ "odd offset", TEST_MAP(NPU_HUGE_SIZE, SZ_4K, 1), -EINVAL },
	{ "unmap with an offset",
	  { .op = DRM_NPU_VM_BIND_OP_UNMAP, .va = NPU_HUGE_SIZE, .size = SZ_4K,
	    .bo_offset = SZ_4K }, -EINVAL },
	{ "unknown operation", { .op = 77, .va = NPU_HUGE_SIZE, .size = SZ_4K }, -EINVAL },
	{ "unknown flag",
	  { .op = DRM_NPU_VM_BIND_OP_MAP, .flags = BIT(31), .va = NPU_HUGE_SIZE, .size = SZ_4K },
	  -EINVAL },
};

static void npu_bind_range_describe(const struct npu_bind_range_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(npu_bind_range, npu_bind_range_cases, npu_bind_range_describe);

static void npu_bind_test_range(struct kunit *test)
{
	const struct npu_bind_range_case *param = test->param_value;
	struct npu_device *npu = kunit_kzalloc(test, sizeof(*npu), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, npu);
	npu->info.va_start = NPU_HUGE_SIZE;
	npu->info.va_end = TEST_END;
	KUNIT_EXPECT_EQ(test, param->ret, npu_bind_check_op(npu, &param->op));
}

static struct kunit_case npu_bind_test_cases[] = {
	KUNIT_CASE_PARAM(npu_bind_test_range, npu_bind_range_gen_params),
	{ }
};

static struct kunit_suite npu_bind_test_suite = {
	.name = "npu_bind",
	.test_cases = npu_bind_test_cases,
};

kunit_test_suite(npu_bind_test_suite);
