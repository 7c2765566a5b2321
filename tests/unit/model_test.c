// SPDX-License-Identifier: MIT
/* Model descriptions: what is read, and what each misfit is told. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <npu/model.h>

#include "tap.h"
#include "tiny_model.h"

static void test_good(bool tied)
{
	struct tiny tiny = tiny_default;
	const struct npu_model_config *c;
	struct npu_model *model;
	struct builder b;
	struct exact e;

	tiny.tied = tied;
	tiny_build(&b, &tiny);
	e = open_exact(b.file.data, b.file.size);
	is(e.ret, 0, "a model file, %s", tied ? "tied" : "not tied");
	is(npu_model_create(e.gguf, &model, &e.err), 0, "is described");
	c = &model->config;
	ok(c->vocab == 23 && c->d_model == 20 && c->layers == 2 &&
	   c->heads == 4 && c->kv_heads == 2 && c->head_dim == 6 &&
	   c->ffn == 37 && c->context == 16 && c->rope_dims == 6, "sizes");
	ok(c->rope_config.base == 10000 && fabsf(c->norm_eps - 1e-5f) < 1e-9f, "reals");
	is(c->tied, tied, "tied");
	ok((model->output == model->token_embd) == tied, "output matrix");
	is_str(model->token_embd->name, "token_embd.weight", "embedding");
	is_str(model->output_norm->name, "output_norm.weight", "last norm");
	is_str(model->layer[1].attn_norm->name, "blk.1.attn_norm.weight", "a");
	is_str(model->layer[1].attn_q->name, "blk.1.attn_q.weight", "q");
	is_str(model->layer[1].attn_k->name, "blk.1.attn_k.weight", "k");
	is_str(model->layer[1].attn_v->name, "blk.1.attn_v.weight", "v");
	is_str(model->layer[1].attn_output->name, "blk.1.attn_output.weight",
	       "o");
	is_str(model->layer[1].ffn_norm->name, "blk.1.ffn_norm.weight", "f");
	is_str(model->layer[1].ffn_gate->name, "blk.1.ffn_gate.weight", "g");
	is_str(model->layer[1].ffn_up->name, "blk.1.ffn_up.weight", "u");
	is_str(model->layer[0].ffn_down->name, "blk.0.ffn_down.weight", "d");
	npu_model_destroy(model);
	close_exact(&e);
	builder_free(&b);
}

/* Finish the file in @b and expect that no model is made of it. */
static void refused(struct builder *b, int code, const char *reason)
{
	struct npu_model *model = NULL;
	struct exact e;
	int ret;

	builder_end(b);
	e = open_exact(b->file.data, b->file.size);
	if (is(e.ret, 0, "the file itself is good")) {
		ret = npu_model_create(e.gguf, &model, &e.err);
		is(ret, code, "refused: %s", reason);
		is(e.err.code, code, "code");
		ok(strstr(e.err.message, reason) &&
		   !strncmp(e.err.message, "test: ", 6),
		   "message: %s", e.err.message);
		is(npu_model_create(e.gguf, &model, NULL), code,
		   "and without a place for the message");
		if (!ret)
			npu_model_destroy(model);
	}
	close_exact(&e);
	builder_free(b);
}

/* The tiny model with one number changed. */
static void refuse_changed(const struct tiny *tiny, int code,
			   const char *reason)
{
	struct builder b;

	builder_start(&b, 3);
	tiny_metadata(&b, tiny);
	tiny_tensors(&b, tiny_default);
	refused(&b, code, reason);
}

#define refuse_with(member, value, code, reason) do {	\
	struct tiny changed = tiny_default;		\
							\
	changed.member = (value);			\
	refuse_changed(&changed, code, reason);		\
} while (0)

