// SPDX-License-Identifier: MIT
/*
 * A job's clock_start is not before it was submitted, and its clock_end not
 * behind the time at which its end was seen: each job bounds the difference of
 * the two clocks on both sides. The difference is the middle of what all allow.
 * If a job does not fit to those before it, clocks have drifted apart: from
 * there on it is found anew.
 */
#include "trace_clock.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

struct bounds {
	double low, high;
};

static double device_ns(const struct trace_device *d, uint64_t clock)
{
	return trace_ns(d, clock);
}

/* Times of the driver's events of the job, where there are any. */
static void look_at_driver(const struct trace_driver *driver, const struct trace_job *job,
			   double *given, double *seen)
{
	uint64_t id = 0;

	for (size_t i = 0; i < driver->num_events; i++) {
		const struct trace_driver_event *e = &driver->events[i];

		if (e->kind != TRACE_DRIVER_DONE || e->clock_start != job->done.clock_start ||
		    e->clock_end != job->done.clock_end)
			continue;
		if (e->time_ns < *seen)
			*seen = e->time_ns;
		id = e->id;
	}
	for (size_t i = 0; id && i < driver->num_events; i++) {
		const struct trace_driver_event *e = &driver->events[i];

		/* Its stamp is cut to microseconds, so it may seem too early, never too late. */
		if (e->kind == TRACE_DRIVER_RUN && e->id == id && e->time_ns > *given)
			*given = e->time_ns;
	}
}

static struct bounds bounds_of(const struct trace_device *d, const struct trace_job *job,
			       const struct trace_driver *driver)
{
	double given = job->is.submit_ns, seen = job->is.ended_ns;
	struct bounds b = { 0, 0 };

	/* A device in the process has CLOCK_MONOTONIC for its clock. */
	if (!strncmp(d->is.path, "sim", 3))
		return b;
	look_at_driver(driver, job, &given, &seen);
	/* A stamp of DONE is cut as well: it may be too early by that. */
	if (seen < job->is.ended_ns)
		seen += 1000;
	b.low = given - device_ns(d, job->done.clock_start);
	b.high = seen - device_ns(d, job->done.clock_end);
	return b;
}

/* Jobs from @first to before @end are in step: their difference is the middle. */
static void settle(struct trace_device *d, struct trace_job **jobs, size_t first, size_t end,
		   struct bounds b)
{
	double offset = (b.low + b.high) / 2, error = (b.high - b.low) / 2;

	for (size_t i = first; i < end; i++)
		jobs[i]->base_ns = device_ns(d, jobs[i]->done.clock_start) + offset;
	if (first < end && error > d->clock_error_ns)
		d->clock_error_ns = error;
}

static int by_start(const void *a, const void *b)
{
	const struct trace_job *x = *(struct trace_job *const *)a;
	const struct trace_job *y = *(struct trace_job *const *)b;

	return (x->done.clock_start > y->done.clock_start) -
	       (x->done.clock_start < y->done.clock_start);
}

struct shift {
	struct trace_device *device;
	double *busy;	/* by core: end of what it does */
	double base;
	uint32_t units;
	double cycles;
};

static void see_core(void *opaque, const struct npu_trace_header *header)
{
	struct shift *s = opaque;

	s->units |= 1u << header->unit;
	if (header->cycles > s->cycles)
		s->cycles = header->cycles;
	if (s->busy[header->unit] > s->base)
		s->base = s->busy[header->unit];
}

static void see_nothing(void *opaque, uint32_t number, const struct npu_trace_record *record)
{
	(void)opaque;
	(void)number;
	(void)record;
}

/*
 * A host may be faster than the machine that it models: then jobs follow each
 * other sooner than their cycles allow, and are put one behind the other.
 */
static void shift(struct trace_device *d, struct trace_job **jobs, size_t n)
{
	double busy[NPU_MAX_CORES] = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct shift s = { .device = d, .busy = busy, .base = jobs[i]->base_ns };

		trace_records(d, jobs[i], see_core, see_nothing, NULL, &s);
		jobs[i]->shift_ns = s.base - jobs[i]->base_ns;
		jobs[i]->base_ns = s.base;
		for (uint32_t u = 0; u < NPU_MAX_CORES; u++)
			if (s.units >> u & 1)
				busy[u] = s.base + trace_ns(d, s.cycles);
	}
}

void trace_place(struct trace_device *d, const struct trace_driver *driver)
{
	struct trace_job **jobs = calloc(d->num_jobs + 1, sizeof(*jobs));
	struct bounds all = { -DBL_MAX, DBL_MAX };
	size_t n = 0, first = 0;

	if (!jobs)
		return;
	for (size_t i = 0; i < d->num_jobs; i++)
		if (d->jobs[i].is.has_completion)
			jobs[n++] = &d->jobs[i];
		else
			d->jobs[i].base_ns = d->jobs[i].is.submit_ns;
	qsort(jobs, n, sizeof(*jobs), by_start);
	for (size_t i = 0; i < n; i++) {
		struct bounds b = bounds_of(d, jobs[i], driver), both = all;

		both.low = b.low > all.low ? b.low : all.low;
		both.high = b.high < all.high ? b.high : all.high;
		if (both.low > both.high) {
			settle(d, jobs, first, i, all);
			first = i;
			both = b;
		}
		all = both;
	}
	settle(d, jobs, first, n, all);
	shift(d, jobs, n);
	free(jobs);
}
