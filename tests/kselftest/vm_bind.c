// SPDX-License-Identifier: GPL-2.0
/* Address spaces: VM_CREATE, VM_DESTROY, VM_BIND, seen by programs that copy. */
#include "kselftest_harness.h"

#include "npu_program.h"

#define PAGES(n)	((n) * NPU_TEST_PAGE)
#define VA		0x40000000ull

FIXTURE(vm)
{
	struct npu_machine m;
	struct drm_npu_job copy;	/* 64 bytes from argument 0 to argument 1 */
	uint32_t bo;
	uint8_t *mem;			/* 64 pages, each begins with its number */
};

FIXTURE_SETUP(vm)
{
	int i;

	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 64);
	ASSERT_EQ(0, npu_bo_create(self->m.fd, PAGES(64), 0, &self->bo));
	self->mem = npu_bo_map(self->m.fd, self->bo, PAGES(64));
	ASSERT_NE(MAP_FAILED, self->mem);
	for (i = 0; i < 64; i++)
		self->mem[PAGES(i)] = i + 1;
}

FIXTURE_TEARDOWN(vm)
{
	munmap(self->mem, PAGES(64));
	npu_machine_close(&self->m);
}

#define PEEK(va)	npu_peek(&self->m, &self->copy, va)
#define POKE(va, byte)	npu_poke(&self->m, &self->copy, va, byte)
#define MAP(offset, va, size, flags) \
	npu_vm_map(self->m.fd, self->m.vm, self->bo, offset, va, size, flags)
#define UNMAP(va, size)	npu_vm_unmap(self->m.fd, self->m.vm, va, size)

TEST_F(vm, map_read_write_unmap)
{
	ASSERT_EQ(-EFAULT, PEEK(VA));
	ASSERT_EQ(0, MAP(0, VA, PAGES(4), 0));
	EXPECT_EQ(1, PEEK(VA));
	EXPECT_EQ(4, PEEK(VA + PAGES(3)));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(4)));
	EXPECT_EQ(-EFAULT, PEEK(VA - PAGES(1)));
	ASSERT_EQ(0, POKE(VA + PAGES(1), 77));
	EXPECT_EQ(77, self->mem[PAGES(1)]);
	ASSERT_EQ(0, UNMAP(VA, PAGES(4)));
	EXPECT_EQ(-EFAULT, PEEK(VA));
	EXPECT_EQ(-EFAULT, POKE(VA + PAGES(1), 78));
	EXPECT_EQ(77, self->mem[PAGES(1)]);
}

TEST_F(vm, readonly_is_enforced)
{
	ASSERT_EQ(0, MAP(0, VA, PAGES(2), DRM_NPU_VM_BIND_READONLY));
	EXPECT_EQ(1, PEEK(VA));
	EXPECT_EQ(-EFAULT, POKE(VA, 9));
	EXPECT_EQ(1, self->mem[0]);
	/* Mapped anew it can be written. */
	ASSERT_EQ(0, MAP(0, VA, PAGES(1), 0));
	EXPECT_EQ(0, POKE(VA, 9));
	EXPECT_EQ(9, self->mem[0]);
	EXPECT_EQ(-EFAULT, POKE(VA + PAGES(1), 9));
}

TEST_F(vm, map_replaces_what_is_there)
{
	ASSERT_EQ(0, MAP(0, VA, PAGES(8), 0));
	EXPECT_EQ(4, PEEK(VA + PAGES(3)));
	/* In the middle: the old mapping is split in two. */
	ASSERT_EQ(0, MAP(PAGES(40), VA + PAGES(3), PAGES(2), 0));
	EXPECT_EQ(3, PEEK(VA + PAGES(2)));
	EXPECT_EQ(41, PEEK(VA + PAGES(3)));
	EXPECT_EQ(42, PEEK(VA + PAGES(4)));
	EXPECT_EQ(6, PEEK(VA + PAGES(5)));
	/* Over several, with both ends cut. */
	ASSERT_EQ(0, MAP(PAGES(50), VA + PAGES(1), PAGES(6), 0));
	EXPECT_EQ(1, PEEK(VA));
	EXPECT_EQ(51, PEEK(VA + PAGES(1)));
	EXPECT_EQ(56, PEEK(VA + PAGES(6)));
	EXPECT_EQ(8, PEEK(VA + PAGES(7)));
}

