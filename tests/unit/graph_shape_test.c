// SPDX-License-Identifier: MIT
/* Shapes of the graph API: what each operator gives, and what it refuses. */
#include <npu/graph.h>

#include "tap.h"

static const float data[4096];

struct env {
	struct npu_graph *g;
	struct npu_tensor *x, *heads, *ids, *w, *vec;
	struct npu_cache *cache;
};

static struct env start(void)
{
	struct env e;

	if (npu_graph_create(&e.g, NULL))
		bail_out("no graph");
	e.x = npu_graph_input(e.g, "x", NPU_TYPE_F32, NPU_SHAPE(NPU_ROWS, 12));
	e.heads = npu_graph_input(e.g, "heads", NPU_TYPE_F32, NPU_SHAPE(NPU_ROWS, 3, 4));
	e.ids = npu_graph_input(e.g, "ids", NPU_TYPE_I32, NPU_SHAPE(NPU_ROWS));
	e.w = npu_graph_constant(e.g, "w", data, NPU_SHAPE(5, 12));
	e.vec = npu_graph_constant(e.g, "vec", data, NPU_SHAPE(12));
	e.cache = npu_graph_cache(e.g, "blk.0", 3, 4);
	return e;
}

static void shape_is(const struct npu_tensor *t, struct npu_shape want, const char *what)
{
	struct npu_shape got = npu_tensor_shape(t);
	bool same = t && got.n_dims == want.n_dims;

	for (uint32_t i = 0; same && i < want.n_dims; i++)
		same = got.dims[i] == want.dims[i];
	ok(same, "%s", what);
}

static void test_shapes(void)
{
	struct env e = start();
	struct npu_tensor *parts[] = { e.x, e.x }, *index, *y;

	y = npu_graph_linear(e.g, "linear", e.x, e.w, NULL, NPU_ACT_GELU);
	shape_is(y, NPU_SHAPE(NPU_ROWS, 5), "linear: [rows][outputs]");
	shape_is(npu_graph_embedding(e.g, "embed", e.w, e.ids), NPU_SHAPE(NPU_ROWS, 12),
		 "embedding: [rows][width]");
	shape_is(npu_graph_embedding(e.g, "place", e.w, npu_graph_positions(e.g)),
		 NPU_SHAPE(NPU_ROWS, 12), "embedding of positions");
	shape_is(npu_graph_rmsnorm(e.g, "norm", e.heads, NULL, 1e-5f),
		 NPU_SHAPE(NPU_ROWS, 3, 4), "rmsnorm keeps the shape");
	shape_is(npu_graph_concat(e.g, "concat", parts, 2), NPU_SHAPE(NPU_ROWS, 24),
		 "concat adds the last dimensions");
	shape_is(npu_graph_slice(e.g, "slice", e.x, 3, 7), NPU_SHAPE(NPU_ROWS, 7),
		 "slice: so many columns");
	shape_is(npu_graph_reshape(e.g, "reshape", e.x, NPU_SHAPE(NPU_ROWS, 2, 6)),
		 NPU_SHAPE(NPU_ROWS, 2, 6), "reshape");
	shape_is(npu_graph_transpose(e.g, "transpose", e.heads), NPU_SHAPE(NPU_ROWS, 4, 3),
		 "transpose exchanges the last two");
	shape_is(npu_graph_last_rows(e.g, "last", e.x), NPU_SHAPE(NPU_LAST_ROWS, 12),
		 "last rows");
	shape_is(npu_graph_argmax(e.g, "argmax", e.heads), NPU_SHAPE(NPU_ROWS, 3), "argmax");
	shape_is(npu_graph_topk(e.g, "topk", e.x, 5, &index), NPU_SHAPE(NPU_ROWS, 5), "top-k");
	shape_is(index, NPU_SHAPE(NPU_ROWS, 5), "  and its columns");
	is(npu_tensor_type(index), NPU_TYPE_I32, "  are integers");
	shape_is(npu_graph_attention(e.g, "attend", e.heads, e.heads, e.heads, e.cache, NULL),
		 NPU_SHAPE(NPU_ROWS, 3, 4), "attention: the shape of the queries");
	shape_is(npu_graph_add(e.g, "sum", e.x, e.vec), NPU_SHAPE(NPU_ROWS, 12),
		 "add of a vector");
	shape_is(npu_graph_weight_rows(e.g, e.w, 2, 3), NPU_SHAPE(3, 12), "rows of a weight");
	npu_graph_output(e.g, "y", y);
	is(npu_graph_error(e.g)->code, 0, "no error");
	npu_graph_destroy(e.g);
}

