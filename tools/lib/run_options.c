// SPDX-License-Identifier: MIT
/* The command line of npu-run. */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/npu.h>
#include <npu/quant.h>

#include "run.h"

/* No number was given: it depends on what is to be done. */
#define DEFAULT_LIMIT (RUN_NO_LIMIT - 1)

/* What a model is compiled for unless it must take more. */
#define DEFAULT_SEQUENCES 16
#define DEFAULT_BATCH 8

static const char before[] =
	"Usage: npu-run -m MODEL [-p PROMPT] [-n N] [OPTION]...\n"
	"Continue a text, or chat, with a language model on an NPU.\n"
	"\n";

static const char after[] =
	"\n"
	"Text goes to standard output as it is generated, figures to standard error.\n"
	"Ctrl-C ends the answer that is being written, and at the prompt the program.\n"
	"\n"
	"Exit status: 0 done, 1 the device failed, 2 bad model or command line, 130\n"
	"interrupted.\n";

#define AT(member) offsetof(struct run_options, member)
#define HEADING(text) { NULL, 0, OPTION_HEADING, 0, NULL, text, NULL }
#define ROW(name, letter, kind, member, value, help) \
	{ name, letter, kind, AT(member), value, help, NULL }
/* Another name of the option above. */
#define ALIAS(name, letter, kind, member) { name, letter, kind, AT(member), "", NULL, NULL }

static bool take_type(void *values, const char *text)
{
	struct run_options *options = values;
	struct npu_error err;

	if (!npu_quant_parse(text, &options->llm.compile.weights, &err))
		return true;
	fprintf(stderr, "npu-run: --type: %s\n", err.message);
	return false;
}

static bool take_kv_type(void *values, const char *text)
{
	struct run_options *options = values;
	bool narrow = !strcmp(text, "i8") || !strcmp(text, "q8_0");

	if (!narrow && strcmp(text, "f16")) {
		fprintf(stderr, "npu-run: --kv-type: '%s' is neither f16 nor i8\n", text);
		return false;
	}
	options->llm.compile.kv = narrow ? NPU_KV_I8 : NPU_KV_F16;
	return true;
}

static bool take_split_mode(void *values, const char *text)
{
	struct run_options *options = values;

	options->split_none = !strcmp(text, "none");
	if (options->split_none || !strcmp(text, "row"))
		return true;
	fprintf(stderr, "npu-run: --split-mode: '%s' is neither row nor none\n", text);
	return false;
}

/* Shares are relative to each other, with ',' or '/' between them. */
static bool take_split(void *values, const char *text)
{
	struct run_options *options = values;
	const char *at = text;
	char *end;

	options->n_split = 0;
	do {
		float share = strtof(at, &end);

		if (end == at || !(share > 0) || !isfinite(share) ||
		    options->n_split == NPU_MAX_DEVICES || (*end && !strchr(",/", *end))) {
			fprintf(stderr, "npu-run: --tensor-split: '%s' is not a list of at most %u positive numbers\n",
				text, NPU_MAX_DEVICES);
			return false;
		}
		options->split[options->n_split++] = share;
		at = end + 1;
	} while (*end);
	return true;
}