TEST_F(vm, unmap_cuts_and_skips_holes)
{
	ASSERT_EQ(0, MAP(0, VA, PAGES(8), 0));
	ASSERT_EQ(0, UNMAP(VA + PAGES(2), PAGES(1)));
	EXPECT_EQ(2, PEEK(VA + PAGES(1)));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(2)));
	EXPECT_EQ(4, PEEK(VA + PAGES(3)));
	/* Over the hole, twice, and over nothing at all. */
	EXPECT_EQ(0, UNMAP(VA + PAGES(1), PAGES(4)));
	EXPECT_EQ(0, UNMAP(VA + PAGES(1), PAGES(4)));
	EXPECT_EQ(0, UNMAP(VA + (1ull << 34), 1ull << 36));
	EXPECT_EQ(1, PEEK(VA));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(1)));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(4)));
	EXPECT_EQ(6, PEEK(VA + PAGES(5)));
}

/* A shared prefix: the same pages at two places, and of two address spaces. */
TEST_F(vm, same_pages_twice)
{
	ASSERT_EQ(0, MAP(PAGES(5), VA, PAGES(1), 0));
	ASSERT_EQ(0, MAP(PAGES(5), VA + (1ull << 32), PAGES(1), 0));
	ASSERT_EQ(0, POKE(VA, 99));
	EXPECT_EQ(99, PEEK(VA + (1ull << 32)));
	ASSERT_EQ(0, UNMAP(VA, PAGES(1)));
	EXPECT_EQ(99, PEEK(VA + (1ull << 32)));
}

TEST_F(vm, operations_happen_in_order)
{
	const struct drm_npu_vm_bind_op ops[] = {
		{ .op = DRM_NPU_VM_BIND_OP_MAP, .handle = self->bo, .va = VA, .size = PAGES(4) },
		{ .op = DRM_NPU_VM_BIND_OP_UNMAP, .va = VA, .size = PAGES(2) },
		{ .op = DRM_NPU_VM_BIND_OP_MAP, .handle = self->bo, .bo_offset = PAGES(9),
		  .va = VA + PAGES(1), .size = PAGES(1) },
		{ .op = DRM_NPU_VM_BIND_OP_UNMAP, .va = VA + PAGES(3), .size = PAGES(1) },
	};

	ASSERT_EQ(0, npu_vm_bind(self->m.fd, self->m.vm, ops, 4));
	EXPECT_EQ(-EFAULT, PEEK(VA));
	EXPECT_EQ(10, PEEK(VA + PAGES(1)));
	EXPECT_EQ(3, PEEK(VA + PAGES(2)));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(3)));
}

TEST_F(vm, four_thousand_operations)
{
	static struct drm_npu_vm_bind_op ops[4097];
	int i;

	for (i = 0; i < 4097; i++)
		ops[i] = (struct drm_npu_vm_bind_op){
			.op = DRM_NPU_VM_BIND_OP_MAP, .handle = self->bo,
			.bo_offset = PAGES(i % 64), .va = VA + PAGES(3 * i), .size = PAGES(1),
		};
	EXPECT_EQ(-E2BIG, npu_vm_bind(self->m.fd, self->m.vm, ops, 4097));
	EXPECT_EQ(-EFAULT, PEEK(VA));
	ASSERT_EQ(0, npu_vm_bind(self->m.fd, self->m.vm, ops, 4096));
	for (i = 0; i < 4096; i += 273)
		EXPECT_EQ(i % 64 + 1, PEEK(VA + PAGES(3 * i)));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(1)));
	ASSERT_EQ(0, UNMAP(VA, PAGES(3 * 4096)));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(3 * 273)));
}

