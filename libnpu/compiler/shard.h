/* SPDX-License-Identifier: MIT */
/*
 * What one of several devices computes of a transformer (Shoeybi et al.,
 * "Megatron-LM", 2019): some heads, some columns of the feed-forward layer, some
 * of the vocabulary.
 */
#ifndef LIBNPU_COMPILER_SHARD_H
#define LIBNPU_COMPILER_SHARD_H

#include <stdbool.h>

#include <npu/compile.h>
#include <npu/model.h>

/**
 * struct range - some of a number of things in a row
 * @first: first of them
 * @count: how many
 */
struct range {
	uint64_t first, count;
};

/**
 * struct shard - one device's part of a model
 * @rank: which device
 * @devices: number of devices
 * @kv_heads: heads of keys and values
 * @heads: heads of queries, those that belong to @kv_heads
 * @ffn: columns of the feed-forward layer
 * @vocab: tokens whose logits it computes
 */
struct shard {
	uint32_t rank, devices;
	struct range kv_heads, heads, ffn, vocab;
};

/**
 * shard_of() - a device's part
 * @model: model
 * @options: number of devices, which of them, and how the work is divided
 * @shard: receives the part; of one device it is all
 * @err: why the model cannot be divided so
 *
 * Inputs of a matrix are only cut where its stored form can be: between blocks
 * or groups.
 *
 * Return: 0; -EINVAL for a choice that makes no sense; -ENOTSUP for a model that
 * cannot be cut in so many parts.
 */
int shard_of(const struct npu_model *model, const struct npu_compile_options *options,
	     struct shard *shard, struct npu_error *err);

#endif /* LIBNPU_COMPILER_SHARD_H */
