/* SPDX-License-Identifier: MIT */
/* What sysfs and /proc tell about an NPU: who uses it, and its power. */
#ifndef NPU_TOOLS_MONITOR_H
#define NPU_TOOLS_MONITOR_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct monitor_client - an open file of an NPU
 * @pid: a process that has it open; a file may be shared
 * @client: number of the file
 * @name: of the process
 * @engine_ns: time for which its jobs held cores, in nanoseconds, times cores
 * @memory: bytes of its buffers
 * @resident: of those that have pages
 * @tables: bytes of the page tables of its address spaces
 * @jobs: that the device ended
 * @failed: of those and others that did not end well
 * @energy_uj: of its jobs, in microjoules
 * @matrix_ns: modelled time for which matrix engines worked, times cores
 * @vector_ns: likewise
 * @model_cycles: of its jobs, one after the other
 * @queue_cycles: besides those, from doorbells to interrupts
 * @mem_read: bytes that its jobs read from memory
 * @mem_written: and wrote
 */
struct monitor_client {
	int pid;
	uint64_t client;
	char name[32];
	uint64_t engine_ns, memory, resident, tables, jobs, failed, energy_uj;
	uint64_t matrix_ns, vector_ns, model_cycles, queue_cycles, mem_read, mem_written;
};

/**
 * struct monitor_figures - an NPU now; what is not known is negative
 * @busy_us: time for which it has had jobs since the driver was loaded
 * @resident: bytes of all buffers that have pages
 * @current_mhz: clock
 * @max_mhz: highest clock
 * @power_uw: microwatts, a mean since they were asked for last
 * @energy_uj: microjoules since the driver was loaded; for root only
 * @temperature_mc: thousandths of a degree Celsius, INT64_MIN if it is not known
 * @asleep: whether it has nothing to do and sleeps, 0 or 1
 */
struct monitor_figures {
	int64_t busy_us, resident, current_mhz, max_mhz, power_uw, energy_uj;
	int64_t temperature_mc, asleep;
};

#define MONITOR_ADDRESS_LEN 64

/**
 * monitor_address() - find the PCI address behind a node
 * @node: its node, such as /dev/accel/accel0
 * @address: receives it, such as "0000:00:04.0"
 *
 * Return: 0, or -ENODEV if @node is no such node.
 */
int monitor_address(const char *node, char address[MONITOR_ADDRESS_LEN]);

/**
 * monitor_clients() - list the open files of an NPU
 * @node: its node, such as /dev/accel/accel0
 * @clients: receives an array to free(); of processes that may be looked at
 * @count: receives its length
 *
 * Return: 0 or a negative errno; -ENODEV if @node is no such node.
 */
int monitor_clients(const char *node, struct monitor_client **clients, size_t *count);

/**
 * monitor_figures() - read an NPU's figures
 * @node: its node
 * @figures: receives them
 */
void monitor_figures(const char *node, struct monitor_figures *figures);

#endif /* NPU_TOOLS_MONITOR_H */
