// SPDX-License-Identifier: MIT
/* From a model's file to a model on the device. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <npu/image_cache.h>
#include <npu/job.h>
#include <npu/model_image.h>

#include "progress.h"
#include "run.h"

/* What npu-compile made is known by its first bytes. */
static bool is_job_file(const char *path)
{
	/* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[4];
	bool is = false;

	if (fd < 0)
		return false;
	if (read(fd, magic, sizeof(magic)) == sizeof(magic))
		is = !memcmp(magic, "NPUJ", sizeof(magic));
	close(fd);
	return is;
}

static int read_compiled(struct run_model *model, struct npu_error *err)
{
	int ret = npu_job_image_read(model->path, &model->image, err);

	return ret ? ret : npu_model_image_metadata(model->image, model->path, &model->gguf, err);
}

int run_model_read(struct run_model *model, const char *path, struct npu_error *err)
{
	int ret;

	model->path = path;
	if (is_job_file(path))
		ret = read_compiled(model, err);
	else
		ret = npu_gguf_open(path, &model->gguf, err);
	return ret ? ret : npu_tokenizer_create(model->gguf, &model->tokenizer, err);
}

/* A cache that does not work costs time and nothing else. */
static struct npu_image_cache *open_cache(const struct run_options *options)
{
	struct npu_image_cache *cache = NULL;
	struct npu_error why = { 0 };

	if (!options->no_cache && npu_image_cache_open(options->cache, 0, &cache, &why))
		fprintf(stderr, "npu-run: %s\n", why.message);
	return cache;
}

static int compile(struct run_model *model, struct npu_device *const *devices, uint32_t n,
		   const struct run_options *options, struct npu_error *err)
{
	struct npu_image_cache *cache = open_cache(options);
	struct npu_image_cache_outcome outcome = { 0 };
	struct npu_llm_options choices = options->llm;
	struct progress bar;
	int ret;

	progress_start(&bar, "loading");
	choices.compile.progress = progress_update;
	choices.compile.progress_opaque = &bar;
	choices.compile.split = options->n_split && n > 1 ? options->split : NULL;
	choices.cache = cache;
	choices.cache_outcome = &outcome;
	ret = npu_llm_open_devices(devices, n, model->gguf, &choices, &model->llm, err);
	progress_end(&bar);
	npu_image_cache_close(cache);
	if (!ret && outcome.note[0])
		fprintf(stderr, "npu-run: %s\n", outcome.note);
	return ret;
}

int run_model_load(struct run_model *model, struct npu_device *const *devices, uint32_t n,
		   const struct run_options *options, struct npu_error *err)
{
	if (!model->image)
		return compile(model, devices, n, options, err);
	if (n > 1)
		return npu_error_set(err, -EINVAL,
				     "%s is compiled, for one device: give the model file to split it over %u",
				     model->path, n);
	return npu_llm_open_image(devices[0], model->image, &options->llm, &model->llm, err);
}

int run_model_check_draft(const struct run_model *model, const struct run_model *draft,
			  struct npu_error *err)
{
	uint32_t n = npu_tokenizer_count(model->tokenizer);
	uint32_t n_draft = npu_tokenizer_count(draft->tokenizer);

	if (n != n_draft)
		return npu_error_set(err, -EINVAL,
				     "%s has %u tokens, and %s, which should guess for it, %u",
				     model->path, n, draft->path, n_draft);
	for (uint32_t i = 0; i < n; i++) {
		size_t len, len_draft;
		const char *piece = npu_tokenizer_piece(model->tokenizer, i, &len);
		const char *piece_draft = npu_tokenizer_piece(draft->tokenizer, i, &len_draft);

		if (len != len_draft || memcmp(piece, piece_draft, len))
			return npu_error_set(err, -EINVAL,
					     "token %u is '%.*s' of %s, but '%.*s' of %s, which should guess for it",
					     i, (int)len, piece, model->path, (int)len_draft,
					     piece_draft, draft->path);
	}
	return 0;
}

int run_model_check_context(const struct run_model *model, const struct run_model *draft,
			    struct npu_error *err)
{
	uint32_t context = npu_llm_context(model->llm);
	uint32_t draft_context = npu_llm_context(draft->llm);

	if (draft_context >= context)
		return 0;
	return npu_error_set(err, -EINVAL,
			     "the context of %s is %u, less than the %u of %s for which it should guess: ask for at most %u with --ctx-size",
			     draft->path, draft_context, context, model->path, draft_context);
}

void run_model_close(struct run_model *model)
{
	npu_llm_close(model->llm);
	npu_tokenizer_destroy(model->tokenizer);
	npu_gguf_close(model->gguf);
	npu_job_image_free(model->image);
}