TEST_F(vm, no_operations_is_fine)
{
	EXPECT_EQ(0, npu_vm_bind(self->m.fd, self->m.vm, NULL, 0));
}

TEST_F(vm, page_tables_are_freed_when_empty)
{
	uint64_t before = npu_usage(self->m.fd).page_table_bytes;
	int i;

	for (i = 0; i < 50; i++)
		ASSERT_EQ(0, MAP(PAGES(i), VA + ((uint64_t)i << 32), PAGES(1), 0));
	EXPECT_LT(before, npu_usage(self->m.fd).page_table_bytes);
	ASSERT_EQ(0, UNMAP(VA, 50ull << 32));
	EXPECT_EQ(before, npu_usage(self->m.fd).page_table_bytes);
}

TEST_F(vm, bad_operations)
{
	const struct drm_npu_vm_bind_op good = {
		.op = DRM_NPU_VM_BIND_OP_MAP, .handle = self->bo, .va = VA, .size = PAGES(2),
	};
	const uint64_t end = self->m.info.va_end;
	struct drm_npu_vm_bind_op op;
	int bit;

#define REFUSED(error, change) do { \
		op = good; \
		change; \
		EXPECT_EQ(error, npu_vm_bind(self->m.fd, self->m.vm, &op, 1)); \
	} while (0)
	REFUSED(-EINVAL, op.op = 2);
	REFUSED(-EINVAL, op.op = ~0u);
	for (bit = 1; bit < 32; bit++)
		REFUSED(-EINVAL, op.flags = 1u << bit);
	REFUSED(-ENOENT, op.handle = 0);
	REFUSED(-ENOENT, op.handle = ~0u);
	REFUSED(-EINVAL, op.pad = 1);
	REFUSED(-EINVAL, op.bo_offset = 1);
	REFUSED(-EINVAL, op.bo_offset = PAGES(63));
	REFUSED(-EINVAL, op.bo_offset = PAGES(64));
	REFUSED(-EINVAL, op.bo_offset = ~0ull - 4095);
	REFUSED(-EINVAL, op.bo_offset = 1ull << 63);
	REFUSED(-EINVAL, op.va = VA + 1);
	REFUSED(-EINVAL, op.va = 0);
	REFUSED(-EINVAL, op.va = self->m.info.va_start - PAGES(1));
	REFUSED(-EINVAL, op.va = end - PAGES(1));
	REFUSED(-EINVAL, op.va = end);
	REFUSED(-EINVAL, op.va = ~0ull - 4095);
	REFUSED(-EINVAL, op.size = 0);
	REFUSED(-EINVAL, op.size = 1);
	REFUSED(-EINVAL, op.size = PAGES(65));
	REFUSED(-EINVAL, op.size = ~0ull - 4095);
	REFUSED(-EINVAL, op.size = end);
	/* What MAP needs, UNMAP must not have. */
	REFUSED(-EINVAL, op.op = DRM_NPU_VM_BIND_OP_UNMAP);
	REFUSED(-EINVAL, op.op = DRM_NPU_VM_BIND_OP_UNMAP; op.handle = 0; op.bo_offset = PAGES(1));
	REFUSED(-EINVAL, op.op = DRM_NPU_VM_BIND_OP_UNMAP; op.handle = 0;
		op.flags = DRM_NPU_VM_BIND_READONLY);
	REFUSED(-EINVAL, op.op = DRM_NPU_VM_BIND_OP_UNMAP; op.handle = 0; op.va = 0);
#undef REFUSED
	EXPECT_EQ(-EFAULT, PEEK(VA));
}

