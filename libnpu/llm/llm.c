// SPDX-License-Identifier: MIT
/* Models: what an image says of itself, and what it has cost. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "llm_model.h"

static const struct npu_job_tensor *find_tensor(const struct npu_job_image *image,
						const char *name)
{
	for (uint32_t i = 0; i < image->n_tensors; i++)
		if (!strcmp(image->tensors[i].name, name))
			return &image->tensors[i];
	return NULL;
}

static bool find_program(const struct npu_job_image *image, const char *name,
			 uint32_t *index)
{
	for (uint32_t i = 0; i < image->n_programs; i++) {
		if (strcmp(image->programs[i].name, name))
			continue;
		*index = i;
		return true;
	}
	return false;
}

/* The image says all that there is to know about the model. */
static int read_image(struct npu_llm *llm, const struct npu_job_image *image,
		      struct npu_error *err)
{
	const struct npu_job_tensor *logits = find_tensor(image, "logits");
	const struct npu_job_tensor *layout = find_tensor(image, "kv.layout");
	const struct llm_machine *m = &llm->machine;
	const int32_t *numbers;

	if (!logits || logits->n_dims != 2 || !layout ||
	    layout->dims[0] != NPU_KV_LAYOUT_COUNT ||
	    !find_program(image, "decode", &llm->decode) ||
	    !find_program(image, "prefill", &llm->prefill) ||
	    image->programs[llm->prefill].num_args != 4)
		return npu_error_set(err, -EINVAL, "the image holds no language model");
	llm->chunk = image->programs[llm->prefill].args[1];
	llm->vocab = logits->dims[1];
	numbers = m->tensor(m->opaque, "kv.layout");
	llm->context = numbers[NPU_KV_CONTEXT];
	if (!llm->chunk || llm->chunk > logits->dims[0])
		return npu_error_set(err, -EINVAL,
				     "the image runs %u tokens at a time, and has room for %llu",
				     llm->chunk, (unsigned long long)logits->dims[0]);
	llm->tokens = m->tensor(m->opaque, "tokens");
	llm->logits = m->tensor(m->opaque, "logits");
	if (!llm->tokens || !llm->logits)
		return npu_error_set(err, -EINVAL,
				     "the image lacks the tensor tokens or logits");
	return 0;
}

int llm_create(const struct llm_machine *machine, const struct npu_job_image *image,
	       struct npu_llm **llm, struct npu_error *err)
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
	ret = read_image(made, image, err);
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
	llm->machine.release(llm->machine.opaque);
	pthread_mutex_destroy(&llm->lock);
	free(llm);
}

void npu_llm_close(struct npu_llm *llm)
{
	if (llm)
		llm_put(llm);
}

uint32_t npu_llm_context(const struct npu_llm *llm)
{
	return llm->context;
}

uint32_t npu_llm_vocab(const struct npu_llm *llm)
{
	return llm->vocab;
}

uint32_t npu_llm_chunk(const struct npu_llm *llm)
{
	return llm->chunk;
}

uint32_t npu_llm_batch(const struct npu_llm *llm)
{
	(void)llm;
	return 1;
}

uint32_t npu_llm_sequences(const struct npu_llm *llm)
{
	(void)llm;
	return 1;
}

void npu_llm_stats(struct npu_llm *llm, enum npu_llm_phase phase,
		   struct npu_llm_stats *stats)
{
	pthread_mutex_lock(&llm->lock);
	*stats = llm->stats[phase];
	pthread_mutex_unlock(&llm->lock);
}

/* The one sequence's cache is one page. */
void npu_llm_kv(struct npu_llm *llm, struct npu_llm_kv *kv)
{
	pthread_mutex_lock(&llm->lock);
	*kv = (struct npu_llm_kv){
		.page_tokens = llm->context, .pages = 1, .used = llm->sequences,
		.allocated = 1, .sequences = llm->sequences,
	};
	pthread_mutex_unlock(&llm->lock);
}
