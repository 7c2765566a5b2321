// SPDX-License-Identifier: MIT
/* Job images in memory. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hw/npu_isa.h"
#include "job_image.h"

static uint64_t type_size(uint32_t type)
{
	switch (type) {
	case NPU_TYPE_I8:
		return 1;
	case NPU_TYPE_F16:
	case NPU_TYPE_BF16:
		return 2;
	case NPU_TYPE_I32:
	case NPU_TYPE_F32:
		return 4;
	default:
		return 0;
	}
}

struct npu_job_tensor *npu_job_image_tensor(const struct npu_job_image *image, const char *name)
{
	for (uint32_t i = 0; i < image->n_tensors; i++)
		if (!strcmp(image->tensors[i].name, name))
			return &image->tensors[i];
	return NULL;
}

uint64_t npu_job_tensor_size(const struct npu_job_tensor *tensor)
{
	uint64_t size = type_size(tensor->type);

	if (!tensor->n_dims || tensor->n_dims > NPU_JOB_MAX_DIMS)
		return 0;
	for (uint32_t i = 0; i < tensor->n_dims; i++)
		if (__builtin_mul_overflow(size, tensor->dims[i], &size))
			return 0;
	return size;
}

static void free_owner(struct job_owner *owner)
{
	if (owner->map)
		munmap(owner->map, owner->map_size);
	if (owner->fd >= 0)
		close(owner->fd);
	free(owner->arg_names);
	free(owner->args);
	free(owner);
}

static void free_parts(struct npu_job_image *image)
{
	for (uint32_t i = 0; image->segments && i < image->n_segments; i++)
		free((void *)image->segments[i].data);
	for (uint32_t i = 0; image->tensors && i < image->n_tensors; i++)
		free((void *)image->tensors[i].expected);
	for (uint32_t i = 0; image->programs && i < image->n_programs; i++) {
		free(image->programs[i].arg_names);
		free(image->programs[i].args);
	}
}

void npu_job_image_free(struct npu_job_image *image)
{
	if (!image)
		return;
	if (image->owner)
		free_owner(image->owner);
	else
		free_parts(image);
	free(image->segments);
	free(image->tensors);
	free(image->programs);
	free(image->tags);
	free(image);
}

bool job_image_in_file(const struct npu_job_image *image, const void *data,
		       uint64_t size, int *fd, uint64_t *offset)
{
	const struct job_owner *owner = image->owner;
	uintptr_t at = (uintptr_t)data;
	uintptr_t map;

	if (!owner)
		return false;
	map = (uintptr_t)owner->map;
	if (at < map || at - map > owner->map_size ||
	    size > owner->map_size - (at - map))
		return false;
	*fd = owner->fd;
	*offset = at - map;
	return true;
}
