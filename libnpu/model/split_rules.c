// SPDX-License-Identifier: MIT
/* The patterns by which vocabularies were trained to cut text. */
#include <stdio.h>
#include <string.h>

#include "split_rules.h"

/* Characters with the Unicode property White_Space, for inside a class. */
#define SPACE "\\x{09}-\\x{0d}\\x{85}\\p{Z}"

/* Neither letter, number nor white space. */
#define OTHER "[^\\p{L}\\p{N}" SPACE "]"

/* Of a run of white space, all but the last before something else. */
#define BLANKS "[" SPACE "]+(?![^" SPACE "])|[" SPACE "]+"

#define CONTRACTION "'(?:[smtd]|ll|re|ve)"

/*
 * GPT-2: English contractions; then letters, digits or other characters, each
 * with the one space before them; then white space.
 */
#define GPT2 CONTRACTION "| ?\\p{L}+| ?\\p{N}+| ?" OTHER "+|" BLANKS

/*
 * GPT-4 and after it: contractions in any case, a word with one character of
 * any kind before it, numbers of at most so many digits, other characters
 * with the line ends after them, line ends with the white space before them.
 */
#define LINES "| ?" OTHER "+[\\r\\n]*|[" SPACE "]*[\\r\\n]+|" BLANKS
#define GPT4(digits) "(?i:" CONTRACTION ")|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" \
	digits LINES

/* Words that end where small letters are followed by a capital. */
#define CAPITALS "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define SMALLS "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define CASED(tail) "[^\\r\\n\\p{L}\\p{N}]?" CAPITALS "*" SMALLS "+" tail \
	"|[^\\r\\n\\p{L}\\p{N}]?" CAPITALS "+" SMALLS "*" tail
#define PATHS "| ?" OTHER "+[\\r\\n/]*|[" SPACE "]*[\\r\\n]+|" BLANKS

enum rule {
	RULE_DEFAULT,
	RULE_GPT2,
	RULE_GPT4,
	RULE_LLAMA3,
	RULE_QWEN2,
	RULE_DIGITS,
	RULE_FALCON,
	RULE_TEKKEN,
	RULE_GPT4O,
};

static const struct split_rule rules[] = {
	[RULE_DEFAULT] = { .stage = { "[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+",
				      "[0-9][0-9][0-9]" } },
	[RULE_GPT2] = { .stage = { GPT2 } },
	[RULE_GPT4] = { .stage = { GPT4("\\p{N}{1,3}") } },
	[RULE_LLAMA3] = { .stage = { GPT4("\\p{N}{1,3}") },
			  .takes_whole = true, .adds_bos = true },
	[RULE_QWEN2] = { .stage = { GPT4("\\p{N}") } },
	[RULE_DIGITS] = { .stage = { "\\p{N}", GPT2 } },
	[RULE_FALCON] = { .stage = { "[\\p{P}$+<=>^~|`]+", GPT2,
				     "[0-9][0-9][0-9]" } },
	[RULE_TEKKEN] = { .stage = { CASED("") "|\\p{N}" PATHS },
			  .takes_whole = true, .adds_bos = true },
	[RULE_GPT4O] = { .stage = { CASED("(?i:" CONTRACTION ")?")
				    "|\\p{N}{1,3}" PATHS } },
};

static const struct {
	const char *name;
	enum rule rule;
} names[] = {
	{ "default", RULE_DEFAULT },
	{ "gpt-2", RULE_GPT2 },
	{ "phi-2", RULE_GPT2 },
	{ "olmo", RULE_GPT2 },
	{ "mpt", RULE_GPT2 },
	{ "llama3", RULE_LLAMA3 },
	{ "llama-v3", RULE_LLAMA3 },
	{ "llama-bpe", RULE_LLAMA3 },
	{ "falcon3", RULE_LLAMA3 },
	{ "dbrx", RULE_GPT4 },
	{ "smaug-bpe", RULE_GPT4 },
	{ "qwen2", RULE_QWEN2 },
	{ "stablelm2", RULE_QWEN2 },
	{ "deepseek-r1-qwen", RULE_QWEN2 },
	{ "smollm", RULE_DIGITS },
	{ "starcoder", RULE_DIGITS },
	{ "refact", RULE_DIGITS },
	{ "command-r", RULE_DIGITS },
	{ "codeshell", RULE_DIGITS },
	{ "falcon", RULE_FALCON },
	{ "tekken", RULE_TEKKEN },
	{ "gpt-4o", RULE_GPT4O },
	{ "llama4", RULE_GPT4O },
};

#define COUNT (sizeof(names) / sizeof(names[0]))

const struct split_rule *split_rule_find(const char *pre, size_t len)
{
	if (!pre)
		return &rules[RULE_DEFAULT];
	for (size_t i = 0; i < COUNT; i++)
		if (len == strlen(names[i].name) &&
		    !memcmp(pre, names[i].name, len))
			return &rules[names[i].rule];
	return NULL;
}

const char *split_rule_names(char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < COUNT && len < size; i++)
		len += snprintf(out + len, size - len, "%s%s", i ? ", " : "",
				names[i].name);
	return out;
}
