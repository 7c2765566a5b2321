// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "scratch.h"

#define ALIGN 64u

/**
 * struct life - when a tensor is needed
 * @tensor: tensor
 * @first: first operator that touches it
 * @last: last one
 */
struct life {
	struct tensor *tensor;
	uint32_t first, last;
};

/**
 * struct lives - of all tensors in scratch memory
 * @life: @n of them, in the order of @first once they are sorted
 */
struct lives {
	struct life *life;
	uint32_t n;
};

static void touch(struct lives *l, const struct tensor *t, uint32_t op)
{
	if (!t || t->mem != MEM_SCRATCH)
		return;
	for (uint32_t i = 0; i < l->n; i++) {
		struct life *life = &l->life[i];

		if (life->tensor != t)
			continue;
		life->first = op < life->first ? op : life->first;
		life->last = op > life->last || life->last == UINT32_MAX ? op : life->last;
	}
}

static void touch_all(struct lives *l, const struct op *op, uint32_t i)
{
	touch(l, op->x, i);
	touch(l, op->index, i);
	touch(l, op->res, i);
	for (int k = 0; k < 3; k++) {
		touch(l, op->y[k], i);
		touch(l, op->heads[k], i);
	}
	for (uint32_t k = 0; k < op->map.n_operands; k++)
		touch(l, op->map.operand[k], i);
}

/* What no operator is seen to touch stays for good. */
static bool find_lives(const struct graph *g, struct lives *l)
{
	uint32_t n = 0;

	for (struct tensor *t = g->tensors; t; t = t->next)
		n += t->mem == MEM_SCRATCH;
	l->n = 0;
	l->life = calloc(n ? n : 1, sizeof(*l->life));
	if (!l->life)
		return false;
	for (struct tensor *t = g->tensors; t; t = t->next)
		if (t->mem == MEM_SCRATCH)
			l->life[l->n++] = (struct life){ t, UINT32_MAX, UINT32_MAX };
	for (uint32_t i = 0; i < g->n_ops; i++)
		touch_all(l, &g->ops[i], i);
	for (uint32_t i = 0; i < l->n; i++)
		if (l->life[i].last == UINT32_MAX)
			l->life[i].first = 0;
	return true;
}

/* Insertion sort: stable, and the tensors were made nearly in this order. */
static void sort_lives(struct lives *l)
{
	for (uint32_t i = 1; i < l->n; i++) {
		struct life life = l->life[i];
		uint32_t j = i;

		for (; j && l->life[j - 1].first > life.first; j--)
			l->life[j] = l->life[j - 1];
		l->life[j] = life;
	}
}

/* One of the @n tensors placed so far that is in the way at @at, or NULL. */
static const struct tensor *obstacle(const struct lives *l, uint32_t n, uint64_t at)
{
	const struct life *life = &l->life[n];

	for (uint32_t i = 0; i < n; i++) {
		const struct life *other = &l->life[i];

		if (other->last >= life->first && at < other->tensor->va + other->tensor->size &&
		    other->tensor->va < at + life->tensor->size)
			return other->tensor;
	}
	return NULL;
}

void scratch_place(struct graph *g)
{
	uint64_t size = 0;
	struct lives l;

	if (!find_lives(g, &l)) {
		graph_fail(g, -ENOMEM, "no memory to place tensors");
		return;
	}
	sort_lives(&l);
	for (uint32_t i = 0; i < l.n; i++) {
		struct tensor *t = l.life[i].tensor;
		const struct tensor *other;
		uint64_t at = 0;

		while ((other = obstacle(&l, i, at)))
			at = (other->va + other->size + ALIGN - 1) / ALIGN * ALIGN;
		t->va = at;
		size = at + t->size > size ? at + t->size : size;
	}
	g->size[MEM_SCRATCH] = size;
	free(l.life);
}
