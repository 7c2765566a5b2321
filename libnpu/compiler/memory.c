// SPDX-License-Identifier: MIT
/* Whether there is memory for what is to be compiled or loaded. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "memory.h"

/* What can be had without swapping, as the kernel estimates it. */
static bool read_available(uint64_t *bytes)
{
	FILE *file = fopen("/proc/meminfo", "re");
	bool found = false;
	char line[128];

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "MemAvailable: %" SCNu64 " kB", bytes) == 1;
	fclose(file);
	*bytes *= 1024;
	return found;
}

int memory_check(const char *what, uint64_t needed, struct npu_error *err)
{
	uint64_t available = 0;

	if (!read_available(&available) || needed <= available)
		return 0;
	return npu_error_set(err, -E2BIG,
			     "%s take %" PRIu64 " MiB of memory, %" PRIu64
			     " MiB are available: choose a smaller format of weights, or a smaller model",
			     what, needed >> 20, available >> 20);
}
