// SPDX-License-Identifier: MIT
/*
 * Predictions: random programs count what was foretold, to the cycle and the
 * picojoule, as a whole and by tag; and programs whose way depends on data are
 * refused, or followed when the data is given. That all of the compiler's
 * programs do as foretold is checked wherever a test runs one: tests/lib/loaded.c.
 */
#include <errno.h>
#include <stdlib.h>

#include <npu/npu.h>
#include <npu/predict.h>
#include <npu/program.h>

#include "hw/npu_regs.h"
#include "random_job.h"
#include "tap.h"

#define PROGRAMS 60

static void check(int ret, const struct npu_error *err)
{
	if (ret)
		bail_out(err->message);
}

/* Tags add up to the whole; energy but for the rounding of each. */
static bool adds_up(const struct npu_prediction *p)
{
	uint64_t cycles = 0, sum[NPU_CNT_COUNT] = { 0 };
	bool good = true;

	for (uint32_t t = 0; t < p->num_tags; t++) {
		cycles += p->tags[t].cycles;
		for (unsigned int i = 0; i < NPU_CNT_COUNT; i++)
			sum[i] += p->tags[t].counters[i];
	}
	for (unsigned int i = NPU_CNT_INSNS; i < NPU_CNT_COUNT; i++)
		good &= sum[i] == p->stats.counters[i] || i == NPU_CNT_ENERGY_PJ ||
			i == NPU_CNT_JOBS || i == NPU_CNT_QUEUE_CYCLES;
	sum[NPU_CNT_ENERGY_PJ] += p->static_pj;
	good &= p->stats.counters[NPU_CNT_ENERGY_PJ] - sum[NPU_CNT_ENERGY_PJ] <= p->num_tags + 1;
	return good && cycles == p->stats.cycles;
}

static void test_random(const char *machine)
{
	unsigned int same = 0, sums = 0, cores = 0;
	char name[64];
	struct npu_device *device;
	struct npu_error err;

	snprintf(name, sizeof(name), "sim:%s", machine);
	check(npu_device_open(name, &device, &err), &err);
	for (uint32_t seed = 1; seed <= PROGRAMS; seed++) {
		struct npu_job_image *image = random_job(seed);
		struct npu_prediction *p;
		struct npu_instance *instance;
		struct npu_job_stats stats;

		check(npu_predict(image, 0, NULL, machine, NULL, &p, &err), &err);
		check(npu_job_load(device, image, NULL, &instance, &err), &err);
		check(npu_job_run(instance, 0, NULL, &stats, &err), &err);
		same += !memcmp(stats.counters, p->stats.counters, sizeof(stats.counters)) &&
			stats.cycles == p->stats.cycles && stats.cores == p->stats.cores &&
			stats.clock_khz == p->stats.clock_khz;
		sums += adds_up(p);
		cores += stats.cores > 1;
		npu_prediction_free(p);
		npu_job_unload(instance);
		npu_job_image_free(image);
	}
	npu_device_close(device);
	ok(cores > PROGRAMS / 4, "%s: %u of %u random programs on several cores", machine,
	   cores, PROGRAMS);
	is(same, PROGRAMS, "%s: random programs count what was foretold", machine);
	is(sums, PROGRAMS, "%s: and their tags add up to it", machine);
}

#define DATA_VA	0x50000000u

/* The count is in the second plane of what lies where memory says. */
static void load_second_plane(struct npu_builder *b, const struct npu_insn_dma *first)
{
	struct npu_insn_dma dma = *first;
	uint8_t base = npu_builder_reg(b);

	dma.sram = npu_at(0, 8);
	npu_build_load(b, &dma, npu_order(0, NPU_TOKEN(1)));
	npu_build_sload(b, base, npu_at(0, 8), npu_order(NPU_TOKEN(1), 0));
	dma.sram = npu_at(0, 0);
	dma.mem = npu_at(base, DATA_VA);
	dma.row = npu_imm(4);
	dma.planes = npu_imm(2);
	dma.mem_plane = npu_imm(4);
	dma.sram_plane = npu_imm(4);
	npu_build_load(b, &dma, npu_order(0, NPU_TOKEN(0)));
}

/* An image of one program that reads its loop count from memory. */
static struct npu_job_image *counted(bool planes)
{
	struct npu_insn_dma dma = { .mem = npu_at(0, DATA_VA), .row = npu_imm(8) };
	struct npu_job_image *image = calloc(1, sizeof(*image));
	struct npu_builder *b;
	struct npu_error err;
	uint32_t size;
	uint8_t count;
	void *code;

