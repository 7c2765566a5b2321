// SPDX-License-Identifier: MIT
/*
 * Byte pair encoding: as long as two neighbours can merge, merge those whose
 * merge has the lowest rank, the leftmost first. The tokens so far form a
 * linked list; a heap holds the merges that are possible. A merge changes its
 * neighbours' pairs; what that makes obsolete stays in the heap and is
 * recognised when it comes up.
 *
 * Byte-level vocabularies (GPT-2) start from bytes and list their merges; in
 * SentencePiece's (Kudo and Richardson, 2018) a text starts as characters, any
 * two neighbours whose text is a token can merge, and the token's score ranks
 * it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "bpe.h"
#include "tokenizer_internal.h"
#include "utf8.h"

#define NO_SYMBOL UINT32_MAX

/* @at and @len are its place in the piece; @token may be NPU_TOKEN_NONE. */
struct bpe_symbol {
	uint32_t token;
	uint32_t at;
	uint32_t len;
	uint32_t previous;
	uint32_t next;
};

/* The lengths tell whether the neighbours at @place are still the same. */
struct bpe_candidate {
	uint32_t rank;
	uint32_t place;
	uint32_t left_len;
	uint32_t right_len;
	uint32_t result;
};

struct bpe {
	const struct npu_tokenizer *tokenizer;
	const char *piece;
	struct bpe_symbol *symbol;
	struct bpe_candidate *heap;
	size_t heap_size;
};

static bool before(const struct bpe_candidate *a, const struct bpe_candidate *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	return a->place < b->place;
}

static void heap_push(struct bpe *bpe, struct bpe_candidate candidate)
{
	size_t at = bpe->heap_size++;

	while (at && before(&candidate, &bpe->heap[(at - 1) / 2])) {
		bpe->heap[at] = bpe->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	bpe->heap[at] = candidate;
}

static struct bpe_candidate heap_pop(struct bpe *bpe)
{
	struct bpe_candidate top = bpe->heap[0];
	struct bpe_candidate last = bpe->heap[--bpe->heap_size];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < bpe->heap_size) {
		if (child + 1 < bpe->heap_size &&
		    before(&bpe->heap[child + 1], &bpe->heap[child]))
			child++;
		if (!before(&bpe->heap[child], &last))
			break;
		bpe->heap[at] = bpe->heap[child];
		at = child;
	}
	bpe->heap[at] = last;
	return top;
}

/* Whether two neighbours can merge, at which rank and into what. */
static bool find_merge(const struct bpe *bpe, const struct bpe_symbol *left,
		       const struct bpe_symbol *right,
		       struct bpe_candidate *candidate)
{
	const struct npu_tokenizer *t = bpe->tokenizer;
	const struct bpe_merge *merge;

	if (t->model == TOKENIZER_BPE) {
		merge = merges_find(t, left->token, right->token);
		if (!merge)
			return false;
		candidate->rank = merge->rank;
		candidate->result = merge->result;
		return true;
	}
	if ((size_t)left->len + right->len > t->longest)
		return false;
	candidate->result = vocab_find(t, bpe->piece + left->at,
				       left->len + right->len);
	if (candidate->result == NPU_TOKEN_NONE)
		return false;
	candidate->rank = t->rank[candidate->result];
	return true;
}

/* Note that the symbol at @place can merge with the one after it. */
static void consider(struct bpe *bpe, uint32_t place)
{
	struct bpe_candidate candidate = { .place = place };
	const struct bpe_symbol *left, *right;

	if (place == NO_SYMBOL)
		return;
	left = &bpe->symbol[place];
	if (left->next == NO_SYMBOL)
		return;
	right = &bpe->symbol[left->next];
	candidate.left_len = left->len;
	candidate.right_len = right->len;
	if (find_merge(bpe, left, right, &candidate))
		heap_push(bpe, candidate);
}

/* Whether the two neighbours are still those that the candidate was for. */
static bool is_current(const struct bpe *bpe, const struct bpe_candidate *c)
{
	const struct bpe_symbol *symbol = &bpe->symbol[c->place];

	return symbol->len == c->left_len && symbol->next != NO_SYMBOL &&
	       bpe->symbol[symbol->next].len == c->right_len;
}

