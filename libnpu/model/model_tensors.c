// SPDX-License-Identifier: MIT
/* The tensors of a model: finding each, and checking its shape and type. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gguf_internal.h"
#include "model_tensors.h"

/* Sizes that shapes are made of. */
enum size {
	NONE,
	D_MODEL,
	VOCAB,
	CONTEXT,
	FFN,
	QUERIES,
	KEYS,
	QKV,
	HEAD,
	PAIRS,
	SIZES
};

/* A block as the file has it; the fused tensors are taken apart afterwards. */
struct file_layer {
	struct npu_model_layer layer;
	const struct npu_gguf_tensor *qkv;
	const struct npu_gguf_tensor *qkv_bias;
};

/* @rows is NONE for vectors, @place is where the tensor's address goes. */
struct wanted {
	const char *name;
	enum tensor_group group;
	enum size row, rows;
	size_t place;
};

#define LAYER(member) offsetof(struct file_layer, layer.member)
#define MODEL(member) offsetof(struct npu_model, member)

static const struct wanted layer_tensors[] = {
	{ "attn_norm.weight", GROUP_ALL, D_MODEL, NONE, LAYER(attn_norm) },
	{ "attn_norm.bias", GROUP_NORM_BIAS, D_MODEL, NONE, LAYER(attn_norm_bias) },
	{ "attn_q.weight", GROUP_SPLIT, D_MODEL, QUERIES, LAYER(attn_q) },
	{ "attn_k.weight", GROUP_SPLIT, D_MODEL, KEYS, LAYER(attn_k) },
	{ "attn_v.weight", GROUP_SPLIT, D_MODEL, KEYS, LAYER(attn_v) },
	{ "attn_q.bias", GROUP_QKV_BIAS, QUERIES, NONE, LAYER(attn_q_bias) },
	{ "attn_k.bias", GROUP_QKV_BIAS, KEYS, NONE, LAYER(attn_k_bias) },
	{ "attn_v.bias", GROUP_QKV_BIAS, KEYS, NONE, LAYER(attn_v_bias) },
	{ "attn_qkv.weight", GROUP_FUSED, D_MODEL, QKV, offsetof(struct file_layer, qkv) },
	{ "attn_qkv.bias", GROUP_FUSED, QKV, NONE, offsetof(struct file_layer, qkv_bias) },
	{ "attn_q_norm.weight", GROUP_QK_NORM, HEAD, NONE, LAYER(attn_q_norm) },
	{ "attn_k_norm.weight", GROUP_QK_NORM, HEAD, NONE, LAYER(attn_k_norm) },
	{ "attn_output.weight", GROUP_ALL, QUERIES, D_MODEL, LAYER(attn_output) },
	{ "attn_output.bias", GROUP_OUT_BIAS, D_MODEL, NONE, LAYER(attn_output_bias) },
	{ "ffn_norm.weight", GROUP_ALL, D_MODEL, NONE, LAYER(ffn_norm) },
	{ "ffn_norm.bias", GROUP_NORM_BIAS, D_MODEL, NONE, LAYER(ffn_norm_bias) },
	{ "ffn_gate.weight", GROUP_GATE, D_MODEL, FFN, LAYER(ffn_gate) },
	{ "ffn_gate.bias", GROUP_GATE_BIAS, FFN, NONE, LAYER(ffn_gate_bias) },
	{ "ffn_up.weight", GROUP_ALL, D_MODEL, FFN, LAYER(ffn_up) },
	{ "ffn_up.bias", GROUP_FFN_BIAS, FFN, NONE, LAYER(ffn_up_bias) },
	{ "ffn_down.weight", GROUP_ALL, FFN, D_MODEL, LAYER(ffn_down) },
	{ "ffn_down.bias", GROUP_FFN_BIAS, D_MODEL, NONE, LAYER(ffn_down_bias) },
};

