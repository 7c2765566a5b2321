// SPDX-License-Identifier: MIT
/*
 * Known answers of the scalar arithmetic, from sources of their own: exact
 * values in double, the compiler's _Float16, and the C library's functions.
 */
#include "../unit/tap.h"
#include "arith_lanes.h"
#include "values.h"

/* Value of a 16-bit float with @mantissa bits, by its definition. */
static double value_of(uint16_t bits, int mantissa)
{
	int exponent_bits = 15 - mantissa, bias = (1 << (exponent_bits - 1)) - 1;
	int exponent = (bits & 0x7fff) >> mantissa;
	double fraction = bits & ((1 << mantissa) - 1);
	double magnitude;

	if (exponent == (1 << exponent_bits) - 1)
		magnitude = fraction ? NAN : INFINITY;
	else if (exponent == 0)
		magnitude = ldexp(fraction, 1 - bias - mantissa);
	else
		magnitude = ldexp(fraction + ldexp(1, mantissa),
				  exponent - bias - mantissa);
	return bits >> 15 ? -magnitude : magnitude;
}

struct format {
	const char *name;
	int mantissa;
	uint16_t infinity, nan;
	float (*load)(uint16_t bits);
	uint16_t (*store)(float f);
};

static const struct format formats[] = {
	{ "F16", 10, 0x7c00, 0x7e00, arith_from_half, arith_to_half },
	{ "BF16", 7, 0x7f80, 0x7fc0, arith_from_bfloat, arith_to_bfloat },
};

static void test_load(const struct format *format)
{
	unsigned int wrong_value = 0, wrong_back = 0;

	for (uint32_t bits = 0; bits < 65536; bits++) {
		double want = value_of((uint16_t)bits, format->mantissa);
		float got = format->load((uint16_t)bits);

		if (want != want) {
			wrong_value += got == got;
			wrong_back += format->store(got) != format->nan;
			continue;
		}
		wrong_value += (double)got != want || !signbit(got) != !(bits >> 15);
		wrong_back += format->store(got) != bits;
	}
	is(wrong_value, 0, "%s: all 65536 values load exactly", format->name);
	is(wrong_back, 0, "%s: all 65536 values come back", format->name);
}

/* Halfway between two neighbours, and the floats beside it. */
static void test_round(const struct format *format)
{
	unsigned int wrong = 0;

	for (uint32_t bits = 0; bits < format->infinity; bits++) {
		double low = value_of((uint16_t)bits, format->mantissa);
		double high = bits + 1u == format->infinity ?
			      2 * low - value_of((uint16_t)bits - 1,
						 format->mantissa) :
			      value_of((uint16_t)bits + 1, format->mantissa);
		float middle = (float)((low + high) / 2);
		uint16_t even = (uint16_t)(bits + (bits & 1));

		wrong += format->store(middle) != even;
		wrong += format->store(-middle) != (even | 0x8000);
		wrong += format->store(nextafterf(middle, 0)) != bits;
		wrong += format->store(nextafterf(middle, INFINITY)) != bits + 1;
	}
	is(wrong, 0, "%s: halfway values round to even, others to the nearest",
	   format->name);
	is(format->store(INFINITY), format->infinity, "%s: infinity",
	   format->name);
	is(format->store(-FLT_MAX), format->infinity | 0x8000,
	   "%s: overflow is infinite", format->name);
	is(format->store(-NAN), format->nan, "%s: one NaN", format->name);
}

static void test_against_compiler(void)
{
#ifdef __FLT16_MANT_DIG__
	unsigned int wrong = 0;

	for (uint64_t bits = 0; bits >> 32 == 0; bits += 499) {
		float f = arith_from_bits((uint32_t)bits);
		_Float16 half = (_Float16)f;
		uint16_t want;

		memcpy(&want, &half, sizeof(want));
		wrong += f == f && arith_to_half(f) != want;
	}
	is(wrong, 0, "F16: as the compiler's _Float16");
#else
	skip("the compiler has no _Float16");
#endif
}

static void test_integers(void)
{
	static const struct {
		float f;
		int8_t i8;
		int32_t i32;
	} cases[] = {
		{ 0.5f, 0, 0 }, { 1.5f, 2, 2 }, { 2.5f, 2, 2 }, { -0.5f, 0, 0 },
		{ -1.5f, -2, -2 }, { 126.5f, 126, 126 }, { 127.5f, 127, 128 },
		{ -128.5f, -128, -128 }, { -129.0f, -128, -129 },
		{ 1e9f, 127, 1000000000 }, { 2147483520.0f, 127, 2147483520 },
		{ 0x1p31f, 127, INT32_MAX }, { -0x1p31f, -128, INT32_MIN },
		{ -1e20f, -128, INT32_MIN }, { NAN, 0, 0 },
		{ INFINITY, 127, INT32_MAX }, { -INFINITY, -128, INT32_MIN },
	};
	int32_t odd = 0x1000001, even = 0x1000003;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is(arith_to_i8(cases[i].f), cases[i].i8, "%g to I8", cases[i].f);
		is(arith_to_i32(cases[i].f), cases[i].i32, "%g to I32",
		   cases[i].f);
	}
	ok(arith_load(NPU_TYPE_I32, (uint8_t *)&odd) == 0x1p24f &&
	   arith_load(NPU_TYPE_I32, (uint8_t *)&even) == 16777220.0f,
	   "I32 loads round to even");
}

