// SPDX-License-Identifier: MIT
/* Choosing the next token. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <npu/sampler.h>

#include "penalty.h"
#include "random.h"

struct candidate {
	float logit;
	uint32_t token;
};

struct npu_sampler {
	struct npu_sampler_params params;
	struct penalty penalty;
	struct random_state random;
	struct candidate *candidate;
	uint32_t capacity;
	double *weight;
};

static int check_penalties(const struct npu_sampler_params *p, struct npu_error *err)
{
	if (!(p->repeat_penalty >= 0 && isfinite(p->repeat_penalty)))
		return npu_error_set(err, -EINVAL,
				     "repeat penalty is %g, expected more than 0 (1 for none)",
				     p->repeat_penalty);
	if (!isfinite(p->frequency_penalty))
		return npu_error_set(err, -EINVAL,
				     "frequency penalty is %g, expected a finite number",
				     p->frequency_penalty);
	if (!isfinite(p->presence_penalty))
		return npu_error_set(err, -EINVAL,
				     "presence penalty is %g, expected a finite number",
				     p->presence_penalty);
	return 0;
}

static int check_params(const struct npu_sampler_params *p,
			struct npu_error *err)
{
	if (!(p->temperature >= 0 && isfinite(p->temperature)))
		return npu_error_set(err, -EINVAL,
				     "temperature is %g, expected 0 or more",
				     p->temperature);
	if (!(p->top_p > 0 && p->top_p <= 1))
		return npu_error_set(err, -EINVAL,
				     "top-p is %g, expected more than 0 and at most 1",
				     p->top_p);
	if (!(p->min_p >= 0 && p->min_p <= 1))
		return npu_error_set(err, -EINVAL,
				     "min-p is %g, expected 0 to 1", p->min_p);
	return check_penalties(p, err);
}

int npu_sampler_create(const struct npu_sampler_params *params,
		       struct npu_sampler **sampler, struct npu_error *err)
{
	static const struct npu_sampler_params greedy = { .top_p = 1 };
	struct npu_sampler *s;
	int ret;

	if (!params)
		params = &greedy;
	ret = check_params(params, err);
	if (ret)
		return ret;
	s = calloc(1, sizeof(*s));
	if (!s)
		return npu_error_set(err, -ENOMEM,
				     "out of memory for a sampler");
	s->params = *params;
	penalty_init(&s->penalty, params);
	random_seed(&s->random, params->seed);
	*sampler = s;
	return 0;
}

void npu_sampler_destroy(struct npu_sampler *sampler)
{
	if (!sampler)
		return;
	penalty_release(&sampler->penalty);
	free(sampler->candidate);
	free(sampler->weight);
	free(sampler);
}

static int make_room(struct npu_sampler *s, uint32_t count)
{
	if (count <= s->capacity)
		return 0;
	free(s->candidate);
	free(s->weight);
	s->candidate = calloc(count, sizeof(*s->candidate));
	s->weight = calloc(count, sizeof(*s->weight));
	s->capacity = s->candidate && s->weight ? count : 0;
	return s->capacity ? 0 : -ENOMEM;
}

static bool likelier(const struct candidate *a, const struct candidate *b)
{
	if (a->logit != b->logit)
		return a->logit > b->logit;
	return a->token < b->token;
}

static int compare(const void *a, const void *b)
{
	return likelier(a, b) ? -1 : 1;
}

/* Let @last find its place in a heap with the least likely on top. */
static void sift(struct candidate *heap, uint32_t size, struct candidate last)
{
	uint32_t at = 0, child;

	while ((child = 2 * at + 1) < size) {
		if (child + 1 < size && likelier(&heap[child], &heap[child + 1]))
			child++;
		if (!likelier(&last, &heap[child]))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
}

static void rise(struct candidate *heap, uint32_t at, struct candidate new)
{
	while (at && likelier(&heap[(at - 1) / 2], &new)) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = new;
}

/*
 * Put the @limit likeliest tokens into s->candidate, sorted, without sorting
 * the rest. Returns how many there are.
 */
static uint32_t select_likeliest(struct npu_sampler *s, const float *logits,
				 uint32_t count, uint32_t limit)
{
	struct candidate *heap = s->candidate;
	uint32_t size = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct candidate new = { logits[i], i };

		if (!isfinite(new.logit))
			continue;
		if (size < limit)
			rise(heap, size++, new);
		else if (likelier(&new, &heap[0]))
			sift(heap, size, new);
	}
	qsort(heap, size, sizeof(*heap), compare);
	return size;
}

/* Weights relative to the likeliest token, at one temperature; their sum. */
static double weigh(struct npu_sampler *s, uint32_t count, double temperature)
{
	double sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		double below = (double)s->candidate[i].logit -
			       s->candidate[0].logit;

		s->weight[i] = exp(below / temperature);
		sum += s->weight[i];
	}
	return sum;
}

static uint32_t keep_top_p(const struct npu_sampler *s, uint32_t count,
			   double sum)
{
	double wanted = s->params.top_p * sum, so_far = 0;
	uint32_t kept = 0;

	if (s->params.top_p >= 1)
		return count;
	while (kept < count && so_far < wanted)
		so_far += s->weight[kept++];
	return kept;
}

/* The likeliest has weight 1 and always stays. */
static uint32_t keep_min_p(const struct npu_sampler *s, uint32_t count)
{
	while (count > 1 && s->weight[count - 1] < (double)s->params.min_p)
		count--;
	return count;
}

static uint32_t draw(struct npu_sampler *s, uint32_t count)
{
	double sum = weigh(s, count, s->params.temperature);
	double place = random_unit(&s->random) * sum;
	uint32_t i = 0;

	while (i + 1 < count && place >= s->weight[i])
		place -= s->weight[i++];
	return s->candidate[i].token;
}

bool npu_sampler_is_greedy(const struct npu_sampler *sampler)
{
	return sampler->params.temperature == 0 && penalty_is_none(&sampler->penalty);
}

int npu_sampler_accept(struct npu_sampler *sampler, const uint32_t *tokens, size_t n,
		       struct npu_error *err)
{
	if (penalty_accept(&sampler->penalty, tokens, n))
		return npu_error_set(err, -ENOMEM,
				     "out of memory to remember %zu tokens", n);
	return 0;
}

int npu_sampler_sample(struct npu_sampler *sampler, const float *logits,
		       uint32_t count, uint32_t *token, struct npu_error *err)
{
	struct npu_sampler *s = sampler;
	uint32_t limit = s->params.top_k ? s->params.top_k : count;
	uint32_t left;

	if (!count)
		return npu_error_set(err, -EINVAL, "no logits to sample from");
	/* Greedy choice leaves nothing to draw. */
	if (s->params.temperature == 0)
		limit = 1;
	if (limit > count)
		limit = count;
	logits = penalty_apply(&s->penalty, logits, count);
	if (!logits || make_room(s, limit))
		return npu_error_set(err, -ENOMEM,
				     "out of memory to sample %u tokens",
				     count);
	left = select_likeliest(s, logits, count, limit);
	if (!left)
		return npu_error_set(err, -EDOM,
				     "none of %u logits is a finite number",
				     count);
	*token = s->candidate[0].token;
	if (s->params.temperature == 0)
		return 0;
	left = keep_top_p(s, left, weigh(s, left, 1));
	left = keep_min_p(s, left);
	*token = draw(s, left);
	return 0;
}
