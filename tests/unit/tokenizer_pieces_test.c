// SPDX-License-Identifier: MIT
/* SentencePiece tokenizers on vocabularies where the answer is known. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tiny_tokenizer.h"

#define B(byte) (3 + (byte))	/* token of a byte */
#define BLANK "\xe2\x96\x81"

static struct tiny_vocab vocab;
static uint32_t state = 11;

static uint32_t random_below(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

/* Characters first, from 259 on, then what they merge into. */
static void fill_vocab(void)
{
	tiny_pieces_start(&vocab);
	tiny_piece(&vocab, BLANK, -100);		/* 259 */
	tiny_piece(&vocab, "a", -101);			/* 260 */
	tiny_piece(&vocab, "b", -102);			/* 261 */
	tiny_piece(&vocab, "c", -103);			/* 262 */
	tiny_piece(&vocab, "\xc3\xbc", -104);		/* 263 */
	tiny_piece(&vocab, "ab", -2);			/* 264 */
	tiny_piece(&vocab, "bc", -1);			/* 265 */
	tiny_piece(&vocab, BLANK "a", -3);		/* 266 */
	tiny_piece(&vocab, "abc", -2.5f);		/* 267 */
	tiny_piece(&vocab, BLANK BLANK, -5);		/* 268 */
	tiny_token(&vocab, "<u>", 4);			/* 269 */
	tiny_token(&vocab, "<|im_end|>", 3);		/* 270 */
}

static struct npu_tokenizer *make_small(int space)
{
	struct builder b;

	fill_vocab();
	builder_start(&b, 3);
	tiny_pieces_metadata(&b, &vocab);
	if (space >= 0)
		add_bool(&b, "tokenizer.ggml.add_space_prefix", space);
	add_bool(&b, "tokenizer.ggml.add_eos_token", 1);
	return make(&b);
}

static void test_merging(const struct npu_tokenizer *t)
{
	is_str(ids_of(t, "c", 0), "259 262", "a blank comes first");
	is_str(ids_of(t, "bc", 0), "259 265", "a pair merges");
	/* bc (-1) before ab (-2); then abc (-2.5) before blank a. */
	is_str(ids_of(t, "abc", 0), "259 267", "the best score first");
	is_str(ids_of(t, "ab", 0), "259 264", "ab (-2) before blank a (-3)");
	is_str(ids_of(t, "ac", 0), "266 262", "blank and a");
	is_str(ids_of(t, "c c", 0), "259 262 259 262", "blanks inside");
	is_str(ids_of(t, "c  c", 0), "259 262 268 262", "two blanks merge");
	is_str(ids_of(t, "\xc3\xbc", 0), "259 263", "a character of two bytes");
	is_str(ids_of(t, "z", 0), "259 125", "a character without a token");
	is_str(ids_of(t, "\xe2\x82\xac", 0), "259 229 133 175",
	       "is spelt in bytes");
	is_str(ids_of(t, "\xff", 0), "259 258", "no UTF-8");
	is_str(ids_of(t, BLANK, 0), "259 229 153 132",
	       "the mark of blanks itself is spelt in bytes");
	is_str(ids_of(t, "", 0), "", "nothing gives nothing");
}

static void test_special(const struct npu_tokenizer *t)
{
	is_str(ids_of(t, "c", NPU_ENCODE_BOS | NPU_ENCODE_EOS), "1 259 262 2",
	       "start and end");
	is_str(ids_of(t, "", NPU_ENCODE_BOS), "1", "start only");
	is_str(ids_of(t, "c</s>c", NPU_ENCODE_SPECIAL), "259 262 2 259 262",
	       "a blank comes after a control token too");
	is_str(ids_of(t, "c<u>c", 0), "259 262 269 262",
	       "but not after a user token");
	is_str(ids_of(t, "</s>", 0), "259 63 50 118 65",
	       "control tokens as text");
	is(npu_tokenizer_bos(t), 1, "default start");
	is(npu_tokenizer_eos(t), 2, "default end");
	ok(npu_tokenizer_is_end(t, 2) && npu_tokenizer_is_end(t, 270) &&
	   !npu_tokenizer_is_end(t, 1), "ends, one of them by its name");
	is(npu_tokenizer_find(t, "<|im_end|>"), 270, "find by name");
	is(npu_tokenizer_find(t, "ab"), NPU_TOKEN_NONE, "only special ones");
}

static void test_parts(const struct npu_tokenizer *t)
{
	static const struct npu_text_part parts[] = {
		{ "<s>a", 4, true }, { "", 0, false }, { "bc</s>", 6, false },
		{ "</s>", 4, true }, { NULL, 0, true },
	};
	char got[128] = "", *end = got;
	uint32_t *ids;
	size_t count;

	is(npu_tokenizer_encode_parts(t, parts, 5, 0, &ids, &count, NULL), 0,
	   "a text in parts");
	for (size_t i = 0; i < count; i++)
		end += sprintf(end, " %u", ids[i]);
	is_str(got, " 1 259 267 63 50 118 65 2",
	       "control tokens in special parts only, merges across parts");
	free(ids);
	is(npu_tokenizer_encode_parts(t, NULL, 0, NPU_ENCODE_BOS, &ids, &count,
				      NULL), 0, "no parts");
	ok(count == 1 && ids[0] == 1, "give the start only");
	free(ids);
}

static void test_decoding(const struct npu_tokenizer *t)
{
	struct npu_decoder decoder = { 0 };
	char out[32];
	size_t len;

	npu_tokenizer_decode(t, &decoder, 266, out, sizeof(out), &len);
	ok(len == 2 && !memcmp(out, " a", 2), "a text goes on with its blank");
	npu_decoder_start(t, &decoder);
	npu_tokenizer_decode(t, &decoder, 1, out, sizeof(out), &len);
	is(len, 0, "a start token");
	npu_tokenizer_decode(t, &decoder, 266, out, sizeof(out), &len);
	ok(len == 1 && *out == 'a', "a text starts without the blank");
	npu_tokenizer_decode(t, &decoder, 259, out, sizeof(out), &len);
	ok(len == 1 && *out == ' ', "but has the ones after it");
	npu_tokenizer_decode(t, &decoder, B(0xc3), out, sizeof(out), &len);
	is(len, 0, "half a character waits");
	npu_tokenizer_decode(t, &decoder, B(0xbc), out, sizeof(out), &len);
	ok(len == 2 && !memcmp(out, "\xc3\xbc", 2), "and comes whole");
}

static void test_more(void)
{
	struct npu_tokenizer *t = make_small(1);

	is_str(ids_of(t, "ac", NPU_ENCODE_MORE), "260 262",
	       "no blank where a text goes on");
	is_str(ids_of(t, " ac", NPU_ENCODE_MORE), "266 262",
	       "but that which is in it");
	npu_tokenizer_destroy(t);
}

static void test_no_prefix(void)
{
	struct npu_tokenizer *t = make_small(0);
	struct npu_decoder decoder;
	char out[32];
	size_t len;

	is_str(ids_of(t, "ac", 0), "260 262", "no blank when the file says so");
	npu_decoder_start(t, &decoder);
	npu_tokenizer_decode(t, &decoder, 266, out, sizeof(out), &len);
	is(len, 2, "and none is taken off");
	npu_tokenizer_destroy(t);
}

static void test_bytes_lost(const struct npu_tokenizer *t)
{
	static const char odd[] = "abc \x20\n\xc3\xbc\xe2\x96\x81\xf0\x9f\x98\x80<u>";
	char text[200];
	int bad = 0;

	for (int a = 0; a < 0x10000; a++) {
		text[0] = a >> 8;
		text[1] = a;
		bad += !round_trips(t, text, 2);
	}
	is(bad, 0, "every two bytes round-trip");
	for (int i = bad = 0; i < 5000; i++) {
		size_t len = random_below(sizeof(text));

		for (size_t k = 0; k < len; k++)
			text[k] = i % 2 ? (char)random_below(256) :
				  odd[random_below(sizeof(odd))];
		bad += !round_trips(t, text, len);
	}
	is(bad, 0, "5000 random texts round-trip");
}

/* The rule as written: the best pair, the leftmost of equals, until none. */
static size_t merge_slowly(const char *text, size_t len, uint32_t *ids)
{
	size_t n = len;

	for (size_t i = 0; i < len; i++)
		ids[i] = 259 + text[i] - 'a';
	for (;;) {
		uint32_t best = 0;
		size_t at = 0;

		for (size_t i = 0; i + 1 < n; i++) {
			char pair[TINY_LEN];

			tiny_join(pair, vocab.text[ids[i]], "",
				  vocab.text[ids[i + 1]]);
			for (uint32_t m = 259; m < vocab.count; m++)
				if (!strcmp(pair, vocab.text[m]) &&
				    (!best || vocab.score[m] > vocab.score[best])) {
					best = m;
					at = i;
				}
		}
		if (!best)
			return n;
		ids[at] = best;
		n--;
		memmove(ids + at + 1, ids + at + 2,
			(n - at - 1) * sizeof(*ids));
	}
}

static struct npu_tokenizer *make_random(void)
{
	struct builder b;

	tiny_pieces_start(&vocab);
	tiny_piece(&vocab, "a", -50);
	tiny_piece(&vocab, "b", -51);
	tiny_piece(&vocab, "c", -52);
	while (vocab.count < 259 + 60) {
		char text[8] = "";
		uint32_t same = 259;

		for (uint32_t k = 2 + random_below(4); k; k--)
			text[k - 1] = 'a' + random_below(3);
		while (same < vocab.count && strcmp(text, vocab.text[same]))
			same++;
		if (same == vocab.count)	/* scores collide at times */
			tiny_piece(&vocab, text, 20 - (float)random_below(40));
	}
	builder_start(&b, 3);
	tiny_pieces_metadata(&b, &vocab);
	add_bool(&b, "tokenizer.ggml.add_space_prefix", 0);
	return make(&b);
}

static void test_against_slow(void)
{
	int bad = 0, merged = 0;

	for (int round = 0; round < 10; round++) {
		struct npu_tokenizer *t = make_random();

		for (int i = 0; i < 100; i++) {
			size_t len = 1 + random_below(64), count, slow;
			uint32_t *ids, want[64];
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

static void test_long(const struct npu_tokenizer *t)
{
	static const char *const patterns[] = {
		"a", "abc", " ", "\xff", "\xc3\xbc", "<", "<u>", "\xe2\x96\x81",
	};
	size_t len = 1 << 19;
	char *text = malloc(len);
	int bad = 0;

	alarm(240);
	for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
		for (size_t i = 0; i < len; i++)
			text[i] = patterns[p][i % strlen(patterns[p])];
		bad += !round_trips(t, text, len);
	}
	alarm(0);
	is(bad, 0, "long texts round-trip in time");
	free(text);
}

/* Without byte tokens, a character is one unknown token. */
static void test_no_bytes(void)
{
	struct npu_tokenizer *t;
	struct builder b;

	vocab.count = vocab.merges = 0;
	tiny_token(&vocab, "<unk>", 2);
	tiny_piece(&vocab, BLANK, -1);
	tiny_piece(&vocab, "a", -1);
	builder_start(&b, 3);
	tiny_pieces_metadata(&b, &vocab);
	t = make(&b);
	is_str(ids_of(t, "a\xe2\x82\xac" "a", NPU_ENCODE_BOS), "1 2 0 2",
	       "unknown token");
	npu_tokenizer_destroy(t);
}

static void refused(struct builder *b, int code, const char *reason)
{
	struct npu_tokenizer *t;
	struct exact e;

	builder_end(b);
	e = open_exact(b->file.data, b->file.size);
	if (e.ret)
		bail_out(e.err.message);
	is(npu_tokenizer_create(e.gguf, &t, &e.err), code, "refused");
	ok(strstr(e.err.message, reason), "message: %s", e.err.message);
	close_exact(&e);
	builder_free(b);
}

static void test_hostile(void)
{
	struct builder b;

	fill_vocab();
	strcpy(vocab.text[B('A')], "<0x4G>");
	builder_start(&b, 3);
	tiny_pieces_metadata(&b, &vocab);
	refused(&b, -EINVAL, "token 68 '<0x4G>' is a byte, expected the form <0x41>");
	fill_vocab();
	vocab.score[260] = 0.0f / (vocab.score[0] * 0);
	builder_start(&b, 3);
	tiny_pieces_metadata(&b, &vocab);
	refused(&b, -EINVAL, "the score of token 260 is no number");
	vocab.score[260] = 0;
	builder_start(&b, 3);
	add_string(&b, "tokenizer.ggml.model", "llama");
	tiny_vocab_strings(&b, "tokenizer.ggml.tokens", vocab.text, vocab.count);
	refused(&b, -EINVAL, "'tokenizer.ggml.scores' is missing");
	builder_start(&b, 3);
	add_string(&b, "tokenizer.ggml.model", "llama");
	tiny_vocab_strings(&b, "tokenizer.ggml.tokens", vocab.text, vocab.count);
	put(add_array(&b, "tokenizer.ggml.scores", NPU_GGUF_VALUE_F32, 2),
	    vocab.score, 8);
	refused(&b, -EINVAL, "2 scores for 271 tokens");
}

int main(void)
{
	struct npu_tokenizer *t = make_small(-1);

	test_merging(t);
	test_special(t);
	test_parts(t);
	test_decoding(t);
	test_bytes_lost(t);
	test_long(t);
	npu_tokenizer_destroy(t);
	test_no_prefix();
	test_more();
	test_against_slow();
	test_no_bytes();
	test_hostile();
	return done_testing();
}
