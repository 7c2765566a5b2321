// SPDX-License-Identifier: MIT
/* Making a tokenizer from a model file, and what can be asked of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gguf_internal.h"
#include "splitter.h"
#include "tokenizer_internal.h"

static int check_model(const struct npu_gguf *gguf, struct npu_error *err)
{
	struct npu_gguf_string model;
	char quoted[GGUF_QUOTE_LEN];
	int ret = npu_gguf_get_string(gguf, "tokenizer.ggml.model", &model,
				      err);

	if (ret)
		return ret;
	if (model.len == 4 && !memcmp(model.data, "gpt2", 4))
		return 0;
	return npu_error_set(err, -ENOTSUP,
			     "%s: tokenizer '%s' is not supported (supported: gpt2)",
			     npu_gguf_name(gguf), gguf_quote(quoted, &model));
}

static int make_splitter(struct npu_tokenizer *t, const struct npu_gguf *gguf,
			 struct npu_error *err)
{
	struct npu_gguf_string pre = { NULL, 0 };
	int ret = npu_gguf_get_string(gguf, "tokenizer.ggml.pre", &pre, err);

	if (ret && ret != -ENOENT)
		return ret;
	return splitter_create(npu_gguf_name(gguf), pre.data, pre.len,
			       &t->splitter, err);
}

int npu_tokenizer_create(const struct npu_gguf *gguf,
			 struct npu_tokenizer **tokenizer,
			 struct npu_error *err)
{
	struct npu_tokenizer *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return gguf_no_memory(gguf, err);
	ret = check_model(gguf, err);
	if (!ret)
		ret = make_splitter(t, gguf, err);
	if (!ret)
		ret = vocab_read(t, gguf, err);
	if (!ret)
		ret = vocab_index(t, gguf, err);
	if (!ret)
		ret = merges_read(t, gguf, err);
	if (!ret) {
		*tokenizer = t;
		return 0;
	}
	npu_tokenizer_destroy(t);
	if (ret != -ENOENT)
		return ret;
	/* A missing key makes the file invalid as a whole. */
	if (err)
		err->code = -EINVAL;
	return -EINVAL;
}

void npu_tokenizer_destroy(struct npu_tokenizer *tokenizer)
{
	if (!tokenizer)
		return;
	splitter_destroy(tokenizer->splitter);
	free(tokenizer->bytes);
	free(tokenizer->start);
	free(tokenizer->kind);
	free(tokenizer->normal);
	free(tokenizer->special);
	free(tokenizer->merge);
	free(tokenizer->merge_start);
	free(tokenizer);
}

uint32_t npu_tokenizer_count(const struct npu_tokenizer *tokenizer)
{
	return tokenizer->count;
}

uint32_t npu_tokenizer_bos(const struct npu_tokenizer *tokenizer)
{
	return tokenizer->bos;
}

uint32_t npu_tokenizer_eos(const struct npu_tokenizer *tokenizer)
{
	return tokenizer->eos;
}

bool npu_tokenizer_is_end(const struct npu_tokenizer *tokenizer, uint32_t id)
{
	return id != NPU_TOKEN_NONE &&
	       (id == tokenizer->eos || id == tokenizer->eot);
}

const char *npu_tokenizer_piece(const struct npu_tokenizer *tokenizer,
				uint32_t id, size_t *len)
{
	if (id >= tokenizer->count)
		return NULL;
	return token_bytes(tokenizer, id, len);
}
