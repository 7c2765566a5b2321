// SPDX-License-Identifier: MIT
/*
 * Known answers of MATMUL: exact sums in 64 bits and in double from matrices
 * that this file lays out by itself, on every implementation of this host.
 */
#include "../unit/tap.h"
#include "kernels.h"
#include "values.h"

#define M	5
#define N	37
#define K	77
#define GROUP	32
#define GROUPS	((K + GROUP - 1) / GROUP)
#define PANELS	((N + 15) / 16)

/* The plain matrices: integers, of which nibbles use a part. */
static int a_value[M][K], b_value[K][N];

/* Where the kernels read and write. */
static uint8_t a_bytes[M * K * 2], b_bytes[1 << 15];
static uint8_t c_bytes[M * N * 4];
static float scale_sa[M], scale_sb[N], bias[N];

static void put_half(unsigned int type, uint8_t *at, int value)
{
	arith_store(type, at, (float)value);
}

static void make_matrices(int limit_a, int limit_b)
{
	for (int m = 0; m < M; m++)
		for (int k = 0; k < K; k++)
			a_value[m][k] = (int)random_below(2 * limit_a) - limit_a;
	for (int k = 0; k < K; k++)
		for (int n = 0; n < N; n++)
			b_value[k][n] = (int)random_below(2 * limit_b) - limit_b;
}

static long exact(int m, int n, int first, int end)
{
	long sum = 0;

	for (int k = first; k < end; k++)
		sum += (long)a_value[m][k] * b_value[k][n];
	return sum;
}

static void lay_out_a(struct npu_mm_args *args)
{
	size_t size = arith_size(args->type_a);

	args->lda = K * size;
	for (int m = 0; m < M; m++)
		for (int k = 0; k < K; k++)
			put_half(args->type_a, a_bytes + ((size_t)m * K + k) * size,
				 a_value[m][k]);
	args->a = a_bytes;
}

/* Bytes of B's element in the block of the panel, from the header's words. */
static uint8_t *packed(size_t panel_bytes, int depth, size_t size, int k, int n)
{
	uint8_t *block = b_bytes + (size_t)(n / 16) * panel_bytes +
			 (size_t)(k / depth) * 64;

	return block + 4 * (n % 16) + (size_t)(k % depth) * size;
}

static void lay_out_b(struct npu_mm_args *args, unsigned int layout)
{
	size_t size = arith_size(args->type_b);
	int depth = (int)(4 / size);
	size_t panel_bytes = (size_t)((K + depth - 1) / depth) * 64;

	/* What lies beyond K and N must not matter. */
	random_bytes(b_bytes, sizeof(b_bytes));
	args->layout = (uint8_t)layout;
	args->ldb = layout == NPU_LAYOUT_NK ? K * size :
		    layout == NPU_LAYOUT_KN ? N * size : panel_bytes;
	for (int k = 0; k < K; k++) {
		for (int n = 0; n < N; n++) {
			uint8_t *at = layout == NPU_LAYOUT_NK ?
				      b_bytes + ((size_t)n * K + k) * size :
				      layout == NPU_LAYOUT_KN ?
				      b_bytes + ((size_t)k * N + n) * size :
				      packed(panel_bytes, depth, size, k, n);

			put_half(args->type_b, at, b_value[k][n]);
		}
	}
	args->b = b_bytes;
}

/* B as nibbles: the value itself, or what @code says. */
static void lay_out_nibbles(struct npu_mm_args *args,
			    unsigned int (*code)(int k, int n))
{
	size_t panel_bytes = (size_t)((K + 7) / 8) * 64;

	random_bytes(b_bytes, sizeof(b_bytes));
	args->layout = NPU_LAYOUT_PACK;
	args->ldb = panel_bytes;
	for (int k = 0; k < K; k++) {
		for (int n = 0; n < N; n++) {
			uint8_t *at = b_bytes + (size_t)(n / 16) * panel_bytes +
				      (size_t)(k / 8) * 64 + 4 * (n % 16) + k % 4;

			if (k % 8 < 4)
				*at = (uint8_t)((*at & 0xf0) | code(k, n));
			else
				*at = (uint8_t)((*at & 0x0f) | code(k, n) << 4);
		}
	}
	args->b = b_bytes;
}

static void start(struct npu_mm_args *args, uint8_t type_a, uint8_t type_b,
		  uint8_t type_c)
{
	*args = (struct npu_mm_args){
		.m = M, .n = N, .k = K, .group = GROUP, .type_a = type_a,
		.type_b = type_b, .type_c = type_c, .c = c_bytes,
		.ldc = N * arith_size(type_c),
	};
}

