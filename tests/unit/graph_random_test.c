// SPDX-License-Identifier: MIT
/*
 * Random graphs: compiled, run on the device core, and compared with the
 * interpreter, over several seeds, sizes of SRAM and numbers of cores. The
 * replay looks for races in each. A failing graph is told by its seed.
 */
#include <stdio.h>

#include <npu/profile.h>

#include "compiler/node.h"
#include "graph_rig.h"
#include "tap.h"

#define GRAPHS 140
#define STEPS 14
#define CONTEXT 48

/**
 * struct maker - a random graph in the making
 * @r: rig
 * @pool: tensors with rows that may be used, @n of them
 * @ids: an input of indices
 * @step: number of the step, for names
 */
struct maker {
	struct graph_rig *r;
	struct npu_tensor *pool[4 * STEPS], *ids;
	uint32_t n, step;
	char name[16];
};

static const char *name(struct maker *m, const char *what)
{
	snprintf(m->name, sizeof(m->name), "%.8s%u", what, m->step);
	return m->name;
}

static uint32_t pick(struct maker *m, uint32_t n)
{
	return graph_rig_pick(m->r, n);
}

static struct npu_tensor *any(struct maker *m)
{
	return m->pool[pick(m, m->n)];
}

static uint64_t dim(const struct npu_tensor *t, uint32_t i)
{
	return npu_tensor_shape(t).dims[i];
}

static void keep(struct maker *m, struct npu_tensor *t)
{
	m->pool[m->n++] = t;
}

/* A tensor as rows, or last rows, of a single dimension. */
static struct npu_tensor *flat(struct maker *m, struct npu_tensor *x)
{
	struct npu_shape s = npu_tensor_shape(x);

	if (s.n_dims == 2)
		return x;
	return npu_graph_reshape(m->r->g, name(m, "flat"), x,
				 NPU_SHAPE(s.dims[0], shape_inner(&s)));
}

static struct npu_tensor *linear(struct maker *m, struct npu_tensor *x, uint64_t n,
				 enum npu_act act)
{
	struct npu_tensor *w = graph_rig_weight(m->r, "weight", NPU_SHAPE(n, dim(x, 1)), 0);
	struct npu_tensor *bias = pick(m, 2) ?
				  graph_rig_weight(m->r, "bias", NPU_SHAPE(n), 0) : NULL;

	return npu_graph_linear(m->r->g, name(m, "linear"), x, w, bias, act);
}

static void add_linear(struct maker *m)
{
	keep(m, linear(m, flat(m, any(m)), 1 + pick(m, 90), pick(m, NPU_ACT_COUNT)));
}

/* A norm before a layer, and what came in added behind it, perhaps under an activation. */
static void add_residual(struct maker *m)
{
	struct npu_tensor *x = flat(m, any(m)), *y = x;

	if (pick(m, 2))
		y = npu_graph_rmsnorm(m->r->g, name(m, "norm"), x, NULL, 0.1f);
	y = linear(m, y, dim(x, 1), NPU_ACT_NONE);
	y = npu_graph_add(m->r->g, name(m, "sum"), y, x);
	if (pick(m, 2))
		y = npu_graph_act(m->r->g, name(m, "act"), y, pick(m, NPU_ACT_COUNT));
	keep(m, y);
}

static void add_gated(struct maker *m)
{
	struct npu_tensor *x = flat(m, any(m)), *gate, *up;
	uint64_t n = 1 + pick(m, 70);

	x = npu_graph_layernorm(m->r->g, name(m, "norm"), x,
				graph_rig_weight(m->r, "w", NPU_SHAPE(dim(x, 1)), 1), NULL, 0.1f);
	gate = linear(m, x, n, pick(m, 2) ? NPU_ACT_SILU : NPU_ACT_NONE);
	if (pick(m, 2))
		gate = npu_graph_act(m->r->g, name(m, "act"), gate, NPU_ACT_GELU);
	up = linear(m, x, n, NPU_ACT_NONE);
	keep(m, pick(m, 2) ? npu_graph_mul(m->r->g, name(m, "gated"), gate, up) :
			     npu_graph_mul(m->r->g, name(m, "gated"), up, gate));
}

