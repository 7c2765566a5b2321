// SPDX-License-Identifier: MIT
/* The merges of a vocabulary: which two tokens become one, and in which order. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gguf_internal.h"
#include "tokenizer_internal.h"

static int bad_merge(const struct npu_gguf *gguf, uint64_t rank,
		     const struct npu_gguf_string *string, const char *why,
		     struct npu_error *err)
{
	uint64_t offset = (const unsigned char *)string->data - gguf->data;
	char quoted[GGUF_QUOTE_LEN];

	return gguf_bad(gguf, offset, err, "merge %" PRIu64 " '%s' %s", rank,
			gguf_quote(quoted, string), why);
}

/* A merge is written as two tokens with a space between. */
static int read_merge(const struct npu_tokenizer *t,
		      const struct npu_gguf *gguf,
		      const struct npu_gguf_string *string, uint64_t rank,
		      char *buffer, struct bpe_merge *merge,
		      struct npu_error *err)
{
	const char *space = memchr(string->data, ' ', string->len);
	struct npu_gguf_string left = { string->data, 0 }, right;
	ptrdiff_t left_len, right_len;

	if (!space)
		return bad_merge(gguf, rank, string, "has no space", err);
	left.len = space - string->data;
	right.data = space + 1;
	right.len = string->len - left.len - 1;
	left_len = bytes_of_string(&left, buffer);
	right_len = left_len < 0 ? -1 :
		    bytes_of_string(&right, buffer + left_len);
	if (right_len < 0)
		return bad_merge(gguf, rank, string,
				 "has a character that stands for no byte", err);
	merge->left = vocab_find(t, buffer, left_len);
	merge->right = vocab_find(t, buffer + left_len, right_len);
	merge->result = vocab_find(t, buffer, left_len + right_len);
	merge->rank = rank;
	if (merge->left == NPU_TOKEN_NONE || merge->right == NPU_TOKEN_NONE ||
	    merge->result == NPU_TOKEN_NONE)
		return bad_merge(gguf, rank, string,
				 "has a part or a result that is no token", err);
	return 0;
}

static int compare_merges(const void *a, const void *b)
{
	const struct bpe_merge *x = a, *y = b;

	if (x->left != y->left)
		return x->left < y->left ? -1 : 1;
	if (x->right != y->right)
		return x->right < y->right ? -1 : 1;
	return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Where the merges of each left token start. */
static void index_merges(struct npu_tokenizer *t)
{
	uint32_t place = 0;

	qsort(t->merge, t->merge_count, sizeof(*t->merge), compare_merges);
	for (uint32_t id = 0; id <= t->count; id++) {
		while (place < t->merge_count && t->merge[place].left < id)
			place++;
		t->merge_start[id] = place;
	}
}

static int read_all(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		    const struct npu_gguf_array *strings, struct npu_error *err)
{
	struct npu_gguf_string string;
	size_t longest = 0;
	char *buffer;
	int ret = 0;

	for (uint64_t i = 0; i < strings->count; i++) {
		npu_gguf_array_string(strings, i, &string);
		if (string.len > longest)
			longest = string.len;
	}
	buffer = malloc(longest + 1);
	if (!buffer)
		return gguf_no_memory(gguf, err);
	for (uint64_t i = 0; !ret && i < strings->count; i++) {
		npu_gguf_array_string(strings, i, &string);
		ret = read_merge(t, gguf, &string, i, buffer, &t->merge[i],
				 err);
	}
	free(buffer);
	return ret;
}

int merges_read(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		struct npu_error *err)
{
	struct npu_gguf_array strings;
	int ret = npu_gguf_get_array(gguf, "tokenizer.ggml.merges",
				     NPU_GGUF_VALUE_STRING, &strings, err);

	if (ret)
		return ret;
	if (strings.count > UINT32_MAX)
		return npu_error_set(err, -EINVAL, "%s: too many merges",
				     gguf->name);
	t->merge = malloc((strings.count + 1) * sizeof(*t->merge));
	t->merge_start = malloc((t->count + 1) * sizeof(*t->merge_start));
	if (!t->merge || !t->merge_start)
		return gguf_no_memory(gguf, err);
	ret = read_all(t, gguf, &strings, err);
	if (ret)
		return ret;
	t->merge_count = strings.count;
	index_merges(t);
	return 0;
}

const struct bpe_merge *merges_find(const struct npu_tokenizer *t,
				    uint32_t left, uint32_t right)
{
	uint32_t low, high, end;

	if (left == NPU_TOKEN_NONE)
		return NULL;
	low = t->merge_start[left];
	high = end = t->merge_start[left + 1];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (t->merge[middle].right < right)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && t->merge[low].right == right ? &t->merge[low] :
							   NULL;
}
