/* SPDX-License-Identifier: MIT */
/*
 * GPTQ (Frantar et al., "GPTQ: Accurate Post-Training Quantization for
 * Generative Pre-trained Transformers", 2022): weights are rounded one input
 * after the other, and the error of each is made up for by the weights that
 * are still to be rounded, as the Hessian of the layer's squared error says.
 *
 * With H = X X^T of calibration inputs X, damped, and inverse(H) = U^T U:
 *
 *	e = (w[i] - rounded w[i]) / U[i][i],  w[j] -= e * U[i][j] for j > i
 *
 * Inputs are taken in falling order of H[i][i] ("act-order"); the scales of
 * their groups are fixed before, so that the groups stay neighbours in memory.
 */
#ifndef LIBNPU_QUANT_GPTQ_H
#define LIBNPU_QUANT_GPTQ_H

#include "panel.h"

/**
 * struct gptq - what the inputs of a matrix say
 * @k: inputs
 * @order: [@k] which input comes when
 * @factor: [@k][@k] U, in that order; only j >= i counts
 * @importance: [@k] H[i][i], in the order of the inputs
 */
struct gptq {
	uint32_t k, *order;
	float *factor, *importance;
};

/**
 * gptq_init() - factor a Hessian
 * @g: receives the factor; free it with gptq_free()
 * @gram: [@k][@k] sums of x[i] * x[j], of which j <= i is read
 * @k: inputs
 * @damp: part of the mean of the diagonal that is added to it; more is added
 *	when that does not make the matrix positive definite
 *
 * Return: 0; -EINVAL when no damping helps, as of inputs that are not finite;
 * -ENOMEM.
 */
int gptq_init(struct gptq *g, const float *gram, uint32_t k, double damp);

/** gptq_free() - free it */
void gptq_free(struct gptq *g);

/**
 * gptq_panel() - quantise rows
 * @g: factor
 * @p: panel of an INT8, INT4 or NF4 format; receives the rows
 * @w: [@rows][k] weights; overwritten
 * @rows: 1 to 16
 *
 * Return: false when a scale is beyond what its type holds.
 */
bool gptq_panel(const struct gptq *g, struct panel *p, float *w, uint32_t rows);

#endif /* LIBNPU_QUANT_GPTQ_H */
