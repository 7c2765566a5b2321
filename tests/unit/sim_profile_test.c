// SPDX-License-Identifier: MIT
/* Machines: those that are built in say what is published, files are read with care. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include <npu/device.h>
#include <npu/predict.h>
#include <npu/profile.h>

#include "core/profile.h"
#include "random_job.h"
#include "tap.h"

#include "../conformance/values.h"

/* Published: INT8 TOPS, FP16 TFLOPS, GB/s, watts; zero: not published. */
static const struct {
	const char *name;
	double int8, fp16, gbps, watts;
} published[] = {
	{ "ane-m4", 38, 0, 120, 0 },
	{ "hexagon-x-elite", 45, 0, 135, 0 },
	{ "meteor-lake", 11.5, 0, 119.5, 0 },
	{ "h100", 1979, 989.4, 3350, 700 },
	{ "a100", 624, 312, 1935, 300 },
	{ "m3-max", 0, 10.7, 300, 0 },
	{ "lpu", 750, 188, 80000, 300 },
	{ "wafer", 0, 125000, 21e6, 23000 },
};

static bool close_to(double got, double want)
{
	return !want || fabs(got / want - 1) < 0.02;
}

static double tera(const struct npu_profile_facts *f, uint32_t macs)
{
	return 2.0 * macs * f->cores * f->clock_khz / 1e9;
}

static void test_published(void)
{
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
		struct npu_profile_facts f;
		struct npu_error err;

		if (npu_profile_read(published[i].name, &f, &err))
			bail_out(err.message);
		ok(close_to(tera(&f, f.macs_i8), published[i].int8) &&
		   close_to(tera(&f, f.macs_f16), published[i].fp16),
		   "%s: %.4g TOPS INT8, %.4g TFLOPS FP16", f.name, tera(&f, f.macs_i8),
		   tera(&f, f.macs_f16));
		ok(close_to(f.mem_mbps / 1e3, published[i].gbps) &&
		   close_to(f.max_mw / 1e3, published[i].watts), "%s: %.4g GB/s, %.4g W: %s",
		   f.name, f.mem_mbps / 1e3, f.max_mw / 1e3, f.description);
	}
}

/* Each runs, and is the machine that predictions are made for. */
static void test_all_run(void)
{
	struct npu_job_image *image = random_job(7);
	const char *name;

	for (size_t i = 0; (name = npu_profile_name(i)); i++) {
		char device[64];
		struct npu_device *d;
		struct npu_prediction *p;
		struct npu_instance *instance;
		struct npu_job_stats stats;
		struct npu_error err;

		snprintf(device, sizeof(device), "sim:%s", name);
		if (npu_device_open(device, &d, &err) ||
		    npu_job_load(d, image, NULL, &instance, &err) ||
		    npu_job_run(instance, 0, NULL, &stats, &err) ||
		    npu_predict(image, 0, NULL, name, NULL, &p, &err))
			bail_out(err.message);
		ok(!memcmp(stats.counters, p->stats.counters, sizeof(stats.counters)),
		   "%s runs %llu cycles as foretold", name, (unsigned long long)stats.cycles);
		is_str(npu_device_info(d)->profile, name, "and knows its name");
		npu_prediction_free(p);
		npu_job_unload(instance);
		npu_device_close(d);
	}
	npu_job_image_free(image);
}

static char *edge_text(void)
{
	FILE *f = fopen("qemu-device/profiles/edge.profile", "r");
	char *text = calloc(1, 65536);

	if (!f || !text || !fread(text, 1, 65535, f))
		bail_out("no edge.profile");
	fclose(f);
	return text;
}

/* A copy with one change; receives what is said about it. */
static bool with(const char *from, const char *to, char *message, size_t len)
{
	char *text = edge_text(), *at = strstr(text, from);
	char *changed = calloc(1, 70000);
	struct npu_profile profile;
	bool good;

	if (!at)
		bail_out(from);
	*at = '\0';
	snprintf(changed, 70000, "%s%s%s", text, to, at + strlen(from));
	message[0] = '\0';
	good = npu_profile_parse("x", changed, &profile, message, len);
	free(changed);
	free(text);
	return good;
}

static void refused(const char *from, const char *to, const char *why)
{
	char message[256];

	ok(!with(from, to, message, sizeof(message)) && strstr(message, why), "%s", message);
}

