// SPDX-License-Identifier: MIT
/* A model on a device of the runtime. */
#include "llm_machine.h"

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

int npu_llm_open_image(struct npu_device *device, const struct npu_job_image *image,
		       const struct npu_llm_options *options, struct npu_llm **llm,
		       struct npu_error *err)
{
	struct llm_machine machine = {
		.tensor = instance_tensor, .run = instance_run,
		.release = instance_release,
	};
	struct npu_instance *instance;
	int ret = npu_job_load(device, image, NULL, &instance, err);

	(void)options;
	if (ret)
		return ret;
	machine.opaque = instance;
	return llm_create(&machine, image, llm, err);
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
