// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "bench_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START "build/ggml/run"
#define PROGRAM "build/tests/bench/ggml_peer"

static void fail(const char *what)
{
	fprintf(stderr, "bench: " PROGRAM " %s: %s\n", what, strerror(errno));
	exit(1);
}

static void start(const struct bench_product *p)
{
	char text[5][16];

	snprintf(text[0], sizeof(text[0]), "%u", p->k);
	snprintf(text[1], sizeof(text[1]), "%u", p->n);
	snprintf(text[2], sizeof(text[2]), "%u", p->rows);
	snprintf(text[3], sizeof(text[3]), "%u", p->count);
	snprintf(text[4], sizeof(text[4]), "%u", p->threads);
	execl(START, START, PROGRAM, p->type, text[0], text[1], text[2], text[3], text[4],
	      (char *)NULL);
	fail("does not start");
	_exit(127);
}

static void read_line(struct bench_peer *peer, char *line, int size)
{
	if (!fgets(line, size, peer->from)) {
		errno = EPIPE;
		fail("has ended");
	}
	line[strcspn(line, "\n")] = '\0';
}

bool bench_peer_open(struct bench_peer *peer, const struct bench_product *product)
{
	int to[2], from[2];

	if (access(START, X_OK) || access(PROGRAM, X_OK))
		return false;
	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		fail("gets no pipes");
	peer->pid = fork();
	if (peer->pid < 0)
		fail("does not start");
	if (!peer->pid) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		/* Its weights on huge pages, as the device's are. */
		setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 1);
		start(product);
	}
	close(to[0]);
	close(from[1]);
	peer->to = fdopen(to[1], "w");
	peer->from = fdopen(from[0], "r");
	if (!peer->to || !peer->from)
		fail("gets no pipes");
	read_line(peer, peer->layout, sizeof(peer->layout));
	return true;
}

double bench_peer_run(struct bench_peer *peer)
{
	char line[64];

	fputs("run\n", peer->to);
	fflush(peer->to);
	read_line(peer, line, sizeof(line));
	return strtod(line, NULL);
}

void bench_peer_close(struct bench_peer *peer)
{
	fclose(peer->to);
	fclose(peer->from);
	waitpid(peer->pid, NULL, 0);
}
