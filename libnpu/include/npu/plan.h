/* SPDX-License-Identifier: MIT */
/*
 * What a model would need of a machine, by arithmetic alone: bytes, operations,
 * time and energy of every kind of operator, for models and machines of any
 * size, without a device and without weights.
 *
 * The roofline model (Williams, Waterman and Patterson, 2009): an operator takes
 * as long as the slowest of what it needs, matrix engine, vector engine and
 * memory, with each used fully. Documentation/roofline.rst derives the sums,
 * and compares them with what programs take.
 */
#ifndef NPU_PLAN_H
#define NPU_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/error.h>
#include <npu/model.h>
#include <npu/quant.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_PLAN_NAME_LEN 32

/**
 * struct npu_plan_shape - numbers of a transformer that its cost depends on
 * @name: its name
 * @vocab: number of tokens
 * @d_model: width of the residual stream
 * @layers: number of blocks
 * @heads: query heads
 * @kv_heads: key and value heads
 * @head_dim: width of a head
 * @ffn: width of the feed-forward layer
 * @context: positions that it was trained for
 * @gated: the feed-forward layer has two matrices in front of its activation
 * @tied: the output matrix is the embedding matrix
 */
struct npu_plan_shape {
	char name[NPU_PLAN_NAME_LEN];
	uint32_t vocab, d_model, layers, heads, kv_heads, head_dim, ffn, context;
	bool gated, tied;
};

/**
 * npu_plan_shape_at() - the shapes that are known by name
 * @index: from 0
 *
 * Return: a shape, or NULL behind the last.
 */
const struct npu_plan_shape *npu_plan_shape_at(unsigned int index);

/** npu_plan_shape_find() - a known shape by its name, or NULL */
const struct npu_plan_shape *npu_plan_shape_find(const char *name);

/** npu_plan_shape_of() - the shape of a model file */
void npu_plan_shape_of(const struct npu_model_config *config, const char *name,
		       struct npu_plan_shape *shape);

/** npu_plan_parameters() - number of weights, norms left out */
uint64_t npu_plan_parameters(const struct npu_plan_shape *shape);

/** enum npu_plan_type - types that the matrix engine multiplies weights of */
enum npu_plan_type {
	NPU_PLAN_I8,
	NPU_PLAN_I4,
	NPU_PLAN_F16,
	NPU_PLAN_TYPES
};

/**
 * struct npu_plan_machine - what a machine can do
 * @name: its name
 * @cores: cores
 * @clock_hz: their clock
 * @macs: multiply-accumulates a second of all cores, by enum npu_plan_type
 * @vector_ops: elements and passes a second of all vector engines
 * @bandwidth: bytes a second between memory and cores, a share for each core
 * @latency: seconds from a request to its first byte
 * @job: seconds that a job takes from its doorbell to its interrupt besides its
 *	instructions, without reading its program
 * @memory: bytes of memory; 0: not known
 * @sram: bytes of SRAM of all cores
 * @joule_mac: energy of a multiply-accumulate, by type
 * @joule_vector: of an element and pass of the vector engine
 * @joule_sram: of a byte to or from SRAM
 * @joule_memory: of a byte to or from memory
 * @watts_static: of all cores, whatever they do
 */
struct npu_plan_machine {
	char name[NPU_PLAN_NAME_LEN];
	uint32_t cores;
	double clock_hz;
	double macs[NPU_PLAN_TYPES];
	double vector_ops, bandwidth, latency, job, memory, sram;
	double joule_mac[NPU_PLAN_TYPES];
	double joule_vector, joule_sram, joule_memory, watts_static;
};

/**
 * npu_plan_machine() - a machine by the name of its profile
 * @name: name of a profile, or file of one; NULL: the default
 * @machine: receives it
 * @err: which there are, or what is wrong with the file
 *
 * Return: 0 or -EINVAL.
 */
int npu_plan_machine(const char *name, struct npu_plan_machine *machine,
		     struct npu_error *err);

/** npu_plan_machine_at() - name of the built-in profile number @index, NULL behind the last */
const char *npu_plan_machine_at(unsigned int index);

/** enum npu_plan_attention - how attention is computed */
enum npu_plan_attention {
	NPU_PLAN_FLASH,	/* scores stay in SRAM (Dao et al., 2022) */
	NPU_PLAN_PLAIN,	/* scores go to memory and back */
};

/**
 * struct npu_plan_work - a step of a model
 * @batch: sequences
 * @tokens: tokens of each: 1 to decode, those of the prompt to prefill
 * @position: tokens before them
 * @chunk: most tokens of a sequence that weights are read once for; 0: all
 * @weights: format of the matrices
 * @kv_bytes: bytes of an element of the KV cache: 2 or 1
 * @attention: enum npu_plan_attention
 * @unfused: norms, activations and additions are operators of their own, whose
 *	operands go through memory in 16 bits, as in a framework without compiler
 */
