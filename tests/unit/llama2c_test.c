// SPDX-License-Identifier: MIT
/*
 * llama2c-to-gguf on files made here: every tensor in its place, the tokenizer
 * as llama2.c reads it, and what is wrong refused with status 2.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <npu/model.h>

#include "tiny_tokenizer.h"
#include "tiny_weights.h"

enum {
	n_tokens = 262,
	width = 12,
	hidden = 10,
	layers = 2,
	heads = 3,		/* of 4 elements, with one key head */
	context = 7,
};

/* Elements of all blocks' norms and matrices, of the embedding and of the angles. */
enum {
	norms = 24,
	squares = 288,
	keys = 96,
	wides = 240,
	table = 3144,
	angles = 28,
};

static char dir[] = "/tmp/npu-llama2c-XXXXXX";

static const char *path(const char *name)
{
	static char out[4][64];
	static int i;

	i = (i + 1) % 4;
	snprintf(out[i], sizeof(out[i]), "%s/%s", dir, name);
	return out[i];
}

static void save(const char *name, const struct bytes *b, size_t size)
{
	FILE *file = fopen(path(name), "wb");

	if (!file || fwrite(b->data, 1, size, file) != size || fclose(file))
		bail_out("cannot write a file");
}

/* Numbers 0, 1, 2 ... times 1/64, so that each tensor can be told. */
static void put_numbers(struct bytes *b, uint32_t n, uint32_t *next)
{
	for (uint32_t i = 0; i < n; i++) {
		float value = (float)(*next)++ / 64;

		put(b, &value, sizeof(value));
	}
}

static void put_header(struct bytes *b, int version, bool tied)
{
	int32_t vocab = version || tied ? n_tokens : -n_tokens;
	const int32_t numbers[] = { width, hidden, layers, heads, 1, vocab, context };

	if (version) {
		put_u32(b, 0x616b3432);
		put_u32(b, version);
	}
	put(b, numbers, sizeof(numbers));
	if (!version)
		return;
	put(b, &tied, 1);
	while (b->size < 256)
		put(b, "", 1);
}

/* How many numbers each kind of tensor has, in the order of the files. */
static const uint32_t order_0[] = {
	table, norms, squares, keys, keys, squares, norms, wides, wides, wides,
	width, angles,
};

static const uint32_t order_1[] = {
	norms, norms, width, table, squares, keys, keys, squares, wides, wides,
	wides,
};

/* Where the first number of kind @kind stands, and so its value times 64. */
static uint32_t start_of(int version, int kind)
{
	uint32_t sum = 0;

	for (int i = 0; i < kind; i++)
		sum += version ? order_1[i] : order_0[i];
	return sum;
}

static struct bytes make_model(int version, bool tied)
{
	uint32_t all = start_of(version, version ? 11 : 12), next = 0;
	struct bytes b = { 0 };

	put_header(&b, version, tied);
	put_numbers(&b, all + (tied ? 0 : table), &next);
	return b;
}

static void put_token(struct bytes *b, const char *text, float score)
{
	put(b, &score, sizeof(score));
	put_u32(b, strlen(text));
	put(b, text, strlen(text));
}

static struct bytes make_tokens(void)
{
	struct bytes b = { 0 };
	char byte[8];

	put_u32(&b, 7);
	put_token(&b, "<unk>", 0);
	put_token(&b, "\n<s>\n", 0);
	put_token(&b, "\n</s>\n", 0);
	for (int i = 0; i < 256; i++) {
		sprintf(byte, "<0x%02X>", i);
		put_token(&b, byte, 0);
	}
	put_token(&b, " a", -1);	/* 259 */
	put_token(&b, " ", -3);
	put_token(&b, "a", -2);
	return b;
}

