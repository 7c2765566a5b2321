// SPDX-License-Identifier: MIT
/* Worker threads as many as processors have one each, and only then, and not with pin=off. */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "machine.h"
#include "tap.h"

#define PATIENCE 500	/* looks, 10 ms apart */

/* Threads of this process, but for the first, that may run on a single processor. */
static unsigned int pinned(cpu_set_t *where)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned int n = 0;
	struct dirent *e;
	cpu_set_t set;

	CPU_ZERO(where);
	while (tasks && (e = readdir(tasks))) {
		if (e->d_name[0] == '.' ||
		    sched_getaffinity(atoi(e->d_name), sizeof(set), &set) ||
		    CPU_COUNT(&set) != 1)
			continue;
		n++;
		CPU_OR(where, where, &set);
	}
	if (tasks)
		closedir(tasks);
	return n;
}

/* Threads of a machine that stay on one processor, after some time if it may take some. */
static unsigned int of_machine(unsigned int threads, bool no_pin, unsigned int want,
			       cpu_set_t *where)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	struct npu_core_config config = {
		.cores = threads, .threads = threads, .no_pin = no_pin,
	};
	struct machine *m = machine_new(&config);
	unsigned int n = 0, i;

	/* None is what there is at first too: look for a while whether it stays so. */
	for (i = 0; i < (want ? PATIENCE : 10); i++) {
		n = pinned(where);
		if (want && n == want)
			break;
		nanosleep(&pause, NULL);
	}
	machine_free(m);
	return n;
}

int main(void)
{
	cpu_set_t all, where;
	unsigned int cpus;

	sched_getaffinity(0, sizeof(all), &all);
	cpus = (unsigned int)CPU_COUNT(&all);
	if (cpus < 2 || cpus > NPU_MAX_CORES)
		skip_all("as many processors as a machine may have threads, and two, are needed");
	ok(of_machine(cpus, false, cpus, &where) == cpus, "each thread stays on one processor");
	ok(CPU_EQUAL(&where, &all), "on one of its own");
	ok(!of_machine(cpus, true, 0, &where), "pin=off: none does");
	ok(!of_machine(cpus - 1, false, 0, &where), "fewer threads than processors: none does");
	return done_testing();
}
