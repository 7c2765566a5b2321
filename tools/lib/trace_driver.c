// SPDX-License-Identifier: MIT
/* The driver's trace events, from an instance of tracefs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_driver.h"

static const struct {
	const char *name;
	enum trace_driver_kind kind;
} kinds[] = {
	{ "npu_submit", TRACE_DRIVER_SUBMIT }, { "npu_run", TRACE_DRIVER_RUN },
	{ "npu_done", TRACE_DRIVER_DONE }, { "npu_fault", TRACE_DRIVER_FAULT },
	{ "npu_reset", TRACE_DRIVER_RESET },
};

/* The number behind "@name=", or 0. */
static uint64_t field(const char *text, const char *name, int base)
{
	size_t len = strlen(name);
	const char *at = text;

	while ((at = strstr(at, name))) {
		if ((at == text || at[-1] == ' ') && at[len] == '=')
			return strtoull(at + len + 1, NULL, base);
		at += len;
	}
	return 0;
}

static bool find_kind(const char *name, size_t len, enum trace_driver_kind *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strlen(kinds[i].name) == len && !strncmp(kinds[i].name, name, len)) {
			*kind = kinds[i].kind;
			return true;
		}
	return false;
}

/* "  comm-123 [000] d..1.  12.345678: npu_run: field=value ..." */
bool trace_driver_parse(const char *line, struct trace_driver_event *e)
{
	const char *name = strstr(line, ": npu_"), *end, *time;
	unsigned long long seconds, micros;

	if (!name)
		return false;
	for (time = name; time > line && time[-1] != ' '; time--)
		;
	if (sscanf(time, "%llu.%6llu", &seconds, &micros) != 2)
		return false;
	name += 2;
	end = strchr(name, ':');
	memset(e, 0, sizeof(*e));
	if (!end || !find_kind(name, end - name, &e->kind))
		return false;
	end += strspn(end, ": ");
	snprintf(e->text, sizeof(e->text), "%.*s", (int)strcspn(end, "\n"), end);
	e->time_ns = seconds * 1000000000 + micros * 1000;
	e->client = field(end, "client", 10);
	e->context = field(end, "ctx", 16);
	e->seqno = field(end, "seqno", 10);
	e->id = field(end, "id", 16);
	e->queue = field(end, "queue", 10);
	e->error = (int)field(end, "error", 10);
	e->clock_start = field(end, "start", 10);
	e->clock_end = field(end, "end", 10);
	return true;
}

static void keep(struct trace_driver *driver, const char *line)
{
	struct trace_driver_event event, *more;
	size_t room = driver->room ? 2 * driver->room : 1024;

	if (strstr(line, "LOST"))
		driver->lost++;
	if (!trace_driver_parse(line, &event))
		return;
	if (driver->num_events == driver->limit) {
		driver->lost++;
		return;
	}
	if (driver->num_events == driver->room) {
		more = reallocarray(driver->events, room, sizeof(*more));
		if (!more) {
			driver->lost++;
			return;
		}
		driver->events = more;
		driver->room = room;
	}
	driver->events[driver->num_events++] = event;
}

static bool write_file(const struct trace_driver *driver, const char *name, const char *text)
{
	char path[512];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", driver->instance, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* Whole lines of what was read; what is behind the last stays. */
static size_t take_lines(struct trace_driver *driver, char *text, size_t len)
{
	char *line = text, *end;

	while ((end = memchr(line, '\n', text + len - line))) {
		*end = '\0';
		keep(driver, line);
		line = end + 1;
	}
	len -= line - text;
	memmove(text, line, len);
	return len;
}

static void *read_events(void *arg)
{
	struct trace_driver *driver = arg;
	static char text[65536];
	size_t len = 0;
	ssize_t n;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = driver->pipe, .events = POLLIN },
			{ .fd = driver->stop[0], .events = POLLIN },
		};

		poll(fds, 2, -1);
		while ((n = read(driver->pipe, text + len, sizeof(text) - 1 - len)) > 0) {
			len = take_lines(driver, text, len + n);
			if (len == sizeof(text) - 1)
				len = 0;
		}
		if (fds[1].revents || (n < 0 && errno != EAGAIN && errno != EINTR))
			return NULL;
	}
}

static bool refuse(struct trace_driver *driver, const char *why)
{
	snprintf(driver->why, sizeof(driver->why), "%s", why);
	return false;
}

static bool make_instance(struct trace_driver *driver)
{
	static const char root[] = "/sys/kernel/tracing";

	if (geteuid())
		return refuse(driver, "only root may read them");
	if (access("/sys/kernel/tracing/instances", F_OK))
		mount("tracefs", root, "tracefs", 0, NULL);
	if (access("/sys/kernel/tracing/instances", F_OK))
		return refuse(driver, "this kernel has no tracefs");
	if (access("/sys/kernel/tracing/events/npu", F_OK))
		return refuse(driver, "the driver is not loaded");
	snprintf(driver->instance, sizeof(driver->instance), "%s/instances/npu-trace-%d", root,
		 (int)getpid());
	if (mkdir(driver->instance, 0700))
		return refuse(driver, "no instance of tracefs can be made");
	return true;
}

static bool switch_on(struct trace_driver *driver)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/trace_pipe", driver->instance);
	driver->pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (driver->pipe < 0 || !write_file(driver, "trace_clock", "mono") ||
	    !write_file(driver, "events/npu/enable", "1") || pipe2(driver->stop, O_CLOEXEC))
		return refuse(driver, "tracefs refuses them");
	return true;
}

void trace_driver_start(struct trace_driver *driver, size_t limit)
{
	*driver = (struct trace_driver){ .pipe = -1, .stop = { -1, -1 }, .limit = limit };
	if (!make_instance(driver))
		return;
	if (switch_on(driver) && !pthread_create(&driver->thread, NULL, read_events, driver)) {
		driver->on = true;
		return;
	}
	if (driver->pipe >= 0)
		close(driver->pipe);
	rmdir(driver->instance);
}

void trace_driver_stop(struct trace_driver *driver)
{
	if (!driver->on)
		return;
	write_file(driver, "events/npu/enable", "0");
	close(driver->stop[1]);
	pthread_join(driver->thread, NULL);
	close(driver->stop[0]);
	close(driver->pipe);
	rmdir(driver->instance);
	driver->on = false;
}

void trace_driver_free(struct trace_driver *driver)
{
	free(driver->events);
	driver->events = NULL;
}
