/* SPDX-License-Identifier: MIT */
/* Chat templates as data. */
#ifndef NPU_MODEL_CHAT_TEMPLATE_H
#define NPU_MODEL_CHAT_TEMPLATE_H

#include <npu/chat.h>

#define CHAT_MAX_STOPS 3
#define CHAT_MAX_MARKS 2

/* What stands before and after a message; NULL is nothing. */
struct chat_frame {
	const char *before;
	const char *after;
};

/**
 * struct npu_chat_template - the form of one family
 * @name: name
 * @marks: a template with all of these in it is of the family
 * @frame: by role
 * @inside: a system message goes inside the frame of the user's that follows
 * @trim: messages lose the white space around them
 * @again: stands before a user's message that is not the first
 * @answer: what the assistant's next message starts with
 * @stops: strings that end an answer, then NULL
 */
struct npu_chat_template {
	const char *name;
	const char *marks[CHAT_MAX_MARKS];
	struct chat_frame frame[NPU_CHAT_ROLES];
	bool inside;
	bool trim;
	const char *again;
	const char *answer;
	const char *stops[CHAT_MAX_STOPS + 1];
};

#endif /* NPU_MODEL_CHAT_TEMPLATE_H */
