// SPDX-License-Identifier: MIT
/*
 * Byte pair encoding: as long as two neighbours can merge, merge those whose
 * merge has the lowest rank, the leftmost first. The tokens so far form a
 * linked list; a heap holds the merges that are possible. A merge changes its
 * neighbours' pairs; what that makes obsolete stays in the heap and is
 * recognised when it comes up.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "bpe.h"
#include "tokenizer_internal.h"

#define NO_SYMBOL UINT32_MAX

struct bpe_symbol {
	uint32_t token;
	uint32_t previous;
	uint32_t next;
};

struct bpe_candidate {
	const struct bpe_merge *merge;
	uint32_t place;
};

struct bpe {
	const struct npu_tokenizer *tokenizer;
	struct bpe_symbol *symbol;
	struct bpe_candidate *heap;
	size_t heap_size;
};

static bool before(const struct bpe_candidate *a, const struct bpe_candidate *b)
{
	if (a->merge->rank != b->merge->rank)
		return a->merge->rank < b->merge->rank;
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

/* Note that the symbol at @place can merge with the one after it. */
static void consider(struct bpe *bpe, uint32_t place)
{
	const struct bpe_symbol *symbol;
	const struct bpe_merge *merge;

	if (place == NO_SYMBOL)
		return;
	symbol = &bpe->symbol[place];
	if (symbol->next == NO_SYMBOL)
		return;
	merge = merges_find(bpe->tokenizer, symbol->token,
			    bpe->symbol[symbol->next].token);
	if (merge)
		heap_push(bpe, (struct bpe_candidate){ merge, place });
}

/* Whether the two neighbours are still those that the candidate was for. */
static bool is_current(const struct bpe *bpe, const struct bpe_candidate *c)
{
	const struct bpe_symbol *symbol = &bpe->symbol[c->place];

	return symbol->token == c->merge->left && symbol->next != NO_SYMBOL &&
	       bpe->symbol[symbol->next].token == c->merge->right;
}

static void apply(struct bpe *bpe, const struct bpe_candidate *candidate)
{
	struct bpe_symbol *left = &bpe->symbol[candidate->place];
	struct bpe_symbol *right = &bpe->symbol[left->next];

	left->token = candidate->merge->result;
	left->next = right->next;
	if (right->next != NO_SYMBOL)
		bpe->symbol[right->next].previous = candidate->place;
	right->token = NPU_TOKEN_NONE;
	right->next = NO_SYMBOL;
	consider(bpe, left->previous);
	consider(bpe, candidate->place);
}

static void start(struct bpe *bpe, const char *piece, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bpe->symbol[i].token =
			bpe->tokenizer->byte_token[(unsigned char)piece[i]];
		bpe->symbol[i].previous = i ? i - 1 : NO_SYMBOL;
		bpe->symbol[i].next = i + 1 < len ? i + 1 : NO_SYMBOL;
	}
	for (size_t i = 0; i < len; i++)
		consider(bpe, i);
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
	struct bpe bpe = { .tokenizer = t };
	ptrdiff_t count = 0;
	int ret = reserve(scratch, len);

	if (ret)
		return ret;
	bpe.symbol = scratch->symbol;
	bpe.heap = scratch->heap;
	start(&bpe, piece, len);
	while (bpe.heap_size) {
		struct bpe_candidate candidate = heap_pop(&bpe);

		if (is_current(&bpe, &candidate))
			apply(&bpe, &candidate);
	}
	/* The first symbol never goes away: merges keep the left one. */
	for (uint32_t i = 0; i != NO_SYMBOL && len; i = bpe.symbol[i].next)
		ids[count++] = bpe.symbol[i].token;
	return count;
}
