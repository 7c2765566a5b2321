// SPDX-License-Identifier: MIT
/* Loaded jobs: an address space with all segments of an image, and a queue. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <npu/buffer.h>
#include <npu/vm.h>

#include "cpu/cpu_machine.h"
#include "file_load.h"
#include "instance.h"
#include "job_image.h"
#include "objects.h"
#include "trace/trace.h"

static void *copy_array(const void *from, size_t count, size_t size)
{
	void *to = calloc(count ? count : 1, size);

	if (to && count)
		memcpy(to, from, count * size);
	return to;
}

/* What a run needs of the image: not data and expected values, but the names. */
static int copy_programs(struct npu_instance *instance,
			 const struct npu_job_image *image)
{
	instance->programs = calloc(image->n_programs, sizeof(*instance->programs));
	if (!instance->programs)
		return -ENOMEM;
	for (uint32_t i = 0; i < image->n_programs; i++) {
		const struct npu_job_program *from = &image->programs[i];
		struct npu_job_program *to = &instance->programs[i];

		*to = *from;
		to->arg_names = NULL;
		to->args = copy_array(from->args, from->num_args, sizeof(*to->args));
		instance->n_programs++;
		if (!to->args)
			return -ENOMEM;
	}
	return 0;
}

static int copy_names(struct npu_instance *instance,
		      const struct npu_job_image *image)
{
	instance->n_tensors = image->n_tensors;
	instance->n_tags = image->n_tags;
	instance->tensors = copy_array(image->tensors, image->n_tensors,
				       sizeof(*image->tensors));
	instance->tags = copy_array(image->tags, image->n_tags,
				    sizeof(*image->tags));
	instance->segments = calloc(image->n_segments,
				    sizeof(*instance->segments));
	if (!instance->tensors || !instance->tags || !instance->segments)
		return -ENOMEM;
	for (uint32_t i = 0; i < instance->n_tensors; i++)
		instance->tensors[i].expected = NULL;
	return copy_programs(instance, image);
}

static int check_range(const struct npu_device_info *info,
		       const struct npu_job_segment *segment,
		       struct npu_error *err)
{
	if (segment->va >= info->va_start && segment->va < info->va_end &&
	    segment->size <= info->va_end - segment->va)
		return 0;
	return npu_error_set(err, -EINVAL,
			     "segment '%s' of %" PRIu64 " bytes at %#" PRIx64 ": the device maps %#" PRIx64 "..%#" PRIx64 ": compile it for this device",
			     segment->name, segment->size, segment->va,
			     info->va_start, info->va_end);
}

/**
 * struct loading - an instance that is being loaded
 * @instance: instance
 * @image: image
 * @given: segments whose memory is not its own, @n_given
 */
struct loading {
	struct npu_instance *instance;
	const struct npu_job_image *image;
	const struct instance_given *given;
	uint32_t n_given;
};

static const struct instance_given *find_given(const struct loading *l, uint64_t va)
{
	for (uint32_t i = 0; i < l->n_given; i++)
		if (l->given[i].va == va)
			return &l->given[i];
	return NULL;
}

static int take_given(struct instance_segment *to, const struct npu_job_segment *from,
		      struct npu_buffer *buffer, struct npu_error *err)
{
	if (from->size > npu_buffer_size(buffer))
		return npu_error_set(err, -EINVAL,
				     "segment '%s' has %" PRIu64 " bytes, and the memory for it %" PRIu64,
				     from->name, from->size, npu_buffer_size(buffer));
	to->buffer = npu_buffer_get(buffer);
	return 0;
}

static int load_segment(const struct loading *l, const struct npu_job_segment *from,
			struct npu_error *err)
{
	struct npu_instance *instance = l->instance;
	const struct instance_given *given = find_given(l, from->va);
	struct npu_device *device = instance->vm->device;
	struct instance_segment *to = &instance->segments[instance->n_segments];
	int ret = check_range(&device->info, from, err);

	if (ret)
		return ret;
	if (given && !given->buffer) {
		instance->n_segments++;
		return 0;
	}
	if (given)
		ret = take_given(to, from, given->buffer, err);
	else
		ret = npu_buffer_create(device, instance->vm, from->size, &to->buffer, err);
	if (ret)
		return ret;
	instance->n_segments++;
	to->va = from->va;
	to->size = from->size;
	return npu_vm_map_at(instance->vm, to->buffer, 0,
			     npu_buffer_size(to->buffer), from->va,
			     from->readonly ? NPU_VM_READONLY : 0, err);
}

