// SPDX-License-Identifier: MIT
/* Tokens with a meaning of their own, and where texts get them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gguf_internal.h"
#include "splitter.h"
#include "tokenizer_internal.h"

/* A key that is there must name a token. */
static int read_id(const struct npu_tokenizer *t, const struct npu_gguf *gguf,
		   const char *key, uint32_t *id, struct npu_error *err)
{
	int ret;

	*id = NPU_TOKEN_NONE;
	ret = npu_gguf_get_u32(gguf, key, id, err);
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	if (*id < t->count)
		return 0;
	return gguf_bad(gguf, gguf_find(gguf, key)->offset, err,
			"%s is %" PRIu32 ", but there are %" PRIu32 " tokens",
			key, *id, t->count);
}

/* SentencePiece's ids where the file says nothing. */
static void default_ids(struct npu_tokenizer *t)
{
	const struct {
		uint32_t *id;
		uint32_t value;
		enum token_kind kind;
	} ids[] = {
		{ &t->unknown, 0, TOKEN_UNKNOWN },
		{ &t->bos, 1, TOKEN_CONTROL },
		{ &t->eos, 2, TOKEN_CONTROL },
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (*ids[i].id == NPU_TOKEN_NONE && ids[i].value < t->count &&
		    t->kind[ids[i].value] == ids[i].kind)
			*ids[i].id = ids[i].value;
}

/* A flag that asks for a token must not be set where there is none. */
static int read_flag(const struct npu_gguf *gguf, const char *what,
		     uint32_t token, bool *flag, struct npu_error *err)
{
	char key[64];
	int ret;

	snprintf(key, sizeof(key), "tokenizer.ggml.add_%s_token", what);
	*flag = *flag && token != NPU_TOKEN_NONE;
	ret = npu_gguf_get_bool(gguf, key, flag, err);
	if (ret && ret != -ENOENT)
		return ret;
	if (!*flag || token != NPU_TOKEN_NONE)
		return 0;
	return npu_error_set(err, -EINVAL,
			     "%s: add_%s_token is set, but there is no %s_token_id",
			     npu_gguf_name(gguf), what, what);
}

static int read_flags(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		      struct npu_error *err)
{
	int ret;

	t->add_bos = t->splitter ? splitter_adds_bos(t->splitter) : true;
	t->add_space = t->model == TOKENIZER_SPM;
	ret = read_flag(gguf, "bos", t->bos, &t->add_bos, err);
	if (!ret)
		ret = read_flag(gguf, "eos", t->eos, &t->add_eos, err);
	if (ret)
		return ret;
	ret = npu_gguf_get_bool(gguf, "tokenizer.ggml.add_space_prefix",
				&t->add_space, err);
	t->add_space = t->add_space && t->model == TOKENIZER_SPM;
	return ret == -ENOENT ? 0 : ret;
}

int special_ids_read(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		     struct npu_error *err)
{
	const struct {
		const char *key;
		uint32_t *id;
	} ids[] = {
		{ "tokenizer.ggml.bos_token_id", &t->bos },
		{ "tokenizer.ggml.eos_token_id", &t->eos },
		{ "tokenizer.ggml.eot_token_id", &t->end[0] },
		{ "tokenizer.ggml.eom_token_id", &t->end[1] },
		{ "tokenizer.ggml.unknown_token_id", &t->unknown },
	};
	bool typed = npu_gguf_has(gguf, "tokenizer.ggml.token_type");
	int ret;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		ret = read_id(t, gguf, ids[i].key, ids[i].id, err);
		if (ret)
			return ret;
		/* Without types, only these tell a marker from text. */
		if (!typed && *ids[i].id != NPU_TOKEN_NONE)
			t->kind[*ids[i].id] = TOKEN_CONTROL;
	}
	if (t->model == TOKENIZER_SPM)
		default_ids(t);
	t->end[2] = t->eos;
	t->end_count = 3;
	return read_flags(t, gguf, err);
}

/*
 * Files of chat models often name only the end of text, while an answer ends
 * with another token. These are the names that such tokens have.
 */
int ends_read(struct npu_tokenizer *t, const struct npu_gguf *gguf,
	      struct npu_error *err)
{
	static const char *const names[] = {
		"<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>",
		"<|end_of_text|>", "<|endoftext|>", "<|end_of_turn|>",
		"<end_of_turn>", "<|EOT|>", "<EOT>",
	};

	(void)gguf;
	(void)err;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t id = vocab_find_special(t, names[i], strlen(names[i]));

		if (id != NPU_TOKEN_NONE)
			t->end[t->end_count++] = id;
	}
	return 0;
}
