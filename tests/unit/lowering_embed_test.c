// SPDX-License-Identifier: MIT
/* Embedding and the choice of the most likely token, on the device core. */
#include <math.h>

#include "kernels_operand.h"
#include "rig.h"
#include "tap.h"

static void test_embed(uint32_t rows, uint32_t tokens, uint32_t vocab, uint32_t d,
		       uint32_t cores, uint32_t sram)
{
	struct npu_completion done;
	struct tensor *ids, *x;
	const struct npu_gguf_tensor *w;
	struct op *op;
	struct rig r;
	bool same = true;
	int32_t *id;
	float *out;

	rig_init(&r, cores, sram, rows, rows == 1, 512);
	w = rig_weights(&r, d, vocab);
	ids = rig_tensor(&r, NPU_TYPE_I32, 1, rows, "tokens");
	x = rig_tensor(&r, NPU_TYPE_F32, rows, d, "x");
	op = graph_op(&r.g, OP_EMBED, "embedding");
	op->x = weights_embedding(&r.g, w);
	op->index = ids;
	op->y[0] = x;
	ok(rig_build(&r), "embedding of %u x %u for %u tokens compiles", vocab, d, rows);
	id = rig_data(&r, ids);
	out = rig_data(&r, x);
	for (uint32_t i = 0; i < rows; i++)
		id[i] = i < tokens ? (int32_t)((i * 31 + vocab - 1) % vocab) : -1;
	for (uint32_t i = 0; i < rows * d; i++)
		out[i] = 77;
	ok(rig_run(&r, 0, tokens, 0, &done), "  and runs on %u cores", cores);
	for (uint32_t i = 0; i < rows * d; i++) {
		uint8_t half[2];
		float want = 77;

		if (i / d < tokens) {
			arith_store(NPU_TYPE_F16, half,
				    ((const float *)w->data)[id[i / d] * d + i % d]);
			want = arith_load(NPU_TYPE_F16, half);
		}
		same &= out[i] == want;
	}
	ok(same, "  rows of %u tokens, rounded to binary16, and no others", tokens);
	id[0] = vocab;
	ok(!rig_run(&r, 0, tokens, 0, &done) && done.fault.code == NPU_FAULT_INDEX,
	   "  a token beyond the vocabulary faults");
	rig_free(&r);
}

static uint32_t reference(const float *x, uint32_t n)
{
	uint32_t best = 0;
	float most = -INFINITY;

	for (uint32_t i = 0; i < n; i++)
		if (x[i] > most) {
			most = x[i];
			best = i;
		}
	return best;
}

static void test_argmax(uint32_t n, uint32_t sram, uint32_t cores)
{
	struct npu_completion done;
	struct tensor *x, *y;
	struct op *op;
	struct rig r;
	float *row;
	int32_t *next;

	rig_init(&r, cores, sram, 3, false, 512);
	x = rig_tensor(&r, NPU_TYPE_F32, 3, n, "x");
	y = rig_tensor(&r, NPU_TYPE_I32, 1, 3, "y");
	op = graph_op(&r.g, OP_ARGMAX, "argmax");
	op->rows = ROWS_LAST;
	op->vectors = 1;
	op->cols = n;
	op->x = x;
	op->y[0] = y;
	ok(rig_build(&r), "argmax of %u in %u bytes compiles", n, sram);
	row = (float *)rig_data(&r, x) + n;
	next = rig_data(&r, y);
	rig_fill(&r, rig_data(&r, x), 3 * n, 1);
	for (uint32_t at = 0; at < n; at += n / 3 + 1) {
		row[at] = row[n - 1] = 2;	/* equal ones: the first wins */
		ok(rig_run(&r, 0, 3, 2, &done), "  and runs");
		is(next[0], reference(row - n, n), "  the largest of the first row");
		is(next[1], reference(row, n), "  the largest of the last row asked for");
		row[at] = row[n - 1] = NAN;
		ok(rig_run(&r, 0, 3, 2, &done), "  runs with NaN");
		is(next[1], reference(row, n), "  which is never the largest");
	}
	*next = 77;
	ok(rig_run(&r, 0, 3, 0, &done) && *next == 77, "  without logits it stays");
	rig_free(&r);
}

int main(void)
{
	test_embed(1, 1, 1024, 192, 2, 1 << 20);
	test_embed(32, 32, 1024, 192, 2, 1 << 16);
	test_embed(32, 9, 23, 33, 3, 1 << 14);
	test_embed(70, 70, 5, 1, 4, 1 << 13);
	test_argmax(1024, 1 << 20, 2);
	test_argmax(1000, 1 << 12, 3);
	test_argmax(40001, 1 << 18, 1);
	test_argmax(1, 1 << 12, 1);
	return done_testing();
}
