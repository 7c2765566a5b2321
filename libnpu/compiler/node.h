/* SPDX-License-Identifier: MIT */
/* The public graph from the inside: nodes, and the values between them. */
#ifndef LIBNPU_COMPILER_NODE_H
#define LIBNPU_COMPILER_NODE_H

#include <npu/graph.h>

struct tensor;
struct node;

/** enum value_kind - where a value comes from */
enum value_kind {
	VALUE_NODE,
	VALUE_INPUT,
	VALUE_WEIGHT,
	VALUE_POSITIONS,
};

/**
 * struct npu_tensor - a value of the graph
 * @next: next one, in the order in which they were made
 * @graph: graph that it belongs to
 * @kind: where it comes from
 * @name: of its node; of an input or weight its own
 * @type: enum npu_type
 * @shape: its shape
 * @from: node that computes it, of VALUE_NODE
 * @source: data of a VALUE_WEIGHT, which may be @own
 * @own: description of a weight that no file describes
 * @output: its name in the image if it is an output, else empty
 * @users: operands that it is, of nodes that are needed; with the next two set
 *	by fuse_nodes()
 * @linears: how many of them are the input of a linear layer
 * @user: the last of these nodes
 * @out_first: of an output that several devices share, the first of its columns
 *	that this value is
 * @out_cols: all of them, or 0: this value is the whole output
 * @exchange: what it is a part of on this device, or NULL
 * @memory: what @own refers to, if the graph has made it
 * @mem: memory of the graph being compiled
 */
struct npu_tensor {
	struct npu_tensor *next;
	struct npu_graph *graph;
	enum value_kind kind;
	char name[NPU_JOB_NAME_LEN];
	uint32_t type;
	struct npu_shape shape;
	struct node *from;
	const struct npu_gguf_tensor *source;
	struct npu_gguf_tensor own;
	char output[NPU_JOB_NAME_LEN];
	uint32_t users, linears;
	struct node *user;
	uint64_t out_first, out_cols;
	struct node *exchange;
	void *memory;
	const struct tensor *mem;
};

/**
 * struct npu_cache - keys and values
 * @next: next one of the graph
 * @graph: graph that it belongs to
 * @name: its name
 * @heads: heads
 * @head_dim: width of a head
 * @user: attention that works on it, or NULL
 */
struct npu_cache {
	struct npu_cache *next;
	struct npu_graph *graph;
	char name[NPU_JOB_NAME_LEN];
	uint32_t heads, head_dim;
	const struct node *user;
};

/** enum node_kind - operators of the public graph */
enum node_kind {
	NODE_EMBEDDING,
	NODE_LINEAR,
	NODE_RMSNORM,
	NODE_LAYERNORM,
	NODE_ROPE,
	NODE_ATTENTION,
	NODE_ACT,
	NODE_ADD,
	NODE_SUB,
	NODE_MUL,
	NODE_SCALE,
	NODE_SOFTMAX,
	NODE_CONCAT,
	NODE_SLICE,
	NODE_RESHAPE,
	NODE_TRANSPOSE,
	NODE_LAST_ROWS,
	NODE_ARGMAX,
	NODE_TOPK,
	NODE_ALL_REDUCE,
};

/** enum node_plan - how a node is compiled; see fuse.h */
enum node_plan {
	PLAN_DEAD,	/* not at all: nobody needs its result */
	PLAN_ALONE,	/* as an operator of its own */
	PLAN_PART,	/* as a part of the operator of a later node */
	PLAN_LINEAR,	/* as the end of a linear layer, @part[0] */
	PLAN_GATED,	/* as a product of two linear layers, act(@part[0]) * @part[1] */
	PLAN_QKV,	/* attention with its linear layers, @part[0] to @part[2] */
	PLAN_MAP,	/* as the end of a chain of elementwise operators from @part[0] on */
};

#define PLAN_PARTS 6
#define PLAN_ROPE 3		/* index of the rotation of PLAN_QKV */
#define PLAN_HEAD_NORM 4	/* and of the norms of query and key heads */

