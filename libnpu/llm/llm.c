// SPDX-License-Identifier: MIT
/* Models: how they begin and end, and what they have cost. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_isa.h>

#include "llm_model.h"

static const int32_t *layout_of(const struct llm_machine *m, const struct npu_job_image *image)
{
	const struct npu_job_tensor *t = npu_job_image_tensor(image, "kv.layout");

	if (!t || npu_job_tensor_size(t) != NPU_KV_LAYOUT_COUNT * sizeof(int32_t))
		return NULL;
	return m->tensor(m->opaque, "kv.layout");
}

/* Bytes that a page takes, wherever. */
static uint64_t page_bytes(const struct npu_llm *llm)
{
	return llm->machine.page_bytes ? llm->machine.page_bytes : llm->image.page_bytes;
}

static int init_pool(struct npu_llm *llm, uint64_t kv_bytes, struct npu_error *err)
{
	const struct llm_image *im = &llm->image;
	uint64_t pages = im->context / im->page_tokens + !!(im->context % im->page_tokens);

	pages *= im->slots;
	if (kv_bytes && kv_bytes / page_bytes(llm) < pages)
		pages = kv_bytes / page_bytes(llm);
	if (pages > UINT32_MAX)
		pages = UINT32_MAX;
	if (!pages)
		return npu_error_set(err, -EINVAL,
				     "%llu bytes for the KV cache: a page of %u tokens has %llu",
				     (unsigned long long)kv_bytes, im->page_tokens,
				     (unsigned long long)page_bytes(llm));
	kv_pool_init(&llm->pool, &llm->machine, im->page_bytes, pages);
	return 0;
}

static int init(struct npu_llm *llm, const struct npu_job_image *image,
		uint64_t kv_bytes, struct npu_error *err)
{
	const struct llm_machine *m = &llm->machine;
	int ret = llm_read_image(image, layout_of(m, image), &llm->image, err);

	if (ret)
		return ret;
	llm->tokens = m->tensor(m->opaque, "tokens");
	llm->logits = m->tensor(m->opaque, "logits");
	if (llm->image.batch > 1)
		llm->places = m->tensor(m->opaque, "places");
	/* the KV cache has no memory yet, whatever else may lie there */
	if (!llm->tokens || !llm->logits || (llm->image.batch > 1 && !llm->places))
		return npu_error_set(err, -EINVAL,
				     "the image holds no language model: tokens, logits or places lie in its KV cache");
	llm->slot_used = calloc(llm->image.slots, sizeof(*llm->slot_used));
	if (!llm->slot_used)
		return npu_error_set(err, -ENOMEM, "no memory for %u sequences",
				     llm->image.slots);
	return init_pool(llm, kv_bytes, err);
}

int llm_create(const struct llm_machine *machine, const struct npu_job_image *image,
	       uint64_t kv_bytes, struct npu_llm **llm, struct npu_error *err)
{
	struct npu_llm *made = calloc(1, sizeof(*made));
	int ret;

	if (!made) {
		machine->release(machine->opaque);
		return npu_error_set(err, -ENOMEM, "no memory for a model");
	}
	made->machine = *machine;
	made->refs = 1;
	pthread_mutex_init(&made->lock, NULL);
	ret = init(made, image, kv_bytes, err);
	if (ret) {
		llm_put(made);
		return ret;
	}
	*llm = made;
	return 0;
}

void llm_put(struct npu_llm *llm)
{
	bool last;

	pthread_mutex_lock(&llm->lock);
	last = !--llm->refs;
	pthread_mutex_unlock(&llm->lock);
	if (!last)
		return;
	kv_pool_fini(&llm->pool);
	llm->machine.release(llm->machine.opaque);
	pthread_mutex_destroy(&llm->lock);
	free(llm->slot_used);
	free(llm);
}

void npu_llm_close(struct npu_llm *llm)
{
	if (llm)
		llm_put(llm);
}

uint32_t npu_llm_context(const struct npu_llm *llm)
{
	return llm->image.context;
}

uint32_t npu_llm_vocab(const struct npu_llm *llm)
{
	return llm->image.vocab;
}

uint32_t npu_llm_chunk(const struct npu_llm *llm)
{
	return llm->image.chunk;
}

uint32_t npu_llm_batch(const struct npu_llm *llm)
{
	return llm->image.batch;
}

uint32_t npu_llm_sequences(const struct npu_llm *llm)
{
	return llm->image.slots;
}

void npu_llm_stats(struct npu_llm *llm, enum npu_llm_phase phase,
		   struct npu_llm_stats *stats)
{
	pthread_mutex_lock(&llm->lock);
	*stats = llm->stats[phase];
	pthread_mutex_unlock(&llm->lock);
}

uint32_t npu_llm_devices(const struct npu_llm *llm)
{
	return llm->machine.devices;
}

int npu_llm_device_stats(struct npu_llm *llm, uint32_t device, enum npu_llm_phase phase,
			 struct npu_llm_stats *stats)
{
	if (device >= llm->machine.devices)
		return -EINVAL;
	pthread_mutex_lock(&llm->lock);
	*stats = llm->machine.devices > 1 ? llm->device_stats[device][phase] : llm->stats[phase];
	pthread_mutex_unlock(&llm->lock);
	return 0;
}

int llm_kv_room(const struct npu_llm *llm, uint64_t pages, struct npu_error *err)
{
	uint32_t left = llm->pool.max_pages - llm->pool.used;

	if (pages <= left)
		return 0;
	return npu_error_set(err, -ENOMEM,
			     "%llu pages of the KV cache are needed, and %u of %u are free: end or shorten a sequence, or give the cache more memory",
			     (unsigned long long)pages, left, llm->pool.max_pages);
}

void npu_llm_kv(struct npu_llm *llm, struct npu_llm_kv *kv)
{
	pthread_mutex_lock(&llm->lock);
	*kv = (struct npu_llm_kv){
		.page_tokens = llm->image.page_tokens,
		.page_bytes = page_bytes(llm),
		.pages = llm->pool.max_pages,
		.used = llm->pool.used,
		.shared = llm->pool.shared,
		.allocated = llm->pool.n_pages,
		.sequences = llm->sequences,
	};
	pthread_mutex_unlock(&llm->lock);
}
