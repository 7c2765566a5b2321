// SPDX-License-Identifier: MIT
/* npu-top's picture, in lines of text: the same for a screen and for a pipe. */
#include <stdio.h>

#include "top.h"
#include "units.h"

#define LINE 256

struct writer {
	void (*line)(void *arg, const char *text, bool heading);
	void *arg;
};

static void write_figures(const struct top *top, const struct writer *to)
{
	char text[LINE], memory[UNITS_LEN], joules[UNITS_LEN];
	const struct monitor_figures *now = &top->figures;
	int len;

	snprintf(text, sizeof(text), "%s  %s  %u cores at %.0f MHz", top->node, top->info.profile,
		 top->info.cores, top->info.clock_khz / 1e3);
	to->line(to->arg, text, true);
	len = snprintf(text, sizeof(text), "%zu clients, %.1f jobs/s", top->count, top->totals.jobs);
	if (now->resident >= 0)
		len += snprintf(text + len, sizeof(text) - len, ", %s resident",
				units_bytes((uint64_t)now->resident, memory));
	if (now->power_uw >= 0)
		len += snprintf(text + len, sizeof(text) - len, ", %.3f W",
				(double)now->power_uw / 1e6);
	if (now->energy_uj >= 0)
		len += snprintf(text + len, sizeof(text) - len, ", %s since load",
				units_joules((double)now->energy_uj / 1e6, joules));
	if (now->temperature_mc != INT64_MIN)
		snprintf(text + len, sizeof(text) - len, ", %.1f C",
			 (double)now->temperature_mc / 1e3);
	to->line(to->arg, text, false);
}

/* Ten grades of ink; what is not nothing is seen. */
static char grade(double part)
{
	static const char ink[] = " .:-=+*#%@";
	int level = (int)(part * 9 + 0.5);

	return ink[part > 0 && !level ? 1 : level];
}

static void write_history(const struct writer *to, const char *name,
			  const double history[TOP_HISTORY], const char *value)
{
	char text[LINE], ink[TOP_HISTORY + 1];

	for (int i = 0; i < TOP_HISTORY; i++)
		ink[i] = grade(history[i]);
	ink[TOP_HISTORY] = 0;
	snprintf(text, sizeof(text), "%-7s|%s| %s", name, ink, value);
	to->line(to->arg, text, false);
}

static void write_use(const struct top *top, const struct writer *to)
{
	const struct top_totals *totals = &top->totals;
	double roof = top->info.mem_mbps * 1e6;
	char value[LINE], rate[UNITS_LEN], wall[UNITS_LEN];

	if (totals->busy >= 0) {
		snprintf(value, sizeof(value), "%5.1f %%", 100 * totals->busy);
		write_history(to, "busy", top->history.busy, value);
	}
	snprintf(value, sizeof(value), "%5.1f %%, matrix %.1f %%, vector %.1f %%",
		 100 * totals->cores, 100 * totals->matrix, 100 * totals->vector);
	write_history(to, "cores", top->history.cores, value);
	snprintf(value, sizeof(value), "%5.1f %% of the roof (%sB/s of %.1f GB/s), %sB/s wall",
		 100 * totals->model_bytes / roof, units_number(totals->model_bytes, rate),
		 roof / 1e9, units_number(totals->bytes, wall));
	write_history(to, "memory", top->history.memory, value);
}

static void write_processes(const struct top *top, const struct writer *to)
{
	char text[LINE], memory[UNITS_LEN], rate[UNITS_LEN], time[UNITS_LEN];

	snprintf(text, sizeof(text), "%7s %-16s %7s %7s %7s %12s %12s %10s %10s", "PID",
		 "process", "cores", "matrix", "vector", "memory", "bytes/s", "jobs/s", "core time");
	to->line(to->arg, text, true);
	for (size_t i = 0; i < top->count; i++) {
		const struct top_process *process = &top->processes[i];

		snprintf(text, sizeof(text),
			 "%7d %-16s %6.1f%% %6.1f%% %6.1f%% %12s %12s %10.1f %10s",
			 process->client.pid, process->client.name, 100 * process->cores,
			 100 * process->matrix, 100 * process->vector,
			 units_bytes(process->client.memory, memory),
			 units_number(process->bytes, rate), process->jobs,
			 units_seconds((double)process->client.engine_ns / 1e9, time));
		to->line(to->arg, text, false);
	}
}

void top_write(const struct top *top, void (*line)(void *arg, const char *text, bool heading),
	       void *arg)
{
	const struct writer to = { line, arg };

	write_figures(top, &to);
	write_use(top, &to);
	line(arg, "", false);
	write_processes(top, &to);
}
