// SPDX-License-Identifier: MIT
/*
 * Which nodes become one operator, and what keeps them apart: the number of
 * operators of a graph, with results that are right either way. Then what a
 * graph can be compiled to, and with which options it cannot.
 */
#include <errno.h>

#include "graph_rig.h"
#include "tap.h"

#define ROWS 6
#define WIDTH 24

struct env {
	struct graph_rig r;
	struct npu_graph *g;
	struct npu_tensor *x;
};

static struct npu_tensor *linear(struct env *e, struct npu_tensor *x, enum npu_act act)
{
	return npu_graph_linear(e->g, "linear", x,
				graph_rig_weight(&e->r, "w", NPU_SHAPE(WIDTH, WIDTH), 0),
				graph_rig_weight(&e->r, "b", NPU_SHAPE(WIDTH), 0), act);
}

static struct npu_tensor *act(struct env *e, struct npu_tensor *x, enum npu_act act)
{
	return npu_graph_act(e->g, "act", x, act);
}

static struct npu_tensor *norm(struct env *e, struct npu_tensor *x)
{
	return npu_graph_rmsnorm(e->g, "norm", x, NULL, 0.1f);
}

static struct npu_tensor *activation(struct env *e)
{
	return act(e, linear(e, e->x, NPU_ACT_NONE), NPU_ACT_GELU);
}

static struct npu_tensor *no_activation(struct env *e)
{
	return act(e, linear(e, e->x, NPU_ACT_NONE), NPU_ACT_TANH);
}

static struct npu_tensor *two_activations(struct env *e)
{
	return act(e, linear(e, e->x, NPU_ACT_SILU), NPU_ACT_RELU);
}

static struct npu_tensor *residual(struct env *e)
{
	return act(e, npu_graph_add(e->g, "add", e->x, linear(e, e->x, NPU_ACT_NONE)),
		   NPU_ACT_SILU);
}

static struct npu_tensor *shared_product(struct env *e)
{
	struct npu_tensor *y = linear(e, e->x, NPU_ACT_NONE);

	return npu_graph_mul(e->g, "mul", act(e, y, NPU_ACT_GELU), y);
}

static struct npu_tensor *output_between(struct env *e)
{
	struct npu_tensor *y = linear(e, e->x, NPU_ACT_NONE);

	npu_graph_output(e->g, "between", y);
	return act(e, y, NPU_ACT_RELU);
}

static struct npu_tensor *gated(struct env *e)
{
	struct npu_tensor *x = norm(e, e->x);

	return npu_graph_mul(e->g, "mul", linear(e, x, NPU_ACT_NONE),
			     act(e, linear(e, x, NPU_ACT_NONE), NPU_ACT_SIGMOID));
}

static struct npu_tensor *gated_apart(struct env *e)
{
	return npu_graph_mul(e->g, "mul", linear(e, e->x, NPU_ACT_SILU),
			     linear(e, norm(e, e->x), NPU_ACT_NONE));
}

static struct npu_tensor *norm_shared(struct env *e)
{
	struct npu_tensor *x = norm(e, e->x);

	return npu_graph_concat(e->g, "concat",
				(struct npu_tensor *[]){ linear(e, x, NPU_ACT_NONE),
							 linear(e, x, NPU_ACT_NONE) }, 2);
}

static struct npu_tensor *norm_needed(struct env *e)
{
	struct npu_tensor *x = norm(e, e->x);

	return npu_graph_mul(e->g, "mul", x, act(e, linear(e, x, NPU_ACT_NONE), NPU_ACT_TANH));
}

static struct npu_tensor *last_rows(struct env *e)
{
	return linear(e, norm(e, npu_graph_last_rows(e->g, "last", e->x)), NPU_ACT_NONE);
}

static struct npu_tensor *chain(struct env *e)
{
	struct npu_tensor *x = npu_graph_scale(e->g, "scale", e->x, 2, 1);

	x = npu_graph_mul(e->g, "mul", act(e, x, NPU_ACT_SILU), e->x);
	return npu_graph_sub(e->g, "sub", e->x, x);
}

static struct npu_tensor *dead(struct env *e)
{
	linear(e, e->x, NPU_ACT_NONE);
	return norm(e, e->x);
}

