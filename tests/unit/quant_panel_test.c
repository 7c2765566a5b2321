// SPDX-License-Identifier: MIT
/*
 * Panels of every format: what comes back is close to what went in, and the
 * packed bytes are where npu_isa.h says, read here by its formulas.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "hw/npu_isa.h"
#include "model/half.h"
#include "quant/nf4.h"
#include "quant/panel.h"
#include "tap.h"

static uint32_t seed = 7;

static float random_float(void)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) * 0x1p-23f - 1;
}

/* Roughly normal, as weights are. */
static void fill(float *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		w[i] = 0.1f * (random_float() + random_float() + random_float());
}

/* Value of weight (@k, @c) of a packed matrix, from its bytes alone. */
static float unpack(const uint8_t *m, const struct panel *p, uint64_t panels, uint32_t k,
		    uint32_t c)
{
	const struct quant_layout *l = &p->layout;
	struct quant_sections s = quant_sections_of(l, panels, p->k);
	uint64_t panel = c / 16, col = c % 16, lds = quant_scale_bytes(l, p->k);
	const uint8_t *b = m + panel * quant_code_bytes(l, p->k);
	uint32_t g = l->group ? k / l->group : 0, at = g * 16 + col;
	const uint8_t *scales = m + s.scales + panel * lds;
	uint8_t nibble = b[k / 8 * 64 + col * 4 + k % 4] >> (k % 8 < 4 ? 0 : 4) & 15;
	uint16_t half;
	float f, dq[2];

	if (l->type == NPU_TYPE_F16) {
		memcpy(&half, b + k / 2 * 64 + col * 4 + k % 2 * 2, 2);
		return half_to_float(half);
	}
	memcpy(&half, scales + 2 * at, 2);
	f = half_to_float(half);
	if (l->scale == NPU_TYPE_F32)
		memcpy(&f, scales + 4 * at, 4);
	if (l->scale == NPU_TYPE_I8) {
		memcpy(dq, m + s.pairs + 8 * (panel * ((lds + 255) / 256) + g / 16), 8);
		f = fmaf(scales[at], dq[0], dq[1]);
	}
	if (l->type == NPU_TYPE_I8)
		return f * (int8_t)b[k / 4 * 64 + col * 4 + k % 4];
	if (l->type == NPU_TYPE_C4)
		return f * (int8_t)m[s.book + nibble];
	if (l->zeros)
		return f * (nibble - m[s.zeros + panel * lds / 2 + at]);
	return f * (nibble < 8 ? nibble : nibble - 16);
}

static void test_format(const char *name, uint32_t k, double most)
{
	struct npu_quant_format format;
	float *w = calloc(16 * k, sizeof(*w)), *row = calloc(k, sizeof(*row));
	struct quant_sections s;
	double error = 0, power = 0;
	bool same = true;
	struct panel p;
	uint8_t *m;

	if (npu_quant_parse(name, &format, NULL) || panel_init(&p, &format, k) || !w || !row)
		abort();
	fill(w, 16 * k);
	ok(panel_quantize(&p, w, 13, NULL), "%s, %u inputs: 13 rows", name, k);
	s = quant_sections_of(&p.layout, 3, k);
	m = calloc(1, s.size);
	panel_pack(&p, m, 3, 1);
	for (uint32_t c = 0; c < 16; c++) {
		panel_row(&p, c, row);
		for (uint32_t i = 0; i < k; i++) {
			double d = c < 13 ? row[i] - w[c * k + i] : 0;

			same &= row[i] == unpack(m, &p, 3, i, 16 + c);
			same &= c < 13 || row[i] == 0;
			error += d * d;
			power += c < 13 ? w[c * k + i] * w[c * k + i] : 0;
		}
	}
	error = sqrt(error / power);
	ok(same, "  packed and back");
	ok(error < most, "  error of %.4f", error);
	panel_free(&p);
	free(w);
	free(row);
	free(m);
}

static void test_names(void)
{
	static const char *const good[] = {
		"auto", "f16", "int8", "int8-g32", "int4-g32", "int4-g64-asym", "int4-g128",
		"nf4-g64", "mixed",
	};
	static const char *const bad[] = {
		"", "int", "int5", "int4-g16", "int4-g48", "int8-asym", "nf4-asym", "f16-g32",
		"int4-g64-asymm", "int4-g64-", "mixed-g32", "int4-asym-g64",
	};
	struct npu_quant_format f;
	struct npu_error err;
	char name[NPU_QUANT_NAME_LEN];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(!npu_quant_parse(good[i], &f, &err) &&
		   !strcmp(npu_quant_name(&f, name), good[i]), "name %s", good[i]);
	ok(!npu_quant_parse("int4-asym", &f, &err) && f.group == 64 && f.asymmetric,
	   "INT4 has groups of 64");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(npu_quant_parse(bad[i], &f, &err) == -EINVAL && strstr(err.message, "int4"),
		   "no name: '%s'", bad[i]);
}

static void test_strange(void)
{
	static const struct npu_quant_format formats[] = {
		{ .kind = NPU_QUANT_F16 }, { .kind = NPU_QUANT_INT8, .group = 32 },
		{ .kind = NPU_QUANT_INT4, .group = 32 },
		{ .kind = NPU_QUANT_INT4, .group = 32, .asymmetric = true },
	};
	float zeros[64] = { 0 }, huge[64] = { 0 }, row[64];

	huge[3] = 3e7f;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct panel p;
		float sum = 0;

		panel_init(&p, &formats[i], 64);
		ok(panel_quantize(&p, zeros, 1, NULL), "format %zu: zeros", i);
		panel_row(&p, 0, row);
		for (int k = 0; k < 64; k++)
			sum += fabsf(row[k]);
		ok(sum == 0, "  stay zeros");
		ok(!panel_quantize(&p, huge, 1, NULL), "  a weight beyond binary16 is refused");
		panel_free(&p);
	}
}

int main(void)
{
	test_format("f16", 64, 0.001);
	test_format("f16", 33, 0.001);
	test_format("int8", 192, 0.01);
	test_format("int8", 6, 0.01);
	test_format("int8-g32", 100, 0.01);
	test_format("int8-g16", 64, 0.01);
	test_format("int4-g32", 192, 0.1);
	test_format("int4-g64", 192, 0.11);
	test_format("int4-g128", 512, 0.12);
	test_format("int4-g32", 37, 0.1);
	test_format("int4-g32-asym", 192, 0.1);
	test_format("int4-g64-asym", 100, 0.11);
	test_format("nf4-g32", 192, 0.1);
	test_format("nf4-g64", 1999, 0.11);
	test_format("nf4-g32", 1, 0.1);
	test_names();
	test_strange();
	return done_testing();
}