static void bad_linear(struct env *e)
{
	npu_graph_linear(e->g, "bad", e->heads, e->w, NULL, NPU_ACT_NONE);
}

static void bad_width(struct env *e)
{
	npu_graph_linear(e->g, "bad", npu_graph_slice(e->g, "s", e->x, 0, 11), e->w, NULL,
			 NPU_ACT_NONE);
}

static void bad_bias(struct env *e)
{
	npu_graph_linear(e->g, "bad", e->x, e->w, e->vec, NPU_ACT_NONE);
}

static void bad_act(struct env *e)
{
	npu_graph_act(e->g, "bad", e->x, NPU_ACT_COUNT);
}

static void bad_norm(struct env *e)
{
	npu_graph_rmsnorm(e->g, "bad", e->heads, e->vec, 0);
}

static void bad_eps(struct env *e)
{
	npu_graph_layernorm(e->g, "bad", e->x, e->vec, NULL, -1);
}

static void bad_add(struct env *e)
{
	npu_graph_add(e->g, "bad", e->x, e->heads);
}

static void bad_integers(struct env *e)
{
	npu_graph_mul(e->g, "bad", e->ids, e->ids);
}

static void bad_index(struct env *e)
{
	npu_graph_embedding(e->g, "bad", e->w, e->x);
}

static void bad_computed(struct env *e)
{
	npu_graph_linear(e->g, "bad", e->x, e->x, NULL, NPU_ACT_NONE);
}

static void bad_concat(struct env *e)
{
	struct npu_tensor *parts[] = { e->x, e->heads };

	npu_graph_concat(e->g, "bad", parts, 2);
}

static void bad_nothing(struct env *e)
{
	npu_graph_concat(e->g, "bad", NULL, 0);
}

static void bad_slice(struct env *e)
{
	npu_graph_slice(e->g, "bad", e->x, UINT64_MAX - 2, 7);
}

static void bad_reshape(struct env *e)
{
	npu_graph_reshape(e->g, "bad", e->x, NPU_SHAPE(12, NPU_ROWS));
}

static void bad_static(struct env *e)
{
	npu_graph_reshape(e->g, "bad", e->x, NPU_SHAPE(12));
}

static void bad_transpose(struct env *e)
{
	npu_graph_transpose(e->g, "bad", e->x);
}

static void bad_topk(struct env *e)
{
	struct npu_tensor *index;

	npu_graph_topk(e->g, "bad", e->x, 13, &index);
}

static void bad_argmax(struct env *e)
{
	npu_graph_argmax(e->g, "bad", e->vec);
}

static void bad_rope(struct env *e)
{
	npu_graph_rope(e->g, "bad", e->heads, &(struct npu_rope){ .dims = 6, .base = 1e4f });
}

static void bad_base(struct env *e)
{
	npu_graph_rope(e->g, "bad", e->heads, &(struct npu_rope){ .dims = 4 });
}

static void bad_heads(struct env *e)
{
	npu_graph_attention(e->g, "bad", e->heads,
			    npu_graph_reshape(e->g, "k", e->x, NPU_SHAPE(NPU_ROWS, 4, 3)),
			    e->heads, e->cache, NULL);
}

static void bad_cache(struct env *e)
{
	npu_graph_attention(e->g, "good", e->heads, e->heads, e->heads, e->cache, NULL);
	npu_graph_attention(e->g, "bad", e->heads, e->heads, e->heads, e->cache, NULL);
}

static void bad_missing(struct env *e)
{
	npu_graph_add(e->g, "bad", e->x, NULL);
}

static void bad_positions(struct env *e)
{
	npu_graph_add(e->g, "bad", npu_graph_positions(e->g), e->x);
}

