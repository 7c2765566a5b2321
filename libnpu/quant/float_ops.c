// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "float_lanes.h"
#include "float_matmul.h"
#include "float_ops.h"

bool float_ops_init(struct float_ops *o, uint32_t rows, uint64_t k)
{
	o->weights = calloc(k, FLOAT_PANEL * sizeof(float));
	o->panel = calloc(k, FLOAT_PANEL * sizeof(float));
	o->product = calloc(rows, FLOAT_PANEL * sizeof(float));
	o->scores = calloc(rows, sizeof(float));
	return o->weights && o->panel && o->product && o->scores;
}

void float_ops_free(struct float_ops *o)
{
	free(o->weights);
	free(o->panel);
	free(o->product);
	free(o->scores);
}

/* Sixteen rows of a matrix, whatever its type, side by side. */
static void load_panel(struct float_ops *o, const struct npu_gguf_tensor *w, uint64_t first,
		       uint32_t rows)
{
	uint64_t k = w->dims[0];

	for (uint32_t r = 0; r < rows; r++)
		npu_gguf_tensor_row(w, first + r, o->weights + r * k);
	for (uint64_t i = 0; i < k; i++)
		for (uint32_t r = 0; r < FLOAT_PANEL; r++)
			o->panel[i * FLOAT_PANEL + r] = r < rows ? o->weights[r * k + i] : 0;
}

void float_linear(struct float_ops *o, float *y, const float *x,
		  const struct npu_gguf_tensor *w, const struct npu_gguf_tensor *bias,
		  uint32_t n)
{
	const float *b = bias ? bias->data : NULL;

	for (uint64_t first = 0; first < w->rows; first += FLOAT_PANEL) {
		uint32_t rows = w->rows - first < FLOAT_PANEL ?
				(uint32_t)(w->rows - first) : FLOAT_PANEL;

		load_panel(o, w, first, rows);
		float_panel_multiply(o->product, FLOAT_PANEL, x, o->panel, n,
				     (uint32_t)w->dims[0]);
		for (uint32_t r = 0; r < n; r++)
			for (uint32_t c = 0; c < rows; c++)
				y[r * w->rows + first + c] =
					o->product[r * FLOAT_PANEL + c] + (b ? b[first + c] : 0);
	}
}

static void norm_row(float *y, const float *x, const float *weight, const float *bias,
		     uint32_t d, float eps, bool center)
{
	double mean = 0, squares = 0, scale;

	for (uint32_t i = 0; center && i < d; i++)
		mean += x[i];
	mean /= d;
	for (uint32_t i = 0; i < d; i++)
		squares += (x[i] - mean) * (x[i] - mean);
	scale = 1 / sqrt(squares / d + eps);
	for (uint32_t i = 0; i < d; i++)
		y[i] = (float)((x[i] - mean) * scale) * weight[i] + (bias ? bias[i] : 0);
}

void float_norm(float *y, const float *x, const float *weight, const float *bias,
		uint32_t n, uint32_t d, float eps, bool center)
{
	for (uint32_t r = 0; r < n; r++)
		norm_row(y + (size_t)r * d, x + (size_t)r * d, weight, bias, d, eps, center);
}

void float_rope(float *x, uint32_t heads, uint32_t head_dim, uint32_t dims,
		const double *frequency, double magnitude, uint32_t pos, bool halves)
{
	for (uint32_t i = 0; i < dims / 2; i++) {
		float c = (float)(cos(pos * frequency[i]) * magnitude);
		float s = (float)(sin(pos * frequency[i]) * magnitude);
		uint32_t first = halves ? i : 2 * i, second = halves ? i + dims / 2 : 2 * i + 1;

		for (uint32_t h = 0; h < heads; h++) {
			float *head = x + (size_t)h * head_dim;
			float a = head[first], b = head[second];

			head[first] = a * c - b * s;
			head[second] = b * c + a * s;
		}
	}
}

/* Softmax of q * keys over the positions @from..@to, in @scores; 1 / its sum is returned. */
static inline __attribute__((always_inline))
float weigh(float *scores, const float *q, const float *keys, uint64_t row, uint32_t dim,
	    uint32_t from, uint32_t to)
{
	float most = -INFINITY, sum = 0, scale = 1 / sqrtf(dim);

	for (uint32_t p = from; p <= to; p++) {
		scores[p] = float_dot(q, keys + p * row, dim) * scale;
		most = scores[p] > most ? scores[p] : most;
	}
	for (uint32_t p = from; p <= to; p++) {
		scores[p] = expf(scores[p] - most);
		sum += scores[p];
	}
	return 1 / sum;
}

FLOAT_CLONES
void float_attention(struct float_ops *o, const struct float_heads *h, float *q,
		     const float *keys, const float *values, uint32_t n)
{
	uint64_t row = (uint64_t)h->kv_heads * h->head_dim;

	for (uint32_t at = 0; at < n * h->heads; at++) {
		uint32_t pos = at / h->heads, head = at % h->heads;
		uint32_t from = h->window && pos + 1 > h->window ? pos + 1 - h->window : 0;
		uint64_t kv = (uint64_t)(head / (h->heads / h->kv_heads)) * h->head_dim;
		float *out = q + (uint64_t)at * h->head_dim;
		float inverse = weigh(o->scores, out, keys + kv, row, h->head_dim, from, pos);

		memset(out, 0, h->head_dim * sizeof(*out));
		for (uint32_t p = from; p <= pos; p++)
			float_axpy(out, o->scores[p] * inverse, values + p * row + kv,
				   h->head_dim);
	}
}

void float_swiglu(float *gate, const float *up, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		gate[i] *= up[i] / (1 + expf(-gate[i]));
}

void float_gelu(float *y, const float *x, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		y[i] = x[i] / (1 + expf(-1.5957691216f * (x[i] + 0.044715f * x[i] * x[i] * x[i])));
}

void float_add(float *x, const float *y, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		x[i] += y[i];
}
