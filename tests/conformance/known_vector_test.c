// SPDX-License-Identifier: MIT
/*
 * Known answers of the vector engine: what the instructions are for, computed
 * in double by this file, on every implementation of this host.
 */
#include "../unit/tap.h"
#include "kernels.h"
#include "values.h"

#define ROWS	6
#define COLS	150

static float x[ROWS][COLS], y[ROWS][COLS], gain[COLS], shift[COLS];

static void fill(float *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		p[i] = random_unit() * 3.0f;
}

/* An instruction on F32 rows of x to F32 rows of y. */
static struct npu_vec_args start(uint8_t opcode)
{
	fill(&x[0][0], ROWS * COLS);
	memset(y, 0x55, sizeof(y));
	return (struct npu_vec_args){
		.opcode = opcode, .rows = ROWS, .cols = COLS,
		.type_dst = NPU_TYPE_F32,
		.type_src = { NPU_TYPE_F32, NPU_TYPE_F32, NPU_TYPE_F32 },
		.dst = (uint8_t *)y, .src = { (const uint8_t *)x },
		.ld_dst = sizeof(y[0]), .ld_src = { sizeof(x[0]) },
	};
}

static bool near(double got, double want, double tolerance)
{
	return fabs(got - want) <= tolerance * (1 + fabs(want));
}

static void test_norms(const struct npu_kernels *kernels)
{
	struct npu_vec_args args = start(NPU_OP_RMSNORM);
	unsigned int wrong = 0;

	fill(gain, COLS);
	fill(shift, COLS);
	args.src[1] = (const uint8_t *)gain;
	args.src[2] = (const uint8_t *)shift;
	args.bcast[0] = args.bcast[1] = NPU_BCAST_ROW;
	args.imm[0] = 1e-5f;
	kernels->vector(&args);
	for (int r = 0; r < ROWS; r++) {
		double sum = 0;

		for (int c = 0; c < COLS; c++)
			sum += (double)x[r][c] * x[r][c];
		for (int c = 0; c < COLS; c++)
			wrong += !near(y[r][c], x[r][c] * gain[c] /
				       sqrt(sum / COLS + 1e-5), 1e-6);
	}
	is(wrong, 0, "%s: RMSNORM", kernels->name);
	args.opcode = NPU_OP_LAYERNORM;
	kernels->vector(&args);
	wrong = 0;
	for (int r = 0; r < ROWS; r++) {
		double mean = 0, variance = 0;

		for (int c = 0; c < COLS; c++)
			mean += x[r][c] / (double)COLS;
		for (int c = 0; c < COLS; c++)
			variance += pow(x[r][c] - mean, 2) / COLS;
		for (int c = 0; c < COLS; c++)
			wrong += !near(y[r][c], (x[r][c] - mean) * gain[c] /
				       sqrt(variance + 1e-5) + shift[c], 1e-6);
	}
	is(wrong, 0, "%s: LAYERNORM", kernels->name);
}

/* Heads of 30 columns, of which 26 turn by an angle for each pair. */
static void test_rope(const struct npu_kernels *kernels, bool half)
{
	static float cosine[ROWS][13], sine[ROWS][13];
	struct npu_vec_args args = start(NPU_OP_ROPE);
	unsigned int wrong = 0;

	for (int r = 0; r < ROWS; r++) {
		for (int i = 0; i < 13; i++) {
			cosine[r][i] = (float)cos(0.3 * r + 0.1 * i);
			sine[r][i] = (float)sin(0.3 * r + 0.1 * i);
		}
	}
	args.flags = half ? NPU_F_HALF : 0;
	args.p[0] = 26;
	args.p[1] = 30;
	args.src[1] = (const uint8_t *)cosine;
	args.src[2] = (const uint8_t *)sine;
	args.ld_src[1] = args.ld_src[2] = sizeof(cosine[0]);
	kernels->vector(&args);
	for (int r = 0; r < ROWS; r++) {
		for (int c = 0; c < COLS; c++) {
			int within = c % 30, i = half ? within % 13 : within / 2;
			bool second = half ? within >= 13 : within & 1;
			int other = half ? 13 : 1;
			double angle = 0.3 * r + 0.1 * i, want = x[r][c];

			if (within < 26 && second)
				want = x[r][c] * cos(angle) +
				       x[r][c - other] * sin(angle);
			else if (within < 26)
				want = x[r][c] * cos(angle) -
				       x[r][c + other] * sin(angle);
			wrong += !near(y[r][c], want, 1e-6);
		}
	}
	is(wrong, 0, "%s: ROPE of %s", kernels->name,
	   half ? "halves" : "neighbours");
}