/* The good ones before and behind a bad one do nothing either. */
TEST_F(vm, one_bad_operation_refuses_all)
{
	struct drm_npu_vm_bind_op ops[3] = {
		{ .op = DRM_NPU_VM_BIND_OP_MAP, .handle = self->bo, .va = VA, .size = PAGES(1) },
		{ .op = DRM_NPU_VM_BIND_OP_MAP, .handle = self->bo, .va = VA, .size = PAGES(99) },
		{ .op = DRM_NPU_VM_BIND_OP_MAP, .handle = self->bo, .va = VA + PAGES(1),
		  .size = PAGES(1) },
	};
	struct drm_npu_vm_bind args = {
		.vm_id = self->m.vm,
		.ops = { .stride = sizeof(ops[0]), .count = 3, .array = (uintptr_t)ops },
	};

	EXPECT_EQ(-EINVAL, npu_call(self->m.fd, DRM_IOCTL_NPU_VM_BIND, &args));
	EXPECT_EQ(3, args.ops.count);
	EXPECT_EQ(-EFAULT, PEEK(VA));
	EXPECT_EQ(-EFAULT, PEEK(VA + PAGES(1)));
}

TEST_F(vm, bad_arrays)
{
	struct drm_npu_vm_bind_op op = {
		.op = DRM_NPU_VM_BIND_OP_MAP, .handle = self->bo, .va = VA, .size = PAGES(1),
	};
	const struct drm_npu_vm_bind good = {
		.vm_id = self->m.vm,
		.ops = { .stride = sizeof(op), .count = 1, .array = (uintptr_t)&op },
	};
	struct drm_npu_vm_bind args;

#define REFUSED(error, change) do { \
		args = good; \
		change; \
		EXPECT_EQ(error, npu_call(self->m.fd, DRM_IOCTL_NPU_VM_BIND, &args)); \
	} while (0)
	REFUSED(-ENOENT, args.vm_id = 0);
	REFUSED(-ENOENT, args.vm_id = 12345);
	REFUSED(-EINVAL, args.flags = 2);
	REFUSED(-EINVAL, args.ops.stride = 0);
	REFUSED(-EINVAL, args.ops.stride = sizeof(op) - 8);
	REFUSED(-EINVAL, args.ops.stride = sizeof(op) + 4);
	REFUSED(-E2BIG, args.ops.stride = 0xfffffff8);
	REFUSED(-E2BIG, args.ops.count = ~0u);
	REFUSED(-EINVAL, args.ops.count = 0);	/* with an array */
	REFUSED(-EFAULT, args.ops.array = 0);
	REFUSED(-EFAULT, args.ops.array = NPU_TEST_BAD_PTR);
	REFUSED(-EINVAL, args.ops.array = ~0ull - 7);
	REFUSED(-EINVAL, args.syncs.stride = 16);
	REFUSED(-EINVAL, args.syncs.count = 1);
	REFUSED(-EINVAL, args.syncs.array = (uintptr_t)&op);
#undef REFUSED
	EXPECT_EQ(-EFAULT, PEEK(VA));
}

/* A caller that knows more fields than the kernel: fine as long as they are zero. */
TEST_F(vm, larger_elements)
{
	struct {
		struct drm_npu_vm_bind_op op;
		uint64_t more;
	} ops[2] = {
		{ .op = { .op = DRM_NPU_VM_BIND_OP_MAP, .handle = self->bo, .va = VA,
			  .size = PAGES(1) } },
		{ .op = { .op = DRM_NPU_VM_BIND_OP_MAP, .handle = self->bo,
			  .va = VA + PAGES(1), .bo_offset = PAGES(7), .size = PAGES(1) } },
	};
	struct drm_npu_vm_bind args = {
		.vm_id = self->m.vm,
		.ops = { .stride = sizeof(ops[0]), .count = 2, .array = (uintptr_t)ops },
	};

	ops[1].more = 1;
	EXPECT_EQ(-E2BIG, npu_call(self->m.fd, DRM_IOCTL_NPU_VM_BIND, &args));
	EXPECT_EQ(-EFAULT, PEEK(VA));
	ops[1].more = 0;
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_NPU_VM_BIND, &args));
	EXPECT_EQ(1, PEEK(VA));
	EXPECT_EQ(8, PEEK(VA + PAGES(1)));
}

