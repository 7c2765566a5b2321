// SPDX-License-Identifier: MIT
/* A model file's metadata inside a job file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_isa.h>
#include <npu/model_image.h>

#define SEGMENT_ALIGN (2ull << 20)

/* The first address behind all segments. */
static uint64_t free_address(const struct npu_job_image *image)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *s = &image->segments[i];

		if (s->va + s->size > end)
			end = s->va + s->size;
	}
	return (end + SEGMENT_ALIGN - 1) & ~(SEGMENT_ALIGN - 1);
}

/* @more is @image and one more segment and tensor, in arrays of its own. */
static int extend(const struct npu_job_image *image, const void *data, size_t size,
		  struct npu_job_image *more, struct npu_error *err)
{
	struct npu_job_segment *segments = calloc(image->n_segments + 1, sizeof(*segments));
	struct npu_job_tensor *tensors = calloc(image->n_tensors + 1, sizeof(*tensors));
	uint64_t va = free_address(image);

	*more = *image;
	more->segments = segments;
	more->tensors = tensors;
	if (!segments || !tensors)
		return npu_error_set(err, -ENOMEM, "no memory for an image's tables");
	memcpy(segments, image->segments, image->n_segments * sizeof(*segments));
	if (image->n_tensors)
		memcpy(tensors, image->tensors, image->n_tensors * sizeof(*tensors));
	segments[more->n_segments++] = (struct npu_job_segment){
		.name = NPU_MODEL_IMAGE_METADATA, .va = va, .size = size, .data = data,
		.data_size = size, .readonly = 1,
	};
	tensors[more->n_tensors++] = (struct npu_job_tensor){
		.name = NPU_MODEL_IMAGE_METADATA, .role = NPU_JOB_CONST,
		.type = NPU_TYPE_I8, .n_dims = 1, .dims = { size }, .va = va,
	};
	return 0;
}

int npu_model_image_write(const struct npu_job_image *image, const struct npu_gguf *gguf,
			  const char *path, struct npu_error *err)
{
	struct npu_job_image more;
	void *data;
	size_t size;
	int ret;

	if (npu_job_image_tensor(image, NPU_MODEL_IMAGE_METADATA))
		return npu_error_set(err, -EEXIST, "the image has a tensor '%s' already",
				     NPU_MODEL_IMAGE_METADATA);
	ret = npu_gguf_copy_metadata(gguf, &data, &size, err);
	if (ret)
		return ret;
	ret = extend(image, data, size, &more, err);
	if (!ret)
		ret = npu_job_image_write(&more, path, err);
	free(more.segments);
	free(more.tensors);
	free(data);
	return ret;
}

/* Its bytes, if the file has them all. */
static const void *bytes_of(const struct npu_job_image *image,
			    const struct npu_job_tensor *tensor)
{
	uint64_t size = npu_job_tensor_size(tensor);

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *s = &image->segments[i];
		uint64_t offset;

		if (__builtin_sub_overflow(tensor->va, s->va, &offset) ||
		    offset > s->data_size || size > s->data_size - offset)
			continue;
		return (const char *)s->data + offset;
	}
	return NULL;
}

int npu_model_image_metadata(const struct npu_job_image *image, const char *name,
			     struct npu_gguf **gguf, struct npu_error *err)
{
	const struct npu_job_tensor *tensor = npu_job_image_tensor(image, NPU_MODEL_IMAGE_METADATA);
	const void *data;

	if (!tensor)
		return npu_error_set(err, -ENOENT,
				     "%s: the job file holds no model's metadata: compile the whole model anew with npu-compile",
				     name);
	data = bytes_of(image, tensor);
	if (!data || tensor->type != NPU_TYPE_I8)
		return npu_error_set(err, -EINVAL,
				     "%s: tensor '%s' has no contents of type I8 in the file",
				     name, tensor->name);
	return npu_gguf_open_memory(name, data, npu_job_tensor_size(tensor), gguf, err);
}
