// SPDX-License-Identifier: MIT
#include <math.h>

#include "histogram.h"

#define CLIPS 128u	/* that are tried */

void histogram_add(struct histogram *h, float value)
{
	float at = h->most > 0 ? fabsf(value) / h->most * HISTOGRAM_BINS : 0;

	h->count[at < HISTOGRAM_BINS - 1 ? (uint32_t)at : HISTOGRAM_BINS - 1]++;
	h->total++;
}

float histogram_percentile(const struct histogram *h, double percent)
{
	double wanted = h->total * (percent / 100);
	uint64_t below = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BINS; i++) {
		below += h->count[i];
		if (below >= wanted)
			return h->most * (i + 1) / HISTOGRAM_BINS;
	}
	return h->most;
}

/* Sum of squared errors when clipped behind bin @end. */
static double clip_error(const struct histogram *h, uint32_t end)
{
	double bin = (double)h->most / HISTOGRAM_BINS, clip = bin * end;
	double rounding = clip / 127 * (clip / 127) / 12, error = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BINS; i++) {
		double beyond = (i + 0.5) * bin - clip;

		error += h->count[i] * (i < end ? rounding : beyond * beyond);
	}
	return error;
}

float histogram_best_clip(const struct histogram *h)
{
	uint32_t best = HISTOGRAM_BINS;
	double least = clip_error(h, best);

	for (uint32_t i = 1; i < CLIPS; i++) {
		uint32_t end = HISTOGRAM_BINS / CLIPS * i;
		double error = clip_error(h, end);

		if (error < least) {
			least = error;
			best = end;
		}
	}
	return h->most * best / HISTOGRAM_BINS;
}
