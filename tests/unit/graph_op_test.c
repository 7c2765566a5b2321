// SPDX-License-Identifier: MIT
/*
 * Each operator of the graph API by itself, on the device core, against the
 * interpreter: odd shapes, little SRAM, several cores, fewer rows than the most.
 */
#include <stdio.h>

#include "graph_rig.h"
#include "tap.h"

/* Largest relative error: of binary32, of values kept in binary16, of INT8 products. */
#define SINGLE 2e-5
#define HALF 4e-3
#define INT8 0.04

/**
 * struct shape - sizes of a case
 * @rows: most rows; @run of them are run
 * @a: dimensions of a row
 * @b: likewise
 * @act: activation, of kinds that have one
 */
struct shape {
	uint32_t rows, run, a, b, cores, sram;
	enum npu_act act;
};

static const struct shape shapes[] = {
	{ 1, 1, 1, 1, 1, 1 << 16, 0 },	 { 1, 1, 1, 1000, 3, 1 << 16, 0 },
	{ 7, 5, 3, 33, 2, 1 << 16, 0 },	 { 32, 32, 4, 48, 2, 1 << 18, 0 },
	{ 9, 9, 1, 257, 4, 1 << 16, 0 },	 { 3, 2, 5, 4100, 2, 1 << 16, 0 },
	{ 2, 2, 1, 20000, 3, 1 << 16, 0 },	 { 40, 33, 2, 10, 8, 1 << 20, 0 },
	{ 1, 1, 2, 30001, 4, 1 << 17, 0 },	 { 16, 16, 16, 1, 2, 1 << 16, 0 },
};

typedef struct npu_tensor *(*build_fn)(struct graph_rig *r, struct npu_tensor *x,
				       const struct shape *s);

static struct npu_tensor *rmsnorm(struct graph_rig *r, struct npu_tensor *x,
				  const struct shape *s)
{
	return npu_graph_rmsnorm(r->g, "op", x, graph_rig_weight(r, "w", NPU_SHAPE(s->b), 1),
				 1e-5f);
}

static struct npu_tensor *rmsnorm_plain(struct graph_rig *r, struct npu_tensor *x,
					const struct shape *s)
{
	(void)s;
	return npu_graph_rmsnorm(r->g, "op", x, NULL, 1e-5f);
}

static struct npu_tensor *layernorm(struct graph_rig *r, struct npu_tensor *x,
				    const struct shape *s)
{
	return npu_graph_layernorm(r->g, "op", x, graph_rig_weight(r, "w", NPU_SHAPE(s->b), 1),
				   graph_rig_weight(r, "v", NPU_SHAPE(s->b), 0), 1e-2f);
}

static struct npu_tensor *softmax(struct graph_rig *r, struct npu_tensor *x,
				  const struct shape *s)
{
	(void)s;
	return npu_graph_softmax(r->g, "op", x, 1.5f);
}

static struct npu_tensor *rope(struct graph_rig *r, struct npu_tensor *x,
			       const struct shape *s)
{
	return npu_graph_rope(r->g, "op", x, &(struct npu_rope){
		.dims = s->b - s->b % 2, .base = 1e4f });
}

static struct npu_tensor *rope_halves(struct graph_rig *r, struct npu_tensor *x,
				      const struct shape *s)
{
	return npu_graph_rope(r->g, "op", x, &(struct npu_rope){
		.dims = (s->b + 2) / 4 * 2, .base = 5e5f,
		.pairs = NPU_ROPE_HALVES, .magnitude = 1.25f });
}

static struct npu_tensor *add(struct graph_rig *r, struct npu_tensor *x,
			      const struct shape *s)
{
	struct npu_tensor *y = npu_graph_input(r->g, "y", NPU_TYPE_F32,
					       NPU_SHAPE(NPU_ROWS, s->a, s->b));

	return npu_graph_add(r->g, "op", x, y);
}

static struct npu_tensor *sub_vector(struct graph_rig *r, struct npu_tensor *x,
				     const struct shape *s)
{
	return npu_graph_sub(r->g, "op", x, graph_rig_weight(r, "w", NPU_SHAPE(s->b), 0));
}

static struct npu_tensor *mul_matrix(struct graph_rig *r, struct npu_tensor *x,
				     const struct shape *s)
{
	return npu_graph_mul(r->g, "op", x,
			     graph_rig_weight(r, "w", NPU_SHAPE(s->a, s->b), 0));
}

static struct npu_tensor *square(struct graph_rig *r, struct npu_tensor *x,
				 const struct shape *s)
{
	(void)s;
	return npu_graph_mul(r->g, "op", x, x);
}