static float c_float(const struct npu_mm_args *args, int m, int n)
{
	return arith_load(args->type_c,
			  c_bytes + ((size_t)m * N + n) * arith_size(args->type_c));
}

static int32_t c_int(int m, int n)
{
	int32_t v;

	memcpy(&v, c_bytes + ((size_t)m * N + n) * 4, 4);
	return v;
}

static const char *const layout_name[] = { "NK", "KN", "PACK" };

static void test_bytes(const struct npu_kernels *kernels)
{
	for (unsigned int layout = 0; layout < NPU_LAYOUT_COUNT; layout++) {
		struct npu_mm_args args;
		unsigned int wrong = 0;

		make_matrices(128, 128);
		start(&args, NPU_TYPE_I8, NPU_TYPE_I8, NPU_TYPE_I32);
		lay_out_a(&args);
		lay_out_b(&args, layout);
		kernels->matmul(&args);
		args.flags = NPU_F_ACCUM;
		kernels->matmul(&args);
		for (int m = 0; m < M; m++)
			for (int n = 0; n < N; n++)
				wrong += c_int(m, n) != 2 * exact(m, n, 0, K);
		is(wrong, 0, "%s: I8 %s to I32, accumulated, is exact",
		   kernels->name, layout_name[layout]);
	}
}

/* Sums of small integers are exact in any order. */
static void test_halves(const struct npu_kernels *kernels, uint8_t type)
{
	for (unsigned int layout = 0; layout < NPU_LAYOUT_COUNT; layout++) {
		struct npu_mm_args args;
		unsigned int wrong = 0;

		make_matrices(64, 64);
		start(&args, type, type, NPU_TYPE_F32);
		lay_out_a(&args);
		lay_out_b(&args, layout);
		kernels->matmul(&args);
		for (int m = 0; m < M; m++)
			for (int n = 0; n < N; n++)
				wrong += c_float(&args, m, n) !=
					 (float)exact(m, n, 0, K);
		is(wrong, 0, "%s: %s %s sums of integers are exact",
		   kernels->name, type_name(type), layout_name[layout]);
	}
}

static uint8_t zero[PANELS][8][16];
static const int8_t codebook[16] = {
	-128, -100, -71, -53, -39, -27, -17, -8, 0, 9, 20, 33, 48, 67, 91, 127,
};

static unsigned int code_signed(int k, int n)
{
	return (unsigned int)b_value[k][n] & 15;
}

static unsigned int code_random(int k, int n)
{
	return (unsigned int)(k * 7 + n * 5 + k * n) & 15;
}

/* Replaces B by what random codes mean. */
static void decode(const struct npu_mm_args *args)
{
	for (int k = 0; k < K; k++) {
		for (int n = 0; n < N; n++) {
			unsigned int code = code_random(k, n);
			int g = args->flags & NPU_F_GROUP ? k / GROUP : 0;

			b_value[k][n] = args->type_b == NPU_TYPE_C4 ?
				codebook[code] :
				(int)code - zero[n / 16][g][n % 16];
		}
	}
}

static bool sums_are_exact(void)
{
	for (int m = 0; m < M; m++)
		for (int n = 0; n < N; n++)
			if (c_int(m, n) != exact(m, n, 0, K))
				return false;
	return true;
}

static void test_nibbles(const struct npu_kernels *kernels)
{
	static uint8_t plain_zero[PANELS][16];
	struct npu_mm_args args;

	make_matrices(128, 8);
	start(&args, NPU_TYPE_I8, NPU_TYPE_I4, NPU_TYPE_I32);
	lay_out_a(&args);
	lay_out_nibbles(&args, code_signed);
	kernels->matmul(&args);
	ok(sums_are_exact(), "%s: I4 is exact", kernels->name);

	lay_out_nibbles(&args, code_random);
	for (int p = 0; p < PANELS; p++) {
		random_bytes(plain_zero[p], 16);
		for (int c = 0; c < 16; c++)
			zero[p][0][c] = plain_zero[p][c] &= 15;
	}
	args.flags = NPU_F_ZP;
	args.aux = plain_zero[0];
	decode(&args);
	kernels->matmul(&args);
	ok(sums_are_exact(), "%s: I4 with zero points is exact", kernels->name);

	args.flags = 0;
	args.type_b = NPU_TYPE_C4;
	args.aux = (const uint8_t *)codebook;
	decode(&args);
	kernels->matmul(&args);
	ok(sums_are_exact(), "%s: C4 is exact", kernels->name);
}

