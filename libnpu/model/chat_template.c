// SPDX-License-Identifier: MIT
/* The forms of the common families, and telling which one a file asks for. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "chat_template.h"
#include "gguf_internal.h"

#define ROLES(system, user, assistant) {	\
	[NPU_CHAT_SYSTEM] = system,		\
	[NPU_CHAT_USER] = user,			\
	[NPU_CHAT_ASSISTANT] = assistant,	\
}
#define FRAME(before, after) { before, after }

#define LLAMA3(role) FRAME("<|start_header_id|>" role "<|end_header_id|>\n\n", "<|eot_id|>")
#define CHATML(role) FRAME("<|im_start|>" role "\n", "<|im_end|>\n")
#define PHI4(role) FRAME("<|im_start|>" role "<|im_sep|>", "<|im_end|>")
#define BARS(role, end) FRAME("<|" role "|>\n", end "\n")
#define GEMMA(role) FRAME("<start_of_turn>" role "\n", "<end_of_turn>\n")

/*
 * In the order in which they are looked for: the marks of one may be among
 * those of another.
 */
static const struct npu_chat_template templates[] = {
	{
		.name = "phi4", .marks = { "<|im_start|>", "<|im_sep|>" },
		.frame = ROLES(PHI4("system"), PHI4("user"), PHI4("assistant")),
		.answer = "<|im_start|>assistant<|im_sep|>",
		.stops = { "<|im_end|>" },
	},
	{
		.name = "chatml", .marks = { "<|im_start|>" },
		.frame = ROLES(CHATML("system"), CHATML("user"), CHATML("assistant")),
		.answer = "<|im_start|>assistant\n",
		.stops = { "<|im_end|>" },
	},
	{
		.name = "mistral-v7", .marks = { "[INST]", "[SYSTEM_PROMPT]" },
		.frame = ROLES(FRAME("[SYSTEM_PROMPT] ", "[/SYSTEM_PROMPT]"),
			       FRAME("[INST] ", "[/INST]"), FRAME(" ", "</s>")),
		.stops = { "</s>" },
	},
	{
		.name = "llama2", .marks = { "[INST]", "<<SYS>>" },
		.frame = ROLES(FRAME("<<SYS>>\n", "\n<</SYS>>\n\n"),
			       FRAME("[INST] ", " [/INST]"), FRAME(" ", " </s>")),
		.inside = true, .trim = true, .again = "<s>",
		.stops = { "</s>" },
	},
	{
		.name = "mistral-v1", .marks = { " [INST]" },
		.frame = ROLES(FRAME(NULL, "\n\n"), FRAME(" [INST] ", " [/INST]"),
			       FRAME(" ", "</s>")),
		.inside = true,
		.stops = { "</s>" },
	},
	{
		.name = "mistral-v3-tekken", .marks = { "\"[INST]\"" },
		.frame = ROLES(FRAME(NULL, "\n\n"), FRAME("[INST]", "[/INST]"),
			       FRAME(NULL, "</s>")),
		.inside = true,
		.stops = { "</s>" },
	},
	{
		.name = "mistral", .marks = { "[INST]", " [/INST]" },
		.frame = ROLES(FRAME(NULL, "\n\n"), FRAME("[INST] ", " [/INST]"),
			       FRAME(" ", "</s>")),
		.inside = true,
		.stops = { "</s>" },
	},
	{
		.name = "mistral-v3", .marks = { "[INST]" },
		.frame = ROLES(FRAME(NULL, "\n\n"), FRAME("[INST] ", "[/INST]"),
			       FRAME(" ", "</s>")),
		.inside = true,
		.stops = { "</s>" },
	},
	{
		.name = "phi3", .marks = { "<|assistant|>", "<|end|>" },
		.frame = ROLES(BARS("system", "<|end|>"), BARS("user", "<|end|>"),
			       BARS("assistant", "<|end|>")),
		.answer = "<|assistant|>\n",
		.stops = { "<|end|>" },
	},
	{
		.name = "stablelm-zephyr", .marks = { "<|user|>", "<|endoftext|>" },
		.frame = ROLES(BARS("system", "<|endoftext|>"), BARS("user", "<|endoftext|>"),
			       BARS("assistant", "<|endoftext|>")),
		.answer = "<|assistant|>\n",
		.stops = { "<|endoftext|>", "<|user|>" },
	},
	{
		.name = "zephyr", .marks = { "<|user|>", "eos_token" },
		.frame = ROLES(BARS("system", "</s>"), BARS("user", "</s>"),
			       BARS("assistant", "</s>")),
		.answer = "<|assistant|>\n",
		.stops = { "</s>", "<|user|>" },
	},
	{
		.name = "gemma", .marks = { "<start_of_turn>" },
		.frame = ROLES(FRAME(NULL, "\n\n"), GEMMA("user"), GEMMA("model")),
		.inside = true, .trim = true,
		.answer = "<start_of_turn>model\n",
		.stops = { "<end_of_turn>" },
	},
	{
		.name = "llama3", .marks = { "<|start_header_id|>", "<|end_header_id|>" },
		.frame = ROLES(LLAMA3("system"), LLAMA3("user"), LLAMA3("assistant")),
		.trim = true,
		.answer = "<|start_header_id|>assistant<|end_header_id|>\n\n",
		.stops = { "<|eot_id|>", "<|end_of_text|>" },
	},
	{
		.name = "vicuna", .marks = { "USER: ", "ASSISTANT:" },
		.frame = ROLES(FRAME(NULL, "\n\n"), FRAME("USER: ", "\n"),
			       FRAME("ASSISTANT: ", "</s>\n")),
		.answer = "ASSISTANT:",
		.stops = { "</s>", "USER:" },
	},
};

