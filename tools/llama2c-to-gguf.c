// SPDX-License-Identifier: MIT
/* llama2c-to-gguf: a model of llama2.c, and its tokenizer, as one GGUF file. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <npu/gguf_write.h>
#include <npu/model.h>
#include <npu/npu.h>
#include <npu/tokenizer.h>

#include "exit_status.h"
#include "json.h"
#include "llama2c.h"
#include "progress.h"

static const char usage[] =
	"Usage: llama2c-to-gguf [OPTION]... MODEL.bin -t TOKENIZER.bin -o MODEL.gguf\n"
	"Convert a model file of llama2.c to GGUF.\n"
	"\n"
	"  -t, --tokenizer=FILE  its tokenizer file\n"
	"  -o, --output=FILE     the GGUF file\n"
	"      --name=NAME       name of the model (default: the input's)\n"
	"      --json            tell what was written as JSON\n"
	"      --help            show this text\n"
	"      --version         show the version\n"
	"\n"
	"Exit status: 0 written, 1 failed, 2 bad input or command line.\n";

struct arguments {
	const char *model, *tokenizer, *output, *name;
	bool json;
};

/* Returns false for a bad command line, which has been told. */
static bool parse(int argc, char **argv, struct arguments *a)
{
	static const struct option longs[] = {
		{ "tokenizer", required_argument, NULL, 't' },
		{ "output", required_argument, NULL, 'o' },
		{ "name", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "t:o:", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			a->tokenizer = optarg;
			break;
		case 'o':
			a->output = optarg;
			break;
		case 'n':
			a->name = optarg;
			break;
		case 'j':
			a->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(STATUS_OK);
		case 'v':
			puts("llama2c-to-gguf " NPU_LIBRARY_VERSION);
			exit(STATUS_OK);
		default:
			return false;
		}
	}
	if (optind + 1 == argc && a->tokenizer && a->output) {
		a->model = argv[optind];
		return true;
	}
	fprintf(stderr, "llama2c-to-gguf: give one model, -t TOKENIZER.bin and -o MODEL.gguf\n");
	return false;
}

static void add_numbers(struct npu_gguf_writer *w, const struct llama2c_model *m)
{
	const struct llama2c_header *h = &m->header;

	npu_gguf_writer_u32(w, "llama.vocab_size", h->vocab);
	npu_gguf_writer_u32(w, "llama.context_length", h->context);
	npu_gguf_writer_u32(w, "llama.embedding_length", h->d_model);
	npu_gguf_writer_u32(w, "llama.block_count", h->layers);
	npu_gguf_writer_u32(w, "llama.feed_forward_length", h->ffn);
	npu_gguf_writer_u32(w, "llama.attention.head_count", h->heads);
	npu_gguf_writer_u32(w, "llama.attention.head_count_kv", h->kv_heads);
	npu_gguf_writer_u32(w, "llama.rope.dimension_count", h->d_model / h->heads);
	/* llama2.c has these two in its program, not in its files. */
	npu_gguf_writer_f32(w, "llama.rope.freq_base", 10000);
	npu_gguf_writer_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
}

static void add_tokenizer(struct npu_gguf_writer *w, const struct llama2c_tokens *t)
{
	npu_gguf_writer_string(w, "tokenizer.ggml.model", "llama");
	npu_gguf_writer_strings(w, "tokenizer.ggml.tokens",
				(const char *const *)t->text, t->count);
	npu_gguf_writer_f32s(w, "tokenizer.ggml.scores", t->score, t->count);
	npu_gguf_writer_i32s(w, "tokenizer.ggml.token_type", t->kind, t->count);
	npu_gguf_writer_u32(w, "tokenizer.ggml.unknown_token_id", 0);
	npu_gguf_writer_u32(w, "tokenizer.ggml.bos_token_id", 1);
	npu_gguf_writer_u32(w, "tokenizer.ggml.eos_token_id", 2);
	npu_gguf_writer_bool(w, "tokenizer.ggml.add_bos_token", true);
}

