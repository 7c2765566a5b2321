// SPDX-License-Identifier: MIT
/* INT8 weights: scale, rounding, what is not a number, and the packed layout. */
#include <math.h>

#include "hw/npu_isa.h"
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

/* Every byte of the layout, by the formula of npu_isa.h. */
static void test_pack(size_t k, size_t n)
{
	size_t panel = npu_int8_panel_size(k), panels = (n + 15) / 16;
	int8_t *packed = calloc(panels, panel), *row = calloc(k, 1);
	bool same = true;

	is(panel, (k + 3) / 4 * 64, "panel of %zu weights", k);
	for (size_t c = 0; c < n; c++) {
		for (size_t i = 0; i < k; i++)
			row[i] = (c * 37 + i * 11) % 255 - 127;
		npu_int8_pack(packed, c, row, k);
	}
	for (size_t c = 0; c < panels * 16; c++)
		for (size_t i = 0; i < (k + 3) / 4 * 4; i++) {
			int8_t got = packed[c / 16 * panel + i / 4 * 64 + c % 16 * 4 + i % 4];
			int want = c < n && i < k ? (int)((c * 37 + i * 11) % 255) - 127 : 0;

			same &= got == want;
		}
	ok(same, "%zu columns of %zu weights are where they belong, zeros around them", n, k);
	free(packed);
	free(row);
}

int main(void)
{
	test_scale();
	test_ties();
	test_strange();
	test_pack(192, 512);
	test_pack(33, 65);
	test_pack(1, 1);
	test_pack(6, 15);
	return done_testing();
}
