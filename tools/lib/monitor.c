// SPDX-License-Identifier: MIT
/* Reads fdinfo, as the kernel's drm-usage-stats define it, sysfs and hwmon. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor.h"

#define CLASS "/sys/class/accel/"

/* It is also the name that fdinfo has for the device. */
int monitor_address(const char *node, char address[MONITOR_ADDRESS_LEN])
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name = strrchr(node, '/');
	ssize_t len;

	snprintf(path, sizeof(path), CLASS "%s/device", name ? name + 1 : node);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -ENODEV;
	target[len] = 0;
	name = strrchr(target, '/');
	snprintf(address, MONITOR_ADDRESS_LEN, "%.63s", name ? name + 1 : target);
	return 0;
}

/* A number with its unit, in bytes if it is one of memory. */
static uint64_t parse_value(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	end += strspn(end, " ");
	if (!strncmp(end, "KiB", 3))
		return value << 10;
	return !strncmp(end, "MiB", 3) ? value << 20 : value;
}

/**
 * struct fdinfo - what a file's lines said
 * @driver: the driver is ours
 * @device: the device is the one that is looked for
 */
struct fdinfo {
	bool driver, device;
	struct monitor_client client;
};

static void parse_line(struct fdinfo *info, const char *address, const char *key,
		       const char *value)
{
	static const struct {
		const char *key;
		size_t offset;
	} numbers[] = {
		{ "drm-client-id", offsetof(struct monitor_client, client) },
		{ "drm-engine-npu", offsetof(struct monitor_client, engine_ns) },
		{ "drm-total-memory", offsetof(struct monitor_client, memory) },
		{ "drm-resident-memory", offsetof(struct monitor_client, resident) },
		{ "npu-page-tables", offsetof(struct monitor_client, tables) },
		{ "npu-jobs", offsetof(struct monitor_client, jobs) },
		{ "npu-jobs-failed", offsetof(struct monitor_client, failed) },
		{ "npu-energy-uj", offsetof(struct monitor_client, energy_uj) },
		{ "drm-engine-matrix", offsetof(struct monitor_client, matrix_ns) },
		{ "drm-engine-vector", offsetof(struct monitor_client, vector_ns) },
		{ "npu-model-cycles", offsetof(struct monitor_client, model_cycles) },
		{ "npu-queue-cycles", offsetof(struct monitor_client, queue_cycles) },
		{ "npu-memory-read", offsetof(struct monitor_client, mem_read) },
		{ "npu-memory-written", offsetof(struct monitor_client, mem_written) },
	};

	if (!strcmp(key, "drm-driver"))
		info->driver = !strcmp(value, "npu");
	if (!strcmp(key, "drm-pdev"))
		info->device = !strcmp(value, address);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (!strcmp(key, numbers[i].key))
			*(uint64_t *)((char *)&info->client + numbers[i].offset) =
				parse_value(value);
}

/* Return: whether the file is one of the NPU's. */
static bool read_fdinfo(const char *path, const char *address, struct monitor_client *client)
{
	struct fdinfo info = { 0 };
	FILE *file = fopen(path, "re");
	char line[256], *value;

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		value = strchr(line, ':');
		if (!value)
			continue;
		*value++ = 0;
		value += strspn(value, " \t");
		value[strcspn(value, "\n")] = 0;
		parse_line(&info, address, line, value);
	}
	fclose(file);
	*client = info.client;
	return info.driver && info.device;
}

static void read_name(int pid, char name[32])
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(name, 32, file))
		strcpy(name, "?");
	if (file)
		fclose(file);
	for (char *c = name; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = c[1] ? '?' : 0;
}

/* A file that was handed on, or opened before a fork, is seen more than once. */
static int add_client(struct monitor_client **clients, size_t *count,
		      const struct monitor_client *client)
{
	struct monitor_client *more;

	for (size_t i = 0; i < *count; i++)
		if ((*clients)[i].client == client->client)
			return 0;
	more = realloc(*clients, (*count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	*clients = more;
	more[(*count)++] = *client;
	return 0;
}

static int scan_process(int pid, const char *address, struct monitor_client **clients,
			size_t *count)
{
	struct monitor_client client;
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	dir = opendir(path);
	while (dir && !ret && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.32s", pid, entry->d_name);
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !read_fdinfo(path, address, &client))
			continue;
		client.pid = pid;
		read_name(pid, client.name);
		ret = add_client(clients, count, &client);
	}
	if (dir)
		closedir(dir);
	return ret;
}

int monitor_clients(const char *node, struct monitor_client **clients, size_t *count)
{
	char address[MONITOR_ADDRESS_LEN];
	struct dirent *entry;
	DIR *dir;
	int ret;

	*clients = NULL;
	*count = 0;
	ret = monitor_address(node, address);
	if (ret)
		return ret;
	dir = opendir("/proc");
	while (dir && !ret && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			ret = scan_process(atoi(entry->d_name), address, clients, count);
	if (dir)
		closedir(dir);
	return ret;
}

/* The first line of a file of the NPU's in sysfs. Return: whether there is one. */
static bool read_text(const char *node, const char *file, char *text, int size)
{
	const char *name = strrchr(node, '/');
	char pattern[PATH_MAX];
	bool found = false;
	FILE *stream;
	glob_t files;

	snprintf(pattern, sizeof(pattern), CLASS "%s/device/%s", name ? name + 1 : node, file);
	if (glob(pattern, 0, NULL, &files))
		return false;
	stream = fopen(files.gl_pathv[0], "re");
	if (stream) {
		found = fgets(text, size, stream);
		fclose(stream);
	}
	globfree(&files);
	return found;
}

static int64_t read_figure(const char *node, const char *file)
{
	char text[64];

	return read_text(node, file, text, sizeof(text)) ? atoll(text) : -1;
}

/* A device that sleeps has none. */
static int64_t read_temperature(const char *node)
{
	char text[64];

	return read_text(node, "hwmon/hwmon*/temp1_input", text, sizeof(text)) ? atoll(text) :
										 INT64_MIN;
}

static bool read_asleep(const char *node)
{
	char text[64];

	return read_text(node, "power/runtime_status", text, sizeof(text)) &&
	       !strncmp(text, "suspended", strlen("suspended"));
}

void monitor_figures(const char *node, struct monitor_figures *figures)
{
	figures->busy_us = read_figure(node, "npu_busy_time_us");
	figures->resident = read_figure(node, "npu_memory_utilization");
	figures->current_mhz = read_figure(node, "npu_current_frequency_mhz");
	figures->max_mhz = read_figure(node, "npu_max_frequency_mhz");
	figures->power_uw = read_figure(node, "hwmon/hwmon*/power1_input");
	figures->energy_uj = read_figure(node, "hwmon/hwmon*/energy1_input");
	figures->temperature_mc = read_temperature(node);
	figures->asleep = read_asleep(node);
}
