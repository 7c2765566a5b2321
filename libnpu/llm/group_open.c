// SPDX-License-Identifier: MIT
/* From a model file to several devices, each with its part. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "group.h"
#include "runtime/instance.h"
#include "runtime/objects.h"

/**
 * struct opening - a model on its way
 * @devices: devices
 * @n: number of them
 * @gguf: file
 * @options: choices; devices and rank are set for each
 * @image: compiled parts, by rank
 * @group: devices with their parts
 */
struct opening {
	struct npu_device *const *devices;
	uint32_t n;
	const struct npu_gguf *gguf;
	struct npu_llm_options options;
	struct npu_job_image *image[NPU_MAX_DEVICES];
	struct group *group;
};

static int compile(struct opening *o, uint32_t rank, struct npu_error *err)
{
	struct npu_target target;

	npu_target_of(npu_device_info(o->devices[rank]), &target);
	o->options.compile.devices = o->n;
	o->options.compile.rank = rank;
	npu_job_image_free(o->image[rank]);
	o->image[rank] = NULL;
	return npu_image_cache_compile(o->options.cache, o->gguf, &target, &o->options.compile,
				       &o->image[rank], o->options.cache_outcome, err);
}

static uint32_t chunk_of(const struct npu_job_image *image)
{
	for (uint32_t i = 0; i < image->n_programs; i++)
		if (!strcmp(image->programs[i].name, "prefill"))
			return image->programs[i].args[1];
	return 0;
}

/* How many tokens fit into SRAM depends on the part: all run as many as the least. */
static int compile_all(struct opening *o, struct npu_error *err)
{
	const struct npu_job_tensor *places;
	uint32_t least = 0;
	int ret = 0;

	for (uint32_t i = 0; !ret && i < o->n; i++) {
		ret = compile(o, i, err);
		if (!ret && chunk_of(o->image[i]) < chunk_of(o->image[least]))
			least = i;
	}
	if (ret)
		return ret;
	places = npu_job_image_tensor(o->image[least], "places");
	o->options.compile.chunk = chunk_of(o->image[least]);
	o->options.compile.batch = places ? places->dims[1] : 1;
	for (uint32_t i = 0; !ret && i < o->n; i++)
		if (chunk_of(o->image[i]) != o->options.compile.chunk)
			ret = compile(o, i, err);
	return ret;
}

static const struct npu_job_segment *shared_segment(const struct npu_job_image *image)
{
	for (uint32_t i = 0; i < image->n_segments; i++)
		if (!strcmp(image->segments[i].name, "shared"))
			return &image->segments[i];
	return NULL;
}

/* The first device's memory, on all of them. */
static int share_memory(struct opening *o, struct npu_error *err)
{
	struct group_member *member = o->group->member;
	const struct npu_job_segment *s = shared_segment(o->image[0]);
	int fd, ret;

	if (!s)
		return npu_error_set(err, -EINVAL, "a part of the model shares nothing with the others");
	ret = npu_buffer_create(o->devices[0], NULL, s->size, &member[0].shared, err);
	if (!ret)
		ret = npu_buffer_export(member[0].shared, &fd, err);
	if (ret)
		return ret;
	for (uint32_t i = 1; !ret && i < o->n; i++)
		ret = npu_buffer_import(o->devices[i], fd, &member[i].shared, err);
	close(fd);
	return ret;
}

static int load(struct opening *o, uint32_t rank, struct npu_error *err)
{
	const struct npu_job_image *image = o->image[rank];
	const struct npu_job_segment *s = shared_segment(image);
	struct group_member *m = &o->group->member[rank];
	const struct instance_given given[] = {
		{ .va = llm_cache_address(image) },
		{ .va = s ? s->va : 0, .buffer = m->shared },
	};
	int ret = llm_check_memory(image, given[0].va, err);

	if (!ret)
		ret = npu_instance_load(o->devices[rank], image, given, 2, NULL, &m->instance,
					err);
	if (ret)
		return ret;
	m->machine = llm_instance_machine(m->instance);
	m->tokens = npu_job_tensor(m->instance, "tokens", NULL);
	m->places = npu_job_tensor(m->instance, "places", NULL);
	return llm_read_image(image, npu_job_tensor(m->instance, "kv.layout", NULL), &m->image,
			      err);
}

