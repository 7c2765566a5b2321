// SPDX-License-Identifier: MIT
#include <errno.h>
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
	char line[2 * CHUNK + 64];
};

static void exec_qemu(const char *device, int fd)
{
	const char *qemu = getenv("QEMU");
	char chardev[64];

	snprintf(chardev, sizeof(chardev), "socket,id=qtest,fd=%d", fd);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp(qemu ? qemu : "build/qemu/qemu-system-x86_64", "qemu", "-machine", "q35",
	       "-nodefaults", "-display", "none", "-accel", "qtest", "-m", "64", "-L",
	       "/usr/share/seabios", "-L", "/usr/share/qemu", "-chardev", chardev, "-qtest",
	       "chardev:qtest", "-qtest-log", "/dev/null", "-device", device, (char *)NULL);
	perror("qemu");
	_exit(127);
}

struct qtest *qtest_start(const char *device)
{
	struct qtest *qts = calloc(1, sizeof(*qts));
	int sv[2];

	if (!qts || socketpair(AF_UNIX, SOCK_STREAM, 0, sv))
		bail_out("no socket pair");
	qts->pid = fork();
	if (qts->pid < 0)
		bail_out("no process");
	if (!qts->pid) {
		close(sv[0]);
		exec_qemu(device, sv[1]);
	}
	close(sv[1]);
	qts->in = fdopen(sv[0], "r");
	qts->out = fdopen(dup(sv[0]), "w");
	if (!qts->in || !qts->out)
		bail_out("no stream");
	return qts;
}

int qtest_stop(struct qtest *qts)
{
	int status = 0;

	if (!waitpid(qts->pid, &status, WNOHANG)) {
		kill(qts->pid, SIGTERM);
		waitpid(qts->pid, &status, 0);
	}
	fclose(qts->in);
	fclose(qts->out);
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

void qtest_pci_write(struct qtest *qts, unsigned int devfn, unsigned int offset, uint32_t value)
{
	command(qts, "outl 0x%x 0x%x", PCI_ADDR_PORT, 0x80000000u | devfn << 8 | offset);
	command(qts, "outl 0x%x 0x%x", PCI_DATA_PORT, value);
}
