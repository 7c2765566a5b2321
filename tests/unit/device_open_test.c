// SPDX-License-Identifier: MIT
/* What a person is told where there is no NPU, or none that may be used. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "objects.h"
#include "tap.h"

static char dir[] = "/tmp/npu-device-open-XXXXXX";

static void expect(int got, int want, const struct npu_error *err,
		   const char *reason)
{
	is(got, want, "%s", err->message);
	is(err->code, want, "code and return value are the same");
	ok(strstr(err->message, reason), "it says '%s'", reason);
}

static void test_absent(void)
{
	struct npu_device *device = NULL;
	struct npu_error err = { 0 };

	expect(npu_device_open_in("/nonexistent/accel", &device, &err), -ENOENT,
	       &err, "the driver is not loaded ('modprobe npu')");
	expect(npu_device_open_in(dir, &device, &err), -ENOENT, &err,
	       "has no node");
	expect(npu_device_open("/nonexistent/accel0", &device, &err), -ENOENT,
	       &err, "no such node");
	ok(!device, "no device is given");
	is(npu_device_open("/nonexistent/accel0", &device, NULL), -ENOENT,
	   "nobody need ask for the message");
}

static void test_wrong(void)
{
	struct npu_device *device = NULL;
	struct npu_error err = { 0 };
	char path[64];

	expect(npu_device_open("/dev/null", &device, &err), -ENODEV, &err,
	       "not an NPU");
	snprintf(path, sizeof(path), "%s/accel7", dir);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	expect(npu_device_open_in(dir, &device, &err), -ENODEV, &err,
	       "/accel7: not an NPU");
	unlink(path);
}

/* Root may do everything, so a child becomes somebody else. */
static void test_permission(void)
{
	struct npu_device *device = NULL;
	struct npu_error err = { 0 };
	char path[64];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/accel0", dir);
	close(open(path, O_WRONLY | O_CREAT, 0640));
	chmod(path, 0640);
	chmod(dir, 0755);
	pid = fork();
	if (!pid) {
		if (!getuid() && (setgid(65534) || setuid(65534)))
			_exit(2);
		if (getuid() != 65534 && chmod(path, 0))
			_exit(2);
		_exit(npu_device_open(path, &device, &err) != -EACCES ||
		      err.code != -EACCES ||
		      !strstr(err.message, "permission denied: ") ||
		      (getuid() == 65534 &&
		       !strstr(err.message, "become a member of group 'root'")));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail_out("cannot start a child");
	ok(WIFEXITED(status) && !WEXITSTATUS(status),
	   "without permission it says so, and which group has it");
	unlink(path);
}

static void test_deadline(void)
{
	int64_t soon = npu_deadline(1), late = npu_deadline(1000000000);

	is(npu_deadline(0), 0, "no wait is a time in the past");
	is(npu_deadline(-1), INT64_MAX, "no limit is the end of time");
	is(npu_deadline(INT64_MAX), INT64_MAX, "so is what would overflow");
	ok(late - soon > 900000000 && late - soon < 2000000000,
	   "a second is a second");
}

int main(void)
{
	if (!mkdtemp(dir))
		bail_out("no folder for the test's nodes");
	test_absent();
	test_wrong();
	test_permission();
	test_deadline();
	rmdir(dir);
	return done_testing();
}
