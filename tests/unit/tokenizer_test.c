// SPDX-License-Identifier: MIT
/* The tokenizer on vocabularies made here, where the answer is known. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <npu/tokenizer.h>

#include "tap.h"
#include "tiny_tokenizer.h"

static struct tiny_vocab vocab;
static uint32_t state = 7;

static uint32_t random_below(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

/* 256 ab, 257 abc, 258 bc, 259 Gb (G: space), 260 control, 261, 262 user. */
static struct npu_tokenizer *make_small(void)
{
	struct builder b;

	vocab.count = vocab.merges = 0;
	tiny_bytes(&vocab);
	tiny_merge(&vocab, 'a', 'b');
	tiny_merge(&vocab, 256, 'c');
	tiny_merge(&vocab, 'b', 'c');
	tiny_merge(&vocab, ' ', 'b');
	tiny_token(&vocab, "<|end|>", 3);
	tiny_token(&vocab, "<u>", 4);
	tiny_token(&vocab, "<u>x", 4);
	builder_start(&b, 3);
	tiny_vocab_metadata(&b, &vocab);
	add_u32(&b, "tokenizer.ggml.bos_token_id", 260);
	add_u32(&b, "tokenizer.ggml.eos_token_id", 260);
	add_bool(&b, "tokenizer.ggml.add_bos_token", 1);
	return make(&b);
}

static void test_encode(const struct npu_tokenizer *t)
{
	is_str(ids_of(t, "abc", 0), "257", "merges twice");
	is_str(ids_of(t, "bc", 0), "258", "merges once");
	is_str(ids_of(t, "xbc", 0), "120 258", "merges after another byte");
	is_str(ids_of(t, "abbc", 0), "256 258", "merges side by side");
	is_str(ids_of(t, "ababc", 0), "256 257", "repeats");
	is_str(ids_of(t, "a bx", 0), "97 259 120",
	       "merges with the blank before a word");
	is_str(ids_of(t, "a\nb", 0), "97 10 98", "not across pieces");
	is_str(ids_of(t, " bc", 0), "32 258", "the lower rank wins");
	is_str(ids_of(t, "", 0), "", "nothing gives nothing");
	is_str(ids_of(t, "", NPU_ENCODE_BOS), "260", "or only the start");
	is_str(ids_of(t, "abc", NPU_ENCODE_BOS), "260 257", "start and text");
	is_str(ids_of(t, "a\xff", 0), "97 255", "a byte that is no UTF-8");
}

static void test_special(const struct npu_tokenizer *t)
{
	is_str(ids_of(t, "a<|end|>b", NPU_ENCODE_SPECIAL), "97 260 98",
	       "control token in the text when asked for");
	is_str(ids_of(t, "<|end|>", 0), "60 124 101 110 100 124 62",
	       "as plain text when not");
	is_str(ids_of(t, "a<u>b", 0), "97 261 98", "user token always");
	is_str(ids_of(t, "<u>xy", 0), "262 121", "the longest user token");
	is_str(ids_of(t, "<u", 0), "60 117", "part of one is plain text");
	is_str(ids_of(t, "<<u>", 0), "60 261", "one after its first letter");
	is_str(ids_of(t, "ab<u>c", 0), "256 261 99",
	       "nothing merges across one");
	is_str(ids_of(t, "x", 1u << 9), "unknown flags 0x200", "unknown flags");
	is(npu_tokenizer_bos(t), 260, "start of text");
	is(npu_tokenizer_eos(t), 260, "end of text");
	ok(npu_tokenizer_is_end(t, 260) && !npu_tokenizer_is_end(t, 97) &&
	   !npu_tokenizer_is_end(t, NPU_TOKEN_NONE), "tells the end");
	is(npu_tokenizer_count(t), 263, "number of tokens");
}

/* The rule as written, in quadratic time: lowest rank first, leftmost first. */
static size_t merge_slowly(const char *text, size_t len, uint32_t *ids)
{
	for (size_t i = 0; i < len; i++)
		ids[i] = (unsigned char)text[i];
	for (;;) {
		uint32_t best = UINT32_MAX;
		size_t at = 0;

		for (size_t i = 0; i + 1 < len; i++) {
			char pair[TINY_LEN];

			tiny_join(pair, vocab.text[ids[i]], " ",
				  vocab.text[ids[i + 1]]);
			for (uint32_t m = 0; m < vocab.merges && m < best; m++) {
				if (!strcmp(pair, vocab.merge[m])) {
					best = m;
					at = i;
				}
			}
		}
		if (best == UINT32_MAX)
			return len;
		ids[at] = 256 + best;
		len--;
		memmove(ids + at + 1, ids + at + 2,
			(len - at - 1) * sizeof(*ids));
	}
}

static bool have_merge(uint32_t left, uint32_t right)
{
	char pair[TINY_LEN];

	tiny_join(pair, vocab.text[left], " ", vocab.text[right]);
	for (uint32_t m = 0; m < vocab.merges; m++)
		if (!strcmp(pair, vocab.merge[m]))
			return true;
	return false;
}

