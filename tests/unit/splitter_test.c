// SPDX-License-Identifier: MIT
/* Where the pre-tokenisers cut. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <npu/error.h>

#include "model/splitter.h"
#include "tap.h"

static struct splitter *splitter;

/* Write the pieces of @text with | between them. */
static void cut(const char *text, size_t len, char *out)
{
	struct split *split = split_create(splitter);

	split_start(split, text, len);
	while (len) {
		ptrdiff_t piece = split_next(split);

		if (piece <= 0 || (size_t)piece > len) {
			sprintf(out, "(error %td)", piece);
			break;
		}
		memcpy(out, text, piece);
		out += piece;
		text += piece;
		len -= piece;
		if (len)
			*out++ = '|';
		*out = '\0';
	}
	if (split_next(split))
		strcpy(out, "(more than all)");
	split_destroy(split);
}

static void cuts_into(const char *text, const char *want)
{
	char got[256] = "";

	cut(text, strlen(text), got);
	is_str(got, want, "cuts into %s", strchr(want, '\n') ? "..." : want);
}

static void test_words(void)
{
	cuts_into("Hello world", "Hello| world");
	cuts_into("don't we're I've I'm he'll it's I'd",
		  "don|'t| we|'re| I|'ve| I|'m| he|'ll| it|'s| I|'d");
	cuts_into("DON'T", "DON|'|T");
	cuts_into("abc123def", "abc|123|def");
	cuts_into("in 1611, (a) year!?", "in| 1611|,| (|a|)| year|!?");
	cuts_into("Gen 1:1", "Gen| 1|:|1");
	cuts_into(" 'tis", " '|tis");
	cuts_into("'", "'");
	cuts_into("", "");
}

static void test_space(void)
{
	cuts_into("a  b", "a| | b");
	cuts_into("a   ", "a|   ");
	cuts_into("a\n\nb", "a|\n|\n|b");
	cuts_into("a\n\n b", "a|\n\n| b");
	cuts_into("  ", "  ");
	cuts_into("\tx", "\t|x");
	cuts_into("\xc2\xa0\xc2\x85x", "\xc2\xa0|\xc2\x85|x");
	cuts_into("\xe3\x80\x80\xe2\x80\xa8", "\xe3\x80\x80\xe2\x80\xa8");
	/* Control characters and the zero-width space are no white space. */
	cuts_into("a\x1c" "b", "a|\x1c|b");
	cuts_into("a\xe2\x80\x8b" "b", "a|\xe2\x80\x8b|b");
}

static void test_unicode(void)
{
	cuts_into("\xc3\xbc" "ber \xce\xb1\xce\xb2", "\xc3\xbc" "ber| \xce\xb1\xce\xb2");
	cuts_into("x\xd9\xa3\xc2\xbd", "x|\xd9\xa3\xc2\xbd");
	cuts_into("\xe4\xb8\xad\xf0\x9f\x98\x80!", "\xe4\xb8\xad|\xf0\x9f\x98\x80!");
	/* A combining mark is neither letter nor number. */
	cuts_into("e\xcc\x81x", "e|\xcc\x81|x");
}

static void test_bytes(void)
{
	char got[64] = "";

	cuts_into("ab\xff\xfe" "cd", "ab|\xff|\xfe|cd");
	cuts_into("\xe2\x82", "\xe2|\x82");
	cuts_into("\xed\xa0\x80", "\xed|\xa0|\x80");
	cuts_into("\xc0\xaf", "\xc0|\xaf");
	cuts_into("\xf4\x90\x80\x80", "\xf4|\x90|\x80|\x80");
	cut("a\0b", 3, got);
	ok(!memcmp(got, "a|\0|b", 5), "a NUL is a byte like any other");
}

static void use(const char *name)
{
	struct npu_error err;

	splitter_destroy(splitter);
	splitter = NULL;
	if (splitter_create("f", name, strlen(name), &splitter, &err))
		bail_out(err.message);
	diag("%s", name);
}