static int copy_weights(void *opaque, void *dst, uint64_t size, struct npu_error *err)
{
	(void)err;
	memcpy(dst, opaque, size);
	return 0;
}

static void add_tensors(struct npu_gguf_writer *w, const struct llama2c_model *m)
{
	struct llama2c_tensor tensor;

	for (uint64_t i = 0; llama2c_tensor(m, i, &tensor); i++)
		npu_gguf_writer_tensor(w, &(struct npu_gguf_new_tensor){
			.name = tensor.name, .type = NPU_GGUF_F32,
			.n_dims = tensor.rows ? 2 : 1,
			.dims = { tensor.row, tensor.rows ? tensor.rows : 1, 1, 1 },
			.fill = copy_weights, .opaque = (void *)tensor.data,
		});
}

static int write_file(const struct arguments *a, const struct llama2c_model *m,
		      const struct llama2c_tokens *t, struct npu_error *err)
{
	struct npu_gguf_writer *w = npu_gguf_writer_create();
	struct progress progress;
	int ret;

	if (!w)
		return npu_error_set(err, -ENOMEM, "out of memory");
	npu_gguf_writer_string(w, "general.architecture", "llama");
	npu_gguf_writer_string(w, "general.name", a->name ? a->name : a->model);
	add_numbers(w, m);
	add_tokenizer(w, t);
	add_tensors(w, m);
	progress_start(&progress, "writing");
	ret = npu_gguf_writer_write(w, a->output, progress_update, &progress, err);
	progress_end(&progress);
	npu_gguf_writer_destroy(w);
	return ret;
}

/* What was written must be a model that libnpu takes. */
static int read_back(const struct arguments *a, struct npu_error *err)
{
	struct npu_tokenizer *tokenizer = NULL;
	struct npu_model *model = NULL;
	struct npu_gguf *gguf = NULL;
	int ret = npu_gguf_open(a->output, &gguf, err);

	if (!ret)
		ret = npu_model_create(gguf, &model, err);
	if (!ret)
		ret = npu_tokenizer_create(gguf, &tokenizer, err);
	npu_tokenizer_destroy(tokenizer);
	npu_model_destroy(model);
	npu_gguf_close(gguf);
	return ret;
}

static void tell(const struct arguments *a, const struct llama2c_model *m)
{
	const struct llama2c_header *h = &m->header;
	struct json json = { 0 };

	if (!a->json) {
		printf("%s: %" PRIu32 " blocks of width %" PRIu32 ", %" PRIu32
		       " tokens, context %" PRIu32 "\n", a->output, h->layers,
		       h->d_model, h->vocab, h->context);
		return;
	}
	json_object(&json, NULL);
	json_string(&json, "file", a->output);
	json_uint(&json, "layers", h->layers);
	json_uint(&json, "d_model", h->d_model);
	json_uint(&json, "vocab", h->vocab);
	json_uint(&json, "context", h->context);
	json_bool(&json, "tied", h->tied);
	json_close_object(&json);
}

int main(int argc, char **argv)
{
	struct llama2c_tokens tokens = { 0 };
	struct llama2c_model model = { 0 };
	struct arguments a = { 0 };
	int status = STATUS_BAD_INPUT, ret;
	struct npu_error err;

	if (!parse(argc, argv, &a))
		return STATUS_BAD_INPUT;
	ret = llama2c_open(a.model, &model, &err);
	if (!ret)
		ret = llama2c_read_tokens(a.tokenizer, model.header.vocab, &tokens, &err);
	if (!ret) {
		status = STATUS_FAILED;
		ret = write_file(&a, &model, &tokens, &err);
	}
	if (!ret)
		ret = read_back(&a, &err);
	if (!ret)
		tell(&a, &model);
	llama2c_free_tokens(&tokens);
	llama2c_close(&model);
	if (!ret)
		return STATUS_OK;
	fprintf(stderr, "llama2c-to-gguf: %s\n", err.message);
	return ret == -ENOMEM ? STATUS_FAILED : status;
}
