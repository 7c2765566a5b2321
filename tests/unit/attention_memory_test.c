// SPDX-License-Identifier: MIT
/*
 * What attention over a whole prompt costs in its two forms, from 512 to 8192
 * tokens on cores of 256 KiB: memory and bytes moved, SRAM and cycles. The
 * plain form takes memory by the square of the prompt, the tiled one none.
 */
#include <hw/npu_regs.h>

#include <npu/predict.h>

#include "compiler/image.h"
#include "tap.h"

#define SRAM (256u << 10)
#define HEADS 6
#define KV_HEADS 2
#define HEAD_DIM 32

/**
 * struct cost - of one attention over a prompt
 * @sram: bytes of SRAM of a core
 * @scores: bytes of memory beside inputs, outputs and cache
 * @moved: bytes between memory and cores
 * @cycles: modelled cycles
 */
struct cost {
	uint64_t sram, scores, moved, cycles;
};

static void build(struct graph *g, uint32_t n, bool plain, uint32_t type)
{
	uint64_t dims[] = { n, HEADS * HEAD_DIM };
	struct op *op;

	graph_init(g);
	kv_init(g, type, n, 1, 0);
	g->kv.plain = plain;
	op = graph_op(g, OP_ATTENTION, "attention");
	op->x = graph_tensor(g, MEM_IO, NPU_JOB_INPUT, NPU_TYPE_F16, dims, 2, "queries");
	op->y[0] = graph_tensor(g, MEM_IO, NPU_JOB_OUTPUT, NPU_TYPE_F16, dims, 2, "result");
	op->cache = kv_cache_add(g, KV_HEADS, HEAD_DIM);
	op->shape = (struct attention_shape){
		.heads = HEADS, .kv_heads = KV_HEADS, .head_dim = HEAD_DIM, .context = n,
	};
}

static bool cost_of(uint32_t n, bool plain, uint32_t type, struct cost *cost)
{
	const uint64_t args[] = { 0, n, 0, 0 };
	struct image_program p = { .name = "prefill", .spec = { .max_rows = n, .context = n } };
	const struct npu_program *header;
	struct npu_prediction *prediction;
	struct npu_job_image *image;
	struct npu_target target;
	struct npu_error err;
	struct graph g;
	uint64_t va;

	npu_target_default(&target);
	target.sram_size = SRAM;
	build(&g, n, plain, type);
	va = graph_place(&g, target.va_start, target.va_end, &err);
	if (!va || image_lower(&g, &target, &p, 1, &err) ||
	    image_build(&g, &p, 1, va, &image, &err) ||
	    npu_predict(image, 0, args, "edge,sram=262144", NULL, &prediction, &err)) {
		diag("%u tokens: %s", n, err.message);
		graph_release(&g);
		return false;
	}
	header = p.parts.part[0].data;
	cost->sram = header->sram_size;
	cost->scores = g.size[MEM_SCRATCH];
	cost->moved = prediction->stats.counters[NPU_CNT_MEM_READ] +
		      prediction->stats.counters[NPU_CNT_MEM_WRITE];
	cost->cycles = prediction->stats.cycles;
	npu_prediction_free(prediction);
	npu_job_image_free(image);
	image_programs_free(&p, 1);
	graph_release(&g);
	return true;
}

static void row(uint32_t n, const char *form, const struct cost *c)
{
	diag("%5u  %-5s  %8.1f KiB SRAM  %9.2f MiB scores  %9.2f MiB moved  %11llu cycles", n,
	     form, c->sram / 1024.0, c->scores / 1048576.0, c->moved / 1048576.0,
	     (unsigned long long)c->cycles);
}

int main(void)
{
	struct cost tiled, narrow, plain, last = { 0 }, first = { 0 };

	for (uint32_t n = 512; n <= 8192; n *= 2) {
		if (!ok(cost_of(n, false, NPU_TYPE_F16, &tiled) &&
			cost_of(n, false, NPU_TYPE_I8, &narrow) &&
			cost_of(n, true, NPU_TYPE_F16, &plain), "%u tokens: both forms", n))
			continue;
		row(n, "tiled", &tiled);
		row(n, "INT8", &narrow);
		row(n, "plain", &plain);
		ok(tiled.sram <= SRAM && narrow.sram <= SRAM && plain.sram <= SRAM,
		   "  fit into %u bytes of SRAM", SRAM);
		is(tiled.scores, 0, "  tiled: no memory for scores");
		is(plain.scores, 4ull * HEADS * n * n, "  plain: memory for all scores");
		ok(tiled.moved * 4 < plain.moved, "  tiled moves less than a quarter of the bytes");
		ok(tiled.cycles < plain.cycles, "  and takes less time");
		ok(narrow.moved < tiled.moved, "  INT8 moves fewer bytes than F16");
		if (!first.sram)
			first = tiled;
		is(tiled.sram, first.sram, "  its SRAM does not depend on the prompt");
		if (last.scores)
			is(plain.scores, 4 * last.scores, "  plain: twice the tokens, four times the memory");
		last = plain;
	}
	return done_testing();
}