#define TILE	40

/*
 * A causal window over tiles: row r is position 60 + r / 2 of two heads and
 * sees the 50 columns up to its own.
 */
static void test_softmax(const struct npu_kernels *kernels)
{
	struct npu_vec_args args = start(NPU_OP_SOFTMAX);
	float m[ROWS], l[ROWS], alpha[ROWS];
	double p[ROWS][COLS] = { { 0 } };
	unsigned int wrong = 0;

	args.aux[0] = (uint8_t *)m;
	args.aux[1] = (uint8_t *)l;
	args.aux[2] = (uint8_t *)alpha;
	args.imm[0] = 0.7f;
	args.p[2] = 2;
	for (int first = 0; first < COLS; first += TILE) {
		args.cols = first + TILE < COLS ? TILE : COLS - first;
		args.src[0] = (const uint8_t *)&x[0][first];
		args.dst = (uint8_t *)&y[0][first];
		args.flags = first ? 0 : NPU_F_INIT;
		args.p[0] = 60 + 1 - first;
		args.p[1] = 60 + 1 - 50 - first;
		kernels->vector(&args);
		for (int r = 0; r < ROWS; r++) {
			for (int c = 0; c < first; c++)
				p[r][c] *= alpha[r];
			for (uint32_t c = 0; c < args.cols; c++)
				p[r][first + c] = y[r][first + c];
		}
	}
	for (int r = 0; r < ROWS; r++) {
		int end = 60 + r / 2 + 1;
		double sum = 0;

		for (int c = end - 50; c < end; c++)
			sum += exp(x[r][c] * (double)0.7f);
		for (int c = 0; c < COLS; c++) {
			bool visible = c >= end - 50 && c < end;
			double want = exp(x[r][c] * (double)0.7f) / sum;

			wrong += !near(p[r][c] / l[r], visible ? want : 0, 1e-6);
			wrong += !visible && p[r][c] != 0;
		}
	}
	is(wrong, 0, "%s: SOFTMAX over tiles is a softmax over the window",
	   kernels->name);
}

/* Tiles that are masked whole change nothing. */
static void test_softmax_masked(const struct npu_kernels *kernels)
{
	struct npu_vec_args args = start(NPU_OP_SOFTMAX);
	float m[ROWS], l[ROWS], alpha[ROWS];
	unsigned int wrong = 0;

	args.aux[0] = (uint8_t *)m;
	args.aux[1] = (uint8_t *)l;
	args.aux[2] = (uint8_t *)alpha;
	args.imm[0] = 1.0f;
	args.p[2] = 1;
	args.p[0] = -10;
	args.p[1] = -20;
	args.flags = NPU_F_INIT;
	kernels->vector(&args);
	for (int r = 0; r < ROWS; r++)
		wrong += m[r] != -INFINITY || l[r] != 0 || alpha[r] != 1 ||
			 y[r][0] != 0 || y[r][COLS - 1] != 0;
	args.flags = 0;
	for (int r = 0; r < ROWS; r++) {
		m[r] = 2.5f;
		l[r] = 7;
	}
	kernels->vector(&args);
	for (int r = 0; r < ROWS; r++)
		wrong += m[r] != 2.5f || l[r] != 7 || alpha[r] != 1;
	args.cols = 0;
	kernels->vector(&args);
	for (int r = 0; r < ROWS; r++)
		wrong += m[r] != 2.5f || l[r] != 7 || alpha[r] != 1;
	is(wrong, 0, "%s: SOFTMAX without visible columns", kernels->name);
}

