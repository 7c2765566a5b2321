/* SPDX-License-Identifier: MIT */
/*
 * What is compiled: operators in the order in which they run, and the tensors
 * between them. Lowering turns each operator into instructions; it sees
 * shapes and addresses, not models.
 */
#ifndef LIBNPU_COMPILER_GRAPH_H
#define LIBNPU_COMPILER_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/error.h>
#include <npu/job.h>
#include <npu/progress.h>

#include "kv.h"
#include "quant/layout.h"

struct npu_gguf_tensor;
struct npu_rope;

/** enum mem_kind - which segment of the image a tensor lies in */
enum mem_kind {
	MEM_WEIGHTS,	/* read only, with contents */
	MEM_CACHE,	/* kept from run to run */
	MEM_IO,		/* inputs and outputs */
	MEM_SCRATCH,	/* between operators */
	MEM_SHARED,	/* the same memory on all devices that share a model */
	MEM_KINDS
};

/**
 * struct tensor - memory that operators read and write
 * @next: next one of the graph
 * @name: name in the image and in messages
 * @mem: segment
 * @role: enum npu_job_role, or 0 when the image does not name it
 * @type: enum npu_type, of all but packed weights
 * @n_dims: number of @dims, the slowest first
 * @size: bytes
 * @va: address, once graph_place() has run
 * @fill: writes the contents of a MEM_WEIGHTS tensor, or NULL for zeros
 * @source: what @fill reads
 * @data: likewise
 * @unit: for @fill, as its comment says
 * @base: for @fill, as its comment says
 * @format: for @fill, of a matrix
 * @rope: for @fill, of a table of RoPE
 */
struct tensor {
	struct tensor *next;
	char name[NPU_JOB_NAME_LEN];
	enum mem_kind mem;
	uint32_t role, type, n_dims;
	uint64_t dims[NPU_JOB_MAX_DIMS];
	uint64_t size, va;
	int (*fill)(const struct tensor *tensor, void *dst, struct npu_error *err);
	const struct npu_gguf_tensor *source;
	const void *data;
	uint32_t unit;
	float base;
	struct npu_quant_format format;
	const struct npu_rope *rope;
};

/**
 * struct matrix - a quantised and packed weight matrix, and where it lies
 * @tensor: its parts, one behind the other (quant/layout.h)
 * @k: inputs
 * @n: outputs; columns of the tensor beyond them are zero
 * @unit: outputs that stay together (a head), at the start of a panel
 * @unit_cols: columns that a unit takes up: @unit rounded up to whole panels
 * @units: number of units
 * @layout: types of its weights and scales
 * @outliers: number of inputs that are zero here and stand in binary16 elsewhere,
 *	for a product of their own (Dettmers et al., "LLM.int8()", 2022)
 * @outlier_w: their weights, a matrix of @outliers inputs laid out as F16
 * @outlier_index: I32, which inputs they are
 * @input_scale: scale of the quantised activations; 0: each row has its own
 */
struct matrix {
	struct tensor *tensor;
	uint32_t k, n, unit, unit_cols, units;
	struct quant_layout layout;
	uint32_t outliers;
	struct tensor *outlier_w, *outlier_index;
	float input_scale;
};

/** enum op_kind - operators; see the functions that add them */
enum op_kind {
	OP_EMBED,
	OP_LINEAR,
	OP_QKV,
	OP_SWIGLU,
	OP_ATTENTION,
	OP_ARGMAX,
	OP_MAP,
	OP_NORM,
	OP_SOFTMAX,
	OP_ROPE,
	OP_COPY,
	OP_TRANSPOSE,
	OP_TOPK,
};

/** enum op_rows - which rows of a chunk an operator works on */
enum op_rows {
	ROWS_ALL,	/* every token of the run */
	ROWS_LOGITS,	/* the last ones of @x, as many as the run asks logits for */
	ROWS_LAST,	/* as many, but @x has no others */
	ROWS_FIXED,	/* op.n_rows of them */
};

/** enum norm_kind - norms */
enum norm_kind {
	NORM_RMS,	/* Zhang and Sennrich, 2019 */
	NORM_LAYER,	/* Ba, Kiros and Hinton, 2016 */
};

#define MAP_OPERANDS 4
#define MAP_STEPS 8

/** enum map_kind - what a step of OP_MAP does to the value so far, v */
enum map_kind {
	MAP_UNARY,	/* v = fn(v), fn of enum npu_unary */
	MAP_AFFINE,	/* v = v * a + b */
	MAP_BINARY,	/* v = v fn operand, fn of enum npu_binary */
	MAP_SWAPPED,	/* v = operand fn v */
};

/**
 * struct map_step - a step of OP_MAP
 * @kind: which
 * @fn: enum npu_unary or npu_binary
 * @operand: which operand of the map
 * @a: factor
 * @b: offset
 */
struct map_step {
	enum map_kind kind;
	uint8_t fn, operand;
	float a, b;
};

/**
 * struct map - steps over every element
 * @operand: tensors, @n_operands; the value starts as that of the first
 * @vector: the operand has the elements of one row, the same for all
 * @step: what is done, @n_steps
 */
struct map {
	const struct tensor *operand[MAP_OPERANDS];
	bool vector[MAP_OPERANDS];
	struct map_step step[MAP_STEPS];
	uint32_t n_operands, n_steps;
};

/**
 * struct attention_shape - shape of grouped-query attention
 * @heads: query heads
 * @kv_heads: key and value heads, dividing @heads
 * @head_dim: width of a head
 * @rope_dims: leading columns of a head that are rotated, even
 * @context: positions of the cache
 * @window: a row sees so many positions, its own included; 0: all before it
 * @scale: of the scores; 0: 1 / sqrt(head_dim)
 */
