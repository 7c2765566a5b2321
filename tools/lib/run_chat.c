// SPDX-License-Identifier: MIT
/* Reading from the user and answering, turn by turn. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conversation.h"
#include "interrupt.h"
#include "line_reader.h"
#include "run.h"
#include "transcript.h"

/**
 * struct chat - a session
 * @run: run; its first answer's sequence holds the conversation
 * @conversation: what was said
 * @transcript: what the sequence holds
 * @reader: standard input
 * @line: a line of it
 * @remark: what the user says, of one line or several
 */
struct chat {
	struct run *run;
	struct conversation conversation;
	struct transcript transcript;
	struct line_reader reader;
	struct text line, remark;
};

static const char help[] =
	"Type a line to say it. At its end, \\ lets another line follow, and / leaves the\n"
	"line's end away. Ctrl-C ends an answer, and at the prompt the program.\n"
	"  /clear  start anew\n"
	"  /help   show this text\n"
	"  /exit   leave, as Ctrl-D does\n";

static int no_memory(struct npu_error *err)
{
	return npu_error_set(err, -ENOMEM, "no memory for what was said");
}

/* The user leaves: what the terminal shows next starts on a line of its own. */
static int leave(void)
{
	if (isatty(STDIN_FILENO))
		fputc('\n', stderr);
	return 0;
}

/* Lines up to one that says all, in chat->remark. 1, 0 at the end, or negative. */
static int read_remark(struct chat *chat, struct npu_error *err)
{
	struct text *line = &chat->line, *remark = &chat->remark;
	const char *prompt = "> ";
	char last;

	remark->len = 0;
	do {
		int ret = line_read(&chat->reader, prompt, line);

		if (ret == -EINTR || !ret)
			return leave();
		if (ret < 0)
			return npu_error_set(err, ret, "cannot read standard input: %s",
					     strerror(-ret));
		last = line->len ? line->data[line->len - 1] : 0;
		if (last == '\\' || last == '/')
			line->len--;
		if (!text_append(remark, line->data, line->len) ||
		    (last != '/' && !text_append(remark, "\n", 1)))
			return no_memory(err);
		prompt = "... ";
	} while (last == '\\');
	return 1;
}

static bool is_command(const struct chat *chat, const char *command)
{
	return chat->remark.len == strlen(command) + 1 &&
	       !memcmp(chat->remark.data, command, strlen(command));
}

static int say(struct chat *chat, enum npu_chat_role role, const struct text *text,
	       struct npu_error *err)
{
	return conversation_say(&chat->conversation, role, text->data, text->len, err);
}

/* Make the sequence hold all that was said. */
static int read_all(struct chat *chat, struct npu_error *err)
{
	struct npu_chat_text text;
	int ret = conversation_render(&chat->conversation, chat->run->chat,
				      chat->run->options->special, &text, err);

	if (ret)
		return ret;
	ret = transcript_read(&chat->transcript, chat->run, text.parts, text.n_parts, err);
	npu_chat_text_free(&text);
	return ret;
}

/* The answer to all that was said; it is said as well. */
static int write_answer(struct chat *chat, struct npu_error *err)
{
	struct answer *answer = &chat->run->answers[0];
	size_t start = answer->text.len;
	int ret;

	answer_restart(answer);
	if (chat->run->draft.llm)
		ret = run_write_drafted(chat->run, err);
	else
		ret = run_write(chat->run, err);
	if (!ret)
		ret = transcript_wrote(&chat->transcript, chat->run, err);
	if (ret)
		return ret;
	ret = conversation_say(&chat->conversation, NPU_CHAT_ASSISTANT, answer->text.data + start,
			       answer->text.len - start, err);
	if (answer->stream) {
		if (!answer->text.len || answer->text.data[answer->text.len - 1] != '\n')
			fputc('\n', answer->stream);
		fflush(answer->stream);
	}
	if (!strcmp(answer->stopped, "context is full"))
		fprintf(stderr, "npu-run: the context of %u tokens is full: /clear starts anew\n",
			npu_llm_context(chat->run->model.llm));
	return ret;
}

