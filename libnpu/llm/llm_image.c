// SPDX-License-Identifier: MIT
/* What an image says of the model in it. It may come from any file. */
#include <errno.h>
#include <string.h>

#include <hw/npu_isa.h>
#include <hw/npu_regs.h>

#include "llm_model.h"

static const struct npu_job_tensor *find_tensor(const struct npu_job_image *image,
						const char *name, uint32_t type,
						uint32_t n_dims)
{
	const struct npu_job_tensor *t = npu_job_image_tensor(image, name);

	return t && t->type == type && t->n_dims == n_dims ? t : NULL;
}

static bool find_program(const struct npu_job_image *image, const char *name,
			 uint32_t num_args, uint32_t *index)
{
	for (uint32_t i = 0; i < image->n_programs; i++) {
		if (strcmp(image->programs[i].name, name))
			continue;
		*index = i;
		return image->programs[i].num_args == num_args;
	}
	return false;
}

uint64_t llm_cache_address(const struct npu_job_image *image)
{
	const struct npu_job_tensor *kv = find_tensor(image, "kv", NPU_TYPE_I8, 2);

	for (uint32_t i = 0; kv && i < image->n_segments; i++)
		if (image->segments[i].va == kv->va && !image->segments[i].data_size)
			return kv->va;
	return 0;
}

static int bad(const char *what, struct npu_error *err)
{
	return npu_error_set(err, -EINVAL, "the image holds no language model: %s", what);
}

/* Inputs and outputs: how many tokens have room. */
static int read_rows(const struct npu_job_image *image, struct llm_image *m,
		     struct npu_error *err)
{
	const struct npu_job_tensor *logits = find_tensor(image, "logits", NPU_TYPE_F32, 2);
	const struct npu_job_tensor *tokens = find_tensor(image, "tokens", NPU_TYPE_I32, 1);
	const struct npu_job_tensor *places = find_tensor(image, "places", NPU_TYPE_I32, 2);
	uint64_t rows;

	if (!logits || !tokens || !logits->dims[1] || logits->dims[1] > INT32_MAX)
		return bad("it lacks the tensor tokens or logits", err);
	if (!find_program(image, "decode", 2, &m->decode) ||
	    !find_program(image, "prefill", 4, &m->prefill))
		return bad("it lacks the program decode or prefill", err);
	rows = logits->dims[0] < tokens->dims[0] ? logits->dims[0] : tokens->dims[0];
	rows = rows < INT32_MAX ? rows : INT32_MAX;
	m->vocab = logits->dims[1];
	m->batch = 1;
	if (image->programs[m->prefill].args[1] - 1 >= rows)
		return bad("a run has more tokens than there is room for", err);
	m->chunk = image->programs[m->prefill].args[1];
	if (!places || !find_program(image, "batch", 1, &m->batched))
		return 0;
	if (places->dims[0] != 2 || !places->dims[1] || places->dims[1] > rows)
		return bad("a batch has more sequences than there is room for", err);
	m->places = places->dims[1];
	m->batch = m->places;
	return 0;
}

/* Other segments must not lie where slots are. */
static bool slots_are_free(const struct npu_job_image *image, const struct llm_image *m,
			   uint64_t bytes)
{
	uint64_t end;

	if (__builtin_mul_overflow(m->slot_bytes, m->slots, &end) ||
	    __builtin_add_overflow(m->va, end, &end) || end > 1ull << NPU_VA_BITS)
		return false;
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *s = &image->segments[i];

		if (s->va == m->va ? s->size > m->slot_bytes :
				     s->va < end && s->va + s->size > m->va)
			return false;
	}
	return bytes <= m->slot_bytes;
}

static int read_cache(const struct npu_job_image *image, const int32_t *numbers,
		      struct llm_image *m, struct npu_error *err)
{
	const struct npu_job_tensor *kv = find_tensor(image, "kv", NPU_TYPE_I8, 2);
	uint64_t pages, bytes;

	for (int i = 0; i < NPU_KV_LAYOUT_COUNT; i++)
		if (numbers[i] < (i != NPU_KV_BATCH))
			return bad("a number in kv.layout is not positive", err);
	m->context = numbers[NPU_KV_CONTEXT];
	m->page_tokens = numbers[NPU_KV_PAGE_TOKENS];
	m->slots = numbers[NPU_KV_SLOTS];
	m->slot_bytes = numbers[NPU_KV_SLOT_PAGES] * NPU_PAGE_SIZE;
	pages = m->context / m->page_tokens + !!(m->context % m->page_tokens);
	if (!kv || !llm_cache_address(image) || kv->dims[0] != pages || !kv->dims[1] ||
	    kv->dims[1] % NPU_PAGE_SIZE ||
	    __builtin_mul_overflow(pages, kv->dims[1], &bytes))
		return bad("its KV cache is not one of pages", err);
	m->page_bytes = kv->dims[1];
	m->va = kv->va;
	if (!slots_are_free(image, m, bytes))
		return bad("the slots of its KV cache do not fit", err);
	return 0;
}

int llm_read_image(const struct npu_job_image *image, const int32_t *numbers,
		   struct llm_image *read, struct npu_error *err)
{
	const struct npu_job_tensor *layout = find_tensor(image, "kv.layout", NPU_TYPE_I32, 1);
	int ret;

	memset(read, 0, sizeof(*read));
	if (!layout || layout->dims[0] != NPU_KV_LAYOUT_COUNT || !numbers)
		return bad("it lacks the tensor kv.layout", err);
	ret = read_rows(image, read, err);
	return ret ? ret : read_cache(image, numbers, read, err);
}
