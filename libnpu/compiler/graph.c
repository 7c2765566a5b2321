// SPDX-License-Identifier: MIT
/* Operators and tensors, and where the tensors lie. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_isa.h>
#include <hw/npu_regs.h>

#include "graph.h"
#include "scratch.h"

#define TENSOR_ALIGN 64u

void graph_init(struct graph *g)
{
	memset(g, 0, sizeof(*g));
	g->tail = &g->tensors;
}

void graph_release(struct graph *g)
{
	struct tensor *t = g->tensors, *next;

	for (; t; t = next) {
		next = t->next;
		free(t);
	}
	free(g->ops);
	kv_release(g);
	graph_init(g);
}

void graph_fail(struct graph *g, int code, const char *fmt, ...)
{
	char text[NPU_ERROR_LEN];
	va_list args;

	if (g->err.code)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	npu_error_set(&g->err, code, "%s", text);
}

uint32_t tensor_element_size(uint32_t type)
{
	switch (type) {
	case NPU_TYPE_I8:
		return 1;
	case NPU_TYPE_F16:
	case NPU_TYPE_BF16:
		return 2;
	default:
		return 4;
	}
}

/* Bytes of a tensor; false if they are too many for any address space. */
static bool tensor_bytes(struct tensor *t)
{
	t->size = tensor_element_size(t->type);
	for (uint32_t i = 0; i < t->n_dims; i++)
		if (__builtin_mul_overflow(t->size, t->dims[i], &t->size))
			return false;
	return t->size && t->size < 1ull << NPU_VA_BITS;
}

/* Take room in the segment. Until it is placed, va is the offset in it. */
static bool take_room(struct graph *g, struct tensor *t)
{
	uint64_t at = (g->size[t->mem] + TENSOR_ALIGN - 1) & ~(TENSOR_ALIGN - 1ull);

	t->va = at;
	g->size[t->mem] = at + t->size;
	return g->size[t->mem] < 1ull << NPU_VA_BITS;
}

struct tensor *graph_tensor(struct graph *g, enum mem_kind mem, uint32_t role,
			    uint32_t type, const uint64_t *dims, uint32_t n_dims,
			    const char *name, ...)
{
	struct tensor *t;
	va_list args;

	if (g->err.code)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t) {
		graph_fail(g, -ENOMEM, "no memory for a tensor");
		return NULL;
	}
	*g->tail = t;
	g->tail = &t->next;
	t->mem = mem;
	t->role = role;
	t->type = type;
	t->n_dims = n_dims;
	memcpy(t->dims, dims, n_dims * sizeof(*dims));
	va_start(args, name);
	vsnprintf(t->name, sizeof(t->name), name, args);
	va_end(args);
	if (!tensor_bytes(t) || !take_room(g, t))
		graph_fail(g, -EOVERFLOW, "%s: too large for an address space", t->name);
	return g->err.code ? NULL : t;
}

struct op *graph_op(struct graph *g, enum op_kind kind, const char *name, ...)
{
	struct op *op;
	va_list args;

	if (g->err.code)
		return NULL;
	if (g->n_ops == g->max_ops) {
		g->max_ops = g->max_ops ? 2 * g->max_ops : 64;
		op = realloc(g->ops, g->max_ops * sizeof(*op));
		if (!op) {
			graph_fail(g, -ENOMEM, "no memory for %u operators", g->max_ops);
			return NULL;
		}
		g->ops = op;
	}
	op = &g->ops[g->n_ops++];
	memset(op, 0, sizeof(*op));
	op->kind = kind;
	va_start(args, name);
	vsnprintf(op->name, sizeof(op->name), name, args);
	va_end(args);
	return op;
}

uint64_t graph_place(struct graph *g, uint64_t base, uint64_t end,
		     struct npu_error *err)
{
	uint64_t va = (base + NPU_HUGE_SIZE - 1) & ~(NPU_HUGE_SIZE - 1);

	kv_place(g);
	scratch_place(g);
	if (g->err.code) {
		npu_error_set(err, g->err.code, "%s", g->err.message);
		return 0;
	}
	for (int i = 0; i < MEM_KINDS; i++) {
		uint64_t size = i == MEM_CACHE && kv_addresses(g) ? kv_addresses(g) : g->size[i];

		g->base[i] = va;
		va = (va + size + NPU_HUGE_SIZE - 1) & ~(NPU_HUGE_SIZE - 1);
		if (va > end) {
			npu_error_set(err, -ENOSPC,
				      "the model needs addresses up to %#llx, the device has them up to %#llx",
				      (unsigned long long)va, (unsigned long long)end);
			return 0;
		}
	}
	for (struct tensor *t = g->tensors; t; t = t->next)
		t->va += g->base[t->mem];
	return va;
}