static void bad_twice(struct env *e)
{
	npu_graph_input(e->g, "bad", NPU_TYPE_F32, NPU_SHAPE(1));
	npu_graph_input(e->g, "bad", NPU_TYPE_F32, NPU_SHAPE(1));
}

static void bad_cache_name(struct env *e)
{
	npu_graph_cache(e->g, "bad", 0, 1);
}

static void bad_name(struct env *e)
{
	npu_graph_input(e->g, "bad name", NPU_TYPE_F32, NPU_SHAPE(1));
}

static void bad_output(struct env *e)
{
	npu_graph_output(e->g, "bad", e->x);
}

static void bad_outputs(struct env *e)
{
	struct npu_tensor *y = npu_graph_act(e->g, "a", e->x, NPU_ACT_RELU);

	npu_graph_output(e->g, "first", y);
	npu_graph_output(e->g, "bad", y);
}

static void bad_type(struct env *e)
{
	npu_graph_input(e->g, "bad", NPU_TYPE_I8, NPU_SHAPE(1));
}

static void bad_size(struct env *e)
{
	npu_graph_input(e->g, "bad", NPU_TYPE_F32, NPU_SHAPE(1ull << 40, 1ull << 40));
}

static void bad_zero(struct env *e)
{
	npu_graph_input(e->g, "bad", NPU_TYPE_F32, NPU_SHAPE(NPU_ROWS, 0));
}

static void bad_dims(struct env *e)
{
	struct npu_shape shape = { .n_dims = NPU_GRAPH_MAX_DIMS + 1 };

	npu_graph_input(e->g, "bad", NPU_TYPE_F32, shape);
}

static void bad_rows(struct env *e)
{
	npu_graph_weight_rows(e->g, npu_graph_constant(e->g, "bad", data, NPU_SHAPE(4, 4)),
			      3, UINT64_MAX);
}

static const struct {
	const char *says;
	void (*build)(struct env *e);
} bad[] = {
	{ "linear", bad_linear }, { "[rows][11]", bad_width }, { "[12]", bad_bias },
	{ "activation", bad_act }, { "not [4]", bad_norm }, { "eps", bad_eps },
	{ "[rows][3][4]", bad_add }, { "integers", bad_integers }, { "I32", bad_index },
	{ "computed", bad_computed }, { "only the last", bad_concat },
	{ "no parts", bad_nothing }, { "columns", bad_slice }, { "[12][rows]", bad_reshape },
	{ "elements than [12]", bad_static }, { "two last", bad_transpose },
	{ "13 largest of 12", bad_topk }, { "two dimensions", bad_argmax },
	{ "6 elements of a head of 4", bad_rope }, { "base 0", bad_base },
	{ "[rows][4][3]", bad_heads }, { "'good' already", bad_cache },
	{ "operand 2 is missing", bad_missing }, { "index of an embedding", bad_positions },
	{ "has an input", bad_twice }, { "0 heads of 1", bad_cache_name },
	{ "no space", bad_name }, { "not computed", bad_output }, { "output 'first' already", bad_outputs },
	{ "not type 1", bad_type }, { "too large", bad_size }, { "not zero", bad_zero },
	{ "5 dimensions", bad_dims }, { "rows 3 to", bad_rows },
};

static void test_errors(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct env e = start();
		const struct npu_error *err = npu_graph_error(e.g);

		bad[i].build(&e);
		ok(err->code < 0 && strstr(err->message, "bad"), "refused by name: %s",
		   err->message);
		ok(strstr(err->message, bad[i].says), "  with '%s'", bad[i].says);
		npu_graph_destroy(e.g);
	}
}

static void test_sticky(void)
{
	struct env e = start();
	struct npu_tensor *y;

	y = npu_graph_linear(e.g, "first", e.x, e.x, NULL, NPU_ACT_NONE);
	ok(!y, "a node that is refused gives no tensor");
	y = npu_graph_add(e.g, "second", y, y);
	ok(!y && strstr(npu_graph_error(e.g)->message, "first"), "the first error stays");
	npu_graph_fail(e.g, -5, "third");
	ok(!strstr(npu_graph_error(e.g)->message, "third"), "also when the caller has one");
	npu_graph_destroy(e.g);
}

int main(void)
{
	test_shapes();
	test_errors();
	test_sticky();
	return done_testing();
}