static void add_norm(struct maker *m)
{
	struct npu_tensor *x = any(m);
	uint64_t last = dim(x, npu_tensor_shape(x).n_dims - 1);
	struct npu_tensor *w = graph_rig_weight(m->r, "w", NPU_SHAPE(last), 1);

	if (pick(m, 2))
		keep(m, npu_graph_rmsnorm(m->r->g, name(m, "rms"), x, w, 0.1f));
	else
		keep(m, npu_graph_layernorm(m->r->g, name(m, "layer"), x, w, w, 0.1f));
}

static void add_elementwise(struct maker *m)
{
	struct npu_tensor *x = any(m), *y = any(m);
	struct npu_shape s = npu_tensor_shape(x), t = npu_tensor_shape(y);
	struct npu_graph *g = m->r->g;

	if (!shape_equal(&s, &t)) {
		struct npu_shape vector = { .n_dims = s.n_dims - 1 };

		memcpy(vector.dims, s.dims + 1, vector.n_dims * sizeof(vector.dims[0]));
		y = graph_rig_weight(m->r, "vector", vector, 0.5f);
	}
	switch (pick(m, 5)) {
	case 0:
		keep(m, npu_graph_add(g, name(m, "add"), x, y));
		break;
	case 1:
		keep(m, npu_graph_sub(g, name(m, "sub"), x, y));
		break;
	case 2:
		x = npu_graph_act(g, name(m, "tanh"), x, NPU_ACT_TANH);
		keep(m, npu_graph_mul(g, name(m, "mul"), x, y));
		break;
	case 3:
		keep(m, npu_graph_scale(g, name(m, "scale"), x, 0.7f, -0.1f));
		break;
	default:
		keep(m, npu_graph_act(g, name(m, "act"), x, pick(m, NPU_ACT_COUNT)));
	}
}

static void add_softmax(struct maker *m)
{
	keep(m, npu_graph_softmax(m->r->g, name(m, "softmax"), any(m), 0.5f));
}

static void add_move(struct maker *m)
{
	struct npu_tensor *x = any(m), *parts[2] = { x, x };
	struct npu_graph *g = m->r->g;
	struct npu_shape s = npu_tensor_shape(x);
	uint64_t last = dim(x, s.n_dims - 1), first = pick(m, last);

	switch (pick(m, 3)) {
	case 0:
		if (last < 100)
			keep(m, npu_graph_concat(g, name(m, "concat"), parts, 2));
		break;
	case 1:
		keep(m, npu_graph_slice(g, name(m, "slice"), x, first,
					1 + pick(m, last - first)));
		break;
	default:
		if (s.n_dims == 3)
			keep(m, npu_graph_transpose(g, name(m, "turn"), x));
		else if (last % 2 == 0)
			keep(m, npu_graph_reshape(g, name(m, "shape"), x,
						  NPU_SHAPE(s.dims[0], 2, last / 2)));
	}
}

static void add_embedding(struct maker *m)
{
	struct npu_tensor *table;

	table = graph_rig_weight(m->r, "table", NPU_SHAPE(CONTEXT, 1 + pick(m, 60)), 0);
	keep(m, npu_graph_embedding(m->r->g, name(m, "embed"), table,
				    pick(m, 2) ? m->ids : npu_graph_positions(m->r->g)));
}

/* What follows may work on the last rows, beside what works on all. */
static void add_last_rows(struct maker *m)
{
	struct npu_tensor *x = any(m);

	if (dim(x, 0) != NPU_ROWS)
		return;
	x = npu_graph_last_rows(m->r->g, name(m, "last"), x);
	if (pick(m, 2))
		x = npu_graph_rmsnorm(m->r->g, name(m, "norm"), x, NULL, 0.1f);
	keep(m, pick(m, 2) ? linear(m, flat(m, x), 1 + pick(m, 80), NPU_ACT_NONE) : x);
}

