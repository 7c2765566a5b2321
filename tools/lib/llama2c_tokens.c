// SPDX-License-Identifier: MIT
/* Tokenizer files of llama2.c. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>

#include "llama2c.h"

#define BLANK "\xe2\x96\x81"	/* U+2581, which stands for a blank in GGUF */

/* Kinds of tokens in GGUF. */
enum { NORMAL = 1, UNKNOWN = 2, CONTROL = 3, BYTE = 6 };

/* A file being read. */
struct cursor {
	const char *path;
	const unsigned char *data;
	size_t size, at;
	struct npu_error *err;
};

static int take(struct cursor *c, size_t n, const unsigned char **p)
{
	if (n > c->size - c->at)
		return npu_error_set(c->err, -EINVAL,
				     "%s: the file ends at offset %zu, %zu bytes more are needed there",
				     c->path, c->at, n);
	*p = c->data + c->at;
	c->at += n;
	return 0;
}

static uint32_t load32(const unsigned char *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return le32toh(value);
}

static int32_t kind_of(uint32_t id, const char *text)
{
	if (id < 3)
		return id ? CONTROL : UNKNOWN;
	return strlen(text) == 6 && !strncmp(text, "<0x", 3) && text[5] == '>' ? BYTE :
										 NORMAL;
}

/* llama2.c has taken the marks of blanks out, and frames the first three names. */
static char *text_of(uint32_t id, const char *bytes, size_t len)
{
	static const char *const fixed[] = { "<unk>", "<s>", "</s>" };
	char *text, *out;

	if (id < 3)
		return strdup(fixed[id]);
	text = out = malloc(len * strlen(BLANK) + 1);
	for (size_t i = 0; text && i < len; i++) {
		if (bytes[i] != ' ') {
			*out++ = bytes[i];
			continue;
		}
		memcpy(out, BLANK, strlen(BLANK));
		out += strlen(BLANK);
	}
	if (text)
		*out = '\0';
	return text;
}

static int read_token(struct cursor *c, struct llama2c_tokens *t, uint32_t id)
{
	const unsigned char *head = NULL, *bytes = NULL;
	size_t start = c->at;
	uint32_t bits, len;
	int ret = take(c, 8, &head);

	if (ret)
		return ret;
	bits = load32(head);
	memcpy(&t->score[id], &bits, sizeof(bits));
	len = load32(head + 4);
	ret = take(c, len, &bytes);
	if (ret)
		return ret;
	if (!isfinite(t->score[id]) || memchr(bytes, 0, len))
		return npu_error_set(c->err, -EINVAL,
				     "%s: offset %zu: token %" PRIu32 " has %s", c->path, start,
				     id, isfinite(t->score[id]) ? "a NUL in its text" :
				     "a score that is no number");
	t->text[id] = text_of(id, (const char *)bytes, len);
	if (!t->text[id])
		return npu_error_set(c->err, -ENOMEM, "out of memory");
	t->kind[id] = kind_of(id, t->text[id]);
	return 0;
}

static int read_all(struct cursor *c, uint32_t count, struct llama2c_tokens *t)
{
	const unsigned char *longest = NULL;
	int ret = take(c, 4, &longest);

	/* Each token has 8 bytes at least: the file justifies the memory. */
	if (!ret && count > (c->size - c->at) / 8)
		ret = npu_error_set(c->err, -EINVAL,
				    "%s: %zu bytes are too few for the model's %" PRIu32 " tokens",
				    c->path, c->size, count);
	if (ret)
		return ret;
	t->text = calloc(count, sizeof(*t->text));
	t->score = calloc(count, sizeof(*t->score));
	t->kind = calloc(count, sizeof(*t->kind));
	if (!t->text || !t->score || !t->kind)
		return npu_error_set(c->err, -ENOMEM, "out of memory");
	t->count = count;
	for (uint32_t id = 0; !ret && id < count; id++)
		ret = read_token(c, t, id);
	if (!ret && c->at != c->size)
		ret = npu_error_set(c->err, -EINVAL,
				    "%s: offset %zu: the file goes on behind the model's %" PRIu32
				    " tokens: not the tokenizer of this model", c->path, c->at,
				    count);
	return ret;
}

int llama2c_read_tokens(const char *path, uint32_t count, struct llama2c_tokens *tokens,
			struct npu_error *err)
{
	struct cursor c = { .path = path, .err = err };
	int ret = llama2c_map(path, &c.data, &c.size, err);

	if (ret)
		return ret;
	ret = read_all(&c, count, tokens);
	munmap((void *)c.data, c.size);
	return ret;
}

void llama2c_free_tokens(struct llama2c_tokens *t)
{
	for (uint32_t i = 0; t->text && i < t->count; i++)
		free(t->text[i]);
	free(t->text);
	free(t->score);
	free(t->kind);
	*t = (struct llama2c_tokens){ 0 };
}
