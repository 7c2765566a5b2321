// SPDX-License-Identifier: MIT
/*
 * Stop strings, each followed by the automaton of Knuth, Morris and Pratt
 * (1977): it knows the longest part of the string that the text ends with, and
 * so how much of the text must wait.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <npu/stop.h>

/**
 * struct pattern - one stop string
 * @text: the string
 * @len: its length
 * @fallback: for each length of a match, that of the next shorter one that
 *	ends with the same bytes
 * @matched: bytes of the string that the stream ends with
 */
struct pattern {
	char *text;
	size_t len;
	size_t *fallback;
	size_t matched;
};

/**
 * struct npu_stop - the watcher of one stream
 * @patterns: the strings
 * @n: number of them
 * @buffer: what is held, and behind it the text of the current call
 * @room: bytes of @buffer
 * @held: bytes at the start of @buffer that are held back
 * @start: where in @buffer they are until the next call moves them
 * @hit: the string that ended the stream
 */
struct npu_stop {
	struct pattern *patterns;
	size_t n;
	char *buffer;
	size_t room, held, start;
	const struct pattern *hit;
};

static void build_fallback(struct pattern *p)
{
	size_t matched = 0;

	p->fallback[0] = 0;
	p->fallback[1] = 0;
	for (size_t i = 1; i < p->len; i++) {
		while (matched && p->text[i] != p->text[matched])
			matched = p->fallback[matched];
		matched += p->text[i] == p->text[matched];
		p->fallback[i + 1] = matched;
	}
}

static int add_pattern(struct npu_stop *stop, const char *text, struct npu_error *err)
{
	struct pattern *p = &stop->patterns[stop->n];
	size_t len = strlen(text);

	if (!len)
		return npu_error_set(err, -EINVAL,
				     "a stop string is empty: it would end every text at once");
	p->len = len;
	p->text = strdup(text);
	p->fallback = calloc(len + 1, sizeof(*p->fallback));
	stop->n++;
	if (!p->text || !p->fallback)
		return npu_error_set(err, -ENOMEM, "out of memory for a stop string");
	build_fallback(p);
	return 0;
}

int npu_stop_create(const char *const *strings, size_t n, struct npu_stop **stop,
		    struct npu_error *err)
{
	struct npu_stop *s = calloc(1, sizeof(*s));
	int ret = 0;

	if (s)
		s->patterns = calloc(n ? n : 1, sizeof(*s->patterns));
	if (!s || !s->patterns)
		ret = npu_error_set(err, -ENOMEM, "out of memory for stop strings");
	for (size_t i = 0; !ret && i < n; i++)
		ret = add_pattern(s, strings[i], err);
	if (ret)
		npu_stop_destroy(s);
	else
		*stop = s;
	return ret;
}

void npu_stop_destroy(struct npu_stop *stop)
{
	if (!stop)
		return;
	for (size_t i = 0; i < stop->n; i++) {
		free(stop->patterns[i].text);
		free(stop->patterns[i].fallback);
	}
	free(stop->patterns);
	free(stop->buffer);
	free(stop);
}

static void advance(struct pattern *p, char c)
{
	while (p->matched && p->text[p->matched] != c)
		p->matched = p->fallback[p->matched];
	p->matched += p->text[p->matched] == c;
}

/* One byte through all automata. */
static void step(struct npu_stop *stop, char c)
{
	for (size_t i = 0; i < stop->n; i++) {
		struct pattern *p = &stop->patterns[i];

		advance(p, c);
		if (p->matched == p->len && (!stop->hit || p->len > stop->hit->len))
			stop->hit = p;
	}
}

/* Bytes at the end of the text that may be the start of a stop string. */
static size_t longest_match(const struct npu_stop *stop)
{
	size_t longest = 0;

	for (size_t i = 0; i < stop->n; i++)
		if (stop->patterns[i].matched > longest)
			longest = stop->patterns[i].matched;
	return longest;
}

/* What is held, then @text, in one piece. */
static int take(struct npu_stop *stop, const char *text, size_t len)
{
	size_t need;

	if (__builtin_add_overflow(stop->held, len, &need))
		return -ENOMEM;
	if (need > stop->room) {
		char *more = realloc(stop->buffer, need);

		if (!more)
			return -ENOMEM;
		stop->buffer = more;
		stop->room = need;
	}
	if (stop->held)
		memmove(stop->buffer, stop->buffer + stop->start, stop->held);
	if (len)
		memcpy(stop->buffer + stop->held, text, len);
	stop->start = 0;
	return 0;
}

int npu_stop_push(struct npu_stop *stop, const char *text, size_t len,
		  const char **out, size_t *out_len, struct npu_error *err)
{
	size_t end, used = 0;

	*out = "";
	*out_len = 0;
	if (stop->hit)
		return 0;
	if (take(stop, text, len))
		return npu_error_set(err, -ENOMEM, "out of memory for %zu bytes of text", len);
	end = stop->held;
	while (used < len && !stop->hit)
		step(stop, text[used++]);
	end += used;
	*out = stop->buffer ? stop->buffer : "";
	stop->held = stop->hit ? 0 : longest_match(stop);
	stop->start = end - (stop->hit ? stop->hit->len : stop->held);
	*out_len = stop->start;
	return 0;
}

const char *npu_stop_hit(const struct npu_stop *stop)
{
	return stop->hit ? stop->hit->text : NULL;
}

static void forget_matches(struct npu_stop *stop)
{
	for (size_t i = 0; i < stop->n; i++)
		stop->patterns[i].matched = 0;
}

const char *npu_stop_flush(struct npu_stop *stop, size_t *len)
{
	*len = stop->held;
	stop->held = 0;
	forget_matches(stop);
	return *len ? stop->buffer + stop->start : "";
}

void npu_stop_reset(struct npu_stop *stop)
{
	stop->held = 0;
	stop->hit = NULL;
	forget_matches(stop);
}
