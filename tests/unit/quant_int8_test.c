// SPDX-License-Identifier: MIT
/* INT8 weights: scale, rounding, and what is not a number. */
#include <math.h>

#include "quant/int8.h"
#include "tap.h"

static void test_scale(void)
{
	const float src[] = { 1.27f, -2.54f, 0.01f, 0, 0.03f, 0.05f };
	const int8_t want[] = { 64, -127, 0, 0, 2, 2 };
	int8_t q[6];

	ok(fabsf(npu_int8_quantize(q, src, 6) - 0.02f) < 1e-8f, "scale is the maximum / 127");
	for (int i = 0; i < 6; i++)
		if (i != 0)
			is(q[i], want[i], "weight %d", i);
	ok(q[0] == 63 || q[0] == 64, "a weight half-way goes to a neighbour");
}

static void test_ties(void)
{
	const float src[] = { 127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -127 };
	const int8_t want[] = { 127, 0, 2, 2, 0, -2, -127 };
	int8_t q[7];

	ok(npu_int8_quantize(q, src, 7) == 1, "scale 1");
	ok(!memcmp(q, want, 7), "ties go to even");
}

static void test_strange(void)
{
	const float zeros[] = { 0, -0.0f, 0 }, nan[] = { 1, NAN, -1 };
	const float inf[] = { INFINITY, 1, -INFINITY }, tiny[] = { 1e-45f, -1e-45f };
	int8_t q[3] = { 1, 1, 1 };

	ok(npu_int8_quantize(q, zeros, 3) == 0 && !q[0] && !q[1] && !q[2], "all zero");
	npu_int8_quantize(q, nan, 3);
	ok(q[0] == 127 && q[1] == 0 && q[2] == -127, "not a number becomes 0");
	ok(!isfinite(npu_int8_quantize(q, inf, 3)), "an infinite weight shows in the scale");
	npu_int8_quantize(q, tiny, 2);
	ok(q[0] >= -127 && q[1] >= -127, "subnormal weights stay in range");
	ok(npu_int8_quantize(q, zeros, 0) == 0, "no weights");
}

int main(void)
{
	test_scale();
	test_ties();
	test_strange();
	return done_testing();
}
