/* SPDX-License-Identifier: GPL-2.0 */
/* Uevents of the kernel, for tests. */
#ifndef NPU_UEVENT_H
#define NPU_UEVENT_H

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Return: a socket that hears all of them from now on, or negative errno. */
static inline int npu_uevent_open(void)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)))
		return fd;
	close(fd);
	return -errno;
}

/* Waits for a line, such as "WEDGED=none", of an accelerator's node. Return: whether it came. */
static inline int npu_uevent_wait(int fd, const char *wanted, int ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char event[8192];
	ssize_t len, at;

	while (poll(&ready, 1, ms) == 1) {
		len = recv(fd, event, sizeof(event) - 1, 0);
		if (len <= 0)
			return 0;
		event[len] = 0;
		if (strncmp(event, "change@", 7) || !strstr(event, "/accel/accel"))
			continue;
		for (at = 0; at < len; at += strlen(event + at) + 1)
			if (!strcmp(event + at, wanted))
				return 1;
	}
	return 0;
}

#endif /* NPU_UEVENT_H */
