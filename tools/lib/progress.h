/* SPDX-License-Identifier: MIT */
/* A progress bar for the programs, on a terminal only. */
#ifndef NPU_TOOLS_PROGRESS_H
#define NPU_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct progress - a bar on standard error
 * @verb: what is being done, such as "compiling"
 * @terminal: whether there is anyone to see it
 * @shown_ns: when it was last drawn; 0: never
 * @start_ns: when it was started
 */
struct progress {
	const char *verb;
	bool terminal;
	uint64_t shown_ns, start_ns;
};

/** progress_start() - get ready; nothing is drawn yet */
void progress_start(struct progress *progress, const char *verb);

/**
 * progress_update() - draw it
 * @opaque: struct progress
 * @what: what is worked on now
 * @done: how much is done
 * @total: of how much
 *
 * An npu_progress_fn. Draws ten times a second at most.
 */
void progress_update(void *opaque, const char *what, uint64_t done, uint64_t total);

/** progress_end() - wipe it away */
void progress_end(struct progress *progress);

#endif /* NPU_TOOLS_PROGRESS_H */
