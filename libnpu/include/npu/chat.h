/* SPDX-License-Identifier: MIT */
/*
 * Chat templates: the form in which a model was trained to read a
 * conversation.
 *
 * A model file holds its template as a Jinja program. That is not run: the
 * families that it can belong to are few, and are told by marks in it.
 *
 *	npu_chat_detect(gguf, &template, &err);
 *	npu_chat_encode(template, tokenizer, messages, n, true, &ids, &count, &err);
 *	generate until npu_tokenizer_is_end() or one of npu_chat_stops()
 */
#ifndef NPU_CHAT_H
#define NPU_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <npu/error.h>
#include <npu/gguf.h>
#include <npu/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum npu_chat_role - who says a message */
enum npu_chat_role {
	NPU_CHAT_SYSTEM,
	NPU_CHAT_USER,
	NPU_CHAT_ASSISTANT,
	NPU_CHAT_ROLES
};

/**
 * struct npu_chat_message - one message
 * @role: who says it
 * @text: what, NUL-terminated
 */
struct npu_chat_message {
	enum npu_chat_role role;
	const char *text;
};

struct npu_chat_template;

/**
 * struct npu_chat_text - a conversation in a template's form
 * @parts: the template's own words, which may spell control tokens, and the
 *	messages, which may not; texts belong to template and messages
 * @n_parts: number of them
 */
struct npu_chat_text {
	struct npu_text_part *parts;
	size_t n_parts;
};

/**
 * npu_chat_at() - the templates that there are
 * @index: counts from 0
 *
 * Return: a template, which lives for ever; NULL past the last.
 */
const struct npu_chat_template *npu_chat_at(size_t index);

/** npu_chat_find() - a template by its name, or NULL */
const struct npu_chat_template *npu_chat_find(const char *name);

/** npu_chat_name() - name of a template, such as "chatml" */
const char *npu_chat_name(const struct npu_chat_template *chat);

/**
 * npu_chat_detect() - the template that a model file asks for
 * @gguf: open file
 * @chat: receives it
 * @err: receives the reason, or NULL
 *
 * Reads tokenizer.chat_template, which may also be a template's name.
 *
 * Return: 0; -ENOENT when the file has none; -ENOTSUP when it belongs to no
 * family that is known; -EINVAL when it is no text.
 */
int npu_chat_detect(const struct npu_gguf *gguf,
		    const struct npu_chat_template **chat,
		    struct npu_error *err);

/**
 * npu_chat_render() - bring messages into a template's form
 * @chat: template
 * @messages: messages, the oldest first
 * @n: number of @messages
 * @answer: the assistant comes next: end with what its messages start with
 * @text: receives the parts; free them with npu_chat_text_free()
 * @err: receives the reason, or NULL
 *
 * The token that texts start with is not included: NPU_ENCODE_BOS adds it. The
 * form of a conversation starts with the form of its beginning, so what has
 * been read of it need not be read again.
 *
 * Return: 0; -EINVAL for an unknown role, or a system message that no user
 * message follows where the template needs one; -ENOMEM.
 */
int npu_chat_render(const struct npu_chat_template *chat,
		    const struct npu_chat_message *messages, size_t n,
		    bool answer, struct npu_chat_text *text,
		    struct npu_error *err);

/** npu_chat_text_free() - free what npu_chat_render() made */
void npu_chat_text_free(struct npu_chat_text *text);

/**
 * npu_chat_encode() - messages as tokens
 * @chat: template
 * @tokenizer: tokenizer of the model
 * @messages: as for npu_chat_render()
 * @n: likewise
 * @answer: likewise
 * @ids: receives the tokens; the caller frees them with free()
 * @count: receives their number
 * @err: receives the reason, or NULL
 *
 * A message that spells a control token stays text.
 *
 * Return: as npu_chat_render() and npu_tokenizer_encode_parts().
 */
int npu_chat_encode(const struct npu_chat_template *chat,
		    const struct npu_tokenizer *tokenizer,
		    const struct npu_chat_message *messages, size_t n,
		    bool answer, uint32_t **ids, size_t *count,
		    struct npu_error *err);

/**
 * npu_chat_stops() - strings that end an answer
 * @chat: template
 *
 * Each may also be a single token: npu_tokenizer_find().
 *
 * Return: the strings, the last followed by NULL.
 */
const char *const *npu_chat_stops(const struct npu_chat_template *chat);

#ifdef __cplusplus
}
#endif

#endif /* NPU_CHAT_H */
