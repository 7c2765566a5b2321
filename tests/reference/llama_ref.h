/* SPDX-License-Identifier: MIT */
/*
 * A transformer of any supported architecture in plain C and float: what the
 * NPU's results are compared with. It shares no code with the compiler.
 */
#ifndef NPU_TESTS_LLAMA_REF_H
#define NPU_TESTS_LLAMA_REF_H

#include <npu/model.h>

struct llama_ref;

/**
 * llama_ref_create() - turn a model's weights into floats
 * @model: description of the model; not needed afterwards
 * @context: positions to have room for, at most model->config.context
 * @ref: receives the transformer; free it with llama_ref_destroy()
 * @err: receives the reason, or NULL
 *
 * Return: 0, -EINVAL for a bad @context, or -ENOMEM.
 */
int llama_ref_create(const struct npu_model *model, uint32_t context,
		     struct llama_ref **ref, struct npu_error *err);

/** llama_ref_destroy() - free a transformer; NULL is allowed */
void llama_ref_destroy(struct llama_ref *ref);

/**
 * llama_ref_forward() - run one token through the transformer
 * @ref: transformer
 * @token: less than the vocabulary
 * @pos: its position. Keys and values of all positions before it must have
 *	been computed; those of @pos are overwritten
 *
 * Return: a logit for each token, valid until the next call; NULL when @token
 * or @pos is out of range.
 */
const float *llama_ref_forward(struct llama_ref *ref, uint32_t token,
			       uint32_t pos);

/*
 * The operators, each as its paper defines it, for tests of their own and for
 * comparing single instructions.
 */

/* out = x / sqrt(mean(x^2) + eps) * weight (Zhang and Sennrich, 2019) */
void llama_ref_rmsnorm(float *out, const float *x, const float *weight,
		       uint32_t n, float eps);

/* out = (x - mean) / sqrt(variance + eps) * weight + bias (Ba et al., 2016) */
void llama_ref_layernorm(float *out, const float *x, const float *weight,
			 const float *bias, uint32_t n, float eps);

/* GELU by its tanh formula (Hendrycks and Gimpel, 2016) */
float llama_ref_gelu(float x);

/*
 * Cosines and sines of the angles that the pairs of a head rotate by at a
 * position: pos * base^(-2i / dims) for pair i (Su et al., 2021)
 */
void llama_ref_angles(float *cosines, float *sines, uint32_t dims, uint32_t pos,
		      float base);

/* Rotate the pairs (2i, 2i + 1) of the first @dims elements of a head. */
void llama_ref_rope(float *head, uint32_t dims, const float *cosines,
		    const float *sines);

/* Rotate the pairs (i, i + @dims / 2). */
void llama_ref_rope_halves(float *head, uint32_t dims, const float *cosines,
			   const float *sines);

/* x = exp(x - max) / sum */
void llama_ref_softmax(float *x, uint32_t n);

/* sum of a[i] * b[i] */
float llama_ref_dot(const float *a, const float *b, uint32_t n);

/* out[r] = sum of matrix[r][i] * x[i] */
void llama_ref_matvec(float *out, const float *matrix, const float *x,
		      uint32_t rows, uint32_t n);

#endif /* NPU_TESTS_LLAMA_REF_H */
