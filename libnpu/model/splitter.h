/* SPDX-License-Identifier: MIT */
/* Cutting text into the pieces inside which BPE merges. */
#ifndef NPU_MODEL_SPLITTER_H
#define NPU_MODEL_SPLITTER_H

#include <stddef.h>

#include <npu/error.h>

struct splitter;

/* State of going through texts; each thread has its own. */
struct split;

/*
 * @pre is the value of tokenizer.ggml.pre, of @len bytes, or NULL when the
 * file has none. Returns 0, -ENOTSUP or -ENOMEM; @file is for the message.
 */
int splitter_create(const char *file, const char *pre, size_t len,
		    struct splitter **splitter, struct npu_error *err);
void splitter_destroy(struct splitter *splitter);

/* Returns NULL when there is no memory. */
struct split *split_create(const struct splitter *splitter);
void split_destroy(struct split *split);

/*
 * Length of the piece at the start of @text, which has @len > 0 bytes of any
 * kind: at least 1, or a negative errno. Pieces of a text one after the other
 * are all of it.
 *
 * @valid is 0 for a new text. It remembers how many bytes from here on are
 * known to be UTF-8, so that checking a text costs one pass over it.
 */
ptrdiff_t split_next(struct split *split, const char *text, size_t len,
		     size_t *valid);

#endif /* NPU_MODEL_SPLITTER_H */
