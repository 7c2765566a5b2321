// SPDX-License-Identifier: MIT
/*
 * The model of time on machines of every kind: a run counts what was foretold,
 * bandwidth is never exceeded, and no program gets slower on a machine that has
 * more of something.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <npu/npu.h>
#include <npu/predict.h>
#include <npu/profile.h>

#include "hw/npu_regs.h"
#include "machine_file.h"
#include "random_job.h"
#include "tap.h"

#define PROGRAMS 12

static struct npu_job_image *images[PROGRAMS];

static void check(int ret, const struct npu_error *err)
{
	if (ret)
		bail_out(err->message);
}

static struct npu_prediction *predict(unsigned int i, const char *machine,
				      const struct npu_predict_options *options)
{
	struct npu_prediction *p;
	struct npu_error err;

	check(npu_predict(images[i], 0, NULL, machine, options, &p, &err), &err);
	return p;
}

static uint64_t cycles(unsigned int i, const char *machine,
		       const struct npu_predict_options *options)
{
	struct npu_prediction *p = predict(i, machine, options);
	uint64_t n = p->stats.cycles + p->stats.queue_cycles;

	npu_prediction_free(p);
	return n;
}

static bool comes_true(struct npu_device *device, unsigned int i, const struct npu_prediction *p)
{
	struct npu_instance *instance;
	struct npu_job_stats stats;
	struct npu_error err;

	check(npu_job_load(device, images[i], NULL, &instance, &err), &err);
	check(npu_job_run(instance, 0, NULL, &stats, &err), &err);
	npu_job_unload(instance);
	return !memcmp(stats.counters, p->stats.counters, sizeof(stats.counters)) &&
	       stats.cycles == p->stats.cycles && stats.queue_cycles == p->stats.queue_cycles;
}

/* All that its cores moved fits through their parts of the bandwidth. */
static bool fits(const struct npu_prediction *p, const struct npu_profile_facts *f)
{
	const uint64_t *c = p->stats.counters;
	double share = f->mem_mbps * 1e3 / f->clock_khz / f->cores;

	return c[NPU_CNT_MEM_READ] + c[NPU_CNT_MEM_WRITE] <=
	       share * p->stats.cycles * p->stats.cores;
}

static void test_machine(const char *machine, const char *title)
{
	unsigned int same = 0, fit = 0;
	struct npu_profile_facts facts;
	struct npu_device *device;
	struct npu_error err;
	char name[80];

	snprintf(name, sizeof(name), "sim:%s", machine);
	check(npu_device_open(name, &device, &err), &err);
	check(npu_profile_read(machine, &facts, &err), &err);
	for (unsigned int i = 0; i < PROGRAMS; i++) {
		struct npu_prediction *p = predict(i, machine, NULL);

		same += comes_true(device, i, p);
		fit += fits(p, &facts);
		npu_prediction_free(p);
	}
	npu_device_close(device);
	is(same, PROGRAMS, "%s: programs count what was foretold", title);
	is(fit, PROGRAMS, "%s: and move no more than memory can", title);
}

static void test_doubled(const char *machine, const char *title)
{
	static const struct npu_predict_options twice[] = {
		{ .memory_times = 2 }, { .matrix_times = 2 }, { .vector_times = 2 },
		{ .sram_times = 2 },
	};
	unsigned int slower = 0;

	for (unsigned int i = 0; i < PROGRAMS; i++) {
		uint64_t before = cycles(i, machine, NULL);

		for (size_t k = 0; k < sizeof(twice) / sizeof(twice[0]); k++)
			slower += cycles(i, machine, &twice[k]) > before;
	}
	is(slower, 0, "%s: none is slower with twice of something", title);
}

static void test_profiles(void)
{
	const char *name;

	for (size_t i = 0; (name = npu_profile_name(i)); i++) {
		test_machine(name, name);
		test_doubled(name, name);
	}
}

/* Figures from the worse to the better. */
static const struct {
	const char *key, *values[4];
} figures[] = {
	{ "memory_burst", { "4096", "512", "64", "1" } },
	{ "memory_latency", { "1000000", "3000", "100", "0" } },
	{ "memory_gbps", { "0.001", "1", "34", "1000000000" } },
	{ "queue_cycles", { "1000000000", "9999", "200", "0" } },
	{ "interrupt_cycles", { "1000000000", "9999", "500", "0" } },
	{ "sram_banks", { "1", "4", "32", "16777216" } },
	{ "sram_bank_bytes", { "1", "4", "16", "4096" } },
	{ "vector_lanes", { "1", "8", "32", "16777216" } },
	{ "macs_int8", { "16", "128", "1024", "16777216" } },
};

static void test_figure(const char *key, const char *const *values, unsigned int n)
{
	uint64_t last[PROGRAMS];
	unsigned int slower = 0;
	bool matters = false;

	for (unsigned int v = 0; v < n; v++) {
		char path[64], title[64];

		machine_file("edge", key, values[v], path, sizeof(path));
		snprintf(title, sizeof(title), "%s = %s", key, values[v]);
		test_machine(path, title);
		for (unsigned int i = 0; i < PROGRAMS; i++) {
			uint64_t now = cycles(i, path, NULL);

			slower += v && now > last[i];
			matters |= v && now < last[i];
			last[i] = now;
		}
		unlink(path);
	}
	is(slower, 0, "%s: no program is slower with a better one", key);
	ok(matters, "  and some are faster");
}

int main(void)
{
	for (unsigned int i = 0; i < PROGRAMS; i++)
		images[i] = random_job(1000 + i);
	test_profiles();
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		test_figure(figures[i].key, figures[i].values, 4);
	for (unsigned int i = 0; i < PROGRAMS; i++)
		npu_job_image_free(images[i]);
	return done_testing();
}
