/* SPDX-License-Identifier: MIT */
/*
 * Graphs of operators, and compiling them for an NPU.
 *
 * A graph is built by calling functions: each adds a node and returns the
 * tensor that the node computes. Nothing runs before npu_graph_compile() has
 * made a job image of it.
 *
 *	struct npu_tensor *x, *y;
 *
 *	x = npu_graph_input(g, "x", NPU_TYPE_F32, NPU_SHAPE(NPU_ROWS, 64));
 *	y = npu_graph_linear(g, "hidden", x, weight, bias, NPU_ACT_GELU);
 *	npu_graph_output(g, "y", y);
 *	ret = npu_graph_compile(g, &target, &options, &image, &err);
 *
 * Shapes list the slowest dimension first, as C arrays do. Every size is known
 * when the graph is built, but for the rows of a run (its tokens, or samples):
 * a first dimension of NPU_ROWS. The most rows of a run are chosen when the
 * graph is compiled, how many there are when the program runs.
 *
 * Errors are sticky: the first one is kept, everything after it does nothing
 * and returns NULL, and npu_graph_error() or npu_graph_compile() tell it, with
 * the name of the node. So no call needs to be checked by itself.
 *
 * Numbers are F32, unless stated otherwise; NPU_TYPE_* are in npu_isa.h. The
 * compiler may keep values between operators in F16, and multiplies by weights
 * in the format that it is asked for.
 *
 * A graph belongs to one thread at a time.
 */
#ifndef NPU_GRAPH_H
#define NPU_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include <hw/npu_isa.h>

#include <npu/compile.h>
#include <npu/error.h>
#include <npu/gguf.h>
#include <npu/job.h>
#include <npu/progress.h>
#include <npu/quant.h>

#ifdef __cplusplus
extern "C" {
#endif

struct npu_graph;
struct npu_tensor;
struct npu_cache;

/* Dimension that stands for the rows of a run. */
#define NPU_ROWS	(UINT64_MAX)
/* And for the last of them, as many as the run asks for: npu_graph_last_rows(). */
#define NPU_LAST_ROWS	(UINT64_MAX - 1)

#define NPU_GRAPH_MAX_DIMS	4

/**
 * struct npu_shape - sizes of a tensor
 * @n_dims: number of dimensions, 1 to NPU_GRAPH_MAX_DIMS
 * @dims: sizes, the slowest first; dims[0] may be NPU_ROWS
 */
struct npu_shape {
	uint32_t n_dims;
	uint64_t dims[NPU_GRAPH_MAX_DIMS];
};

/* NPU_SHAPE(NPU_ROWS, 64): a shape with these dimensions */
#define NPU_SHAPE(...)							\
	((struct npu_shape){						\
		.n_dims = sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), \
		.dims = { __VA_ARGS__ } })

/** enum npu_act - activations */
enum npu_act {
	NPU_ACT_NONE,
	NPU_ACT_RELU,
	NPU_ACT_GELU,		/* tanh form (Hendrycks and Gimpel, 2016), as GPT-2 has it */
	NPU_ACT_GELU_ERF,	/* x * Phi(x) */
	NPU_ACT_SILU,		/* x * sigmoid(x) */
	NPU_ACT_TANH,
	NPU_ACT_SIGMOID,
	NPU_ACT_COUNT
};

/* The graph */

/**
 * npu_graph_create() - an empty graph
 * @graph: receives the graph; give it back with npu_graph_destroy()
 * @err: what failed, or NULL
 *
 * Return: 0 or -ENOMEM.
 */
int npu_graph_create(struct npu_graph **graph, struct npu_error *err);

/** npu_graph_destroy() - free a graph and its tensors; NULL is allowed */
void npu_graph_destroy(struct npu_graph *graph);

/** npu_graph_error() - the first error so far; its code is 0 if there was none */
const struct npu_error *npu_graph_error(const struct npu_graph *graph);

