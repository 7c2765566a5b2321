// SPDX-License-Identifier: MIT
/* Making a tokenizer from a model file, and what can be asked of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gguf_internal.h"
#include "splitter.h"
#include "tokenizer_internal.h"

static int read_model(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		      struct npu_error *err)
{
	struct npu_gguf_string model;
	char quoted[GGUF_QUOTE_LEN];
	int ret = npu_gguf_get_string(gguf, "tokenizer.ggml.model", &model,
				      err);

	if (ret)
		return ret;
	t->model = TOKENIZER_BPE;
	if (gguf_string_is(&model, "gpt2"))
		return 0;
	t->model = TOKENIZER_SPM;
	if (gguf_string_is(&model, "llama"))
		return 0;
	return npu_error_set(err, -ENOTSUP,
			     "%s: tokenizer '%s' is not supported (supported: llama, gpt2)",
			     npu_gguf_name(gguf), gguf_quote(quoted, &model));
}

static int make_splitter(struct npu_tokenizer *t, const struct npu_gguf *gguf,
			 struct npu_error *err)
{
	struct npu_gguf_string pre = { NULL, 0 };
	int ret;

	if (t->model == TOKENIZER_SPM)
		return 0;
	ret = npu_gguf_get_string(gguf, "tokenizer.ggml.pre", &pre, err);
	if (ret && ret != -ENOENT)
		return ret;
	return splitter_create(npu_gguf_name(gguf), pre.data, pre.len,
			       &t->splitter, err);
}

static int read_order(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		      struct npu_error *err)
{
	if (t->model == TOKENIZER_SPM)
		return scores_read(t, gguf, err);
	return merges_read(t, gguf, err);
}

int npu_tokenizer_create(const struct npu_gguf *gguf,
			 struct npu_tokenizer **tokenizer,
			 struct npu_error *err)
{
	static int (*const steps[])(struct npu_tokenizer *t,
				    const struct npu_gguf *gguf,
				    struct npu_error *err) = {
		read_model, make_splitter, vocab_read, vocab_index, read_order,
		ends_read,
	};
	struct npu_tokenizer *t = calloc(1, sizeof(*t));
	int ret = 0;

	if (!t)
		return gguf_no_memory(gguf, err);
	for (size_t i = 0; !ret && i < sizeof(steps) / sizeof(steps[0]); i++)
		ret = steps[i](t, gguf, err);
	if (!ret) {
		*tokenizer = t;
		return 0;
	}
	npu_tokenizer_destroy(t);
	return gguf_required(ret, err);
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
	free(tokenizer->rank);
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

uint32_t npu_tokenizer_find(const struct npu_tokenizer *tokenizer,
			    const char *text)
{
	return vocab_find_special(tokenizer, text, strlen(text));
}

bool npu_tokenizer_is_end(const struct npu_tokenizer *tokenizer, uint32_t id)
{
	for (uint32_t i = 0; i < tokenizer->end_count; i++)
		if (id == tokenizer->end[i] && id != NPU_TOKEN_NONE)
			return true;
	return false;
}

const char *npu_tokenizer_piece(const struct npu_tokenizer *tokenizer,
				uint32_t id, size_t *len)
{
	if (id >= tokenizer->count)
		return NULL;
	return token_bytes(tokenizer, id, len);
}