static void test_numbers(void)
{
	refuse_with(vocab, 0, -EINVAL, "llama.vocab_size is 0");
	refuse_with(vocab, 0xffffffff, -EINVAL, "expected 1 to 1048576");
	refuse_with(d_model, 0, -EINVAL, "llama.embedding_length is 0");
	refuse_with(d_model, 1u << 18, -EINVAL, "expected 1 to 131072");
	refuse_with(layers, 0, -EINVAL, "llama.block_count is 0");
	refuse_with(layers, 1024, -EINVAL, "too few for 1024 blocks");
	refuse_with(layers, 1u << 31, -EINVAL, "llama.block_count is 2147483648");
	refuse_with(heads, 0, -EINVAL, "llama.attention.head_count is 0");
	refuse_with(kv_heads, 3, -EINVAL, "evenly");
	refuse_with(kv_heads, 0, -EINVAL, "head_count_kv is 0");
	refuse_with(head_dim, 1025, -EINVAL, "expected 1 to 1024");
	refuse_with(ffn, 0, -EINVAL, "llama.feed_forward_length is 0");
	refuse_with(context, 1u << 23, -EINVAL, "llama.context_length");
	refuse_with(rope_dims, 3, -EINVAL, "turns pairs");
	refuse_with(rope_dims, 8, -EINVAL, "expected 1 to 6");
}

static void test_shapes(void)
{
	refuse_with(d_model, 21, -EINVAL,
		    "tensor 'token_embd.weight' has shape [20, 23], expected [21, 23]");
	refuse_with(vocab, 24, -EINVAL, "has shape [20, 23], expected [20, 24]");
	refuse_with(kv_heads, 4, -EINVAL,
		    "tensor 'blk.0.attn_k.weight' has shape [20, 12], expected [20, 24]");
	refuse_with(heads, 6, -EINVAL,
		    "tensor 'blk.0.attn_q.weight' has shape [20, 24], expected [20, 36]");
	refuse_with(ffn, 38, -EINVAL,
		    "tensor 'blk.0.ffn_gate.weight' has shape [20, 37], expected [20, 38]");
	refuse_with(layers, 3, -EINVAL, "too few for 3 blocks");
	refuse_with(layers, 1, -ENOTSUP,
		    "tensor 'blk.1.attn_norm.weight' has no place");
}

static void test_keys(void)
{
	static const char *const tokens[] = { "a", "b" };
	struct tiny tiny = tiny_default;
	struct builder b;

	builder_start(&b, 3);
	refused(&b, -EINVAL, "'general.architecture' is missing");
	builder_start(&b, 3);
	add_string(&b, "general.architecture", "mamba\n");
	refused(&b, -ENOTSUP,
		"architecture 'mamba\\x0a' is not supported (supported: llama, qwen2, qwen3, gpt2)");
	builder_start(&b, 3);
	add_string(&b, "general.architecture", "llama");
	add_string(&b, "llama.embedding_length", "many");
	refused(&b, -EINVAL, "has type string, expected an integer");
	builder_start(&b, 3);
	add_string(&b, "general.architecture", "llama");
	refused(&b, -EINVAL, "'llama.embedding_length' is missing");
	builder_start(&b, 3);
	tiny_metadata(&b, &tiny);
	add_string(&b, "llama.rope.scaling.type", "longrope");
	refused(&b, -ENOTSUP, "RoPE scaling 'longrope' is not supported (supported: none, linear, yarn)");
	builder_start(&b, 3);
	tiny_metadata(&b, &tiny);
	add_strings(&b, "tokenizer.ggml.tokens", tokens, 2);
	tiny_tensors(&b, tiny);
	refused(&b, -EINVAL, "the model has 23 tokens, its tokenizer 2");
	builder_start(&b, 3);
	tiny_metadata(&b, &tiny);
	tiny_tensors(&b, tiny);
	tiny_matrix(&b, &tiny, "blk.0.attn_q_norm.weight", 6, 0);
	refused(&b, -ENOTSUP,
		"tensor 'blk.0.attn_q_norm.weight' has no place in the llama");
	builder_start(&b, 3);
	tiny_metadata(&b, &tiny);
	tiny.layers = 3;
	tiny.vocab = 22;
	tiny_layer(&b, &tiny, 0);
	tiny_layer(&b, &tiny, 1);
	refused(&b, -EINVAL, "tensor 'token_embd.weight' is missing");
}