static const struct option_row rows[] = {
	ROW("model", 'm', OPTION_TEXT, model, "FILE",
	    "GGUF file, or what npu-compile made of one"),
	ROW("prompt", 'p', OPTION_TEXT, prompt_text, "TEXT", "text to continue (default: none)"),
	ROW("file", 'f', OPTION_TEXT, prompt_file, "FILE", "the prompt is in a file; - for standard input"),
	ROW("tokens", 'n', OPTION_COUNT, tokens, "N",
	    "most tokens of an answer (default 128, of a chat none; -1: none)"),
	ALIAS("predict", 0, OPTION_COUNT, tokens),
	ALIAS("n-predict", 0, OPTION_COUNT, tokens),
	ROW("stop", 'r', OPTION_LIST, stop, "TEXT",
	    "end an answer at this text, which is not shown; may be repeated"),
	ALIAS("reverse-prompt", 0, OPTION_LIST, stop),
	ROW("escape", 'e', OPTION_FLAG, escape, NULL,
	    "\\n, \\t, \\\\, \\xHH ... in --prompt, --stop"),
	ROW("special", 0, OPTION_FLAG, special, NULL,
	    "names of control tokens in the prompt stand for them"),
	ROW("ignore-eos", 0, OPTION_FLAG, ignore_eos, NULL, "go on after the end of the text"),
	ROW("interactive", 'i', OPTION_FLAG, interactive, NULL,
	    "then read more from the user; type /help there"),
	ROW("conversation", 0, OPTION_FLAG, conversation, NULL,
	    "chat in the form that the model was trained on; also -cnv"),
	ALIAS("cnv", 0, OPTION_FLAG, conversation),
	ROW("no-conversation", 0, OPTION_FLAG, no_conversation, NULL,
	    "--interactive with plain text in any case; also -no-cnv"),
	ALIAS("no-cnv", 0, OPTION_FLAG, no_conversation),
	ROW("single-turn", 0, OPTION_FLAG, single_turn, NULL,
	    "chat for one answer to the prompt; also -st"),
	ALIAS("st", 0, OPTION_FLAG, single_turn),
	ROW("system", 0, OPTION_TEXT, system, "TEXT",
	    "what a chat model is told first; also -sys"),
	ALIAS("sys", 0, OPTION_TEXT, system),
	ALIAS("system-prompt", 0, OPTION_TEXT, system),
	ROW("chat-template", 0, OPTION_TEXT, chat_template, "NAME",
	    "form of the chat (default: the model file says it)"),
	ROW("parallel", 0, OPTION_U32, parallel, "N",
	    "write N texts at once, with seeds S, S+1 ...; also -np"),
	ALIAS("np", 0, OPTION_U32, parallel),

	HEADING("Choosing tokens, in this order"),
	ROW("repeat-penalty", 0, OPTION_FLOAT, sampling.repeat_penalty, "X",
	    "divide the logit of what came lately (default 1: no)"),
	ROW("repeat-last-n", 0, OPTION_COUNT, sampling.repeat_last_n, "N",
	    "how many tokens are lately (default 64; -1: all)"),
	ROW("frequency-penalty", 0, OPTION_FLOAT, sampling.frequency_penalty, "X",
	    "subtract X for each time a token came (default 0)"),
	ROW("presence-penalty", 0, OPTION_FLOAT, sampling.presence_penalty, "X",
	    "subtract X if a token came (default 0)"),
	ROW("top-k", 0, OPTION_U32, sampling.top_k, "K",
	    "choose among the K likeliest tokens (default: all)"),
	ROW("top-p", 0, OPTION_FLOAT, sampling.top_p, "P",
	    "choose among the likeliest that sum to P (default 1)"),
	ROW("min-p", 0, OPTION_FLOAT, sampling.min_p, "P",
	    "drop tokens P times less likely than the best (default 0)"),
	ROW("temp", 0, OPTION_FLOAT, sampling.temperature, "T",
	    "temperature; 0 takes the likeliest token (default 0)"),
	ALIAS("temperature", 0, OPTION_FLOAT, sampling.temperature),
	ROW("seed", 's', OPTION_U64, sampling.seed, "S", "start of the random sequence (default 0)"),

	HEADING("Model and device"),
	ROW("ctx-size", 'c', OPTION_U32, llm.compile.context, "N",
	    "positions of the KV cache (default: the model's, at most 4096)"),
	ALIAS("context", 0, OPTION_U32, llm.compile.context),
	ROW("batch-size", 'b', OPTION_U32, llm.compile.chunk, "N",
	    "tokens of a prompt in one job (default: 32, or what fits)"),
	ALIAS("chunk", 0, OPTION_U32, llm.compile.chunk),
	{ "kv-type", 0, OPTION_TAKE, 0, "TYPE", "of keys and values: f16 or i8 (default f16)",
	  take_kv_type },
	{ "cache-type", 0, OPTION_TAKE, 0, "", NULL, take_kv_type },
	{ "type", 0, OPTION_TAKE, 0, "FORMAT",
	  "of the weights: int8, int4-g64, nf4, f16 ... (default: auto)", take_type },
	ROW("model-draft", 0, OPTION_TEXT, draft_model, "FILE",
	    "a smaller model that guesses ahead; also -md"),
	ALIAS("md", 0, OPTION_TEXT, draft_model),
	ROW("draft", 0, OPTION_U32, draft_tokens, "N",
	    "most tokens to guess at a time (default 8)"),
	ALIAS("draft-max", 0, OPTION_U32, draft_tokens),
	ROW("device", 'd', OPTION_LIST, nodes, "NODE",
	    "such as /dev/accel/accel0 (default: the first NPU); several\n"
	    "                          times: split the model over them"),
	ROW("devices", 0, OPTION_U32, devices, "N",
	    "split the model over the first N NPUs"),
	{ "split-mode", 0, OPTION_TAKE, 0, "MODE",
	  "row: each device has a part of every matrix (default);\n"
	  "                          none: all on the first; also -sm", take_split_mode },
	{ "sm", 0, OPTION_TAKE, 0, "", NULL, take_split_mode },
	{ "tensor-split", 0, OPTION_TAKE, 0, "N0,N1,...",
	  "how much each device gets (default: all the same); also -ts", take_split },
	{ "ts", 0, OPTION_TAKE, 0, "", NULL, take_split },
	ROW("cache", 0, OPTION_TEXT, cache, "DIR",
	    "keep compiled models there (default: NPU_CACHE, or npu\n"
	    "                          under XDG_CACHE_HOME or ~/.cache)"),
	ROW("no-cache", 0, OPTION_FLAG, no_cache, NULL, "compile anew, and keep nothing"),

	HEADING("Output"),
	ROW("json", 'j', OPTION_FLAG, json, NULL, "text and figures as JSON, when all is done"),
	{ 0 }
};

