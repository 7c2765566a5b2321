/* SPDX-License-Identifier: MIT */
/*
 * ggml as the peer of a bench: a process of its own, because it needs another C library, that
 * computes when it is told to. tests/bench/ggml/ggml_peer.c is its other end.
 */
#ifndef NPU_TESTS_BENCH_PEER_H
#define NPU_TESTS_BENCH_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/**
 * struct bench_peer - the process
 * @pid: it
 * @to: where a line starts a run
 * @from: where the seconds come from
 * @layout: which of ggml's layouts of weights it found fastest
 */
struct bench_peer {
	pid_t pid;
	FILE *to, *from;
	char layout[64];
};

/**
 * struct bench_product - what it computes in a run
 * @type: of the weights, as ggml calls it
 * @k: inputs
 * @n: outputs
 * @rows: vectors
 * @count: matrices
 * @threads: threads
 */
struct bench_product {
	const char *type;
	uint32_t k, n, rows, count, threads;
};

/**
 * bench_peer_open() - start it and wait until the weights are there
 *
 * Return: false without ggml, which tests/bench/fetch-ggml has told of; ends the program on
 * failure.
 */
bool bench_peer_open(struct bench_peer *peer, const struct bench_product *product);

/** bench_peer_run() - seconds of a run */
double bench_peer_run(struct bench_peer *peer);

/** bench_peer_close() - end it */
void bench_peer_close(struct bench_peer *peer);

#endif /* NPU_TESTS_BENCH_PEER_H */
