// SPDX-License-Identifier: MIT
/* Pre-tokenisation with the patterns that vocabularies were trained with. */
#include <errno.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "gguf_internal.h"
#include "split_rules.h"
#include "splitter.h"
#include "utf8.h"

struct splitter {
	const struct split_rule *rule;
	struct {
		pcre2_code *code;
	} stage[SPLIT_MAX_STAGES];
	size_t stages;
};

/*
 * A text on its way. Level 0 cuts runs of UTF-8 out of it, level i + 1 cuts
 * the pieces of level i with the pattern of stage i. @end is where the piece
 * of each level that holds @at ends; when a pattern matched only further on,
 * @match_start and @match_end are where.
 */
struct split {
	const struct splitter *splitter;
	pcre2_match_data *match;
	const char *text;
	size_t len;
	size_t at;
	size_t end[SPLIT_MAX_STAGES + 1];
	size_t match_start[SPLIT_MAX_STAGES + 1];
	size_t match_end[SPLIT_MAX_STAGES + 1];
};

static int compile(const char *file, const char *pattern, pcre2_code **result,
		   struct npu_error *err)
{
	PCRE2_UCHAR reason[128];
	PCRE2_SIZE offset;
	int code;

	*result = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
				PCRE2_UTF, &code, &offset, NULL);
	if (*result)
		return 0;
	pcre2_get_error_message(code, reason, sizeof(reason));
	return npu_error_set(err, -ENOTSUP,
			     "%s: this libpcre2 cannot compile the pre-tokeniser: %s",
			     file, (const char *)reason);
}

static int unknown(const char *file, const char *pre, size_t len,
		   struct npu_error *err)
{
	struct npu_gguf_string name = { pre, len };
	char quoted[GGUF_QUOTE_LEN], all[NPU_ERROR_LEN];

	return npu_error_set(err, -ENOTSUP,
			     "%s: pre-tokeniser '%s' is not supported (supported: %s)",
			     file, gguf_quote(quoted, &name),
			     split_rule_names(all, sizeof(all)));
}

int splitter_create(const char *file, const char *pre, size_t len,
		    struct splitter **splitter, struct npu_error *err)
{
	const struct split_rule *rule = split_rule_find(pre, len);
	struct splitter *s;
	int ret = 0;

	if (!rule)
		return unknown(file, pre, len, err);
	s = calloc(1, sizeof(*s));
	if (!s)
		return npu_error_set(err, -ENOMEM, "%s: out of memory", file);
	s->rule = rule;
	while (!ret && s->stages < SPLIT_MAX_STAGES && rule->stage[s->stages]) {
		ret = compile(file, rule->stage[s->stages], &s->stage[s->stages].code,
			      err);
		s->stages++;
	}
	if (ret)
		splitter_destroy(s);
	else
		*splitter = s;
	return ret;
}

void splitter_destroy(struct splitter *splitter)
{
	if (!splitter)
		return;
	for (size_t i = 0; i < splitter->stages; i++)
		pcre2_code_free(splitter->stage[i].code);
	free(splitter);
}

bool splitter_takes_whole(const struct splitter *splitter)
{
	return splitter->rule->takes_whole;
}

bool splitter_adds_bos(const struct splitter *splitter)
{
	return splitter->rule->adds_bos;
}

struct split *split_create(const struct splitter *splitter)
{
	struct split *split = calloc(1, sizeof(*split));

	if (!split)
		return NULL;
	split->splitter = splitter;
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

void split_start(struct split *split, const char *text, size_t len)
{
	split->text = text;
	split->len = len;
	split->at = 0;
	for (size_t i = 0; i <= SPLIT_MAX_STAGES; i++)
		split->end[i] = split->match_start[i] = split->match_end[i] = 0;
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

/* Look for the pattern of @level from here to the end of the piece above. */
static int search(struct split *s, size_t level)
{
	size_t end = s->end[level - 1];
	PCRE2_SIZE *place;
	int ret;

	ret = pcre2_match(s->splitter->stage[level - 1].code,
			  (PCRE2_SPTR)s->text + s->at, end - s->at, 0,
			  PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, s->match, NULL);
	s->match_start[level] = s->match_end[level] = end;
	if (ret == PCRE2_ERROR_NOMATCH)
		return 0;
	if (ret < 0)
		return ret == PCRE2_ERROR_NOMEMORY ? -ENOMEM : -EIO;
	place = pcre2_get_ovector_pointer(s->match);
	s->match_start[level] = s->at + place[0];
	s->match_end[level] = s->at + place[1];
	return 0;
}

/* Make end[level] the end of the piece that starts here. */
static int advance(struct split *s, size_t level)
{
	int ret = 0;

	if (s->end[level] > s->at)
		return 0;
	if (!level) {
		s->end[0] = s->at + valid_bytes(s->text + s->at, s->len - s->at);
		return 0;
	}
	ret = advance(s, level - 1);
	/* What is left above may have a match that was met already. */
	if (!ret && s->match_end[level] <= s->at)
		ret = search(s, level);
	s->end[level] = s->match_start[level] > s->at ? s->match_start[level] :
							s->match_end[level];
	return ret;
}

ptrdiff_t split_next(struct split *split)
{
	size_t from = split->at;
	int ret;

	if (from == split->len)
		return 0;
	ret = advance(split, 0);
	if (split->end[0] == from) {
		split->at++;
		return 1;
	}
	if (!ret)
		ret = advance(split, split->splitter->stages);
	if (ret)
		return ret;
	split->at = split->end[split->splitter->stages];
	return split->at - from;
}
