/* SPDX-License-Identifier: MIT */
/* Cutting text into the pieces inside which BPE merges. */
#ifndef NPU_MODEL_SPLITTER_H
#define NPU_MODEL_SPLITTER_H

#include <stdbool.h>
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

/* Whether a piece that is a token becomes that token, whatever the merges. */
bool splitter_takes_whole(const struct splitter *splitter);

/* Whether texts start with the beginning token unless the file says no. */
bool splitter_adds_bos(const struct splitter *splitter);

/* Returns NULL when there is no memory. */
struct split *split_create(const struct splitter *splitter);
void split_destroy(struct split *split);

/* Begin a text of @len bytes of any kind; it must stay until the last piece. */
void split_start(struct split *split, const char *text, size_t len);

/*
 * Length of the next piece: at least 1, 0 at the end of the text, or a
 * negative errno. Pieces of a text one after the other are all of it. Each
 * byte that is not UTF-8 is a piece of its own.
 */
ptrdiff_t split_next(struct split *split);

#endif /* NPU_MODEL_SPLITTER_H */