static const struct wanted model_tensors[] = {
	{ "token_embd.weight", GROUP_ALL, D_MODEL, VOCAB, MODEL(token_embd) },
	{ "position_embd.weight", GROUP_POSITION, D_MODEL, CONTEXT, MODEL(position_embd) },
	{ "output_norm.weight", GROUP_ALL, D_MODEL, NONE, MODEL(output_norm) },
	{ "output_norm.bias", GROUP_NORM_BIAS, D_MODEL, NONE, MODEL(output_norm_bias) },
	{ "output.weight", GROUP_OUTPUT, D_MODEL, VOCAB, MODEL(output) },
	{ "rope_freqs.weight", GROUP_FREQS, PAIRS, NONE, MODEL(rope_freqs) },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/**
 * struct search - a model whose tensors are being found
 * @gguf: open file
 * @arch: architecture
 * @size: what each enum size stands for
 * @used: for each tensor of the file, whether it has its place
 * @err: receives errors, or NULL
 */
struct search {
	const struct npu_gguf *gguf;
	const struct architecture *arch;
	uint64_t size[SIZES];
	bool *used;
	struct npu_error *err;
};

static void print_shape(char *out, size_t size, const uint64_t *dims,
			uint32_t n_dims)
{
	int len = snprintf(out, size, "[%" PRIu64, dims[0]);

	for (uint32_t i = 1; i < n_dims; i++)
		len += snprintf(out + len, size - len, ", %" PRIu64, dims[i]);
	snprintf(out + len, size - len, "]");
}

static int wrong_shape(const struct search *s,
		       const struct npu_gguf_tensor *tensor,
		       const uint64_t *wanted, uint32_t n_dims)
{
	char expected[128], found[128];

	print_shape(expected, sizeof(expected), wanted, n_dims);
	print_shape(found, sizeof(found), tensor->dims, tensor->n_dims);
	return gguf_bad(s->gguf, tensor->offset, s->err,
			"tensor '%s' has shape %s, expected %s", tensor->name,
			found, expected);
}

static int check_tensor(const struct search *s, const struct wanted *w,
			const struct npu_gguf_tensor *tensor)
{
	uint64_t dims[] = { s->size[w->row], w->rows ? s->size[w->rows] : 1 };
	uint32_t n_dims = w->rows ? 2 : 1;

	if (tensor->n_dims != n_dims || tensor->dims[0] != dims[0] ||
	    tensor->dims[1] != dims[1])
		return wrong_shape(s, tensor, dims, n_dims);
	if (w->rows || tensor->type == NPU_GGUF_F32)
		return 0;
	return gguf_bad(s->gguf, tensor->offset, s->err,
			"tensor '%s' has type %s, expected F32 for a %s",
			tensor->name, npu_gguf_type_name(tensor->type),
			strstr(w->name, ".bias") ? "bias" : "norm");
}

/* Which tensor of the file this is. */
static uint64_t index_of(const struct npu_gguf *gguf,
			 const struct npu_gguf_tensor *tensor)
{
	const char *entry = (const char *)tensor -
			    offsetof(struct gguf_tensor_entry, tensor);

	return (const struct gguf_tensor_entry *)entry - gguf->tensor;
}

static int find_one(const struct search *s, const char *prefix,
		    const struct wanted *w, void *base)
{
	const struct npu_gguf_tensor **place = (void *)((char *)base + w->place);
	const struct npu_gguf_tensor *tensor;
	char name[NPU_GGUF_MAX_NAME + 1];
	int ret;

	if (!((s->arch->required | s->arch->optional) & w->group))
		return 0;
	snprintf(name, sizeof(name), "%s%s", prefix, w->name);
	tensor = npu_gguf_find_tensor(s->gguf, name);
	if (!tensor && s->arch->optional & w->group)
		return 0;
	if (!tensor)
		return npu_error_set(s->err, -EINVAL,
				     "%s: tensor '%s' is missing",
				     npu_gguf_name(s->gguf), name);
	ret = check_tensor(s, w, tensor);
	s->used[index_of(s->gguf, tensor)] = true;
	*place = tensor;
	return ret;
}

static int find_list(const struct search *s, const char *prefix,
		     const struct wanted *list, size_t count, void *base)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < count; i++)
		ret = find_one(s, prefix, &list[i], base);
	return ret;
}

/*
 * @part becomes rows @first to @first + @count of @whole; of a vector, its
 * elements. A row's bytes are contiguous, so this is only a smaller window.
 */
static const struct npu_gguf_tensor *
take_part(struct npu_gguf_tensor *part, const struct npu_gguf_tensor *whole,
	  uint32_t block, const char *name, uint64_t first, uint64_t count)
{
	uint64_t skip;

	*part = *whole;
	snprintf(part->name, sizeof(part->name), "blk.%" PRIu32 ".%s", block,
		 name);
	part->dims[whole->n_dims - 1] = count;
	if (whole->n_dims > 1) {
		part->rows = count;
		skip = first * whole->row_size;
	} else {
		part->row_size = count * sizeof(float);
		skip = first * sizeof(float);
	}
	part->size = part->rows * part->row_size;
	part->offset += skip;
	part->data = (const char *)whole->data + skip;
	return part;
}

#define PARTS 6

static void split_qkv(const struct search *s, uint32_t block,
		      const struct file_layer *file,
		      struct npu_gguf_tensor *parts, struct npu_model_layer *l)
{
	const struct npu_gguf_tensor *w = file->qkv, *b = file->qkv_bias;
	uint64_t q = s->size[QUERIES], kv = s->size[KEYS];

