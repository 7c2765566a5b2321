// SPDX-License-Identifier: GPL-2.0
/*
 * Runtime PM: without jobs the device sleeps, a job wakes it and gives the right
 * bytes, and who only looks wakes nobody.
 */
#include <pthread.h>

#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_program.h"

#define STATUS	NPU_SYSFS "power/runtime_status"
#define DELAY	NPU_SYSFS "power/autosuspend_delay_ms"
#define CONTROL	NPU_SYSFS "power/control"
#define HWMON	NPU_SYSFS "hwmon/hwmon*/"

static bool status_is(const char *wanted)
{
	char text[32];

	return !npu_read_file(STATUS, text, sizeof(text)) &&
	       !strncmp(text, wanted, strlen(wanted));
}

static bool falls_asleep(void)
{
	int i;

	for (i = 0; i < 1000 && !status_is("suspended"); i++)
		usleep(10000);
	return status_is("suspended");
}

FIXTURE(power)
{
	struct npu_machine m;
	struct drm_npu_job copy, spin;
	uint64_t args[2], rounds[1];
	char delay[32];
};

FIXTURE_SETUP(power)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->copy = npu_prog_copy(&self->m, 64);
	self->spin = npu_prog_spin(&self->m);
	self->args[0] = NPU_TEST_DATA;
	self->args[1] = NPU_TEST_DATA + 64;
	self->rounds[0] = 1;
	npu_job_args(&self->copy, self->args);
	npu_job_args(&self->spin, self->rounds);
	ASSERT_EQ(0, npu_read_file(DELAY, self->delay, sizeof(self->delay)));
	ASSERT_EQ(0, npu_write_file(DELAY, "20"));
	ASSERT_EQ(0, npu_write_file(CONTROL, "auto"));
}

FIXTURE_TEARDOWN(power)
{
	npu_write_file(DELAY, self->delay);
	npu_write_file(CONTROL, "auto");
	npu_machine_close(&self->m);
}

static bool copies(struct npu_machine *m, struct drm_npu_job *copy)
{
	static uint8_t byte;
	uint8_t *mem = m->data.cpu;

	memset(mem, ++byte, 64);
	memset(mem + 64, 0, 64);
	return !npu_run(m, copy) && !memcmp(mem, mem + 64, 64);
}

TEST_F(power, sleeps_without_jobs_and_wakes_for_one)
{
	uint32_t resets = npu_usage(self->m.fd).resets;
	int64_t asleep;
	int i;

	for (i = 0; i < 30; i++) {
		ASSERT_TRUE(falls_asleep());
		ASSERT_TRUE(copies(&self->m, &self->copy));
	}
	ASSERT_TRUE(falls_asleep());
	asleep = npu_read_number(NPU_SYSFS "power/runtime_suspended_time");
	usleep(50000);
	EXPECT_LT(asleep, npu_read_number(NPU_SYSFS "power/runtime_suspended_time"));
	EXPECT_EQ(resets, npu_usage(self->m.fd).resets);
}

/* With no delay at all each job meets a device that is just going. */
TEST_F(power, sleeps_at_once)
{
	int i;

	ASSERT_EQ(0, npu_write_file(DELAY, "0"));
	for (i = 0; i < 100; i++)
		ASSERT_TRUE(copies(&self->m, &self->copy));
}

TEST_F(power, is_in_d3hot)
{
	char state[16];

	ASSERT_TRUE(falls_asleep());
	if (npu_read_file(NPU_SYSFS "power_state", state, sizeof(state)))
		SKIP(return, "a kernel that does not show the state");
	EXPECT_STREQ("D3hot\n", state);
	ASSERT_EQ(0, npu_write_file(CONTROL, "on"));
	ASSERT_EQ(0, npu_read_file(NPU_SYSFS "power_state", state, sizeof(state)));
	EXPECT_STREQ("D0\n", state);
}

TEST_F(power, stays_awake_when_told)
{
	ASSERT_EQ(0, npu_write_file(CONTROL, "on"));
	EXPECT_TRUE(status_is("active"));
	ASSERT_TRUE(copies(&self->m, &self->copy));
	usleep(200000);
	EXPECT_TRUE(status_is("active"));
	ASSERT_EQ(0, npu_write_file(CONTROL, "auto"));
	EXPECT_TRUE(falls_asleep());
}

TEST_F(power, stays_awake_during_a_job)
{
	uint64_t forever[1] = { NPU_TEST_FOREVER };
	uint32_t ctx;

	npu_job_args(&self->spin, forever);
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 1, 0, &ctx));
	ASSERT_EQ(0, npu_submit(self->m.fd, ctx, &self->spin, 1, NULL));
	usleep(300000);
	EXPECT_TRUE(status_is("active"));
	EXPECT_EQ(0, npu_ctx_destroy(self->m.fd, ctx));
	EXPECT_TRUE(falls_asleep());
}

/* What changes meanwhile holds when it wakes: it has kept no translation. */
TEST_F(power, mappings_change_in_its_sleep)
{
	uint64_t args[2] = { NPU_TEST_DATA, 0x40000000 };
	uint8_t *to[2];
	uint32_t bo[2];
	int i;

	npu_job_args(&self->copy, args);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &bo[i]));
		to[i] = npu_bo_map(self->m.fd, bo[i], 4096);
		ASSERT_NE(MAP_FAILED, to[i]);
	}
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(falls_asleep());
		ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo[i % 2], 0, 0x40000000, 4096, 0));
		EXPECT_TRUE(status_is("suspended"));
		memset(self->m.data.cpu, i + 1, 64);
		ASSERT_EQ(0, npu_run(&self->m, &self->copy));
		EXPECT_EQ(i + 1, to[i % 2][63]);
	}
	ASSERT_TRUE(falls_asleep());
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, 0x40000000, 4096));
	EXPECT_EQ(-EFAULT, npu_run(&self->m, &self->copy));
}