struct npu_plan_work {
	uint32_t batch, tokens, position, chunk;
	struct npu_quant_format weights;
	uint32_t kv_bytes;
	enum npu_plan_attention attention;
	bool unfused;
};

/** enum npu_plan_bound - what an operator waits for most */
enum npu_plan_bound {
	NPU_PLAN_BY_MEMORY,
	NPU_PLAN_BY_MATRIX,
	NPU_PLAN_BY_VECTOR,
	NPU_PLAN_BOUNDS
};

/** npu_plan_bound_name() - "memory", "matrix" or "vector" */
const char *npu_plan_bound_name(unsigned int bound);

/** enum npu_plan_kind - kinds of operators; all blocks together */
enum npu_plan_kind {
	NPU_PLAN_EMBEDDING,
	NPU_PLAN_QKV,
	NPU_PLAN_ATTENTION,
	NPU_PLAN_ATTENTION_OUTPUT,
	NPU_PLAN_FFN_IN,
	NPU_PLAN_FFN_OUT,
	NPU_PLAN_LOGITS,
	NPU_PLAN_ELEMENTWISE,	/* of its own only when unfused */
	NPU_PLAN_KINDS
};

/** npu_plan_kind_name() - such as "qkv" */
const char *npu_plan_kind_name(unsigned int kind);

/**
 * struct npu_plan_cost - what something takes
 * @macs: multiply-accumulates by enum npu_plan_type
 * @vector_ops: elements times passes of the vector engine
 * @weight_bytes: bytes of weights that are read
 * @kv_bytes: bytes of the KV cache, read and written
 * @other_bytes: of activations, and of scores if attention is plain
 * @before_ops: of @vector_ops those that end before the product can begin: norm
 *	and quantisation of its input, which each core does for itself
 * @before_bytes: of @other_bytes that input
 * @transfers: transfers that wait for one another: each takes the latency
 * @tile_macs: of a core and block, the tile of weights that is multiplied while
 *	nothing is loaded, or loaded while nothing is multiplied
 * @tile_bytes: bytes of that tile
 * @uneven: how much longer the core with the most units has than all would have
 *	if units could be cut: whole panels of columns, whole heads; at least 1
 * @seconds: time by the roofline, with these
 * @joules: energy
 * @bound: enum npu_plan_bound
 */
struct npu_plan_cost {
	double macs[NPU_PLAN_TYPES];
	double vector_ops, weight_bytes, kv_bytes, other_bytes;
	double before_ops, before_bytes;
	double transfers, uneven;
	double tile_macs, tile_bytes;
	double seconds, joules;
	enum npu_plan_bound bound;
};

/** npu_plan_bytes() - bytes between memory and cores */
double npu_plan_bytes(const struct npu_plan_cost *cost);

/** npu_plan_macs() - multiply-accumulates of all types */
double npu_plan_macs(const struct npu_plan_cost *cost);

/**
 * struct npu_plan - a step, operator by operator
 * @op: by enum npu_plan_kind
 * @jobs: seconds of the jobs that they are submitted as
 * @total: all of that, one after the other
 */
struct npu_plan {
	struct npu_plan_cost op[NPU_PLAN_KINDS];
	double jobs;
	struct npu_plan_cost total;
};

/**
 * npu_plan_step() - what a step of a model takes
 * @shape: model
 * @machine: machine
 * @work: step
 * @plan: receives it
 */
void npu_plan_step(const struct npu_plan_shape *shape,
		   const struct npu_plan_machine *machine,
		   const struct npu_plan_work *work, struct npu_plan *plan);

/**
 * struct npu_plan_memory - memory that a model needs
 * @weights: bytes of its matrices and of the embedding
 * @kv: bytes of the KV cache of all sequences at full context
 * @other: bytes of activations and programs
 */
struct npu_plan_memory {
	double weights, kv, other;
};

/**
 * npu_plan_memory() - what a model needs in memory
 * @shape: model
 * @work: format of weights and cache, number of sequences
 * @context: positions of each
 * @memory: receives it
 */
void npu_plan_memory(const struct npu_plan_shape *shape, const struct npu_plan_work *work,
		     uint32_t context, struct npu_plan_memory *memory);

/** npu_plan_weight_bits() - bits of a weight in a format, scales included */
double npu_plan_weight_bits(const struct npu_quant_format *format);

#ifdef __cplusplus
}
#endif

#endif /* NPU_PLAN_H */