/* Status of the converter; what it says goes to "said". */
static int convert(const char *output)
{
	char command[512];
	int status;

	snprintf(command, sizeof(command),
		 "build/bin/llama2c-to-gguf %s -t %s -o %s >%s 2>&1",
		 path("model"), path("tokens"), path(output), path("said"));
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *said(void)
{
	static char text[1024];
	FILE *file = fopen(path("said"), "r");
	size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[len] = '\0';
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	if (file)
		fclose(file);
	return text;
}

/* Block @layer of kind @kind. */
static void is_tensor(const struct npu_gguf_tensor *t, int version, int kind,
		      uint32_t layer)
{
	uint64_t n = t->rows * t->dims[0];
	uint32_t first = start_of(version, kind) + layer * n;
	const float *data = t->data;

	ok(data[0] == first / 64.0f && data[n - 1] == (first + n - 1) / 64.0f,
	   "%s", t->name);
}

static void check_tensors(const struct npu_model *m, int version, bool tied)
{
	const struct npu_model_layer *l = &m->layer[1];

	is_tensor(m->token_embd, version, version ? 3 : 0, 0);
	is_tensor(l->attn_norm, version, version ? 0 : 1, 1);
	is_tensor(l->attn_q, version, version ? 4 : 2, 1);
	is_tensor(l->attn_k, version, version ? 5 : 3, 1);
	is_tensor(l->attn_v, version, version ? 6 : 4, 1);
	is_tensor(l->attn_output, version, version ? 7 : 5, 1);
	is_tensor(l->ffn_norm, version, version ? 1 : 6, 1);
	is_tensor(l->ffn_gate, version, version ? 8 : 7, 1);
	is_tensor(l->ffn_down, version, version ? 9 : 8, 1);
	is_tensor(l->ffn_up, version, version ? 10 : 9, 1);
	is_tensor(m->output_norm, version, version ? 2 : 10, 0);
	is(m->config.tied, tied, "tied or not");
	if (!tied)
		is_tensor(m->output, version, version ? 11 : 12, 0);
}

static void test_good(int version, bool tied)
{
	struct bytes b = make_model(version, tied);
	struct npu_tokenizer *t;
	struct npu_model *model;
	struct npu_gguf *gguf;
	struct npu_error err;

	diag("version %d, %s", version, tied ? "tied" : "not tied");
	save("model", &b, b.size);
	free(b.data);
	is(convert("out"), 0, "%s", said());
	if (npu_gguf_open(path("out"), &gguf, &err) ||
	    npu_model_create(gguf, &model, &err) ||
	    npu_tokenizer_create(gguf, &t, &err))
		bail_out(err.message);
	ok(model->config.heads == heads && model->config.kv_heads == 1 &&
	   model->config.context == context && model->config.rope_dims == 4,
	   "numbers");
	check_tensors(model, version, tied);
	is_str(ids_of(t, "a b", NPU_ENCODE_BOS), "1 259 260 101", "tokenizer");
	ok(round_trips(t, "a\xff\x20\n", 4), "whose bytes come back");
	npu_tokenizer_destroy(t);
	npu_model_destroy(model);
	npu_gguf_close(gguf);
}

static void refused(const char *reason)
{
	unlink(path("bad"));
	is(convert("bad"), 2, "refused: %s", reason);
	ok(strstr(said(), reason) && !strchr(said(), '\n'), "%s", said());
	ok(access(path("bad"), F_OK), "nothing is written");
}

static void test_bad_model(void)
{
	struct bytes b = make_model(0, true);

	save("model", &b, b.size - 4);
	refused("bytes, expected");
	save("model", &b, 20);
	refused("20 bytes, the header alone has 28");
	save("model", &b, 0);
	refused("an empty one");
	poke_u32(&b, 8, 0xffffffff);
	save("model", &b, b.size);
	refused("number of blocks is 4294967295");
	poke_u32(&b, 8, layers);
	poke_u32(&b, 20, 0x80000000);
	save("model", &b, b.size);
	refused("number of tokens is 2147483648");
	poke_u32(&b, 20, n_tokens);
	poke_u32(&b, 12, 5);
	save("model", &b, b.size);
	refused("do not go together");
	poke_u32(&b, 0, 0x616b3432);
	poke_u32(&b, 4, 2);
	save("model", &b, b.size);
	refused("version 2 of the format is not supported");
	unlink(path("model"));
	refused("No such file");
	free(b.data);
}

static void test_bad_tokens(void)
{
	struct bytes model = make_model(0, true), b = make_tokens();
	uint32_t nan = 0x7fc00000;

	save("model", &model, model.size);
	for (size_t cut = 1; cut < 12; cut++) {
		save("tokens", &b, b.size - cut);
		if (convert("bad") != 2)
			break;
		if (cut == 11)
			ok(strstr(said(), "the file ends at offset"), "cut short: %s", said());
	}
	save("tokens", &b, 30);
	refused("too few for the model's 262 tokens");
	poke_u32(&b, 4, nan);
	save("tokens", &b, b.size);
	refused("token 0 has a score that is no number");
	poke_u32(&b, 4, 0);
	poke_u32(&b, 8, 0xffffffff);
	save("tokens", &b, b.size);
	refused("4294967295 bytes more are needed");
	poke_u32(&b, 8, 5);
	b.data[14] = 0;
	save("tokens", &b, b.size);
	refused("token 0 has a NUL");
	b.data[14] = 'n';
	put(&b, "", 1);
	save("tokens", &b, b.size);
	refused("goes on behind the model's 262 tokens");
	free(model.data);
	free(b.data);
}

int main(void)
{
	struct bytes tokens = make_tokens();
	char command[64];

	if (access("build/bin/llama2c-to-gguf", X_OK))
		skip_all("build/bin/llama2c-to-gguf is not built");
	if (!mkdtemp(dir))
		bail_out("cannot make a directory");
	save("tokens", &tokens, tokens.size);
	free(tokens.data);
	test_good(0, true);
	test_good(0, false);
	test_good(1, true);
	test_good(1, false);
	test_bad_model();
	test_bad_tokens();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) || done_testing();
}
