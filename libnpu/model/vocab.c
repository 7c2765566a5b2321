// SPDX-License-Identifier: MIT
/* The tokens of a vocabulary: their bytes, and finding them by their bytes. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <npu/model.h>

#include "byte_alphabet.h"
#include "gguf_internal.h"
#include "tokenizer_internal.h"
#include "utf8.h"

ptrdiff_t bytes_of_string(const struct npu_gguf_string *string, char *out)
{
	const unsigned char *s = (const unsigned char *)string->data;
	size_t done = 0;
	ptrdiff_t len = 0;

	while (done < string->len) {
		uint32_t code;
		int step = utf8_next(s + done, string->len - done, &code);
		int byte = step > 0 ? byte_of_character(code) : -1;

		if (byte < 0)
			return -1;
		out[len++] = byte;
		done += step;
	}
	return len;
}

static uint64_t offset_of(const struct npu_gguf *gguf, const char *data)
{
	return (const unsigned char *)data - gguf->data;
}

static int read_kinds(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		      struct npu_error *err)
{
	struct npu_gguf_array kinds;
	int ret = npu_gguf_get_array(gguf, "tokenizer.ggml.token_type",
				     NPU_GGUF_VALUE_I32, &kinds, err);

	memset(t->kind, TOKEN_NORMAL, t->count);
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	if (kinds.count != t->count)
		return gguf_bad(gguf, offset_of(gguf, kinds.data), err,
				"%" PRIu64 " token types for %" PRIu32
				" tokens", kinds.count, t->count);
	for (uint32_t id = 0; id < t->count; id++) {
		int64_t kind;

		npu_gguf_array_i64(&kinds, id, &kind);
		if (kind < TOKEN_NORMAL || kind > TOKEN_BYTE)
			return gguf_bad(gguf, offset_of(gguf, kinds.data) +
					4ull * id, err,
					"token %" PRIu32 " has unknown type %" PRId64,
					id, kind);
		t->kind[id] = kind;
	}
	return 0;
}

/* SentencePiece writes a blank as U+2581, so that it can be seen. */
static ptrdiff_t show_blanks(const struct npu_gguf_string *string, char *out)
{
	static const char mark[] = "\xe2\x96\x81";
	ptrdiff_t len = 0;

	for (size_t i = 0; i < string->len; i++) {
		out[len++] = string->data[i];
		if (len >= 3 && !memcmp(out + len - 3, mark, 3)) {
			len -= 2;
			out[len - 1] = ' ';
		}
	}
	return len;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A byte is written as <0x41>. */
static ptrdiff_t read_byte(const struct npu_gguf_string *string, char *out)
{
	const char *s = string->data;

	if (string->len != 6 || memcmp(s, "<0x", 3) || s[5] != '>' ||
	    hex_digit(s[3]) < 0 || hex_digit(s[4]) < 0)
		return -1;
	*out = hex_digit(s[3]) << 4 | hex_digit(s[4]);
	return 1;
}

/* Bytes of a token, or -1. Special tokens are written as they are. */
static ptrdiff_t read_token(const struct npu_tokenizer *t, uint8_t kind,
			    const struct npu_gguf_string *string, char *out)
{
	if (kind == TOKEN_NORMAL)
		return t->model == TOKENIZER_BPE ? bytes_of_string(string, out) :
						   show_blanks(string, out);
	if (kind == TOKEN_BYTE && t->model == TOKENIZER_SPM)
		return read_byte(string, out);
	memcpy(out, string->data, string->len);
	return string->len;
}

static int read_bytes(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		      const struct npu_gguf_array *tokens,
		      struct npu_error *err)
{
	size_t end = 0;

	for (uint32_t id = 0; id < t->count; id++) {
		struct npu_gguf_string string;
		char quoted[GGUF_QUOTE_LEN];
		ptrdiff_t len;

		npu_gguf_array_string(tokens, id, &string);
		len = read_token(t, t->kind[id], &string, t->bytes + end);
		if (len < 0)
			return gguf_bad(gguf, offset_of(gguf, string.data), err,
					"token %" PRIu32 " '%s' %s", id,
					gguf_quote(quoted, &string),
					t->kind[id] == TOKEN_BYTE ?
					"is a byte, expected the form <0x41>" :
					"has a character that stands for no byte");
		t->start[id] = end;
		end += len;
		if ((size_t)len > t->longest)
			t->longest = len;
	}
	t->start[t->count] = end;
	return 0;
}

/* Bytes of all strings, so that one allocation holds them. */
static size_t total_length(const struct npu_gguf_array *strings)
{
	struct npu_gguf_string string;
	size_t total = 0;

	for (uint64_t i = 0; i < strings->count; i++) {
		npu_gguf_array_string(strings, i, &string);
		total += string.len;
	}
	return total;
}

int vocab_read(struct npu_tokenizer *t, const struct npu_gguf *gguf,
	       struct npu_error *err)
{
	struct npu_gguf_array tokens;
	int ret = npu_gguf_get_array(gguf, "tokenizer.ggml.tokens",
				     NPU_GGUF_VALUE_STRING, &tokens, err);

	if (ret)
		return ret;
	if (!tokens.count || tokens.count > NPU_MODEL_MAX_VOCAB)
		return gguf_bad(gguf, offset_of(gguf, tokens.data), err,
				"%" PRIu64 " tokens, expected 1 to %u",
				tokens.count, NPU_MODEL_MAX_VOCAB);
	t->count = tokens.count;
	t->bytes = malloc(total_length(&tokens) + 1);
	t->start = malloc((t->count + 1) * sizeof(*t->start));
	t->kind = malloc(t->count);
	if (!t->bytes || !t->start || !t->kind)
		return gguf_no_memory(gguf, err);
	ret = read_kinds(t, gguf, err);
	if (!ret)
		ret = special_ids_read(t, gguf, err);
	if (!ret)
		ret = read_bytes(t, gguf, &tokens, err);
	return ret;
}

static int compare_bytes(const char *a, size_t a_len, const char *b,
			 size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* Tokens with the same bytes are in the order of their numbers. */
static int compare_tokens(const void *a, const void *b, void *context)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	size_t x_len, y_len;
	const char *x_bytes = token_bytes(context, x, &x_len);
	const char *y_bytes = token_bytes(context, y, &y_len);
	int order = compare_bytes(x_bytes, x_len, y_bytes, y_len);

	return order ? order : (x > y) - (x < y);
}

/*
 * Special tokens are looked for at every byte of a text, so one of unbounded
 * length would make that slow.
 */
#define LONGEST_SPECIAL 256

static int check_specials(const struct npu_tokenizer *t,
			  const struct npu_gguf *gguf, struct npu_error *err)
{
	for (uint32_t i = 0; i < t->special_count; i++) {
		size_t len;

		token_bytes(t, t->special[i], &len);
		if (len > LONGEST_SPECIAL)
			return npu_error_set(err, -EINVAL, "%s: token %" PRIu32
					     " is special and has %zu bytes, the most is %d",
					     gguf->name, t->special[i], len,
					     LONGEST_SPECIAL);
	}
	return 0;
}

/* Sort the tokens into the lists that they are looked up in. */
static void fill_lists(struct npu_tokenizer *t)
{
	for (uint32_t id = 0; id < t->count; id++) {
		size_t len;
		const char *bytes = token_bytes(t, id, &len);

		if (!len)
			continue;
		if (t->kind[id] == TOKEN_NORMAL) {
			t->normal[t->normal_count++] = id;
		} else if (t->kind[id] == TOKEN_CONTROL ||
			   t->kind[id] == TOKEN_USER) {
			t->special[t->special_count++] = id;
			t->special_first[(unsigned char)bytes[0]] = true;
		}
	}
	qsort_r(t->normal, t->normal_count, sizeof(*t->normal), compare_tokens,
		t);
	qsort_r(t->special, t->special_count, sizeof(*t->special),
		compare_tokens, t);
}

/* Of SentencePiece's tokens, those that are for bytes without another. */
static void find_bytes(struct npu_tokenizer *t)
{
	for (int i = 0; i < 256; i++) {
		char byte = i;

		t->byte_token[i] = t->model == TOKENIZER_BPE ?
				   vocab_find(t, &byte, 1) : NPU_TOKEN_NONE;
	}
	for (uint32_t id = t->count; t->model == TOKENIZER_SPM && id--;)
		if (t->kind[id] == TOKEN_BYTE)
			t->byte_token[(unsigned char)t->bytes[t->start[id]]] = id;
}

int vocab_index(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		struct npu_error *err)
{
	t->normal = malloc(t->count * sizeof(*t->normal));
	t->special = malloc(t->count * sizeof(*t->special));
	if (!t->normal || !t->special)
		return gguf_no_memory(gguf, err);
	fill_lists(t);
	find_bytes(t);
	return check_specials(t, gguf, err);
}

/* First place in @list whose token is not less than the bytes. */
static uint32_t lower_bound(const struct npu_tokenizer *t, const uint32_t *list,
			    uint32_t low, uint32_t high, const char *bytes,
			    size_t len)
{
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		size_t token_len;
		const char *token = token_bytes(t, list[middle], &token_len);

		if (compare_bytes(token, token_len, bytes, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool token_is(const struct npu_tokenizer *t, uint32_t id,
		     const char *bytes, size_t len)
{
	size_t token_len;
	const char *token = token_bytes(t, id, &token_len);

	return token_len == len && !memcmp(token, bytes, len);
}

static uint32_t find_in(const struct npu_tokenizer *t, const uint32_t *list,
			uint32_t count, const char *bytes, size_t len)
{
	uint32_t place = lower_bound(t, list, 0, count, bytes, len);

	if (place < count && token_is(t, list[place], bytes, len))
		return list[place];
	return NPU_TOKEN_NONE;
}

uint32_t vocab_find(const struct npu_tokenizer *t, const char *bytes,
		    size_t len)
{
	return find_in(t, t->normal, t->normal_count, bytes, len);
}

uint32_t vocab_find_special(const struct npu_tokenizer *t, const char *bytes,
			    size_t len)
{
	return find_in(t, t->special, t->special_count, bytes, len);
}

/*
 * Lengthen the prefix byte by byte. All tokens that start with it lie from
 * @place on, the shortest first, so each step only looks further right.
 */
uint32_t vocab_match_special(const struct npu_tokenizer *t, const char *text,
			     size_t len, size_t control_len)
{
	uint32_t found = NPU_TOKEN_NONE, place = 0;

	if (!len || !t->special_first[(unsigned char)text[0]])
		return NPU_TOKEN_NONE;
	for (size_t prefix = 1; prefix <= len; prefix++) {
		size_t token_len;
		const char *token;

		place = lower_bound(t, t->special, place, t->special_count,
				    text, prefix);
		if (place == t->special_count)
			break;
		token = token_bytes(t, t->special[place], &token_len);
		if (token_len < prefix || memcmp(token, text, prefix))
			break;
		if (token_len == prefix &&
		    (prefix <= control_len ||
		     t->kind[t->special[place]] == TOKEN_USER))
			found = t->special[place];
	}
	return found;
}
