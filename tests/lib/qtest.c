// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "qtest.h"

#define PCI_ADDR_PORT 0xcf8
#define PCI_DATA_PORT 0xcfc

/* Bytes of memory that one protocol line carries. */
#define CHUNK 4096

struct qtest {
	pid_t pid;
	FILE *in, *out;
	FILE *qmp_in, *qmp_out;
	int negotiated, ended, status;
	char line[2 * CHUNK + 64];
};

#define ARGS_MAX 64

static void exec_qemu(const char *device, int fd, int qmp, const struct qtest_options *options)
{
	const char *qemu = getenv("QEMU");
	char chardev[64], monitor[64];
	const char *args[ARGS_MAX] = {
		"qemu", "-machine", "q35", "-nodefaults", "-display", "none", "-accel", "qtest",
		"-m", "64", "-L", "/usr/share/seabios", "-L", "/usr/share/qemu", "-chardev",
		chardev, "-qtest", "chardev:qtest", "-qtest-log", "/dev/null", "-chardev", monitor,
		"-mon", "chardev=qmp,mode=control",
	};
	unsigned int n = 0;

	snprintf(chardev, sizeof(chardev), "socket,id=qtest,fd=%d", fd);
	snprintf(monitor, sizeof(monitor), "socket,id=qmp,fd=%d", qmp);
	while (args[n])
		n++;
	for (const char *const *arg = options->args; arg && *arg && n < ARGS_MAX - 3; arg++)
		args[n++] = *arg;
	args[n++] = "-device";
	args[n++] = device;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (options->errors && !freopen(options->errors, "w", stderr))
		_exit(127);
	execvp(qemu ? qemu : "build/qemu/qemu-system-x86_64", (char *const *)args);
	perror("qemu");
	_exit(127);
}

static void open_pair(int sv[2], FILE **in, FILE **out)
{
	*in = fdopen(sv[0], "r");
	*out = fdopen(dup(sv[0]), "w");
	if (!*in || !*out)
		bail_out("no stream");
}

struct qtest *qtest_start_with(const char *device, const struct qtest_options *options)
{
	struct qtest *qts = calloc(1, sizeof(*qts));
	int sv[2], qmp[2];

	if (!qts || socketpair(AF_UNIX, SOCK_STREAM, 0, sv) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, qmp))
		bail_out("no socket pair");
	fcntl(sv[0], F_SETFD, FD_CLOEXEC);
	fcntl(qmp[0], F_SETFD, FD_CLOEXEC);
	qts->pid = fork();
	if (qts->pid < 0)
		bail_out("no process");
	if (!qts->pid)
		exec_qemu(device, sv[1], qmp[1], options);
	close(sv[1]);
	close(qmp[1]);
	open_pair(sv, &qts->in, &qts->out);
	open_pair(qmp, &qts->qmp_in, &qts->qmp_out);
	fcntl(fileno(qts->out), F_SETFD, FD_CLOEXEC);
	fcntl(fileno(qts->qmp_out), F_SETFD, FD_CLOEXEC);
	return qts;
}

struct qtest *qtest_start(const char *device)
{
	return qtest_start_with(device, &(struct qtest_options){ 0 });
}

static const char *answer(struct qtest *qts)
{
	do {
		if (!fgets(qts->line, sizeof(qts->line), qts->qmp_in))
			return NULL;
	} while (strncmp(qts->line, "{\"return\"", 9) && strncmp(qts->line, "{\"error\"", 8));
	return qts->line;
}

const char *qtest_qmp(struct qtest *qts, const char *order)
{
	if (!qts->negotiated) {
		fputs("{\"execute\": \"qmp_capabilities\"}\n", qts->qmp_out);
		fflush(qts->qmp_out);
		if (!answer(qts))
			return NULL;
		qts->negotiated = 1;
	}
	fprintf(qts->qmp_out, "%s\n", order);
	fflush(qts->qmp_out);
	return answer(qts);
}

