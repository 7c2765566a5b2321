// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "conversation.h"

static int no_memory(struct npu_error *err)
{
	return npu_error_set(err, -ENOMEM, "no memory for the conversation");
}

int conversation_say(struct conversation *c, enum npu_chat_role role, const char *text,
		     size_t len, struct npu_error *err)
{
	struct remark *more = realloc(c->remarks, (c->n + 1) * sizeof(*more));

	if (!more)
		return no_memory(err);
	c->remarks = more;
	more[c->n] = (struct remark){ .role = role };
	if (!text_append(&more[c->n].text, text, len))
		return no_memory(err);
	c->n++;
	return 0;
}

void conversation_unsay(struct conversation *c)
{
	conversation_clear(c, c->n - 1);
}

void conversation_clear(struct conversation *c, size_t keep)
{
	while (c->n > keep)
		text_release(&c->remarks[--c->n].text);
	if (keep)
		return;
	free(c->remarks);
	c->remarks = NULL;
}

static int render_plain(const struct conversation *c, bool special,
			struct npu_chat_text *text, struct npu_error *err)
{
	text->parts = calloc(c->n + 1, sizeof(*text->parts));
	if (!text->parts)
		return no_memory(err);
	for (text->n_parts = 0; text->n_parts < c->n; text->n_parts++) {
		const struct text *remark = &c->remarks[text->n_parts].text;

		text->parts[text->n_parts] = (struct npu_text_part){
			.text = remark->data, .len = remark->len, .special = special,
		};
	}
	return 0;
}

int conversation_render(const struct conversation *c, const struct npu_chat_template *chat,
			bool special, struct npu_chat_text *text, struct npu_error *err)
{
	struct npu_chat_message *messages;
	int ret;

	if (!chat)
		return render_plain(c, special, text, err);
	messages = calloc(c->n + 1, sizeof(*messages));
	if (!messages)
		return no_memory(err);
	for (size_t i = 0; i < c->n; i++)
		messages[i] = (struct npu_chat_message){
			.role = c->remarks[i].role, .text = c->remarks[i].text.data,
		};
	ret = npu_chat_render(chat, messages, c->n, true, text, err);
	free(messages);
	return ret;
}
