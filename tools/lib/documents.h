/* SPDX-License-Identifier: MIT */
/* Text files as windows of tokens, for calibration and for scoring. */
#ifndef NPU_TOOLS_DOCUMENTS_H
#define NPU_TOOLS_DOCUMENTS_H

#include <stdbool.h>

#include <npu/quant.h>
#include <npu/tokenizer.h>

/**
 * struct documents - windows of a text
 * @windows: windows, @n of them; behind the last token of each stands the one
 *	that follows it in the text, so that all of them have a successor
 * @tokens: the tokens that they lie in
 * @total: tokens of all windows
 */
struct documents {
	struct npu_text *windows;
	uint64_t n;
	uint32_t *tokens;
	uint64_t total;
};

/**
 * documents_read() - cut a file into windows
 * @path: text file
 * @tokenizer: tokenizer
 * @split: empty lines separate documents; each has tokens for its beginning
 *	and end of its own
 * @window: most tokens of a window, which sees nothing of the one before
 * @most: most tokens of all; 0: no limit
 * @documents: receives the windows; free it with documents_free()
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int documents_read(const char *path, const struct npu_tokenizer *tokenizer, bool split,
		   uint32_t window, uint64_t most, struct documents *documents,
		   struct npu_error *err);

/** documents_free() - free the windows */
void documents_free(struct documents *documents);

#endif /* NPU_TOOLS_DOCUMENTS_H */
