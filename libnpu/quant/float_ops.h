/* SPDX-License-Identifier: MIT */
/* Operators of the float model, on rows of tokens. */
#ifndef LIBNPU_QUANT_FLOAT_OPS_H
#define LIBNPU_QUANT_FLOAT_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/gguf.h>

/**
 * struct float_ops - scratch
 * @weights: 16 rows of a matrix
 * @panel: the same by column
 * @product: rows of 16 results
 * @scores: of a query
 */
struct float_ops {
	float *weights, *panel, *product, *scores;
};

/** struct float_heads - shape of attention; @window as in npu/model.h */
struct float_heads {
	uint32_t heads, kv_heads, head_dim, window;
};

/** float_ops_init() - scratch for @rows rows and matrices of @k inputs; false without memory */
bool float_ops_init(struct float_ops *o, uint32_t rows, uint64_t k);

/** float_ops_free() - free it */
void float_ops_free(struct float_ops *o);

/** float_linear() - y = x * w + bias, for @n rows; @bias is F32 or NULL */
void float_linear(struct float_ops *o, float *y, const float *x,
		  const struct npu_gguf_tensor *w, const struct npu_gguf_tensor *bias,
		  uint32_t n);

/** float_norm() - RMSNorm, or LayerNorm with @center, of @n rows of @d; may be in place */
void float_norm(float *y, const float *x, const float *weight, const float *bias,
		uint32_t n, uint32_t d, float eps, bool center);

/** float_rope() - rotate the heads of the token at @pos (Su et al., 2021) */
void float_rope(float *x, uint32_t heads, uint32_t head_dim, uint32_t dims,
		const double *frequency, double magnitude, uint32_t pos, bool halves);

/** float_attention() - causal attention; the result takes the place of @q */
void float_attention(struct float_ops *o, const struct float_heads *h, float *q,
		     const float *keys, const float *values, uint32_t n);

/** float_swiglu() - gate = silu(gate) * up (Shazeer, 2020) */
void float_swiglu(float *gate, const float *up, uint64_t n);

/** float_gelu() - y = gelu(x), the tanh form (Hendrycks and Gimpel, 2016) */
void float_gelu(float *y, const float *x, uint64_t n);

/** float_add() - x += y */
void float_add(float *x, const float *y, uint64_t n);

#endif /* LIBNPU_QUANT_FLOAT_OPS_H */
