/* SPDX-License-Identifier: MIT */
/* The driver's trace events (npu:*), read from tracefs while a command runs. */
#ifndef NPU_TOOLS_TRACE_DRIVER_H
#define NPU_TOOLS_TRACE_DRIVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** enum trace_driver_kind - what an event tells */
enum trace_driver_kind {
	TRACE_DRIVER_SUBMIT,
	TRACE_DRIVER_RUN,
	TRACE_DRIVER_DONE,
	TRACE_DRIVER_FAULT,
	TRACE_DRIVER_RESET,
};

/**
 * struct trace_driver_event - one event
 * @kind: what
 * @time_ns: CLOCK_MONOTONIC
 * @client: the driver's number of the file
 * @seqno: of the job in its context
 * @id: of the job on the device
 * @queue: hardware queue, -1: none
 * @error: of the job's fence
 * @clock_start: DONE: device clock when it began
 * @clock_end: and when it ended
 * @context: the driver's name of the context, a hash
 * @text: the event's fields as the kernel prints them
 */
struct trace_driver_event {
	enum trace_driver_kind kind;
	uint64_t time_ns, client, seqno, id;
	int queue, error;
	uint64_t clock_start, clock_end, context;
	char text[160];
};

/**
 * struct trace_driver - what is read
 * @events: in order of time
 * @num_events: number of them
 * @lost: events beyond the limit, or that the kernel dropped
 * @why: why there are none, if they cannot be had; else empty
 */
struct trace_driver {
	struct trace_driver_event *events;
	size_t num_events, room, limit;
	uint64_t lost;
	char why[160];
	char instance[256];
	int pipe;
	bool on;
	int stop[2];
	pthread_t thread;
};

/**
 * trace_driver_start() - start to read, if that can be done
 * @driver: receives events until trace_driver_stop(); if there cannot be any,
 *	@why tells
 * @limit: most events to keep
 *
 * Needs root and a loaded driver. An instance of its own is used, so nothing
 * else that uses tracing is disturbed.
 */
void trace_driver_start(struct trace_driver *driver, size_t limit);

/** trace_driver_stop() - read what is left, and remove the instance */
void trace_driver_stop(struct trace_driver *driver);

/** trace_driver_free() - free the events */
void trace_driver_free(struct trace_driver *driver);

/* Understand one line of tracefs; false: it is no event of the driver's. */
bool trace_driver_parse(const char *line, struct trace_driver_event *event);

#endif /* NPU_TOOLS_TRACE_DRIVER_H */
