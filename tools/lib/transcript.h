/* SPDX-License-Identifier: MIT */
/* Which text a sequence of tokens holds, so that what it holds is not read again. */
#ifndef NPU_TOOLS_TRANSCRIPT_H
#define NPU_TOOLS_TRANSCRIPT_H

#include "run.h"

/**
 * struct transcript - the text of the first answer's sequence; all zero at the start
 * @text: the text
 * @marks: places where both text and tokens may be cut
 * @n_marks: number of @marks
 * @room: what @marks has room for
 *
 * Text that was read is one piece: where its tokens divide it only the
 * tokenizer knows. Text that was written may be cut behind each token.
 */
struct transcript {
	struct text text;
	struct transcript_mark {
		size_t len;
		uint32_t tokens;
	} *marks;
	size_t n_marks, room;
};

/**
 * transcript_read() - make the sequence hold a text
 * @transcript: what it holds now
 * @run: run
 * @parts: what it should hold
 * @n_parts: number of @parts
 * @err: what failed
 *
 * Keeps the tokens of what both have in common, and reads the rest. There is
 * always something to read, so that there are logits afterwards.
 *
 * Return: 0; a negative errno of run_read(), with the sequence cut to what is
 * common.
 */
int transcript_read(struct transcript *transcript, struct run *run,
		    const struct npu_text_part *parts, size_t n_parts,
		    struct npu_error *err);

/** transcript_wrote() - the sequence has grown by what the model wrote; 0 or -ENOMEM */
int transcript_wrote(struct transcript *transcript, const struct run *run,
		     struct npu_error *err);

/** transcript_release() - free it; it is empty afterwards */
void transcript_release(struct transcript *transcript);

#endif /* NPU_TOOLS_TRANSCRIPT_H */