static const struct option_table table = {
	.program = "npu-run", .version = NPU_LIBRARY_VERSION, .before = before,
	.after = after, .rows = rows,
};

static bool complain(const char *what)
{
	fprintf(stderr, "npu-run: %s; see --help\n", what);
	return false;
}

static bool check_devices(const struct run_options *o)
{
	uint32_t n = o->nodes.n > 1 ? o->nodes.n : o->devices ? o->devices : 1;

	if (o->nodes.n > NPU_MAX_DEVICES || o->devices > NPU_MAX_DEVICES)
		return complain("a model is split over 16 devices at most");
	if (o->nodes.n > 1 && o->devices && o->devices != o->nodes.n)
		return complain("--devices and the number of --device do not agree");
	if (o->n_split && o->n_split != n)
		return complain("--tensor-split has a number for each device: say which with --device or --devices");
	return true;
}

static bool check(const struct run_options *o)
{
	bool several = o->parallel > 1;

	if (!o->model)
		return complain("give a model with -m FILE");
	if (!o->parallel)
		return complain("--parallel: 0 texts are none");
	if (!o->draft_tokens)
		return complain("--draft: 0 guesses are none");
	if (o->interactive && o->json)
		return complain("--json is for one answer, not for a session");
	if (several && (o->interactive || o->single_turn))
		return complain("--parallel continues a text, and is not for a chat");
	if (several && o->draft_model)
		return complain("--model-draft guesses for one text, not for --parallel");
	if (o->single_turn && !o->prompt_file && !*o->prompt_text)
		return complain("--single-turn answers a prompt: give one with -p");
	if (o->no_conversation && (o->system || o->chat_template || o->conversation ||
				   o->single_turn))
		return complain("--no-conversation leaves no chat for the other options");
	return check_devices(o);
}

/* -cnv is a session, unless it is for one answer; so is what only a chat has. */
static void complete(struct run_options *o)
{
	if (o->single_turn)
		o->conversation = true;
	if (o->system || o->chat_template)
		o->conversation = true;
	if (o->conversation && !o->single_turn)
		o->interactive = true;
	if (o->parallel > DEFAULT_SEQUENCES)
		o->llm.compile.sequences = o->parallel;
	if (o->parallel > DEFAULT_BATCH)
		o->llm.compile.batch = o->parallel;
	if (o->tokens == DEFAULT_LIMIT)
		o->tokens = o->conversation ? RUN_NO_LIMIT : 128;
}

/* A file's last line end belongs to the file and not to the prompt. */
static bool read_prompt(struct run_options *o)
{
	struct text *prompt = &o->prompt;
	int ret;

	if (!o->prompt_file)
		return text_append(prompt, o->prompt_text, strlen(o->prompt_text)) ||
		       complain("no memory for the prompt");
	ret = text_read_file(prompt, o->prompt_file);
	if (ret) {
		fprintf(stderr, "npu-run: %s: cannot read the prompt: %s\n", o->prompt_file,
			strerror(-ret));
		return false;
	}
	if (prompt->len && prompt->data[prompt->len - 1] == '\n')
		prompt->data[--prompt->len] = 0;
	return true;
}

static void unescape(struct run_options *o)
{
	if (!o->prompt_file)
		o->prompt.len = text_unescape(o->prompt.data);
	for (size_t i = 0; i < o->stop.n; i++)
		text_unescape((char *)o->stop.items[i]);
}

bool run_options_parse(struct run_options *o, int argc, char **argv)
{
	int operand;

	*o = (struct run_options){
		.prompt_text = "", .tokens = DEFAULT_LIMIT, .parallel = 1, .draft_tokens = 8,
		.sampling = { .top_p = 1, .repeat_penalty = 1, .repeat_last_n = 64 },
	};
	operand = options_parse(&table, argc, argv, o);
	if (operand < 0)
		return false;
	if (operand < argc) {
		fprintf(stderr, "npu-run: '%s' is no option; see --help\n", argv[operand]);
		return false;
	}
	complete(o);
	if (!check(o) || !read_prompt(o))
		return false;
	if (o->escape)
		unescape(o);
	return true;
}

void run_options_release(struct run_options *o)
{
	text_release(&o->prompt);
	options_release(&table, o);
}
