// SPDX-License-Identifier: MIT
/* The weights of a model as floats. */
#include <stddef.h>
#include <stdlib.h>

#include "ref_weights.h"

#define MEMBER(name) offsetof(struct npu_model_layer, name)

static const size_t members[REF_TENSORS] = {
	[ATTN_NORM] = MEMBER(attn_norm),
	[ATTN_NORM_BIAS] = MEMBER(attn_norm_bias),
	[ATTN_Q] = MEMBER(attn_q),
	[ATTN_K] = MEMBER(attn_k),
	[ATTN_V] = MEMBER(attn_v),
	[ATTN_Q_BIAS] = MEMBER(attn_q_bias),
	[ATTN_K_BIAS] = MEMBER(attn_k_bias),
	[ATTN_V_BIAS] = MEMBER(attn_v_bias),
	[ATTN_Q_NORM] = MEMBER(attn_q_norm),
	[ATTN_K_NORM] = MEMBER(attn_k_norm),
	[ATTN_OUTPUT] = MEMBER(attn_output),
	[ATTN_OUTPUT_BIAS] = MEMBER(attn_output_bias),
	[FFN_NORM] = MEMBER(ffn_norm),
	[FFN_NORM_BIAS] = MEMBER(ffn_norm_bias),
	[FFN_GATE] = MEMBER(ffn_gate),
	[FFN_GATE_BIAS] = MEMBER(ffn_gate_bias),
	[FFN_UP] = MEMBER(ffn_up),
	[FFN_UP_BIAS] = MEMBER(ffn_up_bias),
	[FFN_DOWN] = MEMBER(ffn_down),
	[FFN_DOWN_BIAS] = MEMBER(ffn_down_bias),
};

/* Sets *@ok to false when there is no memory. */
static float *floats_of(const struct npu_gguf_tensor *tensor, bool *ok)
{
	float *floats;

	if (!tensor)
		return NULL;
	floats = calloc(tensor->rows, tensor->dims[0] * sizeof(*floats));
	*ok &= floats != NULL;
	for (uint64_t r = 0; floats && r < tensor->rows; r++)
		npu_gguf_tensor_row(tensor, r, floats + r * tensor->dims[0]);
	return floats;
}

static void load_layer(struct ref_layer *layer,
		       const struct npu_model_layer *from, bool *ok)
{
	for (int i = 0; i < REF_TENSORS; i++) {
		const void *member = (const char *)from + members[i];
		const struct npu_gguf_tensor *const *tensor = member;

		layer->w[i] = floats_of(*tensor, ok);
	}
}

bool ref_weights_load(struct ref_weights *w, const struct npu_model *model)
{
	bool ok = true;

	w->embedding = floats_of(model->token_embd, &ok);
	w->positions = floats_of(model->position_embd, &ok);
	w->output_norm = floats_of(model->output_norm, &ok);
	w->output_norm_bias = floats_of(model->output_norm_bias, &ok);
	w->output = model->config.tied ? w->embedding :
					 floats_of(model->output, &ok);
	w->layer = calloc(model->config.layers, sizeof(*w->layer));
	if (!w->layer)
		return false;
	w->layers = model->config.layers;
	for (uint32_t i = 0; i < w->layers; i++)
		load_layer(&w->layer[i], &model->layer[i], &ok);
	return ok;
}

void ref_weights_release(struct ref_weights *w)
{
	for (uint32_t i = 0; i < w->layers; i++)
		for (int k = 0; k < REF_TENSORS; k++)
			free(w->layer[i].w[k]);
	free(w->layer);
	if (w->output != w->embedding)
		free(w->output);
	free(w->embedding);
	free(w->positions);
	free(w->output_norm);
	free(w->output_norm_bias);
}
