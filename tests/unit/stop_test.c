// SPDX-License-Identifier: MIT
/* Stop strings: what comes out, and when. */
#include <errno.h>
#include <string.h>

#include <npu/stop.h>

#include "model/random.h"
#include "tap.h"

static struct npu_stop *watch(const char *const *strings, size_t n)
{
	struct npu_stop *stop;
	struct npu_error err;

	if (npu_stop_create(strings, n, &stop, &err))
		bail_out(err.message);
	return stop;
}

/* Push @text; append what comes out to @shown. */
static void push(struct npu_stop *stop, const char *text, size_t len, char *shown)
{
	struct npu_error err;
	const char *out;
	size_t out_len, at = strlen(shown);

	if (npu_stop_push(stop, text, len, &out, &out_len, &err))
		bail_out(err.message);
	memcpy(shown + at, out, out_len);
	shown[at + out_len] = 0;
}

static void flush(struct npu_stop *stop, char *shown)
{
	size_t len, at = strlen(shown);
	const char *out = npu_stop_flush(stop, &len);

	memcpy(shown + at, out, len);
	shown[at + len] = 0;
}

static void test_split(void)
{
	static const char *const strings[] = { "User:", "\n\n" };
	struct npu_stop *stop = watch(strings, 2);
	char shown[64] = "";

	push(stop, "Hello. Us", 9, shown);
	is_str(shown, "Hello. ", "what may be a stop string is held back");
	push(stop, "e", 1, shown);
	is_str(shown, "Hello. ", "while it may be one");
	push(stop, "ful", 3, shown);
	is_str(shown, "Hello. Useful", "and comes once it is not");
	push(stop, " U", 2, shown);
	push(stop, "se", 2, shown);
	push(stop, "r: hello", 8, shown);
	is_str(shown, "Hello. Useful ", "one over three pieces is never shown");
	is_str(npu_stop_hit(stop), "User:", "it is named");
	push(stop, "more", 4, shown);
	flush(stop, shown);
	is_str(shown, "Hello. Useful ", "nothing comes after it");

	npu_stop_reset(stop);
	shown[0] = 0;
	ok(!npu_stop_hit(stop), "a new stream has met none");
	push(stop, "a\n", 2, shown);
	is_str(shown, "a", "a line's end is held");
	flush(stop, shown);
	is_str(shown, "a\n", "and comes at the end of the stream");
	push(stop, "\nb", 2, shown);
	is_str(shown, "a\n\nb", "what was flushed is not the start of a stop string");
	npu_stop_destroy(stop);
}

static void test_choice(void)
{
	static const char *const inner[] = { "abc", "b" };
	static const char *const same_end[] = { "b", "xab", "ab" };
	static const char *const self[] = { "aab" };
	struct npu_stop *stop = watch(inner, 2);
	char shown[64] = "";

	push(stop, "_abc", 4, shown);
	is_str(shown, "_a", "the first to be complete counts");
	is_str(npu_stop_hit(stop), "b", "even inside a longer one");
	npu_stop_destroy(stop);

	stop = watch(same_end, 3);
	shown[0] = 0;
	push(stop, "_xab", 4, shown);
	is_str(shown, "_", "of those that end together the longest");
	is_str(npu_stop_hit(stop), "xab", "is named");
	npu_stop_destroy(stop);

	stop = watch(self, 1);
	shown[0] = 0;
	push(stop, "aaaa", 4, shown);
	is_str(shown, "aa", "only what may still match waits");
	push(stop, "b", 1, shown);
	is_str(shown, "aa", "a match may begin inside a failed one");
	is_str(npu_stop_hit(stop), "aab", "and is found");
	npu_stop_destroy(stop);

	stop = watch(NULL, 0);
	shown[0] = 0;
	push(stop, "text", 4, shown);
	is_str(shown, "text", "without stop strings all passes");
	npu_stop_destroy(stop);
}

static void test_bad(void)
{
	static const char *const strings[] = { "x", "" };
	struct npu_stop *stop;
	struct npu_error err;

	is(npu_stop_create(strings, 2, &stop, &err), -EINVAL, "refused: %s", err.message);
	npu_stop_destroy(NULL);
}

/* By its definition: try every end, and every string at it. */
static size_t find_stop(const char *text, char strings[][6], int n, const char **hit)
{
	size_t len = strlen(text);

	for (size_t end = 1; end <= len; end++) {
		size_t best = 0;

		for (int i = 0; i < n; i++) {
			size_t size = strlen(strings[i]);

			if (size <= end && size > best &&
			    !memcmp(text + end - size, strings[i], size)) {
				best = size;
				*hit = strings[i];
			}
		}
		if (best)
			return end - best;
	}
	*hit = NULL;
	return len;
}

static void random_word(struct random_state *random, char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		word[i] = 'a' + random_next(random) % 2;
	word[len] = 0;
}

/* Random words of a and b, in random pieces, against the definition. */
static bool try_random(struct random_state *random)
{
	char strings[3][6], text[41], shown[64] = "";
	const char *list[3], *wanted, *hit;
	size_t len = random_next(random) % 41, at = 0, end;
	int n = random_next(random) % 4;
	struct npu_stop *stop;
	bool good;

	for (int i = 0; i < n; i++) {
		random_word(random, strings[i], 1 + random_next(random) % 5);
		list[i] = strings[i];
	}
	random_word(random, text, len);
	end = find_stop(text, strings, n, &wanted);
	stop = watch(list, n);
	while (at < len) {
		size_t piece = random_next(random) % (len - at + 1);

		push(stop, text + at, piece, shown);
		at += piece;
	}
	flush(stop, shown);
	hit = npu_stop_hit(stop);
	good = strlen(shown) == end && !memcmp(shown, text, end) &&
	       !hit == !wanted && (!hit || !strcmp(hit, wanted));
	if (!good)
		diag("text %s, shown %s, hit %s", text, shown, hit ? hit : "none");
	npu_stop_destroy(stop);
	return good;
}

int main(void)
{
	struct random_state random;
	int bad = 0;

	test_split();
	test_choice();
	test_bad();
	random_seed(&random, 1);
	for (int i = 0; i < 20000; i++)
		bad += !try_random(&random);
	is(bad, 0, "20000 random streams are cut where the definition says");
	return done_testing();
}