/* Contractions in any case, three digits, one character before a word. */
static void test_llama3(void)
{
	use("llama-bpe");
	cuts_into("DON'T I'll", "DON|'T| I|'ll");
	cuts_into("Hello world", "Hello| world");
	cuts_into("12345 6789", "123|45| |678|9");
	cuts_into("(word) -x", "(word|)| -|x");
	cuts_into("a  b", "a| | b");
	cuts_into("end.\n\n  Next", "end|.\n\n| | Next");
	cuts_into("x\x20\n\t\ny", "x|\x20\n\t\n|y");
	cuts_into("a   ", "a|   ");
	cuts_into("\tif", "\tif");
	cuts_into("!!hi", "!!|hi");
	cuts_into("e\xcc\x81x", "e|\xcc\x81x");
	cuts_into("ab\xff\xfe" "1234", "ab|\xff|\xfe|123|4");
	ok(splitter_takes_whole(splitter) && splitter_adds_bos(splitter),
	   "whole tokens, and a start token");
	use("dbrx");
	cuts_into("1234 a", "123|4| a");
	ok(!splitter_takes_whole(splitter) && !splitter_adds_bos(splitter),
	   "neither");
}

static void test_qwen2(void)
{
	use("qwen2");
	cuts_into("It's 2024!", "It|'s| |2|0|2|4|!");
	cuts_into("x_y(z)\r\n", "x|_y|(z|)\r\n");
	cuts_into("\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x8c\xe4\xb8\x96",
		  "\xe4\xbd\xa0\xe5\xa5\xbd|\xef\xbc\x8c\xe4\xb8\x96");
}

/*
 * Digits are cut out first, so white space before one ends its piece; the
 * space before a number is a piece of its own.
 */
static void test_smollm(void)
{
	use("smollm");
	cuts_into("In 1611 they're", "In| |1|6|1|1| they|'re");
	cuts_into("a  1", "a|  |1");
	cuts_into("a  b1", "a| | b|1");
	cuts_into("1.5x", "1|.|5|x");
	cuts_into("", "");
}

/* Punctuation, then GPT-2, then runs of digits, then three at a time. */
static void test_default(void)
{
	use("default");
	cuts_into("Hello, world!", "Hello|,| world|!");
	cuts_into("don't", "don|'|t");
	cuts_into("in 12345", "in| |123|45");
	cuts_into("a == b", "a| |==| b");
	cuts_into("x@y", "x|@|y");
	cuts_into("#7", "#|7");
	use("falcon");
	cuts_into("in 12345", "in| |123|45");
	cuts_into("`a`", "`|a|`");
	cuts_into("ab1 2", "ab|1| 2");
}

/* Capitals then small letters; slashes go with what is before them. */
static void test_tekken(void)
{
	use("tekken");
	cuts_into("HelloWorld", "Hello|World");
	cuts_into("ABCdef GHI", "ABCdef| GHI");
	cuts_into("it's 12", "it|'s| |1|2");
	cuts_into("./a", "./|a");
	ok(splitter_takes_whole(splitter), "whole tokens");
	use("gpt-4o");
	cuts_into("it's HE'S 1234", "it's| HE'S| |123|4");
	cuts_into("camelCase", "camel|Case");
}

static void test_names(void)
{
	struct splitter *other = NULL;
	struct npu_error err;

	is(splitter_create("f", NULL, 0, &other, &err), 0, "no name");
	splitter_destroy(other);
	is(splitter_create("f", "viking", 6, &other, &err), -ENOTSUP,
	   "an unknown name");
	ok(strstr(err.message, "f: pre-tokeniser 'viking' is not supported (supported: default, gpt-2, ") &&
	   strstr(err.message, ", llama4)"), "message: %s", err.message);
	is(splitter_create("f", "gpt-22", 6, &other, &err), -ENOTSUP,
	   "a longer name");
	splitter_destroy(NULL);
	split_destroy(NULL);
}

int main(void)
{
	struct npu_error err;

	if (splitter_create("f", "gpt-2", 5, &splitter, &err))
		bail_out(err.message);
	test_words();
	test_space();
	test_unicode();
	test_bytes();
	test_names();
	test_llama3();
	test_qwen2();
	test_smollm();
	test_default();
	test_tekken();
	splitter_destroy(splitter);
	return done_testing();
}
