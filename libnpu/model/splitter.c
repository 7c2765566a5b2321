// SPDX-License-Identifier: MIT
/* Pre-tokenisation with the patterns that vocabularies were trained with. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "gguf_internal.h"
#include "splitter.h"
#include "utf8.h"

/* Characters with the Unicode property White_Space, for inside a class. */
#define SPACE "\\x{09}-\\x{0d}\\x{85}\\p{Z}"

/*
 * Vocabularies by the name that GGUF files give their pre-tokeniser. GPT-2:
 * English contractions; then letters, digits or other characters, each with
 * the one space before them; of the white space that is left, all but the
 * last character when something follows that may take it.
 */
static const struct {
	const char *name;
	const char *pattern;
} patterns[] = {
	{ "gpt-2",
	  "'(?:[smtd]|ll|re|ve)| ?\\p{L}+| ?\\p{N}+"
	  "| ?[^\\p{L}\\p{N}" SPACE "]+"
	  "|[" SPACE "]+(?![^" SPACE "])|[" SPACE "]+" },
};

struct splitter {
	pcre2_code *code;
};

struct split {
	const pcre2_code *code;
	pcre2_match_data *match;
};

static int compile(const char *file, const char *pattern,
		   struct splitter *splitter, struct npu_error *err)
{
	PCRE2_UCHAR reason[128];
	PCRE2_SIZE offset;
	int code;

	splitter->code = pcre2_compile((PCRE2_SPTR)pattern,
				       PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code,
				       &offset, NULL);
	if (splitter->code)
		return 0;
	pcre2_get_error_message(code, reason, sizeof(reason));
	return npu_error_set(err, -ENOTSUP,
			     "%s: this libpcre2 cannot compile the pre-tokeniser: %s",
			     file, (const char *)reason);
}

/* A file that names none gets the first. */
static const char *find_pattern(const char *pre, size_t len)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (!pre || (len == strlen(patterns[i].name) &&
			     !memcmp(pre, patterns[i].name, len)))
			return patterns[i].pattern;
	return NULL;
}

int splitter_create(const char *file, const char *pre, size_t len,
		    struct splitter **splitter, struct npu_error *err)
{
	struct npu_gguf_string name = { pre, len };
	const char *pattern = find_pattern(pre, len);
	char quoted[GGUF_QUOTE_LEN];
	struct splitter *s;
	int ret;

	if (!pattern)
		return npu_error_set(err, -ENOTSUP,
				     "%s: pre-tokeniser '%s' is not supported (supported: gpt-2)",
				     file, gguf_quote(quoted, &name));
	s = calloc(1, sizeof(*s));
	if (!s)
		return npu_error_set(err, -ENOMEM, "%s: out of memory", file);
	ret = compile(file, pattern, s, err);
	if (ret)
		free(s);
	else
		*splitter = s;
	return ret;
}

void splitter_destroy(struct splitter *splitter)
{
	if (!splitter)
		return;
	pcre2_code_free(splitter->code);
	free(splitter);
}

struct split *split_create(const struct splitter *splitter)
{
	struct split *split = calloc(1, sizeof(*split));

	if (!split)
		return NULL;
	split->code = splitter->code;
	split->match = pcre2_match_data_create(1, NULL);
	if (split->match)
		return split;
	free(split);
	return NULL;
}

void split_destroy(struct split *split)
{
	if (!split)
		return;
	pcre2_match_data_free(split->match);
	free(split);
}

/* Bytes from the start of @text that are UTF-8. */
static size_t valid_bytes(const char *text, size_t len)
{
	size_t done = 0;
	uint32_t code;
	int step;

	while (done < len) {
		step = utf8_next((const unsigned char *)text + done, len - done,
				 &code);
		if (step <= 0)
			break;
		done += step;
	}
	return done;
}

ptrdiff_t split_next(struct split *split, const char *text, size_t len,
		     size_t *valid)
{
	PCRE2_SIZE *place;
	int ret;

	if (!*valid)
		*valid = valid_bytes(text, len);
	if (!*valid)
		return 1;
	ret = pcre2_match(split->code, (PCRE2_SPTR)text, *valid, 0,
			  PCRE2_ANCHORED | PCRE2_NO_UTF_CHECK, split->match,
			  NULL);
	if (ret == PCRE2_ERROR_NOMEMORY)
		return -ENOMEM;
	if (ret < 0)
		return -EIO;
	place = pcre2_get_ovector_pointer(split->match);
	*valid -= place[1];
	return place[1];
}
