// SPDX-License-Identifier: MIT
/* Jobs of a device behind the driver on CLOCK_MONOTONIC: what bounds the two clocks' difference. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/lib/trace_clock.h"

#include "tap.h"

#define KHZ		1000000u	/* a cycle is a nanosecond */
#define OFFSET		5000000.0	/* CLOCK_MONOTONIC minus the device's clock */
#define PERIOD		1000u		/* from one job to the next */
#define LENGTH		400u
#define MANY		200000u		/* of which each pair would be looked at in minutes */

static struct trace_device device;
static struct trace_driver driver;

static void open_trace(size_t jobs, size_t events)
{
	device = (struct trace_device){
		.file = tmpfile(), .is = { .cores = 1, .clock_khz = KHZ, .path = "/dev/accel/accel0" },
		.jobs = calloc(jobs, sizeof(*device.jobs)),
	};
	driver = (struct trace_driver){ .events = calloc(events, sizeof(*driver.events)) };
	if (!device.file || !device.jobs || !driver.events)
		bail_out("no memory");
}

static void close_trace(void)
{
	fclose(device.file);
	free(device.jobs);
	free(driver.events);
}

/* A job from @clock on that the library gave away @before ns earlier and saw end @behind later. */
static void add_job(uint64_t clock, double offset, uint32_t before, uint32_t behind)
{
	device.jobs[device.num_jobs++] = (struct trace_job){
		.is = { .has_completion = true, .submit_ns = clock + offset - before,
			.ended_ns = clock + LENGTH + offset + behind },
		.done = { .clock_start = clock, .clock_end = clock + LENGTH },
	};
}

static void add_event(enum trace_driver_kind kind, uint64_t id, uint64_t clock, double time)
{
	driver.events[driver.num_events++] = (struct trace_driver_event){
		.kind = kind, .id = id, .time_ns = time,
		.clock_start = kind == TRACE_DRIVER_DONE ? clock : 0,
		.clock_end = kind == TRACE_DRIVER_DONE ? clock + LENGTH : 0,
	};
}

static bool near(double got, double wanted)
{
	return fabs(got - wanted) < 0.5;
}

static void without_driver(void)
{
	open_trace(2, 1);
	add_job(1000, OFFSET, 100, 500);
	add_job(3000, OFFSET, 300, 200);
	trace_place(&device, &driver);
	ok(near(device.jobs[0].base_ns, 1000 + OFFSET + 50), "the middle of what both jobs allow");
	ok(near(device.jobs[1].base_ns, 3000 + OFFSET + 50), "for each of them");
	ok(near(device.clock_error_ns, 150), "and half of what they leave open is the error");
	close_trace();
}

static void with_driver(void)
{
	open_trace(1, 6);
	add_job(1000, OFFSET, 900, 9000);
	/* Another's, one that was run twice, and an end that is told twice. */
	add_event(TRACE_DRIVER_RUN, 8, 0, 1000 + OFFSET);
	add_event(TRACE_DRIVER_RUN, 7, 0, 1000 + OFFSET - 40);
	add_event(TRACE_DRIVER_RUN, 7, 0, 1000 + OFFSET - 60);
	add_event(TRACE_DRIVER_DONE, 7, 1000, 1000 + LENGTH + OFFSET + 2000);
	add_event(TRACE_DRIVER_DONE, 7, 1000, 1000 + LENGTH + OFFSET - 940);
	add_event(TRACE_DRIVER_DONE, 9, 1001, 1001 + LENGTH + OFFSET - 999);
	trace_place(&device, &driver);
	/* Its stamps are cut to microseconds. */
	ok(near(device.jobs[0].base_ns, 1000 + OFFSET + 10), "the driver narrows it down: %f",
	   device.jobs[0].base_ns - 1000 - OFFSET);
	ok(near(device.clock_error_ns, 50), "the last run and the first end count");
	close_trace();
}

static void drift(void)
{
	open_trace(2, 1);
	add_job(1000, OFFSET, 100, 100);
	add_job(3000, OFFSET + 700, 100, 100);
	trace_place(&device, &driver);
	ok(near(device.jobs[0].base_ns, 1000 + OFFSET), "a job before the clocks drifted");
	ok(near(device.jobs[1].base_ns, 3000 + OFFSET + 700), "and one after it");
	close_trace();
}

static void in_the_process(void)
{
	open_trace(1, 1);
	strcpy(device.is.path, "sim:edge");
	add_job(1000, OFFSET, 100, 900);
	trace_place(&device, &driver);
	ok(near(device.jobs[0].base_ns, 1000), "a device in the process has the same clock");
	is(device.clock_error_ns, 0, "without an error");
	close_trace();
}

/* Ends of jobs come in an order of their own. */
static void many(void)
{
	size_t good = 0;

	open_trace(MANY, 2 * MANY);
	for (uint64_t k = 0; k < MANY; k++) {
		uint64_t i = k * 7 % MANY, clock = (i + 1) * PERIOD;

		add_job(clock, OFFSET, 1 + i % 100, 50 + i % 90);
		add_event(TRACE_DRIVER_RUN, i + 1, 0, clock + OFFSET - 1);
		add_event(TRACE_DRIVER_DONE, i + 1, clock, clock + LENGTH + OFFSET + 900);
	}
	trace_place(&device, &driver);
	for (size_t k = 0; k < MANY; k++)
		good += near(device.jobs[k].base_ns,
			     device.jobs[k].done.clock_start + OFFSET + 24.5);
	is(good, MANY, "%u jobs with their events, all between the same bounds", MANY);
	ok(near(device.clock_error_ns, 25.5), "and one error for all");
	close_trace();
}

int main(void)
{
	without_driver();
	with_driver();
	drift();
	in_the_process();
	many();
	return done_testing();
}