static struct npu_tensor *heads(struct env *e, struct npu_tensor *x, bool turn)
{
	static const struct npu_rope rope = { .dims = 6, .base = 1e4f };

	x = npu_graph_reshape(e->g, "heads", linear(e, x, NPU_ACT_NONE),
			      NPU_SHAPE(NPU_ROWS, 3, WIDTH / 3));
	return turn ? npu_graph_rope(e->g, "rope", x, &rope) : x;
}

static struct npu_tensor *attention(struct env *e)
{
	struct npu_tensor *x = norm(e, e->x);

	return npu_graph_attention(e->g, "attend", heads(e, x, true), heads(e, x, true),
				   heads(e, x, false),
				   npu_graph_cache(e->g, "cache", 3, WIDTH / 3), NULL);
}

/* Keys that turn, and queries that do not, are no fused operator. */
static struct npu_tensor *attention_apart(struct env *e)
{
	return npu_graph_attention(e->g, "attend", heads(e, e->x, false), heads(e, e->x, true),
				   heads(e, e->x, false),
				   npu_graph_cache(e->g, "cache", 3, WIDTH / 3), NULL);
}

static const struct {
	const char *name;
	struct npu_tensor *(*build)(struct env *e);
	uint32_t ops;
} patterns[] = {
	{ "linear, activation", activation, 1 },
	{ "linear, activation that the matrix engine lacks", no_activation, 2 },
	{ "linear with activation, another one", two_activations, 2 },
	{ "linear, residual, activation", residual, 1 },
	{ "linear that two nodes read", shared_product, 2 },
	{ "linear that is an output", output_between, 2 },
	/* what a gated pair and attention leave is binary16, an output not: one more */
	{ "norm, gated pair", gated, 2 },
	{ "pair of different inputs", gated_apart, 3 },
	{ "norm that two layers read", norm_shared, 4 },
	{ "norm that others read too", norm_needed, 3 },
	{ "last rows, norm, linear", last_rows, 1 },
	{ "chain of elementwise nodes", chain, 1 },
	{ "a node that nobody needs", dead, 1 },
	{ "attention of three layers", attention, 3 },
	{ "attention of what is no three layers", attention_apart, 7 },
};

static void test_pattern(uint32_t i)
{
	struct npu_tensor *y;
	struct env e;
	double d;

	graph_rig_init(&e.r, 1 + i % 3, 1 << 17, ROWS, 16);
	e.r.options.weights.kind = NPU_QUANT_F16;
	e.g = e.r.g;
	e.x = npu_graph_input(e.g, "x", NPU_TYPE_F32, NPU_SHAPE(NPU_ROWS, WIDTH));
	y = patterns[i].build(&e);
	npu_graph_output(e.g, "y", y);
	if (!ok(graph_rig_build(&e.r), "%s compiles", patterns[i].name)) {
		diag("%s", e.r.err.message);
		graph_rig_free(&e.r);
		return;
	}
	is(e.r.image->n_tags - 1, patterns[i].ops, "  to %u operators", patterns[i].ops);
	ok(graph_rig_run(&e.r, 3, ROWS, 2), "  and runs");
	d = graph_rig_distance(&e.r, "y", y);
	ok(d < 0.01, "  as the interpreter: %.2g", d);
	graph_rig_free(&e.r);
}

/* Tensors without rows, and programs of one row. */
static void test_static(void)
{
	struct npu_tensor *x, *y, *z;
	struct graph_rig r;

	graph_rig_init(&r, 3, 1 << 16, 1, 1);
	r.options.weights.kind = NPU_QUANT_F16;
	x = npu_graph_input(r.g, "x", NPU_TYPE_F32, NPU_SHAPE(7, 40));
	z = npu_graph_input(r.g, "z", NPU_TYPE_F32, NPU_SHAPE(NPU_ROWS, 9));
	x = npu_graph_linear(r.g, "linear", x,
			     graph_rig_weight(&r, "w", NPU_SHAPE(30, 40), 0), NULL, NPU_ACT_SILU);
	y = npu_graph_transpose(r.g, "turn", npu_graph_softmax(r.g, "soft", x, 1));
	z = npu_graph_rmsnorm(r.g, "norm", z, NULL, 0.1f);
	npu_graph_output(r.g, "y", y);
	npu_graph_output(r.g, "index", npu_graph_argmax(r.g, "argmax", x));
	npu_graph_output(r.g, "norm", z);
	if (!ok(graph_rig_build(&r), "a graph with and without rows compiles")) {
		diag("%s", r.err.message);
		graph_rig_free(&r);
		return;
	}
	ok(graph_rig_run(&r, 0, 1, 1), "  and runs");
	ok(graph_rig_distance(&r, "y", y) < 0.01, "  what has no rows is right");
	ok(graph_rig_distance(&r, "norm", z) < 1e-5, "  and what has them");
	graph_rig_free(&r);
}

