// SPDX-License-Identifier: MIT
/*
 * Placement reports against runs: the operators' cycles, bytes and MACs are
 * those of the whole, which are what the machine counts.
 */
#include <errno.h>

#include <hw/npu_isa.h>
#include <hw/npu_regs.h>

#include <npu/compile.h>
#include <npu/npu.h>
#include <npu/report.h>

#include "tap.h"
#include "tiny_model.h"

static const struct tiny model = {
	.vocab = 300, .d_model = 128, .layers = 2, .heads = 4, .kv_heads = 2, .head_dim = 32,
	.ffn = 320, .context = 64, .rope_dims = 32, .tied = false, .seed = 5,
};

static struct npu_job_image *compile(const struct npu_gguf *gguf, uint64_t without,
				     const char *format)
{
	struct npu_compile_options options = { 0 };
	struct npu_job_image *image;
	struct npu_target target;
	struct npu_error err;

	npu_target_default(&target);
	target.features &= ~without;
	if (npu_quant_parse(format, &options.weights, &err) ||
	    npu_compile_llama(gguf, &target, &options, &image, &err))
		bail_out(err.message);
	return image;
}

static const struct npu_report_operator *find(const struct npu_report *r, const char *name)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (!strcmp(r->op[i].name, name))
			return &r->op[i];
	bail_out(name);
	return NULL;
}

static bool is_sum(const struct npu_report *r)
{
	uint64_t cycles = 0, bytes = 0, macs = 0, vector = 0, twice = 0, energy = r->static_pj;

	for (uint32_t i = 0; i < r->n; i++) {
		bool cpu = r->op[i].place == NPU_REPORT_CPU;

		cycles += r->op[i].cycles;
		bytes += cpu ? 0 : r->op[i].bytes;
		macs += cpu ? 0 : r->op[i].macs;
		vector += cpu ? 0 : r->op[i].vector_ops;
		twice += r->op[i].twice[NPU_REPORT_BY_MEMORY];
		energy += r->op[i].energy_pj;
	}
	return cycles == r->total.cycles && bytes == r->total.bytes &&
	       macs == r->total.macs && vector == r->total.vector_ops &&
	       energy == r->total.energy_pj &&
	       twice == r->total.twice[NPU_REPORT_BY_MEMORY];
}

static void test_run(struct npu_device *device, const struct npu_job_image *image,
		     const char *name, const uint64_t *args)
{
	struct npu_instance *instance;
	struct npu_report *report;
	struct npu_job_stats stats;
	struct npu_error err;
	const uint64_t *c = stats.counters;
	int index;

	if (npu_job_load(device, image, NULL, &instance, &err))
		bail_out(err.message);
	index = npu_job_program(instance, name, &err);
	if (index < 0 || npu_job_run(instance, index, args, &stats, &err) ||
	    npu_report_create(image, index, args, "edge", NULL, &report, &err))
		bail_out(err.message);
	ok(is_sum(report), "%s: operators add up to the whole", name);
	is(report->total.cycles, stats.cycles, "  cycles are those of a run");
	is(report->total.bytes, c[NPU_CNT_MEM_READ] + c[NPU_CNT_MEM_WRITE], "  so are bytes");
	is(report->total.macs, c[NPU_CNT_MACS_I8] + c[NPU_CNT_MACS_I4] + c[NPU_CNT_MACS_F16],
	   "  MACs");
	is(report->on_cpu, stats.cpu_parts, "  and operators on the CPU");
	ok(report->total.energy_pj <= c[NPU_CNT_ENERGY_PJ] &&
	   report->total.energy_pj + 2 * report->n >= c[NPU_CNT_ENERGY_PJ],
	   "  and energy, but for rounding");
	npu_report_free(report);
	npu_job_unload(instance);
}

static void test_places(const struct npu_job_image *image)
{
	struct npu_report *r;
	struct npu_error err;

	if (npu_report_create(image, 0, NULL, "edge", NULL, &r, &err))
		bail_out(err.message);
	is(find(r, "start")->place, NPU_REPORT_CONTROL, "the start is control");
	is(find(r, "embedding")->place, NPU_REPORT_DMA, "the embedding is DMA");
	is(find(r, "blk.0.qkv")->place, NPU_REPORT_MATRIX, "a product is the matrix engine's");
	ok(find(r, "blk.0.qkv")->streamed && strstr(find(r, "blk.0.qkv")->why, "streamed"),
	   "  its weights are streamed");
	ok(strstr(find(r, "blk.0.qkv")->why, "INT8") &&
	   strstr(find(r, "blk.1.attention")->why, "16-bit"), "types are named");
	ok(find(r, "blk.0.qkv")->sram_peak && find(r, "blk.0.qkv")->sram_peak <= r->total.sram_peak &&
	   r->total.sram_peak <= 1 << 20, "SRAM is counted");
	is(r->total.bound, NPU_REPORT_BY_MEMORY, "decoding is bound by memory");
	ok(r->total.twice[NPU_REPORT_BY_MEMORY] < r->total.cycles * 0.8 &&
	   r->total.twice[NPU_REPORT_BY_MATRIX] > r->total.cycles * 0.98,
	   "twice the bandwidth helps, twice the MACs does not: %llu cycles, %llu, %llu",
	   (unsigned long long)r->total.cycles,
	   (unsigned long long)r->total.twice[NPU_REPORT_BY_MEMORY],
	   (unsigned long long)r->total.twice[NPU_REPORT_BY_MATRIX]);
	ok(npu_report_intensity(&r->total) < npu_report_ridge(r, &r->total) / 10,
	   "it is far below the ridge");
	npu_report_free(r);
}

static void test_cpu(const struct npu_job_image *image)
{
	struct npu_report *r;
	struct npu_error err;

	if (npu_report_create(image, 0, NULL, "edge,cores=3", NULL, &r, &err))
		bail_out(err.message);
	is(r->cores, 3, "a machine of other cores");
	is(find(r, "blk.1.attention")->place, NPU_REPORT_CPU, "an operator on the CPU is told of");
	is_str(find(r, "blk.1.attention")->why, "the device lacks MAT_F16", "  and why");
	ok(!find(r, "blk.1.attention")->cycles && find(r, "blk.1.attention")->macs,
	   "  takes no cycles of the device, but what it multiplies is counted");
	is(npu_report_create(image, 0, NULL, "nonsense", NULL, &r, &err), -EINVAL, "%s",
	   err.message);
	is(npu_report_create(image, 99, NULL, NULL, NULL, &r, &err), -EINVAL, "%s", err.message);
}

int main(void)
{
	const uint64_t decode[] = { 40, 0 }, prefill[] = { 20, 17, 1, 0 };
	struct npu_job_image *whole, *split, *int4;
	struct npu_device *device;
	struct npu_error err;
	struct builder b;
	struct exact file;

	if (npu_device_open("sim:edge", &device, &err))
		bail_out(err.message);
	tiny_build(&b, &model);
	file = open_exact(b.file.data, b.file.size);
	whole = compile(file.gguf, 0, "int8");
	split = compile(file.gguf, NPU_FEAT_MAT_F16, "int8");
	int4 = compile(file.gguf, 0, "int4-g32");
	test_run(device, whole, "decode", decode);
	test_run(device, whole, "prefill", prefill);
	test_run(device, int4, "prefill", prefill);
	test_run(device, split, "decode", decode);
	test_run(device, split, "prefill", prefill);
	test_places(whole);
	test_cpu(split);
	npu_job_image_free(whole);
	npu_job_image_free(split);
	npu_job_image_free(int4);
	close_exact(&file);
	builder_free(&b);
	npu_device_close(device);
	return done_testing();
}