static bool have_token(const char *left, const char *right)
{
	char joined[TINY_LEN];

	tiny_join(joined, left, "", right);
	for (uint32_t i = 0; i < vocab.count; i++)
		if (!strcmp(joined, vocab.text[i]))
			return true;
	return strlen(joined) > 24;
}

/* Merges of few letters, so that they meet often. */
static struct npu_tokenizer *make_random(void)
{
	struct builder b;

	vocab.count = vocab.merges = 0;
	tiny_bytes(&vocab);
	while (vocab.merges < 60) {
		uint32_t made = vocab.count - 256;
		uint32_t left = random_below(made + 3);
		uint32_t right = random_below(made + 3);

		left = left < 3 ? 'a' + left : 256 + left - 3;
		right = right < 3 ? 'a' + right : 256 + right - 3;
		if (!have_merge(left, right) &&
		    !have_token(vocab.text[left], vocab.text[right]))
			tiny_merge(&vocab, left, right);
	}
	builder_start(&b, 3);
	tiny_vocab_metadata(&b, &vocab);
	return make(&b);
}

static void test_against_slow(void)
{
	int bad = 0, merged = 0;

	for (int round = 0; round < 10; round++) {
		struct npu_tokenizer *t = make_random();

		for (int i = 0; i < 100; i++) {
			uint32_t *ids, want[64];
			size_t len = 1 + random_below(64), count, slow;
			char text[64];

			for (size_t k = 0; k < len; k++)
				text[k] = 'a' + random_below(3);
			if (npu_tokenizer_encode(t, text, len, 0, &ids, &count,
						 NULL))
				bail_out("cannot encode");
			slow = merge_slowly(text, len, want);
			bad += slow != count ||
			       memcmp(ids, want, count * sizeof(*ids));
			merged += count < len;
			free(ids);
		}
		npu_tokenizer_destroy(t);
	}
	is(bad, 0, "1000 random texts as by the slow rule");
	ok(merged > 900, "in %d of them something merged", merged);
}

static void test_round_trips(const struct npu_tokenizer *t)
{
	char text[300];
	int bad = 0;

	for (int c = 0; c < 256; c++)
		text[c] = c;
	ok(round_trips(t, text, 256), "all bytes round-trip");
	for (int a = 0; a < 0x10000; a++) {
		text[0] = a >> 8;
		text[1] = a;
		bad += !round_trips(t, text, 2);
	}
	is(bad, 0, "every two bytes round-trip");
	bad = 0;
	for (int i = 0; i < 5000; i++) {
		static const char odd[] = "ab c\n\xe2\x82\xac\xf0\x9f\x98\x80\xc3";
		size_t len = random_below(sizeof(text));

		for (size_t k = 0; k < len; k++)
			text[k] = i % 2 ? (char)random_below(256) :
				  odd[random_below(sizeof(odd))];
		bad += !round_trips(t, text, len);
	}
	is(bad, 0, "5000 random texts round-trip");
}

/* Feed bytes as tokens; note what comes out at each, with | between. */
static const char *stream(const struct npu_tokenizer *t, const char *bytes)
{
	struct npu_decoder decoder = { 0 };
	static char out[128];
	size_t len = 0, n;

	for (; *bytes; bytes++) {
		npu_tokenizer_decode(t, &decoder, (unsigned char)*bytes,
				     out + len, 64, &n);
		len += n;
		out[len++] = '|';
	}
	len += npu_decoder_flush(&decoder, out + len);
	out[len] = '\0';
	return out;
}

static void test_stream(const struct npu_tokenizer *t)
{
	struct npu_decoder decoder = { 0 };
	char out[8];
	size_t n;

	is_str(stream(t, "a\xc3\xbc" "b"), "a||\xc3\xbc|b|", "two bytes");
	is_str(stream(t, "\xe2\x82\xac"), "||\xe2\x82\xac|", "three bytes");
	is_str(stream(t, "\xf0\x9f\x98\x80"), "|||\xf0\x9f\x98\x80|", "four");
	is_str(stream(t, "\xf0\x9f" "a"), "||\xf0\x9f" "a|",
	       "a character that breaks off comes out unchanged");
	is_str(stream(t, "\xc3\xc3\xbc"), "|\xc3|\xc3\xbc|",
	       "and the next one is whole");
	is_str(stream(t, "\xff\x80"), "\xff|\x80|", "no UTF-8 does not wait");
	is_str(stream(t, "\xe2\x82"), "||\xe2\x82", "flushed at the end");
	is_str(stream(t, "\xed\xa0"), "|\xed\xa0|", "a surrogate is no UTF-8");
	is(npu_tokenizer_decode(t, &decoder, 260, out, 0, &n), 0,
	   "a control token needs no room");
	is(n, 0, "and gives no text");
	is(npu_tokenizer_decode(t, &decoder, 261, out, 8, &n), 0, "user token");
	ok(n == 3 && !memcmp(out, "<u>", 3), "gives its text");
	is(npu_tokenizer_decode(t, &decoder, 263, out, 8, &n), -EINVAL,
	   "no such token");
	npu_tokenizer_decode(t, &decoder, 0xe2, out, 8, &n);
	is(npu_tokenizer_decode(t, &decoder, 257, out, 3, &n), -ENOSPC,
	   "no room");
	is(npu_tokenizer_decode(t, &decoder, 257, out, 4, &n), 0,
	   "nothing was lost by it");
	ok(n == 4 && !memcmp(out, "\xe2" "abc", 4), "text after it");
}