static void test_errors(void)
{
	char message[256];

	ok(with("cores = 2", "cores=  4 ", message, sizeof(message)), "blanks do not matter");
	ok(with("cores = 2", "\n# cores\ncores = 4\r", message, sizeof(message)),
	   "nor do comments and line ends");
	refused("cores = 2", "cores = 33", "line 11: cores is out of bounds: from 1 to 32");
	refused("cores = 2", "cores = 0", "out of bounds");
	refused("cores = 2", "cores = 1.5", "not a number without decimals");
	refused("cores = 2", "cores = -1", "not a number");
	refused("cores = 2", "cores = 99999999999999999999999999", "not a number");
	refused("cores = 2", "cores = 2\ncores = 2", "there twice");
	refused("cores = 2", "colour = 2", "'colour' is no property");
	refused("cores = 2", "cores", "KEY = VALUE");
	refused("cores = 2", "", "ends without 'cores'");
	refused("sram = 1M", "sram = 1T", "not a number");
	refused("sram = 1M", "sram = 5000", "not a multiple");
	refused("sram = 1M", "sram = 17179869184G", "not a number");
	refused("memory_gbps = 34 ", "memory_gbps = 1.2345 ", "not a number");
	refused("array_columns = 16", "array_columns = 1000", "fewer MACs");
	refused("\"small", "small", "quotation marks");
	refused("idle_watts = 0.1", "idle_watts = 100000", "too much");
	refused("memory_burst = 64", "memory_burst = 0", "out of bounds: from 1 to 4096");
	refused("memory_burst = 64", "memory_burst = 8192", "out of bounds");
	refused("memory_burst = 64", "memory_burst = 48", "not a power of two");
	refused("sram_banks = 32", "sram_banks = 0", "out of bounds");
	refused("sram_banks = 32", "sram_banks = 4294967296", "out of bounds");
	refused("sram_banks = 32", "", "ends without 'sram_banks'");
	refused("sram_bank_bytes = 16", "sram_bank_bytes = 0", "out of bounds");
	refused("sram_bank_bytes = 16", "sram_bank_bytes = 65536", "out of bounds");
	refused("queue_cycles = 200", "queue_cycles = 1000000001", "out of bounds");
	refused("interrupt_cycles = 500", "interrupt_cycles = -1", "not a number");
	refused("pj_mac_int8 = 0.23", "pj_mac_int8 = 1000001", "out of bounds");
}

/* Whatever it is, it is refused or sound. */
static void test_noise(void)
{
	unsigned int sound = 0, unsound = 0;

	for (int i = 0; i < 20000; i++) {
		struct npu_profile p;
		char message[128], *text = edge_text();
		size_t len = strlen(text);

		for (uint32_t n = 1 + random_below(3); n; n--)
			text[random_below(len)] = 1 + random_below(126);
		if (!npu_profile_parse("x", text, &p, message, sizeof(message)))
			unsound += message[0] == '\0';
		else
			sound += p.cores >= 1 && p.cores <= 32 && p.array_cols &&
				 p.macs_f16 >= p.array_cols && p.clock_khz;
		free(text);
	}
	ok(sound > 5000, "%u of 20000 spoilt files are sound", sound);
	is(unsound, 0, "and the others are explained");
}

static void test_file(void)
{
	char path[] = "/tmp/npu-XXXXXX.profile", device[64], *text = edge_text();
	int fd = mkstemps(path, 8);
	struct npu_profile_facts f;
	struct npu_device *d;
	struct npu_error err;

	if (write(fd, text, strlen(text)) < 0)
		bail_out(path);
	snprintf(device, sizeof(device), "sim:%s,cores=3", path);
	is(npu_device_open(device, &d, &err), 0, "a file makes a machine");
	is(npu_device_info(d)->cores, 3, "which properties change");
	ok(!strncmp(npu_device_info(d)->profile, "npu-", 4), "called %s",
	   npu_device_info(d)->profile);
	npu_device_close(d);
	is(npu_profile_read(path, &f, &err), 0, "its facts can be had");
	is(f.mem_size, 8ull << 30, "8 GiB of memory, say");
	is(npu_profile_read("/nowhere.profile", &f, &err), -EINVAL, "%s", err.message);
	is(npu_profile_read("/dev/zero", &f, &err), -EINVAL, "%s", err.message);
	is(npu_profile_read("/tmp/", &f, &err), -EINVAL, "%s", err.message);
	close(fd);
	unlink(path);
	free(text);
}

int main(void)
{
	test_published();
	test_all_run();
	test_errors();
	test_noise();
	test_file();
	return done_testing();
}