	l->attn_q = take_part(&parts[0], w, block, "attn_q.weight", 0, q);
	l->attn_k = take_part(&parts[1], w, block, "attn_k.weight", q, kv);
	l->attn_v = take_part(&parts[2], w, block, "attn_v.weight", q + kv, kv);
	l->attn_q_bias = take_part(&parts[3], b, block, "attn_q.bias", 0, q);
	l->attn_k_bias = take_part(&parts[4], b, block, "attn_k.bias", q, kv);
	l->attn_v_bias = take_part(&parts[5], b, block, "attn_v.bias", q + kv, kv);
}

static int find_layer(const struct search *s, struct npu_model *model,
		      uint32_t block)
{
	struct file_layer file = { 0 };
	char prefix[32];
	int ret;

	snprintf(prefix, sizeof(prefix), "blk.%" PRIu32 ".", block);
	ret = find_list(s, prefix, layer_tensors, COUNT(layer_tensors), &file);
	if (ret)
		return ret;
	model->layer[block] = file.layer;
	if (s->arch->required & GROUP_FUSED)
		split_qkv(s, block, &file, &model->parts[PARTS * block],
			  &model->layer[block]);
	return 0;
}

/* A bias or an expert that went unnoticed would give wrong results. */
static int refuse_strays(const struct search *s)
{
	for (uint64_t i = 0; i < s->gguf->tensor_count; i++) {
		const struct npu_gguf_tensor *t = &s->gguf->tensor[i].tensor;
		struct npu_gguf_string name = { t->name, strlen(t->name) };
		char quoted[GGUF_QUOTE_LEN];

		if (!s->used[i])
			return npu_error_set(s->err, -ENOTSUP,
					     "%s: offset %" PRIu64
					     ": tensor '%s' has no place in the %s architecture as supported",
					     npu_gguf_name(s->gguf), t->offset,
					     gguf_quote(quoted, &name),
					     s->arch->name);
	}
	return 0;
}

/* Frequencies are divided by these. */
static int check_freqs(const struct search *s,
		       const struct npu_gguf_tensor *freqs)
{
	const float *divisor = freqs ? freqs->data : NULL;

	for (uint64_t i = 0; freqs && i < freqs->dims[0]; i++)
		if (!isfinite(divisor[i]) || divisor[i] < 1e-6f)
			return gguf_bad(s->gguf, freqs->offset + 4 * i, s->err,
					"tensor '%s' holds %g, expected a number above 0",
					freqs->name, divisor[i]);
	return 0;
}

/* So that the number of blocks is no reason to allocate more than the file. */
static int check_count(const struct search *s, uint32_t layers)
{
	uint64_t least = 0, count = s->gguf->tensor_count;

	for (size_t i = 0; i < COUNT(layer_tensors); i++)
		least += (s->arch->required & layer_tensors[i].group) != 0;
	if (count / least >= layers)
		return 0;
	return npu_error_set(s->err, -EINVAL, "%s: %" PRIu64
			     " tensors are too few for %" PRIu32
			     " blocks of %" PRIu64, npu_gguf_name(s->gguf),
			     count, layers, least);
}

static void name_sizes(struct search *s, const struct npu_model_config *c)
{
	s->size[D_MODEL] = c->d_model;
	s->size[VOCAB] = c->vocab;
	s->size[CONTEXT] = c->context;
	s->size[FFN] = c->ffn;
	s->size[QUERIES] = (uint64_t)c->heads * c->head_dim;
	s->size[KEYS] = (uint64_t)c->kv_heads * c->head_dim;
	s->size[QKV] = s->size[QUERIES] + 2 * s->size[KEYS];
	s->size[HEAD] = c->head_dim;
	s->size[PAIRS] = c->rope_dims / 2;
}

static int find_all(const struct search *s, struct npu_model *model)
{
	uint32_t layers = model->config.layers;
	int ret;

	model->layer = calloc(layers, sizeof(*model->layer));
	if (s->arch->required & GROUP_FUSED)
		model->parts = calloc(layers, PARTS * sizeof(*model->parts));
	if (!model->layer || (s->arch->required & GROUP_FUSED && !model->parts))
		return gguf_no_memory(s->gguf, s->err);
	ret = find_list(s, "", model_tensors, COUNT(model_tensors), model);
	for (uint32_t i = 0; !ret && i < layers; i++)
		ret = find_layer(s, model, i);
	if (!ret)
		ret = check_freqs(s, model->rope_freqs);
	return ret ? ret : refuse_strays(s);
}

int model_find_tensors(const struct npu_gguf *gguf,
		       const struct architecture *arch, struct npu_model *model,
		       struct npu_error *err)
{
	struct search s = { .gguf = gguf, .arch = arch, .err = err };
	int ret;

	name_sizes(&s, &model->config);
	ret = check_count(&s, model->config.layers);
	if (ret)
		return ret;
	s.used = calloc(gguf->tensor_count, sizeof(*s.used));
	if (!s.used)
		return gguf_no_memory(gguf, err);
	ret = find_all(&s, model);
	free(s.used);
	if (!ret && model->config.tied)
		model->output = model->token_embd;
	return ret;
}