/* f = fma(group's sum, scale, f) in increasing order of groups. */
static float grouped(const float *scale, int m, int n)
{
	float f = 0.0f;

	for (int g = 0; g < GROUPS; g++) {
		int end = (g + 1) * GROUP < K ? (g + 1) * GROUP : K;

		f = fmaf((float)exact(m, n, g * GROUP, end), scale[g], f);
	}
	return f;
}

#define LDS	320	/* bytes of a panel's scales: two pairs of DQ8 */

static uint8_t scales[PANELS * LDS], pairs[PANELS * 2 * 8];
static float scale_value[N][GROUPS];

/* Scales that differ in every group and column, in @type. */
static void make_scales(struct npu_mm_args *args, uint8_t type)
{
	size_t size = arith_size(type);

	args->type_s = type;
	args->lds = LDS;
	args->sb = scales;
	args->dq = pairs;
	random_bytes(scales, sizeof(scales));
	for (int n = 0; n < N; n++) {
		size_t panel = (size_t)n / 16;
		float d = 0x1p-9f * (float)(panel + 1), minimum = -0.125f;

		for (int g = 0; g < GROUPS; g++) {
			uint8_t *at = scales + panel * LDS +
				      ((size_t)g * 16 + n % 16) * size;

			if (type != NPU_TYPE_I8) {
				arith_store(type, at, random_unit());
				scale_value[n][g] = arith_load(type, at);
			} else {
				scale_value[n][g] = fmaf(*at, d, minimum);
			}
		}
		arith_store(NPU_TYPE_F32, pairs + panel * 2 * 8, d);
		arith_store(NPU_TYPE_F32, pairs + panel * 2 * 8 + 4, minimum);
	}
}

static void test_groups(const struct npu_kernels *kernels, uint8_t type_s)
{
	static uint8_t zero_bytes[PANELS * LDS];
	size_t pitch = LDS / arith_size(type_s);
	struct npu_mm_args args;
	unsigned int wrong = 0;

	make_matrices(128, 8);
	start(&args, NPU_TYPE_I8, NPU_TYPE_I4, NPU_TYPE_F32);
	args.flags = NPU_F_GROUP | NPU_F_ZP;
	lay_out_a(&args);
	lay_out_nibbles(&args, code_random);
	make_scales(&args, type_s);
	memset(zero_bytes, 0xff, sizeof(zero_bytes));
	for (size_t i = 0; i < PANELS * GROUPS * 16; i++) {
		size_t p = i / 16 / GROUPS, g = i / 16 % GROUPS, c = i % 16;

		zero[p][g][c] = random_bits() & 15;
		zero_bytes[p * pitch + g * 16 + c] = zero[p][g][c];
	}
	args.aux = zero_bytes;
	decode(&args);
	kernels->matmul(&args);
	for (int m = 0; m < M; m++)
		for (int n = 0; n < N; n++)
			wrong += c_float(&args, m, n) !=
				 grouped(scale_value[n], m, n);
	is(wrong, 0, "%s: groups with zero points and %s scales", kernels->name,
	   type_name(type_s));
}

/* The second pair of a panel's DQ8 scales serves groups 16 to 31. */
static void test_second_pair(const struct npu_kernels *kernels)
{
	static uint8_t ones[512], panel[512 * 16], bytes[512];
	const float pair[4] = { 5, 1, 7, 3 };
	struct npu_mm_args args;

	start(&args, NPU_TYPE_I8, NPU_TYPE_I8, NPU_TYPE_F32);
	args.m = 1;
	args.n = 1;
	args.k = sizeof(ones);
	args.group = 16;
	args.layout = NPU_LAYOUT_PACK;
	args.flags = NPU_F_GROUP;
	args.type_s = NPU_TYPE_I8;
	args.lds = sizeof(bytes);
	memset(ones, 1, sizeof(ones));
	memset(panel, 1, sizeof(panel));
	args.a = ones;
	args.b = panel;
	args.sb = bytes;
	args.dq = (const uint8_t *)pair;
	kernels->matmul(&args);
	is(c_float(&args, 0, 0), 16 * 16 * 1 + 16 * 16 * 3,
	   "%s: one DQ8 pair for sixteen groups", kernels->name);
}