static void test_norm_type(void)
{
	const uint64_t dims[] = { 20, 0 };
	struct tiny tiny = tiny_default;
	unsigned char data[40] = { 0 };
	struct builder b;

	builder_start(&b, 3);
	tiny_metadata(&b, &tiny);
	tiny_matrix(&b, &tiny, "token_embd.weight", 20, 23);
	tiny_layer(&b, &tiny, 0);
	tiny_layer(&b, &tiny, 1);
	add_tensor(&b, "output_norm.weight", NPU_GGUF_F16, dims, data, 40);
	refused(&b, -EINVAL, "has type F16, expected F32 for a norm");
}

/* Keys that a file may leave out, and what they are then. */
static void test_defaults(void)
{
	struct tiny tiny = tiny_default;
	struct npu_model *model;
	struct builder b;
	struct exact e;

	tiny.heads = 5;
	tiny.kv_heads = 5;
	tiny.head_dim = 4;
	builder_start(&b, 3);
	add_string(&b, "general.architecture", "llama");
	add_u32(&b, "llama.embedding_length", tiny.d_model);
	add_u32(&b, "llama.block_count", tiny.layers);
	add_u32(&b, "llama.attention.head_count", tiny.heads);
	add_u32(&b, "llama.feed_forward_length", tiny.ffn);
	add_u32(&b, "llama.context_length", tiny.context);
	add_f32(&b, "llama.attention.layer_norm_rms_epsilon", 1e-6f);
	tiny_tensors(&b, tiny);
	builder_end(&b);
	e = open_exact(b.file.data, b.file.size);
	is(e.ret, 0, "a file with few keys");
	if (is(npu_model_create(e.gguf, &model, &e.err), 0, "is described")) {
		is(model->config.vocab, 23, "vocabulary from the embedding");
		is(model->config.kv_heads, 5, "as many key as query heads");
		is(model->config.head_dim, 4, "width of a head");
		is(model->config.rope_dims, 4, "all of a head rotates");
		is(model->config.rope_config.base, 10000, "base of RoPE");
		npu_model_destroy(model);
	} else {
		diag("%s", e.err.message);
	}
	close_exact(&e);
	builder_free(&b);
}

/* Describe a model made of @tiny, which is good. */
static struct npu_model *describe(const struct tiny *tiny, struct builder *b,
				  struct exact *e)
{
	struct npu_model *model;

	tiny_build(b, tiny);
	*e = open_exact(b->file.data, b->file.size);
	if (e->ret || npu_model_create(e->gguf, &model, &e->err))
		bail_out(e->err.message);
	return model;
}

static void let_go(struct npu_model *model, struct builder *b, struct exact *e)
{
	npu_model_destroy(model);
	close_exact(e);
	builder_free(b);
}

static void test_llama_extras(void)
{
	struct tiny tiny = tiny_default;
	struct npu_model *model;
	struct builder b;
	struct exact e;

	tiny.bias = true;
	tiny.freqs = true;
	tiny.window = 5;
	model = describe(&tiny, &b, &e);
	is_str(model->config.architecture, "llama", "architecture");
	is(model->config.rope, NPU_MODEL_ROPE_NEIGHBOURS, "neighbours rotate");
	is(model->config.window, 5, "sliding window");
	is_str(model->layer[1].attn_v_bias->name, "blk.1.attn_v.bias", "bias");
	is_str(model->layer[0].ffn_gate_bias->name, "blk.0.ffn_gate.bias", "b");
	is_str(model->rope_freqs->name, "rope_freqs.weight", "divisors");
	let_go(model, &b, &e);
	tiny.window = tiny.context;
	model = describe(&tiny, &b, &e);
	is(model->config.window, 0, "a window over all is none");
	let_go(model, &b, &e);
}