/*
 * Say something, or nothing, and answer. What does not fit, or was interrupted
 * while it was read, counts as not said, and the session goes on.
 */
static int take_turn(struct chat *chat, const struct text *remark, struct npu_error *err)
{
	int ret = remark->len ? say(chat, NPU_CHAT_USER, remark, err) : 0;

	if (ret || !chat->conversation.n)
		return ret;
	ret = read_all(chat, err);
	if (!ret) {
		ret = write_answer(chat, err);
	} else if (chat->run->options->interactive &&
		   (ret == -ENOSPC || ret == -EINTR || ret == -EILSEQ)) {
		fprintf(stderr, "npu-run: %s%s\n", err->message,
			ret == -ENOSPC ? "; /clear starts anew" : "");
		if (remark->len)
			conversation_unsay(&chat->conversation);
		ret = 0;
	}
	interrupt_clear();
	return ret;
}

static int heed(struct chat *chat, struct npu_error *err)
{
	if (is_command(chat, "/help")) {
		fputs(help, stderr);
		return 0;
	}
	if (is_command(chat, "/clear")) {
		/* What the user wants of the model stands. */
		conversation_clear(&chat->conversation, chat->run->options->system ? 1 : 0);
		return 0;
	}
	/* To a chat model the end of a line is no part of a message. */
	if (chat->run->chat && chat->remark.len)
		chat->remark.data[--chat->remark.len] = 0;
	return take_turn(chat, &chat->remark, err);
}

/* What the command line says comes first. */
static int open_conversation(struct chat *chat, struct npu_error *err)
{
	const struct run_options *o = chat->run->options;
	int ret = 0;

	if (o->system)
		ret = conversation_say(&chat->conversation, NPU_CHAT_SYSTEM, o->system,
				       strlen(o->system), err);
	if (!ret && !chat->run->chat)
		ret = answer_show(&chat->run->answers[0], o->prompt.data, o->prompt.len, err);
	if (ret || !o->prompt.len)
		return ret;
	return take_turn(chat, &o->prompt, err);
}

static int converse(struct chat *chat, struct npu_error *err)
{
	int ret = open_conversation(chat, err);

	while (!ret && chat->run->options->interactive) {
		ret = read_remark(chat, err);
		if (ret <= 0)
			return ret;
		if (is_command(chat, "/exit"))
			return 0;
		ret = heed(chat, err);
	}
	return ret;
}

static int no_such_template(const char *name, struct npu_error *err)
{
	struct text names = { 0 };

	for (size_t i = 0; npu_chat_at(i); i++) {
		const char *known = npu_chat_name(npu_chat_at(i));

		if (!text_append(&names, ", ", i ? 2 : 0) ||
		    !text_append(&names, known, strlen(known)))
			break;
	}
	npu_error_set(err, -EINVAL, "there is no chat template '%s': there are %s", name,
		      names.data ? names.data : "none");
	text_release(&names);
	return -EINVAL;
}

/* A plain text is what a model gets that was not trained on chats. */
int run_choose_chat(struct run *run, struct npu_error *err)
{
	const struct run_options *o = run->options;
	int ret;

	if (o->chat_template) {
		run->chat = npu_chat_find(o->chat_template);
		return run->chat ? 0 : no_such_template(o->chat_template, err);
	}
	if (o->no_conversation || !(o->interactive || o->conversation))
		return 0;
	ret = npu_chat_detect(run->model.gguf, &run->chat, err);
	if (ret == -ENOENT && !o->conversation)
		return 0;
	if (ret == -ENOENT)
		return npu_error_set(err, ret,
				     "%s has no chat template: name one with --chat-template, or take --interactive without what is for a chat",
				     run->model.path);
	return ret;
}

int run_chat(struct run *run, struct npu_error *err)
{
	struct chat chat = { .run = run };
	int ret = converse(&chat, err);

	conversation_clear(&chat.conversation, 0);
	transcript_release(&chat.transcript);
	line_reader_release(&chat.reader);
	text_release(&chat.line);
	text_release(&chat.remark);
	return ret;
}
