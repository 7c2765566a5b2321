/* SPDX-License-Identifier: MIT */
/* Who said what, and the text that a model should go on from. */
#ifndef NPU_TOOLS_CONVERSATION_H
#define NPU_TOOLS_CONVERSATION_H

#include <stddef.h>

#include <npu/chat.h>
#include <npu/error.h>

#include "text.h"

/**
 * struct conversation - what was said; all zero at the start
 * @remarks: in order
 * @n: number of them
 */
struct conversation {
	struct remark {
		enum npu_chat_role role;
		struct text text;
	} *remarks;
	size_t n;
};

/** conversation_say() - something more is said; 0 or -ENOMEM */
int conversation_say(struct conversation *conversation, enum npu_chat_role role,
		     const char *text, size_t len, struct npu_error *err);

/** conversation_unsay() - forget the last remark */
void conversation_unsay(struct conversation *conversation);

/** conversation_clear() - forget all but @keep remarks at the start */
void conversation_clear(struct conversation *conversation, size_t keep);

/**
 * conversation_render() - the text that the model should go on from
 * @conversation: what was said
 * @chat: template; NULL: what was said, one behind the other
 * @special: without a template: names of control tokens stand for them
 * @text: receives the parts; free them with npu_chat_text_free(). They are good
 *	until something is said or forgotten
 * @err: what failed
 */
int conversation_render(const struct conversation *conversation,
			const struct npu_chat_template *chat, bool special,
			struct npu_chat_text *text, struct npu_error *err);

#endif /* NPU_TOOLS_CONVERSATION_H */