/* Heads of a tensor: a linear layer, and then what may be between it and attention. */
static struct npu_tensor *heads(struct maker *m, struct npu_tensor *x, uint32_t n,
				uint32_t width, const struct npu_rope *rope, bool norm)
{
	x = linear(m, x, n * width, NPU_ACT_NONE);
	x = npu_graph_reshape(m->r->g, name(m, "heads"), x, NPU_SHAPE(NPU_ROWS, n, width));
	if (norm)
		x = npu_graph_rmsnorm(m->r->g, name(m, "qknorm"), x,
				      graph_rig_weight(m->r, "w", NPU_SHAPE(width), 1), 0.1f);
	return rope ? npu_graph_rope(m->r->g, name(m, "rope"), x, rope) : x;
}

static void add_attention(struct maker *m)
{
	struct npu_rope rope = { .base = 1e4f, .pairs = pick(m, 2) };
	struct npu_attention options = { .window = pick(m, 2) ? 3 + pick(m, 9) : 0 };
	uint32_t kv = 1 + pick(m, 3), group = 1 + pick(m, 3), width = 2 * (1 + pick(m, 12));
	bool norm = pick(m, 2), turn = pick(m, 3);
	struct npu_tensor *x = flat(m, any(m)), *q, *k, *v;
	struct npu_cache *cache;

	if (dim(x, 0) != NPU_ROWS)
		return;
	rope.dims = 2 * (1 + pick(m, width / 2));
	if (pick(m, 2))
		x = npu_graph_rmsnorm(m->r->g, name(m, "norm"), x, NULL, 0.1f);
	q = heads(m, x, kv * group, width, turn ? &rope : NULL, norm);
	k = heads(m, x, kv, width, turn ? &rope : NULL, norm);
	v = heads(m, x, kv, width, NULL, false);
	if (!pick(m, 3))	/* one that is no linear layer */
		v = npu_graph_act(m->r->g, name(m, "vact"), v, NPU_ACT_SILU);
	cache = npu_graph_cache(m->r->g, name(m, "cache"), kv, width);
	keep(m, npu_graph_attention(m->r->g, name(m, "attend"), q, k, v, cache, &options));
}

static void build(struct maker *m)
{
	static void (*const steps[])(struct maker *m) = {
		add_linear, add_residual, add_gated, add_norm, add_elementwise,
		add_elementwise, add_softmax, add_move, add_move, add_attention,
		add_embedding, add_last_rows,
	};
	uint32_t n = 4 + pick(m, STEPS - 4);

	keep(m, npu_graph_input(m->r->g, "x", NPU_TYPE_F32,
				NPU_SHAPE(NPU_ROWS, 2 * (1 + pick(m, 60)))));
	keep(m, npu_graph_input(m->r->g, "z", pick(m, 2) ? NPU_TYPE_F16 : NPU_TYPE_F32,
				NPU_SHAPE(NPU_ROWS, 1 + pick(m, 4), 2 * (1 + pick(m, 20)))));
	m->ids = npu_graph_input(m->r->g, "ids", NPU_TYPE_I32, NPU_SHAPE(NPU_ROWS));
	m->r->limit = CONTEXT;
	for (m->step = 0; m->step < n && m->r->n_weights < GRAPH_RIG_WEIGHTS - 12; m->step++)
		steps[pick(m, sizeof(steps) / sizeof(steps[0]))](m);
}

/* All that was kept, but the inputs, is an output; or only some of it. */
static uint32_t name_outputs(struct maker *m, struct npu_tensor **outputs,
			     char names[][16])
{
	uint32_t n = 0;

	for (uint32_t i = 2; i < m->n; i++) {
		if (i + 1 < m->n && pick(m, 3))
			continue;
		snprintf(names[n], sizeof(names[n]), "out%u", n);
		npu_graph_output(m->r->g, names[n], m->pool[i]);
		outputs[n++] = m->pool[i];
	}
	return n;
}