static void test_pieces(const struct npu_tokenizer *t)
{
	const char *piece;
	size_t len = 0;

	piece = npu_tokenizer_piece(t, ' ', &len);
	ok(len == 1 && *piece == ' ', "bytes of a token");
	piece = npu_tokenizer_piece(t, 173, &len);
	ok(len == 1 && *piece == '\xad', "byte 173");
	piece = npu_tokenizer_piece(t, 259, &len);
	ok(len == 2 && !memcmp(piece, " b", 2), "bytes of a merged token");
	ok(!npu_tokenizer_piece(t, 263, &len), "no such token");
}

/*
 * Long texts that quadratic code would take hours for. The alarm ends the
 * test if it does.
 */
static void test_long(const struct npu_tokenizer *t)
{
	static const char *const patterns[] = {
		"a", "ab", "abc", " ", "'", "\xff", "\xc3\xbc", "<u", "<u>",
		"a\xff", "\n",
	};
	size_t len = 1 << 20;
	char *text = malloc(len);
	int bad = 0;

	alarm(240);
	for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
		size_t period = strlen(patterns[p]);

		for (size_t i = 0; i < len; i++)
			text[i] = patterns[p][i % period];
		bad += !round_trips(t, text, len);
	}
	alarm(0);
	is(bad, 0, "texts of a million bytes round-trip in time");
	free(text);
}

static void test_too_long(const struct npu_tokenizer *t)
{
	struct npu_error err;
	uint32_t *ids;
	size_t count;

	is(npu_tokenizer_encode(t, "", (size_t)INT32_MAX + 1, 0, &ids, &count,
				&err), -E2BIG, "a text that is too long");
}

/* Letters a and b only. */
static void test_unknown(void)
{
	struct npu_tokenizer *t;
	struct builder b;

	for (int known = 0; known < 2; known++) {
		vocab.count = vocab.merges = 0;
		tiny_token(&vocab, "a", 1);
		tiny_token(&vocab, "b", 1);
		tiny_token(&vocab, "<?>", 2);
		tiny_token(&vocab, "ab", 1);
		strcpy(vocab.merge[vocab.merges++], "a b");
		builder_start(&b, 3);
		tiny_vocab_metadata(&b, &vocab);
		if (known)
			add_u32(&b, "tokenizer.ggml.unknown_token_id", 2);
		t = make(&b);
		if (known)
			is_str(ids_of(t, "abxb", 0), "3 2 1", "unknown token");
		else
			is_str(ids_of(t, "abxb", 0),
			       "byte 0x78 at offset 2 of the text has no token",
			       "no unknown token");
		npu_tokenizer_destroy(t);
	}
}

/* A piece that is a token is taken whole by some pre-tokenisers only. */
static void test_whole(void)
{
	static const char *const pre[] = { "gpt-2", "llama-bpe" };

	for (int i = 0; i < 2; i++) {
		struct npu_tokenizer *t;
		struct builder b;

		vocab.count = vocab.merges = 0;
		tiny_bytes(&vocab);
		tiny_token(&vocab, "<s>", 3);
		tiny_token(&vocab, "ab", 1);
		builder_start(&b, 3);
		add_string(&b, "tokenizer.ggml.pre", pre[i]);
		add_u32(&b, "tokenizer.ggml.bos_token_id", 256);
		tiny_vocab_entries(&b, &vocab);
		t = make(&b);
		is_str(ids_of(t, "ab", NPU_ENCODE_BOS), i ? "256 257" : "97 98",
		       "%s: a token without merges", pre[i]);
		is_str(ids_of(t, "abb", NPU_ENCODE_BOS), i ? "256 97 98 98" :
		       "97 98 98", "and a longer piece");
		npu_tokenizer_destroy(t);
	}
}

int main(void)
{
	struct npu_tokenizer *t = make_small();

	test_encode(t);
	test_special(t);
	test_round_trips(t);
	test_stream(t);
	test_pieces(t);
	test_long(t);
	test_too_long(t);
	npu_tokenizer_destroy(t);
	npu_tokenizer_destroy(NULL);
	test_against_slow();
	test_unknown();
	test_whole();
	return done_testing();
}