/**
 * npu_graph_fail() - note an error of the caller's
 * @graph: graph
 * @code: negative errno
 * @fmt: printf format of the message
 *
 * Does nothing when there is an error already. For those who build graphs
 * from files, and find something wrong there.
 */
void npu_graph_fail(struct npu_graph *graph, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** npu_tensor_shape() - shape of a tensor; no dimensions for NULL */
struct npu_shape npu_tensor_shape(const struct npu_tensor *tensor);

/** npu_tensor_type() - NPU_TYPE_F32 or NPU_TYPE_I32 (inputs also NPU_TYPE_F16) */
uint32_t npu_tensor_type(const struct npu_tensor *tensor);

/** npu_tensor_name() - its name: that of the node that computes it */
const char *npu_tensor_name(const struct npu_tensor *tensor);

/*
 * Names have up to NPU_JOB_NAME_LEN - 1 bytes, and are taken over. Those of
 * inputs and outputs are the names of the image's tensors: each is given once,
 * and has neither spaces nor '='. Those of other nodes stand in messages,
 * traces and faults.
 */

/* Where values come from */

/**
 * npu_graph_input() - a tensor that is written before each run
 * @graph: graph
 * @name: its name in the image
 * @type: NPU_TYPE_F32, NPU_TYPE_F16 or NPU_TYPE_I32
 * @shape: its shape; with NPU_ROWS it has room for the most rows
 */
struct npu_tensor *npu_graph_input(struct npu_graph *graph, const char *name,
				   uint32_t type, struct npu_shape shape);

/**
 * npu_graph_weight() - a tensor of a model file
 * @graph: graph
 * @source: its data, of any type that npu_gguf_dequantize() reads; the file
 *	must stay open until the graph is destroyed
 *
 * Its shape is that of the file with the order turned round: dims[0] of a GGUF
 * tensor varies fastest. A matrix for npu_graph_linear() thus has the shape
 * [outputs][inputs], a table for npu_graph_embedding() [entries][width]. It is
 * named as in the file. Its numbers must be finite, which is checked when the
 * graph is compiled.
 */
struct npu_tensor *npu_graph_weight(struct npu_graph *graph,
				    const struct npu_gguf_tensor *source);

/**
 * npu_graph_weight_rows() - consecutive rows of a weight
 * @graph: graph
 * @weight: from npu_graph_weight() or npu_graph_constant(), not from this function
 * @first: first row along its slowest dimension
 * @count: number of them
 *
 * For files that keep several matrices in one, as GPT-2's attn_qkv.
 */
struct npu_tensor *npu_graph_weight_rows(struct npu_graph *graph,
					 struct npu_tensor *weight,
					 uint64_t first, uint64_t count);

/**
 * npu_graph_constant() - a weight from memory
 * @graph: graph
 * @name: its name in messages
 * @data: finite floats; not copied, they must stay until the graph is destroyed
 * @shape: its shape, without NPU_ROWS
 */
struct npu_tensor *npu_graph_constant(struct npu_graph *graph, const char *name,
				      const float *data, struct npu_shape shape);

/**
 * npu_graph_positions() - positions of the rows in their sequence, I32[NPU_ROWS]
 * @graph: graph
 *
 * What a run is given as its position for the first row, and what follows for
 * the others. It can only be the index of npu_graph_embedding(): learned
 * positions, as in GPT-2.
 */
struct npu_tensor *npu_graph_positions(struct npu_graph *graph);

/**
 * npu_graph_cache() - keys and values that stay from run to run
 * @graph: graph
 * @name: its name, in messages
 * @heads: heads of keys and values
 * @head_dim: width of a head
 *
 * It has as many positions as the graph is compiled for. All caches of a graph
 * are one tensor of the image, "kv" (npu/compile.h).
 */
struct npu_cache *npu_graph_cache(struct npu_graph *graph, const char *name,
				  uint32_t heads, uint32_t head_dim);

/* Where they go */

/**
 * npu_graph_output() - let a tensor be read after each run
 * @graph: graph
 * @name: its name in the image
 * @tensor: computed by a node; it may be an output only once
 *
 * An F32 output is F32 in the image, an index I32.
 */
void npu_graph_output(struct npu_graph *graph, const char *name,
		      struct npu_tensor *tensor);

/* Operators with weights */

/**
 * npu_graph_embedding() - rows of a table: y[r] = table[index[r]]
 * @graph: graph
 * @name: name of the node
 * @table: weight, [entries][width]; kept in F16
 * @index: I32[NPU_ROWS], an input or npu_graph_positions(); a run with an
 *	index outside 0..entries-1 faults
 *
 * Return: F32[NPU_ROWS][width].
 */
struct npu_tensor *npu_graph_embedding(struct npu_graph *graph, const char *name,
				       struct npu_tensor *table,
				       struct npu_tensor *index);

/**
 * npu_graph_linear() - y = act(x * weight^T + bias)
 * @graph: graph
 * @name: name of the node
 * @x: [rows][inputs]
 * @weight: weight, [outputs][inputs]
 * @bias: weight, [outputs], or NULL
 * @act: activation
 *
 * Rows of x are quantised to I8 as they come, with a scale each, for weights
 * in integer formats.
 *
 * Return: [rows][outputs].
 */
struct npu_tensor *npu_graph_linear(struct npu_graph *graph, const char *name,
				    struct npu_tensor *x, struct npu_tensor *weight,
				    struct npu_tensor *bias, enum npu_act act);

/**
 * npu_graph_rmsnorm() - y = x / sqrt(mean(x^2) + eps) * weight (Zhang and Sennrich, 2019)
 * @graph: graph
 * @name: name of the node
 * @x: any shape; each vector along the last dimension is normalised. The norm
 *	over heads is that of an x of [rows][heads][head_dim]
 * @weight: weight, as long as the last dimension; NULL: ones
 * @eps: what is added to the mean square
 *
 * Return: the shape of x.
 */
struct npu_tensor *npu_graph_rmsnorm(struct npu_graph *graph, const char *name,
				     struct npu_tensor *x, struct npu_tensor *weight,
				     float eps);

/**
 * npu_graph_layernorm() - y = (x - mean) / sqrt(var + eps) * weight + bias (Ba et al., 2016)
 * @graph: graph
 * @name: name of the node
 * @x: as for npu_graph_rmsnorm()
 * @weight: likewise
 * @bias: weight, as long as the last dimension; NULL: zeros
 * @eps: what is added to the variance
 *
 * Return: the shape of x.
 */
struct npu_tensor *npu_graph_layernorm(struct npu_graph *graph, const char *name,
				       struct npu_tensor *x, struct npu_tensor *weight,
				       struct npu_tensor *bias, float eps);

/* Operators of attention */

/** enum npu_rope_pairs - which elements of a head turn together */
enum npu_rope_pairs {
	NPU_ROPE_NEIGHBOURS,	/* 2i and 2i + 1, as llama files are stored */
	NPU_ROPE_HALVES,	/* i and i + dims / 2, as GPT-NeoX and Qwen */
};

/**
 * struct npu_rope - rotary position embedding (Su et al., 2021)
 * @dims: leading elements of a head that are rotated, even
 * @pairs: which of them are a pair
 * @base: pair i turns by base^(-2i / dims) a position
 * @speeds: NULL, or the turn of each pair a position, dims / 2 of them, instead
 *	of those that @base gives: for scaled frequencies (linear, NTK, YaRN,
 *	Llama 3). Taken over.
 * @magnitude: factor of all rotated elements, as YaRN has it; 0 stands for 1
 */
struct npu_rope {
	uint32_t dims;
	enum npu_rope_pairs pairs;
	float base;
	const double *speeds;
	float magnitude;
};

/**
 * npu_graph_rope() - rotate the heads of each row by its position
 * @graph: graph
 * @name: name of the node
 * @x: [NPU_ROWS][heads][head_dim], or [NPU_ROWS][head_dim]
 * @rope: how
 *
 * Return: the shape of x.
 */
struct npu_tensor *npu_graph_rope(struct npu_graph *graph, const char *name,
				  struct npu_tensor *x, const struct npu_rope *rope);

/**
 * struct npu_attention - what attention has beside its inputs; zero is the default
 * @scale: of the scores; 0: 1 / sqrt(head_dim)
 * @window: a row sees so many positions, its own included; 0: all before it
 */
struct npu_attention {
	float scale;
	uint32_t window;
};

/**
 * npu_graph_attention() - causal attention over a cache (Vaswani et al., 2017)
 * @graph: graph
 * @name: name of the node
 * @q: [NPU_ROWS][heads][head_dim]
 * @k: [NPU_ROWS][kv_heads][head_dim], already rotated
 * @v: likewise
 * @cache: of the shape of k; one attention a cache
 * @attention: parameters, or NULL
 *
 * Writes k and v to the cache at the rows' positions, then attends to all
 * positions up to the row's own. heads is a multiple of kv_heads (Ainslie et
 * al., 2023): equal to it is multi-head, one is multi-query attention.
 *
 * Return: [NPU_ROWS][heads][head_dim].
 */
struct npu_tensor *npu_graph_attention(struct npu_graph *graph, const char *name,
				       struct npu_tensor *q, struct npu_tensor *k,
				       struct npu_tensor *v, struct npu_cache *cache,
				       const struct npu_attention *attention);

/* Elementwise operators */

/** npu_graph_act() - y = act(x) */
struct npu_tensor *npu_graph_act(struct npu_graph *graph, const char *name,
				 struct npu_tensor *x, enum npu_act act);

/**
 * npu_graph_add() - y = a + b
 * @graph: graph
 * @name: name of the node
 * @a: any shape
 * @b: the shape of a; or a weight of the shape of a's last dimensions, which
 *	is the same for all that stand before them
 *
 * Return: the shape of a.
 */
struct npu_tensor *npu_graph_add(struct npu_graph *graph, const char *name,
				 struct npu_tensor *a, struct npu_tensor *b);

/** npu_graph_sub() - y = a - b; otherwise as npu_graph_add() */
struct npu_tensor *npu_graph_sub(struct npu_graph *graph, const char *name,
				 struct npu_tensor *a, struct npu_tensor *b);

/** npu_graph_mul() - y = a * b; otherwise as npu_graph_add() */
struct npu_tensor *npu_graph_mul(struct npu_graph *graph, const char *name,
				 struct npu_tensor *a, struct npu_tensor *b);

/** npu_graph_scale() - y = x * factor + offset */
struct npu_tensor *npu_graph_scale(struct npu_graph *graph, const char *name,
				   struct npu_tensor *x, float factor, float offset);

/** npu_graph_softmax() - y = exp(x * scale) / sum, along the last dimension */
struct npu_tensor *npu_graph_softmax(struct npu_graph *graph, const char *name,
				     struct npu_tensor *x, float scale);

/* Operators that move */

/**
 * npu_graph_concat() - tensors side by side along the last dimension
 * @graph: graph
 * @name: name of the node
 * @parts: tensors whose other dimensions are the same
 * @n_parts: number of them
 */
struct npu_tensor *npu_graph_concat(struct npu_graph *graph, const char *name,
				    struct npu_tensor *const *parts, uint32_t n_parts);

/**
 * npu_graph_slice() - a window of the last dimension; several of them split a tensor
 * @graph: graph
 * @name: name of the node
 * @x: tensor
 * @first: first element of the window
 * @count: number of them
 */
struct npu_tensor *npu_graph_slice(struct npu_graph *graph, const char *name,
				   struct npu_tensor *x, uint64_t first,
				   uint64_t count);

/**
 * npu_graph_reshape() - the same elements in another shape; nothing moves
 * @graph: graph
 * @name: name of the node
 * @x: tensor
 * @shape: as many elements; NPU_ROWS, where x has it, stays the first dimension
 */
struct npu_tensor *npu_graph_reshape(struct npu_graph *graph, const char *name,
				     struct npu_tensor *x, struct npu_shape shape);

/** npu_graph_transpose() - exchange the last two dimensions, neither of them NPU_ROWS */
struct npu_tensor *npu_graph_transpose(struct npu_graph *graph, const char *name,
				       struct npu_tensor *x);

/**
 * npu_graph_last_rows() - the last rows of a run, as many as it asks for
 * @graph: graph
 * @name: name of the node
 * @x: [NPU_ROWS]...
 *
 * So that logits are computed only of those tokens that need them.
 *
 * Return: [NPU_LAST_ROWS]..., row 0 being the first of them.
 */
struct npu_tensor *npu_graph_last_rows(struct npu_graph *graph, const char *name,
				       struct npu_tensor *x);

/* Operators that choose */

/**
 * npu_graph_argmax() - column of the largest element of each vector
 * @graph: graph
 * @name: name of the node
 * @x: F32, at least two dimensions
 *
 * Of equal ones the lowest column; NaN is never the largest.
 *
 * Return: I32, the shape of x without its last dimension.
 */
struct npu_tensor *npu_graph_argmax(struct npu_graph *graph, const char *name,
				    struct npu_tensor *x);

/**
 * npu_graph_topk() - the largest elements of each vector, in falling order
 * @graph: graph
 * @name: name of the node
 * @x: F32
 * @k: how many, at most the last dimension
 * @index: receives their columns, I32, the shape of x with a last dimension of k
 *
 * Return: the elements, F32, of the same shape.
 */
struct npu_tensor *npu_graph_topk(struct npu_graph *graph, const char *name,
				  struct npu_tensor *x, uint32_t k,
				  struct npu_tensor **index);

/* Compiling */

/**
 * struct npu_graph_program - one program of an image
 * @name: its name
 * @rows: most rows of a run
 * @single: a run has one row: the program has the argument pos alone, and
 *	streams weights past SRAM
 * @args: values of the arguments of a job that gives none
 */
struct npu_graph_program {
	const char *name;
	uint32_t rows;
	bool single;
	uint64_t args[3];
};

/**
 * struct npu_graph_options - choices; all zero is the default
 * @context: positions of caches, and of tables by position; 0: as many as rows
 * @rows: most rows of a run; 0: 32. Inputs and outputs have room for so many
 * @programs: programs to make, none with more than @rows; NULL: one, named
 *	"run", whose arguments are 0, @rows, @rows when a job gives none
 * @n_programs: number of them
 * @weights: format of the matrices, NPU_QUANT_AUTO for what is closest to the source
 * @no_fallback: a node that the device cannot do is an error, which names it,
 *	instead of running on the CPU
 * @progress: told how many bytes of weights are converted, or NULL
 * @progress_opaque: passed to @progress
 */
struct npu_graph_options {
	uint32_t context, rows;
	const struct npu_graph_program *programs;
	uint32_t n_programs;
	struct npu_quant_format weights;
	bool no_fallback;
	npu_progress_fn *progress;
	void *progress_opaque;
};

/**
 * npu_graph_compile() - make a job image
 * @graph: graph with at least one output; may be compiled again, for another
 *	device or with other options
 * @target: device
 * @options: choices, or NULL
 * @image: receives the image; free it with npu_job_image_free()
 * @err: the graph's error, or the node that cannot be compiled and why
 *
 * A program has the arguments pos, tokens, logits: position of the first row,
 * number of rows, and how many of the last npu_graph_last_rows() gives; one
 * that is single only pos. A run that would exceed positions or rows faults
 * (enum npu_trap). Segments and tensors are shared by all programs.
 *
 * The same graph, with the same names, gives the same bytes.
 *
 * Return: 0; -ENOSPC when a node does not fit into SRAM, or the memory into
 * the address space; -ENOTSUP for what the device lacks; -EINVAL; -ENOMEM.
 */
int npu_graph_compile(struct npu_graph *graph, const struct npu_target *target,
		      const struct npu_graph_options *options,
		      struct npu_job_image **image, struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_GRAPH_H */
