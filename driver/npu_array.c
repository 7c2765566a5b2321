// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arrays of structures that user space may know in another version.
 */
#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "drm/npu_accel.h"

#include "npu_array.h"

static int npu_array_check(const struct drm_npu_obj_array *array, size_t size_v1, u32 max_count)
{
	u64 bytes = (u64)array->stride * array->count, end;

	if (array->count > max_count)
		return -E2BIG;
	if (!IS_ALIGNED(array->stride, 8) || (!array->count && array->array))
		return -EINVAL;
	if (array->count && array->stride < size_v1)
		return -EINVAL;
	/* No structure ever gets that large; do not look for its zeros for hours. */
	if (array->stride > PAGE_SIZE)
		return -E2BIG;
	if (check_add_overflow(array->array, bytes, &end))
		return -EINVAL;
	return 0;
}

/**
 * npu_array_read() - copy an array from user space
 * @array: where it is
 * @size: size of an element as the kernel knows it
 * @size_v1: size of its first version
 * @max_count: most elements
 *
 * What an element lacks is zero; what it has beyond @size must be zero.
 *
 * Return: @array->count elements of @size bytes, to be freed with kvfree(); or
 * an ERR_PTR(). With no elements it cannot be dereferenced.
 */
void *npu_array_read(const struct drm_npu_obj_array *array, size_t size, size_t size_v1,
		     u32 max_count)
{
	void __user *from = u64_to_user_ptr(array->array);
	void *to;
	u32 i;
	int ret;

	ret = npu_array_check(array, size_v1, max_count);
	if (ret)
		return ERR_PTR(ret);
	to = kvcalloc(array->count, size, GFP_KERNEL_ACCOUNT);
	if (!to)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < array->count; i++) {
		ret = copy_struct_from_user(to + i * size, size,
					    from + (size_t)i * array->stride, array->stride);
		if (ret) {
			kvfree(to);
			return ERR_PTR(ret);
		}
	}
	return to;
}
