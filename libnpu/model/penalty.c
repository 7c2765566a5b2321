// SPDX-License-Identifier: MIT
/*
 * Repetition penalty as in CTRL (Keskar et al., 2019, section 4.1), in the form
 * that keeps its sense for negative logits; frequency and presence penalties as
 * OpenAI's completion API defines them: logit - times * frequency - presence.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "penalty.h"

void penalty_init(struct penalty *p, const struct npu_sampler_params *params)
{
	*p = (struct penalty){
		.repeat = params->repeat_penalty ? params->repeat_penalty : 1,
		.frequency = params->frequency_penalty,
		.presence = params->presence_penalty,
		.last = params->repeat_last_n,
	};
}

void penalty_release(struct penalty *p)
{
	free(p->recent);
	free(p->times);
	free(p->logits);
}

bool penalty_is_none(const struct penalty *p)
{
	return !p->last || (p->repeat == 1 && !p->frequency && !p->presence);
}

/* Room doubles, so that appending costs the same for a text of any length. */
static int make_room(struct penalty *p, size_t n)
{
	size_t need, room;
	uint32_t *more;

	if (__builtin_add_overflow(p->used, n, &need) || need > SIZE_MAX / 2 / sizeof(*more))
		return -ENOMEM;
	if (need <= p->room)
		return 0;
	room = need > 2 * p->room ? need : 2 * p->room;
	more = realloc(p->recent, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->recent = more;
	p->room = room;
	return 0;
}

/* What is out of reach goes once there is twice as much as counts. */
static void forget(struct penalty *p)
{
	size_t excess;

	if (p->used / 2 < p->last)
		return;
	excess = p->used - p->last;
	memmove(p->recent, p->recent + excess, p->last * sizeof(*p->recent));
	p->used = p->last;
}

int penalty_accept(struct penalty *p, const uint32_t *tokens, size_t n)
{
	if (penalty_is_none(p) || !n)
		return 0;
	if (n > p->last) {
		tokens += n - p->last;
		n = p->last;
	}
	if (make_room(p, n))
		return -ENOMEM;
	memcpy(p->recent + p->used, tokens, n * sizeof(*tokens));
	p->used += n;
	forget(p);
	return 0;
}

static int make_vocab(struct penalty *p, uint32_t count)
{
	if (count <= p->vocab)
		return 0;
	free(p->times);
	free(p->logits);
	p->times = calloc(count, sizeof(*p->times));
	p->logits = calloc(count, sizeof(*p->logits));
	p->vocab = p->times && p->logits ? count : 0;
	return p->vocab ? 0 : -ENOMEM;
}

/* A logit stays finite: out of range is as far as it goes, not out of the game. */
static float penalised(const struct penalty *p, float logit, uint32_t times)
{
	double value = logit;

	if (!isfinite(logit))
		return logit;
	value = value > 0 ? value / p->repeat : value * p->repeat;
	value -= (double)times * p->frequency + p->presence;
	return value > FLT_MAX ? FLT_MAX : value < -FLT_MAX ? -FLT_MAX : (float)value;
}

const float *penalty_apply(struct penalty *p, const float *logits, uint32_t count)
{
	size_t first = p->used > p->last ? p->used - p->last : 0;

	if (penalty_is_none(p) || first == p->used)
		return logits;
	if (make_vocab(p, count))
		return NULL;
	memcpy(p->logits, logits, count * sizeof(*logits));
	for (size_t i = first; i < p->used; i++)
		if (p->recent[i] < count)
			p->times[p->recent[i]]++;
	for (size_t i = first; i < p->used; i++) {
		uint32_t token = p->recent[i];

		if (token >= count || !p->times[token])
			continue;
		p->logits[token] = penalised(p, logits[token], p->times[token]);
		p->times[token] = 0;
	}
	return p->logits;
}