TEST_F(vm, exclusive_only_in_its_own)
{
	uint32_t other, bo;

	ASSERT_EQ(0, npu_vm_create(self->m.fd, &other));
	ASSERT_EQ(0, npu_bo_create(self->m.fd, PAGES(1), other, &bo));
	EXPECT_EQ(-EINVAL, npu_vm_map(self->m.fd, self->m.vm, bo, 0, VA, PAGES(1), 0));
	EXPECT_EQ(0, npu_vm_map(self->m.fd, other, bo, 0, VA, PAGES(1), 0));
}

TEST_F(vm, create_and_destroy_bad_arguments)
{
	struct drm_npu_vm_create create = { .flags = 1 };
	struct drm_npu_vm_destroy destroy = {};
	uint32_t vm;

	EXPECT_EQ(-EINVAL, npu_call(self->m.fd, DRM_IOCTL_NPU_VM_CREATE, &create));
	EXPECT_EQ(-ENOENT, npu_call(self->m.fd, DRM_IOCTL_NPU_VM_DESTROY, &destroy));
	EXPECT_EQ(-ENOENT, npu_vm_destroy(self->m.fd, ~0u));
	ASSERT_EQ(0, npu_vm_create(self->m.fd, &vm));
	destroy = (struct drm_npu_vm_destroy){ .id = vm, .pad = 1 };
	EXPECT_EQ(-EINVAL, npu_call(self->m.fd, DRM_IOCTL_NPU_VM_DESTROY, &destroy));
	EXPECT_EQ(0, npu_vm_destroy(self->m.fd, vm));
	EXPECT_EQ(-ENOENT, npu_vm_destroy(self->m.fd, vm));
}

TEST_F(vm, ids_belong_to_the_file)
{
	int other = npu_open_device();

	ASSERT_LE(0, other);
	EXPECT_EQ(-ENOENT, npu_vm_destroy(other, self->m.vm));
	EXPECT_EQ(-ENOENT, npu_vm_unmap(other, self->m.vm, VA, PAGES(1)));
	close(other);
}

TEST_F(vm, as_many_as_promised)
{
	uint32_t vm, count;

	for (count = 1; count < self->m.info.max_vms; count++)
		ASSERT_EQ(0, npu_vm_create(self->m.fd, &vm));
	EXPECT_EQ(-ENOSPC, npu_vm_create(self->m.fd, &vm));
	ASSERT_EQ(0, npu_vm_destroy(self->m.fd, 2));
	EXPECT_EQ(0, npu_vm_create(self->m.fd, &vm));
}

/* Address spaces do not see each other's memory, though they use the same addresses. */
TEST_F(vm, spaces_are_separate)
{
	struct npu_area code = {}, data = {};
	uint64_t args[2] = { VA, NPU_TEST_DATA };
	struct drm_npu_job job = self->copy;
	uint32_t other, ctx;

	ASSERT_EQ(0, MAP(0, VA, PAGES(1), 0));
	ASSERT_EQ(0, npu_vm_create(self->m.fd, &other));
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, other, DRM_NPU_PRIORITY_NORMAL, 0, &ctx));
	npu_job_args(&job, args);
	EXPECT_EQ(-EFAULT, npu_run_on(self->m.fd, ctx, &job));
	ASSERT_EQ(0, npu_area_create(self->m.fd, other, NPU_TEST_CODE, PAGES(4), &code));
	ASSERT_EQ(0, npu_area_create(self->m.fd, other, NPU_TEST_DATA, PAGES(4), &data));
	memcpy(code.cpu, self->m.code.cpu, PAGES(4));
	EXPECT_EQ(-EFAULT, npu_run_on(self->m.fd, ctx, &job));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, other, self->bo, PAGES(30), VA, PAGES(1), 0));
	ASSERT_EQ(0, npu_run_on(self->m.fd, ctx, &job));
	EXPECT_EQ(31, data.cpu[0]);
	EXPECT_EQ(0, self->m.data.cpu[0]);
	EXPECT_EQ(1, PEEK(VA));
	npu_area_free(self->m.fd, &code);
	npu_area_free(self->m.fd, &data);
}

TEST_HARNESS_MAIN