/* SA, SB, BIAS, ACCUM, activation, inverse scale, each rounded, in order. */
static void test_epilogue(const struct npu_kernels *kernels)
{
	struct npu_mm_args args;
	unsigned int wrong = 0;
	float before[M][N];

	make_matrices(128, 128);
	start(&args, NPU_TYPE_I8, NPU_TYPE_I8, NPU_TYPE_F32);
	lay_out_a(&args);
	lay_out_b(&args, NPU_LAYOUT_PACK);
	args.flags = NPU_F_SA | NPU_F_SB | NPU_F_BIAS | NPU_F_ACCUM;
	args.act = NPU_UNARY_RELU;
	args.type_s = NPU_TYPE_F32;
	args.sa = (const uint8_t *)scale_sa;
	args.sb = (const uint8_t *)scale_sb;
	args.bias = (const uint8_t *)bias;
	random_elements(NPU_TYPE_F32, (uint8_t *)scale_sa, M, STYLE_MILD);
	random_elements(NPU_TYPE_F32, (uint8_t *)scale_sb, N, STYLE_MILD);
	random_elements(NPU_TYPE_F32, (uint8_t *)bias, N, STYLE_MILD);
	random_elements(NPU_TYPE_F32, (uint8_t *)before, M * N, STYLE_MILD);
	memcpy(c_bytes, before, sizeof(before));
	kernels->matmul(&args);
	for (int m = 0; m < M; m++) {
		for (int n = 0; n < N; n++) {
			volatile float f = (float)exact(m, n, 0, K);

			f = f * scale_sa[m];
			f = f * scale_sb[n];
			f = f + bias[n];
			f = f + before[m][n];
			wrong += c_float(&args, m, n) != (f > 0 ? f : 0.0f);
		}
	}
	is(wrong, 0, "%s: scales, bias and sum in order", kernels->name);
}

/* Sums to I8: the activation comes before the inverse scale, then saturation. */
static void test_requantise(const struct npu_kernels *kernels)
{
	struct npu_mm_args args;
	unsigned int wrong = 0;

	make_matrices(128, 128);
	start(&args, NPU_TYPE_I8, NPU_TYPE_I8, NPU_TYPE_I8);
	lay_out_a(&args);
	lay_out_b(&args, NPU_LAYOUT_NK);
	args.inv = -0x1p-9f;
	args.act = NPU_UNARY_RELU;
	kernels->matmul(&args);
	for (int m = 0; m < M; m++) {
		for (int n = 0; n < N; n++) {
			long sum = exact(m, n, 0, K);
			double want = sum > 0 ? nearbyint(sum * -0x1p-9) : 0;

			wrong += c_float(&args, m, n) !=
				 (want < -128 ? -128 : want);
		}
	}
	is(wrong, 0, "%s: I8 results are rounded and saturated", kernels->name);
}

/* With K = 0 only the epilogue is left. */
static void test_empty(const struct npu_kernels *kernels)
{
	struct npu_mm_args args;
	unsigned int wrong = 0;

	start(&args, NPU_TYPE_I8, NPU_TYPE_I8, NPU_TYPE_F32);
	args.k = 0;
	args.a = a_bytes;
	args.b = b_bytes;
	args.flags = NPU_F_BIAS;
	args.bias = (const uint8_t *)bias;
	kernels->matmul(&args);
	for (int m = 0; m < M; m++)
		for (int n = 0; n < N; n++)
			wrong += c_float(&args, m, n) != bias[n];
	is(wrong, 0, "%s: K = 0 is a sum of zero", kernels->name);
}

int main(void)
{
	static const char *const names[] = { "scalar", "avx2", "avx512" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct npu_kernels *kernels = npu_kernels_pick(names[i]);

		if (!kernels) {
			skip("this host cannot run these kernels");
			continue;
		}
		test_bytes(kernels);
		test_halves(kernels, NPU_TYPE_F16);
		test_halves(kernels, NPU_TYPE_BF16);
		test_nibbles(kernels);
		test_groups(kernels, NPU_TYPE_F32);
		test_groups(kernels, NPU_TYPE_F16);
		test_groups(kernels, NPU_TYPE_I8);
		test_second_pair(kernels);
		test_epilogue(kernels);
		test_requantise(kernels);
		test_empty(kernels);
	}
	ok(!npu_kernels_pick("none"), "an unknown name is refused");
	ok(npu_kernels_pick(NULL) != NULL, "without a name there is always one");
	return done_testing();
}
