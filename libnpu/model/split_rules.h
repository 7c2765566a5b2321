/* SPDX-License-Identifier: MIT */
/* The patterns by which vocabularies were trained to cut text. */
#ifndef NPU_MODEL_SPLIT_RULES_H
#define NPU_MODEL_SPLIT_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include <npu/error.h>

#define SPLIT_MAX_STAGES 4

/**
 * struct split_rule - how one family of vocabularies cuts
 * @stage: patterns; each cuts the pieces of the one before it into its matches
 *	and what lies between them. Unused ones are NULL
 * @takes_whole: a piece that is a token becomes that token without merging
 * @adds_bos: texts start with the beginning token unless the file says no
 */
struct split_rule {
	const char *stage[SPLIT_MAX_STAGES];
	bool takes_whole;
	bool adds_bos;
};

/*
 * The rule that files call @pre, of @len bytes; NULL is what files without a
 * name get. Returns NULL when there is none.
 */
const struct split_rule *split_rule_find(const char *pre, size_t len);

/* All names, with commas between; gives back @out. */
const char *split_rule_names(char *out, size_t size);

#endif /* NPU_MODEL_SPLIT_RULES_H */