static int compile(struct graph_rig *r)
{
	struct npu_job_image *image;
	int ret = npu_graph_compile(r->g, &r->target, &r->options, &image, &r->err);

	if (!ret)
		npu_job_image_free(image);
	return ret;
}

static void test_programs(void)
{
	const struct npu_graph_program programs[] = {
		{ .name = "one", .single = true },
		{ .name = "many", .rows = ROWS, .args = { 0, ROWS } },
		{ .name = "more", .rows = ROWS + 1 },
	};
	struct npu_job_image *image;
	struct graph_rig r;

	graph_rig_init(&r, 2, 1 << 16, ROWS, 16);
	npu_graph_output(r.g, "y", npu_graph_softmax(r.g, "s",
			 npu_graph_input(r.g, "x", NPU_TYPE_F32, NPU_SHAPE(NPU_ROWS, 5)), 1));
	r.options.programs = programs;
	r.options.n_programs = 2;
	ok(!npu_graph_compile(r.g, &r.target, &r.options, &image, &r.err), "two programs");
	is(image->n_programs, 2, "  are in the image");
	is_str(image->programs[1].name, "many", "  by name");
	is(image->programs[1].args[1], ROWS, "  with their arguments");
	npu_job_image_free(image);
	r.options.n_programs = 3;
	ok(compile(&r) == -EINVAL && strstr(r.err.message, "more"), "too many rows: %s",
	   r.err.message);
	r.options.n_programs = 0;
	is(compile(&r), -EINVAL, "no program: %s", r.err.message);
	r.options.programs = NULL;
	r.target.cores = 0;
	is(compile(&r), -EINVAL, "no device: %s", r.err.message);
	graph_rig_free(&r);
}

static void test_refused(void)
{
	struct npu_tensor *x;
	struct graph_rig r;

	graph_rig_init(&r, 2, 1 << 14, 32, 32);
	is(compile(&r), -EINVAL, "no output: %s", r.err.message);
	x = npu_graph_input(r.g, "x", NPU_TYPE_F32, NPU_SHAPE(NPU_ROWS, 9000));
	x = npu_graph_linear(r.g, "wide", x, graph_rig_weight(&r, "w", NPU_SHAPE(8, 9000), 0),
			     NULL, NPU_ACT_NONE);
	npu_graph_output(r.g, "y", x);
	r.options.no_fallback = true;
	ok(compile(&r) == -ENOSPC && strstr(r.err.message, "wide"), "does not fit: %s",
	   r.err.message);
	graph_rig_free(&r);

	graph_rig_init(&r, 2, 1 << 16, 32, 32);
	x = npu_graph_embedding(r.g, "place", graph_rig_weight(&r, "w", NPU_SHAPE(31, 8), 0),
				npu_graph_positions(r.g));
	npu_graph_output(r.g, "y", x);
	ok(compile(&r) == -EINVAL && strstr(r.err.message, "place"), "too few positions: %s",
	   r.err.message);
	graph_rig_free(&r);

	graph_rig_init(&r, 2, 1 << 16, 32, 32);
	x = npu_graph_input(r.g, "x", NPU_TYPE_F32, NPU_SHAPE(NPU_ROWS, 8, 8));
	npu_graph_output(r.g, "y", npu_graph_transpose(r.g, "turn", x));
	r.options.no_fallback = true;
	r.target.features &= ~NPU_FEAT_TRANSPOSE;
	ok(compile(&r) == -ENOTSUP && strstr(r.err.message, "turn"), "a feature lacks: %s",
	   r.err.message);
	graph_rig_free(&r);
}

int main(void)
{
	for (uint32_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		test_pattern(i);
	test_static();
	test_programs();
	test_refused();
	return done_testing();
}
