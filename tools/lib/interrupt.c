// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "interrupt.h"

static volatile sig_atomic_t pending;
static int event = -1;

/*
 * A thread of the library may be the one that is interrupted, so whoever sleeps
 * in poll() is woken through a file and not by EINTR.
 */
static void note(int signal)
{
	const uint64_t one = 1;
	int saved = errno;

	if (pending)
		_exit(128 + signal);
	pending = 1;
	/* If it fails the file is full, and whoever polls awake already. */
	(void)!write(event, &one, sizeof(one));
	errno = saved;
}

int interrupt_catch(void)
{
	struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };

	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return -errno;
	sigemptyset(&action.sa_mask);
	return sigaction(SIGINT, &action, NULL) ? -errno : 0;
}

bool interrupt_pending(void)
{
	return pending;
}

void interrupt_clear(void)
{
	uint64_t count;

	/* The flag last: a signal in between leaves the file readable. */
	while (event >= 0 && read(event, &count, sizeof(count)) > 0)
		;
	pending = 0;
}

int interrupt_fd(void)
{
	return event;
}