/* silu(x * 0.7 + 0.2) - x, tanh of that, times a vector */
static struct npu_tensor *chain(struct graph_rig *r, struct npu_tensor *x,
				const struct shape *s)
{
	struct npu_tensor *y = npu_graph_scale(r->g, "scale", x, 0.7f, 0.2f);

	y = npu_graph_act(r->g, "silu", y, NPU_ACT_SILU);
	y = npu_graph_sub(r->g, "sub", x, y);
	y = npu_graph_act(r->g, "tanh", y, NPU_ACT_TANH);
	y = npu_graph_mul(r->g, "mul", y, graph_rig_weight(r, "w", NPU_SHAPE(s->b), 1));
	return npu_graph_add(r->g, "op", y, graph_rig_weight(r, "v", NPU_SHAPE(s->a, s->b), 1));
}

static struct npu_tensor *concat(struct graph_rig *r, struct npu_tensor *x,
				 const struct shape *s)
{
	struct npu_tensor *parts[3] = { x, x };

	parts[2] = npu_graph_input(r->g, "z", NPU_TYPE_F16, NPU_SHAPE(NPU_ROWS, s->a, 3));
	return npu_graph_concat(r->g, "op", parts, 3);
}

static struct npu_tensor *slice(struct graph_rig *r, struct npu_tensor *x,
				const struct shape *s)
{
	return npu_graph_slice(r->g, "op", x, s->b / 3, s->b - s->b / 3 - s->b / 4);
}

static struct npu_tensor *reshape(struct graph_rig *r, struct npu_tensor *x,
				  const struct shape *s)
{
	return npu_graph_reshape(r->g, "op", x, NPU_SHAPE(NPU_ROWS, s->b, s->a));
}

static struct npu_tensor *transpose(struct graph_rig *r, struct npu_tensor *x,
				    const struct shape *s)
{
	(void)s;
	return npu_graph_transpose(r->g, "op", x);
}

static struct npu_tensor *last_rows(struct graph_rig *r, struct npu_tensor *x,
				    const struct shape *s)
{
	(void)s;
	return npu_graph_last_rows(r->g, "op", x);
}

static struct npu_tensor *argmax(struct graph_rig *r, struct npu_tensor *x,
				 const struct shape *s)
{
	(void)s;
	return npu_graph_argmax(r->g, "op", x);
}

static struct npu_tensor *topk_values(struct graph_rig *r, struct npu_tensor *x,
				      const struct shape *s)
{
	struct npu_tensor *index;

	return npu_graph_topk(r->g, "op", x, s->b < 50 ? s->b : 50, &index);
}

static struct npu_tensor *topk_index(struct graph_rig *r, struct npu_tensor *x,
				     const struct shape *s)
{
	struct npu_tensor *index;

	npu_graph_topk(r->g, "op", x, s->b < 9 ? s->b : 9, &index);
	return index;
}

static struct npu_tensor *embedding(struct graph_rig *r, struct npu_tensor *x,
				    const struct shape *s)
{
	(void)x;
	r->limit = 5;
	return npu_graph_embedding(r->g, "op",
				   graph_rig_weight(r, "w", NPU_SHAPE(5, s->b), 0),
				   npu_graph_input(r->g, "ids", NPU_TYPE_I32,
						   NPU_SHAPE(NPU_ROWS)));
}

static struct npu_tensor *positions(struct graph_rig *r, struct npu_tensor *x,
				    const struct shape *s)
{
	(void)x;
	return npu_graph_embedding(r->g, "op",
				   graph_rig_weight(r, "w", NPU_SHAPE(64, s->b), 0),
				   npu_graph_positions(r->g));
}

static struct npu_tensor *linear(struct graph_rig *r, struct npu_tensor *x,
				 const struct shape *s)
{
	x = npu_graph_reshape(r->g, "flat", x, NPU_SHAPE(NPU_ROWS, s->a * s->b));
	return npu_graph_linear(r->g, "op", x,
				graph_rig_weight(r, "w", NPU_SHAPE(37, s->a * s->b), 0),
				graph_rig_weight(r, "v", NPU_SHAPE(37), 0), NPU_ACT_NONE);
}

static struct npu_tensor *activation(struct graph_rig *r, struct npu_tensor *x,
				     const struct shape *s)
{
	return npu_graph_act(r->g, "op", x, s->act);
}

static struct npu_tensor *linear_sigmoid(struct graph_rig *r, struct npu_tensor *x,
					 const struct shape *s)
{
	x = npu_graph_reshape(r->g, "flat", x, NPU_SHAPE(NPU_ROWS, s->a * s->b));
	return npu_graph_linear(r->g, "op", x,
				graph_rig_weight(r, "w", NPU_SHAPE(20, s->a * s->b), 0), NULL,
				NPU_ACT_SIGMOID);
}