static void test_quant(const struct npu_kernels *kernels)
{
	static int8_t q[ROWS][COLS], again[ROWS][COLS];
	struct npu_vec_args args = start(NPU_OP_QUANT);
	float scale[ROWS], given[ROWS], maximum[ROWS];
	unsigned int wrong = 0;

	memset(x[2], 0, sizeof(x[2]));
	x[3][7] = NAN;
	x[4][9] = INFINITY;
	args.type_dst = NPU_TYPE_I8;
	args.dst = (uint8_t *)q;
	args.ld_dst = COLS;
	args.flags = NPU_F_DYNAMIC;
	args.aux[0] = (uint8_t *)scale;
	kernels->vector(&args);
	for (int r = 0; r < ROWS; r++) {
		maximum[r] = 0;
		for (int c = 0; c < COLS; c++) {
			if (fabsf(x[r][c]) > maximum[r])
				maximum[r] = fabsf(x[r][c]);
			if (r < 3)
				wrong += fabs(q[r][c] * (double)scale[r] -
					      x[r][c]) > scale[r] * 0.50001;
			if (r == 4)
				wrong += q[r][c] != 0;
		}
		wrong += scale[r] != maximum[r] / 127.0f;
	}
	wrong += q[3][7] != 0 || scale[2] != 0 || q[2][0] != 0;
	is(wrong, 0, "%s: QUANT by each row's maximum", kernels->name);
	args.flags = NPU_F_GIVEN;
	args.dst = (uint8_t *)again;
	args.aux[0] = (uint8_t *)given;
	args.src[1] = (const uint8_t *)maximum;
	args.bcast[0] = NPU_BCAST_COL;
	args.ld_src[1] = 4;
	kernels->vector(&args);
	ok(!memcmp(q, again, sizeof(q)) && !memcmp(scale, given, sizeof(scale)),
	   "%s: QUANT by a given maximum is the same", kernels->name);
}

/* The @k best columns of row @r, by selection. */
static int nth_best(int r, int k)
{
	bool taken[COLS] = { false };
	int best = 0;

	for (int i = 0; i <= k; i++) {
		best = -1;
		for (int c = 0; c < COLS; c++) {
			float v = isnan(x[r][c]) ? -INFINITY : x[r][c];
			float b = best < 0 || isnan(x[r][best]) ? -INFINITY :
								  x[r][best];

			if (!taken[c] && (best < 0 || v > b))
				best = c;
		}
		taken[best] = true;
	}
	return best;
}

static void test_selection(const struct npu_kernels *kernels)
{
	struct npu_vec_args args = start(NPU_OP_TOPK);
	static int32_t index[ROWS][COLS];
	static float value[ROWS][COLS];
	unsigned int wrong = 0;

	for (int c = 0; c < COLS; c++) {
		x[0][c] = NAN;
		x[1][c] = -INFINITY;
		x[2][c] = c & 1 ? -0.0f : 0.0f;
		x[3][c] = (float)(c % 7);
	}
	x[4][3] = x[4][77] = 9.0f;
	args.type_dst = NPU_TYPE_I32;
	args.dst = (uint8_t *)index;
	args.aux[0] = (uint8_t *)value;
	args.p[0] = COLS;
	args.ld_dst = sizeof(index[0]);
	kernels->vector(&args);
	for (int r = 0; r < ROWS; r++) {
		for (int k = 0; k < COLS; k++) {
			int c = nth_best(r, k);
			float v = isnan(x[r][c]) ? -INFINITY : x[r][c];

			wrong += index[r][k] != c ||
				 memcmp(&value[r][k], &v, sizeof(v)) != 0;
		}
	}
	is(wrong, 0, "%s: TOPK", kernels->name);
	args.opcode = NPU_OP_ARGMAX;
	args.flags = NPU_F_VALUE;
	args.ld_dst = sizeof(index[0]);
	kernels->vector(&args);
	wrong = 0;
	for (int r = 0; r < ROWS; r++) {
		int c = nth_best(r, 0);
		float v = isnan(x[r][c]) ? -INFINITY : x[r][c];

		wrong += index[r][0] != c || ((float *)value)[r] != v;
	}
	is(wrong, 0, "%s: ARGMAX", kernels->name);
}

