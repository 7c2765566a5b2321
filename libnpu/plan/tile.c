// SPDX-License-Identifier: MIT
/*
 * Products of several rows take their weights tile by tile: the next is loaded
 * while one is multiplied. So the first is waited for by the matrix engine, or
 * the last by memory, whichever is the faster: Documentation/roofline.rst.
 */
#include <math.h>

#include "operators.h"

#define COLUMNS 256.0	/* most of a tile: libnpu/compiler/tile.c */
#define PANEL 16.0
#define RESULT 4.0	/* bytes of an element, F32 */

/**
 * struct matrix - weights of an operator
 * @k: rows
 * @n: columns
 * @unit: columns that stay together
 */
struct matrix {
	double k, n, unit;
};

static struct matrix matrix_of(const struct npu_plan_shape *s, unsigned int kind)
{
	double heads = (double)s->heads + 2.0 * s->kv_heads;

	switch (kind) {
	case NPU_PLAN_QKV:
		return (struct matrix){ s->d_model, heads * s->head_dim, s->head_dim };
	case NPU_PLAN_ATTENTION_OUTPUT:
		return (struct matrix){ (double)s->heads * s->head_dim, s->d_model, PANEL };
	case NPU_PLAN_FFN_IN:
		return (struct matrix){ s->d_model, s->ffn, PANEL };
	case NPU_PLAN_FFN_OUT:
		return (struct matrix){ s->ffn, s->d_model, PANEL };
	default:
		return (struct matrix){ 0 };
	}
}

/* Two tiles of weights and of results have room beside the rows, and a core has two at least. */
static double columns(const struct matrix *m, double rows, double bits, double sram,
		      unsigned int cores)
{
	double room = fmax(sram - rows * m->k, 0) / 2;
	double most = fmin(COLUMNS, m->n / (2.0 * cores));

	most = fmin(most, room / (m->k * bits / 8 + rows * RESULT));
	return fmax(floor(most / m->unit), 1) * m->unit;
}

void plan_tile(const struct npu_plan_shape *shape, const struct npu_plan_work *work,
	       const struct npu_plan_machine *machine, unsigned int kind,
	       struct npu_plan_cost *cost)
{
	double rows = (double)work->batch * (work->chunk ? fmin(work->chunk, work->tokens) :
							   work->tokens);
	double bits = npu_plan_weight_bits(&work->weights), n;
	struct matrix m = matrix_of(shape, kind);

	/* The weights of a single row are streamed. */
	if (work->unfused || rows < 2 || m.n == 0)
		return;
	n = columns(&m, rows, bits, machine->sram / machine->cores, machine->cores);
	cost->tile_macs = rows * m.k * n;
	cost->tile_bytes = m.k * n * bits / 8;
}