	check(npu_builder_create(0, 4096, &b, &err), &err);
	count = npu_builder_reg(b);
	npu_builder_sram(b, "count", 64);
	npu_builder_tag(b, 1, "rounds");
	if (planes)
		load_second_plane(b, &dma);
	else
		npu_build_load(b, &dma, npu_order(0, NPU_TOKEN(0)));
	npu_build_sload(b, count, npu_at(0, 4), npu_order(NPU_TOKEN(0), 0));
	npu_build_alu(b, NPU_ALU_ADD, count, count, 0, 1);
	npu_build_loop(b, npu_builder_reg(b), 0, npu_reg(count), npu_imm(1));
	npu_build_nop(b, NPU_ENGINE_CP, npu_order(0, 0));
	npu_build_endloop(b);
	check(npu_builder_finish(b, &code, &size, &err), &err);
	npu_builder_destroy(b);
	image->n_segments = image->n_programs = 1;
	image->n_tags = 2;
	image->segments = calloc(1, sizeof(*image->segments));
	image->programs = calloc(1, sizeof(*image->programs));
	image->tags = calloc(2, sizeof(*image->tags));
	strcpy(image->tags[1], "rounds");
	image->segments[0] = (struct npu_job_segment){
		.name = "code", .va = 0x40000000, .size = size, .data = code,
		.data_size = size, .readonly = 1,
	};
	image->programs[0] = (struct npu_job_program){
		.name = "main", .va = 0x40000000, .size = size, .cores = 1,
	};
	return image;
}

static void test_data(void)
{
	struct npu_job_image *image = counted(false);
	uint32_t words[2] = { 0, 99 };
	struct npu_predict_data data = { .va = DATA_VA, .data = words, .size = 8 };
	struct npu_predict_options options = { .num_data = 1, .data = &data };
	struct npu_prediction *p = NULL;
	struct npu_error err;

	is(npu_predict(image, 0, NULL, NULL, NULL, &p, &err), -EINVAL, "%s", err.message);
	ok(strstr(err.message, "LOOP, tag 'rounds'") && strstr(err.message, "depends on memory"),
	   "a loop whose count is in memory is named");
	check(npu_predict(image, 0, NULL, NULL, &options, &p, &err), &err);
	/* LOAD, SLOAD, ALU, LOOP, 100 rounds of NOP and ENDLOOP, END. */
	is(p->stats.counters[NPU_CNT_INSNS], 4 + 200 + 1, "and followed when its memory is given");
	npu_prediction_free(p);
	data.size = 7;
	is(npu_predict(image, 0, NULL, NULL, &options, &p, &err), -EINVAL,
	   "all of what it loads is needed");
	npu_job_image_free(image);
}

static void test_planes(void)
{
	struct npu_job_image *image = counted(true);
	struct npu_prediction *p = NULL;
	struct npu_error err;

	is(npu_predict(image, 0, NULL, NULL, NULL, &p, &err), -EINVAL,
	   "what comes from an unknown address is not known, whichever plane it is in");
	npu_job_image_free(image);
}

static void test_refusals(void)
{
	struct npu_job_image *image = random_job(1);
	struct npu_predict_options options = { .cores = 9 };
	struct npu_prediction *p;
	struct npu_error err;

	is(npu_predict(image, 1, NULL, NULL, NULL, &p, &err), -EINVAL, "%s", err.message);
	is(npu_predict(image, 0, NULL, "colossus", NULL, &p, &err), -EINVAL, "%s", err.message);
	is(npu_predict(image, 0, NULL, NULL, &options, &p, &err), -EINVAL, "%s", err.message);
	is(npu_predict(image, 0, NULL, "sram=32K", NULL, &p, &err), -EINVAL, "%s", err.message);
	ok(strstr(err.message, "SRAM") || strstr(err.message, "sram"), "which says what is short");
	options.cores = 1;
	options.budget = 10;
	is(npu_predict(image, 0, NULL, NULL, &options, &p, &err), -EOVERFLOW, "%s", err.message);
	image->segments[0].data_size = 200;
	is(npu_predict(image, 0, NULL, NULL, NULL, &p, &err), -EINVAL, "%s", err.message);
	npu_job_image_free(image);
}

int main(void)
{
	test_random("edge");
	test_random("edge,cores=4,threads=1,kernels=scalar");
	test_data();
	test_planes();
	test_refusals();
	return done_testing();
}
