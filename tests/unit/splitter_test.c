// SPDX-License-Identifier: MIT
/* Where GPT-2's pre-tokeniser cuts. */
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
	size_t valid = 0;

	while (len) {
		ptrdiff_t piece = split_next(split, text, len, &valid);

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

static void test_names(void)
{
	struct splitter *other = NULL;
	struct npu_error err;

	is(splitter_create("f", NULL, 0, &other, &err), 0, "no name");
	splitter_destroy(other);
	is(splitter_create("f", "llama-bpe", 9, &other, &err), -ENOTSUP,
	   "an unknown name");
	is_str(err.message,
	       "f: pre-tokeniser 'llama-bpe' is not supported (supported: gpt-2)",
	       "message");
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
	splitter_destroy(splitter);
	return done_testing();
}
