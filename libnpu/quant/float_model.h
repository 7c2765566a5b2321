/* SPDX-License-Identifier: MIT */
/* The float model's inside: what calibration sees of it. */
#ifndef LIBNPU_QUANT_FLOAT_MODEL_H
#define LIBNPU_QUANT_FLOAT_MODEL_H

#include <npu/float_model.h>

/** enum float_input - inputs of the matrices of a block */
enum float_input {
	FLOAT_ATTN,	/* of q, k and v */
	FLOAT_HEADS,	/* of attn_output */
	FLOAT_FFN,	/* of gate and up */
	FLOAT_HIDDEN,	/* of ffn_down */
	FLOAT_INPUTS
};

/**
 * struct float_watch - whoever wants to see the inputs of matrices
 * @see: told @rows rows of @k values; @input is layer * FLOAT_INPUTS + enum
 *	float_input, and layers * FLOAT_INPUTS for the output matrix
 * @opaque: first argument of @see
 * @last: the last input that matters; what follows is not computed
 */
struct float_watch {
	void (*see)(void *opaque, uint32_t input, const float *x, uint32_t rows, uint32_t k);
	void *opaque;
	uint32_t last;
};

/** float_model_watch() - run a text for the inputs; as npu_float_model_run() */
int float_model_watch(struct npu_float_model *float_model, const uint32_t *tokens,
		      uint32_t n, const struct float_watch *watch, struct npu_error *err);

#endif /* LIBNPU_QUANT_FLOAT_MODEL_H */
