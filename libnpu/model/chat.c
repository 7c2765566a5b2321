// SPDX-License-Identifier: MIT
/* Messages in the form that a chat model was trained on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat_template.h"

/* Before, text, after; and what stands before a later user's message. */
#define PARTS_OF_MESSAGE 4

/* A conversation being rendered; @system waits for its user's message. */
struct renderer {
	const struct npu_chat_template *chat;
	struct npu_chat_text *text;
	const struct npu_chat_message *system;
	struct npu_error *err;
};

static void put(struct renderer *r, const char *text, size_t len, bool special)
{
	if (len)
		r->text->parts[r->text->n_parts++] = (struct npu_text_part){
			.text = text, .len = len, .special = special,
		};
}

static void put_own(struct renderer *r, const char *text)
{
	if (text)
		put(r, text, strlen(text), true);
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void put_message(struct renderer *r, const char *text)
{
	size_t len = strlen(text);

	while (r->chat->trim && len && is_space(*text)) {
		text++;
		len--;
	}
	while (r->chat->trim && len && is_space(text[len - 1]))
		len--;
	put(r, text, len, false);
}

static void put_framed(struct renderer *r, const struct npu_chat_message *m)
{
	const struct chat_frame *frame = &r->chat->frame[m->role];

	put_own(r, frame->before);
	if (m->role == NPU_CHAT_USER && r->system) {
		const struct npu_chat_message *system = r->system;

		r->system = NULL;
		put_framed(r, system);
	}
	put_message(r, m->text);
	put_own(r, frame->after);
}

static int lonely_system(struct renderer *r)
{
	return npu_error_set(r->err, -EINVAL,
			     "the %s template has a system message only before a user's",
			     r->chat->name);
}

static int put_turn(struct renderer *r, const struct npu_chat_message *m,
		    bool first)
{
	if ((unsigned int)m->role >= NPU_CHAT_ROLES)
		return npu_error_set(r->err, -EINVAL, "unknown role %d of a message",
				     m->role);
	if (r->system && m->role != NPU_CHAT_USER)
		return lonely_system(r);
	if (r->chat->inside && m->role == NPU_CHAT_SYSTEM) {
		r->system = m;
		return 0;
	}
	if (m->role == NPU_CHAT_USER && !first)
		put_own(r, r->chat->again);
	put_framed(r, m);
	return 0;
}

int npu_chat_render(const struct npu_chat_template *chat,
		    const struct npu_chat_message *messages, size_t n,
		    bool answer, struct npu_chat_text *text,
		    struct npu_error *err)
{
	struct renderer r = { .chat = chat, .text = text, .err = err };
	bool first = true;
	int ret = 0;

	text->n_parts = 0;
	text->parts = calloc(n + 1, PARTS_OF_MESSAGE * sizeof(*text->parts));
	if (!text->parts)
		return npu_error_set(err, -ENOMEM, "out of memory for %zu messages",
				     n);
	for (size_t i = 0; !ret && i < n; i++) {
		ret = put_turn(&r, &messages[i], first);
		first = first && messages[i].role == NPU_CHAT_SYSTEM;
	}
	if (!ret && r.system)
		ret = lonely_system(&r);
	if (ret)
		npu_chat_text_free(text);
	else if (answer)
		put_own(&r, chat->answer);
	return ret;
}

void npu_chat_text_free(struct npu_chat_text *text)
{
	free(text->parts);
	*text = (struct npu_chat_text){ 0 };
}

int npu_chat_encode(const struct npu_chat_template *chat,
		    const struct npu_tokenizer *tokenizer,
		    const struct npu_chat_message *messages, size_t n,
		    bool answer, uint32_t **ids, size_t *count,
		    struct npu_error *err)
{
	struct npu_chat_text text;
	int ret = npu_chat_render(chat, messages, n, answer, &text, err);

	if (ret)
		return ret;
	ret = npu_tokenizer_encode_parts(tokenizer, text.parts, text.n_parts,
					 NPU_ENCODE_BOS, ids, count, err);
	npu_chat_text_free(&text);
	return ret;
}