TEST_F(power, figures_do_not_wake_it)
{
	static const char * const files[] = {
		"versions", "queues", "contexts", "vms", "buffers",
	};
	char text[32768], path[64];
	int64_t wakes;
	size_t i;

	ASSERT_TRUE(falls_asleep());
	wakes = npu_read_number(NPU_SYSFS "power/runtime_active_time");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->m.fd);
	EXPECT_EQ(0, npu_read_file(path, text, sizeof(text)));
	EXPECT_LT(0, npu_read_number(NPU_SYSFS "npu_memory_utilization"));
	EXPECT_LT(0, npu_read_number(NPU_SYSFS "npu_busy_time_us"));
	npu_read_number(HWMON "energy1_input");
	npu_read_number(HWMON "power1_input");
	EXPECT_EQ(-ENODATA, npu_read_number(HWMON "temp1_input"));
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), NPU_DEBUGFS "%s", files[i]);
		npu_read_file(path, text, sizeof(text));
	}
	npu_usage(self->m.fd);
	EXPECT_EQ(wakes, npu_read_number(NPU_SYSFS "power/runtime_active_time"));
	EXPECT_TRUE(status_is("suspended"));
}

/* Mean power over some seconds, microwatts; the first reading only begins one. */
static int64_t power_over(unsigned int ms)
{
	int64_t begin, end, before = npu_now_ns();

	begin = npu_read_number(HWMON "energy1_input");
	usleep(1000 * ms);
	end = npu_read_number(HWMON "energy1_input");
	return (end - begin) * 1000000000 / (npu_now_ns() - before);
}

/* Of the profile "edge": 0.1 W idle, a twentieth of it asleep. */
TEST_F(power, asleep_it_draws_less)
{
	int64_t awake, asleep;

	if (npu_read_number(HWMON "energy1_input") == -ENOENT)
		SKIP(return, "a kernel without hwmon");
	ASSERT_EQ(0, npu_write_file(CONTROL, "on"));
	awake = power_over(500);
	EXPECT_LT(80000, awake);
	EXPECT_GT(120000, awake);
	ASSERT_EQ(0, npu_write_file(CONTROL, "auto"));
	ASSERT_TRUE(falls_asleep());
	asleep = power_over(500);
	EXPECT_LT(3000, asleep);
	EXPECT_GT(8000, asleep);
	EXPECT_TRUE(status_is("suspended"));
}

/* Clocks and counters of energy never go back, asleep or not. */
TEST_F(power, counters_only_grow)
{
	int64_t energy = 0, cycles = 0, now;
	char text[8192], path[64], *at;
	int i;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->m.fd);
	for (i = 0; i < 20; i++) {
		if (i % 4 == 1)
			ASSERT_TRUE(falls_asleep());
		if (i % 4 == 3)
			ASSERT_TRUE(copies(&self->m, &self->copy));
		now = npu_read_number(HWMON "energy1_input");
		EXPECT_LE(energy, now);
		energy = now;
		ASSERT_EQ(0, npu_read_file(path, text, sizeof(text)));
		at = strstr(text, "drm-total-cycles-npu:\t");
		ASSERT_NE(NULL, at);
		now = atoll(at + strlen("drm-total-cycles-npu:\t"));
		/* The kernel's clock may tick as slowly as its timer, but not stand still. */
		EXPECT_LE(cycles + i % 2, now);
		cycles = now;
	}
}

TEST_F(power, a_reset_wakes_it)
{
	uint32_t resets = npu_usage(self->m.fd).resets;

	ASSERT_TRUE(falls_asleep());
	if (npu_write_file(NPU_DEBUGFS "reset", "device"))
		SKIP(return, "no debugfs");
	EXPECT_EQ(resets + 1, npu_usage(self->m.fd).resets);
	EXPECT_TRUE(falls_asleep());
	EXPECT_TRUE(copies(&self->m, &self->copy));
}

struct user {
	pthread_t thread;
	struct npu_machine *m;
	struct drm_npu_job job;
	uint32_t id, ctx, wrong;
};

static void *user_work(void *arg)
{
	struct user *u = arg;
	uint64_t args[2] = { u->m->data.va + 128 * u->id, u->m->data.va + 128 * u->id + 64 };
	uint8_t *mem = u->m->data.cpu + 128 * u->id;
	int i;

	npu_job_args(&u->job, args);
	for (i = 0; i < 40; i++) {
		memset(mem, i + 1, 64);
		u->wrong += npu_run_on(u->m->fd, u->ctx, &u->job) || memcmp(mem, mem + 64, 64);
		usleep(1000 * (i * (u->id + 3) % 11));
	}
	return NULL;
}

/* Many who come and go, and a device that sleeps whenever it can. */
TEST_F(power, many_users)
{
	struct user u[4] = {};
	int i;

	ASSERT_EQ(0, npu_write_file(DELAY, "1"));
	for (i = 0; i < 4; i++) {
		u[i].m = &self->m;
		u[i].id = i;
		u[i].job = self->copy;
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, i, 0, &u[i].ctx));
		ASSERT_EQ(0, pthread_create(&u[i].thread, NULL, user_work, &u[i]));
	}
	for (i = 0; i < 4; i++) {
		pthread_join(u[i].thread, NULL);
		EXPECT_EQ(0, u[i].wrong);
	}
}

TEST_HARNESS_MAIN
