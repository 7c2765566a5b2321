// SPDX-License-Identifier: MIT
/*
 * The classic results of transformer inference, from the arithmetic of
 * npu/plan.h; Documentation/roofline.rst has the table.
 */
#include <math.h>

#include <npu/plan.h>

#include "tap.h"

/* Data sheets: H100 SXM, A100 80GB SXM; Apple M3 Max with a 30-core GPU. MACs are half of FLOPs. */
static const struct npu_plan_machine h100 = {
	.name = "H100", .cores = 132, .clock_hz = 1.755e9, .bandwidth = 3.35e12, .memory = 80e9,
	.macs = { 989.5e12, 989.5e12, 494.7e12 }, .vector_ops = 33.5e12,
}, a100 = {
	.name = "A100", .cores = 108, .clock_hz = 1.41e9, .bandwidth = 2.039e12, .memory = 80e9,
	.macs = { 312e12, 624e12, 156e12 }, .vector_ops = 9.75e12,
}, m3_max = {
	.name = "M3 Max", .cores = 30, .clock_hz = 1.4e9, .bandwidth = 300e9, .memory = 96e9,
	.macs = { 10.6e12, 10.6e12, 10.6e12 }, .vector_ops = 5.3e12,
};

static struct npu_plan_work decode(const char *format, uint32_t batch, uint32_t position)
{
	struct npu_plan_work work = {
		.batch = batch, .tokens = 1, .position = position, .kv_bytes = 2,
		.unfused = true,
	};

	if (npu_quant_parse(format, &work.weights, NULL))
		bail_out("no such format");
	return work;
}

static struct npu_plan step(const char *model, const struct npu_plan_machine *machine,
			    const struct npu_plan_work *work)
{
	const struct npu_plan_shape *shape = npu_plan_shape_find(model);
	struct npu_plan plan;

	if (!shape)
		bail_out("no such model");
	npu_plan_step(shape, machine, work, &plan);
	return plan;
}

static double tokens_per_second(const char *model, const struct npu_plan_machine *machine,
				const struct npu_plan_work *work)
{
	return work->batch / step(model, machine, work).total.seconds;
}

static bool near(double got, double want, double part)
{
	return fabs(got - want) <= part * want;
}

/* Weights of 7e9 parameters, and a context of 1024, are some 14 GB a token. */
static void test_decode(void)
{
	const struct {
		const struct npu_plan_machine *machine;
		double published;
	} all[] = { { &h100, 240 }, { &a100, 143 }, { &m3_max, 21 } };
	struct npu_plan_work work = decode("f16", 1, 1024);

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct npu_plan plan = step("llama-2-7b", all[i].machine, &work);
		double speed = 1 / plan.total.seconds;

		ok(near(speed, all[i].published, 0.05),
		   "Llama-2-7B F16 on %s: %.1f tokens/s, published %.0f",
		   all[i].machine->name, speed, all[i].published);
		is(plan.total.bound, NPU_PLAN_BY_MEMORY, "  bound by memory");
	}
}

static void test_formats(void)
{
	struct npu_plan_work f16 = decode("f16", 1, 0), int8 = decode("int8", 1, 0);
	struct npu_plan_work int4 = decode("int4", 1, 0);
	double slow = tokens_per_second("llama-2-7b", &h100, &f16);
	double mid = tokens_per_second("llama-2-7b", &h100, &int8);
	double fast = tokens_per_second("llama-2-7b", &h100, &int4);

	ok(near(mid / slow, 2, 0.03), "INT8 doubles F16: %.2f", mid / slow);
	ok(fast / mid > 1.8 && fast / mid < 2,
	   "INT4 doubles INT8 but for scales and the output matrix: %.2f", fast / mid);
}

static void test_doubling(void)
{
	struct npu_plan_work work = decode("int8", 1, 512);
	struct npu_plan_machine wide = a100, strong = a100;
	double base = tokens_per_second("llama-2-7b", &a100, &work);

	wide.bandwidth *= 2;
	for (unsigned int i = 0; i < NPU_PLAN_TYPES; i++)
		strong.macs[i] *= 2;
	ok(near(tokens_per_second("llama-2-7b", &strong, &work) / base, 1, 0.001),
	   "doubling operations a second changes nothing");
	ok(near(tokens_per_second("llama-2-7b", &wide, &work) / base, 2, 0.01),
	   "doubling bandwidth doubles tokens a second");
}

/* The ridge: batch at which as much time goes into MACs as into weights. */
static void test_batch(void)
{
	struct npu_plan_machine edge;
	unsigned int batch = 1;

	if (npu_plan_machine("edge", &edge, NULL))
		bail_out("no profile edge");
	for (; batch <= 1024; batch++) {
		struct npu_plan_work work = decode("int8", batch, 0);

		if (step("llama-2-7b", &edge, &work).op[NPU_PLAN_FFN_IN].bound ==
		    NPU_PLAN_BY_MATRIX)
			break;
	}
	ok(batch > 32 && batch <= 64, "edge turns compute bound at batch %u, by 64", batch);
	ok(near(batch, edge.macs[NPU_PLAN_I8] / edge.bandwidth, 0.05),
	   "the ridge is at %.0f MACs a byte", edge.macs[NPU_PLAN_I8] / edge.bandwidth);
}