static bool same_images(const struct npu_job_image *a, const struct npu_job_image *b)
{
	if (a->n_segments != b->n_segments || a->n_tensors != b->n_tensors ||
	    a->n_programs != b->n_programs)
		return false;
	for (uint32_t i = 0; i < a->n_segments; i++) {
		const struct npu_job_segment *s = &a->segments[i], *t = &b->segments[i];

		if (s->va != t->va || s->size != t->size || s->data_size != t->data_size ||
		    (s->data_size && memcmp(s->data, t->data, s->data_size)))
			return false;
	}
	return true;
}

static bool compiles_the_same(struct graph_rig *r)
{
	struct npu_job_image *again;
	bool same;

	if (npu_graph_compile(r->g, &r->target, &r->options, &again, &r->err))
		return false;
	same = same_images(r->image, again);
	npu_job_image_free(again);
	return same;
}

static void compare(struct graph_rig *r, struct npu_tensor **outputs, char names[][16],
		    uint32_t n, double bound)
{
	double worst = 0;
	uint32_t which = 0;

	for (uint32_t i = 0; i < n; i++) {
		double d = graph_rig_distance(r, names[i], outputs[i]);

		if (!(d <= worst)) {
			worst = d;
			which = i;
		}
	}
	ok(worst <= bound, "  %u outputs as the interpreter's: %.2g", n, worst);
	if (!(worst <= bound))
		diag("the worst is %s, of '%s'", names[which], npu_tensor_name(outputs[which]));
}

/* Predictions hold on each of them: loaded_run() looks. */
static uint32_t machines(void)
{
	uint32_t n = 0;

	while (npu_profile_name(n))
		n++;
	return n;
}

static void test_graph(uint32_t seed)
{
	static const uint32_t srams[] = { 1 << 15, 1 << 16, 1 << 18 };
	struct npu_tensor *outputs[4 * STEPS];
	char names[4 * STEPS][16];
	struct maker m = { 0 };
	struct graph_rig r;
	uint32_t n, rows;
	bool int8;

	graph_rig_init(&r, 1 + seed % 5, srams[seed % 3], 1, CONTEXT);
	r.seed = seed * 2654435761u;
	r.config.profile = npu_profile_name(seed % machines());
	m.r = &r;
	rows = r.options.rows = 1 + pick(&m, 20);
	int8 = !pick(&m, 4);
	r.options.weights.kind = int8 ? NPU_QUANT_INT8 : NPU_QUANT_F16;
	r.options.no_fallback = true;
	build(&m);
	n = m.n > 2 ? name_outputs(&m, outputs, names) : 0;
	if (!n) {
		graph_rig_free(&r);
		return;
	}
	if (!ok(graph_rig_build(&r), "graph %u of %u values compiles for %u cores of %u", seed,
		m.n, r.target.cores, r.target.sram_size)) {
		diag("%s", r.err.message);
		graph_rig_free(&r);
		return;
	}
	ok(compiles_the_same(&r), "  to the same bytes each time");
	ok(graph_rig_run(&r, 0, rows, 1 + rows / 2), "  and runs %u rows", rows);
	compare(&r, outputs, names, n, int8 ? 0.15 : 0.01);
	rows = 1 + pick(&m, rows);
	ok(graph_rig_run(&r, r.options.rows, rows, rows), "  and %u rows behind them", rows);
	compare(&r, outputs, names, n, int8 ? 0.15 : 0.01);
	graph_rig_free(&r);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		test_graph(atoi(argv[1]));
		return done_testing();
	}
	for (uint32_t seed = 1; seed <= GRAPHS; seed++)
		test_graph(seed);
	return done_testing();
}
