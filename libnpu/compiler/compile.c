// SPDX-License-Identifier: MIT
/* From a model file to a job image: choices, then graph, programs, image. */
#include <errno.h>

#include <hw/npu_isa.h>

#include <npu/model.h>

#include "compile_nodes.h"
#include "transformer.h"

#define DEFAULT_CHUNK 32u
#define DEFAULT_CONTEXT 4096u	/* most: memory is taken for all of it */
#define DEFAULT_SEQUENCES 16u
#define DEFAULT_BATCH 8u
#define MAX_SEQUENCES 4096u

/**
 * struct job - one compilation
 * @model: model
 * @shard: the device's part of it
 * @graph: its graph, or that of a block
 * @target: device
 * @layer: block to compile, or -1 for the whole model
 * @context: positions
 * @chunk: tokens of a prefill run
 * @cpu_space: what does not fit runs on the CPU
 * @sequences: slots of the cache
 * @batch: sequences of a run of several; 1: there is no such program
 * @options: the caller's choices
 */
struct job {
	struct npu_model *model;
	struct shard shard;
	struct npu_graph *graph;
	const struct npu_target *target;
	int64_t layer;
	uint32_t context, chunk, sequences, batch;
	bool cpu_space;
	const struct npu_compile_options *options;
};

static uint32_t program_list(const struct job *job, struct image_program *programs)
{
	const struct image_program decode = {
		.name = "decode",
		.spec = { .single = true, .max_rows = 1,
			  .stream = job->target->features & NPU_FEAT_STREAM,
			  .context = job->context, .no_cpu = job->options->no_fallback,
			  .cpu_space = job->cpu_space },
	};
	const struct image_program prefill = {
		.name = job->layer < 0 ? "prefill" : "block",
		.spec = { .max_rows = job->chunk, .context = job->context,
			  .no_cpu = job->options->no_fallback,
			  .cpu_space = job->cpu_space },
		.args = { 0, job->chunk, job->layer < 0 },
	};
	const struct image_program batch = {
		.name = "batch",
		.spec = { .batch = true, .max_rows = job->batch,
			  .stream = job->target->features & NPU_FEAT_STREAM,
			  .context = job->context, .no_cpu = job->options->no_fallback,
			  .cpu_space = job->cpu_space },
	};

	if (job->layer >= 0) {
		programs[0] = prefill;
		return 1;
	}
	programs[0] = decode;
	programs[1] = prefill;
	if (job->batch == 1)
		return 2;
	programs[2] = batch;
	return 3;
}

static int compile_once(const struct job *job, struct npu_job_image **image,
			struct npu_error *err)
{
	struct image_program programs[IMAGE_MAX_PROGRAMS];
	struct compilation c = {
		.target = job->target, .context = job->context, .slots = job->sequences,
		.rows = job->chunk > job->batch ? job->chunk : job->batch,
		.batch = job->batch > 1 ? job->batch : 0,
		.kv = job->options->kv == NPU_KV_I8 ? NPU_TYPE_I8 : NPU_TYPE_F16,
		.plain = job->options->attention == NPU_ATTENTION_PLAIN,
		.weights = job->options->weights,
		.programs = programs, .n = program_list(job, programs),
		.no_data = job->options->no_data,
		.progress = job->options->progress,
		.progress_opaque = job->options->progress_opaque,
		.rank = job->shard.rank, .devices = job->shard.devices,
	};

	return compile_nodes(job->graph, &c, image, err);
}

/*
 * Unless the caller chose the chunk, one that does not fit is halved. What does
 * not fit with a single token never will.
 */
static int compile_fitting(struct job *job, bool chosen, struct npu_job_image **image,
			   struct npu_error *err)
{
	for (;;) {
		int ret;

		job->cpu_space = job->chunk == 1 && !job->options->no_fallback &&
				 job->shard.devices == 1;
		ret = compile_once(job, image, err);

		if (ret != -ENOSPC || chosen || job->chunk == 1)
			return ret;
		job->chunk /= 2;
		if (!job->options->batch && job->batch > job->chunk)
			job->batch = job->chunk;
	}
}

