// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "documents.h"

#define MAX_BYTES (1u << 30)

static int read_file(const char *path, char **text, size_t *size, struct npu_error *err)
{
	FILE *f = fopen(path, "rb");
	size_t room = 1 << 16, got = 1;
	char *more;
	int ret = 0;

	*text = NULL;
	*size = 0;
	if (!f)
		return npu_error_set(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	while (!ret && got) {
		more = realloc(*text, room);
		if (!more) {
			ret = npu_error_set(err, -ENOMEM, "%s: no memory to read it", path);
			break;
		}
		*text = more;
		got = fread(*text + *size, 1, room - *size, f);
		*size += got;
		room = *size + (*size > 1 << 16 ? *size : 1 << 16);
		if (*size > MAX_BYTES)
			ret = npu_error_set(err, -E2BIG, "%s: more than %u bytes", path,
					    MAX_BYTES);
	}
	if (!ret && ferror(f))
		ret = npu_error_set(err, -EIO, "%s: cannot read: %s", path, strerror(errno));
	fclose(f);
	return ret;
}

/* Windows of the @n tokens at @tokens; the last token is a successor only. */
static bool add_windows(struct documents *d, uint64_t first, uint64_t n, uint32_t window,
			uint64_t most)
{
	for (uint64_t at = 0; at + 1 < n && (!most || d->total < most); at += window) {
		uint64_t left = n - 1 - at, size = left < window ? left : window;
		struct npu_text *more;

		if (most && size > most - d->total)
			size = most - d->total;
		more = realloc(d->windows, (d->n + 1) * sizeof(*more));
		if (!more)
			return false;
		d->windows = more;
		/* where it is in d->tokens, which may still move */
		d->windows[d->n++] = (struct npu_text){
			.tokens = (const uint32_t *)(uintptr_t)(first + at), .n = (uint32_t)size,
		};
		d->total += size;
	}
	return true;
}

/* One document: its tokens go behind those that there are, @used of them. */
static int add_document(struct documents *d, const struct npu_tokenizer *tokenizer,
			const char *text, size_t size, uint32_t window, uint64_t most,
			uint64_t *used, struct npu_error *err)
{
	uint32_t bos = npu_tokenizer_bos(tokenizer), eos = npu_tokenizer_eos(tokenizer);
	uint32_t *ids, *more;
	uint64_t first = *used;
	size_t n;
	int ret = npu_tokenizer_encode(tokenizer, text, size, 0, &ids, &n, err);

	if (ret)
		return ret;
	more = realloc(d->tokens, (*used + n + 2) * sizeof(*more));
	if (more) {
		d->tokens = more;
		if (bos != NPU_TOKEN_NONE)
			more[(*used)++] = bos;
		memcpy(more + *used, ids, n * sizeof(*ids));
		*used += n;
		if (eos != NPU_TOKEN_NONE)
			more[(*used)++] = eos;
	}
	free(ids);
	if (!more || !add_windows(d, first, *used - first, window, most))
		return npu_error_set(err, -ENOMEM, "no memory for %zu tokens", n);
	return 0;
}

/* The end of the document at @text: an empty line, or the end of all. */
static const char *end_of(const char *text, const char *end, bool split)
{
	const char *empty = split ? memmem(text, end - text, "\n\n", 2) : NULL;

	return empty ? empty + 1 : end;
}

static int add_all(struct documents *d, const struct npu_tokenizer *tokenizer, bool split,
		   const char *text, size_t size, uint32_t window, uint64_t most,
		   struct npu_error *err)
{
	const char *end = text + size;
	uint64_t used = 0;
	int ret = 0;

	while (!ret && text < end && (!most || d->total < most)) {
		const char *stop;

		while (split && text < end && *text == '\n')
			text++;
		stop = end_of(text, end, split);
		if (stop > text)
			ret = add_document(d, tokenizer, text, stop - text, window, most, &used,
					   err);
		text = stop;
	}
	for (uint64_t i = 0; i < d->n; i++)
		d->windows[i].tokens = d->tokens + (uintptr_t)d->windows[i].tokens;
	return ret;
}

int documents_read(const char *path, const struct npu_tokenizer *tokenizer, bool split,
		   uint32_t window, uint64_t most, struct documents *documents,
		   struct npu_error *err)
{
	char *text;
	size_t size;
	int ret = read_file(path, &text, &size, err);

	memset(documents, 0, sizeof(*documents));
	if (!ret)
		ret = add_all(documents, tokenizer, split, text, size, window, most, err);
	if (!ret && !documents->n)
		ret = npu_error_set(err, -EINVAL, "%s: has too little text", path);
	if (ret)
		documents_free(documents);
	free(text);
	return ret;
}

void documents_free(struct documents *documents)
{
	free(documents->windows);
	free(documents->tokens);
	memset(documents, 0, sizeof(*documents));
}
