// SPDX-License-Identifier: MIT
/* Where keys and values lie. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_isa.h>
#include <hw/npu_regs.h>

#include <npu/compile.h>

#include "graph.h"

#define F32 4u
#define F16 2u
#define MAX_PAGE_BYTES (1u << 30)	/* a stride of DMA */

void kv_init(struct graph *g, uint32_t type, uint32_t context, uint32_t slots,
	     uint32_t batch)
{
	kv_release(g);
	g->kv.type = type;
	g->kv.context = context;
	g->kv.pages = context / KV_PAGE_TOKENS + !!(context % KV_PAGE_TOKENS);
	g->kv.slots = slots;
	g->kv.batch = batch;
}

static uint32_t row_bytes(const struct graph *g, uint32_t head_dim)
{
	if (g->kv.type == NPU_TYPE_I8)
		return (head_dim + F32 - 1) / F32 * F32 + F32;
	return head_dim * F16;
}

const struct kv_cache *kv_cache_add(struct graph *g, uint32_t heads, uint32_t head_dim)
{
	struct kv_layout *kv = &g->kv;
	struct kv_cache *c;
	uint64_t bytes;

	if (g->err.code)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c) {
		graph_fail(g, -ENOMEM, "no memory for a cache");
		return NULL;
	}
	if (!kv->tail)
		kv->tail = &kv->caches;
	*kv->tail = c;
	kv->tail = &c->next;
	c->heads = heads;
	c->head_dim = head_dim;
	c->row = row_bytes(g, head_dim);
	bytes = heads * kv_head_bytes(c);
	c->keys = kv->page_bytes;
	c->values = c->keys + bytes;
	kv->page_bytes = c->values + bytes;
	if (kv->page_bytes <= MAX_PAGE_BYTES)
		return c;
	graph_fail(g, -EOVERFLOW,
		   "keys and values of %u tokens have %llu bytes, and %u is the most",
		   KV_PAGE_TOKENS, (unsigned long long)kv->page_bytes, MAX_PAGE_BYTES);
	return NULL;
}

/* What npu/compile.h promises. */
static int fill_layout(const struct tensor *t, void *dst, struct npu_error *err)
{
	const struct kv_layout *kv = t->data;
	const int32_t values[NPU_KV_LAYOUT_COUNT] = {
		[NPU_KV_CONTEXT] = kv->context,
		[NPU_KV_PAGE_TOKENS] = KV_PAGE_TOKENS,
		[NPU_KV_SLOTS] = kv->slots,
		[NPU_KV_SLOT_PAGES] = kv->slot_bytes / NPU_PAGE_SIZE,
		[NPU_KV_BATCH] = kv->batch,
		[NPU_KV_TYPE] = kv->type,
	};

	(void)err;
	memcpy(dst, values, sizeof(values));
	return 0;
}

/* A line of scores of all positions for each row of the attention that has most. */
static void add_scores(struct graph *g)
{
	uint64_t lines = 0;

	for (uint32_t i = 0; i < g->n_ops; i++) {
		const struct op *op = &g->ops[i];
		uint64_t n = op->kind == OP_ATTENTION ? op->x->dims[0] * op->shape.heads : 0;

		lines = n > lines ? n : lines;
	}
	g->kv.scores = graph_tensor(g, MEM_SCRATCH, 0, NPU_TYPE_F32,
				    (uint64_t[]){ lines, g->kv.context }, 2, "scores");
}

void kv_place(struct graph *g)
{
	struct kv_layout *kv = &g->kv;
	struct tensor *t;
	uint64_t bytes;

	if (!kv->caches || kv->tensor || g->err.code)
		return;
	kv->page_bytes = (kv->page_bytes + NPU_PAGE_SIZE - 1) & ~(NPU_PAGE_SIZE - 1ull);
	kv->tensor = graph_tensor(g, MEM_CACHE, NPU_JOB_STATE, NPU_TYPE_I8,
				  (uint64_t[]){ kv->pages, kv->page_bytes }, 2, "kv");
	bytes = kv->pages * kv->page_bytes;
	kv->slot_bytes = (bytes + NPU_HUGE_SIZE - 1) & ~(NPU_HUGE_SIZE - 1);
	if (kv->batch)
		kv->places = graph_tensor(g, MEM_IO, NPU_JOB_INPUT, NPU_TYPE_I32,
					  (uint64_t[]){ 2, kv->batch }, 2, "places");
	if (kv->plain)
		add_scores(g);
	t = graph_tensor(g, MEM_WEIGHTS, NPU_JOB_CONST, NPU_TYPE_I32,
			 (uint64_t[]){ NPU_KV_LAYOUT_COUNT }, 1, "kv.layout");
	if (t) {
		t->fill = fill_layout;
		t->data = kv;
	}
}

uint64_t kv_addresses(const struct graph *g)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(g->kv.slot_bytes, g->kv.slots, &bytes))
		return 0;
	return bytes;
}

void kv_release(struct graph *g)
{
	struct kv_cache *c = g->kv.caches, *next;

	for (; c; c = next) {
		next = c->next;
		free(c);
	}
	memset(&g->kv, 0, sizeof(g->kv));
}
