// SPDX-License-Identifier: MIT
/*
 * A processor for each worker thread. A thread that stays finds in the caches
 * what its cores left there; but one that cannot move waits while another runs
 * on its processor. So this is only for a machine that has a thread for each
 * processor that the process may use: whoever gave it fewer of either, by
 * threads=, or by taskset(1) or a cpuset, has said what else runs there.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "device.h"

#ifdef __linux__

#include <sched.h>

/* Member number @n of @set, which has more. */
static size_t nth(const cpu_set_t *set, unsigned int n)
{
	size_t cpu = 0;

	while (!CPU_ISSET(cpu, set) || n--)
		cpu++;
	return cpu;
}

void npu_pin(const struct npu_core *npu, unsigned int worker)
{
	cpu_set_t all, one;

	if (!npu->pin || pthread_getaffinity_np(pthread_self(), sizeof(all), &all) ||
	    (unsigned int)CPU_COUNT(&all) != npu->num_threads)
		return;
	CPU_ZERO(&one);
	CPU_SET(nth(&all, worker), &one);
	/* Where it is refused the thread goes on as it is. */
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

#else

void npu_pin(const struct npu_core *npu, unsigned int worker)
{
	(void)npu;
	(void)worker;
}

#endif
