// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cholesky.h"
#include "float_lanes.h"
#include "gptq.h"

#define BLOCK	  128u	/* inputs whose errors reach the others together */
#define MAX_TRIES 6	/* damping grows tenfold */

struct ranked {
	float value;
	uint32_t index;
};

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return x->index < y->index ? -1 : 1;
}

static bool choose_order(struct gptq *g)
{
	struct ranked *r = calloc(g->k, sizeof(*r));

	if (!r)
		return false;
	for (uint32_t i = 0; i < g->k; i++)
		r[i] = (struct ranked){ g->importance[i], i };
	qsort(r, g->k, sizeof(*r), by_value);
	for (uint32_t i = 0; i < g->k; i++)
		g->order[i] = r[i].index;
	free(r);
	return true;
}

/* H in the chosen order, damped; an input that never was anything but 0 gets a 1. */
static void fill_hessian(const struct gptq *g, const float *gram, double added, double *h)
{
	for (uint32_t i = 0; i < g->k; i++) {
		for (uint32_t j = 0; j < g->k; j++) {
			uint32_t a = g->order[i], b = g->order[j];
			size_t at = a > b ? (size_t)a * g->k + b : (size_t)b * g->k + a;

			h[(size_t)i * g->k + j] = gram[at] + (i == j ? added : 0);
		}
		if (h[(size_t)i * g->k + i] == 0)
			h[(size_t)i * g->k + i] = 1;
	}
}

static int factor(struct gptq *g, const float *gram, double damp)
{
	double *h = calloc(g->k, g->k * sizeof(*h)), mean = 0;
	bool good = false;

	if (!h)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->k; i++)
		mean += g->importance[i];
	mean /= g->k;
	for (int i = 0; !good && i < MAX_TRIES; i++, damp *= 10) {
		fill_hessian(g, gram, damp * mean, h);
		good = isfinite(mean) && cholesky_of_inverse(h, g->k);
	}
	for (size_t i = 0; good && i < (size_t)g->k * g->k; i++)
		g->factor[i] = (float)h[i];
	free(h);
	return good ? 0 : -EINVAL;
}

int gptq_init(struct gptq *g, const float *gram, uint32_t k, double damp)
{
	int ret = -ENOMEM;

	*g = (struct gptq){
		.k = k, .order = calloc(k, sizeof(uint32_t)),
		.factor = calloc(k, k * sizeof(float)), .importance = calloc(k, sizeof(float)),
	};
	if (g->order && g->factor && g->importance) {
		for (uint32_t i = 0; i < k; i++)
			g->importance[i] = gram[(size_t)i * k + i];
		ret = choose_order(g) ? factor(g, gram, damp) : -ENOMEM;
	}
	if (ret)
		gptq_free(g);
	return ret;
}

void gptq_free(struct gptq *g)
{
	free(g->order);
	free(g->factor);
	free(g->importance);
	memset(g, 0, sizeof(*g));
}

/* Round inputs @at..@end of a row in order; @w is in that order too. */
static inline __attribute__((always_inline)) void
round_block(const struct gptq *g, struct panel *p, uint32_t row, float *w, float *errors,
	    uint32_t at, uint32_t end)
{
	for (uint32_t i = at; i < end; i++) {
		const float *u = g->factor + (size_t)i * g->k;

		errors[i - at] = (w[i] - panel_round(p, row, g->order[i], w[i])) / u[i];
		float_axpy(w + i + 1, -errors[i - at], u + i + 1, end - i - 1);
	}
}

FLOAT_CLONES
static void round_row(const struct gptq *g, struct panel *p, uint32_t row, float *w)
{
	float errors[BLOCK];

	for (uint32_t at = 0; at < g->k; at += BLOCK) {
		uint32_t end = at + BLOCK < g->k ? at + BLOCK : g->k;

		round_block(g, p, row, w, errors, at, end);
		for (uint32_t i = at; i < end; i++)
			float_axpy(w + end, -errors[i - at],
				   g->factor + (size_t)i * g->k + end, g->k - end);
	}
}

bool gptq_panel(const struct gptq *g, struct panel *p, float *w, uint32_t rows)
{
	float *ordered = malloc(g->k * sizeof(*ordered));
	bool good = ordered && panel_quantize(p, w, rows, g->importance);

	for (uint32_t r = 0; good && r < rows; r++) {
		for (uint32_t i = 0; i < g->k; i++)
			ordered[i] = w[(size_t)r * g->k + g->order[i]];
		round_row(g, p, r, ordered);
	}
	free(ordered);
	return good;
}