static void test_qwen(void)
{
	struct tiny tiny = tiny_default;
	struct npu_model *model;
	struct builder b;
	struct exact e;

	tiny.arch = "qwen2";
	model = describe(&tiny, &b, &e);
	is(model->config.rope, NPU_MODEL_ROPE_HALVES, "qwen2: halves rotate");
	is_str(model->layer[1].attn_k_bias->name, "blk.1.attn_k.bias", "bias");
	ok(!model->layer[1].attn_q_norm && !model->layer[1].attn_output_bias,
	   "and nothing else");
	let_go(model, &b, &e);
	tiny.arch = "qwen3";
	model = describe(&tiny, &b, &e);
	is(model->config.rope, NPU_MODEL_ROPE_HALVES, "qwen3: halves rotate");
	is_str(model->layer[1].attn_k_norm->name, "blk.1.attn_k_norm.weight",
	       "norm of keys");
	ok(!model->layer[1].attn_q_bias, "no bias");
	let_go(model, &b, &e);
	builder_start(&b, 3);
	tiny_metadata(&b, &tiny);
	tiny.arch = "qwen2";
	tiny_tensors(&b, tiny);
	refused(&b, -EINVAL, "tensor 'blk.0.attn_q_norm.weight' is missing");
}

/* Parts of the fused matrix, row by row. */
static void test_gpt2(void)
{
	const struct npu_gguf_tensor *whole, *bias, *part[3];
	struct tiny tiny = tiny_default;
	struct npu_model *model;
	struct builder b;
	struct exact e;
	int bad = 0;

	tiny.arch = "gpt2";
	tiny.kv_heads = 4;
	model = describe(&tiny, &b, &e);
	is(model->config.norm, NPU_MODEL_LAYERNORM, "gpt2: LayerNorm");
	is(model->config.activation, NPU_MODEL_GELU, "GELU");
	is(model->config.rope_dims, 0, "no RoPE");
	is_str(model->position_embd->name, "position_embd.weight", "positions");
	ok(model->output_norm_bias && model->layer[1].ffn_down_bias &&
	   !model->layer[1].ffn_gate, "biases, but no gate");
	whole = npu_gguf_find_tensor(e.gguf, "blk.1.attn_qkv.weight");
	bias = npu_gguf_find_tensor(e.gguf, "blk.1.attn_qkv.bias");
	part[0] = model->layer[1].attn_q;
	part[1] = model->layer[1].attn_k;
	part[2] = model->layer[1].attn_v;
	is_str(part[2]->name, "blk.1.attn_v.weight", "name of a part");
	for (uint32_t i = 0; i < 72; i++) {
		float want[20], got[20];

		npu_gguf_tensor_row(whole, i, want);
		npu_gguf_tensor_row(part[i / 24], i % 24, got);
		bad += memcmp(want, got, sizeof(got)) != 0;
	}
	is(bad, 0, "the parts have the rows of the whole");
	ok(part[1]->rows == 24 && part[1]->size == 24 * 20 * 4 &&
	   part[1]->offset == whole->offset + part[1]->size, "size and place");
	ok(model->layer[1].attn_k_bias->dims[0] == 24 &&
	   model->layer[1].attn_k_bias->size == 96 &&
	   !memcmp(model->layer[1].attn_k_bias->data,
		   (const float *)bias->data + 24, 96), "bias of the keys");
	let_go(model, &b, &e);
}

static void test_rope_keys(void)
{
	static const float bad_freqs[] = { 1, NAN, 2 };
	const uint64_t dims[] = { 3, 0 };
	struct tiny tiny = tiny_default;
	struct builder b;

	tiny.factor = 0.5f;
	refuse_changed(&tiny, -EINVAL, "rope.scaling.factor is 0.5, expected 1 to");
	builder_start(&b, 3);
	tiny_metadata(&b, &tiny_default);
	tiny_tensors(&b, tiny_default);
	add_tensor(&b, "rope_freqs.weight", NPU_GGUF_F32, dims, bad_freqs, 12);
	refused(&b, -EINVAL, "'rope_freqs.weight' holds nan, expected a number above 0");
	builder_start(&b, 3);
	tiny_metadata(&b, &tiny_default);
	add_u32(&b, "llama.expert_count", 8);
	refused(&b, -ENOTSUP, "a mixture of 8 experts is not supported");
}

int main(void)
{
	test_good(true);
	test_good(false);
	test_numbers();
	test_shapes();
	test_keys();
	test_norm_type();
	test_defaults();
	test_llama_extras();
	test_qwen();
	test_gpt2();
	test_rope_keys();
	return done_testing();
}