struct attention_shape {
	uint32_t heads, kv_heads, head_dim, rope_dims, context;
	uint32_t window;
	float scale;
};

/**
 * struct op - one operator
 * @kind: which
 * @name: name in messages, traces and faults
 * @rows: rows that it works on
 * @n_rows: number of them, of ROWS_FIXED
 * @vectors: vectors in a row, of operators that work on vectors (OP_MAP and behind)
 * @cols: elements of such a vector
 * @x: input
 * @exchange: what it reads are results of other devices: a part of its own begins here
 * @x_col: first column of @x that OP_COPY reads, and @x_ld its columns in all
 * @y_col: first column of @y that it writes, and @y_ld its columns in all; of
 *	OP_LINEAR likewise, unless @y_ld is 0: @y has the columns of the matrix
 * @at_positions: rows of @x are found by the position of the token (OP_COPY)
 * @index: I32 rows of @x that OP_EMBED takes
 * @norm: weights of a norm of the input first, or NULL
 * @eps: what a norm adds; factor of the input of OP_SOFTMAX
 * @norm_bias: what LayerNorm adds, or NULL
 * @norm_kind: which norm
 * @heads: of an OP_QKV without matrices, F32 queries, keys and values as they are
 * @w: matrices
 * @bias: what is added to the products of each: F32, a column for each of the
 *	matrix, as it is laid out; or NULL
 * @act: enum npu_unary of the result (OP_LINEAR), or of the gate (OP_SWIGLU)
 * @res: what is added to the result before @act, or NULL
 * @y: results
 * @cos: RoPE tables, F32[context][rope_dims / 2]; NULL: nothing is rotated
 * @sin: likewise
 * @rope_halves: pairs are half the rotated columns apart, not neighbours
 * @head_norm: of OP_QKV, weights of an RMSNorm of each query head, and of each
 *	key head, before RoPE; or NULL; @head_eps: what it adds
 * @shape: for OP_QKV and OP_ATTENTION; those of the rotation for OP_ROPE
 * @cache: for OP_QKV and OP_ATTENTION, where keys and values are
 * @map: for OP_MAP
 * @k: of OP_TOPK, whose results are values and columns; rows of the matrices of
 *	OP_TRANSPOSE, of which each is a vector
 */
struct op {
	enum op_kind kind;
	char name[NPU_JOB_NAME_LEN];
	enum op_rows rows;
	uint32_t n_rows, vectors;
	uint64_t cols;
	bool exchange;
	const struct tensor *x;
	uint64_t x_col, x_ld, y_col, y_ld;
	bool at_positions;
	const struct tensor *index;
	const struct tensor *norm, *norm_bias;
	enum norm_kind norm_kind;
	float eps;
	const struct tensor *heads[3];
	struct matrix w[3];
	const struct tensor *bias[3];
	uint8_t act;
	const struct tensor *res;
	const struct tensor *y[3];
	const struct tensor *cos, *sin;
	bool rope_halves;
	const struct tensor *head_norm[2];
	float head_eps;
	struct attention_shape shape;
	const struct kv_cache *cache;
	struct map map;
	uint32_t k;
};

/**
 * struct graph - operators and tensors
 * @tensors: all tensors, in the order in which they were made
 * @tail: where the next one goes
 * @ops: operators, @n_ops of @max_ops
 * @size: bytes of each segment
 * @base: address of each segment, once graph_place() has run
 * @kv: caches
 * @no_data: the image gets no contents of MEM_WEIGHTS
 * @progress: told how many bytes of MEM_WEIGHTS are there, or NULL
 * @progress_opaque: passed to @progress
 * @weights: format of the matrices that are added
 * @err: first error of the functions that add
 */
struct graph {
	struct tensor *tensors, **tail;
	struct op *ops;
	uint32_t n_ops, max_ops;
	uint64_t size[MEM_KINDS], base[MEM_KINDS];
	struct kv_layout kv;
	bool no_data;
	npu_progress_fn *progress;
	void *progress_opaque;
	struct npu_quant_format weights;
	struct npu_error err;
};

/** tensor_element_size() - bytes of an element of an enum npu_type */
uint32_t tensor_element_size(uint32_t type);

/** graph_init() - an empty graph */
void graph_init(struct graph *g);

/** graph_release() - free all that a graph holds */
void graph_release(struct graph *g);

/** graph_fail() - note an error; the first one counts */
void graph_fail(struct graph *g, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * graph_tensor() - add a tensor
 * @g: graph
 * @mem: segment
 * @role: enum npu_job_role, or 0
 * @type: enum npu_type
 * @dims: sizes, the slowest first
 * @n_dims: number of @dims
 * @name: printf format of its name
 *
 * Return: the tensor, which belongs to the graph; NULL after an error.
 */
struct tensor *graph_tensor(struct graph *g, enum mem_kind mem, uint32_t role,
			    uint32_t type, const uint64_t *dims, uint32_t n_dims,
			    const char *name, ...)
	__attribute__((format(printf, 7, 8)));

/**
 * graph_op() - add an operator
 * @g: graph
 * @kind: which
 * @name: printf format of its name
 *
 * Return: the operator, to be filled in before the next is added; NULL after
 * an error.
 */
struct op *graph_op(struct graph *g, enum op_kind kind, const char *name, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * graph_place() - give segments and tensors their addresses
 * @g: graph
 * @base: first address
 * @end: first address behind those that can be used
 * @err: what does not fit
 *
 * Return: first address behind the last segment, or 0.
 */
uint64_t graph_place(struct graph *g, uint64_t base, uint64_t end,
		     struct npu_error *err);

#endif /* LIBNPU_COMPILER_GRAPH_H */