/**
 * struct node - an operator of the public graph
 * @next: next one; nodes stand behind those that they depend on
 * @kind: which
 * @name: name in messages
 * @act: of NODE_ACT and NODE_LINEAR
 * @a: eps of norms, factor of NODE_SCALE, scale of softmax and attention
 * @b: offset of NODE_SCALE
 * @first: first column of NODE_SLICE, window of NODE_ATTENTION, k of NODE_TOPK,
 *	rank of NODE_ALL_REDUCE
 * @devices: of NODE_ALL_REDUCE
 * @cache: of NODE_ATTENTION
 * @rope: of NODE_ROPE; its speeds belong to the node
 * @out: results; @out[1] are the indices of NODE_TOPK
 * @plan: how it is compiled
 * @part: other nodes of its operator, as @plan says
 * @res: what PLAN_LINEAR adds, or NULL
 * @fn: enum npu_unary of PLAN_LINEAR's result, or of PLAN_GATED's gate
 * @n_in: number of @in
 * @in: operands; optional ones are NULL
 */
struct node {
	struct node *next;
	enum node_kind kind;
	char name[NPU_JOB_NAME_LEN];
	enum npu_act act;
	float a, b;
	uint64_t first;
	uint32_t devices;
	struct npu_cache *cache;
	struct npu_rope rope;
	struct npu_tensor *out[2];
	enum node_plan plan;
	struct node *part[PLAN_PARTS];
	struct npu_tensor *res;
	uint8_t fn;
	uint32_t n_in;
	struct npu_tensor *in[];
};

/**
 * struct npu_graph - a graph
 * @values: all values, in the order in which they were made
 * @last_value: where the next one goes
 * @nodes: all nodes, likewise
 * @last_node: where the next one goes
 * @caches: all caches, likewise
 * @last_cache: where the next one goes
 * @positions: the only value of VALUE_POSITIONS, or NULL
 * @err: first error
 */
struct npu_graph {
	struct npu_tensor *values, **last_value;
	struct node *nodes, **last_node;
	struct npu_cache *caches, **last_cache;
	struct npu_tensor *positions;
	struct npu_error err;
};

#define SHAPE_TEXT_LEN 96

/** shape_text() - a shape for a message, such as [rows][64]; returns @text */
const char *shape_text(char text[SHAPE_TEXT_LEN], const struct npu_shape *shape);

/** shape_equal() - whether two shapes are the same */
bool shape_equal(const struct npu_shape *a, const struct npu_shape *b);

/** shape_has_rows() - whether the number of rows is known at run time only */
bool shape_has_rows(const struct npu_shape *shape);

/** shape_last() - the last dimension */
uint64_t shape_last(const struct npu_shape *shape);

/** shape_inner() - elements of a row, or of all when there are no rows; 0 if too many */
uint64_t shape_inner(const struct npu_shape *shape);

/**
 * node_value() - add a value
 * @g: graph
 * @kind: where it comes from
 * @name: its name
 * @type: enum npu_type
 * @shape: its shape, which is checked
 *
 * Return: the value, or NULL with an error noted.
 */
struct npu_tensor *node_value(struct npu_graph *g, enum value_kind kind,
			      const char *name, uint32_t type,
			      const struct npu_shape *shape);

/**
 * node_new() - add a node
 * @g: graph
 * @kind: which
 * @name: its name
 * @in: operands, @n_in of them, copied; the first @needed must be there
 *
 * Return: the node, or NULL: after an earlier error, or with one noted, for
 * operands that are missing or belong to another graph.
 */
struct node *node_new(struct npu_graph *g, enum node_kind kind, const char *name,
		      struct npu_tensor *const *in, uint32_t n_in, uint32_t needed);

/** node_result() - add the result of a node and return it; NULL after an error */
struct npu_tensor *node_result(struct npu_graph *g, struct node *n, uint32_t type,
			       const struct npu_shape *shape);

/** node_fail() - note an error of a node, with its name and operator in front */
void node_fail(struct npu_graph *g, const struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** node_kind_name() - name of an operator */
const char *node_kind_name(enum node_kind kind);

/** node_is_weight() - whether an operand is a weight; notes an error if not */
bool node_is_weight(struct npu_graph *g, const struct node *n,
		    const struct npu_tensor *value, const char *what);

/** node_is_float() - whether an operand is F32 or F16; notes an error if not */
bool node_is_float(struct npu_graph *g, const struct node *n,
		   const struct npu_tensor *value, const char *what);

/** node_name_taken() - whether the image's tensors have that name already */
bool node_name_taken(const struct npu_graph *g, const char *name);

/** node_unary() - enum npu_unary of an activation */
uint8_t node_unary(enum npu_act act);

#endif /* LIBNPU_COMPILER_NODE_H */