static int choose_sequences(struct job *job, struct npu_error *err)
{
	const struct npu_compile_options *o = job->options;

	if (job->layer >= 0) {
		job->sequences = 1;
		job->batch = 1;
		return 0;
	}
	job->sequences = o->sequences ? o->sequences : DEFAULT_SEQUENCES;
	job->batch = o->batch ? o->batch : DEFAULT_BATCH;
	if (!o->batch && job->batch > job->sequences)
		job->batch = job->sequences;
	if (job->sequences > MAX_SEQUENCES)
		return npu_error_set(err, -EINVAL, "%u sequences: %u is the most",
				     job->sequences, MAX_SEQUENCES);
	if (job->batch > job->sequences)
		return npu_error_set(err, -EINVAL,
				     "a batch of %u: there are %u sequences", job->batch,
				     job->sequences);
	if (o->kv != NPU_KV_F16 && o->kv != NPU_KV_I8)
		return npu_error_set(err, -EINVAL, "type %d of the KV cache: not one of enum npu_kv_type",
				     o->kv);
	if (o->attention == NPU_ATTENTION_PLAIN && o->kv != NPU_KV_F16)
		return npu_error_set(err, -EINVAL,
				     "the plain form of attention has keys and values in F16 only");
	return 0;
}

static int build_graph(struct job *job, struct npu_error *err)
{
	int ret = npu_graph_create(&job->graph, err);

	if (ret)
		return ret;
	if (job->layer < 0)
		transformer_graph(job->graph, job->model, &job->shard);
	else
		transformer_block_graph(job->graph, job->model, &job->shard, job->layer);
	return 0;
}

static int compile(const struct npu_gguf *gguf, int64_t layer,
		   const struct npu_target *target,
		   const struct npu_compile_options *options,
		   struct npu_job_image **image, struct npu_error *err)
{
	static const struct npu_compile_options defaults;
	struct job job = { .target = target, .layer = layer };
	int ret = compile_check_target(target, err);

	if (ret)
		return ret;
	ret = npu_model_create(gguf, &job.model, err);
	if (ret)
		return ret;
	options = options ? options : &defaults;
	job.options = options;
	job.context = job.model->config.context;
	if (options->context || job.context > DEFAULT_CONTEXT)
		job.context = options->context ? options->context : DEFAULT_CONTEXT;
	job.chunk = options->chunk ? options->chunk : DEFAULT_CHUNK;
	if (!options->chunk && job.chunk > job.context)
		job.chunk = job.context;
	if (layer >= job.model->config.layers)
		ret = npu_error_set(err, -EINVAL, "there is no block %lld: the model has %u",
				    (long long)layer, job.model->config.layers);
	else if (job.context > job.model->config.context)
		ret = npu_error_set(err, -EINVAL,
				    "context of %u: the model was trained for %u",
				    job.context, job.model->config.context);
	else if (job.chunk > job.context)
		ret = npu_error_set(err, -EINVAL, "chunk of %u: the context has %u positions",
				    job.chunk, job.context);
	else if (layer >= 0 && options->devices > 1)
		ret = npu_error_set(err, -EINVAL, "a block alone is not split over devices");
	else
		ret = choose_sequences(&job, err);
	if (!ret)
		ret = shard_of(job.model, options, &job.shard, err);
	if (!ret)
		ret = build_graph(&job, err);
	if (!ret)
		ret = compile_fitting(&job, options->chunk, image, err);
	npu_graph_destroy(job.graph);
	npu_model_destroy(job.model);
	return ret;
}

int npu_compile_llama(const struct npu_gguf *gguf, const struct npu_target *target,
		      const struct npu_compile_options *options,
		      struct npu_job_image **image, struct npu_error *err)
{
	return compile(gguf, -1, target, options, image, err);
}

int npu_compile_llama_block(const struct npu_gguf *gguf, uint32_t layer,
			    const struct npu_target *target,
			    const struct npu_compile_options *options,
			    struct npu_job_image **image, struct npu_error *err)
{
	return compile(gguf, layer, target, options, image, err);
}
