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
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct bounds {
	double low, high;
};

static double device_ns(const struct trace_device *d, uint64_t clock)
{
	return trace_ns(d, clock);
}

/**
 * struct job_times - what the driver saw of a job on the device
 * @start: clock when it began
 * @end: and when it ended
 * @id: of the job on the device
 * @seen: the earliest time at which the driver told of its end
 */
struct job_times {
	uint64_t start, end, id;
	double seen;
};

/**
 * struct run_time - when the driver gave a job to the device
 * @id: of the job on the device
 * @given: the latest such time
 */
struct run_time {
	uint64_t id;
	double given;
};

/**
 * struct seen - the driver's events, in an order to look them up by
 * @done: @num_done, by clocks
 * @run: @num_run, by id
 */
struct seen {
	struct job_times *done;
	struct run_time *run;
	size_t num_done, num_run;
};

static int by_clocks(const void *a, const void *b)
{
	const struct job_times *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

/* Of the same clocks the earliest first. */
static int by_clocks_and_time(const void *a, const void *b)
{
	const struct job_times *x = a, *y = b;
	int order = by_clocks(a, b);

	return order ? order : (x->seen > y->seen) - (x->seen < y->seen);
}

static int by_id(const void *a, const void *b)
{
	const struct run_time *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Of the same id the latest first. */
static int by_id_and_time(const void *a, const void *b)
{
	const struct run_time *x = a, *y = b;
	int order = by_id(a, b);

	return order ? order : (x->given < y->given) - (x->given > y->given);
}

/* Of elements that are the same to @order only the first; returns how many are left. */
static size_t unique(void *array, size_t n, size_t size, int (*order)(const void *, const void *))
{
	char *at = array;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!kept || order(at + (kept - 1) * size, at + i * size))
			memmove(at + kept++ * size, at + i * size, size);
	return kept;
}

static bool index_driver(struct seen *seen, const struct trace_driver *driver)
{
	*seen = (struct seen){
		.done = calloc(driver->num_events + 1, sizeof(*seen->done)),
		.run = calloc(driver->num_events + 1, sizeof(*seen->run)),
	};
	if (!seen->done || !seen->run)
		return false;
	for (size_t i = 0; i < driver->num_events; i++) {
		const struct trace_driver_event *e = &driver->events[i];

		if (e->kind == TRACE_DRIVER_DONE)
			seen->done[seen->num_done++] = (struct job_times){
				e->clock_start, e->clock_end, e->id, e->time_ns };
		else if (e->kind == TRACE_DRIVER_RUN)
			seen->run[seen->num_run++] = (struct run_time){ e->id, e->time_ns };
	}
	qsort(seen->done, seen->num_done, sizeof(*seen->done), by_clocks_and_time);
	qsort(seen->run, seen->num_run, sizeof(*seen->run), by_id_and_time);
	seen->num_done = unique(seen->done, seen->num_done, sizeof(*seen->done), by_clocks);
	seen->num_run = unique(seen->run, seen->num_run, sizeof(*seen->run), by_id);
	return true;
}

/* Times of the driver's events of the job, where there are any. */
static void look_at_driver(const struct seen *driver, const struct trace_job *job,
			   double *given, double *seen)
{
	struct job_times key = { job->done.clock_start, job->done.clock_end, 0, 0 }, *done;
	struct run_time *run;

	done = bsearch(&key, driver->done, driver->num_done, sizeof(key), by_clocks);
	if (!done)
		return;
	if (done->seen < *seen)
		*seen = done->seen;
	run = bsearch(&(struct run_time){ done->id, 0 }, driver->run, driver->num_run,
		      sizeof(*run), by_id);
	/* Its stamp is cut to microseconds, so it may seem too early, never too late. */
	if (done->id && run && run->given > *given)
		*given = run->given;
}

static struct bounds bounds_of(const struct trace_device *d, const struct trace_job *job,
			       const struct seen *driver)
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
	struct seen seen;

	if (!index_driver(&seen, driver) || !jobs)
		goto out;
	for (size_t i = 0; i < d->num_jobs; i++)
		if (d->jobs[i].is.has_completion)
			jobs[n++] = &d->jobs[i];
		else
			d->jobs[i].base_ns = d->jobs[i].is.submit_ns;
	qsort(jobs, n, sizeof(*jobs), by_start);
	for (size_t i = 0; i < n; i++) {
		struct bounds b = bounds_of(d, jobs[i], &seen), both = all;

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
out:
	free(seen.done);
	free(seen.run);
	free(jobs);
}
