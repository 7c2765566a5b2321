// SPDX-License-Identifier: MIT
/*
 * The arithmetic of npu/plan.h against programs that run: modelled time and bytes
 * of a model large enough that latencies and rests of tiles do not count.
 */
#include <math.h>

#include <hw/npu_regs.h>

#include <npu/compile.h>
#include <npu/model.h>
#include <npu/npu.h>
#include <npu/plan.h>

#include "tap.h"
#include "tiny_model.h"

#define CHUNK 32u

static const struct tiny model = {
	.vocab = 2048, .d_model = 1024, .layers = 2, .heads = 16, .kv_heads = 4,
	.head_dim = 64, .ffn = 4096, .context = 2048, .rope_dims = 64, .tied = false,
	.seed = 7,
};

static struct npu_plan_shape shape_of(const struct npu_gguf *gguf)
{
	struct npu_plan_shape shape;
	struct npu_model *m;
	struct npu_error err;

	if (npu_model_create(gguf, &m, &err))
		bail_out(err.message);
	npu_plan_shape_of(&m->config, "test", &shape);
	npu_model_destroy(m);
	return shape;
}

static void compare(const char *what, const struct npu_job_stats *run,
		    const struct npu_plan_cost *plan)
{
	double bytes = run->counters[NPU_CNT_MEM_READ] + run->counters[NPU_CNT_MEM_WRITE];
	double macs = run->counters[NPU_CNT_MACS_I8] + run->counters[NPU_CNT_MACS_I4] +
		      run->counters[NPU_CNT_MACS_F16];
	double joules = run->counters[NPU_CNT_ENERGY_PJ] * 1e-12;

	ok(fabs(npu_plan_macs(plan) / macs - 1) < 0.05, "%s: %.0f MACs, planned %.0f", what,
	   macs, npu_plan_macs(plan));
	ok(fabs(npu_plan_bytes(plan) / bytes - 1) < 0.05, "%s: %.0f bytes, planned %.0f", what,
	   bytes, npu_plan_bytes(plan));
	ok(fabs(plan->seconds / run->model_seconds - 1) < 0.05, "%s: %.1f us, planned %.1f",
	   what, run->model_seconds * 1e6, plan->seconds * 1e6);
	ok(fabs(plan->joules / joules - 1) < 0.05, "%s: %.1f uJ, planned %.1f", what,
	   joules * 1e6, plan->joules * 1e6);
}

static void test_run(struct npu_instance *instance, const struct npu_plan_shape *shape,
		     const char *program, uint32_t position, uint32_t tokens,
		     const struct npu_quant_format *weights)
{
	const uint64_t decode[] = { position, 0 }, prefill[] = { position, tokens, 1, 0 };
	const uint64_t *args = tokens == 1 ? decode : prefill;
	const struct npu_plan_work work = {
		.batch = 1, .tokens = tokens, .position = position, .chunk = CHUNK,
		.weights = *weights, .kv_bytes = 2,
	};
	struct npu_plan_machine machine;
	struct npu_job_stats stats;
	struct npu_error err;
	struct npu_plan plan;
	char what[64];
	int index = npu_job_program(instance, program, &err);

	if (index < 0 || npu_plan_machine("edge", &machine, &err) ||
	    npu_job_run(instance, index, args, &stats, &err))
		bail_out(err.message);
	npu_plan_step(shape, &machine, &work, &plan);
	snprintf(what, sizeof(what), "%s at %u", program, position);
	compare(what, &stats, &plan.total);
}

static void test_format(struct npu_device *device, const struct npu_gguf *gguf,
			const char *format)
{
	const struct npu_plan_shape shape = shape_of(gguf);
	struct npu_compile_options options = { .chunk = CHUNK };
	struct npu_instance *instance;
	struct npu_job_image *image;
	struct npu_target target;
	struct npu_error err;

	diag("%s", format);
	npu_target_of(npu_device_info(device), &target);
	if (npu_quant_parse(format, &options.weights, &err) ||
	    npu_compile_llama(gguf, &target, &options, &image, &err) ||
	    npu_job_load(device, image, NULL, &instance, &err))
		bail_out(err.message);
	test_run(instance, &shape, "decode", 0, 1, &options.weights);
	test_run(instance, &shape, "decode", 2000, 1, &options.weights);
	test_run(instance, &shape, "prefill", 0, CHUNK, &options.weights);
	test_run(instance, &shape, "prefill", 1024, CHUNK, &options.weights);
	npu_job_unload(instance);
	npu_job_image_free(image);
}

int main(void)
{
	struct npu_device *device;
	struct npu_error err;
	struct builder b;
	struct exact file;

	if (npu_device_open("sim:edge", &device, &err))
		bail_out(err.message);
	tiny_build(&b, &model);
	file = open_exact(b.file.data, b.file.size);
	if (file.ret)
		bail_out("no model");
	test_format(device, file.gguf, "int8");
	test_format(device, file.gguf, "int4");
	close_exact(&file);
	builder_free(&b);
	npu_device_close(device);
	return done_testing();
}
