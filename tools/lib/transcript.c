// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transcript.h"

/* The end of what the sequence holds, as it is now. */
static int mark(struct transcript *t, uint32_t tokens, struct npu_error *err)
{
	if (t->n_marks == t->room) {
		size_t room = 2 * t->room + 16;
		struct transcript_mark *more = realloc(t->marks, room * sizeof(*more));

		if (!more)
			return npu_error_set(err, -ENOMEM, "no memory for the conversation");
		t->marks = more;
		t->room = room;
	}
	t->marks[t->n_marks++] = (struct transcript_mark){ t->text.len, tokens };
	return 0;
}

static size_t common_length(const struct text *text, const struct npu_text_part *parts,
			    size_t n_parts)
{
	size_t same = 0;

	for (size_t i = 0; i < n_parts; i++)
		for (size_t at = 0; at < parts[i].len; at++, same++)
			if (same == text->len || text->data[same] != parts[i].text[at])
				return same;
	return same;
}

/* Go back to the last mark that lies in the first @len bytes. */
static int cut(struct transcript *t, struct npu_sequence *sequence, size_t len,
	       struct npu_error *err)
{
	struct transcript_mark last = { 0 };

	while (t->n_marks && t->marks[t->n_marks - 1].len > len)
		t->n_marks--;
	if (t->n_marks)
		last = t->marks[t->n_marks - 1];
	t->text.len = last.len;
	if (last.tokens >= npu_sequence_length(sequence))
		return 0;
	return npu_sequence_truncate(sequence, last.tokens, err);
}

/* Read all that @rest consists of, and remember it as one piece. */
static int read_rest(struct transcript *t, struct run *run, const struct npu_text_part *rest,
		     size_t n_rest, struct npu_error *err)
{
	unsigned int flags = t->n_marks ? NPU_ENCODE_MORE : NPU_ENCODE_BOS;
	uint32_t *tokens;
	size_t n;
	int ret;

	ret = npu_tokenizer_encode_parts(run->model.tokenizer, rest, n_rest, flags, &tokens,
					 &n, err);
	if (ret)
		return ret;
	if (n)
		ret = run_read(run, tokens, n, err);
	else
		ret = npu_error_set(err, -EINVAL, "there is no text to start from");
	free(tokens);
	for (size_t i = 0; !ret && i < n_rest; i++)
		if (!text_append(&t->text, rest[i].text, rest[i].len))
			ret = npu_error_set(err, -ENOMEM, "no memory for the conversation");
	return ret ? ret : mark(t, npu_sequence_length(run->answers[0].sequence), err);
}

/* What follows the first @skip bytes; returns how many parts that are. */
static size_t drop_start(const struct npu_text_part *parts, size_t n_parts, size_t skip,
			 struct npu_text_part *rest)
{
	size_t n = 0;

	for (size_t i = 0; i < n_parts; i++) {
		size_t here = skip < parts[i].len ? skip : parts[i].len;

		skip -= here;
		if (here == parts[i].len)
			continue;
		rest[n] = parts[i];
		rest[n].text += here;
		rest[n++].len -= here;
	}
	return n;
}

static size_t total_length(const struct npu_text_part *parts, size_t n_parts)
{
	size_t len = 0;

	for (size_t i = 0; i < n_parts; i++)
		len += parts[i].len;
	return len;
}

int transcript_read(struct transcript *t, struct run *run,
		    const struct npu_text_part *parts, size_t n_parts,
		    struct npu_error *err)
{
	size_t same = common_length(&t->text, parts, n_parts);
	struct npu_text_part *rest;
	int ret;

	/* A last piece that is there already is read again for its logits. */
	if (same && same == total_length(parts, n_parts))
		same--;
	ret = cut(t, run->answers[0].sequence, same, err);
	if (ret)
		return ret;
	rest = calloc(n_parts + 1, sizeof(*rest));
	if (!rest)
		return npu_error_set(err, -ENOMEM, "no memory for the conversation");
	n_parts = drop_start(parts, n_parts, t->text.len, rest);
	ret = read_rest(t, run, rest, n_parts, err);
	free(rest);
	return ret;
}

int transcript_wrote(struct transcript *t, const struct run *run, struct npu_error *err)
{
	const struct answer *answer = &run->answers[0];
	uint32_t at = t->n_marks ? t->marks[t->n_marks - 1].tokens : 0;
	uint32_t length = npu_sequence_length(answer->sequence);
	const uint32_t *tokens = npu_sequence_tokens(answer->sequence);
	struct npu_decoder decoder = { 0 };
	int ret = 0;

	while (!ret && at < length) {
		size_t len;

		ret = npu_tokenizer_decode(answer->tokenizer, &decoder, tokens[at++],
					   answer->piece, answer->piece_size, &len);
		if (ret)
			return npu_error_set(err, ret, "a token has no text");
		if (!text_append(&t->text, answer->piece, len))
			return npu_error_set(err, -ENOMEM, "no memory for the conversation");
		/* Between the bytes of one character nothing can be cut. */
		if (!decoder.count)
			ret = mark(t, at, err);
	}
	return ret;
}

void transcript_release(struct transcript *t)
{
	text_release(&t->text);
	free(t->marks);
	*t = (struct transcript){ 0 };
}