static void test_reduce(const struct npu_kernels *kernels)
{
	static const uint32_t nothing[NPU_REDUCE_COUNT] = {
		0, 0xff800000, 0x7f800000, 0xff800000, 0,
	};
	struct npu_vec_args args = start(NPU_OP_REDUCE);
	double want[NPU_REDUCE_COUNT] = { 0, -9, 9, 0, 0 };
	uint32_t bits;

	for (int c = 0; c < COLS; c++) {
		double v = x[1][c];

		want[NPU_REDUCE_SUM] += v;
		want[NPU_REDUCE_MAX] = fmax(want[NPU_REDUCE_MAX], v);
		want[NPU_REDUCE_MIN] = fmin(want[NPU_REDUCE_MIN], v);
		want[NPU_REDUCE_ABSMAX] = fmax(want[NPU_REDUCE_ABSMAX], fabs(v));
		want[NPU_REDUCE_SUMSQ] += v * v;
	}
	x[2][0] = x[2][COLS - 1] = NAN;
	for (uint8_t op = 0; op < NPU_REDUCE_COUNT; op++) {
		args.subop = op;
		args.cols = COLS;
		kernels->vector(&args);
		ok(near(y[1][0], want[op], 1e-5) &&
		   isnan(y[2][0]) == (op == NPU_REDUCE_SUM ||
				      op == NPU_REDUCE_SUMSQ),
		   "%s: REDUCE %u", kernels->name, op);
		args.cols = 0;
		kernels->vector(&args);
		memcpy(&bits, &y[1][0], sizeof(bits));
		is(bits, nothing[op], "%s: REDUCE %u of nothing", kernels->name,
		   op);
	}
}

/* Products are rounded before they are added, except in MULADD. */
static void test_rounding(const struct npu_kernels *kernels)
{
	struct npu_vec_args args = start(NPU_OP_UNARY);
	const float b = 1 + 0x1p-12f, c = -(1 + 0x1p-11f);

	x[0][0] = x[0][20] = b;
	args.flags = NPU_F_AFFINE;
	args.imm[0] = b;
	args.imm[1] = c;
	kernels->vector(&args);
	ok(y[0][0] == 0 && y[0][20] == 0, "%s: AFFINE rounds its product",
	   kernels->name);
	args.opcode = NPU_OP_MULADD;
	args.flags = 0;
	args.src[1] = (const uint8_t *)&b;
	args.src[2] = (const uint8_t *)&c;
	args.bcast[0] = args.bcast[1] = NPU_BCAST_SCALAR;
	kernels->vector(&args);
	ok(y[0][0] == 0x1p-24f && y[0][20] == 0x1p-24f, "%s: MULADD does not",
	   kernels->name);
}

static void test_moves(const struct npu_kernels *kernels)
{
	static float t[COLS][ROWS];
	struct npu_vec_args args = start(NPU_OP_TRANSPOSE);
	int32_t word = 0x01000001, copy = 0;
	unsigned int wrong = 0;

	x[1][1] = arith_from_bits(0x7f800001);
	args.dst = (uint8_t *)t;
	args.ld_dst = sizeof(t[0]);
	kernels->vector(&args);
	for (int r = 0; r < ROWS; r++)
		for (int c = 0; c < COLS; c++)
			wrong += memcmp(&t[c][r], &x[r][c], sizeof(float)) != 0;
	is(wrong, 0, "%s: TRANSPOSE copies bits", kernels->name);
	args = start(NPU_OP_UNARY);
	args.rows = args.cols = 1;
	args.type_dst = args.type_src[0] = NPU_TYPE_I32;
	args.src[0] = (const uint8_t *)&word;
	args.dst = (uint8_t *)&copy;
	kernels->vector(&args);
	is(copy, word, "%s: a copy of I32 keeps all bits", kernels->name);
	args = start(NPU_OP_FILL);
	args.imm[0] = 2.5f;
	kernels->vector(&args);
	ok(y[0][0] == 2.5f && y[ROWS - 1][COLS - 1] == 2.5f, "%s: FILL",
	   kernels->name);
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
		test_norms(kernels);
		test_rope(kernels, false);
		test_rope(kernels, true);
		test_softmax(kernels);
		test_softmax_masked(kernels);
		test_quant(kernels);
		test_selection(kernels);
		test_reduce(kernels);
		test_rounding(kernels);
		test_moves(kernels);
	}
	return done_testing();
}