static uint64_t size_of(const struct npu_job_image *image, const char *name)
{
	const struct npu_job_tensor *t = npu_job_image_tensor(image, name);

	return t ? npu_job_tensor_size(t) : 0;
}

/* Whether two parts are of one model: what a cache gave may be of anything. */
static bool same_run(const struct opening *o, uint32_t rank)
{
	const struct npu_job_image *a = o->image[0], *b = o->image[rank];
	const struct llm_image *x = &o->group->member[0].image, *y = &o->group->member[rank].image;
	const struct npu_job_segment *s = shared_segment(a), *t = shared_segment(b);
	const struct npu_job_tensor *p = npu_job_image_tensor(a, "logits");
	const struct npu_job_tensor *q = npu_job_image_tensor(b, "logits");

	if (!t || s->size != t->size || a->n_programs != b->n_programs)
		return false;
	for (uint32_t i = 0; i < a->n_programs; i++)
		if (a->programs[i].next != b->programs[i].next ||
		    a->programs[i].num_args != b->programs[i].num_args ||
		    b->programs[i].place != NPU_JOB_ON_DEVICE)
			return false;
	return p->va - s->va == q->va - t->va && x->vocab == y->vocab && x->chunk == y->chunk &&
	       x->batch == y->batch && x->context == y->context && x->slots == y->slots &&
	       x->page_tokens == y->page_tokens && x->decode == y->decode &&
	       x->prefill == y->prefill && x->batched == y->batched &&
	       size_of(a, "tokens") == size_of(b, "tokens") &&
	       size_of(a, "places") == size_of(b, "places");
}

static int load_all(struct opening *o, struct npu_error *err)
{
	int ret = share_memory(o, err);

	for (uint32_t i = 0; !ret && i < o->n; i++) {
		ret = load(o, i, err);
		if (!ret && !same_run(o, i))
			ret = npu_error_set(err, -EINVAL,
					    "the parts of the model for devices 0 and %u do not belong together: remove the cache of compiled models",
					    i);
	}
	o->group->tokens_size = size_of(o->image[0], "tokens");
	o->group->places_size = size_of(o->image[0], "places");
	return ret;
}

static int check_devices(struct npu_device *const *devices, uint32_t n, struct npu_error *err)
{
	if (!n || n > NPU_MAX_DEVICES)
		return npu_error_set(err, -EINVAL, "a model on %u devices: 1 to %u are possible",
				     n, NPU_MAX_DEVICES);
	for (uint32_t i = 1; i < n; i++)
		if (devices[i]->backend != devices[0]->backend)
			return npu_error_set(err, -EXDEV,
					     "%s and %s cannot share memory: one is a device in the process",
					     devices[0]->path, devices[i]->path);
	return 0;
}

int npu_llm_open_devices(struct npu_device *const *devices, uint32_t n,
			 const struct npu_gguf *gguf,
			 const struct npu_llm_options *options, struct npu_llm **llm,
			 struct npu_error *err)
{
	struct opening o = { .devices = devices, .n = n, .gguf = gguf };
	struct llm_machine machine;
	int ret = check_devices(devices, n, err);

	if (ret)
		return ret;
	if (options)
		o.options = *options;
	if (n == 1) {
		o.options.compile.devices = 1;
		o.options.compile.rank = 0;
		return npu_llm_open(devices[0], gguf, &o.options, llm, err);
	}
	o.group = calloc(1, sizeof(*o.group));
	if (!o.group)
		return npu_error_set(err, -ENOMEM, "no memory for a model");
	o.group->n = n;
	ret = compile_all(&o, err);
	if (!ret)
		ret = load_all(&o, err);
	if (ret) {
		group_free(o.group);
	} else {
		machine = group_machine(o.group);
		ret = llm_create(&machine, o.image[0], o.options.kv_bytes, llm, err);
	}
	for (uint32_t i = 0; i < n; i++)
		npu_job_image_free(o.image[i]);
	return ret;
}