int qtest_wait_end(struct qtest *qts)
{
	int i, status = -1;

	for (i = 0; i < 6000 && waitpid(qts->pid, &status, WNOHANG) != qts->pid; i++)
		usleep(10000);
	qts->ended = i < 6000;
	if (qts->ended)
		qts->status = status;
	return status;
}

static void reap(struct qtest *qts)
{
	if (waitpid(qts->pid, &qts->status, WNOHANG))
		return;
	kill(qts->pid, SIGTERM);
	waitpid(qts->pid, &qts->status, 0);
}

int qtest_pid(const struct qtest *qts)
{
	return qts->pid;
}

int qtest_stop(struct qtest *qts)
{
	int status;

	if (!qts->ended)
		reap(qts);
	status = qts->status;
	fclose(qts->in);
	fclose(qts->out);
	fclose(qts->qmp_in);
	fclose(qts->qmp_out);
	free(qts);
	return WIFEXITED(status) ? WEXITSTATUS(status) : status;
}

/* One command, one answer; the text behind OK. */
__attribute__((format(printf, 2, 3)))
static const char *command(struct qtest *qts, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(qts->out, fmt, args);
	va_end(args);
	fputc('\n', qts->out);
	fflush(qts->out);
	do {
		if (!fgets(qts->line, sizeof(qts->line), qts->in))
			bail_out("QEMU has ended");
	} while (!strncmp(qts->line, "IRQ", 3));
	if (strncmp(qts->line, "OK", 2)) {
		diag("%s", qts->line);
		bail_out("QEMU refused a command");
	}
	return qts->line + 2;
}

uint64_t qtest_read_width(struct qtest *qts, char width, uint64_t addr)
{
	return strtoull(command(qts, "read%c 0x%" PRIx64, width, addr), NULL, 0);
}

void qtest_write_width(struct qtest *qts, char width, uint64_t addr, uint64_t value)
{
	command(qts, "write%c 0x%" PRIx64 " 0x%" PRIx64, width, addr, value);
}

uint32_t qtest_readl(struct qtest *qts, uint64_t addr)
{
	return (uint32_t)qtest_read_width(qts, 'l', addr);
}

void qtest_writel(struct qtest *qts, uint64_t addr, uint32_t value)
{
	qtest_write_width(qts, 'l', addr, value);
}

void qtest_memread(struct qtest *qts, uint64_t addr, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		size_t i, n = len < CHUNK ? len : CHUNK;
		const char *hex = command(qts, "read 0x%" PRIx64 " 0x%zx", addr, n);

		hex += strspn(hex, " ") + 2;
		for (i = 0; i < n; i++)
			if (sscanf(hex + 2 * i, "%2hhx", &p[i]) != 1)
				bail_out("short answer to a read");
		addr += n;
		p += n;
		len -= n;
	}
}

void qtest_memwrite(struct qtest *qts, uint64_t addr, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	char hex[2 * CHUNK + 1];

	while (len) {
		size_t i, n = len < CHUNK ? len : CHUNK;

		for (i = 0; i < n; i++)
			sprintf(hex + 2 * i, "%02x", p[i]);
		command(qts, "write 0x%" PRIx64 " 0x%zx 0x%s", addr, n, hex);
		addr += n;
		p += n;
		len -= n;
	}
}

uint32_t qtest_pci_read(struct qtest *qts, unsigned int devfn, unsigned int offset)
{
	command(qts, "outl 0x%x 0x%x", PCI_ADDR_PORT, 0x80000000u | devfn << 8 | offset);
	return (uint32_t)strtoull(command(qts, "inl 0x%x", PCI_DATA_PORT), NULL, 0);
}

void qtest_outw(struct qtest *qts, uint16_t port, uint16_t value)
{
	command(qts, "outw 0x%x 0x%x", port, value);
}

void qtest_pci_write(struct qtest *qts, unsigned int devfn, unsigned int offset, uint32_t value)
{
	command(qts, "outl 0x%x 0x%x", PCI_ADDR_PORT, 0x80000000u | devfn << 8 | offset);
	command(qts, "outl 0x%x 0x%x", PCI_DATA_PORT, value);
}
