// SPDX-License-Identifier: MIT
/* From a GGUF file to a checked description of a Llama-family model. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/model.h>

#include "gguf_internal.h"
#include "model_config.h"

/* Tensors of a block, and of the model beside its blocks. */
#define LAYER_TENSORS 9
#define OTHER_TENSORS 3

static void print_shape(char *out, size_t size, const uint64_t *dims,
			uint32_t n_dims)
{
	int len = snprintf(out, size, "[%" PRIu64, dims[0]);

	for (uint32_t i = 1; i < n_dims; i++)
		len += snprintf(out + len, size - len, ", %" PRIu64, dims[i]);
	snprintf(out + len, size - len, "]");
}

static int wrong_shape(const struct npu_gguf *gguf,
		       const struct npu_gguf_tensor *tensor,
		       const uint64_t *wanted, uint32_t n_dims,
		       struct npu_error *err)
{
	char expected[128], found[128];

	print_shape(expected, sizeof(expected), wanted, n_dims);
	print_shape(found, sizeof(found), tensor->dims, tensor->n_dims);
	return gguf_bad(gguf, tensor->offset, err,
			"tensor '%s' has shape %s, expected %s", tensor->name,
			found, expected);
}

/* A matrix has two dimensions; @rows of 0 asks for a vector of F32. */
static int find_tensor(const struct npu_gguf *gguf, const char *name,
		       uint64_t row, uint64_t rows,
		       const struct npu_gguf_tensor **found,
		       struct npu_error *err)
{
	const struct npu_gguf_tensor *tensor = npu_gguf_find_tensor(gguf, name);
	uint64_t dims[] = { row, rows ? rows : 1 };
	uint32_t n_dims = rows ? 2 : 1;

	if (!tensor)
		return npu_error_set(err, -EINVAL,
				     "%s: tensor '%s' is missing",
				     npu_gguf_name(gguf), name);
	if (tensor->n_dims != n_dims || tensor->dims[0] != dims[0] ||
	    tensor->dims[1] != dims[1])
		return wrong_shape(gguf, tensor, dims, n_dims, err);
	if (!rows && tensor->type != NPU_GGUF_F32)
		return gguf_bad(gguf, tensor->offset, err,
				"tensor '%s' has type %s, expected F32 for a norm",
				name, npu_gguf_type_name(tensor->type));
	*found = tensor;
	return 0;
}

static int find_layer(const struct npu_gguf *gguf,
		      const struct npu_model_config *c, uint32_t index,
		      struct npu_model_layer *layer, struct npu_error *err)
{
	uint64_t q = (uint64_t)c->heads * c->head_dim;
	uint64_t kv = (uint64_t)c->kv_heads * c->head_dim;
	const struct {
		const char *name;
		uint64_t row, rows;
		const struct npu_gguf_tensor **place;
	} wanted[LAYER_TENSORS] = {
		{ "attn_norm", c->d_model, 0, &layer->attn_norm },
		{ "attn_q", c->d_model, q, &layer->attn_q },
		{ "attn_k", c->d_model, kv, &layer->attn_k },
		{ "attn_v", c->d_model, kv, &layer->attn_v },
		{ "attn_output", q, c->d_model, &layer->attn_output },
		{ "ffn_norm", c->d_model, 0, &layer->ffn_norm },
		{ "ffn_gate", c->d_model, c->ffn, &layer->ffn_gate },
		{ "ffn_up", c->d_model, c->ffn, &layer->ffn_up },
		{ "ffn_down", c->ffn, c->d_model, &layer->ffn_down },
	};

