/* SPDX-License-Identifier: MIT */
/* What npu-top shows: what an NPU did between two looks at it, and before. */
#ifndef NPU_TOOLS_TOP_H
#define NPU_TOOLS_TOP_H

#include <stdbool.h>

#include <npu/npu.h>

#include "monitor.h"

#define TOP_HISTORY 48

/**
 * struct top_process - what an open file of the NPU did in an interval
 * @client: its totals
 * @cores: part of all cores' time that its jobs held, 0 to 1
 * @matrix: part in which its matrix engines worked
 * @vector: likewise
 * @bytes: that it read from memory and wrote, a second
 * @jobs: that ended, a second
 */
struct top_process {
	struct monitor_client client;
	double cores, matrix, vector, bytes, jobs;
};

/**
 * struct top_totals - what the NPU did in an interval
 * @busy: part of the time in which it had jobs, 0 to 1; negative: not known
 * @cores: part of all cores' time that jobs held
 * @matrix: part in which matrix engines worked
 * @vector: likewise
 * @bytes: read from memory and written, a second
 * @model_seconds: modelled time of the jobs, one after the other
 * @model_bytes: read and written a second of that
 * @jobs: that ended, a second
 */
struct top_totals {
	double busy, cores, matrix, vector, bytes, model_seconds, model_bytes, jobs;
};

/**
 * struct top_history - parts of 1, the newest last
 */
struct top_history {
	double busy[TOP_HISTORY], cores[TOP_HISTORY], memory[TOP_HISTORY];
};

/**
 * struct top - an NPU that is watched
 * @node: its node
 * @info: facts about it
 * @figures: now
 * @time: of the last look, CLOCK_MONOTONIC in seconds; the rest is about what was between
 *	that and the one before
 * @processes: the busiest first
 */
struct top {
	char node[64];
	struct npu_device_info info;
	struct monitor_figures figures;
	double time;
	struct top_totals totals;
	struct top_history history;
	struct top_process *processes;
	size_t count;
};

/**
 * top_open() - find an NPU and look at it for the first time
 * @top: receives it; give it back with top_close()
 * @path: what npu_device_open() takes; a device in the process has nothing to see
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int top_open(struct top *top, const char *path, struct npu_error *err);

/** top_look() - look again; returns 0 or a negative errno, with @err set */
int top_look(struct top *top, struct npu_error *err);

/** top_close() - give it back */
void top_close(struct top *top);

/**
 * top_write() - write what there is to see
 * @top: NPU
 * @line: is called for each line, without newline; @heading: it is one
 * @arg: for @line
 */
void top_write(const struct top *top, void (*line)(void *arg, const char *text, bool heading),
	       void *arg);

#endif /* NPU_TOOLS_TOP_H */
