// SPDX-License-Identifier: MIT
/* A model on a device of the runtime. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <npu/buffer.h>
#include <npu/vm.h>

#include "compiler/memory.h"
#include "llm_machine.h"
#include "runtime/instance.h"
#include "runtime/objects.h"

static void *instance_tensor(void *opaque, const char *name)
{
	return npu_job_tensor(opaque, name, NULL);
}

static int instance_run(void *opaque, uint32_t program, const uint64_t *args,
			struct npu_job_stats *stats, struct npu_error *err)
{
	return npu_job_run(opaque, program, args, stats, err);
}

static void instance_release(void *opaque)
{
	npu_job_unload(opaque);
}

static int instance_memory(void *opaque, uint64_t size, void **memory,
			   struct npu_error *err)
{
	const struct npu_instance *instance = opaque;
	struct npu_buffer *buffer;
	int ret = npu_buffer_create(instance->vm->device, instance->vm, size, &buffer, err);

	if (ret)
		return ret;
	*memory = buffer;
	return 0;
}

static void instance_free_memory(void *opaque, void *memory)
{
	(void)opaque;
	npu_buffer_destroy(memory);
}

static void instance_copy(void *opaque, void *to, uint64_t to_offset, void *from,
			  uint64_t from_offset, uint64_t size)
{
	(void)opaque;
	memcpy((char *)npu_buffer_data(to) + to_offset,
	       (const char *)npu_buffer_data(from) + from_offset, size);
}

static int instance_map(void *opaque, const struct llm_map *maps, size_t n,
			struct npu_error *err)
{
	const struct npu_instance *instance = opaque;
	struct npu_vm_op *ops = calloc(n, sizeof(*ops));
	int ret;

	if (!ops)
		return npu_error_set(err, -ENOMEM, "no memory to map %zu pages", n);
	for (size_t i = 0; i < n; i++)
		ops[i] = (struct npu_vm_op){
			.buffer = maps[i].memory, .offset = maps[i].offset,
			.size = maps[i].size, .va = maps[i].va,
			.flags = maps[i].readonly ? NPU_VM_READONLY : 0,
		};
	ret = npu_vm_bind(instance->vm, ops, n, NULL, err);
	free(ops);
	return ret;
}

int llm_check_memory(const struct npu_job_image *image, uint64_t cache,
		     struct npu_error *err)
{
	uint64_t needed = 0;

	for (uint32_t i = 0; i < image->n_segments; i++)
		if (image->segments[i].va != cache &&
		    __builtin_add_overflow(needed, image->segments[i].size, &needed))
			return 0;	/* no image: loading says why */
	return memory_check("the segments of the compiled model", needed, err);
}

struct llm_machine llm_instance_machine(struct npu_instance *instance)
{
	return (struct llm_machine){
		.tensor = instance_tensor, .run = instance_run,
		.memory = instance_memory, .free_memory = instance_free_memory,
		.copy = instance_copy, .map = instance_map, .release = instance_release,
		.opaque = instance, .devices = 1,
	};
}

/* What is for one of several devices gives nonsense alone. */
static int check_whole(const struct npu_job_image *image, struct npu_error *err)
{
	if (npu_job_image_tensor(image, "devices"))
		return npu_error_set(err, -EINVAL,
				     "the image is a part of a model, for one of several devices: open them together, with npu_llm_open_devices()");
	return 0;
}

int npu_llm_open_image(struct npu_device *device, const struct npu_job_image *image,
		       const struct npu_llm_options *options, struct npu_llm **llm,
		       struct npu_error *err)
{
	const struct instance_given given = { .va = llm_cache_address(image) };
	struct npu_instance *instance;
	struct llm_machine machine;
	int ret = check_whole(image, err);

	if (!ret)
		ret = llm_check_memory(image, given.va, err);
	if (!ret)
		ret = npu_instance_load(device, image, &given, 1, NULL, &instance, err);
	if (ret)
		return ret;
	machine = llm_instance_machine(instance);
	return llm_create(&machine, image, options ? options->kv_bytes : 0, llm, err);
}

int npu_llm_open(struct npu_device *device, const struct npu_gguf *gguf,
		 const struct npu_llm_options *options, struct npu_llm **llm,
		 struct npu_error *err)
{
	static const struct npu_llm_options defaults;
	struct npu_job_image *image;
	struct npu_target target;
	int ret;

	options = options ? options : &defaults;
	npu_target_of(npu_device_info(device), &target);
	ret = npu_image_cache_compile(options->cache, gguf, &target, &options->compile,
				      &image, options->cache_outcome, err);
	if (ret)
		return ret;
	ret = npu_llm_open_image(device, image, options, llm, err);
	npu_job_image_free(image);
	return ret;
}
