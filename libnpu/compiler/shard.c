// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <hw/npu_isa.h>

#include "quant/cut.h"
#include "shard.h"

/* Share of the devices before @rank of @n, to the nearest whole one. */
static uint64_t bound(const struct npu_compile_options *o, uint32_t rank, uint64_t n)
{
	double before = 0, all = 0;

	for (uint32_t i = 0; i < o->devices; i++) {
		double share = o->split ? o->split[i] : 1;

		before += i < rank ? share : 0;
		all += share;
	}
	return rank == o->devices ? n : (uint64_t)floor(n * (before / all) + 0.5);
}

/* @count things that can be cut every @unit of them. */
static struct range range_of(const struct npu_compile_options *o, uint64_t count,
			     uint64_t unit)
{
	uint64_t units = count / unit + !!(count % unit);
	uint64_t first = bound(o, o->rank, units) * unit;
	uint64_t end = bound(o, o->rank + 1, units) * unit;

	end = end < count ? end : count;
	return (struct range){ first, end - first };
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Where the inputs of the matrix can be cut in all blocks, in whole panels at best. */
static uint64_t ffn_unit(const struct npu_model *model)
{
	uint64_t unit = NPU_PACK_COLS;

	for (uint32_t i = 0; i < model->config.layers; i++) {
		uint64_t one = quant_cut_unit(model->layer[i].ffn_down);

		unit *= one / common_divisor(unit, one);
		if (unit >= model->config.ffn)
			break;	/* there is no place to cut */
	}
	return unit;
}

static int check_options(const struct npu_compile_options *o, struct npu_error *err)
{
	if (o->devices > NPU_MAX_DEVICES || o->rank >= o->devices)
		return npu_error_set(err, -EINVAL,
				     "device %u of %u: a model is split over at most %u, and the first is 0",
				     o->rank, o->devices, NPU_MAX_DEVICES);
	for (uint32_t i = 0; o->split && i < o->devices; i++)
		if (!(o->split[i] > 0) || !isfinite(o->split[i]))
			return npu_error_set(err, -EINVAL,
					     "device %u would get a share of %g of the model: each must get some",
					     i, o->split[i]);
	return 0;
}

/* Cuts between heads must be cuts of what the output matrix is stored as. */
static int check_heads(const struct npu_model *model, struct npu_error *err)
{
	const struct npu_model_config *c = &model->config;
	uint64_t group = (uint64_t)(c->heads / c->kv_heads) * c->head_dim;

	for (uint32_t i = 0; i < c->layers; i++) {
		const struct npu_gguf_tensor *w = model->layer[i].attn_output;

		if (group % quant_cut_unit(w))
			return npu_error_set(err, -ENOTSUP,
					     "%s: the heads of a device have multiples of %llu inputs, and it is stored in groups of %llu: quantise it in smaller ones, or by channel, to split it",
					     w->name, (unsigned long long)group,
					     (unsigned long long)quant_cut_unit(w));
	}
	return 0;
}

static int too_few(const char *what, uint64_t n, const struct npu_compile_options *o,
		   struct npu_error *err)
{
	return npu_error_set(err, -ENOTSUP,
			     "the model has %llu %s, and device %u of %u would get none: use fewer devices, or shares that differ less",
			     (unsigned long long)n, what, o->rank, o->devices);
}

int shard_of(const struct npu_model *model, const struct npu_compile_options *options,
	     struct shard *shard, struct npu_error *err)
{
	const struct npu_model_config *c = &model->config;
	uint64_t group = c->heads / c->kv_heads, unit;
	int ret;

	*shard = (struct shard){
		.devices = 1, .kv_heads = { 0, c->kv_heads }, .heads = { 0, c->heads },
		.ffn = { 0, c->ffn }, .vocab = { 0, c->vocab },
	};
	if (options->devices <= 1 && !options->rank)
		return 0;
	ret = check_options(options, err);
	if (!ret)
		ret = check_heads(model, err);
	if (ret)
		return ret;
	unit = ffn_unit(model);
	shard->rank = options->rank;
	shard->devices = options->devices;
	shard->kv_heads = range_of(options, c->kv_heads, 1);
	shard->heads = (struct range){ shard->kv_heads.first * group,
				       shard->kv_heads.count * group };
	shard->ffn = range_of(options, c->ffn, unit);
	shard->vocab = range_of(options, c->vocab, 1);
	if (!shard->kv_heads.count)
		return too_few("heads of keys and values", c->kv_heads, options, err);
	if (!shard->ffn.count)
		return too_few("parts that its feed-forward layers can be cut into",
			       c->ffn / unit, options, err);
	if (!shard->vocab.count)
		return too_few("tokens", c->vocab, options, err);
	return 0;
}