static void apply(struct bpe *bpe, const struct bpe_candidate *candidate)
{
	struct bpe_symbol *left = &bpe->symbol[candidate->place];
	struct bpe_symbol *right = &bpe->symbol[left->next];

	left->token = candidate->result;
	left->len += right->len;
	left->next = right->next;
	if (right->next != NO_SYMBOL)
		bpe->symbol[right->next].previous = candidate->place;
	right->len = 0;
	right->next = NO_SYMBOL;
	consider(bpe, left->previous);
	consider(bpe, candidate->place);
}

/* Bytes of the symbol that a piece starts with. */
static size_t first_symbol(const struct npu_tokenizer *t, const char *piece,
			   size_t len)
{
	uint32_t code;
	int step = 1;

	if (t->model == TOKENIZER_SPM)
		step = utf8_next((const unsigned char *)piece, len, &code);
	return step > 0 ? step : 1;
}

static uint32_t symbol_token(const struct npu_tokenizer *t, const char *piece,
			     size_t len)
{
	if (t->model == TOKENIZER_BPE)
		return t->byte_token[(unsigned char)*piece];
	return vocab_find(t, piece, len);
}

static void start(struct bpe *bpe, size_t len)
{
	uint32_t count = 0;

	for (size_t at = 0, step; at < len; at += step, count++) {
		struct bpe_symbol *symbol = &bpe->symbol[count];
		const char *text = bpe->piece + at;

		step = first_symbol(bpe->tokenizer, text, len - at);
		symbol->token = symbol_token(bpe->tokenizer, text, step);
		symbol->at = at;
		symbol->len = step;
		symbol->previous = count ? count - 1 : NO_SYMBOL;
		symbol->next = at + step < len ? count + 1 : NO_SYMBOL;
	}
	for (uint32_t i = 0; i < count; i++)
		consider(bpe, i);
}

/* A character without a token is spelt in bytes, if all of them have one. */
static size_t emit(const struct bpe *bpe, const struct bpe_symbol *symbol,
		   uint32_t *ids)
{
	const unsigned char *text =
		(const unsigned char *)bpe->piece + symbol->at;

	ids[0] = symbol->token;
	if (symbol->token != NPU_TOKEN_NONE)
		return 1;
	for (uint32_t i = 0; i < symbol->len; i++) {
		ids[i] = bpe->tokenizer->byte_token[text[i]];
		if (ids[i] == NPU_TOKEN_NONE) {
			ids[0] = NPU_TOKEN_NONE;
			return 1;
		}
	}
	return symbol->len;
}

/*
 * There are fewer than len candidates at first, and each of the fewer than
 * len merges takes one out and puts at most two in: 2 * len is room enough.
 */
static int reserve(struct bpe_scratch *scratch, size_t len)
{
	if (len <= scratch->capacity)
		return 0;
	if (len < 2 * scratch->capacity)
		len = 2 * scratch->capacity;
	bpe_scratch_free(scratch);
	scratch->symbol = calloc(len, sizeof(*scratch->symbol));
	scratch->heap = calloc(len, 2 * sizeof(*scratch->heap));
	if (!scratch->symbol || !scratch->heap) {
		bpe_scratch_free(scratch);
		return -ENOMEM;
	}
	scratch->capacity = len;
	return 0;
}

void bpe_scratch_free(struct bpe_scratch *scratch)
{
	free(scratch->symbol);
	free(scratch->heap);
	*scratch = (struct bpe_scratch){ 0 };
}

ptrdiff_t bpe_encode(const struct npu_tokenizer *t, struct bpe_scratch *scratch,
		     const char *piece, size_t len, uint32_t *ids)
{
	struct bpe bpe = { .tokenizer = t, .piece = piece };
	ptrdiff_t count = 0;
	int ret = reserve(scratch, len);

	if (ret)
		return ret;
	bpe.symbol = scratch->symbol;
	bpe.heap = scratch->heap;
	start(&bpe, len);
	while (bpe.heap_size) {
		struct bpe_candidate candidate = heap_pop(&bpe);

		if (is_current(&bpe, &candidate))
			apply(&bpe, &candidate);
	}
	/* The first symbol never goes away: merges keep the left one. */
	for (uint32_t i = 0; i != NO_SYMBOL && len; i = bpe.symbol[i].next)
		count += emit(&bpe, &bpe.symbol[i], ids + count);
	return count;
}