static double gemm_share(const struct npu_plan *plan)
{
	const struct npu_plan_cost *op = plan->op;

	return (op[NPU_PLAN_QKV].seconds + op[NPU_PLAN_ATTENTION_OUTPUT].seconds +
		op[NPU_PLAN_FFN_IN].seconds + op[NPU_PLAN_FFN_OUT].seconds +
		op[NPU_PLAN_LOGITS].seconds) / plan->total.seconds;
}

static void test_prefill(void)
{
	struct npu_plan_work work = decode("f16", 1, 0);
	struct npu_plan plain, flash;

	work.tokens = 1024;
	work.attention = NPU_PLAN_PLAIN;
	plain = step("llama-2-7b", &a100, &work);
	work.attention = NPU_PLAN_FLASH;
	flash = step("llama-2-7b", &a100, &work);
	ok(near(gemm_share(&plain), 0.87, 0.04),
	   "products take %.1f %% of a prefill of 1024 tokens, near 87 %%",
	   100 * gemm_share(&plain));
	ok(gemm_share(&flash) > gemm_share(&plain), "and %.1f %% with FlashAttention",
	   100 * gemm_share(&flash));
	is(flash.total.bound, NPU_PLAN_BY_MATRIX, "prefill is compute bound");
}

/* Scores are n^2, what FlashAttention moves is n. */
static void test_attention(void)
{
	double last_plain = 0, last_flash = 0;

	for (uint32_t n = 512; n <= 8192; n *= 2) {
		struct npu_plan_work work = decode("f16", 1, 0);
		double plain, flash;

		work.tokens = n;
		flash = npu_plan_bytes(&step("llama-2-7b", &a100, &work).op[NPU_PLAN_ATTENTION]);
		work.attention = NPU_PLAN_PLAIN;
		plain = npu_plan_bytes(&step("llama-2-7b", &a100, &work).op[NPU_PLAN_ATTENTION]);
		diag("%u tokens: plain %.2f GB, flash %.2f GB", n, plain * 1e-9, flash * 1e-9);
		if (last_plain)
			ok(near(flash / last_flash, 2, 0.001) && plain / last_plain > 3,
			   "from %u to %u tokens: flash x %.2f, plain x %.2f", n / 2, n,
			   flash / last_flash, plain / last_plain);
		last_plain = plain;
		last_flash = flash;
	}
	ok(last_plain / last_flash > 30, "at 8192 plain moves %.0f times as much",
	   last_plain / last_flash);
}

static double kv_gigabytes(const char *model, uint32_t context, uint32_t bytes)
{
	struct npu_plan_work work = { .batch = 1, .kv_bytes = bytes };
	struct npu_plan_memory memory;

	npu_plan_memory(npu_plan_shape_find(model), &work, context, &memory);
	return memory.kv / (1 << 30);
}

/* Sizes that are well known: 2 GiB at 4096 tokens of Llama 2, an eighth of it a head with GQA 8. */
static void test_kv(void)
{
	double mha = kv_gigabytes("llama-2-7b", 4096, 2);

	ok(near(mha, 2, 1e-9), "Llama-2-7B: 2 GiB of KV cache at 4096 tokens");
	ok(near(kv_gigabytes("llama-2-7b", 131072, 2), 64, 1e-9), "64 GiB at 128k");
	ok(near(kv_gigabytes("llama-3.1-8b", 131072, 2), 16, 1e-9),
	   "Llama-3.1-8B has a quarter of the heads in its cache: 16 GiB at 128k");
	ok(near(kv_gigabytes("llama-3.1-8b", 131072, 1), 8, 1e-9), "8 GiB in INT8");
	ok(near(kv_gigabytes("llama-3.1-70b", 131072, 2), 40, 1e-9), "70B: 40 GiB");
}

static void test_parameters(void)
{
	const struct {
		const char *name;
		double billions;
	} all[] = {
		{ "llama-2-7b", 6.738 }, { "llama-3.1-8b", 8.03 }, { "llama-3.2-1b", 1.236 },
		{ "llama-3.2-3b", 3.213 }, { "mistral-7b", 7.242 }, { "llama-3.1-70b", 70.55 },
		{ "gpt2", 0.124 }, { "smollm2-135m", 0.1345 }, { "qwen2.5-0.5b", 0.494 },
		{ "qwen2.5-1.5b", 1.544 }, { "qwen3-4b", 4.022 }, { "llama-2-13b", 13.016 },
		{ "llama-3.1-405b", 405.85 }, { "gpt2-xl", 1.558 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct npu_plan_shape *s = npu_plan_shape_find(all[i].name);

		ok(s && near(npu_plan_parameters(s) * 1e-9, all[i].billions, 0.01),
		   "%s has %.3f billion weights", all[i].name,
		   s ? npu_plan_parameters(s) * 1e-9 : 0);
	}
}

int main(void)
{
	test_parameters();
	test_decode();
	test_formats();
	test_doubling();
	test_batch();
	test_prefill();
	test_attention();
	test_kv();
	return done_testing();
}