/**
 * struct kind - an operator
 * @name: for people
 * @build: adds it to the graph
 * @bound: largest relative error
 * @least: smallest number of columns that it makes sense for
 * @most: largest number of elements of a row that SRAM has room for, or 0
 * @act: activation
 */
static const struct kind {
	const char *name;
	build_fn build;
	double bound;
	uint32_t least, most;
	enum npu_act act;
} kinds[] = {
	{ "rmsnorm", rmsnorm, SINGLE, 1, 0, 0 },
	{ "rmsnorm without weights", rmsnorm_plain, SINGLE, 1, 0, 0 },
	{ "layernorm", layernorm, SINGLE, 2, 0, 0 },
	{ "softmax", softmax, SINGLE, 1, 0, 0 },
	{ "rope of neighbours", rope, SINGLE, 2, 12000, 0 },
	{ "rope of halves", rope_halves, SINGLE, 2, 12000, 0 },
	{ "add", add, SINGLE, 1, 0, 0 },
	{ "sub of a vector", sub_vector, SINGLE, 1, 0, 0 },
	{ "mul by a matrix", mul_matrix, SINGLE, 1, 0, 0 },
	{ "square", square, SINGLE, 1, 0, 0 },
	{ "chain of six", chain, SINGLE, 1, 0, 0 },
	{ "relu", activation, SINGLE, 1, 0, NPU_ACT_RELU },
	{ "gelu", activation, SINGLE, 1, 0, NPU_ACT_GELU },
	{ "gelu by erf", activation, SINGLE, 1, 0, NPU_ACT_GELU_ERF },
	{ "silu", activation, SINGLE, 1, 0, NPU_ACT_SILU },
	{ "tanh", activation, SINGLE, 1, 0, NPU_ACT_TANH },
	{ "sigmoid", activation, SINGLE, 1, 0, NPU_ACT_SIGMOID },
	{ "concat", concat, SINGLE, 1, 0, 0 },
	{ "slice", slice, SINGLE, 1, 0, 0 },
	{ "reshape", reshape, SINGLE, 1, 0, 0 },
	{ "transpose", transpose, SINGLE, 1, 0, 0 },
	{ "last rows", last_rows, SINGLE, 1, 0, 0 },
	{ "argmax", argmax, 0, 1, 0, 0 },
	{ "values of top-k", topk_values, SINGLE, 1, 0, 0 },
	{ "columns of top-k", topk_index, 0, 1, 0, 0 },
	{ "embedding", embedding, HALF, 1, 4500, 0 },
	{ "embedding of positions", positions, HALF, 1, 0, 0 },
	{ "linear", linear, INT8, 1, 2000, 0 },
	{ "linear under sigmoid", linear_sigmoid, INT8, 1, 2000, 0 },
};

static void test_case(const struct kind *k, const struct shape *s, uint32_t type)
{
	struct npu_tensor *x, *y;
	struct graph_rig r;
	double distance;

	graph_rig_init(&r, s->cores, s->sram, s->rows, 64);
	x = npu_graph_input(r.g, "x", type, NPU_SHAPE(NPU_ROWS, s->a, s->b));
	y = k->build(&r, x, s);
	npu_graph_output(r.g, "out", y);
	if (!graph_rig_build(&r)) {
		ok(false, "%s of [%u][%u][%u] on %u cores of %u: %s", k->name, s->rows, s->a,
		   s->b, s->cores, s->sram, r.err.message);
		graph_rig_free(&r);
		return;
	}
	if (!ok(graph_rig_run(&r, 11, s->run, s->run / 2 + 1),
		"%s of [%u of %u][%u][%u] on %u cores of %u", k->name, s->run, s->rows, s->a,
		s->b, s->cores, s->sram)) {
		graph_rig_free(&r);
		return;
	}
	distance = graph_rig_distance(&r, "out", y);
	ok(distance <= k->bound, "  as the interpreter: %.2g", distance);
	graph_rig_free(&r);
}

int main(void)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
			struct shape shape;

			if (shapes[s].b < kinds[k].least ||
			    (kinds[k].most && shapes[s].a * shapes[s].b > kinds[k].most))
				continue;
			shape = shapes[s];
			shape.act = kinds[k].act;
			test_case(&kinds[k], &shape, s % 3 == 2 ? NPU_TYPE_F16 : NPU_TYPE_F32);
		}
	return done_testing();
}