#define COUNT (sizeof(templates) / sizeof(templates[0]))

const struct npu_chat_template *npu_chat_at(size_t index)
{
	return index < COUNT ? &templates[index] : NULL;
}

const struct npu_chat_template *npu_chat_find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!strcmp(name, templates[i].name))
			return &templates[i];
	return NULL;
}

const char *npu_chat_name(const struct npu_chat_template *chat)
{
	return chat->name;
}

const char *const *npu_chat_stops(const struct npu_chat_template *chat)
{
	return chat->stops;
}

static bool has_marks(const struct npu_chat_template *chat,
		      const struct npu_gguf_string *text)
{
	for (size_t i = 0; i < CHAT_MAX_MARKS && chat->marks[i]; i++)
		if (!memmem(text->data, text->len, chat->marks[i],
			    strlen(chat->marks[i])))
			return false;
	return true;
}

static int unknown(const struct npu_gguf *gguf,
		   const struct npu_gguf_string *text, struct npu_error *err)
{
	char quoted[GGUF_QUOTE_LEN], names[256];
	size_t len = 0;

	for (size_t i = 0; i < COUNT && len < sizeof(names); i++)
		len += snprintf(names + len, sizeof(names) - len, "%s%s",
				i ? ", " : "", templates[i].name);
	return npu_error_set(err, -ENOTSUP,
			     "%s: the chat template '%s' is of no known family (known: %s)",
			     npu_gguf_name(gguf), gguf_quote(quoted, text),
			     names);
}

int npu_chat_detect(const struct npu_gguf *gguf,
		    const struct npu_chat_template **chat,
		    struct npu_error *err)
{
	struct npu_gguf_string text;
	int ret = npu_gguf_get_string(gguf, "tokenizer.chat_template", &text,
				      err);

	if (ret)
		return ret;
	for (size_t i = 0; i < COUNT; i++) {
		*chat = &templates[i];
		if (gguf_string_is(&text, templates[i].name))
			return 0;
	}
	for (size_t i = 0; i < COUNT; i++) {
		*chat = &templates[i];
		if (has_marks(&templates[i], &text))
			return 0;
	}
	*chat = NULL;
	return unknown(gguf, &text, err);
}
