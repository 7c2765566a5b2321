// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

#define BAR 24
#define INTERVAL_NS 100000000ull

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void progress_start(struct progress *progress, const char *verb)
{
	const char *term = getenv("TERM");

	*progress = (struct progress){
		.verb = verb, .start_ns = now_ns(),
		.terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb"),
	};
}

/* The rest of the time, if it goes on as it went so far. */
static void show_left(double spent, double part)
{
	unsigned int left;

	if (spent < 1 || part < 0.02)
		return;
	left = spent * (1 - part) / part + 0.5;
	fprintf(stderr, ", %u:%02u left", left / 60, left % 60);
}

void progress_update(void *opaque, const char *what, uint64_t done, uint64_t total)
{
	struct progress *progress = opaque;
	uint64_t now = now_ns();
	double part = total ? (double)done / total : 1;
	int full = part * BAR;

	if (!progress->terminal ||
	    (progress->shown_ns && done < total && now - progress->shown_ns < INTERVAL_NS))
		return;
	progress->shown_ns = now;
	fprintf(stderr, "\r%s [%.*s%*s] %3.0f %%", progress->verb, full,
		"########################", BAR - full, "", part * 100);
	show_left((now - progress->start_ns) * 1e-9, part);
	fprintf(stderr, "  %.40s\033[K", what);
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->shown_ns)
		fputs("\r\033[K", stderr);
	fflush(stderr);
}
