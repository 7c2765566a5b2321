// SPDX-License-Identifier: MIT
#include "model/half.h"
#include "outlier.h"

uint32_t outliers_find(const float *absmax, uint32_t k, float threshold, uint32_t *index)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < k; i++)
		if (absmax[i] > threshold)
			index[n++] = i;
	return n;
}

void outliers_take(float *row, const uint32_t *index, uint32_t n, uint16_t *half)
{
	for (uint32_t i = 0; i < n; i++) {
		half[i] = float_to_half(row[index[i]]);
		row[index[i]] = 0;
	}
}
