// SPDX-License-Identifier: MIT
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "real_model.h"

static void find(struct real_model *real)
{
	const char *named = getenv("NPU_MODEL");
	glob_t found = { 0 };

	if (!named && !glob("models/*.gguf", 0, NULL, &found))
		named = found.gl_pathv[0];
	if (!named) {
		printf("1..0 # SKIP no model: set NPU_MODEL, or run where models/ is\n");
		exit(0);
	}
	snprintf(real->path, sizeof(real->path), "%s", named);
	globfree(&found);
}

static void die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(255);
}

void real_model_open(struct real_model *real)
{
	struct npu_error err;

	find(real);
	if (npu_gguf_open(real->path, &real->gguf, &err) ||
	    npu_model_create(real->gguf, &real->model, &err) ||
	    npu_tokenizer_create(real->gguf, &real->tokenizer, &err))
		die(err.message);
}

void real_model_close(struct real_model *real)
{
	npu_tokenizer_destroy(real->tokenizer);
	npu_model_destroy(real->model);
	npu_gguf_close(real->gguf);
}

uint32_t *real_model_encode(const struct real_model *real, const char *text, size_t *n)
{
	struct npu_error err;
	uint32_t *ids;
	size_t count;

	if (npu_tokenizer_encode(real->tokenizer, text, strlen(text), NPU_ENCODE_BOS, &ids,
				 &count, &err))
		die(err.message);
	if (*n > count)
		*n = count;
	return ids;
}
