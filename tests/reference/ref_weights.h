/* SPDX-License-Identifier: MIT */
/* The weights of a model as floats. */
#ifndef NPU_TESTS_REF_WEIGHTS_H
#define NPU_TESTS_REF_WEIGHTS_H

#include <npu/model.h>

/* Tensors of a block, as struct npu_model_layer names them. */
enum ref_tensor {
	ATTN_NORM,
	ATTN_NORM_BIAS,
	ATTN_Q,
	ATTN_K,
	ATTN_V,
	ATTN_Q_BIAS,
	ATTN_K_BIAS,
	ATTN_V_BIAS,
	ATTN_Q_NORM,
	ATTN_K_NORM,
	ATTN_OUTPUT,
	ATTN_OUTPUT_BIAS,
	FFN_NORM,
	FFN_NORM_BIAS,
	FFN_GATE,
	FFN_GATE_BIAS,
	FFN_UP,
	FFN_UP_BIAS,
	FFN_DOWN,
	FFN_DOWN_BIAS,
	REF_TENSORS
};

/* What the model lacks is NULL. */
struct ref_layer {
	float *w[REF_TENSORS];
};

struct ref_weights {
	float *embedding;
	float *positions;
	float *output_norm;
	float *output_norm_bias;
	float *output;		/* equals embedding when tied */
	uint32_t layers;
	struct ref_layer *layer;
};

/* Returns false when there is no memory; release in any case. */
bool ref_weights_load(struct ref_weights *weights,
		      const struct npu_model *model);
void ref_weights_release(struct ref_weights *weights);

#endif /* NPU_TESTS_REF_WEIGHTS_H */