/*
 * Data that is in a file goes from there to the buffers, all of it at a time,
 * and not through the image's mapping, page by page.
 */
static int load_data(struct npu_instance *instance,
		     const struct npu_job_image *image, struct npu_error *err)
{
	struct file_read *reads = calloc(image->n_segments, sizeof(*reads));
	unsigned int num_reads = 0;
	int fd = -1, ret = 0;

	if (!reads)
		return npu_error_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *segment = &image->segments[i];
		void *to;

		if (!segment->data_size || !instance->segments[i].buffer)
			continue;
		to = npu_buffer_data(instance->segments[i].buffer);
		if (job_image_in_file(image, segment->data, segment->data_size,
				      &fd, &reads[num_reads].offset)) {
			reads[num_reads].to = to;
			reads[num_reads++].size = segment->data_size;
		} else {
			memcpy(to, segment->data, segment->data_size);
		}
	}
	if (num_reads)
		ret = file_load(fd, reads, num_reads, FILE_LOAD_ASYNC, err);
	free(reads);
	return ret;
}

static int load(const struct loading *l, struct npu_device *device,
		const struct npu_queue_options *options, struct npu_error *err)
{
	struct npu_instance *instance = l->instance;
	const struct npu_job_image *image = l->image;
	int ret = copy_names(instance, image);

	if (ret)
		return npu_error_set(err, ret, "out of memory");
	ret = npu_vm_create(device, &instance->vm, err);
	if (!ret)
		npu_trace_image(instance->vm, image);
	for (uint32_t i = 0; i < image->n_segments && !ret; i++)
		ret = load_segment(l, &image->segments[i], err);
	if (!ret)
		ret = load_data(instance, image, err);
	if (!ret)
		ret = npu_queue_create(instance->vm, options, &instance->queue,
				       err);
	return ret;
}

int npu_instance_load(struct npu_device *device, const struct npu_job_image *image,
		      const struct instance_given *given, uint32_t n,
		      const struct npu_queue_options *options,
		      struct npu_instance **out, struct npu_error *err)
{
	struct loading l = { .image = image, .given = given, .n_given = n };
	struct npu_instance *instance;
	int ret = npu_job_image_check(image, err);

	if (ret)
		return ret;
	instance = calloc(1, sizeof(*instance));
	if (!instance)
		return npu_error_set(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&instance->lock, NULL);
	l.instance = instance;
	ret = load(&l, device, options, err);
	if (ret) {
		npu_job_unload(instance);
		return ret;
	}
	*out = instance;
	return 0;
}

int npu_job_load(struct npu_device *device, const struct npu_job_image *image,
		 const struct npu_queue_options *options,
		 struct npu_instance **instance, struct npu_error *err)
{
	return npu_instance_load(device, image, NULL, 0, options, instance, err);
}

void npu_job_unload(struct npu_instance *instance)
{
	if (!instance)
		return;
	cpu_machine_destroy(instance->cpu);
	npu_queue_destroy(instance->queue);
	for (uint32_t i = 0; i < instance->n_segments; i++)
		npu_buffer_destroy(instance->segments[i].buffer);
	npu_vm_destroy(instance->vm);
	for (uint32_t i = 0; i < instance->n_programs; i++)
		free(instance->programs[i].args);
	free(instance->programs);
	free(instance->segments);
	free(instance->tensors);
	free(instance->tags);
	pthread_mutex_destroy(&instance->lock);
	free(instance);
}

void *npu_instance_memory(const struct npu_instance *instance, uint64_t va,
			  uint64_t size)
{
	for (uint32_t i = 0; i < instance->n_segments; i++) {
		const struct instance_segment *segment = &instance->segments[i];

		if (va < segment->va || va - segment->va > segment->size ||
		    size > segment->size - (va - segment->va))
			continue;
		return (char *)npu_buffer_data(segment->buffer) +
		       (va - segment->va);
	}
	return NULL;
}

void *npu_job_tensor(const struct npu_instance *instance, const char *name,
		     const struct npu_job_tensor **tensor)
{
	for (uint32_t i = 0; i < instance->n_tensors; i++) {
		const struct npu_job_tensor *found = &instance->tensors[i];

		if (strcmp(found->name, name))
			continue;
		if (tensor)
			*tensor = found;
		return npu_instance_memory(instance, found->va,
					   npu_job_tensor_size(found));
	}
	return NULL;
}
