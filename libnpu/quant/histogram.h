/* SPDX-License-Identifier: MIT */
/* Magnitudes of activations, counted, and where to clip them. */
#ifndef LIBNPU_QUANT_HISTOGRAM_H
#define LIBNPU_QUANT_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BINS 2048u

/**
 * struct histogram - counts of magnitudes from 0 to @most
 * @most: the largest that there is
 * @count: by bin
 * @total: of all
 */
struct histogram {
	float most;
	uint64_t count[HISTOGRAM_BINS], total;
};

/** histogram_add() - count a value; beyond the largest counts as the largest */
void histogram_add(struct histogram *h, float value);

/** histogram_percentile() - the magnitude that @percent of all do not exceed */
float histogram_percentile(const struct histogram *h, double percent);

/**
 * histogram_best_clip() - the magnitude from which on clipping to INT8 is best
 *
 * Below a clip c a value has the error of rounding to multiples of c / 127,
 * (c / 127)^2 / 12 in the mean; above, that of clipping.
 */
float histogram_best_clip(const struct histogram *h);

#endif /* LIBNPU_QUANT_HISTOGRAM_H */
