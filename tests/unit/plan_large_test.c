// SPDX-License-Identifier: MIT
/*
 * Llama-2-7B in F16, compiled without its weights and looked at by the dry run
 * on the profiles of large machines: the classic figures once more, now from the
 * programs, and within 5 % of the arithmetic of npu/plan.h.
 */
#include <math.h>
#include <sys/mman.h>

#include <hw/npu_regs.h>

#include <npu/compile.h>
#include <npu/npu.h>
#include <npu/plan.h>
#include <npu/predict.h>

#include "gguf_builder.h"
#include "tap.h"

#define POSITION 1024

/* A file whose tensors are pages of zeros that nobody has touched. */
struct ghost {
	struct builder b;
	uint64_t payload;
	void *memory;
	size_t size;
	struct npu_gguf *gguf;
};

static void add_ghost(struct ghost *g, const char *name, uint64_t row, uint64_t rows)
{
	bool matrix = rows;
	uint64_t bytes = row * (matrix ? rows * 2 : 4);

	count_up(&g->b, 8);
	put_string(&g->b.file, name, strlen(name));
	put_u32(&g->b.file, matrix ? 2 : 1);
	put_u64(&g->b.file, row);
	if (matrix)
		put_u64(&g->b.file, rows);
	put_u32(&g->b.file, matrix ? NPU_GGUF_F16 : NPU_GGUF_F32);
	put_u64(&g->b.file, g->payload);
	g->payload += (bytes + 31) / 32 * 32;
}

static void add_block(struct ghost *g, const struct npu_plan_shape *s, uint32_t i)
{
	uint64_t q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim;
	const struct {
		const char *name;
		uint64_t row, rows;
	} all[] = {
		{ "attn_norm", s->d_model, 0 }, { "attn_q", s->d_model, q },
		{ "attn_k", s->d_model, kv }, { "attn_v", s->d_model, kv },
		{ "attn_output", q, s->d_model }, { "ffn_norm", s->d_model, 0 },
		{ "ffn_gate", s->d_model, s->ffn }, { "ffn_up", s->d_model, s->ffn },
		{ "ffn_down", s->ffn, s->d_model },
	};

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		char name[64];

		snprintf(name, sizeof(name), "blk.%u.%s.weight", i, all[k].name);
		add_ghost(g, name, all[k].row, all[k].rows);
	}
}

static void add_metadata(struct builder *b, const struct npu_plan_shape *s)
{
	add_string(b, "general.architecture", "llama");
	add_u32(b, "llama.vocab_size", s->vocab);
	add_u32(b, "llama.embedding_length", s->d_model);
	add_u32(b, "llama.block_count", s->layers);
	add_u32(b, "llama.attention.head_count", s->heads);
	add_u32(b, "llama.attention.head_count_kv", s->kv_heads);
	add_u32(b, "llama.feed_forward_length", s->ffn);
	add_u32(b, "llama.context_length", s->context);
	add_u32(b, "llama.rope.dimension_count", s->head_dim);
	add_f32(b, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
}

static void ghost_open(struct ghost *g, const struct npu_plan_shape *s)
{
	struct npu_error err;

	memset(g, 0, sizeof(*g));
	builder_start(&g->b, 3);
	add_metadata(&g->b, s);
	add_ghost(g, "token_embd.weight", s->d_model, s->vocab);
	for (uint32_t i = 0; i < s->layers; i++)
		add_block(g, s, i);
	add_ghost(g, "output_norm.weight", s->d_model, 0);
	add_ghost(g, "output.weight", s->d_model, s->vocab);
	put_padding(&g->b.file, 32);
	g->size = g->b.file.size + g->payload;
	g->memory = mmap(NULL, g->size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (g->memory == MAP_FAILED)
		bail_out("no addresses for a large model");
	memcpy(g->memory, g->b.file.data, g->b.file.size);
	if (npu_gguf_open_memory("llama-2-7b", g->memory, g->size, &g->gguf, &err))
		bail_out(err.message);
}

static void ghost_close(struct ghost *g)
{
	npu_gguf_close(g->gguf);
	munmap(g->memory, g->size);
	builder_free(&g->b);
}

static struct npu_job_image *compile(const struct ghost *g, const char *profile,
				     const char *format)
{
	struct npu_compile_options options = {
		.no_data = true, .sequences = 1, .context = 2048, .no_fallback = true,
	};
	struct npu_job_image *image;
	struct npu_device *device;
	struct npu_target target;
	struct npu_error err;
	char name[64];

	snprintf(name, sizeof(name), "sim:%s", profile);
	if (npu_device_open(name, &device, &err))
		bail_out(err.message);
	npu_target_of(npu_device_info(device), &target);
	npu_device_close(device);
	if (npu_quant_parse(format, &options.weights, &err) ||
	    npu_compile_llama(g->gguf, &target, &options, &image, &err))
		bail_out(err.message);
	return image;
}

static void test_machine(const struct ghost *g, const struct npu_plan_shape *shape,
			 const char *profile, const char *format)
{
	struct npu_plan_work work = {
		.batch = 1, .tokens = 1, .position = POSITION, .chunk = 1, .kv_bytes = 2,
	};
	struct npu_job_image *image = compile(g, profile, format);
	const uint64_t args[48] = { POSITION };
	struct npu_plan_machine machine;
	struct npu_prediction *dry;
	struct npu_error err;
	struct npu_plan plan;
	double bytes;

	if (npu_quant_parse(format, &work.weights, &err) ||
	    npu_plan_machine(profile, &machine, &err) ||
	    npu_predict(image, 0, args, profile, NULL, &dry, &err))
		bail_out(err.message);
	npu_plan_step(shape, &machine, &work, &plan);
	bytes = dry->stats.counters[NPU_CNT_MEM_READ] + dry->stats.counters[NPU_CNT_MEM_WRITE];
	ok(fabs(npu_plan_bytes(&plan.total) / bytes - 1) < 0.05,
	   "%s, %s: the program moves %.3f GB a token, planned %.3f", profile, format,
	   bytes * 1e-9, npu_plan_bytes(&plan.total) * 1e-9);
	ok(fabs(plan.total.seconds / dry->stats.model_seconds - 1) < 0.05,
	   "  and does %.1f tokens/s, planned %.1f", 1 / dry->stats.model_seconds,
	   1 / plan.total.seconds);
	npu_prediction_free(dry);
	npu_job_image_free(image);
}

int main(void)
{
	const struct npu_plan_shape *shape = npu_plan_shape_find("llama-2-7b");
	struct ghost g;

	ghost_open(&g, shape);
	test_machine(&g, shape, "h100", "f16");
	test_machine(&g, shape, "a100", "f16");
	test_machine(&g, shape, "m3-max", "f16");
	test_machine(&g, shape, "edge", "f16");
	test_machine(&g, shape, "edge", "int8");
	test_machine(&g, shape, "edge", "int4");
	ghost_close(&g);
	return done_testing();
}
