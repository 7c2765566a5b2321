// SPDX-License-Identifier: MIT
/*
 * The tokenizer on the model that comes with the project: the ids that the
 * program which trained it gave the same texts. In the data file, a line
 * "model PATH" names the model; every other line is a text, a tab, and its ids
 * without the start token. In the text, \n and \\ are escapes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <npu/model.h>
#include <npu/tokenizer.h>

#include "tap.h"

#define DATA "tests/unit/data/model-tokens.txt"

static void unescape(char *text)
{
	char *out = text;

	for (; *text; text++) {
		if (*text == '\\' && text[1])
			*out++ = *++text == 'n' ? '\n' : *text;
		else
			*out++ = *text;
	}
	*out = '\0';
}

static char *join_ids(const uint32_t *ids, size_t count)
{
	char *out = malloc(count * 12 + 1), *end = out;

	if (!out)
		bail_out("out of memory");
	*out = '\0';
	for (size_t i = 0; i < count; i++)
		end += sprintf(end, i ? " %u" : "%u", ids[i]);
	return out;
}

static void check_decoding(const struct npu_tokenizer *t, const uint32_t *ids,
			   size_t count, const char *text)
{
	char *out = calloc(1, strlen(text) + npu_tokenizer_decode_size(t) + 1);
	struct npu_decoder decoder = { 0 };
	size_t done = 0, len;

	for (size_t i = 0; out && i < count && done <= strlen(text); i++) {
		npu_tokenizer_decode(t, &decoder, ids[i], out + done,
				     npu_tokenizer_decode_size(t), &len);
		done += len;
	}
	is_str(out, text, "and decodes to the text");
	free(out);
}

static void check_line(const struct npu_tokenizer *t, char *line)
{
	char *want = strchr(line, '\t'), *got;
	struct npu_error err;
	uint32_t *ids;
	size_t count;

	if (!want)
		bail_out("a line of " DATA " has no tab");
	*want++ = '\0';
	unescape(line);
	if (npu_tokenizer_encode(t, line, strlen(line), 0, &ids, &count, &err))
		bail_out(err.message);
	got = join_ids(ids, count);
	is_str(got, want, "%zu bytes give %zu tokens", strlen(line), count);
	check_decoding(t, ids, count, line);
	free(got);
	free(ids);
}

static char *read_line(FILE *file)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len = getline(&line, &size, file);

	if (len < 0) {
		free(line);
		return NULL;
	}
	if (len && line[len - 1] == '\n')
		line[len - 1] = '\0';
	return line;
}

static struct npu_tokenizer *open_model(const char *path)
{
	struct npu_tokenizer *t = NULL;
	struct npu_model *model;
	struct npu_gguf *gguf;
	struct npu_error err;

	if (npu_gguf_open(path, &gguf, &err))
		bail_out(err.message);
	if (npu_tokenizer_create(gguf, &t, &err) ||
	    npu_model_create(gguf, &model, &err))
		bail_out(err.message);
	is(model->config.vocab, npu_tokenizer_count(t),
	   "the model and its tokenizer have as many tokens");
	ok(npu_tokenizer_bos(t) != NPU_TOKEN_NONE &&
	   npu_tokenizer_eos(t) != NPU_TOKEN_NONE, "it has start and end");
	npu_model_destroy(model);
	npu_gguf_close(gguf);
	return t;
}

int main(void)
{
	FILE *file = fopen(DATA, "r");
	struct npu_tokenizer *t;
	char *line;

	if (!file)
		bail_out("cannot open " DATA "; run from the top of the tree");
	line = read_line(file);
	if (!line || strncmp(line, "model ", 6))
		bail_out(DATA " does not start with the model");
	t = open_model(line + 6);
	free(line);
	while ((line = read_line(file))) {
		check_line(t, line);
		free(line);
	}
	fclose(file);
	npu_tokenizer_destroy(t);
	return done_testing();
}