	for (int i = 0; i < LAYER_TENSORS; i++) {
		char name[NPU_GGUF_MAX_NAME + 1];
		int ret;

		snprintf(name, sizeof(name), "blk.%" PRIu32 ".%s.weight", index,
			 wanted[i].name);
		ret = find_tensor(gguf, name, wanted[i].row, wanted[i].rows,
				  wanted[i].place, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int find_others(const struct npu_gguf *gguf, struct npu_model *model,
		       struct npu_error *err)
{
	const struct npu_model_config *c = &model->config;
	int ret;

	ret = find_tensor(gguf, "token_embd.weight", c->d_model, c->vocab,
			  &model->token_embd, err);
	if (ret)
		return ret;
	ret = find_tensor(gguf, "output_norm.weight", c->d_model, 0,
			  &model->output_norm, err);
	if (ret)
		return ret;
	model->output = model->token_embd;
	if (c->tied)
		return 0;
	return find_tensor(gguf, "output.weight", c->d_model, c->vocab,
			   &model->output, err);
}

static bool is_used(const struct npu_model *model,
		    const struct npu_gguf_tensor *tensor)
{
	if (tensor == model->token_embd || tensor == model->output_norm ||
	    tensor == model->output)
		return true;
	for (uint32_t i = 0; i < model->config.layers; i++) {
		const struct npu_model_layer *l = &model->layer[i];

		if (tensor == l->attn_norm || tensor == l->attn_q ||
		    tensor == l->attn_k || tensor == l->attn_v ||
		    tensor == l->attn_output || tensor == l->ffn_norm ||
		    tensor == l->ffn_gate || tensor == l->ffn_up ||
		    tensor == l->ffn_down)
			return true;
	}
	return false;
}

/* Only one stray tensor is looked for, so this costs one pass over them. */
static int refuse_strays(const struct npu_gguf *gguf,
			 const struct npu_model *model, struct npu_error *err)
{
	uint64_t used = (uint64_t)model->config.layers * LAYER_TENSORS +
			OTHER_TENSORS - model->config.tied;
	uint64_t count = npu_gguf_tensor_count(gguf);

	for (uint64_t i = 0; count != used && i < count; i++) {
		const struct npu_gguf_tensor *t = npu_gguf_tensor_at(gguf, i);
		struct npu_gguf_string name = { t->name, strlen(t->name) };
		char quoted[GGUF_QUOTE_LEN];

		if (!is_used(model, t))
			return npu_error_set(err, -ENOTSUP,
					     "%s: offset %" PRIu64
					     ": tensor '%s' has no place in the llama architecture as supported",
					     npu_gguf_name(gguf), t->offset,
					     gguf_quote(quoted, &name));
	}
	return 0;
}

static int find_all(const struct npu_gguf *gguf, struct npu_model *model,
		    struct npu_error *err)
{
	uint32_t layers = model->config.layers;
	int ret;

	if (npu_gguf_tensor_count(gguf) / LAYER_TENSORS < layers)
		return npu_error_set(err, -EINVAL,
				     "%s: %" PRIu64
				     " tensors are too few for %" PRIu32
				     " blocks of %d", npu_gguf_name(gguf),
				     npu_gguf_tensor_count(gguf), layers,
				     LAYER_TENSORS);
	model->layer = calloc(layers, sizeof(*model->layer));
	if (!model->layer)
		return gguf_no_memory(gguf, err);
	ret = find_others(gguf, model, err);
	for (uint32_t i = 0; !ret && i < layers; i++)
		ret = find_layer(gguf, &model->config, i, &model->layer[i],
				 err);
	if (!ret)
		ret = refuse_strays(gguf, model, err);
	return ret;
}

int npu_model_create(const struct npu_gguf *gguf, struct npu_model **model,
		     struct npu_error *err)
{
	struct npu_model *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return gguf_no_memory(gguf, err);
	ret = model_read_config(gguf, &m->config, err);
	if (!ret)
		ret = find_all(gguf, m, err);
	if (ret)
		npu_model_destroy(m);
	else
		*model = m;
	return ret;
}

void npu_model_destroy(struct npu_model *model)
{
	if (!model)
		return;
	free(model->layer);
	free(model);
}