static double reference(unsigned int op, double x)
{
	switch (op) {
	case NPU_UNARY_GELU:
		return x / (1 + exp(-2 * sqrt(2 / M_PI) *
				    (x + 0.044715 * x * x * x)));
	case NPU_UNARY_GELU_ERF:
		return x * 0.5 * (1 + erf(x / sqrt(2)));
	case NPU_UNARY_SILU:
		return x / (1 + exp(-x));
	case NPU_UNARY_EXP:
		return exp(x);
	case NPU_UNARY_SIGMOID:
		return 1 / (1 + exp(-x));
	case NPU_UNARY_TANH:
		return tanh(x);
	case NPU_UNARY_RECIP:
		return 1 / x;
	case NPU_UNARY_SQRT:
		return sqrt(x);
	default:
		return 1 / sqrt(x);
	}
}

/* Distance between @got and @want in units of @want's last place. */
static double ulps(float got, double want)
{
	int exponent;

	frexp(want, &exponent);
	if (exponent < -125)
		exponent = -125;
	return fabs((double)got - want) / ldexp(1, exponent - 24);
}

/* Largest relative error in units of the last place over @low..@high. */
static void test_relative(const char *name, unsigned int op, float low,
			  float high, double limit)
{
	double worst = 0;
	float at = low;

	for (float x = low; x < high; x += (high - low) * 0x1p-20f) {
		double error = ulps(arith_unary(op, x), reference(op, x));

		if (error > worst) {
			worst = error;
			at = x;
		}
	}
	if (!ok(worst <= limit, "%s within %g ulp over %g..%g", name, limit, low,
		high))
		diag("%g ulp at %a", worst, at);
}

/* Largest absolute error over -20..20. */
static void test_absolute(const char *name, unsigned int op, double limit)
{
	double worst = 0;

	for (float x = -20.0f; x < 20.0f; x += 0x1p-14f) {
		double error = fabs(arith_unary(op, x) - reference(op, x));

		worst = error > worst ? error : worst;
	}
	if (!ok(worst <= limit, "%s within %g over -20..20", name, limit))
		diag("%g", worst);
}

static void test_functions(void)
{
	test_relative("exp", NPU_UNARY_EXP, -87.3365f, 88.7228f, 2);
	test_relative("exp", NPU_UNARY_EXP, -0.01f, 0.01f, 1);
	test_relative("sigmoid", NPU_UNARY_SIGMOID, -80, 80, 4);
	test_relative("silu", NPU_UNARY_SILU, -80, 80, 4);
	test_relative("tanh", NPU_UNARY_TANH, 0.5f, 20, 4);
	test_relative("recip", NPU_UNARY_RECIP, 1, 4, 0.5);
	test_relative("sqrt", NPU_UNARY_SQRT, 1, 4, 0.5);
	test_relative("rsqrt", NPU_UNARY_RSQRT, 1, 4, 1.5);
	test_absolute("gelu", NPU_UNARY_GELU, 2e-6);
	test_absolute("gelu_erf", NPU_UNARY_GELU_ERF, 2e-6);
	test_absolute("tanh", NPU_UNARY_TANH, 1.5e-7);
	ok(arith_exp(0.0f) == 1.0f && arith_exp(-0.0f) == 1.0f, "exp(0) = 1");
	ok(arith_exp(88.73f) == INFINITY && arith_exp(INFINITY) == INFINITY,
	   "exp overflows to infinity");
	ok(arith_bits(arith_exp(-87.34f)) == 0 &&
	   arith_bits(arith_exp(-INFINITY)) == 0, "exp underflows to +0");
	ok(isfinite(arith_exp(88.7228f)) && arith_exp(-87.3365f) > 0,
	   "exp keeps its ends");
	ok(isnan(arith_exp(NAN)), "exp of NaN is NaN");
	ok(signbit(arith_tanh(-0.0f)), "tanh keeps the sign of zero");
	is(arith_bits(arith_unary(NPU_UNARY_RELU, -0.0f)), 0, "relu(-0) = +0");
	is(arith_bits(arith_unary(NPU_UNARY_RELU, NAN)), 0, "relu(NaN) = +0");
}

/* Fold lanes @j, @j + @step ... by halves, as a tree instead of a loop. */
static float tree(const float *p, int j, int step)
{
	if (step == ARITH_LANES)
		return p[j];
	return tree(p, j, 2 * step) + tree(p, j + step, 2 * step);
}

static void test_lanes(void)
{
	unsigned int wrong = 0;

	for (size_t n = 0; n < 200; n++) {
		float p[ARITH_LANES] = { 0 };
		struct arith_lanes lanes;

		arith_lanes_start(&lanes, 0.0f);
		for (size_t i = 0; i < n; i++) {
			float x = random_unit();

			arith_lanes_add(&lanes, i, x);
			p[i % ARITH_LANES] += x;
		}
		wrong += arith_lanes_fold(&lanes, NPU_BINARY_ADD) !=
			 tree(p, 0, 1);
	}
	is(wrong, 0, "lane sums in the order of the specification");
	ok(arith_max(NAN, 1.0f) == 1.0f && isnan(arith_max(1.0f, NAN)) &&
	   signbit(arith_max(0.0f, -0.0f)) && arith_min(NAN, 1.0f) == 1.0f,
	   "max and min give the second unless the first is better");
}

/* (1 + 2^-12)^2 - (1 + 2^-11) is zero only if the product is rounded. */
static void test_contraction(void)
{
	volatile float a = 1 + 0x1p-12f, c = -(1 + 0x1p-11f);
	float product = a * a + c;

	ok(product == 0.0f, "the compiler does not contract a * b + c");
	ok(fmaf(a, a, c) == 0x1p-24f, "fma rounds once");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		test_load(&formats[i]);
		test_round(&formats[i]);
	}
	test_against_compiler();
	test_integers();
	test_functions();
	test_lanes();
	test_contraction();
	return done_testing();
}
